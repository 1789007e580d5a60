/* SPDX-License-Identifier: ISC */
#include <arpa/inet.h>
#include <netinet/in.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "../peers.h"

#include "base/clock.h"

enum {
	PATIENCE = 60, /* seconds, then the test is ended */
	MANY = 200,    /* more than one slab */
	FAR = 3600 * 1000,
	WORKERS = 4,
	PEERS = 8,
	ROUNDS = 60,
};

/* What is behind each connection. */
struct guest {
	struct connection connection;
	int number; /* its owner's */
};

static int
open_with(size_t max)
{
	if (listen_somewhere() != 0)
		return -1;
	return connections_open(&listener, max, sizeof(struct guest),
		   &connections) == RC_OK ?
	    0 :
	    -1;
}

static int
open_alone(void **state)
{
	(void)state;
	return open_with(MANY);
}

static int
start_main(void)
{
	atomic_store(&over, false);
	return pthread_create(&main_thread, NULL, be_main, NULL);
}

static int
open_all(void **state)
{
	(void)state;
	return open_with(MANY) == 0 && start_main() == 0 ? 0 : -1;
}

static int
open_two(void **state)
{
	(void)state;
	return open_with(2) == 0 && start_main() == 0 ? 0 : -1;
}

static int
close_alone(void **state)
{
	(void)state;
	connections_close(connections);
	close(listener.fd);
	return 0;
}

static int
close_all(void **state)
{
	atomic_store(&over, true);
	pthread_join(main_thread, NULL);
	return close_alone(state);
}

/* The next one; it is owned. */
static struct guest *
accept_one(void)
{
	struct connection *one = NULL;

	assert_int_equal(connections_accept(connections, &one), RC_OK);
	return (struct guest *)one;
}

/* What a worker is told next; *out where it is a connection. */
static enum ready
await(struct guest **out)
{
	struct connection *one = NULL;
	enum ready ready = connections_wait(connections, &one);

	*out = (struct guest *)one;
	return ready;
}

static struct guest *
await_guest(void)
{
	struct guest *guest = NULL;

	assert_int_equal(await(&guest), READY_CONNECTION);
	return guest;
}

/* What is ready is told in the order in which it became so. */
static void
expect_nothing_ready(void)
{
	struct guest *guest;

	connections_call(connections);
	assert_int_equal(await(&guest), READY_WORK);
}

/* A guest of the peer, and owned: the call was heard. */
static struct guest *
welcome(int *peer)
{
	struct guest *guest;

	*peer = call();
	assert_int_equal(await(&guest), READY_LISTENER);
	return accept_one();
}

static void
go_idle(struct guest *guest, bool look)
{
	assert_int_equal(connections_idle(connections, &guest->connection,
			     look),
	    RC_OK);
}

static void
watch(struct guest *guest, unsigned what, int64_t left)
{
	assert_int_equal(connections_watch(connections, &guest->connection,
			     what, clock_steady() + left),
	    RC_OK);
}

static void
drop(struct guest *guest)
{
	connections_drop(connections, &guest->connection);
}

static void
main_may_sleep_where_there_is_nothing_to_do(void **state)
{
	(void)state;
	assert_int_equal(connections_tick(connections), -1);
}

/* It has asked for the count before, and asks again after. */
static void
main_never_sleeps_for_ever_while_it_stops(void **state)
{
	(void)state;
	connections_stop(connections);
	assert_true(connections_none(connections));
	assert_true(connections_tick(connections) >= 0);
}

static void
main_is_woken_by_the_first_deadline(void **state)
{
	struct pollfd wakeup = { .events = POLLIN };
	int peer;
	struct guest *guest = welcome(&peer);

	(void)state;
	go_idle(guest, true);
	assert_int_equal(connections_tick(connections), -1);
	wakeup.fd = connections_wakeup(connections);
	assert_int_equal(poll(&wakeup, 1, 0), 0);
	assert_ptr_equal(await_guest(), guest);
	watch(guest, WATCH_INPUT, FAR);
	assert_int_equal(poll(&wakeup, 1, 0), 1);
	assert_true(connections_tick(connections) >= 0);
	connections_nudge(connections, &guest->connection);
	guest = await_guest();
	connections_park(connections, &guest->connection);
	assert_int_equal(connections_tick(connections), -1);
	assert_false(connections_none(connections));
	drop(guest);
	assert_true(connections_none(connections));
	close(peer);
}

