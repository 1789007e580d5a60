/* SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "stats_requests.h"

#include "base/buf.h"
#include "base/clock.h"
#include "config/conf.h"
#include "journal/journal.h"
#include "complain.h"
#include "json.h"
#include "print.h"
#include "session.h"
#include "stats_print.h"

enum { DAY = 24 }; /* hours */

/* What is shown of a hook in a day. */
struct sums {
	int64_t received;
	int64_t refused;
};

static struct sums
sum_up(const struct stats_request *request)
{
	struct sums sums = { 0 };

	for (unsigned kind = 0; kind < JOURNAL_STATS_KINDS; kind++) {
		sums.received += request->day[kind];
		if (kind >= JOURNAL_STATS_REFUSED)
			sums.refused += request->day[kind];
	}
	return sums;
}

/* NULL: no memory. */
static struct stats_request *
find(struct stats_requests *requests, const char *hook)
{
	struct stats_request *request;
	const char *copy;

	for (size_t i = 0; i < requests->n; i++)
		if (strcmp(requests->list[i].hook, hook) == 0)
			return &requests->list[i];
	copy = pool_text(&requests->pool, hook);
	request = pool_next(&requests->pool, &requests->list, requests->n);
	if (copy == NULL || request == NULL)
		return NULL;
	*request = (struct stats_request){ .hook = copy };
	requests->n++;
	return request;
}

static enum rc
add_counted(struct stats_requests *requests,
    const struct journal_stats_hook *counted)
{
	struct stats_request *request = find(requests, counted->name);

	if (request == NULL)
		return RC_MEMORY;
	request->counted = counted;
	request->last_event = counted->last_event;
	request->secrets = counted->secrets;
	request->secrets_n = counted->secrets_n;
	for (unsigned kind = 0; kind < JOURNAL_STATS_KINDS; kind++)
		for (int64_t hour = 0; hour < DAY; hour++)
			request->day[kind] += journal_stats_at(counted, kind,
			    requests->since + hour);
	return RC_OK;
}

/* Of long paths the file has the end only. */
static bool
is_file(const char *counted, const char *path)
{
	size_t len = strlen(counted);
	size_t path_len = strlen(path);

	if (strcmp(counted, path) == 0)
		return true;
	return strncmp(counted, "...", 3) == 0 && len - 3 < path_len &&
	    strcmp(counted + 3, path + path_len - (len - 3)) == 0;
}

/* Of the secrets some have no place of their own. */
static bool
has_others(const struct stats_request *request)
{
	for (size_t i = 0; i < request->secrets_n; i++)
		if (strcmp(request->secrets[i].file, JOURNAL_STATS_OTHERS) == 0)
			return true;
	return false;
}

/* One that verified nothing is what somebody who rotates looks for. */
static enum rc
add_secrets(struct stats_requests *requests, struct stats_request *request,
    const struct hook *hook)
{
	struct journal_stats_secret *list = pool_alloc(&requests->pool,
	    request->secrets_n + hook->secrets_len + 1, sizeof(*list));
	bool unplaced = request->unplaced || has_others(request);
	size_t n = request->secrets_n;

	if (list == NULL)
		return RC_MEMORY;
	for (size_t i = 0; i < n; i++)
		list[i] = request->secrets[i];
	for (size_t i = 0; i < hook->secrets_len; i++) {
		const char *path = hook->secrets[i].path;
		size_t k = 0;

		while (k < n && !is_file(list[k].file, path))
			k++;
		if (k == n)
			list[n++] = (struct journal_stats_secret){
				.file = path,
				.used = unplaced ? STATS_UNPLACED : 0,
			};
	}
	request->secrets = list;
	request->secrets_n = n;
	return RC_OK;
}

static enum rc
add_configured(struct stats_requests *requests, const struct conf *conf)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; i < conf->hooks_len && rc == RC_OK; i++) {
		struct stats_request *request = find(requests,
		    conf->hooks[i].name);

		if (request == NULL)
			return RC_MEMORY;
		request->configured = true;
		request->unplaced = request->counted == NULL &&
		    requests->report.overflowed;
		rc = add_secrets(requests, request, &conf->hooks[i]);
	}
	return rc;
}

static enum rc
add_hour(void *context, const struct journal_hour *hour)
{
	static const char refused[] = "refused ";
	struct stats_requests *requests = context;
	const char *word = hour->what;
	struct stats_request *request;

	if (hour->source == requests->report.source)
		return RC_OK;
	if (strncmp(word, refused, strlen(refused)) == 0)
		word += strlen(refused);
	for (unsigned kind = 0; kind < JOURNAL_STATS_KINDS; kind++) {
		if (strcmp(journal_stats_word(kind), word) != 0)
			continue;
		request = find(requests, hour->hook);
		if (request == NULL)
			return RC_MEMORY;
		request->day[kind] += hour->count;
	}
	return RC_OK;
}

static enum rc
read_file(struct stats_requests *requests, const char *path)
{
	struct buf error = { 0 };
	enum rc rc = journal_stats_read(path, &requests->pool,
	    &requests->report, &error);

	requests->path = pool_printf(&requests->pool, "%s-stats", path);
	if (requests->path == NULL)
		rc = RC_MEMORY;
	if (rc == RC_CONFIG)
		requests->broken = pool_text(&requests->pool,
		    error.len > 0 ? error.data : "their file cannot be used");
	if (rc == RC_CONFIG && requests->broken == NULL)
		rc = RC_MEMORY;
	buf_free(&error);
	return rc == RC_MEMORY ? rc : RC_OK;
}

static int
compare(const void *a, const void *b)
{
	const struct stats_request *one = a, *other = b;

	return strcmp(one->hook, other->hook);
}

