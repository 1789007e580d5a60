/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "config/lanes.h"

#include "base/buf.h"
#include "base/pool.h"
#include "config/arguments.h"
#include "config/conf.h"
#include "config/digest.h"
#include "config/errors.h"
#include "config/keywords.h"
#include "config/values.h"
#include "event/rule.h"

/* The directive of a name, where a `lane` line may hold it; or KEYWORDS. */
static enum keyword
setting_of(const char *word)
{
	enum keyword keyword = keywords_find(word);

	return keyword == KEYWORDS || keywords_row(keyword)->lane ? keyword :
								    KEYWORDS;
}

static enum rc
refuse_setting(struct parser *parser, const char *word)
{
	struct buf names = { 0 };
	enum rc rc;

	for (unsigned i = 0; i < KEYWORDS; i++)
		if (keywords_row(i)->lane)
			buf_printf(&names, " %s", keywords_row(i)->name);
	rc = names.rc;
	if (rc == RC_OK)
		rc = arg_error(parser,
		    "`%.200s' is not understood here: write one of%s, and its "
		    "value behind it",
		    word, names.data);
	buf_free(&names);
	return rc;
}

static enum rc
check_setting(struct parser *parser, const char *word,
    const struct lane_line *line)
{
	if (setting_of(word) == KEYWORDS)
		return refuse_setting(parser, word);
	if (line->given[setting_of(word)])
		return arg_error(parser,
		    "`%s' is given twice: take one of them out", word);
	return RC_OK;
}

/* Reads one setting into the scope that is open, and goes behind it. */
static enum rc
read_setting(struct parser *parser, const char *const **args,
    struct lane_line *line)
{
	enum keyword keyword = setting_of(**args);
	const char **words;
	size_t n = 0;
	enum rc rc = check_setting(parser, *(*args)++, line);

	if (rc != RC_OK)
		return rc;
	while ((*args)[n] != NULL && setting_of((*args)[n]) == KEYWORDS &&
	    (n == 0 || keywords_row(keyword)->max > 1))
		n++;
	words = pool_alloc(parser->pool, n + 1, sizeof *words);
	if (words == NULL)
		return RC_MEMORY;
	for (size_t i = 0; i < n; i++)
		words[i] = *(*args)++;
	line->given[keyword] = true;
	rc = arg_check_count(parser, keywords_row(keyword), words);
	return rc == RC_OK ? values_read(parser, keyword, words) : rc;
}

/* A lane with the values of a hook. */
static struct lane
lane_like(const struct hook *hook)
{
	return (struct lane){
		.concurrency = hook->concurrency,
		.batch = hook->batch,
		.order = hook->reading.order,
		.retry = hook->retry,
		.retry_len = hook->retry_len,
		.timeout = hook->timeout,
		.kill_after = hook->kill_after,
		.directory = hook->directory,
	};
}

/* The settings are read as those of a hook, which is then forgotten. */
static enum rc
read_settings(struct parser *parser, const char *const *args,
    struct lane_line *line)
{
	struct scope *scope = parser->scope;
	struct scope draft = { 0 };
	enum rc rc = RC_OK;

	parser->scope = &draft;
	while (rc == RC_OK && *args != NULL)
		rc = read_setting(parser, &args, line);
	parser->scope = scope;
	line->lane = lane_like(&draft.hook);
	return rc;
}

static struct lane_line *
find_line(struct scope *scope, const char *name)
{
	for (size_t i = 0; i < scope->lanes_len; i++)
		if (strcmp(scope->lanes[i].lane.name, name) == 0)
			return &scope->lanes[i];
	return NULL;
}

enum rc
lanes_read(struct parser *parser, const char *const *args)
{
	struct scope *scope = parser->scope;
	struct lane_line line = { 0 };
	struct lane_line *same, *next;
	enum rc rc = arg_lane(parser, args[0]);

	if (rc == RC_OK && (same = find_line(scope, args[0])) != NULL)
		rc = arg_error(parser,
		    "the lane %s was given in line %u already: take one of "
		    "them out",
		    args[0], same->lane.line);
	if (rc == RC_OK)
		rc = read_settings(parser, args + 1, &line);
	if (rc != RC_OK)
		return rc;
	line.lane.name = args[0];
	line.lane.line = parser->line;
	next = pool_next(parser->pool, &scope->lanes, scope->lanes_len);
	if (next == NULL)
		return RC_MEMORY;
	*next = line;
	scope->lanes_len++;
	return RC_OK;
}

static bool
are_equal(const char *const *words, const char *const *others)
{
	for (; *words != NULL && *others != NULL; words++, others++)
		if (strcmp(*words, *others) != 0)
			return false;
	return *words == *others;
}

static bool
is_lane_of(const struct lane *lane, const struct rule *rule)
{
	if (rule->lane_name == NULL || lane->name == NULL)
		return rule->lane_name == lane->name &&
		    are_equal(lane->command, rule->command);
	return strcmp(lane->name, rule->lane_name) == 0;
}

