/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "config/warnings.h"

#include "base/limits.h"
#include "base/script.h"
#include "base/suggest.h"
#include "config/conf.h"
#include "config/errors.h"
#include "config/keywords.h"
#include "config/surroundings.h"
#include "event/catalog.h"
#include "event/event.h"
#include "http/header_name.h"
#include "signature/recipe.h"

enum {
	WAIT_LONG = 35 * 1000, /* web servers give up sooner */
	EVENT_NEAR = 2,	       /* slips that make another event's name */
};

static unsigned
line_of(const struct hook *hook, enum keyword keyword)
{
	unsigned line = conf_hook_line(hook, keyword);

	return line != 0 ? line : hook->line;
}

static bool
has_timestamp(const struct hook *hook)
{
	return hook->signature.kind == RECIPE_HEADER &&
	    hook->signature.timestamp != RECIPE_TIMESTAMP_NONE;
}

static void
warn_signature(const struct hook *hook, struct conf_errors *list)
{
	unsigned line = line_of(hook, KEYWORD_SIGNATURE);

	if (hook->signature.kind == RECIPE_NONE)
		conf_error(list, line,
		    "hook %s takes requests that "
		    "nobody signed",
		    hook->name);
	else if (!has_timestamp(hook) &&
	    hook->reading.dedupe.from == EVENT_FROM_NONE)
		conf_error(list, line,
		    "hook %s: the signature has no "
		    "timestamp and there is no `dedupe': a captured request "
		    "can be sent again (with `dedupe body', a second event "
		    "that is equal to the byte is dropped as well)",
		    hook->name);
}

/* A request that came early by the tolerance stays fresh for twice as long. */
static void
warn_window(const struct hook *hook, struct conf_errors *list)
{
	int64_t tolerance = hook->signature.tolerance;
	enum keyword keyword = conf_hook_line(hook, KEYWORD_DEDUPE_WINDOW) !=
		0 ?
	    KEYWORD_DEDUPE_WINDOW :
	    KEYWORD_DEDUPE;

	if (!has_timestamp(hook) ||
	    hook->reading.dedupe.from == EVENT_FROM_NONE ||
	    hook->dedupe_window / 2 >= tolerance)
		return;
	conf_error(list, line_of(hook, keyword),
	    "hook %s: the "
	    "`dedupe-window' is shorter than twice the tolerance of the "
	    "signature: a captured request can be sent again behind it; "
	    "write `dedupe-window %llus' or more",
	    hook->name,
	    (unsigned long long)tolerance / 500 + (tolerance % 500 != 0));
}

static bool
is_variable(const struct header_name *header, const char *variable)
{
	return header->variable != NULL &&
	    strcmp(header->variable, variable) == 0;
}

/* Whether the header's value is a part of what is signed: no recipe names a
 * timestamp or an id that is not. */
static bool
is_signed(const struct recipe *recipe, const char *variable)
{
	return is_variable(&recipe->timestamp_header, variable) ||
	    is_variable(&recipe->id, variable);
}

static void
warn_header(const struct hook *hook, const struct event_source *source,
    enum keyword keyword, struct conf_errors *list)
{
	if (source->from == EVENT_FROM_HEADER &&
	    !is_signed(&hook->signature, source->header.variable))
		conf_error(list, line_of(hook, keyword),
		    "hook %s: the "
		    "header %s is not signed: whoever sends a captured "
		    "request again can change it",
		    hook->name, source->header.name);
}

/* A command that does not end is waited for until it is killed. */
static void
warn_timeout(const struct hook *hook, struct conf_errors *list)
{
	enum keyword keyword = conf_hook_line(hook, KEYWORD_TIMEOUT) != 0 ?
	    KEYWORD_TIMEOUT :
	    KEYWORD_KILL_AFTER;

	if (hook->delivery == CONF_WAIT &&
	    hook->timeout + hook->kill_after > WAIT_LONG)
		conf_error(list, line_of(hook, keyword),
		    "hook %s waits for its command for more than 35s "
		    "(`timeout' and `kill-after' together): web servers give "
		    "up sooner",
		    hook->name);
}

static void
warn_capture(const struct hook *hook, struct conf_errors *list)
{
	if (hook->capture != NULL)
		conf_error(list, line_of(hook, KEYWORD_CAPTURE),
		    "hook %s "
		    "keeps refused requests in %s: take `capture' out once "
		    "the signature is known",
		    hook->name, hook->capture);
}

