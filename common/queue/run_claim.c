/* SPDX-License-Identifier: ISC */
#include <sys/types.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "queue/run_claim.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/procfs.h"
#include "command/execute.h"
#include "command/job.h"
#include "command/run.h"
#include "config/conf.h"
#include "event/catalog.h"
#include "event/event.h"
#include "event/rule.h"
#include "event/subject.h"
#include "journal/journal.h"
#include "queue/retry.h"

enum {
	WRITE_FIRST = 100, /* milliseconds between tries to write */
	WRITE_MAX = 30000,
	STUCK_RECHECK = 1000,
	LOST_FREE = 3, /* tries in a row that may end so, uncounted */
};

/* A delivery on its way to the command of its line. */
struct delivery_run {
	const struct journal_delivery *claimed;
	struct job job; /* no rule: nothing takes it now */
	enum rc rc;	/* of preparing it */
	bool again;	/* of a batch that was taken apart */
	bool lost;	/* was cut short too often: that counts now */
	bool over;
	bool finished; /* and out of the queue */
};

struct work {
	const struct claim_run *what;
	struct delivery_run *runs;
	size_t n;
	struct delivery_run **group; /* of one line, in order */
	size_t group_n;
	struct job *jobs; /* of the group */
	struct journal_settlement *settlements;
	struct run_result *result;
	int64_t began;
	struct journal_note note; /* of the run */
	struct pool pool;
};

static const char *const verdict_words[] = {
	[JOURNAL_FINISH] = "done",
	[JOURNAL_MARK_DEAD] = "dead",
	[JOURNAL_DELAY] = "tried",
	[JOURNAL_GIVE_BACK] = "given back",
	[JOURNAL_RETRY_NOW] = "taken apart",
};

/* Waits for that many milliseconds; whether kill_now came meanwhile. */
static bool
must_end(const struct claim_run *what, int milliseconds)
{
	struct pollfd kill_now = { what->kill_now, POLLIN, 0 };

	return poll(&kill_now, 1, milliseconds) > 0;
}

static bool
is_empty(const char *text)
{
	return text == NULL || text[0] == '\0';
}

/* Nothing is noted of its pipeline, which may be because an earlier release
 * stored it and journal_assemble has yet to come to it. */
static bool
is_unread(const struct journal_event *stored)
{
	return is_empty(stored->pipeline) && is_empty(stored->run);
}

static bool
may_name_a_pipeline(struct bytes name)
{
	const struct catalog_row *row = catalog_find(name);

	if (row == NULL)
		row = catalog_unknown(name);
	return strcmp(row->kind, "pipeline") == 0 ||
	    strcmp(row->kind, "connection") == 0;
}

/* Whether its command sees anything of the payload; if not, the name that was
 * stored is enough. */
static bool
shows_payload(const struct hook *hook, const struct journal_event *stored)
{
	struct bytes name = bytes_of(stored->name);

	return hook->reading.env_len > 0 || catalog_is_own(name) ||
	    (is_unread(stored) && may_name_a_pipeline(name));
}

/* Which pipeline and run its command is told, of an event that was parsed. */
static enum rc
find_subject(struct work *work, const struct event *event, struct job *job)
{
	const char **texts[] = { &job->pipeline, &job->run };
	struct event_subject found;
	enum rc rc = event_subject_find(event, &found);

	if (rc != RC_OK)
		return rc;
	job->pipeline = found.name;
	job->run = found.run;
	return pool_keep(&work->pool, texts, sizeof(texts) / sizeof(texts[0]));
}

/* What its command sees of the event. */
static enum rc
read_event(struct work *work, struct delivery_run *delivery)
{
	const struct hook *hook = work->what->hook;
	const struct journal_event *stored = &delivery->claimed->event;
	struct job *job = &delivery->job;
	bool parse = shows_payload(hook, stored);
	struct event event;
	enum rc rc;

	if (parse)
		rc = event_reparse(&hook->reading, stored->body, stored->name,
		    &event);
	else
		rc = event_named(&hook->reading, stored->body, stored->name,
		    &event);
	if (rc != RC_OK)
		return rc;
	job->pipeline = stored->shown;
	job->run = stored->run;
	if (parse && is_unread(stored))
		rc = find_subject(work, &event, job);
	if (rc == RC_OK)
		rc = job_describe(job, &event, &work->pool);
	/* Parsed it is many times as large, and a batch has many. */
	event_free(&event);
	return rc;
}

