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

enum { VALUES_TEXT = 640 };

enum rc
values_wrong(struct draft *draft, const char *format, ...)
{
	char text[VALUES_TEXT];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	conf_error(&draft->complaints, draft->line, "%s", text);
	return RC_CONFIG;
}

/* form: what kind of word it has to be, and an example. */
static enum rc
judge(struct draft *draft, enum rc rc, const char *word, const char *form)
{
	if (rc == RC_SYNTAX)
		return values_wrong(draft, "`%.200s' is %s", word, form);
	return rc;
}

static enum rc
out_of_range(struct draft *draft, const char *word, const struct range *range)
{
	return values_wrong(draft, "`%.200s' is out of range: write %s", word,
	    range->text);
}

enum rc
values_duration(struct draft *draft, const char *word,
    const struct range *range, int64_t *out)
{
	int64_t value = 0;
	enum rc rc = judge(draft, units_duration(word, &value), word,
	    "no duration: write a number and ms, s, m, h or d behind it, "
	    "as in 10s");

	if (rc == RC_RANGE ||
	    (rc == RC_OK && (value < range->low || value > range->high)))
		return out_of_range(draft, word, range);
	if (rc == RC_OK)
		*out = value;
	return rc;
}

enum rc
values_number(struct draft *draft, const char *word,
    const struct range *range, unsigned *out)
{
	unsigned long long value = 0;
	enum rc rc = bytes_number(bytes_of(word),
	    (unsigned long long)range->high, &value);

	rc = judge(draft, rc, word, "no number: write digits only, as in 10");
	if (rc == RC_RANGE || (rc == RC_OK && (int64_t)value < range->low))
		return out_of_range(draft, word, range);
	if (rc == RC_OK)
		*out = (unsigned)value;
	return rc;
}

enum rc
values_size(struct draft *draft, const char *word,
    const struct range *range, size_t *out)
{
	size_t value = 0;
	enum rc rc = judge(draft, units_size(word, &value), word,
	    "no size: write a number, or one with K, M or G behind it, "
	    "as in 64K");

	if (rc == RC_RANGE || (rc == RC_OK &&
	    (value < (size_t)range->low || value > (size_t)range->high)))
		return out_of_range(draft, word, range);
	if (rc == RC_OK)
		*out = value;
	return rc;
}

static enum rc
refuse_choice(struct draft *draft, const char *word,
    const char *const *choices)
{
	char list[128] = "";
	size_t len = 0;

	for (; *choices != NULL; choices++)
		len += (size_t)snprintf(list + len, sizeof list - len, " %s",
		    *choices);
	return values_wrong(draft, "`%.200s' is none of the choices: "
	    "write one of%s", word, list);
}

enum rc
values_choice(struct draft *draft, const char *word,
    const char *const *choices, unsigned *out)
{
	for (unsigned i = 0; choices[i] != NULL; i++) {
		if (strcmp(word, choices[i]) == 0) {
			*out = i;
			return RC_OK;
		}
	}
	return refuse_choice(draft, word, choices);
}

enum rc
values_path(struct draft *draft, const char *word, const char *what,
    const char **out)
{
	if (word[0] != '/')
		return values_wrong(draft, "`%.200s' is no absolute path: "
		    "write the %s's whole path, from / on", word, what);
	*out = word;
	return RC_OK;
}

enum rc
values_pointer(struct draft *draft, const char *word, const char **out)
{
	if (!event_json_is_pointer(word))
		return values_wrong(draft, "`%.200s' is no JSON pointer: "
		    "write it as in /data/id, with ~0 for ~ and ~1 for / "
		    "in a name", word);
	*out = word;
	return RC_OK;
}

static enum rc
source_header(struct draft *draft, const char *name, struct event_source *out)
{
	struct event_source source = { .from = EVENT_FROM_HEADER };
	enum rc rc;

	if (name == NULL)
		return values_wrong(draft, "a header's name is missing: "
		    "write `header NAME'");
	rc = header_name_parse(name, draft->pool, &source.header);
	if (rc == RC_SYNTAX)
		return values_wrong(draft, "`%.200s' is no header's name: "
		    "write it as in X-Event", name);
	if (rc == RC_OK)
		*out = source;
	return rc;
}

enum rc
values_source(struct draft *draft, const char *const *args,
    struct event_source *out)
{
	struct event_source source = { .from = EVENT_FROM_POINTER };
	enum rc rc;

	if (strcmp(args[0], "header") == 0)
		return source_header(draft, args[1], out);
	if (args[1] != NULL)
		return values_wrong(draft, "`%.200s' is one word too many: "
		    "take it out", args[1]);
	rc = values_pointer(draft, args[0], &source.pointer);
	if (rc == RC_OK)
		*out = source;
	return rc;
}

enum rc
values_command(struct draft *draft, const char *const *args,
    const char *const **out)
{
	const char *path;
	enum rc rc;

	if (args[0] == NULL)
		return values_wrong(draft, "the command is missing: "
		    "write `run /path/to/command'");
	rc = values_path(draft, args[0], "command", &path);
	if (rc == RC_OK)
		*out = args;
	return rc;
}

/* Behind the [ at the start of text: what follows its ], or NULL. */
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
values_glob(struct draft *draft, const char *word)
{
	const char *at = word;

	while ((at = strchr(at, '[')) != NULL) {
		at = bracket_end(at);
		if (at == NULL)
			return values_wrong(draft, "a [ of `%.200s' is not "
			    "closed: write ] where it ends, or [[] for the "
			    "character itself", word);
	}
	return RC_OK;
}
