/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <unistd.h>

#include "ctl.h"

#include "conf.h"
#include "drain.h"
#include "log.h"
#include "process.h"
#include "queue.h"

enum { COMPLAINTS = 64 * 1024 };

static struct conf *
hold_conf(void *context)
{
	return conf_hold(context);
}

/* For who waits for it; a timer need not know. */
static void
tell_whether_alone(struct journal *journal)
{
	if (!isatty(STDERR_FILENO))
		return;
	if (journal_drain_lock(journal) == RC_PENDING)
		ctl_complain("another drain is at work: it does this one's");
	else
		journal_drain_unlock(journal);
}

/* Hooks that are not ready stay queued, and others need not wait for them;
 * but it did not go well. */
static enum rc
make_ready(struct conf *conf)
{
	struct buf complaints = {.max = COMPLAINTS};
	enum rc rc = conf_ready_all(conf, &complaints);

	process_log_lines(LOG_LEVEL_ERROR, buf_view(&complaints));
	buf_free(&complaints);
	return rc;
}

static enum rc
run_queue(const struct ctl *ctl, struct journal *journal)
{
	struct drain_settings settings = {.journal = journal,
	    .conf = hold_conf,
	    .context = ctl->conf,
	    .stop = -1,
	    .until_empty = true};
	enum rc ready = make_ready(ctl->conf);
	enum rc rc = ready == RC_CONFIG ? RC_OK : ready;

	if (rc == RC_OK)
		rc = ctl_signals(&settings.stop);
	if (rc != RC_OK)
		return rc;
	tell_whether_alone(journal);
	rc = drain_alone(&settings);
	close(settings.stop);
	return rc == RC_OK ? ready : rc;
}

/* A drain that pelihook.cgi started has nobody at its standard error: what
 * happens to it goes where the configuration says. */
static enum rc
open_queue(struct ctl *ctl, struct journal **journal)
{
	enum rc rc = log_open("pelihookctl", &ctl->conf->log);

	if (rc != RC_OK) {
		ctl_complain("cannot open the log %s", ctl->conf->log.path);
		return RC_CONFIG;
	}
	rc = queue_open_journal(ctl, 0, journal);
	if (rc != RC_OK && ctl->conf->journal != NULL &&
	    ctl->conf->log.target != LOG_TO_STDERR)
		ctl_complain("the journal %s cannot be used: see the log",
		    ctl->conf->journal);
	return rc;
}

enum rc
word_drain(struct ctl *ctl, char **operands, size_t n)
{
	struct journal *journal = NULL;
	enum rc rc;

	(void)operands;
	(void)n;
	process_start();
	rc = ctl_open(ctl);
	if (rc == RC_OK)
		rc = ctl_no_root();
	if (rc == RC_OK)
		rc = open_queue(ctl, &journal);
	if (rc == RC_OK && journal != NULL)
		rc = run_queue(ctl, journal);
	journal_close(journal);
	log_close();
	return rc;
}
