/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "journal/journal.h"

#include "journal/column.h"
#include "journal/lookup.h"
#include "journal/room.h"
#include "journal/runs.h"
#include "journal/sql.h"
#include "journal/statement.h"
#include "journal/transaction.h"

enum {
	STEP = 50,	      /* events of one small transaction */
	STEP_BYTES = 1 << 20, /* of their bodies */
	ROW_BYTES = 4096,     /* what one of them writes at most, about */
};

struct rereading {
	const struct journal_teller *teller;
	int64_t last; /* event to read; 0: there is none */
	int64_t read; /* the last one that was */
};

/* What a step reads. */
struct part {
	int64_t seqs[STEP];
	size_t n;
};

/* A note that is no number is as good as none. */
static int64_t
note_of(struct journal *journal, const char *name)
{
	return journal_number(journal, 0,
	    SQL("SELECT number FROM notes WHERE name = ?1"
	    " AND " SQL_IS_INTEGER("number") " AND number > 0"),
		BIND(TEXT(name)));
}

static enum rc
look(struct journal *journal, void *arguments)
{
	struct rereading *rereading = arguments;

	rereading->last = note_of(journal, "unread_events");
	rereading->read = 0;
	if (rereading->last > 0)
		rereading->read = note_of(journal, "read_events");
	return RC_OK;
}

static struct part
find_part(struct journal *journal, const struct rereading *rereading)
{
	struct journal_statement *row = journal_query(journal,
	    "SELECT e.seq, coalesce(length(b.body), 0)"
	    " + coalesce(length(e.early), 0) FROM events e" SQL_JOIN_BODY
	    " WHERE e.seq > ?1 AND e.seq <= ?2 ORDER BY e.seq LIMIT ?3",
	    BIND(INT(rereading->read), INT(rereading->last), INT(STEP)));
	struct part part = { .n = 0 };
	int64_t bytes = 0;

	while (bytes < STEP_BYTES && journal_next(journal, row)) {
		part.seqs[part.n++] = journal_column_int(row, 0);
		bytes += journal_column_int(row, 1);
	}
	journal_end_query(row);
	return part;
}

static void
keep_subject(struct journal *journal, int64_t seq,
    const struct journal_subject *subject)
{
	bool shown = strcmp(subject->name, subject->pipeline) != 0;

	journal_do(journal,
	    "UPDATE events SET pipeline = CASE WHEN ?2 <> '' THEN ?2 END,"
	    " run = CASE WHEN ?3 <> '' THEN ?3 END,"
	    " shown = CASE WHEN ?4 <> '' THEN ?4 END WHERE seq = ?1",
	    BIND(INT(seq), TEXT(subject->pipeline), TEXT(subject->run),
		TEXT(shown ? subject->name : "")));
}

/* One that is damaged is passed over. */
static enum rc
read_one(struct journal *journal, const struct journal_teller *teller,
    int64_t seq)
{
	struct pool pool = { 0 };
	struct journal_event event;
	struct journal_subject subject;
	struct journal_record record = {
		.receipt = &event.receipt,
		.subject = &subject,
	};
	bool any = false;
	enum rc rc = RC_OK;

	if (journal_read_event(journal, seq, &pool, &event))
		rc = teller->tell(teller->context, &event, &pool, &subject,
		    &any);
	if (rc == RC_OK && any) {
		record.hook = event.hook;
		record.event = event.name;
		keep_subject(journal, seq, &subject);
		journal_runs_note(journal, &record, seq);
	}
	pool_free(&pool);
	return rc;
}

/*
 * All of them were read: what none of them ended, and has no identity, was over
 * once the next run of its pipeline began.
 */
static void
finish(struct journal *journal, int64_t last)
{
	journal_do(journal,
	    "UPDATE runs SET outcome = 'unknown', ended = (SELECT CASE"
	    " WHEN n.began > 0 THEN n.began ELSE n.ended END FROM runs n"
	    " WHERE n.hook = runs.hook AND n.pipeline = runs.pipeline"
	    " AND n.seq > runs.seq ORDER BY n.seq LIMIT 1)"
	    " WHERE ended = 0 AND run = '' AND seq <= ?1 AND EXISTS(SELECT 1"
	    " FROM runs n WHERE n.hook = runs.hook"
	    " AND n.pipeline = runs.pipeline AND n.seq > runs.seq)",
	    BIND(INT(last)));
	journal_do(journal, "DELETE FROM runs WHERE hook = ''", NO_VALUES);
	journal_do(journal,
	    "DELETE FROM notes WHERE name IN ('unread_events', 'read_events')",
	    NO_VALUES);
}

static void
note_read(struct journal *journal, int64_t seq)
{
	journal_do(journal,
	    "INSERT INTO notes(name, number) VALUES('read_events', ?1)"
	    " ON CONFLICT(name) DO UPDATE SET number = excluded.number",
	    BIND(INT(seq)));
}

/* A disk that is nearly full is left to what comes next. */
static enum rc
reread(struct journal *journal, void *arguments)
{
	struct rereading *rereading = arguments;
	struct part part;
	enum rc rc = RC_OK;

	look(journal, rereading);
	if (rereading->last == 0)
		return RC_OK;
	part = find_part(journal, rereading);
	if (!journal_room_take(journal, (int64_t)part.n * ROW_BYTES)) {
		rereading->last = 0;
		return RC_OK;
	}
	for (size_t i = 0; i < part.n && rc == RC_OK; i++)
		rc = read_one(journal, rereading->teller, part.seqs[i]);
	if (rc != RC_OK) {
		journal_fail(journal, JOURNAL_FAILED_MEMORY);
		return RC_OK;
	}
	if (part.n > 0) {
		if (journal_advances(journal, rereading->read,
			part.seqs[part.n - 1]))
			note_read(journal, part.seqs[part.n - 1]);
		return RC_OK;
	}
	finish(journal, rereading->last);
	rereading->last = 0;
	return RC_OK;
}

enum rc
journal_reread(struct journal *journal, const struct journal_teller *teller,
    bool *more)
{
	struct rereading rereading = { .teller = teller };
	enum rc rc = journal_read(journal, look, &rereading);

	/* The notes of how far it is are in the same commits. */
	if (rc == RC_OK && rereading.last > 0)
		rc = journal_write_relaxed(journal, reread, &rereading);
	if (rc == RC_OK)
		*more = rereading.last > 0;
	return rc;
}
