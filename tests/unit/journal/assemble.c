/* SPDX-License-Identifier: ISC */
#include "../runs.h"

#include "base/pool.h"

/* What an earlier release stored has the text of its event as its body. */
struct telling {
	unsigned asked;
	const char *hook; /* NULL: h */
	enum rc rc;
};

static enum rc
tell(void *context, const struct journal_event *event, struct pool *pool,
    struct journal_subject *subject, bool *any)
{
	struct telling *telling = context;
	struct told_event *told = pool_alloc(pool, 1, sizeof(*told));
	const char *text = pool_copy(pool, event->body);

	telling->asked++;
	assert_string_equal(event->hook,
	    telling->hook == NULL ? "h" : telling->hook);
	assert_string_equal(event->pipeline, "");
	if (text[0] == '{')
		return telling->rc;
	assert_null(next_told(text, "h", told));
	*subject = told->subject;
	*any = true;
	return telling->rc;
}

/* Stores the events of a text without a word of runs; how many. */
static unsigned
store_early(struct journal *journal, const char *text)
{
	struct told_event told;
	struct sample sample;
	unsigned n = 0;

	while (text != NULL) {
		const char *line = text;

		text = next_told(text, "h", &told);
		fill_sample(&sample, "h", n++);
		sample.receipt = told.receipt;
		sample.entry.event = told.record.event;
		sample.entry.body = (struct bytes){ line,
			text == NULL ? strlen(line) :
				       (size_t)(text - line) - 1 };
		assert_int_equal(append_and_wait(journal, &sample.entry),
		    RC_OK);
	}
	return n;
}

/* As the migration does. */
static void
note_early(void)
{
	execute("INSERT INTO notes(name, number) SELECT 'earlier_events', seq"
		" FROM events ORDER BY seq DESC LIMIT 1;"
		"DELETE FROM notes WHERE name = 'read_events'");
}

static unsigned
tell_all(struct journal *journal, struct telling *telling)
{
	const struct journal_teller teller = { tell, telling };

	return assemble_by(journal, &teller);
}

static const char earlier_events[] =
    "SELECT count(*) FROM notes WHERE name = 'earlier_events'";

/* How many open runs of a pipeline are judged. */
static enum rc
count_open(void *context, const struct journal_pipeline *pipeline,
    const struct journal_outcomes *outcomes)
{
	(void)outcomes;
	*(size_t *)context += pipeline->open_n;
	return RC_OK;
}

struct history {
	const char *name;
	const char *early; /* stored by an earlier release */
	const char *since; /* recorded before that was read */
	const char *runs;
	const char *pipelines;
};

static const struct history histories[] = {
	{ "what was stored becomes runs",
	    "10 start p a Orders;20 done p a;30 say p;40 fail p b", NULL,
	    "p/a 10-20 success; p/b 0-40 failure; ",
	    "p(Orders) 10-40 20 1 from 40 pipeline_run_error; " },
	{ "one that is open stays so", "10 start p;20 start q a", NULL,
	    "p/ 10-0; q/a 20-0; ", "p(p) 10-10 0; q(q) 20-20 0; " },
	{ "its end may have come since", "10 start p a;11 start p b",
	    "50 done p a", "p/a 10-50 success; p/b 11-0; ", "p(p) 10-50 50; " },
	{ "its start may have come again since", "10 start p a;20 fail p a",
	    "50 start p a", "p/a 10-20 failure; ",
	    "p(p) 10-50 0 1 from 20 pipeline_run_error; " },
	{ "a success since ends the failures of before",
	    "10 fail p a;20 fail p b", "50 done p c",
	    "p/a 0-10 failure; p/b 0-20 failure; p/c 0-50 success; ",
	    "p(p) 10-50 50; " },
	{ "and failures since count from the success",
	    "10 done p a;20 done p b Old", "50 fail p c New",
	    "p/a 0-10 success; p/b 0-20 success; p/c 0-50 failure; ",
	    "p(New) 10-50 20 1 from 50 pipeline_run_error; " },
	{ "an end of before is of what was open then",
	    "10 start p;20 done p;30 done p", "50 start p",
	    "p/ 10-20 success; p/ 0-30 success; p/ 50-0; ", "p(p) 10-50 30; " },
	{ "one without an identity is over once the next began",
	    "10 start p;20 start p;30 start q", "50 start p",
	    "p/ 10-20 unknown; p/ 20-50 unknown; q/ 30-0; p/ 50-0; ",
	    "p(p) 10-50 0; q(q) 30-30 0; " },
	{ "a pipeline that was removed then is so",
	    "10 start p a;20 done q b;30 remove p", NULL,
	    "p/a 10-30 unknown; q/b 0-20 success; ", "q(q) 20-20 20; " },
	{ "but not one that was seen since", "10 done p a;30 remove p",
	    "50 fail p b", "p/a 0-10 success; p/b 0-50 failure; ",
	    "p(p) 50-50 0 1 from 50 pipeline_run_error; " },
	{ "one that was forgotten since does not come back",
	    "10 done p a;20 fail p b", "50 start p c;60 remove p",
	    "p/a 0-10 success; p/b 0-20 failure; p/c 50-60 unknown; ", "" },
};

