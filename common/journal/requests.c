/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "journal/requests.h"

#include "base/buf.h"
#include "base/clock.h"
#include "config/conf.h"
#include "journal/journal.h"

/* NULL: no memory. */
static struct journal_requests_hook *
find(struct journal_requests *requests, const char *hook)
{
	struct journal_requests_hook *request;
	const char *copy;

	for (size_t i = 0; i < requests->n; i++)
		if (strcmp(requests->list[i].hook, hook) == 0)
			return &requests->list[i];
	copy = pool_text(&requests->pool, hook);
	request = pool_next(&requests->pool, &requests->list, requests->n);
	if (copy == NULL || request == NULL)
		return NULL;
	*request = (struct journal_requests_hook){ .hook = copy };
	requests->n++;
	return request;
}

static enum rc
add_counted(struct journal_requests *requests,
    const struct journal_stats_hook *counted)
{
	struct journal_requests_hook *request = find(requests, counted->name);

	if (request == NULL)
		return RC_MEMORY;
	request->counted = counted;
	request->last_event = counted->last_event;
	request->secrets = counted->secrets;
	request->secrets_n = counted->secrets_n;
	for (unsigned kind = 0; kind < JOURNAL_STATS_KINDS; kind++)
		for (int64_t hour = 0; hour < JOURNAL_REQUESTS_DAY; hour++)
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
has_others(const struct journal_requests_hook *request)
{
	for (size_t i = 0; i < request->secrets_n; i++)
		if (strcmp(request->secrets[i].file, JOURNAL_STATS_OTHERS) == 0)
			return true;
	return false;
}

/* One that verified nothing is what somebody who rotates looks for. */
static enum rc
add_secrets(struct journal_requests *requests,
    struct journal_requests_hook *request, const struct hook *hook)
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
				.used = unplaced ? JOURNAL_REQUESTS_UNPLACED :
						   0,
			};
	}
	request->secrets = list;
	request->secrets_n = n;
	return RC_OK;
}

