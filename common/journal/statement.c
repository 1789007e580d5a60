/* SPDX-License-Identifier: ISC */
#include <sqlite3.h>

#include "journal/statement.h"

#include "base/log.h"
#include "journal/internal.h"

/* An error beside the store's own: a row that cannot be right. */
enum { DAMAGED_ROW = SQLITE_CORRUPT | 0x7f00 };

static const int failures[] = {
	[JOURNAL_FINE] = SQLITE_OK,
	[JOURNAL_FAILED_MEMORY] = SQLITE_NOMEM,
	[JOURNAL_FAILED_ROW] = DAMAGED_ROW,
	[JOURNAL_FAILED_INDEX] = SQLITE_CORRUPT_INDEX,
	[JOURNAL_FAILED_GONE] = SQLITE_READONLY_DBMOVED,
	[JOURNAL_FAILED_LOOK] = SQLITE_IOERR_FSTAT,
	[JOURNAL_FAILED_LOCK] = SQLITE_IOERR_LOCK,
	[JOURNAL_FAILED_NOTE] = SQLITE_IOERR_WRITE,
	[JOURNAL_FAILED_TURN] = SQLITE_BUSY,
	[JOURNAL_FAILED_TIME] = SQLITE_INTERRUPT,
	[JOURNAL_FAILED_PART] = SQLITE_ABORT,
};

void
journal_fail(struct journal *journal, enum journal_failure failure)
{
	journal_keep_error(journal, failures[failure]);
}

bool
journal_failed(const struct journal *journal)
{
	return journal->error != SQLITE_OK;
}

void *
journal_need(struct journal *journal, void *memory)
{
	if (memory == NULL)
		journal_fail(journal, JOURNAL_FAILED_MEMORY);
	return memory;
}

void
journal_keep_error(struct journal *journal, int error)
{
	if (journal->error == SQLITE_OK)
		journal->error = error;
}

enum rc
journal_meaning(int error)
{
	switch (error & 0xff) {
	case SQLITE_OK:
		return RC_OK;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		return RC_LOCKED;
	case SQLITE_NOMEM:
		return RC_MEMORY;
	case SQLITE_INTERRUPT:
		return RC_SLOW;
	case SQLITE_TOOBIG:
		return RC_RANGE;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_ERROR:
		return RC_CORRUPT;
	default:
		return error == SQLITE_IOERR_NOMEM ? RC_MEMORY : RC_STORE;
	}
}

/* A statement that the store does not take was written for other tables. */
void
journal_log_error(const struct journal *journal)
{
	int error = journal->error;

	/* That it is gone was logged when that was seen. */
	if (journal->gone || error == DAMAGED_ROW || error == SQLITE_ABORT ||
	    error == SQLITE_INTERRUPT)
		return;
	if (journal_meaning(error) == RC_CORRUPT)
		log_say(LOG_LEVEL_ERROR,
		    "journal: %s: is damaged: %s (%d): "
		    "put a copy back, or save with sqlite3's .recover what "
		    "can be read",
		    journal->path,
		    (error & 0xff) == SQLITE_ERROR ?
			sqlite3_errmsg(journal->db) :
			sqlite3_errstr(error),
		    error);
	else
		log_say(LOG_LEVEL_ERROR, "journal: %s: %s (%d)", journal->path,
		    sqlite3_errstr(error), error);
}

int
journal_run(struct journal *journal, const char *text)
{
	return sqlite3_exec(journal->db, text, NULL, NULL, NULL);
}

int
journal_pragma(struct journal *journal, const char *text, int64_t *out)
{
	sqlite3_stmt *statement;
	int error = sqlite3_prepare_v2(journal->db, text, -1, &statement, NULL);

	if (error != SQLITE_OK)
		return error;
	error = sqlite3_step(statement);
	if (error == SQLITE_ROW)
		*out = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return error == SQLITE_ROW ? SQLITE_OK : error;
}

void
journal_statements_reset(struct journal *journal)
{
	for (size_t i = 0; i < journal->statements_len; i++)
		sqlite3_reset(journal->statements[i].handle);
}

void
journal_statements_free(struct journal *journal)
{
	for (size_t i = 0; i < journal->statements_len; i++)
		sqlite3_finalize(journal->statements[i].handle);
}