static void
what_can_be_read_is_told_once(void **state)
{
	int peer;
	struct guest *guest = welcome(&peer);

	(void)state;
	assert_int_equal(guest->number, 0);
	guest->number = 1;
	go_idle(guest, false);
	expect_nothing_ready();
	assert_int_equal(write(peer, "x", 1), 1);
	assert_ptr_equal(await_guest(), guest);
	assert_int_equal(write(peer, "x", 1), 1);
	expect_nothing_ready();
	go_idle(guest, false);
	assert_ptr_equal(await_guest(), guest);
	drop(guest);
	close(peer);
}

static void
what_was_read_along_is_looked_at_at_once(void **state)
{
	int peer;
	struct guest *guest = welcome(&peer);

	(void)state;
	go_idle(guest, true);
	assert_ptr_equal(await_guest(), guest);
	assert_false(guest->connection.late);
	drop(guest);
	close(peer);
}

static void
one_that_is_late_is_told_so(void **state)
{
	int peer;
	struct guest *guest = welcome(&peer);

	(void)state;
	watch(guest, WATCH_INPUT, 50);
	assert_ptr_equal(await_guest(), guest);
	assert_true(guest->connection.late);
	/* It gets time for something else. */
	watch(guest, WATCH_INPUT, FAR);
	assert_int_equal(write(peer, "x", 1), 1);
	do
		assert_ptr_equal(await_guest(), guest);
	while (poll(&(struct pollfd){ guest->connection.fd, POLLIN, 0 }, 1,
		   0) == 0);
	assert_false(guest->connection.late);
	drop(guest);
	close(peer);
}

/* It is not ready for anything. */
static void
one_whose_peer_takes_nothing_is_late_all_the_same(void **state)
{
	static const char text[4096];
	int peer;
	struct guest *guest = welcome(&peer);

	(void)state;
	while (send(guest->connection.fd, text, sizeof(text), MSG_DONTWAIT) > 0)
		;
	watch(guest, WATCH_OUTPUT, 10);
	assert_ptr_equal(await_guest(), guest);
	assert_true(guest->connection.late);
	go_idle(guest, true);
	assert_ptr_equal(await_guest(), guest);
	assert_false(guest->connection.late);
	drop(guest);
	close(peer);
}

static void
many_that_were_nudged_are_all_told(void **state)
{
	int peers[PEERS];
	struct guest *guests[PEERS];

	(void)state;
	for (int i = 0; i < PEERS; i++) {
		guests[i] = welcome(&peers[i]);
		watch(guests[i], WATCH_INPUT, FAR);
	}
	for (int i = 0; i < PEERS; i++) {
		connections_nudge(connections, &guests[i]->connection);
		connections_nudge(connections, &guests[i]->connection);
	}
	for (int i = 0; i < PEERS; i++)
		assert_ptr_equal(await_guest(), guests[i]);
	expect_nothing_ready();
	for (int i = 0; i < PEERS; i++) {
		drop(guests[i]);
		close(peers[i]);
	}
}

/* One worker may be busy for long with what the first was for. */
static void
each_call_is_told_to_a_worker(void **state)
{
	struct guest *guest;

	(void)state;
	for (int i = 0; i < WORKERS; i++)
		connections_call(connections);
	for (int i = 0; i < WORKERS; i++)
		assert_int_equal(await(&guest), READY_WORK);
	/* And no more than that. */
	connections_quit(connections);
	assert_int_equal(await(&guest), READY_QUIT);
}

static void
a_nudge_reaches_whoever_has_it_next(void **state)
{
	int peer, other;
	struct guest *guest = welcome(&peer);
	struct guest *next;

	(void)state;
	/* Owned: once it is armed. */
	connections_nudge(connections, &guest->connection);
	expect_nothing_ready();
	watch(guest, WATCH_INPUT, FAR);
	assert_ptr_equal(await_guest(), guest);
	watch(guest, WATCH_INPUT, FAR);
	expect_nothing_ready();
	/* Armed: at once. */
	connections_nudge(connections, &guest->connection);
	assert_ptr_equal(await_guest(), guest);
	expect_nothing_ready();
	/* Closed: never, and not another in its memory either. */
	drop(guest);
	connections_nudge(connections, &guest->connection);
	next = welcome(&other);
	assert_ptr_equal(next, guest);
	go_idle(next, false);
	expect_nothing_ready();
	drop(next);
	close(peer);
	close(other);
}

