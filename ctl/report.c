/* SPDX-License-Identifier: ISC */
#include "report.h"

#include "config/conf.h"
#include "journal/journal.h"
#include "complain.h"
#include "print.h"
#include "session.h"

static enum rc
report_gone(void *context, const char *hook, int64_t events)
{
	const struct session *session = context;

	if (!session_has_hook(session, hook))
		print_note("warning: ",
		    "%s has no hook %s any more: %lld of its events "
		    "stay queued",
		    session->file, hook, (long long)events);
	return RC_OK;
}

enum rc
report_gone_hooks(const struct session *session, struct journal *journal)
{
	return journal_backlog(journal, report_gone, (void *)session);
}

enum rc
report_nothing_found(const struct session *session)
{
	const char *hook = session->filter.hook;

	if (hook == NULL || session_has_hook(session, hook))
		return RC_OK;
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
	else if (rc == RC_RANGE)
		complain("%s: several events begin so, give more of it", id);
	else if (rc == RC_CORRUPT)
		complain("%s: the journal is damaged there", id);
	return rc;
}
