/* SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "print.h"

#include "base/buf.h"
#include "base/pool.h"
#include "base/timestamp.h"
#include "base/units.h"
#include "base/utf8.h"

enum {
	SAFE = 5,    /* a byte made safe, and its NUL */
	LINE = 1024, /* of a line, without taking memory */
	WIDTH = 79,  /* of a line that is wrapped */
};

/* As ferror(3) is of a stream: a line was left out. */
static bool incomplete;

static const char *
make_safe(char c, char into[SAFE])
{
	bool printable = c >= ' ' && c <= '~';

	snprintf(into, SAFE, printable ? "%c" : "\\x%02x", (unsigned char)c);
	return into;
}

/* In characters, which is near enough for a table. */
static size_t
safe_width(struct bytes text)
{
	size_t width = 0;
	size_t n;

	for (; text.len > 0; text = bytes_skip(text, n)) {
		n = utf8_printable(text);
		width += n > 0 ? 1 : SAFE - 1;
		n = n > 0 ? n : 1;
	}
	return width;
}

static void
write_safe(FILE *to, struct bytes text)
{
	char safe[SAFE];
	size_t n;

	for (; text.len > 0; text = bytes_skip(text, n)) {
		n = utf8_printable(text);
		if (n > 0)
			fwrite(text.data, 1, n, to);
		else
			fputs(make_safe(text.data[0], safe), to);
		n = n > 0 ? n : 1;
	}
}

static void
write_long_line(FILE *to, const char *format, va_list arguments)
{
	char *text = NULL;

	if (vasprintf(&text, format, arguments) < 0) {
		text = NULL;
		incomplete = true;
	}
	write_safe(to, bytes_of(text == NULL ? "(out of memory)" : text));
	free(text);
}

static void
write_line(FILE *to, const char *format, va_list arguments)
{
	char text[LINE];
	va_list again;
	int n;

	va_copy(again, arguments);
	n = vsnprintf(text, sizeof(text), format, again);
	va_end(again);
	if (n >= 0 && n < LINE)
		write_safe(to, (struct bytes){ text, (size_t)n });
	else
		write_long_line(to, format, arguments);
	putc('\n', to);
}

bool
print_is_complete(void)
{
	return !incomplete;
}

static void
print_row(const char *const *row, const size_t *widths, size_t columns)
{
	for (size_t i = 0; i < columns; i++) {
		struct bytes cell = bytes_of(row[i][0] == '\0' ? "-" : row[i]);
		size_t width = safe_width(cell);

		write_safe(stdout, cell);
		for (; i + 1 < columns && width < widths[i] + 2; width++)
			putchar(' ');
	}
	putchar('\n');
}

void
print_line(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_line(stdout, format, arguments);
	va_end(arguments);
}

void
print_field(const char *label, const char *format, ...)
{
	va_list arguments;

	printf("  %-12s ", label);
	va_start(arguments, format);
	write_line(stdout, format, arguments);
	va_end(arguments);
}

void
print_note_list(const char *prefix, const char *format, va_list arguments)
{
	fputs(prefix, stderr);
	write_line(stderr, format, arguments);
}

void
print_note(const char *prefix, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print_note_list(prefix, format, arguments);
	va_end(arguments);
}

/* Without the last line's end, which is not a line more. */
static struct bytes
without_end(struct bytes text)
{
	if (text.len > 0 && text.data[text.len - 1] == '\n')
		text.len--;
	return text.len == 0 ? (struct bytes){ 0 } : text;
}

void
print_lines(FILE *to, const char *prefix, struct bytes text)
{
	struct bytes line;

	text = without_end(text);
	while (bytes_split(&text, "\n", &line)) {
		fputs(prefix, to);
		write_safe(to, line);
		putc('\n', to);
	}
}

void
print_table(const char *const *cells, size_t columns, size_t rows)
{
	enum { COLUMNS = 16 };
	size_t widths[COLUMNS] = { 1 };

	if (columns > COLUMNS)
		columns = COLUMNS;
	for (size_t i = 0; i < rows * columns; i++) {
		size_t width = safe_width(bytes_of(cells[i]));

		if (width > widths[i % columns])
			widths[i % columns] = width;
	}
	for (size_t i = 0; i < rows; i++)
		print_row(cells + i * columns, widths, columns);
}

void
print_columns(const char **cells, size_t columns, size_t rows,
    const bool *left_out)
{
	size_t n = 0, left = 0;

	for (size_t i = 0; i < columns; i++)
		left += left_out[i] ? 0 : 1;
	for (size_t i = 0; i < rows * columns; i++)
		if (!left_out[i % columns])
			cells[n++] = cells[i];
	print_table(cells, left, rows);
}

const char *
print_moment(struct pool *pool, int64_t wall)
{
	char time[TIMESTAMP_SIZE];

	if (wall == 0)
		return "";
	timestamp_print(wall, time);
	return pool_printf(pool, "%.19sZ", time);
}

const char *
print_age(struct pool *pool, int64_t age)
{
	struct buf text = { 0 };
	const char *cell = NULL;

	if (units_print_age(age, &text) == RC_OK)
		cell = pool_copy(pool, buf_view(&text));
	buf_free(&text);
	return cell;
}

void
print_piece(struct print_wrap *wrap, struct bytes piece)
{
	size_t width = safe_width(piece);
	bool first = wrap->column == 0 || wrap->column == wrap->indent;

	if (!first && wrap->column + 1 + width > WIDTH) {
		fprintf(wrap->to, "\n%*s", (int)wrap->indent, "");
		wrap->column = wrap->indent;
		first = true;
	}
	if (!first)
		putc(' ', wrap->to);
	write_safe(wrap->to, piece);
	wrap->column += width + (first ? 0 : 1);
}

void
print_wrap_end(struct print_wrap *wrap)
{
	putc('\n', wrap->to);
	wrap->column = 0;
}

void
print_entry(const char *label, const char *text)
{
	enum { TEXT = 18 };
	struct print_wrap wrap = { .to = stdout, .indent = TEXT };
	struct bytes rest = bytes_of(text);
	struct bytes word;
	int n = printf("  %-*s", TEXT - 2, label);

	/* A long label has its text below. */
	if (n < 0 || n > TEXT)
		printf("\n%*s", TEXT, "");
	wrap.column = TEXT;
	while (bytes_split(&rest, " ", &word))
		print_piece(&wrap, word);
	print_wrap_end(&wrap);
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

/* Tabs are for people, and harmless. */
static void
print_tabbed(struct bytes line)
{
	const char *between = "";
	struct bytes part;

	while (bytes_split(&line, "\t", &part)) {
		fputs(between, stdout);
		write_safe(stdout, part);
		between = "\t";
	}
	putchar('\n');
}

void
print_bytes(struct bytes bytes)
{
	struct bytes line;

	if (!isatty(STDOUT_FILENO)) {
		print_exact(bytes);
		return;
	}
	bytes = without_end(bytes);
	while (bytes_split(&bytes, "\n", &line))
		print_tabbed(line);
}

void
print_exact(struct bytes bytes)
{
	if (bytes.len > 0)
		fwrite(bytes.data, 1, bytes.len, stdout);
}

enum rc
print_object(struct buf *text)
{
	enum rc rc = text->rc;

	if (rc == RC_OK) {
		print_exact(buf_view(text));
		putchar('\n');
	}
	buf_free(text);
	return rc;
}
