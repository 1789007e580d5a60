/* SPDX-License-Identifier: ISC */
/* A name of ours is one of its types. */
#define json_bool json_c_bool
#include <json-c/json.h>
#undef json_bool

#include "../viewing.h"

#include "base/timestamp.h"
#include "journal/stats.h"

#define MINUTE INT64_C(60000)

static const char watched[] = "hook h\nsignature none\nwatch on silent 1h\n"
			      "on @watch run /bin/true\non * run /bin/true\n"
			      "hook i\nsignature none\non * run /bin/true\n";

static struct site site;
static struct looked *looked;
static struct json_object *object;

static int
begin(void **state)
{
	int failed = make_place(state);

	site = (struct site){ .conf = load_viewed(watched) };
	return failed;
}

/* What was looked at before is over. */
static void
forget(void)
{
	journal_close(site.looks);
	site.looks = NULL;
	if (looked != NULL)
		end_look(looked);
	looked = NULL;
	json_object_put(object);
	object = NULL;
}

static int
end(void **state)
{
	forget();
	conf_release(site.conf);
	return scratch_remove(state);
}

static void
open_looks(void)
{
	enum rc rc = journal_open(journal_path, JOURNAL_LOOKS, &site.looks);

	assert_true(rc == RC_OK || rc == RC_MISSING);
}

/* The page, which is what the journal is by now. */
static const char *
see(const char *query)
{
	forget();
	open_looks();
	looked = look(&site, query);
	return looked->text.data;
}

static struct json_object *
parse_seen(void)
{
	json_object_put(object);
	object = json_tokener_parse(looked->text.data);
	assert_non_null(object);
	return object;
}

/* The same as JSON, with what else the query asks for. */
static struct json_object *
see_more(const char *query)
{
	char text[64];

	snprintf(text, sizeof(text), "format=json%s", query);
	see(text);
	return parse_seen();
}

static struct json_object *
see_json(void)
{
	return see_more("");
}

/* The same at a time that is still to come, where the machine was started at
 * another. */
static void
see_since(int64_t booted, int64_t at)
{
	static struct looked later;

	forget();
	open_looks();
	later = begin_look(&site, ACCESS_VIEW);
	later.page.now = at;
	later.page.booted = booted;
	parse_look(&later, "format=json");
	assert_int_equal(view_overview.gather(&later.page), RC_OK);
	write_looked(&later, &view_overview);
	looked = &later;
	parse_seen();
}

static void
see_at(int64_t at)
{
	see_since(0, at);
}

/* A member, at a path of keys and numbers parted by slashes. */
static struct json_object *
json_at(struct json_object *from, const char *path)
{
	struct json_object *found = NULL;
	char pointer[256];

	snprintf(pointer, sizeof(pointer), "/%s", path);
	if (json_pointer_get(from, pointer, &found) != 0)
		fail_msg("nothing at %s of %s", pointer,
		    json_object_to_json_string(from));
	return found;
}

/* "(null)" for null. */
static const char *
text_at(struct json_object *from, const char *path)
{
	const char *text = json_object_get_string(json_at(from, path));

	return text == NULL ? "(null)" : text;
}

static int64_t
number_at(struct json_object *from, const char *path)
{
	return json_object_get_int64(json_at(from, path));
}

static size_t
length_at(struct json_object *from, const char *path)
{
	return json_object_array_length(json_at(from, path));
}

static void
expect_in(const char *html, const char *part)
{
	if (strstr(html, part) == NULL)
		fail_msg("no <%s> in <%s>", part, html);
}

static void
expect_not_in(const char *html, const char *part)
{
	if (strstr(html, part) != NULL)
		fail_msg("<%s> is in <%s>", part, html);
}

/* The problems of a kind that there are; the last one is handed out. */
static size_t
problems_of(struct json_object *from, const char *kind,
    struct json_object **problem)
{
	size_t n = 0;

