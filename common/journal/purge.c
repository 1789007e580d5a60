/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "journal/journal.h"

#include "base/clock.h"
#include "journal/assemble.h"
#include "journal/column.h"
#include "journal/counts.h"
#include "journal/lookup.h"
#include "journal/rules.h"
#include "journal/runner.h"
#include "journal/runs.h"
#include "journal/sql.h"
#include "journal/statement.h"
#include "journal/transaction.h"

#define STEP 50 /* rows of one small transaction */

enum {
	STEP_BYTES = 8 * 1024 * 1024, /* of their bodies */
	RUNNERS = 1000, /* most that one takes out: mere numbers */
};

/* What a purge does, one after the other. */
enum phase {
	PHASE_EVENTS, /* along all, as far as one may be over */
	PHASE_DEAD,   /* along the dead ones, where they may be over */
	PHASE_KEYS,
	PHASE_COUNTS,
	PHASE_RUNS,	 /* along the pipelines that have some */
	PHASE_PIPELINES, /* along those that are known */
	PHASE_SPACE,
};

static const int64_t hour = 3600000;
static const int64_t day = 24 * 3600000LL;
/* How long successes are kept, and at least a pipeline that nothing comes
 * from. */
static const int64_t month = 30 * 24 * 3600000LL;
/* A hook of which nothing is known. */
static const struct journal_keep keep_otherwise = {
	.keep = 30 * 24 * 3600000LL,
	.keep_dead = CLOCK_NEVER,
};

struct purging {
	struct journal_purge *purge;
	int64_t now;
	int64_t read; /* the last event that was put to the runs */
	bool more;    /* of this phase */
	/* How long the hooks that keep least do. */
	struct journal_keep least;
};

/* An event that a purge may take out. */
struct candidate {
	int64_t event;
	int64_t received;
	int64_t bytes;
	struct journal_keep keep;
};

struct timing {
	int64_t now;
	bool due;
};

/* A last purge that is still to come means that the clock was set back; what
 * is no time is written anew. */
static enum rc
purge_due(struct journal *journal, void *arguments)
{
	struct timing *timing = arguments;
	int64_t last = journal_number(journal, 0,
	    SQL("SELECT number FROM notes WHERE name = 'purged'"
	    " AND " SQL_IS_INTEGER("number")),
		NO_VALUES);

	timing->due = last <= 0 || last > timing->now ||
	    timing->now - last >= hour;
	return RC_OK;
}

static enum rc
purge_begins(struct journal *journal, void *arguments)
{
	struct timing *timing = arguments;

	purge_due(journal, timing);
	if (timing->due)
		journal_do(journal,
		    "INSERT INTO notes(name, number) VALUES('purged', ?1)"
		    " ON CONFLICT(name) DO UPDATE"
		    " SET number = excluded.number",
		    BIND(INT(timing->now)));
	return RC_OK;
}

enum rc
journal_purge_due(struct journal *journal, int64_t now, bool *due)
{
	struct timing timing = { .now = now };
	enum rc rc = journal_read(journal, purge_due, &timing);

	if (rc == RC_OK && timing.due)
		rc = journal_write_chore(journal, purge_begins, &timing);
	if (rc == RC_OK)
		*due = timing.due;
	return rc;
}

static struct journal_keep
keep_of(struct journal *journal, const struct journal_purge *purge,
    const char *hook)
{
	for (size_t i = 0; i < purge->n; i++)
		if (strcmp(purge->keeps[i].hook, hook) == 0 &&
		    journal_source_owner(journal, hook, purge->file) !=
			JOURNAL_OWNER_OTHER)
			return journal_rules_keep(journal, hook, purge->time,
			    &purge->keeps[i]);
	return journal_rules_keep(journal, hook, INT64_MIN, &keep_otherwise);
}

static struct journal_keep
least_keep(struct journal *journal, const struct journal_purge *purge)
{
	struct journal_keep least = journal_rules_keep_least(journal,
	    &keep_otherwise);

	for (size_t i = 0; i < purge->n; i++) {
		if (purge->keeps[i].keep < least.keep)
			least.keep = purge->keeps[i].keep;
		if (purge->keeps[i].keep_dead < least.keep_dead)
			least.keep_dead = purge->keeps[i].keep_dead;
	}
	return least;
}

