/* SPDX-License-Identifier: ISC */
#include "../unit.h"

#include "base/json_writer.h"

/* What has been written, which begins anew. */
static void
expect_json(struct json *json, const char *want)
{
	assert_int_equal(json->into->rc, RC_OK);
	assert_string_equal(json->into->data, want);
	buf_free(json->into);
	*json->into = (struct buf){ 0 };
	json->more = false;
}

static void
values_are_parted_by_commas_and_carry_their_keys(void **state)
{
	struct buf text = { 0 };
	struct json json = { .into = &text };

	(void)state;
	json_open(&json, NULL, '{');
	json_text(&json, "a", "x");
	json_number(&json, "b", -7);
	json_open(&json, "c", '[');
	json_null(&json, NULL);
	json_bool(&json, NULL, true);
	json_bool(&json, NULL, false);
	json_open(&json, NULL, '{');
	json_close(&json, '}');
	json_close(&json, ']');
	json_member(&json, LIT("\"d\":{\"e\":1}"));
	json_close(&json, '}');
	expect_json(&json,
	    "{\"a\":\"x\",\"b\":-7,\"c\":[null,true,false,{}],"
	    "\"d\":{\"e\":1}}");
}

static void
texts_are_escaped_and_made_utf8(void **state)
{
	struct buf text = { 0 };
	struct json json = { .into = &text };

	(void)state;
	json_open(&json, NULL, '[');
	json_text(&json, NULL, "\"\\\n\033");
	json_bytes(&json, NULL, LIT("a\0b\xff"));
	json_bytes(&json, NULL, LIT(""));
	json_close(&json, ']');
	expect_json(&json,
	    "[\"\\\"\\\\\\n\\u001b\",\"a\\u0000b\xef\xbf\xbd\",\"\"]");
}

static void
what_is_not_known_is_null(void **state)
{
	struct buf text = { 0 };
	struct json json = { .into = &text };

	(void)state;
	json_open(&json, NULL, '[');
	json_known(&json, NULL, "");
	json_known(&json, NULL, "x");
	json_time(&json, NULL, 0);
	json_time(&json, NULL, INT64_C(1767323045678));
	json_duration(&json, NULL, -1);
	json_duration(&json, NULL, 0);
	json_seconds(&json, NULL, 61042);
	json_close(&json, ']');
	expect_json(&json,
	    "[null,\"x\",null,\"2026-01-02T03:04:05.678Z\",null,0.000,61.042]");
}

static void
a_pipeline_is_an_object_that_more_may_follow_in(void **state)
{
	struct buf text = { 0 };
	struct json json = { .into = &text };

	(void)state;
	json_open(&json, NULL, '{');
	json_pipeline(&json, "7", "Sales");
	json_bool(&json, "more", true);
	json_close(&json, '}');
	json_number(&json, "n", INT64_MAX);
	json_close(&json, '}');
	expect_json(&json,
	    "{\"pipeline\":{\"id\":\"7\",\"name\":\"Sales\",\"more\":true},"
	    "\"n\":9223372036854775807}");
}

/* The end has room again, and the text is not to be taken for whole. */
static void
that_something_is_missing_stays_with_the_buffer(void **state)
{
	struct buf text = { .max = 12 };
	struct json json = { .into = &text };

	(void)state;
	json_open(&json, NULL, '[');
	json_text(&json, NULL, "longer than that");
	json_close(&json, ']');
	assert_int_equal(text.rc, RC_RANGE);
	buf_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    values_are_parted_by_commas_and_carry_their_keys),
		cmocka_unit_test(texts_are_escaped_and_made_utf8),
		cmocka_unit_test(what_is_not_known_is_null),
		cmocka_unit_test(
		    a_pipeline_is_an_object_that_more_may_follow_in),
		cmocka_unit_test(
		    that_something_is_missing_stays_with_the_buffer),
	};

	return cmocka_run_group_tests_name("json_writer", tests, NULL, NULL);
}
