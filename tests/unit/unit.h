/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_UNIT_H
#define PELIHOOK_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/rc.h"

/*
 * What the unit tests share.  A case of a table that fails is named and
 * counted, and the table goes on: the test asserts that nothing was counted.
 */

/* The sanitizer's malloc has to fail as libc's does, not to abort. */
const char *__asan_default_options(void);
const char *
__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

/* The bytes of a literal, those after a NUL in it as well. */
#define LIT(text) ((struct bytes){ (text), sizeof(text) - 1 })
/* The same as an initializer. */
#define RAW(text)                                                              \
	{                                                                      \
		(text), sizeof(text) - 1                                       \
	}
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static inline unsigned
case_rc(const char *name, enum rc got, enum rc want)
{
	if (got == want)
		return 0;
	print_error("%s: rc %d, not %d\n", name, (int)got, (int)want);
	return 1;
}

static inline unsigned
case_number(const char *name, long long got, long long want)
{
	if (got == want)
		return 0;
	print_error("%s: %lld, not %lld\n", name, got, want);
	return 1;
}

static inline unsigned
case_true(const char *name, const char *what, bool holds)
{
	if (holds)
		return 0;
	print_error("%s: %s does not hold\n", name, what);
	return 1;
}

static inline unsigned
case_bytes(const char *name, struct bytes got, struct bytes want)
{
	if (got.len == want.len &&
	    (got.len == 0 || memcmp(got.data, want.data, got.len) == 0))
		return 0;
	print_error("%s: <%.*s>, not <%.*s>\n", name, (int)got.len,
	    got.len > 0 ? got.data : "", (int)want.len,
	    want.len > 0 ? want.data : "");
	return 1;
}

static inline unsigned
case_text(const char *name, const char *got, const char *want)
{
	if (got == NULL) {
		print_error("%s: no text\n", name);
		return 1;
	}
	return case_bytes(name, (struct bytes){ got, strlen(got) },
	    (struct bytes){ want, strlen(want) });
}

/* Whether text stands somewhere in bytes. */
static inline bool
holds_text(struct bytes bytes, const char *text)
{
	return bytes.len > 0 &&
	    memmem(bytes.data, bytes.len, text, strlen(text)) != NULL;
}

static inline bool
is_under_valgrind(void)
{
	const char *preload = getenv("LD_PRELOAD");

	return preload != NULL && strstr(preload, "vgpreload") != NULL;
}

#endif