/* The line of its route, which is one of its lane's.  RC_CORRUPT. */
static enum rc
find_line(const struct claim_run *what, struct delivery_run *delivery)
{
	const struct hook *hook = what->hook;
	int line = delivery->claimed->line;

	if (what->lane == NULL)
		return RC_OK;
	if (line < 0 || (size_t)line >= hook->rules_len)
		return RC_CORRUPT;
	job_route(&delivery->job, &hook->rules[line]);
	return delivery->job.lane == what->lane ? RC_OK : RC_CORRUPT;
}

static void
prepare(struct work *work, struct delivery_run *delivery)
{
	const struct journal_delivery *claimed = delivery->claimed;
	const struct journal_event *stored = &claimed->event;

	delivery->job = job_make(work->what->hook, stored->name,
	    &stored->receipt, stored->body);
	delivery->job.attempt = claimed->attempt;
	delivery->rc = find_line(work->what, delivery);
	if (delivery->rc == RC_OK && delivery->job.rule != NULL)
		delivery->rc = read_event(work, delivery);
}

static enum log_level
level_of(const struct journal_settlement *settlement)
{
	switch (settlement->verdict) {
	case JOURNAL_MARK_DEAD:
		return LOG_LEVEL_ERROR;
	case JOURNAL_DELAY:
	case JOURNAL_RETRY_NOW:
		return settlement->attempted == JOURNAL_RAN &&
			settlement->end == RUN_UNSTARTED ?
		    LOG_LEVEL_ERROR :
		    LOG_LEVEL_WARNING;
	case JOURNAL_FINISH:
	case JOURNAL_GIVE_BACK:
		break;
	}
	return LOG_LEVEL_INFO;
}

