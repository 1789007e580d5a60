/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CARELESS_H
#define PELIHOOK_CARELESS_H

#include <sys/syscall.h>

#include <stdbool.h>
#include <unistd.h>

/*
 * For programs whose journal is made to be thrown away: while they are
 * careless, nothing waits for the disk.  In place of the C library's, for the
 * store too.
 */

static bool careless;

int
fsync(int fd)
{
	return careless ? 0 : (int)syscall(SYS_fsync, fd);
}

int
fdatasync(int fd)
{
	return careless ? 0 : (int)syscall(SYS_fdatasync, fd);
}

#endif
