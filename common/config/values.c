/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "config/values.h"

#include "base/clock.h"
#include "base/pool.h"
#include "base/units.h"
#include "config/arguments.h"
#include "config/conf.h"
#include "config/keywords.h"
#include "event/event.h"

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
read_pointer(struct parser *parser, const char *word,
    struct event_source *source)
{
	enum rc rc = arg_pointer(parser, word, &source->pointer);

	if (rc == RC_OK)
		source->from = EVENT_FROM_POINTER;
	return rc;
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
read_retry(struct parser *parser, const char *const *args)
{
	const struct directive_range *range = &keywords_row(KEYWORD_RETRY)
						   ->range;
	size_t n = arg_count(args);
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
	case DIRECTIVE_POINTER:
		return read_pointer(parser, args[0], field);
	case DIRECTIVE_OTHER:
		break;
	}
	return RC_SYNTAX;
}

enum rc
values_read(struct parser *parser, enum keyword keyword,
    const char *const *args)
{
	if (keyword == KEYWORD_ORDER)
		return read_order(parser, args);
	if (keyword == KEYWORD_RETRY)
		return read_retry(parser, args);
	return read_kind(parser, keywords_row(keyword), args);
}
