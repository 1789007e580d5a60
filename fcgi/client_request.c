/* SPDX-License-Identifier: ISC */
#include <malloc.h>
#include <string.h>

#include "client.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "config/conf.h"
#include "http/gateway.h"
#include "http/reply.h"
#include "page/access.h"
#include "page/page.h"
#include "receive/exchange.h"
#include "receive/serve.h"
#include "current.h"
#include "pages.h"

enum {
	CLIENT_REPORT = 60 * 1000, /* milliseconds */
	CLIENT_LARGE = 128 * 1024, /* bytes of a body */
};

/* The body, from memory: it never waits. */
static enum rc
client_read(void *context, char *into, size_t size, int64_t deadline,
    size_t *got)
{
	struct client *client = context;
	size_t n = size < client->body.len ? size : client->body.len;

	(void)deadline;
	if (n > 0)
		memcpy(into, client->body.data, n);
	client->body = bytes_skip(client->body, n);
	*got = n;
	return RC_OK;
}

static void
client_body_released(void *context)
{
	struct client *client = context;

	bodies_give(client->clients->bodies, &client->share,
	    (size_t)client->records.body_len);
}

/*
 * A request must not choose the configuration: whoever can send parameters
 * could choose his own secret.
 */
static void
warn_of_parameters(const char *const *at)
{
	for (; *at != NULL; at++)
		if (**at == 'P' && strncmp(*at, "PELIHOOK_CONFIG=", 16) == 0)
			break;
	if (*at == NULL || !log_once(LOG_ONCE_PARAMETER))
		return;
	log_say(LOG_LEVEL_WARNING,
	    "the web server sends PELIHOOK_CONFIG with "
	    "its requests: ignored, name the file with -c");
}

/* Authorizers and filters of FastCGI: what they would vouch for is unknown. */
static enum rc
check_role(struct records *records)
{
	if (records->role == RECORDS_RESPONDER)
		return RC_OK;
	records->keep = false;
	log_say(LOG_LEVEL_ERROR,
	    "the web server asks for a FastCGI role that "
	    "is not responder: refused");
	return RC_CONFIG;
}

/*
 * Of a page nothing is kept that somebody has logged in with: libfcgi never
 * sees it, and neither does a core of the process.  What was moved is wiped as
 * well.
 */
static void
forget_passwords(struct client *client, struct window *window)
{
	struct records_param param;
	size_t len = client->records.params_len;
	bool page = false;
	size_t at = 0;

	while (records_next_param(window->data, len, &at, &param))
		page |= bytes_is(param.name, "PELIHOOK_PAGE") &&
		    param.value_len > 0;
	if (!page)
		return;
	for (at = 0; records_next_param(window->data, len, &at, &param);)
		if (access_is_password(param.name))
			explicit_bzero(param.value, param.value_len);
	explicit_bzero(window->data + window->kept,
	    window->rest - window->kept);
}

/* The variables have come: libfcgi makes a request of them; *more grows by
 * what that takes. */
static enum rc
parse(struct client *client, struct desk *desk, struct window *window,
    size_t *more)
{
	const struct records *records = &client->records;
	struct responder_input input = {
		.records = records,
		.params = { window->data, records->params_len },
	};
	size_t memory;
	enum rc rc = records_check_params(input.params, &memory);

	if (rc == RC_OK &&
	    (records->role < RECORDS_RESPONDER ||
		records->role > RECORDS_FILTER))
		rc = RC_SYNTAX;
	if (rc != RC_OK)
		return rc;
	forget_passwords(client, window);
	*more += memory;
	window->data += records->params_len;
	window->kept -= records->params_len;
	window->rest -= records->params_len;
	window->len -= records->params_len;
	return responder_accept(&input, &desk->file, &client->request);
}

static enum rc
open_exchange(struct client *client)
{
	struct clients *clients = client->clients;
	const struct gateway gateway = {
		.context = client,
		.variables = responder_variables(client->request),
		.read = client_read,
		.body_released = client_body_released,
		.reply = client_reply,
	};
	struct conf *conf = current_hold(clients->current);

	warn_of_parameters(gateway.variables);
	client->exchange = exchange_open(&gateway, conf);
	conf_release(conf);
	if (client->exchange == NULL)
		return RC_MEMORY;
	client->page = access_is_asked(&client->exchange->request);
	if (client->page)
		return page_admit(client->exchange);
	client->exchange->stats = clients->stats;
	return serve_admit(client->exchange);
}

