/* SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "journal/column.h"

#include "base/codec.h"
#include "base/crypto.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/uuid.h"
#include "base/utf8.h"
#include "config/conf.h"
#include "journal/internal.h"

enum {
	DAMAGE_LOGGED_MAX = 10, /* damaged rows of a transaction in the log */
	CODE_MAX = 4095,	/* exit statuses, signals, errors */
	NOTE_MAX = 255,
	OUTCOME_MAX = 31,
};

/* What a column of numbers may hold. */
struct range {
	int64_t least;
	int64_t most;
};

static const struct range ranges[] = {
	[JOURNAL_IS_ANY] = { INT64_MIN, INT64_MAX },
	[JOURNAL_IS_ROW] = { 1, INT64_MAX - 1 },
	[JOURNAL_IS_RUNNER] = { 0, INT64_MAX - 2 },
	[JOURNAL_IS_COUNT] = { 0, INT64_C(1) << 53 },
	[JOURNAL_IS_SMALL] = { 0, INT32_MAX - 1 },
	[JOURNAL_IS_LINE] = { -1, INT32_MAX - 1 },
	[JOURNAL_IS_STATE] = { JOURNAL_QUEUED, JOURNAL_DROPPED },
	[JOURNAL_IS_FLAG] = { 0, 1 },
	[JOURNAL_IS_ALARM] = { 0, JOURNAL_ALARMS - 1 },
	[JOURNAL_IS_CODE] = { 0, CODE_MAX },
	[JOURNAL_IS_TIME] = { 0, JOURNAL_TIME_MAX },
	[JOURNAL_IS_EXPIRY] = { 0, INT64_MAX },
	[JOURNAL_IS_PID] = { 0, INT32_MAX },
	[JOURNAL_IS_START] = { 0, INT64_MAX },
};

/* What a column of texts may hold. */
struct form {
	size_t least; /* bytes */
	size_t most;
	bool (*fits)(struct bytes text);
	const char *what;
};

static bool
is_digest(struct bytes text)
{
	uint8_t raw[CRYPTO_DIGEST];
	size_t len;

	return decode_hex(text, raw, sizeof(raw), &len) == RC_OK;
}

/* A word: newer releases may know more of them. */
static bool
is_outcome(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((text.data[i] < 'a' || text.data[i] > 'z') &&
		    text.data[i] != '-')
			return false;
	return true;
}

static bool
is_note(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] < ' ' || text.data[i] > '~')
			return false;
	return true;
}

/* What the web server said, or a path: whatever it was, printing makes it
 * safe. */
static bool
is_c_string(struct bytes text)
{
	return memchr(text.data, '\0', text.len) == NULL;
}

static const struct form forms[] = {
	[JOURNAL_TEXT_ID] = { UUID_SIZE - 1, UUID_SIZE - 1, uuid_is,
	    "no UUID" },
	[JOURNAL_TEXT_HOOK] = { 1, HOOK_NAME_SIZE - 1, conf_is_name,
	    "no name of a hook" },
	[JOURNAL_TEXT_EVENT] = { 1, EVENT_NAME_SIZE - 1, utf8_is_text,
	    "no name of an event" },
	[JOURNAL_TEXT_DIGEST] = { CRYPTO_DIGEST * 2, CRYPTO_DIGEST * 2,
	    is_digest, "no digest" },
	[JOURNAL_TEXT_OUTCOME] = { 1, OUTCOME_MAX, is_outcome, "no outcome" },
	[JOURNAL_TEXT_REMOTE] = { 0,
	    sizeof(((struct receipt *)0)->remote_addr) - 1, is_c_string,
	    "no address" },
	[JOURNAL_TEXT_NOTE] = { 0, NOTE_MAX, is_note, "no note" },
	[JOURNAL_TEXT_FILE] = { 1, JOURNAL_FILE_SIZE - 1, is_c_string,
	    "no path" },
	[JOURNAL_TEXT_LANE] = { 0, JOURNAL_LANE_SIZE - 1, is_note, "no lane" },
	[JOURNAL_TEXT_IDENTITY] = { 0, IDENTITY_SIZE - 1, is_c_string,
	    "no identity" },
	[JOURNAL_TEXT_WHO] = { 0, JOURNAL_WHO_SIZE - 1, is_c_string,
	    "no user" },
	[JOURNAL_TEXT_TARGET] = { 0, JOURNAL_TARGET_SIZE - 1, is_c_string,
	    "no query" },
};

/* Without memory nothing can be said of a row. */
static void
lack_memory(struct journal_reader *reader)
{
	reader->damaged = true;
	journal_fail(reader->journal, JOURNAL_FAILED_MEMORY);
}

static void
log_damage(const struct journal_reader *reader, int column, const char *why)
{
	struct journal *journal = reader->journal;
	const char *name = journal_column_name(reader->row, column);
	struct log_line line;

	log_begin(&line, LOG_LEVEL_ERROR, "journal: a damaged row");
	log_text(&line, "journal", journal->path);
	log_text(&line, "table", reader->table);
	if (reader->number != 0)
		log_number(&line, "row", reader->number);
	log_text(&line, "column", name);
	log_text(&line, "holds", why);
	if (journal_column_type(reader->row, column) == JOURNAL_TYPE_INT)
		log_number(&line, "number",
		    journal_column_int(reader->row, column));
	log_end(&line);
}

