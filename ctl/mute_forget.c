/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "subcommands.h"

#include "base/clock.h"
#include "base/pool.h"
#include "base/suggest.h"
#include "config/conf.h"
#include "journal/journal.h"
#include "watch/pipeline_list.h"
#include "complain.h"
#include "print.h"
#include "report.h"
#include "session.h"

enum {
	HINTS = 5, /* names, at most */
	NEAR = 3,  /* letters that may differ */
};

static bool
is_near(const struct pipeline_row *row, const char *text)
{
	size_t near = strlen(text) / 2;

	if (near > NEAR)
		near = NEAR;
	return (text[0] != '\0' &&
		   (strstr(row->name, text) != NULL ||
		       strstr(row->id, text) != NULL)) ||
	    edit_distance(row->name, text) <= near ||
	    edit_distance(row->id, text) <= near;
}

static enum rc
print_hints(struct pipeline_list *list, const char *text)
{
	size_t found = 0;

	for (size_t i = 0; i < list->n && found < HINTS; i++) {
		const char *name = pipeline_list_name(list, &list->rows[i]);

		if (name == NULL)
			return RC_MEMORY;
		if (is_near(&list->rows[i], text))
			print_note(found++ == 0 ? "did you mean\n  " : "  ",
			    "%s", name);
	}
	if (found == 0)
		print_note("", "`pelihookctl pipelines' lists them");
	return RC_OK;
}

/* The names that were probably meant.  RC_MISSING. */
static enum rc
report_unknown(const struct session *session, struct journal *journal,
    const char *text)
{
	const char *hook = session->filter.hook;
	struct pipeline_list list = { 0 };
	enum rc rc;

	if (hook != NULL && !session_has_hook(session, hook))
		complain("%s has no hook %s, and no pipeline of it was seen",
		    session->file, hook);
	else
		complain("%s: no such pipeline%s%s was seen", text,
		    hook == NULL ? "" : " of hook ", hook == NULL ? "" : hook);
	rc = report_pipelines(session, journal, &list);
	if (rc == RC_OK || rc == RC_CORRUPT)
		rc = print_hints(&list, text);
	pool_free(&list.pool);
	return rc == RC_OK ? RC_MISSING : rc;
}

/* A pipeline, or with --all none; the one without a name as it is shown. */
static const char *
pipeline_of(const struct session *session, char **operands)
{
	if (session->all)
		return NULL;
	return strcmp(operands[0], "-") == 0 ? "" : operands[0];
}

/* That it was done, and until when it holds. */
static enum rc
print_done(const struct session *session, int64_t count, int64_t until)
{
	struct pool pool = { 0 };
	const char *time = print_moment(&pool, until);
	const char *what = count == 1 ? "pipeline" : "pipelines";

	if (session->all)
		what = count == 1 ? "hook with all its pipelines" :
				    "hooks with all their pipelines";
	if (time != NULL && until != 0)
		print_line("%lld %s %s muted until %s", (long long)count, what,
		    count == 1 ? "is" : "are", time);
	else if (time != NULL)
		print_line("%lld %s %s no longer muted", (long long)count, what,
		    count == 1 ? "is" : "are");
	pool_free(&pool);
	return time == NULL ? RC_MEMORY : RC_OK;
}

/* Whether a hook is one that the configuration has, or of which there is
 * something: no other may be muted as a whole. */
static enum rc
check_hook(const struct session *session, struct journal *journal)
{
	const char *hook = session->filter.hook;
	struct pipeline_list list = { 0 };
	enum rc rc;

	if (!session->all || hook == NULL || session_has_hook(session, hook))
		return RC_OK;
	rc = report_pipelines(session, journal, &list);
	if (rc == RC_CORRUPT)
		rc = RC_OK;
	if (rc == RC_OK && list.n == 0)
		rc = RC_MISSING;
	pool_free(&list.pool);
	return rc;
}

/* One that is unmuted by itself, or muted until then, may be of a hook that is
 * muted for longer.  until 0: it is unmuted. */
