/* SPDX-License-Identifier: ISC */
#include <fnmatch.h>
#include <stdbool.h>

#include "route.h"

#include "catalog.h"
#include "conf.h"
#include "event.h"

/* Whole, case-sensitive and byte-wise: the program stays in the C locale. */
static bool
glob(const char *pattern, const char *text)
{
	return fnmatch(pattern, text, FNM_NOESCAPE) == 0;
}

static bool
is_wanted(const struct conf_rule *rule, const struct event *event)
{
	const char *wanted;

	for (size_t i = 0; i < rule->events_len; i++) {
		wanted = rule->events[i];
		if (wanted[0] == '@') {
			if (catalog_in_group(event->row, event->known,
			    bytes_of(wanted)))
				return true;
		} else if (glob(wanted, event->name)) {
			return true;
		}
	}
	return false;
}

static bool
holds(const struct conf_where *where, const struct event *event,
    struct bytes body)
{
	struct buf text = { 0 };
	enum rc rc = event_text(event, body, where->pointer, &text);
	bool match = rc == RC_OK && glob(where->glob, text.data);

	buf_free(&text);
	return match;
}

static bool
takes(const struct conf_rule *rule, const struct event *event,
    struct bytes body)
{
	if (!is_wanted(rule, event))
		return false;
	for (size_t i = 0; i < rule->where_len; i++)
		if (!holds(&rule->where[i], event, body))
			return false;
	return true;
}

const struct conf_rule *
route(const struct hook *hook, const struct event *event, struct bytes body,
    size_t *at)
{
	while (*at < hook->rules_len)
		if (takes(&hook->rules[(*at)++], event, body))
			return &hook->rules[*at - 1];
	return NULL;
}