/* Whether all of the body that it is to have has come. */
static bool
is_whole(const struct client *client)
{
	const struct records *records = &client->records;
	int64_t length;

	if (client->exchange == NULL)
		return false;
	length = client->exchange->request.length;
	return records->ended ||
	    (length >= 0 && records->body_len >= (uint64_t)length);
}

/*
 * Whether the request may go on, scanned being what was made of its records
 * and more how many bytes of it have come.
 */
static enum rc
judge(struct client *client, enum rc scanned, size_t more)
{
	bool whole = is_whole(client);
	enum rc rc = bodies_take(client->clients->bodies, &client->share, more,
	    whole);

	if (client->exchange != NULL)
		client->exchange->body_len = (size_t)client->records.body_len;
	if (rc != RC_OK || whole)
		return rc;
	if (client->exchange == NULL && scanned != RC_OK)
		return scanned;
	if (client_is_over(client))
		return RC_SHORT;
	if (client->exchange != NULL &&
	    client->records.body_len > client->exchange->max_body)
		return RC_LARGE;
	return RC_OK;
}

static enum rc
take_in(struct client *client, struct desk *desk, struct window *window)
{
	size_t got;
	size_t more = 0;
	enum rc scanned;
	enum rc rc = client_receive(client, desk, window, &got);

	if (rc != RC_OK)
		return rc;
	if (client->began == 0 && window->len > 0)
		client->began = clock_steady();
	scanned = client_scan(client, window, &more);
	if (client->records.head_whole && client->request == NULL) {
		rc = parse(client, desk, window, &more);
		if (rc == RC_OK)
			rc = check_role(&client->records);
		if (rc == RC_OK)
			rc = open_exchange(client);
	}
	return rc == RC_OK ? judge(client, scanned, more) : rc;
}

/* Lines about what web servers do wrong: one a minute is enough. */
static bool
may_report(struct clients *clients)
{
	int_fast64_t at = atomic_load(&clients->report_at);
	int64_t now = clock_steady();

	return now >= at &&
	    atomic_compare_exchange_strong(&clients->report_at, &at,
		now + CLIENT_REPORT);
}

/* Where there is no exchange that would do it. */
static void
answer(struct client *client, enum rc rc)
{
	struct reply reply = reply_refused(rc);
	struct buf text = { 0 };

	if (reply_print(&reply, &text) == RC_OK)
		(void)client_reply(client, buf_view(&text), -1);
	else
		(void)client_reply(client, reply_last_resort(), -1);
	buf_free(&text);
}

/* Of a request whose variables have not all come. */
static void
report(struct client *client, const char *message, enum rc rc)
{
	const char *reason = NULL;
	struct log_line line;

	if (rc == RC_MEMORY)
		reason = "there is no memory for its request";
	else if (rc == RC_SYNTAX || rc == RC_RANGE)
		reason = "what came on it is not a request of FastCGI";
	else if (rc == RC_SLOW)
		reason = "the variables took too long to arrive";
	else if (rc == RC_BODIES)
		reason = "too many requests are arriving";
	if (reason == NULL || !may_report(client->clients))
		return;
	log_begin(&line, LOG_LEVEL_WARNING, message);
	log_text(&line, "reason", reason);
	log_end(&line);
}

/*
 * For libfcgi it is a request without variables, so that it gets its answer.
 * RC_SYNTAX: there is nothing that could be answered.
 */
static enum rc
accept_without_head(struct client *client, struct desk *desk, enum rc rc)
{
	const struct responder_input input = { .records = &client->records };

	if (!client->records.begun || client_is_over(client) ||
	    (rc != RC_SLOW && rc != RC_BODIES && rc != RC_STOPPING))
		return RC_SYNTAX;
	return responder_accept(&input, &desk->file, &client->request);
}

static void
refuse(struct client *client, struct desk *desk, const struct window *window,
    enum rc rc)
{
	struct exchange *exchange = client->exchange;

