/* SPDX-License-Identifier: ISC */
#include "../journal.h"

#include "base/uuid.h"

/* An event of this ID. */
static void
append_as(struct journal *journal, const char *id)
{
	struct sample sample;

	fill_sample(&sample, "h", 1);
	snprintf(sample.receipt.id, sizeof(sample.receipt.id), "%s", id);
	assert_int_equal(append_and_wait(journal, &sample.entry), RC_OK);
}

/* Those that match, one behind the other, by what tells them apart here. */
static const char *
match(struct journal *journal, const char *text)
{
	static char got[128];
	struct journal_matches matches;
	enum rc rc = journal_match(journal, text, &matches);
	size_t at = 0;

	if (rc == RC_MISSING)
		return "none";
	assert_int_equal(rc, matches.n == 1 ? RC_OK : RC_RANGE);
	for (size_t i = 0; i < matches.n; i++)
		at += (size_t)snprintf(got + at, sizeof(got) - at, "%.2s..%s ",
		    matches.ids[i], matches.ids[i] + UUID_SIZE - 3);
	return got;
}

#define A "01890000-0000-7000-8000-00000000abcd"
#define B "02890000-0000-7000-8000-000000001234"
#define C "ab345678-0000-7000-8000-0000000001ab"
#define D "cd345678-0000-7000-8000-00000000cd01"

static void
an_event_is_found_by_any_beginning_or_end(void **state)
{
	static const struct {
		const char *text;
		const char *want;
	} cases[] = {
		{ A, "01..cd " },
		{ "01", "01..cd cd..01 " },
		{ "018", "01..cd " },
		{ "01890000-", "01..cd " },
		{ "0", "01..cd 02..34 " },
		{ "02", "02..34 " },
		{ "4", "02..34 " },
		{ "34", "02..34 " },
		{ "-000000001234", "02..34 " },
		{ "8000-000000001234", "02..34 " },
		{ "1890000-0000-7000-8000-00000000abcd", "01..cd " },
		/* Of one the beginning, of another one the end. */
		{ "ab", "ab..ab " },
		{ "cd", "cd..01 01..cd " },
		{ "AB", "ab..ab " },
		{ "Abcd", "01..cd " },
		{ "01890000-0000-7000-8000-00000000ABCD", "01..cd " },
		{ "", "none" },
		{ "ff", "none" },
		{ "890000", "none" },
		{ "0189-", "none" },
		{ "18900000", "none" },
		{ "-", "none" },
		{ "_", "none" },
		{ "%", "none" },
		{ "01890000_0000", "none" },
		{ A "0", "none" },
		{ "01890000-0000-7000-8000-00000000abce", "none" },
	};
	struct journal *journal = open_journal();
	unsigned wrong = 0;

	(void)state;
	append_as(journal, A);
	append_as(journal, B);
	append_as(journal, C);
	append_as(journal, D);
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *got = match(journal, cases[i].text);

		if (strcmp(got, cases[i].want) == 0)
			continue;
		print_error("%s: %s, not %s\n", cases[i].text, got,
		    cases[i].want);
		wrong++;
	}
	assert_int_equal(wrong, 0);
	journal_close(journal);
}

static void
of_many_some_are_told(void **state)
{
	struct journal *journal = open_journal();
	struct journal_matches matches;
	char id[] = "01890000-0000-7000-8000-000000000000";

	(void)state;
	for (int i = 0; i < 10; i++) {
		id[UUID_SIZE - 2] = (char)('0' + i);
		append_as(journal, id);
	}
	assert_int_equal(journal_match(journal, "0189", &matches), RC_RANGE);
	assert_int_equal(matches.n, JOURNAL_MATCHES);
	journal_close(journal);
}

static void
show_retry_and_drop_take_an_end_too(void **state)
{
	struct journal *journal = open_journal();
	struct journal_event_report report;
	struct pool pool = { 0 };
	struct bytes body;

	(void)state;
	append_as(journal, A);
	append_as(journal, B);
	assert_int_equal(journal_show(journal, "ABCD", &pool, &report), RC_OK);
	assert_string_equal(report.event.receipt.id, A);
	assert_int_equal(journal_body(journal, "abcd", &pool, &body), RC_OK);
	assert_true(bytes_is(body, "{\"n\":1}"));
	assert_int_equal(journal_body(journal, "abce", &pool, &body),
	    RC_MISSING);
	assert_int_equal(journal_body(journal, "0", &pool, &body), RC_RANGE);
	assert_int_equal(journal_drop(journal, "34", now(), NULL), RC_OK);
	assert_int_equal(journal_retry(journal, "34", now(), NULL), RC_OK);
	assert_int_equal(journal_retry(journal, "0", now(), NULL), RC_RANGE);
	assert_int_equal(journal_drop(journal, "0", now(), NULL), RC_RANGE);
	execute("UPDATE events SET digest = 'x' WHERE seq = 1");
	assert_int_equal(journal_body(journal, A, &pool, &body), RC_CORRUPT);
	pool_free(&pool);
	journal_close(journal);
}

static void
which_events_are_kept_is_told_at_once(void **state)
{
	struct journal *journal = open_journal();
	struct journal_mention list[] = { { A, false }, { B, true },
		{ "", true }, { "0189", true }, { A, false } };

	(void)state;
	append_as(journal, A);
	assert_int_equal(journal_find_kept(journal, list, COUNT(list)), RC_OK);
	assert_true(list[0].kept);
	for (size_t i = 1; i < 4; i++)
		assert_false(list[i].kept);
	assert_true(list[4].kept);
	assert_int_equal(journal_find_kept(journal, NULL, 0), RC_OK);
	journal_close(journal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_event_is_found_by_any_beginning_or_end),
		TEST(of_many_some_are_told),
		TEST(show_retry_and_drop_take_an_end_too),
		TEST(which_events_are_kept_is_told_at_once),
	};

	return cmocka_run_group_tests_name("lookup", tests, NULL, NULL);
}
