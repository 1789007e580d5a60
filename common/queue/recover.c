/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "queue/recover.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/procfs.h"
#include "config/conf.h"
#include "journal/journal.h"

enum {
	TIMEOUT = 3600 * 1000,
	/* How long somebody waits for what SIGKILL did not end. */
	LATEST = 2000,
	/* How often nothing has to be found of what was never noted. */
	LOOKS_UNKNOWN = 2,
};

/* One claim, from look to look. */
struct recovery_case {
	struct recovery_case *next;
	int64_t claim;
	int64_t runner;
	struct procfs_command command;
	int64_t limit;	 /* clock_boot; what is hidden is over then */
	int64_t kill_at; /* clock_steady; 0: not ended yet */
	unsigned clean;	 /* looks that found nothing, in a row */
	bool seen;	 /* in this look */
	bool denied;	 /* logged that it cannot be ended */
	bool hidden;	 /* logged that it cannot be looked at */
};

static const struct hook *
hook_of(const struct conf *conf, const struct journal_orphan *orphan)
{
	return conf_find(conf, bytes_of(orphan->hook));
}

static int64_t
kill_after(const struct conf *conf, const struct hook *hook)
{
	return hook == NULL ? conf_kill_after(conf) :
			      conf_hook_kill_after(hook);
}

/* A runner of the first release noted no limit: as if it began only now. */
static int64_t
limit_of(const struct conf *conf, const struct hook *hook,
    const struct journal_note *note)
{
	if (note->limit != 0)
		return note->limit;
	return clock_boot() + kill_after(conf, hook) +
	    (hook == NULL ? TIMEOUT : hook->timeout);
}

static struct recovery_case *
new_case(const struct conf *conf, const struct journal_orphan *orphan)
{
	struct recovery_case *new = calloc(1, sizeof(*new));
	const struct journal_note *note = &orphan->note;

	if (new == NULL)
		return NULL;
	new->claim = orphan->claim;
	new->runner = orphan->runner;
	new->limit = limit_of(conf, hook_of(conf, orphan), note);
	new->command = (struct procfs_command){
		.pid = note->pid,
		.start = note->start,
		.session = note->session,
		.since = note->began,
		.until = clock_boot(),
	};
	memcpy(new->command.mark, note->mark, sizeof(note->mark));
	return new;
}

static struct recovery_case *
case_of(struct recovery *recovery, const struct conf *conf,
    const struct journal_orphan *orphan)
{
	struct recovery_case *at;

	for (at = recovery->cases; at != NULL; at = at->next)
		if (at->claim == orphan->claim && at->runner == orphan->runner)
			return at;
	at = new_case(conf, orphan);
	if (at == NULL)
		return NULL;
	at->next = recovery->cases;
	recovery->cases = at;
	return at;
}

static void
log_command(enum log_level level, const char *message,
    const struct recovery_case *at, int error)
{
	struct log_line line;

	log_begin(&line, level, message);
	log_number(&line, "group", at->command.pid);
	if (error != 0)
		log_text(&line, "error", strerror(error));
	log_end(&line);
}

static void
begin_line(struct log_line *line, const char *message,
    const struct journal_orphan *orphan)
{
	log_begin(line, LOG_LEVEL_WARNING, message);
	log_text(line, "hook", orphan->hook);
	log_text(line, "id", orphan->id);
	log_number(line, "attempt", orphan->attempt);
}

static void
log_given_back(const struct journal_orphan *orphan)
{
	struct log_line line;

	begin_line(&line, "given back, its runner is gone", orphan);
	log_end(&line);
}

static void
log_hidden(struct recovery_case *at, const struct journal_orphan *orphan)
{
	struct log_line line;
	int64_t left = at->limit - clock_boot();

	if (at->hidden)
		return;
	at->hidden = true;
	begin_line(&line,
	    "a command that may have outlived its runner cannot "
	    "be looked at, it counts as running",
	    orphan);
	log_number(&line, "ms", left > 0 ? left : 0);
	log_end(&line);
}

