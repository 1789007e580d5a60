/* SPDX-License-Identifier: ISC */
#include <ctype.h>

#include "../front.h"
#include "../viewing.h"

#include "base/log.h"
#include "journal/shared.h"
#include "page/page.h"
#include "page/site.h"
#include "receive/exchange.h"

/* Requests as a front end hands them on, to a journal of two events. */

#define GET "REQUEST_METHOD=GET"
#define HEAD "REQUEST_METHOD=HEAD"
#define POST "REQUEST_METHOD=POST"
#define VIEW "PELIHOOK_PAGE=view"
#define OPERATE "PELIHOOK_PAGE=operate"
#define ANNA "REMOTE_USER=anna"
#define SAME "HTTP_SEC_FETCH_SITE=same-origin"
#define FORM "CONTENT_TYPE=application/x-www-form-urlencoded"

static struct site site;
static struct shared_journal *shared;
static struct page_site *pages;
static char first[UUID_SIZE]; /* an event */

static int
begin(void **state)
{
	if (make_place(state) != 0 || scratch_log(LOG_LEVEL_DEBUG) != 0)
		return -1;
	site = open_site();
	assert_int_equal(shared_journal_open(journal_path, 0, &shared), RC_OK);
	assert_int_equal(page_site_open(shared, &pages), RC_OK);
	snprintf(first, sizeof(first), "%s",
	    store_event(site.writes, "x", NULL));
	store_event(site.writes, "y", NULL);
	return 0;
}

static int
end(void **state)
{
	page_site_close(pages);
	shared_journal_close(shared);
	close_site(&site);
	return scratch_end(state);
}

static bool
was_logged(const char *text)
{
	return count_of(scratch_path("log"), text) > 0;
}

static void
assert_told(const struct front *front, const char *text)
{
	if (!holds_text(buf_view(&front->output), text))
		fail_msg("without %s: %s", text, front->output.data);
}

static void
assert_not_told(const struct front *front, const char *text)
{
	if (holds_text(buf_view(&front->output), text))
		fail_msg("with %s: %s", text, front->output.data);
}

/* What a front end does; whether something may have become due. */
static bool
serve(struct front *front, struct conf *conf)
{
	const struct gateway gateway = front_gateway(front);
	struct exchange *exchange = exchange_open(&gateway, conf);
	bool due = false;
	enum rc rc;

	assert_non_null(exchange);
	rc = page_admit(exchange);
	if (rc == RC_OK)
		rc = page_read(exchange);
	if (rc == RC_OK)
		due = page_serve(pages, exchange);
	else
		page_refuse(exchange, rc);
	assert_int_equal(front->replies, 1);
	assert_true(front->replied_last);
	assert_int_equal(front->output.rc, RC_OK);
	return due;
}

static bool
answers(const struct front *front, const char *status)
{
	char line[16];

	snprintf(line, sizeof(line), "Status: %s ", status);
	return bytes_begin(buf_view(&front->output), line);
}

#define assert_answer(front, status)                                           \
	do {                                                                   \
		if (!answers(front, status))                                   \
			fail_msg("not %s: %.60s", status,                      \
			    (front)->output.data);                             \
	} while (0)

/* The request of a form. */
static void
ask_form(struct front *front, const char *form)
{
	static const char *const variables[] = { POST, OPERATE, ANNA, SAME,
		FORM };

	*front = (struct front){ .input = bytes_of(form) };
	for (size_t i = 0; i < COUNT(variables); i++)
		front_add(front, variables[i]);
}

static bool
send_form(struct front *front, const char *form)
{
	ask_form(front, form);
	return serve(front, site.conf);
}

/* The state of the first event's delivery. */
static enum journal_state
state_of(const char *id)
{
	struct journal_event_report report;
	struct pool pool = { 0 };
	enum journal_state state;

	assert_int_equal(journal_show(site.writes, id, &pool, &report), RC_OK);
	state = report.deliveries[0].state;
	pool_free(&pool);
	return state;
}

/* What is refused. */