	for (size_t i = 0; i < length_at(from, "problems"); i++) {
		struct json_object *found =
		    json_object_array_get_idx(json_at(from, "problems"), i);

		if (strcmp(text_at(found, "kind"), kind) != 0)
			continue;
		*problem = found;
		n++;
	}
	return n;
}

static struct json_object *
find_problem(struct json_object *from, const char *kind)
{
	struct json_object *problem = NULL;

	assert_int_equal(problems_of(from, kind, &problem), 1);
	return problem;
}

static struct json_object *
expect_problem(struct json_object *from, const char *kind, const char *text)
{
	struct json_object *problem = find_problem(from, kind);

	assert_string_equal(text_at(problem, "text"), text);
	return problem;
}

static void
expect_no_problem(struct json_object *from, const char *kind)
{
	struct json_object *problem = NULL;

	assert_int_equal(problems_of(from, kind, &problem), 0);
}

/* The sentence ends with a time, and how long ago that was, which is the last
 * one of the problem. */
static void
expect_last(struct json_object *problem, const char *begin, const char *ago)
{
	const char *last = text_at(problem, "last");
	char want[256];

	snprintf(want, sizeof(want), "%s%.10s %.8s UTC (%s).", begin, last,
	    last + 11, ago);
	assert_string_equal(text_at(problem, "text"), want);
}

/* Events of runs, which ended so long ago, in minutes; nothing is queued. */
static void
tell(struct journal *journal, const char *hook, const char *text)
{
	struct buf all = { 0 };
	const char *between = "";
	long long minutes;
	int len;

	for (; sscanf(text, " -%lld%n", &minutes, &len) == 1;
	     text += strcspn(text, ";"), text += *text == ';') {
		const char *rest = text + len;

		buf_printf(&all, "%s%lld%.*s", between,
		    (long long)now() - minutes * MINUTE,
		    (int)strcspn(rest, ";"), rest);
		between = ";";
	}
	assert_int_equal(all.rc, RC_OK);
	record_all(journal, hook, all.data);
	buf_free(&all);
}

static void
count(const char *hook, int status, int64_t time)
{
	struct journal_stats *stats = NULL;
	const struct journal_stats_request request = {
		.hook = hook,
		.outcome = status < 300 ? OUTCOME_QUEUED : OUTCOME_REFUSED,
		.status = status,
		.reason = status == 401 ? "bad-signature" :
		    status == 404	? "no-such-hook" :
					  NULL,
		.time = time,
		.event = status < 300 ? time : 0,
	};

	assert_int_equal(journal_stats_open(journal_path, &stats), RC_OK);
	journal_stats_count(stats, &request);
	journal_stats_close(stats);
}

static void
who_is_new_is_told_what_comes_next(void **state)
{
	const char *html = see("");

	(void)state;
	assert_null(looked->page.journal);
	expect_in(html, "No event has come yet");
	expect_in(html, "The hooks <b>h</b>, <b>i</b> wait for a first event");
	expect_in(html, "pelihookctl sample pipeline_run_error");
	expect_not_in(html, "Nothing is wrong");
	/* The same of a journal in which there is nothing. */
	journal_close(open_journal());
	html = see("");
	assert_non_null(looked->page.journal);
	expect_in(html, "No event has come yet");
	assert_int_equal(length_at(see_json(), "problems"), 0);
	assert_int_equal(length_at(see_json(), "pipelines"), 0);
	assert_int_equal(length_at(see_json(), "events"), 0);
	/* Of a hook that waits nothing is kept, and it is counted. */
	count("i", 200, now());
	expect_not_in(see(""), "No event has come yet");
}

static void
where_nothing_is_wrong_one_line_says_so(void **state)
{
	struct journal *journal = open_lane();

	(void)state;
	tell(journal, "h", "-9 start p a Orders; -8 done p a");
	append_sample(journal, "h", 1, "");
	expect_in(see(""), "Nothing is wrong");
	assert_int_equal(length_at(see_json(), "problems"), 0);
	journal_close(journal);
}

