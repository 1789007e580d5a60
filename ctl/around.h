/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CTL_AROUND_H
#define PELIHOOK_CTL_AROUND_H

#include <stdbool.h>

/* What else of pelihook is on this machine, as far as this user sees it. */

/*
 * Whether a timer of systemd or a line of cron runs pelihookctl.  Users'
 * crontabs are seen by root; see below for this user's.
 */
bool around_has_timer(void);
/* Whether this user's own crontab does: asks crontab(1). */
bool around_has_crontab(void);
/*
 * Whether pelihook.fcgi serves: a unit of it is enabled, or it runs as this
 * user with this journal open.  NULL: with any, as it is no file.
 */
bool around_has_responder(const char *journal);

#endif
