/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "stats_runners.h"

#include "base/json_writer.h"
#include "print.h"

static const char *const heading[] = { "RUNNER", "MACHINE", "PID", "HOOKS" };

enum { COLUMNS = sizeof(heading) / sizeof(heading[0]) };

static enum rc
add(void *context, const struct journal_runner *runner)
{
	struct stats_runners *runners = context;
	struct journal_runner *next = pool_next(&runners->pool, &runners->list,
	    runners->n);
	struct journal_runner copy = *runner;

	copy.machine = pool_text(&runners->pool, runner->machine);
	copy.hooks = pool_text(&runners->pool, runner->hooks);
	if (next == NULL || copy.machine == NULL || copy.hooks == NULL)
		return RC_MEMORY;
	*next = copy;
	runners->n++;
	if (strcmp(copy.hooks, runners->list[0].hooks) != 0)
		runners->differ = true;
	return RC_OK;
}

enum rc
stats_runners_gather(struct stats_runners *runners, struct journal *journal)
{
	runners->shared = journal != NULL && journal_is_shared(journal);
	return runners->shared ? journal_runners(journal, add, runners) : RC_OK;
}

/* Of a digest its beginning tells enough. */
static enum rc
fill_row(struct stats_runners *runners, const struct journal_runner *runner,
    const char **cells)
{
	struct pool *pool = &runners->pool;

	cells[0] = pool_printf(pool, "%lld", (long long)runner->number);
	cells[1] = runner->machine;
	cells[2] = pool_printf(pool, "%lld", (long long)runner->pid);
	cells[3] = pool_printf(pool, "%.8s", runner->hooks);
	return cells[0] == NULL || cells[2] == NULL || cells[3] == NULL ?
	    RC_MEMORY :
	    RC_OK;
}

enum rc
stats_runners_table(struct stats_runners *runners)
{
	const char **cells;
	enum rc rc = RC_OK;

	if (!runners->differ)
		return RC_OK;
	cells = pool_alloc(&runners->pool, (runners->n + 1) * COLUMNS,
	    sizeof(*cells));
	if (cells == NULL)
		return RC_MEMORY;
	memcpy(cells, heading, sizeof(heading));
	for (size_t i = 0; rc == RC_OK && i < runners->n; i++)
		rc = fill_row(runners, &runners->list[i],
		    cells + (i + 1) * COLUMNS);
	if (rc != RC_OK)
		return rc;
	print_line("%s", "");
	print_line("%s",
	    "The hooks of runners differ: until they are the same, what no "
	    "line takes stays queued.");
	print_table(cells, COLUMNS, runners->n + 1);
	return RC_OK;
}

void
stats_runners_json(const struct stats_runners *runners, struct json *json)
{
	if (!runners->shared)
		return;
	json_bool(json, "hooks_differ", runners->differ);
	json_open(json, "runners", '[');
	for (size_t i = 0; i < runners->n; i++) {
		const struct journal_runner *runner = &runners->list[i];

		json_open(json, NULL, '{');
		json_number(json, "runner", runner->number);
		json_text(json, "machine", runner->machine);
		json_number(json, "pid", runner->pid);
		json_text(json, "hooks", runner->hooks);
		json_close(json, '}');
	}
	json_close(json, ']');
}
