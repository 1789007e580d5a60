/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_INTERNAL_H
#define PELIHOOK_JOURNAL_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/limits.h"
#include "journal/journal.h"

/*
 * What a journal holds while it is open.  Nothing outside of this directory
 * includes this, or any other of its headers but journal.h and shared.h.
 * The store is one SQLite database in WAL mode; schema.c describes it.
 */

struct sqlite3;
struct sqlite3_stmt;
struct journal_change;

enum {
	JOURNAL_STATEMENTS = 96,
	JOURNAL_FILES = 4,
	JOURNAL_SLOTS = 512, /* most claims of a runner at once */
};

/* A statement that was prepared once: a pointer to it is all that others
 * have (statement.h). */
struct journal_statement {
	const char *text;
	struct sqlite3_stmt *handle;
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

/* A file of the journal that is open. */
struct journal_file {
	char *path; /* its directory resolved */
	dev_t device;
	ino_t inode;
};

struct journal {
	const char *path; /* of the first file */
	struct journal_file files[JOURNAL_FILES];
	bool noted; /* which files they are */
	bool gone;  /* they are not there any more */
	unsigned flags;
	struct sqlite3 *db;
	int64_t patience;
	int64_t give_up;  /* clock_steady */
	int error;	  /* the first one of a transaction */
	unsigned damaged; /* rows that it met */
	struct journal_statement statements[JOURNAL_STATEMENTS];
	size_t statements_len;
	int64_t version; /* what journal_changed saw last */
	int wake;
	bool stored;		    /* the transaction holds an event */
	bool lax;		    /* commits may be short of a sync */
	struct journal_opens opens; /* of the transaction */
	struct journal_tally tally;
	int locks;			  /* the file of the runners' locks */
	int64_t runner;			  /* 0: none yet */
	int64_t region;			  /* of the notes, from 1 */
	atomic_bool slots[JOURNAL_SLOTS]; /* of the region: taken */
	bool runner_new;		  /* in this transaction */
	pthread_mutex_t holding;	  /* all above: the connection */
	struct journal_change *first;	  /* changes that wait for a commit */
	struct journal_change **last;
	bool leading;
	pthread_mutex_t queueing; /* the three above */
};

#endif
