/* SPDX-License-Identifier: ISC */
#include "../unit.h"

#include "base/codec.h"
#include "journal/journal.h"

enum { HEX_SIZE = 2 * JOURNAL_KEY + 1 };

static void
show(const struct journal_key *key, char hex[HEX_SIZE])
{
	hex[0] = '\0';
	if (key->is)
		encode_hex(key->digest, sizeof(key->digest), hex);
}

static void
order_key(const char *hook, const char *lane, struct bytes text,
    char hex[HEX_SIZE])
{
	struct journal_key key = { true, { 1 } };

	assert_int_equal(journal_order_key(hook, lane, text, &key), RC_OK);
	show(&key, hex);
}

static void
dedupe_key(struct bytes text, char hex[HEX_SIZE])
{
	struct journal_key key = { true, { 1 } };

	assert_int_equal(journal_dedupe_key(text, &key), RC_OK);
	show(&key, hex);
}

/* As the release that made them first did. */
static void
dedupe_keys_are_what_earlier_journals_hold(void **state)
{
	char hex[HEX_SIZE];

	(void)state;
	dedupe_key(LIT("unit\nunknown\nstring:a b"), hex);
	assert_string_equal(hex,
	    "a62686575d26a5372ff1fda4e3933cf12b228f6d3a9b180e5a7e869ee597516f");
}

static void
no_text_makes_no_key(void **state)
{
	char hex[HEX_SIZE];

	(void)state;
	order_key("unit", "lane", (struct bytes){ 0 }, hex);
	assert_string_equal(hex, "");
	dedupe_key((struct bytes){ 0 }, hex);
	assert_string_equal(hex, "");
}

static void
a_key_is_of_all_bytes_and_for_an_order_of_the_hook_and_lane(void **state)
{
	char one[HEX_SIZE];
	char other[HEX_SIZE];

	(void)state;
	dedupe_key(LIT("a\0b"), one);
	dedupe_key(LIT("a\0c"), other);
	assert_string_not_equal(one, other);
	order_key("unit", "lane", LIT("a"), one);
	order_key("other", "lane", LIT("a"), other);
	assert_string_not_equal(one, other);
	order_key("unit", "other", LIT("a"), other);
	assert_string_not_equal(one, other);
	order_key("unit", "lane", LIT("a"), other);
	assert_string_equal(one, other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dedupe_keys_are_what_earlier_journals_hold),
		cmocka_unit_test(no_text_makes_no_key),
		cmocka_unit_test(
		    a_key_is_of_all_bytes_and_for_an_order_of_the_hook_and_lane),
	};

	return cmocka_run_group_tests_name("key", tests, NULL, NULL);
}
