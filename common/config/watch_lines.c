/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "config/watch_lines.h"

#include "base/pool.h"
#include "config/arguments.h"
#include "config/conf.h"
#include "config/errors.h"
#include "config/keywords.h"
#include "event/rule.h"

/* The words of a line, each with its value behind it. */
enum {
	WORD_FAILING,
	WORD_LATE,
	WORD_STUCK,
	WORD_SILENT,
	WORD_REMIND,
};

static const char *const words[] = { "failing", "late", "stuck", "silent",
	"remind" };

_Static_assert(sizeof words / sizeof words[0] == WATCH_WORDS, "watch_line");

static const struct directive_range failing_range = { 1, 100, "1 to 100" };

struct watch
watch_lines_default(void)
{
	return (struct watch){
		.failing = 1,
		.late = CONF_WATCH_AUTO,
		.stuck = CONF_WATCH_AUTO,
	};
}

static bool
is_word(const char *arg, const char *word)
{
	return arg != NULL && strcmp(arg, word) == 0;
}

/* WATCH_WORDS: it is none. */
static unsigned
find_word(const char *arg)
{
	unsigned i = 0;

	while (i < WATCH_WORDS && strcmp(arg, words[i]) != 0)
		i++;
	return i;
}

static int64_t *
duration_of(struct watch *watch, unsigned word)
{
	if (word == WORD_LATE)
		return &watch->late;
	if (word == WORD_STUCK)
		return &watch->stuck;
	return word == WORD_SILENT ? &watch->silent : &watch->remind;
}

static enum rc
read_duration(struct parser *parser, unsigned word, const char *arg,
    struct watch *watch)
{
	bool usual = word == WORD_LATE || word == WORD_STUCK;
	int64_t *out = duration_of(watch, word);

	if (is_word(arg, "off")) {
		*out = 0;
		return RC_OK;
	}
	if (usual && is_word(arg, "auto")) {
		*out = CONF_WATCH_AUTO;
		return RC_OK;
	}
	if (strchr("0123456789", arg[0]) == NULL || arg[0] == '\0')
		return arg_error(parser,
		    "`%.200s' is no limit: write `%s' and a duration, as in "
		    "`%s 6h',%s or off",
		    arg, words[word], words[word], usual ? " auto" : "");
	return arg_duration(parser, arg, &keywords_row(KEYWORD_WATCH)->range,
	    out);
}

static enum rc
read_failing(struct parser *parser, const char *arg, struct watch *watch)
{
	if (!is_word(arg, "off"))
		return arg_number(parser, arg, &failing_range, &watch->failing);
	watch->failing = 0;
	return RC_OK;
}

/* Whether a word may stand where it does. */
static enum rc
check_word(struct parser *parser, const char *const *args,
    const struct watch_line *line)
{
	unsigned word = find_word(args[0]);

	if (word == WATCH_WORDS)
		return arg_error(parser,
		    "`%.200s' is not understood here: write failing, late, "
		    "stuck, silent or remind, and its limit or off behind it",
		    args[0]);
	if (line->given[word])
		return arg_error(parser,
		    "`%s' is given twice: take one of them out", args[0]);
	if (args[1] == NULL)
		return arg_error(parser,
		    "the limit of `%s' is missing: write it behind the word, "
		    "or off",
		    args[0]);
	if (word == WORD_SILENT && line->limits.glob != NULL)
		return arg_error(parser,
		    "`silent' is for the hook and not for some of its "
		    "pipelines: write it in `watch on'");
	return RC_OK;
}

static enum rc
read_limits(struct parser *parser, const char *const *args,
    struct watch_line *line)
{
	struct watch *watch = &line->limits.watch;
	enum rc rc = RC_OK;

	for (; rc == RC_OK && *args != NULL; args += 2) {
		unsigned word = find_word(args[0]);

		rc = check_word(parser, args, line);
		if (rc != RC_OK)
			return rc;
		line->given[word] = true;
		rc = word == WORD_FAILING ?
		    read_failing(parser, args[1], watch) :
		    read_duration(parser, word, args[1], watch);
	}
	return rc;
}

