/* SPDX-License-Identifier: ISC */
#include <poll.h>

#include "subcommands.h"

#include "base/clock.h"
#include "base/pool.h"
#include "config/conf.h"
#include "journal/journal.h"
#include "complain.h"
#include "print.h"
#include "session.h"

enum { PAUSE = 5 }; /* between the steps of a purge, milliseconds */

/* Others get their turn between the steps. */
static enum rc
purge_all(struct journal *journal, struct journal_purge *purge)
{
	enum rc rc = RC_OK;

	do
		rc = journal_purge_step(journal, purge, clock_wall());
	while (rc == RC_OK && purge->from != 0 && poll(NULL, 0, PAUSE) == 0);
	return rc;
}

static enum rc
purge(const struct session *session, struct journal *journal)
{
	const struct conf *conf = session->conf;
	struct pool pool = { 0 };
	struct journal_keep *keeps = pool_alloc(&pool, conf->hooks_len + 1,
	    sizeof(*keeps));
	struct journal_purge state = {
		.keeps = keeps,
		.n = conf->hooks_len,
		.time = conf->time,
		.file = conf->file,
	};
	enum rc rc = RC_MEMORY;

	if (keeps != NULL) {
		for (size_t i = 0; i < conf->hooks_len; i++)
			keeps[i] = (struct journal_keep){ conf->hooks[i].name,
				conf->hooks[i].keep };
		rc = purge_all(journal, &state);
		print_line("%lld %s taken out", (long long)state.removed,
		    state.removed == 1 ? "event was" : "events were");
		if (rc == RC_OK && state.damaged > 0) {
			complain("%lld damaged %s left",
			    (long long)state.damaged,
			    state.damaged == 1 ? "event is" : "events are");
			rc = RC_CORRUPT;
		}
	}
	pool_free(&pool);
	return rc;
}

enum rc
subcommand_purge(struct session *session, char **operands, size_t n)
{
	struct journal *journal = NULL;
	enum rc rc = session_open_journal(session, 0, &journal);

	(void)operands;
	(void)n;
	if (rc == RC_OK && journal != NULL)
		rc = session_check_sources(session, journal);
	if (rc == RC_OK && journal != NULL)
		rc = purge(session, journal);
	journal_close(journal);
	return rc;
}
