/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_INTERNAL_H
#define PELIHOOK_JOURNAL_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/limits.h"
#include "base/uuid.h"
#include "journal/journal.h"
#include "journal/statement.h"

/*
 * What a journal holds while it is open: only what several of its modules
 * share, or what has to live as long as the journal does; a comment names
 * the one module that a part belongs to.  Nothing outside of this directory
 * includes this, or any other of its headers but journal.h and shared.h.
 */

struct sqlite3;
struct journal_change;
struct journal_engine;
struct postgresql;

enum {
	JOURNAL_STATEMENTS = 256, /* more than there are texts */
	JOURNAL_FILES = 4,
	JOURNAL_SLOTS = 512, /* most claims of a runner at once */
	JOURNAL_LANES = 64,  /* that are known without a look */
};

/* A statement that was prepared once: a pointer to it is all that others
 * have (statement.h). */
struct journal_statement {
	const char *text;
	struct journal *journal;
	void *handle; /* its engine's */
};

/*
 * What a transaction adds to a hook's row of opens, and to one of tallies:
 * written once, before the commit, however many events share it.
 */
struct journal_opens {
	char hook[HOOK_NAME_SIZE]; /* empty: nothing is counted */
	int64_t before;		   /* -1: not looked at yet */
	int64_t by;
};

struct journal_tally {
	char hook[HOOK_NAME_SIZE]; /* empty: nothing is counted */
	char name[EVENT_NAME_SIZE];
	int state;
	int64_t by;
};

/* A hook that is noted as a file's, as the transaction found it. */
struct journal_source {
	const char *hook; /* NULL: none; borrowed, as the next */
	const char *file;
};

/* Whether a routing is the one that is noted of a hook, as the transaction
 * found it. */
struct journal_routing {
	const char *hook; /* NULL: none was looked for; borrowed, as the next */
	const char *routing;
	bool noted;
};

/* What keeps deliveries from being claimed, as the transaction found it. */
struct journal_hold {
	bool looked;			   /* for the next */
	bool any;			   /* something may have to be moved */
	const struct journal_rules *rules; /* NULL: none were looked at */
	bool up;			   /* by these nothing may be claimed */
};

/* A row of lanes. */
struct journal_known_lane {
	int64_t id; /* 0: none */
	char hook[HOOK_NAME_SIZE];
	char key[JOURNAL_LANE_SIZE];
};

/* A file of the journal that is open. */
struct journal_file {
	char *path; /* its directory resolved */
	dev_t device;
	ino_t inode;
};

/* Changes that wait for a commit, in the order in which they came. */
struct journal_line {
	struct journal_change *first;
	struct journal_change **last; /* where the next one is put */
};

/* Who leads for changes that no thread waits for; call is NULL for nobody. */
struct journal_helper {
	bool (*call)(void *context);
	void *context;
};

struct journal {
	/* Guards all but the changes that wait. */
	pthread_mutex_t holding;
	const struct journal_engine *engine;
	unsigned flags;	  /* of journal_open */
	const char *path; /* its first file, or its URI; for the log */

	/* files.c: of a journal that is a file. */
	struct journal_file files[JOURNAL_FILES];
	bool made;  /* before it was opened: all of its tables are there */
	bool noted; /* which files they are */
	int locks;  /* the last file, open: the runners' locks and notes */
	/* A file was removed or replaced: nothing works any more. */
	atomic_bool gone;

	/* sqlite.c and those that are named for it */
	struct sqlite3 *db;
	int error;	    /* of SQLite, where it told of the failure; or 0 */
	int64_t busy_until; /* wait for others' locks; clock_steady */
	int64_t version;    /* what a look saw last */
	bool relaxed;	    /* commits may be short of a sync */

	/* postgresql.c and those that are named for it */
	struct postgresql *postgresql;

	/* statement.c */
	struct journal_statement statements[JOURNAL_STATEMENTS];
	size_t statements_len;

	/* The transaction that is open, begun by transaction.c. */
	enum journal_failure failure; /* the first one (statement.h) */
	int64_t room;		      /* bytes that it may store (room.h) */
	unsigned damaged;	      /* damaged rows that it met */
	bool stored;		      /* something became due */
	int64_t until;		      /* it may read; clock_steady */
	char event[UUID_SIZE];	      /* one that it stores, or empty */

	/* counts.c, of the transaction */
	struct journal_opens opens;
	struct journal_tally tally;

	/* rules.c, of the transaction; none when that begins */
	struct journal_source source;
	struct journal_routing routing;
	struct journal_hold hold;

	/* lanes.c */
	struct journal_known_lane lanes[JOURNAL_LANES];
	bool lane_made; /* in this transaction */

	/* Settings of journal.h, and what its caller has seen. */
	int64_t turn_timeout; /* milliseconds, as the next */
	int64_t busy_timeout;
	int64_t deadline;		 /* of what is read, clock_steady */
	int wakeup_fds[JOURNAL_WAKEUPS]; /* each or -1 */
	bool missed;			 /* a wake-up was */

	/* runner.c; the slots are taken and left by any thread. */
	int64_t runner;			/* 0: this process is none yet */
	int64_t region;			/* of the notes, from 1 */
	char hooks[JOURNAL_HOOKS_SIZE]; /* that it runs, or empty */
	bool runner_new;		/* in this transaction */
	/* Of the region: the claim that has it; 0: none. */
	_Atomic int64_t slots[JOURNAL_SLOTS];

	/* changes.c */
	pthread_mutex_t queueing;    /* guards what follows */
	struct journal_line changes; /* but chores */
	struct journal_line chores;
	bool chores_next; /* where both wait */
	bool leading;	  /* a thread commits, or was told to */
	bool called;	  /* the helper was, and has not come */
	struct journal_helper helper;
};

#endif