enum rc
stats_requests_gather(struct stats_requests *requests,
    const struct session *session, struct journal *journal)
{
	const struct journal_stats_report *report = &requests->report;
	enum rc rc = read_file(requests, session->conf->journal);

	requests->now = clock_wall();
	requests->since = journal_stats_hour(requests->now) - (DAY - 1);
	for (size_t i = 0; i < report->n && rc == RC_OK; i++)
		rc = add_counted(requests, &report->list[i]);
	if (rc == RC_OK)
		rc = add_configured(requests, session->conf);
	/* Before the file was made another one may have counted. */
	if (rc == RC_OK && journal != NULL &&
	    (report->made == 0 ||
		journal_stats_hour(report->made) >= requests->since))
		rc = journal_hours(journal, requests->since, add_hour,
		    requests);
	if (requests->n > 0)
		qsort(requests->list, requests->n, sizeof(*requests->list),
		    compare);
	return rc;
}

static void
note_places(const struct stats_requests *requests, const char *prefix)
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
note_secret_places(const struct stats_requests *requests, const char *prefix)
{
	for (size_t i = 0; i < requests->n; i++) {
		const struct stats_request *request = &requests->list[i];
		const char *file = NULL;

		for (size_t k = 0; k < request->secrets_n && file == NULL; k++)
			if (request->secrets[k].used == STATS_UNPLACED)
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
stats_requests_note(const struct stats_requests *requests, const char *prefix)
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
refused_cell(struct pool *pool, const struct stats_request *request)
{
	const char *separator = " (";
	struct buf text = { 0 };
	const char *cell;

	buf_printf(&text, "%" PRId64, sum_up(request).refused);
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
ago_cell(struct stats_requests *requests, int64_t time)
{
	return time == 0 ?
	    "" :
	    print_age(&requests->pool, clock_age(time, requests->now));
}

static const char *
refusal_cell(struct stats_requests *requests,
    const struct journal_stats_hook *counted)
{
	if (counted == NULL || counted->refused == 0)
		return "";
	return pool_printf(&requests->pool, "%d %s, %s ago",
	    counted->refused_status, counted->reason,
	    ago_cell(requests, counted->refused));
}

static bool
fill_row(struct stats_requests *requests, const struct stats_request *request,
    const char **cells)
{
	struct pool *pool = &requests->pool;

	cells[0] = request->hook[0] == '\0' ? "(unknown)" : request->hook;
	if (request->unplaced) {
		for (size_t i = 1; i < COLUMNS; i++)
			cells[i] = "";
		return true;
	}
	cells[1] = ago_cell(requests, request->last_event);
	cells[2] = pool_printf(pool, "%" PRId64, sum_up(request).received);
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
fill_secret(struct stats_requests *requests,
    const struct stats_request *request, size_t i, const char **cells)
{
	cells[0] = request->hook;
	cells[1] = request->secrets[i].file;
	cells[2] = request->secrets[i].used == STATS_UNPLACED ?
	    "" :
	    pool_printf(&requests->pool, "%" PRId64, request->secrets[i].used);
	cells[3] = ago_cell(requests, request->secrets[i].last);
	return cells[2] != NULL && cells[3] != NULL;
}

static enum rc
print_secrets(struct stats_requests *requests)
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
stats_requests_table(struct stats_requests *requests)
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
write_refused(struct json *json, const struct stats_request *request)
{
	const struct journal_stats_hook *counted = request->counted;

	json_number(json, "refused", sum_up(request).refused);
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
	if (secret->used == STATS_UNPLACED)
		json_null(json, "used");
	else
		json_number(json, "used", secret->used);
	json_time(json, "last", secret->last);
	json_close(json, '}');
}

static void
write_numbers(struct json *json, const struct stats_request *request)
{
	json_time(json, "last_event", request->last_event);
	json_number(json, "received", sum_up(request).received);
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
write_request(struct json *json, const struct stats_request *request)
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
stats_requests_json(const struct stats_requests *requests, struct json *json)
{
	json_time(json, "counting_since", requests->report.made);
	json_open(json, "requests", '[');
	for (size_t i = 0; i < requests->n; i++)
		write_request(json, &requests->list[i]);
	json_close(json, ']');
}

static bool
print_totals(struct pool *pool, const struct stats_request *request)
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
print_used(struct pool *pool, const struct stats_request *request)
{
	const char *hook = stats_print_label(pool, request->hook);

	for (size_t i = 0; hook != NULL && i < request->secrets_n; i++) {
		const char *file = stats_print_label(pool,
		    request->secrets[i].file);

		if (file == NULL)
			return false;
		if (request->secrets[i].used == STATS_UNPLACED)
			continue;
		print_line("pelihook_secret_used_total{hook=\"%s\","
			   "file=\"%s\"} %" PRId64,
		    hook, file, request->secrets[i].used);
	}
	return hook != NULL;
}

static bool
print_last(struct pool *pool, const struct stats_request *request)
{
	const char *hook = stats_print_label(pool, request->hook);

	if (hook != NULL && hook[0] != '\0')
		print_line("pelihook_last_event_timestamp_seconds"
			   "{hook=\"%s\"} %.15g",
		    hook, (double)request->last_event / 1000);
	return hook != NULL;
}

enum rc
stats_requests_metrics(struct stats_requests *requests)
{
	static const struct {
		const char *name;
		const char *type;
		const char *help;
		bool (*print)(struct pool *pool,
		    const struct stats_request *request);
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
is_silent(const struct stats_requests *requests,
    const struct stats_request *request, int64_t most)
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
stats_requests_check(const struct stats_requests *requests,
    const struct session *session)
{
	int64_t refused = 0;
	enum rc rc = RC_OK;

	for (size_t i = 0; i < requests->n; i++) {
		const struct stats_request *request = &requests->list[i];

		refused += sum_up(request).refused;
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