static void
what_is_wrong_comes_before_anything_else(void **state)
{
	static const char *const after[] = { "class=\"tiles\"",
		"<h2>Requests</h2>", "<h2>Pipelines</h2>",
		"<h2>Last events</h2>" };
	struct journal *journal = open_lane();
	const char *html;
	const char *at;

	(void)state;
	tell(journal, "h", "-8 fail p b");
	append_sample(journal, "h", 1, "");
	html = see("");
	at = strstr(html, "<h2>Wrong now</h2>");
	assert_non_null(at);
	for (size_t i = 0; i < COUNT(after); i++) {
		at = strstr(at, after[i]);
		if (at == NULL || strstr(html, after[i]) != at)
			fail_msg("<%s> is not where it has to be", after[i]);
	}
	journal_close(journal);
}

static void
a_failing_pipeline_is_told_with_its_cause(void **state)
{
	struct journal *journal = open_lane();
	struct json_object *problem;
	const char *html;

	(void)state;
	tell(journal, "h",
	    "-9 done p a Orders; -8 fail p b Orders; -7 fail p c Orders;"
	    "-6 stop q d; -5 done r e");
	see_json();
	assert_int_equal(problems_of(object, "failing", &problem), 2);
	assert_string_equal(text_at(problem, "text"),
	    "q is failing. Its last run was stopped: a user cancelled it.");
	problem = json_at(object, "problems/0");
	assert_string_equal(text_at(problem, "text"),
	    "Orders is failing: 2 runs in a row ended without success. The "
	    "last one failed: the tap or connector exited non-zero or raised.");
	assert_string_equal(text_at(problem, "hook"), "h");
	assert_string_equal(text_at(problem, "pipeline/id"), "p");
	assert_string_equal(text_at(problem, "pipeline/name"), "Orders");
	assert_non_null(strstr(text_at(problem, "since"), "T"));
	html = see("");
	expect_in(html,
	    "<a href=\"?view=pipeline&amp;hook=h&amp;id=p\"><bdi>Orders</bdi>"
	    "</a> is failing: ");
	expect_in(html, "<span class=\"badge bad\">failing</span>");
	expect_in(html, "<section class=\"card bad\"><h2>Wrong now");
	expect_not_in(html, "Nothing is wrong");
	journal_close(journal);
}

static void
an_event_that_is_not_known_is_named_as_the_cause(void **state)
{
	struct journal *journal = open_lane();

	(void)state;
	tell(journal, "h", "-8 fail p b");
	execute("UPDATE pipelines SET failure = 'pipeline_run_new'");
	expect_problem(see_json(), "failing",
	    "p is failing. Its last run ended with pipeline_run_new.");
	journal_close(journal);
}

static void
a_run_that_is_stuck_is_told(void **state)
{
	struct journal *journal = open_lane();

	(void)state;
	tell(journal, "h",
	    "-990 start p a; -980 done p a; -890 start p b; -880 done p b;"
	    "-790 start p c; -780 done p c; -690 start p d; -680 done p d;"
	    "-590 start p e");
	expect_problem(see_json(), "stuck",
	    "p is stuck: a run should have ended by now. One usually takes "
	    "10 min.");
	journal_close(journal);
}

static void
a_pipeline_that_is_late_is_told(void **state)
{
	struct journal *journal;

	(void)state;
	conf_release(site.conf);
	site.conf = load_viewed(
	    "hook h\nsignature none\nwatch on late 1h\n"
	    "on @watch run /bin/true\non * run /bin/true\n");
	journal = open_lane();
	tell(journal, "h", "-125 done p a; -30 start q b");
	expect_last(find_problem(see_json(), "late"),
	    "p is late: the last success was ", "2 h ago");
	execute("UPDATE pipelines SET success = 0, first = 1 WHERE id = 'p'");
	assert_null(json_at(expect_problem(see_json(), "late",
				"p is late: no run has succeeded yet."),
	    "last"));
	journal_close(journal);
}

