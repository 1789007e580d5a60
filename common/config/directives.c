/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "config/directives.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/units.h"
#include "config/arguments.h"
#include "config/conf.h"
#include "config/keywords.h"
#include "config/lists.h"
#include "config/on.h"
#include "event/event.h"
#include "signature/recipe.h"

static size_t
count(const char *const *args)
{
	size_t n = 0;

	while (args[n] != NULL)
		n++;
	return n;
}

/* The field a row names, of the scope's hook or of the configuration. */
static void *
field_of(struct parser *parser, const struct directive *row)
{
	char *base = row->place == DIRECTIVE_GLOBAL ?
	    (char *)parser->conf :
	    (char *)&parser->scope->hook;

	return base + row->field;
}

static enum rc
read_choice(struct parser *parser, const struct directive *row,
    const char *const *args)
{
	unsigned choice;
	enum rc rc = arg_choice(parser, args[0], row->choices, &choice);

	if (rc == RC_OK)
		memcpy(field_of(parser, row), &choice, sizeof choice);
	return rc;
}

static enum rc
read_duration(struct parser *parser, const struct directive *row,
    const char *const *args)
{
	int64_t *field = field_of(parser, row);
	int64_t value;

	if (row->unset != NULL && strcmp(args[0], row->unset) == 0) {
		*field = CLOCK_NEVER;
		return RC_OK;
	}
	if (row->unset != NULL && units_duration(args[0], &value) == RC_SYNTAX)
		return arg_error(parser,
		    "`%.200s' is no duration: write a number and ms, s, m, h "
		    "or d behind it, as in 90d, or %s",
		    args[0], row->unset);
	return arg_duration(parser, args[0], &row->range, field);
}

static enum rc
read_source(struct parser *parser, const struct directive *row,
    const char *const *args)
{
	struct event_source *source = field_of(parser, row);
	const struct directive_choice *choice = NULL;

	if (row->choices != NULL && args[1] == NULL)
		choice = arg_find_choice(args[0], row->choices);
	if (choice == NULL)
		return arg_source(parser, args, source);
	*source = (struct event_source){
		.from = (enum event_from)choice->value,
	};
	return RC_OK;
}

static enum rc
read_order(struct parser *parser, const char *const *args)
{
	if (strcmp(args[0], "header") == 0)
		return arg_error(parser,
		    "`order' knows no headers: write "
		    "`order none', `order hook' or `order POINTER'");
	return read_source(parser, keywords_row(KEYWORD_ORDER), args);
}

static enum rc
read_signature(struct parser *parser, const char *const *args)
{
	struct recipe recipe = { .kind = RECIPE_AUTO };
	const char *error = "";
	enum rc rc = recipe_parse(args, count(args), parser->pool, &recipe,
	    &error);

	if (rc == RC_SYNTAX)
		return arg_error(parser, "%.400s", error);
	if (rc != RC_OK)
		return rc;
	if (recipe.kind == RECIPE_NONE && parser->scope == &parser->defaults)
		return arg_error(parser,
		    "`signature none' is for one hook "
		    "only: write it behind a `hook NAME' line");
	parser->scope->hook.signature = recipe;
	return RC_OK;
}

static enum rc
read_journal(struct parser *parser, const char *const *args)
{
	parser->has_journal = true;
	return arg_path(parser, args[0], keywords_row(KEYWORD_JOURNAL)->what,
	    &parser->conf->journal);
}

static enum rc
read_log(struct parser *parser, const char *const *args)
{
	struct log_settings *log = &parser->conf->log;
	const struct directive_choice *choice = arg_find_choice(args[0],
	    keywords_row(KEYWORD_LOG)->choices);

	if (choice == NULL && args[0][0] != '/')
		return arg_error(parser,
		    "`%.200s' is no place for the log: "
		    "write stderr, syslog or a file's whole path, from / on",
		    args[0]);
	log->target = choice == NULL ? LOG_TO_FILE :
				       (enum log_target)choice->value;
	log->path = choice == NULL ? args[0] : NULL;
	return RC_OK;
}

