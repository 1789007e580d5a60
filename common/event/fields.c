/* SPDX-License-Identifier: ISC */
#include "event/fields.h"

#include "base/buf.h"
#include "base/log.h"
#include "event/event.h"

enum { EVENT_FIELD = 4096 }; /* most bytes of an `env` line's text */

static void
warn_field(const struct event *event, const struct event_pair *pair,
    const char *reason)
{
	struct log_line line;

	log_begin(&line, LOG_LEVEL_WARNING, "variable left out");
	log_text(&line, "hook", event->reading->hook);
	log_number(&line, "line", pair->line);
	log_text(&line, "variable", pair->name);
	log_text(&line, "why", reason);
	log_end(&line);
}

/* NULL in *field where the variable stays away. */
static enum rc
make_field(const struct event *event, const struct event_pair *pair,
    struct pool *pool, const char **field)
{
	struct buf text = { .max = EVENT_FIELD };
	enum rc rc = event_text(event, pair->value, &text);

	*field = NULL;
	if (rc == RC_OK) {
		*field = pool_printf(pool, "PELIHOOK_%s=%s", pair->name,
		    text.data);
		rc = *field == NULL ? RC_MEMORY : RC_OK;
	}
	buf_free(&text);
	return rc;
}

enum rc
event_fields(const struct event *event, struct pool *pool,
    const char *const **out)
{
	static const char *const none[] = { NULL };
	const struct event_reading *reading = event->reading;
	const char **list;
	size_t n = 0;
	enum rc rc;

	if (reading->env_len == 0) {
		*out = none;
		return RC_OK;
	}
	list = pool_alloc(pool, reading->env_len + 1, sizeof(*list));
	if (list == NULL)
		return RC_MEMORY;
	for (size_t i = 0; i < reading->env_len; i++) {
		rc = make_field(event, &reading->env[i], pool, &list[n]);
		if (rc == RC_MEMORY)
			return rc;
		if (rc == RC_OK)
			n++;
		else
			warn_field(event, &reading->env[i],
			    rc == RC_RANGE ? "over 4 KiB" :
					     "no text at the pointer");
	}
	*out = list;
	return RC_OK;
}
