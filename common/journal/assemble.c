/* SPDX-License-Identifier: ISC */
#include "journal/assemble.h"

#include "journal/column.h"
#include "journal/internal.h"
#include "journal/journal.h"
#include "journal/lookup.h"
#include "journal/room.h"
#include "journal/runs.h"
#include "journal/sql.h"
#include "journal/statement.h"
#include "journal/transaction.h"

enum {
	STEP = 500,	      /* events of one small transaction */
	STEP_EARLIER = 10,    /* for how many one counts that has to be read */
	STEP_BYTES = 1 << 20, /* of the bodies of those */
	ROW_BYTES = 1024,     /* what one of them writes, about */
	RECORDS = 200,	      /* more than these do not pile up */
};

struct assembling {
	const struct journal_teller *teller; /* NULL: see journal_record */
	struct journal_assembly *assembly;
	int64_t read;	 /* the last event that this has come to */
	int64_t earlier; /* the last of an earlier release; 0: none is left */
	int64_t record;	 /* the last one of records */
	int64_t bytes;	 /* of bodies that were read */
	int steps;
};

/* Events, or what is kept of others, one after the other. */
struct feed {
	struct journal_reader reader;
	bool is;       /* there is one */
	int64_t seq;   /* of it */
	int64_t place; /* the event that it is, or is behind */
};

#define FEED_COLUMNS " e.id, e.hook, e.name, e.received," SQL_SUBJECT

/* As many as a step takes, and one to tell whether there are more. */
static const char events_after[] = "SELECT e.seq, e.seq," FEED_COLUMNS
				   " FROM events e WHERE e.seq > ?1"
				   " ORDER BY e.seq LIMIT ?2";
static const char records_after[] = "SELECT e.seq, e.place," FEED_COLUMNS
				    " FROM records e WHERE e.seq > ?1"
				    " ORDER BY e.seq LIMIT ?2";

/* A note that is no number is as good as none. */
static int64_t
note_of(struct journal *journal, const char *name)
{
	return journal_number(journal, 0,
	    SQL("SELECT number FROM notes WHERE name = ?1"
	    " AND " SQL_IS_INTEGER("number") " AND number > 0"),
		BIND(TEXT(name)));
}

static void
set_note(struct journal *journal, const char *name, int64_t number)
{
	journal_do(journal,
	    "INSERT INTO notes(name, number) VALUES(?1, ?2)"
	    " ON CONFLICT(name) DO UPDATE SET number = excluded.number",
	    BIND(TEXT(name), INT(number)));
}

/* ---- What comes next ------------------------------------------------------ */

static void
go_on(struct journal *journal, struct feed *feed)
{
	int64_t before = feed->seq;

	feed->is = journal_next(journal, feed->reader.row);
	if (!feed->is)
		return;
	feed->reader.damaged = false;
	feed->seq = feed->reader.number = journal_int(&feed->reader, 0,
	    JOURNAL_IS_ANY);
	feed->place = journal_int(&feed->reader, 1, JOURNAL_IS_ANY);
	if (!journal_advances(journal, before, feed->seq))
		feed->is = false;
}

static struct feed
feed_of(struct journal *journal, const char *table, const char *text,
    int64_t after)
{
	struct feed feed = {
		.reader = journal_lenient_reader(journal,
		    journal_query(journal, text,
			BIND(INT(after), INT(STEP + 1))),
		    table),
		.seq = after,
	};

	go_on(journal, &feed);
	return feed;
}

static void
end_feed(struct feed *feed)
{
	journal_end_query(feed->reader.row);
}

/* ---- One event ------------------------------------------------------------ */

/* One that is damaged is passed over. */
static void
note_next(struct journal *journal, struct feed *feed)
{
	struct journal_reader *reader = &feed->reader;
	struct receipt receipt = { 0 };
	struct journal_subject subject;
	struct journal_record record = {
		.receipt = &receipt,
		.subject = &subject,
	};

	journal_text_into(reader, 2, JOURNAL_TEXT_ID, receipt.id);
	record.hook = journal_text(reader, 3, JOURNAL_TEXT_HOOK);
	record.event = journal_text(reader, 4, JOURNAL_TEXT_EVENT);
	receipt.received = journal_int(reader, 5, JOURNAL_IS_TIME);
	subject.pipeline = journal_text(reader, 6, JOURNAL_TEXT_IDENTITY);
	subject.name = journal_text(reader, 7, JOURNAL_TEXT_IDENTITY);
	subject.run = journal_text(reader, 8, JOURNAL_TEXT_IDENTITY);
	if (!reader->damaged)
		journal_runs_note(journal, &record);
}

