/* SPDX-License-Identifier: ISC */
#include <sys/ioctl.h>
#include <sys/time.h>

#include <linux/sockios.h>

#include "../peers.h"
#include "../scratch.h"

#include "receive/exchange.h"
#include "receive/serve.h"
#include "receive/sink.h"

#include "../../../fcgi/clients.h"
#include "../../../fcgi/current.h"
#include "../../../fcgi/records.h"
#include "../../../fcgi/responder.h"

/*
 * One worker, and the test's thread, which is the web servers and whoever ends
 * an exchange.
 */
enum {
	PATIENCE = 60, /* seconds, then the test is ended */
	MANY = 20,
	LONG = 1000 * 1000, /* bytes: more than a socket holds */
	END_REQUEST = 3,
	STDIN = 5,
	STDOUT = 6,
	HEADER = 8,
	MAX_BODY = 1024,
	LARGE = 50 * 1024, /* bytes: three are a large body */
};

static const char configuration[] = "read-timeout 3s\n"
				    "hook open\n"
				    " signature none\n"
				    " max-body 1K\n"
				    " on * run /bin/true\n"
				    "hook large\n"
				    " signature none\n"
				    " on * run /bin/true\n";

static struct current *current;
static struct clients *clients;
static pthread_t worker;
static atomic_uint calls; /* READY_WORK */

/* What the sink was given, in order. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static bool shut; /* whoever brings a large one waits */
static struct exchange *held[MANY];
static size_t held_len;

static void
hold(void *context, struct exchange *exchange)
{
	(void)context;
	pthread_mutex_lock(&lock);
	held[held_len++] = exchange;
	pthread_cond_broadcast(&more);
	while (shut && exchange->body_len > MAX_BODY)
		pthread_cond_wait(&more, &lock);
	pthread_mutex_unlock(&lock);
}

static const struct sink sink = { NULL, hold };

/* Waits until so many have been put; the last of them. */
static struct exchange *
await_exchange(size_t count)
{
	struct exchange *last;

	pthread_mutex_lock(&lock);
	while (held_len < count)
		pthread_cond_wait(&more, &lock);
	assert_int_equal(held_len, count);
	last = held[count - 1];
	pthread_mutex_unlock(&lock);
	return last;
}

static void *
work(void *context)
{
	struct desk *desk = context;
	struct connection *one;

	for (;;)
		switch (connections_wait(connections, &one)) {
		case READY_QUIT:
			return NULL;
		case READY_LISTENER:
			clients_welcome(clients);
			break;
		case READY_CONNECTION:
			clients_attend(one, desk);
			break;
		case READY_WORK:
			atomic_fetch_add(&calls, 1);
			break;
		}
}

static int
open_current(void)
{
	static char file[PATH_MAX];
	struct buf complaints = { 0 };
	FILE *out;
	int rc;

	snprintf(file, sizeof(file), "%s", scratch_path("conf"));
	out = fopen(file, "w");
	if (out == NULL || fputs(configuration, out) == EOF || fclose(out) != 0)
		return -1;
	rc = current_open(file, &current, &complaints) != RC_OK ||
	    current_load_files(current, &complaints) != RC_OK;
	buf_free(&complaints);
	return rc;
}

static struct desk desk;

static int
start(void **state)
{
	struct clients_settings settings = { .sink = &sink, .threads = 2 };

	held_len = 0;
	atomic_store(&calls, 0);
	if (scratch_make(state) != 0 || scratch_log(LOG_LEVEL_DEBUG) != 0 ||
	    listen_somewhere() != 0 || open_current() != 0 ||
	    connections_open(&listener, MANY, client_size(), &connections) !=
		RC_OK)
		return -1;
	settings.connections = connections;
	settings.current = current;
	if (clients_open(&settings, &clients) != RC_OK ||
	    desk_open(&desk) != RC_OK)
		return -1;
	atomic_store(&over, false);
	return pthread_create(&worker, NULL, work, &desk) != 0 ||
	    pthread_create(&main_thread, NULL, be_main, NULL) != 0;
}

/* All that the test opened is closed. */
static int
stop(void **state)
{
	connections_stop(connections);
	while (!connections_none(connections))
		poll(NULL, 0, 5);
	connections_quit(connections);
	pthread_join(worker, NULL);
	atomic_store(&over, true);
	pthread_join(main_thread, NULL);
	desk_close(&desk);
	clients_close(clients);
	connections_close(connections);
	current_close(current);
	close(listener.fd);
	return scratch_end(state);
}

/* The web server. */

static void
send_all(int fd, struct bytes bytes)
{
	assert_int_equal(send(fd, bytes.data, bytes.len, MSG_NOSIGNAL),
	    bytes.len);
}

