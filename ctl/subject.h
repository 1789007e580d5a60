/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CTL_SUBJECT_H
#define PELIHOOK_CTL_SUBJECT_H

#include <stdbool.h>

struct event_subject;

/* Which pipeline and run an event speaks of, as people read it: lines of what
 * was found, and where.  wanted: it is one of a pipeline, of which it is told,
 * too, that nothing was found. */
void subject_print(const struct event_subject *subject, bool wanted);

#endif
