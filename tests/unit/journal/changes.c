/* SPDX-License-Identifier: ISC */
#include <sys/resource.h>

#include "../journal.h"

#include "journal/changes.h"
#include "journal/internal.h"
#include "journal/shared.h"
#include "journal/sqlite.h"

/* Events that are stored while nobody waits for it. */
struct events {
	struct journal *journal;
	struct sample samples[3];
	struct answer answers[3];
};

static void
fill_events(struct events *events, struct journal *journal)
{
	events->journal = journal;
	for (unsigned i = 0; i < COUNT(events->samples); i++)
		fill_sample(&events->samples[i], "h", i);
}

static void *
ask_for_events(void *context)
{
	struct events *events = context;

	for (size_t i = 0; i < COUNT(events->samples); i++)
		journal_append(events->journal, &events->samples[i].entry,
		    ask(&events->answers[i]));
	for (size_t i = 0; i < COUNT(events->samples); i++)
		assert_int_equal(events->answers[i].done, 0);
	return NULL;
}

enum { THREADS = 8, EACH = 25, DROPPERS = 2 };

/* A thread that waits for each of its changes: it drops what it stored. */
struct dropper {
	struct journal *journal;
	struct sample samples[EACH];
	unsigned n;
};

static void
fill_dropper(struct dropper *dropper, struct journal *journal, unsigned n)
{
	dropper->journal = journal;
	dropper->n = n;
	for (unsigned i = 0; i < n; i++) {
		fill_sample(&dropper->samples[i], "h", i);
		assert_int_equal(append_and_wait(journal,
				     &dropper->samples[i].entry),
		    RC_OK);
	}
}

static void *
drop_all(void *context)
{
	const struct dropper *dropper = context;

	for (unsigned i = 0; i < dropper->n; i++)
		assert_int_equal(journal_drop(dropper->journal,
				     dropper->samples[i].receipt.id, now(),
				     NULL),
		    RC_OK);
	return NULL;
}

static bool
count_call(void *context)
{
	unsigned *calls = context;

	++*calls;
	return true;
}

static bool
call_in_vain(void *context)
{
	(void)count_call(context);
	return false;
}

static void
expect_told(struct events *events, enum rc rc)
{
	for (size_t i = 0; i < COUNT(events->samples); i++) {
		assert_int_equal(get(&events->answers[i]), rc);
		assert_int_equal(events->answers[i].done, 1);
		assert_true(events->answers[i].taken <= 1);
	}
}

static void
who_writes_tells_others(void **state)
{
	struct journal *journal = open_lane();
	struct events events;

	(void)state;
	fill_events(&events, journal);
	write_while(journal, ask_for_events, &events);
	for (size_t i = 0; i < COUNT(events.answers); i++) {
		assert_int_equal(events.answers[i].done, 1);
		assert_int_equal(events.answers[i].taken, 1);
		assert_true(
		    pthread_equal(events.answers[i].by, pthread_self()));
	}
	expect_told(&events, RC_OK);
	/* In the order in which they were asked for. */
	for (int i = 0; i < (int)COUNT(events.samples); i++)
		expect(journal, &one, i, JOURNAL_FINISH);
	journal_close(journal);
}

static void *
lead(void *context)
{
	journal_lead(context);
	return NULL;
}

static void
who_waited_leaves_the_rest_to_the_helper(void **state)
{
	struct journal *journal = open_lane();
	struct dropper dropper;
	struct events events;
	pthread_t thread;
	unsigned calls = 0;

	(void)state;
	fill_dropper(&dropper, journal, 1);
	journal_set_helper(journal, count_call, &calls);
	fill_events(&events, journal);
	write_while(journal, ask_for_events, &events);
	assert_int_equal(calls, 1);
	expect_counts(journal, "h queued 1 ");
	assert_int_equal(pthread_create(&thread, NULL, lead, journal), 0);
	pthread_join(thread, NULL);
	expect_told(&events, RC_OK);
	assert_true(pthread_equal(events.answers[0].by, thread));
	expect_counts(journal, "h queued 4 ");
	journal_lead(journal);
	drop_all(&dropper);
	assert_int_equal(calls, 1);
	journal_close(journal);
}

/* A leader in whose transaction others come. */
struct leader {
	struct answer answer; /* first */
	struct events events;
	struct dropper dropper;
	pthread_t waits;
};

