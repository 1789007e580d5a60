/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_INTERNAL_H
#define PELIHOOK_JOURNAL_INTERNAL_H

#include <pthread.h>
#include <semaphore.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "base/limits.h"
#include "journal/journal.h"

/*
 * What the journal's files share, and nobody else includes.  The store is
 * one SQLite database in WAL mode; journal_schema.c is its description.
 */

enum {
	JOURNAL_STATEMENTS = 96,
	JOURNAL_FILES = 4,
	JOURNAL_SLOTS = 512,		/* most claims of a runner at once */
	JOURNAL_TAIL = 1024 * 1024,	/* most bytes of output with a try */
	/* An error beside the store's own: a row that cannot be right. */
	JOURNAL_DAMAGED = SQLITE_CORRUPT | 0x7f00
};

/* The last time of the year 9999, so that sums of two never overflow. */
#define JOURNAL_TIME_MOST INT64_C(253402300799999)

/* A statement that was prepared once, known by its text's address. */
struct journal_statement {
	const char *text;
	sqlite3_stmt *handle;
};

/*
 * What a transaction adds to a hook's row of opens, and to one of tallies:
 * written once, before the commit, however many events share it.
 */
struct journal_opens {
	char hook[HOOK_NAME_SIZE];	/* empty: nothing is counted */
	int64_t before;			/* -1: not looked at yet */
	int64_t by;
};

struct journal_tally {
	char hook[HOOK_NAME_SIZE];	/* empty: nothing is counted */
	char name[EVENT_NAME_SIZE];
	int state;
	int64_t by;
};

/* A file of the journal that is open. */
struct journal_file {
	char *path;			/* its directory resolved */
	dev_t device;
	ino_t inode;
};

struct journal {
	const char *path;		/* of the first file */
	struct journal_file files[JOURNAL_FILES];
	bool noted;			/* which files they are */
	bool gone;			/* they are not there any more */
	unsigned flags;
	sqlite3 *db;
	int64_t patience;
	int64_t give_up;		/* clock_steady */
	int error;			/* the first one of a transaction */
	unsigned damaged;		/* rows that it met */
	struct journal_statement statements[JOURNAL_STATEMENTS];
	size_t statements_len;
	int64_t version;		/* what journal_changed saw last */
	int wake;
	bool stored;			/* the transaction holds an event */
	bool lax;			/* commits may be short of a sync */
	struct journal_opens opens;	/* of the transaction */
	struct journal_tally tally;
	int locks;			/* the file of the runners' locks */
	int64_t runner;			/* 0: none yet */
	int64_t region;			/* of the notes, from 1 */
	atomic_bool slots[JOURNAL_SLOTS];	/* of the region: taken */
	bool runner_new;		/* in this transaction */
	pthread_mutex_t holding;	/* all above: the connection */
	struct journal_change *first;	/* changes that wait for a commit */
	struct journal_change **last;
	bool leading;
	pthread_mutex_t queueing;	/* the three above */
};

/*
 * A change of the journal.  apply runs inside a transaction that may hold
 * other changes too.  What it returns but RC_OK has to come before its first
 * write; errors of the store need no attention, they undo them all.
 */
struct journal_change {
	enum rc (*apply)(struct journal *journal, void *arguments);
	void *arguments;
	bool soft;			/* need not survive the machine */
	enum rc rc;
	bool over;
	sem_t awake;			/* over, or it has to lead */
	struct journal_change *next;
};

/* Applies and commits; the changes of threads that wait share one commit. */
enum rc journal_write(struct journal *journal,
    enum rc (*apply)(struct journal *journal, void *arguments),
    void *arguments);
enum rc journal_write_soft(struct journal *journal,
    enum rc (*apply)(struct journal *journal, void *arguments),
    void *arguments);
/* The same for what only reads: one view of the journal. */
enum rc journal_read(struct journal *journal,
    enum rc (*apply)(struct journal *journal, void *arguments),
    void *arguments);