static enum rc
add_configured(struct journal_requests *requests, const struct conf *conf)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; i < conf->hooks_len && rc == RC_OK; i++) {
		struct journal_requests_hook *request = find(requests,
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

/* The kind of what came to something in an hour; JOURNAL_STATS_KINDS: it is
 * none, but all of them. */
static unsigned
kind_of(const char *what)
{
	static const char refused[] = "refused ";
	unsigned kind = 0;

	if (strncmp(what, refused, strlen(refused)) == 0)
		what += strlen(refused);
	while (kind < JOURNAL_STATS_KINDS &&
	    strcmp(journal_stats_word(kind), what) != 0)
		kind++;
	return kind;
}

/* The first hour that the file is asked for: what it has of earlier ones is
 * there as long as their places are not needed. */
static int64_t
first_of_file(const struct journal_requests *requests)
{
	return journal_stats_hour(requests->now) + 1 - JOURNAL_STATS_HOURS;
}

/* Whether the file itself has what its source counted in an hour. */
static bool
has_hour(const struct journal_requests *requests,
    const struct journal_hour *hour)
{
	return hour->source == requests->report.source &&
	    hour->hour >= first_of_file(requests);
}

static void
add_to_hour(struct journal_requests *requests, int64_t hour, unsigned kind,
    int64_t count)
{
	if (hour >= requests->first &&
	    hour - requests->first < (int64_t)requests->hours)
		requests->by_hour[hour - requests->first][kind] += count;
}

static enum rc
add_hour(void *context, const struct journal_hour *hour)
{
	struct journal_requests *requests = context;
	unsigned kind = kind_of(hour->what);
	struct journal_requests_hook *request;

	if (kind == JOURNAL_STATS_KINDS || has_hour(requests, hour))
		return RC_OK;
	add_to_hour(requests, hour->hour, kind, hour->count);
	if (hour->hour < requests->since)
		return RC_OK;
	request = find(requests, hour->hook);
	if (request == NULL)
		return RC_MEMORY;
	request->day[kind] += hour->count;
	return RC_OK;
}

static enum rc
read_file(struct journal_requests *requests, const struct conf *conf)
{
	struct buf error = { 0 };
	struct buf path = { 0 };
	enum rc rc = journal_stats_read(conf->journal, &requests->pool,
	    &requests->report, &error);

	if (journal_stats_path(conf->journal, &path) == RC_OK)
		requests->path = pool_copy(&requests->pool, buf_view(&path));
	buf_free(&path);
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
	const struct journal_requests_hook *one = a, *other = b;

	return strcmp(one->hook, other->hook);
}

/* Of the hours that are wanted, what the file has. */
static enum rc
begin_hours(struct journal_requests *requests)
{
	const struct journal_stats_report *report = &requests->report;
	int64_t last = journal_stats_hour(requests->now);

	requests->since = last - (JOURNAL_REQUESTS_DAY - 1);
	requests->first = last + 1 - (int64_t)requests->hours;
	requests->by_hour = pool_alloc(&requests->pool, requests->hours + 1,
	    sizeof(*requests->by_hour));
	if (requests->by_hour == NULL)
		return RC_MEMORY;
	for (size_t i = 0; i < report->n; i++)
		for (int64_t hour = first_of_file(requests); hour <= last;
		     hour++)
			for (unsigned kind = 0; kind < JOURNAL_STATS_KINDS;
			     kind++)
				add_to_hour(requests, hour, kind,
				    journal_stats_at(&report->list[i], kind,
					hour));
	return RC_OK;
}

/* Before the file was made another one may have counted, what is too long ago
 * for it is in the journal, and so is what other machines have. */
static bool
wants_more(const struct journal_requests *requests, int64_t first)
{
	int64_t made = journal_stats_hour(requests->report.made);

	return requests->shared || requests->report.made == 0 ||
	    made >= first || first < first_of_file(requests);
}

/* Of other machines as well. */
static enum rc
add_last_events(struct journal_requests *requests, struct journal *journal)
{
	struct journal_last_event *list = pool_alloc(&requests->pool,
	    requests->n + 1, sizeof(*list));
	enum rc rc;

	if (list == NULL)
		return RC_MEMORY;
	for (size_t i = 0; i < requests->n; i++)
		list[i] = (struct journal_last_event){ requests->list[i].hook,
			requests->list[i].last_event };
	rc = journal_last_events(journal, list, requests->n);
	for (size_t i = 0; i < requests->n; i++)
		requests->list[i].last_event = list[i].time;
	return rc;
}

enum rc
journal_requests_gather(struct journal_requests *requests,
    const struct conf *conf, struct journal *journal)
{
	const struct journal_stats_report *report = &requests->report;
	enum rc rc = read_file(requests, conf);
	int64_t first;

	requests->shared = journal != NULL && journal_is_shared(journal);
	if (rc == RC_OK)
		rc = begin_hours(requests);
	for (size_t i = 0; i < report->n && rc == RC_OK; i++)
		rc = add_counted(requests, &report->list[i]);
	if (rc == RC_OK)
		rc = add_configured(requests, conf);
	first = clock_earlier(requests->first, requests->since);
	if (rc == RC_OK && journal != NULL && wants_more(requests, first))
		rc = journal_hours(journal, first, add_hour, requests);
	if (rc == RC_OK && requests->shared)
		rc = add_last_events(requests, journal);
	if (requests->n > 0)
		qsort(requests->list, requests->n, sizeof(*requests->list),
		    compare);
	return rc;
}

struct journal_requests_sums
journal_requests_sum(const struct journal_requests_hook *request)
{
	struct journal_requests_sums sums = { 0 };

	for (unsigned kind = 0; kind < JOURNAL_STATS_KINDS; kind++) {
		sums.received += request->day[kind];
		if (kind >= JOURNAL_STATS_REFUSED)
			sums.refused += request->day[kind];
	}
	return sums;
}
