/* SPDX-License-Identifier: ISC */
#include <ctype.h>

#include "../journal.h"

#include "journal/search.h"

/* What a search tells, in one text: the number of each event, its ordinal. */
struct told {
	char text[1024];
	char ids[64][UUID_SIZE];
	size_t n;
	unsigned calls;
};

/* Events are told by the name, which is their number. */
static enum rc
add_told(void *context, const struct journal_row *row)
{
	struct told *told = context;
	size_t len = strlen(told->text);

	snprintf(told->text + len, sizeof(told->text) - len, "%s.%u ",
	    row->event, row->ordinal);
	if (told->n < COUNT(told->ids))
		snprintf(told->ids[told->n++], UUID_SIZE, "%s", row->id);
	told->calls++;
	return RC_OK;
}

static struct told
search_for(struct journal *journal, const struct journal_search *search,
    struct journal_search_end *end)
{
	struct told told = { 0 };

	assert_int_equal(journal_search(journal, search, add_told, &told, end),
	    RC_OK);
	return told;
}

static void
expect_found(struct journal *journal, const struct journal_search *search,
    const char *text)
{
	struct journal_search_end end;

	assert_string_equal(search_for(journal, search, &end).text, text);
}

/* Ten events, received a second apart, whose name is their number: those that
 * can be divided by three are of another hook, and have two deliveries. */
enum { TEN = 10 };
static const int64_t first_received = 1700000000000;
static char ids[TEN][UUID_SIZE];

static void
append_ten(struct journal *journal)
{
	static const char *const names[TEN] = { "0", "1", "2", "3", "4", "5",
		"6", "7", "8", "9" };
	uint8_t random[10] = { 0 };
	struct sample sample;

	note_hook(journal, "other");
	for (unsigned i = 0; i < TEN; i++) {
		fill_sample(&sample, i % 3 == 0 ? "other" : "h", i);
		sample.receipt.received = first_received + i * 1000;
		random[9] = (uint8_t)(i * 16 + 10);
		uuid7(sample.receipt.received, random, sample.receipt.id);
		memcpy(ids[i], sample.receipt.id, UUID_SIZE);
		sample.entry.event = names[i];
		sample.entry.routes_len = i % 3 == 0 ? 2 : 1;
		assert_int_equal(append_and_wait(journal, &sample.entry),
		    RC_OK);
	}
}

static void
set_state(const char *events, int state)
{
	char text[256];

	snprintf(text, sizeof(text),
	    "UPDATE deliveries SET state = %d, finished = 5000 WHERE event IN"
	    " (SELECT seq FROM events WHERE CAST(name AS integer) IN (%s))",
	    state, events);
	execute(text);
}

static void
events_are_told_newest_first_with_all_that_matches(void **state)
{
	struct journal *journal = open_lane();
	struct journal_search search = { .state = -1, .limit = 3 };
	struct journal_search_end end = { 0 };

	(void)state;
	append_ten(journal);
	assert_string_equal(search_for(journal, &search, &end).text,
	    "9.0 9.1 8.0 7.0 ");
	assert_true(end.more);
	assert_false(end.stopped);
	assert_string_equal(end.next, ids[7]);
	search.before = end.next;
	assert_string_equal(search_for(journal, &search, &end).text,
	    "6.0 6.1 5.0 4.0 ");
	search.before = ids[3];
	assert_string_equal(search_for(journal, &search, &end).text,
	    "2.0 1.0 0.0 0.1 ");
	/* That was all there is. */
	assert_false(end.more);
	journal_close(journal);
}

