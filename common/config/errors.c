/* SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config/errors.h"

enum {
	ERROR_TEXT = 1024, /* longer ones are cut */
	ERROR_LAST = 64,   /* kept free for the count of lost ones */
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
	return list->len > 0 &&
	    memmem(list->data, list->len, line->data, line->len) != NULL;
}

static bool
fits(const struct buf *list, const struct buf *line)
{
	return list->max == 0 ||
	    list->len + line->len + ERROR_LAST <= list->max;
}

void
conf_error_list(struct conf_errors *errors, unsigned line, const char *format,
    va_list arguments)
{
	char text[ERROR_TEXT];
	struct buf whole = { 0 };

	vsnprintf(text, sizeof text, format, arguments);
	blank_controls(text);
	errors->n++;
	if (print(&whole, errors->file, line, text) == RC_OK &&
	    has(errors->into, &whole)) {
		buf_free(&whole);
		return;
	}
	if (whole.len == 0 || !fits(errors->into, &whole) ||
	    buf_add(errors->into, buf_view(&whole)) != RC_OK)
		errors->lost++;
	buf_free(&whole);
}

void
conf_error(struct conf_errors *errors, unsigned line, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	conf_error_list(errors, line, format, arguments);
	va_end(arguments);
}

enum rc
conf_errors_end(struct conf_errors *errors)
{
	/* Where even this does not fit, the caller's rc still says it. */
	if (errors->lost > 0)
		(void)buf_printf(errors->into, "%zu more did not fit here\n",
		    errors->lost);
	return errors->n > 0 ? RC_CONFIG : RC_OK;
}
