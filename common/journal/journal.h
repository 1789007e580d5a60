/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_JOURNAL_H
#define PELIHOOK_JOURNAL_JOURNAL_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/crypto.h"
#include "base/limits.h"
#include "base/outcome.h"
#include "base/pool.h"
#include "event/receipt.h"

/*
 * The durable queue's store: events, their deliveries and attempts, the keys
 * by which events are known again, and the runners that hold claims.  Any
 * number of processes share one journal, and the threads of a process share
 * one struct journal.  It must not cross a fork.  Nothing here tells what
 * the store is made of.
 *
 * Where no other error is named, every function that takes a journal may
 * return RC_STORE (disk full, input/output error), RC_LOCKED (others kept it
 * locked for longer than the busy timeout), RC_CORRUPT (what is stored cannot
 * be right; the log says what) and RC_MEMORY; nothing has changed then.  A
 * change that was answered RC_OK is on the disk.  Times are
 * milliseconds of clock_wall and come in as arguments.
 *
 * Where a file of the journal is removed or replaced while it is open, all
 * of that is RC_STORE from then on, for as long as it stays open: what would
 * be written could be read by nobody, and what others do is not seen.
 */
struct journal;

enum {
	JOURNAL_CREATE = 1, /* make it where there is none */
	/* A process of one request: it leaves tidying to the runners. */
	JOURNAL_BRIEF = 2,
	/*
	 * This process's end is that of all of its PID namespace, though it
	 * is not its first (init.h).
	 */
	JOURNAL_SERVED = 4,
	/*
	 * It waits for others for a third of a second at a time, in which it
	 * is opened too, and what it writes need not survive the machine.
	 */
	JOURNAL_HASTY = 8,
	/*
	 * It only looks, over a connection that cannot write: a change is
	 * RC_STORE.  It makes, renews and repairs nothing, so that a journal
	 * of an earlier release, or one that was put back without its
	 * -runners, is RC_RANGE, which is not logged, and one that has no
	 * tables yet RC_MISSING; to close it leaves the files as they
	 * are.  It is opened within a second and a half, or RC_LOCKED.
	 */
	JOURNAL_LOOKS = 16,
};

enum { JOURNAL_KEY = 32 }; /* a key, as the journal keeps it */
enum { JOURNAL_WAKEUPS = 2 };

/*
 * name: the path of a file, or the URI of a PostgreSQL database (libpq's,
 * postgresql:...).
 *
 * The directory and each file of the journal have to belong to this
 * process's user, and be writable by nobody else; what is created is 0600.
 * RC_MISSING: there is none, and no JOURNAL_CREATE.  RC_CONFIG: no journal,
 * made by a newer release, files that cannot be trusted, or some that are
 * left of one that is gone.  All errors are logged.
 */
enum rc journal_open(const char *name, unsigned flags, struct journal **out);
/*
 * For who only asks whether it can be used: opens it and looks through what
 * is stored, for two seconds at most; in a database, whether its user may read
 * and write the tables, or could make them.  *out is left alone where there is
 * no journal yet or others keep it locked, which is no fault of it.  RC_CONFIG:
 * logged; RC_MEMORY.
 *
 * Unless it is NULL, warnings gets a line for each thing that the database is
 * set to, or that is done there, by which events may be lost or the queue gets
 * slow.
 */
enum rc journal_try(const char *name, struct buf *warnings,
    struct journal **out);
/*
 * Ends the runner too.  Once no thread is in it any more and no change is left
 * whose waiter was not told.  NULL is fine.
 */
void journal_close(struct journal *journal);
/* A file of it was taken away or replaced: nothing can be done with it in this
 * process any more. */
bool journal_is_gone(const struct journal *journal);
/* Whether all files of both are the same ones, as they were opened; or both
 * have the same URI. */
bool journal_is_same(const struct journal *journal,
    const struct journal *other);
/* Whether other machines may have it open: it is in a database. */
bool journal_is_shared(const struct journal *journal);
/*
 * Of a journal in a database: how long others take a runner to live after it
 * said so last, and what is told where it cannot say so any more.
 */
struct journal_lease {
	int64_t length;	    /* milliseconds; 60000 unless set */
	int64_t kill_after; /* that ending what runs may take, the same */
	/*
	 * left milliseconds, and what this runner runs has to be gone: others
	 * may run it then.  CLOCK_NEVER: that is over.  In a thread of the
	 * journal's, which it must not hold up; not after the journal was
	 * given another lease.
	 */
	void (*lapse)(void *context, int64_t left);
	void *context;
};

/* No effect on a journal that is a file.  NULL: nobody is told any more. */
void journal_set_lease(struct journal *journal,
    const struct journal_lease *lease);
/*
 * How long a change waits for its turn among those of other processes, and
 * then where somebody who takes no turn keeps the journal locked; both in
 * milliseconds, 20000 and 5000 unless set.
 */
void journal_set_busy_timeout(struct journal *journal, int64_t busy_timeout);
/* Those of one that was opened without JOURNAL_HASTY. */
void journal_reset_busy_timeout(struct journal *journal);
/*
 * What is still being read at this moment of clock_steady, or waits for others
 * to read, is RC_SLOW, as is all that is read later; it is not logged.
 * CLOCK_NEVER: it may take as long as it takes.  Changes do not heed it.
 */
void journal_set_deadline(struct journal *journal, int64_t deadline);
/*
 * An eventfd, borrowed until it is removed, that is written to when this
 * process makes a delivery due; JOURNAL_WAKEUPS of them at most.
 */
void journal_add_wakeup_fd(struct journal *journal, int eventfd);
void journal_remove_wakeup_fd(struct journal *journal, int eventfd);
/* What it is now for all that is due there; milliseconds as of clock_wall,
 * which it is where the journal is a file, or NULL. */
int64_t journal_now(const struct journal *journal);
/* How far that is ahead of clock_wall; what this machine's clock said needs as
 * much more. */
int64_t journal_ahead(const struct journal *journal);
/* The tables of a journal in a PostgreSQL database, for whoever makes them by
 * hand: SQL for psql. */
const char *journal_schema_text(void);
/* The store's name and version, for -V. */
const char *journal_version(void);

/* Room on the disk. */

/* What the write-ahead log takes as a rule, bytes: more is what somebody who
 * read for long has left. */
enum { JOURNAL_LOG_USUAL = 4 * 1024 * 1024 };

/*
 * Puts what is in the write-ahead log into the file and the log's room back,
 * where the log is larger than this.  It waits for nobody: RC_LOCKED, not
 * logged, where others read or write just now.
 */
