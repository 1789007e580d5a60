/* SPDX-License-Identifier: ISC */
#include <sys/eventfd.h>
#include <sys/signalfd.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
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
#include "receive/wait.h"
#include "connections.h"
#include "current.h"
#include "dispatcher.h"
#include "listener.h"
#include "options.h"
#include "shares.h"
#include "workers.h"

enum {
	SERVER_KILL_AFTER = 5000, /* milliseconds from TERM to KILL */
	/* After that: a stuck command, what is left of a body, a close. */
	SERVER_GRACE = 15 * 1000,
	SERVER_JOIN = 5000,
};

struct server {
	int signals; /* a signalfd */
	int end;     /* an eventfd: commands have to end */
	struct connections *connections;
	struct wait *wait;
	struct dispatcher *dispatcher;
	struct sink sink;
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

static size_t
max_connections(const struct server *server, const struct options *options)
{
	struct conf *conf = current_hold(server->current);
	struct shares shares = shares_make(descriptors_limit(),
	    options->threads, conf->journal != NULL);

	conf_release(conf);
	return shares.connections;
}

static enum rc
open_dispatcher(struct server *server, const struct options *options)
{
	const struct dispatcher_settings settings = {
		.current = server->current,
		.options = options,
		.host = server->host,
		.inner = wait_sink(server->wait),
	};

	return dispatcher_open(&settings, &server->dispatcher);
}

static enum rc
open_all(struct server *server, const struct options *options,
    const struct listener *listener)
{
	enum rc rc = workers_prepare();

	server->signals = open_signals();
	server->end = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (rc != RC_OK || server->signals < 0 || server->end < 0)
		return RC_SYSTEM;
	rc = connections_open(listener, max_connections(server, options),
	    &server->connections);
	if (rc == RC_OK)
		rc = wait_open(options->threads, server->end, SERVER_KILL_AFTER,
		    &server->wait);
	if (rc == RC_OK)
		wait_set_host(server->wait, server->host);
	if (rc == RC_OK)
		rc = open_dispatcher(server, options);
	if (rc != RC_OK)
		return rc;
	server->sink = dispatcher_sink(server->dispatcher);
	return workers_start(options->threads, server->connections,
	    server->current, &server->sink, &server->workers);
}

/* Nothing is in use any more. */
static void
close_all(struct server *server)
{
	workers_close(server->workers);
	dispatcher_close(server->dispatcher);
	wait_close(server->wait);
	connections_close(server->connections);
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
	struct discard *discard = host_discard(server->host);
	struct pollfd fds[] = {
		{ .fd = server->signals, .events = POLLIN },
		{
		    .fd = connections_wakeup(server->connections),
		    .events = POLLIN,
		},
		{ .fd = discard_fd(discard), .events = POLLIN },
	};

	if (poll(fds, 3, connections_tick(server->connections)) > 0 &&
	    fds[2].revents != 0)
		discard_read(discard);
}

static int
serve_until_told(const struct server *server)
{
	int number = 0;

	while (number == 0 || number == SIGHUP) {
		if (number == SIGHUP) {
			current_reload(server->current);
			dispatcher_reload(server->dispatcher);
		}
		sleep_a_while(server);
		number = next_signal(server);
	}
	return number;
}

/* Ends what took too long: commands get SIGTERM, readers the end. */
static void
abort_running(const struct server *server)
{
	log_say(LOG_LEVEL_WARNING,
	    "stop-timeout is over: running commands are ended");
	if (io_signal(server->end) != RC_OK)
		log_say(LOG_LEVEL_ERROR, "cannot tell commands to end: %s",
		    strerrordesc_np(errno));
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

static enum rc
stop(const struct server *server, int number)
{
	int64_t deadline = clock_steady() + stop_timeout(server->current);
	enum rc rc;

	log_say(LOG_LEVEL_INFO, "stopping on SIG%s", sigabbrev_np(number));
	connections_stop(server->connections);
	dispatcher_stop(server->dispatcher);
	rc = wait_for_none(server, deadline);
	connections_quit(server->connections);
	if (rc == RC_OK)
		rc = workers_join(server->workers,
		    clock_steady() + SERVER_JOIN);
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
	log_number(&line, "requests", (int64_t)workers_served(server->workers));
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
	struct server server = { .current = current, .host = host };
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
