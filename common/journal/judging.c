/* SPDX-License-Identifier: ISC */
#include "journal/watching.h"

#include "base/clock.h"
#include "journal/column.h"
#include "journal/facts.h"
#include "journal/internal.h"
#include "journal/sql.h"
#include "journal/statement.h"

enum { STEP = 50 }; /* pipelines judged in one transaction */

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

void
journal_judge_hook(const struct journal_watching *watching,
    struct journal_judgement *judgement)
{
	const struct journal_watcher *watcher = watching->watch->watcher;
	const struct journal_noted *noted = &watching->noted;

	watcher->judge_hook(watcher->context, noted->event, noted->anew,
	    watching->now, judgement);
}

/* The event that is noted may be an old one: it is asked for where that
 * matters. */
void
journal_ask_for_event(struct journal_watching *watching)
{
	const struct journal_watcher *watcher = watching->watch->watcher;
	int64_t event = watcher->event(watcher->context);

	if (event > watching->noted.event)
		watching->noted.event = earlier(event, JOURNAL_TIME_MAX);
}

/* Since when the hook is known to be silent; 0: it is not. */
/* A pipeline, or the hook where facts is NULL, as it was judged. */
struct verdict {
	const char *pipeline;
	const struct journal_pipeline *facts;
	const struct journal_judgement *judgement;
	struct journal_judged *list; /* what was known of it */
	size_t n;
};

static struct journal_judged *
find_judged(const struct verdict *verdict,
    const struct journal_finding *finding)
{
	for (size_t i = 0; i < verdict->n; i++)
		if (verdict->list[i].alarm == finding->alarm &&
		    verdict->list[i].run == finding->run)
			return &verdict->list[i];
	return NULL;
}

static bool
is_found(const struct verdict *verdict, const struct journal_judged *judged)
{
	const struct journal_judgement *judgement = verdict->judgement;

	for (size_t i = 0; i < judgement->n; i++)
		if (judgement->list[i].alarm == judged->alarm &&
		    judgement->list[i].run == judged->run)
			return true;
	return false;
}

static const int64_t no_run = -1;

/* When a run ended; 0: it is open; no_run: it was taken out, and nobody knows. */
static int64_t
end_of_run(struct journal *journal, int64_t run)
{
	return journal_number(journal, no_run,
	    "SELECT ended FROM runs WHERE seq = ?1", BIND(INT(run)));
}

/* Whether what it was about is no more: nobody is told that it recovered. */
static bool
is_lost(struct journal *journal, const struct journal_judged *judged)
{
	return judged->alarm == JOURNAL_STUCK &&
	    end_of_run(journal, judged->run) == no_run;
}

/*
 * Since when what was found is over; 0: it is not.  It ends with what was
 * missed, and not as a limit begins anew or is another one.
 */
static int64_t
end_of(struct journal *journal, const struct journal_watching *watching,
    const struct verdict *verdict, const struct journal_judged *judged)
{
	const struct journal_pipeline *facts = verdict->facts;
	int64_t end = 0;

	switch (judged->alarm) {
	case JOURNAL_STUCK:
		return end_of_run(journal, judged->run);
	/* A run may have failed since that success. */
	case JOURNAL_FAILING:
	case JOURNAL_LATE:
		end = facts->success;
		break;
	case JOURNAL_SILENT:
		end = watching->noted.event;
		break;
	case JOURNAL_ALARMS:
		break;
	}
	return end >= judged->since ? end : 0;
}

/* Whether it stays as it was. */
static bool
stays(struct journal *journal, const struct journal_watching *watching,
    const struct verdict *verdict, struct journal_judged *judged)
{
	unsigned watched = verdict->judgement->watched >> judged->alarm & 1;

	if (!watched)
		return false;
	if (is_found(verdict, judged))
		return judged->over == 0;
	/* What nobody heard of need not be told to be over. */
	return judged->over != 0 ||
	    (judged->told != 0 &&
		end_of(journal, watching, verdict, judged) == 0);
}

static bool
changes_anything(struct journal *journal,
    const struct journal_watching *watching, const struct verdict *verdict)
{
	const struct journal_judgement *judgement = verdict->judgement;

	for (size_t i = 0; i < judgement->n; i++)
		if (find_judged(verdict, &judgement->list[i]) == NULL)
			return true;
	for (size_t i = 0; i < verdict->n; i++)
		if (!stays(journal, watching, verdict, &verdict->list[i]))
			return true;
	return false;
}

/* Whether it waits for others: where a pipeline fails, or a hook is silent,
 * each change is told at once. */
static bool
waits(enum journal_alarm alarm)
{
	return alarm == JOURNAL_LATE || alarm == JOURNAL_STUCK;
}

/* It is over: where it was told, that is told too. */
static void
end_judged(struct journal *journal, const struct journal_watching *watching,
    const struct verdict *verdict, struct journal_judged *judged)
{
	const char *hook = watching->watch->hook;
	bool watched = verdict->judgement->watched >> judged->alarm & 1;

	if (judged->told == 0 || !watched || is_lost(journal, judged)) {
		journal_judged_forget(journal, hook, judged);
		return;
	}
	judged->over = end_of(journal, watching, verdict, judged);
	if (judged->over < judged->since)
		judged->over = judged->since;
	judged->due = judged->over;
	if (waits(judged->alarm))
		judged->due += journal_wait_of(journal, hook);
	journal_judged_write(journal, hook, judged);
}