static struct journal_statement *
prepared(struct journal *journal, const char *text)
{
	struct journal_statement *at = journal->statements;
	struct journal_statement *end = at + journal->statements_len;
	int error;

	for (; at < end; at++)
		if (at->text == text)
			return at;
	if (journal->statements_len == JOURNAL_STATEMENTS) {
		journal_keep_error(journal, SQLITE_FULL);
		return NULL;
	}
	error = sqlite3_prepare_v3(journal->db, text, -1,
	    SQLITE_PREPARE_PERSISTENT, &at->handle, NULL);
	if (error != SQLITE_OK) {
		journal_keep_error(journal, error);
		return NULL;
	}
	at->text = text;
	journal->statements_len++;
	return at;
}

static int
bind_value(struct journal_statement *statement, int place,
    const struct journal_value *value)
{
	switch (value->type) {
	case JOURNAL_VALUE_INT:
		return sqlite3_bind_int64(statement->handle, place,
		    value->number);
	case JOURNAL_VALUE_TEXT:
		return sqlite3_bind_text(statement->handle, place, value->text,
		    -1, SQLITE_STATIC);
	case JOURNAL_VALUE_BYTES:
		return sqlite3_bind_blob64(statement->handle, place,
		    value->bytes.len == 0 ? NULL : value->bytes.data,
		    value->bytes.len, SQLITE_STATIC);
	}
	return SQLITE_MISUSE;
}

struct journal_statement *
journal_query(struct journal *journal, const char *text,
    struct journal_values values)
{
	struct journal_statement *statement;
	int error = SQLITE_OK;

	if (journal->gone)
		journal_fail(journal, JOURNAL_FAILED_GONE);
	if (journal_failed(journal))
		return NULL;
	statement = prepared(journal, text);
	if (statement == NULL)
		return NULL;
	for (size_t i = 0; i < values.n && error == SQLITE_OK; i++)
		error = bind_value(statement, (int)i + 1, &values.list[i]);
	if (error == SQLITE_OK)
		return statement;
	journal_keep_error(journal, error);
	return NULL;
}

bool
journal_next(struct journal *journal, struct journal_statement *statement)
{
	int result;

	if (journal_failed(journal) || statement == NULL)
		return false;
	result = sqlite3_step(statement->handle);
	if (result == SQLITE_ROW)
		return true;
	if (result != SQLITE_DONE)
		journal_keep_error(journal, result);
	journal_end_query(statement);
	return false;
}

void
journal_end_query(struct journal_statement *statement)
{
	if (statement == NULL)
		return;
	sqlite3_reset(statement->handle);
	sqlite3_clear_bindings(statement->handle);
}

int
journal_do(struct journal *journal, const char *text,
    struct journal_values values)
{
	struct journal_statement *statement = journal_query(journal, text,
	    values);

	if (statement == NULL)
		return 0;
	while (journal_next(journal, statement))
		continue;
	return journal_failed(journal) ? 0 : sqlite3_changes(journal->db);
}

int64_t
journal_inserted(struct journal *journal)
{
	return sqlite3_last_insert_rowid(journal->db);
}

enum journal_type
journal_column_type(struct journal_statement *statement, int column)
{
	switch (sqlite3_column_type(statement->handle, column)) {
	case SQLITE_INTEGER:
		return JOURNAL_TYPE_INT;
	case SQLITE_FLOAT:
		return JOURNAL_TYPE_FRACTION;
	case SQLITE_TEXT:
		return JOURNAL_TYPE_TEXT;
	case SQLITE_BLOB:
		return JOURNAL_TYPE_BYTES;
	default:
		return JOURNAL_TYPE_NULL;
	}
}

int64_t
journal_column_int(struct journal_statement *statement, int column)
{
	return sqlite3_column_int64(statement->handle, column);
}

struct bytes
journal_column_text(struct journal_statement *statement, int column)
{
	const unsigned char *text = sqlite3_column_text(statement->handle,
	    column);

	if (text == NULL)
		return (struct bytes){ 0 };
	return (struct bytes){ (const char *)text,
		(size_t)sqlite3_column_bytes(statement->handle, column) };
}

bool
journal_column_bytes(struct journal *journal,
    struct journal_statement *statement, int column, struct bytes *bytes)
{
	const char *data = sqlite3_column_blob(statement->handle, column);
	int len = sqlite3_column_bytes(statement->handle, column);

	*bytes = (struct bytes){ 0 };
	if (data == NULL)
		return sqlite3_errcode(journal->db) != SQLITE_NOMEM;
	*bytes = (struct bytes){ data, (size_t)len };
	return true;
}

const char *
journal_column_name(struct journal_statement *statement, int column)
{
	return sqlite3_column_name(statement->handle, column);
}
