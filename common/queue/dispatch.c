/* SPDX-License-Identifier: ISC */
#include <sys/eventfd.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "queue/dispatch.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/io.h"
#include "base/log.h"
#include "base/thread.h"
#include "command/discard.h"
#include "command/host.h"
#include "config/conf.h"
#include "journal/journal.h"
#include "queue/hooks.h"
#include "queue/recover.h"
#include "queue/route.h"
#include "queue/run_claim.h"
#include "queue/source.h"
#include "watch/watch.h"

enum {
	RECHECK = 900,	  /* for what others stored, ms */
	PURGE_PAUSE = 20, /* between its steps, ms, and those of a renewal */
	MOVE_SLICE = 100, /* for moving before others are claimed, ms */
	KEPT_SHARE = 8,	  /* of the places, for lanes that are idle */
	PURGE_RECHECK = 60000,
	TRIM_PAUSE = 5000, /* between looks at the journal's size, ms */
	FOLD_PAUSE = 60000,
	WATCH_PAUSE = 500, /* between looks at what came meanwhile, ms */
	TROUBLE_FIRST = 100,
	TROUBLE_MAX = 30000,
};

/*
 * A thread that runs a claim, then the next.  One without a claim is there
 * before a claim is made: nobody else could run it and hear a stop meanwhile.
 */
struct claim_thread {
	struct dispatch_loop *loop;
	sem_t go; /* there is a claim, or it has to quit */
	bool quit;
	struct conf *conf;
	struct journal_claim claim;
	struct claim_run what;
	pthread_t handle;
	struct claim_thread *next; /* of those whose claim is over */
};

