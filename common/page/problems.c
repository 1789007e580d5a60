/* SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <string.h>

#include "page/problems.h"

#include "base/clock.h"
#include "config/conf.h"
#include "event/catalog.h"
#include "event/sentence.h"
#include "journal/journal.h"
#include "journal/requests.h"
#include "page/parts.h"
#include "page/view.h"
#include "queue/source.h"
#include "watch/pipeline_list.h"

#define MINUTE INT64_C(60000)
/* What is due for longer is attended to by none: pelihook.fcgi takes it at once,
 * and the timer and the cron line that there are among the examples come once a
 * minute, the first time a minute after the machine's start. */
#define ATTENDED (2 * MINUTE)
/* An event that is waiting for longer has failed, or the queue is long. */
#define LONG (5 * MINUTE)
/* In a day without one there was no event that is to be expected. */
#define DAY (24 * 60 * MINUTE)

/* In JSON; as a badge; and whether it is to be looked at at once. */
static const struct {
	const char *word;
	const char *shown;
	bool bad;
} kinds[] = {
	[PROBLEM_UNATTENDED] = { "unattended", "queue", true },
	[PROBLEM_FAILING] = { "failing", "failing", true },
	[PROBLEM_STUCK] = { "stuck", "stuck", true },
	[PROBLEM_LATE] = { "late", "late", false },
	[PROBLEM_DEAD] = { "dead", "dead", true },
	[PROBLEM_SILENT] = { "silent", "silent", true },
	[PROBLEM_WAITING] = { "waiting", "waiting", false },
	[PROBLEM_GONE] = { "gone", "hook gone", false },
	[PROBLEM_REFUSED] = { "refused", "refused", false },
	[PROBLEM_UNCOUNTED] = { "uncounted", "not counted", false },
};

struct gathering {
	const struct page *page;
	const struct problems_asked *asked;
	struct problems *problems;
	/* Of what waits: since when the first is due, and when the first that
	 * runs began. */
	int64_t due;
	int64_t running;
	bool damaged;
};

/* What could be read is told. */
static enum rc
pass_damage(struct gathering *gathering, enum rc rc)
{
	if (rc != RC_CORRUPT)
		return rc;
	gathering->damaged = true;
	return RC_OK;
}

/* The sentence in text, which is freed. */
static enum rc
add(const struct gathering *gathering, const struct problem *problem,
    struct buf *text)
{
	struct pool *pool = gathering->page->pool;
	struct problems *problems = gathering->problems;
	struct problem *next = pool_next(pool, &problems->list, problems->n);
	enum rc rc = text->rc;

	if (problem->begin == NULL)
		rc = RC_MEMORY;
	if (rc == RC_OK && next != NULL) {
		*next = *problem;
		next->text = pool_copy(pool, buf_view(text));
	}
	if (rc == RC_OK && (next == NULL || next->text == NULL))
		rc = RC_MEMORY;
	if (rc == RC_OK)
		problems->n++;
	buf_free(text);
	return rc;
}

/* "1 run", "2 runs", from the pool; NULL: no memory. */
static const char *
count_of(const struct gathering *gathering, int64_t count, const char *what)
{
	return pool_printf(gathering->page->pool, "%" PRId64 " %s%s", count,
	    what, count == 1 ? "" : "s");
}

/* "Hook peliqan"; the same. */
static const char *
hook_of(const struct gathering *gathering, const char *hook)
{
	return pool_printf(gathering->page->pool, "Hook %s", hook);
}

/* What the last run came to: "failed: the source refused or answered 5xx". */
static void
put_cause(struct buf *text, const struct pipeline_row *row)
{
	const struct catalog_row *event = catalog_find(bytes_of(row->failure));

	if (event != NULL && event->told[0] != '\0') {
		buf_text(text, event->told);
		return;
	}
	buf_text(text, "ended with ");
	event_sentence_name(bytes_of(row->failure), text);
}

static void
say_failing(struct buf *text, const struct pipeline_row *row, int64_t now)
{
	(void)now;
	if (row->failures > 1)
		buf_printf(text,
		    "is failing: %u runs in a row ended without success. "
		    "The last one ",
		    row->failures);
	else
		buf_text(text, "is failing. Its last run ");
	put_cause(text, row);
	buf_char(text, '.');
}

