/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include <inttypes.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "journal/journal.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "journal/files.h"
#include "journal/internal.h"
#include "journal/room.h"
#include "journal/sqlite.h"
#include "journal/statement.h"
#include "journal/transaction.h"

enum {
	/* What one small transaction gives back at most, pages, and how long
	 * it goes on, ms: in a long free list each page has to be looked for. */
	STEP = 256,
	STEP_TIME = 20,
	/* Free pages that are kept for what comes next: a part of what is in
	 * use, and in any case a few. */
	RESERVE_PART = 8,
	RESERVE_MIN = 256,
	/* The write-ahead log beyond which no pages are moved, bytes: while
	 * somebody reads it takes all that moves. */
	LOG_MAX = 4 * JOURNAL_LOG_USUAL,
	LOG = 1, /* the write-ahead log among the journal's files */
};

/* Pages of the file. */
struct pages {
	int64_t all;
	int64_t free;
	int64_t movable; /* 0: made so that only a rebuilding gives any back */
};

struct shrinking {
	bool whole;
	bool more;
};

static int64_t
pragma(struct journal *journal, const char *text)
{
	int64_t number = 0;

	if (!journal_failed(journal))
		sqlite_keep_error(journal,
		    sqlite_pragma(journal, text, &number));
	return number;
}

static struct pages
count_pages(struct journal *journal)
{
	return (struct pages){
		.all = pragma(journal, "PRAGMA page_count"),
		.free = pragma(journal, "PRAGMA freelist_count"),
		.movable = pragma(journal, "PRAGMA auto_vacuum"),
	};
}

static int64_t
reserve(const struct pages *pages)
{
	int64_t part = (pages->all - pages->free) / RESERVE_PART;

	return part > RESERVE_MIN ? part : RESERVE_MIN;
}

/* How many pages are given back. */
static int64_t
move_pages(struct journal *journal, int64_t free)
{
	int64_t until = clock_steady() + STEP_TIME;
	int64_t left = free;
	int64_t before;

	do {
		before = left;
		if (!journal_failed(journal))
			sqlite_keep_error(journal,
			    sqlite_run(journal,
				"PRAGMA incremental_vacuum(16)"));
		left = pragma(journal, "PRAGMA freelist_count");
	} while (left > 0 && left < before && free - left < STEP &&
	    clock_steady() < until);
	return free - left;
}

static enum rc
give_back(struct journal *journal, void *arguments)
{
	struct shrinking *shrinking = arguments;
	struct pages pages = count_pages(journal);
	int64_t given = 0;

	if (pages.movable != 0 && pages.free > 0 &&
	    (shrinking->whole || pages.free >= reserve(&pages) + STEP))
		given = move_pages(journal, pages.free);
	/* What does not get on would never end. */
	shrinking->more = given > 0 && given < pages.free;
	return RC_OK;
}

