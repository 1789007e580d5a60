/* SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config/arguments.h"

#include "base/units.h"
#include "config/errors.h"
#include "event/event.h"
#include "event/json.h"
#include "http/header_name.h"

enum rc
arg_error(struct parser *parser, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	conf_error_list(&parser->errors, parser->line, format, arguments);
	va_end(arguments);
	return RC_CONFIG;
}

size_t
arg_count(const char *const *args)
{
	size_t n = 0;

	while (args[n] != NULL)
		n++;
	return n;
}

enum rc
arg_check_count(struct parser *parser, const struct directive *row,
    const char *const *args)
{
	size_t n = arg_count(args);

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

/* form: what kind of word it has to be, and an example. */
static enum rc
check_form(struct parser *parser, enum rc rc, const char *word,
    const char *form)
{
	if (rc == RC_SYNTAX)
		return arg_error(parser, "`%.200s' is %s", word, form);
	return rc;
}

static enum rc
out_of_range(struct parser *parser, const char *word,
    const struct directive_range *range)
{
	return arg_error(parser, "`%.200s' is out of range: write %s", word,
	    range->text);
}

enum rc
arg_duration(struct parser *parser, const char *word,
    const struct directive_range *range, int64_t *out)
{
	int64_t value = 0;
	enum rc rc = check_form(parser, units_duration(word, &value), word,
	    "no duration: write a number and ms, s, m, h or d behind it, "
	    "as in 10s");

	if (rc == RC_RANGE ||
	    (rc == RC_OK && (value < range->low || value > range->high)))
		return out_of_range(parser, word, range);
	if (rc == RC_OK)
		*out = value;
	return rc;
}

enum rc
arg_number(struct parser *parser, const char *word,
    const struct directive_range *range, unsigned *out)
{
	unsigned long long value = 0;
	enum rc rc = bytes_number(bytes_of(word),
	    (unsigned long long)range->high, &value);

	rc = check_form(parser, rc, word,
	    "no number: write digits only, as in 10");
	if (rc == RC_RANGE || (rc == RC_OK && (int64_t)value < range->low))
		return out_of_range(parser, word, range);
	if (rc == RC_OK)
		*out = (unsigned)value;
	return rc;
}

enum rc
arg_size(struct parser *parser, const char *word,
    const struct directive_range *range, size_t *out)
{
	size_t value = 0;
	enum rc rc = check_form(parser, units_size(word, &value), word,
	    "no size: write a number, or one with K, M or G behind it, "
	    "as in 64K");

	if (rc == RC_RANGE ||
	    (rc == RC_OK &&
		(value < (size_t)range->low || value > (size_t)range->high)))
		return out_of_range(parser, word, range);
	if (rc == RC_OK)
		*out = value;
	return rc;
}

const struct directive_choice *
arg_find_choice(const char *word, const struct directive_choice *choices)
{
	for (; choices->word != NULL; choices++)
		if (strcmp(word, choices->word) == 0)
			return choices;
	return NULL;
}

enum rc
arg_choice(struct parser *parser, const char *word,
    const struct directive_choice *choices, unsigned *out)
{
	const struct directive_choice *found = arg_find_choice(word, choices);
	char list[128] = "";
	size_t len = 0;

	if (found != NULL) {
		*out = found->value;
		return RC_OK;
	}
	for (; choices->word != NULL; choices++)
		len += (size_t)snprintf(list + len, sizeof list - len, " %s",
		    choices->word);
	return arg_error(parser,
	    "`%.200s' is none of the choices: "
	    "write one of%s",
	    word, list);
}

enum rc
arg_path(struct parser *parser, const char *word, const char *what,
    const char **out)
{
	if (word[0] != '/')
		return arg_error(parser,
		    "`%.200s' is no absolute path: "
		    "write the %s's whole path, from / on",
		    word, what);
	*out = word;
	return RC_OK;
}

enum rc
arg_lane(struct parser *parser, const char *word)
{
	if (word == NULL)
		return arg_error(parser,
		    "a lane's name is missing: write `lane NAME'");
	if (!conf_is_name(bytes_of(word)))
		return arg_error(parser,
		    "`%.100s' is no name of a lane: write at most 64 letters, "
		    "digits and . _ -, a letter or digit first",
		    word);
	return RC_OK;
}

enum rc
arg_pointer(struct parser *parser, const char *word, const char **out)
{
	if (!event_json_is_pointer(word))
		return arg_error(parser,
		    "`%.200s' is no JSON pointer: "
		    "write it as in /data/id, with ~0 for ~ and ~1 for / "
		    "in a name",
		    word);
	*out = word;
	return RC_OK;
}

static enum rc
source_header(struct parser *parser, const char *name, struct event_source *out)
{
	struct event_source source = { .from = EVENT_FROM_HEADER };
	enum rc rc;

	if (name == NULL)
		return arg_error(parser,
		    "a header's name is missing: "
		    "write `header NAME'");
	rc = header_name_parse(name, parser->pool, &source.header);
	if (rc == RC_SYNTAX)
		return arg_error(parser,
		    "`%.200s' is no header's name: "
		    "write it as in X-Event",
		    name);
	if (rc == RC_OK)
		*out = source;
	return rc;
}

enum rc
arg_source(struct parser *parser, const char *const *args,
    struct event_source *out)
{
	struct event_source source = { .from = EVENT_FROM_POINTER };
	enum rc rc;

	if (strcmp(args[0], "header") == 0)
		return source_header(parser, args[1], out);
	if (args[1] != NULL)
		return arg_error(parser,
		    "`%.200s' is one word too many: "
		    "take it out",
		    args[1]);
	rc = arg_pointer(parser, args[0], &source.pointer);
	if (rc == RC_OK)
		*out = source;
	return rc;
}

enum rc
arg_command(struct parser *parser, const char *const *args,
    const char *const **out)
{
	const char *path;
	enum rc rc;

	if (args[0] == NULL)
		return arg_error(parser,
		    "the command is missing: "
		    "write `run /path/to/command'");
	rc = arg_path(parser, args[0], "command", &path);
	if (rc == RC_OK)
		*out = args;
	return rc;
}

/* What follows the ] of the [ at the start of a text, or NULL. */
static const char *
bracket_end(const char *text)
{
	const char *end;

	text++;
	if (*text == '!' || *text == '^')
		text++;
	if (*text == ']')
		text++;
	end = strchr(text, ']');
	return end == NULL ? NULL : end + 1;
}

enum rc
arg_glob(struct parser *parser, const char *word)
{
	const char *at = word;

	while ((at = strchr(at, '[')) != NULL) {
		at = bracket_end(at);
		if (at == NULL)
			return arg_error(parser,
			    "a [ of `%.200s' is not "
			    "closed: write ] where it ends, or [[] for the "
			    "character itself",
			    word);
	}
	return RC_OK;
}
