/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_ACCOUNT_H
#define PELIHOOK_BASE_ACCOUNT_H

#include <sys/types.h>

#include <pwd.h>
#include <stdbool.h>

#include "base/rc.h"

enum { ACCOUNT_NAME_SIZE = 64 }; /* a longer name is cut */

/* The name of a user or a group, or its number where it has none. */
void account_user(uid_t uid, char name[ACCOUNT_NAME_SIZE]);
void account_group(gid_t gid, char name[ACCOUNT_NAME_SIZE]);
/* Whether this process is root, or can become root again. */
bool account_is_root(void);
/*
 * Root becomes this user for good, group and supplementary groups too; it is
 * tried that none of it can be taken back.  listed: in the user database,
 * which knows those groups; otherwise there are none.  RC_SYSTEM with errno
 * set.
 */
enum rc account_become(const struct passwd *user, bool listed);

#endif
