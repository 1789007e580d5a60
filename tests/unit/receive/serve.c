/* SPDX-License-Identifier: ISC */
#include <pthread.h>

#include "../serving.h"

#include "base/buf.h"
#include "base/clock.h"
#include "config/conf.h"
#include "http/gateway.h"
#include "http/reply.h"
#include "journal/stats.h"

/* One hook that is signed; one that is not. */
static struct loaded_conf alone = LOADED(hooks, 1);
static struct loaded_conf alone_open = LOADED(hooks + 2, 1);

#define BAD                                                                    \
	"HTTP_X_SIGNATURE=sha256="                                             \
	"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

/* What has to hold on every path whatever it comes to. */
static unsigned
check_path(const char *name, const struct trial *trial,
    const struct exchange_end *end)
{
	char status[24];
	unsigned wrong = case_number(name, trial->ends, 1);

	wrong += case_number(name, trial->end.outcome, end->outcome);
	wrong += case_rc(name, trial_reason(trial), end->reason);
	snprintf(status, sizeof(status), "Status: %d ",
	    reply_status(end->outcome, end->reason));
	wrong += case_true(name, status,
	    bytes_begin(buf_view(&trial->front.output), status));
	wrong += case_number(name, trial->front.replies, 1);
	wrong += case_true(name, "the reply is the last that is asked for",
	    trial->front.replied_last);
	wrong += case_true(name, "a body that was read is released once",
	    trial->front.releases == 1 ||
		(trial->front.releases == 0 && trial->front.reads == 0));
	return wrong;
}

static const struct exchange_end delivered = { .outcome = OUTCOME_DELIVERED };

/* RC_OK: delivered. */
static struct exchange_end
refused(enum rc rc)
{
	return rc == RC_OK ? delivered : (struct exchange_end){ .reason = rc };
}

