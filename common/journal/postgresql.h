/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_POSTGRESQL_H
#define PELIHOOK_JOURNAL_POSTGRESQL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/rc.h"
#include "journal/journal.h"
#include "journal/postgresql_session.h"

/*
 * What the files share that keep a journal in a PostgreSQL database:
 * postgresql_link (the session in which it reads and writes), _life (that of
 * a runner), _open, _check (what an administrator is told of it), and postgresql (statements and transactions, and the
 * engine that all of it is).
 */
struct journal;
struct journal_claim;
struct journal_note;
struct journal_orphan;

/* The life of this process as a runner, in a session of its own. */
struct postgresql_life {
	pthread_mutex_t lock; /* guards what is not atomic */
	pthread_cond_t told;  /* the thread: to look whether it is to end */
	pthread_t thread;
	bool running; /* the thread does */
	bool ending;  /* it is told to */
	bool drains;  /* it has the lock of its machine's drain */
	struct postgresql_session *session;
	int64_t retry_at;	/* to connect again; clock_steady */
	bool locked;		/* the runner's lock is held in the session */
	_Atomic int64_t runner; /* 0: none is alive here */
	int64_t until;		/* its lease, clock_boot; CLOCK_NEVER: none */
	struct journal_lease lease;
	bool warned;	    /* that it is going to be over */
	atomic_bool lapsed; /* a lease was over */
};

struct postgresql {
	struct postgresql_session *session; /* NULL: it is lost */
	char *uri;			    /* as in the configuration */
	int64_t class;			    /* of the advisory locks */
	_Atomic int64_t ahead; /* the database's clock before clock_boot */
	_Atomic int64_t doubt; /* of that, milliseconds */
	int64_t retry_at;      /* to connect again; clock_steady */
	bool refused;	       /* it will not be better by itself */
	int64_t told_at;       /* of trouble, in the log; the same */
	uint64_t changed;      /* rows, by the last statement */

	/* Of the transaction that is open. */
	bool writes;
	bool open;	/* and not in doubt */
	bool wrote;	/* something */
	int64_t number; /* that this runner gave its last commit */

	int64_t lock_timeout; /* of the session, milliseconds */
	int64_t measured_at;  /* ahead was; clock_boot */
	int64_t planned_at;   /* statements were, at the earliest; the same */

	struct postgresql_life life;
};

/*
 * Locks are of two numbers, the class, which no other journal of the database
 * has, and one of these or the number of a runner, from 1.
 */
enum {
	POSTGRESQL_LOCK_WRITER = 0,
	POSTGRESQL_LOCK_TABLES = -1,
};

/* Those of this database that are held, as l; class is as
 * postgresql_shown_class says. */
#define SQL_LOCKS(class, number)                                               \
	"pg_locks l WHERE l.locktype = 'advisory' AND l.objsubid = 2"          \
	" AND l.granted AND l.database = (SELECT d.oid FROM pg_database d"     \
	" WHERE d.datname = current_database())"                               \
	" AND CAST(l.classid AS bigint) = " class                              \
	    " AND CAST(l.objid AS bigint) = " number

/* The class as the server shows it, which has no sign there. */
int64_t postgresql_shown_class(const struct postgresql *postgresql);

/* How long an answer is waited for, milliseconds. */
enum { POSTGRESQL_ANSWER = 15000 };

/* Time of the database, in milliseconds as those of clock_wall. */
#define SQL_CLOCK                                                              \
	"CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS bigint)"

/* Takes time for the database's at a moment between when it was asked for
 * (clock_boot) and now. */
void postgresql_measure(struct postgresql *postgresql, int64_t asked,
    int64_t time);
/*
 * Keeps what the session's last call ended with as the journal's failure; a
 * session that is lost is closed.  Whether it was fine.
 */
bool postgresql_keep_end(struct journal *journal, enum postgresql_end end);
/* Connects again where the session is lost.  Whether there is one; else the
 * failure is kept, and logged. */
bool postgresql_connect(struct journal *journal);
/* Logs a sentence about the database; while it is away, now and then. */
void postgresql_tell(struct journal *journal, const char *what);
/* Until when an answer is waited for: the journal may read for less. */
int64_t postgresql_deadline(const struct journal *journal);

/* Runs commands outside of a transaction of the journal; what fails is logged,
 * and where it is of the tables or their rights RC_CONFIG. */
enum rc postgresql_run(struct journal *journal, const char *commands,
    struct postgresql_result *result);
/* Logs why the journal cannot be used.  RC_CONFIG. */
enum rc postgresql_refuse(struct journal *journal, const char *what);

/* Operations of struct journal_engine. */
enum rc postgresql_open_journal(struct journal *journal, const char *uri);
enum rc postgresql_can_make(struct journal *journal);
enum rc postgresql_inspect(struct journal *journal);
enum rc postgresql_warn(struct journal *journal, struct buf *warnings);
void postgresql_close_journal(struct journal *journal);

void postgresql_hold(struct journal *journal);
void postgresql_release(struct journal *journal);
bool postgresql_lives(struct journal *journal, int64_t runner);
void postgresql_place(const struct journal *journal, char *place);
bool postgresql_has_lapsed(const struct journal *journal);
void postgresql_set_lease(struct journal *journal,
    const struct journal_lease *lease);
void postgresql_note_nothing(struct journal *journal,
    const struct journal_claim *claim);
enum rc postgresql_note(const struct journal_claim *claim,
    const struct journal_note *note);
void postgresql_find_note(struct journal *journal, int64_t region, int64_t slot,
    struct journal_orphan *orphan);
enum rc postgresql_drain_lock(struct journal *journal);
void postgresql_drain_unlock(struct journal *journal);
/* The life before its first runner; and ends its thread and session. */
void postgresql_life_begin(struct postgresql *postgresql);
void postgresql_life_end(struct postgresql *postgresql);

#endif
