/* SPDX-License-Identifier: ISC */
#include "journal/lookup.h"

#include "base/buf.h"
#include "journal/column.h"
#include "journal/sql.h"
#include "journal/statement.h"

enum rc
journal_find(struct journal *journal, const char *prefix, int64_t *event)
{
	struct buf end = { 0 };
	struct journal_statement *row;
	int found = 0;
	enum rc rc = buf_printf(&end, "%s\x7f", prefix);

	if (rc != RC_OK)
		return rc;
	row = journal_query(journal,
	    "SELECT seq FROM events WHERE id >= ?1 AND id < ?2 LIMIT 2",
	    BIND(TEXT(prefix), TEXT(end.data)));
	while (journal_next(journal, row)) {
		*event = journal_column_int(row, 0);
		found++;
	}
	buf_free(&end);
	if (prefix[0] == '\0' || found == 0)
		return RC_MISSING;
	return found == 1 ? RC_OK : RC_RANGE;
}

void
journal_fill_event(struct journal_reader *reader, struct pool *pool,
    struct journal_event *event)
{
	struct receipt *receipt = &event->receipt;

	journal_text_into(reader, 0, JOURNAL_TEXT_ID, receipt->id);
	event->hook = journal_text_copy(reader, 1, JOURNAL_TEXT_HOOK, pool);
	event->name = journal_text_copy(reader, 2, JOURNAL_TEXT_EVENT, pool);
	receipt->received = journal_int(reader, 3, JOURNAL_IS_TIME);
	journal_text_into(reader, 4, JOURNAL_TEXT_DIGEST, receipt->digest);
	receipt->verified = journal_int(reader, 5, JOURNAL_IS_FLAG) != 0;
	journal_text_into(reader, 6, JOURNAL_TEXT_REMOTE, receipt->remote_addr);
	event->body = journal_body_copy(reader, 7, pool);
}

bool
journal_read_event(struct journal *journal, int64_t seq, struct pool *pool,
    struct journal_event *event)
{
	struct journal_reader reader = {
		.journal = journal,
		.table = "events",
		.number = seq,
		.lenient = true,
		.row = journal_query(journal,
		    "SELECT " SQL_EVENT("") " FROM events WHERE seq = ?1",
		    BIND(INT(seq))),
	};

	if (journal_next(journal, reader.row)) {
		journal_fill_event(&reader, pool, event);
		journal_end_query(reader.row);
	} else if (!journal_failed(journal)) {
		journal_damage(&reader, 0, "nothing: there is no such row");
	}
	return !reader.damaged && !journal_failed(journal);
}

bool
journal_find_delivery(struct journal *journal, int64_t seq,
    struct journal_found *found)
{
	struct journal_reader reader = {
		.journal = journal,
		.table = "deliveries",
		.number = seq,
		.lenient = true,
		.row = journal_query(journal,
		    "SELECT d.event, d.state, d.since, d.key, e.hook, e.name,"
		    " CASE WHEN d.due = d.since THEN 1 ELSE 0 END"
		    " FROM deliveries d LEFT JOIN events e"
		    " ON e.seq = d.event WHERE d.seq = ?1",
		    BIND(INT(seq))),
	};

	if (!journal_next(journal, reader.row))
		return false;
	found->seq = seq;
	found->event = journal_int(&reader, 0, JOURNAL_IS_ROW);
	found->state = (int)journal_int(&reader, 1, JOURNAL_IS_STATE);
	found->waits = journal_int(&reader, 2, JOURNAL_IS_TIME) != 0 &&
	    found->state == JOURNAL_QUEUED &&
	    journal_int(&reader, 6, JOURNAL_IS_FLAG) == 0;
	found->ordered = journal_key_into(&reader, 3, found->key);
	journal_text(&reader, 4, JOURNAL_TEXT_HOOK);
	journal_text(&reader, 5, JOURNAL_TEXT_EVENT);
	found->damaged = reader.damaged;
	journal_end_query(reader.row);
	return true;
}

bool
journal_advances(struct journal *journal, int64_t last, int64_t next)
{
	if (next != 0 && next <= last)
		journal_fail(journal, JOURNAL_FAILED_INDEX);
	return next > last;
}

bool
journal_find_next(struct journal *journal, int64_t event,
    struct journal_found *found)
{
	int64_t seq = journal_number(journal, 0,
	    "SELECT seq FROM deliveries WHERE event = ?1 AND seq > ?2"
	    " ORDER BY seq LIMIT 1",
	    BIND(INT(event), INT(found->seq)));

	return journal_advances(journal, found->seq, seq) &&
	    journal_find_delivery(journal, seq, found);
}
