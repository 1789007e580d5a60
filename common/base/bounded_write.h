/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_BOUNDED_WRITE_H
#define PELIHOOK_BASE_BOUNDED_WRITE_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"

/*
 * Writes to a pipe, socket, terminal or file that somebody else may not read,
 * and never waits longer than until the deadline of clock_steady; one that is
 * over means: what can be written now.  Flags of the descriptor, which others
 * may share, are left alone.  What is left over stays in *rest: RC_SLOW, or
 * RC_SYSTEM with errno set.
 */
enum rc bounded_write(int fd, struct bytes *rest, int64_t deadline);

#endif