/*
 * Inside apply.  An error is kept in the journal, and from then on nothing
 * has an effect and no row comes, so that nobody has to look in between.
 *
 * The statement of a text that lives for ever, with its parameters bound:
 * i int64_t, t const char * (NULL: null), b struct bytes (no bytes: null).
 * What is bound has to live until the statement is over.  NULL on error.
 */
sqlite3_stmt *journal_query(struct journal *journal, const char *text,
    const char *types, ...);
/* Whether there is a next row; the statement is over where there is none. */
bool journal_next(struct journal *journal, sqlite3_stmt *statement);
/* Ends a statement early.  NULL is fine. */
void journal_over(sqlite3_stmt *statement);
/* All of a statement that gives no rows; how many rows it changed. */
int journal_do(struct journal *journal, const char *text,
    const char *types, ...);
/* The first column of its only row, a number; otherwise where there is none
 * or null. */
int64_t journal_number(struct journal *journal, int64_t otherwise,
    const char *text, const char *types, ...);
/*
 * Reading rows.  What is stored is input: nothing takes a column but by
 * these, which hold it to what a journal writes there.  What does not fit is
 * damage: the first such column of a row is logged, the reader is marked,
 * and what comes back is harmless (the least number, an empty text, no
 * bytes).  Then the call ends with RC_CORRUPT and changes nothing; a lenient
 * reader leaves that to its caller, who passes over the row, and
 * journal_read answers RC_CORRUPT in place of RC_OK.
 */
struct journal_reader {
	struct journal *journal;
	sqlite3_stmt *row;
	const char *table;		/* for the log, as the next */
	int64_t number;			/* the row's seq; 0: it has none */
	bool lenient;
	bool damaged;
};

/* What a number may be. */
enum journal_kind {
	JOURNAL_IS_ANY,			/* any number, but a number */
	JOURNAL_IS_ROW,			/* 1 and up: a seq, a claim */
	JOURNAL_IS_RUNNER,		/* 0: none */
	JOURNAL_IS_COUNT,
	JOURNAL_IS_SMALL,		/* attempts, ordinals, steps, turns */
	JOURNAL_IS_STATE,
	JOURNAL_IS_FLAG,
	JOURNAL_IS_CODE,		/* of an outcome */
	JOURNAL_IS_TIME,
	JOURNAL_IS_EXPIRY,		/* may be never */
	JOURNAL_IS_PID,
	JOURNAL_IS_START
};

int64_t journal_int(struct journal_reader *reader, int column,
    enum journal_kind kind);

/* What a text may be; the longest of each fits what receipt, hook and event
 * have for it. */
enum journal_form {
	JOURNAL_TEXT_ID,		/* a UUID */
	JOURNAL_TEXT_HOOK,
	JOURNAL_TEXT_EVENT,
	JOURNAL_TEXT_DIGEST,
	JOURNAL_TEXT_OUTCOME,
	JOURNAL_TEXT_REMOTE,
	JOURNAL_TEXT_NOTE		/* of a runner or a rule, or empty */
};

/* It lives until the statement goes on. */
const char *journal_text(struct journal_reader *reader, int column,
    enum journal_form form);
/* Into what has room for the longest of its form. */
void journal_text_into(struct journal_reader *reader, int column,
    enum journal_form form, char *into);
/* From the pool. */
const char *journal_text_copy(struct journal_reader *reader, int column,
    enum journal_form form, struct pool *pool);
/* A body, which has bytes; a tail, which may have none or be null. */
struct bytes journal_body_copy(struct journal_reader *reader, int column,
    struct pool *pool);
struct bytes journal_tail_copy(struct journal_reader *reader, int column,
    struct pool *pool);
/* False where there is none. */
bool journal_key_into(struct journal_reader *reader, int column,
    uint8_t key[JOURNAL_KEY]);
/* Damage that only the caller can see: what the column holds. */
void journal_damage(struct journal_reader *reader, int column,
    const char *why);

