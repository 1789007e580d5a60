/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "config/finish.h"

#include "base/buf.h"
#include "base/pool.h"
#include "base/units.h"
#include "config/conf.h"
#include "config/keywords.h"
#include "config/errors.h"
#include "config/lanes.h"
#include "config/watch_lines.h"
#include "event/event.h"
#include "signature/recipe.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

enum {
	TIMEOUT_WAIT = 30 * SECOND,
	TIMEOUT_QUEUE = HOUR,
};

static const int64_t default_retry[] = { 10 * SECOND, MINUTE, 5 * MINUTE,
	15 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR };

/* The line of a directive in force, or of the hook where it is a default. */
static unsigned
line_of(const struct scope *scope, enum keyword keyword)
{
	return scope->lines.of[keyword] != 0 ? scope->lines.of[keyword] :
					       scope->hook.line;
}

static bool
is_given(const struct scope *scope, enum keyword keyword)
{
	return scope->lines.of[keyword] != 0;
}

static void
need_journal(struct parser *parser, const struct scope *scope,
    enum keyword keyword, const char *what)
{
	conf_error(&parser->errors, line_of(scope, keyword),
	    "`%s' needs "
	    "a journal: write `journal PATH' before the first hook, or take "
	    "the line out",
	    what);
}

/* A wrong `journal' line may have been meant for one. */
static void
check_lease(struct parser *parser, const struct scope *scope)
{
	const struct conf *conf = parser->conf;

	if (!is_given(scope, KEYWORD_LEASE) || parser->had_syntax_error ||
	    parser->had_lease_error || conf_journal_is_shared(conf) ||
	    (parser->has_journal && conf->journal == NULL))
		return;
	conf_error(&parser->errors, line_of(scope, KEYWORD_LEASE),
	    "`lease' needs a journal that several machines share: write "
	    "`journal postgresql://USER@HOST/DATABASE' before the first hook, "
	    "or take the line out");
}

/* Every directive that needs a journal, where there is none. */
static void
check_journal(struct parser *parser, const struct scope *scope)
{
	static const enum keyword keywords[] = { KEYWORD_DEDUPE_WINDOW,
		KEYWORD_KEEP, KEYWORD_KEEP_DEAD, KEYWORD_DISPATCH };

	check_lease(parser, scope);
	if (parser->has_journal || parser->had_syntax_error)
		return;
	if (is_given(scope, KEYWORD_DELIVERY) &&
	    scope->hook.delivery == CONF_QUEUE)
		need_journal(parser, scope, KEYWORD_DELIVERY, "delivery queue");
	if (scope->hook.reading.dedupe.from != EVENT_FROM_NONE)
		need_journal(parser, scope, KEYWORD_DEDUPE, "dedupe");
	for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++)
		if (is_given(scope, keywords[i]))
			need_journal(parser, scope, keywords[i],
			    keywords_row(keywords[i])->name);
}

static const char *
queue_advice(const struct parser *parser)
{
	return parser->has_journal ?
	    "write `delivery queue'" :
	    "write `journal PATH' before the first hook";
}

static void
refuse_in_rule(struct parser *parser, const struct scope *scope,
    const struct rule *rule, const char *word)
{
	conf_error(&parser->errors, rule->line,
	    "`%s' is for hooks that queue, and hook %.64s waits: %s, or take "
	    "`%s' out",
	    word, scope->hook.name, queue_advice(parser), word);
}

/* The hook waits: its own queue directives make no sense. */
static void
refuse_queueing(struct parser *parser, struct scope *scope)
{
	const char *advice = queue_advice(parser);

	for (unsigned i = 0; i < KEYWORDS; i++)
		if (scope->own.of[i] != 0 && keywords_row(i)->queue)
			conf_error(&parser->errors, scope->own.of[i],
			    "`%s' is for hooks that queue, and hook %.64s "
			    "waits: %s, or take the line out",
			    keywords_row(i)->name, scope->hook.name, advice);
	for (size_t i = 0; i < scope->hook.rules_len; i++) {
		if (scope->rules[i].also)
			refuse_in_rule(parser, scope, &scope->rules[i], "also");
		if (scope->rules[i].lane_name != NULL)
			refuse_in_rule(parser, scope, &scope->rules[i], "lane");
	}
	/* Those of the defaults are for the other hooks. */
	scope->hook.batch = 1;
	scope->hook.reading.order = (struct event_source){
		.from = EVENT_FROM_NONE,
	};
	scope->hook.on_dead = NULL;
	scope->hook.watch.on = false;
	scope->watch_for_len = 0;
}

