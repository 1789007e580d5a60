/* SPDX-License-Identifier: ISC */
#include <poll.h>
#include <stdbool.h>

#include "subcommands.h"

#include "base/clock.h"
#include "base/pool.h"
#include "config/conf.h"
#include "journal/journal.h"
#include "queue/source.h"
#include "complain.h"
#include "print.h"
#include "session.h"

enum {
	PAUSE = 5,	  /* between the steps of a purge, milliseconds */
	PATIENCE = 30000, /* with what else writes to the journal, ms */
	PATIENCE_READERS = 5000, /* with what reads it */
	LOOK = 50,
};

/* Others get their turn between the steps. */
static enum rc
purge_all(struct journal *journal, struct journal_purge *purge)
{
	enum rc rc = RC_OK;

	do
		rc = journal_purge_step(journal, purge, journal_now(journal));
	while (rc == RC_OK && purge->more && poll(NULL, 0, PAUSE) == 0);
	return rc;
}

/* Room is given back once the log is in the file, which readers hold up.
 * What is asked for again and again says RC_LOCKED meanwhile. */
static bool
is_held_up(enum rc rc, int64_t deadline)
{
	return rc == RC_LOCKED && clock_left(deadline) > 0 &&
	    poll(NULL, 0, LOOK) == 0;
}

static enum rc
shrink(struct journal *journal, bool *more)
{
	int64_t deadline = clock_steady() + PATIENCE_READERS;
	enum rc rc;

	do
		rc = journal_shrink(journal, true, more);
	while (is_held_up(rc, deadline));
	return rc;
}

static enum rc
trim(struct journal *journal)
{
	int64_t deadline = clock_steady() + PATIENCE_READERS;
	enum rc rc;

	do
		rc = journal_trim(journal, 0);
	while (is_held_up(rc, deadline));
	return rc;
}

static enum rc
give_back(struct journal *journal)
{
	bool more = true;
	enum rc rc = RC_OK;

	while (rc == RC_OK && more) {
		rc = shrink(journal, &more);
		poll(NULL, 0, PAUSE);
	}
	if (rc == RC_OK)
		rc = trim(journal);
	if (rc == RC_LOCKED)
		complain("others use the journal all the while: try again "
			 "when they have ended");
	return rc;
}

static enum rc
compact_all(struct journal *journal)
{
	enum rc rc = journal_rebuild(journal);

	if (rc == RC_OK)
		return give_back(journal);
	/* A copy that did not fit is in the log, as far as it came. */
	(void)journal_trim(journal, 0);
	return rc;
}

static enum rc
compact(struct journal *journal)
{
	int64_t before = 0;
	int64_t after = 0;
	enum rc rc = journal_size(journal, &before);

	if (rc == RC_OK)
		rc = compact_all(journal);
	if (rc != RC_OK)
		return rc;
	rc = journal_size(journal, &after);
	if (rc == RC_OK)
		print_line("%lld bytes were given back, %lld are in use",
		    (long long)(before > after ? before - after : 0),
		    (long long)after);
	return rc;
}

static enum rc
purge(const struct session *session, struct journal *journal)
{
	const struct conf *conf = session->conf;
	char file[JOURNAL_FILE_SIZE];
	struct pool pool = { 0 };
	struct journal_keep *keeps = pool_alloc(&pool, conf->hooks_len + 1,
	    sizeof(*keeps));
	struct journal_purge state = {
		.keeps = keeps,
		.n = conf->hooks_len,
		.time = conf->time,
		.file = file,
	};
	enum rc rc = keeps == NULL ? RC_MEMORY :
				     queue_source_file(conf->file, file);

	if (rc == RC_OK) {
		for (size_t i = 0; i < conf->hooks_len; i++)
			keeps[i] = (struct journal_keep){ conf->hooks[i].name,
				conf->hooks[i].keep, conf->hooks[i].keep_dead };
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
	enum rc rc = session_open_runs(session, 0, &journal);

	(void)operands;
	(void)n;
	if (rc == RC_OK && journal != NULL && session->compact)
		journal_set_busy_timeout(journal, PATIENCE);
	if (rc == RC_OK && journal != NULL)
		rc = session_check_sources(session, journal);
	if (rc == RC_OK && journal != NULL)
		rc = purge(session, journal);
	if (rc == RC_OK && session->compact &&
	    conf_journal_is_shared(session->conf))
		print_note("",
		    "the journal is in a database, which gives room back by "
		    "itself: there is nothing to compact");
	else if (rc == RC_OK && journal != NULL && session->compact)
		rc = compact(journal);
	journal_close(journal);
	return rc;
}
