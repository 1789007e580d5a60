/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_WATCHING_H
#define PELIHOOK_JOURNAL_WATCHING_H

#include "base/pool.h"
#include "journal/journal.h"

struct journal_statement;

/* What the steps of watching share: private to watch, judgements, judging and
 * telling.  All inside one transaction. */

/* The row of watches. */
struct journal_noted {
	bool is;
	bool same; /* settings */
	int64_t judged;
	int64_t anew;
	int64_t event;
	int64_t muted;
};

/* What was counted beside the journal, once that was asked for. */
struct journal_heard {
	bool lost;     /* it cannot be known */
	int64_t since; /* counting began; 0: that is no matter */
};

struct journal_watching {
	const struct journal_watch *watch;
	int64_t now;
	int64_t lag; /* until an event is known here, milliseconds */
	struct journal_noted noted;
	struct journal_heard heard;
	/* The transaction is synced.  One that is not changes nothing that
	 * has to be told: then another one is wanted that is. */
	bool durable;
	bool wanted;
	enum rc rc; /* what kept a change from being told */
	int64_t next;
	struct pool pool;
};

/* A row of judgements. */
struct journal_judged {
	enum journal_alarm alarm;
	int64_t run;
	int64_t since;
	int64_t expected;
	int64_t usual;
	int64_t told; /* 0: not yet */
	int64_t over; /* 0: it is not */
	int64_t due;
	const char *pipeline;
};

/* judgements.c */

/* The columns that make one, and where they are. */
#define JOURNAL_JUDGED                                                         \
	"SELECT kind, run, since, expected, usual, told, over, due, pipeline"  \
	" FROM judgements "
/* All of a query for those, from the pool; those that are damaged left out. */
struct journal_judged *journal_judged_read(struct journal *journal,
    struct journal_watching *watching, struct journal_statement *rows,
    size_t *n);
void journal_judged_forget(struct journal *journal, const char *hook,
    const struct journal_judged *judged);
/* Makes it, or changes when it was told, is over and is due. */
void journal_judged_write(struct journal *journal, const char *hook,
    const struct journal_judged *judged);
/* When the next pipeline of a hook is to be judged, and the next judgement
 * told; CLOCK_NEVER. */
int64_t journal_due_pipeline(struct journal *journal, const char *hook);
int64_t journal_due_judgement(struct journal *journal, const char *hook);
/* How long a change waits for others of its kind. */
int64_t journal_wait_of(struct journal *journal, const char *hook);
/* When what was told now is told again: of a pipeline, of which no more is
 * looked at than its names, or of the hook where that is NULL. */
int64_t journal_remind_at(const struct journal_watching *watching,
    const struct journal_pipeline *pipeline, int64_t told);

/* judging.c */

/* What is wrong with the hook, by what is noted of it. */
void journal_judge_hook(const struct journal_watching *watching,
    struct journal_judgement *judgement);
/* Judges the hook and some of its pipelines that are due. */
void journal_judge_due(struct journal *journal,
    struct journal_watching *watching);
/* The event that is noted may be an old one: asks for a newer.  False: none is
 * known, and there may have been one. */
bool journal_ask_for_event(struct journal *journal,
    struct journal_watching *watching);

/* telling.c */

/* Tells what is due, once all that is due is judged.  What went wrong is
 * written nowhere: it is told the next time. */
enum rc journal_tell_due(struct journal *journal,
    struct journal_watching *watching);

enum { JOURNAL_SOME = 4 }; /* pipelines, where they can be many */

#endif