/* A request that says it has a body of so many bytes; the body follows. */
static void
add_head_to(struct buf *into, const char *hook, const char *length)
{
	const struct records records = { .id = 1, .role = RECORDS_RESPONDER };
	struct buf params = { 0 };

	buf_add(&params, LIT("\16\4REQUEST_METHODPOST"));
	buf_printf(&params, "%c%cPELIHOOK_HOOK%s", 13, (int)strlen(hook), hook);
	buf_printf(&params, "%c%cCONTENT_LENGTH%s", 14, (int)strlen(length),
	    length);
	assert_int_equal(buf_reserve(into,
			     RECORDS_BEGIN + records_size(params.len)),
	    RC_OK);
	into->len += records_write_head(&records, buf_view(&params),
	    into->data + into->len);
	buf_free(&params);
}

static void
add_head(struct buf *into, const char *length)
{
	add_head_to(into, "open", length);
}

static void
add_part(struct buf *into, struct bytes body)
{
	const char header[] = { 1, STDIN, 0, 1, (char)(body.len >> 8),
		(char)body.len, 0, 0 };

	buf_add(into, (struct bytes){ header, HEADER });
	buf_add(into, body);
}

static void
add_body(struct buf *into, struct bytes body)
{
	add_part(into, body);
	buf_add(into, LIT("\1\5\0\1\0\0\0\0"));
}

static void
add_request(struct buf *into)
{
	add_head(into, "2");
	add_body(into, LIT("{}"));
}

static void
read_exactly(int fd, char *into, size_t len)
{
	if (len > 0)
		assert_int_equal(recv(fd, into, len, MSG_WAITALL), len);
}

/* The next record's type; its content is added. */
static int
receive(int fd, struct buf *content)
{
	char header[HEADER], rest[65536];
	size_t len;

	read_exactly(fd, header, HEADER);
	len = (size_t)(unsigned char)header[4] << 8 | (unsigned char)header[5];
	read_exactly(fd, rest, len);
	buf_add(content, (struct bytes){ rest, len });
	read_exactly(fd, rest, (unsigned char)header[6]);
	return header[1];
}

/* All of an answer, which begins so. */
static void
expect_answer(int fd, const char *status)
{
	struct buf content = { 0 };

	while (receive(fd, &content) != END_REQUEST)
		;
	assert_true(bytes_begin(buf_view(&content), status));
	buf_free(&content);
}

static void
expect_closed(int fd)
{
	char c;

	assert_int_equal(recv(fd, &c, 1, 0), 0);
	close(fd);
}

static void
end(struct exchange *exchange)
{
	const struct exchange_end delivered = { .outcome = OUTCOME_DELIVERED };

	exchange->done(exchange, &delivered);
}

static void
a_request_is_begun_once_it_is_whole(void **state)
{
	int first = call();
	int second = call();
	struct buf out = { 0 };

	(void)state;
	add_head(&out, "2");
	add_body(&out, LIT("{}"));
	send_all(first, (struct bytes){ out.data, out.len - HEADER - 1 });
	/* One that comes later is first. */
	send_all(second, buf_view(&out));
	end(await_exchange(1));
	expect_answer(second, "Status: 200");
	/* Its length is enough: its end may come later. */
	send_all(first, (struct bytes){ "}", 1 });
	end(await_exchange(2));
	send_all(first, bytes_skip(buf_view(&out), out.len - HEADER));
	expect_answer(first, "Status: 200");
	close(first);
	close(second);
	buf_free(&out);
}

/* There is one worker, and more requests; they are answered by this thread. */
static void
requests_that_wait_hold_no_thread(void **state)
{
	int peers[MANY];
	struct buf out = { 0 };

	(void)state;
	add_request(&out);
	for (size_t i = 0; i < MANY; i++) {
		peers[i] = call();
		send_all(peers[i], buf_view(&out));
		(void)await_exchange(i + 1);
	}
	for (size_t i = MANY; i > 0; i--) {
		end(held[i - 1]);
		expect_answer(peers[i - 1], "Status: 200");
	}
	assert_int_equal(clients_served(clients), MANY);
	for (size_t i = 0; i < MANY; i++)
		close(peers[i]);
	buf_free(&out);
}

static void
what_was_sent_along_is_looked_at_after_the_answer(void **state)
{
	int peer = call();
	struct buf out = { 0 };

	(void)state;
	for (int i = 0; i < 3; i++)
		add_request(&out);
	send_all(peer, (struct bytes){ out.data, out.len - 3 });
	for (size_t i = 0; i < 2; i++) {
		end(await_exchange(i + 1));
		expect_answer(peer, "Status: 200");
	}
	send_all(peer, bytes_skip(buf_view(&out), out.len - 3));
	end(await_exchange(3));
	expect_answer(peer, "Status: 200");
	close(peer);
	buf_free(&out);
}