static void
each_filter_lets_through_what_it_says(void **state)
{
	struct journal *journal = open_lane();
	struct journal_search all = { .state = -1 };
	struct journal_search search;
	char id[UUID_SIZE];

	(void)state;
	append_ten(journal);
	execute("UPDATE events SET pipeline = 'id', shown = 'name'"
		" WHERE name = '4'; UPDATE events SET pipeline = 'name'"
		" WHERE name = '5'");
	search = all;
	search.hook = "other";
	expect_found(journal, &search, "9.0 9.1 6.0 6.1 3.0 3.1 0.0 0.1 ");
	search = all;
	search.event = "7";
	expect_found(journal, &search, "7.0 ");
	search = all;
	search.pipeline = "name";
	expect_found(journal, &search, "5.0 4.0 ");
	search.pipeline = "id";
	expect_found(journal, &search, "4.0 ");
	search = all;
	search.since = first_received + 7000;
	expect_found(journal, &search, "9.0 9.1 8.0 7.0 ");
	search.until = first_received + 8000;
	expect_found(journal, &search, "7.0 ");
	search = all;
	search.shown.seen = 2;
	expect_found(journal, &search, "1.0 0.0 0.1 ");
	search = all;
	search.id = ids[4];
	expect_found(journal, &search, "4.0 ");
	/* Its beginning, in capitals, and its end. */
	snprintf(id, sizeof(id), "%.13s", ids[5]);
	for (char *at = id; *at != '\0'; at++)
		*at = (char)toupper((unsigned char)*at);
	search.id = id;
	expect_found(journal, &search, "5.0 ");
	search.id = ids[6] + 30;
	expect_found(journal, &search, "6.0 6.1 ");
	search.hook = "h";
	expect_found(journal, &search, "");
	search = all;
	search.id = "xyz";
	expect_found(journal, &search, "");
	/* Empty texts ask for nothing. */
	search = all;
	search.hook = search.event = search.pipeline = search.id =
	    search.before = "";
	search.limit = 1;
	expect_found(journal, &search, "9.0 9.1 ");
	journal_close(journal);
}

static void
states_that_are_few_are_searched_along_their_index(void **state)
{
	struct journal *journal = open_lane();
	struct journal_search search = { .state = JOURNAL_DEAD };
	struct journal_search_end end = { 0 };

	(void)state;
	append_ten(journal);
	set_state("0, 1, 2, 4, 5, 7, 8, 9", JOURNAL_DONE);
	set_state("3, 6", JOURNAL_DEAD);
	expect_found(journal, &search, "6.0 6.1 3.0 3.1 ");
	search.limit = 1;
	assert_string_equal(search_for(journal, &search, &end).text,
	    "6.0 6.1 ");
	assert_true(end.more);
	search.before = end.next;
	assert_string_equal(search_for(journal, &search, &end).text,
	    "3.0 3.1 ");
	assert_false(end.more);
	/* It goes on where the event is gone by now. */
	search.before = ids[6];
	execute("DELETE FROM deliveries WHERE event = 7;"
		"DELETE FROM events WHERE seq = 7");
	expect_found(journal, &search, "3.0 3.1 ");
	search.state = -1;
	search.limit = 2;
	expect_found(journal, &search, "5.0 4.0 ");
	search.state = JOURNAL_DEAD;
	search.before = NULL;
	search.id = ids[3];
	expect_found(journal, &search, "3.0 3.1 ");
	search.id = ids[4];
	expect_found(journal, &search, "");
	search.id = ids[3] + 28;
	expect_found(journal, &search, "3.0 3.1 ");
	search.state = JOURNAL_DONE;
	search.id = NULL;
	search.limit = 2;
	expect_found(journal, &search, "9.0 9.1 8.0 ");
	journal_close(journal);
}

static void
what_ended_since_it_was_shown_does_not_match(void **state)
{
	struct journal *journal = open_lane();
	struct journal_search search = { .state = -1 };

	(void)state;
	append_ten(journal);
	set_state("2, 3", JOURNAL_DEAD);
	execute("UPDATE deliveries SET finished = 5001 WHERE event = 4"
		" AND ordinal = 1");
	search.state = JOURNAL_DEAD;
	search.shown.time = 5000;
	expect_found(journal, &search, "3.0 2.0 ");
	search.shown.time = 4999;
	expect_found(journal, &search, "");
	search.state = JOURNAL_QUEUED;
	search.limit = 1;
	expect_found(journal, &search, "9.0 9.1 ");
	journal_close(journal);
}

