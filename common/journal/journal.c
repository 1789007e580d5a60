/* SPDX-License-Identifier: ISC */
#include <sys/eventfd.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "journal/journal.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "journal/internal.h"

enum {
	PATIENCE = 5000,		/* milliseconds */
	NAP_FIRST = 1,			/* between looks at a lock, ms */
	NAP_MOST = 20,
	/* Pages of the write-ahead log before it is put into the file. */
	CHECKPOINT = 1000,
	/* What brief processes leave to runners, unless there are none. */
	CHECKPOINT_BRIEF = 10000
};

enum rc
journal_meaning(int error)
{
	switch (error & 0xff) {
	case SQLITE_OK:
		return RC_OK;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		return RC_LOCKED;
	case SQLITE_NOMEM:
		return RC_MEMORY;
	case SQLITE_TOOBIG:
		return RC_RANGE;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_ERROR:
		return RC_CORRUPT;
	default:
		return error == SQLITE_IOERR_NOMEM ? RC_MEMORY : RC_STORE;
	}
}

static void
nap(int milliseconds)
{
	struct timespec time = {0, milliseconds * 1000000L};

	nanosleep(&time, NULL);
}

/* Called by the store while somebody else holds its lock. */
static int
busy(void *context, int count)
{
	struct journal *journal = context;
	int pause = count < NAP_MOST ? NAP_FIRST + count : NAP_MOST;

	if (clock_steady() >= journal->give_up)
		return 0;
	nap(pause);
	return 1;
}

static void
keep_error(struct journal *journal, int error)
{
	if (journal->error == SQLITE_OK)
		journal->error = error;
}

static void
transaction_starts(struct journal *journal)
{
	journal->error = SQLITE_OK;
	journal->damaged = 0;
	journal->stored = false;
	journal->opens.hook[0] = '\0';
	journal->tally.hook[0] = '\0';
	journal->give_up = clock_steady() + journal->patience;
	keep_error(journal, journal_files_look(journal));
}

/* A statement that the store does not take was written for other tables. */
static void
log_error(const struct journal *journal)
{
	int error = journal->error;

	if (error == JOURNAL_DAMAGED)
		return;
	if (journal_meaning(error) == RC_CORRUPT)
		log_say(LOG_LEVEL_ERROR, "journal: %s: is damaged: %s (%d): "
		    "put a copy back, or save with sqlite3's .recover what "
		    "can be read", journal->path,
		    (error & 0xff) == SQLITE_ERROR ?
		    sqlite3_errmsg(journal->db) : sqlite3_errstr(error),
		    error);
	else
		log_say(LOG_LEVEL_ERROR, "journal: %s: %s (%d)",
		    journal->path, sqlite3_errstr(error), error);
}

/* Whatever went wrong, the connection is fit for the next transaction. */
static enum rc
undo(struct journal *journal)
{
	enum rc rc = journal_meaning(journal->error);

	/* That it is gone was said when that was seen. */
	if (!journal->gone)
		log_error(journal);
	for (size_t i = 0; i < journal->statements_len; i++)
		sqlite3_reset(journal->statements[i].handle);
	/* There is no connection where there was no memory for it. */
	if (journal->db != NULL && !sqlite3_get_autocommit(journal->db))
		sqlite3_exec(journal->db, "ROLLBACK", NULL, NULL, NULL);
	journal_runner_forget(journal);
	return rc;
}

static void
finish_transaction(struct journal *journal)
{
	journal->runner_new = false;
	if (!journal->stored || journal->wake == -1 ||
	    io_signal(journal->wake) == RC_OK)
		return;
	log_say(LOG_LEVEL_WARNING, "journal: waking: %s", strerror(errno));
	/* Found where others' changes are looked for, within a second. */
	journal->version = -1;
}

static struct journal_change *
take_changes(struct journal *journal)
{
	struct journal_change *list = journal->first;

	journal->first = NULL;
	journal->last = &journal->first;
	return list;
}

