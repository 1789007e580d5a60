/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/postgresql_session.h"

#include "base/clock.h"
#include "base/pool.h"
#include "journal/postgresql_internal.h"

enum {
	OLDEST = 130000, /* server */
	SILENCE = 20,	 /* seconds, unless an option says otherwise */
	/* A machine that is gone leaves so many questions without answer. */
	PROBES = 3,
	PARAMETERS = 96, /* most of one connection; libpq 15 has 46 */
	NUMBER_SIZE = 16,
};

/* Keywords and values of a connection, as libpq takes them. */
struct parameters {
	size_t n;
	const char *keywords[PARAMETERS + 1];
	const char *values[PARAMETERS + 1];
};

/* A connection that is being made. */
struct attempt {
	const struct libpq *libpq;
	const struct postgresql_options *options;
	int64_t deadline;
	struct buf *error;
	PGconn *connection;
};

static void
add(struct parameters *to, const char *keyword, const char *value)
{
	if (to->n == PARAMETERS || value == NULL)
		return;
	to->keywords[to->n] = keyword;
	to->values[to->n++] = value;
}

static unsigned
silence_of(const struct postgresql_options *options)
{
	return options->silence == 0 ? SILENCE : options->silence;
}

/* Half of the time is for silence, half for questions. */
static unsigned
probe_interval(const struct postgresql_options *options)
{
	unsigned silence = silence_of(options);

	return silence < 2 * PROBES ? 1 : silence / (2 * PROBES);
}

static unsigned
probe_idle(const struct postgresql_options *options)
{
	unsigned silence = silence_of(options);

	return silence < 2 ? 1 : silence / 2;
}

static void
no_notice(void *context, const char *message)
{
	(void)context;
	(void)message;
}

/* Notices would go to standard error. */
static bool
start(struct attempt *attempt, const struct parameters *parameters,
    bool is_by_uri)
{
	const struct libpq *libpq = attempt->libpq;

	attempt->connection = libpq->PQconnectStartParams(parameters->keywords,
	    parameters->values, is_by_uri);
	if (attempt->connection == NULL) {
		buf_text(attempt->error, "out of memory");
		return false;
	}
	libpq->PQsetNoticeProcessor(attempt->connection, no_notice, NULL);
	return true;
}

/* What is said before the URI is overridden by it. */
static bool
start_by_uri(struct attempt *attempt)
{
	const struct postgresql_options *options = attempt->options;
	char idle[NUMBER_SIZE], interval[NUMBER_SIZE], user[NUMBER_SIZE];
	char count[NUMBER_SIZE];
	struct parameters parameters = { 0 };

	snprintf(idle, sizeof(idle), "%u", probe_idle(options));
	snprintf(interval, sizeof(interval), "%u", probe_interval(options));
	snprintf(count, sizeof(count), "%d", PROBES);
	snprintf(user, sizeof(user), "%u000", silence_of(options));
	add(&parameters, "fallback_application_name", "pelihook");
	add(&parameters, "keepalives_idle", idle);
	add(&parameters, "keepalives_interval", interval);
	add(&parameters, "keepalives_count", count);
	add(&parameters, "tcp_user_timeout", user);
	add(&parameters, "target_session_attrs",
	    options->reads ? "any" : "read-write");
	add(&parameters, "dbname", options->uri);
	add(&parameters, "client_encoding", "UTF8");
	return start(attempt, &parameters, true);
}

static void
give_up(struct attempt *attempt)
{
	attempt->libpq->PQfinish(attempt->connection);
	attempt->connection = NULL;
}

static void
tell(struct attempt *attempt, const char *said)
{
	if (attempt->error->len > 0)
		buf_text(attempt->error, "; ");
	buf_add(attempt->error, postgresql_first_line(said));
}

static void
tell_late(struct attempt *attempt)
{
	const struct libpq *libpq = attempt->libpq;
	const char *host = libpq->PQhost(attempt->connection);
	const char *port = libpq->PQport(attempt->connection);

	if (attempt->error->len > 0)
		buf_text(attempt->error, "; ");
	buf_printf(attempt->error,
	    "connection to server at \"%s\", port %s: no answer in time",
	    host == NULL ? "" : host, port == NULL ? "" : port);
}