static const struct {
	const char *name;
	const char *variables[8];
	const char *input;
	const char *status;
	unsigned reads; /* at most; 0: nothing is read */
} refused[] = {
	{ "nobody", { GET, VIEW }, "", "403", 0 },
	{ "another right", { GET, "PELIHOOK_PAGE=all", ANNA }, "", "403", 0 },
	{ "two rights", { GET, VIEW, OPERATE, ANNA }, "", "500", 0 },
	{ "two users", { GET, VIEW, ANNA, "REMOTE_USER=emil" }, "", "500", 0 },
	{ "two queries",
	    { GET, VIEW, ANNA, "QUERY_STRING=", "QUERY_STRING=view=events" },
	    "", "500", 0 },
	{ "two methods", { GET, POST, VIEW, ANNA }, "", "500", 0 },
	{ "two methods and two paths",
	    { GET, POST, VIEW, ANNA, "PATH_INFO=/a", "PATH_INFO=/b" }, "",
	    "500", 0 },
	{ "two lengths",
	    { POST, OPERATE, ANNA, SAME, FORM, "CONTENT_LENGTH=1",
		"CONTENT_LENGTH=2" },
	    "action=retry", "500", 0 },
	{ "two addresses",
	    { GET, VIEW, ANNA, "REMOTE_ADDR=::1", "REMOTE_ADDR=::2" }, "",
	    "500", 0 },
	{ "PUT", { "REQUEST_METHOD=PUT", OPERATE, ANNA, SAME, FORM }, "", "405",
	    0 },
	{ "DELETE", { "REQUEST_METHOD=DELETE", OPERATE, ANNA, SAME }, "", "405",
	    0 },
	{ "OPTIONS", { "REQUEST_METHOD=OPTIONS", VIEW, ANNA }, "", "405", 0 },
	{ "get", { "REQUEST_METHOD=get", VIEW, ANNA }, "", "405", 0 },
	{ "no method", { VIEW, ANNA }, "", "405", 0 },

	{ "a form to look at", { POST, VIEW, ANNA, SAME, FORM }, "action=retry",
	    "403", 0 },
	{ "a form from nowhere", { POST, OPERATE, ANNA, FORM }, "action=retry",
	    "403", 0 },
	{ "a form from elsewhere",
	    { POST, OPERATE, ANNA, FORM, "HTTP_SEC_FETCH_SITE=cross-site" },
	    "action=retry", "403", 0 },
	{ "a form of another host",
	    { POST, OPERATE, ANNA, FORM, "HTTP_ORIGIN=https://evil",
		"HTTP_HOST=a" },
	    "action=retry", "403", 0 },
	{ "another type",
	    { POST, OPERATE, ANNA, SAME, "CONTENT_TYPE=text/plain" }, "", "415",
	    0 },
	{ "JSON",
	    { POST, OPERATE, ANNA, SAME, "CONTENT_TYPE=application/json" },
	    "{}", "415", 0 },
	{ "no type", { POST, OPERATE, ANNA, SAME }, "", "415", 0 },
	{ "a longer type",
	    { POST, OPERATE, ANNA, SAME,
		"CONTENT_TYPE=application/x-www-form-urlencodedx" },
	    "", "415", 0 },
	{ "two types",
	    { POST, OPERATE, ANNA, SAME, FORM, "CONTENT_TYPE=text/plain" }, "",
	    "500", 0 },
	{ "encoded",
	    { POST, OPERATE, ANNA, SAME, FORM, "HTTP_CONTENT_ENCODING=gzip" },
	    "", "415", 0 },
	{ "no length", { POST, OPERATE, ANNA, SAME, FORM, "CONTENT_LENGTH=x" },
	    "", "400", 0 },
	{ "too large",
	    { POST, OPERATE, ANNA, SAME, FORM, "CONTENT_LENGTH=65537" }, "",
	    "413", 0 },
	{ "short", { POST, OPERATE, ANNA, SAME, FORM, "CONTENT_LENGTH=99" },
	    "action=retry", "400", 2 },

	{ "no such view", { GET, VIEW, ANNA, "QUERY_STRING=view=x" }, "", "400",
	    0 },
	{ "no such parameter",
	    { GET, VIEW, ANNA, "QUERY_STRING=PELIHOOK_PAGE=operate" }, "",
	    "400", 0 },
	{ "twice the same", { GET, VIEW, ANNA, "QUERY_STRING=hook=a&hook=b" },
	    "", "400", 0 },
	{ "no such event",
	    { GET, VIEW, ANNA, "QUERY_STRING=view=event&id=ffffffff" }, "",
	    "404", 0 },
	{ "no such pipeline",
	    { GET, VIEW, ANNA, "QUERY_STRING=view=pipeline&hook=h&id=x" }, "",
	    "404", 0 },

	{ "no action", { POST, OPERATE, ANNA, SAME, FORM }, "", "400", 2 },
	{ "no such action", { POST, OPERATE, ANNA, SAME, FORM },
	    "action=delete&id=1", "400", 2 },
	{ "no parameter of a form", { POST, OPERATE, ANNA, SAME, FORM },
	    "action=retry&x=1", "400", 2 },
	{ "a NUL", { POST, OPERATE, ANNA, SAME, FORM }, "action=retry&id=%00",
	    "400", 2 },
	{ "all, that nobody was asked for", { POST, OPERATE, ANNA, SAME, FORM },
	    "action=drop&hook=h", "400", 2 },
	{ "all, without how many", { POST, OPERATE, ANNA, SAME, FORM },
	    "action=drop&hook=h&seen=9&shown=9", "400", 2 },
	{ "a mute without an end", { POST, OPERATE, ANNA, SAME, FORM },
	    "action=mute&hook=h&id=p", "400", 2 },
	{ "a mute of no hook", { POST, OPERATE, ANNA, SAME, FORM },
	    "action=mute&id=p&length=1h", "400", 2 },
	{ "a mute of no pipeline", { POST, OPERATE, ANNA, SAME, FORM },
	    "action=mute&hook=h&id=p&length=1h", "404", 2 },
	{ "an action on no event", { POST, OPERATE, ANNA, SAME, FORM },
	    "action=retry&id=ffffffff", "404", 2 },
};

