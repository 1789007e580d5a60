/* SPDX-License-Identifier: ISC */
#include <sys/eventfd.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "queue/dispatch.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "command/discard.h"
#include "command/host.h"
#include "config/conf.h"
#include "journal/journal.h"
#include "queue/recover.h"
#include "queue/run_claim.h"
#include "queue/hooks.h"

enum {
	RUNNING_MAX = 256, /* threads, each with one command */
	STACK = 1024 * 1024,
	RECHECK = 900,	  /* for what others stored, ms */
	PURGE_PAUSE = 20, /* between its steps, ms */
	PURGE_RECHECK = 60000,
	TROUBLE_FIRST = 100,
	TROUBLE_MAX = 30000,
};

/* A thread with a claim. */
struct claim_thread {
	struct dispatch_loop *loop;
	struct conf *conf;
	struct journal_claim claim;
	struct claim_run what;
	pthread_t handle;
	struct claim_thread *next; /* of those that ended */
};

/* The state of the loop: what it does next, and when. */
struct dispatch_loop {
	const struct dispatch *settings;
	struct journal *journal;
	int wake;     /* eventfd: look again */
	int kill_now; /* eventfd: end what runs */
	struct conf *conf;
	struct queue_hooks hooks; /* of that */
	bool note;		  /* its rules have to be compared */
	bool dirty;		  /* something may be claimable */
	bool lost;		  /* no configuration is in force */
	bool stopping;
	bool killing;
	int64_t kill_at;       /* clock_steady */
	int64_t due;	       /* clock_wall */
	int64_t wall;	       /* when it last ran */
	int trouble;	       /* pause, ms; 0: none */
	int64_t trouble_until; /* clock_steady */
	enum rc rc;	       /* of that trouble */
	struct recovery recovery;
	int64_t recover_at; /* clock_steady */
	bool purging;
	int64_t purge_at; /* clock_steady */
	struct journal_purge purge;
	size_t running;
	pthread_mutex_t lock; /* guards what follows */
	struct claim_thread *ended;
	int stuck;
	int unwritten;
};

static void
back_off(struct dispatch_loop *loop, enum rc rc)
{
	int pause = loop->trouble;

	pause = pause == 0	    ? TROUBLE_FIRST :
	    pause > TROUBLE_MAX / 2 ? TROUBLE_MAX :
				      2 * pause;
	loop->trouble = pause;
	loop->trouble_until = clock_steady() + pause;
	loop->rc = rc;
	loop->dirty = true;
}

/* Whether a step of the loop went well; if not, all wait for a while. */
static bool
went_well(struct dispatch_loop *loop, enum rc rc)
{
	if (rc == RC_OK || rc == RC_MISSING)
		return true;
	back_off(loop, rc);
	return false;
}

static void
note_trouble(void *context, enum run_claim_trouble trouble, int by)
{
	struct dispatch_loop *loop = context;

	pthread_mutex_lock(&loop->lock);
	switch (trouble) {
	case RUN_CLAIM_UNWRITTEN:
		loop->unwritten += by;
		break;
	case RUN_CLAIM_STUCK:
		loop->stuck += by;
		break;
	}
	pthread_mutex_unlock(&loop->lock);
	(void)io_signal(loop->wake);
}

static void *
run_thread(void *context)
{
	struct claim_thread *thread = context;
	struct dispatch_loop *loop = thread->loop;

	run_claim(&thread->what);
	pthread_mutex_lock(&loop->lock);
	thread->next = loop->ended;
	loop->ended = thread;
	pthread_mutex_unlock(&loop->lock);
	(void)io_signal(loop->wake);
	return NULL;
}

static void
free_thread(struct claim_thread *thread)
{
	journal_claim_free(&thread->claim);
	conf_release(thread->conf);
	free(thread);
}

static void
join_ended(struct dispatch_loop *loop)
{
	struct claim_thread *thread;
	struct claim_thread *next;

	pthread_mutex_lock(&loop->lock);
	thread = loop->ended;
	loop->ended = NULL;
	pthread_mutex_unlock(&loop->lock);
	for (; thread != NULL; thread = next) {
		next = thread->next;
		pthread_join(thread->handle, NULL);
		free_thread(thread);
		loop->running--;
		loop->dirty = true;
	}
}

static int
start_thread(struct claim_thread *thread)
{
	pthread_attr_t attributes;
	int error = pthread_attr_init(&attributes);

	if (error != 0)
		return error;
	pthread_attr_setstacksize(&attributes, STACK);
	error = pthread_create(&thread->handle, &attributes, run_thread,
	    thread);
	pthread_attr_destroy(&attributes);
	return error;
}