static bool
is_over(struct journal *journal, const struct candidate *candidate, int64_t now)
{
	return journal_number(journal, 0,
		   "SELECT 1 FROM deliveries WHERE event = ?1 AND CASE"
		   " WHEN state IN " SQL_FINISHED_STATES " AND finished <= ?2"
		   " THEN 0 WHEN state = " SQL_DEAD " AND finished <= ?3"
		   " THEN 0 ELSE 1 END = 1 LIMIT 1",
		   BIND(INT(candidate->event), INT(now - candidate->keep.keep),
		       INT(now - candidate->keep.keep_dead))) == 0;
}

static void
remove_event(struct journal *journal, int64_t event)
{
	struct journal_found found = { 0 };

	while (journal_find_next(journal, event, &found)) {
		journal_finished_add(journal, event, found.state, -1);
		journal_do(journal, "DELETE FROM attempts WHERE delivery = ?1",
		    BIND(INT(found.seq)));
	}
	journal_do(journal, "DELETE FROM deliveries WHERE event = ?1",
	    BIND(INT(event)));
	journal_do(journal, "DELETE FROM bodies WHERE event = ?1",
	    BIND(INT(event)));
	journal_do(journal, "DELETE FROM events WHERE seq = ?1",
	    BIND(INT(event)));
}

/*
 * Whether no hook lets go of an event yet.  One that was received in the
 * future came before the clock was set back, and tells nothing of the rest.
 */
static bool
is_young(const struct purging *purging, int64_t received)
{
	return received <= purging->now &&
	    received > purging->now - purging->least.keep;
}

struct walk {
	const char *text; /* of next_to_purge */
	/* From the oldest event on, to the first that is too young for any
	 * hook; one that was received out of order is met the next time. */
	bool by_age;
};

#define PURGE_EVENT                                                            \
	"e.seq, e.hook, e.name, e.received,"                                   \
	" coalesce(length(b.body), 0) + coalesce(length(e.early), 0)"

static const char events_after[] = "SELECT e.seq, " PURGE_EVENT
				   " FROM events e" SQL_JOIN_BODY
				   " WHERE e.seq > ?1 ORDER BY e.seq LIMIT 1";
static const char dead_after[] = SQL(
    "SELECT d.seq, " PURGE_EVENT " FROM deliveries d"
    " LEFT JOIN events e ON e.seq = d.event" SQL_JOIN_BODY
    " WHERE d.state = " SQL_DEAD
    USES_deliveries_open("d.") " AND d.seq > ?1 ORDER BY d.seq LIMIT 1");

/* The seq that the walk comes to next, 0 at its end.  candidate->event is 0
 * where what is there is damaged, and stays. */
static int64_t
next_to_purge(struct journal *journal, const struct purging *purging,
    const char *text, struct candidate *candidate)
{
	struct journal_reader reader = {
		.journal = journal,
		.table = "events",
		.lenient = true,
		.row = journal_query(journal, text,
		    BIND(INT(purging->purge->from))),
	};
	const char *hook;
	int64_t seq;

	*candidate = (struct candidate){ 0 };
	if (!journal_next(journal, reader.row))
		return 0;
	seq = reader.number = journal_int(&reader, 0, JOURNAL_IS_ANY);
	candidate->event = journal_int(&reader, 1, JOURNAL_IS_ROW);
	candidate->received = journal_int(&reader, 4, JOURNAL_IS_TIME);
	candidate->bytes = journal_int(&reader, 5, JOURNAL_IS_ANY);
	journal_text(&reader, 3, JOURNAL_TEXT_EVENT);
	hook = journal_text(&reader, 2, JOURNAL_TEXT_HOOK);
	if (reader.damaged)
		candidate->event = 0;
	else
		candidate->keep = keep_of(journal, purging->purge, hook);
	journal_end_query(reader.row);
	return journal_advances(journal, purging->purge->from, seq) ? seq : 0;
}

