/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/account.h"

#include "base/pool.h"

enum {
	ENTRY_FIRST = 1024, /* bytes of an entry's texts */
	ENTRY_MAX = 256 * 1024,
};

/* The caller frees text, whatever is returned.  RC_MISSING, RC_SYSTEM,
 * RC_MEMORY. */
static enum rc
find_user(uid_t uid, struct passwd *entry, char **text)
{
	struct passwd *found = NULL;
	int error = ERANGE;
	char *larger;

	*text = NULL;
	for (size_t size = ENTRY_FIRST; error == ERANGE && size <= ENTRY_MAX;
	     size *= 2) {
		larger = realloc(*text, size);
		if (larger == NULL)
			return RC_MEMORY;
		*text = larger;
		error = getpwuid_r(uid, entry, *text, size, &found);
	}
	if (found != NULL)
		return RC_OK;
	/* Services differ in how they say that there is none. */
	return error == 0 || error == ENOENT || error == ESRCH ? RC_MISSING :
								 RC_SYSTEM;
}

void
account_user(uid_t uid, char name[ACCOUNT_NAME_SIZE])
{
	struct passwd entry;
	char *text;

	if (find_user(uid, &entry, &text) == RC_OK)
		snprintf(name, ACCOUNT_NAME_SIZE, "%s", entry.pw_name);
	else
		snprintf(name, ACCOUNT_NAME_SIZE, "%lu", (unsigned long)uid);
	free(text);
}

void
account_group(gid_t gid, char name[ACCOUNT_NAME_SIZE])
{
	char text[4096];
	struct group entry;
	struct group *found = NULL;

	if (getgrgid_r(gid, &entry, text, sizeof text, &found) == 0 &&
	    found != NULL)
		snprintf(name, ACCOUNT_NAME_SIZE, "%s", found->gr_name);
	else
		snprintf(name, ACCOUNT_NAME_SIZE, "%lu", (unsigned long)gid);
}

bool
account_is_root(void)
{
	uid_t real, effective, saved;

	return getresuid(&real, &effective, &saved) != 0 || real == 0 ||
	    effective == 0 || saved == 0;
}

static bool
all_ids_are(uid_t uid, gid_t gid)
{
	uid_t real, effective, saved;
	gid_t real_group, effective_group, saved_group;

	if (getresuid(&real, &effective, &saved) == -1 ||
	    getresgid(&real_group, &effective_group, &saved_group) == -1)
		return false;
	return real == uid && effective == uid && saved == uid &&
	    real_group == gid && effective_group == gid && saved_group == gid;
}

/* Under a strange set of capabilities or secure bits the calls above can
 * succeed and leave a way back, so the way back is tried. */
static bool
can_go_back(uid_t uid, gid_t gid)
{
	if (uid != 0 && (setuid(0) == 0 || seteuid(0) == 0))
		return true;
	return uid != 0 && gid != 0 && (setgid(0) == 0 || setegid(0) == 0);
}

enum rc
account_become(const struct passwd *user, bool listed)
{
	int failed = listed ? initgroups(user->pw_name, user->pw_gid) :
			      setgroups(0, NULL);

	if (failed == -1 ||
	    setresgid(user->pw_gid, user->pw_gid, user->pw_gid) == -1 ||
	    setresuid(user->pw_uid, user->pw_uid, user->pw_uid) == -1)
		return RC_SYSTEM;
	if (all_ids_are(user->pw_uid, user->pw_gid) &&
	    !can_go_back(user->pw_uid, user->pw_gid))
		return RC_OK;
	errno = EPERM;
	return RC_SYSTEM;
}

enum rc
account_find(uid_t uid, struct pool *pool, struct account *account)
{
	struct passwd entry;
	char *text;
	enum rc rc = find_user(uid, &entry, &text);
	const char *name = NULL;
	const char *home = "/";

	if (rc == RC_OK) {
		name = pool_printf(pool, "%s", entry.pw_name);
		if (entry.pw_dir[0] != '\0')
			home = pool_printf(pool, "%s", entry.pw_dir);
	} else if (rc != RC_MEMORY) {
		name = pool_printf(pool, "%lu", (unsigned long)uid);
	}
	free(text);
	if (name == NULL || home == NULL)
		return RC_MEMORY;
	*account = (struct account){ name, home };
	return rc;
}
