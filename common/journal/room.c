/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "journal/room.h"

#include "journal/internal.h"
#include "journal/journal.h"
#include "journal/statement.h"

enum {
	PART = 8,	    /* of a small disk, that is kept free */
	LEAST = 128 * 1024, /* bytes, in any case */
	NEAR = 1024 * 1024, /* bytes more, and room is made */
	LOG = 1,	    /* the write-ahead log among the journal's files */
};

/*
 * What has to stay free: what the write-ahead log may take until it begins
 * anew, and the room in the file for what is in it by now.
 */
static int64_t
reserve(const struct journal *journal, int64_t all)
{
	int64_t kept = all / PART;
	struct stat log;

	if (kept > JOURNAL_LOG_USUAL)
		kept = JOURNAL_LOG_USUAL;
	if (kept < LEAST)
		kept = LEAST;
	return stat(journal->files[LOG].path, &log) == 0 ? kept + log.st_size :
							   kept;
}

int64_t
journal_room(const struct journal *journal)
{
	struct statvfs about;

	if (statvfs(journal->path, &about) == -1)
		return INT64_MAX;
	return (int64_t)about.f_bavail * (int64_t)about.f_frsize;
}

bool
journal_has_room(const struct journal *journal, int64_t bytes)
{
	struct statvfs about;
	int64_t unit;

	if (statvfs(journal->path, &about) == -1)
		return true;
	unit = (int64_t)about.f_frsize;
	return (int64_t)about.f_bavail * unit >=
	    reserve(journal, (int64_t)about.f_blocks * unit) + 2 * bytes;
}

void
journal_make_room(struct journal *journal)
{
	if (journal_failed(journal) || journal_has_room(journal, NEAR))
		return;
	journal->busy_until = 0;
	(void)journal_run(journal, "PRAGMA wal_checkpoint(TRUNCATE)");
}