static void
keep_subject(struct journal *journal, int64_t seq,
    const struct journal_subject *subject)
{
	const struct journal_subject_columns says = journal_subject_columns(
	    subject);

	journal_do(journal,
	    "UPDATE events SET pipeline = ?2, run = ?3, shown = ?4"
	    " WHERE seq = ?1",
	    BIND(INT(seq), TEXT(says.pipeline), TEXT(says.run),
		TEXT(says.shown)));
}

/* An earlier release stored it: what it says has to be found in its body. */
static void
note_earlier(struct journal *journal, struct assembling *assembling,
    int64_t seq)
{
	const struct journal_teller *teller = assembling->teller;
	struct pool pool = { 0 };
	struct journal_event event;
	struct journal_subject subject;
	struct journal_record record = {
		.receipt = &event.receipt,
		.subject = &subject,
	};
	bool any = false;

	assembling->steps += STEP_EARLIER - 1;
	if (teller != NULL && journal_read_event(journal, seq, &pool, &event)) {
		assembling->bytes += (int64_t)event.body.len;
		if (teller->tell(teller->context, &event, &pool, &subject,
			&any) != RC_OK)
			journal_fail(journal, JOURNAL_FAILED_MEMORY);
	}
	if (any) {
		record.hook = event.hook;
		record.event = event.name;
		keep_subject(journal, seq, &subject);
		journal_runs_note(journal, &record);
	}
	pool_free(&pool);
}

/*
 * All of them were read.  A run that is open by them may have ended all the
 * same: an earlier release kept nothing of what no line took.  It is shown as
 * it is, and not judged.
 */
static void
end_earlier(struct journal *journal, struct assembling *assembling)
{
	assembling->earlier = 0;
	set_note(journal, "earlier_runs",
	    journal_number(journal, 0,
		"SELECT seq FROM runs ORDER BY seq DESC LIMIT 1", NO_VALUES));
	journal_do(journal, "DELETE FROM notes WHERE name = 'earlier_events'",
	    NO_VALUES);
}

/* ---- A step --------------------------------------------------------------- */

/* How far it is; false: nothing is left. */
static bool
find_place(struct journal *journal, struct assembling *assembling)
{
	assembling->read = note_of(journal, "read_events");
	assembling->earlier = note_of(journal, "earlier_events");
	return assembling->earlier != 0 ||
	    journal_number(journal, 0,
		"SELECT 1 FROM events WHERE seq > ?1 ORDER BY seq LIMIT 1",
		BIND(INT(assembling->read))) != 0 ||
	    journal_number(journal, 0, "SELECT 1 FROM records LIMIT 1",
		NO_VALUES) != 0;
}

/* Whether this step has come to its end before what is next. */
static bool
is_enough(struct journal *journal, struct assembling *assembling,
    const struct feed *next)
{
	struct journal_assembly *assembly = assembling->assembly;

	if (assembling->steps >= STEP || assembling->bytes >= STEP_BYTES ||
	    (assembling->teller == NULL && assembling->earlier != 0 &&
		next->place <= assembling->earlier))
		return true;
	assembly->no_room = !journal_room_take(journal, ROW_BYTES);
	return assembly->no_room;
}

static void
take_next(struct journal *journal, struct assembling *assembling,
    struct feed *next, bool is_event)
{
	assembling->steps++;
	if (is_event)
		assembling->read = next->seq;
	else
		assembling->record = next->seq;
	if (is_event && next->seq <= assembling->earlier)
		note_earlier(journal, assembling, next->seq);
	else
		note_next(journal, next);
	go_on(journal, next);
}

/* Goes along events and records, by their places; more: some are left. */
static void
go_along(struct journal *journal, struct assembling *assembling)
{
	struct feed events = feed_of(journal, "events", events_after,
	    assembling->read);
	struct feed records = feed_of(journal, "records", records_after, 0);
	bool more;

	while ((more = events.is || records.is) && !journal_failed(journal)) {
		bool is_event = events.is &&
		    (!records.is || events.place <= records.place);
		struct feed *next = is_event ? &events : &records;

		if (!events.is || events.seq > assembling->earlier)
			if (assembling->earlier != 0)
				end_earlier(journal, assembling);
		if (is_enough(journal, assembling, next))
			break;
		take_next(journal, assembling, next, is_event);
	}
	assembling->assembly->more = more;
	end_feed(&events);
	end_feed(&records);
}

