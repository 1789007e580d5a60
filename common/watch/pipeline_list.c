/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "watch/pipeline_list.h"

#include "config/conf.h"

struct gathering {
	struct pipeline_list *list;
	const struct conf *conf;
};

static void
look(const struct gathering *gathering, const struct journal_pipeline *pipeline,
    struct pipeline_row *row)
{
	const struct hook *hook = conf_find(gathering->conf,
	    bytes_of(pipeline->hook));
	struct watch_view view = { .state = WATCH_UNWATCHED };

	if (hook != NULL)
		watch_look(hook, pipeline, gathering->list->now, &view);
	row->state = view.state;
	row->since = view.since;
}

static enum rc
copy_texts(struct pool *pool, struct pipeline_row *row)
{
	const char **texts[] = { &row->hook, &row->id, &row->name,
		&row->failure, &row->last.run, &row->last.event,
		&row->last.outcome, &row->last.first, &row->last.last };
	enum rc rc = pool_keep(pool, texts, sizeof(texts) / sizeof(texts[0]));

	row->last.hook = row->hook;
	row->last.pipeline = row->id;
	row->last.name = row->name;
	return rc;
}

static enum rc
add_row(void *context, const struct journal_pipeline *pipeline,
    const struct journal_outcomes *outcomes)
{
	const struct gathering *gathering = context;
	struct pipeline_list *list = gathering->list;
	struct pipeline_row *row = pool_next(&list->pool, &list->rows, list->n);

	if (row == NULL)
		return RC_MEMORY;
	*row = (struct pipeline_row){
		.hook = pipeline->hook,
		.id = pipeline->id,
		.name = pipeline->name,
		.last = pipeline->last,
		.success = pipeline->success,
		.duration = watch_usual_duration(pipeline),
		.gap = watch_usual_gap(pipeline),
		.muted = pipeline->muted > list->now ? pipeline->muted : 0,
		.hook_muted = pipeline->hook_muted > list->now ?
		    pipeline->hook_muted :
		    0,
		.failures = pipeline->failures,
		.failure = pipeline->failure,
	};
	if (outcomes != NULL)
		row->outcomes = *outcomes;
	if (row->last.seq == 0)
		row->last = (struct journal_run){ 0 };
	else if (row->last.ended == 0)
		row->last.outcome = "open";
	look(gathering, pipeline, row);
	list->n++;
	return copy_texts(&list->pool, row);
}

/* Of several that are shown alike each comes after another one. */
static int
compare_names(const void *a, const void *b)
{
	const struct pipeline_row *one = a, *other = b;
	int order = strcmp(one->hook, other->hook);

	return order != 0 ? order : strcmp(one->name, other->name);
}

static int
compare(const void *a, const void *b)
{
	const struct pipeline_row *one = a, *other = b;
	int order = strcmp(one->name, other->name);

	if (one->state != other->state)
		return one->state < other->state ? -1 : 1;
	if (order == 0)
		order = strcmp(one->hook, other->hook);
	return order != 0 ? order : strcmp(one->id, other->id);
}

static void
arrange(struct pipeline_list *list)
{
	struct pipeline_row *rows = list->rows;

	if (list->n == 0)
		return;
	qsort(rows, list->n, sizeof(*rows), compare_names);
	for (size_t i = 1; i < list->n; i++)
		if (compare_names(&rows[i - 1], &rows[i]) == 0)
			rows[i - 1].alike = rows[i].alike = true;
	qsort(rows, list->n, sizeof(*rows), compare);
}

enum rc
pipeline_list_gather(struct pipeline_list *list,
    const struct pipeline_filter *filter, const struct conf *conf,
    struct journal *journal)
{
	struct gathering gathering = { list, conf };
	const struct journal_pipeline_filter which = {
		.hook = filter->hook,
		.id = filter->id,
		.since = filter->since,
		.brief = filter->brief,
	};
	enum rc rc = RC_OK;

	list->now = filter->now;
	if (journal != NULL)
		rc = journal_pipelines(journal, &which, add_row, &gathering);
	arrange(list);
	return rc;
}

static enum rc
complete_row(void *context, const struct journal_pipeline *pipeline,
    const struct journal_outcomes *outcomes)
{
	struct pipeline_row *row = context;

	row->duration = watch_usual_duration(pipeline);
	row->outcomes = *outcomes;
	return RC_OK;
}

enum rc
pipeline_list_complete(struct pipeline_row *rows, size_t n,
    const struct pipeline_filter *filter, struct journal *journal)
{
	bool damaged = false;
	enum rc rc = RC_OK;

	for (size_t i = 0; i < n && rc == RC_OK; i++) {
		const struct journal_pipeline_filter which = {
			.hook = rows[i].hook,
			.id = rows[i].id,
			.since = filter->since,
		};

		rc = journal_pipelines(journal, &which, complete_row, &rows[i]);
		damaged |= rc == RC_CORRUPT;
		if (rc == RC_CORRUPT)
			rc = RC_OK;
	}
	return rc == RC_OK && damaged ? RC_CORRUPT : rc;
}

const char *
pipeline_list_name(struct pipeline_list *list, const struct pipeline_row *row)
{
	return row->alike ?
	    pool_printf(&list->pool, "%s (%s)", row->name, row->id) :
	    row->name;
}

int64_t
pipeline_list_last(const struct pipeline_row *row)
{
	return row->last.ended != 0 ? row->last.ended : row->last.began;
}

const char *const pipeline_outcomes[PIPELINE_OUTCOMES] = { "success", "partial",
	"failure", "stopped", "unknown", "open" };

void
pipeline_list_outcomes(const struct pipeline_row *row,
    int64_t counts[PIPELINE_OUTCOMES])
{
	const struct journal_outcomes *outcomes = &row->outcomes;
	const int64_t list[PIPELINE_OUTCOMES] = { outcomes->success,
		outcomes->partial, outcomes->failure, outcomes->stopped,
		outcomes->unknown, outcomes->open };

	memcpy(counts, list, sizeof(list));
}
