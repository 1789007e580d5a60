/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "config/finish.h"

#include "base/pool.h"
#include "config/conf.h"
#include "config/directives.h"
#include "config/errors.h"
#include "event/event.h"
#include "signature/recipe.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

enum {
	TIMEOUT_WAIT = 30 * SECOND,
	TIMEOUT_QUEUE = HOUR
};

static const int64_t default_retry[] = {
	10 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE,
	HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR
};

/* The line of a directive in force, or of the hook where it is a default. */
static unsigned
line_of(const struct draft_scope *scope, enum draft_word word)
{
	return scope->lines[word] != 0 ? scope->lines[word] :
	    scope->hook.line;
}

static bool
is_given(const struct draft_scope *scope, enum draft_word word)
{
	return scope->lines[word] != 0;
}

static void
need_journal(struct draft *draft, const struct draft_scope *scope,
    enum draft_word word, const char *what)
{
	conf_error(&draft->complaints, line_of(scope, word), "`%s' needs "
	    "a journal: write `journal PATH' before the first hook, or take "
	    "the line out", what);
}

/* Every directive that needs a journal, where there is none. */
static void
check_journal(struct draft *draft, const struct draft_scope *scope)
{
	static const enum draft_word words[] = {
		DRAFT_DEDUPE_WINDOW, DRAFT_KEEP, DRAFT_DISPATCH
	};

	if (draft->conf->journal_line != 0 || draft->garbled)
		return;
	if (is_given(scope, DRAFT_DELIVERY) &&
	    scope->hook.delivery == CONF_QUEUE)
		need_journal(draft, scope, DRAFT_DELIVERY, "delivery queue");
	if (scope->hook.reading.dedupe.from != EVENT_FROM_NONE)
		need_journal(draft, scope, DRAFT_DEDUPE, "dedupe");
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (is_given(scope, words[i]))
			need_journal(draft, scope, words[i],
			    directives_name(words[i]));
}

static const char *
queue_advice(const struct draft *draft)
{
	return draft->conf->journal_line != 0 ? "write `delivery queue'" :
	    "write `journal PATH' before the first hook";
}

/* The hook waits: its own queue directives make no sense. */
static void
refuse_queueing(struct draft *draft, struct draft_scope *scope)
{
	const char *advice = queue_advice(draft);

	for (unsigned i = 0; i < DRAFT_WORDS; i++)
		if (scope->own[i] != 0 && directives_queue(i))
			conf_error(&draft->complaints, scope->own[i],
			    "`%s' is for hooks that queue, and hook %.64s "
			    "waits: %s, or take the line out",
			    directives_name(i), scope->hook.name, advice);
	for (size_t i = 0; i < scope->hook.rules_len; i++)
		if (scope->rules[i].also)
			conf_error(&draft->complaints,
			    scope->rules[i].line, "`also' is for hooks that "
			    "queue, and hook %.64s waits: %s, or take `also' "
			    "out", scope->hook.name, advice);
	/* Those of the defaults are for the other hooks. */
	scope->hook.batch = 1;
	scope->hook.reading.order = (struct event_source){ .from = EVENT_FROM_NONE };
	scope->hook.on_dead = NULL;
}

static void
settle_delivery(struct draft *draft, struct draft_scope *scope)
{
	struct hook *hook = &scope->hook;

	if (!is_given(scope, DRAFT_DELIVERY))
		hook->delivery = draft->conf->journal_line != 0 ?
		    CONF_QUEUE : CONF_WAIT;
	if (!is_given(scope, DRAFT_TIMEOUT))
		hook->timeout = hook->delivery == CONF_QUEUE ?
		    TIMEOUT_QUEUE : TIMEOUT_WAIT;
	check_journal(draft, scope);
	if (hook->delivery == CONF_WAIT)
		refuse_queueing(draft, scope);
}

static void
settle_input(struct draft *draft, struct draft_scope *scope)
{
	struct hook *hook = &scope->hook;

	if (!is_given(scope, DRAFT_INPUT) && hook->batch > 1)
		hook->input = CONF_CLOUDEVENTS;
	if (hook->batch <= 1 || hook->input != CONF_BODY)
		return;
	conf_error(&draft->complaints, scope->own[DRAFT_BATCH] != 0 ?
	    scope->own[DRAFT_BATCH] : line_of(scope, DRAFT_INPUT),
	    "`batch' does not go with `input body': write `input line' or "
	    "`input cloudevents'");
}

static void
check_secrets(struct draft *draft, const struct draft_scope *scope)
{
	bool given = is_given(scope, DRAFT_SECRET_FILE);

	if (scope->hook.signature.kind != RECIPE_NONE && !given &&
	    !draft->garbled)
		conf_error(&draft->complaints, scope->hook.line,
		    "hook %.64s has no secret: write `secret-file PATH', or "
		    "`signature none' in it to accept what is not signed",
		    scope->hook.name);
	if (scope->hook.signature.kind == RECIPE_NONE && given)
		conf_error(&draft->complaints,
		    line_of(scope, DRAFT_SIGNATURE), "`signature none' does "
		    "not go with the secret of line %u: take one of them "
		    "out, or write the secret into the hooks that have it",
		    scope->lines[DRAFT_SECRET_FILE]);
}

static void
check_rules(struct draft *draft, const struct draft_scope *scope)
{
	if (scope->own[DRAFT_ON] == 0 && !draft->garbled)
		conf_error(&draft->complaints, scope->hook.line,
		    "hook %.64s has no `on' line: write "
		    "`on * run /path/to/command'", scope->hook.name);
}

