/* SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "print.h"

#include "conf.h"
#include "words.h"

enum { SAFE = 5 };	/* a byte made safe, and its NUL */

struct unit {
	uint64_t size;
	const char *name;
};

static const struct unit durations[] = {{24 * 60 * 60 * 1000, "d"},
    {60 * 60 * 1000, "h"}, {60 * 1000, "m"}, {1000, "s"}, {1, "ms"}};

static const struct unit sizes[] = {
    {1 << 30, "G"}, {1 << 20, "M"}, {1 << 10, "K"}, {1, ""}};

/* The last unit is 1 and always fits. */
static enum rc
print_units(uint64_t value, const struct unit *units, struct buf *into)
{
	while (value == 0 ? units->size != 1 : value % units->size != 0)
		units++;
	return buf_printf(into, "%llu%s",
	    (unsigned long long)(value / units->size), units->name);
}

static void
print_row(const char *const *row, const int *widths, size_t columns)
{
	for (size_t i = 0; i < columns; i++) {
		const char *cell = row[i][0] == '\0' ? "-" : row[i];

		if (i + 1 < columns)
			printf("%-*s  ", widths[i], cell);
		else
			printf("%s\n", cell);
	}
}

static const char *
make_safe(char c, char into[SAFE])
{
	bool printable = c >= ' ' && c <= '~';

	snprintf(into, SAFE, printable ? "%c" : "\\x%02x",
	    (unsigned char)c);
	return into;
}

void
print_field(const char *label, const char *format, ...)
{
	va_list arguments;

	printf("  %-12s ", label);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
}

void
print_table(const char *const *cells, size_t columns, size_t rows)
{
	enum { COLUMNS = 16 };
	int widths[COLUMNS] = {0};

	if (columns > COLUMNS)
		columns = COLUMNS;
	for (size_t i = 0; i < rows * columns; i++) {
		int width = (int)strlen(cells[i]);

		if (width > widths[i % columns])
			widths[i % columns] = width;
	}
	for (size_t i = 0; i < rows; i++)
		print_row(cells + i * columns, widths, columns);
}

void
print_safe(struct bytes bytes)
{
	char safe[SAFE];

	for (size_t i = 0; i < bytes.len; i++)
		fputs(make_safe(bytes.data[i], safe), stdout);
}

const char *
print_clean(struct pool *pool, const char *text)
{
	char *clean = pool_alloc(pool, strlen(text) + 1, SAFE - 1);
	char *end = clean;

	if (clean == NULL)
		return NULL;
	for (; *text != '\0'; text++) {
		make_safe(*text, end);
		end += strlen(end);
	}
	return clean;
}

enum rc
print_words(const char *const *words, struct buf *into)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && words[i] != NULL; i++) {
		if (i > 0)
			rc = buf_char(into, ' ');
		if (rc == RC_OK)
			rc = words_print(words[i], into);
	}
	return rc;
}

enum rc
print_duration(int64_t milliseconds, struct buf *into)
{
	return print_units((uint64_t)milliseconds, durations, into);
}

enum rc
print_size(size_t bytes, struct buf *into)
{
	return print_units(bytes, sizes, into);
}

static enum rc
print_where(const struct conf_where *where, struct buf *into)
{
	const char *words[] = {"where", where->pointer, where->glob, NULL};
	enum rc rc = print_words(words, into);

	return rc == RC_OK ? buf_char(into, ' ') : rc;
}

static enum rc
print_action(const struct conf_rule *rule, struct buf *into)
{
	enum rc rc;

	if (rule->command == NULL)
		return buf_text(into, "ignore");
	rc = buf_text(into, rule->also ? "also run " : "run ");
	return rc == RC_OK ? print_words(rule->command, into) : rc;
}

enum rc
print_rule(const struct conf_rule *rule, struct buf *into)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < rule->events_len; i++) {
		rc = words_print(rule->events[i], into);
		if (rc == RC_OK)
			rc = buf_char(into, ' ');
	}
	for (size_t i = 0; rc == RC_OK && i < rule->where_len; i++)
		rc = print_where(&rule->where[i], into);
	return rc == RC_OK ? print_action(rule, into) : rc;
}
