/* SPDX-License-Identifier: ISC */
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "../unit.h"
#include "../told.h"

#include "base/log.h"
#include "base/startup.h"
#include "base/thread.h"

/*
 * A process is started only once, so each test does that in a child, whose
 * exit status is the number of the first thing that is wrong.
 */
static int
in_child(int (*test)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(test());
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static bool
is_null(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) &&
	    st.st_rdev == makedev(1, 3);
}

static int
start_without_descriptors(void)
{
	close(0);
	close(1);
	close(2);
	startup();
	for (int fd = 0; fd <= 2; fd++)
		if (!is_null(fd))
			return fd + 1;
	/* The next one that is opened is no standard descriptor. */
	return dup(0) > 2 ? 0 : 4;
}

static void
closed_descriptors_become_dev_null(void **state)
{
	(void)state;
	assert_int_equal(in_child(start_without_descriptors), 0);
}

static int
start_with_a_pipe(void)
{
	int fds[2];

	if (pipe(fds) != 0 || dup2(fds[0], 0) != 0 || dup2(fds[1], 1) != 1)
		return 1;
	startup();
	return is_null(0) || is_null(1) ? 2 : 0;
}

static void
open_descriptors_stay(void **state)
{
	(void)state;
	assert_int_equal(in_child(start_with_a_pipe), 0);
}

static int
start_with_children_ignored(void)
{
	pid_t pid;

	signal(SIGCHLD, SIG_IGN);
	startup();
	pid = fork();
	if (pid == 0)
		_exit(0);
	/* Where SIGCHLD is ignored there is no child to wait for. */
	return waitpid(pid, NULL, 0) == pid ? 0 : 1;
}

static void
children_can_be_waited_for(void **state)
{
	(void)state;
	assert_int_equal(in_child(start_with_children_ignored), 0);
}

static int
write_to_nobody(void)
{
	int fds[2];

	signal(SIGPIPE, SIG_DFL);
	startup();
	if (pipe(fds) != 0)
		return 1;
	close(fds[0]);
	return write(fds[1], "x", 1) == -1 && errno == EPIPE ? 0 : 2;
}

static void
a_reader_that_is_gone_does_not_kill(void **state)
{
	(void)state;
	assert_int_equal(in_child(write_to_nobody), 0);
}

static int
start_and_look_at_umask(void)
{
	umask(0);
	startup();
	return umask(0) == 077 ? 0 : 1;
}

static void
what_is_created_is_the_users_own(void **state)
{
	(void)state;
	assert_int_equal(in_child(start_and_look_at_umask), 0);
}

/* Also where whoever started it left all that otherwise. */
static int
start_with_signals(void)
{
	static const int deadly[] = { SIGPIPE, SIGXFSZ, SIGIO, SIGTTIN,
		SIGTTOU };
	sigset_t all, left;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	startup();
	for (size_t i = 0; i < COUNT(deadly); i++)
		if (!startup_is_ignored(deadly[i]))
			return 1;
	if (startup_is_ignored(SIGTERM) || startup_is_ignored(SIGCHLD))
		return 2;
	sigprocmask(SIG_BLOCK, NULL, &left);
	return sigisemptyset(&left) ? 0 : 3;
}

static void
signals_of_limits_and_descriptors_are_errors(void **state)
{
	(void)state;
	assert_int_equal(in_child(start_with_signals), 0);
}

static int
write_too_much(void)
{
	struct rlimit little = { 10, 10 };
	FILE *file = tmpfile();

	startup();
	if (file == NULL || setrlimit(RLIMIT_FSIZE, &little) != 0)
		return 1;
	if (write(fileno(file), "0123456789", 10) != 10)
		return 2;
	return write(fileno(file), "x", 1) == -1 && errno == EFBIG ? 0 : 3;
}

static void
a_limit_of_file_size_does_not_kill(void **state)
{
	(void)state;
	assert_int_equal(in_child(write_too_much), 0);
}

/* At the limit of one second the kernel would kill. */
static int
burn(void)
{
	struct rlimit little = { 1, 1 };
	struct timespec none = { 0 };
	sigset_t stop;

	if (setrlimit(RLIMIT_CPU, &little) != 0)
		return 1;
	startup();
	startup_stop_signals(&stop);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	while (sigtimedwait(&stop, NULL, &none) != SIGXCPU)
		;
	return 0;
}

static void
before_processor_time_is_over_it_is_told_to_stop(void **state)
{
	(void)state;
	assert_int_equal(in_child(burn), 0);
}

static void *
ask_for_memory(void *context)
{
	int *error = context;
	void *volatile pieces[1000];

	for (size_t i = 0; i < COUNT(pieces); i++) {
		errno = 0;
		pieces[i] = malloc(1000);
		*error |= errno;
	}
	for (size_t i = 0; i < COUNT(pieces); i++)
		free(pieces[i]);
	return NULL;
}

/* A thread's own heap is 64 MiB of them, which do not fit in twice. */
static int
spend_addresses(void)
{
	const struct rlimit little = { 100 << 20, 100 << 20 };
	pthread_t threads[4];
	int errors[4] = { 0 };

	if (setrlimit(RLIMIT_AS, &little) != 0)
		return 1;
	startup();
	startup_heaps(4);
	for (int i = 0; i < 4; i++)
		if (thread_start(&threads[i], ask_for_memory, &errors[i]) != 0)
			return 2;
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	return errors[0] | errors[1] | errors[2] | errors[3];
}

static void
limited_addresses_are_not_for_heaps_of_threads(void **state)
{
	(void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	(void)spend_addresses;
	skip();
#else
	if (is_under_valgrind())
		skip();
	assert_int_equal(in_child(spend_addresses), 0);
#endif
}

static void
each_line_is_a_line_of_the_log(void **state)
{
	const char *text;

	(void)state;
	log_lines(LOG_LEVEL_WARNING, LIT("a:1: one\n\nb:2: two"));
	text = told();
	assert_int_equal(told_lines(text), 2);
	assert_non_null(strstr(text, "level=warning msg=\"a:1: one\"\n"));
	assert_non_null(strstr(text, "level=warning msg=\"b:2: two\"\n"));
	log_lines(LOG_LEVEL_ERROR, LIT(""));
	assert_string_equal(told(), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(closed_descriptors_become_dev_null),
		cmocka_unit_test(open_descriptors_stay),
		cmocka_unit_test(children_can_be_waited_for),
		cmocka_unit_test(a_reader_that_is_gone_does_not_kill),
		cmocka_unit_test(what_is_created_is_the_users_own),
		cmocka_unit_test(signals_of_limits_and_descriptors_are_errors),
		cmocka_unit_test(a_limit_of_file_size_does_not_kill),
		cmocka_unit_test(
		    before_processor_time_is_over_it_is_told_to_stop),
		cmocka_unit_test(
		    limited_addresses_are_not_for_heaps_of_threads),
		TOLD_TEST(each_line_is_a_line_of_the_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