/* It ended before the clock was set back, and was shown so. */
static void
what_is_ahead_of_the_clock_did_not_end_since(void **state)
{
	struct journal *journal = open_lane();
	struct journal_search search = { .state = JOURNAL_DEAD };
	char text[128];

	(void)state;
	append_ten(journal);
	set_state("2", JOURNAL_DEAD);
	snprintf(text, sizeof(text),
	    "UPDATE deliveries SET finished = %lld, revived = %lld"
	    " WHERE event = 3",
	    (long long)now() + 3600000, (long long)now() + 3600000);
	execute(text);
	search.shown.time = now();
	expect_found(journal, &search, "2.0 ");
	/* It was set back since: who knows what came first. */
	search.shown.time = now() + 1800000;
	expect_found(journal, &search, "");
	journal_close(journal);
}

/* Each search looks at so many rows, whatever it finds, and goes on there. */
static void
no_more_rows_are_looked_at_than_it_may(void **state)
{
	struct journal *journal = open_lane();
	struct journal_search search = { .state = -1, .looks = 4 };
	struct journal_search_end end = { 0 };

	(void)state;
	append_ten(journal);
	search.event = "2";
	assert_string_equal(search_for(journal, &search, &end).text, "");
	assert_true(end.more && end.stopped);
	assert_string_equal(end.next, ids[6]);
	search.before = end.next;
	assert_string_equal(search_for(journal, &search, &end).text, "2.0 ");
	assert_true(end.more && end.stopped);
	assert_string_equal(end.next, ids[2]);
	search.before = end.next;
	assert_string_equal(search_for(journal, &search, &end).text, "");
	assert_false(end.more || end.stopped);
	/* Of a state deliveries are. */
	search.before = NULL;
	search.state = JOURNAL_QUEUED;
	assert_string_equal(search_for(journal, &search, &end).text, "");
	assert_true(end.more && end.stopped);
	assert_string_equal(end.next, ids[7]);
	journal_close(journal);
}

/* As an `on` line takes them; along each of the ways, and by looks. */
static void
globs_and_groups_are_names_too(void **state)
{
	static const struct {
		const char *event;
		const char *found;
	} cases[] = {
		{ "@failure",
		    "pipeline_run_error.0 pipeline_run_error.1 "
		    "pipeline_run_timeout.0 pipeline_run_timeout.1 " },
		{ "@problem",
		    "pipeline_run_error.0 pipeline_run_error.1 "
		    "pipeline_run_killed.0 "
		    "pipeline_run_timeout.0 pipeline_run_timeout.1 " },
		{ "@watch", "pelihook.recovered.0 " },
		{ "@unknown", "8.0 7.0 6.0 6.1 4.0 2.0 0.0 0.1 " },
		{ "pipeline_run_*",
		    "pipeline_run_error.0 pipeline_run_error.1 "
		    "pipeline_run_killed.0 "
		    "pipeline_run_timeout.0 pipeline_run_timeout.1 " },
		{ "[78]", "8.0 7.0 " },
		{ "pelihook.*", "" },
		{ "pelihook.recovered", "pelihook.recovered.0 " },
		{ "?", "8.0 7.0 6.0 6.1 4.0 2.0 0.0 0.1 " },
	};
	struct journal *journal = open_lane();
	struct journal_search search = { .state = -1, .event = "@failure" };
	struct journal_search_count count;
	struct journal_search_end end = { 0 };

	(void)state;
	append_ten(journal);
	execute("UPDATE events SET name = CASE name"
		" WHEN '9' THEN 'pipeline_run_error'"
		" WHEN '3' THEN 'pipeline_run_timeout'"
		" WHEN '5' THEN 'pipeline_run_killed'"
		" WHEN '1' THEN 'pelihook.recovered' ELSE name END");
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (unsigned way = 0; way < 3; way++) {
			search = (struct journal_search){ .state = -1,
				.event = cases[i].event };
			if (way == 1)
				search.state = JOURNAL_QUEUED;
			else if (way == 2)
				search.since = 1;
			expect_found(journal, &search, cases[i].found);
		}
	}
	search = (struct journal_search){ .state = -1,
		.event = "@failure",
		.deed = JOURNAL_DEED_DROP };
	assert_int_equal(journal_search_count(journal, &search, &count), RC_OK);
	assert_int_equal(count.taken, 4);
	search.looks = 4;
	search.limit = 9;
	assert_string_equal(search_for(journal, &search, &end).text,
	    "pipeline_run_error.0 pipeline_run_error.1 ");
	assert_true(end.stopped);
	journal_close(journal);
}