static void
step(struct journal *journal, struct assembling *assembling)
{
	struct journal_assembly *assembly = assembling->assembly;

	*assembly = (struct journal_assembly){ 0 };
	assembling->record = 0;
	assembling->bytes = assembling->steps = 0;
	if (!find_place(journal, assembling))
		return;
	go_along(journal, assembling);
	if (assembling->earlier != 0 && !assembly->more)
		end_earlier(journal, assembling);
	if (assembling->steps > 0)
		set_note(journal, "read_events", assembling->read);
	if (assembling->record != 0)
		journal_do(journal, "DELETE FROM records WHERE seq <= ?1",
		    BIND(INT(assembling->record)));
	assembly->changed = assembling->steps > 0;
	if (assembly->no_room)
		assembly->more = false;
}

static enum rc
look(struct journal *journal, void *arguments)
{
	struct assembling *assembling = arguments;

	*assembling->assembly = (struct journal_assembly){
		.more = find_place(journal, assembling),
	};
	return RC_OK;
}

static enum rc
assemble(struct journal *journal, void *arguments)
{
	step(journal, arguments);
	return RC_OK;
}

enum rc
journal_assemble(struct journal *journal, const struct journal_teller *teller,
    struct journal_assembly *assembly)
{
	struct assembling assembling = {
		.teller = teller,
		.assembly = assembly,
	};
	enum rc rc = journal_read(journal, look, &assembling);

	/* How far it is is in the same commit. */
	if (rc == RC_OK && assembly->more)
		rc = journal_write_relaxed(journal, assemble, &assembling);
	if (rc != RC_OK)
		*assembly = (struct journal_assembly){ 0 };
	return rc;
}

/* ---- What an event speaks of ----------------------------------------------- */

enum rc
journal_subject_keep(struct pool *pool, struct journal_subject *subject)
{
	const char **texts[] = { &subject->pipeline, &subject->name,
		&subject->run };

	return pool_keep(pool, texts, sizeof(texts) / sizeof(texts[0]));
}

/* ---- What is not stored ---------------------------------------------------- */

/* How many there are, with the one that was inserted last. */
static int64_t
count_records(struct journal *journal, int64_t last)
{
	return last + 1 -
	    journal_number(journal, last,
		"SELECT seq FROM records ORDER BY seq LIMIT 1", NO_VALUES);
}

/* Where nobody runs a queue nobody but this puts them together. */
static enum rc
record(struct journal *journal, void *arguments)
{
	const struct journal_record *record = arguments;
	const struct journal_subject_columns says = journal_subject_columns(
	    record->subject);
	struct journal_assembly assembly;
	struct assembling assembling = { .assembly = &assembly };
	int64_t seq;

	if (!journal_room_take(journal, ROW_BYTES))
		return RC_STORE;
	seq = journal_number(journal, 0,
	    "INSERT INTO records(place, id, hook, name, received, pipeline,"
	    " run, shown) VALUES(coalesce((SELECT seq FROM events"
	    " ORDER BY seq DESC LIMIT 1), 0), ?1, ?2, ?3, ?4, ?5, ?6, ?7)"
	    " RETURNING seq",
	    BIND(TEXT(record->receipt->id), TEXT(record->hook),
		TEXT(record->event),
		INT(record->receipt->received + journal_ahead(journal)),
		TEXT(says.pipeline), TEXT(says.run), TEXT(says.shown)));
	if (count_records(journal, seq) >= RECORDS)
		step(journal, &assembling);
	if (record->watched)
		journal->stored = true;
	return RC_OK;
}

void
journal_record(struct journal *journal, const struct journal_record *entry,
    struct journal_waiter *waiter)
{
	journal_write_later_relaxed(journal, record,
	    (struct bytes){ (const char *)entry, sizeof(*entry) }, waiter);
}

/* ---- For a purge ----------------------------------------------------------- */

int64_t
journal_assembled(struct journal *journal)
{
	return note_of(journal, "read_events");
}

void
journal_assembled_lower(struct journal *journal)
{
	int64_t last = journal_number(journal, 0,
	    "SELECT seq FROM events ORDER BY seq DESC LIMIT 1", NO_VALUES);

	journal_do(journal,
	    "UPDATE notes SET number = ?1 WHERE name = 'read_events'"
	    " AND number > ?1",
	    BIND(INT(last)));
	journal_do(journal, "UPDATE records SET place = ?1 WHERE place > ?1",
	    BIND(INT(last)));
}
