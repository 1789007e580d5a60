/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/trust_journal.h"

#include "base/io.h"
#include "base/trust.h"

/* The text is lost where memory is short; the refusal is not. */
#define REFUSE(error, ...) ((void)buf_printf((error), __VA_ARGS__), RC_CONFIG)

/* All that a journal may leave; the last one SQLite would play back. */
static const char *const journal_ends[] = { "", "-wal", "-shm", "-runners",
	"-journal" };

enum { JOURNAL_ENDS = sizeof journal_ends / sizeof journal_ends[0] };

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

static enum rc
check_journal_directory(const char *path, struct buf *error)
{
	struct bytes parent = io_directory(path);
	char directory[PATH_MAX];
	struct buf text = { 0 };
	enum rc rc;

	snprintf(directory, sizeof directory, "%.*s", (int)parent.len,
	    parent.data);
	rc = trust_path(directory, TRUST_PRIVATE, &text);
	if (rc != RC_OK)
		(void)buf_printf(error, "directory %s %s", directory,
		    text.len > 0 ? text.data : "is not trusted");
	buf_free(&text);
	return rc;
}

/* Another process may have made the journal since it was looked for. */
static enum rc
refuse_remains(const char *path, const char *end, struct buf *error)
{
	struct stat stat;

	if (end == NULL || lstat(path, &stat) == 0)
		return RC_OK;
	return REFUSE(error,
	    "file %s is gone, but %s%s is still there: put it "
	    "back, or stop all that uses it and remove what is left of it",
	    path, path, end);
}

enum rc
trust_journal(const char *path, struct buf *error)
{
	char name[PATH_MAX];
	const char *remains = NULL;
	bool there = false;
	enum rc rc = RC_OK;

	if (path[0] != '/' || strlen(path) + sizeof "-runners" > sizeof name)
		return REFUSE(error,
		    "file %s has no absolute path, or one too "
		    "long",
		    path);
	rc = check_journal_directory(path, error);
	for (size_t i = 0; i < JOURNAL_ENDS && rc == RC_OK; i++) {
		snprintf(name, sizeof name, "%s%s", path, journal_ends[i]);
		rc = check_journal_file(name, error);
		if (rc == RC_OK && i == 0)
			there = true;
		else if (rc == RC_OK)
			remains = journal_ends[i];
		else if (rc == RC_MISSING)
			rc = RC_OK;
	}
	return rc != RC_OK || there ? rc : refuse_remains(path, remains, error);
}
