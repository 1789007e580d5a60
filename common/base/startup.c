/* SPDX-License-Identifier: ISC */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/startup.h"

enum { CPU_LEFT = 2 }; /* seconds for an orderly end */

/*
 * What a limit or a descriptor may send is an error of the call that met it
 * and no death or standstill; whoever started this may have left it otherwise.
 */
static const struct {
	int number;
	void (*handler)(int);
} dispositions[] = {
	{ SIGCHLD, SIG_DFL }, /* children can be waited for */
	{ SIGPIPE, SIG_IGN },
	{ SIGXFSZ, SIG_IGN },
	{ SIGIO, SIG_IGN }, /* of a descriptor that somebody made say so */
	{ SIGTTIN, SIG_IGN },
	{ SIGTTOU, SIG_IGN },
};

/* The lowest free descriptor is the one looked at: those below are open. */
static void
open_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
		    open("/dev/null", O_RDWR | O_NOCTTY) < 0)
			return;
}

/* A child of ours is known by this name until it has its program. */
static void
set_name(void)
{
	char name[16] = "";

	if (prctl(PR_GET_NAME, name) == 0 &&
	    strncmp(name, "pelihook", strlen("pelihook")) != 0)
		prctl(PR_SET_NAME, "pelihook");
}

void
startup_signal(int number, void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler };

	sigemptyset(&action.sa_mask);
	sigaction(number, &action, NULL);
}

bool
startup_is_ignored(int number)
{
	struct sigaction action;

	return sigaction(number, NULL, &action) == 0 &&
	    action.sa_handler == SIG_IGN;
}

static void
set_signals(void)
{
	size_t n = sizeof(dispositions) / sizeof(dispositions[0]);
	sigset_t none;

	for (size_t i = 0; i < n; i++)
		startup_signal(dispositions[i].number, dispositions[i].handler);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * At the hard limit the kernel kills without a word, and the soft one is
 * often the same.  A timer, unlike a lower limit, is not inherited.
 */
void
startup_warn_of_cpu_limit(void)
{
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = SIGXCPU,
	};
	struct itimerspec at = { .it_interval.tv_sec = 1 };
	struct rlimit limit;
	timer_t timer;

	if (getrlimit(RLIMIT_CPU, &limit) != 0 ||
	    limit.rlim_max == RLIM_INFINITY)
		return;
	at.it_value.tv_sec = limit.rlim_max > 2 * CPU_LEFT ?
	    (time_t)limit.rlim_max - CPU_LEFT :
	    (time_t)limit.rlim_max / 2;
	at.it_value.tv_nsec = 500 * 1000 * 1000;
	if (timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &timer) == 0)
		timer_settime(timer, TIMER_ABSTIME, &at, NULL);
}

static bool
addresses_are_limited(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_AS, &limit) == 0 &&
	    limit.rlim_cur != RLIM_INFINITY;
}

void
startup_heaps(unsigned most)
{
	(void)mallopt(M_ARENA_MAX, addresses_are_limited() ? 1 : (int)most);
}

void
startup_stop_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGXCPU);
}

void
startup(void)
{
	set_name();
	umask(077);
	open_standard_descriptors();
	set_signals();
	startup_warn_of_cpu_limit();
	if (addresses_are_limited())
		startup_heaps(1);
}
