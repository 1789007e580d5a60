/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_MOMENT_H
#define PELIHOOK_BASE_MOMENT_H

#include <stdint.h>

#include "base/rc.h"

/* What moment_parse takes, for messages. */
#define MOMENT_FORMS                                                           \
	"a time (2026-01-02T03:04:05Z, or 2026-01-02T03:04, which is UTC), a " \
	"date (2026-01-02, from 00:00 UTC on) or an age, which goes back "     \
	"from now (90s, 15m, 12h, 7d, 2w)"

/*
 * A time as people type it, and as a browser's form sends it: an RFC 3339
 * date-time, also without its seconds or its zone, which is UTC then; a date;
 * or an age that goes back from now.  Milliseconds since 1970.  RC_SYNTAX.
 */
enum rc moment_parse(const char *text, int64_t now, int64_t *wall);

#endif