static void
let_events_come(struct journal_waiter *waiter)
{
	struct leader *leader = (struct leader *)waiter;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, ask_for_events,
			     &leader->events),
	    0);
	pthread_join(thread, NULL);
}

static void
who_asks_leaves_it_to_the_helper(void **state)
{
	struct journal *journal = open_lane();
	struct leader leader;
	struct sample sample;
	unsigned calls = 0;

	(void)state;
	journal_set_helper(journal, count_call, &calls);
	fill_events(&leader.events, journal);
	fill_sample(&sample, "h", 8);
	ask(&leader.answer)->taken = let_events_come;
	journal_append(journal, &sample.entry, &leader.answer.waiter);
	assert_int_equal(leader.answer.done, 0);
	assert_int_equal(calls, 1);
	/* He stays for those that come meanwhile. */
	journal_lead(journal);
	assert_int_equal(get(&leader.answer), RC_OK);
	expect_told(&leader.events, RC_OK);
	assert_int_equal(calls, 1);
	journal_close(journal);
}

/* Once for all that come before he does. */
static void
the_helper_is_called_once(void **state)
{
	struct journal *journal = open_lane();
	struct events events;
	struct answer answer;
	struct sample sample;
	unsigned calls = 0;

	(void)state;
	journal_set_helper(journal, count_call, &calls);
	fill_events(&events, journal);
	ask_for_events(&events);
	assert_int_equal(calls, 1);
	journal_lead(journal);
	expect_told(&events, RC_OK);
	fill_sample(&sample, "h", 8);
	journal_append(journal, &sample.entry, ask(&answer));
	assert_int_equal(calls, 2);
	journal_lead(journal);
	assert_int_equal(get(&answer), RC_OK);
	journal_close(journal);
}

static void
who_calls_in_vain_writes(void **state)
{
	struct journal *journal = open_lane();
	struct events events;
	struct answer answer;
	struct sample sample;
	unsigned calls = 0;

	(void)state;
	journal_set_helper(journal, call_in_vain, &calls);
	fill_sample(&sample, "h", 8);
	journal_append(journal, &sample.entry, ask(&answer));
	assert_int_equal(answer.done, 1);
	assert_int_equal(get(&answer), RC_OK);
	assert_int_equal(calls, 1);
	fill_events(&events, journal);
	write_while(journal, ask_for_events, &events);
	assert_int_equal(calls, 2);
	expect_told(&events, RC_OK);
	expect_counts(journal, "h queued 4 ");
	journal_close(journal);
}

/* It is known before there is a journal. */
static void
a_shared_journal_calls_its_helper(void **state)
{
	struct shared_journal *shared = NULL;
	struct journal *journal = NULL;
	struct events events;
	unsigned calls = 0;

	(void)state;
	assert_int_equal(shared_journal_open(journal_path, 0, &shared), RC_OK);
	shared_journal_set_helper(shared, count_call, &calls);
	assert_int_equal(shared_journal_get(shared, &journal), RC_OK);
	fill_events(&events, journal);
	write_while(journal, ask_for_events, &events);
	assert_int_equal(calls, 1);
	journal_lead(journal);
	expect_told(&events, RC_OK);
	shared_journal_close(shared);
}

static void
who_comes_before_the_helper_writes_the_rest(void **state)
{
	struct journal *journal = open_lane();
	struct dropper dropper;
	struct events events;
	unsigned calls = 0;

	(void)state;
	fill_dropper(&dropper, journal, 1);
	journal_set_helper(journal, count_call, &calls);
	fill_events(&events, journal);
	write_while(journal, ask_for_events, &events);
	drop_all(&dropper);
	expect_told(&events, RC_OK);
	assert_int_equal(calls, 1);
	journal_lead(journal);
	expect_counts(journal, "h queued 3 h dropped 1 ");
	journal_close(journal);
}

static size_t
count_line(const struct journal_line *line)
{
	size_t n = 0;

	for (struct journal_change *at = line->first; at != NULL; at = at->next)
		n++;
	return n;
}

static size_t
count_waiting(struct journal *journal)
{
	size_t n;

	pthread_mutex_lock(&journal->queueing);
	n = count_line(&journal->changes) + count_line(&journal->chores);
	pthread_mutex_unlock(&journal->queueing);
	return n;
}