/* Requests without a body to speak of: by what they are refused, in order. */
static const struct {
	const char *name;
	struct conf *conf;
	const char *variables[6];
	struct bytes input;
	enum rc input_end;
	enum rc rc;
	int64_t left;	/* what reply is told */
	unsigned reads; /* 0: nothing may be read; 1: it has to be */
} paths[] = {
	/* Method first. */
	{ "GET", &several.conf, { "REQUEST_METHOD=GET", "PATH_INFO=/one" },
	    RAW(""), RC_OK, RC_METHOD, -1, 0 },
	{ "no method", &several.conf, { "PATH_INFO=/one" }, RAW(""), RC_OK,
	    RC_METHOD, -1, 0 },
	{ "post", &several.conf, { "REQUEST_METHOD=post", "PATH_INFO=/one" },
	    RAW(""), RC_OK, RC_METHOD, -1, 0 },
	{ "PUT", &several.conf,
	    { "REQUEST_METHOD=PUT", "PATH_INFO=/one", LENGTH }, RAW(BODY),
	    RC_OK, RC_METHOD, 49, 0 },
	{ "TRACE", &several.conf, { "REQUEST_METHOD=TRACE" }, RAW(""), RC_OK,
	    RC_METHOD, -1, 0 },
	{ "method before hook", &several.conf,
	    { "REQUEST_METHOD=GET", "PATH_INFO=/none", "CONTENT_LENGTH=x" },
	    RAW(""), RC_OK, RC_METHOD, -1, 0 },
	{ "method before the broken", NULL, { "REQUEST_METHOD=GET" }, RAW(""),
	    RC_OK, RC_METHOD, -1, 0 },

	/* Then the hook. */
	{ "no such hook", &several.conf, { POST, "PATH_INFO=/none" }, RAW(""),
	    RC_OK, RC_NO_HOOK, -1, 0 },
	{ "hook before length", &several.conf,
	    { POST, "PATH_INFO=/none", "CONTENT_LENGTH=x" }, RAW(""), RC_OK,
	    RC_NO_HOOK, -1, 0 },
	{ "hook before size", &several.conf,
	    { POST, "PATH_INFO=/none", "CONTENT_LENGTH=65" }, RAW(""), RC_OK,
	    RC_NO_HOOK, 65, 0 },
	{ "no path and several hooks", &several.conf, { POST }, RAW(""), RC_OK,
	    RC_NO_HOOK, -1, 0 },
	{ "empty path and several hooks", &several.conf, { POST, "PATH_INFO=" },
	    RAW(""), RC_OK, RC_NO_HOOK, -1, 0 },
	{ "/ and several hooks", &several.conf, { POST, "PATH_INFO=/" },
	    RAW(""), RC_OK, RC_NO_HOOK, -1, 0 },
	{ "no slash before it", &several.conf, { POST, "PATH_INFO=one" },
	    RAW(""), RC_OK, RC_NO_HOOK, -1, 0 },
	{ "two slashes before it", &several.conf, { POST, "PATH_INFO=//one" },
	    RAW(""), RC_OK, RC_NO_HOOK, -1, 0 },
	{ "two slashes behind it", &several.conf, { POST, "PATH_INFO=/one//" },
	    RAW(""), RC_OK, RC_NO_HOOK, -1, 0 },
	{ "more behind it", &several.conf, { POST, "PATH_INFO=/one/two" },
	    RAW(""), RC_OK, RC_NO_HOOK, -1, 0 },
	{ "another case", &several.conf, { POST, "PATH_INFO=/One" }, RAW(""),
	    RC_OK, RC_NO_HOOK, -1, 0 },
	{ "a part of its name", &several.conf, { POST, "PATH_INFO=/on" },
	    RAW(""), RC_OK, RC_NO_HOOK, -1, 0 },
	{ "dots", &several.conf, { POST, "PATH_INFO=/../one" }, RAW(""), RC_OK,
	    RC_NO_HOOK, -1, 0 },
	{ "none by its path", &several.conf,
	    { POST, "PATH_INFO=/open", LENGTH }, RAW(BODY), RC_OK, RC_NO_HOOK,
	    49, 0 },
	{ "the only one, by a wrong path", &alone.conf,
	    { POST, "PATH_INFO=/two" }, RAW(""), RC_OK, RC_NO_HOOK, -1, 0 },
	{ "the only one, by two slashes", &alone.conf, { POST, "PATH_INFO=//" },
	    RAW(""), RC_OK, RC_NO_HOOK, -1, 0 },
	{ "the only one, none, by its path", &alone_open.conf,
	    { POST, "PATH_INFO=/open", LENGTH }, RAW(BODY), RC_OK, RC_NO_HOOK,
	    49, 0 },
	{ "no such hook by variable", &several.conf,
	    { POST, "PELIHOOK_HOOK=none", "PATH_INFO=/one" }, RAW(""), RC_OK,
	    RC_NO_HOOK, -1, 0 },
	{ "a header is no variable", &several.conf,
	    { POST, "HTTP_PELIHOOK_HOOK=one" }, RAW(""), RC_OK, RC_NO_HOOK, -1,
	    0 },
	{ "the variable twice", &several.conf,
	    { POST, "PELIHOOK_HOOK=one", "PELIHOOK_HOOK=one" }, RAW(""), RC_OK,
	    RC_CONFIG, -1, 0 },
	{ "the variable twice, otherwise", &several.conf,
	    { POST, "PELIHOOK_HOOK=one", "PELIHOOK_HOOK=two" }, RAW(""), RC_OK,
	    RC_CONFIG, -1, 0 },
	{ "a broken configuration", NULL, { POST, "PATH_INFO=/one", LENGTH },
	    RAW(BODY), RC_OK, RC_CONFIG, 49, 0 },

	/* Then length, encoding and size, before anything is read. */
	{ "length", &several.conf,
	    { POST, "PATH_INFO=/one", "CONTENT_LENGTH=4x", BAD }, RAW(BODY),
	    RC_OK, RC_LENGTH, -1, 0 },
	{ "two lengths", &several.conf,
	    { POST, "PATH_INFO=/one", LENGTH, "CONTENT_LENGTH=48" }, RAW(BODY),
	    RC_OK, RC_CONFIG, -1, 0 },
	{ "two methods", &several.conf,
	    { POST, "REQUEST_METHOD=GET", "PATH_INFO=/one", LENGTH }, RAW(BODY),
	    RC_OK, RC_CONFIG, 49, 0 },
	{ "two paths", &several.conf,
	    { POST, "PATH_INFO=/two", "PATH_INFO=/one", LENGTH }, RAW(BODY),
	    RC_OK, RC_CONFIG, 49, 0 },
	{ "too large", &several.conf,
	    { POST, "PATH_INFO=/one", "CONTENT_LENGTH=65", BAD },
	    RAW(BODY BODY), RC_OK, RC_LARGE, 65, 0 },
	{ "far too large", &several.conf,
	    { POST, "PATH_INFO=/one", "CONTENT_LENGTH=18446744073709551616",
		BAD },
	    RAW(BODY), RC_OK, RC_LARGE, INT64_MAX, 0 },
	{ "encoded", &several.conf,
	    { POST, "PATH_INFO=/one", LENGTH, "HTTP_CONTENT_ENCODING=gzip",
		BAD },
	    RAW(BODY), RC_OK, RC_ENCODED, 49, 0 },

	/* Then the reading. */
	{ "short", &several.conf, { POST, "PATH_INFO=/one", LENGTH, BAD },
	    RAW("{"), RC_OK, RC_SHORT, 48, 1 },
	{ "cut off", &several.conf, { POST, "PATH_INFO=/one", LENGTH, BAD },
	    RAW("{"), RC_SHORT, RC_SHORT, 48, 1 },
	{ "slow", &several.conf, { POST, "PATH_INFO=/one", LENGTH, BAD },
	    RAW("{"), RC_SLOW, RC_SLOW, 48, 1 },
	{ "told to stop", &several.conf,
	    { POST, "PATH_INFO=/one", LENGTH, BAD }, RAW("{"), RC_STOPPING,
	    RC_STOPPING, 48, 1 },
	{ "too large without a length", &several.conf,
	    { POST, "PATH_INFO=/one", BAD }, RAW(BODY BODY), RC_OK, RC_LARGE,
	    -1, 1 },

	/* Then the signature, and JSON at the last. */
	{ "not signed", &several.conf, { POST, "PATH_INFO=/one", LENGTH },
	    RAW(BODY), RC_OK, RC_SIGNATURE, 0, 1 },
	{ "wrongly signed", &several.conf,
	    { POST, "PATH_INFO=/one", LENGTH, BAD }, RAW(BODY), RC_OK,
	    RC_SIGNATURE, 0, 1 },
	{ "wrongly signed, no JSON", &several.conf,
	    { POST, "PATH_INFO=/one", "CONTENT_LENGTH=2", BAD }, RAW("{{"),
	    RC_OK, RC_SIGNATURE, 0, 1 },
	{ "wrongly signed, no length", &several.conf,
	    { POST, "PATH_INFO=/one", BAD }, RAW("{{"), RC_OK, RC_SIGNATURE, -1,
	    1 },
	{ "no JSON", &alone_open.conf, { POST, "CONTENT_LENGTH=2" }, RAW("{{"),
	    RC_OK, RC_JSON, 0, 1 },
	{ "nothing", &alone_open.conf, { POST, "CONTENT_LENGTH=0" }, RAW(""),
	    RC_OK, RC_JSON, 0, 0 },

	/* And what is good. */
	{ "by path", &several.conf, { POST, "PATH_INFO=/one", LENGTH, GOOD },
	    RAW(BODY), RC_OK, RC_OK, 0, 1 },
	{ "by path and slash", &several.conf,
	    { POST, "PATH_INFO=/one/", LENGTH, GOOD }, RAW(BODY), RC_OK, RC_OK,
	    0, 1 },
	{ "no length", &several.conf, { POST, "PATH_INFO=/one", GOOD },
	    RAW(BODY), RC_OK, RC_OK, -1, 1 },
	{ "length -1", &several.conf,
	    { POST, "PATH_INFO=/one", "CONTENT_LENGTH=-1", GOOD }, RAW(BODY),
	    RC_OK, RC_OK, -1, 1 },
	{ "the only one", &alone.conf, { POST, LENGTH, GOOD }, RAW(BODY), RC_OK,
	    RC_OK, 0, 1 },
	{ "the only one by /", &alone.conf,
	    { POST, "PATH_INFO=/", LENGTH, GOOD }, RAW(BODY), RC_OK, RC_OK, 0,
	    1 },
	{ "the only one by name", &alone.conf,
	    { POST, "PATH_INFO=/one", LENGTH, GOOD }, RAW(BODY), RC_OK, RC_OK,
	    0, 1 },
	{ "the only one, none", &alone_open.conf, { POST, LENGTH }, RAW(BODY),
	    RC_OK, RC_OK, 0, 1 },
	{ "by variable", &several.conf,
	    { POST, "PELIHOOK_HOOK=one", LENGTH, GOOD }, RAW(BODY), RC_OK,
	    RC_OK, 0, 1 },
	{ "none by variable", &several.conf,
	    { POST, "PELIHOOK_HOOK=open", LENGTH }, RAW(BODY), RC_OK, RC_OK, 0,
	    1 },
	{ "an empty variable", &several.conf,
	    { POST, "PELIHOOK_HOOK=", "PATH_INFO=/one", LENGTH, GOOD },
	    RAW(BODY), RC_OK, RC_OK, 0, 1 },
};

