/* SPDX-License-Identifier: ISC */
#include <stddef.h>

#include "http/reply.h"

#include "base/json_string.h"

enum {
	REPLY_SIZE = 320, /* avoids a second allocation */
	STATUS_DIGITS = 3,
};

#define RETRY_AFTER "Retry-After: 30\r\n" /* seconds */

/* What HTTP makes of an outcome (RFC 9110 section 15, RFC 9457). */
struct row {
	int status;
	bool later;	    /* with Retry-After */
	const char *word;   /* of a refusal, for the log */
	const char *detail; /* of a problem: the same text every time */
};

static const char stopping[] = "The receiver is stopping.";
static const char trouble[] = "The receiver has trouble; its log says why.";

static const struct row outcomes[] = {
	[OUTCOME_DELIVERED] = { .status = 200 },
	[OUTCOME_IGNORED] = { .status = 200 },
	[OUTCOME_DUPLICATE] = { .status = 200 },
	[OUTCOME_QUEUED] = { .status = 202 },
	[OUTCOME_REJECTED] = { 422, false, NULL,
	    "The command says that the event is bad." },
	[OUTCOME_TEMPORARY] = { 503, true, NULL,
	    "The command asks to be tried again." },
	[OUTCOME_FAILED] = { 500, false, NULL, "The command failed." },
	[OUTCOME_UNSTARTED] = { 500, false, NULL,
	    "The command could not be started." },
	[OUTCOME_BUSY] = { 503, true, NULL,
	    "The command could not be started just now." },
	[OUTCOME_TIMEOUT] = { 504, false, NULL, "The command took too long." },
	[OUTCOME_STOPPED] = { 503, true, NULL, stopping },
};

/* The reasons of OUTCOME_REFUSED. */
static const struct row refusals[] = {
	[RC_ACCESS] = { 403, false, "no-access",
	    "The page is not to be shown to you, or what you ask of it is not "
	    "to be done." },
	[RC_METHOD] = { 405, false, "method-not-allowed",
	    "Only POST is answered here." },
	[RC_NO_HOOK] = { 404, false, "no-such-hook", "There is no such hook." },
	[RC_LENGTH] = { 400, false, "bad-length",
	    "CONTENT_LENGTH is not a number." },
	[RC_LARGE] = { 413, false, "too-large",
	    "The body is larger than this hook allows." },
	[RC_ENCODED] = { 415, false, "encoded",
	    "The body has to come without a Content-Encoding." },
	[RC_SHORT] = { 400, false, "short-body",
	    "The body is shorter than its length says." },
	[RC_SLOW] = { 408, false, "read-timeout",
	    "The request took too long to arrive." },
	[RC_REPEATED] = { 400, false, "repeated-header",
	    "A header that may be there once is there twice." },
	[RC_SIGNATURE] = { 401, false, "bad-signature",
	    "The request is not signed as it has to be." },
	[RC_JSON] = { 400, false, "not-json", "The body is not JSON." },
	[RC_CONFIG] = { 500, false, "misconfigured",
	    "The receiver is not set up; its log says why." },
	[RC_BODIES] = { 503, true, "too-many-bytes",
	    "Too many requests are arriving." },
	[RC_CROWDED] = { 503, true, "too-many-running",
	    "Too many commands are running." },
	[RC_PENDING] = { 503, true, "pending",
	    "The same event is being handled right now." },
	[RC_QUEUE_FULL] = { 503, true, "queue-full",
	    "Too many events are waiting." },
	[RC_STORE] = { 503, true, "not-stored",
	    "The event could not be stored." },
	[RC_LOCKED] = { 503, true, "journal-locked",
	    "The event could not be stored in time." },
	[RC_CORRUPT] = { 503, true, "journal-damaged",
	    "The event could not be stored." },
	[RC_STOPPING] = { 503, true, "stopping", stopping },
	[RC_MEMORY] = { 503, true, "out-of-memory",
	    "The receiver is short of memory." },
	[RC_SYSTEM] = { 500, false, "system-error", trouble },

	/* These never leave a module; if one does, nothing was handled. */
	[RC_OK] = { 500, false, "unfinished", trouble },
	[RC_DUPLICATE] = { 500, false, "internal-duplicate", trouble },
	[RC_TIMEOUT] = { 500, false, "internal-timeout", trouble },
	[RC_SYNTAX] = { 500, false, "internal-syntax", trouble },
	[RC_MISSING] = { 500, false, "internal-missing", trouble },
	[RC_RANGE] = { 500, false, "internal-range", trouble },
};

