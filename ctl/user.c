/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>
#include <sys/types.h>

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user.h"

#include "base/buf.h"
#include "base/io.h"
#include "base/trust.h"
#include "config/conf.h"
#include "config/keywords.h"
#include "complain.h"
#include "print.h"

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

static enum rc
become(const struct passwd *user)
{
	if (initgroups(user->pw_name, user->pw_gid) == -1 ||
	    setresgid(user->pw_gid, user->pw_gid, user->pw_gid) == -1 ||
	    setresuid(user->pw_uid, user->pw_uid, user->pw_uid) == -1 ||
	    setenv("HOME", user->pw_dir, 1) == -1) {
		complain("cannot become %s: %s", user->pw_name,
		    strerror(errno));
		return RC_SYSTEM;
	}
	if (!all_ids_are(user->pw_uid, user->pw_gid) ||
	    can_go_back(user->pw_uid, user->pw_gid)) {
		complain("cannot become %s for good", user->pw_name);
		return RC_SYSTEM;
	}
	return RC_OK;
}

/* Where others could have made the directory, they do not say who root is. */
static enum rc
directory_owner(const struct conf *conf, const char *directory, uid_t *owner)
{
	struct stat above;
	struct buf error = { 0 };
	enum rc rc;

	if (stat(directory, &above) == -1) {
		print_note("",
		    "%s:%u: the journal's directory %s: %s: make "
		    "it, for the web server's user",
		    conf->file, conf_line(conf, KEYWORD_JOURNAL), directory,
		    strerror(errno));
		return RC_CONFIG;
	}
	rc = trust_owner(directory, owner, &error);
	if (rc != RC_OK)
		print_note("",
		    "%s:%u: the journal's directory %s %s; or say "
		    "-u USER",
		    conf->file, conf_line(conf, KEYWORD_JOURNAL), directory,
		    error.len > 0 ? error.data : "is not trusted");
	buf_free(&error);
	return rc;
}

/* A link is taken as what it is: the journal is never opened through one. */
static enum rc
owner_of(const struct conf *conf, const char *directory, uid_t *owner)
{
	const char *journal = conf->journal;
	struct stat file;
	uid_t above = 0;
	enum rc rc = directory_owner(conf, directory, &above);

	if (rc != RC_OK)
		return rc;
	if (lstat(journal, &file) == 0 && file.st_uid != above) {
		complain("the journal %s belongs to uid %u, its directory "
			 "to uid %u: chown one of them, or say -u USER",
		    journal, (unsigned)file.st_uid, (unsigned)above);
		return RC_CONFIG;
	}
	*owner = above;
	return RC_OK;
}

static enum rc
become_uid(uid_t uid)
{
	const struct passwd *user;

	if (uid == geteuid())
		return RC_OK;
	errno = 0;
	user = getpwuid(uid);
	if (user != NULL)
		return become(user);
	complain("the journal belongs to uid %u, which no user has: "
		 "chown it, or say -u USER",
	    (unsigned)uid);
	return RC_CONFIG;
}

enum rc
user_become(const char *name)
{
	const struct passwd *user = getpwnam(name);

	if (user == NULL) {
		complain("-u %s: no such user", name);
		return RC_SYNTAX;
	}
	if (geteuid() == 0)
		return become(user);
	if (user->pw_uid == geteuid())
		return RC_OK;
	complain("-u %s: only root can become another user", name);
	return RC_SYNTAX;
}

enum rc
user_become_owner(const struct conf *conf)
{
	struct buf directory = { 0 };
	uid_t owner = 0;
	enum rc rc = buf_add(&directory, io_directory(conf->journal));

	if (rc == RC_OK)
		rc = owner_of(conf, directory.data, &owner);
	if (rc == RC_OK)
		rc = become_uid(owner);
	buf_free(&directory);
	return rc;
}
