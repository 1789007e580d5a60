/* SPDX-License-Identifier: ISC */
#include "commands.h"

#include "orphan.h"

/* Of this process alone: another one of this test may run beside it. */
static char id_entry[64];

static const char *const marked[] = {
	id_entry, "PELIHOOK_ATTEMPT=3", NULL
};
static const char *const unmarked[] = {"PELIHOOK_ATTEMPT=3", NULL};

static struct orphan
wanted(pid_t pid)
{
	struct orphan orphan = {
		.pid = pid, .attempt = 3,
		.id = strchr(id_entry, '=') + 1
	};

	if (pid != 0)
		assert_int_equal(orphan_start(pid, &orphan.start), RC_OK);
	return orphan;
}

/* A shell as run() would start it; it says when it is there. */
static pid_t
start_shell(const char *text, const char *const *environment)
{
	const char *const command[] = {"/bin/sh", "-c", text, NULL};
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		dup2(ready[1], 3);
		setpgid(0, 0);
		execve(command[0], (char *const *)command,
		    (char *const *)environment);
		_exit(127);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void
end_group(pid_t group)
{
	kill(-group, SIGKILL);
	waitpid(group, NULL, 0);
}

static void
a_boot_has_a_name(void **state)
{
	char first[ORPHAN_BOOT];
	char second[ORPHAN_BOOT];

	(void)state;
	orphan_boot(first);
	orphan_boot(second);
	assert_int_equal(strlen(first), ORPHAN_BOOT - 1);
	assert_string_equal(first, second);
}

static void
a_process_has_a_start(void **state)
{
	uint64_t start = 0;

	(void)state;
	assert_int_equal(orphan_start(getpid(), &start), RC_OK);
	assert_true(start > 0);
	assert_int_equal(orphan_start(0x7fffffff, &start), RC_MISSING);
}

static void
a_command_is_known_by_number_and_start(void **state)
{
	pid_t pid = start_shell("echo >&3; exec sleep 60", unmarked);
	struct orphan orphan = wanted(pid);

	(void)state;
	assert_int_equal(orphan_find(&orphan), pid);
	orphan.start++;
	assert_int_equal(orphan_find(&orphan), 0);
	orphan.start--;
	kill(pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)pid, &(siginfo_t){0},
	    WEXITED | WNOWAIT), 0);
	/* A zombie is nothing. */
	assert_int_equal(orphan_find(&orphan), 0);
	end_group(pid);
	assert_int_equal(orphan_find(&orphan), 0);
}

static void
its_children_are_found_after_it(void **state)
{
	pid_t pid = start_shell("sleep 60 & echo >&3; wait", marked);
	struct orphan orphan = wanted(pid);

	(void)state;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(orphan_find(&orphan), pid);
	orphan.attempt = 2;
	assert_int_equal(orphan_find(&orphan), 0);
	kill(-pid, SIGKILL);
	orphan.attempt = 3;
	for (int i = 0; orphan_find(&orphan) != 0 && i < 1000; i++)
		poll(NULL, 0, 10);
	assert_int_equal(orphan_find(&orphan), 0);
}

static void
a_command_of_unknown_number_is_found(void **state)
{
	pid_t other = start_shell("echo >&3; exec sleep 60", unmarked);
	struct orphan orphan = wanted(0);
	pid_t pid;

	(void)state;
	assert_int_equal(orphan_find(&orphan), 0);
	pid = start_shell("echo >&3; exec sleep 60", marked);
	assert_int_equal(orphan_find(&orphan), pid);
	end_group(pid);
	end_group(other);
	assert_int_equal(orphan_find(&orphan), 0);
}

/* It says its number once it has a session of its own. */
static pid_t
start_daemon(void)
{
	const char *path = write_file("daemon", "", 0600);
	char text[512];
	struct buf number;
	pid_t daemon;
	pid_t pid;

	snprintf(text, sizeof(text), "setsid sh -c 'echo $$ >%s; echo >&3; "
	    "exec 3>&-; exec sleep 60' & wait", path);
	pid = start_shell(text, marked);
	end_group(pid);
	number = read_file(path);
	daemon = (pid_t)strtol(number.data, NULL, 10);
	buf_free(&number);
	return daemon;
}

static void
what_left_on_purpose_is_left_alone(void **state)
{
	struct orphan orphan = wanted(0);
	pid_t daemon = start_daemon();

	(void)state;
	assert_true(daemon > 1);
	assert_true(is_alive(daemon));
	assert_int_equal(orphan_find(&orphan), 0);
	kill(daemon, SIGKILL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_boot_has_a_name),
		cmocka_unit_test(a_process_has_a_start),
		cmocka_unit_test(a_command_is_known_by_number_and_start),
		cmocka_unit_test(its_children_are_found_after_it),
		cmocka_unit_test(a_command_of_unknown_number_is_found),
		cmocka_unit_test(what_left_on_purpose_is_left_alone)
	};

	snprintf(id_entry, sizeof(id_entry),
	    "PELIHOOK_ID=0190a0a0-0000-7000-8000-%012d", (int)getpid());
	return cmocka_run_group_tests_name("orphan", tests,
	    make_directory, remove_directory);
}
