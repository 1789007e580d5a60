/* SPDX-License-Identifier: ISC */
#include <stdint.h>
#include <string.h>

#include "base/suggest.h"

enum { SUGGEST_WORD = 64 };

static char
fold(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c == '_' ? '-' : c;
}

static size_t
smallest(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* A row of Levenshtein's table, made of the row above it. */
static void
next_row(size_t *row, char a, const char *b, size_t n)
{
	size_t diagonal = row[0];

	row[0]++;
	for (size_t i = 1; i <= n; i++) {
		size_t above = row[i];

		row[i] = smallest(above + 1, row[i - 1] + 1,
		    diagonal + (fold(a) != fold(b[i - 1])));
		diagonal = above;
	}
}

size_t
edit_distance(const char *a, const char *b)
{
	size_t row[SUGGEST_WORD + 1];
	size_t n = strlen(b);

	if (n > SUGGEST_WORD || strlen(a) > SUGGEST_WORD)
		return SIZE_MAX;
	for (size_t i = 0; i <= n; i++)
		row[i] = i;
	for (; *a != '\0'; a++)
		next_row(row, *a, b, n);
	return row[n];
}

const char *
suggest(const char *word, const char *(*item)(size_t i), size_t max)
{
	const char *nearest = NULL;
	const char *name;
	size_t distance;

	for (size_t i = 0; (name = item(i)) != NULL; i++) {
		distance = edit_distance(word, name);
		if (distance > max)
			continue;
		nearest = name;
		if (distance == 0)
			break;
		max = distance - 1;
	}
	return nearest;
}
