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
#include "base/pool.h"
#include "base/timestamp.h"
#include "config/conf.h"
#include "config/digest.h"
#include "journal/journal.h"
#include "queue/recover.h"
#include "queue/run_claim.h"

enum {
	RUNNING_MOST = 256,		/* threads, each with one command */
	STACK = 1024 * 1024,
	LOOK = 900,			/* for what others stored, ms */
	PURGE_PAUSE = 20,		/* between its steps, ms */
	PURGE_LOOK = 60000,
	TROUBLE_FIRST = 100,
	TROUBLE_MOST = 30000
};

/* A thread with a claim. */
struct runner {
	struct drain *drain;
	struct conf *conf;
	struct journal_claim claim;
	struct claim_run attempt;
	pthread_t thread;
	struct runner *next;		/* of those that ended */
};

/* What a configuration asks of the journal. */
struct lists {
	struct journal_wants wants;
	struct journal_rules *rules;	/* those of the wants */
	bool *told;			/* that they are older */
	/* Of hooks that are not ready: nobody noted for how long. */
	struct journal_keep *keeps;
	size_t keeps_n;
	struct pool pool;		/* holds them */
};

/* What a wakeful turn of the loop does next, and when. */
struct drain {
	const struct dispatch *settings;
	struct journal *journal;
	int wake;			/* eventfd: look again */
	int halt;			/* eventfd: end what runs */
	struct conf *conf;
	struct lists lists;		/* of that */
	bool note;			/* its rules have to be compared */
	bool look;			/* something may be claimable */
	bool lost;			/* no configuration is in force */
	bool stopping;
	bool halted;
	int64_t halt_at;		/* clock_steady */
	int64_t due;			/* clock_wall */
	int64_t wall;			/* of the last turn */
	int trouble;			/* pause, ms; 0: none */
	int64_t trouble_until;		/* clock_steady */
	enum rc rc;			/* of that trouble */
	struct recovery rescue;
	int64_t rescue_at;		/* clock_steady */
	bool purging;
	int64_t purge_at;		/* clock_steady */
	struct journal_purge purge;
	size_t running;
	pthread_mutex_t lock;		/* guards what follows */
	struct runner *ended;
	int stuck;
	int unwritten;
};

static void
have_trouble(struct drain *drain, enum rc rc)
{
	int pause = drain->trouble;

	pause = pause == 0 ? TROUBLE_FIRST :
	    pause > TROUBLE_MOST / 2 ? TROUBLE_MOST : 2 * pause;
	drain->trouble = pause;
	drain->trouble_until = clock_steady() + pause;
	drain->rc = rc;
	drain->look = true;
}

/* Whether a step of the loop went well; if not, all wait for a while. */
static bool
went_well(struct drain *drain, enum rc rc)
{
	if (rc == RC_OK || rc == RC_MISSING)
		return true;
	have_trouble(drain, rc);
	return false;
}

static void
hear_trouble(void *context, enum run_claim_trouble trouble, int by)
{
	struct drain *drain = context;

	pthread_mutex_lock(&drain->lock);
	switch (trouble) {
	case RUN_CLAIM_UNWRITTEN:
		drain->unwritten += by;
		break;
	case RUN_CLAIM_STUCK:
		drain->stuck += by;
		break;
	}
	pthread_mutex_unlock(&drain->lock);
	(void)io_signal(drain->wake);
}

static void *
claim_thread(void *context)
{
	struct runner *runner = context;
	struct drain *drain = runner->drain;

	run_claim(&runner->attempt);
	pthread_mutex_lock(&drain->lock);
	runner->next = drain->ended;
	drain->ended = runner;
	pthread_mutex_unlock(&drain->lock);
	(void)io_signal(drain->wake);
	return NULL;
}

static void
free_runner(struct runner *runner)
{
	journal_claim_free(&runner->claim);
	conf_release(runner->conf);
	free(runner);
}

static void
join_ended(struct drain *drain)
{
	struct runner *runner;
	struct runner *next;

	pthread_mutex_lock(&drain->lock);
	runner = drain->ended;
	drain->ended = NULL;
	pthread_mutex_unlock(&drain->lock);
	for (; runner != NULL; runner = next) {
		next = runner->next;
		pthread_join(runner->thread, NULL);
		free_runner(runner);
		drain->running--;
		drain->look = true;
	}
}

static int
start_thread(struct runner *runner)
{
	pthread_attr_t attributes;
	int error = pthread_attr_init(&attributes);

	if (error != 0)
		return error;
	pthread_attr_setstacksize(&attributes, STACK);
	error = pthread_create(&runner->thread, &attributes, claim_thread,
	    runner);
	pthread_attr_destroy(&attributes);
	return error;
}

