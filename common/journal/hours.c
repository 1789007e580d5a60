/* SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "journal/journal.h"

#include "journal/column.h"
#include "journal/hours.h"
#include "journal/sql.h"
#include "journal/statement.h"
#include "journal/transaction.h"

enum { NOTE = 32 }; /* bytes of a note's name */

struct folding {
	int64_t source;
	int64_t now;
	bool due;
	const struct journal_hour *list;
	size_t n;
};

struct reading {
	int64_t since;
	enum rc (*each)(void *context, const struct journal_hour *hour);
	void *context;
};

struct last_events {
	struct journal_last_event *list;
	size_t n;
	bool later; /* one of them, than what is noted */
};

/* What one machine has folded says nothing of another one's file. */
static void
name_note(const struct journal *journal, int64_t source, char name[NOTE])
{
	if (journal_is_shared(journal))
		snprintf(name, NOTE, "folded %lld", (long long)source);
	else
		snprintf(name, NOTE, "folded");
}

/* As with a purge: a last time that is still to come is none. */
static enum rc
fold_due(struct journal *journal, void *arguments)
{
	struct folding *folding = arguments;
	char name[NOTE];
	int64_t last;

	name_note(journal, folding->source, name);
	last = journal_number(journal, 0,
	    SQL("SELECT number FROM notes WHERE name = ?1"
	    " AND " SQL_IS_INTEGER("number")),
		BIND(TEXT(name)));
	folding->due = last <= 0 || last > folding->now ||
	    folding->now - last >= JOURNAL_FOLD_EVERY;
	return RC_OK;
}

enum rc
journal_fold_due(struct journal *journal, int64_t source, int64_t now,
    bool *due)
{
	struct folding folding = { .source = source, .now = now };
	enum rc rc = journal_read(journal, fold_due, &folding);

	if (rc == RC_OK)
		*due = folding.due;
	return rc;
}

static enum rc
fold_hours(struct journal *journal, void *arguments)
{
	const struct folding *folding = arguments;
	char name[NOTE];

	for (size_t i = 0; i < folding->n; i++) {
		const struct journal_hour *hour = &folding->list[i];

		journal_do(journal,
		    "INSERT INTO hours(hook, hour, what, source, count)"
		    " VALUES(?1, ?2, ?3, ?4, ?5)"
		    " ON CONFLICT(hook, hour, what, source) DO UPDATE"
		    " SET count = excluded.count",
		    BIND(TEXT(hour->hook), INT(hour->hour), TEXT(hour->what),
			INT(hour->source), INT(hour->count)));
	}
	name_note(journal, folding->list[0].source, name);
	journal_do(journal,
	    "INSERT INTO notes(name, number) VALUES(?1, ?2)"
	    " ON CONFLICT(name) DO UPDATE SET number = excluded.number",
	    BIND(TEXT(name), INT(folding->now)));
	return RC_OK;
}

enum rc
journal_fold_hours(struct journal *journal, int64_t now,
    const struct journal_hour *list, size_t n)
{
	struct folding folding = { .now = now, .list = list, .n = n };

	return journal_write_chore(journal, fold_hours, &folding);
}

static enum rc
read_hours(struct journal *journal, void *arguments)
{
	const struct reading *reading = arguments;
	struct journal_statement *rows = journal_query(journal,
	    "SELECT hook, hour, what, source, count FROM hours"
	    " WHERE hour >= ?1 ORDER BY hour, hook, what, source",
	    BIND(INT(reading->since)));
	enum rc rc = RC_OK;

	while (rc == RC_OK && journal_next(journal, rows)) {
		struct journal_reader reader = journal_lenient_reader(journal,
		    rows, "hours");
		struct journal_hour hour = {
			.hook = journal_text(&reader, 0, JOURNAL_TEXT_NOTE),
			.hour = journal_int(&reader, 1, JOURNAL_IS_COUNT),
			.what = journal_text(&reader, 2, JOURNAL_TEXT_NOTE),
			.source = journal_int(&reader, 3, JOURNAL_IS_ANY),
			.count = journal_int(&reader, 4, JOURNAL_IS_COUNT),
		};

		if (!reader.damaged)
			rc = reading->each(reading->context, &hour);
	}
	if (rc != RC_OK)
		journal_end_query(rows);
	return rc;
}

enum rc
journal_hours(struct journal *journal, int64_t since,
    enum rc (*each)(void *context, const struct journal_hour *hour),
    void *context)
{
	struct reading reading = { since, each, context };

	return journal_read(journal, read_hours, &reading);
}

int64_t
journal_last_event_of(struct journal *journal, const char *hook)
{
	return !journal_is_shared(journal) ?
	    0 :
	    journal_number(journal, 0,
		"SELECT number FROM notes WHERE name = 'event of ' || ?1",
		BIND(TEXT(hook)));
}

/* Those that are not later than what is noted become that. */
static enum rc
look_for_last(struct journal *journal, void *arguments)
{
	struct last_events *last = arguments;
	int64_t noted;

	last->later = false;
	for (size_t i = 0; i < last->n; i++) {
		noted = journal_last_event_of(journal, last->list[i].hook);
		if (last->list[i].time > noted)
			last->later = true;
		else
			last->list[i].time = noted;
	}
	return RC_OK;
}

static enum rc
note_last(struct journal *journal, void *arguments)
{
	const struct last_events *last = arguments;

	for (size_t i = 0; i < last->n; i++)
		if (last->list[i].time > 0)
			journal_do(journal,
			    "INSERT INTO notes(name, number)"
			    " VALUES('event of ' || ?1, ?2)"
			    " ON CONFLICT(name) DO UPDATE"
			    " SET number = excluded.number"
			    " WHERE excluded.number > notes.number",
			    BIND(TEXT(last->list[i].hook),
				INT(last->list[i].time)));
	return RC_OK;
}

enum rc
journal_last_events(struct journal *journal, struct journal_last_event *list,
    size_t n)
{
	struct last_events last = { .list = list, .n = n };

	return journal_is_shared(journal) ?
	    journal_read(journal, look_for_last, &last) :
	    RC_OK;
}

enum rc
journal_note_last_events(struct journal *journal,
    struct journal_last_event *list, size_t n)
{
	struct last_events last = { .list = list, .n = n };
	enum rc rc = RC_OK;

	if (!journal_is_shared(journal))
		return RC_OK;
	rc = journal_read(journal, look_for_last, &last);
	if (rc == RC_OK && last.later)
		rc = journal_write_chore(journal, note_last, &last);
	return rc;
}