static void
the_order_of_the_checks(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++) {
		const char *name = paths[i].name;
		struct exchange_end end = refused(paths[i].rc);
		struct trial trial = {.front = {.input = paths[i].input,
		    .input_end = paths[i].input_end,},};

		for (size_t j = 0; j < 6 && paths[i].variables[j]; j++)
			front_add(&trial.front, paths[i].variables[j]);
		trial_serve(&trial, paths[i].conf);
		wrong += check_path(name, &trial, &end);
		wrong += case_number(name, trial.front.unread, paths[i].left);
		wrong += case_number(name, trial.front.reads > 0,
		    paths[i].reads);
		wrong += case_number(name, trial.record.puts,
		    paths[i].rc == RC_OK);
		trial_end(&trial);
	}
	assert_int_equal(wrong, 0);
	assert_int_equal(several.references, 1);
	assert_int_equal(alone.references, 1);
}

static void
whatever_the_sink_says_is_the_answer(void **state)
{
	static const struct exchange_end says[] = {
		{ .outcome = OUTCOME_DELIVERED },
		{ .outcome = OUTCOME_QUEUED },
		{ .outcome = OUTCOME_DUPLICATE },
		{ .outcome = OUTCOME_REJECTED },
		{ .outcome = OUTCOME_TEMPORARY },
		{ .outcome = OUTCOME_FAILED },
		{ .outcome = OUTCOME_UNSTARTED },
		{ .outcome = OUTCOME_BUSY },
		{ .outcome = OUTCOME_TIMEOUT },
		{ .outcome = OUTCOME_STOPPED },
		{ .reason = RC_CROWDED },
		{ .reason = RC_PENDING },
		{ .reason = RC_QUEUE_FULL },
		{ .reason = RC_STORE },
		{ .reason = RC_LOCKED },
		{ .reason = RC_CORRUPT },
		{ .reason = RC_STOPPING },
		{ .reason = RC_MEMORY },
		{ .reason = RC_SYSTEM },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(says); i++) {
		const char *word = reply_word(says[i].outcome, says[i].reason);
		struct trial trial = {.front = {.variables = {POST, LENGTH,
		    GOOD}, .input = LIT(BODY),}, .record = {.says = says[i]},};

		trial_serve(&trial, &alone.conf);
		wrong += check_path(word, &trial, &says[i]);
		wrong += case_true(word, "it is logged",
		    strstr(told(), word) != NULL);
		trial_end(&trial);
	}
	assert_int_equal(wrong, 0);
}

