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

/* An event by what its words go by. */
struct named {
	const char *name;
	const struct catalog_row *row;
	bool known;
};

/* One of pelihook's own events is wanted by its name or @watch alone: who wrote
 * `on *' has thought of what is sent. */
static bool
takes(const char *word, const struct named *named)
{
	if (word[0] == '@')
		return catalog_in_group(named->row, named->known,
		    bytes_of(word));
	return catalog_is_watch(named->row) ? strcmp(word, named->name) == 0 :
					      rule_glob(word, named->name);
}

bool
rule_finds(const char *word, const char *name)
{
	struct bytes text = bytes_of(name);
	struct named named = { .name = name, .row = catalog_find(text) };

	named.known = named.row != NULL;
	if (named.row == NULL)
		named.row = catalog_find_watch(text);
	if (named.row == NULL)
		named.row = catalog_unknown(text);
	return strcmp(word, name) == 0 || takes(word, &named);
}

bool
rule_is_pattern(const char *word)
{
	return word[0] == '@' || word[strcspn(word, "*?[")] != '\0';
}

static bool
is_wanted(const struct rule *rule, const struct event *event)
{
	const struct named named = { event->name, event->row, event->known };

	for (size_t i = 0; i < rule->events_len; i++)
		if (takes(rule->events[i], &named))
			return true;
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
