/* SPDX-License-Identifier: ISC */
#include "../runs.h"

#include "config/conf.h"
#include "journal/facts.h"
#include "watch/judge.h"

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* Monday, 2026-03-02T00:00:00Z */
static const int64_t monday = INT64_C(1772409600) * 1000;

/* A pipeline p of hook h, as it is looked at. */
struct look {
	struct watch limits;
	int64_t now;
	int64_t anew;
	struct journal_judgement judgement;
	int64_t gap;
	int64_t duration;
};

static void
add(struct buf *text, int64_t time, const char *verb, int run)
{
	assert_int_equal(buf_printf(text, "%s%lld %s p r%d",
			     text->len == 0 ? "" : ";", (long long)time, verb,
			     run),
	    RC_OK);
}

static enum rc
look(struct journal *journal, void *context)
{
	struct look *look = context;
	struct journal_pipeline facts = { .hook = "h", .id = "p" };
	struct pool pool = { 0 };

	assert_true(journal_facts_read(journal, &facts, &pool));
	facts.anew = look->anew;
	watch_judge(&look->limits, &facts, look->now, &look->judgement);
	look->gap = watch_usual_gap(&facts);
	look->duration = watch_usual_duration(&facts);
	pool_free(&pool);
	return RC_OK;
}

/* What is wrong at a time, as "late since SINCE expected EXPECTED; ... next
 * NEXT", in minutes of that Monday. */
static const char *
judge(struct journal *journal, const struct watch *limits, int64_t now,
    int64_t anew)
{
	static const char *const words[JOURNAL_ALARMS] = { "failing", "late",
		"stuck", "silent" };
	static struct buf text;
	struct look looked = { .limits = *limits, .now = now, .anew = anew };

	buf_free(&text);
	text = (struct buf){ 0 };
	assert_int_equal(journal_read(journal, look, &looked), RC_OK);
	for (size_t i = 0; i < looked.judgement.n; i++)
		buf_printf(&text, "%s %lld; ",
		    words[looked.judgement.list[i].alarm],
		    (long long)((looked.judgement.list[i].since - monday) /
			MINUTE));
	if (looked.judgement.next == CLOCK_NEVER)
		buf_text(&text, "never");
	else
		buf_printf(&text, "next %lld",
		    (long long)((looked.judgement.next - monday) / MINUTE));
	assert_int_equal(text.rc, RC_OK);
	return text.data;
}

static struct watch
only(unsigned failing, int64_t late, int64_t stuck)
{
	return (struct watch){ .on = true,
		.failing = failing,
		.late = late,
		.stuck = stuck };
}

static struct journal *
open_with(struct buf *text)
{
	struct journal *journal = open_lane();

	record_all(journal, "h", text->data);
	buf_free(text);
	return journal;
}

static void
so_many_ends_in_a_row_without_success_are_failing(void **state)
{
	struct watch limits = only(3, 0, 0);
	struct buf text = { 0 };
	struct journal *journal;

	(void)state;
	add(&text, monday, "done", 1);
	add(&text, monday + 10 * MINUTE, "fail", 2);
	add(&text, monday + 20 * MINUTE, "stop", 3);
	journal = open_with(&text);
	assert_string_equal(judge(journal, &limits, monday + HOUR, 0), "never");
	add(&text, monday + 30 * MINUTE, "fail", 4);
	record_all(journal, "h", text.data);
	buf_free(&text);
	assert_string_equal(judge(journal, &limits, monday + HOUR, 0),
	    "failing 10; never");
	add(&text, monday + 40 * MINUTE, "partly", 5);
	record_all(journal, "h", text.data);
	buf_free(&text);
	assert_string_equal(judge(journal, &limits, monday + HOUR, 0), "never");
	journal_close(journal);
}