static void
the_reply_names_the_event(void **state)
{
	struct trial trial = {.front = {.variables = {POST, LENGTH, GOOD},
	    .input = LIT(BODY),},};
	struct bytes output;

	(void)state;
	trial_serve(&trial, &alone.conf);
	output = buf_view(&trial.front.output);
	assert_int_equal(strlen(trial.record.id), 36);
	assert_true(holds_text(output, trial.record.id));
	assert_true(holds_text(output, "\"event\":\"connection_added\""));
	trial_end(&trial);
}

static void
a_reply_that_cannot_be_written_is_told(void **state)
{
	struct trial trial = {.front = {.variables = {POST, LENGTH, GOOD},
	    .input = LIT(BODY), .write_rc = RC_SYSTEM,},};

	(void)state;
	trial_serve(&trial, &alone.conf);
	assert_int_equal(trial.end.outcome, OUTCOME_DELIVERED);
	assert_int_equal(trial.front.replies, 1);
	assert_non_null(strstr(told(), "the reply could not be written"));
	trial_end(&trial);
}

/* What another thread does with an exchange that was put away. */
static void *
end_later(void *context)
{
	struct exchange *exchange = context;

	exchange_free_body(exchange);
	exchange->done(exchange,
	    &(struct exchange_end){ .outcome = OUTCOME_QUEUED });
	return NULL;
}

