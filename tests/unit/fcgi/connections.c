/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include <unistd.h>

#include "../unit.h"

#include "../../../fcgi/connections.h"
#include "../../../fcgi/listener.h"

/* A listener that nobody connects to. */
static struct listener
listen_somewhere(void)
{
	struct listener listener = {
		.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0),
	};
	struct sockaddr address = { .sa_family = AF_UNIX };

	assert_true(listener.fd >= 0);
	/* Linux chooses a name (unix(7), autobind). */
	assert_int_equal(bind(listener.fd, &address, sizeof(address.sa_family)),
	    0);
	assert_int_equal(listen(listener.fd, 1), 0);
	return listener;
}

static void
main_may_sleep_where_there_is_nothing_to_do(void **state)
{
	struct listener listener = listen_somewhere();
	struct connections *all;

	(void)state;
	assert_int_equal(connections_open(&listener, 10, &all), RC_OK);
	assert_int_equal(connections_tick(all), -1);
	connections_close(all);
	close(listener.fd);
}

/* It has asked for the count before, and asks again after. */
static void
main_never_sleeps_for_ever_while_it_stops(void **state)
{
	struct listener listener = listen_somewhere();
	struct connections *all;

	(void)state;
	assert_int_equal(connections_open(&listener, 10, &all), RC_OK);
	connections_stop(all);
	assert_true(connections_none(all));
	assert_true(connections_tick(all) >= 0);
	connections_close(all);
	close(listener.fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(main_may_sleep_where_there_is_nothing_to_do),
		cmocka_unit_test(main_never_sleeps_for_ever_while_it_stops),
	};

	return cmocka_run_group_tests_name("connections", tests, NULL, NULL);
}
