/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_FCGI_OPTIONS_H
#define PELIHOOK_FCGI_OPTIONS_H

#include <sys/types.h>

#include <stdbool.h>

#include "base/rc.h"

/* The command line. */
struct options {
	const char *file;   /* the configuration */
	const char *socket; /* of -s, or NULL */
	mode_t mode;	    /* of its file */
	gid_t group;	    /* of its file; LISTENER_ANY_GROUP */
	unsigned threads;
	bool test;   /* -t */
	bool shown;  /* -h or -V: done already */
	bool served; /* not of the command line: as in init.h */
};

/* RC_SYNTAX: complained of on standard error. */
enum rc options_read(int argc, char **argv, struct options *out);

#endif
