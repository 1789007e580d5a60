/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include <errno.h>
#include <string.h>

#include "client.h"

/* What of it could be sent at once; RC_SYSTEM: the peer is gone. */
static enum rc
send_some(struct client *client, struct bytes bytes, size_t *sent)
{
	ssize_t n = send(client->connection.fd, bytes.data, bytes.len,
	    MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return RC_SYSTEM;
	*sent = n < 0 ? 0 : (size_t)n;
	return RC_OK;
}

enum rc
client_send_pending(struct client *client)
{
	struct bytes left = bytes_skip(buf_view(&client->output), client->sent);
	size_t sent = 0;
	enum rc rc = RC_OK;

	if (left.len == 0)
		return RC_OK;
	rc = send_some(client, left, &sent);
	client->sent += sent;
	if (client->sent == client->output.len) {
		buf_free(&client->output);
		client->sent = 0;
	}
	return rc;
}

enum rc
client_send(struct client *client, struct bytes bytes)
{
	size_t sent = 0;
	enum rc rc = RC_OK;

	if (client->output.len == 0)
		rc = send_some(client, bytes, &sent);
	bytes = bytes_skip(bytes, sent);
	if (rc == RC_OK && bytes.len > 0)
		rc = buf_add(&client->output, bytes);
	return rc;
}

/* Nothing is kept for a server that asks and takes no answer. */
static enum rc
send_answers(struct client *client)
{
	struct bytes answers = buf_view(&client->records.answers);
	size_t sent = 0;
	enum rc rc = RC_OK;

	if (answers.len > 0 && client->output.len == 0)
		rc = send_some(client, answers, &sent);
	if (rc == RC_OK && sent < answers.len)
		rc = RC_SYSTEM;
	buf_free(&client->records.answers);
	return rc;
}

struct window
client_window(const struct client *client)
{
	return (struct window){ client->input.data, client->kept, client->kept,
		client->input.len };
}

/*
 * A head may hold what somebody has logged in to the page with, which is wiped
 * once that is known: until then no copy of it is left behind.
 */
static void
wipe_unknown(const struct client *client, char *data, size_t len)
{
	if (!client->records.head_whole && len > 0)
		explicit_bzero(data, len);
}

void
client_free_input(struct client *client)
{
	if (client->records.head_whole)
		buf_free(&client->input);
	else
		buf_wipe(&client->input);
}

static enum rc
add_input(struct client *client, struct bytes bytes)
{
	struct buf *input = &client->input;
	struct buf larger = { 0 };
	enum rc rc;

	if (client->records.head_whole ||
	    input->len + bytes.len < input->capacity)
		return buf_add(input, bytes);
	rc = buf_reserve(&larger, 2 * input->len + bytes.len);
	if (rc != RC_OK)
		return rc;
	buf_add(&larger, buf_view(input));
	buf_add(&larger, bytes);
	buf_wipe(input);
	*input = larger;
	return RC_OK;
}

/*
 * Nothing is read as long as there is input that was not looked at, so that a
 * server that sends many requests at once takes no more memory for it.
 */
enum rc
client_receive(struct client *client, struct desk *desk, struct window *window,
    size_t *got)
{
	ssize_t n = -1;
	enum rc rc = RC_OK;

	errno = EAGAIN;
	if (!client->unseen)
		n = recv(client->connection.fd, desk->buffer, CLIENT_READ,
		    MSG_DONTWAIT);
	client->unseen = false;
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		client->broken = true;
	*got = n > 0 ? (size_t)n : 0;
	if (client->input.len == 0) {
		*window = (struct window){ desk->buffer, 0, 0, *got };
		return RC_OK;
	}
	if (*got > 0)
		rc = add_input(client, (struct bytes){ desk->buffer, *got });
	wipe_unknown(client, desk->buffer, *got);
	/* Without it nobody knows where the next record begins. */
	if (rc != RC_OK)
		client->broken = true;
	*window = client_window(client);
	return rc;
}

enum rc
client_keep(struct client *client, const struct window *window)
{
	struct buf *input = &client->input;
	struct bytes kept = { window->data, window->kept };
	struct bytes rest = { window->data + window->rest,
		window->len - window->rest };
	enum rc rc = RC_OK;

	if (input->len > 0) {
		/* Each byte is moved once, however slowly they come. */
		if (kept.data != input->data)
			memmove(input->data, kept.data, kept.len);
		memmove(input->data + kept.len, rest.data, rest.len);
		wipe_unknown(client, input->data + kept.len + rest.len,
		    input->len - kept.len - rest.len);
		input->len = kept.len + rest.len;
	} else if (kept.len + rest.len > 0) {
		rc = buf_reserve(input, kept.len + rest.len);
		if (rc == RC_OK)
			rc = buf_add(input, kept);
		if (rc == RC_OK)
			rc = buf_add(input, rest);
		if (rc == RC_OK)
			wipe_unknown(client, window->data, window->len);
	}
	if (input->len == 0)
		buf_free(input);
	client->kept = kept.len;
	return rc;
}

/* In memory of its own: that of the request may be large. */
void
client_keep_rest(struct client *client, struct window window)
{
	struct bytes bytes = { window.data + window.rest,
		window.len - window.rest };
	struct buf rest = { 0 };

	if (bytes.len > 0 && buf_add(&rest, bytes) != RC_OK)
		client->broken = true;
	client_free_input(client);
	client->input = rest;
	client->kept = 0;
}

enum rc
client_scan(struct client *client, struct window *window, size_t *more)
{
	struct scanned scanned;
	enum rc rc = records_scan(&client->records, window->data + window->rest,
	    window->len - window->rest, &scanned);
	enum rc sent = send_answers(client);

	window->kept += scanned.kept;
	window->rest += scanned.rest;
	*more = scanned.kept;
	if (rc == RC_OK)
		rc = sent;
	if (rc != RC_OK)
		client->broken = true;
	return rc;
}
