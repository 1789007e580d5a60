/* SPDX-License-Identifier: ISC */
#include <sys/signalfd.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cgi.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/startup.h"
#include "command/host.h"
#include "command/spawn.h"
#include "config/conf.h"
#include "config/files.h"
#include "config/lanes.h"
#include "config/load.h"
#include "event/catalog.h"
#include "http/gateway.h"
#include "http/reply.h"
#include "journal/journal.h"
#include "journal/shared.h"
#include "journal/stats.h"
#include "page/access.h"
#include "page/page.h"
#include "page/site.h"
#include "receive/decide.h"
#include "receive/exchange.h"
#include "receive/serve.h"
#include "receive/sink.h"
#include "receive/wait.h"

enum {
	/* Apache sends SIGKILL three seconds after SIGTERM. */
	CGI_KILL_AFTER = 1500,
	CGI_WRITE_TIMEOUT = 30 * 1000, /* milliseconds */
	CGI_COMPLAINTS = 16 * 1024,    /* bytes */
	CGI_DISCARD = 64 * 1024,
	CGI_DISCARD_STOPPING = 500, /* milliseconds, once told to stop */
};

/* Descriptors 0 and 1, what tells of SIGTERM, and what is open. */
struct cgi {
	int stop; /* a signalfd, or -1 */
	struct conf *conf;
	struct host *host; /* of its commands */
	struct shared_journal *journal;
	struct decider *decider;
	bool written; /* the reply */
	bool due;     /* there is something for a drain */
};

extern char **environ;

/*
 * Waits for input, its end, or SIGTERM, which goes first: the sender of
 * that has given the request up.
 */
static enum rc
await_input(const struct cgi *cgi, int64_t deadline)
{
	struct pollfd fds[] = {
		{ .fd = cgi->stop, .events = POLLIN },
		{ .fd = STDIN_FILENO, .events = POLLIN },
	};
	int n;

	do
		n = poll(fds, 2, clock_left(deadline));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return RC_SHORT;
	if (fds[0].revents != 0)
		return RC_STOPPING;
	return n > 0 ? RC_OK : RC_SLOW;
}

static enum rc
cgi_read(void *context, char *into, size_t size, int64_t deadline, size_t *got)
{
	enum rc rc;
	ssize_t n;

	/* A server may have left descriptor 0 non-blocking. */
	do {
		rc = await_input(context, deadline);
		if (rc != RC_OK)
			return rc;
		n = read(STDIN_FILENO, into, size);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	if (n < 0)
		return RC_SHORT;
	*got = (size_t)n;
	return RC_OK;
}

static bool
await_output(int64_t deadline)
{
	struct pollfd output = { .fd = STDOUT_FILENO, .events = POLLOUT };
	int n;

	do
		n = poll(&output, 1, clock_left(deadline));
	while (n < 0 && errno == EINTR);
	return n > 0;
}

static enum rc
write_reply(struct bytes bytes)
{
	int64_t deadline = clock_steady() + CGI_WRITE_TIMEOUT;
	ssize_t n;

	while (bytes.len > 0) {
		if (!await_output(deadline))
			return RC_SYSTEM;
		n = write(STDOUT_FILENO, bytes.data, bytes.len);
		if (n >= 0)
			bytes = bytes_skip(bytes, (size_t)n);
		else if (errno != EINTR && errno != EAGAIN)
			return RC_SYSTEM;
	}
	return RC_OK;
}

/*
 * Apache's mod_cgid loses the answer where a byte is left unread, while RFC
 * 3875 lets a server keep the input open after CONTENT_LENGTH: past that
 * only what is there already is taken, without waiting.
 */
static void
discard_input(struct cgi *cgi, int64_t left)
{
	char trash[CGI_DISCARD];
	int64_t deadline = clock_steady() + GATEWAY_DISCARD;
	int64_t soon = clock_steady() + CGI_DISCARD_STOPPING;
	size_t got = 1;
	int64_t until;
	enum rc rc;

	while (got > 0 && clock_left(deadline) != 0) {
		until = left == 0 ? clock_steady() : deadline;
		rc = cgi_read(cgi, trash, sizeof(trash), until, &got);
		if (rc == RC_STOPPING) {
			cgi->stop = -1;
			deadline = soon < deadline ? soon : deadline;
			continue;
		}
		if (rc != RC_OK)
			return;
		if (left > 0)
			left = (int64_t)got < left ? left - (int64_t)got : 0;
	}
}

static enum rc
cgi_reply(void *context, struct bytes bytes, int64_t unread)
{
	struct cgi *cgi = context;
	enum rc rc = write_reply(bytes);

	cgi->written = rc == RC_OK;
	discard_input(cgi, unread);
	return rc;
}

/* Of all hooks only the one that is asked for. */
static enum rc
cgi_prepare(void *context, const struct hook *hook)
{
	const struct cgi *cgi = context;
	struct buf complaints = { .max = CGI_COMPLAINTS };
	enum rc rc = conf_load_files(cgi->conf,
	    conf_find(cgi->conf, bytes_of(hook->name)), &complaints);

	log_lines(LOG_LEVEL_ERROR, buf_view(&complaints));
	buf_free(&complaints);
	return rc;
}

/*
 * Makes the signals to stop readable; a server that had SIGINT ignored meant
 * it (Apache's prefork does).
 */
static int
open_stop(void)
{
	sigset_t set;

	startup_stop_signals(&set);
	if (!startup_is_ignored(SIGINT))
		sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* NULL where the configuration is broken; the log says why. */
static struct conf *
load_conf(void)
{
	static const struct log_settings plain = {
		.target = LOG_TO_STDERR,
		.level = LOG_LEVEL_INFO,
	};
	struct buf complaints = { .max = CGI_COMPLAINTS };
	struct conf *conf = NULL;

	log_open("pelihook.cgi", &plain);
	if (conf_load(conf_default_file(), &conf, &complaints) != RC_OK)
		log_lines(LOG_LEVEL_ERROR, buf_view(&complaints));
	else
		log_open_anyway("pelihook.cgi", &conf->log);
	buf_free(&complaints);
	return conf;
}

/*
 * The reply is out: the drain needs nothing of this process.  Where it cannot
 * be started the timer or the next request starts one.
 */
static void
start_drain(const struct conf *conf)
{
	const char *command[] = { PELIHOOK_CTL, "-c", NULL, "drain", NULL };
	char *file;
	pid_t pid;

	if (conf->dispatch != CONF_DISPATCH_DEFAULT &&
	    conf->dispatch != CONF_DISPATCH_DRAIN)
		return;
	file = realpath(conf->file, NULL);
	command[2] = file != NULL ? file : conf->file;
	spawn_detached(command, &pid);
	free(file);
}

static enum rc
open_journal(struct cgi *cgi)
{
	return shared_journal_open(cgi->conf->journal, JOURNAL_BRIEF,
	    &cgi->journal);
}

/* A webhook needs those of its own hook only; the page tells of all. */
static enum rc
name_lanes(const struct conf *conf)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < conf->hooks_len; i++)
		rc = conf_name_lanes(&conf->hooks[i]);
	return rc;
}

