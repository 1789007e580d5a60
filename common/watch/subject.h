/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_WATCH_SUBJECT_H
#define PELIHOOK_WATCH_SUBJECT_H

#include "journal/journal.h"

struct event;
struct event_subject;
struct hook;

/* What an event does to the runs of the pipeline that it speaks of; borrows
 * the texts. */
struct journal_subject watch_subject(const struct hook *hook,
    const struct event *event, const struct event_subject *found);

#endif
