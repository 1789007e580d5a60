/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "event/catalog.h"

#include "base/suggest.h"

#define ROW_PIPELINE "pipeline"
#define ROW_CONNECTION "connection"

enum {
	FOUND_NAME = 64, /* most bytes of a name that was found */
	NEAR = 3,	 /* how far a group may be from the one that is meant */
};

static const struct catalog_row rows[] = {
	{ "connection_added", ROW_CONNECTION, "", "added", "", "",
	    "a data connection was created", "was added" },
	{ "connection_removed", ROW_CONNECTION, "", "removed", "", "",
	    "a data connection was deleted", "was removed" },
	{ "pipeline_run_started", ROW_PIPELINE, "RUNNING", "started", "", "",
	    "a worker picked the run up, before data is fetched", "started" },
	{ "pipeline_run_completed", ROW_PIPELINE, "COMPLETED", "success", "",
	    "", "all enabled streams synced, no row-level error", "completed" },
	{ "pipeline_run_completed_with_errors", ROW_PIPELINE,
	    "COMPLETED_WITH_ERRORS", "partial", "destination", "",
	    "row-level write failures in at least one stream",
	    "completed with errors: the destination refused rows of at "
	    "least one stream" },
	{ "pipeline_run_internal_error", ROW_PIPELINE, "INTERNAL_ERROR",
	    "failure", "platform", "", "the sender's own task runner crashed",
	    "failed: the sender's own task runner crashed" },
	{ "pipeline_run_error", ROW_PIPELINE, "ERROR", "failure", "connector",
	    "", "the tap or connector exited non-zero or raised",
	    "failed: the tap or connector exited non-zero or raised" },
	{ "pipeline_run_remote_error", ROW_PIPELINE, "REMOTE_ERROR", "failure",
	    "source", "", "the remote source refused or answered 5xx",
	    "failed: the source refused or answered 5xx" },
	{ "pipeline_run_killed", ROW_PIPELINE, "KILLED", "stopped", "user", "",
	    "cancelled through the UI or API",
	    "was stopped: a user cancelled it" },
	{ "pipeline_run_killed_for_system_upgrade", ROW_PIPELINE,
	    "KILLED_FOR_SYSTEM_UPGRADE", "stopped", "platform", "safe",
	    "rolling upgrade; safe to re-trigger",
	    "was stopped for the sender's upgrade: it is safe to re-trigger" },
	{ "pipeline_run_timeout", ROW_PIPELINE, "TIMEOUT", "failure", "limit",
	    "", "exceeded the connector's maximum duration",
	    "failed: it exceeded the connector's maximum duration" },
	{ "pipeline_run_rate_limited", ROW_PIPELINE, "RATE_LIMITED", "failure",
	    "source", "", "429 that could not be retried in the window",
	    "failed: the source limits the rate of requests (429), and did so "
	    "for too long" },
	{ "pipeline_run_no_streams", ROW_PIPELINE, "NO_STREAMS", "failure",
	    "configuration", "", "nothing enabled, or an empty catalog",
	    "failed: no stream is enabled, or the catalog is empty" },
	{ "pipeline_run_failed", ROW_PIPELINE, "", "failure", "unknown", "",
	    "catch-all for any other terminal status",
	    "failed: with a status that is not known" },
};

static const struct catalog_row unknown_pipeline = { "", ROW_PIPELINE, "", "",
	"", "", "", "" };

static const struct catalog_row unknown_event = { "", "unknown", "", "", "", "",
	"", "" };

/* A name of pelihook's own that only another release knows. */
static const struct catalog_row unknown_watch = { "", CATALOG_WATCH, "", "", "",
	"", "", "" };

/* What a group asks for: a kind, or outcomes separated by blanks. */
static const struct group {
	const char *name;
	const char *kind;
	const char *outcomes;
} groups[] = {
	{ "@connection", ROW_CONNECTION, NULL },
	{ "@pipeline", ROW_PIPELINE, NULL },
	{ "@started", NULL, "started" },
	{ "@success", NULL, "success" },
	{ "@partial", NULL, "partial" },
	{ "@failure", NULL, "failure" },
	{ "@stopped", NULL, "stopped" },
	{ "@terminal", NULL, "success partial failure stopped" },
	{ "@problem", NULL, "partial failure stopped" },
	{ "@unknown", NULL, NULL },
	{ "@watch", CATALOG_WATCH, NULL },
};

const struct catalog_row *
catalog_rows(size_t *n)
{
	*n = sizeof(rows) / sizeof(rows[0]);
	return rows;
}

const struct catalog_row *
catalog_find(struct bytes name)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (bytes_is(name, rows[i].name))
			return &rows[i];
	return NULL;
}