enum rc journal_trim(struct journal *journal, int64_t size);
/*
 * One small step of giving free room in the file back: as far as there is
 * more than what comes next may want, or, where whole, all of it.  more: there
 * may be another step.  RC_LOCKED, not logged, also where somebody reads for
 * long: what moves would pile up in the write-ahead log.  It comes to nothing in a journal of the first
 * release, which only journal_rebuild makes fit for it.
 */
enum rc journal_shrink(struct journal *journal, bool whole, bool *more);
/*
 * Makes such a journal anew, without free room; no effect on others.  Nobody
 * else can write until it is done, and it takes about twice the room of what
 * is stored meanwhile: RC_STORE, logged, where that is not there.  For a
 * process without other threads: it sets SQLITE_TMPDIR.
 */
enum rc journal_rebuild(struct journal *journal);
/* What the write-ahead log takes, bytes; 0: that is not known. */
int64_t journal_log_size(const struct journal *journal);
/* What the journal's files take, bytes; RC_STORE where one is not there. */
enum rc journal_size(struct journal *journal, int64_t *size);

/* Storing. */

/* What an event is ordered or known again by, as the journal keeps it. */
struct journal_key {
	bool is; /* false: the event has none */
	uint8_t digest[JOURNAL_KEY];
};

/*
 * The key of a text that tells events apart: event_order_key's, within a
 * lane, and event_dedupe_key's.  No text, no key.  RC_SYSTEM, RC_MEMORY.
 */
enum rc journal_order_key(const char *hook, const char *lane, struct bytes text,
    struct journal_key *key);
enum rc journal_dedupe_key(struct bytes text, struct journal_key *key);

/*
 * Who is told what became of a change that nobody waits for; the caller's
 * memory until done is called.
 */
struct journal_waiter {
	/*
	 * The bytes of the entry are in the store's hands: its body is not
	 * looked at again, whatever comes of it.  In whichever thread writes,
	 * inside its transaction: it must not wait, nor ask for anything of
	 * the journal.  NULL is fine.
	 */
	void (*taken)(struct journal_waiter *waiter);
	/*
	 * Once, in whichever thread wrote it, maybe before the call that asked
	 * for it returns: RC_OK is on the disk.  It must not wait for
	 * anything, and may ask for another change that nobody waits for.
	 */
	void (*done)(struct journal_waiter *waiter, enum rc rc);
	struct journal_pending *pending; /* the journal's own */
};

/*
 * Changes that nobody waits for are written by a thread that happens to
 * write, which does not stay for what comes meanwhile, or by the helper: call
 * is called, once for all that come before he does, and some thread has to
 * call journal_lead soon; false: none does.  Then, and where call is NULL,
 * whoever asked writes, and stays.
 */
void journal_set_helper(struct journal *journal, bool (*call)(void *context),
    void *context);
/* Writes what nobody waits for, until nothing is left. */
void journal_lead(struct journal *journal);

enum { JOURNAL_LANE_SIZE = 72 }; /* of a lane's key, with its NUL */

/* Where a delivery goes. */
struct journal_route {
	const char *lane; /* its key; "" where no line takes it */
	int line;	  /* the number of its `on` line, from 0; or -1 */
	struct journal_key order;
};

/* Which pipeline and run an event speaks of; empty where it is not known. */
struct journal_subject {
	const char *pipeline; /* what tells it from others */
	const char *name;     /* how it is shown, also where that is its
			       * identity */
	const char *run;
};

/* Puts copies from the pool in the place of its texts.  RC_MEMORY. */
enum rc journal_subject_keep(struct pool *pool,
    struct journal_subject *subject);

/* An event to be kept. */
struct journal_entry {
	const struct receipt *receipt;
	const char *hook;
	const char *event;
	const struct journal_subject *subject; /* NULL: nothing is known */
	struct bytes body;
	const struct journal_key *dedupe; /* NULL is none */
	int64_t dedupe_window;
	unsigned max_queue;
	const struct journal_route *routes; /* one for each delivery */
	size_t routes_len;		    /* at least 1 */
	/* Of the rules that say so (conf_routing): where others are noted, or
	 * none, journal_move has to look at the event before it is claimed. */
	const char *routing;
	/* Of its configuration, absolute; NULL: whosever the hook is. */
	const char *file;
};

/*
 * Stores an event with its deliveries, and claims its dedupe key, in one
 * transaction; those that come at the same time share one commit.  The entry
 * itself is copied; what it points to is borrowed until done, the body until
 * taken, where that comes before.
 * The waiter is told what became of it.  RC_DUPLICATE: the key was handled or
 * stored before.  RC_PENDING: its command is being waited for.  RC_QUEUE_FULL.
 * RC_RANGE: a body that no journal holds.  RC_CONFIG: the hook is noted as
 * another file's; where it is nobody's yet, it is noted as this one's.
 */
void journal_append(struct journal *journal, const struct journal_entry *entry,
    struct journal_waiter *waiter);

/* What is kept of an event that is not stored. */
struct journal_record {
	const struct receipt *receipt;
	const char *hook;
	const char *event;
	const struct journal_subject *subject;
	bool watched; /* whoever runs the queue is to look at once */
};

/*
 * Keeps it, without a sync, until journal_assemble has come to it: its place is
 * after all events that are stored by then.  The record is copied; all that it
 * points to is borrowed until done.
 */
void journal_record(struct journal *journal,
    const struct journal_record *record, struct journal_waiter *waiter);

/*
 * For hooks that wait: claims a key before the command.  RC_DUPLICATE and
 * RC_PENDING as above.  The claim lasts until journal_key_done (the key is
 * known until expires) or journal_key_free, or until this process is gone.
 * All of them copy the key, and tell the waiter what became of it.
 */
void journal_key_claim(struct journal *journal, const struct journal_key *key,
    int64_t now, struct journal_waiter *waiter);
void journal_key_done(struct journal *journal, const struct journal_key *key,
    int64_t expires, struct journal_waiter *waiter);
void journal_key_free(struct journal *journal, const struct journal_key *key,
    struct journal_waiter *waiter);

/* Ends being a runner, with the keys it claimed: for a process that will not
 * close its journal. */
void journal_retire(struct journal *journal);

/* Running. */

enum journal_state {
	JOURNAL_QUEUED, /* also: waiting for a retry */
	JOURNAL_RUNNING,
	JOURNAL_DONE,
	JOURNAL_DEAD,
	JOURNAL_DROPPED,
};