/* Without a thread the claim is run here: slow, but nothing is lost. */
static void
start_claim(struct dispatch_loop *loop, struct claim_thread *thread)
{
	const char *hook = thread->claim.deliveries[0].event.hook;
	int error;

	thread->loop = loop;
	thread->conf = conf_hold(loop->conf);
	thread->what = (struct claim_run){
		.journal = loop->journal,
		.hook = conf_find(loop->conf, bytes_of(hook)),
		.claim = &thread->claim,
		.host = loop->settings->host,
		.kill_now = loop->kill_now,
		.trouble = note_trouble,
		.context = loop,
	};
	error = start_thread(thread);
	if (error == 0) {
		loop->running++;
		return;
	}
	log_say(LOG_LEVEL_ERROR, "drain: a thread: %s", strerror(error));
	run_claim(&thread->what);
	free_thread(thread);
}

static enum rc
report_backlog(void *context, const char *name, int64_t events)
{
	const struct conf *conf = context;
	const struct hook *hook = conf_find(conf, bytes_of(name));
	struct log_line line;

	if (hook != NULL && hook->ready)
		return RC_OK;
	log_begin(&line, LOG_LEVEL_WARNING,
	    hook == NULL ? "queued for a hook that is gone" :
			   "queued for a hook that is not ready");
	log_text(&line, "hook", name);
	log_number(&line, "events", events);
	log_end(&line);
	return RC_OK;
}

/* Others may note newer rules at any time: claims look at that themselves,
 * and this says so. */
static void
note_rules(struct dispatch_loop *loop)
{
	struct queue_hooks *hooks = &loop->hooks;

	if (!went_well(loop,
		journal_note_rules(loop->journal, hooks->rules,
		    hooks->limits.n)))
		return;
	loop->note = false;
	queue_hooks_report_older(hooks, loop->conf);
}

/* Warns only: a damaged row of it is no reason to run nothing. */
static void
report_backlogs(struct dispatch_loop *loop)
{
	enum rc rc = journal_backlog(loop->journal, report_backlog, loop->conf);

	if (rc != RC_CORRUPT)
		went_well(loop, rc);
}

/* Takes both over in every case. */
static enum rc
change_conf(struct dispatch_loop *loop, struct conf *conf)
{
	struct queue_hooks hooks = { 0 };
	enum rc rc = queue_hooks_make(conf, &hooks);

	if (rc != RC_OK) {
		queue_hooks_free(&hooks);
		conf_release(conf);
		return rc;
	}
	queue_hooks_free(&loop->hooks);
	conf_release(loop->conf);
	loop->conf = conf;
	loop->hooks = hooks;
	loop->purge.keeps = hooks.keeps;
	loop->purge.n = hooks.keeps_n;
	loop->purge.time = conf->time;
	loop->dirty = true;
	loop->note = true;
	report_backlogs(loop);
	return RC_OK;
}

/* Whether the loop goes by the configuration in force from here on, and
 * its rules are noted. */
static bool
take_conf(struct dispatch_loop *loop)
{
	const struct dispatch *settings = loop->settings;
	struct conf *conf = loop->lost ? NULL :
					 settings->conf(settings->context);
	enum rc rc = RC_OK;

	loop->lost = conf == NULL;
	if (loop->lost)
		return false;
	if (conf == loop->conf)
		conf_release(conf);
	else
		rc = change_conf(loop, conf);
	if (!went_well(loop, rc))
		return false;
	if (loop->note)
		note_rules(loop);
	return !loop->note;
}

static enum rc
claim_one(struct dispatch_loop *loop)
{
	struct claim_thread *thread = calloc(1, sizeof(*thread));
	enum rc rc;

	if (thread == NULL)
		return RC_MEMORY;
	rc = journal_claim_due(loop->journal, &loop->hooks.limits, clock_wall(),
	    &thread->claim);
	if (rc == RC_OK)
		start_claim(loop, thread);
	else
		free(thread);
	return rc;
}

static bool
may_claim(struct dispatch_loop *loop)
{
	bool may;

	pthread_mutex_lock(&loop->lock);
	may = loop->unwritten == 0;
	pthread_mutex_unlock(&loop->lock);
	return may && !loop->stopping && loop->dirty &&
	    loop->running < RUNNING_MAX;
}

