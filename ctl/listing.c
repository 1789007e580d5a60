/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "listing.h"

#include "base/clock.h"
#include "print.h"
#include "report.h"
#include "session.h"

static const void *
row_at(const struct listing *listing, const void *rows, size_t i)
{
	return (const char *)rows + i * listing->size;
}

enum rc
listing_add(struct listing_part *part, const void *row)
{
	char *rows = pool_grow(&part->pool, part->rows, part->n, part->size);

	if (rows == NULL)
		return RC_MEMORY;
	memcpy(rows + part->n++ * part->size, row, part->size);
	part->rows = rows;
	return RC_OK;
}

/* Each part has its heading: its columns have widths of their own. */
static enum rc
print_in_columns(const struct listing *listing, struct pool *pool,
    const void *rows, size_t n)
{
	size_t columns = listing->columns;
	const char **cells = pool_alloc(pool, (n + 1) * columns,
	    sizeof(*cells));
	bool *left_out = pool_alloc(pool, columns, sizeof(*left_out));

	if (cells == NULL || left_out == NULL)
		return RC_MEMORY;
	memcpy(cells, listing->heading, columns * sizeof(*cells));
	for (size_t i = 0; i < n; i++)
		listing->fill(listing, pool, row_at(listing, rows, i),
		    cells + (i + 1) * columns);
	for (size_t i = 0; i < (n + 1) * columns; i++)
		if (cells[i] == NULL)
			return RC_MEMORY;
	listing->leave_out(listing, rows, n, left_out);
	print_columns(cells, columns, n + 1, left_out);
	return RC_OK;
}

static enum rc
write_objects(struct listing *listing, const void *rows, size_t n)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < n; i++) {
		rc = listing->object(listing, row_at(listing, rows, i));
		if (rc == RC_CORRUPT) {
			listing->damaged = true;
			rc = RC_OK;
		}
	}
	return rc;
}

enum rc
listing_print(struct listing *listing, struct pool *pool, const void *rows,
    size_t n)
{
	enum rc rc = RC_OK;

	if (listing->session->json)
		rc = write_objects(listing, rows, n);
	else if (n > 0)
		rc = print_in_columns(listing, pool, rows, n);
	/* Stop when the reader has gone away. */
	if (rc == RC_OK && fflush(stdout) == EOF)
		return RC_SHORT;
	return rc;
}

/* One part, after the row where the one before it ended. */
static enum rc
read_part(struct listing *listing, struct listing_part *part, const void *after,
    int64_t limit)
{
	enum rc rc;

	*part = (struct listing_part){ .size = listing->size };
	listing->now = clock_wall() + listing->ahead;
	rc = listing->read(listing, part, after,
	    limit < LISTING_PART ? limit : LISTING_PART);
	if (rc != RC_CORRUPT)
		return rc;
	listing->damaged = true;
	return RC_OK;
}

/* The part after another one; *left is how many there may be. */
static enum rc
list_part(struct listing *listing, struct listing_part *part,
    const struct listing_part *before, int64_t *left)
{
	const void *after = before->n == 0 ?
	    NULL :
	    row_at(listing, before->rows, before->n - 1);
	enum rc rc = read_part(listing, part, after, *left);

	*left -= (int64_t)part->n;
	if (rc != RC_OK)
		return rc;
	return listing_print(listing, &part->pool, part->rows, part->n);
}

/* Where the last row of a part tells where the next one begins, it has to live
 * as long. */
static enum rc
list_all(struct listing *listing, bool *found)
{
	struct listing_part parts[2] = { 0 };
	struct listing_part *part;
	int64_t left = listing->session->filter.limit;
	size_t turn = 0;
	enum rc rc;

	do {
		part = &parts[turn++ % 2];
		pool_free(&part->pool);
		rc = list_part(listing, part, &parts[turn % 2], &left);
		*found = *found || part->n > 0;
	} while (rc == RC_OK && part->n == LISTING_PART && left > 0);
	pool_free(&parts[0].pool);
	pool_free(&parts[1].pool);
	return rc;
}

/* One more than are shown tells whether there are any. */
static enum rc
list_newest(struct listing *listing, bool *found)
{
	struct listing_part part;
	enum rc rc = read_part(listing, &part, NULL, REPORT_ON_A_TERMINAL + 1);
	bool more = part.n > REPORT_ON_A_TERMINAL;

	*found = part.n > 0;
	if (rc == RC_OK)
		rc = listing_print(listing, &part.pool, part.rows,
		    more ? REPORT_ON_A_TERMINAL : part.n);
	if (rc == RC_OK && more)
		print_note("",
		    "the newest %d are shown: --limit N shows more, %s choose",
		    REPORT_ON_A_TERMINAL, listing->choices);
	pool_free(&part.pool);
	return rc;
}

enum rc
listing_end(const struct listing *listing, bool found)
{
	if (listing->damaged)
		return report_damage(listing->session);
	return found ? RC_OK : report_nothing_found(listing->session);
}

enum rc
listing_run(struct listing *listing)
{
	bool found = false;
	enum rc rc = RC_OK;

	if (listing->journal != NULL)
		rc = report_is_shortened(listing->session) ?
		    list_newest(listing, &found) :
		    list_all(listing, &found);
	return rc == RC_OK ? listing_end(listing, found) : rc;
}