static void
what_was_stored_is_read_once(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(histories); i++) {
		const struct history *it = &histories[i];
		struct journal *journal = open_lane();
		struct telling telling = { 0 };
		unsigned n = store_early(journal, it->early);

		note_early();
		if (it->since != NULL)
			record_some(journal, "h", it->since);
		tell_all(journal, &telling);
		wrong += case_number(it->name, telling.asked, n);
		wrong += case_rows(it->name, sql_runs, it->runs);
		wrong += case_rows(it->name, sql_pipelines, it->pipelines);
		wrong += case_number(it->name,
		    count_rows(journal, earlier_events), 0);
		tell_all(journal, &telling);
		wrong += case_number(it->name, telling.asked, n);
		journal_close(journal);
		remove_journal();
	}
	assert_int_equal(wrong, 0);
}

#define QUOTE(column) "coalesce('''' || " column " || '''', 'NULL')"

static void
events_are_known_by_what_they_say(void **state)
{
	struct journal *journal = open_lane();
	struct telling telling = { 0 };

	(void)state;
	store_early(journal, "10 start p a Orders;20 say q;30 say - b");
	append_sample(journal, "h", 7, "");
	note_early();
	tell_all(journal, &telling);
	assert_int_equal(
	    case_rows("events",
		"SELECT " QUOTE("pipeline") " || " QUOTE("shown") " || " QUOTE(
		    "run") " FROM events ORDER BY seq",
		"'p''Orders''a'; 'q'NULLNULL; NULLNULL'b'; "
		"NULLNULLNULL; "),
	    0);
	journal_close(journal);
}

static void
they_are_read_in_small_steps(void **state)
{
	enum { EVENTS = 120 };
	struct journal *journal = open_lane();
	struct telling telling = { 0 };
	const struct journal_teller teller = { tell, &telling };
	struct journal_assembly assembly;

	(void)state;
	assert_int_equal(tell_all(journal, &telling), 1);
	for (unsigned i = 0; i < EVENTS; i++)
		append_sample(journal, "h", i, "");
	note_early();
	assert_int_equal(journal_assemble(journal, &teller, &assembly), RC_OK);
	assert_true(assembly.more);
	assert_true(assembly.changed);
	assert_int_equal(telling.asked, 50);
	/* What is stored since need not be read. */
	append_sample(journal, "h", EVENTS, "");
	assert_int_equal(tell_all(journal, &telling), 2);
	assert_int_equal(telling.asked, EVENTS);
	for (unsigned i = 0; i < 3; i++)
		append_large(journal, "h", i);
	note_early();
	telling.asked = 0;
	assert_int_equal(tell_all(journal, &telling), 5);
	assert_int_equal(telling.asked, EVENTS + 4);
	journal_close(journal);
}

