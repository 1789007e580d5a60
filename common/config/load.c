/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/load.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/suggest.h"
#include "base/tokens.h"
#include "base/trust.h"
#include "config/conf.h"
#include "config/directives.h"
#include "config/errors.h"
#include "config/finish.h"
#include "config/internal.h"
#include "config/keywords.h"
#include "config/parser.h"
#include "config/watch_lines.h"

enum { CONF_FILE_SIZE = 1024 * 1024 }; /* a larger file is a mistake */

#define SECOND INT64_C(1000)
#define DAY (24 * 3600 * SECOND)

/* What holds where nothing else is written; zero is right for the rest, or
 * stands for a default that depends on others (config/finish). */
static const struct hook default_hook = {
	.concurrency = 1,
	.dedupe_window = DAY,
	.batch = 1,
	.directory = "/",
	.queued_status = 202,
	.max_body = 1024 * 1024,
	.read_timeout = 15 * SECOND,
	.max_queue = 100000,
	.keep = 30 * DAY,
	.keep_dead = CLOCK_NEVER,
};

static enum rc
start_parser(struct parser *parser, struct conf *conf, const char *file)
{
	parser->conf = conf;
	parser->pool = &conf_loaded(conf)->pool;
	conf->file = pool_text(parser->pool, file);
	if (conf->file == NULL)
		return RC_MEMORY;
	conf->lease = 60 * SECOND;
	conf->stop_timeout = 20 * SECOND;
	conf->log.level = LOG_LEVEL_INFO;
	parser->errors.file = conf->file;
	parser->defaults.hook = default_hook;
	parser->defaults.hook.file = conf->file;
	parser->defaults.hook.watch = watch_lines_default();
	parser->scope = &parser->defaults;
	return RC_OK;
}

/* Whatever the name is like, what follows belongs to a hook. */
static enum rc
read_hook(struct parser *parser, const char *const *args)
{
	const char *name = args[0] == NULL ? "" : args[0];

	if (args[0] == NULL || args[1] != NULL)
		conf_error(&parser->errors, parser->line,
		    "a hook has one "
		    "name: write `hook NAME'");
	else if (!conf_is_name(bytes_of(name)))
		conf_error(&parser->errors, parser->line,
		    "`%.100s' is no "
		    "name of a hook: write at most 64 letters, digits and "
		    ". _ -, a letter or digit first",
		    name);
	return finish_hook(parser, name);
}

static const char *
directive_name(size_t i)
{
	return i < KEYWORDS ? keywords_row((enum keyword)i)->name : NULL;
}

/* What would be missed if such a line were meant. */
static bool
is_needed(enum keyword keyword)
{
	return keyword == KEYWORD_HOOK || keyword == KEYWORD_ON ||
	    keyword == KEYWORD_SECRET_FILE || keyword == KEYWORD_SIGNATURE ||
	    keyword == KEYWORD_JOURNAL;
}

static void
refuse_unknown(struct parser *parser, const char *word)
{
	const char *meant = suggest(word, directive_name, strlen(word) / 2);

	if (meant == NULL) {
		conf_error(&parser->errors, parser->line,
		    "unknown directive "
		    "`%.64s': see pelihook.conf(5) for those there are",
		    word);
		return;
	}
	conf_error(&parser->errors, parser->line,
	    "unknown directive "
	    "`%.64s': write `%s'",
	    word, meant);
	if (is_needed(keywords_find(meant)))
		parser->had_syntax_error = true;
}

static enum rc
read_directive(struct parser *parser, const char *const *words)
{
	enum keyword keyword = keywords_find(words[0]);

	if (keyword == KEYWORD_HOOK)
		return read_hook(parser, words + 1);
	if (keyword != KEYWORDS)
		return directives_apply(parser, keyword, words + 1);
	refuse_unknown(parser, words[0]);
	return RC_OK;
}

/* The next line and what it says.  RC_MISSING at the end. */
static enum rc
read_line(struct parser *parser, struct tokens *tokens)
{
	const char *const *words;
	const char *error;
	size_t n;
	enum rc rc = tokens_next(tokens, parser->pool, &words, &n, &error);

	parser->line = tokens->line;
	if (rc == RC_OK)
		return read_directive(parser, words);
	if (rc != RC_SYNTAX)
		return rc;
	conf_error(&parser->errors, parser->line, "%s", error);
	parser->had_syntax_error = true;
	return RC_OK;
}

/* Without it, the mark would be part of the first word. */
static struct bytes
refuse_mark(struct parser *parser, struct bytes text)
{
	static const char mark[] = "\xef\xbb\xbf";

	if (!bytes_begin(text, mark))
		return text;
	conf_error(&parser->errors, 1,
	    "the file begins with a byte "
	    "order mark: save it as UTF-8 without one");
	return bytes_skip(text, strlen(mark));
}

static enum rc
read_text(struct parser *parser, struct bytes text)
{
	struct tokens tokens;
	enum rc rc = RC_OK;

	tokens_start(&tokens, refuse_mark(parser, text));
	while (rc == RC_OK)
		rc = read_line(parser, &tokens);
	if (rc == RC_MISSING)
		rc = finish_file(parser);
	return rc;
}

/* Its state is taken first: a change while it is read shows later. */
static enum rc
read_bytes(struct conf *conf, struct buf *text, struct buf *error)
{
	struct file_state *state = &conf_loaded(conf)->state;
	struct stat stat;
	int fd;
	enum rc rc = trust_open(conf->file, TRUST_FILE, &fd, error);

	if (rc != RC_OK)
		return rc;
	if (fstat(fd, &stat) == 0)
		*state = file_state_of(&stat);
	conf->time = state->modified > state->changed ? state->modified :
							state->changed;
	rc = trust_read_open(fd, CONF_FILE_SIZE, text, error);
	close(fd);
	return rc;
}

static enum rc
read_file(struct parser *parser)
{
	struct buf text = { 0 };
	struct buf error = { 0 };
	enum rc rc = read_bytes(parser->conf, &text, &error);

	if (rc == RC_OK)
		rc = read_text(parser, buf_view(&text));
	else
		conf_error(&parser->errors, 0, "the configuration %s",
		    error.len > 0 ? error.data : "cannot be read");
	buf_free(&text);
	buf_free(&error);
	return rc == RC_CONFIG ? RC_OK : rc;
}

enum rc
conf_load(const char *file, struct conf **out, struct buf *errors)
{
	struct parser parser = { .errors.into = errors };
	struct loaded_conf *loaded = calloc(1, sizeof *loaded);
	enum rc rc;

	if (loaded == NULL)
		return RC_MEMORY;
	atomic_init(&loaded->references, 1);
	rc = start_parser(&parser, &loaded->conf, file);
	if (rc == RC_OK)
		rc = read_file(&parser);
	if (rc == RC_OK)
		rc = conf_errors_end(&parser.errors);
	if (rc != RC_OK) {
		conf_release(&loaded->conf);
		return rc;
	}
	loaded->conf.read_timeout = parser.defaults.hook.read_timeout;
	loaded->lines = parser.defaults.lines;
	*out = &loaded->conf;
	return RC_OK;
}