/* The changes that wait, if none of them has to survive the machine. */
static struct journal_change *
take_soft(struct journal *journal)
{
	struct journal_change *list = NULL;
	bool soft = true;

	pthread_mutex_lock(&journal->queueing);
	for (struct journal_change *at = journal->first; at != NULL;
	    at = at->next)
		soft = soft && at->soft;
	if (soft)
		list = take_changes(journal);
	pthread_mutex_unlock(&journal->queueing);
	return list;
}

static void
pragma(struct journal *journal, const char *text)
{
	int error;

	if (journal->error != SQLITE_OK)
		return;
	error = sqlite3_exec(journal->db, text, NULL, NULL, NULL);
	if (error != SQLITE_OK)
		keep_error(journal, error);
}

/* Without memory it may fail: then nothing hard is committed before it is
 * made up for. */
static void
set_safety(struct journal *journal, bool soft)
{
	if (soft == journal->lax)
		return;
	journal->lax = true;
	pragma(journal, soft ? "PRAGMA synchronous=NORMAL" :
	    "PRAGMA synchronous=FULL");
	journal->lax = soft || journal->error != SQLITE_OK;
}

/* The change is its thread's own again once that is woken. */
static void
end_changes(struct journal_change *list, enum rc rc)
{
	struct journal_change *next;

	for (; list != NULL; list = next) {
		next = list->next;
		if (rc != RC_OK)
			list->rc = rc;
		list->over = true;
		sem_post(&list->awake);
	}
}

static enum rc
commit(struct journal *journal)
{
	journal_do(journal, "COMMIT", "");
	/* What went into a file that nobody will read is not stored. */
	if (journal->error == SQLITE_OK)
		keep_error(journal, journal_files_look(journal));
	if (journal->error != SQLITE_OK)
		return undo(journal);
	finish_transaction(journal);
	return RC_OK;
}

/*
 * One transaction for all that waits.  Who comes while the lock is waited
 * for is taken along.  If anything fails nothing of it has happened, so that
 * even a change that was refused has to be told: it may have been refused
 * because of one that is undone.
 */
static void
lead(struct journal *journal)
{
	struct journal_change *list;
	struct journal_change *at;
	bool soft;
	enum rc rc;

	pthread_mutex_lock(&journal->holding);
	list = take_soft(journal);
	soft = list != NULL;
	transaction_starts(journal);
	set_safety(journal, soft);
	journal_do(journal, "BEGIN IMMEDIATE", "");
	if (!soft) {
		pthread_mutex_lock(&journal->queueing);
		list = take_changes(journal);
		pthread_mutex_unlock(&journal->queueing);
	}
	for (at = list; at != NULL && journal->error == SQLITE_OK;
	    at = at->next)
		at->rc = at->apply(journal, at->arguments);
	journal_count(journal);
	rc = commit(journal);
	if (soft) {
		journal->error = SQLITE_OK;
		set_safety(journal, false);
	}
	pthread_mutex_unlock(&journal->holding);
	end_changes(list, rc);
}

/* Whether this thread has to lead: nobody does. */
static bool
join_queue(struct journal *journal, struct journal_change *change)
{
	bool leads;

	pthread_mutex_lock(&journal->queueing);
	*journal->last = change;
	journal->last = &change->next;
	leads = !journal->leading;
	journal->leading = true;
	pthread_mutex_unlock(&journal->queueing);
	return leads;
}

/* The first of those that came meanwhile leads next. */
static void
hand_on(struct journal *journal)
{
	pthread_mutex_lock(&journal->queueing);
	if (journal->first != NULL)
		sem_post(&journal->first->awake);
	else
		journal->leading = false;
	pthread_mutex_unlock(&journal->queueing);
}

static void
await(struct journal_change *change)
{
	while (sem_wait(&change->awake) == -1 && errno == EINTR)
		continue;
}

/*
 * The first thread that finds nobody leading commits for all that wait.  Who
 * is woken without being over leads itself.
 */
