/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "journal/watching.h"

#include "base/clock.h"
#include "journal/column.h"
#include "journal/internal.h"
#include "journal/rules.h"
#include "journal/sql.h"
#include "journal/statement.h"
#include "journal/transaction.h"

#define MINUTE INT64_C(60000)
/* That somebody judges is noted so often; and so long ago was nobody. */
#define NOTE_EVERY (5 * MINUTE)
#define NOBODY (65 * MINUTE)
#define SET_BACK MINUTE		 /* a clock that differs by more was set */
#define ASK_AGAIN INT64_C(10000) /* whether there was an event */

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void
read_noted(struct journal *journal, struct journal_watching *watching)
{
	struct journal_noted *noted = &watching->noted;
	struct journal_reader reader = {
		.journal = journal,
		.table = "watches",
		.row = journal_query(journal,
		    "SELECT settings, judged, anew, event, muted FROM watches"
		    " WHERE hook = ?1",
		    BIND(TEXT(watching->watch->hook))),
	};

	*noted = (struct journal_noted){ 0 };
	if (!journal_next(journal, reader.row))
		return;
	noted->is = true;
	noted->same = strcmp(journal_text(&reader, 0, JOURNAL_TEXT_NOTE),
			  watching->watch->settings) == 0;
	noted->judged = journal_int(&reader, 1, JOURNAL_IS_TIME);
	noted->anew = journal_int(&reader, 2, JOURNAL_IS_TIME);
	noted->event = journal_int(&reader, 3, JOURNAL_IS_TIME);
	noted->muted = journal_int(&reader, 4, JOURNAL_IS_TIME);
	journal_end_query(reader.row);
}

static bool
was_set_back(const struct journal_watching *watching)
{
	return watching->noted.judged > watching->now + SET_BACK;
}

/* Nobody could see what happened meanwhile. */
static bool
was_away(const struct journal_watching *watching)
{
	return watching->noted.judged == 0 ||
	    watching->now - watching->noted.judged > NOBODY;
}

/* Whether all of the hook has to be judged, whatever is due. */
static bool
is_changed(const struct journal_watching *watching)
{
	return !watching->noted.same || was_set_back(watching) ||
	    was_away(watching);
}

static int64_t
silent_since(struct journal *journal, const struct journal_watching *watching)
{
	return journal_number(journal, 0,
	    SQL("SELECT since FROM judgements WHERE hook = ?1"
		   " AND pipeline = '' AND kind = ?2 AND over = 0"),
		BIND(TEXT(watching->watch->hook), INT(JOURNAL_SILENT)));
}

/* When there is something to do.  Until there was an event, and while it is
 * silent, it is asked again soon: one that is not of a pipeline changes nothing
 * here. */
static void
look_ahead(struct journal *journal, struct journal_watching *watching)
{
	struct journal_judgement judgement;
	int64_t silent;

	if (is_changed(watching)) {
		watching->next = watching->now;
		return;
	}
	journal_judge_hook(watching, &judgement);
	silent = silent_since(journal, watching);
	if (judgement.watched != 0 &&
	    (watching->noted.event == 0 || silent != 0 || judgement.n > 0)) {
		journal_ask_for_event(watching);
		journal_judge_hook(watching, &judgement);
	}
	watching->next = judgement.watched != 0 &&
		(silent != 0 || watching->noted.event == 0) ?
	    watching->now + ASK_AGAIN :
	    CLOCK_NEVER;
	watching->next = earlier(watching->next,
	    watching->noted.judged + NOTE_EVERY);
	watching->next = earlier(watching->next,
	    journal_due_pipeline(journal, watching->watch->hook));
	watching->next = earlier(watching->next,
	    journal_due_judgement(journal, watching->watch->hook));
	watching->next = earlier(watching->next, judgement.next);
	/* It stays silent until there is an event, also where the limit began
	 * anew. */
	if (silent == 0 ? judgement.n > 0 :
			  judgement.n == 0 && watching->noted.event >= silent)
		watching->next = watching->now;
}

static enum rc
look(struct journal *journal, void *arguments)
{
	struct journal_watching *watching = arguments;

	watching->next = CLOCK_NEVER;
	if (journal_rules_changed(journal, watching->watch->rules))
		return RC_OK;
	read_noted(journal, watching);
	look_ahead(journal, watching);
	return RC_OK;
}

static void
judge_all_anew(struct journal *journal, const char *hook)
{
	journal_do(journal,
	    "UPDATE pipelines SET due = 0 WHERE hook = ?1 AND due <> 0",
	    BIND(TEXT(hook)));
}

/* That somebody judges now, and by what. */
static void
note_judging(struct journal *journal, struct journal_watching *watching)
{
	const struct journal_watch *watch = watching->watch;
	struct journal_noted *noted = &watching->noted;

	if (!is_changed(watching) && watching->now - noted->judged < NOTE_EVERY)
		return;
	if (is_changed(watching))
		judge_all_anew(journal, watch->hook);
	if (was_away(watching) || was_set_back(watching) ||
	    noted->anew > watching->now)
		noted->anew = watching->now;
	noted->judged = watching->now;
	noted->same = true;
	journal_ask_for_event(watching);
	journal_do(journal,
	    "INSERT INTO watches(hook, settings, judged, anew, event, muted)"
	    " VALUES(?1, ?2, ?3, ?4, ?5, 0) ON CONFLICT(hook) DO UPDATE SET"
	    " settings = excluded.settings, judged = excluded.judged,"
	    " anew = excluded.anew, event = excluded.event",
	    BIND(TEXT(watch->hook), TEXT(watch->settings), INT(noted->judged),
		INT(noted->anew), INT(noted->event)));
}

static enum rc
step(struct journal *journal, void *arguments)
{
	struct journal_watching *watching = arguments;
	enum rc rc;

	pool_free(&watching->pool);
	watching->wanted = false;
	watching->next = CLOCK_NEVER;
	if (journal_rules_changed(journal, watching->watch->rules))
		return RC_OK;
	read_noted(journal, watching);
	note_judging(journal, watching);
	journal_judge_due(journal, watching);
	rc = journal_tell_due(journal, watching);
	look_ahead(journal, watching);
	return rc;
}

enum rc
journal_watch_step(struct journal *journal, const struct journal_watch *watch,
    int64_t now, int64_t *next)
{
	struct journal_watching watching = { .watch = watch, .now = now };
	enum rc rc = journal_read(journal, look, &watching);

	if (rc == RC_OK && watching.next <= now) {
		rc = journal_write_relaxed(journal, step, &watching);
		watching.durable = true;
		if (rc == RC_OK && watching.wanted)
			rc = journal_write(journal, step, &watching);
	}
	pool_free(&watching.pool);
	if (rc == RC_OK)
		*next = watching.next;
	return rc;
}
