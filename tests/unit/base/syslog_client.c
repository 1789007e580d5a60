/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>
#include <sys/un.h>

#include <ctype.h>
#include <errno.h>
#include <syslog.h>

#include "../scratch.h"

#include "base/clock.h"
#include "base/syslog_client.h"

/* A daemon's socket, below the scratch directory, under which a path may be
 * too long: that is why it is the working directory meanwhile. */
static const char path[] = "log";

static int
enter_scratch(void **state)
{
	return scratch_make(state) == 0 ? chdir(scratch) : -1;
}

static int
leave_scratch(void **state)
{
	return chdir("/") == 0 ? scratch_remove(state) : -1;
}

static int
open_daemon(int type)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, path, sizeof(path));
	unlink(path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address,
			     sizeof(address)),
	    0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 4), 0);
	return fd;
}

static struct syslog_client
new_client(void)
{
	return (struct syslog_client){
		.path = path,
		.program = "unit",
		.fd = -1,
	};
}

/* <30>Nov  3 10:00:00 unit[123]: text, the number being ours. */
static bool
is_line(const char *got, const char *text)
{
	char want[200];

	snprintf(want, sizeof(want), " unit[%d]: %s", (int)getpid(), text);
	return strncmp(got, "<30>", 4) == 0 && isupper(got[4]) &&
	    islower(got[5]) && islower(got[6]) && got[7] == ' ' &&
	    isdigit(got[9]) && got[10] == ' ' && isdigit(got[11]) &&
	    got[13] == ':' && got[16] == ':' && isdigit(got[18]) &&
	    strcmp(got + 19, want) == 0;
}

static void
expect_line(int fd, const char *text)
{
	char got[1000];
	ssize_t n = recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT);

	assert_true(n > 0);
	got[n] = '\0';
	if (!is_line(got, text))
		fail_msg("<%s> is not the line of <%s>", got, text);
}

static void
a_line_is_a_datagram(void **state)
{
	struct syslog_client client = new_client();
	int daemon = open_daemon(SOCK_DGRAM);

	(void)state;
	assert_int_equal(syslog_client_send(&client, LOG_INFO, LIT("one"), 0),
	    RC_OK);
	assert_int_equal(syslog_client_send(&client, LOG_INFO, LIT("two %s"),
			     0),
	    RC_OK);
	expect_line(daemon, "one");
	expect_line(daemon, "two %s");
	syslog_client_close(&client);
	close(daemon);
}

static void
on_a_stream_a_nul_ends_it(void **state)
{
	struct syslog_client client = new_client();
	int daemon = open_daemon(SOCK_STREAM), fd;
	char got[1000];
	ssize_t n;

	(void)state;
	assert_int_equal(syslog_client_send(&client, LOG_INFO, LIT("one"), 0),
	    RC_OK);
	fd = accept(daemon, NULL, NULL);
	n = recv(fd, got, sizeof(got), MSG_DONTWAIT);
	assert_true(n > 0 && got[n - 1] == '\0');
	assert_true(is_line(got, "one"));
	syslog_client_close(&client);
	close(fd);
	close(daemon);
}

static void
a_daemon_that_is_started_anew_is_found(void **state)
{
	static const int types[] = { SOCK_DGRAM, SOCK_STREAM, SOCK_DGRAM };
	struct syslog_client client = new_client();
	int daemon, fd;

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		daemon = open_daemon(types[i]);
		assert_int_equal(syslog_client_send(&client, LOG_INFO,
				     LIT("one"), 0),
		    RC_OK);
		fd = types[i] == SOCK_STREAM ? accept(daemon, NULL, NULL) :
					       dup(daemon);
		expect_line(fd, "one");
		close(fd);
		close(daemon);
	}
	syslog_client_close(&client);
}

/* Without a bound this test would never end. */
static void
one_that_does_not_read_is_not_waited_for(void **state)
{
	static const int types[] = { SOCK_DGRAM, SOCK_STREAM };
	struct syslog_client client = new_client();
	enum rc rc;
	int daemon;

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		daemon = open_daemon(types[i]);
		do
			rc = syslog_client_send(&client, LOG_INFO, LIT("line"),
			    0);
		while (rc == RC_OK);
		assert_int_equal(rc, RC_SLOW);
		close(daemon);
	}
	syslog_client_close(&client);
	/* Several of ours are connected to one who accepts nobody. */
	daemon = open_daemon(SOCK_STREAM);
	do {
		client = new_client();
		rc = syslog_client_send(&client, LOG_INFO, LIT("line"), 0);
	} while (rc == RC_OK);
	assert_int_equal(rc, RC_SLOW);
	assert_int_equal(client.fd, -1);
	close(daemon);
}

static void
without_a_daemon_it_is_told(void **state)
{
	struct syslog_client client = new_client();

	(void)state;
	assert_int_equal(syslog_client_send(&client, LOG_INFO, LIT("x"), 0),
	    RC_SYSTEM);
	assert_int_equal(errno, ENOENT);
	close(open_daemon(SOCK_DGRAM));
	assert_int_equal(syslog_client_send(&client, LOG_INFO, LIT("x"), 0),
	    RC_SYSTEM);
	assert_int_equal(errno, ECONNREFUSED);
	assert_int_equal(client.fd, -1);
}

static void
whether_somebody_reads_is_known(void **state)
{
	int daemon;

	(void)state;
	assert_int_equal(syslog_client_check(path), ENOENT);
	close(open("log", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	assert_int_equal(syslog_client_check(path), ECONNREFUSED);
	daemon = open_daemon(SOCK_DGRAM);
	assert_int_equal(syslog_client_check(path), 0);
	close(daemon);
	assert_int_equal(syslog_client_check(path), ECONNREFUSED);
	daemon = open_daemon(SOCK_STREAM);
	assert_int_equal(syslog_client_check(path), 0);
	close(daemon);
	assert_int_equal(syslog_client_check(path), ECONNREFUSED);
}

#define SYSLOG_TEST(test)                                                      \
	cmocka_unit_test_setup_teardown(test, enter_scratch, leave_scratch)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SYSLOG_TEST(a_line_is_a_datagram),
		SYSLOG_TEST(on_a_stream_a_nul_ends_it),
		SYSLOG_TEST(a_daemon_that_is_started_anew_is_found),
		SYSLOG_TEST(one_that_does_not_read_is_not_waited_for),
		SYSLOG_TEST(without_a_daemon_it_is_told),
		SYSLOG_TEST(whether_somebody_reads_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
