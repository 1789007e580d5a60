/* SPDX-License-Identifier: ISC */
#include <stdalign.h>

#include "../unit.h"

#include "base/bytes.h"
#include "base/pool.h"

static void
memory_is_zeroed_aligned_and_apart(void **state)
{
	struct pool pool = { 0 };
	unsigned char *given[500];

	(void)state;
	for (size_t i = 0; i < COUNT(given); i++) {
		given[i] = pool_alloc(&pool, 1, i + 1);
		assert_non_null(given[i]);
		assert_int_equal((uintptr_t)given[i] % alignof(max_align_t), 0);
		for (size_t j = 0; j <= i; j++)
			assert_int_equal(given[i][j], 0);
		memset(given[i], (int)(i % 251 + 1), i + 1);
	}
	for (size_t i = 0; i < COUNT(given); i++)
		for (size_t j = 0; j <= i; j++)
			assert_int_equal(given[i][j], i % 251 + 1);
	pool_free(&pool);
}

static void
what_another_pool_holds_is_taken_over(void **state)
{
	struct pool pool = { 0 }, other = { 0 }, nothing = { 0 };
	const char *own = pool_text(&pool, "own");
	const char *taken = pool_text(&other, "taken");

	(void)state;
	assert_non_null(pool_alloc(&other, 1, 100000));
	pool_adopt(&pool, &other);
	assert_null(other.blocks);
	pool_adopt(&pool, &nothing);
	pool_free(&other);
	assert_string_equal(own, "own");
	assert_string_equal(taken, "taken");
	assert_non_null(pool_text(&pool, "more"));
	pool_adopt(&nothing, &pool);
	assert_null(pool.blocks);
	assert_string_equal(taken, "taken");
	pool_free(&nothing);
}

static void
a_large_piece_is_given_whole(void **state)
{
	struct pool pool = { 0 };
	char *small = pool_text(&pool, "small"), *large;

	(void)state;
	large = pool_alloc(&pool, 1024, 4096);
	assert_non_null(large);
	memset(large, 'x', 1024 * 4096);
	assert_non_null(pool_alloc(&pool, 3, 1));
	assert_string_equal(small, "small");
	pool_free(&pool);
}

static void
a_product_that_overflows_gives_nothing(void **state)
{
	struct pool pool = { 0 };

	(void)state;
	assert_null(pool_alloc(&pool, SIZE_MAX, 2));
	assert_null(pool_alloc(&pool, SIZE_MAX / 2, 3));
	assert_null(pool_alloc(&pool, SIZE_MAX, 1));
	assert_null(pool_alloc(&pool, SIZE_MAX - 8, 1));
	assert_null(pool_alloc(&pool, SIZE_MAX / 4, 1));
	assert_non_null(pool_alloc(&pool, 1, 1));
	pool_free(&pool);
}

static void
copies_end_in_a_nul(void **state)
{
	struct pool pool = { 0 };
	char source[] = "abcdef";
	char *copy = pool_copy(&pool, (struct bytes){ source, 3 });
	char *inside = pool_copy(&pool, LIT("a\0b"));
	char *empty = pool_copy(&pool, (struct bytes){ NULL, 0 });
	char *text = pool_text(&pool, source);

	(void)state;
	memset(source, 'x', 6);
	assert_string_equal(copy, "abc");
	assert_memory_equal(inside, "a\0b", 4);
	assert_string_equal(empty, "");
	assert_string_equal(text, "abcdef");
	pool_free(&pool);
}

static void
texts_are_kept(void **state)
{
	struct pool pool = { 0 };
	char source[] = "abc";
	const char *one = source, *none = NULL, *other = "def";
	const char **texts[] = { &one, &none, &other };

	(void)state;
	assert_int_equal(pool_keep(&pool, texts, COUNT(texts)), RC_OK);
	source[0] = 'x';
	assert_string_equal(one, "abc");
	assert_string_equal(none, "");
	assert_string_equal(other, "def");
	pool_free(&pool);
}

static void
printf_gives_texts_of_any_length(void **state)
{
	struct pool pool = { 0 };
	char *text = pool_printf(&pool, "%s=%d", "n", 42);
	char *longer = pool_printf(&pool, "%9000d", 7);
	char *empty = pool_printf(&pool, "%s", "");

	(void)state;
	assert_string_equal(text, "n=42");
	assert_int_equal(strlen(longer), 9000);
	assert_int_equal(longer[8999], '7');
	assert_string_equal(empty, "");
	pool_free(&pool);
}

static void
an_array_grows_by_one(void **state)
{
	struct pool pool = { 0 };
	uint64_t *array = NULL;

	(void)state;
	for (size_t n = 0; n < 3000; n++) {
		uint64_t *grown = pool_grow(&pool, array, n, sizeof(*array));

		assert_non_null(grown);
		if (n > 2 && (n & (n - 1)) != 0)
			assert_ptr_equal(grown, array);
		array = grown;
		array[n] = n * n;
	}
	for (size_t n = 0; n < 3000; n++)
		assert_int_equal(array[n], n * n);
	pool_free(&pool);
}

static void
a_next_item_takes_its_array_along(void **state)
{
	struct pool pool = { 0 };
	struct {
		uint64_t number;
		char more;
	} *array = NULL, *before = NULL, *item;

	(void)state;
	for (size_t n = 0; n < 3000; n++) {
		item = pool_next(&pool, &array, n);
		assert_non_null(item);
		assert_ptr_equal(item, &array[n]);
		if (n > 2 && (n & (n - 1)) != 0)
			assert_ptr_equal(array, before);
		before = array;
		item->number = n * n;
		item->more = 'x';
	}
	for (size_t n = 0; n < 3000; n++)
		assert_int_equal(array[n].number, n * n);
	/* What there is no memory for leaves it as it is. */
	assert_null(
	    pool_room(&pool, &array, (SIZE_MAX >> 2) + 1, sizeof(*array)));
	assert_ptr_equal(array, before);
	pool_free(&pool);
}

static void
a_pool_is_used_again_after_it_was_freed(void **state)
{
	struct pool pool = { 0 };

	(void)state;
	pool_free(&pool);
	assert_string_equal(pool_text(&pool, "one"), "one");
	pool_free(&pool);
	pool_free(&pool);
	assert_string_equal(pool_text(&pool, "two"), "two");
	pool_free(&pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed_aligned_and_apart),
		cmocka_unit_test(what_another_pool_holds_is_taken_over),
		cmocka_unit_test(a_large_piece_is_given_whole),
		cmocka_unit_test(a_product_that_overflows_gives_nothing),
		cmocka_unit_test(copies_end_in_a_nul),
		cmocka_unit_test(texts_are_kept),
		cmocka_unit_test(printf_gives_texts_of_any_length),
		cmocka_unit_test(an_array_grows_by_one),
		cmocka_unit_test(a_next_item_takes_its_array_along),
		cmocka_unit_test(a_pool_is_used_again_after_it_was_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
