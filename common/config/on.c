/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "config/on.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/pool.h"
#include "base/suggest.h"
#include "config/arguments.h"
#include "event/catalog.h"

static bool
is_word(const char *arg, const char *word)
{
	return arg != NULL && strcmp(arg, word) == 0;
}

static bool
ends_events(const char *arg)
{
	return is_word(arg, "where") || is_word(arg, "lane") ||
	    is_word(arg, "also") || is_word(arg, "run") ||
	    is_word(arg, "ignore");
}

static enum rc
refuse_group(struct parser *parser, const char *event)
{
	struct buf text = { 0 };
	enum rc rc = catalog_no_group(event, &text);

	if (rc == RC_OK)
		rc = arg_error(parser, "%s", text.data);
	buf_free(&text);
	return rc;
}

static const char *
own_name(size_t i)
{
	size_t n;
	const struct catalog_row *rows = catalog_watch_rows(&n);

	return i < n ? rows[i].name : NULL;
}

/* A name of pelihook's own events, which no glob takes. */
static enum rc
check_own(struct parser *parser, const char *event)
{
	const char *meant = NULL;

	if (catalog_find_watch(bytes_of(event)) != NULL)
		return RC_OK;
	if (event[strcspn(event, "*?[")] != '\0')
		return arg_error(parser,
		    "`%.64s' takes nothing, as no glob takes pelihook's own "
		    "events: write @watch for all of them, or their names",
		    event);
	meant = suggest(event, own_name, strlen(event));
	return arg_error(parser,
	    "pelihook has no event `%.64s' of its own: write %s%s", event,
	    meant == NULL ? "@watch for all that it has" : meant,
	    meant == NULL ? "" : ", or @watch for all that it has");
}

static enum rc
check_event(struct parser *parser, const char *event)
{
	if (event[0] == '\0')
		return arg_error(parser,
		    "an event's name is empty: "
		    "write * for every event");
	if (event[0] == '@' && !catalog_is_group(bytes_of(event)))
		return refuse_group(parser, event);
	if (catalog_is_own(bytes_of(event)))
		return check_own(parser, event);
	if (event[strcspn(event, "*?[")] != '\0')
		return arg_glob(parser, event);
	if (strlen(event) >= EVENT_NAME_SIZE)
		return arg_error(parser,
		    "the event's name `%.64s...' is "
		    "longer than 255 bytes: no event has it",
		    event);
	return RC_OK;
}

static enum rc
read_events(struct parser *parser, const char *const **args, struct rule *rule)
{
	enum rc rc = RC_OK;

	rule->events = *args;
	while (rc == RC_OK && **args != NULL && !ends_events(**args)) {
		rc = check_event(parser, **args);
		rule->events_len++;
		(*args)++;
	}
	if (rc == RC_OK && rule->events_len == 0)
		return arg_error(parser,
		    "the line names no event: write "
		    "`on EVENT...', with * for every event");
	return rc;
}

static enum rc
read_where(struct parser *parser, const char *const *args,
    struct rule_where *where)
{
	enum rc rc;

	if (args[0] == NULL || args[1] == NULL)
		return arg_error(parser,
		    "`where' takes two words: "
		    "write `where POINTER GLOB'");
	rc = arg_pointer(parser, args[0], &where->pointer);
	if (rc != RC_OK)
		return rc;
	where->glob = args[1];
	return arg_glob(parser, args[1]);
}

static enum rc
read_wheres(struct parser *parser, const char *const **args, struct rule *rule)
{
	struct rule_where *where = NULL, *next;
	size_t n = 0;
	enum rc rc;

	for (; is_word(**args, "where"); *args += 3) {
		next = pool_next(parser->pool, &where, n);
		if (next == NULL)
			return RC_MEMORY;
		n++;
		rc = read_where(parser, *args + 1, next);
		if (rc != RC_OK)
			return rc;
	}
	rule->where = where;
	rule->where_len = n;
	return RC_OK;
}

static enum rc
read_lane(struct parser *parser, const char *const **args, struct rule *rule)
{
	if (!is_word(**args, "lane"))
		return RC_OK;
	rule->lane_name = (*args)[1];
	*args += rule->lane_name == NULL ? 1 : 2;
	return arg_lane(parser, rule->lane_name);
}

static enum rc
read_ignore(struct parser *parser, const char *const *args,
    const struct rule *rule)
{
	if (rule->also)
		return arg_error(parser,
		    "`also' does not go with "
		    "`ignore': write `also run COMMAND'");
	if (rule->lane_name != NULL)
		return arg_error(parser,
		    "`lane' does not go with `ignore', which runs nothing: "
		    "take `lane %.64s' out",
		    rule->lane_name);
	if (args[1] != NULL)
		return arg_error(parser,
		    "`%.200s' stands behind `ignore': "
		    "take it out",
		    args[1]);
	return RC_OK;
}

static enum rc
read_action(struct parser *parser, const char *const *args, struct rule *rule)
{
	rule->also = is_word(args[0], "also");
	if (rule->also)
		args++;
	if (is_word(args[0], "run"))
		return arg_command(parser, args + 1, &rule->command);
	if (is_word(args[0], "ignore"))
		return read_ignore(parser, args, rule);
	if (args[0] == NULL)
		return arg_error(parser,
		    "the line does not say what to "
		    "do: end it with `run COMMAND' or `ignore'");
	if (is_word(args[0], "lane") && rule->lane_name != NULL)
		return arg_error(parser,
		    "`lane' is given twice: take one of them out");
	if (is_word(args[0], "where") || is_word(args[0], "lane"))
		return arg_error(parser,
		    "`%s' is too late here: write `where POINTER GLOB' before "
		    "`lane NAME', and that before `also'",
		    args[0]);
	return arg_error(parser,
	    "`%.200s' is not understood here: write "
	    "`where POINTER GLOB', `lane NAME', `run COMMAND', `also run "
	    "COMMAND' or `ignore'",
	    args[0]);
}

static enum rc
add_rule(struct parser *parser, const struct rule *rule)
{
	struct scope *scope = parser->scope;
	struct rule *next = pool_next(parser->pool, &scope->rules,
	    scope->hook.rules_len);

	if (next == NULL)
		return RC_MEMORY;
	*next = *rule;
	scope->hook.rules_len++;
	return RC_OK;
}

enum rc
on_read(struct parser *parser, const char *const *args)
{
	struct rule rule = { .line = parser->line };
	enum rc rc = read_events(parser, &args, &rule);

	if (rc == RC_OK)
		rc = read_wheres(parser, &args, &rule);
	if (rc == RC_OK)
		rc = read_lane(parser, &args, &rule);
	if (rc == RC_OK)
		rc = read_action(parser, args, &rule);
	return rc == RC_OK ? add_rule(parser, &rule) : rc;
}
