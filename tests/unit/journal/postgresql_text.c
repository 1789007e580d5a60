/* SPDX-License-Identifier: ISC */
#include "../unit.h"

#include "journal/postgresql_text.h"
#include "journal/sql.h"

static void
statements_are_translated(void **state)
{
	static const struct {
		const char *ours;
		const char *theirs;
	} cases[] = {
		{ "", "" },
		{ "SELECT 1", "SELECT 1" },
		{ "VALUES(?1, ?2, ?12)", "VALUES($1, $2, $12)" },
		{ "a = ?1 AND b = '?1' AND c AS \"?1\"",
		    "a = $1 AND b = '?1' AND c AS \"?1\"" },
		{ "'it''s ?1' || ?1", "'it''s ?1' || $1" },
		{ "a" SQL_THEN_JOIN "b ON b.x = ?1", "a JOIN b ON b.x = $1" },
		{ "' CROSS JOIN '", "' CROSS JOIN '" },
		{ "a" SQL_DIFFERS "?1", "a IS DISTINCT FROM $1" },
		{ "a IS NOT NULL", "a IS NOT NULL" },
		{ "a IS NULL", "a IS NULL" },
		{ "a IS NOT DISTINCT FROM ?1", "a IS NOT DISTINCT FROM $1" },
		{ "a = x''", "a = ''::bytea" },
		{ SQL_NOTHING_EARLY, "''::bytea" },
		{ "coalesce(a, x'') AS \"ifnull(a, x'')\"",
		    "coalesce(a, ''::bytea) AS \"ifnull(a, x'')\"" },
		{ "'integer' = typeof(a)", "'bigint'::regtype = pg_typeof(a)" },
		{ "'text' = typeof(a)", "'text'::regtype = pg_typeof(a)" },
		{ "'text' = a", "'text' = a" },
		{ "'not closed ?1", "'not closed ?1" },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf out = { 0 };

		wrong += case_rc(cases[i].ours,
		    postgresql_translate(cases[i].ours, &out), RC_OK);
		wrong += case_bytes(cases[i].ours, buf_view(&out),
		    bytes_of(cases[i].theirs));
		buf_free(&out);
	}
	assert_int_equal(wrong, 0);
}

static void
a_translation_that_finds_no_room_says_so(void **state)
{
	struct buf out = { .max = 3 };

	(void)state;
	assert_int_equal(postgresql_translate("SELECT", &out), RC_RANGE);
	buf_free(&out);
}

#define BAD "\xef\xbf\xbd"

static void
bytes_that_are_not_utf8_are_replaced(void **state)
{
	static const struct {
		const char *text;
		const char *made;
	} cases[] = {
		{ "\xff", BAD },
		{ "a\xffz", "a" BAD "z" },
		{ "\x80\x80", BAD BAD },
		{ "caf\xe9", "caf" BAD },
		{ "\xc3", BAD },
		{ "\xe2\x82", BAD BAD },
		{ "\xed\xa0\x80", BAD BAD BAD },	 /* a surrogate */
		{ "\xf4\x90\x80\x80", BAD BAD BAD BAD }, /* over U+10FFFF */
		{ "\xc0\xaf", BAD BAD },		 /* too long */
		{ "\xc3\xa9\xff\xe2\x82\xac", "\xc3\xa9" BAD "\xe2\x82\xac" },
	};
	struct pool pool = { 0 };
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		wrong += case_text(cases[i].made,
		    postgresql_utf8(&pool, cases[i].text), cases[i].made);
	assert_int_equal(wrong, 0);
	pool_free(&pool);
}

static void
a_text_of_utf8_is_not_copied(void **state)
{
	static const char *const texts[] = { "", "a", "\xf0\x9f\x98\x80",
		"\x01\x7f\xc2\x80", BAD };
	struct pool pool = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_ptr_equal(postgresql_utf8(&pool, texts[i]), texts[i]);
	assert_null(pool.blocks);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statements_are_translated),
		cmocka_unit_test(a_translation_that_finds_no_room_says_so),
		cmocka_unit_test(bytes_that_are_not_utf8_are_replaced),
		cmocka_unit_test(a_text_of_utf8_is_not_copied),
	};

	return cmocka_run_group_tests_name("postgresql_text", tests, NULL,
	    NULL);
}