static void
what_is_refused_is_told_with_its_status_and_not_read(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		const char *name = refused[i].name;
		struct front front = { .input = bytes_of(refused[i].input) };

		for (size_t k = 0; refused[i].variables[k] != NULL; k++)
			front_add(&front, refused[i].variables[k]);
		serve(&front, site.conf);
		wrong += case_true(name, refused[i].status,
		    answers(&front, refused[i].status));
		wrong += case_true(name, "no more is read than may be",
		    front.reads <= refused[i].reads);
		wrong += case_number(name, front.releases, front.reads > 0);
		wrong += case_true(name, "it has a policy",
		    holds_text(buf_view(&front.output),
			"default-src 'none'; style-src 'sha256-"));
		buf_free(&front.output);
	}
	assert_int_equal(wrong, 0);
	assert_int_equal(state_of(first), JOURNAL_QUEUED);
}

static void
errors_are_json_where_json_is_asked_for(void **state)
{
	static const char *const queries[] = { "QUERY_STRING=format=json",
		"QUERY_STRING=view=event&id=ffffffff&format=json",
		"QUERY_STRING=view=nonsense&format=json",
		"QUERY_STRING=format=json&%" };

	(void)state;
	for (size_t i = 0; i < COUNT(queries); i++) {
		struct front front = { .variables = { i == 0 ? POST : GET, VIEW,
					   ANNA, queries[i] } };
		const char *body;

		serve(&front, site.conf);
		assert_told(&front,
		    "\r\nContent-Type: application/problem+json\r\n");
		body = strstr(front.output.data, "\r\n\r\n") + 4;
		assert_true(payload_is_strict(bytes_of(body)));
		buf_free(&front.output);
	}
}

static void
what_a_query_says_is_escaped_where_it_is_told(void **state)
{
	struct front front = { .variables = { GET, VIEW, ANNA,
				   "QUERY_STRING=view=%3Cb%3E%22" } };

	(void)state;
	serve(&front, site.conf);
	assert_answer(&front, "400");
	assert_told(&front, "&lt;b&gt;");
	assert_not_told(&front, "<b>");
	buf_free(&front.output);
}

static void
without_a_configuration_or_a_journal_it_says_so(void **state)
{
	struct conf none = { .file = "x.conf" };
	struct front front = { .variables = { GET, VIEW, ANNA } };
	const struct gateway gateway = front_gateway(&front);
	struct exchange *exchange = exchange_open(&gateway, NULL);

	(void)state;
	assert_int_equal(page_admit(exchange), RC_CONFIG);
	page_refuse(exchange, RC_CONFIG);
	assert_answer(&front, "503");
	buf_free(&front.output);

	front = (struct front){ .variables = { GET, VIEW, ANNA } };
	exchange = exchange_open(&gateway, site.conf);
	conf_release(exchange->conf);
	exchange->conf = &none;
	assert_int_equal(page_admit(exchange), RC_CONFIG);
	exchange->conf = NULL;
	page_refuse(exchange, RC_CONFIG);
	assert_answer(&front, "503");
	assert_told(&front, "no journal line");
	buf_free(&front.output);
}

/* The first at once; the others with what comes a minute later. */
static void
of_a_crowd_one_line_a_minute_tells(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		struct front front = { .variables = { GET, VIEW, ANNA } };
		const struct gateway gateway = front_gateway(&front);
		struct exchange *exchange = exchange_open(&gateway, site.conf);

		assert_int_equal(page_admit(exchange), RC_OK);
		page_refuse(exchange, i % 2 == 0 ? RC_CROWDED : RC_BODIES);
		assert_answer(&front, "503");
		buf_free(&front.output);
	}
	assert_int_equal(count_of(scratch_path("log"), "page refused"), 1);
	assert_true(was_logged(" requests=1 who=anna"));
}

/* What a hook would go by chooses nothing here. */
static void
neither_path_nor_hook_nor_password_matter(void **state)
{
	struct front front = { .variables = { GET, VIEW, ANNA,
				   "PATH_INFO=/none/such", "PELIHOOK_HOOK=none",
				   "PELIHOOK_HOOK=other", "PATH_INFO=/other",
				   "HTTP_AUTHORIZATION=Basic c2VjcmV0" } };

	(void)state;
	serve(&front, site.conf);
	assert_answer(&front, "200");
	assert_not_told(&front, "c2VjcmV0");
	assert_false(was_logged("c2VjcmV0"));
	buf_free(&front.output);
}

/* What is shown. */

