/* SPDX-License-Identifier: ISC */
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server.h"

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/io.h"
#include "base/log.h"
#include "base/startup.h"
#include "command/discard.h"
#include "command/host.h"
#include "config/conf.h"
#include "journal/journal.h"
#include "journal/shared.h"
#include "journal/stats.h"
#include "receive/decide.h"
#include "receive/sink.h"
#include "receive/wait.h"
#include "clients.h"
#include "connections.h"
#include "current.h"
#include "dispatcher.h"
#include "listener.h"
#include "options.h"
#include "pages.h"
#include "responder.h"
#include "shares.h"
#include "workers.h"

enum {
	SERVER_KILL_AFTER = 5000, /* milliseconds from TERM to KILL */
	/* After that: a stuck command, what is left of a body, a close. */
	SERVER_GRACE = 15 * 1000,
	/* What a worker writes may wait for others for that long. */
	SERVER_JOIN = 26 * 1000,
};

struct server {
	const struct listener *listener;
	int signals;   /* a signalfd */
	int end;       /* an eventfd: commands have to end */
	char *journal; /* its path, or NULL */
	struct shared_journal *shared;
	struct journal_stats *stats; /* beside it, or NULL */
	struct connections *connections;
	struct wait *wait;
	struct decider *decider;
	struct sink sink;
	struct dispatcher *dispatcher; /* NULL: nothing is queued */
	struct pages *pages;
	struct clients *clients;
	struct workers *workers;
	struct current *current;
	struct host *host;
};

static void
fill_signals(sigset_t *set)
{
	startup_stop_signals(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGUSR1);
	sigaddset(set, SIGHUP);
}

