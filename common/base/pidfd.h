/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_PIDFD_H
#define PELIHOOK_BASE_PIDFD_H

#include "base/rc.h"

/*
 * Whether processes can be watched here, which no command is started
 * without: RC_OK, or RC_SYSTEM with errno set where the kernel has no
 * pidfd_open(2) or a filter of system calls (seccomp(2)) keeps it away.
 */
enum rc pidfd_check(void);
/* What to say of that errno: what is missing, and since when it is there. */
const char *pidfd_fault(int error);

#endif
