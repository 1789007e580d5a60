/* SPDX-License-Identifier: ISC */
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "config/directives.h"

#include "base/log.h"
#include "base/pool.h"
#include "base/suggest.h"
#include "config/arguments.h"
#include "config/conf.h"
#include "config/finish.h"
#include "config/lists.h"
#include "config/on.h"
#include "event/event.h"
#include "signature/recipe.h"

enum { RETRY_PAUSES = 64 };

#define SECOND INT64_C(1000)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)

enum directive_place {
	PLACE_ANY,		/* default for all hooks, or in a hook */
	PLACE_GLOBAL		/* only before the first hook */
};

struct directive {
	const char *name;
	const char *usage;	/* the arguments, for complaints */
	unsigned min;
	unsigned max;
	enum directive_place place;
	bool repeats;
	bool queue;		/* only for hooks that queue */
	enum rc (*read)(struct draft *draft, const struct directive *row,
	    const char *const *args);
	size_t field;		/* for read_duration and its like */
	struct range range;
};

/* The field a row names, of the scope's hook or of the configuration. */
static void *
field_of(struct draft *draft, const struct directive *row)
{
	char *base = row->place == PLACE_GLOBAL ? (char *)draft->conf :
	    (char *)&draft->scope->hook;

	return base + row->field;
}

static enum rc
read_duration(struct draft *draft, const struct directive *row,
    const char *const *args)
{
	return values_duration(draft, args[0], &row->range,
	    field_of(draft, row));
}

static enum rc
read_number(struct draft *draft, const struct directive *row,
    const char *const *args)
{
	return values_number(draft, args[0], &row->range,
	    field_of(draft, row));
}

static enum rc
read_size(struct draft *draft, const struct directive *row,
    const char *const *args)
{
	return values_size(draft, args[0], &row->range,
	    field_of(draft, row));
}

static enum rc
read_hook(struct draft *draft, const struct directive *row,
    const char *const *args)
{
	const char *name = args[0] == NULL ? "" : args[0];

	(void)row;
	/* Whatever it is called, what follows belongs to a hook. */
	if (args[0] == NULL || args[1] != NULL)
		(void)values_wrong(draft, "a hook has one name: "
		    "write `hook NAME'");
	else if (!conf_is_name(bytes_of(name)))
		(void)values_wrong(draft, "`%.100s' is no name of a hook: "
		    "write at most 64 letters, digits and . _ -, a letter "
		    "or digit first", name);
	return settle_hook(draft, name);
}

static enum rc
read_secret(struct draft *draft, const struct directive *row,
    const char *const *args)
{
	(void)row;
	return pairs_secret(draft, args);
}

static enum rc
read_env(struct draft *draft, const struct directive *row,
    const char *const *args)
{
	(void)row;
	return pairs_env(draft, args);
}

static enum rc
read_setenv(struct draft *draft, const struct directive *row,
    const char *const *args)
{
	(void)row;
	return pairs_setenv(draft, args);
}

static enum rc
read_on(struct draft *draft, const struct directive *row,
    const char *const *args)
{
	(void)row;
	return rule_read(draft, args);
}

static size_t
count(const char *const *args)
{
	size_t n = 0;

	while (args[n] != NULL)
		n++;
	return n;
}

static enum rc
read_signature(struct draft *draft, const struct directive *row,
    const char *const *args)
{
	struct recipe scheme = { .kind = RECIPE_AUTO };
	const char *why = "";
	enum rc rc = recipe_parse(args, count(args), draft->pool, &scheme,
	    &why);

	(void)row;
	if (rc == RC_SYNTAX)
		return values_wrong(draft, "%.400s", why);
	if (rc != RC_OK)
		return rc;
	if (scheme.kind == RECIPE_NONE && draft->scope == &draft->defaults)
		return values_wrong(draft, "`signature none' is for one hook "
		    "only: write it behind a `hook NAME' line");
	draft->scope->hook.signature = scheme;
	return RC_OK;
}

