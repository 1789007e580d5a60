/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_STATS_H
#define PELIHOOK_JOURNAL_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/outcome.h"
#include "base/pool.h"

/*
 * What became of requests, by hook and by the hour, in a file of fixed size
 * that all processes of a user and machine map: beside the journal, PATH-stats,
 * or, where that is a database, in a directory of the user's below /dev/shm.  To count one is a
 * few atomic additions in memory: no lock is taken, nothing is synced and no
 * database is opened, whoever sends and however often.  A crash of the machine
 * may lose what the kernel had not written yet; that of a process loses
 * nothing.
 *
 * The file belongs to this process's user, 0600, and has one name; it is made
 * in a directory where nobody else can write (one below /dev/shm is made as
 * well, and looked at each time), at its full size and whole
 * before it has its name, so that its pages are there.  To write to one can
 * end the process (SIGBUS) only where its owner cuts the file short, or where
 * a file system that copies what it overwrites is full: where such a one can
 * be asked to write in place, it is.
 */
struct journal_stats;

enum {
	JOURNAL_STATS_HOURS = 48,  /* so many are kept */
	JOURNAL_STATS_SECRETS = 6, /* of a hook, the rest included */
	JOURNAL_STATS_KINDS = 15,
};

/* The name of a hook, or of a secret's file, for those for which there is no
 * room any more. */
#define JOURNAL_STATS_OTHERS "(others)"

/* What became of a request: each is counted as exactly one of these. */
enum journal_stats_kind {
	JOURNAL_STATS_IGNORED,
	JOURNAL_STATS_DUPLICATE,
	JOURNAL_STATS_QUEUED,
	JOURNAL_STATS_DELIVERED,
	JOURNAL_STATS_REFUSED, /* the first of those that are a status */
};

/* The status of a kind of refusal, or 0. */
int journal_stats_status(unsigned kind);
/* ignored, duplicate, queued, delivered, or the digits of a status. */
const char *journal_stats_word(unsigned kind);

/* The file of a journal's name, as of journal_open, is added to out.  RC_MEMORY,
 * RC_SYSTEM. */
enum rc journal_stats_path(const char *journal, struct buf *out);
/*
 * path: the journal's name.  Maps the file, and makes it where there is none.
 * Where that cannot be done a warning is logged, once, nothing is counted,
 * and it is tried again a minute later; the same where the file is replaced
 * or taken away.  Safe for threads.  RC_MEMORY.
 */
enum rc journal_stats_open(const char *path, struct journal_stats **out);
/* Makes the file where there is none, for who only reads; where it cannot be
 * made who counts says why. */
void journal_stats_begin(const char *path);
/* Looks at once whether the file is still there, and not within a minute.
 * NULL is fine, here and below. */
void journal_stats_look(struct journal_stats *stats);
void journal_stats_close(struct journal_stats *stats);

/* A request that was answered. */
struct journal_stats_request {
	const char *hook; /* NULL: it is not known */
	enum outcome outcome;
	int status;
	const char *reason; /* of a refusal; one of a few texts */
	const char *secret; /* the file of the one that verified it, or NULL */
	int64_t time;	    /* clock_wall */
	int64_t event;	    /* when the event came that it brought, or 0 */
};

/* NULL as stats: no effect. */
void journal_stats_count(struct journal_stats *stats,
    const struct journal_stats_request *request);

/* Reading. */

struct journal_stats_secret {
	const char *file; /* the end of it, where it is very long */
	int64_t used;	  /* requests that it verified */
	int64_t last;	  /* the last of them; clock_wall */
};

struct journal_stats_hook {
	const char *name;   /* empty: of requests whose hook is not known */
	int64_t last_event; /* that was verified; 0: none */
	int64_t refused;    /* the last time; 0: never */
	int refused_status;
	const char *reason; /* of that, or empty */
	int64_t totals[JOURNAL_STATS_KINDS];
	struct journal_stats_secret secrets[JOURNAL_STATS_SECRETS];
	size_t secrets_n;
	/* For journal_stats_at. */
	uint64_t hours[JOURNAL_STATS_HOURS][JOURNAL_STATS_KINDS];
};

struct journal_stats_report {
	int64_t source; /* a random number, other than that of any such file */
	int64_t made;	/* when the file was; clock_wall */
	/* Some hook found no place any more: of one that is not in the list
	 * nothing is known. */
	bool overflowed;
	struct journal_stats_hook *list; /* each name once */
	size_t n;
};

/*
 * What was counted, from the pool; path as above.  RC_MISSING: nothing was
 * yet.  RC_CONFIG: a file that is none of these or cannot be trusted, with a
 * sentence appended to error.  RC_MEMORY.
 */
enum rc journal_stats_read(const char *path, struct pool *pool,
    struct journal_stats_report *report, struct buf *error);
/* How many of a kind came in an hour, counted from 1970; 0 as well where it
 * is longer ago than hours are kept. */
int64_t journal_stats_at(const struct journal_stats_hook *hook, unsigned kind,
    int64_t hour);
/* The hour of a time. */
int64_t journal_stats_hour(int64_t time);

#endif