static void
judge_kill_after(struct parser *parser, unsigned line, int64_t kill_after)
{
	int64_t max = conf_kill_after_max(parser->conf);
	struct buf text = { 0 };

	if (kill_after <= max || parser->had_lease_error)
		return;
	buf_text(&text, "`kill-after ");
	units_print_duration(kill_after, &text);
	buf_text(&text, "' is too long for a lease of ");
	units_print_duration(parser->conf->lease, &text);
	buf_text(&text,
	    ", before the end of which all commands have to be "
	    "killed where the database cannot be reached: write ");
	units_print_duration(max, &text);
	buf_text(&text, " or less, or a longer `lease' before the first hook");
	conf_error(&parser->errors, line, "%s",
	    text.rc == RC_OK ? text.data : "`kill-after' is too long");
	buf_free(&text);
}

/* The one in force and those of its own lanes; 0: none is given. */
static void
check_kill_after(struct parser *parser, const struct scope *scope)
{
	judge_kill_after(parser, line_of(scope, KEYWORD_KILL_AFTER),
	    scope->hook.kill_after);
	for (size_t i = 0; i < scope->lanes_len; i++)
		judge_kill_after(parser, scope->lanes[i].lane.line,
		    scope->lanes[i].lane.kill_after);
}

static void
finish_kill_after(struct parser *parser, struct scope *scope)
{
	check_kill_after(parser, scope);
	if (scope->hook.kill_after == 0)
		scope->hook.kill_after = conf_kill_after(parser->conf);
}

static void
finish_delivery(struct parser *parser, struct scope *scope)
{
	struct hook *hook = &scope->hook;

	if (!is_given(scope, KEYWORD_DELIVERY))
		hook->delivery = parser->has_journal ? CONF_QUEUE : CONF_WAIT;
	if (!is_given(scope, KEYWORD_TIMEOUT))
		hook->timeout = hook->delivery == CONF_QUEUE ? TIMEOUT_QUEUE :
							       TIMEOUT_WAIT;
	check_journal(parser, scope);
	if (hook->delivery == CONF_WAIT)
		refuse_queueing(parser, scope);
}

static void
finish_input(struct parser *parser, struct scope *scope)
{
	struct hook *hook = &scope->hook;

	if (!is_given(scope, KEYWORD_INPUT) && hook->batch > 1)
		hook->input = CONF_CLOUDEVENTS;
	if (hook->batch <= 1 || hook->input != CONF_BODY)
		return;
	conf_error(&parser->errors,
	    scope->own.of[KEYWORD_BATCH] != 0 ? scope->own.of[KEYWORD_BATCH] :
						line_of(scope, KEYWORD_INPUT),
	    "`batch' does not go with `input body': write `input line' or "
	    "`input cloudevents'");
}

static void
check_secrets(struct parser *parser, const struct scope *scope)
{
	bool given = is_given(scope, KEYWORD_SECRET_FILE);

	if (scope->hook.signature.kind != RECIPE_NONE && !given &&
	    !parser->had_syntax_error)
		conf_error(&parser->errors, scope->hook.line,
		    "hook %.64s has no secret: write `secret-file PATH', or "
		    "`signature none' in it to accept what is not signed",
		    scope->hook.name);
	if (scope->hook.signature.kind == RECIPE_NONE && given)
		conf_error(&parser->errors, line_of(scope, KEYWORD_SIGNATURE),
		    "`signature none' does "
		    "not go with the secret of line %u: take one of them "
		    "out, or write the secret into the hooks that have it",
		    scope->lines.of[KEYWORD_SECRET_FILE]);
}

