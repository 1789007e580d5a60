/* SPDX-License-Identifier: ISC */
#include "journal/watching.h"

#include "base/clock.h"
#include "journal/column.h"
#include "journal/facts.h"
#include "journal/hours.h"
#include "journal/internal.h"
#include "journal/sql.h"
#include "journal/statement.h"

enum { STEP = 50 }; /* pipelines judged in one transaction */

void
journal_judge_hook(const struct journal_watching *watching,
    struct journal_judgement *judgement)
{
	const struct journal_watcher *watcher = watching->watch->watcher;
	const struct journal_noted *noted = &watching->noted;

	int64_t anew = noted->anew;

	/* Events before that were not seen. */
	if (watching->heard.since > anew)
		anew = watching->heard.since;
	watcher->judge_hook(watcher->context, noted->event, anew,
	    watching->now - watching->lag, judgement);
	if (judgement->next != CLOCK_NEVER)
		judgement->next += watching->lag;
}

bool
journal_ask_for_event(struct journal *journal,
    struct journal_watching *watching)
{
	const struct journal_watcher *watcher = watching->watch->watcher;
	struct journal_counted counted = { 0 };
	int64_t elsewhere = journal_last_event_of(journal,
	    watching->watch->hook);

	watcher->event(watcher->context, &counted);
	if (counted.event < elsewhere)
		counted.event = elsewhere;
	watching->heard = (struct journal_heard){ !counted.known,
		counted.since };
	if (counted.event > watching->noted.event)
		watching->noted.event = clock_earlier(counted.event,
		    JOURNAL_TIME_MAX);
	return counted.known;
}

/* A pipeline, or the hook where facts is NULL, as it was judged. */
struct verdict {
	const char *pipeline;
	const struct journal_pipeline *facts;
	const struct journal_judgement *judgement;
	struct journal_judged *list; /* what was known of it */
	size_t n;
};

/* What is known of what was found, and is not over. */
static const struct journal_judged *
find_judged(const struct verdict *verdict,
    const struct journal_finding *finding)
{
	for (size_t i = 0; i < verdict->n; i++)
		if (verdict->list[i].over == 0 &&
		    verdict->list[i].alarm == finding->alarm &&
		    verdict->list[i].run == finding->run)
			return &verdict->list[i];
	return NULL;
}

/* The other way round; NULL: it was not found. */
static const struct journal_finding *
find_finding(const struct verdict *verdict, const struct journal_judged *judged)
{
	const struct journal_judgement *judgement = verdict->judgement;

	for (size_t i = 0; i < judgement->n; i++)
		if (judgement->list[i].alarm == judged->alarm &&
		    judgement->list[i].run == judged->run)
			return &judgement->list[i];
	return NULL;
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
	/* Where the clock was set back, that success is before it. */
	case JOURNAL_FAILING:
		end = journal_success_from(facts, judged->since, 1);
		if (end == 0 && facts->failures == 0)
			end = judged->since;
		break;
	case JOURNAL_LATE:
		end = journal_success_from(facts, judged->since, 1);
		break;
	case JOURNAL_SILENT:
		end = watching->noted.event;
		break;
	case JOURNAL_ALARMS:
		break;
	}
	return end >= judged->since ? end : 0;
}

static bool
is_watched(const struct verdict *verdict, const struct journal_judged *judged)
{
	return verdict->judgement->watched >> judged->alarm & 1;
}

/* Whether it stays as it was.  What was over and has come true again since it
 * was judged does not: each is told. */
static bool
stays(struct journal *journal, const struct journal_watching *watching,
    const struct verdict *verdict, const struct journal_judged *judged)
{
	const struct journal_finding *finding = find_finding(verdict, judged);
	int64_t end;

	if (!is_watched(verdict, judged))
		return false;
	if (judged->over != 0)
		return true;
	end = end_of(journal, watching, verdict, judged);
	if (finding != NULL)
		return end == 0 || end > finding->since ||
		    finding->since == judged->since;
	/* What nobody heard of need not be told to be over. */
	return judged->told != 0 && end == 0;
}

/* Whether what was found is new. */
static bool
begins(struct journal *journal, const struct journal_watching *watching,
    const struct verdict *verdict, const struct journal_finding *finding)
{
	const struct journal_judged *known = find_judged(verdict, finding);

	return known == NULL || !stays(journal, watching, verdict, known);
}

static bool
changes_anything(struct journal *journal,
    const struct journal_watching *watching, const struct verdict *verdict)
{
	const struct journal_judgement *judgement = verdict->judgement;

	for (size_t i = 0; i < judgement->n; i++)
		if (begins(journal, watching, verdict, &judgement->list[i]))
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

	if (judged->told == 0 || !is_watched(verdict, judged) ||
	    is_lost(journal, judged)) {
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

static void
begin_judged(struct journal *journal, const struct journal_watching *watching,
    const struct verdict *verdict, const struct journal_finding *finding)
{
	const char *hook = watching->watch->hook;
	struct journal_judged judged = {
		.alarm = finding->alarm,
		.run = finding->run,
		.since = finding->since,
		.expected = finding->expected,
		.usual = finding->usual,
		.due = finding->since,
		.pipeline = verdict->pipeline,
	};

	if (waits(judged.alarm))
		judged.due += journal_wait_of(journal, hook);
	journal_judged_write(journal, hook, &judged);
}

static void
apply_verdict(struct journal *journal, const struct journal_watching *watching,
    const struct verdict *verdict)
{
	const struct journal_judgement *judgement = verdict->judgement;
	bool new[JOURNAL_FINDINGS];

	for (size_t i = 0; i < judgement->n; i++)
		new[i] = begins(journal, watching, verdict,
		    &judgement->list[i]);
	for (size_t i = 0; i < verdict->n; i++)
		if (!stays(journal, watching, verdict, &verdict->list[i]))
			end_judged(journal, watching, verdict,
			    &verdict->list[i]);
	for (size_t i = 0; i < judgement->n; i++)
		if (new[i])
			begin_judged(journal, watching, verdict,
			    &judgement->list[i]);
}

static void
judge_the_hook(struct journal *journal, struct journal_watching *watching)
{
	struct journal_judgement judgement;
	struct verdict verdict = { .pipeline = "", .judgement = &judgement };

	journal_judge_hook(watching, &judgement);
	if (judgement.watched != 0) {
		if (!journal_ask_for_event(journal, watching))
			return;
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
	const char **list = journal_need(journal,
	    pool_alloc(&watching->pool, STEP, sizeof(*list)));

	*n = 0;
	if (list == NULL) {
		journal_end_query(reader.row);
		return NULL;
	}
	while (*n < STEP && journal_next(journal, reader.row)) {
		list[*n] = journal_need(journal,
		    pool_text(&watching->pool,
			journal_text(&reader, 0, JOURNAL_TEXT_IDENTITY)));
		if (list[*n] != NULL && !reader.damaged)
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
