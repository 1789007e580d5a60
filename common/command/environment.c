/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <string.h>

#include "command/environment.h"

#include "base/account.h"
#include "base/bytes.h"
#include "base/timestamp.h"
#include "command/job.h"
#include "command/spawn.h"
#include "config/conf.h"
#include "event/catalog.h"
#include "event/receipt.h"

/* An environment that grows. */
struct variables {
	struct pool *pool;
	const char **list;
	size_t n;
};

/* Puts a variable, or the NULL that ends the list, after the others. */
static enum rc
append(struct variables *variables, const char *variable)
{
	const char **next = pool_next(variables->pool, &variables->list,
	    variables->n);

	if (next == NULL)
		return RC_MEMORY;
	*next = variable;
	variables->n++;
	return RC_OK;
}

/* A later variable takes the place of an earlier one of its name. */
static enum rc
add_variable(struct variables *variables, const char *variable)
{
	size_t len;

	if (variable == NULL)
		return RC_MEMORY;
	len = strcspn(variable, "=") + 1;
	for (size_t i = 0; i < variables->n; i++) {
		if (strncmp(variables->list[i], variable, len) != 0)
			continue;
		variables->list[i] = variable;
		return RC_OK;
	}
	return append(variables, variable);
}

/* From the pool, or NULL. */
static const char *
variable_of(struct pool *pool, const char *name, const char *value)
{
	size_t name_len = strlen(name);
	size_t value_len = strlen(value);
	char *text = pool_alloc(pool, 1, name_len + value_len + 2);

	if (text == NULL)
		return NULL;
	memcpy(text, name, name_len);
	text[name_len] = '=';
	memcpy(text + name_len + 1, value, value_len);
	return text;
}

/* For a name that no other has. */
static enum rc
set_variable(struct variables *variables, const char *name, const char *value)
{
	const char *text = variable_of(variables->pool, name, value);

	return text == NULL ? RC_MEMORY : append(variables, text);
}

static enum rc
set_number(struct variables *variables, const char *name,
    unsigned long long value)
{
	char digits[BYTES_DECIMAL];

	return set_variable(variables, name, bytes_decimal(value, digits));
}

static enum rc
set_ground(struct variables *variables, const struct job *first, size_t n)
{
	const struct hook *hook = first->hook;
	enum rc rc = set_variable(variables, "PATH", SPAWN_PATH);

	/* Not what this process was started with: that differs from try to try. */
	if (rc == RC_OK)
		rc = set_variable(variables, "HOME", first->user->home);
	if (rc == RC_OK)
		rc = set_variable(variables, "USER", first->user->name);
	if (rc == RC_OK)
		rc = set_variable(variables, "LOGNAME", first->user->name);
	if (rc == RC_OK)
		rc = set_variable(variables, "LANG", "C.UTF-8");
	for (size_t i = 0; rc == RC_OK && i < hook->setenv_len; i++)
		rc = add_variable(variables,
		    variable_of(variables->pool, hook->setenv[i].name,
			hook->setenv[i].value));
	if (rc == RC_OK)
		rc = set_variable(variables, "PELIHOOK_CLAIM", first->mark);
	if (rc == RC_OK)
		rc = set_variable(variables, "PELIHOOK_HOOK", hook->name);
	if (rc == RC_OK)
		rc = set_number(variables, "PELIHOOK_COUNT", n);
	return rc;
}

/* Where the page shows the event. */
static const char *
url_of(const struct job *job, struct pool *pool)
{
	const char *page = job->hook->page_url;

	return pool_printf(pool, "PELIHOOK_URL=%s%cview=event&id=%s", page,
	    strchr(page, '?') == NULL ? '?' : '&', job->receipt->id);
}

/* What is not known of every event. */
static enum rc
set_known(struct variables *variables, const struct job *job)
{
	const char *remote = catalog_is_watch(job->row) ?
	    NULL :
	    job->receipt->remote_addr;
	const struct {
		const char *name;
		const char *value;
		bool empty; /* whether it is set where it is empty */
	} table[] = {
		{ "PELIHOOK_PIPELINE", job->pipeline, false },
		{ "PELIHOOK_RUN", job->run, false },
		{ "PELIHOOK_TEXT", job->text, true },
		{ "PELIHOOK_REMOTE_ADDR", remote, true },
	};
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < sizeof(table) / sizeof(table[0]);
	     i++)
		if (table[i].value != NULL &&
		    (table[i].empty || table[i].value[0] != '\0'))
			rc = set_variable(variables, table[i].name,
			    table[i].value);
	if (rc == RC_OK && job->hook->page_url != NULL)
		rc = add_variable(variables, url_of(job, variables->pool));
	return rc;
}

static enum rc
set_event(struct variables *variables, const struct job *job)
{
	const struct receipt *receipt = job->receipt;
	char time[TIMESTAMP_SIZE];
	const struct {
		const char *name;
		const char *value;
	} table[] = {
		{ "PELIHOOK_EVENT", job->event },
		{ "PELIHOOK_KIND", job->row->kind },
		{ "PELIHOOK_OUTCOME", job->row->outcome },
		{ "PELIHOOK_CAUSE", job->row->cause },
		{ "PELIHOOK_RUN_STATUS", job->row->run_status },
		{ "PELIHOOK_RETRIGGER", job->row->retrigger },
		{ "PELIHOOK_ID", receipt->id },
		{ "PELIHOOK_DIGEST", receipt->digest },
		{ "PELIHOOK_RECEIVED", time },
		{ "PELIHOOK_VERIFIED", receipt->verified ? "1" : "0" },
	};
	enum rc rc = set_number(variables, "PELIHOOK_ATTEMPT", job->attempt);

	timestamp_print(receipt->received, time);
	for (size_t i = 0; rc == RC_OK && i < sizeof(table) / sizeof(table[0]);
	     i++)
		rc = set_variable(variables, table[i].name, table[i].value);
	return rc == RC_OK ? set_known(variables, job) : rc;
}

static enum rc
set_fields(struct variables *variables, const char *const *fields)
{
	enum rc rc = RC_OK;

	for (; rc == RC_OK && fields != NULL && *fields != NULL; fields++)
		rc = add_variable(variables, *fields);
	return rc;
}

enum rc
environment_make(const struct job *first, size_t n, struct pool *pool,
    const char *const **out)
{
	struct variables variables = { .pool = pool };
	enum rc rc = set_ground(&variables, first, n);

	if (rc == RC_OK && n == 1)
		rc = set_event(&variables, first);
	if (rc == RC_OK && n == 1)
		rc = set_fields(&variables, first->fields);
	if (rc == RC_OK)
		rc = append(&variables, NULL);
	if (rc == RC_OK)
		*out = variables.list;
	return rc;
}