static enum rc
read_event_name(struct draft *draft, const struct directive *row,
    const char *const *args)
{
	(void)row;
	return values_source(draft, args, &draft->scope->hook.reading.name);
}

static enum rc
read_dedupe(struct draft *draft, const struct directive *row,
    const char *const *args)
{
	struct event_source *source = &draft->scope->hook.reading.dedupe;

	(void)row;
	if (args[1] == NULL && strcmp(args[0], "none") == 0)
		*source = (struct event_source){ .from = EVENT_FROM_NONE };
	else if (args[1] == NULL && strcmp(args[0], "body") == 0)
		*source = (struct event_source){ .from = EVENT_FROM_BODY };
	else
		return values_source(draft, args, source);
	return RC_OK;
}

static enum rc
read_order(struct draft *draft, const struct directive *row,
    const char *const *args)
{
	struct event_source *source = &draft->scope->hook.reading.order;

	(void)row;
	if (strcmp(args[0], "none") == 0)
		*source = (struct event_source){ .from = EVENT_FROM_NONE };
	else if (strcmp(args[0], "hook") == 0)
		*source = (struct event_source){ .from = EVENT_FROM_HOOK };
	else if (strcmp(args[0], "header") == 0)
		return values_wrong(draft, "`order' knows no headers: write "
		    "`order none', `order hook' or `order POINTER'");
	else
		return values_source(draft, args, source);
	return RC_OK;
}

static enum rc
read_delivery(struct draft *draft, const struct directive *row,
    const char *const *args)
{
	static const char *const choices[] = { "wait", "queue", NULL };
	unsigned choice;
	enum rc rc = values_choice(draft, args[0], choices, &choice);

	(void)row;
	if (rc == RC_OK)
		draft->scope->hook.delivery = (enum conf_delivery)choice;
	return rc;
}

static enum rc
read_input(struct draft *draft, const struct directive *row,
    const char *const *args)
{
	static const char *const choices[] = {
		"body", "line", "cloudevents", NULL
	};
	unsigned choice;
	enum rc rc = values_choice(draft, args[0], choices, &choice);

	(void)row;
	if (rc == RC_OK)
		draft->scope->hook.input = (enum conf_input)choice;
	return rc;
}

static enum rc
read_dispatch(struct draft *draft, const struct directive *row,
    const char *const *args)
{
	static const char *const choices[] = {
		"thread", "drain", "none", NULL
	};
	unsigned choice;
	enum rc rc = values_choice(draft, args[0], choices, &choice);

	(void)row;
	if (rc == RC_OK)
		draft->conf->dispatch =
		    (enum conf_dispatch)(choice + CONF_DISPATCH_THREAD);
	return rc;
}

static enum rc
read_log(struct draft *draft, const struct directive *row,
    const char *const *args)
{
	struct log_settings *log = &draft->conf->log;

	(void)row;
	draft->conf->log_line = draft->line;
	if (strcmp(args[0], "stderr") == 0)
		log->target = LOG_TO_STDERR;
	else if (strcmp(args[0], "syslog") == 0)
		log->target = LOG_TO_SYSLOG;
	else if (args[0][0] != '/')
		return values_wrong(draft, "`%.200s' is no place for the log: "
		    "write stderr, syslog or a file's whole path, from / on",
		    args[0]);
	else
		*log = (struct log_settings){ LOG_TO_FILE, args[0],
			log->format, log->level };
	return RC_OK;
}

static enum rc
read_log_format(struct draft *draft, const struct directive *row,
    const char *const *args)
{
	static const char *const choices[] = { "text", "json", NULL };
	unsigned choice;
	enum rc rc = values_choice(draft, args[0], choices, &choice);

	(void)row;
	if (rc == RC_OK)
		draft->conf->log.format = (enum log_format)choice;
	return rc;
}

static enum rc
read_log_level(struct draft *draft, const struct directive *row,
    const char *const *args)
{
	static const char *const choices[] = {
		"error", "warning", "info", "debug", NULL
	};
	unsigned choice;
	enum rc rc = values_choice(draft, args[0], choices, &choice);

	(void)row;
	if (rc == RC_OK)
		draft->conf->log.level = (enum log_level)choice;
	return rc;
}

