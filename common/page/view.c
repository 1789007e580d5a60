/* SPDX-License-Identifier: ISC */
#include "page/view.h"

const struct view *
view_of(enum query_view view)
{
	static const struct view *const views[] = {
		[QUERY_OVERVIEW] = &view_overview,
		[QUERY_EVENTS] = &view_events,
		[QUERY_EVENT] = &view_event,
		[QUERY_PIPELINES] = &view_pipelines,
		[QUERY_PIPELINE] = &view_pipeline,
		[QUERY_CONFIRM] = &view_confirm,
		[QUERY_ACTIONS] = &view_actions,
	};

	return views[view];
}
