/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "config/directives.h"

#include "base/log.h"
#include "config/arguments.h"
#include "config/conf.h"
#include "config/keywords.h"
#include "config/lanes.h"
#include "config/lists.h"
#include "config/on.h"
#include "config/uri.h"
#include "config/values.h"
#include "config/watch_lines.h"
#include "signature/recipe.h"

#if defined(HAVE_POSTGRESQL) && HAVE_POSTGRESQL
static const bool has_postgresql = true;
#else
static const bool has_postgresql = false;
#endif

static enum rc
read_signature(struct parser *parser, const char *const *args)
{
	struct recipe recipe = { .kind = RECIPE_AUTO };
	const char *error = "";
	enum rc rc = recipe_parse(args, arg_count(args), parser->pool, &recipe,
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
	const char *fault = uri_fault(args[0]);

	parser->has_journal = true;
	if (fault != NULL)
		return arg_error(parser, "%s", fault);
	if (!uri_is(args[0]))
		return arg_path(parser, args[0],
		    keywords_row(KEYWORD_JOURNAL)->what,
		    &parser->conf->journal);
	if (!has_postgresql)
		return arg_error(parser,
		    "this pelihook is built without PostgreSQL "
		    "(--without-postgresql): write the journal's whole path, "
		    "from / on, or install one that is built with it");
	parser->conf->journal = args[0];
	return RC_OK;
}

/* The host of a URL, with what may be round it; of no length where it is
 * none. */
static struct bytes
url_host(const char *url)
{
	struct bytes rest = bytes_of(url);

	for (size_t i = 0; i < rest.len; i++)
		if (rest.data[i] <= ' ' || rest.data[i] >= 0x7f ||
		    rest.data[i] == '#')
			return (struct bytes){ 0 };
	if (bytes_begin(rest, "https://"))
		rest = bytes_skip(rest, strlen("https://"));
	else if (bytes_begin(rest, "http://"))
		rest = bytes_skip(rest, strlen("http://"));
	else
		return (struct bytes){ 0 };
	return (struct bytes){ rest.data, strcspn(rest.data, "/?") };
}

/* What can stand in front of `?view=event&id=...`. */
static enum rc
read_page_url(struct parser *parser, const char *const *args)
{
	struct bytes host = url_host(args[0]);

	/* What it holds is not told here either. */
	if (host.len > 0 && memchr(host.data, '@', host.len) != NULL)
		return arg_error(parser,
		    "the URL of the page holds a user or a password, and it "
		    "goes into logs, alarms and the environment of commands: "
		    "write it without, as in https://example.org/pelihook/");
	if (host.len == 0)
		return arg_error(parser,
		    "`%.200s' is no URL of a page: write it whole, as in "
		    "https://example.org/pelihook/, in ASCII and without blanks "
		    "or a #",
		    args[0]);
	parser->conf->page_url = args[0];
	return RC_OK;
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
read_on_dead(struct parser *parser, const char *const *args)
{
	if (strcmp(args[0], "run") != 0)
		return arg_error(parser,
		    "`%.200s' is not understood here: "
		    "write `on-dead run /path/to/command'",
		    args[0]);
	return arg_command(parser, args + 1, &parser->scope->hook.on_dead);
}

/* What reads the arguments that are like no other directive's. */
static enum rc (*const readers[KEYWORDS])(struct parser *parser,
    const char *const *args) = {
	[KEYWORD_SECRET_FILE] = lists_secret,
	[KEYWORD_SIGNATURE] = read_signature,
	[KEYWORD_ON] = on_read,
	[KEYWORD_LANE] = lanes_read,
	[KEYWORD_JOURNAL] = read_journal,
	[KEYWORD_ENV] = lists_env,
	[KEYWORD_SETENV] = lists_setenv,
	[KEYWORD_SETENV_FILE] = lists_setenv_file,
	[KEYWORD_ON_DEAD] = read_on_dead,
	[KEYWORD_WATCH] = watch_lines_read,
	[KEYWORD_PAGE_URL] = read_page_url,
	[KEYWORD_LOG] = read_log,
};

static enum rc
read_arguments(struct parser *parser, enum keyword keyword,
    const char *const *args)
{
	enum rc rc = arg_check_count(parser, keywords_row(keyword), args);

	if (rc != RC_OK)
		return rc;
	if (readers[keyword] != NULL)
		return readers[keyword](parser, args);
	return values_read(parser, keyword, args);
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

enum rc
directives_apply(struct parser *parser, enum keyword keyword,
    const char *const *args)
{
	enum rc rc = check_place(parser, keyword);

	if (rc != RC_OK)
		return RC_OK;
	rc = read_arguments(parser, keyword, args);
	/* A wrong signature might be the one that needs no secret. */
	if (rc == RC_CONFIG && keyword == KEYWORD_SIGNATURE)
		parser->had_syntax_error = true;
	if (rc == RC_CONFIG && keyword == KEYWORD_LEASE)
		parser->had_lease_error = true;
	if (rc == RC_CONFIG &&
	    (keyword == KEYWORD_ON || keyword == KEYWORD_LANE))
		parser->had_lane_error = true;
	/* Right or wrong, the line counts as given: no second error. */
	parser->scope->own.of[keyword] = parser->line;
	parser->scope->lines.of[keyword] = parser->line;
	return rc == RC_CONFIG ? RC_OK : rc;
}
