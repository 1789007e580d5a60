/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_COMMAND_INPUT_H
#define PELIHOOK_COMMAND_INPUT_H

#include <stddef.h>

#include "base/bytes.h"
#include "base/pool.h"

struct job;

/* What a command reads and sees. */

/*
 * JSON on one line, without LF: blanks outside strings are taken out,
 * control characters inside are escaped, nothing else changes.  text is
 * JSON as event_parse takes it; a BOM before it is left out.
 */
enum rc render_line(struct bytes text, struct buf *into);
/* A CloudEvents 1.0 envelope in the JSON format on one line, without LF. */
enum rc render_cloudevent(const struct job *job, struct buf *into);
/*
 * An open file, read from its start, with what the hook's `input` makes of
 * n jobs of one hook: a memfd, or an unlinked temporary.  The caller closes
 * it.  RC_SYSTEM, RC_MEMORY; logged.
 */
enum rc render_input(const struct job *jobs, size_t n, int *fd);
/*
 * The environment of n jobs' command, NULL-terminated, from the pool: PATH,
 * HOME, LANG, setenv, env and the PELIHOOK_ variables (of several jobs only
 * HOOK, COUNT and CLAIM).  Of several jobs only the first is looked at; it
 * has a mark.  RC_MEMORY.
 */
enum rc render_environment(const struct job *first, size_t n,
    struct pool *pool, const char *const **out);

#endif
