/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "subcommands.h"

#include "event/catalog.h"
#include "print.h"

static const char *const heading[] = { "EVENT", "RUN STATUS", "OUTCOME",
	"CAUSE", "WHEN" };

enum { COLUMNS = sizeof(heading) / sizeof(heading[0]), ROWS_MAX = 64 };

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

enum rc
subcommand_events(struct session *session, char **operands, size_t n)
{
	const char *cells[ROWS_MAX * COLUMNS];
	size_t rows;
	const struct catalog_row *row = catalog_rows(&rows);

	(void)session;
	(void)operands;
	(void)n;
	memcpy(cells, heading, sizeof(heading));
	for (size_t i = 0; i < rows && i + 1 < ROWS_MAX; i++)
		fill_row(cells + (i + 1) * COLUMNS, row + i);
	print_table(cells, COLUMNS, rows + 1);
	return RC_OK;
}