static void
memory_is_used_again(void **state)
{
	struct guest *guests[MANY];
	int peers[MANY];
	int known = 0;
	int other;
	struct guest *again;

	(void)state;
	for (int i = 0; i < MANY; i++) {
		peers[i] = call();
		guests[i] = accept_one();
		guests[i]->number = i + 1;
	}
	for (int i = 0; i < MANY; i++)
		drop(guests[i]);
	other = call();
	again = accept_one();
	for (int i = 0; i < MANY; i++)
		known += guests[i] == again;
	assert_int_equal(known, 1);
	assert_int_equal(again->number, 0);
	drop(again);
	close(other);
	for (int i = 0; i < MANY; i++)
		close(peers[i]);
}

static void
a_stop_ends_what_is_idle_and_nothing_else(void **state)
{
	int peers[3];
	char c;
	struct guest *idle = welcome(&peers[0]);
	struct guest *busy = welcome(&peers[1]);
	struct guest *parked = welcome(&peers[2]);

	(void)state;
	connections_park(connections, &parked->connection);
	watch(busy, WATCH_INPUT, FAR);
	go_idle(idle, false);
	connections_stop(connections);
	assert_true(connections_stopping(connections));
	assert_ptr_equal(await_guest(), idle);
	assert_int_equal(recv(idle->connection.fd, &c, 1, MSG_DONTWAIT), 0);
	drop(idle);
	expect_nothing_ready();
	assert_false(connections_are_aborted(connections));
	connections_abort(connections);
	assert_true(connections_are_aborted(connections));
	assert_ptr_equal(await_guest(), busy);
	assert_true(busy->connection.late);
	drop(busy);
	expect_nothing_ready();
	assert_false(connections_none(connections));
	drop(parked);
	assert_true(connections_none(connections));
	for (int i = 0; i < 3; i++)
		close(peers[i]);
}