static void
check_rules(struct parser *parser, const struct scope *scope)
{
	if (scope->own.of[KEYWORD_ON] == 0 && !parser->had_syntax_error)
		conf_error(&parser->errors, scope->hook.line,
		    "hook %.64s has no `on' line: write "
		    "`on * run /path/to/command'",
		    scope->hook.name);
}

static void
check_name(struct parser *parser, const struct hook *hook)
{
	for (size_t i = 0; i < parser->conf->hooks_len; i++)
		if (strcmp(parser->conf->hooks[i].name, hook->name) == 0)
			conf_error(&parser->errors, hook->line,
			    "hook %.64s begins in line %u already: give "
			    "this one another name",
			    hook->name, parser->conf->hooks[i].line);
}

static void
check_setenv(struct parser *parser, const struct scope *scope)
{
	for (size_t i = 0; i < scope->hook.setenv_files_len; i++)
		for (size_t k = 0; k < scope->hook.setenv_len; k++) {
			const struct event_pair
			    *pair = &scope->setenv_file_pairs[i];
			const struct event_pair *other = &scope->setenv[k];

			if (strcmp(pair->name, other->name) != 0)
				continue;
			if (other->line > pair->line) {
				other = pair;
				pair = &scope->setenv[k];
			}
			conf_error(&parser->errors, pair->line,
			    "%.100s was given in line %u already: take one of "
			    "them out",
			    pair->name, other->line);
		}
}

/* They are the hook's own even where they come from the defaults, since what
 * is in the files will be put there. */
static enum rc
copy_secrets(struct parser *parser, const struct secret *from, size_t n,
    struct secret **into)
{
	struct secret *copy = pool_alloc(parser->pool, n + 1, sizeof *copy);

	if (copy == NULL)
		return RC_MEMORY;
	for (size_t i = 0; i < n; i++)
		copy[i] = from[i];
	*into = copy;
	return RC_OK;
}

/* The constants, and behind them what becomes one as its file is loaded. */
static enum rc
attach_setenv(struct parser *parser, struct scope *scope)
{
	struct hook *hook = &scope->hook;
	size_t n = hook->setenv_len + hook->setenv_files_len;
	struct event_pair *pairs = pool_alloc(parser->pool, n + 1,
	    sizeof *pairs);

	if (pairs == NULL)
		return RC_MEMORY;
	for (size_t i = 0; i < hook->setenv_len; i++)
		pairs[i] = scope->setenv[i];
	for (size_t i = hook->setenv_len; i < n; i++)
		pairs[i] = scope->setenv_file_pairs[i - hook->setenv_len];
	hook->setenv = pairs;
	hook->setenv_len = n;
	return copy_secrets(parser, scope->setenv_files, hook->setenv_files_len,
	    &hook->setenv_files);
}

/* Gives the hook its arrays. */
static enum rc
attach(struct parser *parser, struct scope *scope)
{
	struct hook *hook = &scope->hook;
	struct conf_lines *lines = pool_alloc(parser->pool, 1, sizeof *lines);

	enum rc rc = copy_secrets(parser, scope->secrets, hook->secrets_len,
	    &hook->secrets);

	if (lines == NULL)
		return RC_MEMORY;
	if (rc != RC_OK)
		return rc;
	*lines = scope->lines;
	hook->lines = lines;
	hook->rules = scope->rules;
	hook->reading.env = scope->env;
	hook->page_url = parser->conf->page_url;
	return attach_setenv(parser, scope);
}

static enum rc
add_hook(struct parser *parser, const struct hook *hook)
{
	struct conf *conf = parser->conf;
	struct hook *next = pool_next(parser->pool, &conf->hooks,
	    conf->hooks_len);

	if (next == NULL)
		return RC_MEMORY;
	*next = *hook;
	conf->hooks_len++;
	return RC_OK;
}