/* `off`, or what says by which limits. */
static enum rc
read_words(struct parser *parser, const char *const *args,
    struct watch_line *line)
{
	line->limits.watch.on = !is_word(args[0], "off");
	if (is_word(args[0], "on"))
		args++;
	if (line->limits.watch.on)
		return read_limits(parser, args, line);
	if (args[1] == NULL)
		return RC_OK;
	return arg_error(parser,
	    "`%.200s' stands behind `off': take one of the two out", args[1]);
}

/* A hook's own line is the first word on all of this. */
static enum rc
read_hook(struct parser *parser, const char *const *args)
{
	struct watch_line line = { .limits.watch = watch_lines_default() };
	struct scope *scope = parser->scope;
	unsigned before = scope->own_watch;
	enum rc rc;

	scope->own_watch = parser->line;
	if (!scope->own_watch_for)
		scope->watch_for_len = 0;
	if (before != 0)
		return arg_error(parser,
		    "`watch' was given in line %u already: take one of them "
		    "out, or write `watch for GLOB' where only some pipelines "
		    "are meant",
		    before);
	if (!is_word(args[0], "on") && !is_word(args[0], "off"))
		return arg_error(parser,
		    "`%.200s' is not understood here: write `watch on', limits "
		    "behind it, `watch off' or `watch for GLOB'",
		    args[0]);
	rc = read_words(parser, args, &line);
	if (rc == RC_OK)
		scope->hook.watch = line.limits.watch;
	return rc;
}

static enum rc
check_for(struct parser *parser, const char *const *args)
{
	if (args[0] == NULL || args[1] == NULL)
		return arg_error(parser,
		    "the line does not say which pipelines and how: write "
		    "`watch for GLOB' and behind that limits, as in `late 6h', "
		    "or off");
	return arg_glob(parser, args[0]);
}

static enum rc
read_for(struct parser *parser, const char *const *args)
{
	struct watch_line line = { .limits.line = parser->line };
	struct scope *scope = parser->scope;
	size_t n = scope->own_watch_for ? scope->watch_for_len : 0;
	struct watch_line *next;
	enum rc rc = check_for(parser, args);

	if (rc != RC_OK)
		return rc;
	line.limits.glob = args[0];
	rc = read_words(parser, args + 1, &line);
	if (rc != RC_OK)
		return rc;
	next = pool_next(parser->pool, &scope->watch_for, n);
	if (next == NULL)
		return RC_MEMORY;
	*next = line;
	scope->watch_for_len = n + 1;
	scope->own_watch_for = true;
	return RC_OK;
}

enum rc
watch_lines_read(struct parser *parser, const char *const *args)
{
	if (is_word(args[0], "for"))
		return read_for(parser, args + 1);
	return read_hook(parser, args);
}

/* What the line does not set is the hook's. */
static struct watch_for
complete(const struct watch *hook, const struct watch_line *line)
{
	struct watch_for result = line->limits;
	struct watch usual = *hook;

	if (!line->given[WORD_FAILING])
		result.watch.failing = hook->failing;
	for (unsigned i = WORD_LATE; i < WATCH_WORDS; i++)
		if (!line->given[i])
			*duration_of(&result.watch, i) = *duration_of(&usual,
			    i);
	return result;
}

/* What nobody is told of need not be watched. */
static void
check_told(struct parser *parser, const struct scope *scope)
{
	const struct hook *hook = &scope->hook;

	if (!conf_watches(hook) || parser->had_syntax_error ||
	    parser->had_lane_error)
		return;
	for (size_t i = 0; i < hook->rules_len; i++)
		if (rule_names_watch(&scope->rules[i]))
			return;
	conf_error(&parser->errors, scope->lines.of[KEYWORD_WATCH],
	    "hook %.64s watches its pipelines, and none of its `on' lines "
	    "takes what is told of them: write `on @watch run "
	    "/path/to/command' in it",
	    hook->name);
}

enum rc
watch_lines_finish(struct parser *parser, struct scope *scope)
{
	struct hook *hook = &scope->hook;
	size_t n = scope->watch_for_len;
	struct watch_for *lines = pool_alloc(parser->pool, n + 1,
	    sizeof *lines);

	if (lines == NULL)
		return RC_MEMORY;
	for (size_t i = 0; i < n; i++)
		lines[i] = complete(&hook->watch, &scope->watch_for[i]);
	hook->watch_for = lines;
	hook->watch_for_len = n;
	check_told(parser, scope);
	return RC_OK;
}