static enum rc
read_retry(struct draft *draft, const struct directive *row,
    const char *const *args)
{
	size_t n = count(args);
	int64_t *pauses = pool_alloc(draft->pool, n, sizeof *pauses);
	enum rc rc = RC_OK;

	if (pauses == NULL)
		return RC_MEMORY;
	for (size_t i = 0; rc == RC_OK && i < n; i++)
		rc = values_duration(draft, args[i], &row->range, &pauses[i]);
	if (rc != RC_OK)
		return rc;
	draft->scope->hook.retry = pauses;
	draft->scope->hook.retry_len = n;
	return RC_OK;
}

static enum rc
read_on_dead(struct draft *draft, const struct directive *row,
    const char *const *args)
{
	(void)row;
	if (strcmp(args[0], "run") != 0)
		return values_wrong(draft, "`%.200s' is not understood here: "
		    "write `on-dead run /path/to/command'", args[0]);
	return values_command(draft, args + 1, &draft->scope->hook.on_dead);
}

static enum rc
read_journal(struct draft *draft, const struct directive *row,
    const char *const *args)
{
	(void)row;
	draft->conf->journal_line = draft->line;
	return values_path(draft, args[0], "journal", &draft->conf->journal);
}

static enum rc
read_capture(struct draft *draft, const struct directive *row,
    const char *const *args)
{
	(void)row;
	return values_path(draft, args[0], "directory",
	    &draft->scope->hook.capture);
}

#define HOOK_FIELD(name) .field = offsetof(struct hook, name)
#define CONF_FIELD(name) .field = offsetof(struct conf, name)
#define UP_TO_YEARS { 1, 3650 * DAY, "1ms to 3650d" }
#define UP_TO_HOUR { 1, HOUR, "1ms to 1h" }

