/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "config/lists.h"

#include "base/pool.h"
#include "config/arguments.h"
#include "config/keywords.h"
#include "signature/secret.h"

enum {
	LISTS_ENV = 32,	    /* env lines of a hook */
	LISTS_SECRETS = 16, /* secret-file lines of a hook */
	LISTS_NAME = 64,    /* bytes of a name after `env` */
};

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define SMALL_LETTERS "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

/*
 * The PELIHOOK_ variables that are ours.  CONFIG is among them because a
 * command that calls pelihookctl would hand it on.
 */
static const char *const taken[] = { "HOOK", "EVENT", "KIND", "OUTCOME",
	"CAUSE", "RUN_STATUS", "RETRIGGER", "ID", "DIGEST", "RECEIVED",
	"ATTEMPT", "VERIFIED", "REMOTE_ADDR", "COUNT", "CLAIM", "CONFIG",
	NULL };

static bool
is_taken(const char *name)
{
	for (size_t i = 0; taken[i] != NULL; i++)
		if (strcmp(name, taken[i]) == 0)
			return true;
	return false;
}

/* A hook's first line of a directive replaces the defaults. */
static size_t
length(const struct parser *parser, enum keyword keyword, size_t n)
{
	return parser->scope->own.of[keyword] == 0 ? 0 : n;
}

static enum rc
check_repeat(struct parser *parser, const struct event_pair *pairs, size_t n,
    const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(pairs[i].name, name) == 0)
			return arg_error(parser,
			    "%.100s was given in line "
			    "%u already: take one of them out",
			    name, pairs[i].line);
	return RC_OK;
}

static enum rc
add_pair(struct parser *parser, const char *const *args,
    struct event_pair **pairs, size_t *n)
{
	struct event_pair *next = pool_next(parser->pool, pairs, *n);

	if (next == NULL)
		return RC_MEMORY;
	*next = (struct event_pair){ args[0], args[1], parser->line };
	(*n)++;
	return RC_OK;
}

static enum rc
check_env_name(struct parser *parser, const char *name)
{
	if (strchr(LETTERS, name[0]) == NULL || name[0] == '\0' ||
	    name[strspn(name, LETTERS DIGITS "_")] != '\0' ||
	    strlen(name) > LISTS_NAME)
		return arg_error(parser,
		    "`%.100s' is no name for `env': "
		    "write at most 64 capital letters, digits and _, a "
		    "letter first",
		    name);
	if (strncmp(name, "PELIHOOK_", strlen("PELIHOOK_")) == 0)
		return arg_error(parser,
		    "`%s' begins with PELIHOOK_, which "
		    "is put before it anyway: write `%s'",
		    name, name + strlen("PELIHOOK_"));
	if (is_taken(name))
		return arg_error(parser,
		    "PELIHOOK_%s is set by pelihook "
		    "itself: choose another name, as in MY_%s",
		    name, name);
	return RC_OK;
}

static enum rc
check_setenv_name(struct parser *parser, const char *name)
{
	if (name[0] == '\0' || strchr(DIGITS, name[0]) != NULL ||
	    name[strspn(name, LETTERS SMALL_LETTERS DIGITS "_")] != '\0')
		return arg_error(parser,
		    "`%.100s' is no name of a "
		    "variable: write letters, digits and _, no digit first",
		    name);
	if (strncmp(name, "LD_", 3) == 0 ||
	    strncmp(name, "PELIHOOK_", strlen("PELIHOOK_")) == 0)
		return arg_error(parser,
		    "`%.100s' cannot be set: names "
		    "with LD_ and PELIHOOK_ in front are not for `setenv'",
		    name);
	return RC_OK;
}

/* What may follow a secret's path. */
static enum rc
read_words(struct parser *parser, const char *const *words,
    struct secret *secret)
{
	const struct directive_choice *coding = NULL;

	if (*words != NULL)
		coding = arg_find_choice(*words,
		    keywords_row(KEYWORD_SECRET_FILE)->choices);
	if (coding != NULL) {
		secret->coding = (enum secret_coding)coding->value;
		words++;
	}
	if (*words != NULL && strcmp(*words, "world-readable") == 0) {
		secret->world_readable = true;
		words++;
	}
	if (*words == NULL)
		return RC_OK;
	return arg_error(parser,
	    "`%.200s' is not understood here: write raw, hex, base64 or "
	    "whsec, and behind it, where others may read the file, "
	    "world-readable",
	    *words);
}

