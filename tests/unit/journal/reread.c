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
	execute("INSERT INTO notes(name, number) SELECT 'unread_events', seq"
		" FROM events ORDER BY seq DESC LIMIT 1;"
		"INSERT INTO runs SELECT seq + 1, '', '', '', 1, 1, '', '', '',"
		" '' FROM events ORDER BY seq DESC LIMIT 1");
}

static unsigned
reread_all(struct journal *journal, struct telling *telling)
{
	const struct journal_teller teller = { tell, telling };
	unsigned steps = 0;
	bool more = true;

	for (; more; steps++)
		assert_int_equal(journal_reread(journal, &teller, &more),
		    RC_OK);
	return steps;
}

static const char notes[] =
    "SELECT count(*) FROM notes WHERE name IN ('unread_events',"
    " 'read_events')";
static const char placeholders[] = "SELECT count(*) FROM runs WHERE hook = ''";

struct history {
	const char *name;
	const char *early; /* stored by an earlier release */
	const char *since; /* what was noted before that was read */
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
	    "50 done p a", "p/b 11-0; p/a 10-50 success; ", "p(p) 10-50 50; " },
	{ "its start may have come again since", "10 start p a;20 fail p a",
	    "50 start p a", "p/a 20-20 failure; ", "p(p) 10-50 0; " },
	{ "failures of before do not undo a success", "10 fail p a;20 fail p b",
	    "50 done p c",
	    "p/a 0-10 failure; p/b 0-20 failure; p/c 0-50 success; ",
	    "p(p) 10-50 50; " },
	{ "nor does a success undo failures", "10 done p a;20 done p b Old",
	    "50 fail p c New",
	    "p/a 0-10 success; p/b 0-20 success; p/c 0-50 failure; ",
	    "p(New) 10-50 20 1 from 50 pipeline_run_error; " },
	{ "an end of before is of what was open then",
	    "10 start p;20 done p;30 done p", "50 start p",
	    "p/ 10-20 success; p/ 0-30 success; p/ 50-0; ", "p(p) 10-50 30; " },
	{ "one without an identity is over once the next began",
	    "10 start p;20 start p;30 start q", "50 start p",
	    "p/ 10-20 unknown; p/ 20-50 unknown; q/ 30-0; p/ 50-0; ",
	    "p(p) 10-50 0; q(q) 30-30 0; " },
	{ "or ended", "10 start p", "40 done p r",
	    "p/ 10-40 unknown; p/r 0-40 success; ", "p(p) 10-40 40; " },
	{ "a pipeline that was removed then is so",
	    "10 start p a;20 done q b;30 remove p", NULL,
	    "p/a 10-30 unknown; q/b 0-20 success; ", "q(q) 20-20 20; " },
	{ "but not one that was seen since", "10 done p a;30 remove p",
	    "50 fail p b", "p/a 0-10 success; p/b 0-50 failure; ",
	    "p(p) 10-50 10 1 from 50 pipeline_run_error; " },
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
			record_all(journal, "h", it->since);
		reread_all(journal, &telling);
		wrong += case_number(it->name, telling.asked, n);
		wrong += case_rows(it->name, sql_runs, it->runs);
		wrong += case_rows(it->name, sql_pipelines, it->pipelines);
		wrong += case_number(it->name, count_rows(journal, notes), 0);
		wrong += case_number(it->name,
		    count_rows(journal, placeholders), 0);
		reread_all(journal, &telling);
		wrong += case_number(it->name, telling.asked, n);
		journal_close(journal);
		remove_journal();
	}
	assert_int_equal(wrong, 0);
}

static void
events_are_known_by_what_they_say(void **state)
{
	struct journal *journal = open_lane();
	struct telling telling = { 0 };

	(void)state;
	store_early(journal, "10 start p a Orders;20 say q;30 say - b");
	append_sample(journal, "h", 7, "");
	note_early();
	reread_all(journal, &telling);
	assert_int_equal(case_rows("events",
			     "SELECT quote(pipeline) || quote(shown) ||"
			     " quote(run) FROM events ORDER BY seq",
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
	bool more = false;

	(void)state;
	assert_int_equal(reread_all(journal, &telling), 1);
	for (unsigned i = 0; i < EVENTS; i++)
		append_sample(journal, "h", i, "");
	note_early();
	assert_int_equal(journal_reread(journal, &teller, &more), RC_OK);
	assert_true(more);
	assert_int_equal(telling.asked, 50);
	/* What is stored since is not read again. */
	append_sample(journal, "h", EVENTS, "");
	assert_int_equal(reread_all(journal, &telling), 3);
	assert_int_equal(telling.asked, EVENTS);
	for (unsigned i = 0; i < 3; i++)
		append_large(journal, "h", i);
	note_early();
	assert_int_equal(reread_all(journal, &telling), 6);
	journal_close(journal);
}

static void
damaged_events_are_passed_over(void **state)
{
	struct journal *journal = open_lane();
	struct telling telling = { 0 };

	(void)state;
	store_early(journal, "10 done p a;20 done p b;30 fail p c");
	note_early();
	execute("UPDATE events SET name = x'00' WHERE seq = 2");
	reread_all(journal, &telling);
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
	bool more = true;

	(void)state;
	store_early(journal, "10 done p a;20 done p b");
	note_early();
	assert_int_equal(journal_reread(journal, &teller, &more), RC_MEMORY);
	assert_true(more);
	assert_int_equal(case_rows("runs", sql_runs, ""), 0);
	telling.rc = RC_OK;
	reread_all(journal, &telling);
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
	struct answer answer;
	struct told_event told;
	int64_t events;

	(void)state;
	make_earlier();
	journal = open_journal();
	events = count_rows(journal, "SELECT max(seq) FROM events");
	assert_int_equal(count_rows(journal,
			     "SELECT number FROM notes"
			     " WHERE name = 'unread_events'"),
	    events);
	next_told("10 start p a", "peliqan", &told);
	journal_record(journal, &told.record, ask(&answer));
	assert_int_equal(get(&answer), RC_OK);
	assert_int_equal(count_rows(journal,
			     "SELECT seq FROM runs WHERE run = 'a'"),
	    events + 2);
	telling.hook = "peliqan";
	reread_all(journal, &telling);
	assert_int_equal(telling.asked,
	    count_rows(journal, "SELECT count(*) FROM events"));
	assert_int_equal(count_rows(journal, notes), 0);
	assert_int_equal(count_rows(journal, placeholders), 0);
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
	};

	return cmocka_run_group_tests_name("reread", tests, NULL, NULL);
}
