/* SPDX-License-Identifier: ISC */
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "base/account.h"

void
account_user(uid_t uid, char name[ACCOUNT_NAME_SIZE])
{
	char text[1024];
	struct passwd entry;
	struct passwd *found = NULL;

	if (getpwuid_r(uid, &entry, text, sizeof text, &found) == 0 &&
	    found != NULL)
		snprintf(name, ACCOUNT_NAME_SIZE, "%s", found->pw_name);
	else
		snprintf(name, ACCOUNT_NAME_SIZE, "%lu", (unsigned long)uid);
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
