/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "base/timestamp.h"

/* n digits and what follows them. */
static char *
print_digits(char *at, unsigned value, size_t n, char after)
{
	at[n] = after;
	for (size_t i = n; i > 0; i--, value /= 10)
		at[i - 1] = (char)('0' + value % 10);
	return at + n + 1;
}

/* Not by strftime(3), which looks after /etc/localtime in each call. */
void
timestamp_print(int64_t wall, char into[TIMESTAMP_SIZE])
{
	unsigned thousandths = (unsigned)((wall % 1000 + 1000) % 1000);
	time_t seconds = (time_t)((wall - thousandths) / 1000);
	struct tm tm = { 0 };

	gmtime_r(&seconds, &tm);
	into = print_digits(into, (unsigned)(tm.tm_year + 1900), 4, '-');
	into = print_digits(into, (unsigned)tm.tm_mon + 1, 2, '-');
	into = print_digits(into, (unsigned)tm.tm_mday, 2, 'T');
	into = print_digits(into, (unsigned)tm.tm_hour, 2, ':');
	into = print_digits(into, (unsigned)tm.tm_min, 2, ':');
	into = print_digits(into, (unsigned)tm.tm_sec, 2, '.');
	into = print_digits(into, thousandths, 3, 'Z');
	*into = '\0';
}

/* n digits at the start of *text, cut off; false where there are fewer. */
static bool
time_digits(struct bytes *text, size_t n, int *out)
{
	unsigned long long value;

	if (text->len < n ||
	    bytes_number((struct bytes){ text->data, n }, 9999, &value))
		return false;
	*text = bytes_skip(*text, n);
	*out = (int)value;
	return true;
}

static bool
time_char(struct bytes *text, const char *any)
{
	if (text->len == 0 || text->data[0] == '\0' ||
	    strchr(any, text->data[0]) == NULL)
		return false;
	*text = bytes_skip(*text, 1);
	return true;
}

static bool
time_day(struct bytes *text, struct tm *tm)
{
	return time_digits(text, 4, &tm->tm_year) && time_char(text, "-") &&
	    time_digits(text, 2, &tm->tm_mon) && time_char(text, "-") &&
	    time_digits(text, 2, &tm->tm_mday);
}

static bool
time_clock(struct bytes *text, struct tm *tm)
{
	return time_digits(text, 2, &tm->tm_hour) && time_char(text, ":") &&
	    time_digits(text, 2, &tm->tm_min) && time_char(text, ":") &&
	    time_digits(text, 2, &tm->tm_sec);
}

static bool
time_fraction(struct bytes *text, int *thousandths)
{
	int scale = 100;
	int digit;

	*thousandths = 0;
	if (!time_char(text, "."))
		return true;
	if (!time_digits(text, 1, &digit))
		return false;
	do {
		*thousandths += digit * scale;
		scale /= 10;
	} while (time_digits(text, 1, &digit));
	return true;
}

/* Minutes east of UTC. */
static bool
time_offset(struct bytes *text, int *minutes)
{
	bool west = text->len > 0 && text->data[0] == '-';
	int h, m;

	*minutes = 0;
	if (time_char(text, "Zz"))
		return true;
	if (!time_char(text, "+-") || !time_digits(text, 2, &h) ||
	    !time_char(text, ":") || !time_digits(text, 2, &m))
		return false;
	if (h > 23 || m > 59)
		return false;
	*minutes = west ? -(h * 60 + m) : h * 60 + m;
	return true;
}

/* timegm(3) carries a 31st of April over into May; a strict reader may not. */
static bool
time_exists(const struct tm *tm)
{
	struct tm copy = *tm;

	if (tm->tm_hour > 23 || tm->tm_min > 59 || tm->tm_sec > 60)
		return false;
	copy.tm_hour = copy.tm_min = copy.tm_sec = 0;
	if (tm->tm_mon < 0 || tm->tm_mon > 11 || tm->tm_mday < 1)
		return false;
	timegm(&copy);
	return copy.tm_mday == tm->tm_mday && copy.tm_mon == tm->tm_mon;
}

enum rc
timestamp_parse(struct bytes text, int64_t *wall)
{
	struct tm tm = { 0 };
	int thousandths, minutes;

	if (!time_day(&text, &tm) || !time_char(&text, "Tt") ||
	    !time_clock(&text, &tm) || !time_fraction(&text, &thousandths) ||
	    !time_offset(&text, &minutes) || text.len != 0)
		return RC_SYNTAX;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	if (!time_exists(&tm))
		return RC_SYNTAX;
	*wall = ((int64_t)timegm(&tm) - (int64_t)minutes * 60) * 1000 +
	    thousandths;
	return RC_OK;
}
