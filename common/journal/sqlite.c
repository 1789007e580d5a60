/* SPDX-License-Identifier: ISC */
#include <sqlite3.h>

#include "journal/sqlite.h"

#include "base/clock.h"
#include "base/log.h"
#include "journal/column.h"
#include "journal/engine.h"
#include "journal/files.h"
#include "journal/internal.h"
#include "journal/room.h"
#include "journal/runner_file.h"
#include "journal/statement.h"
#include "journal/turn.h"

/* The journal in a file: its statements and transactions, and the engine. */

static void *
prepare(struct journal *journal, const char *text)
{
	sqlite3_stmt *statement = NULL;

	sqlite_keep_error(journal,
	    sqlite3_prepare_v3(journal->db, text, -1, SQLITE_PREPARE_PERSISTENT,
		&statement, NULL));
	return statement;
}

static void
finalize(void *statement)
{
	sqlite3_finalize(statement);
}

static int
bind_value(sqlite3_stmt *statement, int place,
    const struct journal_value *value)
{
	switch (value->type) {
	case JOURNAL_VALUE_INT:
		return sqlite3_bind_int64(statement, place, value->number);
	case JOURNAL_VALUE_TEXT:
		return sqlite3_bind_text(statement, place, value->text, -1,
		    SQLITE_STATIC);
	case JOURNAL_VALUE_BYTES:
		return sqlite3_bind_blob64(statement, place,
		    value->bytes.len == 0 ? NULL : value->bytes.data,
		    value->bytes.len, SQLITE_STATIC);
	}
	return SQLITE_MISUSE;
}

static void
bind(struct journal *journal, void *statement, struct journal_values values)
{
	int error = SQLITE_OK;

	for (size_t i = 0; i < values.n && error == SQLITE_OK; i++)
		error = bind_value(statement, (int)i + 1, &values.list[i]);
	sqlite_keep_error(journal, error);
}

static bool
step(struct journal *journal, void *statement)
{
	int result = sqlite3_step(statement);

	if (result != SQLITE_ROW && result != SQLITE_DONE)
		sqlite_keep_error(journal, result);
	return result == SQLITE_ROW;
}

static void
end(void *statement)
{
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
}

static int
changes(struct journal *journal)
{
	return sqlite3_changes(journal->db);
}

static enum journal_type
column_type(void *statement, int column)
{
	switch (sqlite3_column_type(statement, column)) {
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

static int64_t
column_int(void *statement, int column)
{
	return sqlite3_column_int64(statement, column);
}

static struct bytes
column_text(void *statement, int column)
{
	const unsigned char *text = sqlite3_column_text(statement, column);

	if (text == NULL)
		return (struct bytes){ 0 };
	return (struct bytes){ (const char *)text,
		(size_t)sqlite3_column_bytes(statement, column) };
}

static bool
column_bytes(struct journal *journal, void *statement, int column,
    struct bytes *bytes)
{
	const char *data = sqlite3_column_blob(statement, column);
	int len = sqlite3_column_bytes(statement, column);

	*bytes = (struct bytes){ 0 };
	if (data == NULL)
		return sqlite3_errcode(journal->db) != SQLITE_NOMEM;
	*bytes = (struct bytes){ data, (size_t)len };
	return true;
}

static const char *
column_name(void *statement, int column)
{
	return sqlite3_column_name(statement, column);
}

/* The pragma can fail without memory: synchronous=FULL is then restored
 * before the next durable commit. */
static void
set_durability(struct journal *journal, bool relaxed)
{
	if (relaxed == journal->relaxed)
		return;
	journal->relaxed = true;
	if (!journal_failed(journal))
		sqlite_keep_error(journal,
		    sqlite_run(journal,
			relaxed ? "PRAGMA synchronous=NORMAL" :
				  "PRAGMA synchronous=FULL"));
	journal->relaxed = relaxed || journal_failed(journal);
}

static void
begin(struct journal *journal, enum journal_access access)
{
	journal->error = SQLITE_OK;
	journal->busy_until = clock_steady() + journal->busy_timeout;
	journal_fail(journal, journal_files_look(journal));
	if (access == JOURNAL_ACCESS_READ) {
		if (clock_steady() >= journal->until)
			journal_fail(journal, JOURNAL_FAILED_TIME);
		journal_do(journal, "BEGIN", NO_VALUES);
		return;
	}
	set_durability(journal, access == JOURNAL_ACCESS_RELAXED);
	journal_turn_take(journal);
	journal_room_begin(journal);
	journal->busy_until = clock_steady() + journal->busy_timeout;
	journal_do(journal, "BEGIN IMMEDIATE", NO_VALUES);
}

/* What went into a file that nobody will read is not stored. */
static void
commit(struct journal *journal)
{
	journal_do(journal, "COMMIT", NO_VALUES);
	if (!journal_failed(journal))
		journal_fail(journal, journal_files_look(journal));
}

static void
roll_back(struct journal *journal)
{
	sqlite_log_error(journal);
	journal_statements_end(journal);
	if (sqlite_is_open(journal))
		sqlite_run(journal, "ROLLBACK");
}

static void
leave(struct journal *journal, enum journal_access access)
{
	journal_turn_leave(journal);
	if (access != JOURNAL_ACCESS_RELAXED)
		return;
	journal->failure = JOURNAL_FINE;
	set_durability(journal, false);
}

static void
look(struct journal *journal, bool *changed)
{
	int64_t version;

	journal->busy_until = clock_steady() + journal->busy_timeout;
	version = journal_number(journal, 0, "PRAGMA data_version", NO_VALUES);
	*changed = version != journal->version;
	journal->version = version;
}

const struct journal_engine journal_sqlite = {
	.open = sqlite_open,
	.inspect = sqlite_inspect,
	.close = sqlite_close,
	.is_same = journal_files_are_same,
	.is_named = journal_files_are_named,
	.begin = begin,
	.commit = commit,
	.roll_back = roll_back,
	.leave = leave,
	.look = look,
	.heed_deadline = sqlite_heed_deadline,
	.prepare = prepare,
	.finalize = finalize,
	.bind = bind,
	.step = step,
	.end = end,
	.changes = changes,
	.column_type = column_type,
	.column_int = column_int,
	.column_text = column_text,
	.column_bytes = column_bytes,
	.column_name = column_name,
	.hold = runner_file_hold,
	.release = runner_file_release,
	.lives = runner_file_lives,
	.place = runner_file_place,
	.note = runner_file_note,
	.note_nothing = runner_file_note_nothing,
	.find_note = runner_file_find_note,
	.drain_lock = runner_file_drain_lock,
	.drain_unlock = runner_file_drain_unlock,
	.trim = sqlite_trim,
	.shrink = sqlite_shrink,
	.rebuild = sqlite_rebuild,
	.size = sqlite_size,
	.log_size = sqlite_log_size,
};