static void
log_result(const struct delivery_run *delivery,
    const struct journal_settlement *settlement)
{
	const struct job *job = &delivery->job;
	struct log_line line;

	log_begin(&line, level_of(settlement),
	    verdict_words[settlement->verdict]);
	log_text(&line, "hook", job->hook->name);
	log_text(&line, "event", job->event);
	log_text(&line, "id", job->receipt->id);
	if (job->lane != NULL && job->lane->name != NULL)
		log_text(&line, "lane", job->lane->name);
	if (job->rule != NULL)
		log_number(&line, "rule", job->rule->line);
	log_number(&line, "attempt", job->attempt);
	log_text(&line, "end",
	    settlement->earlier ? "lost" :
				  journal_settlement_outcome(settlement));
	if (settlement->attempted != JOURNAL_NOT_RUN) {
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

/* Damage does not pass by waiting, nor that the journal is gone. */
static bool
may_pass(const struct journal *journal, enum rc rc)
{
	return rc != RC_OK && rc != RC_MISSING && rc != RC_CORRUPT &&
	    !journal_is_gone(journal);
}

/* The same of a result that cannot be written: that the lease is going to be
 * over ends no more than commands. */
static bool
must_give_up(const struct claim_run *what, int milliseconds)
{
	int64_t until = clock_steady() + milliseconds;
	bool ends = must_end(what, milliseconds);

	if (!ends || what->lapsing == NULL || !atomic_load(what->lapsing))
		return ends;
	poll(NULL, 0, clock_left(until));
	return false;
}

/*
 * RC_OK, or an error where the result could not be saved: then it is lost,
 * and the next process runs the claim again.
 */
static enum rc
record_result(const struct work *work, size_t n)
{
	const struct claim_run *what = work->what;
	int pause = WRITE_FIRST;
	bool last = false;
	enum rc rc;

	rc = journal_settle(what->journal, work->settlements, n);
	if (!may_pass(what->journal, rc))
		return rc;
	what->trouble(what->context, RUN_CLAIM_UNWRITTEN, 1);
	while (may_pass(what->journal, rc) && !last) {
		last = must_give_up(what, pause);
		rc = journal_settle(what->journal, work->settlements, n);
		pause = pause > WRITE_MAX / 2 ? WRITE_MAX : 2 * pause;
	}
	what->trouble(what->context, RUN_CLAIM_UNWRITTEN, -1);
	return rc;
}

/* Writes down what became of the group, the same for all of it. */
static enum rc
record_group(struct work *work)
{
	enum rc rc = record_result(work, work->group_n);

	for (size_t i = 0; i < work->group_n; i++) {
		enum journal_verdict verdict = work->settlements[i].verdict;
		struct delivery_run *delivery = work->group[i];

		if (rc == RC_OK)
			log_result(delivery, &work->settlements[i]);
		else if (rc == RC_MISSING)
			log_job(LOG_LEVEL_WARNING,
			    "a result came too late and is dropped: its claim "
			    "was taken back",
			    &delivery->job);
		else
			log_job(LOG_LEVEL_ERROR, "a result is lost",
			    &delivery->job);
		delivery->over = rc != RC_OK || verdict != JOURNAL_RETRY_NOW;
		delivery->finished = rc == RC_OK &&
		    (verdict == JOURNAL_FINISH || verdict == JOURNAL_MARK_DEAD);
	}
	return rc;
}

/* The journal knows no stuck command: it ran into its timeout. */
static enum run_end
end_of(const struct run_result *result)
{
	return result->end == RUN_STUCK ? RUN_TIMEOUT : result->end;
}

static void
fill_settlements(struct work *work, enum journal_verdict verdict)
{
	const struct run_result *result = work->result;

	for (size_t i = 0; i < work->group_n; i++)
		work->settlements[i] = (struct journal_settlement){
			.seq = work->group[i]->claimed->seq,
			.runner = work->what->claim->runner,
			.verdict = verdict,
			.earlier = work->group[i]->lost,
			.counts = work->group[i]->claimed->lost >= LOST_FREE,
			.started = work->began,
			.ended = journal_now(work->what->journal),
			.attempted = work->group[i]->lost ? JOURNAL_NOT_RUN :
							    JOURNAL_RAN,
			.end = end_of(result),
			.code = result->code,
			.tail = { result->tail, result->tail_len },
		};
}

/* What was not run leaves no attempt but a word for people. */
static enum rc
record_unrun(struct work *work, enum journal_verdict verdict,
    enum journal_attempted attempted)
{
	work->began = journal_now(work->what->journal);
	*work->result = (struct run_result){ .pidfd = -1 };
	fill_settlements(work, verdict);
	for (size_t i = 0; i < work->group_n; i++) {
		work->settlements[i].attempted = attempted;
		work->settlements[i].earlier = false;
		work->settlements[i].counts = false;
	}
	return record_group(work);
}

static enum rc
note_start(void *context, pid_t pid)
{
	struct work *work = context;

	work->note.pid = pid;
	/* A command that is a zombie by now still has its start. */
	if (procfs_start_time(pid, &work->note.start) != RC_OK)
		work->note.start = 0;
	return journal_note_run(work->what->claim, &work->note);
}

static enum rc
write_note(struct work *work)
{
	const struct claim_run *what = work->what;
	struct journal_note *note = &work->note;
	enum rc rc;

	*note = (struct journal_note){
		.session = getsid(0),
		.began = clock_boot(),
	};
	note->limit = note->began + what->lane->timeout +
	    what->lane->kill_after;
	rc = crypto_mark(note->mark);
	return rc == RC_OK ? journal_note_run(what->claim, note) : rc;
}

/*
 * Before the start, so that nothing runs that others know nothing of.
 * RC_STOPPING: kill_now came before that could be written.
 */
static enum rc
note_run(struct work *work)
{
	const struct claim_run *what = work->what;
	int pause = WRITE_FIRST;
	enum rc rc = write_note(work);

	if (rc == RC_OK)
		return RC_OK;
	if (rc == RC_MISSING)
		return RC_STOPPING;
	log_say(LOG_LEVEL_ERROR, "a command's start cannot be noted: %s",
	    strerror(errno));
	what->trouble(what->context, RUN_CLAIM_UNWRITTEN, 1);
	while (rc != RC_OK && rc != RC_MISSING && !must_end(what, pause)) {
		pause = pause > WRITE_MAX / 2 ? WRITE_MAX : 2 * pause;
		rc = write_note(work);
	}
	what->trouble(what->context, RUN_CLAIM_UNWRITTEN, -1);
	return rc == RC_OK ? RC_OK : RC_STOPPING;
}

/* The thread stays until the command is gone; RC_STOPPING: kill_now came
 * first, and the claim is left to others. */
static enum rc
wait_until_reaped(const struct work *work)
{
	const struct claim_run *what = work->what;
	struct pollfd ends[2] = {
		{ what->kill_now, POLLIN, 0 },
		{ work->result->pidfd, POLLIN, 0 },
	};
	enum rc rc = run_reap(work->result);

	what->trouble(what->context, RUN_CLAIM_STUCK, 1);
	while (rc == RC_PENDING && ends[0].revents == 0) {
		poll(ends, 2, STUCK_RECHECK);
		rc = run_reap(work->result);
	}
	what->trouble(what->context, RUN_CLAIM_STUCK, -1);
	return rc == RC_OK ? RC_OK : RC_STOPPING;
}

/* How the claim's commands are run. */
static struct command
command_of(const struct claim_run *what)
{
	return (struct command){
		.stop = what->kill_now,
		.stop_kill_after = what->lane->kill_after,
		.stop_kill_within = what->kill_within,
		.host = what->host,
	};
}

/* Runs the group's command; RC_STOPPING where its end is not known. */
static enum rc
run_group(struct work *work, enum outcome *outcome)
{
	const struct claim_run *what = work->what;
	struct command how = command_of(what);
	enum rc rc = note_run(work);

	if (rc != RC_OK)
		return rc;
	how.started = note_start;
	how.context = work;
	work->began = journal_now(work->what->journal);
	for (size_t i = 0; i < work->group_n; i++) {
		work->jobs[i] = work->group[i]->job;
		work->jobs[i].mark = work->note.mark;
	}
	execute(work->jobs, work->group_n, &how, work->result);
	*outcome = run_outcome(work->result);
	if (work->result->end == RUN_STUCK)
		rc = wait_until_reaped(work);
	/* A note that stays names a process that is gone. */
	if (rc == RC_OK)
		(void)journal_note_run(what->claim, NULL);
	return rc;
}

static void
run_on_dead(struct work *work, struct delivery_run *delivery)
{
	const struct claim_run *what = work->what;
	struct command how = command_of(what);
	struct rule rule = { .command = what->hook->on_dead };
	struct lane lane = *what->lane;
	struct job job = delivery->job;
	enum outcome outcome;

	if (rule.command == NULL)
		return;
	/* It is the hook's, and what it reads is what the command read. */
	lane.directory = what->hook->directory;
	lane.timeout = what->hook->timeout;
	lane.kill_after = what->hook->kill_after;
	how.stop_kill_after = what->hook->kill_after;
	job.rule = &rule;
	job.lane = &lane;
	execute(&job, 1, &how, work->result);
	outcome = run_outcome(work->result);
	if (work->result->end == RUN_STUCK)
		(void)wait_until_reaped(work);
	if (outcome == OUTCOME_DELIVERED)
		log_job(LOG_LEVEL_INFO, "on-dead ran", &job);
	else
		log_job(LOG_LEVEL_ERROR, "on-dead failed", &job);
}

/*
 * Each waits for its own next pause, lest new events drag old ones through
 * the schedule or wait as long as these.  Those of one step come due at the
 * same moment, and so stay a batch.
 */
static void
give_verdicts(struct work *work, enum outcome outcome)
{
	const struct lane *lane = work->what->lane;
	double jitter = retry_jitter();

	for (size_t i = 0; i < work->group_n; i++) {
		unsigned step = work->group[i]->claimed->step;
		enum journal_verdict verdict = retry_verdict(lane, step,
		    outcome);

		work->settlements[i].verdict = verdict;
		if (verdict == JOURNAL_DELAY)
			work->settlements[i].pause = retry_pause(lane, step,
			    jitter);
	}
}

/* Records what became of the group. */
static void
record_outcome(struct work *work, enum outcome outcome)
{
	fill_settlements(work, JOURNAL_DELAY);
	give_verdicts(work, outcome);
	if (record_group(work) != RC_OK)
		return;
	for (size_t i = 0; i < work->group_n; i++)
		if (work->settlements[i].verdict == JOURNAL_MARK_DEAD)
			run_on_dead(work, work->group[i]);
}

static void
take_alone(struct work *work, struct delivery_run *delivery)
{
	work->group[0] = delivery;
	work->group_n = 1;
}

static bool
same_key(const struct delivery_run *a, const struct delivery_run *b)
{
	return a->claimed->ordered && b->claimed->ordered &&
	    memcmp(a->claimed->key, b->claimed->key, JOURNAL_KEY) == 0;
}

/* Under order a key stops at its first failure, whichever line that is of. */
static bool
is_held_back(const struct work *work, const struct delivery_run *delivery)
{
	const struct delivery_run *before;

	for (before = work->runs; before < delivery; before++)
		if (before->over && !before->finished &&
		    same_key(before, delivery))
			return true;
	return false;
}

static void
give_back_alone(struct work *work, struct delivery_run *delivery)
{
	take_alone(work, delivery);
	(void)record_unrun(work, JOURNAL_GIVE_BACK, JOURNAL_NOT_RUN);
}

static void
try_alone(struct work *work, struct delivery_run *delivery)
{
	enum outcome outcome;

	if (is_held_back(work, delivery) || must_end(work->what, 0)) {
		give_back_alone(work, delivery);
		return;
	}
	take_alone(work, delivery);
	if (run_group(work, &outcome) == RC_OK)
		record_outcome(work, outcome);
	else
		delivery->over = true;
}

static void
try_each(struct work *work)
{
	for (size_t i = 0; i < work->n; i++) {
		struct delivery_run *delivery = &work->runs[i];

		if (delivery->over || !delivery->again)
			continue;
		delivery->job.attempt++;
		try_alone(work, delivery);
	}
}

/* The exit code speaks for all; but one bad event must not hold others. */
static void
try_batch(struct work *work)
{
	enum outcome outcome;

	if (run_group(work, &outcome) != RC_OK) {
		for (size_t i = 0; i < work->group_n; i++)
			work->group[i]->over = true;
		return;
	}
	if (outcome == OUTCOME_DELIVERED || outcome == OUTCOME_TEMPORARY ||
	    outcome == OUTCOME_STOPPED) {
		record_outcome(work, outcome);
		return;
	}
	fill_settlements(work, JOURNAL_RETRY_NOW);
	if (record_group(work) != RC_OK)
		return;
	for (size_t i = 0; i < work->group_n; i++)
		work->group[i]->again = true;
	try_each(work);
}

/* Whether one of its key that came before has to be handled first, or is to be
 * waited for. */
static bool
is_blocked(const struct work *work, const struct delivery_run *delivery)
{
	const struct delivery_run *before;

	if (!delivery->claimed->ordered)
		return false;
	for (before = work->runs; before < delivery; before++)
		if (!before->over && same_key(before, delivery) &&
		    (before->job.rule != delivery->job.rule ||
			before->lost != delivery->lost))
			return true;
	return is_held_back(work, delivery);
}

/* All that the line of the first that is left takes. */
static void
gather_group(struct work *work, struct delivery_run *first)
{
	struct delivery_run *end = work->runs + work->n;

	work->group_n = 0;
	for (struct delivery_run *delivery = first; delivery < end; delivery++)
		if (!delivery->over && delivery->rc == RC_OK &&
		    delivery->job.rule == first->job.rule &&
		    delivery->lost == first->lost &&
		    !is_blocked(work, delivery))
			work->group[work->group_n++] = delivery;
}

/* Records the result that is there as a failure, with no command run. */
static void
fail_unrun(struct work *work, struct delivery_run *delivery)
{
	take_alone(work, delivery);
	work->began = journal_now(work->what->journal);
	record_outcome(work, OUTCOME_FAILED);
}

static void
fail_prepared(struct work *work, struct delivery_run *delivery)
{
	*work->result = (struct run_result){
		.end = RUN_UNSTARTED,
		.pidfd = -1,
		.code = delivery->rc == RC_MEMORY ? ENOMEM : EINVAL,
	};
	fail_unrun(work, delivery);
}

/*
 * What a kill or a stop ended is no fault of the command, a few times; what
 * never ends otherwise would be run for ever.
 */
static void
count_lost(struct work *work, struct delivery_run *delivery)
{
	*work->result = (struct run_result){ .pidfd = -1 };
	fail_unrun(work, delivery);
}

static void
handle_from(struct work *work, struct delivery_run *first)
{
	if (is_held_back(work, first)) {
		give_back_alone(work, first);
		return;
	}
	if (first->rc != RC_OK) {
		fail_prepared(work, first);
		return;
	}
	gather_group(work, first);
	if (must_end(work->what, 0))
		record_unrun(work, JOURNAL_GIVE_BACK, JOURNAL_NOT_RUN);
	else if (first->job.rule == NULL)
		record_unrun(work, JOURNAL_FINISH, JOURNAL_IGNORED);
	else if (first->lost)
		count_lost(work, first);
	else if (work->group_n > 1)
		try_batch(work);
	else
		try_alone(work, first);
}

static bool
allocate(struct work *work)
{
	size_t n = work->n;

	work->runs = pool_alloc(&work->pool, n, sizeof(*work->runs));
	work->group = pool_alloc(&work->pool, n, sizeof(*work->group));
	work->jobs = pool_alloc(&work->pool, n, sizeof(*work->jobs));
	work->settlements = pool_alloc(&work->pool, n,
	    sizeof(*work->settlements));
	work->result = pool_alloc(&work->pool, 1, sizeof(*work->result));
	return work->runs != NULL && work->group != NULL &&
	    work->jobs != NULL && work->settlements != NULL &&
	    work->result != NULL;
}

/* Memory is short: what was claimed goes back as it came. */
static void
give_back(const struct claim_run *what)
{
	struct journal_settlement settlement = { .verdict = JOURNAL_GIVE_BACK };
	struct work work = {
		.what = what,
		.settlements = &settlement,
	};
	struct log_line line;

	log_begin(&line, LOG_LEVEL_ERROR, "no memory for a delivery");
	log_text(&line, "hook", what->hook->name);
	log_end(&line);
	for (size_t i = 0; i < what->claim->n; i++) {
		settlement.seq = what->claim->deliveries[i].seq;
		(void)record_result(&work, 1);
	}
}

void
run_claim(const struct claim_run *what)
{
	struct work work = { .what = what, .n = what->claim->n };

	if (!allocate(&work)) {
		give_back(what);
		pool_free(&work.pool);
		return;
	}
	for (size_t i = 0; i < work.n; i++) {
		work.runs[i].claimed = &what->claim->deliveries[i];
		work.runs[i].lost = what->claim->deliveries[i].lost > LOST_FREE;
		prepare(&work, &work.runs[i]);
	}
	for (size_t i = 0; i < work.n; i++)
		if (!work.runs[i].over)
			handle_from(&work, &work.runs[i]);
	pool_free(&work.pool);
}