/* Takes it out where it is over; how many bytes that frees. */
static int64_t
purge_one(struct journal *journal, const struct purging *purging,
    const struct candidate *candidate)
{
	if (candidate->event > purging->read ||
	    !is_over(journal, candidate, purging->now))
		return 0;
	remove_event(journal, candidate->event);
	purging->purge->removed++;
	return candidate->bytes;
}

static void
go_along(struct journal *journal, struct purging *purging,
    const struct walk *walk)
{
	struct journal_purge *purge = purging->purge;
	struct candidate candidate;
	int64_t bytes = 0;

	for (int i = 0; i < STEP && bytes < STEP_BYTES; i++) {
		purge->from = next_to_purge(journal, purging, walk->text,
		    &candidate);
		if (purge->from == 0 ||
		    (walk->by_age && candidate.event != 0 &&
			is_young(purging, candidate.received)))
			return;
		if (candidate.event != 0)
			bytes += purge_one(journal, purging, &candidate);
		else if (walk->by_age)
			purge->damaged++;
	}
	purging->more = true;
}

static enum rc
purge_along(struct journal *journal, struct purging *purging,
    const struct walk *walk)
{
	purging->read = journal_assembled(journal);
	go_along(journal, purging, walk);
	journal_assembled_lower(journal);
	return RC_OK;
}

static enum rc
purge_events(struct journal *journal, void *arguments)
{
	static const struct walk walk = { events_after, true };
	struct purging *purging = arguments;

	purging->least = least_keep(journal, purging->purge);
	return purge_along(journal, purging, &walk);
}

/* Where they are kept for less long than others, or than the rest. */
static enum rc
purge_dead(struct journal *journal, void *arguments)
{
	static const struct walk walk = { dead_after, false };
	struct purging *purging = arguments;

	if (least_keep(journal, purging->purge).keep_dead == CLOCK_NEVER)
		return RC_OK;
	return purge_along(journal, purging, &walk);
}

/* Those with claims are left: to recover the claims takes them out, too. */
static int
find_dead_runners(struct journal *journal, int64_t dead[RUNNERS])
{
	struct journal_reader reader = {
		.journal = journal,
		.table = "runners",
		.lenient = true,
		.row = journal_query(journal,
		    "SELECT number FROM runners r WHERE NOT EXISTS(SELECT 1"
		    " FROM deliveries WHERE state = " SQL_RUNNING
		    " AND runner = r.number)",
		    NO_VALUES),
	};
	int n = 0;

	while (n < RUNNERS && journal_next(journal, reader.row)) {
		dead[n] = journal_int(&reader, 0, JOURNAL_IS_RUNNER);
		if (dead[n] != 0 && !journal_runner_lives(journal, dead[n]))
			n++;
	}
	journal_end_query(reader.row);
	return n;
}

static enum rc
purge_keys(struct journal *journal, void *arguments)
{
	struct purging *purging = arguments;
	int64_t dead[RUNNERS];
	int n = find_dead_runners(journal, dead);

	purging->more = n == RUNNERS ||
	    journal_change_rows(journal,
		SQL("DELETE FROM keys WHERE key IN (SELECT key FROM keys"
		" WHERE expires <= ?1 AND runner = 0 LIMIT " SQL_CONSTANT(STEP)
		")"),
		    BIND(INT(purging->now))) == STEP;
	for (int i = 0; i < n; i++)
		journal_runner_delete(journal, dead[i]);
	return RC_OK;
}

/* Those of hours that nobody asks for any more; whether there may be more.  The
 * file of a machine that is gone is not folded any more. */
static bool
purge_hours(struct journal *journal, int64_t now)
{
	if (journal_is_shared(journal))
		journal_do(journal,
		    "DELETE FROM notes WHERE name LIKE 'folded %'"
		    " AND number < ?1",
		    BIND(INT(now - JOURNAL_HOURS_KEPT * hour)));
	return journal_change_rows(journal,
	    SQL("DELETE FROM hours WHERE (hook, hour, what, source) IN"
		   " (SELECT hook, hour, what, source FROM hours"
		   " WHERE hour < ?1 LIMIT " SQL_CONSTANT(STEP) ")"),
		BIND(INT(now / hour - JOURNAL_HOURS_KEPT))) == STEP;
}

