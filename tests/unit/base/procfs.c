/* SPDX-License-Identifier: ISC */
#include "../commands.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/procfs.h"

/* Of this process alone: another one of this test may run beside it. */
static char mark_entry[64];
static const char *const mark = mark_entry + sizeof("PELIHOOK_CLAIM=") - 1;

static const char *const marked[] = { "A=1", mark_entry, NULL };
static const char *const unmarked[] = { "PELIHOOK_CLAIM=", NULL };

/* As a runner notes it just before the start, and after it. */
static struct procfs_command
wanted(pid_t pid)
{
	struct procfs_command command = {
		.pid = pid,
		.session = getsid(0),
		.since = clock_boot() - 60000,
		.until = clock_boot() + 60000,
	};

	memcpy(command.mark, mark, sizeof(command.mark));
	if (pid != 0)
		assert_int_equal(procfs_start_time(pid, &command.start), RC_OK);
	return command;
}

/*
 * Another test of this session that starts a command may be hidden, or
 * starting, for a moment: one look that finds nothing is what counts.
 */
static void
wait_until_gone(struct procfs_command *command)
{
	enum procfs_state state = procfs_find_command(command);

	for (int i = 0; state != PROCFS_GONE && i < 1000; i++) {
		poll(NULL, 0, 10);
		state = procfs_find_command(command);
	}
	assert_int_equal(state, PROCFS_GONE);
}

/* A shell as run() would start it; it says when it is there. */
static pid_t
start_shell(const char *text, const char *const *environment)
{
	const char *const command[] = { "/bin/sh", "-c", text, NULL };
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
	char first[PROCFS_BOOT_SIZE];
	char second[PROCFS_BOOT_SIZE];

	(void)state;
	procfs_boot_id(first);
	procfs_boot_id(second);
	assert_int_equal(strlen(first), PROCFS_BOOT_SIZE - 1);
	assert_string_equal(first, second);
}

static void
a_process_has_a_start(void **state)
{
	uint64_t start = 0;

	(void)state;
	assert_int_equal(procfs_start_time(getpid(), &start), RC_OK);
	assert_true(start > 0);
	assert_int_equal(procfs_start_time(0x7fffffff, &start), RC_MISSING);
}

static void
a_command_is_known_by_number_and_start(void **state)
{
	pid_t pid = start_shell("echo >&3; exec sleep 60", unmarked);
	struct procfs_command command = wanted(pid);

	(void)state;
	assert_int_equal(procfs_find_command(&command), PROCFS_ALIVE);
	command.start++;
	assert_int_equal(procfs_find_command(&command), PROCFS_GONE);
	assert_int_equal(procfs_signal(&command, 0), 0);
	command.start = 0;
	assert_int_equal(procfs_find_command(&command), PROCFS_HIDDEN);
	command = wanted(pid);
	kill(pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)pid, &(siginfo_t){ 0 },
			     WEXITED | WNOWAIT),
	    0);
	/* A zombie is nothing. */
	assert_int_equal(procfs_find_command(&command), PROCFS_GONE);
	end_group(pid);
	assert_int_equal(procfs_find_command(&command), PROCFS_GONE);
	assert_int_equal(procfs_signal(&command, SIGKILL), ESRCH);
}

static void
its_children_are_found_after_it(void **state)
{
	pid_t pid = start_shell("sleep 60 & echo >&3; wait", marked);
	struct procfs_command command = wanted(pid);
	struct procfs_command other = wanted(pid);

	(void)state;
	other.mark[0] ^= 1;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(procfs_find_command(&other), PROCFS_GONE);
	assert_int_equal(procfs_find_command(&command), PROCFS_ALIVE);
	assert_int_equal(procfs_signal(&command, SIGKILL), 0);
	wait_until_gone(&command);
}

/* Even children that wiped their environment: the group never was empty. */
static void
what_was_met_alive_is_gone_with_its_group(void **state)
{
	pid_t pid = start_shell("env -i sh -c 'echo >&3; exec sleep 60' & wait",
	    marked);
	struct procfs_command command = wanted(pid);

	(void)state;
	assert_int_equal(procfs_find_command(&command), PROCFS_ALIVE);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(procfs_find_command(&command), PROCFS_ALIVE);
	assert_int_equal(procfs_signal(&command, SIGKILL), 0);
	wait_until_gone(&command);
}

