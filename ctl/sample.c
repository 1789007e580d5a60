/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "subcommands.h"

#include "base/buf.h"
#include "base/json_string.h"
#include "event/catalog.h"
#include "complain.h"
#include "print.h"
#include "sample_watch.h"

/*
 * The field names are made up: what the sender's really are is not known.
 * The times are fixed, so that a sample is the same bytes every time.
 */
static const char sample_head[] =
    "{\n"
    "  \"note\": \"an illustration by pelihookctl: the sender's own field "
    "names may differ\",\n"
    "  \"event\": \"%s\",\n"
    "  \"sent_at\": \"2026-01-02T03:04:05Z\",\n";

static const char sample_pipeline[] =
    "  \"pipeline\": {\n"
    "    \"id\": 1234,\n"
    "    \"name\": \"CRM to warehouse\"\n"
    "  },\n"
    "  \"run\": {\n"
    "    \"id\": \"5b1f9c1e-0000-4000-8000-000000000001\",\n"
    "    \"status\": \"%s\",\n"
    "    \"detail\": \"%s\"\n"
    "  }\n"
    "}\n";

static const char sample_connection[] = "  \"connection\": {\n"
					"    \"id\": 567,\n"
					"    \"name\": \"CRM\",\n"
					"    \"detail\": \"%s\"\n"
					"  }\n"
					"}\n";

/* Those that hold a word, after others; how many. */
static size_t
print_names(const struct catalog_row *row, size_t rows, const char *word,
    size_t before)
{
	size_t found = before;

	for (size_t i = 0; i < rows && word[0] != '\0'; i++) {
		if (strstr(row[i].name, word) == NULL)
			continue;
		print_note(found++ == 0 ? "did you mean\n  " : "  ", "%s",
		    row[i].name);
	}
	return found;
}

/* `sample killed` is told the names that hold the word. */
static void
hint(const char *name)
{
	size_t rows, found;
	const struct catalog_row *row = catalog_rows(&rows);

	found = print_names(row, rows, name, 0);
	row = catalog_watch_rows(&rows);
	found = print_names(row, rows, name, found);
	if (found == 0)
		print_note("", "`pelihookctl events` lists them");
}

static enum rc
print_sample(const struct catalog_row *row)
{
	struct buf detail = { 0 }, text = { 0 };
	const char *status = row->run_status[0] == '\0' ? "UNEXPECTED" :
							  row->run_status;
	enum rc rc = json_string_add(bytes_of(row->description), &detail);

	if (rc == RC_OK)
		rc = buf_printf(&text, sample_head, row->name);
	if (rc == RC_OK && strcmp(row->kind, "connection") == 0)
		rc = buf_printf(&text, sample_connection, detail.data);
	else if (rc == RC_OK)
		rc = buf_printf(&text, sample_pipeline, status, detail.data);
	if (rc == RC_OK)
		print_bytes(buf_view(&text));
	buf_free(&text);
	buf_free(&detail);
	return rc;
}

enum rc
subcommand_sample(struct session *session, char **operands, size_t n)
{
	const struct catalog_row *row = catalog_find(bytes_of(operands[0]));
	enum rc rc;

	(void)session;
	(void)n;
	if (row != NULL)
		return print_sample(row);
	rc = sample_watch(operands[0]);
	if (rc != RC_MISSING)
		return rc;
	complain("%s: no such event", operands[0]);
	hint(operands[0]);
	return RC_SYNTAX;
}