static void
damaged_events_are_passed_over(void **state)
{
	struct journal *journal = open_lane();
	struct telling telling = { 0 };

	(void)state;
	only_of_a_file();
	store_early(journal, "10 done p a;20 done p b;30 fail p c");
	note_early();
	execute("UPDATE events SET name = x'00' WHERE seq = 2");
	tell_all(journal, &telling);
	assert_int_equal(telling.asked, 2);
	assert_int_equal(case_rows("runs", sql_runs,
			     "p/a 0-10 success; p/c 0-30 failure; "),
	    0);
	journal_close(journal);
}

static void
a_step_that_fails_is_done_again(void **state)
{
	struct journal *journal = open_lane();
	struct telling telling = { .rc = RC_MEMORY };
	const struct journal_teller teller = { tell, &telling };
	struct journal_assembly assembly;

	(void)state;
	store_early(journal, "10 done p a;20 done p b");
	note_early();
	assert_int_equal(journal_assemble(journal, &teller, &assembly),
	    RC_MEMORY);
	assert_false(assembly.more);
	assert_int_equal(case_rows("runs", sql_runs, ""), 0);
	telling.rc = RC_OK;
	tell_all(journal, &telling);
	assert_int_equal(case_rows("runs", sql_runs,
			     "p/a 0-10 success; p/b 0-20 success; "),
	    0);
	journal_close(journal);
}

/* None of what is in it can be read as the text of an event. */
static void
a_journal_of_the_first_release_is_read(void **state)
{
	struct telling telling = { 0 };
	struct journal *journal;
	int64_t events;

	(void)state;
	make_earlier();
	journal = open_journal();
	events = count_rows(journal, "SELECT max(seq) FROM events");
	assert_int_equal(count_rows(journal,
			     "SELECT number FROM notes"
			     " WHERE name = 'earlier_events'"),
	    events);
	telling.hook = "peliqan";
	tell_all(journal, &telling);
	assert_int_equal(telling.asked,
	    count_rows(journal, "SELECT count(*) FROM events"));
	assert_int_equal(count_rows(journal, earlier_events), 0);
	journal_close(journal);
}

/* An earlier release kept nothing of an end that no line took. */
static void
a_run_that_it_left_open_is_shown_and_not_judged(void **state)
{
	struct journal *journal = open_lane();
	struct telling telling = { 0 };
	size_t open = 0;

	(void)state;
	store_early(journal, "10 start p a;20 start p b;30 fail p b");
	note_early();
	tell_all(journal, &telling);
	record_all(journal, "h", "40 start p c");
	assert_int_equal(case_rows("runs", sql_runs,
			     "p/a 10-0; p/b 20-30 failure; p/c 40-0; "),
	    0);
	assert_int_equal(journal_pipelines(journal,
			     &(struct journal_pipeline_filter){ .hook = "h" },
			     count_open, &open),
	    RC_OK);
	assert_int_equal(open, 1);
	/* Its end is as good as any other. */
	record_all(journal, "h", "50 done p a");
	assert_int_equal(case_rows("runs", sql_runs,
			     "p/a 10-50 success; p/b 20-30 failure; "
			     "p/c 40-0; "),
	    0);
	journal_close(journal);
}

/* Stored and recorded ones, as they came. */
static void
all_are_put_together_as_they_came(void **state)
{
	struct journal *journal = open_lane();

	(void)state;
	record_some(journal, "h", "10 start p a");
	store_some(journal, "h", "20 fail p a; 30 start p b");
	record_some(journal, "h", "40 done p b; 50 start q");
	store_some(journal, "h", "60 start q");
	record_some(journal, "h", "70 fail q");
	assert_int_equal(case_rows("before", sql_runs, ""), 0);
	assert_int_equal(assemble_all(journal), 1);
	assert_int_equal(case_rows("runs", sql_runs,
			     "p/a 10-20 failure; p/b 30-40 success; "
			     "q/ 50-60 unknown; q/ 60-70 failure; "),
	    0);
	assert_int_equal(count_rows(journal, "SELECT count(*) FROM records"),
	    0);
	/* Once. */
	assemble_all(journal);
	assert_int_equal(case_rows("pipelines", sql_pipelines,
			     "p(p) 10-40 40; "
			     "q(q) 50-70 0 1 from 70 pipeline_run_error; "),
	    0);
	journal_close(journal);
}

