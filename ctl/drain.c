/* SPDX-License-Identifier: ISC */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "subcommands.h"

#include "base/buf.h"
#include "base/descriptors.h"
#include "base/log.h"
#include "base/startup.h"
#include "command/discard.h"
#include "command/host.h"
#include "config/conf.h"
#include "config/files.h"
#include "config/keywords.h"
#include "config/load.h"
#include "journal/journal.h"
#include "queue/dispatch.h"
#include "queue/source.h"
#include "complain.h"
#include "print.h"
#include "session.h"

enum {
	COMPLAINTS = 64 * 1024,
	LOADS = 10,	  /* of a file that somebody may be writing just now */
	PAUSE = 50,	  /* between two of them, milliseconds */
	DESCRIPTORS = 18, /* besides those of commands and what they leave */
};

static const char program[] = "pelihookctl";

/* What says which configuration is in force: its file. */
struct source {
	struct conf *conf;
	enum rc ready; /* RC_CONFIG: some of its hooks are not */
	enum rc rc;    /* why none is in force any more, or RC_OK */
};

static void
log_errors(struct buf *complaints)
{
	log_lines(LOG_LEVEL_ERROR, buf_view(complaints));
	buf_free(complaints);
}

/* Hooks that are not ready stay queued, and others need not wait for them;
 * but it did not go well. */
static enum rc
make_ready(struct source *source)
{
	struct buf complaints = { .max = COMPLAINTS };

	source->ready = conf_load_all_files(source->conf, &complaints);
	log_errors(&complaints);
	return source->ready == RC_CONFIG ? RC_OK : source->ready;
}

static enum rc
check_journal(const struct conf *old, const struct conf *conf,
    struct buf *error)
{
	if (conf->journal == NULL)
		(void)buf_printf(error, "%s: names no journal any more",
		    conf->file);
	else if (strcmp(old->journal, conf->journal) != 0)
		(void)buf_printf(error, "%s:%u: names another journal, %s",
		    conf->file, conf_line(conf, KEYWORD_JOURNAL),
		    conf->journal);
	else
		return RC_OK;
	(void)buf_printf(error,
	    ": what is left in %s waits until it is named "
	    "again\n",
	    old->journal);
	return RC_CONFIG;
}

/* Another configuration of the same journal. */
static enum rc
load(const struct conf *old, struct conf **out, struct buf *complaints)
{
	struct conf *conf;
	enum rc rc = conf_load(old->file, &conf, complaints);

	if (rc != RC_OK)
		return rc;
	rc = check_journal(old, conf, complaints);
	if (rc != RC_OK)
		conf_release(conf);
	else
		*out = conf;
	return rc;
}

/* The file has changed.  What it says counts, whatever that is; but for a
 * moment it may be half of what somebody is writing. */
static enum rc
renew(struct source *source)
{
	struct buf complaints = { .max = COMPLAINTS };
	struct conf *old = source->conf;
	enum rc rc = load(old, &source->conf, &complaints);

	for (int i = 1; rc == RC_CONFIG && i < LOADS; i++) {
		poll(NULL, 0, PAUSE);
		complaints.len = 0;
		rc = load(old, &source->conf, &complaints);
	}
	if (rc != RC_OK) {
		log_errors(&complaints);
		log_say(LOG_LEVEL_ERROR,
		    "%s was changed, and nothing can be "
		    "run by it: what runs is finished, nothing more is begun",
		    old->file);
		return rc;
	}
	buf_free(&complaints);
	conf_release(old);
	log_open_anyway(program, &source->conf->log);
	log_say(LOG_LEVEL_INFO, "reloaded %s", source->conf->file);
	return make_ready(source);
}

static struct conf *
hold_conf(void *context)
{
	struct source *source = context;

	if (source->rc == RC_OK && conf_is_stale(source->conf))
		source->rc = renew(source);
	return source->rc == RC_OK ? conf_hold(source->conf) : NULL;
}

