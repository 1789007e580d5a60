/* SPDX-License-Identifier: ISC */
#include "journal/statement.h"

#include "journal/engine.h"
#include "journal/internal.h"

void
journal_fail(struct journal *journal, enum journal_failure failure)
{
	if (journal->failure == JOURNAL_FINE)
		journal->failure = failure;
}

bool
journal_failed(const struct journal *journal)
{
	return journal->failure != JOURNAL_FINE;
}

void *
journal_need(struct journal *journal, void *memory)
{
	if (memory == NULL)
		journal_fail(journal, JOURNAL_FAILED_MEMORY);
	return memory;
}

enum rc
journal_meaning(enum journal_failure failure)
{
	switch (failure) {
	case JOURNAL_FINE:
		return RC_OK;
	case JOURNAL_FAILED_MEMORY:
		return RC_MEMORY;
	case JOURNAL_FAILED_ROW:
	case JOURNAL_FAILED_INDEX:
	case JOURNAL_FAILED_DAMAGED:
		return RC_CORRUPT;
	case JOURNAL_FAILED_TURN:
	case JOURNAL_FAILED_LOCKED:
		return RC_LOCKED;
	case JOURNAL_FAILED_TIME:
		return RC_SLOW;
	case JOURNAL_FAILED_LARGE:
		return RC_RANGE;
	case JOURNAL_FAILED_GONE:
	case JOURNAL_FAILED_LOOK:
	case JOURNAL_FAILED_LOCK:
	case JOURNAL_FAILED_NOTE:
	case JOURNAL_FAILED_PART:
	case JOURNAL_FAILED_STORE:
		break;
	}
	return RC_STORE;
}

void
journal_statements_end(struct journal *journal)
{
	for (size_t i = 0; i < journal->statements_len; i++)
		journal->engine->end(journal->statements[i].handle);
}

void
journal_statements_free(struct journal *journal)
{
	for (size_t i = 0; i < journal->statements_len; i++)
		journal->engine->finalize(journal->statements[i].handle);
	journal->statements_len = 0;
}

static struct journal_statement *
prepared(struct journal *journal, const char *text)
{
	struct journal_statement *at = journal->statements;
	struct journal_statement *end = at + journal->statements_len;

	for (; at < end; at++)
		if (at->text == text)
			return at;
	if (journal->statements_len == JOURNAL_STATEMENTS) {
		journal_fail(journal, JOURNAL_FAILED_STORE);
		return NULL;
	}
	at->handle = journal->engine->prepare(journal, text);
	if (at->handle == NULL)
		return NULL;
	at->text = text;
	at->journal = journal;
	journal->statements_len++;
	return at;
}

struct journal_statement *
journal_query(struct journal *journal, const char *text,
    struct journal_values values)
{
	struct journal_statement *statement;

	if (journal->gone)
		journal_fail(journal, JOURNAL_FAILED_GONE);
	if (journal_failed(journal))
		return NULL;
	statement = prepared(journal, text);
	if (statement == NULL)
		return NULL;
	journal->engine->bind(journal, statement->handle, values);
	return journal_failed(journal) ? NULL : statement;
}

bool
journal_next(struct journal *journal, struct journal_statement *statement)
{
	if (journal_failed(journal) || statement == NULL)
		return false;
	if (journal->engine->step(journal, statement->handle))
		return true;
	journal_end_query(statement);
	return false;
}

void
journal_end_query(struct journal_statement *statement)
{
	if (statement != NULL)
		statement->journal->engine->end(statement->handle);
}

int
journal_change_rows(struct journal *journal, const char *text,
    struct journal_values values)
{
	struct journal_statement *statement = journal_query(journal, text,
	    values);

	if (statement == NULL)
		return 0;
	while (journal_next(journal, statement))
		continue;
	return journal_failed(journal) ? 0 : journal->engine->changes(journal);
}

void
journal_do(struct journal *journal, const char *text,
    struct journal_values values)
{
	if (journal->engine->send == NULL)
		(void)journal_change_rows(journal, text, values);
	else if (!journal_failed(journal))
		journal->engine->send(journal, text, values);
}

enum journal_type
journal_column_type(struct journal_statement *statement, int column)
{
	return statement->journal->engine->column_type(statement->handle,
	    column);
}

int64_t
journal_column_int(struct journal_statement *statement, int column)
{
	return statement->journal->engine->column_int(statement->handle,
	    column);
}

struct bytes
journal_column_text(struct journal_statement *statement, int column)
{
	return statement->journal->engine->column_text(statement->handle,
	    column);
}

bool
journal_column_bytes(struct journal *journal,
    struct journal_statement *statement, int column, struct bytes *bytes)
{
	return journal->engine->column_bytes(journal, statement->handle, column,
	    bytes);
}

const char *
journal_column_name(struct journal_statement *statement, int column)
{
	return statement->journal->engine->column_name(statement->handle,
	    column);
}
