/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "config/lists.h"

#include "base/pool.h"
#include "config/arguments.h"
#include "signature/secret.h"

enum {
	PAIRS_ENV = 32,		/* env lines of a hook */
	PAIRS_SECRETS = 16,	/* secret-file lines of a hook */
	PAIRS_NAME = 64		/* bytes of a name behind `env` */
};

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define SMALL_LETTERS "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

/*
 * The PELIHOOK_ variables that are ours.  CONFIG is among them because a
 * command that calls pelihookctl would hand it on.
 */
static const char *const taken[] = {
	"HOOK", "EVENT", "KIND", "OUTCOME", "CAUSE", "RUN_STATUS",
	"RETRIGGER", "ID", "DIGEST", "RECEIVED", "ATTEMPT", "VERIFIED",
	"REMOTE_ADDR", "COUNT", "CLAIM", "CONFIG", NULL
};

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
length(const struct draft *draft, enum draft_word word, size_t n)
{
	return draft->scope->own[word] == 0 ? 0 : n;
}

static enum rc
check_repeat(struct draft *draft, const struct event_pair *pairs, size_t n,
    const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(pairs[i].name, name) == 0)
			return values_wrong(draft, "%.100s was given in line "
			    "%u already: take one of them out", name,
			    pairs[i].line);
	return RC_OK;
}

static enum rc
add_pair(struct draft *draft, const char *const *args,
    struct event_pair **pairs, size_t *n)
{
	struct event_pair *grown = pool_grow(draft->pool, *pairs, *n,
	    sizeof *grown);

	if (grown == NULL)
		return RC_MEMORY;
	grown[*n] = (struct event_pair){ args[0], args[1], draft->line };
	*pairs = grown;
	(*n)++;
	return RC_OK;
}

static enum rc
check_env_name(struct draft *draft, const char *name)
{
	if (strchr(LETTERS, name[0]) == NULL || name[0] == '\0' ||
	    name[strspn(name, LETTERS DIGITS "_")] != '\0' ||
	    strlen(name) > PAIRS_NAME)
		return values_wrong(draft, "`%.100s' is no name for `env': "
		    "write at most 64 capital letters, digits and _, a "
		    "letter first", name);
	if (strncmp(name, "PELIHOOK_", strlen("PELIHOOK_")) == 0)
		return values_wrong(draft, "`%s' begins with PELIHOOK_, which "
		    "is put before it anyway: write `%s'", name,
		    name + strlen("PELIHOOK_"));
	if (is_taken(name))
		return values_wrong(draft, "PELIHOOK_%s is set by pelihook "
		    "itself: choose another name, as in MY_%s", name, name);
	return RC_OK;
}

static enum rc
check_setenv_name(struct draft *draft, const char *name)
{
	if (name[0] == '\0' || strchr(DIGITS, name[0]) != NULL ||
	    name[strspn(name, LETTERS SMALL_LETTERS DIGITS "_")] != '\0')
		return values_wrong(draft, "`%.100s' is no name of a "
		    "variable: write letters, digits and _, no digit first",
		    name);
	if (strncmp(name, "LD_", 3) == 0 ||
	    strncmp(name, "PELIHOOK_", strlen("PELIHOOK_")) == 0)
		return values_wrong(draft, "`%.100s' cannot be set: names "
		    "with LD_ and PELIHOOK_ in front are not for `setenv'",
		    name);
	return RC_OK;
}

static enum rc
read_coding(struct draft *draft, const char *word, enum secret_coding *out)
{
	static const char *const choices[] = {
		"raw", "hex", "base64", "whsec", NULL
	};
	unsigned choice = SECRET_RAW;
	enum rc rc = RC_OK;

	if (word != NULL)
		rc = values_choice(draft, word, choices, &choice);
	if (rc == RC_OK)
		*out = (enum secret_coding)choice;
	return rc;
}

static enum rc
add_secret(struct draft *draft, const struct secret *secret)
{
	struct draft_scope *scope = draft->scope;
	size_t n = length(draft, DRAFT_SECRET_FILE, scope->hook.secrets_len);
	struct secret *grown;

	if (n >= PAIRS_SECRETS)
		return values_wrong(draft, "there are more than %d secrets: "
		    "take old ones out", PAIRS_SECRETS);
	grown = pool_grow(draft->pool, scope->secrets, n, sizeof *grown);
	if (grown == NULL)
		return RC_MEMORY;
	grown[n] = *secret;
	scope->secrets = grown;
	scope->hook.secrets_len = n + 1;
	return RC_OK;
}

enum rc
pairs_secret(struct draft *draft, const char *const *args)
{
	struct secret secret = { .line = draft->line };
	enum rc rc = values_path(draft, args[0], "secret file", &secret.path);

	if (rc == RC_OK)
		rc = read_coding(draft, args[1], &secret.coding);
	return rc == RC_OK ? add_secret(draft, &secret) : rc;
}

enum rc
pairs_env(struct draft *draft, const char *const *args)
{
	struct draft_scope *scope = draft->scope;
	size_t n = length(draft, DRAFT_ENV, scope->hook.reading.env_len);
	const char *pointer;
	enum rc rc = check_env_name(draft, args[0]);

	if (rc == RC_OK)
		rc = values_pointer(draft, args[1], &pointer);
	if (rc == RC_OK)
		rc = check_repeat(draft, scope->env, n, args[0]);
	if (rc == RC_OK && n >= PAIRS_ENV)
		rc = values_wrong(draft, "there are more than %d `env' "
		    "lines: let the command read its stdin", PAIRS_ENV);
	if (rc == RC_OK)
		rc = add_pair(draft, args, &scope->env, &n);
	scope->hook.reading.env_len = n;
	return rc;
}

enum rc
pairs_setenv(struct draft *draft, const char *const *args)
{
	struct draft_scope *scope = draft->scope;
	size_t n = length(draft, DRAFT_SETENV, scope->hook.setenv_len);
	enum rc rc = check_setenv_name(draft, args[0]);

	if (rc == RC_OK)
		rc = check_repeat(draft, scope->setenv, n, args[0]);
	if (rc == RC_OK)
		rc = add_pair(draft, args, &scope->setenv, &n);
	scope->hook.setenv_len = n;
	return rc;
}