/* Those that are too old, but for the last one: its number is not given
 * again. */
static bool
purge_actions(struct journal *journal, int64_t now)
{
	return journal_change_rows(journal,
	    SQL("DELETE FROM actions WHERE seq IN (SELECT seq"
		   " FROM actions WHERE time < ?1 AND seq <"
		   " (SELECT max(seq) FROM actions) LIMIT " SQL_CONSTANT(STEP)
		   ")"),
		BIND(INT(now - JOURNAL_ACTIONS_KEPT * day))) == STEP;
}

/* An earlier release left them at zero; and mutes that are over. */
static enum rc
purge_counts(struct journal *journal, void *arguments)
{
	struct purging *purging = arguments;

	purging->more = journal_change_rows(journal,
	    SQL("DELETE FROM tallies WHERE (hook, name, state) IN"
		" (SELECT hook, name, state FROM tallies WHERE deliveries = 0"
		" LIMIT " SQL_CONSTANT(STEP) ")"),
		NO_VALUES) == STEP;
	journal_do(journal, "DELETE FROM opens WHERE events = 0", NO_VALUES);
	journal_do(journal, "DELETE FROM mutes WHERE until <= ?1",
	    BIND(INT(purging->now)));
	if (purge_hours(journal, purging->now))
		purging->more = true;
	if (purge_actions(journal, purging->now))
		purging->more = true;
	return RC_OK;
}

/* Goes on to the next of the pipelines that a text finds; false: there is
 * none.  One that is damaged ends this purge: an index leads to it. */
static bool
next_pipeline(struct journal *journal, struct journal_purge *purge,
    const char *text)
{
	struct journal_reader reader = journal_lenient_reader(journal,
	    journal_query(journal, text,
		BIND(TEXT(purge->hook), TEXT(purge->pipeline))),
	    "pipelines");
	char hook[HOOK_NAME_SIZE];
	char pipeline[IDENTITY_SIZE];

	if (!journal_next(journal, reader.row))
		return false;
	journal_text_into(&reader, 0, JOURNAL_TEXT_HOOK, hook);
	journal_text_into(&reader, 1, JOURNAL_TEXT_IDENTITY, pipeline);
	journal_end_query(reader.row);
	if (reader.damaged)
		return false;
	memcpy(purge->hook, hook, sizeof(hook));
	memcpy(purge->pipeline, pipeline, sizeof(pipeline));
	return true;
}

/*
 * The oldest runs of a pipeline, as far as they are over for long enough; how
 * many.  Of a pipeline that is known the last ones stay in any case.
 */
static int
purge_runs_of(struct journal *journal, const struct journal_purge *purge,
    int64_t before)
{
	return journal_change_rows(journal,
	    SQL("DELETE FROM runs WHERE seq IN (SELECT seq FROM"
	    " (SELECT seq, began, ended FROM runs WHERE hook = ?1"
	    " AND pipeline = ?2 AND seq < CASE WHEN EXISTS(SELECT 1"
	    " FROM pipelines p WHERE p.hook = ?1 AND p.id = ?2)"
	    " THEN coalesce((SELECT seq FROM runs WHERE hook = ?1"
	    " AND pipeline = ?2 ORDER BY seq DESC LIMIT 1 OFFSET ?4), 0)"
	    " ELSE 9223372036854775807 END ORDER BY seq"
	    " LIMIT " SQL_CONSTANT(STEP) ") AS oldest"
	    " WHERE CASE WHEN ended > 0 THEN ended ELSE began END <= ?3)"),
		BIND(TEXT(purge->hook), TEXT(purge->pipeline), INT(before),
		    INT(JOURNAL_RUNS_KEPT - 1)));
}

