/* SPDX-License-Identifier: ISC */
#include <pthread.h>
#include <stdatomic.h>

#include "../scene.h"

#include "base/clock.h"
#include "event/name.h"
#include "journal/journal.h"
#include "journal/shared.h"
#include "receive/exchange.h"
#include "receive/record.h"

/* What events say of runs, and what waits for its way into the journal. */

enum { MOST = 1024 }; /* on their way */

static const struct journal_subject started = {
	.pipeline = "p",
	.name = "P",
	.run = "1",
};

/* What is not of a run. */
static const struct journal_subject nothing = {
	.pipeline = "p",
	.name = "p",
	.run = "",
};

static struct hook hook = { .name = "h" };

/* A recorder, and what it and its journal call for. */
struct desk {
	struct shared_journal *shared;
	struct recorder *recorder;
	unsigned helps;
	unsigned wakeups;
	unsigned ticks;
};

static bool
note_help(void *context)
{
	((struct desk *)context)->helps++;
	return true;
}

static void
note_wakeup(void *context)
{
	((struct desk *)context)->wakeups++;
}

static void
note_tick(void *context)
{
	((struct desk *)context)->ticks++;
}

/* Nothing is written before journal_lead, unless it is brief. */
static void
open_desk(struct desk *desk, unsigned flags)
{
	struct record_settings settings = {
		.wakeup = note_wakeup,
		.tick = note_tick,
		.context = desk,
	};

	*desk = (struct desk){ 0 };
	assert_int_equal(shared_journal_open(journal_path, flags,
			     &desk->shared),
	    RC_OK);
	if ((flags & JOURNAL_BRIEF) == 0)
		shared_journal_set_helper(desk->shared, note_help, desk);
	settings.journal = desk->shared;
	assert_int_equal(record_open(&settings, &desk->recorder), RC_OK);
	assert_int_equal(record_tick(desk->recorder), -1);
}

static void
close_desk(struct desk *desk)
{
	record_close(desk->recorder);
	shared_journal_close(desk->shared);
}

static struct journal *
journal_of(struct desk *desk)
{
	struct journal *journal;

	assert_int_equal(shared_journal_get(desk->shared, &journal), RC_OK);
	return journal;
}

struct ending {
	unsigned ends;
	bool recorded;
	struct exchange_end end;
};

static void
note_end(struct exchange *exchange, const struct exchange_end *end)
{
	struct ending *ending = exchange->gateway.context;

	ending->ends++;
	ending->recorded = exchange->recorded;
	ending->end = *end;
	exchange_close(exchange);
}

static void
put_one(struct desk *desk, struct ending *ending, struct exchange_end end,
    const struct journal_subject *subject)
{
	static const char *const variables[] = { NULL };
	const struct gateway gateway = {
		.context = ending,
		.variables = variables,
	};
	struct exchange *exchange = exchange_open(&gateway, NULL);
	struct sample sample;

	assert_non_null(exchange);
	fill_sample(&sample, "h", 1);
	*ending = (struct ending){ 0 };
	exchange->hook = &hook;
	exchange->done = note_end;
	exchange->receipt = sample.receipt;
	exchange->subject = subject;
	exchange->end = end;
	event_name_set(&exchange->event,
	    bytes_of(subject == &nothing ? "connection_added" :
					   "pipeline_run_started"),
	    "");
	record_and_end(desk->recorder, exchange);
}

static void
put_start(struct desk *desk, struct ending *ending)
{
	put_one(desk, ending,
	    (struct exchange_end){ .outcome = OUTCOME_IGNORED }, &started);
}

static void
assert_ended(const struct ending *ending, bool is_recorded)
{
	assert_int_equal(ending->ends, 1);
	assert_int_equal(ending->recorded, is_recorded);
	assert_int_equal(ending->end.outcome, OUTCOME_IGNORED);
}

static int64_t
records(void)
{
	return query("SELECT count(*) FROM records WHERE run = '1'");
}

/* Ticks, and works where that calls for it, until the reply is given. */
static void
wait_for_end(struct desk *desk, const struct ending *ending)
{
	int64_t deadline = clock_steady() + 20000;
	int left;

	while (ending->ends == 0 && clock_left(deadline) > 0) {
		left = record_tick(desk->recorder);
		assert_true(left >= 0 && left <= RECORD_TIME);
		poll(NULL, 0, left);
		if (desk->wakeups > 0)
			record_work(desk->recorder);
	}
}

/* ---- A process of one request ------------------------------------------- */

static void
a_brief_process_records_before_it_answers(void **state)
{
	struct ending ending;
	struct desk desk;

	(void)state;
	open_desk(&desk, JOURNAL_BRIEF);
	put_start(&desk, &ending);
	assert_ended(&ending, true);
	assert_int_equal(records(), 1);
	assert_int_equal(desk.wakeups + desk.ticks, 0);
	close_desk(&desk);
}

