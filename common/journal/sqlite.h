/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_SQLITE_H
#define PELIHOOK_JOURNAL_SQLITE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rc.h"

/*
 * What the files that know SQLite share: sqlite_run (texts and errors),
 * sqlite_schema, sqlite_space, sqlite_open, and sqlite (statements and
 * transactions, and the engine that all of it is).  Errors are SQLite's own,
 * with their extended part; all of it is called with the connection held.
 */
struct journal;

/* Keeps an error as the journal's failure, unless there was one before;
 * SQLITE_OK has no effect. */
void sqlite_keep_error(struct journal *journal, int error);
/* What an error is to callers. */
enum rc sqlite_meaning(int error);
/* Logs the failure that is kept, unless that was done or it needs no words. */
void sqlite_log_error(const struct journal *journal);
/* Runs texts that are not kept. */
int sqlite_run(struct journal *journal, const char *text);
/* The number that such a text has as its only row. */
int sqlite_pragma(struct journal *journal, const char *text, int64_t *out);
/* Whether a transaction is open. */
bool sqlite_is_open(struct journal *journal);

/* sqlite_open.c and sqlite_space.c: operations of struct journal_engine. */
enum rc sqlite_open(struct journal *journal, const char *path);
enum rc sqlite_inspect(struct journal *journal);
void sqlite_close(struct journal *journal);
void sqlite_heed_deadline(struct journal *journal);
enum rc sqlite_trim(struct journal *journal, int64_t size);
enum rc sqlite_shrink(struct journal *journal, bool whole, bool *more);
enum rc sqlite_rebuild(struct journal *journal);
enum rc sqlite_size(struct journal *journal, int64_t *size);
int64_t sqlite_log_size(const struct journal *journal);

#endif
