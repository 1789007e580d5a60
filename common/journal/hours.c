/* SPDX-License-Identifier: ISC */
#include "journal/journal.h"

#include "journal/column.h"
#include "journal/sql.h"
#include "journal/statement.h"
#include "journal/transaction.h"

struct folding {
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

/* As with a purge: a last time that is still to come is none. */
static enum rc
fold_due(struct journal *journal, void *arguments)
{
	struct folding *folding = arguments;
	int64_t last = journal_number(journal, 0,
	    SQL("SELECT number FROM notes WHERE name = 'folded'"
	    " AND " SQL_IS_INTEGER("number")),
		NO_VALUES);

	folding->due = last <= 0 || last > folding->now ||
	    folding->now - last >= JOURNAL_FOLD_EVERY;
	return RC_OK;
}

enum rc
journal_fold_due(struct journal *journal, int64_t now, bool *due)
{
	struct folding folding = { .now = now };
	enum rc rc = journal_read(journal, fold_due, &folding);

	if (rc == RC_OK)
		*due = folding.due;
	return rc;
}

static enum rc
fold_hours(struct journal *journal, void *arguments)
{
	const struct folding *folding = arguments;

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
	journal_do(journal,
	    "INSERT INTO notes(name, number) VALUES('folded', ?1)"
	    " ON CONFLICT(name) DO UPDATE SET number = excluded.number",
	    BIND(INT(folding->now)));
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
