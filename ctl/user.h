/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CTL_USER_H
#define PELIHOOK_CTL_USER_H

#include "base/rc.h"

struct conf;

/*
 * Root becomes another user for good: supplementary groups, group, user and
 * HOME.  It is checked that none of it can be taken back.  One that the user
 * database does not have gets no supplementary group, the home / and the
 * group of the journal, of its directory where it has none yet, or of the
 * configuration where neither is its own.  A process that runs as that user
 * already stays as it is.  All complain.
 */

/*
 * A name or a number; it reads the configuration where it needs it.
 * RC_SYNTAX: no such user, or not root; RC_CONFIG: there is no such
 * configuration; RC_MEMORY, RC_SYSTEM.
 */
enum rc user_become(const char *name, const char *configuration);
/*
 * The owner of the journal, or of its directory where there is no journal
 * yet.  RC_CONFIG: neither is there, or the two differ, or the journal is shared
 * and has no owner here; RC_MEMORY, RC_SYSTEM.
 */
enum rc user_become_owner(const struct conf *conf);

#endif
