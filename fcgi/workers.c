/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <fcgiapp.h>

#include "workers.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/startup.h"
#include "base/thread.h"
#include "config/conf.h"
#include "http/gateway.h"
#include "http/reply.h"
#include "receive/serve.h"
#include "connections.h"
#include "current.h"

enum {
	WORKER_CLOSE = 5000, /* milliseconds a reply takes to go out */
	WORKER_CHUNK = 16 * 1024,
	WORKER_BUFFER = 8 * 1024, /* what libfcgi reads at once */
	/* Its buffers and a request's variables. */
	WORKER_MEMORY = 96 * 1024,
	WORKER_MEMORY_WAIT = 1000, /* milliseconds */
	WORKER_MEMORY_PAUSE = 10,
	/* FastCGI 1.0, section 8. */
	WORKER_HEADER = 8,
	WORKER_VERSION = 1,
	WORKER_STDIN = 5,
	WORKER_RESPONDER = 1,
};

struct workers {
	struct connections *connections;
	struct current *current;
	const struct sink *sink;
	atomic_uint_fast64_t served;
	unsigned count;
	pthread_t threads[];
};

/* A web server's connection and the request on it. */
struct client {
	struct connection connection; /* first: found by its address */
	struct workers *workers;
	FCGX_Request request;
	int64_t head;	     /* milliseconds the variables took */
	bool input_buffered; /* the input's end came with its beginning */
};

enum rc
workers_prepare(void)
{
	/* How long libfcgi waits for a peer to close; it would be 2 s. */
	setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", "100", 0);
	if (FCGX_Init() != 0)
		return RC_SYSTEM;
	startup_signal(SIGPIPE, SIG_IGN);
	startup_signal(SIGUSR1, SIG_DFL);
	startup_signal(SIGTERM, SIG_DFL);
	return RC_OK;
}

/* What went wrong with the input: libfcgi only knows that something did. */
static enum rc
input_error(const struct client *client, int64_t deadline)
{
	if (connections_are_aborted(client->workers->connections))
		return RC_STOPPING;
	return clock_left(deadline) == 0 ? RC_SLOW : RC_SHORT;
}

/* The time the head took counts as reading, too. */
static enum rc
client_read(void *context, char *into, size_t size, int64_t deadline,
    size_t *got)
{
	struct client *client = context;
	struct connections *all = client->workers->connections;
	FCGX_Stream *in = client->request.in;
	int want = size < WORKER_CHUNK ? (int)size : WORKER_CHUNK;
	int n;

	deadline -= client->head;
	if (clock_left(deadline) == 0)
		return RC_SLOW;
	connections_limit(all, &client->connection, deadline, SHUT_RD);
	n = FCGX_GetStr(into, want, in);
	connections_limit(all, &client->connection, CLOCK_NEVER, SHUT_RD);
	if (n < want && FCGX_GetError(in) != 0)
		return input_error(client, deadline);
	*got = (size_t)n;
	return RC_OK;
}

/*
 * Where discarding the input will not wait, the answer goes out together with
 * the request's end: the web server is woken once.
 */
static enum rc
client_write(void *context, struct bytes bytes)
{
	struct client *client = context;
	FCGX_Stream *out = client->request.out;

	if (FCGX_PutStr(bytes.data, (int)bytes.len, out) != (int)bytes.len)
		return RC_SYSTEM;
	return client->input_buffered || FCGX_FFlush(out) == 0 ? RC_OK :
								 RC_SYSTEM;
}

/* left does not matter: a FastCGI body ends with a record of its own. */
static void
client_discard_input(void *context, int64_t left, int64_t deadline)
{
	struct client *client = context;
	struct connections *all = client->workers->connections;
	FCGX_Stream *in = client->request.in;
	char trash[WORKER_CHUNK];
	int n = (int)sizeof(trash);

	(void)left;
	connections_limit(all, &client->connection, deadline, SHUT_RD);
	while (n == (int)sizeof(trash) && clock_left(deadline) != 0)
		n = FCGX_GetStr(trash, (int)sizeof(trash), in);
	connections_limit(all, &client->connection, CLOCK_NEVER, SHUT_RD);
}

