/* SPDX-License-Identifier: ISC */
#include <poll.h>

#include "session.h"

#include "base/clock.h"
#include "base/pool.h"
#include "config/conf.h"
#include "journal/journal.h"
#include "print.h"
#include "report.h"

enum { PAUSE = 5 }; /* between the steps of a purge, milliseconds */

typedef enum rc operation(
    struct journal *journal, const char *prefix, int64_t now);

/* Each ID by itself; the first that went wrong decides. */
static enum rc
each_id(struct journal *journal, char **ids, size_t n, operation *operate)
{
	enum rc worst = RC_OK, rc;

	for (size_t i = 0; i < n; i++) {
		rc = RC_MISSING;
		if (journal != NULL)
			rc = operate(journal, ids[i], clock_wall());
		queue_complain(ids[i], rc);
		if (worst == RC_OK)
			worst = rc;
	}
	return worst;
}

static enum rc
retry_one(struct journal *journal, const char *id, int64_t now)
{
	enum rc rc = journal_retry(journal, id, now);

	if (rc == RC_PENDING)
		ctl_complain("%s: is queued or running already", id);
	return rc;
}

static enum rc
drop_one(struct journal *journal, const char *id, int64_t now)
{
	enum rc rc = journal_drop(journal, id, now);

	if (rc == RC_PENDING)
		ctl_complain("%s: is running, try again", id);
	return rc;
}

static enum rc
retry_dead(const struct ctl *ctl, struct journal *journal)
{
	int64_t count = 0;
	enum rc rc = RC_OK;

	if (journal != NULL)
		rc = journal_retry_dead(
		    journal, &ctl->filter, clock_wall(), &count);
	if (rc == RC_OK && count == 0)
		rc = queue_nothing(ctl);
	if (rc == RC_OK || count > 0)
		print_line("%lld dead %s back in the queue", (long long)count,
		    count == 1 ? "delivery is" : "deliveries are");
	return rc;
}

static enum rc
check_retry(const struct ctl *ctl, size_t n)
{
	bool filtered = ctl->filter.hook != NULL || ctl->filter.since != 0;

	if (ctl->dead ? n == 0 : n > 0 && !filtered)
		return RC_OK;
	ctl_complain("retry takes IDs, or --dead, which may have --hook and "
		     "--since");
	return RC_SYNTAX;
}

enum rc
word_retry(struct ctl *ctl, char **operands, size_t n)
{
	struct journal *journal = NULL;
	enum rc rc = check_retry(ctl, n);

	if (rc == RC_OK)
		rc = queue_open(ctl, JOURNAL_BRIEF, &journal);
	if (rc == RC_OK)
		rc = ctl->dead ? retry_dead(ctl, journal)
			       : each_id(journal, operands, n, retry_one);
	journal_close(journal);
	return rc;
}

enum rc
word_drop(struct ctl *ctl, char **operands, size_t n)
{
	struct journal *journal = NULL;
	enum rc rc = queue_open(ctl, JOURNAL_BRIEF, &journal);

	if (rc == RC_OK)
		rc = each_id(journal, operands, n, drop_one);
	journal_close(journal);
	return rc;
}

/* Others get their turn between the steps. */
static enum rc
purge_all(struct journal *journal, struct journal_purge *purge)
{
	enum rc rc = RC_OK;

	do
		rc = journal_purge(journal, purge, clock_wall());
	while (rc == RC_OK && purge->from != 0 && poll(NULL, 0, PAUSE) == 0);
	return rc;
}

static enum rc
purge(const struct ctl *ctl, struct journal *journal)
{
	const struct conf *conf = ctl->conf;
	struct pool pool = {0};
	struct journal_keep *keeps =
	    pool_alloc(&pool, conf->hooks_len + 1, sizeof(*keeps));
	struct journal_purge state = {
	    .keeps = keeps, .n = conf->hooks_len, .time = conf->time};
	enum rc rc = RC_MEMORY;

	if (keeps != NULL) {
		for (size_t i = 0; i < conf->hooks_len; i++)
			keeps[i] = (struct journal_keep){
			    conf->hooks[i].name, conf->hooks[i].keep};
		rc = purge_all(journal, &state);
		print_line("%lld %s taken out", (long long)state.removed,
		    state.removed == 1 ? "event was" : "events were");
		if (rc == RC_OK && state.damaged > 0) {
			ctl_complain("%lld damaged %s left",
			    (long long)state.damaged,
			    state.damaged == 1 ? "event is" : "events are");
			rc = RC_CORRUPT;
		}
	}
	pool_free(&pool);
	return rc;
}

enum rc
word_purge(struct ctl *ctl, char **operands, size_t n)
{
	struct journal *journal = NULL;
	enum rc rc = queue_open(ctl, 0, &journal);

	(void)operands;
	(void)n;
	if (rc == RC_OK && journal != NULL)
		rc = purge(ctl, journal);
	journal_close(journal);
	return rc;
}
