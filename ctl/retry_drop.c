/* SPDX-License-Identifier: ISC */
#include "subcommands.h"

#include "base/clock.h"
#include "journal/journal.h"
#include "complain.h"
#include "print.h"
#include "report.h"
#include "session.h"

typedef enum rc operation(struct journal *journal, const char *prefix,
    int64_t now);

/* Each ID by itself; the first that went wrong decides. */
static enum rc
each_id(struct journal *journal, char **ids, size_t n, operation *operate)
{
	enum rc worst = RC_OK, rc;

	for (size_t i = 0; i < n; i++) {
		rc = RC_MISSING;
		if (journal != NULL)
			rc = operate(journal, ids[i], clock_wall());
		report_id(ids[i], rc);
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
		complain("%s: is queued or running already", id);
	return rc;
}

static enum rc
drop_one(struct journal *journal, const char *id, int64_t now)
{
	enum rc rc = journal_drop(journal, id, now);

	if (rc == RC_PENDING)
		complain("%s: is running, try again", id);
	if (rc != RC_DUPLICATE)
		return rc;
	complain("%s: is done or dropped already: nothing to drop", id);
	return RC_OK;
}

static enum rc
retry_dead(const struct session *session, struct journal *journal)
{
	int64_t count = 0;
	enum rc rc = RC_OK;

	if (journal != NULL)
		rc = journal_retry_dead(journal, &session->filter, clock_wall(),
		    &count);
	if (rc == RC_OK && count == 0)
		rc = report_nothing_found(session);
	if (rc == RC_OK || count > 0)
		print_line("%lld dead %s back in the queue", (long long)count,
		    count == 1 ? "delivery is" : "deliveries are");
	return rc;
}

static enum rc
check_retry(const struct session *session, size_t n)
{
	bool filtered = session->filter.hook != NULL ||
	    session->filter.since != 0;

	if (session->dead ? n == 0 : n > 0 && !filtered)
		return RC_OK;
	complain("retry takes IDs, or --dead, which may have --hook and "
		 "--since");
	return RC_SYNTAX;
}

enum rc
subcommand_retry(struct session *session, char **operands, size_t n)
{
	struct journal *journal = NULL;
	enum rc rc = check_retry(session, n);

	if (rc == RC_OK)
		rc = session_open_journal(session, JOURNAL_BRIEF, &journal);
	if (rc == RC_OK)
		rc = session->dead ? retry_dead(session, journal) :
				     each_id(journal, operands, n, retry_one);
	journal_close(journal);
	return rc;
}

enum rc
subcommand_drop(struct session *session, char **operands, size_t n)
{
	struct journal *journal = NULL;
	enum rc rc = session_open_journal(session, JOURNAL_BRIEF, &journal);

	if (rc == RC_OK)
		rc = each_id(journal, operands, n, drop_one);
	journal_close(journal);
	return rc;
}
