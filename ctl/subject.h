/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CTL_SUBJECT_H
#define PELIHOOK_CTL_SUBJECT_H

#include <stdbool.h>

#include "base/rc.h"

struct conf;
struct event_subject;
struct journal_event;
struct json;

/* Which pipeline and run an event speaks of, as people and programs read it. */

/* Lines for people: what was found, and where.  wanted: it is one of a
 * pipeline, of which it is told, too, that nothing was found. */
void subject_print(const struct event_subject *subject, bool wanted);
/*
 * What is stored of an event, with where that is found in its body by the
 * configuration as it is now, or, where that does not have the hook, by what is
 * known of the sender.  RC_MEMORY.
 */
enum rc subject_of(const struct conf *conf, const struct journal_event *stored,
    struct event_subject *subject);
/* Members of an object: pipeline, with id_at and name_at, run and run_at. */
void subject_write(struct json *json, const struct event_subject *subject);

#endif
