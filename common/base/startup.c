/* SPDX-License-Identifier: ISC */
#include <sys/prctl.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/startup.h"

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

void
startup(void)
{
	set_name();
	umask(077);
	open_standard_descriptors();
	startup_signal(SIGCHLD, SIG_DFL);
	startup_signal(SIGPIPE, SIG_IGN);
}
