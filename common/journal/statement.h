/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_STATEMENT_H
#define PELIHOOK_JOURNAL_STATEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/*
 * The floor of the journal: statements of the database, and the first failure
 * of a transaction.  Which database it is, engine.h's tables know; all that is
 * written in SQL knows it by this.
 *
 * All of it is called with the connection held, inside a transaction.  An
 * error is kept in the journal, and from then on nothing has an effect and
 * no row comes, so that nobody has to look in between.
 */
struct journal;
struct journal_statement;

/* What can go wrong; first what only the journal itself can see. */
enum journal_failure {
	JOURNAL_FINE,
	JOURNAL_FAILED_MEMORY,
	JOURNAL_FAILED_ROW,   /* it cannot be right; already logged */
	JOURNAL_FAILED_INDEX, /* it leads to a row that is another */
	JOURNAL_FAILED_GONE,  /* the files are; already logged */
	JOURNAL_FAILED_LOOK,  /* it is not known whether they are */
	JOURNAL_FAILED_LOCK,  /* of a runner */
	JOURNAL_FAILED_NOTE,  /* of a run */
	JOURNAL_FAILED_TURN,  /* to write: it did not come */
	JOURNAL_FAILED_TIME,  /* to read is over */
	JOURNAL_FAILED_PART, /* of what belongs together; who did it knows why */

	/* What the database says. */
	JOURNAL_FAILED_LOCKED,	/* by others, for too long */
	JOURNAL_FAILED_DAMAGED, /* or written for other tables */
	JOURNAL_FAILED_LARGE,	/* more than it can take */
	JOURNAL_FAILED_STORE,	/* anything else: it is full, or away */
};

/* Keeps a failure, unless there was an error before.  JOURNAL_FINE: no
 * effect. */
void journal_fail(struct journal *journal, enum journal_failure failure);
bool journal_failed(const struct journal *journal);
/* What there was memory for; NULL: there was none, which is kept as a
 * failure. */
void *journal_need(struct journal *journal, void *memory);

/*
 * A value that is bound to a parameter.  Its type is that of the column that
 * it is compared with or put into, and is known where it is null as well:
 * INT is a whole number of 64 bits, also for a bool (0 or 1) and a state;
 * TEXT ends at its NUL and need not be UTF-8 (the remote of an event is
 * whatever the web server said); BYTES are bytes as they are.
 */
struct journal_value {
	enum {
		JOURNAL_VALUE_INT,
		JOURNAL_VALUE_TEXT,
		JOURNAL_VALUE_BYTES,
	} type;
	union {
		int64_t number;	    /* never null */
		const char *text;   /* NULL: null; "" is a text */
		struct bytes bytes; /* len 0: null, whatever data is */
	};
};

/* The first is the value of ?1, and so on; a parameter may be used several
 * times, and each has a value. */
struct journal_values {
	const struct journal_value *list;
	size_t n;
};

/*
 * BIND(INT(seq), TEXT(hook), BYTES(key)), or NO_VALUES: a list for the calls
 * below.  The list itself is read by the call and no longer.  What a text or
 * bytes point to is borrowed, not copied: until journal_do returns, or until
 * a query is over (journal_next was false, or journal_end_query).
 */
#define INT(value)                                                             \
	{                                                                      \
		.type = JOURNAL_VALUE_INT,                                     \
		{                                                              \
			.number = (value)                                      \
		}                                                              \
	}
#define TEXT(value)                                                            \
	{                                                                      \
		.type = JOURNAL_VALUE_TEXT,                                    \
		{                                                              \
			.text = (value)                                        \
		}                                                              \
	}
#define BYTES(value)                                                           \
	{                                                                      \
		.type = JOURNAL_VALUE_BYTES,                                   \
		{                                                              \
			.bytes = (value)                                       \
		}                                                              \
	}
#define BIND(...)                                                              \
	((struct journal_values){                                              \
	    (const struct journal_value[]){ __VA_ARGS__ },                     \
	    sizeof((const struct journal_value[]){ __VA_ARGS__ }) /            \
		sizeof(struct journal_value) })
#define NO_VALUES ((struct journal_values){ NULL, 0 })

/*
 * The statement of a text, which is prepared once and found again by the
 * text's address: it has to be one that lives for ever, in the SQL of sql.h,
 * with parameters from ?1 on.  It is not run before journal_next.  NULL on
 * error.  The same text must not be asked for again before it is over.
 */
struct journal_statement *journal_query(struct journal *journal,
    const char *text, struct journal_values values);
/* Whether there is a next row; the query is over where there is none.  NULL
 * has none. */
bool journal_next(struct journal *journal, struct journal_statement *statement);
/* Ends a query early.  NULL is fine. */
void journal_end_query(struct journal_statement *statement);
/* All of a statement that gives no rows; how many rows it changed, 0 on
 * error. */
int journal_change_rows(struct journal *journal, const char *text,
    struct journal_values values);
/* The same where nobody needs to know: that need not have happened before the
 * next statement whose rows or changes somebody does. */
void journal_do(struct journal *journal, const char *text,
    struct journal_values values);
/*
 * What a column of the row holds, as it is: all but column.c takes what is
 * stored by column.h, which checks it.
 */
enum journal_type {
	JOURNAL_TYPE_NULL,
	JOURNAL_TYPE_INT,
	JOURNAL_TYPE_FRACTION,
	JOURNAL_TYPE_TEXT,
	JOURNAL_TYPE_BYTES,
};

/* Asked for before the value is: that may turn it into another type. */
enum journal_type journal_column_type(struct journal_statement *statement,
    int column);
int64_t journal_column_int(struct journal_statement *statement, int column);
/* Both live until the statement goes on.  A text has a NUL at its end; one
 * without data, and false, tell that there is no memory. */
struct bytes journal_column_text(struct journal_statement *statement,
    int column);
bool journal_column_bytes(struct journal *journal,
    struct journal_statement *statement, int column, struct bytes *bytes);
/* NULL where there is no memory. */
const char *journal_column_name(struct journal_statement *statement,
    int column);

/* What a failure is to callers. */
enum rc journal_meaning(enum journal_failure failure);
/* Ends all statements, so that the transaction can be. */
void journal_statements_end(struct journal *journal);
/* And forgets them. */
void journal_statements_free(struct journal *journal);

#endif