static void
expect_in_time(struct desk *desk)
{
	int64_t began = clock_steady();
	struct ending ending;

	assert_int_equal(scratch_log(LOG_LEVEL_WARNING), 0);
	put_start(desk, &ending);
	assert_true(clock_steady() - began < RECORD_TIME + 300);
	assert_ended(&ending, false);
	assert_int_equal(count_of(scratch_path("log"),
			     "what an event says of a run is not recorded"),
	    1);
	log_close();
}

static void
a_brief_process_waits_a_second_for_who_writes(void **state)
{
	struct desk desk;
	struct other other;

	(void)state;
	open_desk(&desk, JOURNAL_BRIEF);
	(void)journal_of(&desk);
	other = lock_journal();
	expect_in_time(&desk);
	disconnect_other(&other);
	close_desk(&desk);
}

static void
a_brief_process_waits_a_second_for_a_journal_that_is_shut(void **state)
{
	struct desk desk;
	struct other other;

	(void)state;
	open_desk(&desk, 0);
	(void)journal_of(&desk);
	close_desk(&desk);
	other = shut_journal();
	open_desk(&desk, JOURNAL_BRIEF);
	expect_in_time(&desk);
	disconnect_other(&other);
	close_desk(&desk);
}

static void
a_journal_that_cannot_be_opened_changes_no_reply(void **state)
{
	struct desk desk;

	(void)state;
	only_of_a_file();
	assert_int_equal(mkdir(journal_path, 0700), 0);
	open_desk(&desk, JOURNAL_BRIEF);
	expect_in_time(&desk);
	close_desk(&desk);
}

/* ---- A process that stays ----------------------------------------------- */

static void
the_reply_waits_for_the_commit(void **state)
{
	struct ending ending;
	struct desk desk;
	struct journal *journal;

	(void)state;
	open_desk(&desk, 0);
	journal = journal_of(&desk);
	put_start(&desk, &ending);
	assert_int_equal(ending.ends, 0);
	assert_int_equal(desk.helps, 1);
	assert_int_equal(desk.ticks, 1);
	journal_lead(journal);
	assert_ended(&ending, true);
	assert_int_equal(records(), 1);
	assert_int_equal(record_tick(desk.recorder), -1);
	assert_int_equal(desk.wakeups, 0);
	close_desk(&desk);
}

static void
after_a_second_it_is_answered_and_recorded_later(void **state)
{
	struct ending ending;
	struct desk desk;
	struct journal *journal;
	int64_t began = clock_steady();

	(void)state;
	open_desk(&desk, 0);
	journal = journal_of(&desk);
	put_start(&desk, &ending);
	wait_for_end(&desk, &ending);
	assert_true(clock_steady() - began >= RECORD_TIME);
	assert_true(desk.wakeups > 0);
	assert_ended(&ending, false);
	assert_int_equal(records(), 0);
	journal_lead(journal);
	assert_int_equal(ending.ends, 1);
	assert_int_equal(records(), 1);
	close_desk(&desk);
}

static void
what_others_keep_locked_is_told_once(void **state)
{
	struct ending ending[3];
	struct desk desk;
	struct journal *journal;
	struct other other;

	(void)state;
	open_desk(&desk, 0);
	journal = journal_of(&desk);
	journal_set_busy_timeout(journal, 1);
	assert_int_equal(scratch_log(LOG_LEVEL_WARNING), 0);
	other = lock_journal();
	for (size_t i = 0; i < COUNT(ending); i++) {
		put_start(&desk, &ending[i]);
		journal_lead(journal);
		assert_ended(&ending[i], false);
	}
	disconnect_other(&other);
	assert_int_equal(count_of(scratch_path("log"), "is not recorded"), 1);
	put_start(&desk, &ending[0]);
	journal_lead(journal);
	assert_ended(&ending[0], true);
	log_close();
	close_desk(&desk);
}

static void
who_works_opens_the_journal(void **state)
{
	struct ending ending[2];
	struct desk desk;

	(void)state;
	open_desk(&desk, 0);
	put_start(&desk, &ending[0]);
	put_start(&desk, &ending[1]);
	assert_int_equal(ending[0].ends + ending[1].ends, 0);
	assert_int_equal(access(journal_path, F_OK), -1);
	assert_int_equal(desk.wakeups, 2);
	record_work(desk.recorder);
	journal_lead(journal_of(&desk));
	assert_ended(&ending[0], true);
	assert_ended(&ending[1], true);
	assert_int_equal(records(), 2);
	close_desk(&desk);
}

static void
a_journal_that_could_not_be_opened_is_left_alone_for_a_while(void **state)
{
	struct ending ending;
	struct desk desk;

	(void)state;
	only_of_a_file();
	assert_int_equal(mkdir(journal_path, 0700), 0);
	assert_int_equal(scratch_log(LOG_LEVEL_WARNING), 0);
	open_desk(&desk, 0);
	put_start(&desk, &ending);
	record_work(desk.recorder);
	assert_ended(&ending, false);
	assert_int_equal(rmdir(journal_path), 0);
	put_start(&desk, &ending);
	assert_ended(&ending, false);
	assert_int_equal(desk.wakeups, 1);
	/* Somebody else has opened it. */
	(void)journal_of(&desk);
	put_start(&desk, &ending);
	journal_lead(journal_of(&desk));
	assert_ended(&ending, true);
	log_close();
	close_desk(&desk);
}