static void
that_a_pipeline_is_muted_is_told_with_what_is_wrong(void **state)
{
	const struct journal_mute mute = { .hook = "h",
		.pipeline = "p",
		.until = INT64_C(4102444800000) };
	struct journal *journal = open_lane();
	int64_t count;

	(void)state;
	tell(journal, "h", "-8 stop p b");
	assert_int_equal(journal_set_mute(journal, &mute, &count), RC_OK);
	expect_in(text_at(find_problem(see_json(), "failing"), "text"),
	    "p is failing. Its last run was stopped: a user cancelled it. It "
	    "is muted until 2100-01-01 00:00:00 UTC (in ");
	journal_close(journal);
}

/* Of so many each, as a sender may make up. */
static void
fail_many(struct journal *journal, int n)
{
	char text[64];

	for (int i = 0; i < n; i++) {
		snprintf(text, sizeof(text), "-%d fail p%d a", i + 10, i);
		tell(journal, "h", text);
	}
}

static void
of_many_pipelines_the_rest_is_one_sentence(void **state)
{
	struct journal *journal = open_lane();
	struct json_object *problem;
	const char *html;

	(void)state;
	fail_many(journal, 21);
	see_json();
	assert_int_equal(problems_of(object, "failing", &problem), 21);
	assert_string_equal(text_at(problem, "text"),
	    "1 more pipeline is failing.");
	assert_null(json_at(problem, "pipeline"));
	fail_many(journal, 60);
	see_json();
	assert_int_equal(problems_of(object, "failing", &problem), 21);
	assert_string_equal(text_at(problem, "text"),
	    "40 more pipelines are failing.");
	assert_int_equal(length_at(object, "pipelines"), 50);
	assert_int_equal(number_at(object, "pipelines_in_all"), 60);
	html = see("");
	expect_in(html, "<a href=\"?view=pipelines\">All 60 pipelines</a>");
	expect_in(html,
	    "<a href=\"?view=pipelines&amp;state=failing\">"
	    "<bdi>40 more pipelines</bdi></a> are failing.");
	journal_close(journal);
}

static void
dead_deliveries_are_counted(void **state)
{
	struct journal *journal = open_lane();

	(void)state;
	append_sample(journal, "h", 1, "");
	append_sample(journal, "h", 2, "");
	execute("UPDATE deliveries SET state = 3 WHERE seq = 1");
	expect_problem(see_json(), "dead",
	    "1 delivery is dead: it is not tried again.");
	execute("UPDATE deliveries SET state = 3");
	expect_problem(see_json(), "dead",
	    "2 deliveries are dead: they are not tried again.");
	assert_int_equal(number_at(see_json(), "counts/dead"), 2);
	expect_in(see(""),
	    "href=\"?view=events&amp;state=dead\"><bdi>2 "
	    "deliveries</bdi>");
	journal_close(journal);
}

static void
an_event_that_waits_for_long_is_told(void **state)
{
	struct journal *journal = open_lane();
	struct json_object *problem;

	(void)state;
	append_sample(journal, "h", 1, "");
	expect_no_problem(see_json(), "waiting");
	execute("UPDATE events SET received = received - 360000");
	see_json();
	problem = expect_problem(object, "waiting",
	    "The oldest event that is not delivered yet is still waiting.");
	assert_string_equal(text_at(problem, "since"),
	    text_at(object, "oldest"));
	expect_in(see(""), "href=\"?view=event&amp;id=");
	journal_close(journal);
}

static const char nobody[] =
    "Nobody runs the queue. Something is due, and neither pelihook.fcgi nor "
    "pelihookctl drain takes it.";

