/* SPDX-License-Identifier: ISC */
#include "page/members.h"

#include "base/json_writer.h"
#include "config/lane_text.h"
#include "watch/pipeline_list.h"

enum rc
members_of_delivery(struct json *json, const struct conf *conf,
    const struct journal_row *row, bool bare)
{
	const struct lane_told lane = { row->hook, row->lane, bare };
	enum rc rc;

	json_text(json, "id", row->id);
	json_text(json, "hook", row->hook);
	json_text(json, "event", row->event);
	json_known(json, "pipeline", row->pipeline);
	json_known(json, "run", row->run);
	json_time(json, "received", row->received);
	json_number(json, "delivery", row->ordinal + 1);
	rc = lane_write(json, conf, &lane);
	json_text(json, "state", journal_state_name(row->state));
	json_number(json, "attempts", row->attempts);
	json_time(json, "due", row->due);
	if (row->outcome[0] != '\0') {
		json_text(json, "outcome", row->outcome);
		json_number(json, "code", row->code);
	}
	return rc;
}

void
members_of_run(struct json *json, const struct journal_run *run, int64_t now)
{
	json_text(json, "hook", run->hook);
	json_pipeline(json, run->pipeline, run->name);
	json_close(json, '}');
	json_known(json, "run", run->run);
	json_time(json, "began", run->began);
	json_time(json, "ended", run->ended);
	json_duration(json, "duration", journal_run_duration(run, now));
	json_text(json, "event", run->event);
	json_text(json, "outcome", journal_run_outcome(run));
	json_known(json, "first", run->first);
	json_known(json, "last", run->last);
}

static void
write_last(struct json *json, const struct pipeline_row *row)
{
	if (row->last.seq == 0) {
		json_null(json, "last_run");
		return;
	}
	json_open(json, "last_run", '{');
	json_known(json, "run", row->last.run);
	json_time(json, "began", row->last.began);
	json_time(json, "ended", row->last.ended);
	json_text(json, "event", row->last.event);
	json_text(json, "outcome", row->last.outcome);
	json_close(json, '}');
}

static void
write_outcomes(struct json *json, const struct pipeline_row *row)
{
	int64_t counts[PIPELINE_OUTCOMES];

	pipeline_list_outcomes(row, counts);
	json_open(json, "runs", '{');
	for (size_t i = 0; i < PIPELINE_OUTCOMES; i++)
		json_number(json, pipeline_outcomes[i], counts[i]);
	json_close(json, '}');
}

void
members_of_pipeline(struct json *json, const struct pipeline_row *row,
    bool outcomes)
{
	json_text(json, "hook", row->hook);
	json_pipeline(json, row->id, row->name);
	json_close(json, '}');
	json_text(json, "state", watch_state_name(row->state));
	json_time(json, "since", row->since);
	json_number(json, "failures", row->failures);
	json_known(json, "last_failure", row->failure);
	write_last(json, row);
	json_time(json, "last_success", row->success);
	json_duration(json, "usual_duration",
	    row->duration == 0 ? -1 : row->duration);
	json_duration(json, "usual_gap", row->gap == 0 ? -1 : row->gap);
	json_time(json, "muted_until", row->muted);
	json_time(json, "hook_muted_until", row->hook_muted);
	if (outcomes)
		write_outcomes(json, row);
}