/* The scope becomes a hook of the configuration. */
static enum rc
close_scope(struct parser *parser, struct scope *scope)
{
	struct hook *hook = &scope->hook;
	enum rc rc;

	if (hook->retry == NULL) {
		hook->retry = default_retry;
		hook->retry_len = sizeof default_retry /
		    sizeof default_retry[0];
	}
	check_name(parser, hook);
	finish_delivery(parser, scope);
	finish_kill_after(parser, scope);
	finish_input(parser, scope);
	check_secrets(parser, scope);
	check_rules(parser, scope);
	check_setenv(parser, scope);
	rc = lanes_build(parser, scope);
	if (rc == RC_OK)
		rc = watch_lines_finish(parser, scope);
	if (rc == RC_OK)
		rc = attach(parser, scope);
	return rc == RC_OK ? add_hook(parser, hook) : rc;
}

static void
refuse_early_rules(struct parser *parser)
{
	const struct scope *defaults = &parser->defaults;

	for (size_t i = 0; i < defaults->hook.rules_len; i++)
		conf_error(&parser->errors, defaults->rules[i].line,
		    "this `on' line belongs to no hook: move it behind the "
		    "`hook' line it is for");
}

static void
open_hook(struct parser *parser, const char *name)
{
	struct scope *scope = &parser->hook;

	*scope = parser->defaults;
	scope->own = (struct conf_lines){ 0 };
	scope->lines.of[KEYWORD_ON] = 0;
	scope->rules = NULL;
	scope->lanes = NULL;
	scope->lanes_len = 0;
	scope->own_watch_for = false;
	scope->own_watch = 0;
	scope->hook.rules_len = 0;
	scope->hook.name = name;
	scope->hook.reading.hook = name;
	scope->hook.line = parser->line;
	parser->scope = scope;
}

enum rc
finish_hook(struct parser *parser, const char *name)
{
	enum rc rc = RC_OK;

	if (parser->scope == &parser->hook)
		rc = close_scope(parser, parser->scope);
	else
		refuse_early_rules(parser);
	if (rc == RC_OK)
		open_hook(parser, name);
	return rc;
}

/* A file without a hook line is one hook, if it has `on` lines. */
static enum rc
close_single(struct parser *parser)
{
	struct scope *scope = &parser->defaults;

	if (scope->own.of[KEYWORD_ON] == 0) {
		if (!parser->had_syntax_error)
			conf_error(&parser->errors, 1,
			    "there is no "
			    "hook: write `hook NAME', then `secret-file "
			    "PATH' and `on * run /path/to/command'");
		return RC_OK;
	}
	scope->hook.name = "default";
	scope->hook.reading.hook = scope->hook.name;
	scope->hook.line = scope->rules != NULL ? scope->rules[0].line :
						  scope->own.of[KEYWORD_ON];
	return close_scope(parser, scope);
}

/* Defaults that no hook can use are errors: nothing is ignored in silence. */
static void
check_defaults(struct parser *parser)
{
	const struct scope *defaults = &parser->defaults;
	const struct conf *conf = parser->conf;

	check_journal(parser, defaults);
	check_kill_after(parser, defaults);
	for (size_t i = 0; i < conf->hooks_len; i++)
		if (conf->hooks[i].delivery == CONF_QUEUE) {
			lanes_check_defaults(parser);
			return;
		}
	for (unsigned i = 0; i < KEYWORDS; i++)
		if (defaults->own.of[i] != 0 && keywords_row(i)->queue)
			conf_error(&parser->errors, defaults->own.of[i],
			    "`%s' is for hooks that queue, and no hook does: "
			    "%s, or take the line out",
			    keywords_row(i)->name, queue_advice(parser));
	/* Without a journal check_journal() has an error for it. */
	if (defaults->own.of[KEYWORD_DELIVERY] != 0 && parser->has_journal &&
	    defaults->hook.delivery == CONF_QUEUE)
		conf_error(&parser->errors, defaults->own.of[KEYWORD_DELIVERY],
		    "`delivery queue' is "
		    "for no hook, as each one waits: take this line out, or "
		    "`delivery wait' out of the hooks that are to queue");
}

enum rc
finish_file(struct parser *parser)
{
	enum rc rc;

	if (parser->scope == &parser->defaults)
		return close_single(parser);
	rc = close_scope(parser, parser->scope);
	if (rc == RC_OK)
		check_defaults(parser);
	return rc;
}
