/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "subcommands.h"

#include "base/pool.h"
#include "event/catalog.h"
#include "print.h"

static const char *const heading[] = { "EVENT", "RUN STATUS", "OUTCOME",
	"CAUSE", "WHEN" };

enum { COLUMNS = sizeof(heading) / sizeof(heading[0]), ROWS_MAX = 64 };

/* A table of the catalog, as far as it was filled. */
struct table {
	const char *cells[ROWS_MAX * COLUMNS];
	size_t rows;
	struct pool pool;
};

static void
fill_row(const char **cells, const struct catalog_row *row)
{
	cells[0] = row->name;
	cells[1] = row->run_status;
	/* Such a run has a status, though it is none of the others'. */
	if (row->run_status[0] == '\0' && strcmp(row->kind, "pipeline") == 0)
		cells[1] = "(unexpected)";
	cells[2] = row->outcome;
	cells[3] = row->cause;
	cells[4] = row->description;
}

static void
add_rows(struct table *table, const struct catalog_row *row, size_t n)
{
	for (size_t i = 0; i < n && table->rows < ROWS_MAX; i++)
		fill_row(table->cells + table->rows++ * COLUMNS, row + i);
}

/* Those that nobody sends say so. */
static enum rc
add_own(struct table *table)
{
	size_t n, first = table->rows;
	const struct catalog_row *row = catalog_watch_rows(&n);

	add_rows(table, row, n);
	for (size_t i = first; i < table->rows; i++) {
		const char **cell = &table->cells[(i + 1) * COLUMNS - 1];

		*cell = pool_printf(&table->pool, "pelihook's own: %s", *cell);
		if (*cell == NULL)
			return RC_MEMORY;
	}
	return RC_OK;
}

enum rc
subcommand_events(struct session *session, char **operands, size_t n)
{
	struct table table = { .rows = 1 };
	size_t rows;
	const struct catalog_row *row = catalog_rows(&rows);
	enum rc rc;

	(void)session;
	(void)operands;
	(void)n;
	memcpy(table.cells, heading, sizeof(heading));
	add_rows(&table, row, rows);
	rc = add_own(&table);
	if (rc == RC_OK)
		print_table(table.cells, COLUMNS, table.rows);
	pool_free(&table.pool);
	return rc;
}