/* The reply is not held up by the input, and the end waits for that. */
static void
an_early_answer_ends_after_the_input(void **state)
{
	int peer = call();
	struct buf out = { 0 };
	struct buf content = { 0 };
	struct pollfd readable = { peer, POLLIN, 0 };

	(void)state;
	add_head(&out, "2000");
	send_all(peer, buf_view(&out));
	assert_int_equal(receive(peer, &content), STDOUT);
	assert_true(bytes_begin(buf_view(&content), "Status: 413"));
	assert_int_equal(poll(&readable, 1, 0), 0);
	out.len = content.len = 0;
	add_body(&out, LIT("whatever it is"));
	add_request(&out);
	send_all(peer, buf_view(&out));
	assert_int_equal(receive(peer, &content), STDOUT);
	assert_int_equal(content.len, 0);
	assert_int_equal(receive(peer, &content), END_REQUEST);
	end(await_exchange(1));
	expect_answer(peer, "Status: 200");
	close(peer);
	buf_free(&out);
	buf_free(&content);
}

static void
a_body_of_unknown_length_is_bounded(void **state)
{
	static char text[MAX_BODY + 1];
	int peer = call();
	struct buf out = { 0 };
	struct buf content = { 0 };

	(void)state;
	memset(text, ' ', sizeof(text));
	memcpy(text, "{}", 2);
	add_head(&out, "");
	add_body(&out, (struct bytes){ text, MAX_BODY });
	send_all(peer, buf_view(&out));
	assert_int_equal(await_exchange(1)->body_len, MAX_BODY);
	end(held[0]);
	expect_answer(peer, "Status: 200");
	out.len = 0;
	add_head(&out, "");
	add_body(&out, (struct bytes){ text, MAX_BODY + 1 });
	/* It is not waited for the end. */
	send_all(peer, (struct bytes){ out.data, out.len - HEADER });
	assert_int_equal(receive(peer, &content), STDOUT);
	assert_true(bytes_begin(buf_view(&content), "Status: 413"));
	send_all(peer, bytes_skip(buf_view(&out), out.len - HEADER));
	assert_int_equal(receive(peer, &content), STDOUT);
	assert_int_equal(receive(peer, &content), END_REQUEST);
	close(peer);
	buf_free(&out);
	buf_free(&content);
}

/* Whoever answers does not wait for a server that does not read. */
static void
a_long_answer_goes_out_as_it_is_read(void **state)
{
	static char text[LONG];
	int peer = call();
	struct buf out = { 0 };
	struct buf content = { 0 };
	struct exchange *exchange;
	struct gateway gateway;

	(void)state;
	memset(text, 'x', sizeof(text));
	add_request(&out);
	send_all(peer, buf_view(&out));
	exchange = await_exchange(1);
	gateway = exchange->gateway;
	exchange_close(exchange);
	assert_int_equal(gateway.reply(gateway.context,
			     (struct bytes){ text, sizeof(text) }, 0),
	    RC_OK);
	while (receive(peer, &content) != END_REQUEST)
		;
	assert_int_equal(content.len, LONG + HEADER);
	assert_memory_equal(content.data, text, LONG);
	/* And the next one is as usual. */
	send_all(peer, buf_view(&out));
	end(await_exchange(2));
	expect_answer(peer, "Status: 200");
	close(peer);
	buf_free(&out);
	buf_free(&content);
}

static void
whoever_answers_hears_that_the_server_is_gone(void **state)
{
	int peer = call();
	struct buf out = { 0 };
	struct exchange *exchange;
	struct gateway gateway;

	(void)state;
	add_request(&out);
	send_all(peer, buf_view(&out));
	exchange = await_exchange(1);
	gateway = exchange->gateway;
	exchange_close(exchange);
	close(peer);
	assert_int_equal(gateway.reply(gateway.context, LIT("Status: 200"), 0),
	    RC_SYSTEM);
	buf_free(&out);
}

static void
half_a_request_is_answered_in_time(void **state)
{
	int nothing = call();
	int head = call();
	int body = call();
	struct buf out = { 0 };
	struct buf content = { 0 };

	(void)state;
	add_head(&out, "2");
	send_all(nothing, (struct bytes){ out.data, HEADER });
	send_all(head, (struct bytes){ out.data, out.len - 1 });
	send_all(body, buf_view(&out));
	expect_closed(nothing);
	assert_int_equal(receive(head, &content), STDOUT);
	assert_true(bytes_begin(buf_view(&content), "Status: 408"));
	close(head);
	content.len = 0;
	assert_int_equal(receive(body, &content), STDOUT);
	assert_true(bytes_begin(buf_view(&content), "Status: 408"));
	out.len = 0;
	add_body(&out, LIT("{}"));
	send_all(body, buf_view(&out));
	content.len = 0;
	while (receive(body, &content) != END_REQUEST)
		;
	close(body);
	buf_free(&out);
	buf_free(&content);
}

