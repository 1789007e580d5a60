/* SPDX-License-Identifier: ISC */
#include <stdatomic.h>
#include <string.h>
#include <strings.h>

#include "page/page.h"

#include "base/clock.h"
#include "base/log.h"
#include "config/conf.h"
#include "http/reply.h"
#include "page/access.h"
#include "page/action.h"
#include "page/answer.h"
#include "page/frame.h"
#include "page/query.h"
#include "page/site.h"
#include "page/told.h"
#include "page/view.h"
#include "receive/exchange.h"

/* One answer in the making. */
struct serving {
	struct page_site *site;
	struct exchange *exchange;
	struct access access;
	struct query query;
	struct page page;
	const char *error; /* of a query that is none */
	struct buf body;
	struct buf location;
};

enum {
	CROWD_REPORT = 60 * 1000, /* ms between lines that tell of one */
	CROWD_QUIET = -1,
};

/* Why something was refused, for the log. */
struct why {
	const char *reason; /* NULL: it was not */
	int64_t requests;   /* that were, of a crowd; 0: one; or CROWD_QUIET */
};

#define LOG_SAYS "The log of pelihook says why; pelihookctl check may help."

#define ROW(status, title, text)                                               \
	{                                                                      \
		status, title, text                                            \
	}

/* What a reason is told as; texts are for people. */
static const struct frame_error rows[] = {
	[RC_ACCESS] = ROW(403, "Not allowed", "You may not do this."),
	[RC_METHOD] = ROW(405, "Not possible",
	    "This page answers GET, HEAD and POST."),
	[RC_LENGTH] = ROW(400, "Not understood",
	    "CONTENT_LENGTH is not a number."),
	[RC_LARGE] = ROW(413, "Too large",
	    "The form is larger than 64 KiB: go back and ask for less."),
	[RC_ENCODED] = ROW(415, "Not understood",
	    "A form has to come as application/x-www-form-urlencoded, without "
	    "a Content-Encoding."),
	[RC_SHORT] = ROW(400, "Not understood",
	    "The form did not arrive whole: go back and send it again."),
	[RC_SLOW] = ROW(408, "Too slow",
	    "The request took too long to arrive: go back and send it "
	    "again."),
	[RC_REPEATED] = ROW(400, "Not understood",
	    "A header that may be there once is there twice."),
	[RC_CONFIG] = ROW(503, "Not set up", LOG_SAYS),
	[RC_BODIES] = ROW(503, "Busy",
	    "Too many requests are arriving: try again in a moment."),
	[RC_CROWDED] = ROW(503, "Busy",
	    "Too many pages are being made: try again in a moment."),
	[RC_STORE] = ROW(503, "The journal cannot be used", LOG_SAYS),
	[RC_LOCKED] = ROW(503, "The journal is locked",
	    "Something else kept it locked for too long: try again in a "
	    "moment."),
	[RC_CORRUPT] = ROW(503, "The journal is damaged", LOG_SAYS),
	[RC_STOPPING] = ROW(503, "Stopping",
	    "pelihook is stopping: try again in a moment."),
	[RC_MEMORY] = ROW(503, "Out of memory",
	    "There is no memory for this page now: try again in a "
	    "moment."),
	[RC_SYSTEM] = ROW(500, "Not possible", LOG_SAYS),
	[RC_SYNTAX] = ROW(400, "Not understood",
	    "The form does not say all that is needed: go back, load the page "
	    "again and send it from there."),
	[RC_MISSING] = ROW(404, "Not found",
	    "There is nothing of that name here. It may have been deleted, as events "
	    "stay as long as keep says, or never been kept, like what is ignored "
	    "and what a hook that waits receives."),
	[RC_RANGE] = ROW(404, "More than one",
	    "Several events have such an ID: give more of it."),
};

static const struct frame_error too_slow = ROW(503, "Too slow",
    "Reading this took more than 2 s, which is as long as a page may take: "
    "narrow it down, by time for example, or try again in a moment.");

static const struct frame_error gone = ROW(503, "The journal is gone",
    "Its files were taken away or replaced while pelihook had them open, so "
    "that nothing can be shown or stored: stop pelihook, put them back, and "
    "start it again.");

/* Of a reason that has none. */
static struct frame_error
row_of(enum rc reason)
{
	if ((size_t)reason < sizeof(rows) / sizeof(rows[0]) &&
	    rows[reason].status != 0)
		return rows[reason];
	return rows[RC_SYSTEM];
}

