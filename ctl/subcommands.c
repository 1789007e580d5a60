/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "subcommands.h"

#include "options.h"

#define HOOK_ROW                                                               \
	{                                                                      \
		"HOOK", "the name of a hook of the configuration"              \
	}
#define ID_ROW(what)                                                           \
	{                                                                      \
		what,                                                          \
		    "an event's ID, or any unique beginning or end of one, "   \
		    "in letters of either case"                                \
	}
#define NO_HOOK_ROW                                                            \
	{                                                                      \
		"66", "there is no such hook"                                  \
	}
#define NO_ID_ROW                                                              \
	{                                                                      \
		"66", "there is no such event"                                 \
	}
#define PIPELINE_ROW                                                           \
	{                                                                      \
		"PIPELINE",                                                    \
		    "a pipeline's identity, or how `pelihookctl pipelines' "   \
		    "shows it; - is the one of events that name none"          \
	}
#define DAMAGED_ROW                                                            \
	{                                                                      \
		"65", "the journal holds damaged rows, which were passed over" \
	}
#define STORE_ROW                                                              \
	{                                                                      \
		"74", "the journal cannot be read or written"                  \
	}
#define LOCKED_ROW                                                             \
	{                                                                      \
		"75", "others keep the journal locked: try again"              \
	}

static const struct explained nothing[] = { { 0 } };

static const struct explained event[] = {
	{ "EVENT", "a name that `pelihookctl events' prints" },
	{ 0 },
};
static const struct explained hook[] = { HOOK_ROW, { 0 } };
static const struct explained hook_and_file[] = {
	HOOK_ROW,
	{ "FILE",
	    "a request that was refused with 401, as `capture' has kept it" },
	{ 0 },
};
static const struct explained id[] = { ID_ROW("ID"), { 0 } };
static const struct explained ids[] = { ID_ROW("ID..."), { 0 } };

static const struct explained pipeline[] = { PIPELINE_ROW, { 0 } };

static const struct explained of_sample[] = {
	{ "64", "wrong usage, or no such event is known" },
	{ 0 },
};
static const struct explained of_sign[] = {
	NO_HOOK_ROW,
	{ "74", "the body cannot be read" },
	{ 0 },
};
static const struct explained of_try[] = {
	{ "65", "the body is not JSON or too large, or the command said so" },
	NO_HOOK_ROW,
	{ "70", "the command failed, or could not be started" },
	{ "75", "the command asked for another try, or was interrupted" },
	{ 0 },
};
static const struct explained of_probe[] = {
	{ "65", "no recipe explains the request, or the file holds none" },
	{ "66", "there is no such hook or file" },
	{ 0 },
};
static const struct explained of_list[] = { DAMAGED_ROW, NO_HOOK_ROW, STORE_ROW,
	LOCKED_ROW, { 0 } };
static const struct explained of_show[] = {
	{ "64", "wrong usage, or several events fit the ID" },
	DAMAGED_ROW,
	NO_ID_ROW,
	STORE_ROW,
	LOCKED_ROW,
	{ 0 },
};
static const struct explained of_retry[] = {
	{ "64", "wrong usage, or several events fit an ID" },
	DAMAGED_ROW,
	{ "66", "there is no such event or hook" },
	STORE_ROW,
	{ "75",
	    "an event is queued or running already, or others keep the "
	    "journal locked" },
	{ 0 },
};
static const struct explained of_drop[] = {
	{ "64", "wrong usage, or several events fit an ID" },
	NO_ID_ROW,
	STORE_ROW,
	{ "75", "an event is running, or others keep the journal locked" },
	{ 0 },
};
static const struct explained of_drain[] = { STORE_ROW, LOCKED_ROW, { 0 } };
static const struct explained of_stats[] = {
	DAMAGED_ROW,
	STORE_ROW,
	{ "75", "a limit is passed, or others keep the journal locked" },
	{ 0 },
};
static const struct explained of_purge[] = { DAMAGED_ROW, STORE_ROW, LOCKED_ROW,
	{ 0 } };
static const struct explained of_pipeline[] = {
	{ "66", "there is no such pipeline or hook" },
	STORE_ROW,
	LOCKED_ROW,
	{ 0 },
};