/* Finds and trusts the files, and makes the first one where flags say so.
 * As journal_open. */
enum rc journal_files_find(struct journal *journal, const char *path);
/* Opens the locks, and notes which files are open.  RC_CONFIG, logged. */
enum rc journal_files_note(struct journal *journal);
/*
 * Whether what was noted still lies there: else an error, and where a file
 * was removed or replaced the journal is gone for good, which is logged
 * once.  With the connection held.
 */
int journal_files_look(struct journal *journal);
/* Before the connection is closed: no file of others may go with it. */
void journal_files_leave(struct journal *journal);
void journal_files_free(struct journal *journal);

/* What an error of the store is to callers. */
enum rc journal_meaning(int error);

/* Makes and migrates the tables.  RC_CONFIG, logged. */
enum rc journal_migrate(struct journal *journal);
/*
 * Brings the schema from its version to the number of steps, one
 * transaction each; for journal_migrate and its test.
 */
enum rc journal_migrate_steps(struct journal *journal,
    const char *const *steps, int n);

/* The digest a key is kept as, or no bytes for no key. */
enum rc journal_digest(struct bytes key, uint8_t into[JOURNAL_KEY],
    struct bytes *digest);

/* Runners.  Inside a change: makes this process one. */
void journal_runner_begin(struct journal *journal);
/* Undoes that where the transaction came to nothing. */
void journal_runner_forget(struct journal *journal);
bool journal_runner_lives(struct journal *journal, int64_t runner);
/* Takes out a runner that is gone, with its keys, unless it has claims. */
void journal_runner_remove(struct journal *journal, int64_t runner);
/* A claim's slot for its note, or RC_MISSING: all are taken. */
enum rc journal_slot_take(struct journal *journal,
    struct journal_claim *claim);
/* Inside a change, once a claim has its number: notes that nothing of it
 * runs yet. */
void journal_slot_begin(struct journal *journal,
    const struct journal_claim *claim);
/* Gives it back. */
void journal_slot_leave(struct journal_claim *claim);

/* Inside apply: whether others noted other rules of a hook than these; NULL:
 * any will do. */
bool journal_is_overtaken(struct journal *journal, const char *hook,
    const char *digest);
/* Inside apply: how long a hook's events are kept by rules that are noted
 * and newer than that time, and what is the least of all. */
int64_t journal_kept(struct journal *journal, const char *hook,
    int64_t time, int64_t otherwise);
int64_t journal_kept_least(struct journal *journal, int64_t otherwise);

/* Inside apply: the event of a prefix of an ID.  RC_MISSING, RC_RANGE. */
enum rc journal_find(struct journal *journal, const char *prefix,
    int64_t *event);
/* Inside apply: an event, its texts and body from the pool.  False: it is
 * damaged or not there, which was logged. */
bool journal_read_event(struct journal *journal, int64_t seq,
    struct pool *pool, struct journal_event *event);
/* Inside a change, for one delivery that leaves or enters the queue. */
/* The event has a delivery less that is queued or running. */
void journal_event_closed(struct journal *journal, int64_t event);
void journal_event_opens(struct journal *journal, int64_t event);
/* How many undelivered events a hook has, and that it has one more. */
int64_t journal_opened(struct journal *journal, const char *hook);
void journal_open_one(struct journal *journal, const char *hook);
/* Writes what the transaction counted; before its commit. */
void journal_count(struct journal *journal);
/* Counts what is done or dropped. */
void journal_tally(struct journal *journal, int64_t event, int state,
    int by);
/*
 * What cannot be right is set aside, so that it neither is lost nor holds up
 * the others: a delivery that is queued, or running for nobody, is dead,
 * with an attempt that says why.  What it held back goes on.  An empty hook:
 * it is not known.
 */
void journal_set_aside(struct journal *journal, int64_t seq,
    const char *hook, int64_t now);
/* Lets the first queued delivery of a key go, unless one is running. */
void journal_rekey(struct journal *journal, struct bytes key);

#endif
