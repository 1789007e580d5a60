/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "watch/subject.h"

#include "base/bytes.h"
#include "config/conf.h"
#include "event/catalog.h"
#include "event/event.h"
#include "event/subject.h"

static bool
is_in(const struct event *event, const char *group)
{
	return catalog_in_group(event->row, event->known, bytes_of(group));
}

static enum journal_step
step_of(const struct event *event)
{
	if (is_in(event, "@started"))
		return JOURNAL_STEP_STARTS;
	if (is_in(event, "@terminal"))
		return JOURNAL_STEP_ENDS;
	return strcmp(event->row->name, "connection_removed") == 0 ?
	    JOURNAL_STEP_REMOVED :
	    JOURNAL_STEP_NONE;
}

struct journal_subject
watch_subject(const struct hook *hook, const struct event *event,
    const struct event_subject *found)
{
	return (struct journal_subject){
		.pipeline = found->pipeline,
		.name = found->name,
		.run = found->run,
		.step = step_of(event),
		.outcome = event->row->outcome,
		.success = is_in(event, "@success") || is_in(event, "@partial"),
		.watched = conf_watches(hook),
	};
}