static enum rc
read_retry(struct parser *parser, const char *const *args)
{
	const struct directive_range *range = &keywords_row(KEYWORD_RETRY)
						   ->range;
	size_t n = count(args);
	int64_t *pauses = pool_alloc(parser->pool, n, sizeof *pauses);
	enum rc rc = RC_OK;

	if (pauses == NULL)
		return RC_MEMORY;
	for (size_t i = 0; rc == RC_OK && i < n; i++)
		rc = arg_duration(parser, args[i], range, &pauses[i]);
	if (rc != RC_OK)
		return rc;
	parser->scope->hook.retry = pauses;
	parser->scope->hook.retry_len = n;
	return RC_OK;
}

static enum rc
read_on_dead(struct parser *parser, const char *const *args)
{
	if (strcmp(args[0], "run") != 0)
		return arg_error(parser,
		    "`%.200s' is not understood here: "
		    "write `on-dead run /path/to/command'",
		    args[0]);
	return arg_command(parser, args + 1, &parser->scope->hook.on_dead);
}

/* The value is one argument, or a source. */
static enum rc
read_kind(struct parser *parser, const struct directive *row,
    const char *const *args)
{
	void *field = field_of(parser, row);

	switch (row->kind) {
	case DIRECTIVE_DURATION:
		return read_duration(parser, row, args);
	case DIRECTIVE_NUMBER:
		return arg_number(parser, args[0], &row->range, field);
	case DIRECTIVE_SIZE:
		return arg_size(parser, args[0], &row->range, field);
	case DIRECTIVE_CHOICE:
		return read_choice(parser, row, args);
	case DIRECTIVE_PATH:
		return arg_path(parser, args[0], row->what, field);
	case DIRECTIVE_SOURCE:
		return read_source(parser, row, args);
	case DIRECTIVE_OTHER:
		break;
	}
	return RC_SYNTAX;
}

/* What reads the arguments that are like no other directive's. */
static enum rc (*const readers[KEYWORDS])(struct parser *parser,
    const char *const *args) = {
	[KEYWORD_SECRET_FILE] = lists_secret,
	[KEYWORD_SIGNATURE] = read_signature,
	[KEYWORD_ON] = on_read,
	[KEYWORD_JOURNAL] = read_journal,
	[KEYWORD_RETRY] = read_retry,
	[KEYWORD_ORDER] = read_order,
	[KEYWORD_ENV] = lists_env,
	[KEYWORD_SETENV] = lists_setenv,
	[KEYWORD_ON_DEAD] = read_on_dead,
	[KEYWORD_LOG] = read_log,
};

static enum rc
read_arguments(struct parser *parser, enum keyword keyword,
    const char *const *args)
{
	if (readers[keyword] != NULL)
		return readers[keyword](parser, args);
	return read_kind(parser, keywords_row(keyword), args);
}

static enum rc
check_place(struct parser *parser, enum keyword keyword)
{
	const struct directive *row = keywords_row(keyword);
	unsigned before = parser->scope->own.of[keyword];

	if (row->place == DIRECTIVE_GLOBAL &&
	    parser->scope != &parser->defaults)
		return arg_error(parser,
		    "`%s' is for all hooks: write it "
		    "before the first `hook' line",
		    row->name);
	if (!row->repeats && before != 0)
		return arg_error(parser,
		    "`%s' was given in line %u "
		    "already: take one of them out",
		    row->name, before);
	return RC_OK;
}

static enum rc
check_count(struct parser *parser, const struct directive *row, size_t n)
{
	if (n < row->min)
		return arg_error(parser,
		    "an argument of `%s' is missing: "
		    "write `%s %s'",
		    row->name, row->name, row->usage);
	if (n > row->max)
		return arg_error(parser,
		    "`%s' has too many arguments: "
		    "write `%s %s'",
		    row->name, row->name, row->usage);
	return RC_OK;
}

enum rc
directives_apply(struct parser *parser, enum keyword keyword,
    const char *const *args)
{
	enum rc rc = check_place(parser, keyword);

	if (rc != RC_OK)
		return RC_OK;
	rc = check_count(parser, keywords_row(keyword), count(args));
	if (rc == RC_OK)
		rc = read_arguments(parser, keyword, args);
	/* A wrong signature might be the one that needs no secret. */
	if (rc == RC_CONFIG && keyword == KEYWORD_SIGNATURE)
		parser->had_syntax_error = true;
	/* Right or wrong, the line counts as given: no second error. */
	parser->scope->own.of[keyword] = parser->line;
	parser->scope->lines.of[keyword] = parser->line;
	return rc == RC_CONFIG ? RC_OK : rc;
}
