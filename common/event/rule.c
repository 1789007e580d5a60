/* SPDX-License-Identifier: ISC */
#include <fnmatch.h>
#include <stdbool.h>
#include <string.h>

#include "event/rule.h"

#include "base/buf.h"
#include "event/catalog.h"
#include "event/event.h"

/* The program stays in the C locale. */
bool
rule_glob(const char *pattern, const char *text)
{
	return fnmatch(pattern, text, FNM_NOESCAPE) == 0;
}

/* One of pelihook's own events is wanted by its name or @watch alone: who wrote
 * `on *' has thought of what is sent. */
static bool
is_wanted(const struct rule *rule, const struct event *event)
{
	bool own = catalog_is_watch(event->row);
	const char *wanted;

	for (size_t i = 0; i < rule->events_len; i++) {
		wanted = rule->events[i];
		if (wanted[0] == '@') {
			if (catalog_in_group(event->row, event->known,
				bytes_of(wanted)))
				return true;
		} else if (own ? strcmp(wanted, event->name) == 0 :
				 rule_glob(wanted, event->name)) {
			return true;
		}
	}
	return false;
}

/* RC_MISSING where it does not hold. */
static enum rc
check_where(const struct rule_where *where, const struct event *event)
{
	struct buf text = { 0 };
	enum rc rc = event_text(event, where->pointer, &text);

	if (rc == RC_OK && !rule_glob(where->glob, text.data))
		rc = RC_MISSING;
	buf_free(&text);
	return rc;
}

/* RC_MISSING where it does not take the event. */
static enum rc
rule_matches(const struct rule *rule, const struct event *event)
{
	enum rc rc = is_wanted(rule, event) ? RC_OK : RC_MISSING;

	for (size_t i = 0; rc == RC_OK && i < rule->where_len; i++)
		rc = check_where(&rule->where[i], event);
	return rc;
}

enum rc
rule_next(struct rule_walk *walk, const struct rule **rule)
{
	const struct rule *at;
	enum rc rc = RC_MISSING;

	while (rc == RC_MISSING && walk->at < walk->n)
		rc = rule_matches(&walk->rules[walk->at++], walk->event);
	if (rc != RC_OK)
		return rc;
	at = &walk->rules[walk->at - 1];
	if (!at->also || at->command == NULL)
		walk->at = walk->n;
	*rule = at;
	return RC_OK;
}

bool
rule_names_watch(const struct rule *rule)
{
	for (size_t i = 0; i < rule->events_len; i++) {
		struct bytes event = bytes_of(rule->events[i]);

		if (bytes_is(event, "@watch") || catalog_is_own(event))
			return true;
	}
	return false;
}