static void
say_stuck(struct buf *text, const struct pipeline_row *row, int64_t now)
{
	(void)now;
	buf_text(text, "is stuck: a run should have ended by now");
	if (row->duration > 0) {
		buf_text(text, ". One usually takes ");
		html_print_duration(text, row->duration);
	}
	buf_char(text, '.');
}

static void
say_late(struct buf *text, const struct pipeline_row *row, int64_t now)
{
	buf_text(text, "is late: ");
	if (row->success == 0) {
		buf_text(text, "no run has succeeded yet");
	} else {
		buf_text(text, "the last success was ");
		html_print_time(text, row->success, now);
	}
	if (row->gap > 0) {
		buf_text(text, ". There is usually one every ");
		html_print_duration(text, row->gap);
	}
	buf_char(text, '.');
}

/* What is wrong with a pipeline. */
static const struct alarm {
	enum watch_state state;
	enum problem_kind kind;
	void (*say)(struct buf *text, const struct pipeline_row *row,
	    int64_t now);
} alarms[] = {
	{ WATCH_FAILING, PROBLEM_FAILING, say_failing },
	{ WATCH_STUCK, PROBLEM_STUCK, say_stuck },
	{ WATCH_LATE, PROBLEM_LATE, say_late },
};

static enum rc
add_pipeline(const struct gathering *gathering, const struct alarm *alarm,
    const struct pipeline_row *row)
{
	struct pipeline_list *list = gathering->asked->pipelines;
	const char *name = pipeline_list_name(list, row);
	const struct problem problem = {
		.kind = alarm->kind,
		.hook = row->hook,
		.id = row->id,
		.name = row->name,
		.begin = name != NULL && name[0] == '\0' ? "A pipeline" : name,
		.since = row->since,
		.last = alarm->kind == PROBLEM_LATE ? row->success : 0,
		.link = { { "view", "pipeline" }, { "hook", row->hook },
		    { "id", row->id } },
	};
	struct buf text = { 0 };

	alarm->say(&text, row, gathering->page->now);
	if (row->muted != 0) {
		buf_text(&text, " It is muted until ");
		html_print_time(&text, row->muted, gathering->page->now);
		buf_char(&text, '.');
	}
	return add(gathering, &problem, &text);
}

/* Of a state that many are in, the rest is one sentence, which leads to all. */
static enum rc
add_rest(const struct gathering *gathering, const struct alarm *alarm,
    size_t rest)
{
	const struct problem problem = {
		.kind = alarm->kind,
		.begin = count_of(gathering, (int64_t)rest, "more pipeline"),
		.link = { { "view", "pipelines" },
		    { "state", watch_state_name(alarm->state) } },
	};
	struct buf text = { 0 };

	buf_printf(&text, "%s %s.", rest == 1 ? "is" : "are",
	    kinds[alarm->kind].word);
	return add(gathering, &problem, &text);
}

static enum rc
add_pipelines(const struct gathering *gathering)
{
	const struct pipeline_list *list = gathering->asked->pipelines;
	enum rc rc = RC_OK;
	size_t i = 0;

	for (size_t k = 0; k < sizeof(alarms) / sizeof(alarms[0]); k++) {
		const struct alarm *alarm = &alarms[k];
		size_t n = 0;

		for (; i < list->n && list->rows[i].state == alarm->state &&
		     rc == RC_OK;
		     i++)
			if (n++ < PROBLEM_PIPELINES)
				rc = add_pipeline(gathering, alarm,
				    &list->rows[i]);
		if (rc == RC_OK && n > PROBLEM_PIPELINES)
			rc = add_rest(gathering, alarm, n - PROBLEM_PIPELINES);
	}
	return rc;
}

