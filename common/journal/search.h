/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_SEARCH_H
#define PELIHOOK_JOURNAL_SEARCH_H

#include "journal/journal.h"
#include "journal/lookup.h"
#include "journal/statement.h"

/*
 * A walk along the events that a search finds, newest first, for what tells of
 * them and what changes them.  Inside apply.
 */
struct journal_walk {
	struct journal *journal;
	const struct journal_search *search;
	struct journal_part part; /* of search->id */
	bool nothing;		  /* can match */
	bool by_state;		  /* along the deliveries of a state */
	bool by_id;		  /* along the IDs, as a range is asked for */
	bool pattern;		  /* of names is asked for, not one */
	bool by_end;		  /* of IDs, of which every one is looked at */
	/* IDs from the first on, and less than the second. */
	const char *from;
	const char *to;
	char since[UUID_SIZE];
	char until[UUID_SIZE];
	char before[UUID_SIZE];
	struct journal_statement *rows; /* NULL: it is over */
	int64_t looks;			/* that are left */
	int64_t event;			/* where it is */
	int64_t last;			/* it ends after this one; 0: none */
	int64_t matched;		/* the last one that did */
	bool other;			/* than the one before that */
	struct journal_search_end end;
};

/* The search is borrowed until it is over. */
void journal_walk_begin(struct journal *journal,
    const struct journal_search *search, struct journal_walk *walk);
/* Goes on to the next event that matches, but for its deliveries.  False: there
 * is none, or it may not look at more, and walk->end says which. */
bool journal_walk_next(struct journal_walk *walk);
/* The same by rows, which are deliveries that match where it goes by_state and
 * the search has no shown.time. */
bool journal_walk_row(struct journal_walk *walk);
/* Ends it before that, after the event where it is. */
void journal_walk_end(struct journal_walk *walk);
/* By which ID a walk goes on after an event.  False: it has none. */
bool journal_walk_place(struct journal *journal, int64_t event,
    char into[UUID_SIZE]);

/* The deliveries of an event that match, from the one after this seq on, by
 * seq: their seq and state, and whether they wait where they are queued. */
struct journal_statement *journal_search_deliveries(struct journal *journal,
    const struct journal_search *search, int64_t event, int64_t after);

#endif
