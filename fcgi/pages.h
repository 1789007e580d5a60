/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_FCGI_PAGES_H
#define PELIHOOK_FCGI_PAGES_H

#include <stdint.h>

#include "base/rc.h"

struct exchange;
struct shared_journal;

/*
 * Who makes pages: a few threads of their own, started when they are needed, so
 * that no webhook waits for one.  Pages wait for them in a short line, first
 * come first served.  Safe for threads.
 */
struct pages;

enum {
	PAGES_THREADS = 2,
	PAGES_WAITING = 16, /* most that wait; one more is refused at once */
};

/* journal: borrowed.  RC_MEMORY. */
enum rc pages_open(struct shared_journal *journal, struct pages **out);
/* One that was admitted and read: it is not the caller's any more. */
void pages_serve(struct pages *pages, struct exchange *exchange);
/* What takes long ends soon; all that waits is answered. */
void pages_stop(struct pages *pages);
/* Waits for all threads, once there is no request any more.  RC_TIMEOUT. */
enum rc pages_join(struct pages *pages, int64_t deadline);
/* Once they are joined.  NULL is fine. */
void pages_close(struct pages *pages);

#endif
