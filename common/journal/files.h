/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_FILES_H
#define PELIHOOK_JOURNAL_FILES_H

#include "journal/journal.h"
#include "journal/statement.h"

/* Finds and trusts the files, and makes the first one where flags say so.
 * As journal_open. */
enum rc journal_files_find(struct journal *journal, const char *path);
/* Opens the locks, unless they are.  RC_STORE, logged; RC_RANGE: who only looks
 * makes none. */
enum rc journal_files_open_locks(struct journal *journal);
/* Opens the locks, and notes which files are open.  RC_CONFIG, logged. */
enum rc journal_files_note(struct journal *journal);
/* fcntl(2) on one byte of the locks: how is F_OFD_SETLK or F_OFD_SETLKW. */
int journal_files_lock(const struct journal *journal, int64_t byte, short type,
    int how);
/* Makes the names of the files survive the machine.  RC_STORE. */
enum rc journal_files_sync_names(const struct journal *journal);
/*
 * Whether the files are still those that were noted: else a failure, and
 * where one was removed or replaced the journal is gone for good, which is
 * logged once.  With the connection held.
 */
enum journal_failure journal_files_look(struct journal *journal);
/* Its device, inode and size.  RC_SYSTEM. */
struct journal_file;
struct statx;
enum rc journal_file_look(const struct journal_file *file, struct statx *about);
/* It is gone for good, as what became of a file tells. */
void journal_files_lost(struct journal *journal, const char *path,
    const char *what);
/* As journal_is_same and journal_is_named. */
bool journal_files_are_same(const struct journal *journal,
    const struct journal *other);
bool journal_files_are_named(const struct journal *journal, const char *path);
void journal_files_free(struct journal *journal);

#endif
