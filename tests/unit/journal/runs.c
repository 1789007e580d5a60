/* SPDX-License-Identifier: ISC */
#include <sys/eventfd.h>

#include "../runs.h"

#include "base/io.h"

struct sequence {
	const char *name;
	const char *events;
	const char *runs;
	const char *pipelines; /* NULL: they are told by other cases */
};

static const struct sequence sequences[] = {
	{ "a start opens a run", "10 start p r", "p/r 10-0; ",
	    "p(p) 10-10 0; " },
	{ "an end ends it", "10 start p r; 20 done p r", "p/r 10-20 success; ",
	    "p(p) 10-20 20; " },
	{ "the same start again is nothing",
	    "10 start p r; 15 start p r; 20 done p r; 30 start p r",
	    "p/r 10-20 success; ", "p(p) 10-30 20; " },
	{ "the same end again is nothing",
	    "10 start p r; 20 fail p r; 30 fail p r", "p/r 10-20 failure; ",
	    "p(p) 10-30 0 1 from 20 pipeline_run_error; " },
	{ "another end is a run of its own",
	    "10 start p r; 20 fail p r; 30 done p r; 40 done p r; 50 fail p r",
	    "p/r 10-20 failure; p/r 0-30 success; ", "p(p) 10-50 30; " },
	{ "a start before it does not begin the other one",
	    "10 start p r; 20 fail p r; 30 done p r; 40 start p r",
	    "p/r 10-20 failure; p/r 0-30 success; ", NULL },
	{ "an end alone has no beginning", "20 partly p r",
	    "p/r 0-20 partial; ", "p(p) 20-20 20; " },
	{ "a start after its end fills that in", "20 done p r; 21 start p r",
	    "p/r 20-20 success; ", "p(p) 20-21 20; " },
	{ "a start before its end, as clocks differ",
	    "20 done p r; 19 start p r", "p/r 19-20 success; ",
	    "p(p) 20-19 20; " },
	{ "the first end that has no beginning gets it",
	    "20 fail p r; 30 done p r; 31 start p r; 32 start p r",
	    "p/r 20-20 failure; p/r 0-30 success; ", NULL },
	{ "runs of one identity in two pipelines are two",
	    "10 start p r; 11 start q r; 20 done q r; 30 fail p r",
	    "p/r 10-30 failure; q/r 11-20 success; ", NULL },
	{ "two runs at once",
	    "10 start p r; 11 start p s; 20 fail p r; 30 done p s",
	    "p/r 10-20 failure; p/s 11-30 success; ", "p(p) 10-30 30; " },
	{ "an end without a pipeline finds its run's",
	    "10 start p r - Name; 20 fail - r", "p/r 10-20 failure; ",
	    "p(p) 10-20 0 1 from 20 pipeline_run_error; " },
	{ "the open one of several pipelines is meant",
	    "10 start p r; 11 start q r; 20 done q r; 30 done - r",
	    "p/r 10-30 success; q/r 11-20 success; ", NULL },
	{ "and its second end, too",
	    "10 start p r; 20 fail - r; 30 fail - r; 40 done - r",
	    "p/r 10-20 failure; p/r 0-40 success; ", "p(p) 10-40 40; " },
	{ "an end of which nothing is known is of no pipeline",
	    "20 fail - r; 30 done - -", "/r 0-20 failure; / 0-30 success; ",
	    "() 20-30 30; " },
	{ "without identities the open run ends", "10 start p; 20 done p",
	    "p/ 10-20 success; ", "p(p) 10-20 20; " },
	{ "without identities a second start ends the first",
	    "10 start p; 20 start p; 30 done p",
	    "p/ 10-20 unknown; p/ 20-30 success; ", "p(p) 10-30 30; " },
	{ "but none that has an identity",
	    "10 start p r; 20 start p; 30 done p",
	    "p/r 10-0; p/ 20-30 success; ", NULL },
	{ "an end without an identity ends the newest",
	    "10 start p r; 20 start p s; 30 fail p",
	    "p/r 10-0; p/s 20-30 failure; ", NULL },
	{ "without an open run it has no beginning", "10 done p; 20 done p",
	    "p/ 0-10 success; p/ 0-20 success; ", "p(p) 10-20 20; " },
	{ "a start that was received before the end that it comes after",
	    "20 done p; 15 start p; 30 done p",
	    "p/ 15-20 success; p/ 0-30 success; ", NULL },
	{ "but not before one that has its start",
	    "10 start p; 20 done p; 15 start p", "p/ 10-20 success; p/ 15-0; ",
	    NULL },
	{ "failures in a row",
	    "10 fail p a; 20 stop p b; 30 start p c; 40 fail p d",
	    "p/a 0-10 failure; p/b 0-20 stopped; p/c 30-0; p/d 0-40 failure; ",
	    "p(p) 10-40 0 3 from 10 pipeline_run_error; " },
	{ "one that is unknown is none, and no success",
	    "10 fail p; 20 start p; 30 start p; 40 stop p",
	    "p/ 0-10 failure; p/ 20-30 unknown; p/ 30-40 stopped; ",
	    "p(p) 10-40 0 2 from 10 pipeline_run_killed; " },
	{ "a success ends them", "10 fail p a; 20 partly p b; 30 fail p c",
	    "p/a 0-10 failure; p/b 0-20 partial; p/c 0-30 failure; ",
	    "p(p) 10-30 20 1 from 30 pipeline_run_error; " },
	{ "a name is kept where an event has none",
	    "10 start p r Orders; 20 done p r", "p/r 10-20 success; ",
	    "p(Orders) 10-20 20; " },
	{ "and changes where it has another",
	    "10 start p r Orders; 20 done p r Invoices", "p/r 10-20 success; ",
	    "p(Invoices) 10-20 20; " },
	{ "what is neither start nor end is no run", "10 say p r", "", "" },
	{ "a pipeline that is removed is forgotten",
	    "10 start p r; 11 fail p s; 12 start q r; 20 remove p",
	    "p/r 10-20 unknown; p/s 0-11 failure; q/r 12-0; ",
	    "q(q) 12-12 0; " },
	{ "and seen anew", "10 fail p r; 20 remove p; 30 remove p; 40 fail p s",
	    "p/r 0-10 failure; p/s 0-40 failure; ",
	    "p(p) 40-40 0 1 from 40 pipeline_run_error; " },
	{ "what is removed without a pipeline is none",
	    "10 start - r; 20 remove - r", "/r 10-0; ", "() 10-10 0; " },
	{ "a clock that was set back", "100 start p r; 90 done p r",
	    "p/r 100-90 success; ", "p(p) 100-90 90; " },
	{ "a time that is none", "0 done p r", "p/r 0-1 success; ",
	    "p(p) 1-1 1; " },
};

