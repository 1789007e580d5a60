/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/units.h"

/* Each is a multiple of the one before; a first one of 1 is always exact. */
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

static const struct unit weeks[] = {
	{ "w", 7ull * 24 * 60 * 60 * 1000 },
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
	rc = bytes_number((struct bytes){ word, digits }, max / units->factor,
	    &number);
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
units_age(const char *word, int64_t *out)
{
	unsigned long long value = 0;
	enum rc rc = measure(word, weeks, INT64_MAX, &value);

	if (rc == RC_SYNTAX)
		return units_duration(word, out);
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

static enum rc
print(unsigned long long value, const struct unit *units, struct buf *into)
{
	const struct unit *exact = units;

	for (; value > 0 && units->name != NULL; units++)
		if (value % units->factor == 0)
			exact = units;
	return buf_printf(into, "%llu%s", value / exact->factor, exact->name);
}

enum rc
units_print_duration(int64_t milliseconds, struct buf *into)
{
	return print((unsigned long long)milliseconds, durations, into);
}

enum rc
units_print_size(size_t bytes, struct buf *into)
{
	return print(bytes, sizes, into);
}

enum rc
units_print_age(int64_t milliseconds, struct buf *into)
{
	enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR };
	long long s = (long long)(milliseconds / 1000);

	if (s < MINUTE)
		return buf_printf(into, "%llds", s);
	if (s < HOUR)
		return buf_printf(into, "%lldm%llds", s / MINUTE, s % MINUTE);
	if (s < DAY)
		return buf_printf(into, "%lldh%lldm", s / HOUR,
		    s % HOUR / MINUTE);
	return buf_printf(into, "%lldd%lldh", s / DAY, s % DAY / HOUR);
}
