/* SPDX-License-Identifier: ISC */
#include <sys/types.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "queue/run_claim.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/procfs.h"
#include "command/execute.h"
#include "command/job.h"
#include "command/run.h"
#include "config/conf.h"
#include "event/event.h"
#include "event/fields.h"
#include "event/rule.h"
#include "journal/journal.h"

enum {
	WRITE_FIRST = 100,	/* milliseconds between tries to write */
	WRITE_MOST = 30000,
	STUCK_LOOK = 1000,
	LOST_FREE = 3		/* tries in a row that may end so, uncounted */
};

/* A delivery on its way to the command of its line. */
struct item {
	const struct journal_delivery *delivery;
	struct job job;		/* no rule: nothing takes it now */
	enum rc rc;		/* of preparing it */
	bool again;		/* of a batch that was taken apart */
	bool lost;		/* was cut short too often: that counts now */
	bool over;
};

struct work {
	const struct claim_run *attempt;
	struct item *items;
	size_t n;
	struct item **group;	/* of one line, in order */
	size_t group_n;
	struct job *jobs;	/* of the group */
	struct journal_settlement *settlements;
	struct run_result *result;
	int64_t began;
	struct journal_note note;	/* of the run */
	struct pool pool;
};

static const char *const verdict_words[] = {
	[JOURNAL_FINISH] = "done",
	[JOURNAL_BURY] = "dead",
	[JOURNAL_DELAY] = "tried",
	[JOURNAL_RELEASE] = "given back",
	[JOURNAL_AGAIN] = "taken apart"
};

/* Whether halt came while this waited so many milliseconds. */
static bool
halted(const struct claim_run *attempt, int milliseconds)
{
	struct pollfd halt = {attempt->halt, POLLIN, 0};

	return poll(&halt, 1, milliseconds) > 0;
}

/* The line that takes it now, and what its command sees of the payload. */
static enum rc
read_payload(struct work *work, struct item *item)
{
	const struct hook *hook = work->attempt->hook;
	const struct journal_event *stored = &item->delivery->event;
	struct rule_delivery line = {.ordinal = item->delivery->ordinal};
	struct event event;
	enum rc rc = event_reparse(&hook->reading, stored->body,
	    stored->name, &event);

	if (rc != RC_OK)
		return rc;
	item->job.row = event.row;
	rc = rule_of(hook->rules, hook->rules_len, &event, &line);
	item->job.rule = line.rule;
	if (rc == RC_OK)
		rc = event_fields(&event, &work->pool, &item->job.fields);
	/* Parsed it is many times as large, and a batch has many. */
	event_free(&event);
	return rc;
}

static void
prepare(struct work *work, struct item *item)
{
	const struct journal_delivery *delivery = item->delivery;
	const struct journal_event *stored = &delivery->event;

	item->job = (struct job){
		.hook = work->attempt->hook,
		.event = stored->name,
		.receipt = &stored->receipt,
		.body = stored->body,
		.attempt = delivery->attempt,
		.deliveries = 1
	};
	item->rc = read_payload(work, item);
}

/* From -0.1 to 0.1. */
static double
pick_swerve(void)
{
	uint32_t random = UINT32_MAX / 2;

	(void)crypto_random(&random, sizeof(random));
	return ((double)random / (double)UINT32_MAX - 0.5) / 5;
}

static int64_t
pause_of(const struct hook *hook, unsigned step, double swerve)
{
	int64_t pause = hook->retry[step];

	return pause + (int64_t)((double)pause * swerve);
}

static enum journal_verdict
verdict_of(const struct work *work, const struct item *item, enum rc outcome)
{
	if (outcome == RC_DELIVERED)
		return JOURNAL_FINISH;
	if (outcome == RC_REJECTED)
		return JOURNAL_BURY;
	if (outcome == RC_STOPPING)
		return JOURNAL_RELEASE;
	if (item->delivery->step < work->attempt->hook->retry_len)
		return JOURNAL_DELAY;
	return JOURNAL_BURY;
}