/* The query, also where the server gives several. */
static const char *
query_text(const struct exchange *exchange)
{
	unsigned count;
	const char *text = request_variable(&exchange->request, "QUERY_STRING",
	    &count);

	return text == NULL ? "" : text;
}

static bool
is_head(const struct exchange *exchange)
{
	return strcmp(exchange->request.method, "HEAD") == 0;
}

static bool
is_post(const struct exchange *exchange)
{
	return strcmp(exchange->request.method, "POST") == 0;
}

/* Of requests that there are too many of, for all threads of the process. */
static struct {
	atomic_int_fast64_t report_at;
	atomic_int_fast64_t untold;
} crowd;

/* How many there were since the last line that tells of them; CROWD_QUIET: it
 * is too soon for another one. */
static int64_t
count_crowd(void)
{
	int_fast64_t at = atomic_load(&crowd.report_at);
	int64_t now = clock_steady();

	atomic_fetch_add(&crowd.untold, 1);
	if (now < at ||
	    !atomic_compare_exchange_strong(&crowd.report_at, &at,
		now + CROWD_REPORT))
		return CROWD_QUIET;
	return atomic_exchange(&crowd.untold, 0);
}

static void
log_answer(const struct exchange *exchange, const struct answer *answer,
    const struct why *why)
{
	enum log_level level = answer->status >= 500 ? LOG_LEVEL_ERROR :
	    answer->status >= 400		     ? LOG_LEVEL_WARNING :
						       LOG_LEVEL_DEBUG;
	struct log_line line;
	struct access access = { 0 };

	if (why->requests == CROWD_QUIET)
		return;
	log_begin(&line, level, why->reason == NULL ? "page" : "page refused");
	log_number(&line, "status", answer->status);
	log_text(&line, "reason", why->reason);
	if (why->requests > 0)
		log_number(&line, "requests", why->requests);
	/* What is there twice was logged once. */
	if (answer->status != 500 &&
	    access_judge(&exchange->request, &access) == RC_OK)
		log_text(&line, "who", access.user);
	log_text(&line, "method", exchange->request.method);
	log_text(&line, "remote", exchange->request.remote_addr);
	log_number(&line, "ms", clock_wall() - exchange->request.received);
	log_end(&line);
}

/* The reply may free the request's variables, and let the next one begin:
 * nothing of this one is left by then. */
static void
send_answer(struct exchange *exchange, const struct answer *answer,
    const struct why *why)
{
	struct gateway gateway = exchange->gateway;
	int64_t left = exchange_unread(exchange);
	struct buf text = { 0 };
	struct bytes bytes = answer_print(answer, &text) == RC_OK ?
	    buf_view(&text) :
	    reply_last_resort();

	log_answer(exchange, answer, why);
	exchange_close(exchange);
	if (gateway.reply(gateway.context, bytes, left) != RC_OK)
		log_say(LOG_LEVEL_WARNING, "a page could not be written");
	buf_free(&text);
}

/* page: NULL where none was begun. */
static void
send_error(struct exchange *exchange, const struct page *page,
    const struct frame_error *row, int64_t requests)
{
	const struct why why = { row->text, requests };
	struct answer answer = {
		.status = row->status,
		.type = ANSWER_HTML,
		.head = is_head(exchange),
	};
	struct buf body = { 0 };

	if (page != NULL ? page->query->json :
			   query_asks_json(query_text(exchange))) {
		answer.type = ANSWER_PROBLEM;
		reply_print_problem(row->status, row->text, &body);
	} else {
		frame_error(page, row, &body);
	}
	answer.body = buf_view(&body);
	send_answer(exchange, &answer, &why);
	buf_free(&body);
}

static void
page_done(struct exchange *exchange, const struct exchange_end *end)
{
	struct frame_error row = row_of(end->reason);
	bool crowded = end->reason == RC_CROWDED || end->reason == RC_BODIES;

	if (exchange->error != NULL)
		row.text = exchange->error;
	send_error(exchange, NULL, &row, crowded ? count_crowd() : 0);
}

void
page_refuse(struct exchange *exchange, enum rc reason)
{
	const struct exchange_end end = {
		.outcome = OUTCOME_REFUSED,
		.reason = reason,
	};

	page_done(exchange, &end);
}

static enum rc
refuse(struct exchange *exchange, enum rc rc, const char *error)
{
	exchange->error = error;
	return rc;
}