static void
that_nobody_runs_the_queue_is_told_once_something_is_due_for_long(void **state)
{
	struct journal *journal = open_lane();

	(void)state;
	append_sample(journal, "h", 1, "");
	expect_no_problem(see_json(), "unattended");
	/* A timer comes once a minute. */
	execute("UPDATE events SET received = received - 110000");
	expect_no_problem(see_json(), "unattended");
	execute("UPDATE events SET received = received - 20000");
	expect_problem(see_json(), "unattended", nobody);
	/* What waits for its next try is not due. */
	execute("UPDATE deliveries SET since = 1, due = 9000000000000");
	expect_no_problem(see_json(), "unattended");
	execute("UPDATE deliveries SET since = 1, due = 2");
	expect_problem(see_json(), "unattended", nobody);
	/* A hook that the configuration does not have is nobody's to run. */
	execute("UPDATE lanes SET hook = 'gone'");
	expect_no_problem(see_json(), "unattended");
	journal_close(journal);
}

static void
whoever_runs_the_queue_has_time_to_start_with_the_machine(void **state)
{
	struct journal *journal = open_lane();
	int64_t booted = now() + HOUR;

	(void)state;
	append_sample(journal, "h", 1, "");
	see_since(booted, booted + MINUTE);
	expect_no_problem(object, "unattended");
	see_since(booted, booted + 2 * MINUTE);
	expect_problem(object, "unattended", nobody);
	/* Nothing is due. */
	execute("UPDATE deliveries SET state = 2");
	see_since(booted, booted + 2 * MINUTE);
	expect_no_problem(object, "unattended");
	journal_close(journal);
}

static void
who_runs_something_runs_the_queue(void **state)
{
	struct journal *journal = open_lane();
	struct journal_claim claim;

	(void)state;
	append_sample(journal, "h", 1, "");
	append_sample(journal, "h", 2, "");
	assert_int_equal(claim_number(journal, &one, &claim), 1);
	execute("UPDATE events SET received = received - 360000;"
		"UPDATE deliveries SET started = 1 WHERE state = 1");
	expect_no_problem(see_json(), "unattended");
	journal_claim_free(&claim);
	/* It is gone, with what it ran. */
	journal_close(journal);
	expect_problem(see_json(), "unattended", nobody);
	execute("UPDATE deliveries SET state = 2 WHERE state = 0");
	expect_problem(see_json(), "unattended", nobody);
	expect_in(see(""),
	    "href=\"?view=events&amp;state=running\"><bdi>Nobody ");
}

static void
a_hook_that_is_watched_is_silent_after_its_limit(void **state)
{
	struct journal *journal = open_lane();
	struct json_object *problem;

	(void)state;
	only_of_a_file();
	count("h", 202, now() - 50 * MINUTE);
	count("i", 202, now() - 190 * MINUTE);
	expect_no_problem(see_json(), "silent");
	journal_close(journal);
	execute("INSERT INTO watches VALUES('h', 's', 9, 0, 5, 0);"
		"INSERT INTO judgements VALUES('h', '', 3, 0, 6, 6, 0, 0, 7, 0,"
		" 0)");
	/* It came since. */
	expect_no_problem(see_json(), "silent");
	assert_int_equal(unlink(scratch_path("journal.db-stats")), 0);
	count("h", 202, now() - 125 * MINUTE);
	problem = find_problem(see_json(), "silent");
	expect_last(problem, "Hook h is silent: its last verified event came ",
	    "2 h ago");
	assert_string_equal(text_at(problem, "hook"), "h");
}

static void
a_hook_without_an_event_for_a_day_of_counting_is_silent(void **state)
{
	struct json_object *problem;
	char made[32], want[256];

	(void)state;
	only_of_a_file();
	journal_close(open_lane());
	count("h", 202, now());
	see_at(now() + 23 * HOUR);
	assert_int_equal(problems_of(object, "silent", &problem), 1);
	assert_string_equal(text_at(problem, "hook"), "h");
	see_at(now() + 26 * HOUR);
	assert_int_equal(problems_of(object, "silent", &problem), 2);
	assert_null(json_at(problem, "last"));
	snprintf(made, sizeof(made), "%s", text_at(problem, "since"));
	snprintf(want, sizeof(want),
	    "Hook i has had no verified event since counting began on %.10s "
	    "%.8s UTC (26 h ago).",
	    made, made + 11);
	assert_string_equal(text_at(problem, "text"), want);
}