/*
 * A request must not choose the configuration: whoever can send parameters
 * could choose his own secret.
 */
static void
warn_of_parameters(struct client *client)
{
	char *const *at = client->request.envp;

	for (; *at != NULL; at++)
		if (strncmp(*at, "PELIHOOK_CONFIG=", 16) == 0)
			break;
	if (*at == NULL || !log_once(LOG_ONCE_PARAMETER))
		return;
	log_say(LOG_LEVEL_WARNING,
	    "the web server sends PELIHOOK_CONFIG with "
	    "its requests: ignored, name the file with -c");
}

/* Authorizers and filters of FastCGI: what they would vouch for is unknown. */
static void
refuse_role(struct client *client)
{
	struct reply reply = reply_refused(RC_CONFIG);
	struct buf text = { 0 };

	log_say(LOG_LEVEL_ERROR,
	    "the web server asks for a FastCGI role that "
	    "is not responder: refused");
	if (reply_print(&reply, &text) == RC_OK)
		(void)client_write(client, buf_view(&text));
	buf_free(&text);
	client->request.keepConnection = 0;
}

static void
answer(struct client *client, struct conf *conf)
{
	struct gateway gateway = {
		.context = client,
		.variables = (const char *const *)client->request.envp,
		.read = client_read,
		.write = client_write,
		.discard_input = client_discard_input,
	};

	warn_of_parameters(client);
	if (client->request.role == WORKER_RESPONDER)
		serve(&gateway, conf, client->workers->sink);
	else
		refuse_role(client);
	atomic_fetch_add(&client->workers->served, 1);
}

/*
 * What libfcgi left unread of a kept connection it would take for the next
 * request's records: anybody who can send a body could forge requests.
 */
static void
finish(struct client *client)
{
	struct connections *all = client->workers->connections;
	FCGX_Request *request = &client->request;

	if (!FCGX_HasSeenEOF(request->in) || FCGX_GetError(request->in) != 0 ||
	    connections_stopping(all))
		request->keepConnection = 0;
	connections_limit(all, &client->connection,
	    clock_steady() + WORKER_CLOSE, SHUT_RDWR);
	/* In the order of FCGX_Finish_r, which does not tell. */
	FCGX_FClose(request->err);
	if (FCGX_FClose(request->out) != 0 && client->input_buffered)
		log_say(LOG_LEVEL_WARNING, "a reply could not be written");
	FCGX_Finish_r(request);
}

/*
 * Whether all of the next request is there to be read, by its last record:
 * the empty one that ends its input.  A server that sends something else
 * there that looks the same only gets its answer later.
 */
static bool
is_input_buffered(const struct client *client)
{
	uint8_t bytes[WORKER_BUFFER];
	const uint8_t *last;
	ssize_t n = recv(client->request.ipcFd, bytes, sizeof(bytes),
	    MSG_PEEK | MSG_DONTWAIT);

	if (n < WORKER_HEADER || n == WORKER_BUFFER)
		return false;
	last = bytes + n - WORKER_HEADER;
	return last[0] == WORKER_VERSION && last[1] == WORKER_STDIN &&
	    last[4] == 0 && last[5] == 0 && last[6] == 0;
}

/* Ends a connection that libfcgi has not closed. */
static void
close_client(struct client *client)
{
	if (client->request.ipcFd >= 0)
		FCGX_Free(&client->request, 1);
	connections_forget(client->workers->connections, &client->connection);
	free(client);
}

/* libfcgi ends the process where it gets no memory: that has to be there
 * before it is called. */
static bool
is_memory_there(void)
{
	int64_t deadline = clock_steady() + WORKER_MEMORY_WAIT;
	void *volatile probe = malloc(WORKER_MEMORY);

	while (probe == NULL && clock_left(deadline) != 0) {
		poll(NULL, 0, WORKER_MEMORY_PAUSE);
		probe = malloc(WORKER_MEMORY);
	}
	free(probe);
	if (probe == NULL)
		log_say(LOG_LEVEL_ERROR,
		    "no memory for a request: its connection is closed");
	return probe != NULL;
}