/* queued, running, done, dead, dropped. */
const char *journal_state_name(enum journal_state state);
/* RC_SYNTAX. */
enum rc journal_state_find(const char *name, enum journal_state *state);

struct journal_event {
	struct receipt receipt;
	const char *hook;
	const char *name;
	/* Identities, and how the pipeline is shown; empty where they are not
	 * known. */
	const char *pipeline;
	const char *shown;
	const char *run;
	struct bytes body;
};

/* A lane of a hook, and how the journal calls it. */
struct journal_lane {
	const char *key;
	int64_t id; /* what came of it; 0: its hook's rules do not count */
};

/* By what a hook's events are run and kept. */
struct journal_rules {
	const char *hook;
	const char *digest;  /* of what they are run by, in hex */
	const char *routing; /* of what tells an event's lanes, in hex */
	struct journal_lane *lanes;
	size_t lanes_len;
	/* Of their file, nanoseconds since 1970.  What comes of it, where
	 * machines share the journal: when it saw them first. */
	int64_t time;
	int64_t keep; /* as of journal_keep */
	int64_t keep_dead;
	const char *file; /* absolute; NULL: whosever the hook is */
	bool queues;	  /* its events are kept, and so it is noted as its */
	/* What came of it. */
	bool older;    /* others noted other rules, of a file that
				 * is as new or newer */
	int64_t noted; /* that file's time */
	bool foreign;  /* it is another file's hook: nothing was noted */
	/* Runners that live have other hooks, or other rules of them: what no
	 * line takes here may be theirs. */
	bool disputed;
};

/*
 * Notes the rules of each hook in place of none or of those of an older
 * file, and says which of them are older than what is noted.  Where their
 * routing is another one than before, all that is undelivered has to be moved
 * before anything of the hook is claimed.
 */
enum rc journal_note_rules(struct journal *journal, struct journal_rules *list,
    size_t n);
/*
 * Of a journal that machines share: makes this process a runner with these
 * hooks, as journal_note_rules does too.  No effect on others.
 */
enum rc journal_tell_hooks(struct journal *journal,
    const struct journal_rules *list, size_t n);

enum { JOURNAL_HOOKS_SIZE = 2 * CRYPTO_DIGEST + 1 };

/* A runner that lives. */
struct journal_runner {
	int64_t number;
	const char *machine; /* as machine-id(5) names it */
	int64_t pid;
	const char *hooks; /* a digest of all that it runs */
};

/* All of a journal that machines share that have said what they run; none of
 * another.  As journal_list for the rest. */
enum rc journal_runners(struct journal *journal,
    enum rc (*each)(void *context, const struct journal_runner *runner),
    void *context);

enum { JOURNAL_FILE_SIZE = PATH_MAX };

/* The file that a hook is noted as the one of.  RC_MISSING: none, as of each
 * hook of a journal that machines share. */
enum rc journal_source_find(struct journal *journal, const char *hook,
    char file[JOURNAL_FILE_SIZE]);
/* Gives a hook of one file to another one, unless somebody else did. */
enum rc journal_source_change(struct journal *journal, const char *hook,
    const char *from, const char *to);
/* Whether a name, as of journal_open, leads to this journal. */
bool journal_is_named(const struct journal *journal, const char *name);

/* A lane whose deliveries may be claimed, and how many at once. */
struct journal_limit {
	int64_t lane;	      /* journal_note_rules tells it */
	unsigned concurrency; /* runs at once, over all processes; 0: none */
	unsigned batch;	      /* most deliveries of one run */
	/* Of its hook, borrowed: while others are noted, or something has to
	 * be moved by them first, nothing is claimed. */
	const struct journal_rules *rules;
};

struct journal_limits {
	const struct journal_limit *list; /* by lane, ascending */
	size_t n;
	/* All that a lane is of, sorted by their hooks' bytes. */
	const struct journal_rules *rules;
	size_t rules_len;
};

/* A delivery that was claimed: this process alone may run it. */
struct journal_delivery {
	int64_t seq;	  /* the order of commit */
	unsigned ordinal; /* of its event's deliveries, from 0 */
	int line;	  /* the number of its `on` line; -1: none takes it */
	unsigned attempt; /* of the try that begins: 1, 2, ... */
	unsigned step;	  /* pauses of the schedule that are used up */
	unsigned lost;	  /* tries in a row that did not end themselves */
	bool ordered;
	uint8_t key[JOURNAL_KEY];
	struct journal_event event;
};

/* What one run may take: deliveries of one lane, oldest first. */
struct journal_claim {
	int64_t number;
	int64_t lane;
	struct journal *journal;
	int64_t runner; /* this process, as it was when it claimed */
	unsigned slot;	/* of the notes beside the journal, from 1 */
	size_t n;
	struct journal_delivery *deliveries;
	struct pool pool; /* holds them */
	/* As of journal_next_due, with this claim made; also where there was
	 * nothing to claim. */
	int64_t next;
	/* The same: something of these hooks has to be moved first. */
	bool unmoved;
};

/*
 * Claims what is due first.  A delivery that was never tried, or was cut
 * short, is due at once whatever the clock says; one that waits for a retry
 * is due when its pause is over, and the pause begins anew if the clock was
 * set to before its beginning.  What is damaged is not run: it is dead, with
 * an attempt whose outcome is `damaged'.  RC_MISSING: nothing is due, or
 * as much runs as may.  The first claim makes this process a runner: it
 * then holds a kernel lock for as long as the journal is open, and its claims
 * are void once that lock is free.  The caller frees the claim in the good
 * case.
 */
enum rc journal_claim_due(struct journal *journal,
    const struct journal_limits *limits, int64_t now,
    struct journal_claim *claim);
void journal_claim_free(struct journal_claim *claim);

/* A delivery of an event that is moved. */
struct journal_moving {
	unsigned ordinal;
	const char *lane;	    /* its key by now; NULL: it has none yet */
	bool open;		    /* it is queued or running; others stay */
	struct journal_route route; /* where it goes, if it is open */
};

/*
 * Says where the open ones of an event's deliveries go, which are all of
 * them, by ordinal; the texts of the routes are borrowed until the step is
 * over.  Inside the transaction: it must not ask for anything of the journal.
 * RC_MEMORY.
 */
struct journal_router {
	enum rc (*route)(void *context, const struct journal_rules *rules,
	    const struct journal_event *event, struct journal_moving *list,
	    size_t n);
	void *context;
};

/*
 * One small step of moving what is undelivered, and was stored or routed by
 * other rules than those that are noted, to where these say; of hooks whose
 * noted rules are those of limits.  Orders hold: what is running stays before
 * what is queued.  more: there may be another step.
 */