static void
wait_for_waiting(struct journal *journal, size_t n)
{
	int64_t deadline = clock_steady() + 60000;

	while (count_waiting(journal) < n) {
		assert_true(clock_steady() < deadline);
		poll(NULL, 0, 1);
	}
}

static void
let_others_come(struct journal_waiter *waiter)
{
	struct leader *leader = (struct leader *)waiter;
	struct journal *journal = leader->events.journal;

	let_events_come(waiter);
	assert_int_equal(pthread_create(&leader->waits, NULL, drop_all,
			     &leader->dropper),
	    0);
	wait_for_waiting(journal, COUNT(leader->events.samples) + 1);
}

static void
the_lead_goes_to_a_thread_that_waits(void **state)
{
	struct journal *journal = open_lane();
	struct leader leader;
	struct sample sample;

	(void)state;
	fill_dropper(&leader.dropper, journal, 1);
	fill_events(&leader.events, journal);
	fill_sample(&sample, "h", 8);
	ask(&leader.answer)->taken = let_others_come;
	journal_append(journal, &sample.entry, &leader.answer.waiter);
	assert_int_equal(get(&leader.answer), RC_OK);
	assert_true(pthread_equal(leader.answer.by, pthread_self()));
	expect_told(&leader.events, RC_OK);
	assert_true(pthread_equal(leader.events.answers[0].by, leader.waits));
	pthread_join(leader.waits, NULL);
	expect_counts(journal, "h queued 4 h dropped 1 ");
	journal_close(journal);
}

/* A change whose end asks for the next one. */
struct link {
	struct answer answer; /* first */
	struct journal *journal;
	struct sample sample;
	struct link *next; /* NULL: a key is freed, and that is the last */
	unsigned *inside;
};

static void
ask_for_next(struct journal_waiter *waiter, enum rc rc)
{
	struct link *link = (struct link *)waiter;
	struct journal_key key = dedupe_key("key");

	assert_int_equal(++*link->inside, 1);
	assert_int_equal(pthread_mutex_trylock(&link->journal->holding), 0);
	pthread_mutex_unlock(&link->journal->holding);
	assert_int_equal(pthread_mutex_trylock(&link->journal->queueing), 0);
	pthread_mutex_unlock(&link->journal->queueing);
	if (link->next != NULL)
		journal_append(link->journal, &link->next->sample.entry,
		    &link->next->answer.waiter);
	else {
		link->answer.waiter.done = note_done;
		journal_key_free(link->journal, &key, waiter);
	}
	--*link->inside;
	if (link->next != NULL)
		note_done(waiter, rc);
}

static void
an_end_may_ask_for_another_change(void **state)
{
	struct journal *journal = open_lane();
	struct link links[4];
	unsigned inside = 0;

	(void)state;
	for (unsigned i = 0; i < COUNT(links); i++) {
		ask(&links[i].answer)->done = ask_for_next;
		fill_sample(&links[i].sample, "h", i);
		links[i].journal = journal;
		links[i].next = i + 1 < COUNT(links) ? &links[i + 1] : NULL;
		links[i].inside = &inside;
	}
	journal_append(journal, &links[0].sample.entry,
	    &links[0].answer.waiter);
	for (unsigned i = 0; i < COUNT(links); i++) {
		assert_int_equal(links[i].answer.done, 1);
		assert_int_equal(get(&links[i].answer), RC_OK);
	}
	expect_counts(journal, "h queued 4 ");
	journal_close(journal);
}