static bool
is_connected(struct attempt *attempt, int64_t deadline)
{
	const struct libpq *libpq = attempt->libpq;
	PostgresPollingStatusType next = PGRES_POLLING_WRITING;

	if (libpq->PQstatus(attempt->connection) == CONNECTION_BAD)
		next = PGRES_POLLING_FAILED;
	while (next == PGRES_POLLING_READING || next == PGRES_POLLING_WRITING) {
		struct pollfd fd = {
			.fd = libpq->PQsocket(attempt->connection),
			.events = next == PGRES_POLLING_READING ? POLLIN :
								  POLLOUT,
		};
		int ready = poll(&fd, 1, clock_left(deadline));

		if (ready == 0) {
			tell_late(attempt);
			return false;
		}
		if (ready > 0)
			next = libpq->PQconnectPoll(attempt->connection);
		else if (errno != EINTR)
			break;
	}
	if (next == PGRES_POLLING_OK)
		return true;
	tell(attempt, libpq->PQerrorMessage(attempt->connection));
	/* libpq passes by a file that others may read, or that it may not. */
	if (libpq->PQconnectionNeedsPassword(attempt->connection))
		buf_text(attempt->error,
		    " (no password was found: has the passfile a line for it, "
		    "and is it this user's with mode 0600?)");
	return false;
}

/* ---- Several hosts -------------------------------------------------------- */

static const char *
value_of(const PQconninfoOption *settings, const char *keyword)
{
	for (; settings->keyword != NULL; settings++)
		if (strcmp(settings->keyword, keyword) == 0)
			return settings->val == NULL ? "" : settings->val;
	return "";
}

static size_t
items_of(const char *list)
{
	size_t n = list[0] != '\0';

	for (; *list != '\0'; list++)
		n += *list == ',';
	return n;
}

/* The item of a list, of which one that has one item has the same for all. */
static const char *
item_of(struct pool *pool, const char *list, size_t place)
{
	struct bytes rest = bytes_of(list);
	struct bytes item = { 0 };
	size_t n = items_of(list);

	for (size_t i = 0; i <= (n == 1 ? 0 : place); i++)
		if (!bytes_split(&rest, ",", &item))
			return NULL;
	return item.len == 0 ? NULL : pool_copy(pool, item);
}

/* All that the connection was to be made with, services and environment
 * included, but for one of its hosts. */
static bool
start_host(struct attempt *attempt, const PQconninfoOption *settings,
    size_t place)
{
	static const char *const lists[] = { "host", "hostaddr", "port" };
	struct parameters parameters = { 0 };
	struct pool pool = { 0 };
	bool is_started;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		add(&parameters, lists[i],
		    item_of(&pool, value_of(settings, lists[i]), place));
	for (const PQconninfoOption *at = settings; at->keyword != NULL; at++)
		if (strcmp(at->keyword, "host") != 0 &&
		    strcmp(at->keyword, "hostaddr") != 0 &&
		    strcmp(at->keyword, "port") != 0 &&
		    strcmp(at->keyword, "service") != 0)
			add(&parameters, at->keyword, at->val);
	is_started = start(attempt, &parameters, false);
	pool_free(&pool);
	return is_started;
}

/*
 * libpq's own walk from host to host goes on where one says no.  One that says
 * nothing would be waited for until the end, so each is tried alone.
 */
static bool
connect_to_one_of(struct attempt *attempt, const PQconninfoOption *settings,
    size_t hosts)
{
	for (size_t i = 0; i < hosts; i++) {
		int64_t now = clock_steady();
		int64_t left = attempt->deadline - now;

		if (!start_host(attempt, settings, i))
			return false;
		if (is_connected(attempt, now + left / (int64_t)(hosts - i)))
			return true;
		give_up(attempt);
	}
	return false;
}

static bool
connect_to_any(struct attempt *attempt)
{
	PQconninfoOption *settings;
	size_t hosts, addresses;
	bool is_made;

	if (!start_by_uri(attempt))
		return false;
	settings = attempt->libpq->PQconninfo(attempt->connection);
	if (settings == NULL) {
		buf_text(attempt->error, "out of memory");
		return false;
	}
	hosts = items_of(value_of(settings, "host"));
	addresses = items_of(value_of(settings, "hostaddr"));
	if (addresses > 0)
		hosts = addresses;
	if (hosts > 1) {
		give_up(attempt);
		is_made = connect_to_one_of(attempt, settings, hosts);
	} else {
		is_made = is_connected(attempt, attempt->deadline);
	}
	attempt->libpq->PQconninfoFree(settings);
	/* What those before it said is of no interest then. */
	if (is_made)
		attempt->error->len = 0;
	return is_made;
}

/* ---- What is asked of the server -------------------------------------------- */

static bool
is_fit(struct attempt *attempt)
{
	const struct libpq *libpq = attempt->libpq;
	PGconn *connection = attempt->connection;
	int version = libpq->PQserverVersion(connection);
	const char *encoding = libpq->PQparameterStatus(connection,
	    "server_encoding");

	if (version < OLDEST) {
		buf_printf(attempt->error,
		    "the server is PostgreSQL %d: 13 or later is needed",
		    version / 10000);
		return false;
	}
	if (encoding == NULL || strcmp(encoding, "UTF8") != 0) {
		buf_printf(attempt->error,
		    "the database \"%s\" has the encoding %s: make one with "
		    "ENCODING 'UTF8' TEMPLATE template0",
		    libpq->PQdb(connection),
		    encoding == NULL ? "unknown" : encoding);
		return false;
	}
	return true;
}