/* What is in force is asked for before each claim: between two of them a
 * command may have run here. */
static void
claim_all(struct dispatch_loop *loop)
{
	enum rc rc = RC_OK;

	if (!may_claim(loop))
		return;
	while (rc == RC_OK && loop->running < RUNNING_MAX) {
		if (!take_conf(loop))
			return;
		rc = claim_one(loop);
	}
	if (!went_well(loop, rc))
		return;
	loop->trouble = 0;
	loop->rc = RC_OK;
	loop->dirty = rc == RC_OK;
	went_well(loop,
	    journal_next_due(loop->journal, &loop->hooks.limits, clock_wall(),
		&loop->due));
}

static void
recover_claims(struct dispatch_loop *loop)
{
	size_t before = loop->recovery.recovered;

	if (loop->stopping || clock_steady() < loop->recover_at)
		return;
	if (!went_well(loop,
		recover(&loop->recovery, loop->journal, loop->conf))) {
		loop->recover_at = clock_steady() + RECHECK;
		return;
	}
	if (loop->recovery.recovered != before)
		loop->dirty = true;
	loop->recover_at = loop->recovery.waiting > 0 ?
	    clock_steady() + RECOVER_PAUSE :
	    loop->recovery.foreign ? clock_steady() + RECHECK :
				     CLOCK_NEVER;
}

static void
purge_some(struct dispatch_loop *loop)
{
	if (loop->stopping || clock_steady() < loop->purge_at)
		return;
	if (!loop->purging) {
		if (!went_well(loop,
			journal_purge_due(loop->journal, clock_wall(),
			    &loop->purging)))
			return;
	} else if (went_well(loop,
		       journal_purge_step(loop->journal, &loop->purge,
			   clock_wall()))) {
		loop->purging = loop->purge.from != 0;
	}
	loop->purge_at = clock_steady() +
	    (loop->purging ? PURGE_PAUSE : PURGE_RECHECK);
}

static void
check_stop(struct dispatch_loop *loop)
{
	if (!loop->stopping && io_is_readable(loop->settings->stop)) {
		loop->stopping = true;
		loop->kill_at = clock_steady() + loop->conf->stop_timeout;
	}
	if (loop->stopping && !loop->killing &&
	    clock_steady() >= loop->kill_at) {
		loop->killing = true;
		(void)io_signal(loop->kill_now);
	}
}

/* How many threads are at work that end on their own. */
static size_t
working(struct dispatch_loop *loop)
{
	size_t stuck;

	pthread_mutex_lock(&loop->lock);
	stuck = (size_t)loop->stuck;
	pthread_mutex_unlock(&loop->lock);
	return loop->running - stuck;
}