static void
an_exchange_is_ended_later_by_another_thread(void **state)
{
	struct trial trial = {.front = {.variables = {POST, LENGTH, GOOD},
	    .input = LIT(BODY),}, .record = {.later = true},};
	pthread_t thread;

	(void)state;
	trial_serve(&trial, &alone.conf);
	assert_non_null(trial.record.kept);
	assert_int_equal(trial.ends, 0);
	assert_int_equal(trial.front.replies, 0);
	assert_string_equal(told(), "");
	assert_int_equal(alone.references, 2);
	assert_int_equal(pthread_create(&thread, NULL, end_later,
			     trial.record.kept),
	    0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(check_path("later", &trial,
			     &(struct exchange_end){
				 .outcome = OUTCOME_QUEUED }),
	    0);
	assert_non_null(strstr(told(), " bytes=49 "));
	assert_int_equal(alone.references, 1);
	trial_end(&trial);
}

static void
head_gets_no_body(void **state)
{
	struct trial trial = { .front = { .variables = { "REQUEST_METHOD=HEAD",
					      "PATH_INFO=/one" } } };
	struct bytes output;

	(void)state;
	trial_serve(&trial, &several.conf);
	assert_int_equal(trial_reason(&trial), RC_METHOD);
	output = buf_view(&trial.front.output);
	assert_memory_equal(output.data + output.len - 4, "\r\n\r\n", 4);
	assert_true(holds_text(output, "Allow: POST\r\n"));
	trial_end(&trial);
}

static void
the_read_timeout_is_the_hooks(void **state)
{
	struct trial trial = { .front = {
				   .variables = { POST, LENGTH, GOOD },
				   .input = LIT(BODY),
			       } };
	int64_t before = clock_steady();

	(void)state;
	trial_serve(&trial, &alone.conf);
	assert_true(trial.front.read_deadline >= before + 15000);
	assert_true(trial.front.read_deadline <= clock_steady() + 15000);
	trial_end(&trial);
}

static void
no_byte_behind_the_length_is_read(void **state)
{
	struct trial trial = {.front = {.variables = {POST, LENGTH, GOOD},
	    .input = LIT(BODY "the next request"),},};

	(void)state;
	trial_serve(&trial, &alone.conf);
	assert_int_equal(trial.end.outcome, OUTCOME_DELIVERED);
	assert_int_equal(trial.front.taken, sizeof(BODY) - 1);
	assert_string_equal(trial.record.body, BODY);
	trial_end(&trial);
}

static void
missing_wrong_and_stale_are_answered_alike(void **state)
{
	static const char *const variables[] = { NULL, BAD,
		"HTTP_X_SIGNATURE=", "HTTP_X_SIGNATURE=junk" };
	struct buf first = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(variables); i++) {
		struct trial trial = { .front = {
					   .variables = { POST, LENGTH,
					       variables[i] },
					   .input = LIT(BODY),
				       } };

		trial_serve(&trial, &alone.conf);
		assert_int_equal(trial_reason(&trial), RC_SIGNATURE);
		if (i == 0)
			buf_add(&first, buf_view(&trial.front.output));
		assert_true(bytes_equal(buf_view(&first),
		    buf_view(&trial.front.output)));
		trial_end(&trial);
	}
	buf_free(&first);
}