static bool
is_tcp(int fd)
{
	struct sockaddr_storage address = { 0 };
	socklen_t len = sizeof(address);

	return getsockname(fd, (struct sockaddr *)&address, &len) == 0 &&
	    address.ss_family != AF_UNIX;
}

/*
 * What roles and databases may have settings for, and statements count on.
 * A session that nobody is behind any more is to end soon, and is never ended
 * while somebody is, but for a transaction that is left open.
 */
static enum rc
print_settings(const struct postgresql_session *session,
    const struct postgresql_options *options, struct buf *into)
{
	buf_printf(into,
	    "SET idle_in_transaction_session_timeout = '5s';"
	    "SET statement_timeout = 0;"
	    "SET lock_timeout = %u;"
	    "SET standard_conforming_strings = on;"
	    "SET TimeZone = 'UTC';"
	    "SET DateStyle = 'ISO';"
	    "SET client_min_messages = error;"
	    "SET jit = off;",
	    options->lock_timeout);
	if (session->version >= 140000)
		buf_text(into,
		    "SET idle_session_timeout = 0;"
		    "SET client_connection_check_interval = '5s';");
	if (session->version >= 170000)
		buf_text(into, "SET transaction_timeout = 0;");
	if (is_tcp(session->libpq->PQsocket(session->connection)))
		buf_printf(into,
		    "SET tcp_keepalives_idle = %u;"
		    "SET tcp_keepalives_interval = %u;"
		    "SET tcp_keepalives_count = %d;"
		    "SET tcp_user_timeout = '%us';",
		    probe_idle(options), probe_interval(options), PROBES,
		    silence_of(options));
	return into->rc;
}

/* The connection is the session's from now on. */
static enum postgresql_end
begin(struct attempt *attempt, struct postgresql_session *session)
{
	const struct libpq *libpq = attempt->libpq;
	PGconn *connection = attempt->connection;
	struct buf settings = { 0 };
	enum postgresql_end end = POSTGRESQL_MEMORY;

	attempt->connection = NULL;
	*session = (struct postgresql_session){
		.libpq = libpq,
		.connection = connection,
		.cancel = libpq->PQgetCancel(connection),
		.backend = libpq->PQbackendPID(connection),
		.version = libpq->PQserverVersion(connection),
	};
	if (session->cancel != NULL &&
	    libpq->PQsetnonblocking(connection, 1) == 0 &&
	    libpq->PQenterPipelineMode(connection) &&
	    print_settings(session, attempt->options, &settings) == RC_OK)
		end = postgresql_exec(session, settings.data, attempt->deadline,
		    NULL);
	if (end != POSTGRESQL_FINE)
		tell(attempt,
		    session->message[0] == '\0' ? "out of memory" :
						  session->message);
	buf_free(&settings);
	return end;
}

/* Such a message quotes what it does not understand, where a password may
 * be. */
static bool
is_uri(struct attempt *attempt)
{
	char *said = NULL;
	PQconninfoOption *settings =
	    attempt->libpq->PQconninfoParse(attempt->options->uri, &said);
	struct bytes rest = said == NULL ? bytes_of("out of memory") :
					   postgresql_first_line(said);
	struct bytes part;

	if (settings == NULL) {
		for (bool quoted = false; bytes_split(&rest, "\"", &part);
		     quoted = !quoted)
			buf_add(attempt->error,
			    quoted ? bytes_of("\"...\"") : part);
	}
	attempt->libpq->PQfreemem(said);
	attempt->libpq->PQconninfoFree(settings);
	return settings != NULL;
}

enum postgresql_end
postgresql_open(const struct postgresql_options *options, int64_t deadline,
    struct postgresql_session **out, struct buf *error)
{
	struct attempt attempt = {
		.libpq = libpq_load(error),
		.options = options,
		.deadline = deadline,
		.error = error,
	};
	struct postgresql_session *session = NULL;
	enum postgresql_end end;

	if (attempt.libpq == NULL || !is_uri(&attempt))
		return POSTGRESQL_REFUSED;
	if (!connect_to_any(&attempt)) {
		end = POSTGRESQL_LOST;
	} else if (!is_fit(&attempt)) {
		end = POSTGRESQL_REFUSED;
	} else if ((session = calloc(1, sizeof(*session))) == NULL) {
		buf_text(error, "out of memory");
		end = POSTGRESQL_MEMORY;
	} else {
		end = begin(&attempt, session);
	}
	if (attempt.connection != NULL)
		give_up(&attempt);
	if (end == POSTGRESQL_FINE)
		*out = session;
	else
		postgresql_close(session);
	return end;
}
