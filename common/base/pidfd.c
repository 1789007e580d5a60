/* SPDX-License-Identifier: ISC */
#include <sys/pidfd.h>

#include <errno.h>

#include "base/pidfd.h"

/* No process has the number 0, and that is told only where the call is there. */
enum rc
pidfd_check(void)
{
	return pidfd_open(0, 0) < 0 && errno != EINVAL ? RC_SYSTEM : RC_OK;
}

const char *
pidfd_fault(int error)
{
	return error == ENOSYS ?
	    "this kernel has no pidfd_open(2), without which no command is "
	    "started: Linux 5.3 or later is needed" :
	    "pidfd_open(2), without which no command is started, is not "
	    "allowed here: a filter of system calls (seccomp) refuses it";
}
