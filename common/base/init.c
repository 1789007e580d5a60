/* SPDX-License-Identifier: ISC */
#include <sys/prctl.h>
#include <sys/wait.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/init.h"

#include "base/startup.h"

enum {
	FIRST = 1,    /* the number of the first process */
	KILLED = 128, /* as shells say it, and a signal */
	PID_TEXT = 16,
};

static const int passed_on[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1,
	SIGUSR2 };

static void
fill_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGCHLD);
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
		sigaddset(set, passed_on[i]);
}

/* Whoever passed a socket named the process it started (sd_listen_fds(3)). */
static void
take_socket_over(void)
{
	const char *meant = getenv("LISTEN_PID");
	char pid[PID_TEXT];

	snprintf(pid, sizeof(pid), "%d", FIRST);
	if (meant == NULL || strcmp(meant, pid) != 0)
		return;
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("LISTEN_PID", pid, 1);
}

/* All that have ended; whether the one that serves is among them. */
static bool
reap(pid_t served, int *status)
{
	bool over = false;
	int how;
	pid_t pid;

	while ((pid = waitpid(-1, &how, WNOHANG)) > 0) {
		if (pid != served)
			continue;
		over = true;
		*status = WIFEXITED(how) ? WEXITSTATUS(how) :
					   KILLED + WTERMSIG(how);
	}
	return over;
}

/* Until the one that serves has ended: its status. */
static int
look_after(pid_t served, const sigset_t *set)
{
	int status = 0;
	int number;

	while (!reap(served, &status)) {
		number = sigwaitinfo(set, NULL);
		if (number > 0 && number != SIGCHLD)
			kill(served, number);
	}
	return status;
}

enum rc
init_begin(struct init *out)
{
	sigset_t set;
	sigset_t before;
	pid_t pid;

	*out = (struct init){ .served = false };
	if (getpid() != FIRST) {
		prctl(PR_SET_CHILD_SUBREAPER, 0);
		return RC_OK;
	}
	/* Of ends that are ignored nobody is told. */
	startup_signal(SIGCHLD, SIG_DFL);
	fill_signals(&set);
	/* What comes from here on is passed on, or ends a wait. */
	sigprocmask(SIG_BLOCK, &set, &before);
	pid = fork();
	if (pid == 0) {
		sigprocmask(SIG_SETMASK, &before, NULL);
		take_socket_over();
		out->served = true;
		return RC_OK;
	}
	if (pid < 0) {
		sigprocmask(SIG_SETMASK, &before, NULL);
		return RC_SYSTEM;
	}
	out->status = look_after(pid, &set);
	out->over = true;
	return RC_OK;
}
