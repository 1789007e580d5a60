/* SPDX-License-Identifier: ISC */
#include <limits.h>
#include <string.h>

#include "config/keywords.h"

#include "base/log.h"
#include "config/conf.h"
#include "event/event.h"
#include "signature/secret.h"

enum { RETRY_PAUSES = 64 };

#define SECOND INT64_C(1000)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)

static const struct directive_choice codings[] = {
	{ "raw", SECRET_RAW },
	{ "hex", SECRET_HEX },
	{ "base64", SECRET_BASE64 },
	{ "whsec", SECRET_WHSEC },
	{ NULL, 0 },
};

static const struct directive_choice deliveries[] = {
	{ "wait", CONF_WAIT },
	{ "queue", CONF_QUEUE },
	{ NULL, 0 },
};

static const struct directive_choice queued_statuses[] = {
	{ "200", 200 },
	{ "202", 202 },
	{ NULL, 0 },
};

static const struct directive_choice dispatches[] = {
	{ "thread", CONF_DISPATCH_THREAD },
	{ "drain", CONF_DISPATCH_DRAIN },
	{ "none", CONF_DISPATCH_NONE },
	{ NULL, 0 },
};

static const struct directive_choice answers[] = {
	{ "yes", CONF_YES },
	{ "no", CONF_NO },
	{ NULL, 0 },
};

static const struct directive_choice orders[] = {
	{ "none", EVENT_FROM_NONE },
	{ "hook", EVENT_FROM_HOOK },
	{ NULL, 0 },
};

static const struct directive_choice dedupes[] = {
	{ "none", EVENT_FROM_NONE },
	{ "body", EVENT_FROM_BODY },
	{ NULL, 0 },
};

static const struct directive_choice inputs[] = {
	{ "body", CONF_BODY },
	{ "line", CONF_LINE },
	{ "cloudevents", CONF_CLOUDEVENTS },
	{ NULL, 0 },
};

static const struct directive_choice logs[] = {
	{ "stderr", LOG_TO_STDERR },
	{ "syslog", LOG_TO_SYSLOG },
	{ NULL, 0 },
};

static const struct directive_choice log_formats[] = {
	{ "text", LOG_TEXT },
	{ "json", LOG_JSON },
	{ NULL, 0 },
};

static const struct directive_choice log_levels[] = {
	{ "error", LOG_LEVEL_ERROR },
	{ "warning", LOG_LEVEL_WARNING },
	{ "info", LOG_LEVEL_INFO },
	{ "debug", LOG_LEVEL_DEBUG },
	{ NULL, 0 },
};

/* A choice is stored and printed as an unsigned (DIRECTIVE_CHOICE). */
_Static_assert(sizeof(enum conf_delivery) == sizeof(unsigned) &&
	sizeof(enum log_level) == sizeof(unsigned),
    "short enums");

#define HOOK_FIELD(name) .field = offsetof(struct hook, name)
#define CONF_FIELD(name)                                                       \
	.place = DIRECTIVE_GLOBAL, .field = offsetof(struct conf, name)
#define ARGUMENTS(from, to) .min = (from), .max = (to)
#define DURATION                                                               \
	.usage = "DURATION", ARGUMENTS(1, 1), .kind = DIRECTIVE_DURATION
#define NUMBER .usage = "N", ARGUMENTS(1, 1), .kind = DIRECTIVE_NUMBER
#define IDENTITY                                                               \
	.usage = "POINTER", ARGUMENTS(1, 1), .kind = DIRECTIVE_POINTER,        \
	.unset = "found in the payload"
#define CHOICE ARGUMENTS(1, 1), .kind = DIRECTIVE_CHOICE
#define UP_TO_YEARS 1, 3650 * DAY, "1ms to 3650d"
#define UP_TO_YEAR 1, 365 * DAY, "1ms to 365d"
#define UP_TO_HOUR 1, HOUR, "1ms to 1h"
#define UP_TO_1000 1, 1000, "1 to 1000"

