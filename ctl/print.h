/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CTL_PRINT_H
#define PELIHOOK_CTL_PRINT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/pool.h"

/*
 * All that subcommands print goes through here, so that no text of the journal,
 * the configuration, a captured request or the command line does more to a
 * terminal than be read: control characters and what is no UTF-8 are
 * written \xNN, byte by byte.
 */

/* Whether all lines were printed: without memory one may be left out. */
bool print_is_complete(void);
/* A line on standard output. */
void print_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A line "  label        text". */
void print_field(const char *label, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A line on standard error, after a prefix. */
void print_note(const char *prefix, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void print_note_list(const char *prefix, const char *format, va_list arguments);
/* A text of several lines, each after the prefix. */
void print_lines(FILE *to, const char *prefix, struct bytes text);
/* Rows of cells, each column as wide as its widest; empty cells as "-". */
void print_table(const char *const *cells, size_t columns, size_t rows);
/* The same without the columns that are left out: the others move together in
 * cells. */
void print_columns(const char **cells, size_t columns, size_t rows,
    const bool *left_out);
/* For cells, from the pool; NULL: no memory.  A time to the second, empty for
 * 0, which is no time; and milliseconds as of units_print_age. */
const char *print_moment(struct pool *pool, int64_t wall);
const char *print_age(struct pool *pool, int64_t age);
/* A text made safe and ASCII, from the pool.  NULL: no memory. */
const char *print_clean(struct pool *pool, const char *text);
/* Pieces of one line, which goes on under its beginning where it gets too long;
 * of zeroes but for these two. */
struct print_wrap {
	FILE *to;
	size_t indent; /* of the lines that follow */
	size_t column; /* where it is */
};

/* A piece, which is not cut, after a blank. */
void print_piece(struct print_wrap *wrap, struct bytes piece);
void print_wrap_end(struct print_wrap *wrap);
/* What a word to be typed means, beside it: "  label         text". */
void print_entry(const char *label, const char *text);
/* Bytes as they are, for a program or a file; to a terminal as lines. */
void print_bytes(struct bytes bytes);
/* A part of what a program reads, made safe by its writer. */
void print_exact(struct bytes bytes);
/* What a json wrote, as a line, and frees it; where something of it is missing
 * there is no line, but its error. */
enum rc print_object(struct buf *text);

#endif