static void
a_run_that_is_open_for_longer_is_stuck(void **state)
{
	struct watch limits = only(0, 0, 2 * HOUR);
	struct buf text = { 0 };
	struct journal *journal;

	(void)state;
	add(&text, monday, "start", 1);
	add(&text, monday + HOUR, "start", 2);
	journal = open_with(&text);
	assert_string_equal(judge(journal, &limits, monday + 2 * HOUR - 1, 0),
	    "next 120");
	assert_string_equal(judge(journal, &limits, monday + 2 * HOUR, 0),
	    "stuck 120; next 180");
	assert_string_equal(judge(journal, &limits, monday + 9 * HOUR, 0),
	    "stuck 120; stuck 180; never");
	journal_close(journal);
}

/* Runs of some minutes each, an hour apart. */
static void
add_runs(struct buf *text, int n, int64_t minutes)
{
	for (int i = 0; i < n; i++) {
		add(text, monday + i * HOUR, "start", i);
		add(text, monday + i * HOUR + minutes * MINUTE, "done", i);
	}
}

static void
by_auto_three_times_the_usual_is_stuck_from_four_runs_on(void **state)
{
	struct watch limits = only(0, 0, CONF_WATCH_AUTO);
	struct buf text = { 0 };
	struct journal *journal;

	(void)state;
	add_runs(&text, 3, 30);
	add(&text, monday + 3 * HOUR, "start", 3);
	journal = open_with(&text);
	assert_string_equal(judge(journal, &limits, monday + 9 * DAY, 0),
	    "never");
	add(&text, monday + 3 * HOUR + 30 * MINUTE, "fail", 3);
	add(&text, monday + 4 * HOUR, "start", 4);
	record_all(journal, "h", text.data);
	buf_free(&text);
	assert_string_equal(judge(journal, &limits, monday + 4 * HOUR, 0),
	    "next 330");
	journal_close(journal);
}

static void
by_auto_nothing_is_stuck_within_an_hour(void **state)
{
	struct watch limits = only(0, 0, CONF_WATCH_AUTO);
	struct buf text = { 0 };
	struct journal *journal;

	(void)state;
	add_runs(&text, 6, 1);
	add(&text, monday + 6 * HOUR, "start", 6);
	journal = open_with(&text);
	assert_string_equal(judge(journal, &limits,
				monday + 6 * HOUR + 5 * MINUTE, 0),
	    "next 420");
	journal_close(journal);
}

static void
a_pipeline_without_success_for_so_long_is_late(void **state)
{
	struct watch limits = only(0, 4 * HOUR, 0);
	struct buf text = { 0 };
	struct journal *journal;

	(void)state;
	add(&text, monday, "done", 1);
	add(&text, monday + HOUR, "fail", 2);
	journal = open_with(&text);
	assert_string_equal(judge(journal, &limits, monday + HOUR, 0),
	    "next 240");
	assert_string_equal(judge(journal, &limits, monday + 4 * HOUR, 0),
	    "late 240; never");
	/* Since then it could have been seen. */
	assert_string_equal(judge(journal, &limits, monday + 4 * HOUR,
				monday + 3 * HOUR),
	    "next 420");
	journal_close(journal);
}

/* Successes on the hour, from 9 to 17 on weekdays, for so many days. */
static void
add_office_hours(struct buf *text, int days)
{
	for (int day = 0; day < days; day++)
		for (int hour = 9; day % 7 < 5 && hour <= 17; hour++)
			add(text, monday + day * DAY + hour * HOUR, "done",
			    day * 24 + hour);
}

static void
weekends_and_office_hours_are_no_fault(void **state)
{
	struct watch limits = only(0, CONF_WATCH_AUTO, 0);
	struct buf text = { 0 };
	struct journal *journal;
	/* Friday evening to Monday at 9, three weeks on. */
	int64_t friday = monday + 18 * DAY + 17 * HOUR;

	(void)state;
	add_office_hours(&text, 19);
	journal = open_with(&text);
	/* From half an hour after the last success on, other weeks had two by
	 * Monday at ten; and that is to be an hour ago. */
	assert_string_equal(judge(journal, &limits, friday, 0), "next 30900");
	journal_close(journal);
}

