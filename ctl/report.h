/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CTL_REPORT_H
#define PELIHOOK_CTL_REPORT_H

#include <stdbool.h>

#include "base/rc.h"
#include "base/uuid.h"

struct journal;
struct pipeline_list;
struct session;

/* To a person as much as can be looked at, unless it is said how much. */
enum { REPORT_ON_A_TERMINAL = 50 };

/* Whether a list is to end there. */
bool report_is_shortened(const struct session *session);
/* Whether all that is asked for is of one hook, as far as the configuration
 * goes. */
bool report_is_of_one_hook(const struct session *session);

/* The pipelines that the session's filter lets through, as
 * pipeline_list_gather. */
enum rc report_pipelines(const struct session *session, struct journal *journal,
    struct pipeline_list *list);

/* What subcommands say on standard error about the journal. */

/* Which hooks have events left in the queue and are not in the
 * configuration any more. */
enum rc report_gone_hooks(const struct session *session,
    struct journal *journal);
/* Which hooks have more dead deliveries than they may have waiting events,
 * and nothing that ends them. */
enum rc report_dead(const struct session *session, struct journal *journal);
/*
 * What comes of having found nothing: RC_OK, which a terminal is told where
 * nothing else says so, or RC_NO_HOOK, complained of, where the hook that was
 * asked for does not exist.
 */
enum rc report_nothing_found(const struct session *session);
/* That it holds damaged rows, which were left out: RC_CORRUPT. */
enum rc report_damage(const struct session *session);
/*
 * The ID of the event that is meant by it or by its beginning or end.
 * RC_MISSING, RC_RANGE and others, complained of.
 */
enum rc report_match(struct journal *journal, const char *text,
    char id[UUID_SIZE]);
/* What it says about an ID; returns rc. */
enum rc report_id(const char *id, enum rc rc);

#endif