/* For a person who waits for it; a timer need not know. */
static void
report_other_drain(struct journal *journal)
{
	if (!isatty(STDERR_FILENO))
		return;
	if (journal_drain_lock(journal) == RC_PENDING)
		complain("another drain is at work: it does this one's");
	else
		journal_drain_unlock(journal);
}

/* Hooks that are another configuration's stay queued, as those that are not
 * ready. */
static enum rc
check_sources(struct source *source, struct journal *journal)
{
	struct buf errors = { .max = COMPLAINTS };
	enum rc rc = queue_source_check(journal, source->conf, &errors);

	if (source->conf->log.target != LOG_TO_STDERR)
		print_lines(stderr, "", buf_view(&errors));
	log_errors(&errors);
	if (rc != RC_CONFIG)
		return rc;
	source->ready = rc;
	return RC_OK;
}

/* How many commands the limit of open files leaves room for. */
static enum rc
check_limit(size_t *most)
{
	size_t limit = descriptors_limit();

	*most = descriptors_commands(DESCRIPTORS + discard_descriptors(limit));
	if (*most > 0)
		return RC_OK;
	log_say(LOG_LEVEL_ERROR,
	    "the limit of open files is %zu, which is not enough for one "
	    "command: raise it (ulimit -n, LimitNOFILE=)",
	    limit);
	return RC_CONFIG;
}

static enum rc
run_queue(struct source *source, struct journal *journal, struct host *host,
    size_t most)
{
	struct dispatch settings = {
		.journal = journal,
		.conf = hold_conf,
		.context = source,
		.stop = -1,
		.until_empty = true,
		.host = host,
		.most = most,
	};
	enum rc rc = make_ready(source);

	if (rc == RC_OK)
		rc = check_sources(source, journal);
	if (rc == RC_OK)
		rc = session_signals(&settings.stop);
	if (rc != RC_OK)
		return rc;
	report_other_drain(journal);
	rc = dispatch_alone(&settings);
	close(settings.stop);
	if (source->rc != RC_OK)
		return source->rc;
	return rc == RC_OK ? source->ready : rc;
}

/* Events that nothing is kept of make no journal, and yet a hook that had some
 * may have fallen silent. */
static bool
may_be_silent(const struct conf *conf)
{
	for (size_t i = 0; i < conf->hooks_len; i++)
		if (conf->hooks[i].watch.on && conf->hooks[i].watch.silent != 0)
			return true;
	return false;
}

/* A drain that pelihook.cgi started has nobody at its standard error: what
 * happens to it goes where the configuration says. */
static enum rc
open_queue(struct session *session, struct journal **journal)
{
	unsigned flags = session->served ? JOURNAL_SERVED : 0;
	enum rc rc;

	log_open_anyway(program, &session->conf->log);
	if (may_be_silent(session->conf))
		flags |= JOURNAL_CREATE;
	rc = session_journal(session, flags, journal);
	if (rc != RC_OK && session->conf->journal != NULL &&
	    session->conf->log.target != LOG_TO_STDERR)
		complain("the journal %s cannot be used: see the log",
		    session->conf->journal);
	return rc;
}

enum rc
subcommand_drain(struct session *session, char **operands, size_t n)
{
	struct source source = { .rc = RC_OK };
	struct journal *journal = NULL;
	struct host *host = NULL;
	size_t most = 0;
	enum rc rc;

	(void)operands;
	(void)n;
	startup();
	rc = session_open(session);
	if (rc == RC_OK)
		rc = session_refuse_root();
	if (rc == RC_OK)
		rc = open_queue(session, &journal);
	if (rc == RC_OK && journal != NULL)
		rc = check_limit(&most);
	if (rc == RC_OK && journal != NULL)
		rc = session_open_host(&host);
	if (rc == RC_OK && journal != NULL) {
		source.conf = conf_hold(session->conf);
		rc = run_queue(&source, journal, host, most);
		conf_release(source.conf);
	}
	journal_close(journal);
	session_close_host(session, host);
	log_close();
	return rc;
}
