/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_RUNS_TEST_H
#define PELIHOOK_RUNS_TEST_H

#include "journal.h"

/*
 * What the tests of runs share: events as a text, and what became of them.
 *
 * The text is "TIME VERB PIPELINE RUN NAME; ...", of which what is left out or
 * written as - is not known; a pipeline without a name is shown as it is.
 */

/* What an event of the text says. */
struct told_event {
	struct receipt receipt;
	struct journal_record record;
	struct journal_subject subject;
	char verb[16];
	char event[EVENT_NAME_SIZE];
	char texts[3][IDENTITY_SIZE]; /* pipeline, run, name */
};

struct verb {
	const char *verb;
	const char *event;
};

static const struct verb verbs[] = {
	{ "start", "pipeline_run_started" },
	{ "done", "pipeline_run_completed" },
	{ "partly", "pipeline_run_completed_with_errors" },
	{ "fail", "pipeline_run_error" },
	{ "stop", "pipeline_run_killed" },
	{ "remove", "connection_removed" },
	{ "say", "connection_added" },
};

static inline const struct verb *
find_verb(const char *verb)
{
	for (size_t i = 0; i < COUNT(verbs); i++)
		if (strcmp(verbs[i].verb, verb) == 0)
			return &verbs[i];
	fail_msg("no verb: %s", verb);
	return NULL;
}

/* Reads the first event of a text; what comes after it, or NULL. */
static inline const char *
next_told(const char *text, const char *hook, struct told_event *told)
{
	static unsigned number;
	const char *end = strchr(text, ';');
	char line[512];
	long long time = 0;
	const struct verb *verb;

	*told = (struct told_event){ 0 };
	snprintf(line, sizeof(line), "%.*s",
	    (int)(end == NULL ? strlen(text) : (size_t)(end - text)), text);
	assert_in_range(sscanf(line, "%lld %15s %255s %255s %255s", &time,
			    told->verb, told->texts[0], told->texts[1],
			    told->texts[2]),
	    2, 5);
	for (size_t i = 0; i < COUNT(told->texts); i++)
		if (strcmp(told->texts[i], "-") == 0)
			told->texts[i][0] = '\0';
	verb = find_verb(told->verb);
	told->receipt = (struct receipt){ .received = time, .verified = true };
	snprintf(told->receipt.id, sizeof(told->receipt.id),
	    "00000000-0000-7000-8000-%012u", ++number);
	memset(told->receipt.digest, 'a', 2 * CRYPTO_DIGEST);
	told->subject = (struct journal_subject){
		.pipeline = told->texts[0],
		.run = told->texts[1],
		.name = told->texts[told->texts[2][0] == '\0' ? 0 : 2],
	};
	told->record = (struct journal_record){
		.receipt = &told->receipt,
		.hook = hook,
		.event = verb->event,
		.subject = &told->subject,
		.watched = true,
	};
	return end == NULL ? NULL : end + 1;
}

/* Records all events of a text, without putting them together. */
static inline void
record_some(struct journal *journal, const char *hook, const char *text)
{
	struct told_event told;
	struct answer answer;

	while (text != NULL) {
		text = next_told(text, hook, &told);
		journal_record(journal, &told.record, ask(&answer));
		assert_int_equal(get(&answer), RC_OK);
	}
}

/* Stores all events of a text, without putting them together. */
static inline void
store_some(struct journal *journal, const char *hook, const char *text)
{
	struct told_event told;
	struct sample sample;

	while (text != NULL) {
		text = next_told(text, hook, &told);
		fill_sample(&sample, hook, 1);
		sample.receipt = told.receipt;
		sample.entry.event = told.record.event;
		sample.entry.subject = &told.subject;
		assert_int_equal(append_and_wait(journal, &sample.entry),
		    RC_OK);
	}
}

/* The same, and puts them together. */
static inline void
record_all(struct journal *journal, const char *hook, const char *text)
{
	record_some(journal, hook, text);
	assemble_all(journal);
}

static inline void
store_all(struct journal *journal, const char *hook, const char *text)
{
	store_some(journal, hook, text);
	assemble_all(journal);
}

static inline unsigned
case_rows(const char *name, const char *sql, const char *want)
{
	struct buf got = rows_of(sql);
	unsigned wrong = 0;

	if (strcmp(got.data == NULL ? "" : got.data, want) != 0) {
		print_error("%s:\n  got  %s\n  want %s\n", name, got.data,
		    want);
		wrong = 1;
	}
	buf_free(&got);
	return wrong;
}

/* PIPELINE/RUN BEGAN-ENDED OUTCOME EVENT by their numbers. */
static const char sql_runs[] =
    "SELECT pipeline || '/' || run || ' ' || began || '-' || ended"
    " || CASE WHEN outcome <> '' THEN ' ' || outcome ELSE '' END"
    " FROM runs ORDER BY seq";
/* ID(NAME) FIRST-SEEN, the last success, failures with when and what. */
static const char sql_pipelines[] =
    "SELECT id || '(' || name || ') ' || first || '-' || seen || ' ' ||"
    " success || CASE WHEN failures <> 0 OR failed <> 0 OR failure <> ''"
    " THEN ' ' || failures || ' from ' || failed || ' ' || failure ELSE ''"
    " END FROM pipelines ORDER BY hook, id";
static const char sql_successes[] =
    "SELECT pipeline || ' ' || time FROM successes ORDER BY 1";

/* For a watcher that reminds nobody. */
static inline int64_t
never_again(void *context, const struct journal_pipeline *pipeline)
{
	(void)context;
	(void)pipeline;
	return 0;
}

/* The watch of h, by rules of its one line. */
static inline struct journal_watch
watch_h(const struct journal_watcher *watcher)
{
	return (struct journal_watch){
		.hook = "h",
		.settings = "0123456789abcdef",
		.rules = &of_h,
		.watcher = watcher,
	};
}

#endif
