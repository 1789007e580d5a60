/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "journal/turn.h"

#include "base/clock.h"
#include "base/interrupt.h"
#include "journal/files.h"
#include "journal/internal.h"
#include "journal/statement.h"

/*
 * Two bytes that are no runner's: whoever writes holds the last one, and
 * only the holder of the other waits for it.  The kernel hands a lock to the
 * first that waits, but lets somebody who comes just then go first; so one
 * that writes again and again cannot pass those that wait, as it has to get
 * the other byte before.
 */
#define NEXT (INT64_MAX - 1)
#define WRITER INT64_MAX

enum { PAUSE = 5 }; /* ms, between looks where no timer can be had */

static int
lock_looking(struct journal *journal, int64_t byte, int64_t deadline)
{
	int result;

	do {
		poll(NULL, 0, PAUSE);
		result = journal_files_lock(journal, byte, F_WRLCK,
		    F_OFD_SETLK);
	} while (result == -1 && errno == EAGAIN && clock_left(deadline) > 0);
	return result;
}

static int
lock_waiting(struct journal *journal, int64_t byte, int64_t deadline)
{
	struct interrupt interrupt;
	int result;

	if (!interrupt_begin(&interrupt, clock_left(deadline)))
		return lock_looking(journal, byte, deadline);
	do
		result = journal_files_lock(journal, byte, F_WRLCK,
		    F_OFD_SETLKW);
	while (result == -1 && errno == EINTR && clock_left(deadline) > 0);
	interrupt_end(&interrupt);
	return result;
}

/* False: the time is over.  Where no lock can be had at all the store's own
 * one has to do. */
static bool
lock_until(struct journal *journal, int64_t byte, int64_t deadline)
{
	int result = journal_files_lock(journal, byte, F_WRLCK, F_OFD_SETLK);

	if (result == -1 && (errno == EAGAIN || errno == EACCES))
		result = lock_waiting(journal, byte, deadline);
	return result == 0 || (errno != EAGAIN && errno != EINTR);
}

static void
unlock(struct journal *journal, int64_t byte)
{
	journal_files_lock(journal, byte, F_UNLCK, F_OFD_SETLK);
}

void
journal_turn_take(struct journal *journal)
{
	int64_t deadline = clock_steady() + journal->turn_timeout;
	bool came;

	if (journal_failed(journal))
		return;
	came = lock_until(journal, NEXT, deadline) &&
	    lock_until(journal, WRITER, deadline);
	unlock(journal, NEXT);
	if (!came)
		journal_fail(journal, JOURNAL_FAILED_TURN);
}

void
journal_turn_leave(struct journal *journal)
{
	unlock(journal, WRITER);
}
