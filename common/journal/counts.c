/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "journal/counts.h"

#include "base/limits.h"
#include "journal/column.h"
#include "journal/internal.h"
#include "journal/sql.h"
#include "journal/statement.h"

/* Whose event it is, what it is called, and whether it has deliveries that
 * are queued or running. */
struct names {
	char hook[HOOK_NAME_SIZE];
	char name[EVENT_NAME_SIZE];
	bool open;
};

void
journal_counts_begin(struct journal *journal)
{
	journal->opens.hook[0] = '\0';
	journal->tally.hook[0] = '\0';
}

static void
write_opens(struct journal *journal)
{
	const struct journal_opens *opens = &journal->opens;

	if (opens->hook[0] != '\0' && opens->by != 0)
		journal_do(journal,
		    "INSERT INTO opens(hook, events) VALUES(?1, ?2)"
		    " ON CONFLICT(hook) DO UPDATE"
		    " SET events = opens.events + ?2",
		    BIND(TEXT(opens->hook), INT(opens->by)));
	journal->opens.hook[0] = '\0';
}

static void
write_tally(struct journal *journal)
{
	const struct journal_tally *tally = &journal->tally;

	if (tally->hook[0] != '\0' && tally->by != 0)
		journal_do(journal,
		    "INSERT INTO tallies(hook, name, state, deliveries)"
		    " VALUES(?1, ?2, ?3, ?4)"
		    " ON CONFLICT(hook, name, state) DO UPDATE"
		    " SET deliveries = tallies.deliveries + ?4",
		    BIND(TEXT(tally->hook), TEXT(tally->name),
			INT(tally->state), INT(tally->by)));
	/* Names that senders make up would stay for ever. */
	if (tally->hook[0] != '\0' && tally->by < 0)
		journal_do(journal,
		    "DELETE FROM tallies WHERE hook = ?1 AND name = ?2"
		    " AND state = ?3 AND deliveries = 0",
		    BIND(TEXT(tally->hook), TEXT(tally->name),
			INT(tally->state)));
	journal->tally.hook[0] = '\0';
}

void
journal_counts_flush(struct journal *journal)
{
	write_opens(journal);
	write_tally(journal);
}

/* The count of a hook, in place of another's. */
static struct journal_opens *
opens_of(struct journal *journal, const char *hook)
{
	struct journal_opens *opens = &journal->opens;

	if (strcmp(opens->hook, hook) == 0)
		return opens;
	write_opens(journal);
	*opens = (struct journal_opens){ .before = -1 };
	snprintf(opens->hook, sizeof(opens->hook), "%s", hook);
	return opens;
}

/* A count that cannot be right is made anew. */
static int64_t
count_opens(struct journal *journal, const char *hook)
{
	journal_do(journal,
	    SQL("INSERT INTO opens(hook, events) SELECT ?1,"
	    " count(DISTINCT event) FROM deliveries WHERE hook = ?1"
	    " AND state IN " SQL_OPEN_STATES USES_deliveries_open("")
	    " ON CONFLICT(hook) DO UPDATE SET events = excluded.events"),
		BIND(TEXT(hook)));
	return journal_number(journal, 0,
	    "SELECT events FROM opens WHERE hook = ?1", BIND(TEXT(hook)));
}

static int64_t
read_opens(struct journal *journal, const char *hook)
{
	struct journal_reader reader = {
		.journal = journal,
		.table = "opens",
		.lenient = true,
		.row = journal_query(journal,
		    "SELECT events FROM opens WHERE hook = ?1",
		    BIND(TEXT(hook))),
	};
	int64_t events;

	if (!journal_next(journal, reader.row))
		return 0;
	events = journal_int(&reader, 0, JOURNAL_IS_COUNT);
	journal_end_query(reader.row);
	return reader.damaged ? count_opens(journal, hook) : events;
}

int64_t
journal_backlog_count(struct journal *journal, const char *hook)
{
	struct journal_opens *opens = opens_of(journal, hook);

	if (opens->before < 0)
		opens->before = read_opens(journal, hook);
	return opens->before + opens->by;
}

void
journal_backlog_add(struct journal *journal, const char *hook, int64_t events)
{
	opens_of(journal, hook)->by += events;
}

static bool
read_names(struct journal *journal, int64_t event, struct names *names)
{
	struct journal_reader reader = {
		.journal = journal,
		.table = "events",
		.number = event,
		.row = journal_query(journal,
		    "SELECT hook, name, CASE WHEN EXISTS (SELECT 1"
		    " FROM deliveries WHERE event = events.seq"
		    " AND state IN " SQL_OPEN_STATES ") THEN 1 ELSE 0 END"
		    " FROM events WHERE seq = ?1",
		    BIND(INT(event))),
	};

	if (!journal_next(journal, reader.row))
		return false;
	journal_text_into(&reader, 0, JOURNAL_TEXT_HOOK, names->hook);
	journal_text_into(&reader, 1, JOURNAL_TEXT_EVENT, names->name);
	names->open = journal_int(&reader, 2, JOURNAL_IS_FLAG) != 0;
	journal_end_query(reader.row);
	return !reader.damaged;
}

void
journal_event_opens(struct journal *journal, int64_t event)
{
	struct names names;

	if (read_names(journal, event, &names) && !names.open)
		journal_backlog_add(journal, names.hook, 1);
}

static void
tally(struct journal *journal, const struct names *names, int state, int by)
{
	struct journal_tally *now = &journal->tally;

	if (now->state != state || strcmp(now->hook, names->hook) != 0 ||
	    strcmp(now->name, names->name) != 0) {
		write_tally(journal);
		*now = (struct journal_tally){ .state = state };
		memcpy(now->hook, names->hook, sizeof(now->hook));
		memcpy(now->name, names->name, sizeof(now->name));
	}
	now->by += by;
}

static bool
is_tallied(int state)
{
	return state == JOURNAL_DONE || state == JOURNAL_DROPPED;
}

void
journal_finished_add(struct journal *journal, int64_t event, int state, int by)
{
	struct names names;

	if (is_tallied(state) && read_names(journal, event, &names))
		tally(journal, &names, state, by);
}

void
journal_delivery_left(struct journal *journal, int64_t event, int state)
{
	struct names names;

	if (!read_names(journal, event, &names))
		return;
	if (!names.open)
		journal_backlog_add(journal, names.hook, -1);
	if (is_tallied(state))
		tally(journal, &names, state, 1);
}