static void
every_view_is_answered_as_html_and_as_json(void **state)
{
	static const char *const views[] = { "", "view=events",
		"view=event&id=%s", "view=pipelines", "view=actions",
		"view=confirm&action=drop" };
	char query[160] = "QUERY_STRING=";
	const size_t n = strlen(query);

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(views); i++) {
		struct front front = { .variables = { GET, OPERATE, ANNA,
					   query } };
		const char *body;
		bool json = i >= COUNT(views);

/* The only one with a %s has it. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(query + n, sizeof(query) - n, views[i % COUNT(views)],
		    first);
#pragma GCC diagnostic pop
		if (json)
			strncat(query, "&format=json", 20);
		serve(&front, site.conf);
		assert_answer(&front, "200");
		body = strstr(front.output.data, "\r\n\r\n") + 4;
		assert_told(&front,
		    json ? "\r\nContent-Type: application/json\r\n" :
			   "\r\nContent-Type: text/html; charset=utf-8\r\n");
		assert_true(json ? payload_is_strict(bytes_of(body)) :
				   bytes_begin(bytes_of(body), "<!doctype"));
		buf_free(&front.output);
	}
}

static void
head_is_answered_without_a_body(void **state)
{
	struct front front = { .variables = { HEAD, VIEW, ANNA } };

	(void)state;
	serve(&front, site.conf);
	assert_answer(&front, "200");
	assert_string_equal(strstr(front.output.data, "\r\n\r\n"), "\r\n\r\n");
	buf_free(&front.output);
}

/* Another place for a journal, and who serves it, until end_other. */
static struct {
	struct site site;
	struct shared_journal *shared;
	struct page_site *pages;
} kept;

static const char *
begin_other(const char *name)
{
	static char path[PATH_MAX];
	struct buf text = { 0 };

	kept.site = site;
	kept.shared = shared;
	kept.pages = pages;
	snprintf(path, sizeof(path), "%s", scratch_path(name));
	buf_printf(&text, "journal %s\n%s", path, viewed_hooks);
	assert_int_equal(conf_load(scratch_file("other", text.data, 0600),
			     &site.conf, &(struct buf){ .max = 4096 }),
	    RC_OK);
	buf_free(&text);
	assert_int_equal(shared_journal_open(site.conf->journal, 0, &shared),
	    RC_OK);
	assert_int_equal(page_site_open(shared, &pages), RC_OK);
	return path;
}

static void
end_other(void)
{
	page_site_close(pages);
	shared_journal_close(shared);
	conf_release(site.conf);
	site = kept.site;
	shared = kept.shared;
	pages = kept.pages;
}

static void
expect_view(const char *query, const char *status, const char *text)
{
	struct front front = { .variables = { GET, OPERATE, ANNA, query } };

	serve(&front, site.conf);
	assert_answer(&front, status);
	assert_told(&front, text);
	buf_free(&front.output);
}

static void
expect_form(const char *form, const char *status, const char *text)
{
	struct front front;

	send_form(&front, form);
	assert_answer(&front, status);
	assert_told(&front, text);
	buf_free(&front.output);
}

static void
store_start(const struct journal_subject *subject)
{
	struct sample sample;

	fill_sample(&sample, "h", 1);
	sample.entry.event = "pipeline_run_started";
	sample.entry.subject = subject;
	assert_int_equal(append_and_wait(site.writes, &sample.entry), RC_OK);
}

/* Its events were not put together yet, as nobody has looked. */
static void
a_pipeline_that_came_just_now_can_be_muted(void **state)
{
	static const struct journal_subject subject = { "p9", "p9", "r" };
	struct front front;

	(void)state;
	store_start(&subject);
	send_form(&front, "action=mute&hook=h&id=p9&length=1h");
	assert_answer(&front, "303");
	assert_true(was_logged("id=p9\" until=20"));
	buf_free(&front.output);
}

/* Whatever it is called, with characters that no text of HTML holds: by what
 * the form of its page has. */
static void
a_pipeline_of_any_identity_can_be_muted(void **state)
{
	static const char identity[] = "\u202ep\u2066\r\n\t\033\177&\"";
	static const char about[] = "view=pipeline&hook=h&id="
				    "%E2%80%AEp%E2%81%A6%0D%0A%09%1B%7F%26%22";
	const struct journal_subject subject = { identity, "p", "r" };
	char query[128] = "QUERY_STRING=";
	struct front front;

	(void)state;
	store_start(&subject);
	strncat(query, about, sizeof(query) - strlen(query) - 1);
	expect_view(query, "200",
	    "<form method=\"post\" action=\"?view=pipeline&amp;hook=h&amp;id="
	    "%E2%80%AEp%E2%81%A6%0D%0A%09%1B%7F%26%22\">"
	    "<input type=\"hidden\" name=\"action\" value=\"mute\">");
	ask_form(&front, "action=mute&length=1h");
	front_add(&front, query);
	serve(&front, site.conf);
	assert_answer(&front, "303");
	buf_free(&front.output);
	expect_view(query, "200", ">Unmute</button>");
	/* What it is about is said once. */
	ask_form(&front, "action=mute&length=1h&id=p");
	front_add(&front, query);
	serve(&front, site.conf);
	assert_answer(&front, "400");
	buf_free(&front.output);
}

static void
without_a_journal_yet_there_is_a_page_and_none_is_made(void **state)
{
	const char *path = begin_other("none.db");

	(void)state;
	expect_view("QUERY_STRING=", "200", "No event has come yet");
	expect_form("action=retry&id=0190", "404", "There is nothing");
	expect_form("action=mute&hook=h&id=p&length=1h", "404",
	    "There is nothing");
	assert_int_equal(access(path, F_OK), -1);
	end_other();
}

static void
an_empty_file_is_none_yet_and_stays_empty(void **state)
{
	const char *path = begin_other("empty.db");
	char wal[PATH_MAX + 8];
	struct stat about;

	(void)state;
	scratch_file("empty.db", "", 0600);
	expect_view("QUERY_STRING=view=events", "200", "No event");
	expect_form("action=retry&id=0190", "404", "There is nothing");
	assert_int_equal(stat(path, &about), 0);
	assert_int_equal(about.st_size, 0);
	snprintf(wal, sizeof(wal), "%s-runners", path);
	assert_int_equal(access(wal, F_OK), -1);
	end_other();
}

static void
a_get_changes_nothing_whatever_it_asks_for(void **state)
{
	char query[256];
	struct front front = { .variables = { GET, OPERATE, ANNA, SAME, FORM,
				   query } };

	(void)state;
	snprintf(query, sizeof(query),
	    "QUERY_STRING=view=event&id=%s&action=drop&seen=9"
	    "&shown=9999999999999&counted=9",
	    first);
	serve(&front, site.conf);
	assert_answer(&front, "200");
	assert_int_equal(state_of(first), JOURNAL_QUEUED);
	assert_false(was_logged("done on the page"));
	buf_free(&front.output);
}

/* What is done. */

static void
an_action_is_done_logged_kept_and_led_away_from(void **state)
{
	struct front front;
	char form[128];
	char location[128];
	struct journal_action action;
	struct pool pool = { 0 };

	(void)state;
	snprintf(form, sizeof(form), "action=drop&id=%s", first);
	assert_false(send_form(&front, form));
	assert_answer(&front, "303");
	snprintf(location, sizeof(location),
	    "\r\nLocation: ?view=event&id=%s&done=1\r\n", first);
	assert_told(&front, location);
	assert_string_equal(strstr(front.output.data, "\r\n\r\n"), "\r\n\r\n");
	buf_free(&front.output);
	assert_int_equal(state_of(first), JOURNAL_DROPPED);
	assert_true(was_logged("msg=\"done on the page\" who=anna action=drop "
			       "target=\"?view=event&id="));
	assert_int_equal(journal_action_find(site.writes, 1, &pool, &action),
	    RC_OK);
	assert_string_equal(action.who, "anna");
	assert_int_equal(action.done, 1);
	pool_free(&pool);
}

/* By the end of its ID, in either case. */
static void
an_action_is_kept_with_all_of_an_id(void **state)
{
	struct front front;
	char form[128];
	char text[128];
	char end[13];

	(void)state;
	for (size_t i = 0; i < sizeof(end); i++)
		end[i] = (char)toupper((unsigned char)first[24 + i]);
	snprintf(form, sizeof(form), "action=drop&id=%s", end);
	assert_false(send_form(&front, form));
	assert_answer(&front, "303");
	snprintf(text, sizeof(text),
	    "\r\nLocation: ?view=event&id=%s&done=", first);
	assert_told(&front, text);
	buf_free(&front.output);
	snprintf(text, sizeof(text), "target=\"?view=event&id=%s\"", first);
	assert_true(was_logged(text));
	assert_int_equal(state_of(first), JOURNAL_DROPPED);
}

static void
a_retry_may_make_something_due(void **state)
{
	struct front front;
	char form[128];

	(void)state;
	snprintf(form, sizeof(form), "action=drop&id=%s", first);
	assert_false(send_form(&front, form));
	buf_free(&front.output);
	snprintf(form, sizeof(form), "action=retry&id=%s&format=json", first);
	assert_true(send_form(&front, form));
	assert_told(&front, "&format=json&done=2\r\n");
	buf_free(&front.output);
	assert_int_equal(state_of(first), JOURNAL_QUEUED);
}

/* What was shown, and times that stay as they were meant. */
static void
all_that_matches_is_done_as_it_was_shown(void **state)
{
	struct journal_search search = { .state = -1,
		.hook = "h",
		.limit = 10,
		.looks = 100,
		.deed = JOURNAL_DEED_DROP };
	struct journal_search_count count;
	struct front front;
	char form[256];
	const char *later;

	(void)state;
	assert_int_equal(journal_search_count(site.writes, &search, &count),
	    RC_OK);
	assert_int_equal(count.deliveries, 2);
	later = store_event(site.writes, "z", NULL);
	snprintf(form, sizeof(form),
	    "action=drop&hook=h&since=1d&seen=%lld&shown=%lld&counted=%lld",
	    (long long)count.shown.seen, (long long)count.shown.time,
	    (long long)count.shown.count);
	send_form(&front, form);
	assert_answer(&front, "303");
	assert_told(&front, "Location: ?view=events&hook=h&since=20");
	buf_free(&front.output);
	assert_int_equal(state_of(first), JOURNAL_DROPPED);
	assert_int_equal(state_of(later), JOURNAL_QUEUED);
}

static void
whoever_is_named_may_look_and_act_and_is_kept_as_text(void **state)
{
	static const char form[] =
	    "action=drop&hook=h&seen=1&shown=1&counted=1";
	static const char user[] = "REMOTE_USER=<e\374\nv\033[1me>";
	struct front front = { .variables = { GET, VIEW, user } };
	struct journal_action action;
	struct pool pool = { 0 };

	(void)state;
	serve(&front, site.conf);
	assert_answer(&front, "200");
	assert_told(&front, "&lt;e\\xfc\\x0av\\x1b[1me&gt;");
	assert_not_told(&front, "\033");
	assert_not_told(&front, "\374");
	buf_free(&front.output);
	front = (struct front){ .variables = { POST, OPERATE, user, SAME,
				    FORM },
		.input = bytes_of(form) };
	serve(&front, site.conf);
	assert_answer(&front, "303");
	buf_free(&front.output);
	assert_int_equal(journal_action_find(site.writes, 1, &pool, &action),
	    RC_OK);
	assert_string_equal(action.who, "<e\\xfc\\x0av\\x1b[1me>");
	pool_free(&pool);
	expect_view("QUERY_STRING=view=actions&format=json", "200",
	    "\"who\":\"<e\\\\xfc\\\\x0av");
	assert_false(was_logged("\033"));
}

static void
nothing_of_a_form_breaks_the_line_of_a_header(void **state)
{
	struct front front;

	(void)state;
	send_form(&front,
	    "action=drop&seen=1&shown=1&counted=1&hook=a%0D%0AX-Evil:%201");
	assert_answer(&front, "303");
	assert_told(&front, "hook=a%0D%0AX-Evil");
	assert_not_told(&front, "\nX-Evil");
	buf_free(&front.output);
}

static void
a_target_that_is_too_long_is_refused(void **state)
{
	static char form[8192];
	struct front front;
	size_t n = (size_t)snprintf(form, sizeof(form),
	    "action=drop&seen=1&shown=1&counted=1&hook=");

	(void)state;
	memset(form + n, 'x', 5000);
	send_form(&front, form);
	assert_answer(&front, "400");
	buf_free(&front.output);
}

static void
a_site_that_is_stopped_ends_an_action_with_what_it_has_done(void **state)
{
	struct front front;
	struct journal_action action;
	struct pool pool = { 0 };

	(void)state;
	for (int i = 0; i < 300; i++)
		store_event(site.writes, "many", NULL);
	page_site_stop(pages);
	send_form(&front,
	    "action=drop&hook=h&event=many&seen=9999&shown=9999999999999"
	    "&counted=300");
	assert_answer(&front, "303");
	buf_free(&front.output);
	assert_int_equal(journal_action_find(site.writes, 1, &pool, &action),
	    RC_OK);
	assert_in_range(action.done, 1, 299);
	assert_non_null(strstr(action.why, "was not come to in time"));
	pool_free(&pool);
}

/* The journal. */

static void
take_away(const char *end)
{
	char path[PATH_MAX + 32];

	snprintf(path, sizeof(path), "%s%s", journal_path, end);
	assert_int_equal(unlink(path), 0);
}

static void
take_journal_away(void)
{
	static const char *const all[] = { "", "-wal", "-shm", "-runners" };

	for (size_t i = 0; i < COUNT(all); i++)
		take_away(all[i]);
}

#define GONE "taken away or replaced"

/* Neither is another one that comes in its place. */
static void
expect_gone(void)
{
	struct journal *other;

	take_journal_away();
	expect_view("QUERY_STRING=view=events", "503", GONE);
	expect_view("QUERY_STRING=format=json", "503", GONE);
	assert_int_equal(access(journal_path, F_OK), -1);
	other = open_lane();
	store_event(other, "other", NULL);
	expect_view("QUERY_STRING=view=events", "503", GONE);
	expect_view("QUERY_STRING=view=events", "503",
	    "\r\nRetry-After: 30\r\n");
	expect_form("action=retry&id=0190", "503", GONE);
	journal_close(other);
}

static void
a_journal_that_was_looked_at_is_gone_where_it_is_taken_away(void **state)
{
	(void)state;
	only_of_a_file();
	expect_view("QUERY_STRING=view=events", "200", first);
	expect_gone();
}

/* This site had not looked yet. */
static void
a_journal_that_the_process_has_open_is_gone_where_it_is_taken_away(void **state)
{
	struct journal *journal;

	(void)state;
	only_of_a_file();
	assert_int_equal(shared_journal_get(shared, &journal), RC_OK);
	expect_gone();
}

/* What is left of it would be no journal for who begins anew. */
static void
a_journal_without_its_first_file_is_gone_for_who_has_it_open(void **state)
{
	struct journal *journal;

	(void)state;
	only_of_a_file();
	assert_int_equal(shared_journal_get(shared, &journal), RC_OK);
	take_away("");
	expect_view("QUERY_STRING=view=events", "503", GONE);
}

static void
a_journal_without_its_locks_is_gone_for_who_has_it_open(void **state)
{
	struct journal *journal;
	char path[PATH_MAX + 32];

	(void)state;
	only_of_a_file();
	assert_int_equal(shared_journal_get(shared, &journal), RC_OK);
	take_away("-runners");
	expect_view("QUERY_STRING=view=events", "503", GONE);
	snprintf(path, sizeof(path), "%s-runners", journal_path);
	assert_int_equal(access(path, F_OK), -1);
}

static void
a_journal_of_an_earlier_release_is_renewed_and_shown(void **state)
{
	const char *path = begin_other("journal.db");

	(void)state;
	only_of_a_file();
	take_journal_away();
	make_earlier();
	expect_view("QUERY_STRING=view=events", "200", "<main");
	expect_view("QUERY_STRING=", "200", "<main");
	end_other();
	/* A copy that was put back. */
	path = begin_other("journal.db");
	take_away("-runners");
	expect_view("QUERY_STRING=view=events", "200", "<main");
	assert_string_equal(path, journal_path);
	assert_false(was_logged("level=error"));
	end_other();
}

static void
a_journal_in_the_place_of_the_process_one_is_not_shown(void **state)
{
	struct journal *journal;
	struct journal *other;

	(void)state;
	only_of_a_file();
	assert_int_equal(shared_journal_get(shared, &journal), RC_OK);
	take_journal_away();
	other = open_lane();
	store_event(other, "other", NULL);
	expect_view("QUERY_STRING=view=events", "503", GONE);
	journal_close(other);
	/* Nor later, when the process has not noticed itself. */
	assert_false(journal_is_gone(journal));
	expect_view("QUERY_STRING=view=events", "503", GONE);
}

/* In less time than it takes who waits as a rule. */
static void
a_view_does_not_wait_for_who_has_shut_the_journal(void **state)
{
	int64_t began;
	struct other db;

	(void)state;
	close_site(&site);
	site = (struct site){ .conf = load_viewed(viewed_hooks) };
	db = shut_journal();
	began = clock_steady();
	expect_view("QUERY_STRING=", "503", "The journal is locked");
	assert_true(clock_steady() - began < 4000);
	disconnect_other(&db);
	expect_view("QUERY_STRING=", "200", "<main");
}

static void
a_locked_journal_is_shown_and_not_changed(void **state)
{
	struct front front = { .variables = { GET, VIEW, ANNA,
				   "QUERY_STRING=view=events" } };
	struct journal *journal;
	char form[128];
	struct other db;

	(void)state;
	assert_int_equal(shared_journal_get(shared, &journal), RC_OK);
	journal_set_busy_timeout(journal, 50);
	db = lock_journal();
	serve(&front, site.conf);
	assert_answer(&front, "200");
	assert_told(&front, first);
	buf_free(&front.output);
	snprintf(form, sizeof(form), "action=drop&id=%s", first);
	send_form(&front, form);
	assert_answer(&front, "503");
	assert_told(&front, "\r\nRetry-After: 30\r\n");
	buf_free(&front.output);
	disconnect_other(&db);
	assert_int_equal(state_of(first), JOURNAL_QUEUED);
}

/* That writes, which no other view is to do. */
static void
runs_are_put_together_for_views_that_tell_of_them(void **state)
{
	static const struct {
		const char *query;
		int together; /* events of the two */
	} cases[] = {
		{ "QUERY_STRING=view=events", 0 },
		{ "QUERY_STRING=view=confirm&action=drop", 0 },
		{ "QUERY_STRING=view=actions", 0 },
		{ "QUERY_STRING=view=pipelines", 2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct front front = { .variables = { GET, OPERATE, ANNA,
					   cases[i].query } };

		serve(&front, site.conf);
		assert_answer(&front, "200");
		assert_int_equal(count_rows(site.writes,
				     "SELECT count(*) FROM events WHERE seq <="
				     " (SELECT number FROM notes"
				     " WHERE name = 'read_events')"),
		    cases[i].together);
		buf_free(&front.output);
	}
}

/* It waits for all of the time that a view has. */
static void
what_takes_longer_than_a_view_may_is_told_so(void **state)
{
	struct front front = { .variables = { GET, VIEW, ANNA } };
	int64_t began;
	int fd;

	(void)state;
	only_of_a_file();
	serve(&front, site.conf);
	assert_answer(&front, "200");
	buf_free(&front.output);
	front.replies = 0;
	began = clock_steady();
	fd = hold_index();
	serve(&front, site.conf);
	assert_true(clock_steady() >= began + PAGE_VIEW_TIME);
	assert_answer(&front, "503");
	assert_told(&front, "took more than 2 s");
	assert_told(&front, "\r\nRetry-After: 30\r\n");
	buf_free(&front.output);
	close(fd);
	front.replies = 0;
	serve(&front, site.conf);
	assert_answer(&front, "200");
	buf_free(&front.output);
}

static void
a_form_that_comes_without_a_length_is_read_to_its_end(void **state)
{
	static char large[PAGE_BODY + 1];
	struct front front;

	(void)state;
	memset(large, 'x', sizeof(large));
	ask_form(&front, "");
	front.input = (struct bytes){ large, sizeof(large) };
	serve(&front, site.conf);
	assert_answer(&front, "413");
	buf_free(&front.output);
	ask_form(&front, "action=drop");
	front.input_end = RC_SLOW;
	serve(&front, site.conf);
	assert_answer(&front, "408");
	buf_free(&front.output);
	ask_form(&front, "action=drop\0id=1");
	front.input.len = strlen("action=drop") + 5;
	serve(&front, site.conf);
	assert_answer(&front, "400");
	buf_free(&front.output);
}

static void
an_answer_that_cannot_be_written_is_logged(void **state)
{
	struct front front = { .variables = { GET, VIEW, ANNA },
		.write_rc = RC_SYSTEM };

	(void)state;
	serve(&front, site.conf);
	assert_true(was_logged("a page could not be written"));
}

#define PAGE_TEST(function)                                                    \
	cmocka_unit_test_setup_teardown(function, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PAGE_TEST(what_is_refused_is_told_with_its_status_and_not_read),
		PAGE_TEST(errors_are_json_where_json_is_asked_for),
		PAGE_TEST(what_a_query_says_is_escaped_where_it_is_told),
		PAGE_TEST(without_a_configuration_or_a_journal_it_says_so),
		PAGE_TEST(of_a_crowd_one_line_a_minute_tells),
		PAGE_TEST(neither_path_nor_hook_nor_password_matter),
		PAGE_TEST(every_view_is_answered_as_html_and_as_json),
		PAGE_TEST(head_is_answered_without_a_body),
		PAGE_TEST(
		    without_a_journal_yet_there_is_a_page_and_none_is_made),
		PAGE_TEST(a_pipeline_that_came_just_now_can_be_muted),
		PAGE_TEST(a_pipeline_of_any_identity_can_be_muted),
		PAGE_TEST(an_empty_file_is_none_yet_and_stays_empty),
		PAGE_TEST(a_get_changes_nothing_whatever_it_asks_for),
		PAGE_TEST(an_action_is_done_logged_kept_and_led_away_from),
		PAGE_TEST(an_action_is_kept_with_all_of_an_id),
		PAGE_TEST(a_retry_may_make_something_due),
		PAGE_TEST(all_that_matches_is_done_as_it_was_shown),
		PAGE_TEST(
		    whoever_is_named_may_look_and_act_and_is_kept_as_text),
		PAGE_TEST(nothing_of_a_form_breaks_the_line_of_a_header),
		PAGE_TEST(a_target_that_is_too_long_is_refused),
		PAGE_TEST(
		    a_site_that_is_stopped_ends_an_action_with_what_it_has_done),
		PAGE_TEST(
		    a_journal_that_was_looked_at_is_gone_where_it_is_taken_away),
		PAGE_TEST(
		    a_journal_that_the_process_has_open_is_gone_where_it_is_taken_away),
		PAGE_TEST(
		    a_journal_without_its_first_file_is_gone_for_who_has_it_open),
		PAGE_TEST(
		    a_journal_without_its_locks_is_gone_for_who_has_it_open),
		PAGE_TEST(a_journal_of_an_earlier_release_is_renewed_and_shown),
		PAGE_TEST(
		    a_journal_in_the_place_of_the_process_one_is_not_shown),
		PAGE_TEST(a_view_does_not_wait_for_who_has_shut_the_journal),
		PAGE_TEST(a_locked_journal_is_shown_and_not_changed),
		PAGE_TEST(runs_are_put_together_for_views_that_tell_of_them),
		PAGE_TEST(what_takes_longer_than_a_view_may_is_told_so),
		PAGE_TEST(
		    a_form_that_comes_without_a_length_is_read_to_its_end),
		PAGE_TEST(an_answer_that_cannot_be_written_is_logged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