enum rc journal_move(struct journal *journal,
    const struct journal_limits *limits, const struct journal_router *router,
    int64_t now, bool *more);
/*
 * One small step of moving what an earlier release stored into the tables of
 * this one.  more: there may be another step.
 */
enum rc journal_renew(struct journal *journal, bool *more);

/*
 * One run of a claim's command, so that it can be found and ended by others
 * if this process is killed.
 */
struct journal_note {
	char mark[CRYPTO_MARK]; /* its PELIHOOK_CLAIM; empty: it has none */
	pid_t pid;		/* 0: it was not started yet */
	uint64_t start;		/* of that process (base/procfs.h) */
	pid_t session;		/* of its runner, and so its own */
	int64_t began;		/* clock_boot */
	int64_t limit;		/* when it is over at the latest, clock_boot */
};

/*
 * Notes the run of a claim beside the journal: before its start, without a
 * pid, and right after it; NULL once nothing of it runs.  It survives this
 * process, but not the machine.  RC_STORE, which is not logged; RC_MISSING: the
 * claim is lost, and others may have it.
 */
enum rc journal_note_run(const struct journal_claim *claim,
    const struct journal_note *note);

enum journal_verdict {
	JOURNAL_FINISH,	   /* done */
	JOURNAL_MARK_DEAD, /* dead */
	JOURNAL_DELAY,	   /* queued again, due after the pause */
	/* Queued again, due at once, not counted; but how many tries in a
	 * row ended so is. */
	JOURNAL_GIVE_BACK,
	JOURNAL_RETRY_NOW, /* still claimed; the next try begins */
};

/* What attempt it was: what is noted of it besides the verdict. */
enum journal_attempted {
	JOURNAL_NOT_RUN, /* none, and nothing is noted of it */
	JOURNAL_IGNORED, /* none, which is noted: no line runs it now */
	JOURNAL_RAN,	 /* how its command ended */
};

/* How one delivery of a claim ended. */
struct journal_settlement {
	int64_t seq;
	int64_t runner; /* of its claim; 0: this process as it is now */
	enum journal_verdict verdict;
	int64_t pause; /* for JOURNAL_DELAY */
	bool earlier;  /* this verdict is on tries that were lost */
	bool counts;   /* JOURNAL_GIVE_BACK: it was a try all the same */
	int64_t started;
	int64_t ended;
	enum journal_attempted attempted;
	enum run_end end; /* of JOURNAL_RAN */
	int code;
	struct bytes tail; /* the last of its output */
};

/* The word that is noted: ignored, or run_end_name's; NULL: none is. */
const char *journal_settlement_outcome(
    const struct journal_settlement *settlement);

/* All of them or none.  RC_MISSING: one that the claim does not hold, or not
 * any more. */
enum rc journal_settle(struct journal *journal,
    const struct journal_settlement *settlements, size_t n);

/*
 * When the next delivery of these lanes is due, of those of which more may
 * run: now or before where one is due at once or has to be moved first,
 * CLOCK_NEVER where there is none.
 */
enum rc journal_next_due(struct journal *journal,
    const struct journal_limits *limits, int64_t now, int64_t *due);
/* Whether another process changed the journal since the last call. */
enum rc journal_changed(struct journal *journal, bool *changed);

/* A claim whose runner is gone. */
struct journal_orphan {
	int64_t claim;
	int64_t runner;
	size_t n;	 /* deliveries */
	int64_t damaged; /* seq of one that nobody can hold, or 0 */
	/* A run of it may be there; without a mark and a pid nobody knows
	 * which, as its note cannot be read or is lost. */
	bool noted;
	struct journal_note note;
	bool same_boot;	 /* the machine was not started since */
	bool same_space; /* its processes can be looked at from here */
	bool first;	 /* its runner's end was that of all of them */
	unsigned attempt;
	char id[UUID_SIZE]; /* of the first delivery */
	char hook[HOOK_NAME_SIZE];
};

struct journal_orphans {
	struct journal_orphan *list;
	size_t n;
	bool foreign;	  /* live runners of other processes hold some */
	struct pool pool; /* holds the list */
};

/* The claims of runners that are gone.  The caller frees the pool in the
 * good case. */
enum rc journal_find_orphans(struct journal *journal,
    struct journal_orphans *out);
/*
 * Gives the deliveries of an orphan back: due at once, with an attempt whose
 * outcome is `lost'.  The runner is forgotten once it has no more of them.
 * Nothing happens where another process did it already.
 */
enum rc journal_reclaim(struct journal *journal,
    const struct journal_orphan *orphan, int64_t now);

/* For dispatch_alone, one process at a time: RC_PENDING while another one has
 * the lock. */
enum rc journal_drain_lock(struct journal *journal);
void journal_drain_unlock(struct journal *journal);

/* Operating. */

/* One delivery, and its event without the body. */
struct journal_row {
	int64_t seq;
	const char *id;
	const char *hook;
	const char *event;
	int64_t received;
	const char *lane; /* its key; "" where it has none yet */
	const char
	    *pipeline; /* how it is shown; "": not known, as the next two */
	const char *pipeline_id; /* what tells it from others */
	const char *run;
	bool pipeline_known; /* journal_pipelines tells of it */
	unsigned ordinal;
	enum journal_state state;
	unsigned attempts;
	int64_t due;	     /* 0 where it is not waiting for a retry */
	const char *outcome; /* of the last attempt, or empty */
	int code;
};

/* Puts copies from the pool in the place of its texts.  RC_MEMORY. */
enum rc journal_row_keep(struct pool *pool, struct journal_row *row);

struct journal_filter {
	int state;	  /* enum journal_state, or -1 */
	const char *hook; /* NULL: any; as the next */
	/* A name, or a glob or @group as `on` lines have them. */
	const char *event;
	const char *pipeline; /* its identity or how it is shown */
	int64_t since;	      /* received then or later */
	int64_t limit;
	/* Only what comes after this row of an earlier call with the same
	 * filter, its ID, ordinal and seq; NULL: from the newest on. */
	const struct journal_row *after;
};

/*
 * Newest first.  What each returns but RC_OK ends it and is returned.  The
 * journal is read as of one moment, and what others write meanwhile piles
 * up: long lists are better read in parts, with limit and after.  The texts
 * live for the call of each; each must not use the journal.  Damaged rows
 * are passed over, which ends in RC_CORRUPT.
 */
enum rc journal_list(struct journal *journal,
    const struct journal_filter *filter,
    enum rc (*each)(void *context, const struct journal_row *row),
    void *context);