static void
events_become_runs(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(sequences); i++) {
		const struct sequence *it = &sequences[i];
		struct journal *journal = open_journal();

		record_all(journal, "h", it->events);
		wrong += case_rows(it->name, sql_runs, it->runs);
		if (it->pipelines != NULL)
			wrong += case_rows(it->name, sql_pipelines,
			    it->pipelines);
		journal_close(journal);
		remove_journal();
	}
	assert_int_equal(wrong, 0);
}

static void
stored_events_say_the_same(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(sequences); i++) {
		const struct sequence *it = &sequences[i];
		struct journal *journal = open_lane();

		store_all(journal, "h", it->events);
		wrong += case_rows(it->name, sql_runs, it->runs);
		journal_close(journal);
		remove_journal();
	}
	assert_int_equal(wrong, 0);
}

static bool
was_woken(int fd)
{
	struct pollfd one_fd = { .fd = fd, .events = POLLIN };
	uint64_t times;

	if (poll(&one_fd, 1, 0) != 1)
		return false;
	assert_int_equal(read(fd, &times, sizeof(times)), sizeof(times));
	return true;
}

static void
who_watches_is_woken(void **state)
{
	struct journal *journal = open_journal();
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	struct told_event told;
	struct answer answer;

	(void)state;
	journal_add_wakeup_fd(journal, fd);
	for (int i = 0; i < 2; i++) {
		next_told("10 fail p a", "h", &told);
		told.record.watched = i == 1;
		journal_record(journal, &told.record, ask(&answer));
		assert_int_equal(get(&answer), RC_OK);
		assert_int_equal(was_woken(fd), i == 1);
	}
	journal_remove_wakeup_fd(journal, fd);
	close(fd);
	journal_close(journal);
}

/* What somebody else is about to judge is judged with what came since. */
static void
a_pipeline_that_is_seen_is_due(void **state)
{
	static const char *const events[] = { "10 start p a", "20 fail p a",
		"30 done p b" };
	struct journal *journal = open_journal();

	(void)state;
	for (size_t i = 0; i < COUNT(events); i++) {
		record_all(journal, "h", events[i]);
		assert_int_equal(case_rows(events[i],
				     "SELECT due || '' FROM pipelines", "0; "),
		    0);
		execute("UPDATE pipelines SET due = 99");
	}
	journal_close(journal);
}

static void
damaged_runs_are_no_reason_to_refuse_events(void **state)
{
	struct journal *journal = open_lane();

	(void)state;
	only_of_a_file();
	record_all(journal, "h", "10 start p a; 11 start p b");
	execute("UPDATE runs SET began = 'x', pipeline = 'p';"
		"UPDATE pipelines SET failures = x'00', first = 'then'");
	store_all(journal, "h", "20 fail p a; 30 fail p; 40 start p b");
	assert_int_equal(case_rows("runs",
			     "SELECT run || ' ' || ended FROM runs"
			     " ORDER BY seq",
			     "a 20; b 30; b 0; "),
	    0);
	journal_close(journal);
}

/* The same work for each event, however many runs there are. */
static void
runs_are_found_by_indexes(void **state)
{
	static const char *const events[] = { "900000 start z z",
		"900001 done z z", "900002 start p1", "900003 done z",
		"900004 fail - a" };
	struct journal *journal;
	char text[128];

	(void)state;
	/* A server plans anew as the table grows, at moments of its own. */
	only_of_a_file();
	journal = open_journal();
	for (int i = 1; i <= 400; i++) {
		snprintf(text, sizeof(text),
		    "%d start p%d r; %d done p%d r; %d start z a%d", 10 * i, i,
		    10 * i + 1, i, 10 * i + 2, i);
		record_all(journal, "h", text);
	}
	for (size_t i = 0; i < COUNT(events); i++) {
		work_done(journal);
		record_all(journal, "h", events[i]);
		assert_in_range(work_done(journal), 1, 500);
	}
	journal_close(journal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(events_become_runs),
		TEST(stored_events_say_the_same),
		TEST(who_watches_is_woken),
		TEST(a_pipeline_that_is_seen_is_due),
		TEST(damaged_runs_are_no_reason_to_refuse_events),
		TEST(runs_are_found_by_indexes),
	};

	return cmocka_run_group_tests_name("runs", tests, NULL, NULL);
}
