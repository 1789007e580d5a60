/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "rescue.h"

#include "clock.h"
#include "conf.h"
#include "journal.h"
#include "log.h"
#include "orphan.h"

enum {
	KILL_AFTER = 5000,	/* for a hook that is gone, milliseconds */
	/* How long somebody waits for what SIGKILL did not end. */
	LATEST = 2000,
	/* A process that was being started shows its environment late. */
	LOOKS_UNKNOWN = 2
};

/* One claim, from look to look. */
struct rescue_case {
	struct rescue_case *next;
	int64_t claim;
	int64_t runner;
	int64_t kill_at;	/* clock_steady; 0: not ended yet */
	unsigned clean;		/* looks that found nothing */
	bool seen;		/* in this look */
	bool denied;		/* logged that it cannot be ended */
};

static struct rescue_case *
case_of(struct rescue *rescue, const struct journal_orphan *orphan)
{
	struct rescue_case *at;

	for (at = rescue->cases; at != NULL; at = at->next)
		if (at->claim == orphan->claim &&
		    at->runner == orphan->runner)
			return at;
	at = calloc(1, sizeof(*at));
	if (at == NULL)
		return NULL;
	at->claim = orphan->claim;
	at->runner = orphan->runner;
	at->next = rescue->cases;
	rescue->cases = at;
	return at;
}

static int64_t
kill_after(const struct conf *conf, const struct journal_orphan *orphan)
{
	const struct hook *hook = conf_find(conf, bytes_of(orphan->hook));

	return hook == NULL ? KILL_AFTER : hook->kill_after;
}

static void
log_group(enum log_level level, const char *message, pid_t group, int error)
{
	struct log_line line;

	log_begin(&line, level, message);
	log_number(&line, "group", group);
	if (error != 0)
		log_text(&line, "error", strerror(error));
	log_end(&line);
}

static void
log_given_back(const struct journal_orphan *orphan)
{
	struct log_line line;

	log_begin(&line, LOG_LEVEL_WARNING, "given back, its runner is gone");
	log_text(&line, "hook", orphan->hook);
	log_text(&line, "id", orphan->id);
	log_number(&line, "attempt", orphan->attempt);
	log_end(&line);
}

static void
signal_group(struct rescue_case *at, pid_t group, int number)
{
	if (kill(-group, number) == 0 || errno == ESRCH || at->denied)
		return;
	at->denied = true;
	log_group(LOG_LEVEL_ERROR, "a process group that outlived its runner "
	    "cannot be ended", group, errno);
}

static void
end_group(struct rescue_case *at, pid_t group, int64_t patience)
{
	int64_t now = clock_steady();

	if (at->kill_at == 0) {
		log_group(LOG_LEVEL_WARNING, "a process group outlived its "
		    "runner and is ended", group, 0);
		at->kill_at = now + patience;
		signal_group(at, group, SIGTERM);
	} else if (now >= at->kill_at) {
		signal_group(at, group, SIGKILL);
	}
}

/* Whether nothing of the claim's command is left. */
static bool
is_gone(struct rescue_case *at, const struct journal_orphan *orphan,
    const struct conf *conf)
{
	struct orphan command = {
		orphan->pid, orphan->start, orphan->id, orphan->attempt
	};
	pid_t group;

	if (!orphan->same_boot)
		return true;
	group = orphan_find(&command);
	if (group == 0) {
		at->clean++;
		return orphan->pid != 0 || at->clean >= LOOKS_UNKNOWN;
	}
	at->clean = 0;
	end_group(at, group, kill_after(conf, orphan));
	return false;
}

static bool
is_worth_waiting(const struct rescue_case *at)
{
	return at->kill_at == 0 || clock_steady() < at->kill_at + LATEST;
}

static enum rc
look_at(struct rescue *rescue, struct journal *journal,
    const struct conf *conf, const struct journal_orphan *orphan)
{
	struct rescue_case *at = case_of(rescue, orphan);
	enum rc rc;

	if (at == NULL)
		return RC_MEMORY;
	at->seen = true;
	if (!is_gone(at, orphan, conf)) {
		rescue->others = true;
		rescue->waiting += is_worth_waiting(at) ? 1 : 0;
		return RC_OK;
	}
	rc = journal_void(journal, orphan, clock_wall());
	if (rc != RC_OK)
		return rc;
	rescue->rescued++;
	log_given_back(orphan);
	return RC_OK;
}

static void
forget_others(struct rescue *rescue)
{
	struct rescue_case **at = &rescue->cases;
	struct rescue_case *gone;

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
rescue(struct rescue *rescue, struct journal *journal,
    const struct conf *conf)
{
	struct journal_orphans orphans;
	enum rc rc = journal_orphans(journal, &orphans);

	if (rc != RC_OK)
		return rc;
	rescue->others = orphans.others;
	rescue->waiting = 0;
	for (size_t i = 0; rc == RC_OK && i < orphans.n; i++)
		rc = look_at(rescue, journal, conf, &orphans.list[i]);
	if (rc == RC_OK)
		forget_others(rescue);
	pool_free(&orphans.pool);
	return rc;
}

void
rescue_free(struct rescue *rescue)
{
	struct rescue_case *next;

	for (; rescue->cases != NULL; rescue->cases = next) {
		next = rescue->cases->next;
		free(rescue->cases);
	}
}
