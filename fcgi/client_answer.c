/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include <string.h>

#include "client.h"

#include "base/clock.h"
#include "base/log.h"

enum {
	CLIENT_ROUNDS = 16,   /* reads before others get their turn */
	CLIENT_SEND = 5000,   /* milliseconds a reply takes to go out */
	CLIENT_LINGER = 5000, /* milliseconds a server has to close */
};

bool
client_is_over(const struct client *client)
{
	return client->records.ended || client->records.aborted ||
	    client->broken;
}

void
client_drop(struct client *client)
{
	responder_free(client->request);
	client_free_input(client);
	buf_free(&client->output);
	bodies_end(client->clients->bodies, &client->share);
	connections_drop(client->clients->connections, &client->connection);
}

/*
 * The next request, of which some may have been read along.  What was not
 * taken of this one would be taken for it: then there is none.
 */
static void
go_on(struct client *client)
{
	struct connections *all = client->clients->connections;
	bool keep = client->records.keep && client->records.ended &&
	    !client->broken && !client->lingers && !connections_stopping(all);

	client->records = (struct records){ 0 };
	client->kept = 0;
	client->began = 0;
	client->answered = false;
	client->unseen = client->input.len > 0;
	if (!keep ||
	    connections_idle(all, &client->connection, client->unseen) != RC_OK)
		client_drop(client);
}

/* Until the reply is sent and the input is taken. */
static void
watch_answered(struct client *client)
{
	unsigned what = 0;

	if (!client_is_over(client))
		what |= WATCH_INPUT;
	if (client->output.len > 0)
		what |= WATCH_OUTPUT;
	if (what == 0)
		go_on(client);
	else if (connections_watch(client->clients->connections,
		     &client->connection, what, client->deadline) != RC_OK)
		client_drop(client);
}

/*
 * Where the input has not come to its end the reply goes out without the
 * records that end the request: a server that has them reads no further, and
 * what it sends would meet a closed connection.
 */
static enum rc
send_output(struct client *client, const struct responder_output *output)
{
	struct bytes records = output->records;
	size_t closing = records.len - output->end;

	if (!client_is_over(client)) {
		if (closing > sizeof(client->closing))
			return RC_SYSTEM;
		memcpy(client->closing, records.data + output->end, closing);
		client->closing_len = closing;
		records.len = output->end;
	}
	return client_send(client, records);
}

enum rc
client_reply(void *context, struct bytes bytes, int64_t unread)
{
	struct client *client = context;
	struct clients *clients = client->clients;
	struct responder_output output;
	enum rc rc;

	/* A FastCGI body ends with a record of its own. */
	(void)unread;
	rc = responder_print(clients->responder, client->request, bytes,
	    &output);
	if (rc == RC_OK)
		rc = send_output(client, &output);
	responder_done(clients->responder, &output);
	responder_free(client->request);
	client->request = NULL;
	bodies_end(clients->bodies, &client->share);
	atomic_fetch_add(&clients->served, 1);
	client->answered = true;
	client->deadline = clock_steady() + CLIENT_SEND;
	if (rc == RC_OK)
		watch_answered(client);
	else
		client_drop(client);
	return rc == RC_OK ? RC_OK : RC_SYSTEM;
}

/* RC_MISSING: nothing is there now. */
static enum rc
discard_some(struct client *client, struct desk *desk)
{
	struct window window;
	size_t got;
	size_t more;

	if (client_receive(client, desk, &window, &got) != RC_OK || got == 0)
		return RC_MISSING;
	(void)client_scan(client, &window, &more);
	client_keep_rest(client, window);
	return RC_OK;
}

/*
 * The time for the input is over.  A server that is still sending reads what
 * ends the request only if it does not meet a closed connection before.
 */
static enum rc
linger(struct client *client)
{
	if (client->lingers || client->output.len > 0)
		return RC_SLOW;
	client->lingers = true;
	client->deadline = clock_steady() + CLIENT_LINGER;
	(void)shutdown(client->connection.fd, SHUT_WR);
	return RC_OK;
}

/*
 * The reply goes out and the input is taken to its end, so that the server
 * never meets a closed connection; then the records that end the request.
 */
void
client_finish(struct client *client, struct desk *desk)
{
	bool late = client->connection.late;
	enum rc rc = client_send_pending(client);
	struct bytes closing;

	for (int i = 0; i < CLIENT_ROUNDS && !client_is_over(client); i++)
		if (discard_some(client, desk) != RC_OK)
			break;
	closing = (struct bytes){ client->closing, client->closing_len };
	if (rc == RC_OK && (client_is_over(client) || late) &&
	    closing.len > 0) {
		rc = client_send(client, closing);
		client->closing_len = 0;
	}
	if (rc == RC_OK && late)
		rc = linger(client);
	if (rc == RC_OK) {
		watch_answered(client);
		return;
	}
	if (client->output.len > 0)
		log_say(LOG_LEVEL_WARNING, "a reply could not be written");
	client_drop(client);
}
