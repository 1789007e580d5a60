/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_ACCOUNT_H
#define PELIHOOK_BASE_ACCOUNT_H

#include <sys/types.h>

#include <pwd.h>
#include <stdbool.h>

#include "base/rc.h"

struct pool;

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

/* What a login would set of a user (passwd(5)). */
struct account {
	const char *name;
	const char *home;
};

/*
 * The account of a user, from the pool; the number and / where there is no
 * entry, or none that can be read: RC_MISSING and RC_SYSTEM, with the account
 * set all the same.  RC_MEMORY.  It may ask a server (nsswitch.conf(5)).
 */
enum rc account_find(uid_t uid, struct pool *pool, struct account *account);

#endif
