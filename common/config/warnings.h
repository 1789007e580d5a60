/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CONFIG_WARNINGS_H
#define PELIHOOK_CONFIG_WARNINGS_H

#include "base/buf.h"
#include "base/rc.h"

struct conf;

/* What the caller has seen around the configuration. */
enum {
	/* pelihook.fcgi does not serve it, so pelihook.cgi may. */
	CONF_BEHIND_CGI = 1,
	/* Nothing runs what is due in the queue: no pelihook.fcgi, timer or
	 * cron line. */
	CONF_UNTIMED = 2,
};

/*
 * What the administrator is warned of at start, a line `FILE:LINE: text`
 * each: what the file says, what its secrets and its commands look like, and
 * what is around them as this process sees it.  conf_load_all_files has to
 * come first.  RC_MEMORY.
 */
enum rc conf_warnings(const struct conf *conf, unsigned around,
    struct buf *warnings);

#endif
