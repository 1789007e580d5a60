/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include <poll.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/journal.h"

#include "base/clock.h"
#include "base/log.h"
#include "journal/changes.h"
#include "journal/column.h"
#include "journal/files.h"
#include "journal/internal.h"
#include "journal/runner.h"
#include "journal/schema.h"
#include "journal/statement.h"
#include "journal/transaction.h"
#include "journal/turn.h"

enum {
	BUSY_TIMEOUT = 5000,  /* milliseconds */
	HASTY_TIMEOUT = 300,  /* opening may wait three times */
	LOOKS_TIMEOUT = 1500, /* of all of its opening */
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
	journal_keep_error(journal, journal_run(journal, text));
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
		journal_keep_error(journal, error);
		journal_log_error(journal);
		return journal_meaning(error);
	}
	sqlite3_extended_result_codes(journal->db, 1);
	sqlite3_busy_handler(journal->db, busy, journal);
	sqlite3_db_config(journal->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(journal->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(journal->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(journal->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	sqlite3_limit(journal->db, SQLITE_LIMIT_ATTACHED, 0);
	journal_keep_error(journal,
	    journal_run(journal, "PRAGMA cell_size_check=ON"));
	limit_log(journal);
	sqlite3_wal_autocheckpoint(journal->db,
	    journal->flags & JOURNAL_BRIEF ? CHECKPOINT_BRIEF : CHECKPOINT);
	if (looks)
		journal_keep_error(journal,
		    journal_run(journal, "PRAGMA query_only=ON"));
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

static struct journal *
new_journal(unsigned flags)
{
	struct journal *journal = calloc(1, sizeof(*journal));

	if (journal == NULL)
		return NULL;
	journal->flags = flags;
	journal->turn_timeout = flags & JOURNAL_HASTY ? HASTY_TIMEOUT :
							JOURNAL_TURN_TIMEOUT;
	journal->busy_timeout = flags & JOURNAL_HASTY ? HASTY_TIMEOUT :
							BUSY_TIMEOUT;
	memset(journal->wakeup_fds, -1, sizeof(journal->wakeup_fds));
	journal->locks = -1;
	journal->until = journal->deadline = CLOCK_NEVER;
	journal_changes_init(journal);
	pthread_mutex_init(&journal->holding, NULL);
	pthread_mutex_init(&journal->queueing, NULL);
	return journal;
}

/* The store waits once for each of what is read. */
static enum rc
check_in_time(struct journal *journal)
{
	enum rc rc;

	journal->until = clock_steady() + LOOKS_TIMEOUT;
	rc = journal_check_version(journal);
	journal->until = CLOCK_NEVER;
	return rc;
}

enum rc
journal_open(const char *path, unsigned flags, struct journal **out)
{
	struct journal *journal = new_journal(flags);
	enum rc rc;

	if (journal == NULL)
		return RC_MEMORY;
	rc = journal_files_find(journal, path);
	if (rc == RC_OK)
		rc = connect(journal);
	if (rc == RC_OK && flags & JOURNAL_LOOKS)
		rc = check_in_time(journal);
	else if (rc == RC_OK)
		rc = journal_migrate(journal);
	if (rc == RC_OK)
		rc = note_files(journal);
	if (rc != RC_OK) {
		journal_close(journal);
		return rc;
	}
	*out = journal;
	return RC_OK;
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
	if (journal_meaning(result) != RC_CORRUPT)
		return RC_OK;
	journal_keep_error(journal, result);
	journal_log_error(journal);
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
journal_try(const char *path, struct journal **out)
{
	struct journal *journal = NULL;
	enum rc rc = journal_open(path, JOURNAL_BRIEF, &journal);

	if (rc == RC_MISSING || rc == RC_LOCKED)
		return RC_OK;
	if (rc == RC_OK)
		rc = look_through(journal);
	if (rc == RC_OK)
		rc = journal_check_schema(journal);
	if (rc == RC_OK) {
		*out = journal;
		return RC_OK;
	}
	journal_close(journal);
	return rc == RC_MEMORY ? rc : RC_CONFIG;
}

static enum rc
delete_runner(struct journal *journal, void *arguments)
{
	journal_runner_delete(journal, *(const int64_t *)arguments);
	return RC_OK;
}

void
journal_retire(struct journal *journal)
{
	enum rc rc;

	if (journal->runner == 0)
		return;
	rc = journal_write_relaxed(journal, delete_runner, &journal->runner);
	/* Every later runner has to look at a row that stays. */
	if (rc == RC_MEMORY)
		(void)journal_write_relaxed(journal, delete_runner,
		    &journal->runner);
	journal_runner_end(journal);
}

/*
 * The last connection that closes takes -wal and -shm away by their names:
 * they may be another journal's by now.
 */
void
journal_close(struct journal *journal)
{
	if (journal == NULL)
		return;
	journal_retire(journal);
	journal_statements_free(journal);
	if (journal->db != NULL && journal_files_look(journal) != JOURNAL_FINE)
		leave_files(journal);
	sqlite3_close(journal->db);
	journal_files_free(journal);
	pthread_mutex_destroy(&journal->holding);
	pthread_mutex_destroy(&journal->queueing);
	free(journal);
}

static void
set_timeouts(struct journal *journal, int64_t turn_timeout,
    int64_t busy_timeout)
{
	pthread_mutex_lock(&journal->holding);
	journal->turn_timeout = turn_timeout;
	journal->busy_timeout = busy_timeout;
	pthread_mutex_unlock(&journal->holding);
}

void
journal_set_busy_timeout(struct journal *journal, int64_t busy_timeout)
{
	set_timeouts(journal, busy_timeout, busy_timeout);
}

void
journal_reset_busy_timeout(struct journal *journal)
{
	set_timeouts(journal, JOURNAL_TURN_TIMEOUT, BUSY_TIMEOUT);
}

void
journal_set_deadline(struct journal *journal, int64_t deadline)
{
	pthread_mutex_lock(&journal->holding);
	journal->deadline = deadline;
	if (deadline == CLOCK_NEVER)
		sqlite3_progress_handler(journal->db, 0, NULL, NULL);
	else
		sqlite3_progress_handler(journal->db, LOOK_STEPS, is_late,
		    &journal->until);
	pthread_mutex_unlock(&journal->holding);
}

static void
replace_wakeup_fd(struct journal *journal, int old, int new)
{
	int i = 0;

	pthread_mutex_lock(&journal->holding);
	while (i < JOURNAL_WAKEUPS && journal->wakeup_fds[i] != old)
		i++;
	if (i < JOURNAL_WAKEUPS)
		journal->wakeup_fds[i] = new;
	pthread_mutex_unlock(&journal->holding);
}

void
journal_add_wakeup_fd(struct journal *journal, int eventfd)
{
	replace_wakeup_fd(journal, -1, eventfd);
}

void
journal_remove_wakeup_fd(struct journal *journal, int eventfd)
{
	replace_wakeup_fd(journal, eventfd, -1);
}

enum rc
journal_changed(struct journal *journal, bool *changed)
{
	int64_t version;
	enum rc rc = RC_OK;

	pthread_mutex_lock(&journal->holding);
	journal->error = SQLITE_OK;
	journal->busy_until = clock_steady() + journal->busy_timeout;
	version = journal_number(journal, 0, "PRAGMA data_version", NO_VALUES);
	if (journal_failed(journal))
		rc = RC_STORE;
	*changed = version != journal->version;
	journal->version = version;
	pthread_mutex_unlock(&journal->holding);
	return rc;
}

const char *
journal_version(void)
{
	return "SQLite " SQLITE_VERSION;
}