static void
signal_command(struct recovery_case *at, int number)
{
	int error = procfs_signal(&at->command, number);

	if (error == 0 || error == ESRCH || at->denied)
		return;
	at->denied = true;
	log_command(LOG_LEVEL_ERROR,
	    "a process group that outlived its "
	    "runner cannot be ended",
	    at, error);
}

static void
end_command(struct recovery_case *at, int64_t patience)
{
	int64_t now = clock_steady();

	if (at->kill_at == 0) {
		log_command(LOG_LEVEL_WARNING,
		    "a process group outlived its "
		    "runner and is ended",
		    at, 0);
		at->kill_at = now + patience;
		signal_command(at, SIGTERM);
	} else if (now >= at->kill_at) {
		signal_command(at, SIGKILL);
	}
}

/* Whether the claim's command has been gone for as many looks as it takes. */
static bool
stays_gone(struct recovery_case *at, const struct journal_orphan *orphan)
{
	bool sure = !orphan->first && at->command.pid != 0;

	at->clean++;
	return sure || at->clean >= LOOKS_UNKNOWN;
}

/* Whether nothing of the claim's command is left, as far as anybody knows. */
static bool
is_gone(struct recovery_case *at, const struct journal_orphan *orphan,
    const struct conf *conf)
{
	enum procfs_state state = PROCFS_HIDDEN;

	if (!orphan->same_boot || !orphan->noted)
		return true;
	/* The kernel ends all of a namespace with its first process. */
	if (orphan->first)
		return stays_gone(at, orphan);
	if (orphan->same_space)
		state = procfs_find_command(&at->command);
	if (state == PROCFS_GONE)
		return stays_gone(at, orphan);
	at->clean = 0;
	if (state == PROCFS_ALIVE) {
		end_command(at, kill_after(conf, hook_of(conf, orphan)));
		return false;
	}
	/* A start takes a moment; one that hangs is as good as hidden. */
	if (state == PROCFS_HIDDEN || clock_boot() > at->command.until + LATEST)
		log_hidden(at, orphan);
	return clock_boot() >= at->limit;
}

/* What is hidden may be so for an hour: nobody waits for that. */
static bool
is_worth_waiting(const struct recovery_case *at)
{
	if (at->kill_at == 0)
		return !at->hidden;
	return clock_steady() < at->kill_at + LATEST;
}

static enum rc
recover_orphan(struct recovery *recovery, struct journal *journal,
    const struct conf *conf, const struct journal_orphan *orphan)
{
	struct recovery_case *at = case_of(recovery, conf, orphan);
	enum rc rc;

	if (at == NULL)
		return RC_MEMORY;
	at->seen = true;
	if (!is_gone(at, orphan, conf)) {
		recovery->foreign = true;
		recovery->waiting += is_worth_waiting(at) ? 1 : 0;
		return RC_OK;
	}
	rc = journal_reclaim(journal, orphan, journal_now(journal));
	if (rc != RC_OK)
		return rc;
	recovery->recovered++;
	log_given_back(orphan);
	return RC_OK;
}

static void
forget_gone(struct recovery *recovery)
{
	struct recovery_case **at = &recovery->cases;
	struct recovery_case *gone;

	while ((gone = *at) != NULL) {
		if (gone->seen) {
			gone->seen = false;
			at = &gone->next;
			continue;
		}
		*at = gone->next;
		free(gone);
	}
}

enum rc
recover(struct recovery *recovery, struct journal *journal,
    const struct conf *conf)
{
	struct journal_orphans orphans;
	enum rc rc = journal_find_orphans(journal, &orphans);

	if (rc != RC_OK)
		return rc;
	recovery->foreign = orphans.foreign;
	recovery->waiting = 0;
	for (size_t i = 0; rc == RC_OK && i < orphans.n; i++)
		rc = recover_orphan(recovery, journal, conf, &orphans.list[i]);
	if (rc == RC_OK)
		forget_gone(recovery);
	pool_free(&orphans.pool);
	return rc;
}

void
recovery_free(struct recovery *recovery)
{
	struct recovery_case *next;

	for (; recovery->cases != NULL; recovery->cases = next) {
		next = recovery->cases->next;
		free(recovery->cases);
	}
}