static enum rc
report_still_muted(const struct session *session, struct journal *journal,
    const char *pipeline, int64_t until)
{
	struct pipeline_list list = { 0 };
	enum rc rc = report_pipelines(session, journal, &list);

	for (size_t i = 0; i < list.n; i++) {
		const struct pipeline_row *row = &list.rows[i];
		const char *time = print_moment(&list.pool, row->muted);

		if (row->muted <= until || time == NULL ||
		    (strcmp(row->id, pipeline) != 0 &&
			strcmp(row->name, pipeline) != 0))
			continue;
		print_note("warning: ",
		    "all of hook %s is muted until %s: `pelihookctl unmute "
		    "--all --hook %s' ends that",
		    row->hook, time, row->hook);
	}
	pool_free(&list.pool);
	return rc == RC_CORRUPT ? RC_OK : rc;
}

static enum rc
report_none(const struct session *session, struct journal *journal,
    const char *pipeline)
{
	const char *hook = session->filter.hook;

	if (pipeline != NULL)
		return report_unknown(session, journal, pipeline);
	if (hook != NULL && !session_has_hook(session, hook))
		return report_nothing_found(session);
	complain("no event has come yet: there is nothing to mute");
	return RC_MISSING;
}

/* until 0: it is no longer muted. */
static enum rc
set_mute(const struct session *session, struct journal *journal,
    const char *pipeline, int64_t until)
{
	const struct conf *conf = session->conf;
	struct pool pool = { 0 };
	const char **hooks = pool_alloc(&pool, conf->hooks_len + 1,
	    sizeof(*hooks));
	struct journal_mute mute = {
		.hook = session->filter.hook,
		.pipeline = pipeline,
		.hooks = hooks,
		.hooks_len = conf->hooks_len,
		.until = until,
	};
	int64_t count = 0;
	enum rc rc = hooks == NULL ? RC_MEMORY : RC_OK;

	for (size_t i = 0; hooks != NULL && i < conf->hooks_len; i++)
		hooks[i] = conf->hooks[i].name;
	if (rc == RC_OK)
		rc = journal == NULL ? RC_MISSING :
				       check_hook(session, journal);
	if (rc == RC_OK)
		rc = journal_set_mute(journal, &mute, &count);
	pool_free(&pool);
	if (rc == RC_MISSING)
		return report_none(session, journal, pipeline);
	if (rc == RC_OK)
		rc = print_done(session, count, until);
	if (rc == RC_OK && pipeline != NULL)
		rc = report_still_muted(session, journal, pipeline, until);
	return rc;
}

/* A name that is given twice over, or none. */
static enum rc
check_operands(const struct session *session, const char *word, size_t n)
{
	if (session->all ? n == 0 : n == 1)
		return RC_OK;
	complain("%s takes one pipeline, as `pelihookctl pipelines' shows it, "
		 "or --all, which may have --hook",
	    word);
	return RC_SYNTAX;
}

enum rc
subcommand_mute(struct session *session, char **operands, size_t n)
{
	struct journal *journal = NULL;
	enum rc rc = check_operands(session, "mute", n);

	if (rc == RC_OK && session->mute_for < 0) {
		complain("mute always ends: say --for D, as in --for 12h");
		rc = RC_SYNTAX;
	}
	if (rc == RC_OK)
		rc = session_open_all_runs(session, &journal);
	if (rc == RC_OK)
		rc = set_mute(session, journal, pipeline_of(session, operands),
		    journal_now(journal) + session->mute_for);
	journal_close(journal);
	return rc;
}

enum rc
subcommand_unmute(struct session *session, char **operands, size_t n)
{
	struct journal *journal = NULL;
	enum rc rc = check_operands(session, "unmute", n);

	if (rc == RC_OK)
		rc = session_open_all_runs(session, &journal);
	if (rc == RC_OK)
		rc = set_mute(session, journal, pipeline_of(session, operands),
		    0);
	journal_close(journal);
	return rc;
}

enum rc
subcommand_forget(struct session *session, char **operands, size_t n)
{
	struct journal *journal = NULL;
	int64_t count = 0;
	enum rc rc = session_open_all_runs(session, &journal);

	(void)n;
	if (rc == RC_OK)
		rc = journal == NULL ?
		    RC_MISSING :
		    journal_forget(journal, session->filter.hook,
			pipeline_of(session, operands), journal_now(journal),
			&count);
	if (rc == RC_MISSING)
		rc = report_unknown(session, journal, operands[0]);
	else if (rc == RC_OK)
		print_line("%lld %s forgotten until %s seen again",
		    (long long)count,
		    count == 1 ? "pipeline is" : "pipelines are",
		    count == 1 ? "it is" : "they are");
	journal_close(journal);
	return rc;
}