static void
every_refusal_is_one_line_of_the_log(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++) {
		struct trial trial = { .front = {
					   .input = paths[i].input,
					   .input_end = paths[i].input_end,
				       } };
		const char *text;
		char status[24];

		if (paths[i].rc == RC_OK || paths[i].rc == RC_CONFIG)
			continue;
		for (size_t j = 0; j < 6 && paths[i].variables[j]; j++)
			front_add(&trial.front, paths[i].variables[j]);
		told();
		trial_serve(&trial, paths[i].conf);
		text = told();
		snprintf(status, sizeof(status), "status=%d",
		    reply_status(OUTCOME_REFUSED, paths[i].rc));
		wrong += case_number(paths[i].name, (long long)told_lines(text),
		    1);
		wrong += case_true(paths[i].name, status,
		    strstr(text, status) != NULL);
		trial_end(&trial);
	}
	assert_int_equal(wrong, 0);
}

static void
nothing_of_the_request_is_in_a_refusal(void **state)
{
	struct trial trial = { .front = {
				   .variables = { POST, "PATH_INFO=/<script>",
				       "HTTP_X=<script>" } } };

	(void)state;
	trial_serve(&trial, &several.conf);
	assert_int_equal(trial_reason(&trial), RC_NO_HOOK);
	assert_false(holds_text(buf_view(&trial.front.output), "script"));
	trial_end(&trial);
}

static void
a_hook_that_is_not_ready_is_500_with_a_fixed_text(void **state)
{
	struct hook unready = hooks[0];
	struct loaded_conf conf = LOADED(&unready, 1);
	struct trial trial = {.front = {.variables = {POST, LENGTH, GOOD},
	    .input = LIT(BODY),},};
	struct exchange_end end = refused(RC_CONFIG);

	(void)state;
	unready.ready = false;
	trial_serve(&trial, &conf.conf);
	assert_int_equal(check_path("unready", &trial, &end), 0);
	assert_int_equal(trial.record.puts, 0);
	assert_int_equal(trial.front.reads, 0);
	assert_false(holds_text(buf_view(&trial.front.output), "secret"));
	trial_end(&trial);
}

static void
serve_counted(struct journal_stats *stats, struct conf *conf,
    const char *const variables[4], struct exchange_end says)
{
	struct trial trial = {
		.front = { .input = LIT(BODY) },
		.record = { .says = says },
		.stats = stats,
	};

	for (size_t i = 0; i < 4 && variables[i] != NULL; i++)
		front_add(&trial.front, variables[i]);
	trial_serve(&trial, conf);
	trial_end(&trial);
}

static const struct journal_stats_hook *
counts_of(const struct journal_stats_report *report, const char *hook)
{
	for (size_t i = 0; i < report->n; i++)
		if (strcmp(report->list[i].name, hook) == 0)
			return &report->list[i];
	return NULL;
}

static int64_t
total_of(const struct journal_stats_hook *hook, const char *word)
{
	for (unsigned kind = 0; kind < JOURNAL_STATS_KINDS; kind++)
		if (strcmp(journal_stats_word(kind), word) == 0)
			return hook->totals[kind];
	return -1;
}