/* Without a thread the claim is run here: slow, but nothing is lost. */
static void
start_runner(struct drain *drain, struct runner *runner)
{
	const char *hook = runner->claim.deliveries[0].event.hook;
	int error;

	runner->drain = drain;
	runner->conf = conf_hold(drain->conf);
	runner->attempt = (struct claim_run){
		.journal = drain->journal,
		.hook = conf_find(drain->conf, bytes_of(hook)),
		.claim = &runner->claim,
		.halt = drain->halt,
		.trouble = hear_trouble,
		.context = drain
	};
	error = start_thread(runner);
	if (error == 0) {
		drain->running++;
		return;
	}
	log_say(LOG_LEVEL_ERROR, "drain: a thread: %s", strerror(error));
	run_claim(&runner->attempt);
	free_runner(runner);
}

static enum rc
tell_backlog(void *context, const char *name, int64_t events)
{
	const struct conf *conf = context;
	const struct hook *hook = conf_find(conf, bytes_of(name));
	struct log_line line;

	if (hook != NULL && hook->ready)
		return RC_OK;
	log_begin(&line, LOG_LEVEL_WARNING, hook == NULL ?
	    "queued for a hook that is gone" :
	    "queued for a hook that is not ready");
	log_text(&line, "hook", name);
	log_number(&line, "events", events);
	log_end(&line);
	return RC_OK;
}

static enum rc
add_want(struct lists *lists, struct journal_want *want,
    const struct hook *hook, int64_t time)
{
	char *digest = pool_alloc(&lists->pool, CONF_DIGEST_SIZE, 1);
	enum rc rc = digest == NULL ? RC_MEMORY : conf_digest(hook, digest);

	if (rc != RC_OK)
		return rc;
	*want = (struct journal_want){.hook = hook->name,
	    .concurrency = hook->concurrency, .batch = hook->batch,
	    .digest = digest};
	lists->rules[lists->wants.n++] = (struct journal_rules){
	    .hook = hook->name, .digest = digest, .time = time,
	    .keep = hook->keep};
	return RC_OK;
}

/* The texts are the configuration's.  The caller frees the pool. */
static enum rc
make_lists(const struct conf *conf, struct lists *lists)
{
	size_t room = conf->hooks_len + 1;
	struct pool *pool = &lists->pool;
	struct journal_want *list = pool_alloc(pool, room, sizeof(*list));
	enum rc rc = RC_OK;

	lists->rules = pool_alloc(pool, room, sizeof(*lists->rules));
	lists->told = pool_alloc(pool, room, sizeof(*lists->told));
	lists->keeps = pool_alloc(pool, room, sizeof(*lists->keeps));
	if (list == NULL || lists->rules == NULL || lists->told == NULL ||
	    lists->keeps == NULL)
		return RC_MEMORY;
	lists->wants.list = list;
	for (size_t i = 0; rc == RC_OK && i < conf->hooks_len; i++) {
		const struct hook *hook = &conf->hooks[i];

		if (hook->ready)
			rc = add_want(lists, &list[lists->wants.n], hook,
			    conf->time);
		else
			lists->keeps[lists->keeps_n++] = (struct
			    journal_keep){hook->name, hook->keep};
	}
	return rc;
}

static void
tell_older(const struct conf *conf, const struct journal_rules *rules)
{
	char noted[TIMESTAMP_SIZE];
	struct log_line line;

	timestamp_print(rules->noted / 1000000, noted);
	log_begin(&line, LOG_LEVEL_WARNING, "the journal has seen newer "
	    "rules of a hook, so that its events are stored but not run by "
	    "this process: reload or restart it; touch its file first if "
	    "that has the rules that are to count");
	log_text(&line, "hook", rules->hook);
	log_text(&line, "file", conf->file);
	log_text(&line, "newer", noted);
	log_end(&line);
}

/* Others may note newer rules at any time: claims look at that themselves,
 * and this says so. */
static void
note_rules(struct drain *drain)
{
	struct lists *lists = &drain->lists;

	if (!went_well(drain, journal_note_rules(drain->journal,
	    lists->rules, lists->wants.n)))
		return;
	drain->note = false;
	for (size_t i = 0; i < lists->wants.n; i++) {
		if (lists->rules[i].older && !lists->told[i])
			tell_older(drain->conf, &lists->rules[i]);
		lists->told[i] = lists->rules[i].older;
	}
}

/* Warns only: a damaged row of it is no reason to run nothing. */
static void
tell_backlogs(struct drain *drain)
{
	enum rc rc = journal_backlog(drain->journal, tell_backlog,
	    drain->conf);

	if (rc != RC_CORRUPT)
		went_well(drain, rc);
}

