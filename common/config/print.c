/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "config/print.h"

#include "base/log.h"
#include "base/tokens.h"
#include "base/units.h"
#include "config/conf.h"
#include "event/event.h"
#include "event/rule.h"
#include "signature/recipe.h"

/* NULL: nothing. */
static enum rc
print_text(const char *text, struct buf *into)
{
	return text == NULL ? RC_OK : buf_text(into, text);
}

static enum rc
print_choice(enum keyword keyword, const void *field, struct buf *into)
{
	const char *word;
	unsigned value;

	memcpy(&value, field, sizeof value);
	word = keywords_choice(keyword, value);
	return print_text(word != NULL ? word : keywords_row(keyword)->unset,
	    into);
}

static enum rc
print_source(enum keyword keyword, const struct event_source *source,
    struct buf *into)
{
	if (source->from == EVENT_FROM_POINTER)
		return tokens_print(source->pointer, into);
	if (source->from == EVENT_FROM_HEADER)
		return buf_printf(into, "header %s", source->header.name);
	return print_text(keywords_row(keyword)->choices == NULL ?
		keywords_row(keyword)->unset :
		keywords_choice(keyword, source->from),
	    into);
}

static enum rc
print_retry(const struct hook *hook, struct buf *into)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < hook->retry_len; i++) {
		if (i > 0)
			rc = buf_char(into, ' ');
		if (rc == RC_OK)
			rc = units_print_duration(hook->retry[i], into);
	}
	return rc;
}

static enum rc
print_command(const char *const *command, struct buf *into)
{
	enum rc rc;

	if (command == NULL)
		return RC_OK;
	rc = buf_text(into, "run ");
	return rc == RC_OK ? tokens_print_list(command, into) : rc;
}

static enum rc
print_other(const struct conf *conf, const struct hook *hook,
    enum keyword keyword, struct buf *into)
{
	if (keyword == KEYWORD_LOG && conf->log.target == LOG_TO_FILE)
		return buf_text(into, conf->log.path);
	if (keyword == KEYWORD_LOG)
		return print_choice(keyword, &conf->log.target, into);
	if (keyword == KEYWORD_SIGNATURE)
		return recipe_print(&hook->signature, into);
	if (keyword == KEYWORD_RETRY)
		return print_retry(hook, into);
	if (keyword == KEYWORD_ON_DEAD)
		return print_command(hook->on_dead, into);
	return RC_OK;
}

enum rc
conf_print(const struct conf *conf, const struct hook *hook,
    enum keyword keyword, struct buf *into)
{
	const struct directive *row = keywords_row(keyword);
	const void *field = (row->place == DIRECTIVE_GLOBAL ?
				    (const char *)conf :
				    (const char *)hook) +
	    row->field;
	const char *path;
	unsigned number;

	switch (row->kind) {
	case DIRECTIVE_DURATION:
		return units_print_duration(*(const int64_t *)field, into);
	case DIRECTIVE_NUMBER:
		number = *(const unsigned *)field;
		if (number == 0 && row->unset != NULL)
			return buf_text(into, row->unset);
		return buf_printf(into, "%u", number);
	case DIRECTIVE_SIZE:
		return units_print_size(*(const size_t *)field, into);
	case DIRECTIVE_CHOICE:
		return print_choice(keyword, field, into);
	case DIRECTIVE_PATH:
		path = *(const char *const *)field;
		return print_text(path != NULL ? path : row->unset, into);
	case DIRECTIVE_SOURCE:
		return print_source(keyword, field, into);
	case DIRECTIVE_OTHER:
		break;
	}
	return print_other(conf, hook, keyword, into);
}

static enum rc
print_where(const struct rule_where *where, struct buf *into)
{
	const char *words[] = { "where", where->pointer, where->glob, NULL };
	enum rc rc = tokens_print_list(words, into);

	return rc == RC_OK ? buf_char(into, ' ') : rc;
}

enum rc
conf_print_rule(const struct rule *rule, struct buf *into)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < rule->events_len; i++) {
		rc = tokens_print(rule->events[i], into);
		if (rc == RC_OK)
			rc = buf_char(into, ' ');
	}
	for (size_t i = 0; rc == RC_OK && i < rule->where_len; i++)
		rc = print_where(&rule->where[i], into);
	if (rc == RC_OK && rule->command == NULL)
		return buf_text(into, "ignore");
	if (rc == RC_OK && rule->also)
		rc = buf_text(into, "also ");
	return rc == RC_OK ? print_command(rule->command, into) : rc;
}
