/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_QUEUE_HOOKS_H
#define PELIHOOK_QUEUE_HOOKS_H

#include <stdbool.h>

#include "base/pool.h"
#include "base/rc.h"
#include "journal/journal.h"

struct conf;
struct hook;
struct lane;

/* The hooks of a configuration as the journal is asked for them; they and its
 * texts are borrowed. */
struct queue_hooks {
	/* The lanes of those that are ready, once their rules are noted. */
	struct journal_limits limits;
	struct journal_limit *list;  /* of limits */
	struct journal_limit *idle;  /* of queue_hooks_idle */
	size_t lanes;		     /* of limits, that run something */
	struct journal_rules *rules; /* of limits */
	const struct hook **of;	     /* each of these, as the next two */
	bool *warned;		     /* that its rules are older */
	bool *refused;		     /* it is another file's: logged */
	int64_t settle_at;	     /* clock_steady */
	const char *file;	     /* of all that are not refused */
	/* Of hooks that are not ready: nobody noted for how long. */
	struct journal_keep *keeps;
	size_t keeps_n;
	struct pool pool; /* holds them */
};

/* From zeroes; there are no limits yet.  RC_MEMORY, conf_digest's,
 * queue_source_file's; freed by the caller in any case. */
enum rc queue_hooks_make(const struct conf *conf, struct queue_hooks *hooks);
/*
 * Notes the rules of the hooks, and looks whose those are that are noted as
 * another file's: from time to time, as it reads that file.  Those that stay
 * that one's are logged once.  Then the limits are those of the lanes that may
 * be claimed from.  As journal_note_rules.
 */
enum rc queue_hooks_note(struct queue_hooks *hooks, struct journal *journal);
/* Whether rules are older than others', or other hooks than those of a runner
 * that lives: with a journal that machines share that may change by itself. */
bool queue_hooks_are_unsettled(const struct queue_hooks *hooks);
/* Of a process that does not run the queue: tells those with which it shares the
 * journal which hooks it has.  queue_hooks_make's, journal_tell_hooks's. */
enum rc queue_hooks_tell(const struct conf *conf, struct journal *journal);
/*
 * Warns of the hooks of which the journal has seen newer rules, once until
 * it has not.
 */
void queue_hooks_report_older(struct queue_hooks *hooks,
    const struct conf *conf);
/* The limits without the lanes that are busy; until the next call. */
struct journal_limits queue_hooks_idle(struct queue_hooks *hooks,
    bool (*is_busy)(const void *context, int64_t lane), const void *context);
/* Whose a claim is; lane is NULL where no line takes it any more. */
const struct hook *queue_hooks_find(const struct queue_hooks *hooks,
    const struct journal_claim *claim, const struct lane **lane);
void queue_hooks_free(struct queue_hooks *hooks);

#endif