static void
serve_request(struct client *client, struct conf *conf)
{
	struct connections *all = client->workers->connections;
	int64_t began = clock_steady();

	connections_limit(all, &client->connection, began + conf->read_timeout,
	    SHUT_RDWR);
	client->input_buffered = is_input_buffered(client);
	if (!is_memory_there()) {
		FCGX_Free(&client->request, 1);
		return;
	}
	if (FCGX_Accept_r(&client->request) != 0)
		return;
	connections_limit(all, &client->connection, CLOCK_NEVER, SHUT_RD);
	client->head = clock_steady() - began;
	answer(client, conf);
	finish(client);
}

/*
 * The connection has something to say: a request, or that it is closed; in
 * that case libfcgi closes it, too.
 */
static void
attend(struct client *client)
{
	struct workers *workers = client->workers;
	struct conf *conf;
	enum rc rc = connections_take(workers->connections,
	    &client->connection);

	if (rc == RC_OK) {
		conf = current_hold(workers->current);
		serve_request(client, conf);
		conf_release(conf);
		rc = client->request.ipcFd < 0 ?
		    RC_MISSING :
		    connections_return(workers->connections,
			&client->connection);
	}
	if (rc != RC_OK)
		close_client(client);
}

static void
welcome_one(struct workers *workers, int fd)
{
	struct client *client = calloc(1, sizeof(*client));

	if (client == NULL) {
		connections_refuse(workers->connections, fd);
		return;
	}
	client->workers = workers;
	FCGX_InitRequest(&client->request, -1, FCGI_FAIL_ACCEPT_ON_INTR);
	client->request.ipcFd = fd;
	client->request.keepConnection = 1;
	if (connections_add(workers->connections, &client->connection, fd) !=
	    RC_OK) {
		close(fd);
		free(client);
	}
}

static void
welcome(struct workers *workers)
{
	enum rc rc;
	int fd;

	do {
		rc = connections_accept(workers->connections, &fd);
		if (rc == RC_OK)
			welcome_one(workers, fd);
	} while (rc != RC_MISSING);
}

static void *
work(void *context)
{
	struct workers *workers = context;
	struct connection *connection = NULL;
	enum ready ready;

	for (;;) {
		ready = connections_wait(workers->connections, &connection);
		if (ready == READY_QUIT)
			return NULL;
		if (ready == READY_LISTENER)
			welcome(workers);
		else
			attend((struct client *)connection);
	}
}

enum rc
workers_start(unsigned threads, struct connections *connections,
    struct current *current, const struct sink *sink, struct workers **out)
{
	struct workers *workers = calloc(1,
	    sizeof(*workers) + threads * sizeof(workers->threads[0]));
	int error = 0;

	if (workers == NULL)
		return RC_MEMORY;
	workers->connections = connections;
	workers->current = current;
	workers->sink = sink;
	while (workers->count < threads && error == 0) {
		error = thread_start(&workers->threads[workers->count], work,
		    workers);
		workers->count += error == 0;
	}
	*out = workers;
	errno = error;
	return error == 0 ? RC_OK : RC_SYSTEM;
}

/* clock_steady's deadlines, for calls that want CLOCK_MONOTONIC's. */
static struct timespec
as_timespec(int64_t deadline)
{
	return (struct timespec){
		.tv_sec = (time_t)(deadline / 1000),
		.tv_nsec = (long)(deadline % 1000) * 1000000,
	};
}

enum rc
workers_join(struct workers *workers, int64_t deadline)
{
	struct timespec until = as_timespec(deadline);

	while (workers->count > 0) {
		if (pthread_clockjoin_np(workers->threads[workers->count - 1],
			NULL, CLOCK_MONOTONIC, &until) != 0)
			return RC_TIMEOUT;
		workers->count--;
	}
	return RC_OK;
}

uint64_t
workers_served(struct workers *workers)
{
	return atomic_load(&workers->served);
}

void
workers_close(struct workers *workers)
{
	free(workers);
}
