/* SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "stats_requests.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/json_writer.h"
#include "journal/requests.h"
#include "complain.h"
#include "print.h"
#include "session.h"
#include "stats_print.h"

static void
note_places(const struct journal_requests *requests, const char *prefix)
{
	const char *hook = NULL;
	size_t n = 0;

	for (size_t i = 0; i < requests->n; i++)
		if (requests->list[i].unplaced) {
			hook = n == 0 ? requests->list[i].hook : hook;
			n++;
		}
	if (n > 0)
		print_note(prefix,
		    "%s has no place left for %zu %s of the configuration, %s%s"
		    ": what came for %s is not known: take the file away, and "
		    "counting begins anew within a minute",
		    requests->path, n, n == 1 ? "hook" : "hooks", hook,
		    n == 1 ? "" : " the first of them", n == 1 ? "it" : "them");
}

static void
note_secret_places(const struct journal_requests *requests, const char *prefix)
{
	for (size_t i = 0; i < requests->n; i++) {
		const struct journal_requests_hook *request = &requests
								   ->list[i];
		const char *file = NULL;

		for (size_t k = 0; k < request->secrets_n && file == NULL; k++)
			if (request->secrets[k].used ==
			    JOURNAL_REQUESTS_UNPLACED)
				file = request->secrets[k].file;
		if (file != NULL && !request->unplaced)
			print_note(prefix,
			    "%s has no place left for each secret of hook %s: "
			    "what %s verified is not known: take the file "
			    "away, and counting begins anew within a minute",
			    requests->path, request->hook, file);
	}
}

void
stats_requests_note(const struct journal_requests *requests, const char *prefix)
{
	if (requests->broken != NULL)
		print_note(prefix, "requests are not counted: %s",
		    requests->broken);
	note_places(requests, prefix);
	note_secret_places(requests, prefix);
}

/* For people. */

static const char *const heading[] = { "HOOK", "LAST EVENT", "RECEIVED",
	"IGNORED", "DUPLICATE", "REFUSED", "LAST REFUSAL" };
static const char *const secrets_heading[] = { "HOOK", "SECRET", "VERIFIED",
	"LAST" };

enum {
	COLUMNS = sizeof(heading) / sizeof(heading[0]),
	SECRETS_COLUMNS = sizeof(secrets_heading) / sizeof(secrets_heading[0]),
};

/* "4 (401: 3, 503: 1)"; "0". */
static const char *
refused_cell(struct pool *pool, const struct journal_requests_hook *request)
{
	const char *separator = " (";
	struct buf text = { 0 };
	const char *cell;

	buf_printf(&text, "%" PRId64, journal_requests_sum(request).refused);
	for (unsigned kind = JOURNAL_STATS_REFUSED; kind < JOURNAL_STATS_KINDS;
	     kind++) {
		if (request->day[kind] == 0)
			continue;
		buf_printf(&text, "%s%s: %" PRId64, separator,
		    journal_stats_word(kind), request->day[kind]);
		separator = ", ";
	}
	if (separator[0] == ',')
		buf_char(&text, ')');
	cell = text.rc == RC_OK ? pool_copy(pool, buf_view(&text)) : NULL;
	buf_free(&text);
	return cell;
}

static const char *
ago_cell(struct journal_requests *requests, int64_t time)
{
	return time == 0 ?
	    "" :
	    print_age(&requests->pool, clock_age(time, requests->now));
}

static const char *
refusal_cell(struct journal_requests *requests,
    const struct journal_stats_hook *counted)
{
	if (counted == NULL || counted->refused == 0)
		return "";
	return pool_printf(&requests->pool, "%d %s, %s ago",
	    counted->refused_status, counted->reason,
	    ago_cell(requests, counted->refused));
}

static bool
fill_row(struct journal_requests *requests,
    const struct journal_requests_hook *request, const char **cells)
{
	struct pool *pool = &requests->pool;

	cells[0] = request->hook[0] == '\0' ? "(unknown)" : request->hook;
	if (request->unplaced) {
		for (size_t i = 1; i < COLUMNS; i++)
			cells[i] = "";
		return true;
	}
	cells[1] = ago_cell(requests, request->last_event);
	cells[2] = pool_printf(pool, "%" PRId64,
	    journal_requests_sum(request).received);
	cells[3] = pool_printf(pool, "%" PRId64,
	    request->day[JOURNAL_STATS_IGNORED]);
	cells[4] = pool_printf(pool, "%" PRId64,
	    request->day[JOURNAL_STATS_DUPLICATE]);
	cells[5] = refused_cell(pool, request);
	cells[6] = refusal_cell(requests, request->counted);
	for (size_t i = 0; i < COLUMNS; i++)
		if (cells[i] == NULL)
			return false;
	return true;
}