static enum rc
read_readable(struct parser *parser, const char *word, bool *readable)
{
	if (word == NULL)
		return RC_OK;
	if (strcmp(word, "world-readable") != 0)
		return arg_error(parser,
		    "`%.200s' is not understood here: write world-readable "
		    "where others may read the file, or take the word out",
		    word);
	*readable = true;
	return RC_OK;
}

static enum rc
add_setenv_file(struct parser *parser, const struct secret *file,
    const char *name, size_t *n)
{
	const char *const pair[] = { name, NULL };
	struct scope *scope = parser->scope;
	struct secret *next = pool_next(parser->pool, &scope->setenv_files, *n);

	if (next == NULL)
		return RC_MEMORY;
	*next = *file;
	return add_pair(parser, pair, &scope->setenv_file_pairs, n);
}

static enum rc
add_secret(struct parser *parser, const struct secret *secret)
{
	struct scope *scope = parser->scope;
	size_t n = length(parser, KEYWORD_SECRET_FILE, scope->hook.secrets_len);
	struct secret *next;

	if (n >= LISTS_SECRETS)
		return arg_error(parser,
		    "there are more than %d secrets: "
		    "take old ones out",
		    LISTS_SECRETS);
	next = pool_next(parser->pool, &scope->secrets, n);
	if (next == NULL)
		return RC_MEMORY;
	*next = *secret;
	scope->hook.secrets_len = n + 1;
	return RC_OK;
}

enum rc
lists_secret(struct parser *parser, const char *const *args)
{
	struct secret secret = { .line = parser->line };
	enum rc rc = arg_path(parser, args[0], "secret file", &secret.path);

	if (rc == RC_OK)
		rc = read_words(parser, args + 1, &secret);
	return rc == RC_OK ? add_secret(parser, &secret) : rc;
}

enum rc
lists_env(struct parser *parser, const char *const *args)
{
	struct scope *scope = parser->scope;
	size_t n = length(parser, KEYWORD_ENV, scope->hook.reading.env_len);
	const char *pointer;
	enum rc rc = check_env_name(parser, args[0]);

	if (rc == RC_OK)
		rc = arg_pointer(parser, args[1], &pointer);
	if (rc == RC_OK)
		rc = check_repeat(parser, scope->env, n, args[0]);
	if (rc == RC_OK && n >= LISTS_ENV)
		rc = arg_error(parser,
		    "there are more than %d `env' "
		    "lines: let the command read its stdin",
		    LISTS_ENV);
	if (rc == RC_OK)
		rc = add_pair(parser, args, &scope->env, &n);
	scope->hook.reading.env_len = n;
	return rc;
}

enum rc
lists_setenv(struct parser *parser, const char *const *args)
{
	struct scope *scope = parser->scope;
	size_t n = length(parser, KEYWORD_SETENV, scope->hook.setenv_len);
	enum rc rc = check_setenv_name(parser, args[0]);

	if (rc == RC_OK)
		rc = check_repeat(parser, scope->setenv, n, args[0]);
	if (rc == RC_OK)
		rc = add_pair(parser, args, &scope->setenv, &n);
	scope->hook.setenv_len = n;
	return rc;
}

enum rc
lists_setenv_file(struct parser *parser, const char *const *args)
{
	struct scope *scope = parser->scope;
	size_t n = length(parser, KEYWORD_SETENV_FILE,
	    scope->hook.setenv_files_len);
	struct secret file = { .line = parser->line };
	enum rc rc = check_setenv_name(parser, args[0]);

	if (rc == RC_OK)
		rc = arg_path(parser, args[1], "file", &file.path);
	if (rc == RC_OK)
		rc = read_readable(parser, args[2], &file.world_readable);
	if (rc == RC_OK)
		rc = check_repeat(parser, scope->setenv_file_pairs, n, args[0]);
	if (rc == RC_OK)
		rc = add_setenv_file(parser, &file, args[0], &n);
	scope->hook.setenv_files_len = n;
	return rc;
}
