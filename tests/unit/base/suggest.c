/* SPDX-License-Identifier: ISC */
#include "../unit.h"

#include "base/suggest.h"

static const struct {
	const char *a;
	const char *b;
	size_t want;
} pairs[] = {
	{ "", "", 0 },
	{ "", "abc", 3 },
	{ "retry", "retry", 0 },
	{ "retri", "retry", 1 },
	{ "rety", "retry", 1 },
	{ "rretry", "retry", 1 },
	{ "rtery", "retry", 2 },
	{ "kitten", "sitting", 3 },
	{ "Max_Body", "max-body", 0 },
	{ "abc", "xyz", 3 },
	{ "a234567890123456789012345678901234567890123456789012345678901234",
	    "", 64 },
	{ "a2345678901234567890123456789012345678901234567890123456789012345",
	    "", SIZE_MAX },
};

static void
distances_are_counted_both_ways(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		wrong += case_true(pairs[i].a, pairs[i].b,
		    edit_distance(pairs[i].a, pairs[i].b) == pairs[i].want);
		wrong += case_true(pairs[i].b, pairs[i].a,
		    edit_distance(pairs[i].b, pairs[i].a) == pairs[i].want);
	}
	assert_int_equal(wrong, 0);
}

static const char *
item(size_t i)
{
	static const char *const items[] = { "retry", "retro", "on", NULL };

	return items[i];
}

static const struct {
	const char *word;
	size_t max;
	const char *want;
} suggested[] = {
	{ "retry", 0, "retry" },
	{ "RETRO", 0, "retro" },
	{ "retri", 0, NULL },
	/* As near as each other: the first. */
	{ "retri", 1, "retry" },
	{ "retrho", 2, "retro" },
	{ "xx", 1, NULL },
	{ "xx", 2, "on" },
	{ "", 1, NULL },
	{ "a2345678901234567890123456789012345678901234567890123456789012345",
	    99, NULL },
};

static void
the_nearest_word_is_suggested(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(suggested); i++) {
		const char *got = suggest(suggested[i].word, item,
		    suggested[i].max);

		wrong += case_text(suggested[i].word,
		    got == NULL ? "none" : got,
		    suggested[i].want == NULL ? "none" : suggested[i].want);
	}
	assert_int_equal(wrong, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distances_are_counted_both_ways),
		cmocka_unit_test(the_nearest_word_is_suggested),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
