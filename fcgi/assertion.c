/* SPDX-License-Identifier: ISC */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "assertion.h"

static _Thread_local jmp_buf *guarded;

void
assertion_guard(jmp_buf *guard)
{
	guarded = guard;
}

/*
 * What assert(3) calls where it fails (Linux Standard Base, libc): libraries
 * find this one before the C library's.
 */
void
__assert_fail(const char *assertion, const char *file, unsigned line,
    const char *function)
{
	jmp_buf *guard = guarded;

	guarded = NULL;
	if (guard != NULL)
		longjmp(*guard, 1);
	fprintf(stderr, "%s:%u: %s: Assertion `%s' failed.\n", file, line,
	    function, assertion);
	abort();
}