static void
what_says_nothing_of_a_run_is_answered_at_once(void **state)
{
	const struct exchange_end ignored = { .outcome = OUTCOME_IGNORED };
	const struct exchange_end refused = { .outcome = OUTCOME_REFUSED };
	struct ending ending;
	struct desk desk;

	(void)state;
	open_desk(&desk, JOURNAL_BRIEF);
	put_one(&desk, &ending, ignored, NULL);
	assert_ended(&ending, false);
	put_one(&desk, &ending, ignored, &nothing);
	assert_ended(&ending, false);
	put_one(&desk, &ending, refused, &started);
	assert_int_equal(ending.ends, 1);
	assert_int_equal(ending.end.outcome, OUTCOME_REFUSED);
	assert_int_equal(access(journal_path, F_OK), -1);
	close_desk(&desk);
}

static void
no_more_than_so_many_are_on_their_way(void **state)
{
	static struct ending endings[MOST + 1];
	struct desk desk;
	unsigned ends = 0;

	(void)state;
	open_desk(&desk, 0);
	(void)journal_of(&desk);
	for (size_t i = 0; i <= MOST; i++)
		put_start(&desk, &endings[i]);
	for (size_t i = 0; i < MOST; i++)
		ends += endings[i].ends;
	assert_int_equal(ends, 0);
	assert_ended(&endings[MOST], false);
	close_desk(&desk);
	for (size_t i = 0; i < MOST; i++)
		assert_ended(&endings[i], true);
}

/* Two threads, as pelihook.fcgi has them, until they are told to stop. */
struct threads {
	struct desk *desk;
	struct journal *journal;
	atomic_bool stop;
};

static void *
lead_on(void *context)
{
	struct threads *threads = context;

	while (!threads->stop) {
		journal_lead(threads->journal);
		poll(NULL, 0, 1);
	}
	return NULL;
}

static void *
work_on(void *context)
{
	struct threads *threads = context;

	while (!threads->stop) {
		(void)record_tick(threads->desk->recorder);
		record_work(threads->desk->recorder);
	}
	return NULL;
}

static void
close_threads(struct threads *threads, pthread_t leader, pthread_t worker)
{
	threads->stop = true;
	pthread_join(leader, NULL);
	pthread_join(worker, NULL);
}

static void
who_comes_first_ends_it_once(void **state)
{
	static struct ending endings[MOST];
	struct threads threads = { 0 };
	pthread_t leader, worker;
	struct desk desk;
	struct other other;

	(void)state;
	open_desk(&desk, 0);
	threads.desk = &desk;
	threads.journal = journal_of(&desk);
	other = lock_journal();
	for (size_t i = 0; i < MOST; i++) {
		put_start(&desk, &endings[i]);
		poll(NULL, 0, i % 64 == 0 ? 10 : 0);
	}
	assert_int_equal(pthread_create(&leader, NULL, lead_on, &threads), 0);
	assert_int_equal(pthread_create(&worker, NULL, work_on, &threads), 0);
	/* While one after the other has waited for too long. */
	poll(NULL, 0, RECORD_TIME - 80);
	disconnect_other(&other);
	close_threads(&threads, leader, worker);
	close_desk(&desk);
	for (size_t i = 0; i < MOST; i++)
		assert_int_equal(endings[i].ends, 1);
	assert_int_equal(query("SELECT count(*) FROM runs"), 1);
}

static void
what_is_on_its_way_at_the_end_is_written(void **state)
{
	struct ending ending;
	struct desk desk;

	(void)state;
	open_desk(&desk, 0);
	(void)journal_of(&desk);
	put_start(&desk, &ending);
	wait_for_end(&desk, &ending);
	assert_ended(&ending, false);
	close_desk(&desk);
	assert_int_equal(ending.ends, 1);
	assert_int_equal(records(), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_brief_process_records_before_it_answers),
		TEST(a_brief_process_waits_a_second_for_who_writes),
		TEST(a_brief_process_waits_a_second_for_a_journal_that_is_shut),
		TEST(a_journal_that_cannot_be_opened_changes_no_reply),
		TEST(the_reply_waits_for_the_commit),
		TEST(after_a_second_it_is_answered_and_recorded_later),
		TEST(what_others_keep_locked_is_told_once),
		TEST(who_works_opens_the_journal),
		TEST(
		    a_journal_that_could_not_be_opened_is_left_alone_for_a_while),
		TEST(what_says_nothing_of_a_run_is_answered_at_once),
		TEST(no_more_than_so_many_are_on_their_way),
		TEST(who_comes_first_ends_it_once),
		TEST(what_is_on_its_way_at_the_end_is_written),
	};

	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
