/* SPDX-License-Identifier: ISC */
#include <sys/resource.h>

#include "../commands.h"

#include "../../../fcgi/client.h"

enum { BODY = 1000 * 1000, REST = 3 };

/* A request's body, and what came after it. */
static bool
keep_without_memory(void)
{
	struct client client = { .clients = NULL };
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_memory_nothing_is_kept),
	};

	return cmocka_run_group_tests_name("client_io", tests, NULL, NULL);
}
