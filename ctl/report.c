/* SPDX-License-Identifier: ISC */
#include <string.h>
#include <unistd.h>

#include "report.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "config/conf.h"
#include "journal/journal.h"
#include "watch/pipeline_list.h"
#include "queue/source.h"
#include "complain.h"
#include "print.h"
#include "session.h"

bool
report_is_shortened(const struct session *session)
{
	return session->filter.limit == INT64_MAX && isatty(STDOUT_FILENO);
}

bool
report_is_of_one_hook(const struct session *session)
{
	return session->filter.hook != NULL || session->conf->hooks_len == 1;
}

enum rc
report_pipelines(const struct session *session, struct journal *journal,
    struct pipeline_list *list)
{
	const struct pipeline_filter filter = {
		.hook = session->filter.hook,
		.since = session->filter.since,
		.now = journal_now(journal),
	};

	return pipeline_list_gather(list, &filter, session->conf, journal);
}

struct gone {
	const struct session *session;
	const struct journal *journal;
};

static enum rc
report_gone(void *context, const struct journal_backlog *backlog)
{
	const struct gone *gone = context;
	const struct session *session = gone->session;

	if (!session_has_hook(session, backlog->hook) &&
	    !queue_source_is_other(gone->journal, session->conf, backlog->hook,
		backlog->file))
		print_note("warning: ",
		    "%s has no hook %s any more: %lld of its events %s "
		    "queued",
		    session->file, backlog->hook, (long long)backlog->events,
		    backlog->events == 1 ? "stays" : "stay");
	return RC_OK;
}

enum rc
report_gone_hooks(const struct session *session, struct journal *journal)
{
	struct gone gone = { session, journal };

	return journal_backlog(journal, report_gone, &gone);
}

/* The dead ones of one hook, as the counts come: sorted by hook. */
struct dead {
	const struct conf *conf;
	const struct hook *hook;
	int64_t count;
};

static void
report_dead_of(const struct dead *dead)
{
	const struct hook *hook = dead->hook;

	if (hook == NULL || hook->keep_dead != CLOCK_NEVER ||
	    dead->count <= hook->max_queue)
		return;
	print_note("warning: ",
	    "hook %s has %lld dead deliveries, which is over its max-queue, "
	    "and keeps them for ever: retry or drop them, or write "
	    "`keep-dead 90d'",
	    hook->name, (long long)dead->count);
}

static enum rc
add_dead(void *context, const struct journal_count *count)
{
	struct dead *dead = context;
	const struct hook *hook = conf_find(dead->conf, bytes_of(count->hook));

	if (hook != dead->hook) {
		report_dead_of(dead);
		dead->hook = hook;
		dead->count = 0;
	}
	if (count->state == JOURNAL_DEAD)
		dead->count += count->count;
	return RC_OK;
}

enum rc
report_dead(const struct session *session, struct journal *journal)
{
	struct dead dead = { .conf = session->conf };
	enum rc rc = journal_counts(journal, add_dead, &dead);

	report_dead_of(&dead);
	return rc;
}

enum rc
report_nothing_found(const struct session *session)
{
	const char *hook = session->filter.hook;

	if (hook == NULL || session_has_hook(session, hook)) {
		/* An empty screen could be anything; `retry --dead' counts. */
		if (!session->dead && isatty(STDOUT_FILENO))
			print_note("", "nothing was found");
		return RC_OK;
	}
	complain("%s has no hook %s, and nothing of it was found",
	    session->file, hook);
	return RC_NO_HOOK;
}

enum rc
report_damage(const struct session *session)
{
	complain("the journal %s holds damaged rows, which are left out here: "
		 "see above",
	    session->conf->journal);
	return RC_CORRUPT;
}

enum rc
report_id(const char *id, enum rc rc)
{
	if (rc == RC_MISSING)
		complain("%s: no such event", id);
	else if (rc == RC_CORRUPT)
		complain("%s: the journal is damaged there", id);
	return rc;
}

static void
complain_of_several(const char *text, const struct journal_matches *matches)
{
	complain("%s: the IDs of several events begin or end so, give more of "
		 "it:",
	    text);
	for (size_t i = 0; i < matches->n; i++)
		complain("  %s", matches->ids[i]);
	if (matches->n == JOURNAL_MATCHES)
		complain("  and maybe others");
}

enum rc
report_match(struct journal *journal, const char *text, char id[UUID_SIZE])
{
	struct journal_matches matches;
	enum rc rc = RC_MISSING;

	/* No event has come yet. */
	if (journal != NULL)
		rc = journal_match(journal, text, &matches);
	if (rc == RC_RANGE)
		complain_of_several(text, &matches);
	if (rc != RC_OK)
		return report_id(text, rc);
	memcpy(id, matches.ids[0], UUID_SIZE);
	return RC_OK;
}