static const struct subcommand table[] = {
	{
	    .name = "check",
	    .does = "validate the configuration and print it as understood",
	    .explained = nothing,
	    .options = options_none,
	    .statuses = nothing,
	    .run = subcommand_check,
	},
	{
	    .name = "events",
	    .does = "print the events that are known",
	    .explained = nothing,
	    .options = options_none,
	    .statuses = nothing,
	    .run = subcommand_events,
	},
	{
	    .name = "sample",
	    .does = "print an illustrative payload",
	    .operands = "EVENT",
	    .explained = event,
	    .min = 1,
	    .max = 1,
	    .options = options_none,
	    .statuses = of_sample,
	    .run = subcommand_sample,
	},
	{
	    .name = "sign",
	    .does = "print the header lines that sign a body on stdin",
	    .operands = "HOOK",
	    .explained = hook,
	    .min = 1,
	    .max = 1,
	    .options = options_none,
	    .statuses = of_sign,
	    .run = subcommand_sign,
	},
	{
	    .name = "try",
	    .does = "run what takes a body on stdin (-n: only say what does)",
	    .operands = "HOOK",
	    .explained = hook,
	    .min = 1,
	    .max = 1,
	    .options = options_try,
	    .statuses = of_try,
	    .run = subcommand_try,
	},
	{
	    .name = "probe",
	    .does = "say which recipe explains a captured request",
	    .operands = "HOOK FILE",
	    .explained = hook_and_file,
	    .min = 2,
	    .max = 2,
	    .options = options_none,
	    .statuses = of_probe,
	    .run = subcommand_probe,
	},
	{
	    .name = "list",
	    .does = "print what is in the journal, newest first",
	    .explained = nothing,
	    .options = options_list,
	    .statuses = of_list,
	    .run = subcommand_list,
	},
	{
	    .name = "show",
	    .does = "print one event with its deliveries and attempts",
	    .operands = "ID",
	    .explained = id,
	    .min = 1,
	    .max = 1,
	    .options = options_show,
	    .statuses = of_show,
	    .run = subcommand_show,
	},
	{
	    .name = "retry",
	    .does = "put events back into the queue",
	    .operands = "ID... |",
	    .explained = ids,
	    .max = -1,
	    .options = options_retry,
	    .options_last = true,
	    .statuses = of_retry,
	    .run = subcommand_retry,
	},
	{
	    .name = "drop",
	    .does = "give events up",
	    .operands = "ID...",
	    .explained = ids,
	    .min = 1,
	    .max = -1,
	    .options = options_none,
	    .statuses = of_drop,
	    .run = subcommand_drop,
	},
	{
	    .name = "drain",
	    .does = "run what is due until nothing is",
	    .explained = nothing,
	    .options = options_none,
	    .statuses = of_drain,
	    .run = subcommand_drain,
	},
	{
	    .name = "stats",
	    .does = "count events and requests; 75 beyond a limit",
	    .explained = nothing,
	    .options = options_stats,
	    .statuses = of_stats,
	    .run = subcommand_stats,
	},
	{
	    .name = "purge",
	    .does = "take out what `keep' no longer keeps",
	    .explained = nothing,
	    .options = options_purge,
	    .statuses = of_purge,
	    .run = subcommand_purge,
	},
	{
	    .name = "schema",
	    .does = "print the tables of a journal on PostgreSQL, as SQL",
	    .explained = nothing,
	    .options = options_none,
	    .statuses = nothing,
	    .run = subcommand_schema,
	},
	{
	    .name = "runs",
	    .does = "print the runs of pipelines, newest first",
	    .explained = nothing,
	    .options = options_runs,
	    .statuses = of_list,
	    .run = subcommand_runs,
	},
	{
	    .name = "pipelines",
	    .does = "print each pipeline and how it is, the worst first",
	    .explained = nothing,
	    .options = options_pipelines,
	    .statuses = of_list,
	    .run = subcommand_pipelines,
	},
	{
	    .name = "mute",
	    .does = "send no alarms about a pipeline for some time",
	    .operands = "PIPELINE |",
	    .explained = pipeline,
	    .max = 1,
	    .options = options_mute,
	    .options_last = true,
	    .statuses = of_pipeline,
	    .run = subcommand_mute,
	},
	{
	    .name = "unmute",
	    .does = "send alarms about a pipeline again",
	    .operands = "PIPELINE |",
	    .explained = pipeline,
	    .max = 1,
	    .options = options_unmute,
	    .options_last = true,
	    .statuses = of_pipeline,
	    .run = subcommand_unmute,
	},
	{
	    .name = "forget",
	    .does = "take a pipeline out until it is seen again",
	    .operands = "PIPELINE",
	    .explained = pipeline,
	    .min = 1,
	    .max = 1,
	    .options = options_forget,
	    .options_last = true,
	    .statuses = of_pipeline,
	    .run = subcommand_forget,
	},
};

enum { SUBCOMMANDS = sizeof(table) / sizeof(table[0]) };

const struct subcommand *
subcommands_all(size_t *n)
{
	*n = SUBCOMMANDS;
	return table;
}

const struct subcommand *
subcommands_find(const char *name)
{
	for (size_t i = 0; i < SUBCOMMANDS; i++)
		if (strcmp(table[i].name, name) == 0)
			return &table[i];
	return NULL;
}