#define STATUS(number, phrase)                                                 \
	{                                                                      \
		number, #number " " phrase                                     \
	}

static const struct {
	int status;
	const char *line;
} statuses[] = {
	STATUS(200, "OK"),
	STATUS(202, "Accepted"),
	STATUS(303, "See Other"),
	STATUS(400, "Bad Request"),
	STATUS(401, "Unauthorized"),
	STATUS(403, "Forbidden"),
	STATUS(404, "Not Found"),
	STATUS(405, "Method Not Allowed"),
	STATUS(408, "Request Timeout"),
	STATUS(413, "Content Too Large"),
	STATUS(415, "Unsupported Media Type"),
	STATUS(422, "Unprocessable Content"),
	STATUS(500, "Internal Server Error"),
	STATUS(503, "Service Unavailable"),
	STATUS(504, "Gateway Timeout"),
};

struct reply
reply_refused(enum rc reason)
{
	return (struct reply){ .outcome = OUTCOME_REFUSED, .reason = reason };
}

static const struct row *
row_of(enum outcome outcome, enum rc reason)
{
	return outcome == OUTCOME_REFUSED ? &refusals[reason] :
					    &outcomes[outcome];
}

int
reply_status(enum outcome outcome, enum rc reason)
{
	return row_of(outcome, reason)->status;
}

const char *
reply_word(enum outcome outcome, enum rc reason)
{
	return outcome == OUTCOME_REFUSED ? refusals[reason].word :
					    outcome_word(outcome);
}

const char *
reply_status_line(int status)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (statuses[i].status == status)
			return statuses[i].line;
	return "500 Internal Server Error";
}

static void
add_all(struct buf *into, const char *const *texts)
{
	for (; *texts != NULL; texts++)
		buf_text(into, *texts);
}

static void
print_success(const struct reply *reply, struct buf *into)
{
	add_all(into,
	    (const char *const[]){ "{\"status\":\"",
		outcome_word(reply->outcome), "\",\"id\":\"", reply->id,
		"\",\"event\":\"", NULL });
	json_string_add(bytes_of(reply->event), into);
	buf_text(into, "\"}\n");
}

void
reply_print_problem(int status, const char *detail, struct buf *into)
{
	const char *line = reply_status_line(status);

	add_all(into,
	    (const char *const[]){ "{\"title\":\"", line + STATUS_DIGITS + 1,
		"\",\"status\":", NULL });
	buf_add(into, (struct bytes){ line, STATUS_DIGITS });
	buf_text(into, ",\"detail\":\"");
	json_string_add(bytes_of(detail), into);
	buf_text(into, "\"}\n");
}

static void
print_head(const struct reply *reply, const struct buf *body, struct buf *into)
{
	const struct row *row = row_of(reply->outcome, reply->reason);
	int status = reply->status != 0 ? reply->status : row->status;
	const char *type = row->detail == NULL ? "application/json" :
						 "application/problem+json";

	add_all(into,
	    (const char *const[]){ "Status: ", reply_status_line(status),
		"\r\nContent-Type: ", type, "\r\n", NULL });
	if (body != NULL)
		buf_printf(into, "Content-Length: %zu\r\n", body->len);
	if (row->status == 405)
		buf_text(into, "Allow: POST\r\n");
	if (row->later)
		buf_text(into, RETRY_AFTER);
	buf_text(into, "\r\n");
}

enum rc
reply_print(const struct reply *reply, struct buf *into)
{
	const struct row *row = row_of(reply->outcome, reply->reason);
	struct buf body = { 0 };
	enum rc rc;

	/* A failure shows in the appends below. */
	(void)buf_reserve(&body, REPLY_SIZE);
	(void)buf_reserve(into, REPLY_SIZE);
	if (row->detail == NULL)
		print_success(reply, &body);
	else
		reply_print_problem(row->status, row->detail, &body);
	print_head(reply, reply->head ? NULL : &body, into);
	if (!reply->head)
		buf_add(into, buf_view(&body));
	rc = body.rc != RC_OK ? body.rc : into->rc;
	buf_free(&body);
	return rc;
}

struct bytes
reply_last_resort(void)
{
	return bytes_of(
	    "Status: 503 Service Unavailable\r\n" RETRY_AFTER "\r\n");
}
