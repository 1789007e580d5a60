/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_EVENT_SENTENCE_H
#define PELIHOOK_EVENT_SENTENCE_H

#include "base/buf.h"

struct event;

/*
 * Appends one sentence for a person: what happened, to which pipeline, why.  It
 * holds no control characters, and names in it are cut where they are long.
 * pipeline: as it is shown; "" where it, or the run, is not known.  One of
 * pelihook's own events has its sentence in its payload, and has to be parsed.
 * RC_MEMORY.
 */
enum rc event_sentence(const struct event *event, const char *pipeline,
    const char *run, struct buf *into);

/* Appends a name for a sentence: cut where it is long, and what would break or
 * reorder the line replaced. */
enum rc event_sentence_name(struct bytes name, struct buf *into);

#endif