struct journal_attempt {
	unsigned number;
	int64_t started;
	int64_t ended;
	const char *outcome;
	int code;
	struct bytes tail;
};

struct journal_delivery_report {
	unsigned ordinal;
	const char *lane; /* as of journal_row */
	enum journal_state state;
	unsigned attempts;
	int64_t due;	  /* 0 where it is not waiting for a retry */
	bool held;	  /* an earlier one of its order key is first */
	int64_t finished; /* 0: not yet */
	struct journal_attempt *list;
	size_t n;
};

struct journal_event_report {
	struct journal_event event;
	bool pipeline_known; /* journal_pipelines tells of its pipeline */
	struct journal_delivery_report *deliveries;
	size_t n;
};

enum { JOURNAL_MATCHES = 4 };

/* IDs, in full. */
struct journal_matches {
	char ids[JOURNAL_MATCHES][UUID_SIZE];
	size_t n;
};

/*
 * The events whose IDs begin or end with a text, in letters of either case;
 * as many of them as there is room for, those that begin so first.  Ends are
 * looked for along all events (1,000,000 take a tenth of a second), which an
 * ID in full needs not.  RC_MISSING: none; RC_RANGE: several.
 */
enum rc journal_match(struct journal *journal, const char *text,
    struct journal_matches *matches);

/* An event that a run or an action speaks of. */
struct journal_mention {
	const char *id; /* in full; "": of none */
	bool kept;
};

/* Which of n events are there: of many only what they said of runs is kept, and
 * what is over is taken out in the end. */
enum rc journal_find_kept(struct journal *journal,
    struct journal_mention *mentions, size_t n);

/*
 * All that is stored of an event, from the pool, by its ID, or by a text as of
 * journal_match.  RC_MISSING, RC_RANGE.  RC_CORRUPT: what is left
 * of it, without its damaged rows; where the event itself is damaged,
 * report is left alone.
 */
enum rc journal_show(struct journal *journal, const char *id, struct pool *pool,
    struct journal_event_report *report);
/* The body alone.  RC_MISSING; RC_CORRUPT: it is damaged. */
enum rc journal_body(struct journal *journal, const char *id, struct pool *pool,
    struct bytes *body);

/* How many deliveries, by the state that each was in before.  For the next
 * two NULL will do as well. */
struct journal_states {
	unsigned was[JOURNAL_DROPPED + 1];
};

/*
 * Back into the queue, with a new schedule, past dedupe and max-queue: the
 * deliveries of an event that are dead, dropped or wait for a retry; where
 * all are done, all of them; which it was.  RC_MISSING and RC_RANGE as above;
 * RC_PENDING: there is nothing to put back and some are queued or running.
 */
enum rc journal_retry(struct journal *journal, const char *id, int64_t now,
    struct journal_states *done);
/* All dead ones that the filter's hook, event and since let through; count
 * of them also where it ends in RC_CORRUPT, as damaged ones stay. */
enum rc journal_retry_dead(struct journal *journal,
    const struct journal_filter *filter, int64_t now, int64_t *count);
/* Gives an event up: what is queued or dead of it.  RC_MISSING, RC_RANGE;
 * RC_PENDING: one is running, and nothing was changed; RC_DUPLICATE: all of
 * it, which is in done then, was done or dropped already. */
enum rc journal_drop(struct journal *journal, const char *id, int64_t now,
    struct journal_states *done);

/* How many deliveries of one event name of a hook are in a state. */
struct journal_count {
	const char *hook;
	const char *event;
	enum journal_state state;
	int64_t count;
	int64_t oldest; /* received; 0 where done or dropped */
};

/* Sorted by hook, event, state.  As journal_list for the rest. */
enum rc journal_counts(struct journal *journal,
    enum rc (*each)(void *context, const struct journal_count *count),
    void *context);
/* What is undelivered in a lane. */
struct journal_lane_count {
	const char *hook;
	const char *lane; /* its key; "" for what has none yet */
	int64_t queued;
	int64_t running;
	int64_t oldest; /* received */
};

/* Sorted by hook and lane; those that have something.  As journal_list. */
enum rc journal_lane_counts(struct journal *journal,
    enum rc (*each)(void *context, const struct journal_lane_count *count),
    void *context);
/* A hook that has undelivered events, and how many; from a counter. */
struct journal_backlog {
	const char *hook;
	const char *file; /* whose it is (journal_source_find), or "" */
	int64_t events;
};

enum rc journal_backlog(struct journal *journal,
    enum rc (*each)(void *context, const struct journal_backlog *backlog),
    void *context);

/*
 * How many requests came to something (stats.h) in an hour, counted from 1970,
 * as far as one source had counted: a later number of it is not less.
 */
struct journal_hour {
	const char *hook; /* empty: of none, or that of stats.h for the rest */
	int64_t hour;
	const char *what; /* received, ignored, refused 401... */
	int64_t source;
	int64_t count;
};

enum {
	JOURNAL_HOURS_KEPT = 35 * 24,	/* hours, by a purge */
	JOURNAL_FOLD_EVERY = 55 * 1000, /* between folds, ms */
};

/* Whether they were last folded so long ago: of a journal that machines share,
 * each source by itself. */
enum rc journal_fold_due(struct journal *journal, int64_t source, int64_t now,
    bool *due);
/* Puts these in place of what was there of the same hook, hour, what and
 * source, which is the same in all of them, and notes that it was now. */
enum rc journal_fold_hours(struct journal *journal, int64_t now,
    const struct journal_hour *list, size_t n);
/* All from an hour on, by hour, hook, what and source; as journal_list. */
enum rc journal_hours(struct journal *journal, int64_t since,
    enum rc (*each)(void *context, const struct journal_hour *hour),
    void *context);

/* When the last verified event of a hook came. */
struct journal_last_event {
	const char *hook;
	int64_t time; /* 0: none did */
};

/*
 * Of a journal that machines share, what all of them have noted: makes what is
 * in the list later where a later one is noted.  No effect on others.
 */
enum rc journal_last_events(struct journal *journal,
    struct journal_last_event *list, size_t n);
/* The same, and notes what is later than what is noted. */
enum rc journal_note_last_events(struct journal *journal,
    struct journal_last_event *list, size_t n);
/*
 * Folds the counts beside the journal into it, where that is due: for who runs
 * the queue.  Nothing is written where nothing has changed.
 */
enum rc journal_fold(struct journal *journal, int64_t now);

/* Runs and pipelines. */