/* What was read along would be lost. */
static void
a_stop_leaves_what_is_about_to_be_looked_at(void **state)
{
	int peer;
	char c;
	struct guest *guest = welcome(&peer);

	(void)state;
	go_idle(guest, true);
	assert_ptr_equal(await_guest(), guest);
	/* It was idle before, so that it need not be waited for. */
	go_idle(guest, true);
	connections_stop(connections);
	(void)connections_tick(connections);
	assert_ptr_equal(await_guest(), guest);
	assert_int_equal(recv(guest->connection.fd, &c, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
	drop(guest);
	close(peer);
}

/* Others may have it: whoever asked again at once would do so for ever. */
static void
a_socket_that_is_shut_down_is_not_asked_again(void **state)
{
	const struct sockaddr_in any = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int other = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct connection *one;

	(void)state;
	/* A Unix socket would say that there is nothing. */
	assert_int_equal(bind(other, (const struct sockaddr *)&any,
			     sizeof(any)),
	    0);
	assert_int_equal(listen(other, 1), 0);
	assert_int_equal(dup2(other, listener.fd), listener.fd);
	assert_int_equal(shutdown(other, SHUT_RD), 0);
	close(other);
	assert_int_equal(connections_accept(connections, &one), RC_MISSING);
	assert_true(connections_none(connections));
}

static void
where_there_are_too_many_the_idle_make_room(void **state)
{
	int peers[3];
	struct guest *first = welcome(&peers[0]);
	struct guest *second = welcome(&peers[1]);
	struct guest *guest;
	struct connection *one;
	char c;

	(void)state;
	/* One that has been answered need not be waited for. */
	go_idle(first, true);
	assert_ptr_equal(await_guest(), first);
	go_idle(first, false);
	watch(second, WATCH_INPUT, FAR);
	peers[2] = call();
	assert_int_equal(await(&guest), READY_LISTENER);
	assert_int_equal(connections_accept(connections, &one), RC_MISSING);
	assert_ptr_equal(await_guest(), first);
	assert_int_equal(recv(first->connection.fd, &c, 1, MSG_DONTWAIT), 0);
	drop(first);
	do
		assert_int_equal(await(&guest), READY_LISTENER);
	while (connections_accept(connections, &one) != RC_OK);
	drop((struct guest *)one);
	connections_nudge(connections, &second->connection);
	while (await(&guest) == READY_LISTENER)
		;
	assert_ptr_equal(guest, second);
	drop(guest);
	for (int i = 0; i < 3; i++)
		close(peers[i]);
}

static void
all_workers_are_told_to_quit(void **state)
{
	struct guest *guest;

	(void)state;
	connections_quit(connections);
	assert_int_equal(await(&guest), READY_QUIT);
	assert_int_equal(await(&guest), READY_QUIT);
}

/* Together. */

static void
accept_all(void)
{
	struct connection *one;
	enum rc rc;

	while ((rc = connections_accept(connections, &one)) != RC_MISSING)
		if (rc == RC_OK &&
		    connections_idle(connections, one, false) != RC_OK)
			connections_drop(connections, one);
}

/* Sends back what came, and does one thing or another then. */
static void
attend(struct guest *guest, unsigned *seed)
{
	struct connection *one = &guest->connection;
	char c;
	ssize_t n = recv(one->fd, &c, 1, MSG_DONTWAIT);
	enum rc rc = RC_SYSTEM;

	if (n == 1) {
		guest->number++;
		(void)send(one->fd, &c, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	*seed = *seed * 1103515245 + 12345;
	if (n == 1 || (n < 0 && errno == EAGAIN))
		rc = *seed >> 16 & 1 ?
		    connections_idle(connections, one, *seed >> 17 & 1) :
		    connections_watch(connections, one, WATCH_INPUT,
			clock_steady() + (*seed >> 18 & 1 ? FAR : 0));
	if (rc != RC_OK)
		connections_drop(connections, one);
}

static void *
be_worker(void *context)
{
	unsigned *seed = context;
	struct guest *guest;
	enum ready ready;

	while ((ready = await(&guest)) != READY_QUIT)
		if (ready == READY_LISTENER)
			accept_all();
		else if (ready == READY_CONNECTION)
			attend(guest, seed);
	return NULL;
}

/* Its own errors are counted: assertions are for the test's thread. */
static void *
be_peer(void *context)
{
	unsigned *wrong = context;
	int fd = -1;
	char c;

	for (int i = 0; i < ROUNDS; i++) {
		if (fd < 0) {
			fd = socket(AF_UNIX, SOCK_STREAM, 0);
			*wrong += connect(fd, (const struct sockaddr *)&address,
				      address_len) != 0;
		}
		*wrong += send(fd, "x", 1, MSG_NOSIGNAL) != 1;
		*wrong += recv(fd, &c, 1, 0) != 1 || c != 'x';
		if (i % 3 == 0) {
			close(fd);
			fd = -1;
		}
	}
	close(fd);
	return NULL;
}

static void
threads_share_them(void **state)
{
	pthread_t workers[WORKERS], peers[PEERS];
	unsigned seeds[WORKERS] = { 1, 2, 3, 4 };
	unsigned wrong[PEERS] = { 0 };

	(void)state;
	for (int i = 0; i < WORKERS; i++)
		assert_int_equal(pthread_create(&workers[i], NULL, be_worker,
				     &seeds[i]),
		    0);
	for (int i = 0; i < PEERS; i++)
		assert_int_equal(pthread_create(&peers[i], NULL, be_peer,
				     &wrong[i]),
		    0);
	for (int i = 0; i < PEERS; i++)
		pthread_join(peers[i], NULL);
	connections_stop(connections);
	while (!connections_none(connections))
		poll(NULL, 0, 5);
	connections_quit(connections);
	for (int i = 0; i < WORKERS; i++)
		pthread_join(workers[i], NULL);
	for (int i = 0; i < PEERS; i++)
		assert_int_equal(wrong[i], 0);
}

#define ALONE(test)                                                            \
	cmocka_unit_test_setup_teardown(test, open_alone, close_alone)
#define WITH_MAIN(test)                                                        \
	cmocka_unit_test_setup_teardown(test, open_all, close_all)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ALONE(main_may_sleep_where_there_is_nothing_to_do),
		ALONE(main_never_sleeps_for_ever_while_it_stops),
		ALONE(main_is_woken_by_the_first_deadline),
		WITH_MAIN(what_can_be_read_is_told_once),
		WITH_MAIN(what_was_read_along_is_looked_at_at_once),
		WITH_MAIN(one_that_is_late_is_told_so),
		WITH_MAIN(one_whose_peer_takes_nothing_is_late_all_the_same),
		WITH_MAIN(many_that_were_nudged_are_all_told),
		ALONE(each_call_is_told_to_a_worker),
		WITH_MAIN(a_nudge_reaches_whoever_has_it_next),
		WITH_MAIN(memory_is_used_again),
		WITH_MAIN(a_stop_ends_what_is_idle_and_nothing_else),
		ALONE(a_stop_leaves_what_is_about_to_be_looked_at),
		ALONE(a_socket_that_is_shut_down_is_not_asked_again),
		cmocka_unit_test_setup_teardown(
		    where_there_are_too_many_the_idle_make_room, open_two,
		    close_all),
		WITH_MAIN(all_workers_are_told_to_quit),
		WITH_MAIN(threads_share_them),
	};

	/* A test that waits for what does not come ends the program. */
	alarm(PATIENCE);
	return cmocka_run_group_tests_name("connections", tests, NULL, NULL);
}