static bool
fill_secret(struct journal_requests *requests,
    const struct journal_requests_hook *request, size_t i, const char **cells)
{
	cells[0] = request->hook;
	cells[1] = request->secrets[i].file;
	cells[2] = request->secrets[i].used == JOURNAL_REQUESTS_UNPLACED ?
	    "" :
	    pool_printf(&requests->pool, "%" PRId64, request->secrets[i].used);
	cells[3] = ago_cell(requests, request->secrets[i].last);
	return cells[2] != NULL && cells[3] != NULL;
}

static enum rc
print_secrets(struct journal_requests *requests)
{
	const char **cells;
	size_t rows = 1, at = 1;

	for (size_t i = 0; i < requests->n; i++)
		rows += requests->list[i].secrets_n;
	if (rows == 1)
		return RC_OK;
	cells = pool_alloc(&requests->pool, rows * SECRETS_COLUMNS,
	    sizeof(*cells));
	if (cells == NULL)
		return RC_MEMORY;
	memcpy(cells, secrets_heading, sizeof(secrets_heading));
	for (size_t i = 0; i < requests->n; i++)
		for (size_t k = 0; k < requests->list[i].secrets_n; k++)
			if (!fill_secret(requests, &requests->list[i], k,
				cells + at++ * SECRETS_COLUMNS))
				return RC_MEMORY;
	print_line("%s", "");
	print_table(cells, SECRETS_COLUMNS, rows);
	return RC_OK;
}

enum rc
stats_requests_table(struct journal_requests *requests)
{
	const char **cells = pool_alloc(&requests->pool,
	    (requests->n + 1) * COLUMNS, sizeof(*cells));

	if (cells == NULL)
		return RC_MEMORY;
	memcpy(cells, heading, sizeof(heading));
	for (size_t i = 0; i < requests->n; i++)
		if (!fill_row(requests, &requests->list[i],
			cells + (i + 1) * COLUMNS))
			return RC_MEMORY;
	print_line("%s", "");
	print_line("Requests in the last 24 hours:");
	print_table(cells, COLUMNS, requests->n + 1);
	return print_secrets(requests);
}

/* For programs. */

static void
write_refused(struct json *json, const struct journal_requests_hook *request)
{
	const struct journal_stats_hook *counted = request->counted;

	json_number(json, "refused", journal_requests_sum(request).refused);
	json_open(json, "refused_by_status", '{');
	for (unsigned kind = JOURNAL_STATS_REFUSED; kind < JOURNAL_STATS_KINDS;
	     kind++)
		if (request->day[kind] > 0)
			json_number(json, journal_stats_word(kind),
			    request->day[kind]);
	json_close(json, '}');
	json_time(json, "last_refused", counted == NULL ? 0 : counted->refused);
	if (counted == NULL || counted->refused == 0)
		return;
	json_number(json, "last_refused_status", counted->refused_status);
	json_text(json, "last_refused_reason", counted->reason);
}

static void
write_secret(struct json *json, const struct journal_stats_secret *secret)
{
	json_open(json, NULL, '{');
	json_text(json, "file", secret->file);
	if (secret->used == JOURNAL_REQUESTS_UNPLACED)
		json_null(json, "used");
	else
		json_number(json, "used", secret->used);
	json_time(json, "last", secret->last);
	json_close(json, '}');
}

static void
write_numbers(struct json *json, const struct journal_requests_hook *request)
{
	json_time(json, "last_event", request->last_event);
	json_number(json, "received", journal_requests_sum(request).received);
	for (unsigned kind = 0; kind < JOURNAL_STATS_REFUSED; kind++)
		json_number(json, journal_stats_word(kind), request->day[kind]);
	write_refused(json, request);
}

/* Nothing is another answer than 0. */
static void
write_nothing(struct json *json)
{
	json_null(json, "last_event");
	json_null(json, "received");
	for (unsigned kind = 0; kind < JOURNAL_STATS_REFUSED; kind++)
		json_null(json, journal_stats_word(kind));
	json_null(json, "refused");
	json_null(json, "refused_by_status");
	json_null(json, "last_refused");
}

static void
write_request(struct json *json, const struct journal_requests_hook *request)
{
	json_open(json, NULL, '{');
	json_text(json, "hook", request->hook);
	json_bool(json, "configured", request->configured);
	if (request->unplaced)
		write_nothing(json);
	else
		write_numbers(json, request);
	json_open(json, "secrets", '[');
	for (size_t i = 0; i < request->secrets_n; i++)
		write_secret(json, &request->secrets[i]);
	json_close(json, ']');
	json_close(json, '}');
}