/*
 * Which pipeline and run an event speaks of that an earlier release stored, in
 * a subject whose texts live as long as the pool; any: it can be read.  Inside
 * the transaction.
 */
struct journal_teller {
	enum rc (*tell)(void *context, const struct journal_event *event,
	    struct pool *pool, struct journal_subject *subject, bool *any);
	void *context;
};

/* What a step came to. */
struct journal_assembly {
	bool more;    /* there may be another step */
	bool no_room; /* the disk is too full for what is left */
	bool changed;
};

/*
 * One small step of putting what events say of runs together, each once and in
 * the order in which they were stored or recorded: runs, pipelines and all that
 * is judged are as of the last event that this has come to.  For who runs the
 * queue, and for who wants to see or change them.
 */
enum rc journal_assemble(struct journal *journal,
    const struct journal_teller *teller, struct journal_assembly *assembly);

struct journal_run {
	int64_t seq;
	const char *hook;
	const char *pipeline; /* its identity, or "" */
	const char *name;     /* how it is shown; that, where it is forgotten */
	const char *run;      /* its identity, or "" */
	int64_t began;	      /* 0: not known */
	int64_t ended;	      /* 0: it is open */
	const char *event;    /* the last one's name */
	const char *outcome; /* the catalog's word, or unknown; "" while open */
	const char *first;   /* the IDs of its events, or "" */
	const char *last;
};

struct journal_run_filter {
	const char *hook;     /* NULL: any; as the next */
	const char *pipeline; /* its identity, or how it is shown */
	/* Instead: the identity of one of that hook, whose runs alone are
	 * looked at; NULL: any. */
	const char *id;
	bool open;     /* only those that are */
	int64_t since; /* begun or ended then or later */
	int64_t limit;
	int64_t before; /* only what is older than this seq; 0: all */
};

/* success, partial, failure, stopped, unknown, or open. */
const char *journal_run_outcome(const struct journal_run *run);
/* Milliseconds, of an open one so far; -1: not known, or the clock was set
 * back. */
int64_t journal_run_duration(const struct journal_run *run, int64_t now);

/* Newest first; as journal_list for the rest. */
enum rc journal_runs(struct journal *journal,
    const struct journal_run_filter *filter,
    enum rc (*each)(void *context, const struct journal_run *run),
    void *context);

enum {
	JOURNAL_RUNS_KEPT = 100, /* of a pipeline, by a purge */
	JOURNAL_GAPS = 10,	 /* between the last successes */
	JOURNAL_DURATIONS = 20,	 /* of the last runs of which both are known */
	JOURNAL_OPEN_RUNS = 100,
};

struct journal_open_run {
	int64_t seq;
	int64_t began;
	char run[IDENTITY_SIZE];
};

/* What is known of a pipeline.  Times are 0 where they are not. */
struct journal_pipeline {
	const char *hook;
	const char *id;	  /* "" for events that name none */
	const char *name; /* how it is shown */
	int64_t first;	  /* when it was seen first, and last */
	int64_t seen;
	int64_t success; /* the last one */
	/* Runs that ended without one since, when the first of them did, and
	 * the event of the last. */
	unsigned failures;
	int64_t failed;
	const char *failure;
	int64_t muted;	    /* until when nothing is told; of its hook, too */
	int64_t hook_muted; /* the same, of all that its hook has */
	/* Since when what nobody could see is held against nobody. */
	int64_t anew;
	/* Newest first. */
	int64_t successes[JOURNAL_GAPS + 1];
	size_t successes_n;
	/* For who judges, only where a run is open. */
	int64_t durations[JOURNAL_DURATIONS];
	size_t durations_n;
	/* Oldest first. */
	const struct journal_open_run *open;
	size_t open_n;
	struct journal_run last; /* the newest; seq 0: there is none */
	struct journal *journal; /* for journal_success_from */
};

/*
 * When the n-th success, from 1, of a pipeline at that time or later was; 0:
 * there are fewer.  Only while the function is called that got the pipeline.
 */
int64_t journal_success_from(const struct journal_pipeline *pipeline,
    int64_t time, unsigned n);

/* How many runs of a pipeline ended so since a time. */
struct journal_outcomes {
	int64_t success;
	int64_t partial;
	int64_t failure;
	int64_t stopped;
	int64_t unknown;
	int64_t open; /* are open */
};

struct journal_pipeline_filter {
	const char *hook; /* NULL: any */
	const char *id;	  /* the one of this identity, of the hook; NULL: any */
	/* Outcomes of runs that began or ended then or later; 0: none are
	 * counted. */
	int64_t since;
	/* Only what tells how they are: no outcomes, and durations only of one
	 * that has an open run.  Of many that is half the work. */
	bool brief;
};

/* All that were seen, by hook, name and identity.  As journal_list for the
 * rest. */
enum rc journal_pipelines(struct journal *journal,
    const struct journal_pipeline_filter *filter,
    enum rc (*each)(void *context, const struct journal_pipeline *pipeline,
	const struct journal_outcomes *outcomes),
    void *context);

/*
 * Until when nothing is told of a pipeline (its identity, or how it is shown)
 * of a hook; hook NULL: of all hooks that have one; pipeline NULL: of all that
 * the hooks have and will have, and of the hooks.  until 0: it is told again.
 * count: how many there were, hooks where pipeline is NULL.  RC_MISSING: none.
 */
struct journal_mute {
	const char *hook;
	const char *pipeline;
	/* All hooks of the configuration, where both are NULL. */
	const char *const *hooks;
	size_t hooks_len;
	int64_t until;
};

enum rc journal_set_mute(struct journal *journal,
    const struct journal_mute *mute, int64_t *count);
/* Takes a pipeline out until it is seen again: what was wrong with it is
 * forgotten, an open run ends as unknown.  As above for the rest. */
enum rc journal_forget(struct journal *journal, const char *hook,
    const char *pipeline, int64_t now, int64_t *count);

/* Watching. */

/* What can be wrong. */
enum journal_alarm {
	JOURNAL_FAILING,
	JOURNAL_LATE,
	JOURNAL_STUCK,	/* of a run */
	JOURNAL_SILENT, /* of a hook */
	JOURNAL_ALARMS,
};

struct journal_finding {
	enum journal_alarm alarm;
	int64_t run;	  /* of JOURNAL_STUCK: seq of runs; else 0 */
	int64_t since;	  /* when it came true */
	int64_t expected; /* when that should have come which did not; or 0 */
	int64_t usual;	  /* what is usual, milliseconds, or 0 */
};

