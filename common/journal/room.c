/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "journal/room.h"

#include "journal/files.h"
#include "journal/internal.h"
#include "journal/journal.h"
#include "journal/sqlite.h"
#include "journal/statement.h"

enum {
	PART = 8,	    /* of a small disk, that is kept free */
	LEAST = 128 * 1024, /* bytes, in any case */
	NEAR = 1024 * 1024, /* bytes more, and room is made */
	LOG = 1,	    /* the write-ahead log among the journal's files */
};

int64_t
journal_free_room(const struct journal *journal)
{
	struct statvfs about;

	if (statvfs(journal->path, &about) == -1)
		return INT64_MAX;
	return (int64_t)about.f_bavail * (int64_t)about.f_frsize;
}

/*
 * But for what has to stay free: what the write-ahead log may take until it
 * begins anew, and the room in the file for what is in it by now.
 */
static int64_t
measure(const struct journal *journal)
{
	struct statvfs about;
	struct statx log;
	int64_t unit;
	int64_t kept;

	if (statvfs(journal->path, &about) == -1)
		return INT64_MAX;
	unit = (int64_t)about.f_frsize;
	kept = (int64_t)about.f_blocks * unit / PART;
	if (kept > JOURNAL_LOG_USUAL)
		kept = JOURNAL_LOG_USUAL;
	if (kept < LEAST)
		kept = LEAST;
	if (journal_file_look(&journal->files[LOG], &log) == RC_OK)
		kept += (int64_t)log.stx_size;
	return (int64_t)about.f_bavail * unit - kept;
}

void
journal_room_begin(struct journal *journal)
{
	journal->room = measure(journal);
	if (journal_failed(journal) || journal->room >= NEAR)
		return;
	journal->busy_until = 0;
	(void)sqlite_run(journal, "PRAGMA wal_checkpoint(TRUNCATE)");
	journal->room = measure(journal);
}

/* In the write-ahead log and then in the file. */
bool
journal_room_take(struct journal *journal, int64_t bytes)
{
	if (journal->room < 2 * bytes)
		return false;
	journal->room -= 2 * bytes;
	return true;
}