static void
a_young_pipeline_is_never_late_by_auto(void **state)
{
	struct watch limits = only(0, CONF_WATCH_AUTO, 0);
	struct buf text = { 0 };
	struct journal *journal;

	(void)state;
	add_office_hours(&text, 10);
	journal = open_with(&text);
	/* It was seen first on that Monday at nine. */
	assert_string_equal(judge(journal, &limits,
				monday + 15 * DAY + 9 * HOUR - 1, 0),
	    "next 22140");
	assert_string_equal(judge(journal, &limits,
				monday + 15 * DAY + 9 * HOUR, 0),
	    "late 22140; never");
	journal_close(journal);
}

static void
a_long_gap_is_late_at_twice_the_longest(void **state)
{
	struct watch limits = only(0, CONF_WATCH_AUTO, 0);
	struct buf text = { 0 };
	struct journal *journal;

	(void)state;
	add(&text, monday, "done", 1);
	add(&text, monday + 5 * DAY, "done", 2);
	add(&text, monday + 9 * DAY, "done", 3);
	journal = open_with(&text);
	assert_string_equal(judge(journal, &limits, monday + 90 * DAY, 0),
	    "never");
	add(&text, monday + 15 * DAY, "done", 4);
	record_all(journal, "h", text.data);
	buf_free(&text);
	assert_string_equal(judge(journal, &limits, monday + 15 * DAY, 0),
	    "next 38880"); /* 27 days */
	journal_close(journal);
}

static void
what_a_clock_that_was_ahead_has_left_counts_from_now(void **state)
{
	struct watch limits = only(1, 4 * HOUR, 2 * HOUR);
	struct buf text = { 0 };
	struct journal *journal;

	(void)state;
	add(&text, monday + 9 * DAY, "done", 1);
	add(&text, monday + 9 * DAY, "start", 2);
	journal = open_with(&text);
	assert_string_equal(judge(journal, &limits, monday, 0), "next 120");
	journal_close(journal);
}

static void
what_is_off_is_not_judged(void **state)
{
	struct watch limits = { .failing = 1, .late = 1, .stuck = 1 };
	struct buf text = { 0 };
	struct journal *journal;

	(void)state;
	add(&text, monday, "fail", 1);
	add(&text, monday, "start", 2);
	journal = open_with(&text);
	assert_string_equal(judge(journal, &limits, monday + DAY, 0), "never");
	journal_close(journal);
}

static void
a_hook_is_silent_after_its_last_event(void **state)
{
	const struct watch limits = { .on = true, .silent = 2 * HOUR };
	struct watch_hook hook = { 0 };
	struct journal_judgement judgement;

	(void)state;
	watch_judge_hook(&limits, &hook, monday, &judgement);
	assert_int_equal(judgement.n, 0);
	assert_true(judgement.next == CLOCK_NEVER);
	hook.event = monday;
	watch_judge_hook(&limits, &hook, monday + HOUR, &judgement);
	assert_int_equal(judgement.n, 0);
	assert_true(judgement.next == monday + 2 * HOUR);
	watch_judge_hook(&limits, &hook, monday + 2 * HOUR, &judgement);
	assert_int_equal(judgement.n, 1);
	assert_int_equal(judgement.list[0].alarm, JOURNAL_SILENT);
	hook.anew = monday + HOUR;
	watch_judge_hook(&limits, &hook, monday + 2 * HOUR, &judgement);
	assert_int_equal(judgement.n, 0);
	assert_true(judgement.next == monday + 3 * HOUR);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(so_many_ends_in_a_row_without_success_are_failing),
		TEST(a_run_that_is_open_for_longer_is_stuck),
		TEST(by_auto_three_times_the_usual_is_stuck_from_four_runs_on),
		TEST(by_auto_nothing_is_stuck_within_an_hour),
		TEST(a_pipeline_without_success_for_so_long_is_late),
		TEST(weekends_and_office_hours_are_no_fault),
		TEST(a_young_pipeline_is_never_late_by_auto),
		TEST(a_long_gap_is_late_at_twice_the_longest),
		TEST(what_a_clock_that_was_ahead_has_left_counts_from_now),
		TEST(what_is_off_is_not_judged),
		TEST(a_hook_is_silent_after_its_last_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