static void
refused_requests_are_told_by_status_and_reason(void **state)
{
	struct json_object *problem;
	char last[TIMESTAMP_SIZE];
	int64_t at = now();

	(void)state;
	only_of_a_file();
	journal_close(open_lane());
	count("h", 401, at - 3);
	count("h", 401, at - 2);
	count("h", 503, at - 1);
	count("h", 401, at);
	count(NULL, 404, at);
	see_at(at + 5 * MINUTE);
	assert_int_equal(problems_of(object, "refused", &problem), 2);
	timestamp_print(at, last);
	assert_string_equal(text_at(problem, "last"), last);
	expect_last(problem,
	    "Hook h refused 4 requests in the last 24 hours (401: 3, 503: 1). "
	    "The last one was 401 bad-signature, ",
	    "5 min ago");
	expect_last(json_at(object, "problems/0"),
	    "1 request that reached no hook was refused in the last 24 "
	    "hours (404: 1). The last one was 404 no-such-hook, ",
	    "5 min ago");
	assert_null(json_at(object, "problems/0/hook"));
	expect_in(see(""), "<section class=\"card warn\"><h2>Wrong now");
	/* No list has them. */
	expect_in(see(""), "<a href=\"#requests\"><bdi>Hook h</bdi></a>");
	expect_in(see(""), "<section class=\"card\" id=\"requests\">");
}

static void
counts_that_cannot_be_used_are_told(void **state)
{
	struct json_object *problem;

	(void)state;
	only_of_a_file();
	journal_close(open_lane());
	assert_int_equal(symlink("nothing", scratch_path("journal.db-stats")),
	    0);
	assert_int_equal(problems_of(see_json(), "uncounted", &problem), 1);
}

static void
events_of_a_hook_that_is_gone_are_told(void **state)
{
	struct journal *journal = open_journal();

	(void)state;
	note_hook(journal, "gone");
	append_sample(journal, "gone", 1, "");
	append_sample(journal, "gone", 2, "");
	expect_problem(see_json(), "gone",
	    "Hook gone is not in the configuration any more: 2 of its events "
	    "stay queued.");
	journal_close(journal);
	execute("INSERT INTO sources VALUES('gone', '/another/one.conf')");
	expect_no_problem(see_json(), "gone");
}

static void
requests_are_shown_by_the_hour(void **state)
{
	struct json_object *last;
	int64_t at = now();

	(void)state;
	only_of_a_file();
	journal_close(open_lane());
	count("h", 202, at);
	count("h", 401, at);
	count("h", 503, at);
	see_at(at);
	assert_int_equal(length_at(object, "hours"), 24);
	last = json_at(object, "hours/23");
	assert_int_equal(number_at(last, "queued"), 1);
	assert_int_equal(number_at(last, "refused"), 2);
	assert_int_equal(number_at(last, "delivered"), 0);
	expect_in(see(""), "The last 24 hours");
	expect_in(see("since=2d"), "Since 2");
	assert_int_equal(length_at(see_more("&since=2d"), "hours"), 49);
	expect_in(see("since=60d"), "The last 35 days");
	assert_int_equal(length_at(see_more("&since=60d"), "hours"), 35 * 24);
	expect_in(see("since=7d"),
	    "<a href=\"?since=7d\" aria-current=\"true\">7 days</a>");
	/* What is still to come. */
	assert_int_equal(length_at(see_more("&since=2100-01-01"), "hours"), 1);
}