static enum rc
open_page(struct cgi *cgi)
{
	enum rc rc = open_journal(cgi);

	return rc == RC_OK ? name_lanes(cgi->conf) : rc;
}

/* The ways of an event: waited for, or through the journal. */
static enum rc
open_decider(struct cgi *cgi)
{
	struct wait_settings waiting = {
		.threads = 1,
		.stop = cgi->stop,
		.stop_kill_after = CGI_KILL_AFTER,
	};
	struct decide_settings deciding = { 0 };
	enum rc rc = host_open(&cgi->host);

	waiting.host = cgi->host;
	if (rc == RC_OK)
		rc = wait_open(&waiting, &deciding.wait);
	if (rc == RC_OK)
		rc = open_journal(cgi);
	deciding.journal = cgi->journal;
	if (rc == RC_OK)
		rc = decide_open(&deciding, &cgi->decider);
	return rc;
}

/* A run has ended of a hook that is watched: whoever runs the queue judges. */
static bool
is_to_be_judged(const struct exchange *exchange)
{
	return exchange->recorded && conf_watches(exchange->hook) &&
	    catalog_step(exchange->event.row) == CATALOG_ENDS;
}

/* What is counted is looked for last, as only then it is needed. */
static void
cgi_done(struct exchange *exchange, const struct exchange_end *end)
{
	struct cgi *cgi = exchange->gateway.context;
	struct journal_stats *stats = NULL;

	cgi->due = end->outcome == OUTCOME_QUEUED || is_to_be_judged(exchange);
	if (exchange->conf != NULL && exchange->conf->journal != NULL)
		(void)journal_stats_open(exchange->conf->journal, &stats);
	exchange->stats = stats;
	serve_end(exchange, end);
	journal_stats_close(stats);
}

static void
serve(struct cgi *cgi, struct exchange *exchange)
{
	struct sink sink;
	enum rc rc = serve_admit(exchange);

	exchange->done = cgi_done;
	if (rc != RC_OK) {
		serve_refuse(exchange, rc);
		return;
	}
	sink = decide_sink(cgi->decider);
	serve_begin(exchange, &sink);
	decide_work(cgi->decider);
}

static void
serve_page(struct cgi *cgi, struct exchange *exchange)
{
	struct page_site *site = NULL;
	enum rc rc = page_admit(exchange);

	if (rc == RC_OK)
		rc = page_read(exchange);
	if (rc == RC_OK)
		rc = page_site_open(cgi->journal, &site);
	if (rc == RC_OK)
		cgi->due = page_serve(site, exchange);
	else
		page_refuse(exchange, rc);
	page_site_close(site);
}

/* Of a page nothing is left that somebody has logged in with, before anything
 * is done. */
static bool
is_page(const struct gateway *gateway)
{
	struct request request;

	request_open(&request, gateway, 0);
	if (!access_is_asked(&request))
		return false;
	access_forget_passwords(environ);
	return true;
}

int
cgi_answer(void)
{
	struct cgi cgi = { .stop = -1 };
	const struct gateway gateway = {
		.context = &cgi,
		.variables = (const char *const *)environ,
		.prepare = cgi_prepare,
		.read = cgi_read,
		.reply = cgi_reply,
	};
	struct exchange *exchange;
	bool page = is_page(&gateway);
	bool ready;

	startup();
	cgi.stop = open_stop();
	cgi.conf = load_conf();
	ready = cgi.conf != NULL &&
	    (page ? open_page(&cgi) : open_decider(&cgi)) == RC_OK;
	exchange = exchange_open(&gateway, ready ? cgi.conf : NULL);
	if (exchange == NULL)
		(void)cgi_reply(&cgi, reply_last_resort(), -1);
	else if (page)
		serve_page(&cgi, exchange);
	else
		serve(&cgi, exchange);
	decide_close(cgi.decider);
	if (ready && cgi.due)
		start_drain(cgi.conf);
	/* Its secrets are wiped before what is left may pass to a copy of us. */
	conf_release(cgi.conf);
	host_close(cgi.host);
	return cgi.written ? 0 : EX_IOERR;
}
