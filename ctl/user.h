/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CTL_USER_H
#define PELIHOOK_CTL_USER_H

#include "base/rc.h"

struct conf;

/*
 * Root becomes another user for good: supplementary groups, group, user and
 * HOME.  It is checked that none of it can be taken back.  A process that
 * runs as that user already stays as it is.  All complain.
 */

/* RC_SYNTAX: no such user, or not root; RC_SYSTEM. */
enum rc user_become(const char *name);
/*
 * The owner of the journal, or of its directory where there is no journal
 * yet.  RC_CONFIG: neither is there, the two differ, or the owner has no
 * name; RC_SYSTEM.
 */
enum rc user_become_owner(const struct conf *conf);

#endif