static enum log_level
level_of(const struct journal_settlement *settlement)
{
	switch (settlement->verdict) {
	case JOURNAL_BURY:
		return LOG_LEVEL_ERROR;
	case JOURNAL_DELAY:
	case JOURNAL_AGAIN:
		return settlement->outcome != NULL && strcmp(
		    settlement->outcome, run_end_name(RUN_UNSTARTED)) == 0 ?
		    LOG_LEVEL_ERROR : LOG_LEVEL_WARNING;
	case JOURNAL_FINISH:
	case JOURNAL_RELEASE:
		break;
	}
	return LOG_LEVEL_INFO;
}

static void
log_settled(const struct item *item,
    const struct journal_settlement *settlement)
{
	const struct job *job = &item->job;
	struct log_line line;

	log_begin(&line, level_of(settlement),
	    verdict_words[settlement->verdict]);
	log_text(&line, "hook", job->hook->name);
	log_text(&line, "event", job->event);
	log_text(&line, "id", job->receipt->id);
	if (job->rule != NULL)
		log_number(&line, "rule", job->rule->line);
	log_number(&line, "attempt", job->attempt);
	log_text(&line, "end", settlement->earlier ? "lost" :
	    settlement->outcome);
	if (settlement->outcome != NULL) {
		log_number(&line, "code", settlement->code);
		log_number(&line, "ran-ms",
		    settlement->ended - settlement->started);
	}
	if (settlement->verdict == JOURNAL_DELAY)
		log_number(&line, "retry-ms", settlement->pause);
	log_end(&line);
}

/* What there is to say of a job besides how it went. */
static void
log_job(enum log_level level, const char *message, const struct job *job)
{
	struct log_line line;

	log_begin(&line, level, message);
	log_text(&line, "hook", job->hook->name);
	log_text(&line, "event", job->event);
	log_text(&line, "id", job->receipt->id);
	log_end(&line);
}

/* Damage does not pass by waiting. */
static bool
may_pass(enum rc rc)
{
	return rc != RC_OK && rc != RC_MISSING && rc != RC_CORRUPT;
}

/*
 * RC_OK, or that the claim has to be left to who comes after this process:
 * its results are lost and it is run again.
 */
static enum rc
settle(const struct work *work, size_t n)
{
	const struct claim_run *attempt = work->attempt;
	int pause = WRITE_FIRST;
	bool last = false;
	enum rc rc;

	rc = journal_settle(attempt->journal, work->settlements, n);
	if (!may_pass(rc))
		return rc;
	attempt->trouble(attempt->context, RUN_CLAIM_UNWRITTEN, 1);
	while (may_pass(rc) && !last) {
		last = halted(attempt, pause);
		rc = journal_settle(attempt->journal, work->settlements, n);
		pause = pause > WRITE_MOST / 2 ? WRITE_MOST : 2 * pause;
	}
	attempt->trouble(attempt->context, RUN_CLAIM_UNWRITTEN, -1);
	return rc;
}

/* Writes down what became of the group, the same for all of it. */
static enum rc
settle_group(struct work *work)
{
	enum rc rc = settle(work, work->group_n);

	for (size_t i = 0; i < work->group_n; i++) {
		if (rc == RC_OK)
			log_settled(work->group[i], &work->settlements[i]);
		else
			log_job(LOG_LEVEL_ERROR, "a result is lost",
			    &work->group[i]->job);
		work->group[i]->over = rc != RC_OK ||
		    work->settlements[i].verdict != JOURNAL_AGAIN;
	}
	return rc;
}

/* In the journal a command that is stuck was too long at it. */
static const char *
outcome_of(const struct run_result *result)
{
	return run_end_name(result->end == RUN_STUCK ? RUN_TIMEOUT :
	    result->end);
}

static void
fill_settlements(struct work *work, enum journal_verdict verdict)
{
	const struct run_result *result = work->result;

	for (size_t i = 0; i < work->group_n; i++)
		work->settlements[i] = (struct journal_settlement){
			.seq = work->group[i]->delivery->seq,
			.verdict = verdict,
			.earlier = work->group[i]->lost,
			.started = work->began,
			.ended = clock_wall(),
			.outcome = work->group[i]->lost ? NULL :
			    outcome_of(result),
			.code = result->code,
			.tail = {result->tail, result->tail_len}
		};
}