/* Takes both over in every case. */
static enum rc
change_conf(struct drain *drain, struct conf *conf)
{
	struct lists lists = {0};
	enum rc rc = make_lists(conf, &lists);

	if (rc != RC_OK) {
		pool_free(&lists.pool);
		conf_release(conf);
		return rc;
	}
	pool_free(&drain->lists.pool);
	conf_release(drain->conf);
	drain->conf = conf;
	drain->lists = lists;
	drain->purge.keeps = lists.keeps;
	drain->purge.n = lists.keeps_n;
	drain->purge.time = conf->time;
	drain->look = true;
	drain->note = true;
	tell_backlogs(drain);
	return RC_OK;
}

/* Whether the drain goes by the configuration in force from here on, and
 * its rules are noted. */
static bool
take_conf(struct drain *drain)
{
	const struct dispatch *settings = drain->settings;
	struct conf *conf = drain->lost ? NULL :
	    settings->conf(settings->context);
	enum rc rc = RC_OK;

	drain->lost = conf == NULL;
	if (drain->lost)
		return false;
	if (conf == drain->conf)
		conf_release(conf);
	else
		rc = change_conf(drain, conf);
	if (!went_well(drain, rc))
		return false;
	if (drain->note)
		note_rules(drain);
	return !drain->note;
}

static enum rc
claim_one(struct drain *drain)
{
	struct runner *runner = calloc(1, sizeof(*runner));
	enum rc rc;

	if (runner == NULL)
		return RC_MEMORY;
	rc = journal_claim(drain->journal, &drain->lists.wants, clock_wall(),
	    &runner->claim);
	if (rc == RC_OK)
		start_runner(drain, runner);
	else
		free(runner);
	return rc;
}

static bool
may_claim(struct drain *drain)
{
	bool may;

	pthread_mutex_lock(&drain->lock);
	may = drain->unwritten == 0;
	pthread_mutex_unlock(&drain->lock);
	return may && !drain->stopping && drain->look &&
	    drain->running < RUNNING_MOST;
}

/* What is in force is asked for before each claim: between two of them a
 * command may have run here. */
static void
claim_all(struct drain *drain)
{
	enum rc rc = RC_OK;

	if (!may_claim(drain))
		return;
	while (rc == RC_OK && drain->running < RUNNING_MOST) {
		if (!take_conf(drain))
			return;
		rc = claim_one(drain);
	}
	if (!went_well(drain, rc))
		return;
	drain->trouble = 0;
	drain->rc = RC_OK;
	drain->look = rc == RC_OK;
	went_well(drain, journal_next_due(drain->journal,
	    &drain->lists.wants, clock_wall(), &drain->due));
}

static void
rescue_claims(struct drain *drain)
{
	size_t before = drain->rescue.rescued;

	if (drain->stopping || clock_steady() < drain->rescue_at)
		return;
	if (!went_well(drain, recover(&drain->rescue, drain->journal,
	    drain->conf))) {
		drain->rescue_at = clock_steady() + LOOK;
		return;
	}
	if (drain->rescue.rescued != before)
		drain->look = true;
	drain->rescue_at = drain->rescue.waiting > 0 ?
	    clock_steady() + RECOVER_PAUSE : drain->rescue.others ?
	    clock_steady() + LOOK : CLOCK_NEVER;
}

static void
purge_some(struct drain *drain)
{
	if (drain->stopping || clock_steady() < drain->purge_at)
		return;
	if (!drain->purging) {
		if (!went_well(drain, journal_purge_due(drain->journal,
		    clock_wall(), &drain->purging)))
			return;
	} else if (went_well(drain, journal_purge(drain->journal,
	    &drain->purge, clock_wall()))) {
		drain->purging = drain->purge.from != 0;
	}
	drain->purge_at = clock_steady() +
	    (drain->purging ? PURGE_PAUSE : PURGE_LOOK);
}

static bool
is_readable(int fd)
{
	struct pollfd at = {fd, POLLIN, 0};

	return fd != -1 && poll(&at, 1, 0) > 0;
}

static void
hear_stop(struct drain *drain)
{
	if (!drain->stopping && is_readable(drain->settings->stop)) {
		drain->stopping = true;
		drain->halt_at = clock_steady() + drain->conf->stop_timeout;
	}
	if (drain->stopping && !drain->halted &&
	    clock_steady() >= drain->halt_at) {
		drain->halted = true;
		(void)io_signal(drain->halt);
	}
}

/* How many threads are at work that end on their own. */
static size_t
working(struct drain *drain)
{
	size_t stuck;

	pthread_mutex_lock(&drain->lock);
	stuck = (size_t)drain->stuck;
	pthread_mutex_unlock(&drain->lock);
	return drain->running - stuck;
}