/* The first bad column of a row tells. */
void
journal_damage(struct journal_reader *reader, int column, const char *why)
{
	struct journal *journal = reader->journal;

	if (!reader->damaged && !reader->quiet &&
	    journal->damaged++ < DAMAGE_LOGGED_MAX)
		log_damage(reader, column, why);
	reader->damaged = true;
	if (!reader->lenient)
		journal_fail(journal, JOURNAL_FAILED_ROW);
}

static const char *const type_names[] = {
	[JOURNAL_TYPE_NULL] = "nothing",
	[JOURNAL_TYPE_INT] = "a number",
	[JOURNAL_TYPE_FRACTION] = "a fraction",
	[JOURNAL_TYPE_TEXT] = "a text",
	[JOURNAL_TYPE_BYTES] = "bytes",
};

static bool
has_type(struct journal_reader *reader, int column, enum journal_type type)
{
	enum journal_type is = journal_column_type(reader->row, column);

	if (is == type)
		return true;
	journal_damage(reader, column, type_names[is]);
	return false;
}

struct journal_reader
journal_lenient_reader(struct journal *journal, struct journal_statement *row,
    const char *table)
{
	return (struct journal_reader){
		.journal = journal,
		.row = row,
		.table = table,
		.lenient = true,
	};
}

int64_t
journal_int(struct journal_reader *reader, int column, enum journal_kind kind)
{
	const struct range *range = &ranges[kind];
	int64_t least = range->least < 0 ? 0 : range->least;
	int64_t number;

	if (!has_type(reader, column, JOURNAL_TYPE_INT))
		return least;
	number = journal_column_int(reader->row, column);
	if (number >= range->least && number <= range->most)
		return number;
	journal_damage(reader, column, "a number out of range");
	return least;
}

const char *
journal_text(struct journal_reader *reader, int column, enum journal_form kind)
{
	const struct form *form = &forms[kind];
	struct bytes text;

	if (!has_type(reader, column, JOURNAL_TYPE_TEXT))
		return "";
	text = journal_column_text(reader->row, column);
	if (text.data == NULL) {
		lack_memory(reader);
		return "";
	}
	if (text.len >= form->least && text.len <= form->most &&
	    form->fits(text) && text.data[text.len] == '\0')
		return text.data;
	journal_damage(reader, column, form->what);
	return "";
}

const char *
journal_text_aside(const struct journal_reader *reader, int column,
    enum journal_form kind)
{
	struct journal_reader aside = *reader;

	aside.lenient = true;
	aside.damaged = false;
	return journal_text(&aside, column, kind);
}

void
journal_text_into(struct journal_reader *reader, int column,
    enum journal_form kind, char *into)
{
	const char *text = journal_text(reader, column, kind);

	memcpy(into, text, strlen(text) + 1);
}

const char *
journal_text_copy(struct journal_reader *reader, int column,
    enum journal_form kind, struct pool *pool)
{
	const char *text = pool_text(pool, journal_text(reader, column, kind));

	if (text != NULL)
		return text;
	lack_memory(reader);
	return "";
}

static struct bytes
read_bytes(struct journal_reader *reader, int column)
{
	struct bytes bytes;

	if (!journal_column_bytes(reader->journal, reader->row, column, &bytes))
		lack_memory(reader);
	return bytes;
}

struct bytes
journal_body_copy(struct journal_reader *reader, int column, struct pool *pool)
{
	struct bytes body = { 0 };

	if (!has_type(reader, column, JOURNAL_TYPE_BYTES))
		return body;
	body = read_bytes(reader, column);
	if (body.len == 0 || body.len > INT_MAX / 2) {
		journal_damage(reader, column, "no body");
		return (struct bytes){ 0 };
	}
	body.data = pool_copy(pool, body);
	if (body.data != NULL)
		return body;
	lack_memory(reader);
	return (struct bytes){ 0 };
}

struct bytes
journal_tail_copy(struct journal_reader *reader, int column, struct pool *pool)
{
	struct bytes tail = { 0 };

	if (journal_column_type(reader->row, column) == JOURNAL_TYPE_NULL ||
	    !has_type(reader, column, JOURNAL_TYPE_BYTES))
		return tail;
	tail = read_bytes(reader, column);
	if (tail.len > JOURNAL_TAIL) {
		journal_damage(reader, column, "too many bytes");
		return (struct bytes){ 0 };
	}
	tail.data = pool_copy(pool, tail);
	if (tail.data != NULL)
		return tail;
	lack_memory(reader);
	return (struct bytes){ 0 };
}

bool
journal_key_into(struct journal_reader *reader, int column,
    uint8_t key[JOURNAL_KEY])
{
	struct bytes bytes;

	if (journal_column_type(reader->row, column) == JOURNAL_TYPE_NULL ||
	    !has_type(reader, column, JOURNAL_TYPE_BYTES))
		return false;
	bytes = read_bytes(reader, column);
	if (bytes.len == JOURNAL_KEY) {
		memcpy(key, bytes.data, JOURNAL_KEY);
		return true;
	}
	journal_damage(reader, column, "no key");
	return false;
}

int64_t
journal_number(struct journal *journal, int64_t otherwise, const char *text,
    struct journal_values values)
{
	struct journal_reader reader = {
		.journal = journal,
		.row = journal_query(journal, text, values),
	};
	int64_t number = otherwise;

	if (!journal_next(journal, reader.row))
		return otherwise;
	if (journal_column_type(reader.row, 0) != JOURNAL_TYPE_NULL)
		number = journal_int(&reader, 0, JOURNAL_IS_ANY);
	journal_end_query(reader.row);
	return reader.damaged ? otherwise : number;
}