static const struct directive rows[KEYWORDS] = {
	/* config/load.c reads its name and has the errors about that. */
	[KEYWORD_HOOK] = { "hook", "NAME", ARGUMENTS(0, UINT_MAX),
	    .repeats = true },
	[KEYWORD_SECRET_FILE] = { "secret-file",
	    "PATH [raw|hex|base64|whsec] [world-readable]", ARGUMENTS(1, 3),
	    .repeats = true, .choices = codings },
	[KEYWORD_SIGNATURE] = { "signature", "auto|none|PRESET|header NAME ...",
	    ARGUMENTS(1, UINT_MAX), HOOK_FIELD(signature) },
	[KEYWORD_EVENT_NAME] = { "event-name", "POINTER|header NAME",
	    ARGUMENTS(1, 2), .kind = DIRECTIVE_SOURCE, HOOK_FIELD(reading.name),
	    .unset = "found in the payload" },
	[KEYWORD_RUN_ID] = { "run-id", IDENTITY, HOOK_FIELD(reading.run_id) },
	[KEYWORD_PIPELINE_ID] = { "pipeline-id", IDENTITY,
	    HOOK_FIELD(reading.pipeline_id) },
	[KEYWORD_PIPELINE_NAME] = { "pipeline-name", IDENTITY,
	    HOOK_FIELD(reading.pipeline_name) },
	[KEYWORD_ON] = { "on",
	    "EVENT... [where POINTER GLOB]... [lane NAME] [also] "
	    "run COMMAND ARG...|ignore",
	    ARGUMENTS(1, UINT_MAX), .repeats = true },
	[KEYWORD_DELIVERY] = { "delivery", "wait|queue", CHOICE,
	    HOOK_FIELD(delivery), .choices = deliveries },
	[KEYWORD_LANE] = { "lane",
	    "NAME [concurrency N] [order none|hook|POINTER] "
	    "[retry DURATION...] [timeout DURATION] [kill-after DURATION] "
	    "[batch N] [directory PATH]",
	    ARGUMENTS(1, UINT_MAX), .repeats = true, .queue = true },
	[KEYWORD_DIRECTORY] = { "directory", "PATH", .lane = true,
	    ARGUMENTS(1, 1), .kind = DIRECTIVE_PATH, HOOK_FIELD(directory),
	    .what = "directory" },
	[KEYWORD_QUEUED_STATUS] = { "queued-status", "200|202", CHOICE,
	    HOOK_FIELD(queued_status), .choices = queued_statuses },
	[KEYWORD_JOURNAL] = { "journal", "PATH|postgresql:...", ARGUMENTS(1, 1),
	    .kind = DIRECTIVE_PATH, CONF_FIELD(journal), .what = "journal",
	    .unset = "none" },
	[KEYWORD_LEASE] = { "lease", DURATION, CONF_FIELD(lease),
	    .range = { 3 * SECOND, HOUR, "3s to 1h" } },
	[KEYWORD_DISPATCH] = { "dispatch", "thread|drain|none", CHOICE,
	    CONF_FIELD(dispatch), .choices = dispatches,
	    .unset = "thread or drain, as the program does" },
	[KEYWORD_TIMEOUT] = { "timeout", DURATION, .lane = true,
	    HOOK_FIELD(timeout), .range = { UP_TO_YEAR } },
	[KEYWORD_KILL_AFTER] = { "kill-after", DURATION, .lane = true,
	    HOOK_FIELD(kill_after), .range = { UP_TO_HOUR } },
	[KEYWORD_RETRY] = { "retry", "DURATION..., at most 64",
	    ARGUMENTS(1, RETRY_PAUSES), .queue = true, .lane = true,
	    .range = { UP_TO_YEAR } },
	[KEYWORD_CONCURRENCY] = { "concurrency", NUMBER, .lane = true,
	    .queue = true, HOOK_FIELD(concurrency), .range = { UP_TO_1000 } },
	[KEYWORD_MAX_RUNNING] = { "max-running", NUMBER,
	    HOOK_FIELD(max_running), .range = { UP_TO_1000 },
	    .unset = "half the threads" },
	[KEYWORD_ORDER] = { "order", "none|hook|POINTER", .lane = true,
	    ARGUMENTS(1, 1), .queue = true, .kind = DIRECTIVE_SOURCE,
	    HOOK_FIELD(reading.order), .choices = orders },
	[KEYWORD_DEDUPE] = { "dedupe", "none|body|POINTER|header NAME",
	    ARGUMENTS(1, 2), .kind = DIRECTIVE_SOURCE,
	    HOOK_FIELD(reading.dedupe), .choices = dedupes },
	[KEYWORD_DEDUPE_WINDOW] = { "dedupe-window", DURATION,
	    HOOK_FIELD(dedupe_window), .range = { UP_TO_YEARS } },
	[KEYWORD_BATCH] = { "batch", NUMBER, .lane = true, .queue = true,
	    HOOK_FIELD(batch), .range = { UP_TO_1000 } },
	[KEYWORD_INPUT] = { "input", "body|line|cloudevents", CHOICE,
	    HOOK_FIELD(input), .choices = inputs },
	[KEYWORD_ENV] = { "env", "NAME POINTER", ARGUMENTS(2, 2),
	    .repeats = true },
	[KEYWORD_SETENV] = { "setenv", "NAME VALUE", ARGUMENTS(2, 2),
	    .repeats = true },
	[KEYWORD_SETENV_FILE] = { "setenv-file", "NAME PATH [world-readable]",
	    ARGUMENTS(2, 3), .repeats = true },
	[KEYWORD_ON_DEAD] = { "on-dead", "run COMMAND ARG...",
	    ARGUMENTS(2, UINT_MAX), .queue = true },
	[KEYWORD_MAX_BODY] = { "max-body", "SIZE", ARGUMENTS(1, 1),
	    .kind = DIRECTIVE_SIZE, HOOK_FIELD(max_body),
	    .range = { 1, 512 * 1024 * 1024, "1 to 512M" } },
	[KEYWORD_READ_TIMEOUT] = { "read-timeout", DURATION,
	    HOOK_FIELD(read_timeout), .range = { UP_TO_HOUR } },
	[KEYWORD_MAX_QUEUE] = { "max-queue", NUMBER, .queue = true,
	    HOOK_FIELD(max_queue),
	    .range = { 1, 100 * 1000 * 1000, "1 to 100000000" } },
	[KEYWORD_KEEP] = { "keep", DURATION, HOOK_FIELD(keep),
	    .range = { UP_TO_YEARS } },
	[KEYWORD_KEEP_DEAD] = { "keep-dead", "DURATION|forever",
	    ARGUMENTS(1, 1), .kind = DIRECTIVE_DURATION, HOOK_FIELD(keep_dead),
	    .range = { 1, 3650 * DAY, "1ms to 3650d, or forever" },
	    .unset = "forever" },
	[KEYWORD_WATCH] = { "watch",
	    "off|on|for GLOB, then [failing N|off] [late DURATION|auto|off] "
	    "[stuck DURATION|auto|off] [silent DURATION|off] "
	    "[remind DURATION|off]",
	    ARGUMENTS(1, UINT_MAX), .repeats = true, .queue = true,
	    .range = { UP_TO_YEAR } },
	[KEYWORD_STOP_TIMEOUT] = { "stop-timeout", DURATION,
	    CONF_FIELD(stop_timeout), .range = { UP_TO_HOUR } },
	[KEYWORD_ALLOW_ROOT] = { "allow-root", "yes|no", CHOICE,
	    CONF_FIELD(allow_root), .choices = answers },
	[KEYWORD_PAGE_URL] = { "page-url", "URL", ARGUMENTS(1, 1),
	    .kind = DIRECTIVE_PATH, CONF_FIELD(page_url) },
	[KEYWORD_CAPTURE] = { "capture", "DIR", ARGUMENTS(1, 1),
	    .kind = DIRECTIVE_PATH, HOOK_FIELD(capture), .what = "directory" },
	[KEYWORD_LOG] = { "log", "stderr|syslog|PATH", ARGUMENTS(1, 1),
	    CONF_FIELD(log), .choices = logs },
	[KEYWORD_LOG_FORMAT] = { "log-format", "text|json", CHOICE,
	    CONF_FIELD(log.format), .choices = log_formats },
	[KEYWORD_LOG_LEVEL] = { "log-level", "error|warning|info|debug", CHOICE,
	    CONF_FIELD(log.level), .choices = log_levels },
};

const struct directive *
keywords_row(enum keyword keyword)
{
	return &rows[keyword];
}

enum keyword
keywords_find(const char *name)
{
	unsigned i = 0;

	while (i < KEYWORDS && strcmp(rows[i].name, name) != 0)
		i++;
	return (enum keyword)i;
}

const char *
keywords_choice(enum keyword keyword, unsigned value)
{
	const struct directive_choice *choice = rows[keyword].choices;

	while (choice->word != NULL && choice->value != value)
		choice++;
	return choice->word;
}
