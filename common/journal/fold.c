/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "journal/journal.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/pool.h"
#include "config/conf.h"
#include "journal/internal.h"
#include "journal/stats.h"

enum {
	RECEIVED = JOURNAL_STATS_KINDS, /* besides the kinds: all of them */
	COLUMNS,
	STEP = 200, /* rows of one small transaction */
	WHAT = 16,  /* bytes of a word */
};

/* What the journal has of a hook. */
struct folded {
	int64_t hours[JOURNAL_STATS_HOURS][COLUMNS];
};

struct fold {
	struct journal *journal;
	int64_t now;
	int64_t first; /* hour */
	int64_t last;
	struct journal_stats_report report;
	struct folded *folded; /* of each of its hooks */
	size_t found;	       /* the hook of the last row */
	char whats[COLUMNS][WHAT];
	struct journal_hour list[STEP]; /* that are to be written */
	size_t n;
};

static void
name_columns(struct fold *fold)
{
	for (unsigned kind = 0; kind < JOURNAL_STATS_KINDS; kind++)
		snprintf(fold->whats[kind], WHAT, "%s%s",
		    journal_stats_status(kind) != 0 ? "refused " : "",
		    journal_stats_word(kind));
	snprintf(fold->whats[RECEIVED], WHAT, "received");
}

/* What a file holds that was damaged goes no further. */
static bool
is_sound(const char *name)
{
	return name[0] == '\0' || strcmp(name, JOURNAL_STATS_OTHERS) == 0 ||
	    conf_is_name(bytes_of(name));
}

/* Rows of a hook follow each other, those of an hour in the order of names. */
static size_t
find_hook(struct fold *fold, const char *name)
{
	size_t n = fold->report.n;

	for (size_t i = 0; i < n; i++) {
		size_t at = (fold->found + i) % n;

		if (strcmp(fold->report.list[at].name, name) == 0) {
			fold->found = at;
			return at;
		}
	}
	return n;
}

static enum rc
note_hour(void *context, const struct journal_hour *hour)
{
	struct fold *fold = context;
	size_t hook, column = 0;

	if (hour->source != fold->report.source || hour->hour > fold->last)
		return RC_OK;
	hook = find_hook(fold, hour->hook);
	while (column < COLUMNS && strcmp(fold->whats[column], hour->what) != 0)
		column++;
	if (hook < fold->report.n && column < COLUMNS)
		fold->folded[hook].hours[hour->hour % JOURNAL_STATS_HOURS]
					[column] = hour->count;
	return RC_OK;
}

static enum rc
write_list(struct fold *fold)
{
	enum rc rc = RC_OK;

	if (fold->n > 0)
		rc = journal_fold_hours(fold->journal, fold->now, fold->list,
		    fold->n);
	fold->n = 0;
	return rc;
}

static enum rc
add(struct fold *fold, const struct journal_hour *hour)
{
	fold->list[fold->n++] = *hour;
	return fold->n == STEP ? write_list(fold) : RC_OK;
}

static enum rc
fold_hour(struct fold *fold, size_t hook, int64_t hour)
{
	const int64_t *known = fold->folded[hook]
				   .hours[hour % JOURNAL_STATS_HOURS];
	struct journal_hour row = {
		.hook = fold->report.list[hook].name,
		.hour = hour,
		.source = fold->report.source,
	};
	int64_t sum = 0;
	enum rc rc = RC_OK;

	for (unsigned column = 0; column < COLUMNS && rc == RC_OK; column++) {
		row.what = fold->whats[column];
		row.count = column == RECEIVED ?
		    sum :
		    journal_stats_at(&fold->report.list[hook], column, hour);
		sum += row.count;
		if (row.count > 0 && row.count != known[column])
			rc = add(fold, &row);
	}
	return rc;
}

static enum rc
fold_all(struct fold *fold)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; i < fold->report.n && rc == RC_OK; i++)
		for (int64_t hour = fold->first; hour <= fold->last &&
		     rc == RC_OK && is_sound(fold->report.list[i].name);
		     hour++)
			rc = fold_hour(fold, i, hour);
	return rc == RC_OK ? write_list(fold) : rc;
}

static enum rc
fold_file(struct fold *fold, struct pool *pool)
{
	enum rc rc;

	name_columns(fold);
	fold->folded = pool_alloc(pool, fold->report.n + 1,
	    sizeof(*fold->folded));
	if (fold->folded == NULL)
		return RC_MEMORY;
	rc = journal_hours(fold->journal, fold->first, note_hour, fold);
	/* A damaged row is none, and so it is written anew. */
	return rc == RC_OK || rc == RC_CORRUPT ? fold_all(fold) : rc;
}

/* The file of a machine says nothing of events that came to others. */
static enum rc
fold_events(const struct fold *fold, struct pool *pool)
{
	struct journal_last_event *list = pool_alloc(pool, fold->report.n + 1,
	    sizeof(*list));
	size_t n = 0;

	if (list == NULL)
		return RC_MEMORY;
	for (size_t i = 0; i < fold->report.n; i++)
		if (is_sound(fold->report.list[i].name) &&
		    fold->report.list[i].last_event > 0)
			list[n++] = (struct journal_last_event){
				fold->report.list[i].name,
				clock_earlier(fold->report.list[i].last_event,
				    fold->now),
			};
	return journal_note_last_events(fold->journal, list, n);
}

/* Which file it is has to be known where each machine has its own. */
static enum rc
read_if_due(struct fold *fold, struct pool *pool, struct buf *error)
{
	struct journal *journal = fold->journal;
	bool shared = journal_is_shared(journal);
	bool due = false;
	enum rc rc = RC_OK;

	if (shared)
		rc = journal_stats_read(journal->path, pool, &fold->report,
		    error);
	if (rc == RC_OK)
		rc = journal_fold_due(journal, fold->report.source, fold->now,
		    &due);
	if (rc == RC_OK && !due)
		return RC_MISSING;
	if (rc == RC_OK && !shared)
		rc = journal_stats_read(journal->path, pool, &fold->report,
		    error);
	return rc;
}

enum rc
journal_fold(struct journal *journal, int64_t now)
{
	struct fold fold = { .journal = journal, .now = now };
	struct pool pool = { 0 };
	struct buf error = { 0 };
	enum rc rc;

	fold.last = journal_stats_hour(now);
	fold.first = fold.last - (JOURNAL_STATS_HOURS - 1);
	rc = read_if_due(&fold, &pool, &error);
	if (rc == RC_OK)
		rc = fold_file(&fold, &pool);
	if (rc == RC_OK && journal_is_shared(journal))
		rc = fold_events(&fold, &pool);
	/* Who counts has said it, in that process. */
	if (rc == RC_CONFIG && log_once(LOG_ONCE_COUNTS))
		log_say(LOG_LEVEL_WARNING, "requests are not counted: %s",
		    error.len > 0 ? error.data : "their file cannot be used");
	pool_free(&pool);
	buf_free(&error);
	return rc == RC_MISSING || rc == RC_CONFIG ? RC_OK : rc;
}
