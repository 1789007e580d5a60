/* SPDX-License-Identifier: ISC */
#include <poll.h>
#include <pthread.h>

#include "page/reading.h"

#include "base/clock.h"
#include "journal/journal.h"

enum { LOOK = 5 }; /* milliseconds, between looks at the log */

/* Who reads has it for reading, and who pauses for writing. */
static pthread_rwlock_t reading = PTHREAD_RWLOCK_INITIALIZER;

/* Once those that read have ended; another one may have paused for it by
 * then. */
static void
pause_all(const struct journal *journal, int64_t size)
{
	int64_t until = clock_steady() + READING_PAUSE;

	while (pthread_rwlock_trywrlock(&reading) != 0) {
		if (clock_left(until) == 0)
			return;
		poll(NULL, 0, LOOK);
	}
	while (journal_log_size(journal) >= size && clock_left(until) > 0)
		poll(NULL, 0, LOOK);
	pthread_rwlock_unlock(&reading);
}

bool
reading_begin(const struct journal *journal, int64_t *log)
{
	int64_t size = journal_log_size(journal);
	bool pauses = size > READING_LOG && size > *log;

	if (pauses)
		pause_all(journal, size);
	*log = size;
	pthread_rwlock_rdlock(&reading);
	return pauses;
}

void
reading_end(void)
{
	pthread_rwlock_unlock(&reading);
}