/* What was not run leaves no attempt behind but a word for people. */
static enum rc
settle_unrun(struct work *work, enum journal_verdict verdict,
    const char *outcome)
{
	work->began = clock_wall();
	*work->result = (struct run_result){.pidfd = -1};
	fill_settlements(work, verdict);
	for (size_t i = 0; i < work->group_n; i++) {
		work->settlements[i].outcome = outcome;
		work->settlements[i].earlier = false;
	}
	return settle_group(work);
}

static enum rc
note_start(void *context, pid_t pid)
{
	struct work *work = context;

	work->note.pid = pid;
	/* A command that is a zombie by now still has its start. */
	if (procfs_start_time(pid, &work->note.start) != RC_OK)
		work->note.start = 0;
	return journal_note_run(work->attempt->claim, &work->note);
}

static enum rc
write_note(struct work *work)
{
	const struct claim_run *attempt = work->attempt;
	struct journal_note *note = &work->note;
	enum rc rc;

	*note = (struct journal_note){
		.session = getsid(0), .began = clock_boot()
	};
	note->limit = note->began + attempt->hook->timeout +
	    attempt->hook->kill_after;
	rc = crypto_mark(note->mark);
	return rc == RC_OK ? journal_note_run(attempt->claim, note) : rc;
}

/*
 * Before the start, so that nothing runs that others know nothing of.
 * RC_STOPPING: halt came before that could be written.
 */
static enum rc
note_run(struct work *work)
{
	const struct claim_run *attempt = work->attempt;
	int pause = WRITE_FIRST;
	enum rc rc = write_note(work);

	if (rc == RC_OK)
		return RC_OK;
	log_say(LOG_LEVEL_ERROR, "a command's start cannot be noted: %s",
	    strerror(errno));
	attempt->trouble(attempt->context, RUN_CLAIM_UNWRITTEN, 1);
	while (rc != RC_OK && !halted(attempt, pause)) {
		pause = pause > WRITE_MOST / 2 ? WRITE_MOST : 2 * pause;
		rc = write_note(work);
	}
	attempt->trouble(attempt->context, RUN_CLAIM_UNWRITTEN, -1);
	return rc == RC_OK ? RC_OK : RC_STOPPING;
}

/* The place stays taken until the command is gone; RC_STOPPING: halt came
 * first, and the claim is left to others. */
static enum rc
outlast(const struct work *work)
{
	const struct claim_run *attempt = work->attempt;
	struct pollfd ends[2] = {
		{attempt->halt, POLLIN, 0},
		{work->result->pidfd, POLLIN, 0}
	};
	enum rc rc = run_reap(work->result);

	attempt->trouble(attempt->context, RUN_CLAIM_STUCK, 1);
	while (rc == RC_PENDING && ends[0].revents == 0) {
		poll(ends, 2, STUCK_LOOK);
		rc = run_reap(work->result);
	}
	attempt->trouble(attempt->context, RUN_CLAIM_STUCK, -1);
	return rc == RC_OK ? RC_OK : RC_STOPPING;
}

/* Runs the group's command; RC_STOPPING where its end is not known. */
static enum rc
run_group(struct work *work, enum rc *outcome)
{
	const struct claim_run *attempt = work->attempt;
	struct run how = {
		.stop = attempt->halt,
		.stop_kill_after = attempt->hook->kill_after,
		.started = note_start,
		.context = work
	};
	enum rc rc = note_run(work);

	if (rc != RC_OK)
		return rc;
	work->began = clock_wall();
	for (size_t i = 0; i < work->group_n; i++) {
		work->jobs[i] = work->group[i]->job;
		work->jobs[i].mark = work->note.mark;
	}
	execute(work->jobs, work->group_n, &how, work->result);
	*outcome = run_outcome(work->result);
	if (work->result->end == RUN_STUCK)
		rc = outlast(work);
	/* A note that stays names a process that is gone. */
	if (rc == RC_OK)
		(void)journal_note_run(attempt->claim, NULL);
	return rc;
}

