/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CTL_LISTING_H
#define PELIHOOK_CTL_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pool.h"
#include "base/rc.h"

struct journal;
struct session;

/*
 * Rows of the journal, for people in columns and for programs as one JSON
 * object a line.  They are read and printed in parts: there may be many, and
 * their reader slow, and neither is to hold up the journal.
 */
enum { LISTING_PART = 1000 }; /* rows of a part, at most */

struct listing_part {
	void *rows;
	size_t n;
	size_t size;	  /* of a row */
	struct pool pool; /* holds them */
};

/* What is listed, and how; a word fills it in but for what is said below. */
struct listing {
	const struct session *session;
	struct journal *journal; /* NULL: no event has come yet */
	int64_t ahead;		 /* journal_ahead of that */
	void *context;
	size_t size; /* of a row, bytes */
	const char *const *heading;
	size_t columns;
	const char *choices; /* the options that choose: "--hook and --since" */
	/* Adds up to limit rows that come after this one, which may be NULL;
	 * RC_CORRUPT: others are damaged, and were left out. */
	enum rc (*read)(const struct listing *listing,
	    struct listing_part *part, const void *after, int64_t limit);
	/* The cells of a row; one that is NULL was short of memory. */
	void (*fill)(const struct listing *listing, struct pool *pool,
	    const void *row, const char **cells);
	/* Sets those of the columns that these rows need not. */
	void (*leave_out)(const struct listing *listing, const void *rows,
	    size_t n, bool *left_out);
	/* A row for programs; RC_CORRUPT: something of it is damaged, and was
	 * left out. */
	enum rc (*object)(const struct listing *listing, const void *row);
	/* As it goes on; of zeroes. */
	int64_t now;  /* when the part was read */
	bool damaged; /* something that is was left out */
};

/* For read: a copy of a row becomes the part's next one.  RC_MEMORY. */
enum rc listing_add(struct listing_part *part, const void *row);
/* Up to the session's limit of them, on a terminal up to REPORT_ON_A_TERMINAL,
 * and what is to be said of it.  RC_SHORT: the reader has gone away. */
enum rc listing_run(struct listing *listing);
/* Rows that were read, which may be none, and no more; their cells come from
 * the pool. */
enum rc listing_print(struct listing *listing, struct pool *pool,
    const void *rows, size_t n);
/* What is to be said after the last row, where any was found or none. */
enum rc listing_end(const struct listing *listing, bool found);

#endif
