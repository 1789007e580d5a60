/* SPDX-License-Identifier: ISC */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "journal/lookup.h"

#include "base/codec.h"
#include "base/uuid.h"
#include "journal/column.h"
#include "journal/sql.h"
#include "journal/statement.h"
#include "journal/transaction.h"

enum { ID_LENGTH = UUID_SIZE - 1 };

/* Events, as they are found. */
struct found_events {
	int64_t seqs[JOURNAL_MATCHES];
	size_t n;
};

/*
 * Whether a text of n characters can be the part of an ID that begins at a
 * place: hexadecimal digits, and hyphens where a UUID has them.
 */
static bool
is_part(const char *text, size_t n, size_t place)
{
	static const bool hyphens
	    [ID_LENGTH] = { [8] = true, [13] = true, [18] = true, [23] = true };

	for (size_t i = 0; i < n; i++)
		if (hyphens[place + i] ? text[i] != '-' :
					 !hex_is_digit(text[i]))
			return false;
	return true;
}

static void
add_found(struct journal *journal, struct journal_statement *rows,
    struct found_events *found)
{
	while (found->n < JOURNAL_MATCHES && journal_next(journal, rows))
		found->seqs[found->n++] = journal_column_int(rows, 0);
	journal_end_query(rows);
}

/* Along the index of IDs, which holds all of them in a row; but what begins
 * so was found already. */
static void
find_ends(struct journal *journal, const char *text, size_t n,
    struct found_events *found)
{
	add_found(journal,
	    journal_query(journal,
		SQL("SELECT seq FROM events WHERE substr(id, "
		SQL_SMALL("?1") ") = ?2 AND substr(id, 1, "
		SQL_SMALL("?3") ")" SQL_DIFFERS "?2 LIMIT ?4"),
		    BIND(INT((int64_t)(ID_LENGTH - n + 1)), TEXT(text),
			INT((int64_t)n),
			INT((int64_t)(JOURNAL_MATCHES - found->n)))),
		found);
}

/* IDs are written in small letters. */
static bool
lower(const char *text, char into[UUID_SIZE])
{
	size_t n = strlen(text);

	if (n == 0 || n > ID_LENGTH)
		return false;
	for (size_t i = 0; i <= n; i++)
		into[i] = (char)tolower((unsigned char)text[i]);
	return true;
}

void
journal_part_read(const char *text, struct journal_part *part)
{
	*part = (struct journal_part){ 0 };
	if (!lower(text, part->text))
		return;
	part->n = strlen(part->text);
	snprintf(part->after, sizeof(part->after), "%s\x7f", part->text);
	part->begins = is_part(part->text, part->n, 0);
	part->ends = part->n < ID_LENGTH &&
	    is_part(part->text, part->n, ID_LENGTH - part->n);
}

static enum rc
find_events(struct journal *journal, const char *text,
    struct found_events *found)
{
	struct journal_part part;

	journal_part_read(text, &part);
	if (part.begins)
		add_found(journal,
		    journal_query(journal,
			"SELECT seq FROM events WHERE id >= ?1 AND id < ?2"
			" LIMIT ?3",
			BIND(TEXT(part.text), TEXT(part.after),
			    INT(JOURNAL_MATCHES))),
		    found);
	if (part.ends && found->n < JOURNAL_MATCHES)
		find_ends(journal, part.text, part.n, found);
	if (found->n == 0)
		return RC_MISSING;
	return found->n == 1 ? RC_OK : RC_RANGE;
}

enum rc
journal_find(struct journal *journal, const char *text, int64_t *event)
{
	struct found_events found = { 0 };
	enum rc rc = find_events(journal, text, &found);

	if (rc == RC_OK)
		*event = found.seqs[0];
	return rc;
}

struct matching {
	const char *text;
	struct journal_matches *matches;
};

static void
read_id(struct journal *journal, int64_t seq, char into[UUID_SIZE])
{
	struct journal_reader reader = {
		.journal = journal,
		.table = "events",
		.number = seq,
		.row = journal_query(journal,
		    "SELECT id FROM events WHERE seq = ?1", BIND(INT(seq))),
	};

	if (!journal_next(journal, reader.row))
		return;
	journal_text_into(&reader, 0, JOURNAL_TEXT_ID, into);
	journal_end_query(reader.row);
}

static enum rc
match(struct journal *journal, void *arguments)
{
	const struct matching *matching = arguments;
	struct found_events found = { 0 };
	enum rc rc = find_events(journal, matching->text, &found);

	for (size_t i = 0; i < found.n; i++)
		read_id(journal, found.seqs[i], matching->matches->ids[i]);
	matching->matches->n = found.n;
	return rc;
}

enum rc
journal_match(struct journal *journal, const char *text,
    struct journal_matches *matches)
{
	struct matching matching = { text, matches };

	return journal_read(journal, match, &matching);
}

struct finding_kept {
	struct journal_mention *mentions;
	size_t n;
};

static enum rc
find_kept(struct journal *journal, void *arguments)
{
	const struct finding_kept *finding = arguments;

	for (size_t i = 0; i < finding->n; i++) {
		struct journal_mention *mention = &finding->mentions[i];

		mention->kept = mention->id[0] != '\0' &&
		    journal_number(journal, 0,
			"SELECT 1 FROM events WHERE id = ?1",
			BIND(TEXT(mention->id))) != 0;
	}
	return RC_OK;
}

enum rc
journal_find_kept(struct journal *journal, struct journal_mention *mentions,
    size_t n)
{
	struct finding_kept finding = { mentions, n };

	return journal_read(journal, find_kept, &finding);
}

/* Delivery does not depend on it. */
static const char *
copy_identity(struct journal_reader *reader, int column, struct pool *pool)
{
	const char *text = journal_need(reader->journal,
	    pool_text(pool,
		journal_text_aside(reader, column, JOURNAL_TEXT_IDENTITY)));

	return text == NULL ? "" : text;
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
	event->pipeline = copy_identity(reader, 8, pool);
	event->shown = copy_identity(reader, 9, pool);
	event->run = copy_identity(reader, 10, pool);
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
		    "SELECT " SQL_EVENT " FROM events e" SQL_JOIN_BODY
		    " WHERE e.seq = ?1",
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

static const char *
text_or_null(const char *text)
{
	return text[0] == '\0' ? NULL : text;
}

struct journal_subject_columns
journal_subject_columns(const struct journal_subject *subject)
{
	if (subject == NULL)
		return (struct journal_subject_columns){ 0 };
	return (struct journal_subject_columns){
		.pipeline = text_or_null(subject->pipeline),
		.run = text_or_null(subject->run),
		.shown = strcmp(subject->name, subject->pipeline) == 0 ?
		    NULL :
		    text_or_null(subject->name),
	};
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
