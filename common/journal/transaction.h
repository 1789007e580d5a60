/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_TRANSACTION_H
#define PELIHOOK_JOURNAL_TRANSACTION_H

#include "base/bytes.h"
#include "base/rc.h"

struct journal;
struct journal_waiter;

/*
 * apply runs inside a transaction that may hold the changes of other threads
 * too: those that wait share one commit.  What other headers say is for
 * "inside a change" is called by such an apply, and by no other; what is for
 * "inside apply", by one of journal_read as well.  apply may return an error
 * only before its first write.  Errors of the store need no handling
 * (statement.h): they roll the whole transaction back.
 */
enum rc journal_write(struct journal *journal,
    enum rc (*apply)(struct journal *journal, void *arguments),
    void *arguments);
/*
 * The same for a chore, which no delivery depends on: it shares a transaction
 * with chores only, and so cannot fail another change by what it stumbles over.
 */
enum rc journal_write_chore(struct journal *journal,
    enum rc (*apply)(struct journal *journal, void *arguments),
    void *arguments);
/* For a chore that need not survive the machine. */
enum rc journal_write_relaxed(struct journal *journal,
    enum rc (*apply)(struct journal *journal, void *arguments),
    void *arguments);
/*
 * journal_write for a change that no thread waits for.  The bytes of arguments
 * are copied, and apply gets the copy.
 */
void journal_write_later(struct journal *journal,
    enum rc (*apply)(struct journal *journal, void *arguments),
    struct bytes arguments, struct journal_waiter *waiter);
/* The same for a chore that need not survive the machine. */
void journal_write_later_relaxed(struct journal *journal,
    enum rc (*apply)(struct journal *journal, void *arguments),
    struct bytes arguments, struct journal_waiter *waiter);
/* For what only reads: one view of the journal. */
enum rc journal_read(struct journal *journal,
    enum rc (*apply)(struct journal *journal, void *arguments),
    void *arguments);

#endif
