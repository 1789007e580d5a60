/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_COLUMN_H
#define PELIHOOK_JOURNAL_COLUMN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/pool.h"
#include "journal/journal.h"
#include "journal/statement.h"

/*
 * Reading rows.  What is stored is input: nothing takes a column but by
 * these, which hold it to what a journal writes there.  What does not fit is
 * damage: the first such column of a row is logged, the reader is marked,
 * and what comes back is harmless (the least number, an empty text, no
 * bytes).  Then the call ends with RC_CORRUPT and changes nothing; a lenient
 * reader leaves that to its caller, who passes over the row, and
 * journal_read answers RC_CORRUPT in place of RC_OK.
 */
struct journal_reader {
	struct journal *journal;
	struct journal_statement *row;
	const char *table; /* for the log, as the next */
	int64_t number;	   /* the row's seq; 0: it has none */
	bool lenient;
	bool quiet; /* whoever reads it next says what is wrong */
	bool damaged;
};

enum {
	JOURNAL_TAIL = 1024 * 1024, /* most bytes of output with a try */
};

/* The last time of the year 9999, so that sums of two never overflow. */
#define JOURNAL_TIME_MAX INT64_C(253402300799999)

/* What a number may be. */
enum journal_kind {
	JOURNAL_IS_ANY,	   /* any number, but a number */
	JOURNAL_IS_ROW,	   /* 1 and up: a seq, a claim */
	JOURNAL_IS_RUNNER, /* 0: none */
	JOURNAL_IS_COUNT,
	JOURNAL_IS_SMALL, /* attempts, ordinals, steps, turns */
	JOURNAL_IS_LINE,  /* -1: none */
	JOURNAL_IS_STATE,
	JOURNAL_IS_FLAG,
	JOURNAL_IS_ALARM,
	JOURNAL_IS_CODE, /* of an outcome */
	JOURNAL_IS_TIME,
	JOURNAL_IS_EXPIRY, /* may be never */
	JOURNAL_IS_PID,
	JOURNAL_IS_START,
};

/* For a row of many: one that is damaged is passed over. */
struct journal_reader journal_lenient_reader(struct journal *journal,
    struct journal_statement *row, const char *table);
int64_t journal_int(struct journal_reader *reader, int column,
    enum journal_kind kind);

/* What a text may be; the longest of each fits what receipt, hook and event
 * have for it. */
enum journal_form {
	JOURNAL_TEXT_ID, /* a UUID */
	JOURNAL_TEXT_HOOK,
	JOURNAL_TEXT_EVENT,
	JOURNAL_TEXT_DIGEST,
	JOURNAL_TEXT_OUTCOME,
	JOURNAL_TEXT_REMOTE,
	JOURNAL_TEXT_NOTE,     /* of a runner or a rule, or empty */
	JOURNAL_TEXT_FILE,     /* a path */
	JOURNAL_TEXT_LANE,     /* its key, or empty */
	JOURNAL_TEXT_IDENTITY, /* of a pipeline or a run, or empty */
	JOURNAL_TEXT_WHO,      /* did something */
	JOURNAL_TEXT_TARGET,   /* of that */
};

/* It lives until the statement goes on. */
const char *journal_text(struct journal_reader *reader, int column,
    enum journal_form form);
/* For what the rest of the row does not need: one that is damaged is empty, and
 * the row is not damaged by it. */
const char *journal_text_aside(const struct journal_reader *reader, int column,
    enum journal_form form);
/* Into what has room for the longest of its form. */
void journal_text_into(struct journal_reader *reader, int column,
    enum journal_form form, char *into);
/* From the pool. */
const char *journal_text_copy(struct journal_reader *reader, int column,
    enum journal_form form, struct pool *pool);
/* A body, which has bytes; a tail, which may have none or be null. */
struct bytes journal_body_copy(struct journal_reader *reader, int column,
    struct pool *pool);
struct bytes journal_tail_copy(struct journal_reader *reader, int column,
    struct pool *pool);
/* False where there is none. */
bool journal_key_into(struct journal_reader *reader, int column,
    uint8_t key[JOURNAL_KEY]);
/* Damage that only the caller can see: what the column holds. */
void journal_damage(struct journal_reader *reader, int column, const char *why);

/* The first column of a statement's only row, a number; otherwise where
 * there is none or null. */
int64_t journal_number(struct journal *journal, int64_t otherwise,
    const char *text, struct journal_values values);

#endif
