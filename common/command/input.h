/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_COMMAND_INPUT_H
#define PELIHOOK_COMMAND_INPUT_H

#include <stddef.h>

#include "base/buf.h"

struct job;

/* What a command reads. */

/*
 * JSON on one line, without LF: blanks outside strings are taken out,
 * control characters inside are escaped, nothing else changes.  text is
 * JSON as event_parse takes it; a BOM before it is left out.
 */
enum rc input_line(struct bytes text, struct buf *into);
/*
 * A body as a member of a JSON object, "NAME":..., on one line.  Bytes that
 * are no JSON to the letter would make the object none, and of a batch read
 * by a strict program the good events would fail with it: they become
 * "NAME_base64":"...".
 */
enum rc input_member(const char *name, struct bytes body, struct buf *into);
/*
 * A CloudEvents 1.0 envelope in the JSON format on one line, without LF.  It
 * is JSON of RFC 8259 whatever the body is: one that is not goes into it as
 * data_base64.
 */
enum rc input_cloudevent(const struct job *job, struct buf *into);
/*
 * An open file, read from its start, with what the hook's `input` makes of
 * n jobs of one hook: a memfd, or an unlinked temporary.  The caller closes
 * it.  RC_SYSTEM with errno set, RC_MEMORY; logged.
 */
enum rc input_open(const struct job *jobs, size_t n, int *fd);

#endif