enum { JOURNAL_FINDINGS = JOURNAL_ALARMS + JOURNAL_OPEN_RUNS };

struct journal_judgement {
	struct journal_finding list[JOURNAL_FINDINGS];
	size_t n;
	unsigned watched; /* a bit for each alarm that is */
	int64_t next;	  /* when to judge again; CLOCK_NEVER */
};

/* A change that is told. */
struct journal_change_told {
	const char *hook;
	enum journal_alarm alarm;
	bool recovered; /* it is over */
	bool again;	/* it was told before */
	int64_t since;
	int64_t expected;
	int64_t usual;
	int64_t over; /* of recovered */
	/* Of the pipeline; of a silent hook its last event is success. */
	const char *id;
	const char *name;
	int64_t success;
	unsigned failures; /* as of journal_pipeline, as the next */
	const char *failure;
	const char *run;     /* of stuck: its identity, or "" */
	const char *outcome; /* of a stuck run that ended, or "" */
};

/* An event that tells of changes, all of it from the pool. */
struct journal_telling {
	struct pool *pool;
	int64_t now;
	struct receipt receipt;
	struct journal_subject subject;
	struct journal_entry entry; /* borrows the two before */
};

/* What is counted of a hook's events beside the journal. */
struct journal_counted {
	bool known;    /* it can be read, and what follows is right */
	int64_t event; /* when the last verified one came; 0: none did */
	int64_t since; /* of those before that none is known */
};

/* Who judges and tells; inside the transaction, as journal_router. */
struct journal_watcher {
	/* What is wrong with a pipeline. */
	void (*judge)(void *context, const struct journal_pipeline *pipeline,
	    int64_t now, struct journal_judgement *judgement);
	/* What is counted of the hook, into zeroes. */
	void (*event)(void *context, struct journal_counted *counted);
	/* What is wrong with the hook whose last event came then. */
	void (*judge_hook)(void *context, int64_t event, int64_t anew,
	    int64_t now, struct journal_judgement *judgement);
	/* How long after telling it is told again; 0: never.  Of a pipeline no
	 * more is given than its names; NULL: the hook. */
	int64_t (
	    *remind)(void *context, const struct journal_pipeline *pipeline);
	/* Makes the event that tells these changes, one or all as one;
	 * no routes: nobody wants it. */
	enum rc (*tell)(void *context, const struct journal_change_told *list,
	    size_t n, struct journal_telling *telling);
	void *context;
};

/* A hook that is watched. */
struct journal_watch {
	const char *hook;
	const char *settings; /* digest of what its watch goes by */
	const struct journal_rules *rules; /* as of journal_limit */
	const struct journal_watcher *watcher;
};

/*
 * One small step of judging what is due to be judged, and of telling what is
 * due to be told, in one transaction.  next: when there will be something;
 * now or earlier where there may be another step.
 */
enum rc journal_watch_step(struct journal *journal,
    const struct journal_watch *watch, int64_t now, int64_t *next);

/* The hooks of a configuration, and which of them are watched. */
struct journal_watched {
	const struct journal_rules *rules; /* as noted */
	size_t n;
	bool (*watches)(void *context, const char *hook);
	void *context;
};

/*
 * Ends the watch of hooks that are not watched any more, but for those that
 * are not in this configuration, are another file's, or of which newer rules
 * are noted: nothing of what was told of them is known from then on, and
 * nobody is told that it is over.  Mutes stay.
 */
enum rc journal_watch_end(struct journal *journal,
    const struct journal_watched *watched);

/* Looking, for people who look at a page. */

/* What there was at a moment: of a filter only that was shown then.  All
 * zeroes: anything. */
struct journal_shown {
	int64_t seen; /* the seq of the last event */
	/* What ended since, failed, or was put back by hand is not what was
	 * shown. */
	int64_t time;
	int64_t count;	 /* deliveries to be changed; 0: any number */
	int64_t matched; /* deliveries that were found, with these */
	/* The ID of the last event that was looked at; "": all were. */
	char last[UUID_SIZE];
};

/*
 * What a search is made for.  Only what is dead, dropped or waits for a retry
 * is retried, and what is done only where that is the state that is asked for;
 * only what is queued or dead is dropped.
 */
enum journal_deed {
	JOURNAL_DEED_NONE,
	JOURNAL_DEED_RETRY,
	JOURNAL_DEED_DROP,
};

/*
 * Events, and their deliveries in a state.  An event without a delivery that
 * matches does not.  Of an ID that is given the beginning counts where any
 * event begins so, and else the end.
 */
struct journal_search {
	int state;	      /* enum journal_state, or -1 */
	const char *hook;     /* NULL: any; as the next */
	const char *event;    /* as of journal_filter */
	const char *pipeline; /* its identity or how it is shown */
	const char *id;	      /* an ID's beginning or end, in either case */
	int64_t since;	      /* received then or later */
	int64_t until;	      /* received before that; 0: any */
	const char *before;   /* only what is older than the event of this ID */
	struct journal_shown shown;
	unsigned limit; /* events; 0: any number, as the next */
	/* Events, or deliveries of a state but done, that are looked at. */
	int64_t looks;
	enum journal_deed deed; /* of a count, as the next */
	int64_t most; /* deliveries that the deed takes; 0: any number */
};

/* Where a search ended. */
struct journal_search_end {
	bool more;	      /* it goes on, before next */
	char next[UUID_SIZE]; /* the ID of the last event that it looked at */
	bool stopped;	      /* it looked at as many rows as it may */
};

/*
 * Newest first, each event with all of its deliveries that match, one row after
 * the other; as journal_list for the rest.  What is newest came last by its ID
 * where a time is asked for or the beginning of an ID, and was stored last
 * otherwise.
 */
enum rc journal_search(struct journal *journal,
    const struct journal_search *search,
    enum rc (*each)(void *context, const struct journal_row *row),
    void *context, struct journal_search_end *end);

/* What matches, for who is asked before all of it is changed. */
struct journal_search_count {
	int64_t events;
	int64_t deliveries;
	struct journal_states states; /* of the deliveries */
	int64_t taken;		      /* of the deliveries: by the deed */
	bool more; /* there are more: it ended at looks rows, limit or most */
	bool full; /* it did at most: there is another one that is taken */
	char next[UUID_SIZE]; /* where it goes on, if there are more */
	/* What there was, for an action on it; its time is when this began. */
	struct journal_shown shown;
};

/* limit: events that are counted.  Where damaged rows are met they are not, and
 * RC_CORRUPT comes with the count of the others. */