void
stats_requests_json(const struct journal_requests *requests, struct json *json)
{
	json_time(json, "counting_since", requests->report.made);
	json_open(json, "requests", '[');
	for (size_t i = 0; i < requests->n; i++)
		write_request(json, &requests->list[i]);
	json_close(json, ']');
}

static bool
print_totals(struct pool *pool, const struct journal_requests_hook *request)
{
	const char *hook = stats_print_label(pool, request->hook);

	for (unsigned kind = 0; hook != NULL && kind < JOURNAL_STATS_KINDS;
	     kind++)
		print_line("pelihook_requests_total{hook=\"%s\",status=\"%s\"}"
			   " %" PRId64,
		    hook, journal_stats_word(kind),
		    request->counted == NULL ? 0 :
					       request->counted->totals[kind]);
	return hook != NULL;
}

static bool
print_used(struct pool *pool, const struct journal_requests_hook *request)
{
	const char *hook = stats_print_label(pool, request->hook);

	for (size_t i = 0; hook != NULL && i < request->secrets_n; i++) {
		const char *file = stats_print_label(pool,
		    request->secrets[i].file);

		if (file == NULL)
			return false;
		if (request->secrets[i].used == JOURNAL_REQUESTS_UNPLACED)
			continue;
		print_line("pelihook_secret_used_total{hook=\"%s\","
			   "file=\"%s\"} %" PRId64,
		    hook, file, request->secrets[i].used);
	}
	return hook != NULL;
}

static bool
print_last(struct pool *pool, const struct journal_requests_hook *request)
{
	const char *hook = stats_print_label(pool, request->hook);

	if (hook != NULL && hook[0] != '\0')
		print_line("pelihook_last_event_timestamp_seconds"
			   "{hook=\"%s\"} %.15g",
		    hook, (double)request->last_event / 1000);
	return hook != NULL;
}

enum rc
stats_requests_metrics(struct journal_requests *requests)
{
	static const struct {
		const char *name;
		const char *type;
		const char *help;
		bool (*print)(struct pool *pool,
		    const struct journal_requests_hook *request);
	} families[] = {
		{ "pelihook_requests_total", "counter",
		    "Requests by hook and by what became of them: a word, or "
		    "the status that refused them.",
		    print_totals },
		{ "pelihook_last_event_timestamp_seconds", "gauge",
		    "When the last verified event came; 0: none has.",
		    print_last },
		{ "pelihook_secret_used_total", "counter",
		    "Requests that the secret in a file verified.",
		    print_used },
	};

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		stats_print_family(families[i].name, families[i].type,
		    families[i].help);
		for (size_t k = 0; k < requests->n; k++)
			if (!requests->list[k].unplaced &&
			    !families[i].print(&requests->pool,
				&requests->list[k]))
				return RC_MEMORY;
	}
	return RC_OK;
}

/* Limits. */

static bool
is_silent(const struct journal_requests *requests,
    const struct journal_requests_hook *request, int64_t most)
{
	int64_t last = request->last_event;
	int64_t made = requests->report.made;

	if (request->unplaced) {
		complain("hook %s: whether it is silent is not known, as it "
			 "has no place in %s",
		    request->hook, requests->path);
		return true;
	}
	if (!request->configured ||
	    (made != 0 &&
		clock_age(last == 0 ? made : last, requests->now) <= most))
		return false;
	if (last != 0)
		complain("hook %s: the last verified event came %lld s ago",
		    request->hook,
		    (long long)(clock_age(last, requests->now) / 1000));
	else if (made != 0)
		complain("hook %s: no verified event came since counting "
			 "began %lld s ago",
		    request->hook,
		    (long long)(clock_age(made, requests->now) / 1000));
	else
		complain("hook %s: no request was ever counted", request->hook);
	return true;
}

enum rc
stats_requests_check(const struct journal_requests *requests,
    const struct session *session)
{
	int64_t refused = 0;
	enum rc rc = RC_OK;

	for (size_t i = 0; i < requests->n; i++) {
		const struct journal_requests_hook *request = &requests
								   ->list[i];

		refused += journal_requests_sum(request).refused;
		if (session->max_silence >= 0 &&
		    is_silent(requests, request, session->max_silence))
			rc = RC_QUEUE_FULL;
	}
	if (session->max_refused >= 0 && refused > session->max_refused) {
		complain("%lld %s refused in the last 24 hours",
		    (long long)refused,
		    refused == 1 ? "request was" : "requests were");
		rc = RC_QUEUE_FULL;
	}
	return rc;
}
