/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <string.h>

#include "sample_watch.h"

#include "base/buf.h"
#include "journal/journal.h"
#include "watch/tell.h"
#include "print.h"

#define SAMPLE_TIME INT64_C(1767323045000) /* 2026-01-02T03:04:05Z */
#define HOUR INT64_C(3600000)

/*
 * What would be reported of pipelines that pelihook watches.  These are pelihook's
 * own field names, and so there is no note.
 */
static const struct journal_change_told changes[] = {
	{
	    .hook = "peliqan",
	    .alarm = JOURNAL_FAILING,
	    .since = SAMPLE_TIME - 2 * HOUR,
	    .over = SAMPLE_TIME,
	    .id = "1234",
	    .name = "CRM to warehouse",
	    .success = SAMPLE_TIME - 5 * HOUR,
	    .failures = 3,
	    .failure = "pipeline_run_remote_error",
	    .run = "5b1f9c1e-0000-4000-8000-000000000001",
	    .outcome = "",
	},
	{
	    .hook = "peliqan",
	    .alarm = JOURNAL_LATE,
	    .since = SAMPLE_TIME,
	    .expected = SAMPLE_TIME - HOUR,
	    .usual = HOUR,
	    .over = SAMPLE_TIME + HOUR,
	    .id = "1234",
	    .name = "CRM to warehouse",
	    .success = SAMPLE_TIME - 2 * HOUR,
	    .failure = "",
	    .run = "",
	    .outcome = "",
	},
	{
	    .hook = "peliqan",
	    .alarm = JOURNAL_STUCK,
	    .since = SAMPLE_TIME,
	    .expected = SAMPLE_TIME,
	    .usual = HOUR,
	    .over = SAMPLE_TIME + HOUR,
	    .id = "1234",
	    .name = "CRM to warehouse",
	    .success = SAMPLE_TIME - 5 * HOUR,
	    .failure = "",
	    .run = "5b1f9c1e-0000-4000-8000-000000000001",
	    .outcome = "",
	},
	{
	    .hook = "peliqan",
	    .alarm = JOURNAL_SILENT,
	    .since = SAMPLE_TIME,
	    .expected = SAMPLE_TIME,
	    .over = SAMPLE_TIME + HOUR,
	    .id = "",
	    .name = "",
	    .success = SAMPLE_TIME - 12 * HOUR,
	    .failure = "",
	    .run = "",
	    .outcome = "",
	},
};

/* Which of these an event reports, over or not, and whether of another pipeline
 * as well. */
static const struct sample {
	const char *event;
	enum journal_alarm alarm;
	bool recovered;
	bool several;
} samples[] = {
	{ "pelihook.pipeline_failing", JOURNAL_FAILING, false, false },
	{ "pelihook.pipeline_late", JOURNAL_LATE, false, false },
	{ "pelihook.pipelines_late", JOURNAL_LATE, false, true },
	{ "pelihook.run_stuck", JOURNAL_STUCK, false, false },
	{ "pelihook.runs_stuck", JOURNAL_STUCK, false, true },
	{ "pelihook.hook_silent", JOURNAL_SILENT, false, false },
	{ "pelihook.recovered", JOURNAL_LATE, true, false },
	{ "pelihook.pipelines_recovered", JOURNAL_LATE, true, true },
};

enum { SAMPLES = sizeof(samples) / sizeof(samples[0]) };

static enum rc
print_sample(const struct sample *sample)
{
	struct journal_change_told list[2];
	struct buf text = { 0 };
	enum rc rc;

	list[0] = changes[sample->alarm];
	list[0].recovered = sample->recovered;
	if (sample->recovered)
		list[0].success = list[0].over;
	list[1] = list[0];
	list[1].id = "1235";
	list[1].name = "Shop to warehouse";
	if (list[1].run[0] != '\0')
		list[1].run = "5b1f9c1e-0000-4000-8000-000000000002";
	rc = watch_payload(list, sample->several ? 2 : 1, &text);
	if (rc == RC_OK)
		rc = buf_char(&text, '\n');
	if (rc == RC_OK)
		print_bytes(buf_view(&text));
	buf_free(&text);
	return rc;
}

enum rc
sample_watch(const char *event)
{
	for (size_t i = 0; i < SAMPLES; i++)
		if (strcmp(samples[i].event, event) == 0)
			return print_sample(&samples[i]);
	return RC_MISSING;
}
