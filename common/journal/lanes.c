/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "journal/lanes.h"

#include "journal/column.h"
#include "journal/internal.h"
#include "journal/statement.h"

/* The place of a lane among those that are known. */
static struct journal_known_lane *
place_of(struct journal *journal, const char *hook, const char *key)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (; *hook != '\0'; hook++)
		hash = (hash ^ (uint8_t)*hook) * 16777619u;
	hash *= 16777619u;
	for (; *key != '\0'; key++)
		hash = (hash ^ (uint8_t)*key) * 16777619u;
	return &journal->lanes[hash % JOURNAL_LANES];
}

/* What this transaction made may be undone. */
static void
remember(struct journal *journal, const char *hook, const char *key, int64_t id)
{
	struct journal_known_lane *known = place_of(journal, hook, key);

	if (journal->lane_made || strlen(hook) >= sizeof(known->hook) ||
	    strlen(key) >= sizeof(known->key))
		return;
	known->id = id;
	snprintf(known->hook, sizeof(known->hook), "%s", hook);
	snprintf(known->key, sizeof(known->key), "%s", key);
}

int64_t
journal_lane_find(struct journal *journal, const char *hook, const char *key)
{
	const struct journal_known_lane *known = place_of(journal, hook, key);
	int64_t id;

	if (known->id != 0 && strcmp(known->hook, hook) == 0 &&
	    strcmp(known->key, key) == 0)
		return known->id;
	id = journal_number(journal, 0,
	    "SELECT id FROM lanes WHERE hook = ?1 AND key = ?2 AND id > 0",
	    BIND(TEXT(hook), TEXT(key)));
	if (id != 0)
		remember(journal, hook, key, id);
	return id;
}

/* A number that is none makes room for one. */
int64_t
journal_lane_make(struct journal *journal, const char *hook, const char *key)
{
	int64_t id = journal_lane_find(journal, hook, key);

	if (id != 0 || journal_failed(journal))
		return id;
	journal->lane_made = true;
	journal_do(journal, "DELETE FROM lanes WHERE hook = ?1 AND key = ?2",
	    BIND(TEXT(hook), TEXT(key)));
	return journal_number(journal, 0,
	    "INSERT INTO lanes(hook, key) VALUES(?1, ?2) RETURNING id",
	    BIND(TEXT(hook), TEXT(key)));
}
