/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "base/moment.h"

#include "base/bytes.h"
#include "base/timestamp.h"
#include "base/units.h"

enum {
	DATE = 10,    /* 2026-11-30 */
	MINUTES = 16, /* 2026-11-30T16:24, as datetime-local of HTML gives it */
	SECONDS = 19,
};

/* What a date, or a time without its zone, leaves out. */
static enum rc
parse_short(const char *text, int64_t *wall)
{
	char whole[TIMESTAMP_SIZE];
	size_t len = strlen(text);
	const char *rest = len == DATE ? "T00:00:00Z" :
	    len == MINUTES	       ? ":00Z" :
	    len == SECONDS	       ? "Z" :
					 NULL;

	if (rest == NULL)
		return RC_SYNTAX;
	snprintf(whole, sizeof(whole), "%s%s", text, rest);
	return timestamp_parse(bytes_of(whole), wall);
}

enum rc
moment_parse(const char *text, int64_t now, int64_t *wall)
{
	int64_t back;

	if (timestamp_parse(bytes_of(text), wall) == RC_OK ||
	    parse_short(text, wall) == RC_OK)
		return RC_OK;
	if (units_age(text, &back) != RC_OK)
		return RC_SYNTAX;
	*wall = now - back;
	return RC_OK;
}