static void
check_name(struct draft *draft, const struct hook *hook)
{
	for (size_t i = 0; i < draft->conf->hooks_len; i++)
		if (strcmp(draft->conf->hooks[i].name, hook->name) == 0)
			conf_error(&draft->complaints, hook->line,
			    "hook %.64s begins in line %u already: give "
			    "this one another name", hook->name,
			    draft->conf->hooks[i].line);
}

/*
 * Gives the hook its arrays.  The secrets are its own even where they come
 * from the defaults, since its keys will be put there.
 */
static enum rc
attach(struct draft *draft, struct draft_scope *scope)
{
	struct hook *hook = &scope->hook;
	unsigned *lines = pool_alloc(draft->pool, DRAFT_WORDS, sizeof *lines);

	hook->secrets = pool_alloc(draft->pool, hook->secrets_len + 1,
	    sizeof *hook->secrets);
	if (lines == NULL || hook->secrets == NULL)
		return RC_MEMORY;
	for (size_t i = 0; i < hook->secrets_len; i++)
		hook->secrets[i] = scope->secrets[i];
	memcpy(lines, scope->lines, sizeof scope->lines);
	hook->lines = lines;
	hook->rules = scope->rules;
	hook->reading.env = scope->env;
	hook->setenv = scope->setenv;
	return RC_OK;
}

static enum rc
keep(struct draft *draft, const struct hook *hook)
{
	struct conf *conf = draft->conf;
	struct hook *hooks = pool_grow(draft->pool, conf->hooks,
	    conf->hooks_len, sizeof *hooks);

	if (hooks == NULL)
		return RC_MEMORY;
	hooks[conf->hooks_len++] = *hook;
	conf->hooks = hooks;
	return RC_OK;
}

/* The scope becomes a hook of the configuration. */
static enum rc
close_scope(struct draft *draft, struct draft_scope *scope)
{
	struct hook *hook = &scope->hook;
	enum rc rc;

	if (hook->retry == NULL) {
		hook->retry = default_retry;
		hook->retry_len = sizeof default_retry /
		    sizeof default_retry[0];
	}
	check_name(draft, hook);
	settle_delivery(draft, scope);
	settle_input(draft, scope);
	check_secrets(draft, scope);
	check_rules(draft, scope);
	rc = attach(draft, scope);
	return rc == RC_OK ? keep(draft, hook) : rc;
}

static void
refuse_early_rules(struct draft *draft)
{
	const struct draft_scope *defaults = &draft->defaults;

	for (size_t i = 0; i < defaults->hook.rules_len; i++)
		conf_error(&draft->complaints, defaults->rules[i].line,
		    "this `on' line belongs to no hook: move it behind the "
		    "`hook' line it is for");
}

static void
open_hook(struct draft *draft, const char *name)
{
	struct draft_scope *scope = &draft->hook;

	*scope = draft->defaults;
	memset(scope->own, 0, sizeof scope->own);
	scope->lines[DRAFT_ON] = 0;
	scope->rules = NULL;
	scope->hook.rules_len = 0;
	scope->hook.name = name;
	scope->hook.reading.hook = name;
	scope->hook.line = draft->line;
	draft->scope = scope;
}

enum rc
settle_hook(struct draft *draft, const char *name)
{
	enum rc rc = RC_OK;

	if (draft->scope == &draft->hook)
		rc = close_scope(draft, draft->scope);
	else
		refuse_early_rules(draft);
	if (rc == RC_OK)
		open_hook(draft, name);
	return rc;
}

/* A file without a hook line is one hook, if it has `on` lines. */
static enum rc
close_single(struct draft *draft)
{
	struct draft_scope *scope = &draft->defaults;

	if (scope->own[DRAFT_ON] == 0) {
		if (!draft->garbled)
			conf_error(&draft->complaints, 1, "there is no "
			    "hook: write `hook NAME', then `secret-file "
			    "PATH' and `on * run /path/to/command'");
		return RC_OK;
	}
	scope->hook.name = "default";
	scope->hook.reading.hook = scope->hook.name;
	scope->hook.line = scope->rules != NULL ? scope->rules[0].line :
	    scope->own[DRAFT_ON];
	return close_scope(draft, scope);
}

/* Nothing is ignored in silence: defaults that no hook can use. */
static void
check_defaults(struct draft *draft)
{
	const struct draft_scope *defaults = &draft->defaults;
	const struct conf *conf = draft->conf;

	check_journal(draft, defaults);
	for (size_t i = 0; i < conf->hooks_len; i++)
		if (conf->hooks[i].delivery == CONF_QUEUE)
			return;
	for (unsigned i = 0; i < DRAFT_WORDS; i++)
		if (defaults->own[i] != 0 && directives_queue(i))
			conf_error(&draft->complaints, defaults->own[i],
			    "`%s' is for hooks that queue, and no hook does: "
			    "%s, or take the line out", directives_name(i),
			    queue_advice(draft));
	/* Without a journal that was said already. */
	if (defaults->own[DRAFT_DELIVERY] != 0 && conf->journal_line != 0 &&
	    defaults->hook.delivery == CONF_QUEUE)
		conf_error(&draft->complaints,
		    defaults->own[DRAFT_DELIVERY], "`delivery queue' is for "
		    "no hook, as each one waits: take this line out, or "
		    "`delivery wait' out of the hooks that are to queue");
}

enum rc
settle_file(struct draft *draft)
{
	enum rc rc;

	if (draft->scope == &draft->defaults)
		return close_single(draft);
	rc = close_scope(draft, draft->scope);
	if (rc == RC_OK)
		check_defaults(draft);
	return rc;
}