static void
many_take_several_steps(void **state)
{
	enum { EVENTS = 1200, STEPS = 3 };
	struct journal *journal = open_lane();

	(void)state;
	for (unsigned i = 0; i < EVENTS; i++)
		append_sample(journal, "h", i, "");
	assert_int_equal(assemble_all(journal), STEPS);
	assert_int_equal(assemble_all(journal), 1);
	journal_close(journal);
}

/* Where no queue is run, nobody asks for it. */
static void
what_is_not_stored_does_not_pile_up(void **state)
{
	enum { RECORDED = 450, PILED = 200 };
	struct journal *journal = open_lane();
	char text[64];

	(void)state;
	store_some(journal, "h", "1 start p first");
	for (int i = 0; i < RECORDED; i++) {
		snprintf(text, sizeof(text), "%d start p %d", i + 2, i);
		record_some(journal, "h", text);
		assert_in_range(count_rows(journal,
				    "SELECT count(*) FROM records"),
		    0, PILED - 1);
	}
	assert_int_equal(count_rows(journal, "SELECT count(*) FROM runs"),
	    2 * PILED + 1);
	assert_int_equal(case_rows("first",
			     "SELECT run FROM runs ORDER BY seq LIMIT 2",
			     "first; 0; "),
	    0);
	/* But that has to be read first. */
	note_early();
	for (int i = 0; i < PILED; i++)
		record_some(journal, "h", "999 start p again");
	assert_int_equal(count_rows(journal, "SELECT count(*) FROM records"),
	    RECORDED - 2 * PILED + PILED);
	journal_close(journal);
}

static void
purge_what_is_read(struct journal *journal, struct journal_purge *purge)
{
	do
		assert_int_equal(journal_purge_step(journal, purge, 1000),
		    RC_OK);
	while (purge->more);
}

/* In a file the numbers of events that were taken out are given again. */
static void
a_purge_takes_out_nothing_that_was_not_read(void **state)
{
	struct journal *journal = open_lane();
	const struct journal_keep keep = { .hook = "h" };
	struct journal_purge purge = { .keeps = &keep, .n = 1 };

	(void)state;
	store_some(journal, "h", "10 start p a; 20 done p a; 30 start p b");
	execute("UPDATE deliveries SET state = 2, finished = 1;"
		"UPDATE rules SET keep = 0");
	purge_what_is_read(journal, &purge);
	assert_int_equal(count_rows(journal, "SELECT count(*) FROM events"), 3);
	assemble_all(journal);
	record_some(journal, "h", "40 done p b; 50 start p c");
	purge_what_is_read(journal, &purge);
	assert_int_equal(count_rows(journal, "SELECT count(*) FROM events"), 0);
	store_some(journal, "h", "60 done p c");
	record_some(journal, "h", "70 start p d");
	if (journal_server() == NULL)
		assert_int_equal(count_rows(journal, "SELECT seq FROM events"),
		    1);
	assemble_all(journal);
	assert_int_equal(case_rows("runs", sql_runs,
			     "p/a 10-20 success; p/b 30-40 success; "
			     "p/c 50-60 success; p/d 70-0; "),
	    0);
	journal_close(journal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_stored_is_read_once),
		TEST(events_are_known_by_what_they_say),
		TEST(they_are_read_in_small_steps),
		TEST(damaged_events_are_passed_over),
		TEST(a_step_that_fails_is_done_again),
		TEST(a_journal_of_the_first_release_is_read),
		TEST(a_run_that_it_left_open_is_shown_and_not_judged),
		TEST(all_are_put_together_as_they_came),
		TEST(many_take_several_steps),
		TEST(what_is_not_stored_does_not_pile_up),
		TEST(a_purge_takes_out_nothing_that_was_not_read),
	};

	return cmocka_run_group_tests_name("assemble", tests, NULL, NULL);
}