/* With the connection held.  What others hold up is no error to be logged. */
static enum rc
checkpoint(struct journal *journal)
{
	int log = 0;
	int moved = 0;
	int error;

	journal->busy_until = 0;
	error = sqlite3_wal_checkpoint_v2(journal->db, "main",
	    SQLITE_CHECKPOINT_PASSIVE, &log, &moved);
	if (error == SQLITE_OK && moved < log)
		error = SQLITE_BUSY;
	/* Writers wait meanwhile, but not for readers. */
	if (error == SQLITE_OK)
		error = sqlite3_wal_checkpoint_v2(journal->db, "main",
		    SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	if ((error & 0xff) == SQLITE_BUSY)
		return RC_LOCKED;
	sqlite_keep_error(journal, error);
	if (journal_failed(journal))
		sqlite_log_error(journal);
	return journal_meaning(journal->failure);
}

enum rc
sqlite_trim(struct journal *journal, int64_t size)
{
	struct stat about;
	enum rc rc = RC_OK;

	pthread_mutex_lock(&journal->holding);
	journal->error = SQLITE_OK;
	journal->failure = JOURNAL_FINE;
	journal_fail(journal, journal_files_look(journal));
	if (journal_failed(journal))
		rc = journal_meaning(journal->failure);
	else if (lstat(journal->files[LOG].path, &about) == 0 &&
	    about.st_size > size)
		rc = checkpoint(journal);
	pthread_mutex_unlock(&journal->holding);
	return rc;
}

enum rc
sqlite_shrink(struct journal *journal, bool whole, bool *more)
{
	struct shrinking shrinking = { .whole = whole };
	enum rc rc = sqlite_trim(journal, LOG_MAX);

	if (rc == RC_OK)
		rc = journal_write_chore(journal, give_back, &shrinking);
	if (rc == RC_OK)
		*more = shrinking.more;
	return rc;
}

int64_t
sqlite_log_size(const struct journal *journal)
{
	struct statx about;

	return journal_file_look(&journal->files[LOG], &about) == RC_OK ?
	    (int64_t)about.stx_size :
	    0;
}

enum rc
sqlite_size(struct journal *journal, int64_t *size)
{
	struct stat about;

	*size = 0;
	for (size_t i = 0; i <= LOG; i++) {
		if (lstat(journal->files[i].path, &about) == -1)
			return RC_STORE;
		*size += about.st_size;
	}
	return RC_OK;
}

/* The copy that is made first, and the write-ahead log that takes it over. */
static enum rc
check_free(struct journal *journal)
{
	const struct pages pages = count_pages(journal);
	int64_t page = pragma(journal, "PRAGMA page_size");
	int64_t needed = 2 * (pages.all - pages.free + RESERVE_MIN) * page;
	int64_t room;

	if (journal_failed(journal))
		return journal_meaning(journal->failure);
	room = journal_free_room(journal);
	if (room >= needed)
		return RC_OK;
	log_say(LOG_LEVEL_ERROR,
	    "journal: %s: to be made anew it takes %" PRId64 " MiB of free "
	    "room on its disk, and there are %" PRId64 ": nothing was changed",
	    journal->path, needed / 1048576 + 1, room / 1048576);
	return RC_STORE;
}

/* SQLite makes its copy where this says, and that has been looked at. */
static enum rc
copy_beside(const struct journal *journal)
{
	struct buf directory = { 0 };
	enum rc rc = buf_add(&directory, io_directory(journal->path));

	if (rc == RC_OK && setenv("SQLITE_TMPDIR", directory.data, 1) == -1)
		rc = RC_MEMORY;
	buf_free(&directory);
	return rc;
}

/* SQLite attaches its copy as a database, which no statement here may. */
static void
vacuum(struct journal *journal)
{
	int error = sqlite_run(journal, "PRAGMA auto_vacuum=INCREMENTAL");

	sqlite3_limit(journal->db, SQLITE_LIMIT_ATTACHED, 1);
	if (error == SQLITE_OK)
		error = sqlite_run(journal, "VACUUM");
	sqlite3_limit(journal->db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite_keep_error(journal, error);
}

enum rc
sqlite_rebuild(struct journal *journal)
{
	enum rc rc;

	pthread_mutex_lock(&journal->holding);
	journal->error = SQLITE_OK;
	journal->failure = JOURNAL_FINE;
	journal->busy_until = clock_steady() + journal->busy_timeout;
	journal_fail(journal, journal_files_look(journal));
	rc = journal_failed(journal) ? journal_meaning(journal->failure) :
				       RC_OK;
	if (rc == RC_OK && pragma(journal, "PRAGMA auto_vacuum") == 0) {
		rc = check_free(journal);
		if (rc == RC_OK)
			rc = copy_beside(journal);
		if (rc == RC_OK)
			vacuum(journal);
	}
	if (rc == RC_OK && journal_failed(journal)) {
		sqlite_log_error(journal);
		rc = journal_meaning(journal->failure);
	}
	pthread_mutex_unlock(&journal->holding);
	return rc;
}
