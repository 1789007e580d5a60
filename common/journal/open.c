/* SPDX-License-Identifier: ISC */
#include <poll.h>
#include <sqlite3.h>
#include <stdlib.h>

#include "journal/journal.h"

#include "base/clock.h"
#include "journal/column.h"
#include "journal/files.h"
#include "journal/internal.h"
#include "journal/runner.h"
#include "journal/schema.h"
#include "journal/statement.h"
#include "journal/transaction.h"
#include "journal/turn.h"

enum {
	BUSY_TIMEOUT = 5000, /* milliseconds */
	NAP_MIN = 1,	     /* between looks at a lock, ms */
	NAP_MAX = 20,
	/* Pages of the write-ahead log before it is put into the file. */
	CHECKPOINT = 1000,
	/* What brief processes leave to runners, unless there are none. */
	CHECKPOINT_BRIEF = 10000,
};

/* Called by the store while somebody else holds its lock. */
static int
busy(void *context, int count)
{
	struct journal *journal = context;
	int pause = count < NAP_MAX ? NAP_MIN + count : NAP_MAX;

	if (clock_steady() >= journal->busy_until)
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

static enum rc
connect(struct journal *journal)
{
	int error = sqlite3_open_v2(journal->path, &journal->db,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW,
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
	sqlite3_wal_autocheckpoint(journal->db,
	    journal->flags & JOURNAL_BRIEF ? CHECKPOINT_BRIEF : CHECKPOINT);
	if (journal->flags & JOURNAL_BRIEF)
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

	if ((journal->flags & JOURNAL_BRIEF) == 0 || vfs == NULL ||
	    vfs->iVersion < 3)
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
	journal->turn_timeout = JOURNAL_TURN_TIMEOUT;
	journal->busy_timeout = BUSY_TIMEOUT;
	journal->wakeup_fd = -1;
	journal->locks = -1;
	journal->last = &journal->first;
	pthread_mutex_init(&journal->holding, NULL);
	pthread_mutex_init(&journal->queueing, NULL);
	return journal;
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
	if (rc == RC_OK)
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

void
journal_set_busy_timeout(struct journal *journal, int64_t busy_timeout)
{
	pthread_mutex_lock(&journal->holding);
	journal->turn_timeout = busy_timeout;
	journal->busy_timeout = busy_timeout;
	pthread_mutex_unlock(&journal->holding);
}

void
journal_set_wakeup_fd(struct journal *journal, int eventfd)
{
	pthread_mutex_lock(&journal->holding);
	journal->wakeup_fd = eventfd;
	pthread_mutex_unlock(&journal->holding);
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