static int
open_signals(void)
{
	sigset_t set;

	fill_signals(&set);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static enum rc
copy_journal(struct server *server)
{
	struct conf *conf = current_hold(server->current);
	enum rc rc = RC_OK;

	if (conf->journal != NULL) {
		server->journal = strdup(conf->journal);
		if (server->journal == NULL)
			rc = RC_MEMORY;
	}
	conf_release(conf);
	return rc;
}

static void
call_worker(void *context)
{
	const struct server *server = context;

	(void)connections_call(server->connections);
}

static bool
call_leader(void *context)
{
	const struct server *server = context;

	return connections_call(server->connections);
}

static void
call_main(void *context)
{
	const struct server *server = context;

	connections_call_main(server->connections);
}

static enum rc
open_connections(struct server *server, const struct options *options,
    const struct listener *listener)
{
	struct shares shares = shares_make(descriptors_limit(),
	    options->threads, server->journal != NULL);

	return connections_open(listener, shares.connections, client_size(),
	    &server->connections);
}

static enum rc
open_journal(struct server *server, const struct options *options)
{
	unsigned flags = options->served ? JOURNAL_SERVED : 0;
	enum rc rc = shared_journal_open(server->journal,
	    flags | JOURNAL_CREATE, &server->shared);

	if (rc == RC_OK)
		shared_journal_set_helper(server->shared, call_leader, server);
	if (rc == RC_OK && server->journal != NULL)
		rc = journal_stats_open(server->journal, &server->stats);
	return rc;
}

/* What becomes of events. */
static enum rc
open_sink(struct server *server, const struct options *options)
{
	const struct wait_settings settings = {
		.threads = options->threads,
		.stop = server->end,
		.stop_kill_after = SERVER_KILL_AFTER,
		.host = server->host,
		.wakeup = call_worker,
		.tick = call_main,
		.context = server,
	};
	struct decide_settings deciding = {
		.journal = server->shared,
		.wakeup = call_worker,
		.tick = call_main,
		.context = server,
	};
	enum rc rc = wait_open(&settings, &server->wait);

	deciding.wait = server->wait;
	if (rc == RC_OK)
		rc = decide_open(&deciding, &server->decider);
	if (rc == RC_OK)
		server->sink = decide_sink(server->decider);
	return rc;
}

static enum rc
open_dispatcher(struct server *server, const struct options *options)
{
	const struct dispatcher_settings settings = {
		.current = server->current,
		.options = options,
		.host = server->host,
		.shared = server->shared,
	};

	if (server->journal == NULL)
		return RC_OK;
	return dispatcher_open(&settings, &server->dispatcher);
}

/* For a worker: what others have left to be done. */
static void
work(void *context, bool called)
{
	const struct server *server = context;
	struct journal *journal = NULL;

	if (called)
		journal = shared_journal_opened(server->shared);
	if (journal != NULL)
		journal_lead(journal);
	decide_work(server->decider);
}

static enum rc
open_workers(struct server *server, const struct options *options)
{
	unsigned count = shares_workers(options->threads,
	    server->journal != NULL);
	const struct clients_settings clients = {
		.connections = server->connections,
		.current = server->current,
		.sink = &server->sink,
		.pages = server->pages,
		.stats = server->stats,
		.threads = count,
	};
	struct workers_settings workers = {
		.threads = count,
		.connections = server->connections,
		.work = work,
		.context = server,
	};
	enum rc rc = clients_open(&clients, &server->clients);

	if (rc != RC_OK)
		return rc;
	workers.clients = server->clients;
	return workers_start(&workers, &server->workers);
}

static enum rc
open_all(struct server *server, const struct options *options,
    const struct listener *listener)
{
	enum rc rc = responder_prepare();

	server->signals = open_signals();
	server->end = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (rc != RC_OK || server->signals < 0 || server->end < 0)
		return RC_SYSTEM;
	rc = copy_journal(server);
	if (rc == RC_OK)
		rc = open_connections(server, options, listener);
	if (rc == RC_OK)
		rc = open_journal(server, options);
	if (rc == RC_OK)
		rc = open_sink(server, options);
	if (rc == RC_OK)
		rc = open_dispatcher(server, options);
	if (rc == RC_OK)
		rc = pages_open(server->shared, &server->pages);
	if (rc == RC_OK)
		rc = open_workers(server, options);
	return rc;
}

/* Nothing is in use any more. */
static void
close_all(struct server *server)
{
	workers_close(server->workers);
	clients_close(server->clients);
	pages_close(server->pages);
	dispatcher_close(server->dispatcher);
	decide_close(server->decider);
	wait_close(server->wait);
	shared_journal_close(server->shared);
	journal_stats_close(server->stats);
	connections_close(server->connections);
	free(server->journal);
	close(server->end);
	close(server->signals);
}

/* The next signal that came, or 0. */
static int
next_signal(const struct server *server)
{
	struct signalfd_siginfo info;

	if (read(server->signals, &info, sizeof(info)) != sizeof(info))
		return 0;
	return (int)info.ssi_signo;
}

/* Until a signal, or for one tick; what commands left running is read. */
static void
sleep_a_while(const struct server *server)
{
	/* In this order: the first takes the signal that the others are due. */
	int connections = connections_tick(server->connections);
	int left = clock_shorter(clock_shorter(connections,
				     wait_tick(server->wait)),
	    decide_tick(server->decider));
	struct discard *discard = host_discard(server->host);
	struct pollfd fds[] = {
		{ .fd = server->signals, .events = POLLIN },
		{
		    .fd = connections_wakeup(server->connections),
		    .events = POLLIN,
		},
		{ .fd = discard_fd(discard), .events = POLLIN },
	};

	if (poll(fds, 3, left) > 0 && fds[2].revents != 0)
		discard_read(discard);
}

static int
serve_until_told(const struct server *server)
{
	int number = 0;

	while (number == 0 || number == SIGHUP) {
		if (number == SIGHUP) {
			current_reload(server->current);
			clients_reload(server->clients);
			dispatcher_reload(server->dispatcher);
			journal_stats_look(server->stats);
		}
		sleep_a_while(server);
		number = next_signal(server);
	}
	return number;
}

/* Ends what took too long: commands get SIGTERM, what waits an answer. */
static void
abort_running(const struct server *server)
{
	log_say(LOG_LEVEL_WARNING,
	    "stop-timeout is over: running commands are ended");
	if (io_signal(server->end) != RC_OK)
		log_say(LOG_LEVEL_ERROR, "cannot tell commands to end: %s",
		    strerrordesc_np(errno));
	wait_abort(server->wait);
	connections_abort(server->connections);
}

static int64_t
stop_timeout(struct current *current)
{
	struct conf *conf = current_hold(current);
	int64_t timeout = conf->stop_timeout;

	conf_release(conf);
	return timeout;
}

/* What the most patient hook gives a queued command after stop-timeout. */
static int64_t
longest_kill_after(struct current *current)
{
	struct conf *conf = current_hold(current);
	int64_t longest = conf_longest_kill_after(conf);

	conf_release(conf);
	return longest > SERVER_KILL_AFTER ? longest : SERVER_KILL_AFTER;
}

static enum rc
wait_for_none(const struct server *server, int64_t deadline)
{
	int64_t last = deadline + SERVER_KILL_AFTER + SERVER_GRACE;
	bool aborted = false;

	while (!connections_none(server->connections)) {
		if (clock_left(last) == 0)
			return RC_TIMEOUT;
		if (!aborted && clock_left(deadline) == 0) {
			abort_running(server);
			aborted = true;
		}
		sleep_a_while(server);
		/* One signal is enough. */
		while (next_signal(server) != 0)
			;
	}
	return RC_OK;
}

/*
 * Who connects from now on is refused at once, instead of waiting for an end
 * that answers nobody.  Another's socket may be the next process's as well.
 */
static void
refuse_more(const struct listener *listener)
{
	if (listener->own)
		(void)shutdown(listener->fd, SHUT_RDWR);
}

static enum rc
stop(const struct server *server, int number)
{
	int64_t deadline = clock_steady() + stop_timeout(server->current);
	enum rc rc;

	log_say(LOG_LEVEL_INFO, "stopping on SIG%s", sigabbrev_np(number));
	connections_stop(server->connections);
	refuse_more(server->listener);
	dispatcher_stop(server->dispatcher);
	pages_stop(server->pages);
	rc = wait_for_none(server, deadline);
	connections_quit(server->connections);
	if (rc == RC_OK)
		rc = workers_join(server->workers,
		    clock_steady() + SERVER_JOIN);
	if (rc == RC_OK)
		rc = pages_join(server->pages, clock_steady() + SERVER_JOIN);
	if (rc == RC_OK)
		rc = dispatcher_join(server->dispatcher,
		    deadline + longest_kill_after(server->current) +
			SERVER_GRACE);
	return rc;
}

static void
log_started(const struct options *options, const struct listener *listener,
    struct current *current)
{
	struct conf *conf = current_hold(current);
	struct log_line line;

	log_begin(&line, LOG_LEVEL_INFO, "started");
	log_text(&line, "version", PELIHOOK_VERSION);
	log_text(&line, "config", conf->file);
	log_number(&line, "hooks", (int64_t)conf->hooks_len);
	log_text(&line, "socket", listener->name);
	log_number(&line, "threads", options->threads);
	log_end(&line);
	conf_release(conf);
	if (options->socket != NULL && !listener->own)
		log_say(LOG_LEVEL_WARNING,
		    "-s %s is not used: the process "
		    "was started with a socket",
		    options->socket);
	if (listener_is_public(listener) && listener->peers == NULL)
		log_say(LOG_LEVEL_WARNING,
		    "the socket can be reached from "
		    "the network: whoever reaches it can pretend to be the "
		    "web server");
	current_log_warnings(current);
}

static void
log_stopped(const struct server *server, enum rc rc)
{
	struct log_line line;

	log_begin(&line, rc == RC_OK ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR,
	    "stopped");
	log_number(&line, "requests", (int64_t)clients_served(server->clients));
	if (rc != RC_OK)
		log_text(&line, "reason",
		    "a request or a command would "
		    "not end");
	log_end(&line);
}

void
server_hold_signals(void)
{
	sigset_t set;

	fill_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

enum rc
server_run(const struct options *options, const struct listener *listener,
    struct current *current, struct host *host)
{
	struct server server = {
		.listener = listener,
		.current = current,
		.host = host,
	};
	enum rc rc = open_all(&server, options, listener);
	int number;

	if (rc != RC_OK) {
		log_say(LOG_LEVEL_ERROR, "cannot start: %s",
		    rc == RC_MEMORY	? "out of memory" :
			rc == RC_CONFIG ? "see above" :
					  strerrordesc_np(errno));
		/* It is the journal then, and no thread runs yet. */
		if (rc == RC_CONFIG)
			close_all(&server);
		return rc;
	}
	log_started(options, listener, current);
	number = serve_until_told(&server);
	rc = stop(&server, number);
	log_stopped(&server, rc);
	if (rc == RC_OK)
		close_all(&server);
	return rc;
}