/* It has come true, or is true again before it was told that it is over. */
static void
begin_judged(struct journal *journal, const struct journal_watching *watching,
    const struct verdict *verdict, const struct journal_finding *finding)
{
	const char *hook = watching->watch->hook;
	struct journal_judged *known = find_judged(verdict, finding);
	struct journal_judged judged = {
		.alarm = finding->alarm,
		.run = finding->run,
		.since = finding->since,
		.expected = finding->expected,
		.usual = finding->usual,
		.due = finding->since,
		.pipeline = verdict->pipeline,
	};

	if (known != NULL) {
		known->over = 0;
		known->due = journal_remind_at(watching, verdict->facts,
		    known->told);
		journal_judged_write(journal, hook, known);
		return;
	}
	if (waits(judged.alarm))
		judged.due += journal_wait_of(journal, hook);
	journal_judged_write(journal, hook, &judged);
}

static void
apply_verdict(struct journal *journal, const struct journal_watching *watching,
    const struct verdict *verdict)
{
	for (size_t i = 0; i < verdict->n; i++) {
		struct journal_judged *judged = &verdict->list[i];

		if (!stays(journal, watching, verdict, judged) &&
		    !(is_found(verdict, judged) &&
			verdict->judgement->watched >> judged->alarm & 1))
			end_judged(journal, watching, verdict, judged);
	}
	for (size_t i = 0; i < verdict->judgement->n; i++) {
		const struct journal_finding *finding = &verdict->judgement
							     ->list[i];
		const struct journal_judged *known = find_judged(verdict,
		    finding);

		if (known == NULL || known->over != 0)
			begin_judged(journal, watching, verdict, finding);
	}
}

static void
judge_the_hook(struct journal *journal, struct journal_watching *watching)
{
	struct journal_judgement judgement;
	struct verdict verdict = { .pipeline = "", .judgement = &judgement };

	journal_judge_hook(watching, &judgement);
	if (judgement.watched != 0) {
		journal_ask_for_event(watching);
		journal_judge_hook(watching, &judgement);
	}
	verdict.list = journal_judged_read(journal, watching,
	    journal_query(journal,
		JOURNAL_JUDGED
		"WHERE hook = ?1 AND pipeline = '' AND kind = ?2",
		BIND(TEXT(watching->watch->hook), INT(JOURNAL_SILENT))),
	    &verdict.n);
	if (!changes_anything(journal, watching, &verdict))
		return;
	if (watching->durable)
		apply_verdict(journal, watching, &verdict);
	else
		watching->wanted = true;
}

/* False: it is to be judged in a transaction that is synced. */
static bool
judge_one(struct journal *journal, struct journal_watching *watching,
    const char *id)
{
	const struct journal_watcher *watcher = watching->watch->watcher;
	struct journal_pipeline facts = { .hook = watching->watch->hook,
		.id = id };
	struct journal_judgement judgement = { .next = CLOCK_NEVER };
	struct verdict verdict = { .pipeline = id,
		.facts = &facts,
		.judgement = &judgement };

	if (journal_facts_read(journal, &facts, &watching->pool)) {
		watcher->judge(watcher->context, &facts, watching->now,
		    &judgement);
		verdict.list = journal_judged_read(journal, watching,
		    journal_query(journal,
			JOURNAL_JUDGED "WHERE hook = ?1 AND pipeline = ?2"
				       " AND kind <> ?3",
			BIND(TEXT(facts.hook), TEXT(id), INT(JOURNAL_SILENT))),
		    &verdict.n);
		if (changes_anything(journal, watching, &verdict)) {
			if (!watching->durable)
				return false;
			apply_verdict(journal, watching, &verdict);
		}
	}
	journal_do(journal,
	    "UPDATE pipelines SET due = ?3 WHERE hook = ?1 AND id = ?2",
	    BIND(TEXT(facts.hook), TEXT(id), INT(judgement.next)));
	return true;
}

/* Those that are due, from the pool. */
static const char **
find_pipelines(struct journal *journal, struct journal_watching *watching,
    size_t *n)
{
	struct journal_reader reader = journal_lenient_reader(journal,
	    journal_query(journal,
		"SELECT id FROM pipelines WHERE hook = ?1 AND due <= ?2"
		" ORDER BY due LIMIT ?3",
		BIND(TEXT(watching->watch->hook), INT(watching->now),
		    INT(STEP))),
	    "pipelines");
	const char **list = pool_alloc(&watching->pool, STEP, sizeof(*list));

	*n = 0;
	if (list == NULL) {
		journal_end_query(reader.row);
		journal_fail(journal, JOURNAL_FAILED_MEMORY);
		return NULL;
	}
	while (*n < STEP && journal_next(journal, reader.row)) {
		list[*n] = pool_text(&watching->pool,
		    journal_text(&reader, 0, JOURNAL_TEXT_IDENTITY));
		if (list[*n] == NULL)
			journal_fail(journal, JOURNAL_FAILED_MEMORY);
		else if (!reader.damaged)
			(*n)++;
		reader.damaged = false;
	}
	journal_end_query(reader.row);
	return list;
}

static void
judge_pipelines(struct journal *journal, struct journal_watching *watching)
{
	size_t n;
	const char **list = find_pipelines(journal, watching, &n);

	if (n == 0)
		journal_do(journal,
		    "UPDATE pipelines SET due = ?3 WHERE hook = ?1"
		    " AND due <= ?2",
		    BIND(TEXT(watching->watch->hook), INT(watching->now),
			INT(CLOCK_NEVER)));
	for (size_t i = 0; i < n && !journal_failed(journal); i++)
		if (!judge_one(journal, watching, list[i]))
			watching->wanted = true;
}

void
journal_judge_due(struct journal *journal, struct journal_watching *watching)
{
	judge_the_hook(journal, watching);
	judge_pipelines(journal, watching);
}