static enum rc
submit(struct journal *journal, struct journal_change *change)
{
	sem_init(&change->awake, 0, 0);
	if (!join_queue(journal, change))
		await(change);
	if (!change->over) {
		lead(journal);
		hand_on(journal);
		await(change);
	}
	sem_destroy(&change->awake);
	return change->rc;
}

static sqlite3_stmt *
prepared(struct journal *journal, const char *text)
{
	struct journal_statement *at = journal->statements;
	struct journal_statement *end = at + journal->statements_len;
	int error;

	for (; at < end; at++)
		if (at->text == text)
			return at->handle;
	if (journal->statements_len == JOURNAL_STATEMENTS) {
		keep_error(journal, SQLITE_FULL);
		return NULL;
	}
	error = sqlite3_prepare_v3(journal->db, text, -1,
	    SQLITE_PREPARE_PERSISTENT, &at->handle, NULL);
	if (error != SQLITE_OK) {
		keep_error(journal, error);
		return NULL;
	}
	at->text = text;
	journal->statements_len++;
	return at->handle;
}

static void
bind(struct journal *journal, sqlite3_stmt *statement, const char *types,
    va_list arguments)
{
	struct bytes bytes;
	int error = SQLITE_OK;

	for (int i = 1; error == SQLITE_OK && types[i - 1] != '\0'; i++)
		switch (types[i - 1]) {
		case 'i':
			error = sqlite3_bind_int64(statement, i,
			    va_arg(arguments, int64_t));
			break;
		case 't':
			error = sqlite3_bind_text(statement, i,
			    va_arg(arguments, const char *), -1,
			    SQLITE_STATIC);
			break;
		default:
			bytes = va_arg(arguments, struct bytes);
			error = sqlite3_bind_blob64(statement, i,
			    bytes.len == 0 ? NULL : bytes.data, bytes.len,
			    SQLITE_STATIC);
			break;
		}
	if (error != SQLITE_OK)
		keep_error(journal, error);
}

static sqlite3_stmt *
query(struct journal *journal, const char *text, const char *types,
    va_list arguments)
{
	sqlite3_stmt *statement;

	if (journal->gone)
		keep_error(journal, SQLITE_READONLY_DBMOVED);
	if (journal->error != SQLITE_OK)
		return NULL;
	statement = prepared(journal, text);
	if (statement != NULL)
		bind(journal, statement, types, arguments);
	return journal->error == SQLITE_OK ? statement : NULL;
}