enum rc journal_search_count(struct journal *journal,
    const struct journal_search *search, struct journal_search_count *count);

enum { JOURNAL_COUNTED = 10000 };

/* All deliveries by their states. */
struct journal_totals {
	/* Of queued, running and dead JOURNAL_COUNTED at most. */
	int64_t count[JOURNAL_DROPPED + 1];
	bool more[JOURNAL_DROPPED + 1]; /* there are more than that */
	/* Since when that one is waiting, of those that are queued or running,
	 * that waits for longest: since it was received, or put back by hand;
	 * 0 and empty: there is none. */
	int64_t oldest;
	char oldest_id[UUID_SIZE];
};

/* In a time that does not grow with the journal.  RC_CORRUPT: without its
 * damaged rows. */
enum rc journal_totals(struct journal *journal, struct journal_totals *totals);

enum {
	JOURNAL_WHO_SIZE = 256,	    /* of who did it, with the NUL */
	JOURNAL_TARGET_SIZE = 4097, /* of a target, the same */
	JOURNAL_ACTIONS_KEPT = 90,  /* days, by a purge */
};

/*
 * What somebody did by hand on the page, as it is kept.  Texts are any bytes
 * but NUL.  Of who only the beginning is kept where it is longer, in whole
 * characters; a target that is, which would show something else if it were cut,
 * is RC_RANGE, and nothing is done.
 */
struct journal_action {
	int64_t seq;
	int64_t time;
	const char *who;
	const char *action; /* retry, drop, mute, unmute */
	const char *target; /* the query of the page that shows it */
	int64_t until;	    /* of a mute; 0: it is none */
	int64_t matched;    /* deliveries, or pipelines */
	int64_t done;
	const char *why; /* for people: what was not done, and why; or "" */
};

/* A retry or drop that is kept with who did it. */
struct journal_act {
	const struct journal_action *action; /* who, action, target, time */
	/* Of an event, as journal_retry and journal_drop; or NULL: of all that
	 * the search finds and the deed takes. */
	const char *id;
	const struct journal_search *search;
};

/* How far it has come; of zeroes. */
struct journal_acted {
	int64_t seq; /* of the action */
	int64_t matched;
	int64_t done;
	struct journal_states left; /* what was not done, by its state */
	int64_t damaged;	    /* rows that were passed over */
	bool more;		    /* another step is to follow */
	char next[UUID_SIZE];	    /* where it goes on */
};

/*
 * One small step, with its record, in one transaction; call again while more.
 * Where nothing can be done of what is found, that is kept too, and RC_OK.
 * RC_MISSING, RC_RANGE (several such IDs, a target that is too long),
 * RC_CORRUPT (a damaged row of an event that is named): nothing is kept of it.
 * limit, looks, deed and most of a search have no effect: it is followed to
 * its end, which is shown.last where that is given, and shown.count deliveries
 * are changed at most.  What is found unchanged and cannot be is told by its
 * state, and what is missing then of shown.matched had changed meanwhile.
 */
enum rc journal_act(struct journal *journal, const struct journal_act *act,
    int64_t now, struct journal_acted *acted);
/* Nothing more is done of it now: that something is left is kept with it. */
enum rc journal_act_leave(struct journal *journal,
    const struct journal_acted *acted);
/* journal_set_mute, kept with who did it; until is the mute's.  Of pipelines
 * that are told again only those are done that were muted; that all of the
 * mute's hook is muted for longer than its pipeline is told in why. */
enum rc journal_act_mute(struct journal *journal,
    const struct journal_action *action, const struct journal_mute *mute,
    struct journal_acted *acted);
/* Newest first, what is older than the one of seq before; 0: all; as
 * journal_list for the rest. */
enum rc journal_actions(struct journal *journal, int64_t before, int64_t limit,
    enum rc (*each)(void *context, const struct journal_action *action),
    void *context);
/* One of them, from the pool.  RC_MISSING. */
enum rc journal_action_find(struct journal *journal, int64_t seq,
    struct pool *pool, struct journal_action *action);

/* Since when something of a lane waits that nothing but who runs the queue
 * keeps waiting. */
struct journal_wait {
	const char *hook;
	const char *lane; /* its key; "" for what has none yet */
	int64_t due;	  /* since when the first that is due is; 0: none */
	int64_t running;  /* when the first that runs began; 0: none does */
};

/* Those that have something due or running, by hook and lane, in a time that
 * does not grow with the journal.  As journal_list for the rest. */
enum rc journal_waits(struct journal *journal, int64_t now,
    enum rc (*each)(void *context, const struct journal_wait *wait),
    void *context);

/* What those who watch have noted of a hook.  Times are 0 where they are not
 * known. */
struct journal_silence {
	int64_t event; /* the last verified one that they heard of */
	int64_t anew;  /* as of journal_pipeline, as the next */
	int64_t muted;
	int64_t since; /* when it fell silent, which has been told or will be */
};

/* All zeroes where nobody watched it. */
enum rc journal_silence(struct journal *journal, const char *hook,
    struct journal_silence *silence);

/* For how long a hook keeps what is done or dropped, and what is dead;
 * CLOCK_NEVER: for ever. */
struct journal_keep {
	const char *hook;
	int64_t keep;
	int64_t keep_dead;
};

/* Whether the last purge began an hour ago or never; notes that one begins
 * now where it says so, so that one process does it. */
enum rc journal_purge_due(struct journal *journal, int64_t now, bool *due);
/*
 * One small step of a purge: takes out some events of which all deliveries
 * are over for longer than their hook keeps them, or runs that are, but for
 * the last JOURNAL_RUNS_KEPT of a pipeline that was not forgotten, or old
 * successes, or pipelines of which nothing is left, or keys that are over, or
 * counts of nothing; then gives room back (journal_shrink).  A hook keeps as
 * keeps say, unless newer rules are noted; one that is not named, or is
 * another file's, as its rules say that are noted, or for 30 days, and what
 * is dead for ever.  From zeroes; more: it is to go on with another step.
 * removed counts the events.
 */
struct journal_purge {
	const struct journal_keep *keeps;
	size_t n;
	int64_t time;	  /* of their file, as of journal_rules */
	const char *file; /* as of journal_rules */
	bool more;
	int64_t removed;
	int64_t damaged; /* events that were passed over */
	/* The journal's own: where it is. */
	unsigned phase;
	int64_t from;
	char hook[HOOK_NAME_SIZE];
	char pipeline[IDENTITY_SIZE];
};

enum rc journal_purge_step(struct journal *journal, struct journal_purge *purge,
    int64_t now);

#endif
