/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/trust_journal.h"

#include "base/account.h"
#include "base/io.h"
#include "base/trust.h"

/* The text is lost where memory is short; the refusal is not. */
#define REFUSE(error, ...) ((void)buf_printf((error), __VA_ARGS__), RC_CONFIG)

/* All that a journal may leave; the last one SQLite would play back. */
static const char *const journal_ends[] = { "", "-wal", "-shm", "-runners",
	"-journal" };

enum {
	JOURNAL_RUNNERS = 3, /* of them, the last one that an opening makes */
	JOURNAL_ENDS = sizeof journal_ends / sizeof journal_ends[0],
};

bool
trust_journal_is_made(const char *path)
{
	char name[PATH_MAX];
	struct stat stat;

	snprintf(name, sizeof name, "%s%s", path,
	    journal_ends[JOURNAL_RUNNERS]);
	return lstat(name, &stat) == 0 && stat.st_size > 0;
}

size_t
trust_journal_missing(const char *path)
{
	char name[PATH_MAX];
	struct stat stat;
	size_t n = 0;

	for (size_t i = 0; i <= JOURNAL_RUNNERS; i++) {
		snprintf(name, sizeof name, "%s%s", path, journal_ends[i]);
		n += lstat(name, &stat) != 0;
	}
	return n;
}

/* RC_OK, RC_MISSING or RC_CONFIG. */
static enum rc
check_journal_file(const char *path, struct buf *error)
{
	struct buf text = { 0 };
	struct stat stat;
	int found = lstat(path, &stat);
	enum rc rc;

	if (found != 0 && errno == ENOENT)
		return RC_MISSING;
	if (found == 0)
		rc = trust_own(&stat, S_IFREG, &text);
	else
		rc = REFUSE(&text, "cannot be opened: %s", strerror(errno));
	if (rc != RC_OK)
		(void)buf_printf(error, "file %s %s", path,
		    text.len > 0 ? text.data : "is not trusted");
	buf_free(&text);
	return rc;
}

static void
name_directory(const char *path, char directory[PATH_MAX])
{
	struct bytes parent = io_directory(path);

	snprintf(directory, PATH_MAX, "%.*s", (int)parent.len, parent.data);
}

static enum rc
check_journal_directory(const char *path, struct buf *error)
{
	char directory[PATH_MAX];
	struct buf text = { 0 };
	enum rc rc;

	name_directory(path, directory);
	rc = trust_path(directory, TRUST_PRIVATE, &text);
	if (rc != RC_OK)
		(void)buf_printf(error, "directory %s %s", directory,
		    text.len > 0 ? text.data : "is not trusted");
	buf_free(&text);
	return rc;
}

/*
 * Another process may be making the journal, or have made it since it was
 * looked for.  Once it is made there is something in -runners: an empty one
 * beside that is what is left of one that was emptied, and would be taken
 * for a new one.
 */
static enum rc
refuse_remains(const char *path, const char *end, struct buf *error)
{
	struct stat stat;
	bool there = lstat(path, &stat) == 0;

	if (end == NULL ||
	    (there && (stat.st_size > 0 || !trust_journal_is_made(path))))
		return RC_OK;
	return REFUSE(error,
	    "file %s is %s, but %s%s is still there: put it "
	    "back, or stop all that uses it and remove what is left of it",
	    path, there ? "empty" : "gone", path, end);
}

enum rc
trust_journal(const char *path, struct buf *error)
{
	char name[PATH_MAX];
	const char *remains = NULL;
	enum rc rc;

	if (path[0] != '/' || strlen(path) + sizeof "-runners" > sizeof name)
		return REFUSE(error,
		    "file %s has no absolute path, or one too "
		    "long",
		    path);
	rc = check_journal_directory(path, error);
	if (rc == RC_OK)
		rc = check_journal_file(path, error);
	for (size_t i = 1; i < JOURNAL_ENDS; i++) {
		if (rc != RC_OK && rc != RC_MISSING)
			return rc;
		snprintf(name, sizeof name, "%s%s", path, journal_ends[i]);
		rc = check_journal_file(name, error);
		if (rc == RC_OK && (remains == NULL || i == JOURNAL_RUNNERS))
			remains = journal_ends[i];
	}
	if (rc != RC_OK && rc != RC_MISSING)
		return rc;
	return refuse_remains(path, remains, error);
}

static enum rc
check_access(const char *what, const char *path, int mode, struct buf *error)
{
	char user[ACCOUNT_NAME_SIZE];
	int number;

	if (faccessat(AT_FDCWD, path, mode, AT_EACCESS) == 0 || errno == ENOENT)
		return RC_OK;
	number = errno;
	account_user(geteuid(), user);
	return REFUSE(error, "%s %s cannot be written by %s: %s%s", what, path,
	    user, strerror(number), number == EACCES ? ": chmod u+rwX it" : "");
}

enum rc
trust_journal_access(const char *path, struct buf *error)
{
	char name[PATH_MAX];
	enum rc rc;

	name_directory(path, name);
	rc = check_access("directory", name, W_OK | X_OK, error);
	for (size_t i = 0; i < JOURNAL_ENDS && rc == RC_OK; i++) {
		snprintf(name, sizeof name, "%s%s", path, journal_ends[i]);
		rc = check_access("file", name, R_OK | W_OK, error);
	}
	return rc;
}