static bool
is_over(struct dispatch_loop *loop)
{
	if (loop->stopping)
		return loop->running == 0;
	if (loop->lost)
		return working(loop) == 0;
	if (!loop->settings->until_empty || working(loop) > 0)
		return false;
	if (loop->trouble != 0)
		return true;
	return !loop->dirty && loop->recovery.waiting == 0 && !loop->purging;
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* When to look again though nothing wakes it, in clock_steady. */
static int64_t
next_time(const struct dispatch_loop *loop)
{
	int64_t now = clock_steady();
	int64_t wall = clock_wall();
	int64_t next = now + RECHECK;

	if (loop->stopping)
		return loop->killing ? next : loop->kill_at;
	if (loop->lost)
		return next;
	if (loop->trouble != 0 && now < loop->trouble_until)
		return loop->trouble_until;
	if (loop->due > wall && loop->due - wall < RECHECK)
		next = now + (loop->due - wall);
	next = earlier(next, loop->recover_at);
	return earlier(next, loop->purge_at);
}

/* What commands left running may write at any time is read meanwhile. */
static void
wait_for_next(struct dispatch_loop *loop)
{
	struct discard *discard = host_discard(loop->settings->host);
	int64_t next = next_time(loop);
	struct pollfd fds[3] = {
		{ loop->wake, POLLIN, 0 },
		{ loop->stopping ? -1 : loop->settings->stop, POLLIN, 0 },
		{ discard_fd(discard), POLLIN, 0 },
	};
	uint64_t count;
	int n;

	do {
		n = poll(fds, 3, clock_left(next));
		if (n > 0 && fds[2].revents != 0)
			discard_read(discard);
	} while (n > 0 && fds[0].revents == 0 && fds[1].revents == 0 &&
	    clock_left(next) != 0);
	if (fds[0].revents != 0 && read(loop->wake, &count, sizeof(count)) > 0)
		loop->dirty = true;
}

/* What others stored, what became due, and a clock that was set back. */
static void
check_for_changes(struct dispatch_loop *loop)
{
	int64_t wall = clock_wall();
	bool changed = false;

	if (loop->stopping)
		return;
	went_well(loop, journal_changed(loop->journal, &changed));
	if (changed && loop->recover_at == CLOCK_NEVER)
		loop->recover_at = clock_steady();
	if (changed || loop->due <= wall || wall < loop->wall)
		loop->dirty = true;
	if (changed)
		loop->note = true;
	loop->wall = wall;
}

static void
run_once(struct dispatch_loop *loop)
{
	join_ended(loop);
	check_stop(loop);
	if (!loop->stopping && loop->trouble != 0 &&
	    clock_steady() < loop->trouble_until)
		return;
	check_for_changes(loop);
	if (!take_conf(loop))
		return;
	recover_claims(loop);
	claim_all(loop);
	/* Until its rules are noted nothing says for how long to keep. */
	if (!loop->lost && !loop->note)
		purge_some(loop);
}

static enum rc
open_loop(struct dispatch_loop *loop, const struct dispatch *settings)
{
	struct conf *conf;

	loop->settings = settings;
	loop->journal = settings->journal;
	loop->due = CLOCK_NEVER;
	pthread_mutex_init(&loop->lock, NULL);
	loop->kill_now = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	loop->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->kill_now == -1 || loop->wake == -1) {
		log_say(LOG_LEVEL_ERROR, "drain: eventfd: %s", strerror(errno));
		return RC_SYSTEM;
	}
	journal_set_wakeup_fd(loop->journal, loop->wake);
	conf = settings->conf(settings->context);
	return conf == NULL ? RC_CONFIG : change_conf(loop, conf);
}

/* What is still there is stuck, and hears that nobody waits any more. */
static void
close_loop(struct dispatch_loop *loop)
{
	uint64_t count;

	(void)io_signal(loop->kill_now);
	join_ended(loop);
	while (loop->running > 0) {
		struct pollfd wake = { loop->wake, POLLIN, 0 };

		poll(&wake, 1, RECHECK);
		if (wake.revents != 0)
			(void)!read(loop->wake, &count, sizeof(count));
		join_ended(loop);
	}
	journal_set_wakeup_fd(loop->journal, -1);
	recovery_free(&loop->recovery);
	conf_release(loop->conf);
	queue_hooks_free(&loop->hooks);
	io_close(&loop->wake);
	io_close(&loop->kill_now);
	pthread_mutex_destroy(&loop->lock);
}

enum rc
dispatch_queue(const struct dispatch *settings)
{
	struct dispatch_loop state = { .wake = -1, .kill_now = -1 };
	enum rc rc = open_loop(&state, settings);

	if (rc == RC_OK) {
		run_once(&state);
		while (!is_over(&state)) {
			wait_for_next(&state);
			run_once(&state);
		}
		if (state.lost)
			rc = RC_CONFIG;
		else if (settings->until_empty && !state.stopping)
			rc = state.rc;
	}
	close_loop(&state);
	return rc;
}

/* Whether something is due now for the hooks in force. */
static enum rc
check_once_more(const struct dispatch *settings, bool *more)
{
	struct conf *conf = settings->conf(settings->context);
	struct queue_hooks hooks = { 0 };
	int64_t due = CLOCK_NEVER;
	enum rc rc;

	if (conf == NULL)
		return RC_CONFIG;
	rc = queue_hooks_make(conf, &hooks);
	if (rc == RC_OK)
		rc = journal_next_due(settings->journal, &hooks.limits,
		    clock_wall(), &due);
	*more = due <= clock_wall() && !io_is_readable(settings->stop);
	queue_hooks_free(&hooks);
	conf_release(conf);
	return rc;
}

enum rc
dispatch_alone(const struct dispatch *settings)
{
	struct dispatch alone = *settings;
	bool more = true;
	enum rc rc = RC_OK;

	alone.until_empty = true;
	while (rc == RC_OK && more) {
		rc = journal_drain_lock(alone.journal);
		if (rc == RC_PENDING)
			return RC_OK;
		if (rc == RC_OK)
			rc = dispatch_queue(&alone);
		journal_drain_unlock(alone.journal);
		if (rc == RC_OK)
			rc = check_once_more(&alone, &more);
	}
	return rc;
}
