/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_FCGI_LISTENER_H
#define PELIHOOK_FCGI_LISTENER_H

#include <sys/types.h>

#include <stdbool.h>

#include "base/buf.h"

/* The socket that web servers connect to. */
struct listener {
	int fd;
	bool own;	  /* made here, and removed here */
	int lock;	  /* of an own file, or -1 */
	const char *path; /* of an own file, or NULL; borrowed */
	dev_t device;	  /* of that file */
	ino_t inode;
	const char *name;  /* for the log; borrowed */
	const char *peers; /* FCGI_WEB_SERVER_ADDRS, or NULL */
};

/* A socket to be made. */
struct listener_place {
	const char *where; /* a path or HOST:PORT; NULL: none */
	mode_t mode;	   /* of its file */
	gid_t group;	   /* of its file; LISTENER_ANY_GROUP */
};

#define LISTENER_ANY_GROUP ((gid_t)-1)

/*
 * The socket the process was started with: descriptor 0, or descriptor 3 as
 * systemd's LISTEN_FDS has it; else the one of the place, which is borrowed.
 * A file never gives a group the rights of mode that is not to have them; a
 * dead socket of the same user in its place is removed, anything else stays.
 * RC_MISSING: no socket anywhere; RC_SYNTAX, RC_SYSTEM; why says what is
 * wrong in every case.
 */
enum rc listener_open(const struct listener_place *place, struct listener *out,
    struct buf *why);
/* Whether it names a socket of the network, not a file. */
bool listener_is_address(const char *where);
/* Removes an own file if it still is the own one. */
void listener_close(struct listener *listener);
/*
 * A connection, close-on-exec; -1 with errno set.  One from an address that
 * FCGI_WEB_SERVER_ADDRS does not have is closed: EPERM.
 */
int listener_accept(const struct listener *listener);
/* Whether others than this machine may reach it. */
bool listener_is_public(const struct listener *listener);

#endif
