/* SPDX-License-Identifier: ISC */
#include <sys/resource.h>

#include "../commands.h"

#include "../../../fcgi/client.h"

enum { BODY = 1000 * 1000, REST = 3 };

/* A request's body, and what came after it. */
static bool
keep_without_memory(void)
{
	struct client client = { .records = { .head_whole = true } };
	struct rlimit limit = { 1, RLIM_INFINITY };
	char *data = malloc(BODY + REST);
	struct window window = { data, BODY, BODY, BODY + REST };

	NEED(data != NULL);
	memset(data, 'b', BODY);
	memcpy(data + BODY, "abc", REST);
	NEED(setrlimit(RLIMIT_DATA, &limit) == 0);
	NEED(client_keep(&client, &window) == RC_MEMORY);
	limit.rlim_cur = RLIM_INFINITY;
	NEED(setrlimit(RLIMIT_DATA, &limit) == 0);
	buf_free(&client.input);
	NEED(client_keep(&client, &window) == RC_OK);
	NEED(client.kept == BODY && client.input.len == BODY + REST);
	NEED(memcmp(client.input.data, data, BODY + REST) == 0);
	buf_free(&client.input);
	free(data);
	return true;
}

/* Never without its beginning. */
static void
without_memory_nothing_is_kept(void **state)
{
	(void)state;
	if (!memory_can_be_limited())
		skip();
	assert_true(in_child(keep_without_memory));
}

/* A head in pieces: of what somebody may have logged in with one copy is kept,
 * and none where it was before. */
static void
of_a_head_that_is_not_whole_one_copy_is_kept(void **state)
{
	char seen[] = "..the head of it, and then some";
	const size_t len = sizeof(seen) - 1;
	struct window window = { seen + 2, 10, 12, len - 2 };
	struct client client = { .clients = NULL };
	static const char zeroes[sizeof(seen)];

	(void)state;
	assert_int_equal(client_keep(&client, &window), RC_OK);
	assert_memory_equal(seen + 2, zeroes, len - 2);
	assert_int_equal(client.kept, 10);
	assert_memory_equal(client.input.data, "the head of", 10);

	/* Eight bytes more are found to be no part of it. */
	window = client_window(&client);
	window.rest += 8;
	assert_int_equal(client_keep(&client, &window), RC_OK);
	assert_memory_equal(client.input.data + client.input.len, zeroes, 8);
	client_free_input(&client);
}

static void
of_one_that_is_whole_nothing_is_wiped(void **state)
{
	char seen[] = "a body";
	struct window window = { seen, 6, 6, 6 };
	struct client client = { .records = { .head_whole = true } };

	(void)state;
	assert_int_equal(client_keep(&client, &window), RC_OK);
	assert_string_equal(seen, "a body");
	client_free_input(&client);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_memory_nothing_is_kept),
		cmocka_unit_test(of_a_head_that_is_not_whole_one_copy_is_kept),
		cmocka_unit_test(of_one_that_is_whole_nothing_is_wiped),
	};

	return cmocka_run_group_tests_name("client_io", tests, NULL, NULL);
}
