/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/units.h"

#include "base/bytes.h"

struct unit {
	const char *name;
	unsigned long long factor;
};

static const struct unit durations[] = {
	{ "ms", 1 },
	{ "s", 1000 },
	{ "m", 60 * 1000 },
	{ "h", 60 * 60 * 1000 },
	{ "d", 24 * 60 * 60 * 1000 },
	{ NULL, 0 },
};

static const struct unit sizes[] = {
	{ "", 1 },
	{ "K", 1024 },
	{ "M", 1024 * 1024 },
	{ "G", 1024 * 1024 * 1024 },
	{ NULL, 0 },
};

/* Digits and one of the units: their product. */
static enum rc
measure(const char *word, const struct unit *units, unsigned long long max,
    unsigned long long *out)
{
	size_t digits = strspn(word, "0123456789");
	unsigned long long number = 0;
	enum rc rc;

	while (units->name != NULL && strcmp(units->name, word + digits) != 0)
		units++;
	if (units->name == NULL)
		return RC_SYNTAX;
	rc = bytes_number((struct bytes){ word, digits },
	    max / units->factor, &number);
	if (rc == RC_OK)
		*out = number * units->factor;
	return rc;
}

enum rc
units_duration(const char *word, int64_t *out)
{
	unsigned long long value = 0;
	enum rc rc = measure(word, durations, INT64_MAX, &value);

	if (rc == RC_OK)
		*out = (int64_t)value;
	return rc;
}

enum rc
units_size(const char *word, size_t *out)
{
	unsigned long long value = 0;
	enum rc rc = measure(word, sizes, SIZE_MAX, &value);

	if (rc == RC_OK)
		*out = (size_t)value;
	return rc;
}
