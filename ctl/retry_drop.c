/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "subcommands.h"

#include "base/buf.h"
#include "base/uuid.h"
#include "journal/journal.h"
#include "complain.h"
#include "print.h"
#include "report.h"
#include "session.h"

/* An event by its whole ID. */
typedef enum rc operation(struct journal *journal, const char *id);

static bool
is_among(char (*ids)[UUID_SIZE], size_t n, const char *id)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(ids[i], id) == 0)
			return true;
	return false;
}

/* Each ID by itself, and once, however often and however short it is given;
 * the first that went wrong decides. */
static enum rc
each_id(struct journal *journal, char **texts, size_t n, operation *operate)
{
	char(*ids)[UUID_SIZE] = calloc(n + 1, sizeof(*ids));
	enum rc worst = RC_OK, rc;
	size_t done = 0;

	if (ids == NULL)
		return RC_MEMORY;
	for (size_t i = 0; i < n; i++) {
		rc = report_match(journal, texts[i], ids[done]);
		if (rc == RC_OK && !is_among(ids, done, ids[done])) {
			done++;
			rc = report_id(ids[done - 1],
			    operate(journal, ids[done - 1]));
		}
		if (worst == RC_OK)
			worst = rc;
	}
	free(ids);
	return worst;
}

/* What deliveries of a state were, or are, one and several. */
struct words {
	const char *one;
	const char *several;
};

static const struct words before_retry[] = {
	[JOURNAL_QUEUED] = { "waited for a retry", "waited for a retry" },
	[JOURNAL_DONE] = { "was done", "were done" },
	[JOURNAL_DEAD] = { "was dead", "were dead" },
	[JOURNAL_DROPPED] = { "was dropped", "were dropped" },
};

static const struct words before_drop[] = {
	[JOURNAL_QUEUED] = { "was queued", "were queued" },
	[JOURNAL_DEAD] = { "was dead", "were dead" },
};

static const struct words nothing_to_drop[] = {
	[JOURNAL_DONE] = { "is done", "are done" },
	[JOURNAL_DROPPED] = { "is dropped already", "are dropped already" },
};

/* "1 was queued, 2 were dead"; how many there are. */
static unsigned
add_states(const struct journal_states *states, const struct words *words,
    struct buf *into)
{
	unsigned sum = 0;

	for (unsigned i = 0; i <= JOURNAL_DROPPED; i++) {
		unsigned n = states->was[i];

		if (n == 0)
			continue;
		buf_printf(into, "%s%u %s", sum > 0 ? ", " : "", n,
		    n == 1 ? words[i].one : words[i].several);
		sum += n;
	}
	return sum;
}

/* "ID: 2 deliveries were dropped (1 was queued, 1 was dead)". */
static enum rc
print_changed(const char *id, const struct words *what,
    const struct journal_states *states, const struct words *words)
{
	struct buf text = { 0 };
	unsigned n = add_states(states, words, &text);
	enum rc rc = text.rc;

	if (rc == RC_OK)
		print_line("%s: %u %s (%s)", id, n,
		    n == 1 ? what->one : what->several, text.data);
	buf_free(&text);
	return rc;
}

static enum rc
print_unchanged(const char *id, const struct journal_states *states)
{
	struct buf text = { 0 };
	enum rc rc;

	(void)add_states(states, nothing_to_drop, &text);
	rc = text.rc;
	if (rc == RC_OK)
		print_line("%s: nothing to drop (%s)", id, text.data);
	buf_free(&text);
	return rc;
}

static enum rc
retry_one(struct journal *journal, const char *id)
{
	static const struct words back = { "delivery is back in the queue",
		"deliveries are back in the queue" };
	struct journal_states states;
	enum rc rc = journal_retry(journal, id, journal_now(journal), &states);

	if (rc == RC_PENDING)
		complain("%s: is queued or running already", id);
	return rc == RC_OK ? print_changed(id, &back, &states, before_retry) :
			     rc;
}

static enum rc
drop_one(struct journal *journal, const char *id)
{
	static const struct words dropped = { "delivery was dropped",
		"deliveries were dropped" };
	struct journal_states states;
	enum rc rc = journal_drop(journal, id, journal_now(journal), &states);

	if (rc == RC_PENDING)
		complain("%s: is running, try again", id);
	if (rc == RC_OK)
		return print_changed(id, &dropped, &states, before_drop);
	if (rc == RC_DUPLICATE)
		return print_unchanged(id, &states);
	return rc;
}

static enum rc
retry_dead(const struct session *session, struct journal *journal)
{
	int64_t count = 0;
	enum rc rc = RC_OK;

	if (journal != NULL)
		rc = journal_retry_dead(journal, &session->filter,
		    journal_now(journal), &count);
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
