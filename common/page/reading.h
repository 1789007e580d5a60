/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_PAGE_READING_H
#define PELIHOOK_PAGE_READING_H

#include <stdbool.h>
#include <stdint.h>

struct journal;

/*
 * Views of a process read side by side.  Where one always reads while another
 * one begins, the write-ahead log never begins anew and grows as long as events
 * come.  So once it is large and still grows, they all pause until it has begun
 * anew, or for a moment where it does not, as somebody else reads.  No commit
 * waits for that.
 */

enum {
	READING_LOG = 16 * 1024 * 1024, /* so large the log may be, bytes */
	READING_PAUSE = 400,		/* milliseconds, at most */
};

/* log: of its size before the view that came before by the same journal; 0 at
 * first.  Whether it paused. */
bool reading_begin(const struct journal *journal, int64_t *log);
void reading_end(void);

#endif
