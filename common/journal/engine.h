/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_ENGINE_H
#define PELIHOOK_JOURNAL_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "journal/statement.h"

struct journal;
struct journal_claim;
struct journal_lease;
struct journal_note;
struct journal_orphan;

/*
 * What a database has to be able to do for a journal to be kept in it.  Only
 * the files that are named for a database know which one it is; all others
 * write SQL that each of them runs (sql.h), and come here by statement.h,
 * transaction.h, runner.h and journal.h.
 *
 * All of it is called with the connection held, unless it says otherwise.
 * What returns nothing keeps its failure in the journal (journal_fail).
 */

enum journal_access {
	JOURNAL_ACCESS_READ,	/* one view of the journal */
	JOURNAL_ACCESS_WRITE,	/* alone, and on the disk once committed */
	JOURNAL_ACCESS_RELAXED, /* alone; need not survive the machine */
};

struct journal_engine {
	bool shared; /* by machines, as journal_is_shared */

	/*
	 * The life of a journal.
	 */

	/* Connects, and makes the tables or brings them to this release's, as
	 * the journal's flags allow; errors as of journal_open, logged. */
	enum rc (*open)(struct journal *journal, const char *name);
	/* Looks through what is stored, as journal_try says.  RC_CONFIG,
	 * logged; RC_MEMORY. */
	enum rc (*inspect)(struct journal *journal);
	/* Where open found no journal: whether one could be made here, of which
	 * nothing is left.  RC_CONFIG, logged; RC_STORE.  NULL: that is not
	 * asked for. */
	enum rc (*can_make)(struct journal *journal);
	/* As the warnings of journal_try, also where there is no journal yet;
	 * NULL: there are none. */
	enum rc (*warn)(struct journal *journal, struct buf *warnings);
	/* After an open that failed, too. */
	void (*close)(struct journal *journal);
	/* As journal_is_same and journal_is_named; without the connection. */
	bool (*is_same)(const struct journal *journal,
	    const struct journal *other);
	bool (*is_named)(const struct journal *journal, const char *name);

	/*
	 * Transactions.
	 */

	/* Waits for its turn where it writes; at most as long as the journal's
	 * timeouts say. */
	void (*begin)(struct journal *journal, enum journal_access access);
	/* Has an effect only where nothing failed; where it fails itself
	 * nothing of the transaction has happened. */
	void (*commit)(struct journal *journal);
	/* Logs the failure that is kept, unless that was done or needs no
	 * words, ends all statements, and brings the connection back to where
	 * the next transaction can begin. */
	void (*roll_back)(struct journal *journal);
	/* After the end of one that wrote, whatever came of it; NULL: there is
	 * nothing to be done then. */
	void (*leave)(struct journal *journal, enum journal_access access);
	/* Whether somebody else may have changed something since the last
	 * call. */
	void (*look)(struct journal *journal, bool *changed);
	/* That journal->deadline is another one; NULL: it is looked at with
	 * each statement. */
	void (*heed_deadline)(struct journal *journal);
	/* How far the clock of all that is due is ahead of clock_wall,
	 * milliseconds; NULL: it is that.  Without the connection. */
	int64_t (*ahead)(const struct journal *journal);

	/*
	 * Statements, as statement.h has them.
	 */

	/* NULL, with a failure kept. */
	void *(*prepare)(struct journal *journal, const char *text);
	void (*finalize)(void *statement);
	void (*bind)(struct journal *journal, void *statement,
	    struct journal_values values);
	/* All of one whose rows and changes nobody needs, which may still fail
	 * when the next is asked for; NULL: it is bound and stepped. */
	void (*send)(struct journal *journal, const char *text,
	    struct journal_values values);
	/* Whether there is a next row; false also where that failed. */
	bool (*step)(struct journal *journal, void *statement);
	/* Gives back what its rows take; it can be bound anew then. */
	void (*end)(void *statement);
	/* Of the statement that was stepped to its end last. */
	int (*changes)(struct journal *journal);
	enum journal_type (*column_type)(void *statement, int column);
	int64_t (*column_int)(void *statement, int column);
	struct bytes (*column_text)(void *statement, int column);
	bool (*column_bytes)(struct journal *journal, void *statement,
	    int column, struct bytes *bytes);
	const char *(*column_name)(void *statement, int column);

	/*
	 * Runners, as runner.h and journal.h have them.
	 */

	/* Inside a change, once journal->runner has its row: holds what tells
	 * that it lives. */
	void (*hold)(struct journal *journal);
	/* Lets go of it. */
	void (*release)(struct journal *journal);
	/* Whether the process has to become another runner, as its life was
	 * over for too long; NULL: it never is. */
	bool (*has_lapsed)(const struct journal *journal);
	/* As journal_set_lease; NULL: no effect.  Without the connection. */
	void (*set_lease)(struct journal *journal,
	    const struct journal_lease *lease);
	/* In doubt it lives. */
	bool (*lives)(struct journal *journal, int64_t runner);
	/* Of journal->runner, in JOURNAL_PLACE_SIZE bytes; without the
	 * connection. */
	void (*place)(const struct journal *journal, char *place);
	/* Notes what runs under a claim of this process; from any thread,
	 * without the connection. */
	enum rc (*note)(const struct journal_claim *claim,
	    const struct journal_note *note);
	/* Inside a change: that nothing of a claim runs yet. */
	void (*note_nothing)(struct journal *journal,
	    const struct journal_claim *claim);
	/* Inside a transaction. */
	void (*find_note)(struct journal *journal, int64_t region, int64_t slot,
	    struct journal_orphan *orphan);
	/* Without the connection. */
	enum rc (*drain_lock)(struct journal *journal);
	void (*drain_unlock)(struct journal *journal);

	/*
	 * Room on the disk, as journal.h has it; they hold the connection
	 * themselves.  NULL, but for size: the database looks after that.
	 */
	enum rc (*trim)(struct journal *journal, int64_t size);
	enum rc (*shrink)(struct journal *journal, bool whole, bool *more);
	enum rc (*rebuild)(struct journal *journal);
	enum rc (*size)(struct journal *journal, int64_t *size);
	int64_t (*log_size)(const struct journal *journal);
};

/* A file, and a database on a server. */
extern const struct journal_engine journal_sqlite;
extern const struct journal_engine journal_postgresql;

#endif