static void
what_is_named_like_a_glob_or_a_group_is_found_by_that(void **state)
{
	static const struct {
		const char *event;
		const char *found;
	} cases[] = {
		{ "@nosuch", "@nosuch.0 " },
		{ "@stopped", "@stopped.0 pipeline_run_killed.0 " },
		{ "a[x]", "a[x].0 ax.0 " },
		{ "@nothing", "" },
	};
	struct journal *journal = open_lane();
	struct journal_search search;

	(void)state;
	append_ten(journal);
	execute("UPDATE events SET name = CASE name"
		" WHEN '8' THEN '@nosuch' WHEN '7' THEN '@stopped'"
		" WHEN '5' THEN 'pipeline_run_killed'"
		" WHEN '4' THEN 'a[x]' WHEN '2' THEN 'ax' ELSE name END");
	for (size_t i = 0; i < COUNT(cases); i++) {
		search = (struct journal_search){ .state = -1,
			.event = cases[i].event };
		expect_found(journal, &search, cases[i].found);
	}
	journal_close(journal);
}

static void
what_matches_is_counted_by_state(void **state)
{
	struct journal *journal = open_lane();
	struct journal_search search = { .state = -1, .hook = "other" };
	struct journal_search_count count;
	int64_t before = now();

	(void)state;
	append_ten(journal);
	set_state("3", JOURNAL_DEAD);
	set_state("6", JOURNAL_DONE);
	assert_int_equal(journal_search_count(journal, &search, &count), RC_OK);
	assert_int_equal(count.events, 4);
	assert_int_equal(count.deliveries, 8);
	assert_int_equal(count.states.was[JOURNAL_QUEUED], 4);
	assert_int_equal(count.states.was[JOURNAL_DEAD], 2);
	assert_int_equal(count.states.was[JOURNAL_DONE], 2);
	assert_false(count.more);
	assert_int_equal(count.shown.seen, TEN);
	assert_int_equal(count.shown.count, 0);
	assert_in_range(count.shown.time, before, now());
	search.state = JOURNAL_DEAD;
	assert_int_equal(journal_search_count(journal, &search, &count), RC_OK);
	assert_int_equal(count.events, 1);
	assert_int_equal(count.deliveries, 2);
	/* Along an index, which has a row for each delivery. */
	search.state = JOURNAL_QUEUED;
	search.limit = 1;
	assert_int_equal(journal_search_count(journal, &search, &count), RC_OK);
	assert_int_equal(count.events, 1);
	assert_int_equal(count.deliveries, 2);
	assert_int_equal(count.states.was[JOURNAL_QUEUED], 2);
	assert_true(count.more);
	search.limit = 2;
	assert_int_equal(journal_search_count(journal, &search, &count), RC_OK);
	assert_int_equal(count.deliveries, 4);
	assert_false(count.more);
	search.state = -1;
	search.limit = 4;
	assert_int_equal(journal_search_count(journal, &search, &count), RC_OK);
	assert_int_equal(count.events, 4);
	assert_false(count.more);
	search.limit = 3;
	assert_int_equal(journal_search_count(journal, &search, &count), RC_OK);
	assert_int_equal(count.events, 3);
	assert_true(count.more);
	search.limit = 0;
	search.looks = 9;
	assert_int_equal(journal_search_count(journal, &search, &count), RC_OK);
	assert_int_equal(count.events, 3);
	assert_true(count.more);
	journal_close(journal);
}

