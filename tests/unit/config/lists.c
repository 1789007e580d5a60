/* SPDX-License-Identifier: ISC */
#include "../texts.h"

#include "base/buf.h"
#include "config/conf.h"

static void
the_names_of_variables_are_taken(void **state)
{
	static const char *const taken[] = { "HOOK", "EVENT", "KIND", "OUTCOME",
		"CAUSE", "RUN_STATUS", "RETRIGGER", "ID", "DIGEST", "RECEIVED",
		"ATTEMPT", "VERIFIED", "REMOTE_ADDR", "COUNT", "CONFIG" };
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(taken); i++) {
		char text[128];
		struct bad bad = { text, 4, "is set by pelihook itself" };

		snprintf(text, sizeof text, WAITS "env %s /x\n", taken[i]);
		wrong += check_bad(&bad, 1);
	}
	assert_int_equal(wrong, 0);
}

/* n lines, `LINE 1` and so on, behind a hook. */
static void
repeat(struct buf *text, const char *format, unsigned n)
{
	(void)buf_text(text, WAITS);
	for (unsigned i = 1; i <= n; i++) {
		(void)buf_printf(text, format, i);
		(void)buf_char(text, '\n');
	}
}

static void
assert_at_most(unsigned n, const char *head, const char *tail, const char *part)
{
	struct buf text = { 0 };
	struct bad bad = { NULL, 4 + n, part };
	char format[64];

	snprintf(format, sizeof format, "%s%%u%s", head, tail);
	repeat(&text, format, n);
	conf_release(good(text.data));
	text.len = 0;
	repeat(&text, format, n + 1);
	bad.text = text.data;
	assert_int_equal(check_bad(&bad, 1), 0);
	buf_free(&text);
}

static void
there_is_a_limit_to_repeating(void **state)
{
	(void)state;
	assert_at_most(32, "env A", " /a", "more than 32 `env' lines");
	assert_at_most(15, "secret-file /", "", "more than 16 secrets");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(the_names_of_variables_are_taken),
		SCRATCH_TEST(there_is_a_limit_to_repeating),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
