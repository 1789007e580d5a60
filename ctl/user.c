/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>
#include <sys/types.h>

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user.h"

#include "base/account.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/io.h"
#include "base/trust.h"
#include "config/conf.h"
#include "config/keywords.h"
#include "config/load.h"
#include "complain.h"
#include "print.h"

enum { COMPLAINTS = 64 * 1024 };

static enum rc
become(const struct passwd *user, bool listed)
{
	enum rc rc = account_become(user, listed);

	if (rc == RC_OK && setenv("HOME", user->pw_dir, 1) == -1)
		rc = RC_SYSTEM;
	if (rc != RC_OK)
		complain("cannot become %s: %s", user->pw_name,
		    strerror(errno));
	return rc;
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

/* Of a file that belongs to the user. */
static bool
find_group(const char *path, uid_t uid, gid_t *group)
{
	struct stat file;

	if (lstat(path, &file) == -1 || file.st_uid != uid)
		return false;
	*group = file.st_gid;
	return true;
}

/* Of the journal, or of its directory. */
static enum rc
find_journal_group(const char *journal, uid_t uid, gid_t *group)
{
	struct buf directory = { 0 };
	enum rc rc = buf_add(&directory, io_directory(journal));

	if (rc == RC_OK && !find_group(journal, uid, group) &&
	    !find_group(directory.data, uid, group))
		rc = RC_MISSING;
	buf_free(&directory);
	return rc;
}

/*
 * Nothing names the group of a user without an entry.  The process that made
 * the journal had it; before that, who may read the configuration does.
 */
static enum rc
become_unlisted(uid_t uid, const char *journal, const char *configuration)
{
	char name[ACCOUNT_NAME_SIZE];
	struct passwd user = { .pw_name = name, .pw_uid = uid, .pw_dir = "/" };
	struct stat file;
	enum rc rc = RC_MISSING;

	account_user(uid, name);
	if (journal != NULL)
		rc = find_journal_group(journal, uid, &user.pw_gid);
	if (rc == RC_MISSING && stat(configuration, &file) == 0) {
		user.pw_gid = file.st_gid;
		rc = RC_OK;
	}
	if (rc == RC_OK)
		return become(&user, false);
	if (rc == RC_MISSING)
		complain("uid %s is no user's, and its group would be that of "
			 "%s: %s",
		    name, configuration, strerror(errno));
	return rc == RC_MISSING ? RC_CONFIG : rc;
}

/* NULL: there is none, or it is no file. */
static const char *
journal_file(const struct conf *conf)
{
	return conf == NULL || conf_journal_is_shared(conf) ? NULL :
							      conf->journal;
}

/* What is wrong with the configuration is said when it is used. */
static enum rc
become_number(uid_t uid, const char *configuration)
{
	struct buf ignored = { .max = COMPLAINTS };
	struct conf *conf = NULL;
	enum rc rc = conf_load(configuration, &conf, &ignored);

	if (rc != RC_MEMORY)
		rc = become_unlisted(uid, journal_file(conf), configuration);
	conf_release(conf);
	buf_free(&ignored);
	return rc;
}

static enum rc
become_uid(uid_t uid, const struct conf *conf)
{
	const struct passwd *user;

	if (uid == geteuid())
		return RC_OK;
	user = getpwuid(uid);
	return user != NULL ?
	    become(user, true) :
	    become_unlisted(uid, journal_file(conf), conf->file);
}

/* Of a name, or of a number that is nobody's name, as chown(1) has it; the
 * entry is NULL where there is none. */
static enum rc
find_user(const char *name, const struct passwd **entry, uid_t *uid)
{
	const struct passwd *user = getpwnam(name);
	unsigned long long number;

	if (user == NULL) {
		/* The largest number means no user to system calls. */
		if (bytes_number(bytes_of(name), UINT32_MAX - 1, &number) !=
		    RC_OK) {
			complain("-u %s: no such user", name);
			return RC_SYNTAX;
		}
		*uid = (uid_t)number;
		user = getpwuid(*uid);
	}
	if (user != NULL)
		*uid = user->pw_uid;
	*entry = user;
	return RC_OK;
}

enum rc
user_become(const char *name, const char *configuration)
{
	const struct passwd *entry;
	uid_t uid;
	enum rc rc = find_user(name, &entry, &uid);

	if (rc != RC_OK)
		return rc;
	if (geteuid() == 0)
		return entry != NULL ? become(entry, true) :
				       become_number(uid, configuration);
	if (uid == geteuid())
		return RC_OK;
	complain("-u %s: only root can become another user", name);
	return RC_SYNTAX;
}

enum rc
user_become_owner(const struct conf *conf)
{
	struct buf directory = { 0 };
	uid_t owner = 0;
	enum rc rc;

	if (conf_journal_is_shared(conf)) {
		print_note("",
		    "%s:%u: nobody on this machine owns the journal, which is "
		    "a database: say -u USER, the web server's user",
		    conf->file, conf_line(conf, KEYWORD_JOURNAL));
		return RC_CONFIG;
	}
	rc = buf_add(&directory, io_directory(conf->journal));
	if (rc == RC_OK)
		rc = owner_of(conf, directory.data, &owner);
	if (rc == RC_OK)
		rc = become_uid(owner, conf);
	buf_free(&directory);
	return rc;
}