static void
what_an_action_would_take_is_counted(void **state)
{
	static const struct {
		enum journal_deed deed;
		int state;
		int64_t taken;
	} cases[] = {
		{ JOURNAL_DEED_NONE, -1, 0 },
		{ JOURNAL_DEED_DROP, -1, 11 },
		{ JOURNAL_DEED_RETRY, -1, 4 },
		{ JOURNAL_DEED_RETRY, JOURNAL_QUEUED, 1 },
		{ JOURNAL_DEED_DROP, JOURNAL_QUEUED, 9 },
		{ JOURNAL_DEED_RETRY, JOURNAL_DEAD, 2 },
		{ JOURNAL_DEED_RETRY, JOURNAL_DROPPED, 1 },
		{ JOURNAL_DEED_DROP, JOURNAL_DROPPED, 0 },
		{ JOURNAL_DEED_RETRY, JOURNAL_DONE, 2 },
		{ JOURNAL_DEED_DROP, JOURNAL_DONE, 0 },
	};
	struct journal *journal = open_lane();
	struct journal_search search = { .looks = 0 };
	struct journal_search_count count;

	(void)state;
	append_ten(journal);
	set_state("3", JOURNAL_DEAD);
	set_state("6", JOURNAL_DONE);
	set_state("7", JOURNAL_DROPPED);
	execute("UPDATE deliveries SET since = 5, due = 50 WHERE event = 3;"
		"UPDATE deliveries SET since = 5, due = 5 WHERE event = 5");
	for (size_t i = 0; i < COUNT(cases); i++) {
		search.deed = cases[i].deed;
		search.state = cases[i].state;
		search.most = 0;
		assert_int_equal(journal_search_count(journal, &search, &count),
		    RC_OK);
		assert_int_equal(count.taken, cases[i].taken);
		assert_int_equal(count.shown.count, cases[i].taken);
		assert_false(count.more || count.full);
		search.most = cases[i].taken - 1;
		if (search.most <= 0)
			continue;
		assert_int_equal(journal_search_count(journal, &search, &count),
		    RC_OK);
		assert_int_equal(count.taken, search.most);
		assert_true(count.more && count.full);
	}
	journal_close(journal);
}

/* A count in portions comes to the same, and never goes on within an event. */
static void
a_count_goes_on_where_it_ended(void **state)
{
	static const int states[] = { -1, JOURNAL_QUEUED };
	struct journal *journal = open_lane();
	struct journal_search search = { .deed = JOURNAL_DEED_DROP };
	struct journal_search_count count;
	char next[UUID_SIZE];
	int64_t taken;

	(void)state;
	append_ten(journal);
	for (size_t i = 0; i < COUNT(states); i++) {
		search.state = states[i];
		for (search.looks = 1; search.looks < 5; search.looks++) {
			search.before = NULL;
			taken = 0;
			do {
				assert_int_equal(journal_search_count(journal,
						     &search, &count),
				    RC_OK);
				taken += count.taken;
				memcpy(next, count.next, UUID_SIZE);
				search.before = next;
			} while (count.more);
			assert_int_equal(taken, 14);
		}
	}
	journal_close(journal);
}

