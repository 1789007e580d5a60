/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BENCH_BARE_H
#define PELIHOOK_BENCH_BARE_H

#include <sys/wait.h>

#include <spawn.h>
#include <stdio.h>
#include <string.h>

/* Starts a command and waits for its end, and nothing else; 0: it exited
 * with 0. */
static inline int
bare_run(char **command)
{
	static char path[] = "PATH=/usr/bin:/bin";
	char *environment[] = { path, NULL };
	int status = 1;
	pid_t pid;
	int error = posix_spawn(&pid, command[0], NULL, NULL, command,
	    environment);

	if (error != 0) {
		fprintf(stderr, "%s: %s\n", command[0], strerror(error));
		return 1;
	}
	if (waitpid(pid, &status, 0) == pid && status == 0)
		return 0;
	fprintf(stderr, "%s: status %d\n", command[0], status);
	return 1;
}

#endif