/* The earlier of two times of which either may be none. */
static int64_t
first_of(int64_t a, int64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

static enum rc
look_at_wait(void *context, const struct journal_wait *wait)
{
	struct gathering *gathering = context;
	const struct hook *hook = conf_find(gathering->page->conf,
	    bytes_of(wait->hook));

	/* Of any other nobody is to run anything. */
	if (hook == NULL || hook->delivery != CONF_QUEUE)
		return RC_OK;
	gathering->due = first_of(gathering->due, wait->due);
	gathering->running = first_of(gathering->running, wait->running);
	return RC_OK;
}

/* How long somebody could have taken what is due since then: who runs the queue
 * is started with the machine. */
static int64_t
time_to_take(const struct page *page, int64_t since)
{
	return clock_age(since > page->booted ? since : page->booted,
	    page->now);
}

/*
 * A runner that lives has a claim, or takes what is due at once.  What nobody
 * has taken in time, though nobody who lives runs anything, is attended to by
 * none.
 */
static enum rc
add_unattended(struct gathering *gathering)
{
	const struct page *page = gathering->page;
	struct problem problem = {
		.kind = PROBLEM_UNATTENDED,
		.begin = "Nobody runs the queue.",
		.link = { { "view", "events" }, { "state", "queued" } },
	};
	struct journal_orphans orphans = { 0 };
	struct buf text = { 0 };
	enum rc rc = pass_damage(gathering,
	    journal_waits(page->journal, page->now, look_at_wait, gathering));

	problem.since = first_of(gathering->due, gathering->running);
	if (rc != RC_OK || problem.since == 0 ||
	    time_to_take(page, problem.since) < ATTENDED)
		return rc;
	if (gathering->due == 0)
		problem.link[1].value = "running";
	rc = pass_damage(gathering,
	    journal_find_orphans(page->journal, &orphans));
	if (rc != RC_OK)
		return rc;
	pool_free(&orphans.pool);
	/* What runs for long under somebody who lives is no fault. */
	if (orphans.foreign)
		return RC_OK;
	buf_text(&text,
	    "Something is due, and neither pelihook.fcgi nor pelihookctl drain "
	    "takes it.");
	return add(gathering, &problem, &text);
}

static enum rc
add_dead(const struct gathering *gathering)
{
	const struct journal_totals *totals = gathering->asked->totals;
	int64_t dead = totals->count[JOURNAL_DEAD];
	struct problem problem = {
		.kind = PROBLEM_DEAD,
		.begin = "1 delivery",
		.link = { { "view", "events" }, { "state", "dead" } },
	};
	struct buf text = { 0 };

	if (dead == 0)
		return RC_OK;
	if (dead > 1)
		problem.begin = pool_printf(gathering->page->pool,
		    "%s%" PRId64 " deliveries",
		    totals->more[JOURNAL_DEAD] ? "More than " : "", dead);
	buf_printf(&text, "%s dead: %s not tried again.",
	    dead == 1 ? "is" : "are", dead == 1 ? "it is" : "they are");
	return add(gathering, &problem, &text);
}

static enum rc
add_waiting(const struct gathering *gathering)
{
	const struct journal_totals *totals = gathering->asked->totals;
	const struct problem problem = {
		.kind = PROBLEM_WAITING,
		.begin = "The oldest event",
		.since = totals->oldest,
		.link = { { "view", "event" }, { "id", totals->oldest_id } },
	};
	struct buf text = { 0 };

	if (clock_age(totals->oldest, gathering->page->now) < LONG)
		return RC_OK;
	buf_text(&text, "that is not delivered yet is still waiting.");
	return add(gathering, &problem, &text);
}

/* When the last verified event of a hook came, as far as anybody knows. */
static int64_t
last_event(const struct journal_requests_hook *request,
    const struct journal_silence *silence)
{
	return request->last_event > silence->event ? request->last_event :
						      silence->event;
}

/* Since when a hook that is watched is silent; 0: it is not. */
static int64_t
silent_since(const struct gathering *gathering, const struct hook *hook,
    const struct journal_silence *silence, int64_t event)
{
	const struct watch_hook known = { event, silence->anew };
	struct journal_judgement judgement;

	if (hook->watch.silent == 0 || !hook->watch.on)
		return 0;
	/* What was found holds until there is an event. */
	if (silence->since != 0 && event < silence->since)
		return silence->since;
	watch_judge_hook(&hook->watch, &known, gathering->page->now,
	    &judgement);
	return judgement.n > 0 ? judgement.list[0].since : 0;
}

static enum rc
add_silence(struct gathering *gathering, const struct hook *hook,
    const struct journal_requests_hook *request)
{
	const struct page *page = gathering->page;
	int64_t made = gathering->asked->requests->report.made;
	struct problem problem = {
		.kind = PROBLEM_SILENT,
		.hook = request->hook,
		.begin = hook_of(gathering, request->hook),
		.link = { { "view", "events" }, { "hook", request->hook } },
	};
	struct journal_silence silence;
	struct buf text = { 0 };
	int64_t event;
	enum rc rc = pass_damage(gathering,
	    journal_silence(page->journal, hook->name, &silence));

	if (rc != RC_OK)
		return rc;
	event = last_event(request, &silence);
	problem.last = event;
	problem.since = silent_since(gathering, hook, &silence, event);
	if (event == 0 && clock_age(made, page->now) >= DAY) {
		problem.since = made;
		buf_text(&text,
		    "has had no verified event since counting began on ");
		html_print_time(&text, made, page->now);
	} else if (problem.since == 0) {
		return RC_OK;
	} else if (event == 0) {
		buf_text(&text, "is silent: no verified event is known");
	} else {
		buf_text(&text, "is silent: its last verified event came ");
		html_print_time(&text, event, page->now);
	}
	buf_char(&text, '.');
	return add(gathering, &problem, &text);
}

static enum rc
add_silent(struct gathering *gathering)
{
	const struct journal_requests *requests = gathering->asked->requests;
	enum rc rc = RC_OK;

	for (size_t i = 0; i < requests->n && rc == RC_OK; i++) {
		const struct journal_requests_hook *request = &requests
								   ->list[i];
		const struct hook *hook = conf_find(gathering->page->conf,
		    bytes_of(request->hook));

		if (hook != NULL && !request->unplaced)
			rc = add_silence(gathering, hook, request);
	}
	return rc;
}

static enum rc
add_gone(void *context, const struct journal_backlog *backlog)
{
	const struct gathering *gathering = context;
	const struct conf *conf = gathering->page->conf;
	const char *hook = pool_text(gathering->page->pool, backlog->hook);
	const struct problem problem = {
		.kind = PROBLEM_GONE,
		.hook = hook,
		.begin = hook == NULL ? NULL : hook_of(gathering, hook),
		.link = { { "view", "events" }, { "hook", hook } },
	};
	char file[JOURNAL_FILE_SIZE];
	struct buf text = { 0 };

	if (conf_find(conf, bytes_of(backlog->hook)) != NULL)
		return RC_OK;
	/* Those of another configuration are its own. */
	if (backlog->file[0] != '\0' &&
	    (queue_source_file(conf->file, file) != RC_OK ||
		strcmp(file, backlog->file) != 0))
		return RC_OK;
	buf_printf(&text,
	    "is not in the configuration any more: %" PRId64
	    " of its events %s queued.",
	    backlog->events, backlog->events == 1 ? "stays" : "stay");
	return add(gathering, &problem, &text);
}

/* " (401: 3, 503: 1)" */
static void
put_statuses(struct buf *text, const struct journal_requests_hook *request)
{
	const char *between = " (";

	for (unsigned kind = JOURNAL_STATS_REFUSED; kind < JOURNAL_STATS_KINDS;
	     kind++) {
		if (request->day[kind] == 0)
			continue;
		buf_printf(text, "%s%s: %" PRId64, between,
		    journal_stats_word(kind), request->day[kind]);
		between = ", ";
	}
	buf_char(text, ')');
}

static enum rc
add_refused_by(const struct gathering *gathering,
    const struct journal_requests_hook *request)
{
	const struct journal_stats_hook *counted = request->counted;
	int64_t refused = journal_requests_sum(request).refused;
	const char *requests = count_of(gathering, refused, "request");
	bool known = request->hook[0] != '\0';
	struct problem problem = {
		.kind = PROBLEM_REFUSED,
		.hook = known ? request->hook : NULL,
		.begin = known ? hook_of(gathering, request->hook) : requests,
	};
	struct buf text = { 0 };

	if (refused == 0)
		return RC_OK;
	if (known)
		buf_printf(&text, "refused %s",
		    requests == NULL ? "" : requests);
	else
		buf_printf(&text, "that reached no hook %s refused",
		    refused == 1 ? "was" : "were");
	buf_text(&text, " in the last 24 hours");
	put_statuses(&text, request);
	if (counted != NULL && counted->refused != 0) {
		buf_printf(&text, ". The last one was %d %s, ",
		    counted->refused_status, counted->reason);
		html_print_time(&text, counted->refused, gathering->page->now);
		problem.last = counted->refused;
	}
	buf_char(&text, '.');
	return add(gathering, &problem, &text);
}

static enum rc
add_refused(const struct gathering *gathering)
{
	const struct journal_requests *requests = gathering->asked->requests;
	const struct problem problem = {
		.kind = PROBLEM_UNCOUNTED,
		.begin = "Requests",
	};
	struct buf text = { 0 };
	enum rc rc = RC_OK;

	for (size_t i = 0; i < requests->n && rc == RC_OK; i++)
		rc = add_refused_by(gathering, &requests->list[i]);
	if (rc != RC_OK || requests->broken == NULL)
		return rc;
	buf_printf(&text, "are not counted: %s", requests->broken);
	return add(gathering, &problem, &text);
}

enum rc
problems_gather(const struct page *page, const struct problems_asked *asked,
    struct problems *problems)
{
	struct gathering gathering = {
		.page = page,
		.asked = asked,
		.problems = problems,
	};
	enum rc rc;

	*problems = (struct problems){ 0 };
	if (page->journal == NULL)
		return add_refused(&gathering);
	rc = add_unattended(&gathering);
	if (rc == RC_OK)
		rc = add_pipelines(&gathering);
	if (rc == RC_OK)
		rc = add_dead(&gathering);
	if (rc == RC_OK)
		rc = add_silent(&gathering);
	if (rc == RC_OK)
		rc = add_waiting(&gathering);
	if (rc == RC_OK)
		rc = pass_damage(&gathering,
		    journal_backlog(page->journal, add_gone, &gathering));
	if (rc == RC_OK)
		rc = add_refused(&gathering);
	return rc == RC_OK && gathering.damaged ? RC_CORRUPT : rc;
}

/* Requests that were refused are in no list, but in the chart of all. */
static void
put_problem(struct html *html, const struct problem *problem)
{
	HTML(html, "li")
	{
		HTML(html, "span")
		{
			html_attribute(html, "class",
			    kinds[problem->kind].bad ? "badge bad" :
						       "badge warn");
			html_text(html, kinds[problem->kind].shown);
		}
		html_text(html, " ");
		if (problem->kind == PROBLEM_REFUSED)
			HTML(html, "a")
			{
				html_href_within(html, "requests");
				html_foreign(html, problem->begin);
			}
		else if (problem->link[0].name == NULL)
			html_foreign(html, problem->begin);
		else
			HTML(html, "a")
			{
				html_href(html, problem->link, PROBLEM_PAIRS);
				html_foreign(html, problem->begin);
			}
		html_text(html, " ");
		html_text(html, problem->text);
		if (problem->since == 0)
			return;
		html_text(html, " ");
		PARTS_CLASS(html, "span", "muted")
		{
			html_text(html, "Since ");
			html_time(html, problem->since);
		}
	}
}

void
problems_put(struct html *html, const struct problems *problems)
{
	bool bad = false;

	for (size_t i = 0; i < problems->n; i++)
		bad |= kinds[problems->list[i].kind].bad;
	if (problems->n == 0 && html->damaged)
		return;
	if (problems->n == 0) {
		PARTS_NOTICE(html, "good")
		html_text(html,
		    "Nothing is wrong: no pipeline is failing, "
		    "stuck or late, nothing is dead, and no request "
		    "was refused in the last 24 hours.");
		return;
	}
	HTML(html, "section")
	{
		html_attribute(html, "class", bad ? "card bad" : "card warn");
		html_element(html, "h2", "Wrong now");
		PARTS_CLASS(html, "ul", "problems")
		for (size_t i = 0; i < problems->n; i++)
			put_problem(html, &problems->list[i]);
	}
}

static void
write_problem(struct json *json, const struct problem *problem)
{
	struct buf text = { 0 };

	json_open(json, NULL, '{');
	json_text(json, "kind", kinds[problem->kind].word);
	json_known(json, "hook", problem->hook == NULL ? "" : problem->hook);
	if (problem->id == NULL) {
		json_null(json, "pipeline");
	} else {
		json_pipeline(json, problem->id, problem->name);
		json_close(json, '}');
	}
	json_time(json, "since", problem->since);
	json_time(json, "last", problem->last);
	buf_printf(&text, "%s %s", problem->begin, problem->text);
	json_bytes(json, "text", buf_view(&text));
	if (text.rc != RC_OK)
		json->into->rc = text.rc;
	json_close(json, '}');
	buf_free(&text);
}

void
problems_write(struct json *json, const struct problems *problems)
{
	json_open(json, "problems", '[');
	for (size_t i = 0; i < problems->n; i++)
		write_problem(json, &problems->list[i]);
	json_close(json, ']');
}
