/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "stats_lanes.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/json_writer.h"
#include "config/conf.h"
#include "config/lane_text.h"
#include "journal/journal.h"
#include "print.h"
#include "session.h"
#include "stats_print.h"

static const char *const heading[] = { "HOOK", "LANE", "QUEUED", "RUNNING",
	"OLDEST" };

enum { COLUMNS = sizeof(heading) / sizeof(heading[0]) };

struct gathering {
	struct stats_lanes *lanes;
	const struct conf *conf;
};

static struct stats_lane *
find(struct stats_lanes *lanes, const char *hook, const char *key)
{
	for (size_t i = 0; i < lanes->n; i++)
		if (strcmp(lanes->list[i].hook, hook) == 0 &&
		    strcmp(lanes->list[i].key, key) == 0)
			return &lanes->list[i];
	return NULL;
}

static const char *
name_of(const struct gathering *gathering, const char *hook, const char *key)
{
	const struct lane_told told = { .hook = hook, .key = key };
	struct buf name = { 0 };
	const char *copy = NULL;

	if (lane_print_key(gathering->conf, &told, &name) == RC_OK)
		copy = pool_copy(&gathering->lanes->pool, buf_view(&name));
	buf_free(&name);
	return copy;
}

/* NULL: no memory. */
static struct stats_lane *
add(const struct gathering *gathering, const char *hook, const char *key)
{
	struct stats_lanes *lanes = gathering->lanes;
	struct stats_lane *next = pool_next(&lanes->pool, &lanes->list,
	    lanes->n);
	struct stats_lane lane = {
		.hook = pool_text(&lanes->pool, hook),
		.key = pool_text(&lanes->pool, key),
		.name = name_of(gathering, hook, key),
	};

	if (next == NULL || lane.hook == NULL || lane.key == NULL ||
	    lane.name == NULL)
		return NULL;
	*next = lane;
	lanes->n++;
	return next;
}

static enum rc
add_configured(const struct gathering *gathering)
{
	const struct conf *conf = gathering->conf;

	for (size_t i = 0; i < conf->hooks_len; i++) {
		const struct hook *hook = &conf->hooks[i];

		for (size_t j = 0;
		     hook->delivery == CONF_QUEUE && j < hook->lanes_len; j++)
			if (add(gathering, hook->name, hook->lanes[j].key) ==
			    NULL)
				return RC_MEMORY;
	}
	return RC_OK;
}

static enum rc
add_count(void *context, const struct journal_lane_count *count)
{
	const struct gathering *gathering = context;
	struct stats_lane *lane = find(gathering->lanes, count->hook,
	    count->lane);

	if (lane == NULL)
		lane = add(gathering, count->hook, count->lane);
	if (lane == NULL)
		return RC_MEMORY;
	lane->queued = count->queued;
	lane->running = count->running;
	lane->oldest = count->oldest;
	return RC_OK;
}

enum rc
stats_lanes_gather(struct stats_lanes *lanes, const struct session *session,
    struct journal *journal)
{
	struct gathering gathering = { lanes, session->conf };
	enum rc rc = add_configured(&gathering);

	lanes->now = journal_now(journal);
	if (rc == RC_OK && journal != NULL)
		rc = journal_lane_counts(journal, add_count, &gathering);
	return rc;
}

static enum rc
fill_row(struct stats_lanes *lanes, const struct stats_lane *lane,
    const char **cells)
{
	struct pool *pool = &lanes->pool;

	cells[0] = lane->hook;
	cells[1] = lane->name;
	cells[2] = pool_printf(pool, "%lld", (long long)lane->queued);
	cells[3] = pool_printf(pool, "%lld", (long long)lane->running);
	cells[4] = print_age(pool, clock_age(lane->oldest, lanes->now));
	return cells[2] == NULL || cells[3] == NULL || cells[4] == NULL ?
	    RC_MEMORY :
	    RC_OK;
}

enum rc
stats_lanes_table(struct stats_lanes *lanes)
{
	const char **cells = pool_alloc(&lanes->pool, (lanes->n + 1) * COLUMNS,
	    sizeof(*cells));
	size_t rows = 1;
	enum rc rc = cells == NULL ? RC_MEMORY : RC_OK;

	if (rc == RC_OK)
		memcpy(cells, heading, sizeof(heading));
	for (size_t i = 0; rc == RC_OK && i < lanes->n; i++)
		if (lanes->list[i].queued + lanes->list[i].running > 0)
			rc = fill_row(lanes, &lanes->list[i],
			    cells + rows++ * COLUMNS);
	if (rc != RC_OK || rows == 1)
		return rc;
	print_line("%s", "");
	print_table(cells, COLUMNS, rows);
	return RC_OK;
}

void
stats_lanes_json(const struct stats_lanes *lanes, struct json *json)
{
	json_open(json, "lanes", '[');
	for (size_t i = 0; i < lanes->n; i++) {
		const struct stats_lane *lane = &lanes->list[i];

		json_open(json, NULL, '{');
		json_text(json, "hook", lane->hook);
		json_text(json, "lane", lane->key);
		json_text(json, "name", lane->name);
		json_number(json, "queued", lane->queued);
		json_number(json, "running", lane->running);
		json_time(json, "oldest", lane->oldest);
		json_seconds(json, "age", clock_age(lane->oldest, lanes->now));
		json_close(json, '}');
	}
	json_close(json, ']');
}

static enum rc
make_labels(struct stats_lanes *lanes)
{
	for (size_t i = 0; i < lanes->n; i++) {
		struct stats_lane *lane = &lanes->list[i];

		lane->hook = stats_print_label(&lanes->pool, lane->hook);
		lane->key = stats_print_label(&lanes->pool, lane->key);
		lane->name = stats_print_label(&lanes->pool, lane->name);
		if (lane->hook == NULL || lane->key == NULL ||
		    lane->name == NULL)
			return RC_MEMORY;
	}
	return RC_OK;
}

static void
print_sample(const struct stats_lane *lane, const char *metric,
    const char *label, double value)
{
	print_line("%s{hook=\"%s\",lane=\"%s\",name=\"%s\"%s} %.15g", metric,
	    lane->hook, lane->key, lane->name, label, value);
}

/* The name is not enough of a label: two commands may be one program's. */
enum rc
stats_lanes_metrics(struct stats_lanes *lanes)
{
	static const char deliveries[] = "pelihook_lane_deliveries";
	static const char oldest[] =
	    "pelihook_lane_oldest_undelivered_age_seconds";
	enum rc rc = make_labels(lanes);

	if (rc != RC_OK)
		return rc;
	stats_print_family(deliveries, "gauge",
	    "Undelivered deliveries by hook, lane and state.");
	for (size_t i = 0; i < lanes->n; i++) {
		print_sample(&lanes->list[i], deliveries, ",state=\"queued\"",
		    (double)lanes->list[i].queued);
		print_sample(&lanes->list[i], deliveries, ",state=\"running\"",
		    (double)lanes->list[i].running);
	}
	stats_print_family(oldest, "gauge",
	    "Age of the oldest undelivered event of a lane; 0: none.");
	for (size_t i = 0; i < lanes->n; i++)
		print_sample(&lanes->list[i], oldest, "",
		    (double)clock_age(lanes->list[i].oldest, lanes->now) /
			1000);
	return RC_OK;
}
