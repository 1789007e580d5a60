/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_SCRIPT_H
#define PELIHOOK_BASE_SCRIPT_H

#include "base/buf.h"

/*
 * What keeps a file from being executed though it is there and executable:
 * its first line, or the interpreter or the loader that it names (execve(2)).
 * Only what shows from the file's beginning; one that cannot be read, and one
 * that is neither text nor ELF, which something else may be registered for
 * (binfmt_misc), have no fault.
 *
 * Relative names are those of the current directory.  search is the PATH in
 * which env(1) looks for the interpreter, or NULL: then that is not looked for.
 *
 * RC_OK, or RC_CONFIG with a sentence without the file's own name appended to
 * error ("has the interpreter /usr/bin/nosuch, which is missing").
 */
enum rc script_check(const char *path, const char *search, struct buf *error);

#endif
