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
#define SET_BACK MINUTE /* a clock that differs by more was set */
/* Until what came to another machine is known here: it is folded by then. */
#define LAG (2 * MINUTE)
#define ASK_AGAIN INT64_C(10000) /* whether there was an event */

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
	watching->heard = (struct journal_heard){ 0 };
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

/* Whether the hook has fallen silent, or is not as silent as it was.  It stays
 * silent until there is an event, also where the limit began anew. */
static bool
has_changed(const struct journal_watching *watching, int64_t silent,
    const struct journal_judgement *judgement)
{
	int64_t event = watching->noted.event;

	if (silent == 0)
		return judgement->n > 0;
	return event >= silent &&
	    (judgement->n == 0 ||
		(event <= judgement->list[0].since &&
		    judgement->list[0].since != silent));
}

/* When there is something to do.  Until there was an event, while it is silent,
 * and while that is not known, it is asked again soon: an event that is not of
 * a pipeline changes nothing here. */
static void
look_ahead(struct journal *journal, struct journal_watching *watching)
{
	bool none = watching->noted.event == 0;
	struct journal_judgement judgement;
	int64_t silent;

	if (is_changed(watching)) {
		watching->next = watching->now;
		return;
	}
	journal_judge_hook(watching, &judgement);
	silent = silent_since(journal, watching);
	if (judgement.watched != 0 &&
	    (none || silent != 0 || judgement.n > 0)) {
		(void)journal_ask_for_event(journal, watching);
		journal_judge_hook(watching, &judgement);
	}
	watching->next = judgement.watched != 0 &&
		(silent != 0 || watching->noted.event == 0 ||
		    watching->heard.lost) ?
	    watching->now + ASK_AGAIN :
	    CLOCK_NEVER;
	watching->next = clock_earlier(watching->next,
	    watching->noted.judged + NOTE_EVERY);
	watching->next = clock_earlier(watching->next,
	    journal_due_pipeline(journal, watching->watch->hook));
	watching->next = clock_earlier(watching->next,
	    journal_due_judgement(journal, watching->watch->hook));
	watching->next = clock_earlier(watching->next, judgement.next);
	if (watching->heard.lost)
		return;
	/* The first event is noted at once: what was counted may get lost. */
	if ((none && watching->noted.event != 0) ||
	    has_changed(watching, silent, &judgement))
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

/* Of a hook whose silence is judged: what was counted may get lost. */
static bool
has_first_event(struct journal *journal, struct journal_watching *watching)
{
	struct journal_judgement judgement;

	if (watching->noted.event != 0)
		return false;
	journal_judge_hook(watching, &judgement);
	return judgement.watched != 0 &&
	    journal_ask_for_event(journal, watching) &&
	    watching->noted.event != 0;
}

/* That somebody judges now, and by what. */
static void
note_judging(struct journal *journal, struct journal_watching *watching)
{
	const struct journal_watch *watch = watching->watch;
	struct journal_noted *noted = &watching->noted;

	if (!is_changed(watching) &&
	    watching->now - noted->judged < NOTE_EVERY &&
	    !has_first_event(journal, watching))
		return;
	if (is_changed(watching))
		judge_all_anew(journal, watch->hook);
	if (was_away(watching) || was_set_back(watching) ||
	    noted->anew > watching->now)
		noted->anew = watching->now;
	noted->judged = watching->now;
	noted->same = true;
	(void)journal_ask_for_event(journal, watching);
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

	pool_free(&watching->pool);
	watching->wanted = false;
	watching->next = CLOCK_NEVER;
	if (journal_rules_changed(journal, watching->watch->rules))
		return RC_OK;
	read_noted(journal, watching);
	note_judging(journal, watching);
	journal_judge_due(journal, watching);
	watching->rc = journal_tell_due(journal, watching);
	/* What was found is not kept without its event. */
	if (watching->rc != RC_OK)
		journal_fail(journal, JOURNAL_FAILED_PART);
	look_ahead(journal, watching);
	return RC_OK;
}

enum rc
journal_watch_step(struct journal *journal, const struct journal_watch *watch,
    int64_t now, int64_t *next)
{
	struct journal_watching watching = {
		.watch = watch,
		.now = now,
		.lag = journal_is_shared(journal) ? LAG : 0,
	};
	enum rc rc = journal_read(journal, look, &watching);

	if (rc == RC_OK && watching.next <= now) {
		rc = journal_write_relaxed(journal, step, &watching);
		watching.durable = true;
		if (rc == RC_OK && watching.wanted)
			rc = journal_write_chore(journal, step, &watching);
		if (watching.rc != RC_OK)
			rc = watching.rc;
	}
	pool_free(&watching.pool);
	if (rc == RC_OK)
		*next = watching.next;
	return rc;
}

/* ---- What is not watched any more --------------------------------------- */

struct ending {
	const struct journal_watched *watched;
	struct pool pool;
	const char **list;
	size_t n;
};

static const struct journal_rules *
rules_of(const struct journal_watched *watched, const char *hook)
{
	for (size_t i = 0; i < watched->n; i++)
		if (strcmp(watched->rules[i].hook, hook) == 0)
			return &watched->rules[i];
	return NULL;
}

static bool
is_to_end(struct journal *journal, const struct journal_watched *watched,
    const char *hook)
{
	const struct journal_rules *rules = rules_of(watched, hook);

	return rules != NULL && !rules->foreign &&
	    !watched->watches(watched->context, hook) &&
	    !journal_rules_changed(journal, rules);
}

/* All that are judged, from the pool. */
static void
read_judged(struct journal *journal, struct ending *ending)
{
	struct journal_reader reader = journal_lenient_reader(journal,
	    journal_query(journal,
		"SELECT hook FROM watches WHERE settings <> ''", NO_VALUES),
	    "watches");
	const char **next;

	pool_free(&ending->pool);
	ending->list = NULL;
	ending->n = 0;
	while (journal_next(journal, reader.row)) {
		next = journal_need(journal,
		    pool_next(&ending->pool, &ending->list, ending->n));
		if (next != NULL)
			*next = journal_need(journal,
			    pool_text(&ending->pool,
				journal_text(&reader, 0, JOURNAL_TEXT_HOOK)));
		if (journal_failed(journal)) {
			journal_end_query(reader.row);
			ending->n = 0;
			return;
		}
		if (!reader.damaged)
			ending->n++;
		reader.damaged = false;
	}
}

/* Leaves those that are to end. */
static enum rc
find_ended(struct journal *journal, void *arguments)
{
	struct ending *ending = arguments;
	size_t n = 0;

	read_judged(journal, ending);
	for (size_t i = 0; i < ending->n; i++)
		if (is_to_end(journal, ending->watched, ending->list[i]))
			ending->list[n++] = ending->list[i];
	ending->n = n;
	return RC_OK;
}

/* Without settings all of it is judged anew once it is watched again. */
static enum rc
end_watches(struct journal *journal, void *arguments)
{
	struct ending *ending = arguments;

	(void)find_ended(journal, ending);
	for (size_t i = 0; i < ending->n; i++) {
		journal_do(journal, "DELETE FROM judgements WHERE hook = ?1",
		    BIND(TEXT(ending->list[i])));
		journal_do(journal,
		    "UPDATE watches SET settings = '' WHERE hook = ?1",
		    BIND(TEXT(ending->list[i])));
	}
	return RC_OK;
}

/* There is mostly nothing to write. */
enum rc
journal_watch_end(struct journal *journal,
    const struct journal_watched *watched)
{
	struct ending ending = { .watched = watched };
	enum rc rc = journal_read(journal, find_ended, &ending);

	if (rc == RC_OK && ending.n > 0)
		rc = journal_write_chore(journal, end_watches, &ending);
	pool_free(&ending.pool);
	return rc;
}
