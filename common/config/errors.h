/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CONFIG_ERRORS_H
#define PELIHOOK_CONFIG_ERRORS_H

#include <stdarg.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/rc.h"

/*
 * A list of errors or warnings, lines `FILE:LINE: text`, as many as fit under
 * the ceiling of into, each of them once.
 */
struct conf_errors {
	struct buf *into;
	const char *file;
	size_t n;    /* how many were added, repeated ones too */
	size_t lost; /* how many of them did not fit */
};

/*
 * Adds a line; line 0 is the file as a whole.  Control characters become `?`.
 */
void conf_error(struct conf_errors *errors, unsigned line, const char *format,
    ...) __attribute__((format(printf, 3, 4)));
void conf_error_list(struct conf_errors *errors, unsigned line,
    const char *format, va_list arguments);
/* Appends how many were lost.  RC_CONFIG where any was added, else RC_OK. */
enum rc conf_errors_end(struct conf_errors *errors);

#endif