/* One that left for another group is met by its number, alone. */
static void
a_command_that_left_its_group_is_signalled(void **state)
{
	pid_t other = start_shell("echo >&3; exec sleep 60", unmarked);
	int go[2];
	pid_t pid;
	struct procfs_command command;

	(void)state;
	assert_int_equal(pipe(go), 0);
	pid = fork();
	if (pid == 0) {
		(void)!setpgid(0, other);
		(void)!write(go[1], "", 1);
		for (;;)
			pause();
	}
	assert_int_equal(read(go[0], &(char){ 0 }, 1), 1);
	assert_int_equal(getpgid(pid), other);
	command = wanted(pid);
	assert_int_equal(procfs_find_command(&command), PROCFS_ALIVE);
	assert_int_equal(procfs_signal(&command, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(procfs_find_command(&command), PROCFS_GONE);
	assert_true(is_alive(other));
	end_group(other);
	close(go[0]);
	close(go[1]);
}

static void
a_command_of_unknown_number_is_found(void **state)
{
	pid_t other = start_shell("echo >&3; exec sleep 60", unmarked);
	struct procfs_command command = wanted(0);
	pid_t pid;

	(void)state;
	assert_int_not_equal(procfs_find_command(&command), PROCFS_ALIVE);
	pid = start_shell("sleep 60 & echo >&3; wait", marked);
	assert_int_equal(procfs_find_command(&command), PROCFS_ALIVE);
	assert_int_equal(command.pid, pid);
	end_group(pid);
	end_group(other);
	wait_until_gone(&command);
}

/* What carries the mark but began before it was made cannot be it. */
static void
only_what_began_since_counts(void **state)
{
	pid_t pid = start_shell("echo >&3; exec sleep 60", marked);
	struct procfs_command command = wanted(0);

	(void)state;
	command.since = clock_boot() + 60000;
	command.until = command.since;
	assert_int_equal(procfs_find_command(&command), PROCFS_GONE);
	command.mark[0] = '\0';
	assert_int_equal(procfs_find_command(&command), PROCFS_HIDDEN);
	end_group(pid);
}

/* It says its number once it has a session of its own. */
static pid_t
start_daemon(struct procfs_command *command)
{
	const char *path = scratch_file("daemon", "", 0600);
	char text[512];
	struct buf number;
	pid_t daemon;
	pid_t pid;

	snprintf(text, sizeof(text),
	    "setsid sh -c 'echo $$ >%s; echo >&3; "
	    "exec 3>&-; exec sleep 60' & wait",
	    path);
	pid = start_shell(text, marked);
	*command = wanted(pid);
	end_group(pid);
	number = read_file(path);
	daemon = (pid_t)strtol(number.data, NULL, 10);
	buf_free(&number);
	return daemon;
}

/* It is no part of what the command was waited for. */
static void
what_left_on_purpose_is_left_alone(void **state)
{
	struct procfs_command command;
	pid_t daemon = start_daemon(&command);

	(void)state;
	assert_true(daemon > 1);
	assert_true(is_alive(daemon));
	assert_int_equal(procfs_find_command(&command), PROCFS_GONE);
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
		cmocka_unit_test(what_was_met_alive_is_gone_with_its_group),
		cmocka_unit_test(a_command_that_left_its_group_is_signalled),
		cmocka_unit_test(a_command_of_unknown_number_is_found),
		cmocka_unit_test(only_what_began_since_counts),
		cmocka_unit_test(what_left_on_purpose_is_left_alone),
	};

	/* Processes of another session are not taken for a command. */
	(void)setsid();
	snprintf(mark_entry, sizeof(mark_entry), "PELIHOOK_CLAIM=%032x",
	    (unsigned)getpid());
	return cmocka_run_group_tests_name("procfs", tests, make_directory,
	    scratch_end);
}
