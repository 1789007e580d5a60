/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "stats_print.h"

#include "base/buf.h"
#include "base/bytes.h"
#include "base/json_writer.h"
#include "base/pool.h"
#include "base/units.h"
#include "base/utf8.h"
#include "journal/journal.h"
#include "print.h"

static const char *const heading[] = { "HOOK", "EVENT", "QUEUED", "RUNNING",
	"DONE", "DEAD", "DROPPED", "OLDEST" };

enum {
	COLUMNS = sizeof(heading) / sizeof(heading[0]),
	COUNTS = 2, /* the first column that counts */
};

static const char *
age_cell(struct stats *stats, const struct stats_oldest *oldest)
{
	return oldest->received == 0 ? "" :
				       print_age(&stats->pool, oldest->age);
}

static enum rc
fill_row(struct stats *stats, const char *hook, const struct stats_event *event,
    const char **cells)
{
	cells[0] = hook;
	cells[1] = event->event;
	for (size_t i = 0; i < STATS_STATES; i++)
		cells[COUNTS + i] = pool_printf(&stats->pool, "%lld",
		    (long long)event->counts[i]);
	cells[COLUMNS - 1] = age_cell(stats, &event->oldest);
	for (size_t i = 0; i < COLUMNS; i++)
		if (cells[i] == NULL)
			return RC_MEMORY;
	return RC_OK;
}

static enum rc
fill_hook(struct stats *stats, const struct stats_hook *hook,
    struct stats_event *total, const char **cells)
{
	const struct stats_event none = { .event = "" };
	enum rc rc = RC_OK;

	if (hook->n == 0)
		return fill_row(stats, hook->hook, &none, cells);
	for (size_t i = 0; rc == RC_OK && i < hook->n; i++) {
		rc = fill_row(stats, hook->hook, &hook->list[i],
		    cells + i * COLUMNS);
		for (size_t j = 0; j < STATS_STATES; j++)
			total->counts[j] += hook->list[i].counts[j];
	}
	return rc;
}

static size_t
rows_of(const struct stats_hook *hook)
{
	return hook->n == 0 ? 1 : hook->n;
}

enum rc
stats_print_table(struct stats *stats)
{
	struct stats_event total = { .event = "", .oldest = stats->oldest };
	const char **cells;
	size_t rows = 2, at = 1;
	enum rc rc = RC_OK;

	for (size_t i = 0; i < stats->n; i++)
		rows += rows_of(&stats->list[i]);
	cells = pool_alloc(&stats->pool, rows * COLUMNS, sizeof(*cells));
	if (cells == NULL)
		return RC_MEMORY;
	memcpy(cells, heading, sizeof(heading));
	for (size_t i = 0; rc == RC_OK && i < stats->n; i++) {
		rc = fill_hook(stats, &stats->list[i], &total,
		    cells + at * COLUMNS);
		at += rows_of(&stats->list[i]);
	}
	if (rc == RC_OK)
		rc = fill_row(stats, "total", &total, cells + at * COLUMNS);
	if (rc == RC_OK)
		print_table(cells, COLUMNS, rows);
	return rc;
}

static void
write_oldest(struct json *json, const struct stats_oldest *oldest)
{
	json_time(json, "oldest", oldest->received);
	json_seconds(json, "age", oldest->age);
}

static void
write_event(struct json *json, const struct stats_event *event)
{
	json_open(json, NULL, '{');
	json_text(json, "event", event->event);
	for (int i = 0; i < STATS_STATES; i++)
		json_number(json, journal_state_name((enum journal_state)i),
		    event->counts[i]);
	write_oldest(json, &event->oldest);
	json_close(json, '}');
}

