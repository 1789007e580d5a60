/* SPDX-License-Identifier: ISC */
#include "watch/tell.h"

#include "base/json_string.h"
#include "base/timestamp.h"
#include "base/units.h"
#include "event/catalog.h"
#include "event/sentence.h"

enum { NAMES = 5 }; /* of many in a sentence */

/* How an alarm is called, alone and of many. */
static const struct alarm {
	const char *word;
	const char *event;
	const char *event_of_many;
	const char *many; /* what they are of */
} alarms[JOURNAL_ALARMS] = {
	[JOURNAL_FAILING] = { "failing", "pelihook.pipeline_failing",
	    "pelihook.pipeline_failing", "pipelines" },
	[JOURNAL_LATE] = { "late", "pelihook.pipeline_late",
	    "pelihook.pipelines_late", "pipelines" },
	[JOURNAL_STUCK] = { "stuck", "pelihook.run_stuck",
	    "pelihook.runs_stuck", "runs" },
	[JOURNAL_SILENT] = { "silent", "pelihook.hook_silent",
	    "pelihook.hook_silent", "hooks" },
};

const char *
watch_event_name(const struct journal_change_told *list, size_t n)
{
	const struct alarm *alarm = &alarms[list->alarm];

	if (list->recovered)
		return n == 1 ? "pelihook.recovered" :
				"pelihook.pipelines_recovered";
	return n == 1 ? alarm->event : alarm->event_of_many;
}

/* ---- The sentence ------------------------------------------------------- */

static void
add_time(struct buf *into, int64_t time)
{
	char text[TIMESTAMP_SIZE];

	timestamp_print(time, text);
	buf_printf(into, "%.19sZ", text);
}

/* "Pipeline X", or, of a hook that tells no pipelines apart, "The pipeline". */
static void
add_pipeline(struct buf *into, const struct journal_change_told *change)
{
	if (change->id[0] == '\0') {
		buf_printf(into, "The pipeline of hook %s", change->hook);
		return;
	}
	buf_text(into, "Pipeline ");
	event_sentence_name(bytes_of(change->name), into);
}

static void
add_run(struct buf *into, const struct journal_change_told *change)
{
	if (change->run[0] == '\0') {
		buf_text(into, "A run of ");
	} else {
		buf_text(into, "Run ");
		event_sentence_name(bytes_of(change->run), into);
		buf_text(into, " of ");
	}
	if (change->id[0] == '\0') {
		buf_printf(into, "hook %s", change->hook);
		return;
	}
	buf_text(into, "pipeline ");
	event_sentence_name(bytes_of(change->name), into);
}

static const struct catalog_row *
failure_of(const struct journal_change_told *change)
{
	return change->failures > 0 ? catalog_find(bytes_of(change->failure)) :
				      NULL;
}

/* It was told before, and goes on. */
static const char *
still(const struct journal_change_told *change)
{
	return change->again ? "still " : "";
}

static void
say_failing(struct buf *into, const struct journal_change_told *change)
{
	const struct catalog_row *row = failure_of(change);

	add_pipeline(into, change);
	if (change->failures > 1)
		buf_printf(into,
		    " is %sfailing: its last %u runs ended without success",
		    still(change), change->failures);
	else
		buf_printf(into,
		    " is %sfailing: its last run ended without success",
		    still(change));
	if (row != NULL)
		buf_printf(into, "%s (%s)",
		    change->failures > 1 ? ", the last one so" : "",
		    row->description);
}

static void
say_late(struct buf *into, const struct journal_change_told *change)
{
	add_pipeline(into, change);
	if (change->success == 0) {
		buf_printf(into, " is %slate: it has had no success yet",
		    still(change));
		return;
	}
	buf_printf(into, " is %slate: no success since ", still(change));
	add_time(into, change->success);
	if (change->usual > 0) {
		buf_text(into, ", where one comes every ");
		units_print_age(change->usual, into);
	}
}

static void
say_stuck(struct buf *into, const struct journal_change_told *change)
{
	add_run(into, change);
	buf_printf(into, " is %sstuck: it has not ended and should have by ",
	    still(change));
	add_time(into, change->expected);
	if (change->usual > 0) {
		buf_text(into, ", as runs usually take ");
		units_print_age(change->usual, into);
	}
}

static void
say_silent(struct buf *into, const struct journal_change_told *change)
{
	buf_printf(into,
	    "Hook %s is %ssilent: no verified event has come since ",
	    change->hook, still(change));
	add_time(into, change->success);
}

static void
say_run_recovered(struct buf *into, const struct journal_change_told *change)
{
	add_run(into, change);
	buf_text(into, " is no longer stuck, after ");
	units_print_age(change->over - change->since, into);
	if (change->outcome[0] != '\0')
		buf_printf(into, ": it has ended (%s)", change->outcome);
}

static void
say_recovered(struct buf *into, const struct journal_change_told *change)
{
	if (change->alarm == JOURNAL_STUCK) {
		say_run_recovered(into, change);
		return;
	}
	if (change->alarm == JOURNAL_SILENT) {
		buf_printf(into, "Hook %s hears events again", change->hook);
	} else {
		add_pipeline(into, change);
		buf_printf(into, " has recovered: it is no longer %s",
		    alarms[change->alarm].word);
	}
	buf_text(into, ", after ");
	units_print_age(change->over - change->since, into);
}