static void
damaged_rows_are_passed_over_and_told(void **state)
{
	struct journal *journal = open_lane();
	struct journal_search search = { .state = -1, .limit = 4 };
	struct journal_search_count count;
	struct journal_search_end end = { 0 };
	struct told told = { 0 };

	(void)state;
	only_of_a_file();
	append_ten(journal);
	execute("UPDATE events SET hook = x'00' WHERE name = '8';"
		"UPDATE events SET id = 'g' WHERE name = '7';"
		"UPDATE deliveries SET state = 'x' WHERE event = 7 AND"
		" ordinal = 1;"
		"DELETE FROM events WHERE name = '5'");
	assert_int_equal(journal_search(journal, &search, add_told, &told,
			     &end),
	    RC_CORRUPT);
	assert_string_equal(told.text, "9.0 9.1 6.0 4.0 3.0 3.1 ");
	assert_true(end.more);
	told = (struct told){ 0 };
	search.limit = 0;
	search.state = JOURNAL_QUEUED;
	assert_int_equal(journal_search(journal, &search, add_told, &told,
			     &end),
	    RC_CORRUPT);
	assert_string_equal(told.text,
	    "9.0 9.1 6.0 4.0 3.0 3.1 2.0 1.0 0.0 0.1 ");
	search.state = -1;
	assert_int_equal(journal_search_count(journal, &search, &count),
	    RC_CORRUPT);
	assert_int_equal(count.deliveries, 12);
	journal_close(journal);
}

static enum rc
say_no(void *context, const struct journal_row *row)
{
	(void)context;
	(void)row;
	return RC_RANGE;
}

static void
who_is_told_can_end_it(void **state)
{
	struct journal *journal = open_lane();
	struct journal_search search = { .state = -1 };
	struct journal_search_end end = { .more = true };

	(void)state;
	append_ten(journal);
	for (int i = 0; i < 2; i++)
		assert_int_equal(journal_search(journal, &search, say_no, NULL,
				     &end),
		    RC_RANGE);
	expect_found(journal,
	    &(struct journal_search){ .limit = 1, .state = -1 }, "9.0 9.1 ");
	journal_close(journal);
}

/* A search of a few looks at no more of a large journal. */
static void
what_it_costs_does_not_grow_with_the_journal(void **state)
{
	struct journal *journal = open_lane();
	struct journal_search searches[] = {
		{ .state = -1, .limit = 5, .looks = 100 },
		{ .state = JOURNAL_DONE, .limit = 5, .looks = 100 },
		{ .state = JOURNAL_DEAD, .limit = 5, .looks = 100 },
		{ .state = -1, .hook = "none", .looks = 100 },
		{ .state = JOURNAL_DROPPED, .hook = "none", .looks = 100 },
		{ .state = -1, .id = "ffff", .looks = 100 },
	};
	int64_t small[COUNT(searches)];
	struct journal_search_end end;
	struct told told;

	(void)state;
	for (unsigned i = 0; i < 2300; i++) {
		append_sample(journal, "h", i, "");
		if (i != 199 && i != 2299)
			continue;
		execute("UPDATE deliveries SET finished = 1, state ="
			" CASE seq % 3 WHEN 0 THEN 2 WHEN 1 THEN 3 ELSE 4"
			" END");
		for (size_t k = 0; k < COUNT(searches); k++) {
			told = (struct told){ 0 };
			(void)work_done(journal);
			assert_int_equal(journal_search(journal, &searches[k],
					     add_told, &told, &end),
			    RC_OK);
			if (i == 199)
				small[k] = work_done(journal);
			else
				assert_in_range(work_done(journal), 0,
				    small[k] * 2);
		}
	}
	journal_close(journal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(events_are_told_newest_first_with_all_that_matches),
		TEST(each_filter_lets_through_what_it_says),
		TEST(states_that_are_few_are_searched_along_their_index),
		TEST(what_ended_since_it_was_shown_does_not_match),
		TEST(what_is_ahead_of_the_clock_did_not_end_since),
		TEST(no_more_rows_are_looked_at_than_it_may),
		TEST(globs_and_groups_are_names_too),
		TEST(what_is_named_like_a_glob_or_a_group_is_found_by_that),
		TEST(what_matches_is_counted_by_state),
		TEST(what_an_action_would_take_is_counted),
		TEST(a_count_goes_on_where_it_ended),
		TEST(damaged_rows_are_passed_over_and_told),
		TEST(who_is_told_can_end_it),
		TEST(what_it_costs_does_not_grow_with_the_journal),
	};

	return cmocka_run_group_tests_name("search", tests, NULL, NULL);
}