static void
bury(struct work *work, struct item *item)
{
	const struct claim_run *attempt = work->attempt;
	struct run how = {
		.stop = attempt->halt,
		.stop_kill_after = attempt->hook->kill_after
	};
	struct rule rule = {.command = attempt->hook->on_dead};
	struct job job = item->job;
	enum rc rc;

	if (rule.command == NULL)
		return;
	job.rule = &rule;
	execute(&job, 1, &how, work->result);
	rc = run_outcome(work->result);
	if (work->result->end == RUN_STUCK)
		(void)outlast(work);
	if (rc == RC_DELIVERED)
		log_job(LOG_LEVEL_INFO, "on-dead ran", &job);
	else
		log_job(LOG_LEVEL_ERROR, "on-dead failed", &job);
}

/* Settles a group of one; whether the delivery is out of the queue. */
static bool
settle_alone(struct work *work, enum rc outcome)
{
	struct item *item = work->group[0];
	enum journal_verdict verdict = verdict_of(work, item, outcome);

	fill_settlements(work, verdict);
	if (verdict == JOURNAL_DELAY)
		work->settlements[0].pause = pause_of(work->attempt->hook,
		    item->delivery->step, pick_swerve());
	if (settle_group(work) != RC_OK)
		return false;
	if (verdict == JOURNAL_BURY)
		bury(work, item);
	return verdict == JOURNAL_FINISH || verdict == JOURNAL_BURY;
}

static bool
try_alone(struct work *work, struct item *item)
{
	enum rc outcome;

	work->group[0] = item;
	work->group_n = 1;
	if (halted(work->attempt, 0)) {
		settle_unrun(work, JOURNAL_RELEASE, NULL);
		return false;
	}
	if (run_group(work, &outcome) != RC_OK) {
		item->over = true;
		return false;
	}
	return settle_alone(work, outcome);
}

static bool
same_key(const struct item *a, const struct item *b)
{
	return a->delivery->ordered && b->delivery->ordered &&
	    memcmp(a->delivery->key, b->delivery->key, JOURNAL_KEY) == 0;
}

/* Under order a key stops at its first failure. */
static void
give_back_key(struct work *work, const struct item *failed)
{
	for (size_t i = 0; i < work->n; i++) {
		if (work->items[i].over ||
		    !same_key(failed, &work->items[i]))
			continue;
		work->group[0] = &work->items[i];
		work->group_n = 1;
		settle_unrun(work, JOURNAL_RELEASE, NULL);
	}
}

static void
try_each(struct work *work)
{
	for (size_t i = 0; i < work->n; i++) {
		struct item *item = &work->items[i];

		if (item->over || !item->again)
			continue;
		item->job.attempt++;
		if (!try_alone(work, item))
			give_back_key(work, item);
	}
}

/*
 * Each waits for its own next pause, lest new events drag old ones through
 * the schedule or wait as long as these.  Those of one step come due at the
 * same moment, and so stay a batch.
 */
static void
give_verdicts(struct work *work, enum rc outcome)
{
	double swerve = pick_swerve();

	for (size_t i = 0; i < work->group_n; i++) {
		const struct item *item = work->group[i];
		enum journal_verdict verdict = verdict_of(work, item,
		    outcome);

		work->settlements[i].verdict = verdict;
		if (verdict == JOURNAL_DELAY)
			work->settlements[i].pause = pause_of(
			    work->attempt->hook, item->delivery->step,
			    swerve);
	}
}

static void
settle_together(struct work *work, enum rc outcome)
{
	fill_settlements(work, JOURNAL_DELAY);
	give_verdicts(work, outcome);
	if (settle_group(work) != RC_OK || outcome != RC_TEMPORARY)
		return;
	for (size_t i = 0; i < work->group_n; i++)
		if (work->settlements[i].verdict == JOURNAL_BURY)
			bury(work, work->group[i]);
}

/* The exit code speaks for all; but one bad event must not hold others. */
static void
try_batch(struct work *work)
{
	enum rc outcome;

	if (run_group(work, &outcome) != RC_OK) {
		for (size_t i = 0; i < work->group_n; i++)
			work->group[i]->over = true;
		return;
	}
	if (outcome == RC_DELIVERED || outcome == RC_TEMPORARY ||
	    outcome == RC_STOPPING) {
		settle_together(work, outcome);
		return;
	}
	fill_settlements(work, JOURNAL_AGAIN);
	if (settle_group(work) != RC_OK)
		return;
	for (size_t i = 0; i < work->group_n; i++)
		work->group[i]->again = true;
	try_each(work);
}