static void
write_hook(struct json *json, const struct stats_hook *hook)
{
	json_open(json, NULL, '{');
	json_text(json, "hook", hook->hook);
	json_bool(json, "configured", hook->configured);
	json_number(json, "undelivered", hook->undelivered);
	json_number(json, "dead", hook->dead);
	write_oldest(json, &hook->oldest);
	json_open(json, "events", '[');
	for (size_t i = 0; i < hook->n; i++)
		write_event(json, &hook->list[i]);
	json_close(json, ']');
	json_close(json, '}');
}

void
stats_print_json(const struct stats *stats, struct json *json)
{
	json_number(json, "undelivered", stats->undelivered);
	json_number(json, "dead", stats->dead);
	write_oldest(json, &stats->oldest);
	json_open(json, "hooks", '[');
	for (size_t i = 0; i < stats->n; i++)
		write_hook(json, &stats->list[i]);
	json_close(json, ']');
}

const char *
stats_print_label(struct pool *pool, const char *text)
{
	const char *clean = utf8_is_text(bytes_of(text)) ?
	    text :
	    print_clean(pool, text);
	char *label, *end;

	if (clean == NULL)
		return NULL;
	label = end = pool_alloc(pool, strlen(clean) + 1, 2);
	for (; label != NULL && *clean != '\0'; clean++) {
		if (*clean == '\\' || *clean == '"')
			*end++ = '\\';
		*end++ = *clean;
	}
	return label;
}

void
stats_print_family(const char *name, const char *type, const char *help)
{
	print_line("# HELP %s %s", name, help);
	print_line("# TYPE %s %s", name, type);
}

static void
print_metric(const char *name, const char *help)
{
	stats_print_family(name, "gauge", help);
}

static void
print_sample(const char *name, const struct stats_hook *hook, double value)
{
	print_line("%s{hook=\"%s\"} %.15g", name, hook->hook, value);
}

static void
print_deliveries(const struct stats_hook *hook, const struct stats_event *event)
{
	for (int i = 0; i < STATS_STATES; i++)
		print_line("pelihook_deliveries{hook=\"%s\",event=\"%s\","
			   "state=\"%s\"} %lld",
		    hook->hook, event->event,
		    journal_state_name((enum journal_state)i),
		    (long long)event->counts[i]);
}

static enum rc
make_labels(struct stats *stats)
{
	for (size_t i = 0; i < stats->n; i++) {
		struct stats_hook *hook = &stats->list[i];

		hook->hook = stats_print_label(&stats->pool, hook->hook);
		if (hook->hook == NULL)
			return RC_MEMORY;
		for (size_t j = 0; j < hook->n; j++) {
			hook->list[j].event = stats_print_label(&stats->pool,
			    hook->list[j].event);
			if (hook->list[j].event == NULL)
				return RC_MEMORY;
		}
	}
	return RC_OK;
}

enum rc
stats_print_metrics(struct stats *stats)
{
	static const char oldest[] = "pelihook_oldest_undelivered_age_seconds";
	const struct stats_hook *end = stats->list + stats->n;
	const struct stats_hook *hook;
	enum rc rc = make_labels(stats);

	if (rc != RC_OK)
		return rc;
	print_metric("pelihook_deliveries",
	    "Deliveries in the journal by hook, event and state.");
	for (hook = stats->list; hook < end; hook++)
		for (size_t i = 0; i < hook->n; i++)
			print_deliveries(hook, &hook->list[i]);
	print_metric("pelihook_undelivered_events",
	    "Events that are queued or running.");
	for (hook = stats->list; hook < end; hook++)
		print_sample("pelihook_undelivered_events", hook,
		    (double)hook->undelivered);
	print_metric(oldest, "Age of the oldest undelivered event; 0: none.");
	for (hook = stats->list; hook < end; hook++)
		print_sample(oldest, hook, (double)hook->oldest.age / 1000);
	print_metric("pelihook_hook_configured",
	    "Whether the configuration has the hook.");
	for (hook = stats->list; hook < end; hook++)
		print_sample("pelihook_hook_configured", hook,
		    hook->configured);
	return RC_OK;
}