static void
set_file_limit(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Also of what was refused: that may rest on what is undone. */
static void
an_error_is_that_of_all_who_share_a_commit(void **state)
{
	static char body[LARGE];
	struct journal *journal = open_lane();
	struct events events;
	unsigned calls = 0;

	(void)state;
	only_of_a_file();
	signal(SIGXFSZ, SIG_IGN);
	memset(body, ' ', sizeof(body));
	journal_set_helper(journal, count_call, &calls);
	fill_events(&events, journal);
	dedupe_by(&events.samples[0], "key");
	dedupe_by(&events.samples[1], "key");
	events.samples[2].entry.body = (struct bytes){ body, sizeof(body) };
	write_while(journal, ask_for_events, &events);
	set_file_limit(256 * 1024);
	journal_lead(journal);
	set_file_limit(RLIM_INFINITY);
	assert_int_equal(events.answers[0].taken, 1);
	assert_int_equal(events.answers[1].taken, 0);
	expect_told(&events, RC_STORE);
	expect_counts(journal, "");
	write_while(journal, ask_for_events, &events);
	journal_lead(journal);
	assert_int_equal(get(&events.answers[0]), RC_OK);
	assert_int_equal(get(&events.answers[1]), RC_DUPLICATE);
	assert_int_equal(get(&events.answers[2]), RC_OK);
	assert_int_equal(calls, 2);
	journal_close(journal);
}

static enum rc
never(struct journal *journal, void *arguments)
{
	(void)journal;
	(void)arguments;
	fail();
	return RC_OK;
}

static void
without_memory_it_is_told_at_once(void **state)
{
	struct journal *journal = open_lane();
	struct bytes arguments = { "", SIZE_MAX / 4 };
	struct answer answer;

	(void)state;
	journal_write_later(journal, never, arguments, ask(&answer));
	assert_int_equal(answer.done, 1);
	assert_int_equal(get(&answer), RC_MEMORY);
	append_sample(journal, "h", 1, "");
	journal_close(journal);
}

/* Of each five: one with a key that all have, one for a hook that is full. */
struct crowd {
	struct journal *journal;
	unsigned first; /* number of the first event */
	struct sample samples[EACH];
	struct answer answers[EACH];
};

static void *
ask_for_many(void *context)
{
	struct crowd *crowd = context;

	for (unsigned i = 0; i < EACH; i++) {
		struct sample *sample = &crowd->samples[i];

		fill_sample(sample, i % 5 == 1 ? "full" : "h",
		    crowd->first + i);
		if (i % 5 == 0)
			dedupe_by(sample, "same");
		if (i % 5 == 1)
			sample->entry.max_queue = 3;
		journal_append(crowd->journal, &sample->entry,
		    ask(&crowd->answers[i]));
	}
	return NULL;
}

struct throng {
	struct crowd crowds[THREADS];
	struct dropper droppers[DROPPERS];
	pthread_t threads[THREADS + DROPPERS];
	sem_t called; /* the helper is */
	atomic_bool over;
};

static bool
call_leader(void *context)
{
	struct throng *throng = context;

	sem_post(&throng->called);
	return true;
}

static void *
lead_when_called(void *context)
{
	struct throng *throng = context;

	while (!throng->over)
		if (sem_wait(&throng->called) == 0)
			journal_lead(throng->crowds[0].journal);
	return NULL;
}

/* Goes on once some of it waits. */
static enum rc
start_throng(struct journal *journal, void *arguments)
{
	struct throng *throng = arguments;

	for (unsigned i = 0; i < THREADS; i++) {
		throng->crowds[i].journal = journal;
		throng->crowds[i].first = i * EACH;
		assert_int_equal(pthread_create(&throng->threads[i], NULL,
				     ask_for_many, &throng->crowds[i]),
		    0);
	}
	for (unsigned i = 0; i < DROPPERS; i++)
		assert_int_equal(pthread_create(&throng->threads[THREADS + i],
				     NULL, drop_all, &throng->droppers[i]),
		    0);
	wait_for_waiting(journal, 2 * THREADS);
	return RC_OK;
}

static unsigned
count_told(struct throng *throng, enum rc rc)
{
	unsigned n = 0;

	for (unsigned i = 0; i < THREADS * EACH; i++)
		n += throng->crowds[i / EACH].answers[i % EACH].rc == rc;
	return n;
}

static int
count_commit(void *context)
{
	unsigned *commits = context;

	++*commits;
	return 0;
}

static void
of_many_each_is_told_once(void **state)
{
	static struct throng throng;
	struct journal *journal = open_lane();
	pthread_t helper;
	unsigned commits = 0;

	(void)state;
	for (unsigned i = 0; i < DROPPERS; i++)
		fill_dropper(&throng.droppers[i], journal, EACH);
	if (journal_server() == NULL)
		sqlite3_commit_hook(journal->db, count_commit, &commits);
	throng.crowds[0].journal = journal;
	sem_init(&throng.called, 0, 0);
	journal_set_helper(journal, call_leader, &throng);
	assert_int_equal(pthread_create(&helper, NULL, lead_when_called,
			     &throng),
	    0);
	assert_int_equal(journal_write(journal, start_throng, &throng), RC_OK);
	for (size_t i = 0; i < COUNT(throng.threads); i++)
		pthread_join(throng.threads[i], NULL);
	for (unsigned i = 0; i < THREADS * EACH; i++) {
		struct answer *answer = &throng.crowds[i / EACH]
					     .answers[i % EACH];

		get(answer);
		assert_int_equal(answer->done, 1);
		assert_int_equal(answer->taken, answer->rc == RC_OK);
	}
	throng.over = true;
	call_leader(&throng);
	pthread_join(helper, NULL);
	assert_int_equal(count_told(&throng, RC_DUPLICATE), 39);
	assert_int_equal(count_told(&throng, RC_QUEUE_FULL), 37);
	assert_int_equal(count_told(&throng, RC_OK), 124);
	expect_counts(journal, "full queued 3 h queued 121 h dropped 50 ");
	assert_true(commits < (THREADS + DROPPERS) * EACH);
	assert_true(commits > 0 || journal_server() != NULL);
	journal_close(journal);
}

/* Reads how a commit is synced: 1 not at once, 2 before it is told. */
static enum rc
read_durability(struct journal *journal, void *arguments)
{
	int64_t *const *durability = arguments;

	assert_int_equal(sqlite_pragma(journal, "PRAGMA synchronous",
			     *durability),
	    SQLITE_OK);
	return RC_OK;
}

struct both {
	struct journal *journal;
	struct answer answers[2];
	int64_t durability[2];
	bool strict; /* the second one is to survive the machine */
};

static void *
ask_for_both(void *context)
{
	struct both *both = context;

	for (int i = 0; i < 2; i++) {
		int64_t *durability = &both->durability[i];
		struct bytes arguments = { (const char *)&durability,
			sizeof(durability) };

		if (i == 1 && both->strict)
			journal_write_later(both->journal, read_durability,
			    arguments, ask(&both->answers[i]));
		else
			journal_write_later_relaxed(both->journal,
			    read_durability, arguments, ask(&both->answers[i]));
	}
	return NULL;
}

static void
what_nobody_waits_for_may_be_relaxed(void **state)
{
	struct journal *journal = open_lane();

	(void)state;
	only_of_a_file();
	for (int strict = 0; strict < 2; strict++) {
		struct both both = { .journal = journal, .strict = strict };

		write_while(journal, ask_for_both, &both);
		for (int i = 0; i < 2; i++) {
			assert_int_equal(get(&both.answers[i]), RC_OK);
			assert_int_equal(both.durability[i],
			    1 + (strict && i == 1));
		}
	}
	journal_close(journal);
}

/* What a chore finds damaged, as the store says it. */
static enum rc
stumble(struct journal *journal, void *arguments)
{
	(void)arguments;
	sqlite_run(journal, "CREATE TABLE chore(number)");
	journal_fail(journal, JOURNAL_FAILED_INDEX);
	return RC_OK;
}

struct mixture {
	struct events events; /* first */
	struct answer chores[2];
};

static void *
ask_for_mixture(void *context)
{
	struct mixture *mixture = context;
	struct journal *journal = mixture->events.journal;
	struct bytes nothing = { "", 0 };

	journal_write_later_relaxed(journal, stumble, nothing,
	    ask(&mixture->chores[0]));
	ask_for_events(&mixture->events);
	journal_write_later_relaxed(journal, stumble, nothing,
	    ask(&mixture->chores[1]));
	return NULL;
}

static void
a_chore_that_fails_fails_no_other_change(void **state)
{
	struct journal *journal = open_lane();
	struct mixture mixture;

	(void)state;
	only_of_a_file();
	fill_events(&mixture.events, journal);
	write_while(journal, ask_for_mixture, &mixture);
	expect_told(&mixture.events, RC_OK);
	for (size_t i = 0; i < COUNT(mixture.chores); i++)
		assert_int_equal(get(&mixture.chores[i]), RC_CORRUPT);
	assert_int_equal(journal_write_chore(journal, stumble, NULL),
	    RC_CORRUPT);
	expect_counts(journal, "h queued 3 ");
	assert_int_equal(count_rows(journal,
			     "SELECT count(*)"
			     " FROM sqlite_schema"
			     " WHERE name = 'chore'"),
	    0);
	journal_close(journal);
}

static enum rc
note_turn(struct journal *journal, void *arguments)
{
	unsigned *const *turn = arguments;

	(void)journal;
	**turn = ++*turn[1];
	return RC_OK;
}

/* Changes that each ask for the next one when they are over, and a chore. */
struct ceaseless {
	struct answer answer; /* first */
	struct answer chore;
	struct journal *journal;
	unsigned left;
	unsigned turns;
	unsigned turn; /* of a change, the last */
	unsigned chores_turn;
};

static void
go_on_ceaselessly(struct journal_waiter *waiter, enum rc rc)
{
	struct ceaseless *ceaseless = (struct ceaseless *)waiter;
	unsigned *turn[] = { &ceaseless->turn, &ceaseless->turns };

	if (--ceaseless->left == 0)
		note_done(waiter, rc);
	else
		journal_write_later(ceaseless->journal, note_turn,
		    (struct bytes){ (const char *)&turn, sizeof(turn) },
		    waiter);
}

static void *
ask_ceaselessly(void *context)
{
	struct ceaseless *ceaseless = context;
	unsigned *turn[] = { &ceaseless->chores_turn, &ceaseless->turns };

	ask(&ceaseless->answer)->done = go_on_ceaselessly;
	go_on_ceaselessly(&ceaseless->answer.waiter, RC_OK);
	journal_write_later_relaxed(ceaseless->journal, note_turn,
	    (struct bytes){ (const char *)&turn, sizeof(turn) },
	    ask(&ceaseless->chore));
	return NULL;
}

static void
a_chore_does_not_wait_for_the_end_of_all_others(void **state)
{
	struct ceaseless ceaseless = { .journal = open_lane(), .left = 10 };

	(void)state;
	write_while(ceaseless.journal, ask_ceaselessly, &ceaseless);
	assert_int_equal(get(&ceaseless.answer), RC_OK);
	assert_int_equal(get(&ceaseless.chore), RC_OK);
	assert_int_equal(ceaseless.turn, 10);
	assert_true(ceaseless.chores_turn <= 2);
	journal_close(ceaseless.journal);
}

/* While a chore is written, others come, and a thread with a chore. */
struct beside {
	struct events events;
	struct journal *journal;
	pthread_t thread;
	unsigned turns;
};

static void *
write_own_chore(void *context)
{
	struct beside *beside = context;
	unsigned turn;
	unsigned *turns[] = { &turn, &beside->turns };

	assert_int_equal(journal_write_chore(beside->journal, note_turn, turns),
	    RC_OK);
	return NULL;
}

static enum rc
let_all_come(struct journal *journal, void *arguments)
{
	struct beside *beside = arguments;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, ask_for_events,
			     &beside->events),
	    0);
	pthread_join(thread, NULL);
	assert_int_equal(pthread_create(&beside->thread, NULL, write_own_chore,
			     beside),
	    0);
	wait_for_waiting(journal, COUNT(beside->events.samples) + 1);
	return RC_OK;
}