/* The state of the loop: what it does next, and when. */
struct dispatch_loop {
	const struct dispatch *settings;
	struct journal *journal;
	int wake;		  /* eventfd: look again */
	int kill_now;		  /* eventfd: end what runs */
	atomic_bool lapsing;	  /* as the lease is going to be over */
	atomic_llong kill_within; /* and how long it has, ms */
	struct conf *conf;
	struct queue_hooks hooks; /* of that */
	bool note;		  /* its rules have to be compared */
	bool dirty;		  /* something may be claimable */
	bool unmoved;		  /* something has to be moved first */
	bool lost;		  /* no configuration is in force */
	bool stopping;
	bool killing;
	int64_t kill_at;       /* clock_steady */
	int64_t due;	       /* journal_now */
	int64_t wall;	       /* when it last ran */
	int trouble;	       /* pause, ms; 0: none */
	int64_t trouble_until; /* clock_steady */
	enum rc rc;	       /* of that trouble */
	enum rc chore_rc;      /* what kept a chore from its end */
	struct recovery recovery;
	int64_t recover_at; /* clock_steady */
	bool purging;
	int64_t purge_at; /* clock_steady */
	int64_t trim_at;  /* clock_steady */
	int64_t fold_at;  /* clock_steady */
	struct journal_purge purge;
	bool renewing;	   /* there may be rows of an earlier release */
	int64_t renew_at;  /* clock_steady */
	bool watching;	   /* there may be something to put together or judge */
	int64_t watch_at;  /* not before, clock_steady */
	int64_t watch_due; /* journal_now */
	struct claim_thread *busy[DISPATCH_MAX];
	size_t running;		    /* of busy */
	size_t most;		    /* of them */
	struct claim_thread *spare; /* without a claim, or NULL */
	bool no_spare;		    /* and that was logged */
	pthread_mutex_t lock;	    /* guards what follows */
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

/* The same of what no delivery depends on: that alone waits.  A drain does not
 * wait for it. */
static bool
chore_went_well(struct dispatch_loop *loop, enum rc rc, int64_t *again)
{
	if (rc == RC_OK || rc == RC_MISSING)
		return true;
	loop->chore_rc = rc;
	*again = clock_steady() + TROUBLE_MAX;
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

static void
wait_for_claim(struct claim_thread *thread)
{
	while (sem_wait(&thread->go) != 0)
		;
}

static void *
run_thread(void *context)
{
	struct claim_thread *thread = context;
	struct dispatch_loop *loop = thread->loop;

	wait_for_claim(thread);
	while (!thread->quit) {
		run_claim(&thread->what);
		pthread_mutex_lock(&loop->lock);
		thread->next = loop->ended;
		loop->ended = thread;
		pthread_mutex_unlock(&loop->lock);
		(void)io_signal(loop->wake);
		wait_for_claim(thread);
	}
	return NULL;
}

static void
end_thread(struct claim_thread *thread)
{
	thread->quit = true;
	sem_post(&thread->go);
	pthread_join(thread->handle, NULL);
	sem_destroy(&thread->go);
	free(thread);
}

static void
forget_busy(struct dispatch_loop *loop, const struct claim_thread *thread)
{
	size_t i = 0;

	while (loop->busy[i] != thread)
		i++;
	loop->busy[i] = loop->busy[--loop->running];
}

/* Those whose claim is over; one of them is kept for the next. */
static void
take_ended(struct dispatch_loop *loop)
{
	struct claim_thread *thread;
	struct claim_thread *next;

	pthread_mutex_lock(&loop->lock);
	thread = loop->ended;
	loop->ended = NULL;
	pthread_mutex_unlock(&loop->lock);
	for (; thread != NULL; thread = next) {
		next = thread->next;
		forget_busy(loop, thread);
		journal_claim_free(&thread->claim);
		thread->claim = (struct journal_claim){ 0 };
		conf_release(thread->conf);
		loop->dirty = true;
		if (loop->spare == NULL)
			loop->spare = thread;
		else
			end_thread(thread);
	}
}

static enum rc
new_spare(struct dispatch_loop *loop)
{
	struct claim_thread *thread = calloc(1, sizeof(*thread));
	int error;

	if (thread == NULL)
		return RC_MEMORY;
	thread->loop = loop;
	sem_init(&thread->go, 0, 0);
	error = thread_start(&thread->handle, run_thread, thread);
	if (error == 0) {
		loop->spare = thread;
		loop->no_spare = false;
		return RC_OK;
	}
	sem_destroy(&thread->go);
	free(thread);
	if (!loop->no_spare)
		log_say(LOG_LEVEL_ERROR,
		    "no thread for a queued command: %s; what is due waits "
		    "for one",
		    strerror(error));
	loop->no_spare = true;
	return RC_SYSTEM;
}

/* The spare thread runs its claim. */
static void
start_claim(struct dispatch_loop *loop)
{
	struct claim_thread *thread = loop->spare;
	const struct lane *lane;
	const struct hook *hook = queue_hooks_find(&loop->hooks, &thread->claim,
	    &lane);

	thread->conf = conf_hold(loop->conf);
	thread->what = (struct claim_run){
		.journal = loop->journal,
		.hook = hook,
		.lane = lane,
		.claim = &thread->claim,
		.host = loop->settings->host,
		.kill_now = loop->kill_now,
		.kill_within = &loop->kill_within,
		.lapsing = &loop->lapsing,
		.trouble = note_trouble,
		.context = loop,
	};
	loop->spare = NULL;
	loop->busy[loop->running++] = thread;
	sem_post(&thread->go);
}

static enum rc
report_backlog(void *context, const struct journal_backlog *backlog)
{
	const struct dispatch_loop *loop = context;
	const struct hook *hook = conf_find(loop->conf,
	    bytes_of(backlog->hook));
	struct log_line line;

	if (hook != NULL ? hook->ready :
			   queue_source_is_other(loop->journal, loop->conf,
			       backlog->hook, backlog->file))
		return RC_OK;
	log_begin(&line, LOG_LEVEL_WARNING,
	    hook == NULL ? "queued for a hook that is gone" :
			   "queued for a hook that is not ready");
	log_text(&line, "hook", backlog->hook);
	log_number(&line, "events", backlog->events);
	log_end(&line);
	return RC_OK;
}

/* Others may note newer rules at any time: claims look at that themselves,
 * and this says so. */
static void
note_rules(struct dispatch_loop *loop)
{
	struct queue_hooks *hooks = &loop->hooks;
	bool unsettled = queue_hooks_are_unsettled(hooks);

	if (!went_well(loop, queue_hooks_note(hooks, loop->journal)))
		return;
	loop->note = false;
	if (unsettled && !queue_hooks_are_unsettled(hooks))
		loop->dirty = true;
	queue_hooks_report_older(hooks, loop->conf);
}

/* Warns only: a damaged row of it is no reason to run nothing. */
static void
report_backlogs(struct dispatch_loop *loop)
{
	enum rc rc = journal_backlog(loop->journal, report_backlog, loop);

	if (rc != RC_CORRUPT)
		went_well(loop, rc);
}

/*
 * Before its lease is over nothing of this runner may run any more, and until
 * it has one again nothing new is claimed.  A result that is not written yet
 * is kept meanwhile.
 */
static void
heed_lease(void *context, int64_t left)
{
	struct dispatch_loop *loop = context;
	uint64_t count;

	pthread_mutex_lock(&loop->lock);
	atomic_store(&loop->lapsing, left != CLOCK_NEVER);
	if (left != CLOCK_NEVER) {
		log_say(LOG_LEVEL_ERROR,
		    "the journal cannot be reached, and the lease is going to "
		    "be over: what runs is ended");
		atomic_store(&loop->kill_within, left);
		(void)io_signal(loop->kill_now);
	} else if (!loop->killing) {
		atomic_store(&loop->kill_within, INT64_MAX);
		(void)!read(loop->kill_now, &count, sizeof(count));
	}
	pthread_mutex_unlock(&loop->lock);
	(void)io_signal(loop->wake);
}

static void
set_lease(struct dispatch_loop *loop)
{
	const struct journal_lease lease = {
		.length = loop->conf->lease,
		.kill_after = conf_longest_kill_after(loop->conf),
		.lapse = heed_lease,
		.context = loop,
	};

	journal_set_lease(loop->journal, &lease);
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
	loop->purge.file = hooks.file;
	set_lease(loop);
	loop->dirty = true;
	loop->watching = true;
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
	bool wanted = settings->wanted == NULL ||
	    settings->wanted(settings->context);
	struct conf *conf = wanted ? settings->conf(settings->context) : NULL;
	enum rc rc = RC_OK;

	if (loop->lost)
		loop->dirty = true;
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

/*
 * What is undelivered goes to where the rules in force say before it is
 * claimed.  Meanwhile other hooks' events are, but where it fails: a claim that
 * went well would hide that.
 */
static bool
move_some(struct dispatch_loop *loop)
{
	struct journal_router router = route_router(loop->conf);
	int64_t until = clock_steady() + MOVE_SLICE;
	bool more = true;

	if (!loop->unmoved || loop->stopping)
		return true;
	while (more && clock_steady() < until)
		if (!went_well(loop,
			journal_move(loop->journal, &loop->hooks.limits,
			    &router, journal_now(loop->journal), &more)))
			return false;
	loop->unmoved = more;
	loop->dirty = true;
	return true;
}

static bool
is_busy(const void *context, int64_t lane)
{
	const struct dispatch_loop *loop = context;

	for (size_t i = 0; i < loop->running; i++)
		if (loop->busy[i]->claim.lane == lane)
			return true;
	return false;
}

/* How many places are kept for lanes of which nothing runs: not more than
 * there are such lanes. */
static size_t
places_kept(const struct dispatch_loop *loop)
{
	size_t kept = loop->most / KEPT_SHARE;
	size_t others = loop->hooks.lanes > 0 ? loop->hooks.lanes - 1 : 0;

	if (kept == 0 && loop->most > 1)
		kept = 1;
	return kept < others ? kept : others;
}

/* The last places are for lanes of which nothing runs here: one that may run
 * more than there are places holds up no other. */
static struct journal_limits
limits_now(struct dispatch_loop *loop)
{
	return loop->most - loop->running > places_kept(loop) ?
	    loop->hooks.limits :
	    queue_hooks_idle(&loop->hooks, is_busy, loop);
}

static enum rc
claim_one(struct dispatch_loop *loop)
{
	struct journal_limits limits;
	struct journal_claim *claim;
	enum rc rc = loop->spare != NULL ? RC_OK : new_spare(loop);

	if (rc != RC_OK)
		return rc;
	claim = &loop->spare->claim;
	limits = limits_now(loop);
	rc = journal_claim_due(loop->journal, &limits,
	    journal_now(loop->journal), claim);
	if (rc != RC_OK && rc != RC_MISSING)
		return rc;
	loop->due = claim->next;
	loop->unmoved = claim->unmoved;
	if (rc == RC_OK)
		start_claim(loop);
	return rc;
}

static bool
may_claim(struct dispatch_loop *loop)
{
	bool may;

	pthread_mutex_lock(&loop->lock);
	may = loop->unwritten == 0;
	pthread_mutex_unlock(&loop->lock);
	return may && !loop->stopping && !loop->lapsing && loop->dirty &&
	    loop->running < loop->most;
}

/* What is in force is asked for before each claim: between two of them a
 * command may have run here. */
static void
claim_all(struct dispatch_loop *loop)
{
	bool more = true;
	enum rc rc = RC_OK;

	if (!may_claim(loop))
		return;
	while (rc == RC_OK && more && loop->running < loop->most) {
		if (!take_conf(loop))
			return;
		rc = claim_one(loop);
		more = rc == RC_OK && loop->due <= journal_now(loop->journal);
	}
	/* For want of a thread: what is over next leaves one. */
	if (rc == RC_SYSTEM && loop->running > 0)
		return;
	if (!went_well(loop, rc))
		return;
	loop->trouble = 0;
	loop->rc = RC_OK;
	loop->dirty = more;
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
	bool was_purging = loop->purging;
	enum rc rc;

	if (loop->stopping || clock_steady() < loop->purge_at)
		return;
	if (!loop->purging)
		rc = journal_purge_due(loop->journal,
		    journal_now(loop->journal), &loop->purging);
	else
		rc = journal_purge_step(loop->journal, &loop->purge,
		    journal_now(loop->journal));
	if (!chore_went_well(loop, rc, &loop->purge_at))
		return;
	if (was_purging)
		loop->purging = loop->purge.more;
	loop->purge_at = clock_steady() +
	    (loop->purging ? PURGE_PAUSE : PURGE_RECHECK);
}

/* What an earlier release stored gets the form of this one. */
static void
renew_some(struct dispatch_loop *loop)
{
	if (!loop->renewing || loop->stopping ||
	    clock_steady() < loop->renew_at)
		return;
	if (chore_went_well(loop, journal_renew(loop->journal, &loop->renewing),
		&loop->renew_at))
		loop->renew_at = clock_steady() + PURGE_PAUSE;
}

/* Whether it is time to look for what is to be judged or told.  What an earlier
 * release stored has its form before. */
static bool
may_watch(const struct dispatch_loop *loop)
{
	return !loop->stopping && !loop->renewing &&
	    clock_steady() >= loop->watch_at &&
	    (loop->watching || loop->watch_due <= journal_now(loop->journal));
}

/* What events say of runs is put together, of all of them before anything is
 * judged; then what has become failing, late or stuck is found and told.
 * loop->watching: there may be more. */
static enum rc
watch_once(struct dispatch_loop *loop)
{
	const struct watching watching = {
		.conf = loop->conf,
		.rules = loop->hooks.rules,
		.rules_len = loop->hooks.limits.rules_len,
		.route = route_event,
		.now = journal_now(loop->journal),
	};
	struct journal_assembly assembly;
	enum rc rc = watch_assemble(loop->journal, loop->conf, &assembly);

	loop->watching = true;
	if (rc != RC_OK || assembly.more)
		return rc;
	rc = watch_step(loop->journal, &watching, &loop->watch_due);
	if (rc == RC_OK)
		loop->watching = loop->watch_due <= watching.now;
	return rc;
}

/* A drain ends with it. */
static void
watch_some(struct dispatch_loop *loop)
{
	if (may_watch(loop) &&
	    chore_went_well(loop, watch_once(loop), &loop->watch_at))
		loop->watch_at = clock_steady() +
		    (loop->watching || loop->settings->until_empty ?
			    PURGE_PAUSE :
			    WATCH_PAUSE);
}

/*
 * By what is in force, whatever that which runs began with: so does whoever
 * waits for the end.
 */
static void
begin_stop(struct dispatch_loop *loop)
{
	struct conf *conf = loop->settings->conf(loop->settings->context);
	const struct conf *in_force = conf == NULL ? loop->conf : conf;

	loop->stopping = true;
	loop->kill_at = clock_steady() + in_force->stop_timeout;
	atomic_store(&loop->kill_within, conf_longest_kill_after(in_force));
	conf_release(conf);
}

/* Whoever reads for long lets the write-ahead log grow, and where nothing
 * comes any more nobody else would cut it off. */
static void
trim_log(struct dispatch_loop *loop)
{
	if (loop->stopping || clock_steady() < loop->trim_at)
		return;
	loop->trim_at = clock_steady() + TRIM_PAUSE;
	(void)journal_trim(loop->journal, JOURNAL_LOG_USUAL);
}

/* What cannot be folded now is the next time: no reason to run nothing. */
static void
fold_counts(struct dispatch_loop *loop)
{
	if (loop->stopping || clock_steady() < loop->fold_at)
		return;
	loop->fold_at = clock_steady() + FOLD_PAUSE;
	(void)journal_fold(loop->journal, journal_now(loop->journal));
}

/* For good. */
static void
kill_all(struct dispatch_loop *loop)
{
	pthread_mutex_lock(&loop->lock);
	loop->killing = true;
	(void)io_signal(loop->kill_now);
	pthread_mutex_unlock(&loop->lock);
}

static void
check_stop(struct dispatch_loop *loop)
{
	if (!loop->stopping && io_is_readable(loop->settings->stop))
		begin_stop(loop);
	if (loop->stopping && !loop->killing && clock_steady() >= loop->kill_at)
		kill_all(loop);
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
	/* A process that stays must not leave the claim of a stuck command:
	 * as long as it is there nobody takes that over. */
	if (loop->lost)
		return (loop->settings->until_empty ? working(loop) :
						      loop->running) == 0;
	if (!loop->settings->until_empty || working(loop) > 0)
		return false;
	if (loop->trouble != 0)
		return true;
	if (loop->dirty || loop->unmoved || loop->recovery.waiting > 0)
		return false;
	return loop->chore_rc != RC_OK ||
	    (!loop->purging && !loop->renewing && !loop->watching);
}

/* Those that share a journal do not all ask at the same moment. */
static int64_t
recheck(void)
{
	uint8_t part = 0;

	(void)crypto_random(&part, sizeof(part));
	return RECHECK - RECHECK / 4 * part / UINT8_MAX;
}

/* When to look again though nothing wakes it, in clock_steady. */
static int64_t
next_time(const struct dispatch_loop *loop)
{
	int64_t now = clock_steady();
	int64_t wall = journal_now(loop->journal);
	int64_t next = now + recheck();

	if (loop->stopping)
		return loop->killing ? next : loop->kill_at;
	if (loop->lost)
		return next;
	if (loop->trouble != 0 && now < loop->trouble_until)
		return loop->trouble_until;
	if (loop->due > wall && loop->due - wall < RECHECK)
		next = now + (loop->due - wall);
	if (loop->unmoved)
		return now;
	if (loop->renewing)
		next = clock_earlier(next, loop->renew_at);
	else if (loop->watching)
		next = clock_earlier(next, loop->watch_at);
	if (loop->watch_due > wall && loop->watch_due - wall < RECHECK)
		next = clock_earlier(next, now + (loop->watch_due - wall));
	next = clock_earlier(next, loop->recover_at);
	return clock_earlier(next, loop->purge_at);
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
		loop->dirty = loop->watching = true;
}

/* What others stored, what became due, and a clock that was set back. */
static void
check_for_changes(struct dispatch_loop *loop)
{
	int64_t wall = journal_now(loop->journal);
	bool changed = false;

	if (loop->stopping)
		return;
	went_well(loop, journal_changed(loop->journal, &changed));
	if (changed && loop->recover_at == CLOCK_NEVER)
		loop->recover_at = clock_steady();
	if (changed || loop->due <= wall || wall < loop->wall)
		loop->dirty = true;
	if (changed || wall < loop->wall)
		loop->watching = true;
	/* That a runner has died changes nothing that could be seen. */
	if (changed ||
	    (journal_is_shared(loop->journal) &&
		queue_hooks_are_unsettled(&loop->hooks)))
		loop->note = true;
	loop->wall = wall;
}

static void
run_once(struct dispatch_loop *loop)
{
	take_ended(loop);
	check_stop(loop);
	if (!loop->stopping && loop->trouble != 0 &&
	    clock_steady() < loop->trouble_until)
		return;
	check_for_changes(loop);
	if (!take_conf(loop))
		return;
	recover_claims(loop);
	if (move_some(loop))
		claim_all(loop);
	/* Until its rules are noted nothing says for how long to keep. */
	if (!loop->lost && !loop->note) {
		purge_some(loop);
		watch_some(loop);
	}
	renew_some(loop);
	fold_counts(loop);
	trim_log(loop);
}

static enum rc
open_loop(struct dispatch_loop *loop, const struct dispatch *settings)
{
	struct conf *conf;

	loop->settings = settings;
	loop->journal = settings->journal;
	loop->due = CLOCK_NEVER;
	loop->renewing = true;
	loop->watch_due = CLOCK_NEVER;
	atomic_init(&loop->kill_within, INT64_MAX);
	loop->most = settings->most == 0 || settings->most > DISPATCH_MAX ?
	    DISPATCH_MAX :
	    settings->most;
	pthread_mutex_init(&loop->lock, NULL);
	loop->kill_now = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	loop->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->kill_now == -1 || loop->wake == -1) {
		log_say(LOG_LEVEL_ERROR, "drain: eventfd: %s", strerror(errno));
		return RC_SYSTEM;
	}
	journal_add_wakeup_fd(loop->journal, loop->wake);
	conf = settings->conf(settings->context);
	return conf == NULL ? RC_CONFIG : change_conf(loop, conf);
}

/* What is still there is stuck, and hears that nobody waits any more. */
static void
close_loop(struct dispatch_loop *loop)
{
	uint64_t count;

	kill_all(loop);
	take_ended(loop);
	while (loop->running > 0) {
		struct pollfd wake = { loop->wake, POLLIN, 0 };

		poll(&wake, 1, RECHECK);
		if (wake.revents != 0)
			(void)!read(loop->wake, &count, sizeof(count));
		take_ended(loop);
	}
	if (loop->spare != NULL)
		end_thread(loop->spare);
	journal_set_lease(loop->journal, NULL);
	journal_remove_wakeup_fd(loop->journal, loop->wake);
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
			rc = state.rc != RC_OK ? state.rc : state.chore_rc;
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
		rc = queue_hooks_note(&hooks, settings->journal);
	if (rc == RC_OK)
		rc = journal_next_due(settings->journal, &hooks.limits,
		    journal_now(settings->journal), &due);
	*more = due <= journal_now(settings->journal) &&
	    !io_is_readable(settings->stop);
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
