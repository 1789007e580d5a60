/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include <poll.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "journal/sqlite.h"

#include "base/clock.h"
#include "base/log.h"
#include "journal/files.h"
#include "journal/internal.h"
#include "journal/sqlite_schema.h"
#include "journal/statement.h"

/* Opening and closing a journal that is a file. */

enum {
	LOOKS_TIMEOUT = 1500, /* of all of its opening, ms */
	NAP_MIN = 1,	      /* between looks at a lock, ms */
	NAP_MAX = 20,
	/* Pages of the write-ahead log before it is put into the file. */
	CHECKPOINT = 1000,
	/* What brief processes leave to runners, unless there are none. */
	CHECKPOINT_BRIEF = 2000,
	LOOK_TIME = 2000,  /* what looking through may take, milliseconds */
	LOOK_STEPS = 1000, /* of the store's, between looks at the clock */
	LOOK_SIZE = 256 * 1024 * 1024, /* bytes; some stores do not look */
};

/* Called by the store while it reads. */
static int
is_late(void *until)
{
	return clock_steady() >= *(const int64_t *)until;
}

/* Called by the store while somebody else holds its lock. */
static int
busy(void *context, int count)
{
	struct journal *journal = context;
	int pause = count < NAP_MAX ? NAP_MIN + count : NAP_MAX;
	int64_t now = clock_steady();

	if (now >= journal->until)
		journal_fail(journal, JOURNAL_FAILED_TIME);
	if (now >= journal->busy_until || now >= journal->until)
		return 0;
	poll(NULL, 0, pause);
	return 1;
}

/* Where it is the last one, closing it moves nothing out of the write-ahead
 * log, and takes no file away. */
static void
leave_files(struct journal *journal)
{
	int on = 1;

	sqlite3_db_config(journal->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
	    NULL);
	sqlite3_file_control(journal->db, "main", SQLITE_FCNTL_PERSIST_WAL,
	    &on);
}

/* Once it begins anew, the write-ahead log is cut off to what it takes as a
 * rule: somebody who read for long had let it grow. */
static void
limit_log(struct journal *journal)
{
	char text[64];

	snprintf(text, sizeof(text), "PRAGMA journal_size_limit=%d",
	    JOURNAL_LOG_USUAL);
	sqlite_keep_error(journal, sqlite_run(journal, text));
}

/* Nobody asks how much memory the store has, and to keep count takes a lock
 * for each piece of it. */