/* Without its full stop. */
static void
say_one(struct buf *into, const struct journal_change_told *change)
{
	static void (*const say[JOURNAL_ALARMS])(struct buf * into,
	    const struct journal_change_told *change) = {
		[JOURNAL_FAILING] = say_failing,
		[JOURNAL_LATE] = say_late,
		[JOURNAL_STUCK] = say_stuck,
		[JOURNAL_SILENT] = say_silent,
	};

	if (change->recovered)
		say_recovered(into, change);
	else
		say[change->alarm](into, change);
}

static void
say_many(struct buf *into, const struct journal_change_told *list, size_t n)
{
	size_t named = n > NAMES ? NAMES : n;

	if (list->recovered)
		buf_printf(into,
		    "%zu pipelines or runs of hook %s have recovered: ", n,
		    list->hook);
	else
		buf_printf(into, "%zu %s of hook %s are %s: ", n,
		    alarms[list->alarm].many, list->hook,
		    alarms[list->alarm].word);
	for (size_t i = 0; i < named; i++) {
		buf_text(into, i == 0 ? "" : ", ");
		event_sentence_name(bytes_of(list[i].name), into);
	}
	if (n > named)
		buf_printf(into, " and %zu more", n - named);
}

/* ---- The object --------------------------------------------------------- */

/* Where the first member does not stand, a comma goes before it. */
static void
begin(struct buf *into, const char *key)
{
	const char *last = into->len == 0 ? "{" : into->data + into->len - 1;

	buf_printf(into, "%s\"%s\":", *last == '{' ? "" : ",", key);
}

/* "" is null. */
static void
add_text(struct buf *into, const char *key, const char *text)
{
	begin(into, key);
	if (text[0] == '\0') {
		buf_text(into, "null");
		return;
	}
	buf_char(into, '"');
	json_string_add(bytes_of(text), into);
	buf_char(into, '"');
}

/* 0 is null, also below. */
static void
add_moment(struct buf *into, const char *key, int64_t time)
{
	char text[TIMESTAMP_SIZE] = "";

	if (time != 0)
		timestamp_print(time, text);
	add_text(into, key, text);
}

static void
add_seconds(struct buf *into, const char *key, int64_t milliseconds)
{
	begin(into, key);
	buf_printf(into, "%lld.%03d", (long long)(milliseconds / 1000),
	    (int)(milliseconds % 1000));
}

/* What is not known is null. */
static void
add_usual(struct buf *into, int64_t milliseconds)
{
	if (milliseconds != 0) {
		add_seconds(into, "usual", milliseconds);
		return;
	}
	begin(into, "usual");
	buf_text(into, "null");
}

static void
add_change(struct buf *into, const struct journal_change_told *change)
{
	const struct catalog_row *row = failure_of(change);

	begin(into, "pipeline");
	if (change->id[0] == '\0') {
		buf_text(into, "null");
	} else {
		buf_char(into, '{');
		add_text(into, "id", change->id);
		add_text(into, "name", change->name);
		buf_char(into, '}');
	}
	add_text(into, "run", change->run);
	add_moment(into, "since", change->since);
	add_moment(into, "expected", change->expected);
	add_usual(into, change->usual);
	add_moment(into, "last_success",
	    change->alarm == JOURNAL_SILENT ? 0 : change->success);
	add_text(into, "cause", row == NULL ? "" : row->cause);
	if (!change->recovered)
		return;
	add_text(into, "recovered_from", alarms[change->alarm].word);
	add_seconds(into, "lasted", change->over - change->since);
}

static void
add_list(struct buf *into, const struct journal_change_told *list, size_t n)
{
	begin(into, "list");
	buf_char(into, '[');
	for (size_t i = 0; i < n; i++) {
		buf_text(into, i == 0 ? "{" : ",{");
		add_change(into, &list[i]);
		buf_char(into, '}');
	}
	buf_char(into, ']');
}

/* What tells of many has the keys of one. */
static struct journal_change_told
common_of(const struct journal_change_told *list, size_t n)
{
	struct journal_change_told common = *list;

	if (n == 1)
		return common;
	common.id = common.name = common.run = common.failure = "";
	common.failures = 0;
	common.expected = common.usual = common.success = 0;
	for (size_t i = 1; i < n; i++) {
		if (list[i].since < common.since)
			common.since = list[i].since;
		if (list[i].over > common.over)
			common.over = list[i].over;
	}
	return common;
}

enum rc
watch_payload(const struct journal_change_told *list, size_t n,
    struct buf *into)
{
	const struct journal_change_told common = common_of(list, n);
	struct buf text = { 0 };

	if (n == 1)
		say_one(&text, list);
	else
		say_many(&text, list, n);
	buf_char(&text, '.');
	buf_char(into, '{');
	add_text(into, "event", watch_event_name(list, n));
	add_text(into, "hook", list->hook);
	add_change(into, &common);
	if (text.rc == RC_OK)
		add_text(into, "text", text.data);
	if (n > 1)
		add_list(into, list, n);
	buf_char(into, '}');
	if (text.rc != RC_OK)
		into->rc = text.rc;
	buf_free(&text);
	return into->rc;
}