static const struct directive directives[DRAFT_WORDS] = {
	[DRAFT_HOOK] = { .name = "hook", .usage = "NAME", .max = UINT_MAX,
	    .repeats = true, .read = read_hook },
	[DRAFT_SECRET_FILE] = { .name = "secret-file",
	    .usage = "PATH [raw|hex|base64|whsec]", .min = 1, .max = 2,
	    .repeats = true, .read = read_secret },
	[DRAFT_SIGNATURE] = { .name = "signature",
	    .usage = "auto|none|PRESET|header NAME ...", .min = 1,
	    .max = UINT_MAX, .read = read_signature },
	[DRAFT_EVENT_NAME] = { .name = "event-name",
	    .usage = "POINTER|header NAME", .min = 1, .max = 2,
	    .read = read_event_name },
	[DRAFT_ON] = { .name = "on", .usage = "EVENT... [where POINTER GLOB]"
	    "... [also] run COMMAND ARG...|ignore", .min = 1,
	    .max = UINT_MAX, .repeats = true, .read = read_on },
	[DRAFT_DELIVERY] = { .name = "delivery", .usage = "wait|queue",
	    .min = 1, .max = 1, .read = read_delivery },
	[DRAFT_JOURNAL] = { .name = "journal", .usage = "PATH", .min = 1,
	    .max = 1, .place = PLACE_GLOBAL, .read = read_journal },
	[DRAFT_DISPATCH] = { .name = "dispatch", .usage = "thread|drain|none",
	    .min = 1, .max = 1, .place = PLACE_GLOBAL,
	    .read = read_dispatch },
	[DRAFT_TIMEOUT] = { .name = "timeout", .usage = "DURATION", .min = 1,
	    .max = 1, .read = read_duration, HOOK_FIELD(timeout),
	    .range = { 1, 365 * DAY, "1ms to 365d" } },
	[DRAFT_KILL_AFTER] = { .name = "kill-after", .usage = "DURATION",
	    .min = 1, .max = 1, .read = read_duration,
	    HOOK_FIELD(kill_after), .range = UP_TO_HOUR },
	[DRAFT_RETRY] = { .name = "retry", .usage = "DURATION..., at most 64",
	    .min = 1, .max = RETRY_PAUSES, .queue = true, .read = read_retry,
	    .range = { 1, 365 * DAY, "1ms to 365d" } },
	[DRAFT_CONCURRENCY] = { .name = "concurrency", .usage = "N",
	    .min = 1, .max = 1, .queue = true, .read = read_number,
	    HOOK_FIELD(concurrency), .range = { 1, 1000, "1 to 1000" } },
	[DRAFT_MAX_RUNNING] = { .name = "max-running", .usage = "N",
	    .min = 1, .max = 1, .read = read_number,
	    HOOK_FIELD(max_running), .range = { 1, 1000, "1 to 1000" } },
	[DRAFT_ORDER] = { .name = "order", .usage = "none|hook|POINTER",
	    .min = 1, .max = 1, .queue = true, .read = read_order },
	[DRAFT_DEDUPE] = { .name = "dedupe",
	    .usage = "none|body|POINTER|header NAME", .min = 1, .max = 2,
	    .read = read_dedupe },
	[DRAFT_DEDUPE_WINDOW] = { .name = "dedupe-window",
	    .usage = "DURATION", .min = 1, .max = 1, .read = read_duration,
	    HOOK_FIELD(dedupe_window), .range = UP_TO_YEARS },
	[DRAFT_BATCH] = { .name = "batch", .usage = "N", .min = 1, .max = 1,
	    .queue = true, .read = read_number, HOOK_FIELD(batch),
	    .range = { 1, 1000, "1 to 1000" } },
	[DRAFT_INPUT] = { .name = "input", .usage = "body|line|cloudevents",
	    .min = 1, .max = 1, .read = read_input },
	[DRAFT_ENV] = { .name = "env", .usage = "NAME POINTER", .min = 2,
	    .max = 2, .repeats = true, .read = read_env },
	[DRAFT_SETENV] = { .name = "setenv", .usage = "NAME VALUE", .min = 2,
	    .max = 2, .repeats = true, .read = read_setenv },
	[DRAFT_ON_DEAD] = { .name = "on-dead", .usage = "run COMMAND ARG...",
	    .min = 2, .max = UINT_MAX, .queue = true,
	    .read = read_on_dead },
	[DRAFT_MAX_BODY] = { .name = "max-body", .usage = "SIZE", .min = 1,
	    .max = 1, .read = read_size, HOOK_FIELD(max_body),
	    .range = { 1, 512 * 1024 * 1024, "1 to 512M" } },
	[DRAFT_READ_TIMEOUT] = { .name = "read-timeout",
	    .usage = "DURATION", .min = 1, .max = 1, .read = read_duration,
	    HOOK_FIELD(read_timeout), .range = UP_TO_HOUR },
	[DRAFT_MAX_QUEUE] = { .name = "max-queue", .usage = "N", .min = 1,
	    .max = 1, .queue = true, .read = read_number,
	    HOOK_FIELD(max_queue),
	    .range = { 1, 100 * 1000 * 1000, "1 to 100000000" } },
	[DRAFT_KEEP] = { .name = "keep", .usage = "DURATION", .min = 1,
	    .max = 1, .read = read_duration, HOOK_FIELD(keep),
	    .range = UP_TO_YEARS },
	[DRAFT_STOP_TIMEOUT] = { .name = "stop-timeout",
	    .usage = "DURATION", .min = 1, .max = 1, .place = PLACE_GLOBAL,
	    .read = read_duration, CONF_FIELD(stop_timeout),
	    .range = UP_TO_HOUR },
	[DRAFT_CAPTURE] = { .name = "capture", .usage = "DIR", .min = 1,
	    .max = 1, .read = read_capture },
	[DRAFT_LOG] = { .name = "log", .usage = "stderr|syslog|PATH",
	    .min = 1, .max = 1, .place = PLACE_GLOBAL, .read = read_log },
	[DRAFT_LOG_FORMAT] = { .name = "log-format", .usage = "text|json",
	    .min = 1, .max = 1, .place = PLACE_GLOBAL,
	    .read = read_log_format },
	[DRAFT_LOG_LEVEL] = { .name = "log-level",
	    .usage = "error|warning|info|debug", .min = 1, .max = 1,
	    .place = PLACE_GLOBAL, .read = read_log_level },
};