	if (client->request == NULL) {
		if (accept_without_head(client, desk, rc) != RC_OK) {
			report(client, "a connection is closed", rc);
			client_drop(client);
			return;
		}
		report(client, reply_word(OUTCOME_REFUSED, rc), rc);
	}
	client->exchange = NULL;
	client_keep_rest(client, *window);
	if (exchange == NULL)
		answer(client, rc);
	else
		serve_refuse(exchange, rc);
}

/* Its form is read here, as what it came in is another's after that. */
static void
begin_page(struct clients *clients, struct exchange *exchange)
{
	enum rc rc = page_read(exchange);

	if (rc == RC_OK)
		pages_serve(clients->pages, exchange);
	else
		page_refuse(exchange, rc);
}

/* Whoever ends the exchange has the client from then on. */
static void
begin(struct client *client, struct desk *desk, const struct window *window)
{
	struct buf input = client->input; /* the body, if not the desk's */
	struct exchange *exchange = client->exchange;
	struct clients *clients = client->clients;

	client->body = (struct bytes){ window->data, window->kept };
	client->input = (struct buf){ 0 };
	client_keep_rest(client, *window);
	connections_park(clients->connections, &client->connection);
	client->exchange = NULL;
	if (client->page)
		begin_page(clients, exchange);
	else
		serve_begin(exchange, clients->sink);
	buf_free(&input);
	memory_file_trim(&desk->file);
}

/* For the next look at it.  False: it was refused. */
static bool
keep(struct client *client, struct desk *desk, struct window *window)
{
	enum rc rc = client_keep(client, window);

	if (rc != RC_OK) {
		buf_free(&client->input);
		refuse(client, desk, window, rc);
		return false;
	}
	*window = client_window(client);
	return true;
}

/*
 * What a thread held of it goes back to the kernel: a payload of a million
 * values is a hundred times as large when it is parsed, and the C library
 * keeps what small pieces took, for each thread.
 */
static void
begin_large(struct client *client, struct desk *desk, struct window *window)
{
	struct connections *all = client->clients->connections;
	struct large *large = client->clients->large;

	if (!keep(client, desk, window))
		return;
	connections_park(all, &client->connection);
	thread_pause();
	if (!large_enter(large, client))
		return;
	do {
		*window = client_window(client);
		begin(client, desk, window);
		(void)malloc_trim(0);
		client = large_next(large);
		/* Commands of the one before do not wait for it. */
		if (client != NULL)
			(void)connections_call(all);
	} while (client != NULL);
}

/* From its first byte on. */
static int64_t
read_deadline(const struct client *client)
{
	struct conf *conf;
	int64_t timeout;

	if (client->exchange != NULL)
		return client->began + client->exchange->read_timeout;
	conf = current_hold(client->clients->current);
	timeout = conf->read_timeout;
	conf_release(conf);
	return client->began + timeout;
}

static void
wait_for_more(struct client *client, struct desk *desk, struct window *window)
{
	struct connections *all = client->clients->connections;
	bool idle = !client->records.begun && window->rest == window->len;
	enum rc rc;

	if (!keep(client, desk, window))
		return;
	if (idle) {
		client->began = 0;
		rc = connections_idle(all, &client->connection, false);
	} else {
		rc = connections_watch(all, &client->connection, WATCH_INPUT,
		    read_deadline(client));
	}
	if (rc != RC_OK)
		refuse(client, desk, window, rc);
}

void
client_read_request(struct client *client, struct desk *desk)
{
	bool aborted;
	struct window window = client_window(client);
	enum rc rc;

	if (client->began != 0 &&
	    bodies_is_evicted(client->clients->bodies, &client->share)) {
		rc = RC_BODIES;
	} else if (client->connection.late) {
		aborted = connections_are_aborted(client->clients->connections);
		rc = aborted ? RC_STOPPING : RC_SLOW;
	} else {
		rc = take_in(client, desk, &window);
	}
	if (rc != RC_OK)
		refuse(client, desk, &window, rc);
	else if (!is_whole(client))
		wait_for_more(client, desk, &window);
	else if (client->records.body_len < CLIENT_LARGE)
		begin(client, desk, &window);
	else
		begin_large(client, desk, &window);
}