static void
count_no_memory(void)
{
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static enum rc
connect(struct journal *journal)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	bool looks = journal->flags & JOURNAL_LOOKS;
	int error;

	pthread_once(&once, count_no_memory);
	error = sqlite3_open_v2(journal->path, &journal->db,
	    (looks ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) |
		SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW,
	    NULL);
	if (error != SQLITE_OK) {
		sqlite_keep_error(journal, error);
		sqlite_log_error(journal);
		return sqlite_meaning(error);
	}
	sqlite3_extended_result_codes(journal->db, 1);
	sqlite3_busy_handler(journal->db, busy, journal);
	sqlite3_db_config(journal->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(journal->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(journal->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(journal->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	sqlite3_limit(journal->db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite_keep_error(journal,
	    sqlite_run(journal, "PRAGMA cell_size_check=ON"));
	limit_log(journal);
	sqlite3_wal_autocheckpoint(journal->db,
	    journal->flags & JOURNAL_BRIEF ? CHECKPOINT_BRIEF : CHECKPOINT);
	if (looks)
		sqlite_keep_error(journal,
		    sqlite_run(journal, "PRAGMA query_only=ON"));
	if (looks || journal->flags & JOURNAL_BRIEF)
		leave_files(journal);
	return RC_OK;
}

/* As SQLite has its own system call say where a directory cannot be opened,
 * which it does not take for an error. */
static int
open_no_directory(const char *path, int *fd)
{
	(void)path;
	*fd = -1;
	return SQLITE_CANTOPEN;
}

/*
 * With its first commit SQLite syncs the directory, once a process, while
 * all others wait for their turn.  To do it before that is as safe, and many
 * processes do it at once.
 */
static void
sync_names(const struct journal *journal)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

	if ((journal->flags & (JOURNAL_BRIEF | JOURNAL_HASTY)) !=
		JOURNAL_BRIEF ||
	    vfs == NULL || vfs->iVersion < 3)
		return;
	vfs->xSetSystemCall(vfs, "openDirectory",
	    journal_files_sync_names(journal) == RC_OK ?
		(sqlite3_syscall_ptr)open_no_directory :
		NULL);
}

/* SQLite tells whether it has the file that was noted open. */
static enum rc
note_files(struct journal *journal)
{
	int moved = 0;
	enum rc rc = journal_files_note(journal);

	if (rc != RC_OK)
		return rc;
	sqlite3_file_control(journal->db, "main", SQLITE_FCNTL_HAS_MOVED,
	    &moved);
	if (moved)
		journal_files_lost(journal, journal->path, "replaced");
	sync_names(journal);
	return journal_files_look(journal) == JOURNAL_FINE ? RC_OK : RC_STORE;
}

/* The store waits once for each of what is read. */
static enum rc
check_in_time(struct journal *journal)
{
	enum rc rc;

	journal->until = clock_steady() + LOOKS_TIMEOUT;
	rc = sqlite_check_version(journal);
	journal->until = CLOCK_NEVER;
	return rc;
}

enum rc
sqlite_open(struct journal *journal, const char *path)
{
	enum rc rc = journal_files_find(journal, path);

	if (rc == RC_OK)
		rc = connect(journal);
	if (rc == RC_OK && journal->flags & JOURNAL_LOOKS)
		rc = check_in_time(journal);
	else if (rc == RC_OK)
		rc = sqlite_migrate(journal);
	if (rc == RC_OK)
		rc = note_files(journal);
	return rc;
}

/* Errors that say nothing of what is stored are left to who uses it. */
static enum rc
judge_row(struct journal *journal, int result, const char *row)
{
	if (result == SQLITE_ROW && row != NULL && strcmp(row, "ok") != 0) {
		log_say(LOG_LEVEL_ERROR,
		    "journal: %s: is damaged: %s: put a copy back, or save "
		    "with sqlite3's .recover what can be read",
		    journal->path, row);
		return RC_CORRUPT;
	}
	if (sqlite_meaning(result) != RC_CORRUPT)
		return RC_OK;
	sqlite_keep_error(journal, result);
	sqlite_log_error(journal);
	return RC_CORRUPT;
}

static enum rc
look_through(struct journal *journal)
{
	int64_t until = clock_steady() + LOOK_TIME;
	sqlite3_stmt *statement = NULL;
	struct stat about;
	int result;
	enum rc rc;

	if (stat(journal->path, &about) == 0 && about.st_size > LOOK_SIZE)
		return RC_OK;
	sqlite3_progress_handler(journal->db, LOOK_STEPS, is_late, &until);
	result = sqlite3_prepare_v2(journal->db, "PRAGMA quick_check(1)", -1,
	    &statement, NULL);
	if (result == SQLITE_OK)
		result = sqlite3_step(statement);
	rc = judge_row(journal, result,
	    (const char *)sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	sqlite3_progress_handler(journal->db, 0, NULL, NULL);
	return rc;
}

enum rc
sqlite_inspect(struct journal *journal)
{
	enum rc rc = look_through(journal);

	return rc == RC_OK ? sqlite_check_schema(journal) : rc;
}

/*
 * The last connection that closes takes -wal and -shm away by their names:
 * they may be another journal's by now.
 */
void
sqlite_close(struct journal *journal)
{
	if (journal->db != NULL && journal_files_look(journal) != JOURNAL_FINE)
		leave_files(journal);
	sqlite3_close(journal->db);
	journal_files_free(journal);
}

void
sqlite_heed_deadline(struct journal *journal)
{
	if (journal->deadline == CLOCK_NEVER)
		sqlite3_progress_handler(journal->db, 0, NULL, NULL);
	else
		sqlite3_progress_handler(journal->db, LOOK_STEPS, is_late,
		    &journal->until);
}

const char *
journal_version(void)
{
	return "SQLite " SQLITE_VERSION;
}
