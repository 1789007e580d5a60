/* SPDX-License-Identifier: ISC */
#include "../journal.h"

enum { MINUTE = 60000 };

static enum rc
add_wait(void *context, const struct journal_wait *wait)
{
	return buf_printf(context, "%s/%s %s%s; ", wait->hook, wait->lane,
	    wait->due == 0 ? "" : "due", wait->running == 0 ? "" : " running");
}

static void
expect_waits(struct journal *journal, int64_t at, const char *want)
{
	struct buf got = { 0 };

	assert_int_equal(buf_text(&got, ""), RC_OK);
	assert_int_equal(journal_waits(journal, at, add_wait, &got), RC_OK);
	assert_string_equal(got.data, want);
	buf_free(&got);
}

static enum rc
note_due(void *context, const struct journal_wait *wait)
{
	*(int64_t *)context = wait->due;
	return RC_OK;
}

static int64_t
due_at(struct journal *journal, int64_t at)
{
	int64_t due = 0;

	assert_int_equal(journal_waits(journal, at, note_due, &due), RC_OK);
	return due;
}

static void
what_is_due_waits_and_what_is_held_or_has_a_pause_does_not(void **state)
{
	struct journal *journal = open_lane();
	struct journal_claim claim;
	int64_t at = now();

	(void)state;
	expect_waits(journal, at, "");
	append_sample(journal, "h", 1, "k");
	append_sample(journal, "h", 2, "k");
	expect_waits(journal, at, "h/lane due; ");
	assert_in_range(due_at(journal, at), at, now());
	/* The second one waits for the first. */
	assert_int_equal(claim_number(journal, &many, &claim), 1);
	expect_waits(journal, at, "h/lane  running; ");
	settle_at(journal, &claim, JOURNAL_DELAY, at);
	expect_waits(journal, at + MINUTE - 1, "");
	expect_waits(journal, at + MINUTE, "h/lane due; ");
	assert_int_equal(due_at(journal, at + 2 * MINUTE), at + MINUTE);
	journal_close(journal);
}

/* One is appended by rules that nobody noted: it is looked at first. */
static void
what_has_no_lane_yet_waits_in_its_hook(void **state)
{
	struct journal *journal = open_lane();
	struct sample sample;

	(void)state;
	fill_sample(&sample, "h", 1);
	sample.entry.routing = "others";
	assert_int_equal(append_and_wait(journal, &sample.entry), RC_OK);
	expect_waits(journal, now(), "h/ due; ");
	/* Nor has its pause to be over by then. */
	execute("UPDATE deliveries SET since = 1, due = 9000000000000");
	expect_waits(journal, now(), "");
	journal_close(journal);
}

static void
what_waits_is_found_among_many_events(void **state)
{
	struct journal *journal = open_lane();
	int64_t few, work;

	(void)state;
	append_sample(journal, "h", 1, "");
	work_done(journal);
	expect_waits(journal, now(), "h/lane due; ");
	few = work_done(journal);
	for (unsigned i = 2; i <= 300; i++)
		append_sample(journal, "h", i, "");
	work_done(journal);
	expect_waits(journal, now(), "h/lane due; ");
	work = work_done(journal);
	assert_in_range(work, 1, 2 * few);
	journal_close(journal);
}

static void
expect_silence(struct journal *journal, const char *hook, int64_t event,
    int64_t since)
{
	struct journal_silence silence = { 1, 1, 1, 1 };

	assert_int_equal(journal_silence(journal, hook, &silence), RC_OK);
	assert_int_equal(silence.event, event);
	assert_int_equal(silence.since, since);
}

static void
a_hook_is_silent_until_that_is_over(void **state)
{
	struct journal *journal = open_journal();
	struct journal_silence silence;

	(void)state;
	expect_silence(journal, "h", 0, 0);
	journal_close(journal);
	execute("INSERT INTO watches VALUES('h', 's', 9, 4, 5, 8);"
		"INSERT INTO judgements VALUES('h', '', 3, 0, 6, 6, 0, 0, 7, 0,"
		" 0), ('h', '', 3, 0, 2, 2, 0, 0, 7, 3, 0),"
		" ('h', 'p', 0, 0, 1, 1, 0, 0, 1, 0, 0)");
	journal = open_journal();
	expect_silence(journal, "h", 5, 6);
	assert_int_equal(journal_silence(journal, "h", &silence), RC_OK);
	assert_int_equal(silence.anew, 4);
	assert_int_equal(silence.muted, 8);
	journal_close(journal);
	execute("UPDATE judgements SET over = 9");
	journal = open_journal();
	expect_silence(journal, "h", 5, 0);
	journal_close(journal);
}

static void
what_is_damaged_is_passed_over(void **state)
{
	struct journal *journal = open_lane();
	struct journal_silence silence;
	struct buf got = { 0 };

	(void)state;
	only_of_a_file();
	append_sample(journal, "h", 1, "");
	journal_close(journal);
	execute("UPDATE lanes SET hook = x'00';"
		"INSERT INTO watches VALUES('h', 's', 9, 'x', 5, 8)");
	journal = open_journal();
	assert_int_equal(journal_waits(journal, now(), add_wait, &got),
	    RC_CORRUPT);
	assert_int_equal(got.len, 0);
	assert_int_equal(journal_silence(journal, "h", &silence), RC_CORRUPT);
	assert_int_equal(silence.event, 0);
	journal_close(journal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(
		    what_is_due_waits_and_what_is_held_or_has_a_pause_does_not),
		TEST(what_has_no_lane_yet_waits_in_its_hook),
		TEST(what_waits_is_found_among_many_events),
		TEST(a_hook_is_silent_until_that_is_over),
		TEST(what_is_damaged_is_passed_over),
	};

	return cmocka_run_group_tests_name("glance", tests, NULL, NULL);
}
