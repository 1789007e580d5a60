/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "stats_pipelines.h"

#include "base/pool.h"
#include "config/conf.h"
#include "watch/judge.h"
#include "watch/pipeline_list.h"
#include "print.h"
#include "stats_print.h"

enum { STATES = WATCH_UNWATCHED + 1 };

/* How many pipelines of a hook are in each state. */
struct count {
	const char *hook;
	int64_t of[STATES];
};

struct counts {
	struct count *list;
	size_t n;
};

/* NULL: no memory. */
static struct count *
find(struct pool *pool, struct counts *counts, const char *hook)
{
	struct count *count;

	for (size_t i = 0; i < counts->n; i++)
		if (strcmp(counts->list[i].hook, hook) == 0)
			return &counts->list[i];
	count = pool_next(pool, &counts->list, counts->n);
	if (count == NULL)
		return NULL;
	*count = (struct count){ .hook = hook };
	counts->n++;
	return count;
}

static int
compare(const void *a, const void *b)
{
	const struct count *one = a, *other = b;

	return strcmp(one->hook, other->hook);
}

/* Hooks that have none yet are there too: a 0, not nothing. */
static enum rc
count_states(struct pipeline_list *list, const struct conf *conf,
    struct counts *counts)
{
	for (size_t i = 0; i < conf->hooks_len; i++)
		if (find(&list->pool, counts, conf->hooks[i].name) == NULL)
			return RC_MEMORY;
	for (size_t i = 0; i < list->n; i++) {
		struct count *count = find(&list->pool, counts,
		    list->rows[i].hook);

		if (count == NULL)
			return RC_MEMORY;
		count->of[list->rows[i].state]++;
	}
	if (counts->n > 0)
		qsort(counts->list, counts->n, sizeof(*counts->list), compare);
	return RC_OK;
}

static enum rc
print_counts(struct pipeline_list *list, const struct conf *conf)
{
	static const char family[] = "pelihook_pipelines";
	struct counts counts = { 0 };
	enum rc rc = count_states(list, conf, &counts);

	if (rc != RC_OK)
		return rc;
	stats_print_family(family, "gauge", "Pipelines by hook and state.");
	for (size_t i = 0; i < counts.n; i++) {
		const char *hook = stats_print_label(&list->pool,
		    counts.list[i].hook);

		if (hook == NULL)
			return RC_MEMORY;
		for (unsigned state = 0; state < STATES; state++)
			print_line("%s{hook=\"%s\",state=\"%s\"} %lld", family,
			    hook, watch_state_name((enum watch_state)state),
			    (long long)counts.list[i].of[state]);
	}
	return RC_OK;
}

/* hook="H",pipeline="P", and id="I" where another one is shown so. */
static const char *
labels_of(struct pool *pool, const struct pipeline_row *row)
{
	const char *hook = stats_print_label(pool, row->hook);
	const char *name = stats_print_label(pool, row->name);
	const char *id = stats_print_label(pool, row->id);

	if (hook == NULL || name == NULL || id == NULL)
		return NULL;
	if (!row->alike)
		return pool_printf(pool, "hook=\"%s\",pipeline=\"%s\"", hook,
		    name);
	return pool_printf(pool, "hook=\"%s\",pipeline=\"%s\",id=\"%s\"", hook,
	    name, id);
}

static void
print_state(const char *labels, enum watch_state current)
{
	for (unsigned state = 0; state < STATES; state++)
		print_line("pelihook_pipeline_state{%s,state=\"%s\"} %d",
		    labels, watch_state_name((enum watch_state)state),
		    state == (unsigned)current);
}

enum rc
stats_pipelines_metrics(struct pipeline_list *list, const struct conf *conf)
{
	static const char success[] =
	    "pelihook_pipeline_last_success_timestamp_seconds";
	size_t n = list->n < STATS_PIPELINES ? list->n : STATS_PIPELINES;
	const char **labels = pool_alloc(&list->pool, n + 1, sizeof(*labels));
	enum rc rc = print_counts(list, conf);

	if (rc != RC_OK || labels == NULL)
		return RC_MEMORY;
	for (size_t i = 0; i < n; i++) {
		labels[i] = labels_of(&list->pool, &list->rows[i]);
		if (labels[i] == NULL)
			return RC_MEMORY;
	}
	stats_print_family("pelihook_pipeline_state", "gauge",
	    "The state that a pipeline is in has 1, the others 0.");
	for (size_t i = 0; i < n; i++)
		print_state(labels[i], list->rows[i].state);
	stats_print_family(success, "gauge",
	    "When a run of a pipeline last succeeded; 0: none has.");
	for (size_t i = 0; i < n; i++)
		print_line("%s{%s} %.15g", success, labels[i],
		    (double)list->rows[i].success / 1000);
	return RC_OK;
}