static bool
is_over(struct drain *drain)
{
	if (drain->stopping)
		return drain->running == 0;
	if (drain->lost)
		return working(drain) == 0;
	if (!drain->settings->until_empty || working(drain) > 0)
		return false;
	if (drain->trouble != 0)
		return true;
	return !drain->look && drain->rescue.waiting == 0 && !drain->purging;
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* When to look again though nothing rings, in clock_steady. */
static int64_t
next_turn(const struct drain *drain)
{
	int64_t now = clock_steady();
	int64_t wall = clock_wall();
	int64_t turn = now + LOOK;

	if (drain->stopping)
		return drain->halted ? turn : drain->halt_at;
	if (drain->lost)
		return turn;
	if (drain->trouble != 0 && now < drain->trouble_until)
		return drain->trouble_until;
	if (drain->due > wall && drain->due - wall < LOOK)
		turn = now + (drain->due - wall);
	turn = earlier(turn, drain->rescue_at);
	return earlier(turn, drain->purge_at);
}

static void
wait_for_turn(struct drain *drain)
{
	struct pollfd fds[2] = {
		{drain->wake, POLLIN, 0},
		{drain->stopping ? -1 : drain->settings->stop, POLLIN, 0}
	};
	uint64_t count;

	poll(fds, 2, clock_left(next_turn(drain)));
	if (fds[0].revents != 0 &&
	    read(drain->wake, &count, sizeof(count)) > 0)
		drain->look = true;
}

/* What others stored, what became due, and a clock that was set back. */
static void
look_around(struct drain *drain)
{
	int64_t wall = clock_wall();
	bool changed = false;

	if (drain->stopping)
		return;
	went_well(drain, journal_changed(drain->journal, &changed));
	if (changed && drain->rescue_at == CLOCK_NEVER)
		drain->rescue_at = clock_steady();
	if (changed || drain->due <= wall || wall < drain->wall)
		drain->look = true;
	if (changed)
		drain->note = true;
	drain->wall = wall;
}

static void
turn(struct drain *drain)
{
	join_ended(drain);
	hear_stop(drain);
	if (!drain->stopping && drain->trouble != 0 &&
	    clock_steady() < drain->trouble_until)
		return;
	look_around(drain);
	if (!take_conf(drain))
		return;
	rescue_claims(drain);
	claim_all(drain);
	/* Until its rules are noted nothing says for how long to keep. */
	if (!drain->lost && !drain->note)
		purge_some(drain);
}

static enum rc
open_drain(struct drain *drain, const struct dispatch *settings)
{
	struct conf *conf;

	drain->settings = settings;
	drain->journal = settings->journal;
	drain->due = CLOCK_NEVER;
	pthread_mutex_init(&drain->lock, NULL);
	drain->halt = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	drain->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (drain->halt == -1 || drain->wake == -1) {
		log_say(LOG_LEVEL_ERROR, "drain: eventfd: %s",
		    strerror(errno));
		return RC_SYSTEM;
	}
	journal_wake(drain->journal, drain->wake);
	conf = settings->conf(settings->context);
	return conf == NULL ? RC_CONFIG : change_conf(drain, conf);
}

/* What is still there is stuck, and hears that nobody waits any more. */
static void
close_drain(struct drain *drain)
{
	uint64_t count;

	(void)io_signal(drain->halt);
	join_ended(drain);
	while (drain->running > 0) {
		struct pollfd wake = {drain->wake, POLLIN, 0};

		poll(&wake, 1, LOOK);
		if (wake.revents != 0)
			(void)!read(drain->wake, &count, sizeof(count));
		join_ended(drain);
	}
	journal_wake(drain->journal, -1);
	recovery_free(&drain->rescue);
	conf_release(drain->conf);
	pool_free(&drain->lists.pool);
	if (drain->wake != -1)
		close(drain->wake);
	if (drain->halt != -1)
		close(drain->halt);
	pthread_mutex_destroy(&drain->lock);
}

enum rc
dispatch_queue(const struct dispatch *settings)
{
	struct drain state = {.wake = -1, .halt = -1};
	enum rc rc = open_drain(&state, settings);

	if (rc == RC_OK) {
		turn(&state);
		while (!is_over(&state)) {
			wait_for_turn(&state);
			turn(&state);
		}
		rc = state.lost ? RC_CONFIG :
		    settings->until_empty && !state.stopping ? state.rc :
		    RC_OK;
	}
	close_drain(&state);
	return rc;
}

/* Whether something is due now for the hooks in force. */
static enum rc
look_once_more(const struct dispatch *settings, bool *more)
{
	struct conf *conf = settings->conf(settings->context);
	struct lists lists = {0};
	int64_t due = CLOCK_NEVER;
	enum rc rc;

	if (conf == NULL)
		return RC_CONFIG;
	rc = make_lists(conf, &lists);
	if (rc == RC_OK)
		rc = journal_next_due(settings->journal, &lists.wants,
		    clock_wall(), &due);
	*more = due <= clock_wall() && !is_readable(settings->stop);
	pool_free(&lists.pool);
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
			rc = look_once_more(&alone, &more);
	}
	return rc;
}