/* It leads for the others first, and then for itself. */
static void
who_waits_for_a_chore_writes_it_after_the_others(void **state)
{
	struct beside beside = { .journal = open_lane() };

	(void)state;
	fill_events(&beside.events, beside.journal);
	assert_int_equal(journal_write_chore(beside.journal, let_all_come,
			     &beside),
	    RC_OK);
	expect_told(&beside.events, RC_OK);
	pthread_join(beside.thread, NULL);
	assert_true(pthread_equal(beside.events.answers[0].by, beside.thread));
	assert_int_equal(beside.turns, 1);
	journal_close(beside.journal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_nobody_waits_for_may_be_relaxed),
		TEST(a_chore_that_fails_fails_no_other_change),
		TEST(a_chore_does_not_wait_for_the_end_of_all_others),
		TEST(who_waits_for_a_chore_writes_it_after_the_others),
		TEST(who_writes_tells_others),
		TEST(who_waited_leaves_the_rest_to_the_helper),
		TEST(who_asks_leaves_it_to_the_helper),
		TEST(the_helper_is_called_once),
		TEST(who_calls_in_vain_writes),
		TEST(a_shared_journal_calls_its_helper),
		TEST(who_comes_before_the_helper_writes_the_rest),
		TEST(the_lead_goes_to_a_thread_that_waits),
		TEST(an_end_may_ask_for_another_change),
		TEST(an_error_is_that_of_all_who_share_a_commit),
		TEST(without_memory_it_is_told_at_once),
		TEST(of_many_each_is_told_once),
	};

	return cmocka_run_group_tests_name("changes", tests, NULL, NULL);
}