static enum rc
connect(struct journal *journal)
{
	int on = 1;
	int error = sqlite3_open_v2(journal->path, &journal->db,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
	    SQLITE_OPEN_NOFOLLOW, NULL);

	if (error != SQLITE_OK) {
		keep_error(journal, error);
		return undo(journal);
	}
	sqlite3_extended_result_codes(journal->db, 1);
	sqlite3_busy_handler(journal->db, busy, journal);
	sqlite3_db_config(journal->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(journal->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0,
	    NULL);
	sqlite3_db_config(journal->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0,
	    NULL);
	sqlite3_db_config(journal->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	sqlite3_limit(journal->db, SQLITE_LIMIT_ATTACHED, 0);
	pragma(journal, "PRAGMA cell_size_check=ON");
	sqlite3_wal_autocheckpoint(journal->db,
	    journal->flags & JOURNAL_BRIEF ? CHECKPOINT_BRIEF : CHECKPOINT);
	if (journal->flags & JOURNAL_BRIEF) {
		sqlite3_db_config(journal->db,
		    SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
		sqlite3_file_control(journal->db, "main",
		    SQLITE_FCNTL_PERSIST_WAL, &on);
	}
	return RC_OK;
}

static struct journal *
new_journal(unsigned flags)
{
	struct journal *journal = calloc(1, sizeof(*journal));

	if (journal == NULL)
		return NULL;
	journal->flags = flags;
	journal->patience = PATIENCE;
	journal->wake = -1;
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
		rc = journal_files_note(journal);
	if (rc != RC_OK) {
		journal_close(journal);
		return rc;
	}
	*out = journal;
	return RC_OK;
}

void
journal_close(struct journal *journal)
{
	if (journal == NULL)
		return;
	journal_retire(journal);
	for (size_t i = 0; i < journal->statements_len; i++)
		sqlite3_finalize(journal->statements[i].handle);
	journal_files_leave(journal);
	sqlite3_close(journal->db);
	journal_files_free(journal);
	pthread_mutex_destroy(&journal->holding);
	pthread_mutex_destroy(&journal->queueing);
	free(journal);
}

void
journal_patience(struct journal *journal, int64_t patience)
{
	pthread_mutex_lock(&journal->holding);
	journal->patience = patience;
	pthread_mutex_unlock(&journal->holding);
}

void
journal_wake(struct journal *journal, int eventfd)
{
	pthread_mutex_lock(&journal->holding);
	journal->wake = eventfd;
	pthread_mutex_unlock(&journal->holding);
}

const char *
journal_version(void)
{
	return "SQLite " SQLITE_VERSION;
}

enum rc
journal_write(struct journal *journal,
    enum rc (*apply)(struct journal *journal, void *arguments),
    void *arguments)
{
	struct journal_change change = {
		.apply = apply, .arguments = arguments
	};

	return submit(journal, &change);
}

enum rc
journal_write_soft(struct journal *journal,
    enum rc (*apply)(struct journal *journal, void *arguments),
    void *arguments)
{
	struct journal_change change = {
		.apply = apply, .arguments = arguments, .soft = true
	};

	return submit(journal, &change);
}

enum rc
journal_read(struct journal *journal,
    enum rc (*apply)(struct journal *journal, void *arguments),
    void *arguments)
{
	enum rc rc = RC_OK;
	enum rc end;

	pthread_mutex_lock(&journal->holding);
	transaction_starts(journal);
	journal_do(journal, "BEGIN", "");
	if (journal->error == SQLITE_OK)
		rc = apply(journal, arguments);
	if (rc == RC_OK && journal->damaged > 0)
		rc = RC_CORRUPT;
	end = commit(journal);
	pthread_mutex_unlock(&journal->holding);
	return end != RC_OK ? end : rc;
}

sqlite3_stmt *
journal_query(struct journal *journal, const char *text, const char *types,
    ...)
{
	va_list arguments;
	sqlite3_stmt *statement;

	va_start(arguments, types);
	statement = query(journal, text, types, arguments);
	va_end(arguments);
	return statement;
}

bool
journal_next(struct journal *journal, sqlite3_stmt *statement)
{
	int result;

	if (journal->error != SQLITE_OK || statement == NULL)
		return false;
	result = sqlite3_step(statement);
	if (result == SQLITE_ROW)
		return true;
	if (result != SQLITE_DONE)
		keep_error(journal, result);
	journal_over(statement);
	return false;
}

void
journal_over(sqlite3_stmt *statement)
{
	if (statement == NULL)
		return;
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
}

int
journal_do(struct journal *journal, const char *text, const char *types,
    ...)
{
	va_list arguments;
	sqlite3_stmt *statement;

	va_start(arguments, types);
	statement = query(journal, text, types, arguments);
	va_end(arguments);
	if (statement == NULL)
		return 0;
	while (journal_next(journal, statement))
		continue;
	return journal->error == SQLITE_OK ? sqlite3_changes(journal->db) :
	    0;
}

int64_t
journal_number(struct journal *journal, int64_t otherwise, const char *text,
    const char *types, ...)
{
	struct journal_reader reader = {.journal = journal};
	va_list arguments;
	sqlite3_stmt *statement;
	int64_t number = otherwise;

	va_start(arguments, types);
	statement = query(journal, text, types, arguments);
	va_end(arguments);
	if (!journal_next(journal, statement))
		return otherwise;
	reader.row = statement;
	if (sqlite3_column_type(statement, 0) != SQLITE_NULL)
		number = journal_int(&reader, 0, JOURNAL_IS_ANY);
	journal_over(statement);
	return reader.damaged ? otherwise : number;
}
