/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_QUEUE_WANTS_H
#define PELIHOOK_QUEUE_WANTS_H

#include <stdbool.h>

#include "base/pool.h"
#include "base/rc.h"
#include "journal/journal.h"

struct conf;

/* What a configuration asks of the journal; its texts are borrowed. */
struct wants {
	struct journal_wants hooks;  /* those that are ready */
	struct journal_rules *rules; /* of each of these */
	bool *told;		     /* that its rules are older */
	/* Of hooks that are not ready: nobody noted for how long. */
	struct journal_keep *keeps;
	size_t keeps_n;
	struct pool pool; /* holds them */
};

/* From zeroes.  RC_MEMORY, conf_digest's; freed by the caller in any case. */
enum rc wants_make(const struct conf *conf, struct wants *wants);
/*
 * Warns of the hooks of which the journal has seen newer rules, once until
 * it has not.
 */
void wants_report_older(struct wants *wants, const struct conf *conf);
void wants_free(struct wants *wants);

#endif