static void
a_stop_answers_what_waits_and_closes(void **state)
{
	int peer = call();
	struct buf out = { 0 };

	(void)state;
	add_request(&out);
	send_all(peer, buf_view(&out));
	(void)await_exchange(1);
	connections_stop(connections);
	assert_false(connections_none(connections));
	end(held[0]);
	expect_answer(peer, "Status: 200");
	expect_closed(peer);
	buf_free(&out);
}

/* Though its input never ends, the request does, and then the connection. */
static void
an_abort_answers_half_a_body_and_closes(void **state)
{
	int peer = call();
	struct buf out = { 0 };
	struct buf content = { 0 };

	(void)state;
	add_head(&out, "2");
	send_all(peer, buf_view(&out));
	connections_abort(connections);
	assert_int_equal(receive(peer, &content), STDOUT);
	assert_true(bytes_begin(buf_view(&content), "Status: 503"));
	assert_int_equal(receive(peer, &content), STDOUT);
	assert_int_equal(receive(peer, &content), END_REQUEST);
	expect_closed(peer);
	buf_free(&out);
	buf_free(&content);
}

/* The worker that read it may not have looked at all of it yet. */
static int
call_with_large(void)
{
	static char text[LARGE];
	int peer = call();
	int unread = 1;
	struct buf out = { 0 };

	memset(text, ' ', sizeof(text));
	add_head_to(&out, "large", "153602");
	for (int i = 0; i < 3; i++)
		add_part(&out, (struct bytes){ text, sizeof(text) });
	add_body(&out, LIT("{}"));
	send_all(peer, buf_view(&out));
	while (ioctl(peer, SIOCOUTQ, &unread) == 0 && unread > 0)
		poll(NULL, 0, 5);
	buf_free(&out);
	return peer;
}

static void
open_gate(void)
{
	pthread_mutex_lock(&lock);
	shut = false;
	pthread_cond_broadcast(&more);
	pthread_mutex_unlock(&lock);
}

/* Of two workers one begins large ones. */
static void
whoever_begins_another_large_one_calls_others(void **state)
{
	struct desk second;
	pthread_t another;
	int peers[3];
	struct buf out = { 0 };

	(void)state;
	assert_int_equal(desk_open(&second), RC_OK);
	assert_int_equal(pthread_create(&another, NULL, work, &second), 0);
	shut = true;
	peers[0] = call_with_large();
	(void)await_exchange(1);
	peers[1] = call_with_large();
	/* Who is left looks at this after that, which has to wait. */
	peers[2] = call();
	add_request(&out);
	send_all(peers[2], buf_view(&out));
	(void)await_exchange(2);
	assert_int_equal(atomic_load(&calls), 0);
	open_gate();
	(void)await_exchange(3);
	while (atomic_load(&calls) == 0)
		poll(NULL, 0, 5);
	for (size_t i = 0; i < 3; i++)
		end(held[i]);
	for (size_t i = 0; i < 3; i++) {
		expect_answer(peers[i], "Status: 200");
		close(peers[i]);
	}
	connections_quit(connections);
	pthread_join(another, NULL);
	desk_close(&second);
	buf_free(&out);
}

static int
prepare(void **state)
{
	(void)state;
	/* A test that waits for what does not come ends the program. */
	alarm(PATIENCE);
	return responder_prepare() == RC_OK ? 0 : -1;
}

#define SERVED(test) cmocka_unit_test_setup_teardown(test, start, stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SERVED(a_request_is_begun_once_it_is_whole),
		SERVED(requests_that_wait_hold_no_thread),
		SERVED(what_was_sent_along_is_looked_at_after_the_answer),
		SERVED(an_early_answer_ends_after_the_input),
		SERVED(a_body_of_unknown_length_is_bounded),
		SERVED(a_long_answer_goes_out_as_it_is_read),
		SERVED(whoever_answers_hears_that_the_server_is_gone),
		SERVED(half_a_request_is_answered_in_time),
		SERVED(a_stop_answers_what_waits_and_closes),
		SERVED(an_abort_answers_half_a_body_and_closes),
		SERVED(whoever_begins_another_large_one_calls_others),
	};

	return cmocka_run_group_tests_name("clients", tests, prepare, NULL);
}