static bool
is_form(struct bytes type)
{
	static const char form[] = "application/x-www-form-urlencoded";
	struct bytes name = { 0 };

	(void)bytes_split(&type, ";", &name);
	name = bytes_trim(name);
	return name.len == sizeof(form) - 1 &&
	    strncasecmp(name.data, form, name.len) == 0;
}

/* What only a form has to be. */
static enum rc
admit_form(struct exchange *exchange, const struct access *access)
{
	const struct request *request = &exchange->request;
	const char *type;

	if (access->right != ACCESS_OPERATE)
		return refuse(exchange, RC_ACCESS,
		    "You may look, and not change anything: for that the web "
		    "server has to set PELIHOOK_PAGE to operate.");
	if (!access_is_same_origin(request))
		return refuse(exchange, RC_ACCESS,
		    "This did not come from this page itself, as your browser "
		    "tells (Sec-Fetch-Site, or Origin and Host): open the page "
		    "and do it there.");
	if (request_setting(request, "CONTENT_TYPE", &type) != RC_OK)
		return RC_SYSTEM;
	return is_form(bytes_of(type)) ? RC_OK : RC_ENCODED;
}

static bool
is_answered(const char *method)
{
	return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 ||
	    strcmp(method, "POST") == 0;
}

/* Whether the server says one thing of all that is looked at here: of what
 * chooses a hook it may say what it likes. */
static enum rc
check_settings(const struct request *request)
{
	static const char *const names[] = { "REQUEST_METHOD", "CONTENT_LENGTH",
		"REMOTE_ADDR" };
	const char *value;
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < sizeof(names) / sizeof(names[0]);
	     i++)
		rc = request_setting(request, names[i], &value);
	return rc;
}

enum rc
page_admit(struct exchange *exchange)
{
	const struct request *request = &exchange->request;
	struct access access;
	enum rc rc = RC_OK;

	exchange->done = page_done;
	exchange->max_body = PAGE_BODY;
	exchange->read_timeout = PAGE_READ_TIMEOUT;
	if (access_judge(request, &access) != RC_OK)
		return refuse(exchange, RC_SYSTEM, access.error);
	if (access.right == ACCESS_NONE)
		return refuse(exchange, RC_ACCESS, access.error);
	if (check_settings(request) != RC_OK)
		return RC_SYSTEM;
	if (!is_answered(request->method))
		return RC_METHOD;
	if (exchange->conf == NULL)
		return RC_CONFIG;
	if (exchange->conf->journal == NULL)
		return refuse(exchange, RC_CONFIG,
		    "The configuration has no journal line, so there is "
		    "nothing to be shown: see pelihook.conf(5).");
	if (is_post(exchange))
		rc = admit_form(exchange, &access);
	return rc == RC_OK ? request_admit(request, PAGE_BODY) : rc;
}

enum rc
page_read(struct exchange *exchange)
{
	return is_post(exchange) ? exchange_read_body(exchange) : RC_OK;
}

static void
print_view(struct serving *serving, const struct view *view)
{
	struct json json = { .into = &serving->body };
	struct page *page = &serving->page;

	if (!page->query->json) {
		frame_view(page, view, view->title(page), &serving->body);
		return;
	}
	json_open(&json, NULL, '{');
	view->json(page, &json);
	told_json(page, &json);
	json_bool(&json, "damaged", page->damaged);
	json_bool(&json, "behind", page->behind);
	json_close(&json, '}');
	buf_char(&serving->body, '\n');
}

/* text: the query of a URL or of a form. */
static enum rc
parse(struct serving *serving, const char *text)
{
	return query_parse(text, serving->page.now, serving->page.pool,
	    &serving->query, &serving->error);
}

static void
send_trouble(struct serving *serving, enum rc rc, bool looked)
{
	struct frame_error row = rc == RC_SLOW && looked ? too_slow :
							   row_of(rc);

	if (rc == RC_STORE && page_site_is_gone(serving->site))
		row = gone;
	if (rc == RC_SYNTAX && serving->error != NULL)
		row.text = serving->error;
	/* What the query says of JSON may not have been reached. */
	if (!looked && query_asks_json(query_text(serving->exchange)))
		serving->query.json = true;
	send_error(serving->exchange, &serving->page, &row, 0);
}