static void
warn_secrets(const struct hook *hook, struct conf_errors *list)
{
	for (size_t i = 0; i < hook->secrets_len; i++)
		if (hook->secrets[i].odd != NULL)
			conf_error(list, hook->secrets[i].line,
			    "the secret in %s %s", hook->secrets[i].path,
			    hook->secrets[i].odd);
}

static void
warn_event(const struct rule *rule, const char *event, struct conf_errors *list)
{
	size_t n = 0;
	const struct catalog_row *rows = catalog_rows(&n);

	for (size_t i = 0; i < n; i++) {
		if (edit_distance(event, rows[i].name) > EVENT_NEAR)
			continue;
		conf_error(list, rule->line,
		    "no event is known as %s: "
		    "did you mean %s?",
		    event, rows[i].name);
		return;
	}
}

/* Whether an EVENT is a name, none of pelihook's own, and the table has it or,
 * !known, has not. */
static bool
is_known(const char *event, bool known)
{
	return strpbrk(event, "@*?[") == NULL &&
	    !catalog_is_own(bytes_of(event)) &&
	    (catalog_find(bytes_of(event)) != NULL) == known;
}

/*
 * Where `event-name` is set the events may be anybody's, and any name may be
 * right, unless another one of the hook is in the table.
 */
static bool
has_table_names(const struct hook *hook)
{
	for (size_t i = 0; i < hook->rules_len; i++)
		for (size_t k = 0; k < hook->rules[i].events_len; k++)
			if (is_known(hook->rules[i].events[k], true))
				return true;
	return hook->reading.name.from == EVENT_FROM_NONE;
}

static void
warn_unfound(const struct hook *hook, const struct rule *rule,
    const char *event, struct conf_errors *list)
{
	if (hook->reading.name.from == EVENT_FROM_NONE &&
	    !catalog_is_name(bytes_of(event)))
		conf_error(list, rule->line,
		    "hook %s: no event is found "
		    "under the name `%.64s': write `event-name' and where "
		    "such names stand",
		    hook->name, event);
}

static void
warn_rule(const struct hook *hook, const struct rule *rule,
    struct conf_errors *list)
{
	bool table = has_table_names(hook);

	for (size_t i = 0; i < rule->events_len; i++) {
		if (!is_known(rule->events[i], false))
			continue;
		warn_unfound(hook, rule, rule->events[i], list);
		if (table)
			warn_event(rule, rule->events[i], list);
	}
}

static bool
share_key(const struct hook *a, const struct hook *b)
{
	for (size_t i = 0; i < a->secrets_len; i++)
		for (size_t k = 0; k < b->secrets_len; k++)
			if (a->secrets[i].key.len > 0 &&
			    bytes_equal(a->secrets[i].key, b->secrets[k].key))
				return true;
	return false;
}

/* Warns once a hook, not once a pair. */
static void
warn_shared(const struct conf *conf, size_t at, struct conf_errors *list)
{
	size_t i = 0;

	while (i < at && !share_key(&conf->hooks[i], &conf->hooks[at]))
		i++;
	if (i < at)
		conf_error(list, conf->hooks[at].line,
		    "hooks %s and %s "
		    "have the same secret: a request for one can be sent to "
		    "the other",
		    conf->hooks[i].name, conf->hooks[at].name);
}

/* The PATH that its commands see. */
static const char *
path_of(const struct hook *hook)
{
	for (size_t i = 0; i < hook->setenv_len; i++)
		if (strcmp(hook->setenv[i].name, "PATH") == 0 &&
		    hook->setenv[i].value != NULL)
			return hook->setenv[i].value;
	return SPAWN_PATH;
}

static void
warn_command(const struct hook *hook, const char *const *command, unsigned line,
    struct conf_errors *list)
{
	struct buf error = { 0 };

	if (command != NULL &&
	    script_check(command[0], path_of(hook), &error) != RC_OK)
		conf_error(list, line, "command %s %s", command[0],
		    error.len > 0 ? error.data : "cannot be started");
	buf_free(&error);
}

static void
warn_commands(const struct hook *hook, struct conf_errors *list)
{
	for (size_t i = 0; i < hook->rules_len; i++)
		warn_command(hook, hook->rules[i].command, hook->rules[i].line,
		    list);
	warn_command(hook, hook->on_dead, line_of(hook, KEYWORD_ON_DEAD), list);
}