/* from: the pipeline that the walk is at may have more. */
static enum rc
purge_runs(struct journal *journal, void *arguments)
{
	struct purging *purging = arguments;
	struct journal_purge *purge = purging->purge;
	int removed = 0;
	int part;

	for (int i = 0; i < STEP && removed < 4 * STEP; i++) {
		if (purge->from == 0 &&
		    !next_pipeline(journal, purge,
			"SELECT hook, pipeline FROM runs"
			" WHERE (hook, pipeline) > (?1, ?2)"
			" ORDER BY hook, pipeline LIMIT 1"))
			return RC_OK;
		part = purge_runs_of(journal, purge,
		    purging->now - keep_of(journal, purge, purge->hook).keep);
		purge->from = part == STEP;
		removed += part;
	}
	purging->more = true;
	return RC_OK;
}

/* All but the last ones, which tell what is usual. */
static void
purge_successes(struct journal *journal, const struct purging *purging)
{
	const struct journal_purge *purge = purging->purge;

	journal_do(journal,
	    "DELETE FROM successes WHERE hook = ?1 AND pipeline = ?2"
	    " AND time < ?3 AND time < (SELECT time FROM successes"
	    " WHERE hook = ?1 AND pipeline = ?2 ORDER BY time DESC"
	    " LIMIT 1 OFFSET ?4)",
	    BIND(TEXT(purge->hook), TEXT(purge->pipeline),
		INT(purging->now - month), INT(JOURNAL_GAPS)));
}

/* One of which nothing is left. */
static void
purge_pipeline(struct journal *journal, const struct purging *purging)
{
	const struct journal_purge *purge = purging->purge;
	int64_t keep = keep_of(journal, purge, purge->hook).keep;

	if (journal_number(journal, 0,
		"SELECT 1 FROM pipelines WHERE hook = ?1 AND id = ?2"
		" AND seen < ?3 AND NOT EXISTS(SELECT 1 FROM runs"
		" WHERE hook = ?1 AND pipeline = ?2) AND NOT EXISTS(SELECT 1"
		" FROM successes WHERE hook = ?1 AND pipeline = ?2)",
		BIND(TEXT(purge->hook), TEXT(purge->pipeline),
		    INT(purging->now - (keep > month ? keep : month)))) != 0)
		journal_pipeline_forget(journal, purge->hook, purge->pipeline,
		    purging->now);
}

static enum rc
purge_pipelines(struct journal *journal, void *arguments)
{
	struct purging *purging = arguments;

	for (int i = 0; i < STEP; i++) {
		if (!next_pipeline(journal, purging->purge,
			"SELECT hook, id FROM pipelines"
			" WHERE (hook, id) > (?1, ?2)"
			" ORDER BY hook, id LIMIT 1"))
			return RC_OK;
		purge_successes(journal, purging);
		purge_pipeline(journal, purging);
	}
	purging->more = true;
	return RC_OK;
}

/* What others hold up is given back by the next purge. */
static enum rc
purge_space(struct journal *journal, struct journal_purge *purge)
{
	enum rc rc = journal_shrink(journal, false, &purge->more);

	if (rc == RC_OK && purge->more)
		return RC_OK;
	purge->phase = PHASE_EVENTS;
	purge->more = false;
	/* The file is cut off once the log is in it. */
	if (rc == RC_OK)
		rc = journal_trim(journal, 0);
	return rc == RC_LOCKED ? RC_OK : rc;
}

enum rc
journal_purge_step(struct journal *journal, struct journal_purge *purge,
    int64_t now)
{
	static enum rc (*const phases[])(struct journal * journal,
	    void *arguments) = {
		[PHASE_EVENTS] = purge_events,
		[PHASE_DEAD] = purge_dead,
		[PHASE_KEYS] = purge_keys,
		[PHASE_COUNTS] = purge_counts,
		[PHASE_RUNS] = purge_runs,
		[PHASE_PIPELINES] = purge_pipelines,
	};
	struct journal_purge next = *purge;
	struct purging purging = { .purge = &next, .now = now };
	enum rc rc;

	purge->more = true;
	if (purge->phase == PHASE_SPACE)
		return purge_space(journal, purge);
	rc = journal_write_chore(journal, phases[purge->phase], &purging);
	if (rc != RC_OK)
		return rc;
	next.more = true;
	if (!purging.more) {
		next.phase++;
		next.from = 0;
		next.hook[0] = next.pipeline[0] = '\0';
	}
	*purge = next;
	return RC_OK;
}