static void
serve_some(struct journal_stats *stats)
{
	static const struct exchange_end full = { .reason = RC_QUEUE_FULL };
	static const struct exchange_end failed = { OUTCOME_FAILED, RC_OK,
		"exit", 1, 5 };

#define SERVE(conf, says, ...)                                                 \
	serve_counted(stats, conf, (const char *const[4]){ __VA_ARGS__ }, says)
	SERVE(&alone.conf, delivered, POST, LENGTH, BAD);
	/* Nothing of the payload was looked at, so no event came. */
	SERVE(&several.conf, delivered, POST, LENGTH, BAD, "PATH_INFO=/two");
	SERVE(&alone.conf, delivered, "REQUEST_METHOD=GET");
	SERVE(&several.conf, delivered, POST, LENGTH, "PATH_INFO=/nobody");
	SERVE(&alone.conf, delivered, POST, LENGTH, GOOD);
	SERVE(&alone.conf, full, POST, LENGTH, GOOD);
	SERVE(&alone.conf, failed, POST, LENGTH, GOOD);
	SERVE(&alone_open.conf, delivered, POST, LENGTH);
#undef SERVE
}

static void
what_a_request_comes_to_is_counted(void **state)
{
	struct journal_stats *stats = NULL;
	struct journal_stats_report report;
	const struct journal_stats_hook *hook;
	struct pool pool = { 0 };
	struct buf error = { 0 };
	char path[PATH_MAX];

	(void)state;
	snprintf(path, sizeof(path), "%s", scratch_path("journal"));
	assert_int_equal(journal_stats_open(path, &stats), RC_OK);
	serve_some(stats);
	journal_stats_close(stats);
	assert_int_equal(journal_stats_read(path, &pool, &report, &error),
	    RC_OK);
	assert_int_equal(report.n, 4);
	hook = counts_of(&report, "one");
	assert_int_equal(total_of(hook, "401"), 1);
	assert_int_equal(total_of(hook, "delivered"), 1);
	assert_int_equal(total_of(hook, "503"), 1);
	assert_int_equal(total_of(hook, "500"), 1);
	assert_int_equal(hook->refused_status, 500);
	assert_string_equal(hook->reason, "failed");
	/* Also of those that were refused behind the signature. */
	assert_int_equal(hook->secrets_n, 1);
	assert_string_equal(hook->secrets[0].file, secret.path);
	assert_int_equal(hook->secrets[0].used, 3);
	assert_true(hook->last_event > 0);
	hook = counts_of(&report, "two");
	assert_int_equal(total_of(hook, "401"), 1);
	assert_int_equal(hook->last_event, 0);
	assert_int_equal(hook->secrets_n, 0);
	assert_non_null(strstr(hook->reason, "bad-signature: "));
	hook = counts_of(&report, "");
	assert_int_equal(total_of(hook, "405"), 1);
	assert_int_equal(total_of(hook, "404"), 1);
	hook = counts_of(&report, "open");
	assert_int_equal(total_of(hook, "delivered"), 1);
	assert_true(hook->last_event > 0);
	pool_free(&pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TOLD_TEST(the_order_of_the_checks),
		TOLD_TEST(whatever_the_sink_says_is_the_answer),
		TOLD_TEST(the_reply_names_the_event),
		TOLD_TEST(a_reply_that_cannot_be_written_is_told),
		TOLD_TEST(an_exchange_is_ended_later_by_another_thread),
		TOLD_TEST(head_gets_no_body),
		TOLD_TEST(the_read_timeout_is_the_hooks),
		TOLD_TEST(no_byte_behind_the_length_is_read),
		TOLD_TEST(missing_wrong_and_stale_are_answered_alike),
		TOLD_TEST(every_refusal_is_one_line_of_the_log),
		TOLD_TEST(nothing_of_the_request_is_in_a_refusal),
		TOLD_TEST(a_hook_that_is_not_ready_is_500_with_a_fixed_text),
		SCRATCH_TEST(what_a_request_comes_to_is_counted),
	};

	snprintf(signature, sizeof(signature), "%s",
	    signed_by(SECRET, LIT(BODY)));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