static const struct catalog_row watch_rows[] = {
	{ "pelihook.pipeline_failing", CATALOG_WATCH, "", "failing", "", "",
	    "a pipeline's last runs ended without success", "" },
	{ "pelihook.pipeline_late", CATALOG_WATCH, "", "late", "", "",
	    "a pipeline has had no success for longer than usual", "" },
	{ "pelihook.pipelines_late", CATALOG_WATCH, "", "late", "", "",
	    "many pipelines became late at about the same time", "" },
	{ "pelihook.run_stuck", CATALOG_WATCH, "", "stuck", "", "",
	    "a run has been open for longer than usual", "" },
	{ "pelihook.runs_stuck", CATALOG_WATCH, "", "stuck", "", "",
	    "many runs became stuck at about the same time", "" },
	{ "pelihook.hook_silent", CATALOG_WATCH, "", "silent", "", "",
	    "a hook has had no verified event for long", "" },
	{ "pelihook.recovered", CATALOG_WATCH, "", "recovered", "", "",
	    "what one of the others told is over", "" },
	{ "pelihook.pipelines_recovered", CATALOG_WATCH, "", "recovered", "",
	    "", "what was told of many is over at about the same time", "" },
};

const struct catalog_row *
catalog_watch_rows(size_t *n)
{
	*n = sizeof(watch_rows) / sizeof(watch_rows[0]);
	return watch_rows;
}

const struct catalog_row *
catalog_find_watch(struct bytes name)
{
	for (size_t i = 0; i < sizeof(watch_rows) / sizeof(watch_rows[0]); i++)
		if (bytes_is(name, watch_rows[i].name))
			return &watch_rows[i];
	return NULL;
}

bool
catalog_is_own(struct bytes name)
{
	return bytes_begin(name, "pelihook.");
}

bool
catalog_is_watch(const struct catalog_row *row)
{
	return strcmp(row->kind, CATALOG_WATCH) == 0;
}

const struct catalog_row *
catalog_unknown(struct bytes name)
{
	if (catalog_is_own(name))
		return &unknown_watch;
	return bytes_begin(name, "pipeline_run_") ? &unknown_pipeline :
						    &unknown_event;
}

bool
catalog_is_name(struct bytes name)
{
	static const char allowed[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789_.:-";

	if (name.len == 0 || name.len > FOUND_NAME)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (name.data[i] == '\0' || !strchr(allowed, name.data[i]))
			return false;
	return true;
}

static const struct group *
group_find(struct bytes name)
{
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (bytes_is(name, groups[i].name))
			return &groups[i];
	return NULL;
}

enum rc
catalog_groups(struct buf *into)
{
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		buf_printf(into, i == 0 ? "%s" : " %s", groups[i].name);
	return into->rc;
}

static const char *
group_name(size_t i)
{
	return i < sizeof(groups) / sizeof(groups[0]) ? groups[i].name : NULL;
}

enum rc
catalog_no_group(const char *group, struct buf *into)
{
	const char *meant = suggest(group, group_name, NEAR);

	buf_printf(into, "there is no group `%.64s'", group);
	if (meant != NULL)
		buf_printf(into, " (did you mean %s?)", meant);
	buf_printf(into, ": write one of ");
	return catalog_groups(into);
}

bool
catalog_is_group(struct bytes group)
{
	return group_find(group) != NULL;
}

static bool
is_one_of(const char *word, const char *list)
{
	struct bytes rest = bytes_of(list);
	struct bytes item;

	while (bytes_split(&rest, " ", &item))
		if (bytes_is(item, word))
			return true;
	return false;
}

bool
catalog_in_group(const struct catalog_row *row, bool known, struct bytes group)
{
	const struct group *asked = group_find(group);

	if (asked == NULL)
		return false;
	if (asked->kind != NULL)
		return strcmp(row->kind, asked->kind) == 0;
	if (asked->outcomes != NULL)
		return is_one_of(row->outcome, asked->outcomes);
	return !known && !catalog_is_watch(row);
}

static bool
is_in(const struct catalog_row *row, const char *group)
{
	return catalog_in_group(row, true, bytes_of(group));
}

enum catalog_step
catalog_step(const struct catalog_row *row)
{
	if (is_in(row, "@started"))
		return CATALOG_STARTS;
	if (is_in(row, "@terminal"))
		return CATALOG_ENDS;
	return strcmp(row->name, "connection_removed") == 0 ? CATALOG_REMOVES :
							      CATALOG_NO_STEP;
}

bool
catalog_is_success(const struct catalog_row *row)
{
	return is_in(row, "@success") || is_in(row, "@partial");
}