/* The one that was probably meant, or NULL. */
static const struct directive *
nearest(const char *word)
{
	const struct directive *best = NULL;
	size_t least = 1 + strlen(word) / 2;

	for (size_t i = 0; i < DRAFT_WORDS; i++) {
		size_t distance = edit_distance(word, directives[i].name);

		if (distance < least) {
			least = distance;
			best = &directives[i];
		}
	}
	return best;
}

/* Whether there is a complaint where no such line is. */
static bool
is_needed(const struct directive *row)
{
	return row == &directives[DRAFT_HOOK] ||
	    row == &directives[DRAFT_ON] ||
	    row == &directives[DRAFT_SECRET_FILE] ||
	    row == &directives[DRAFT_SIGNATURE] ||
	    row == &directives[DRAFT_JOURNAL];
}

static void
refuse_unknown(struct draft *draft, const char *word)
{
	const struct directive *best = nearest(word);

	if (best != NULL)
		(void)values_wrong(draft, "unknown directive `%.64s': "
		    "write `%s'", word, best->name);
	else
		(void)values_wrong(draft, "unknown directive `%.64s': see "
		    "pelihook.conf(5) for those there are", word);
	draft->garbled = draft->garbled || is_needed(best);
}

static const struct directive *
find(const char *word)
{
	for (size_t i = 0; i < DRAFT_WORDS; i++)
		if (strcmp(directives[i].name, word) == 0)
			return &directives[i];
	return NULL;
}

static enum rc
check_place(struct draft *draft, const struct directive *row)
{
	unsigned before = draft->scope->own[row - directives];

	if (row->place == PLACE_GLOBAL && draft->scope != &draft->defaults)
		return values_wrong(draft, "`%s' is for all hooks: write it "
		    "before the first `hook' line", row->name);
	if (!row->repeats && before != 0)
		return values_wrong(draft, "`%s' was given in line %u "
		    "already: take one of them out", row->name, before);
	return RC_OK;
}

static enum rc
check_arguments(struct draft *draft, const struct directive *row, size_t n)
{
	if (n < row->min)
		return values_wrong(draft, "an argument of `%s' is missing: "
		    "write `%s %s'", row->name, row->name, row->usage);
	if (n > row->max)
		return values_wrong(draft, "`%s' has too many arguments: "
		    "write `%s %s'", row->name, row->name, row->usage);
	return RC_OK;
}

static void
note_line(struct draft *draft, const struct directive *row)
{
	draft->scope->own[row - directives] = draft->line;
	draft->scope->lines[row - directives] = draft->line;
}

static enum rc
apply(struct draft *draft, const struct directive *row,
    const char *const *args)
{
	enum rc rc = check_place(draft, row);

	if (rc != RC_OK)
		return rc;
	rc = check_arguments(draft, row, count(args));
	if (rc == RC_OK)
		rc = row->read(draft, row, args);
	/* A wrong signature might be the one that needs no secret. */
	if (rc == RC_CONFIG && row == &directives[DRAFT_SIGNATURE])
		draft->garbled = true;
	/* What is written is there, right or wrong: no second complaint. */
	note_line(draft, row);
	return rc;
}

enum rc
directives_apply(struct draft *draft, const char *const *words)
{
	const struct directive *row = find(words[0]);
	enum rc rc = RC_OK;

	if (row == NULL)
		refuse_unknown(draft, words[0]);
	else
		rc = apply(draft, row, words + 1);
	return rc == RC_CONFIG ? RC_OK : rc;
}

const char *
directives_name(enum draft_word word)
{
	return directives[word].name;
}

bool
directives_queue(enum draft_word word)
{
	return directives[word].queue;
}