static void
serve_view(struct serving *serving)
{
	struct answer answer = { .status = 200, .type = ANSWER_HTML };
	struct exchange *exchange = serving->exchange;
	const struct view *view;
	const char *text;
	enum rc rc = request_setting(&exchange->request, "QUERY_STRING", &text);

	if (rc != RC_OK)
		rc = RC_SYSTEM;
	else
		rc = parse(serving, text);
	if (rc != RC_OK) {
		send_trouble(serving, rc, false);
		return;
	}
	view = view_of(serving->query.view);
	rc = page_site_look(serving->site, &serving->page, view);
	if (rc == RC_OK) {
		print_view(serving, view);
		rc = serving->body.rc;
	}
	if (rc != RC_OK) {
		send_trouble(serving, rc, true);
		return;
	}
	answer.head = is_head(exchange);
	if (serving->query.json)
		answer.type = ANSWER_JSON;
	answer.body = buf_view(&serving->body);
	send_answer(exchange, &answer, &(struct why){ 0 });
}

/* To the page of what it was about, which tells what was done. */
static enum rc
print_location(struct serving *serving, int64_t seq)
{
	struct html_pair pairs[ACTION_PAIRS + 2];
	char done[BYTES_DECIMAL];
	size_t n;
	enum rc rc = action_pairs(&serving->page, pairs, &n);

	if (rc != RC_OK)
		return rc;
	pairs[n++] = (struct html_pair){ "format",
		serving->query.json ? "json" : "" };
	pairs[n++] = (struct html_pair){ "done",
		bytes_decimal((unsigned long long)seq, done) };
	html_print_query(&serving->location, pairs, n);
	return serving->location.rc;
}

/* What a form is about is in its address, and what is to be done in its body:
 * together they are one query. */
static enum rc
parse_form(struct serving *serving)
{
	const struct request *request = &serving->exchange->request;
	const struct buf *body = &request->body;
	const char *text;
	enum rc rc = request_setting(request, "QUERY_STRING", &text);

	if (rc != RC_OK)
		return RC_SYSTEM;
	/* A text ends at its first NUL; this one has none (%00). */
	if (body->len > 0 && memchr(body->data, '\0', body->len) != NULL)
		return RC_SYNTAX;
	text = pool_printf(serving->page.pool, "%s&%s", text,
	    body->len > 0 ? body->data : "");
	return text == NULL ? RC_MEMORY : parse(serving, text);
}

static enum rc
act(struct serving *serving)
{
	struct page_site *site = serving->site;
	struct journal *journal;
	int64_t seq;
	enum rc rc = parse_form(serving);

	if (rc == RC_OK)
		rc = page_site_act(site, serving->page.conf->journal, &journal);
	if (rc == RC_OK)
		rc = action_name_event(journal, serving->page.pool,
		    &serving->query);
	if (rc == RC_OK && action_is_of_pipeline(&serving->query))
		page_site_assemble(site, &serving->page,
		    clock_steady() + PAGE_ASSEMBLE_FIRST);
	if (rc == RC_OK)
		rc = action_do(&serving->page, journal,
		    page_site_stopping(site), &seq);
	return rc == RC_OK ? print_location(serving, seq) : rc;
}

static bool
serve_form(struct serving *serving)
{
	struct answer answer = { .status = 303 };
	enum rc rc = act(serving);

	if (rc != RC_OK) {
		send_trouble(serving, rc, false);
		return false;
	}
	answer.location = buf_view(&serving->location);
	send_answer(serving->exchange, &answer, &(struct why){ 0 });
	return strcmp(serving->query.action, "retry") == 0;
}

bool
page_serve(struct page_site *site, struct exchange *exchange)
{
	struct pool pool = { 0 };
	struct serving serving = { .site = site, .exchange = exchange };
	bool due = false;

	/* It was admitted by the same. */
	(void)access_judge(&exchange->request, &serving.access);
	serving.access.user = access_user_text(&serving.access, &pool);
	if (serving.access.user == NULL) {
		page_refuse(exchange, RC_MEMORY);
		return false;
	}
	serving.query = (struct query){ .action = "" };
	serving.page = (struct page){
		.query = &serving.query,
		.access = &serving.access,
		.now = clock_wall(),
		.booted = clock_wall() - clock_boot(),
		.conf = exchange->conf,
		.operates = serving.access.right == ACCESS_OPERATE,
		.pool = &pool,
	};
	if (is_post(exchange))
		due = serve_form(&serving);
	else
		serve_view(&serving);
	buf_free(&serving.body);
	buf_free(&serving.location);
	pool_free(&pool);
	return due;
}