/* A lane that has another one, or none, was given that. */
static void
warn_order(const struct hook *hook, struct conf_errors *list)
{
	const struct event_source *order = &hook->reading.order;
	size_t n = 0;

	for (size_t i = 0; i < hook->lanes_len; i++)
		if (hook->lanes[i].order.from == order->from &&
		    hook->lanes[i].order.pointer == order->pointer)
			n++;
	if (order->from != EVENT_FROM_NONE && n > 1)
		conf_error(list, line_of(hook, KEYWORD_ORDER),
		    "hook %s: the order holds within a lane, and %zu have it: "
		    "what one runs may overtake what another one does; for "
		    "`on' lines in one order write `lane NAME', and the same "
		    "`lane NAME' in each of them",
		    hook->name, n);
}

/* What pelihook says of itself under these names is replaced. */
static void
warn_env(const struct hook *hook, struct conf_errors *list)
{
	static const char *const replaced[] = { "PIPELINE", "RUN", "TEXT",
		"URL" };

	for (size_t i = 0; i < hook->reading.env_len; i++)
		for (size_t k = 0; k < sizeof replaced / sizeof replaced[0];
		     k++)
			if (strcmp(hook->reading.env[i].name, replaced[k]) == 0)
				conf_error(list, hook->reading.env[i].line,
				    "hook %s: this `env' line replaces the "
				    "PELIHOOK_%s of pelihook's own: take it "
				    "out, or choose another name",
				    hook->name, replaced[k]);
}

/* What would run the queue. */
static const char *
runners(const struct conf *conf)
{
	return conf->dispatch == CONF_DISPATCH_DEFAULT ?
	    "start pelihook.fcgi, or enable pelihook-drain.timer or install "
	    "pelihook-drain.cron" :
	    "enable pelihook-drain.timer or install pelihook-drain.cron";
}

static void
warn_watch(const struct conf *conf, const struct hook *hook, bool untimed,
    struct conf_errors *list)
{
	if (conf_watches(hook) && untimed)
		conf_error(list, line_of(hook, KEYWORD_WATCH),
		    "hook %s: `watch' judges when the queue is run, and "
		    "nothing was found that runs it while no event comes: "
		    "no alarm is sent for what is late, stuck or silent; %s",
		    hook->name, runners(conf));
	for (size_t i = 0; !conf_watches(hook) && i < hook->rules_len; i++)
		if (rule_names_watch(&hook->rules[i]))
			conf_error(list, hook->rules[i].line,
			    "hook %s watches nothing, so this line has no "
			    "event of pelihook's own to take: write `watch "
			    "on', or take them out of it",
			    hook->name);
}

static void
warn_hook(const struct hook *hook, struct conf_errors *list)
{
	warn_signature(hook, list);
	warn_header(hook, &hook->reading.name, KEYWORD_EVENT_NAME, list);
	warn_header(hook, &hook->reading.dedupe, KEYWORD_DEDUPE, list);
	warn_window(hook, list);
	warn_timeout(hook, list);
	warn_capture(hook, list);
	warn_secrets(hook, list);
	warn_commands(hook, list);
	warn_order(hook, list);
	warn_env(hook, list);
	for (size_t i = 0; i < hook->rules_len; i++)
		warn_rule(hook, &hook->rules[i], list);
}

static void
warn_untimed(const struct conf *conf, struct conf_errors *list)
{
	if (conf->journal == NULL)
		return;
	conf_error(list, conf_line(conf, KEYWORD_JOURNAL),
	    "no timer and no cron line was found that runs the queue: %s "
	    "nothing else runs `pelihookctl drain' when a retry is due; %s",
	    conf->dispatch == CONF_DISPATCH_DEFAULT ? "under CGI" :
						      "with this `dispatch'",
	    runners(conf));
}

static void
warn_away(const struct conf *conf, struct conf_errors *list)
{
	if (conf_journal_is_shared(conf))
		conf_error(list, conf_line(conf, KEYWORD_JOURNAL),
		    "events that come while the database is away are answered "
		    "503, with Retry-After: who sends them has to send them "
		    "again");
}

enum rc
conf_warnings(const struct conf *conf, unsigned around, struct buf *warnings)
{
	struct conf_errors list = { .into = warnings, .file = conf->file };

	if ((around & CONF_UNTIMED) != 0)
		warn_untimed(conf, &list);
	warn_away(conf, &list);
	surroundings_warn(conf, (around & CONF_BEHIND_CGI) != 0, &list);
	for (size_t i = 0; i < conf->hooks_len; i++) {
		warn_shared(conf, i, &list);
		warn_hook(&conf->hooks[i], &list);
		warn_watch(conf, &conf->hooks[i], (around & CONF_UNTIMED) != 0,
		    &list);
	}
	(void)conf_errors_end(&list);
	return list.lost > 0 && warnings->max == 0 ? RC_MEMORY : RC_OK;
}