/* Whether one of its key that came before has to be handled first. */
static bool
is_behind(const struct work *work, const struct item *item)
{
	const struct item *before;

	if (!item->delivery->ordered)
		return false;
	for (before = work->items; before < item; before++)
		if (!before->over && same_key(before, item) &&
		    (before->job.rule != item->job.rule ||
		    before->lost != item->lost))
			return true;
	return false;
}

/* All that the line of the first that is left takes. */
static void
gather(struct work *work, struct item *first)
{
	work->group_n = 0;
	for (struct item *item = first; item < work->items + work->n; item++)
		if (!item->over && item->rc == RC_OK &&
		    item->job.rule == first->job.rule &&
		    item->lost == first->lost && !is_behind(work, item))
			work->group[work->group_n++] = item;
}

static void
fail_prepared(struct work *work, struct item *item)
{
	work->group[0] = item;
	work->group_n = 1;
	work->began = clock_wall();
	*work->result = (struct run_result){
		.end = RUN_UNSTARTED, .pidfd = -1,
		.code = item->rc == RC_MEMORY ? ENOMEM : EINVAL
	};
	if (!settle_alone(work, RC_UNSTARTED))
		give_back_key(work, item);
}

/*
 * What a kill or a stop ended is no fault of the command, a few times; what
 * never ends otherwise would be run for ever.
 */
static void
count_lost(struct work *work, struct item *item)
{
	work->group[0] = item;
	work->group_n = 1;
	work->began = clock_wall();
	*work->result = (struct run_result){.pidfd = -1};
	if (!settle_alone(work, RC_FAILED))
		give_back_key(work, item);
}

static void
handle_from(struct work *work, struct item *first)
{
	if (first->rc != RC_OK) {
		fail_prepared(work, first);
		return;
	}
	gather(work, first);
	if (halted(work->attempt, 0))
		settle_unrun(work, JOURNAL_RELEASE, NULL);
	else if (first->job.rule == NULL)
		settle_unrun(work, JOURNAL_FINISH, "ignored");
	else if (first->lost)
		count_lost(work, first);
	else if (work->group_n > 1)
		try_batch(work);
	else if (!try_alone(work, first))
		give_back_key(work, first);
}

static bool
make_room(struct work *work)
{
	size_t n = work->n;

	work->items = pool_alloc(&work->pool, n, sizeof(*work->items));
	work->group = pool_alloc(&work->pool, n, sizeof(*work->group));
	work->jobs = pool_alloc(&work->pool, n, sizeof(*work->jobs));
	work->settlements = pool_alloc(&work->pool, n,
	    sizeof(*work->settlements));
	work->result = pool_alloc(&work->pool, 1, sizeof(*work->result));
	return work->items != NULL && work->group != NULL &&
	    work->jobs != NULL && work->settlements != NULL &&
	    work->result != NULL;
}

/* Memory is short: what was claimed goes back as it came. */
static void
give_back(const struct claim_run *what)
{
	struct journal_settlement settlement = {.verdict = JOURNAL_RELEASE};
	struct work work = {
		.attempt = what, .settlements = &settlement
	};
	struct log_line line;

	log_begin(&line, LOG_LEVEL_ERROR, "no memory for a delivery");
	log_text(&line, "hook", what->hook->name);
	log_end(&line);
	for (size_t i = 0; i < what->claim->n; i++) {
		settlement.seq = what->claim->deliveries[i].seq;
		(void)settle(&work, 1);
	}
}

void
run_claim(const struct claim_run *what)
{
	struct work work = {.attempt = what, .n = what->claim->n};

	if (!make_room(&work)) {
		give_back(what);
		pool_free(&work.pool);
		return;
	}
	for (size_t i = 0; i < work.n; i++) {
		work.items[i].delivery = &what->claim->deliveries[i];
		work.items[i].lost = what->claim->deliveries[i].lost >
		    LOST_FREE;
		prepare(&work, &work.items[i]);
	}
	for (size_t i = 0; i < work.n; i++)
		if (!work.items[i].over)
			handle_from(&work, &work.items[i]);
	pool_free(&work.pool);
}