static void
a_pipeline_has_a_bar_for_each_of_its_last_runs(void **state)
{
	struct journal *journal = open_lane();

	char text[64];
	const char *html;

	(void)state;
	for (int i = 0; i < 35; i++) {
		snprintf(text, sizeof(text), "-%d start p r%d; -%d done p r%d",
		    101 - i, i, 101 - i, i);
		tell(journal, "h", text);
	}
	tell(journal, "h", "-3 stop p s; -2 start p t");
	see_json();
	assert_int_equal(length_at(object, "pipelines/0/runs"), 30);
	assert_string_equal(text_at(object, "pipelines/0/runs/0/run"), "t");
	assert_string_equal(text_at(object, "pipelines/0/runs/0/outcome"),
	    "open");
	assert_string_equal(text_at(object, "pipelines/0/runs/29/run"), "r7");
	assert_string_equal(text_at(object, "pipelines/0/state"), "failing");
	html = see("");
	expect_in(html,
	    "The last 30 runs, oldest first: 28 success, 1 stopped, 1 open");
	/* And as a table. */
	expect_in(html, "<summary>Figures of the last 30 runs</summary>");
	expect_in(html,
	    "<td class=\"num\" data-label=\"success\">28</td>"
	    "<td class=\"num\" data-label=\"partial\">0</td>"
	    "<td class=\"num\" data-label=\"failure\">0</td>"
	    "<td class=\"num\" data-label=\"stopped\">1</td>"
	    "<td class=\"num\" data-label=\"unknown\">0</td>"
	    "<td class=\"num\" data-label=\"open\">1</td>"
	    "<td class=\"num\" data-label=\"Median duration\">0 ms</td>");
	journal_close(journal);
}

static void
a_pipeline_that_is_shown_has_its_usual_duration(void **state)
{
	struct journal *journal = open_lane();

	(void)state;
	tell(journal, "h", "-10 start p; -8 done p; -7 start p; -5 done p");
	see_json();
	assert_int_equal(number_at(object, "pipelines/0/usual_duration"), 120);
	journal_close(journal);
}

static void
the_last_events_are_shown_with_the_states_of_their_deliveries(void **state)
{
	struct journal *journal = open_lane();

	static const uint8_t random[10];
	struct sample sample;
	const char *html;

	(void)state;
	for (unsigned i = 1; i <= 11; i++)
		append_sample(journal, "h", i, "");
	fill_sample(&sample, "h", 12);
	/* Those of one millisecond are in no order. */
	uuid7(sample.receipt.received + 1, random, sample.receipt.id);
	sample.entry.routes_len = 2;
	assert_int_equal(append_and_wait(journal, &sample.entry), RC_OK);
	execute("UPDATE deliveries SET state = 2 WHERE seq = 12");
	see_json();
	/* Ten events, of which one has two. */
	assert_int_equal(length_at(object, "events"), 11);
	assert_string_equal(text_at(object, "events/0/id"), sample.receipt.id);
	assert_string_equal(text_at(object, "events/1/id"), sample.receipt.id);
	html = see("");
	expect_in(html,
	    "<span class=\"badge good\">done</span> "
	    "<span class=\"badge wait\">queued</span>");
	expect_in(html, "<a href=\"?view=events\">All events</a>");
	journal_close(journal);
}

static void
what_was_done_by_hand_is_shown(void **state)
{
	struct journal *journal = open_lane();

	(void)state;
	append_sample(journal, "h", 1, "");
	expect_not_in(see(""), "Last actions");
	execute("INSERT INTO actions(seq, time, who, action, target, matched,"
		" done) VALUES(1, 1700000000000, '<alice>', 'drop',"
		" '?view=events', 7, 5)");
	expect_in(see(""), "<bdi>&lt;alice&gt;</bdi>");
	expect_in(see(""), "<a href=\"?view=events\">Events: ");
	assert_string_equal(text_at(see_json(), "actions/0/who"), "<alice>");
	assert_int_equal(number_at(see_json(), "actions/0/done"), 5);
	journal_close(journal);
}

