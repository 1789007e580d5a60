/* SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config/errors.h"

enum {
	ERROR_TEXT = 1024,	/* longer ones are cut */
	ERROR_LAST = 64	/* kept free for the count of lost ones */
};

static enum rc
print(struct buf *into, const char *file, unsigned line, const char *text)
{
	if (line == 0)
		return buf_printf(into, "%s: %s\n", file, text);
	return buf_printf(into, "%s:%u: %s\n", file, line, text);
}

static void
blank_controls(char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == '\177')
			*text = '?';
}

static bool
has(const struct buf *list, const struct buf *line)
{
	return list->len > 0 && memmem(list->data, list->len, line->data,
	    line->len) != NULL;
}

static bool
fits(const struct buf *list, const struct buf *line)
{
	return list->max == 0 ||
	    list->len + line->len + ERROR_LAST <= list->max;
}

void
conf_error(struct conf_errors *complaints, unsigned line,
    const char *format, ...)
{
	char text[ERROR_TEXT];
	struct buf whole = {0};
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	blank_controls(text);
	complaints->n++;
	if (print(&whole, complaints->file, line, text) == RC_OK &&
	    has(complaints->into, &whole)) {
		buf_free(&whole);
		return;
	}
	if (whole.len == 0 || !fits(complaints->into, &whole) ||
	    buf_add(complaints->into, buf_view(&whole)) != RC_OK)
		complaints->lost++;
	buf_free(&whole);
}

enum rc
conf_errors_end(struct conf_errors *complaints)
{
	/* Where even this does not fit, the caller's rc still says it. */
	if (complaints->lost > 0)
		(void)buf_printf(complaints->into,
		    "%zu more did not fit here\n", complaints->lost);
	return complaints->n > 0 ? RC_CONFIG : RC_OK;
}
