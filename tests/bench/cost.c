/* SPDX-License-Identifier: ISC */
/*
 * What a CGI program costs without a server, whatever else the machine does.
 *
 *	cost RUNS BODY PROGRAM
 *
 * Runs it with the body as its input, one after the other, and prints the
 * microseconds of processor time a run, user and system, of it and of all
 * that it started and waited for.
 */
#include <sys/resource.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

static double
microseconds(struct timeval time)
{
	return (double)time.tv_sec * 1e6 + (double)time.tv_usec;
}

static int
run_once(char **command, const posix_spawn_file_actions_t *actions)
{
	int status = 1;
	pid_t pid;
	int error = posix_spawn(&pid, command[0], actions, NULL, command,
	    environ);

	if (error != 0) {
		fprintf(stderr, "cost: %s: %s\n", command[0], strerror(error));
		return 1;
	}
	if (waitpid(pid, &status, 0) == pid && status == 0)
		return 0;
	fprintf(stderr, "cost: %s: status %d\n", command[0], status);
	return 1;
}

int
main(int argc, char **argv)
{
	posix_spawn_file_actions_t actions;
	struct rusage usage;
	long runs;

	if (argc != 4)
		return 64;
	runs = strtol(argv[1], NULL, 10);
	if (runs < 1 || posix_spawn_file_actions_init(&actions) != 0 ||
	    posix_spawn_file_actions_addopen(&actions, 0, argv[2], O_RDONLY,
		0) != 0 ||
	    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY,
		0) != 0)
		return 64;
	for (long i = 0; i < runs; i++)
		if (run_once(argv + 3, &actions) != 0)
			return 1;
	posix_spawn_file_actions_destroy(&actions);
	getrusage(RUSAGE_CHILDREN, &usage);
	printf("%.1f\n",
	    (microseconds(usage.ru_utime) + microseconds(usage.ru_stime)) /
		(double)runs);
	return 0;
}