static void
what_a_sender_makes_up_is_escaped(void **state)
{
	struct journal *journal = open_lane();
	const char *html;

	(void)state;
	tell(journal, "h", "-8 fail p b <script>\xe2\x80\xae");
	html = see("");
	expect_not_in(html, "<script>");
	expect_in(html, "<bdi>&lt;script&gt;");
	assert_non_null(
	    strstr(text_at(see_json(), "problems/0/text"), "<script>"));
	journal_close(journal);
}

/* What is damaged is left out, and there is the rest. */
static void
damaged_rows_are_left_out(void **state)
{
	struct journal *journal = open_lane();

	(void)state;
	tell(journal, "h", "-9 done p a; -8 done p b; -7 done q c");
	execute("UPDATE runs SET outcome = 7 WHERE run = 'a'");
	open_looks();
	looked = look_as(&site, ACCESS_VIEW, "");
	assert_int_equal(looked->rc, RC_CORRUPT);
	/* Nobody knows. */
	assert_not_shown(looked, "Nothing is wrong");
	assert_shown(looked, "The last run: 1 success");
	journal_close(journal);
}

static void
it_ends_where_there_is_no_more_time(void **state)
{
	(void)state;
	journal_close(open_lane());
	open_looks();
	journal_set_deadline(site.looks, clock_steady() - 1);
	looked = look_as(&site, ACCESS_VIEW, "");
	assert_int_equal(looked->rc, RC_SLOW);
}

static int64_t
work_of(unsigned events)
{
	struct journal *journal = open_lane();

	for (unsigned i = 0; i < events; i++)
		append_sample(journal, "h", i, "");
	execute("UPDATE deliveries SET state = 2");
	journal_close(journal);
	forget();
	open_looks();
	work_done(site.looks);
	looked = look(&site, "");
	return work_done(site.looks);
}

static void
many_events_are_no_more_work_than_few(void **state)
{
	int64_t few;

	(void)state;
	few = work_of(20);
	assert_in_range(work_of(400), few / 2, 2 * few);
}

#define LOOK(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LOOK(who_is_new_is_told_what_comes_next),
		LOOK(where_nothing_is_wrong_one_line_says_so),
		LOOK(what_is_wrong_comes_before_anything_else),
		LOOK(a_failing_pipeline_is_told_with_its_cause),
		LOOK(an_event_that_is_not_known_is_named_as_the_cause),
		LOOK(a_run_that_is_stuck_is_told),
		LOOK(a_pipeline_that_is_late_is_told),
		LOOK(that_a_pipeline_is_muted_is_told_with_what_is_wrong),
		LOOK(of_many_pipelines_the_rest_is_one_sentence),
		LOOK(dead_deliveries_are_counted),
		LOOK(an_event_that_waits_for_long_is_told),
		LOOK(
		    that_nobody_runs_the_queue_is_told_once_something_is_due_for_long),
		LOOK(whoever_runs_the_queue_has_time_to_start_with_the_machine),
		LOOK(who_runs_something_runs_the_queue),
		LOOK(a_hook_that_is_watched_is_silent_after_its_limit),
		LOOK(a_hook_without_an_event_for_a_day_of_counting_is_silent),
		LOOK(refused_requests_are_told_by_status_and_reason),
		LOOK(counts_that_cannot_be_used_are_told),
		LOOK(events_of_a_hook_that_is_gone_are_told),
		LOOK(requests_are_shown_by_the_hour),
		LOOK(a_pipeline_has_a_bar_for_each_of_its_last_runs),
		LOOK(a_pipeline_that_is_shown_has_its_usual_duration),
		LOOK(
		    the_last_events_are_shown_with_the_states_of_their_deliveries),
		LOOK(what_was_done_by_hand_is_shown),
		LOOK(what_a_sender_makes_up_is_escaped),
		LOOK(damaged_rows_are_left_out),
		LOOK(it_ends_where_there_is_no_more_time),
		LOOK(many_events_are_no_more_work_than_few),
	};

	return cmocka_run_group_tests_name("overview", tests, NULL, NULL);
}