/* The `lane` line of a rule: its hook's, or else that of the defaults. */
static const struct lane_line *
line_for(struct parser *parser, struct scope *scope, const struct rule *rule)
{
	struct lane_line *common = find_line(&parser->defaults,
	    rule->lane_name);
	struct lane_line *own = find_line(scope, rule->lane_name);

	if (common != NULL)
		common->named = true;
	if (own == NULL)
		own = common;
	if (own != NULL)
		own->named = true;
	else if (!parser->had_lane_error)
		conf_error(&parser->errors, rule->line,
		    "hook %.64s has no lane %s: write `lane %s' in it, and "
		    "behind that what differs there, as in `lane %s "
		    "concurrency 2'",
		    scope->hook.name, rule->lane_name, rule->lane_name,
		    rule->lane_name);
	return own;
}

/* What the line sets replaces what is the hook's. */
static void
apply_line(struct lane *lane, const struct lane_line *line)
{
	const struct lane *own = &line->lane;

	lane->line = own->line;
	if (line->given[KEYWORD_CONCURRENCY])
		lane->concurrency = own->concurrency;
	if (line->given[KEYWORD_ORDER])
		lane->order = own->order;
	if (line->given[KEYWORD_RETRY]) {
		lane->retry = own->retry;
		lane->retry_len = own->retry_len;
	}
	if (line->given[KEYWORD_TIMEOUT])
		lane->timeout = own->timeout;
	if (line->given[KEYWORD_KILL_AFTER])
		lane->kill_after = own->kill_after;
	if (line->given[KEYWORD_BATCH])
		lane->batch = own->batch;
	if (line->given[KEYWORD_DIRECTORY])
		lane->directory = own->directory;
}

static void
finish_input(struct parser *parser, const struct scope *scope,
    struct lane *lane)
{
	if (scope->lines.of[KEYWORD_INPUT] != 0)
		lane->input = scope->hook.input;
	else if (lane->batch > 1)
		lane->input = CONF_CLOUDEVENTS;
	/* A hook's own batch has its error already. */
	if (lane->batch > 1 && lane->input == CONF_BODY &&
	    scope->hook.batch <= 1)
		conf_error(&parser->errors, lane->line,
		    "`batch' does not go with the `input body' of line %u: "
		    "write `input line' or `input cloudevents' there",
		    scope->lines.of[KEYWORD_INPUT]);
}

/* The lane of a rule that is the first one in it. */
static struct lane
first_lane(struct parser *parser, struct scope *scope, const struct rule *rule)
{
	struct lane lane = lane_like(&scope->hook);
	const struct lane_line *line = NULL;

	lane.name = rule->lane_name;
	lane.command = lane.name == NULL ? rule->command : NULL;
	lane.line = rule->line;
	/* In a hook that waits no lane has a name, which is an error. */
	if (lane.name != NULL && scope->hook.delivery == CONF_QUEUE)
		line = line_for(parser, scope, rule);
	if (line != NULL)
		apply_line(&lane, line);
	finish_input(parser, scope, &lane);
	return lane;
}

static void
check_named(struct parser *parser, const struct scope *scope)
{
	const char *name = scope->hook.name;

	for (size_t i = 0; i < scope->lanes_len; i++)
		if (!scope->lanes[i].named && !parser->had_lane_error &&
		    !parser->had_syntax_error)
			conf_error(&parser->errors, scope->lanes[i].lane.line,
			    "no `on' line%s%.64s names the lane %s: write "
			    "`lane %s' in one, before `run', or take this line "
			    "out",
			    name == NULL ? "" : " of hook ",
			    name == NULL ? "" : name, scope->lanes[i].lane.name,
			    scope->lanes[i].lane.name);
}

void
lanes_check_defaults(struct parser *parser)
{
	check_named(parser, &parser->defaults);
}

enum rc
lanes_build(struct parser *parser, struct scope *scope)
{
	struct lane *lanes = NULL, *next;
	size_t n = 0;

	for (size_t i = 0; i < scope->hook.rules_len; i++) {
		struct rule *rule = &scope->rules[i];
		size_t at = 0;

		if (rule->command == NULL)
			continue;
		while (at < n && !is_lane_of(&lanes[at], rule))
			at++;
		rule->lane = (unsigned)at;
		if (at < n)
			continue;
		next = pool_next(parser->pool, &lanes, n);
		if (next == NULL)
			return RC_MEMORY;
		*next = first_lane(parser, scope, rule);
		n++;
	}
	scope->hook.lanes = lanes;
	scope->hook.lanes_len = n;
	if (scope->hook.delivery == CONF_QUEUE)
		check_named(parser, scope);
	return RC_OK;
}

enum rc
conf_name_lanes(struct hook *hook)
{
	/* For all others they are as they are. */
	struct lane *lanes = (struct lane *)hook->lanes;
	enum rc rc = RC_OK;

	if (hook->routing[0] != '\0')
		return RC_OK;
	for (size_t i = 0; rc == RC_OK && i < hook->lanes_len; i++)
		rc = conf_lane_key(&lanes[i], lanes[i].key);
	return rc == RC_OK ? conf_routing(hook, hook->routing) : rc;
}
