/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_IO_H
#define PELIHOOK_BASE_IO_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/rc.h"

/* All of it, to a descriptor that blocks.  RC_SYSTEM with errno set. */
enum rc io_write(int fd, struct bytes bytes);
/*
 * Makes an eventfd readable (eventfd(2)).  RC_SYSTEM with errno set, EAGAIN
 * as well: steps of one fill no counter, so nobody is told.
 */
enum rc io_signal(int eventfd);
/* Closes it, unless it is below 0, and makes it -1. */
void io_close(int *fd);
/* Whether something, or its end, can be read now; below 0: never. */
bool io_is_readable(int fd);
/*
 * A view of the directory of an absolute path, without a slash at its end
 * unless it is the root.
 */
struct bytes io_directory(const char *path);
/*
 * Whether so many bytes can be written to a file in the directory: one is
 * made, and is gone again.  RC_SYSTEM with errno set.
 */
enum rc io_has_room(const char *directory, size_t size);

#endif
