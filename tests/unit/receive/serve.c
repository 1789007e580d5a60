/* SPDX-License-Identifier: ISC */
#include "../serving.h"

#include "base/buf.h"
#include "base/clock.h"
#include "config/conf.h"
#include "config/load.h"
#include "http/gateway.h"
#include "http/reply.h"

/* One hook that is signed; one that is not. */
static struct conf alone = {
	.file = "unit.conf",
	.hooks = hooks,
	.hooks_len = 1,
};

static struct conf alone_open = {
	.file = "unit.conf",
	.hooks = hooks + 2,
	.hooks_len = 1,
};

#define BAD                                                                    \
	"HTTP_X_SIGNATURE=sha256="                                             \
	"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

/* What has to hold on every path whatever it comes to. */
static unsigned
check_path(const char *name, const struct trial *trial, enum outcome outcome,
    enum rc reason)
{
	char status[24];
	unsigned wrong = case_number(name, trial->reply.outcome, outcome);

	wrong += case_rc(name, trial->reply.reason, reason);
	snprintf(status, sizeof(status), "Status: %d ",
	    reply_status(outcome, reason));
	wrong += case_true(name, status,
	    bytes_begin(buf_view(&trial->front.output), status));
	wrong += case_number(name, trial->front.discards, 1);
	wrong += case_true(name, "discarded when all was said",
	    trial->front.discarded_last && trial->front.writes > 0);
	wrong += case_true(name, "five seconds for it",
	    trial->front.discard_deadline <= clock_steady() + 5000 &&
		trial->front.discard_deadline > clock_steady() - 60000);
	return wrong;
}

/* Requests without a body to speak of: by what they are refused, in order. */
static const struct {
	const char *name;
	struct conf *conf;
	const char *variables[6];
	struct bytes input;
	enum rc input_end;
	enum rc reason; /* RC_OK: it is not refused, but delivered */
	int64_t left;	/* what discard_input is told */
	unsigned reads; /* 0: nothing may be read; 1: it has to be */
} paths[] = {
	/* Method first. */
	{ "GET", &several, { "REQUEST_METHOD=GET", "PATH_INFO=/one" }, RAW(""),
	    RC_OK, RC_METHOD, -1, 0 },
	{ "no method", &several, { "PATH_INFO=/one" }, RAW(""), RC_OK,
	    RC_METHOD, -1, 0 },
	{ "post", &several, { "REQUEST_METHOD=post", "PATH_INFO=/one" },
	    RAW(""), RC_OK, RC_METHOD, -1, 0 },
	{ "PUT", &several, { "REQUEST_METHOD=PUT", "PATH_INFO=/one", LENGTH },
	    RAW(BODY), RC_OK, RC_METHOD, 49, 0 },
	{ "TRACE", &several, { "REQUEST_METHOD=TRACE" }, RAW(""), RC_OK,
	    RC_METHOD, -1, 0 },
	{ "method before hook", &several,
	    { "REQUEST_METHOD=GET", "PATH_INFO=/none", "CONTENT_LENGTH=x" },
	    RAW(""), RC_OK, RC_METHOD, -1, 0 },
	{ "method before the broken", NULL, { "REQUEST_METHOD=GET" }, RAW(""),
	    RC_OK, RC_METHOD, -1, 0 },

	/* Then the hook. */
	{ "no such hook", &several, { POST, "PATH_INFO=/none" }, RAW(""), RC_OK,
	    RC_NO_HOOK, -1, 0 },
	{ "hook before length", &several,
	    { POST, "PATH_INFO=/none", "CONTENT_LENGTH=x" }, RAW(""), RC_OK,
	    RC_NO_HOOK, -1, 0 },
	{ "hook before size", &several,
	    { POST, "PATH_INFO=/none", "CONTENT_LENGTH=65" }, RAW(""), RC_OK,
	    RC_NO_HOOK, 65, 0 },
	{ "no path and several hooks", &several, { POST }, RAW(""), RC_OK,
	    RC_NO_HOOK, -1, 0 },
	{ "empty path and several hooks", &several, { POST, "PATH_INFO=" },
	    RAW(""), RC_OK, RC_NO_HOOK, -1, 0 },
	{ "/ and several hooks", &several, { POST, "PATH_INFO=/" }, RAW(""),
	    RC_OK, RC_NO_HOOK, -1, 0 },
	{ "no slash before it", &several, { POST, "PATH_INFO=one" }, RAW(""),
	    RC_OK, RC_NO_HOOK, -1, 0 },
	{ "two slashes before it", &several, { POST, "PATH_INFO=//one" },
	    RAW(""), RC_OK, RC_NO_HOOK, -1, 0 },
	{ "two slashes behind it", &several, { POST, "PATH_INFO=/one//" },
	    RAW(""), RC_OK, RC_NO_HOOK, -1, 0 },
	{ "more behind it", &several, { POST, "PATH_INFO=/one/two" }, RAW(""),
	    RC_OK, RC_NO_HOOK, -1, 0 },
	{ "another case", &several, { POST, "PATH_INFO=/One" }, RAW(""), RC_OK,
	    RC_NO_HOOK, -1, 0 },
	{ "a part of its name", &several, { POST, "PATH_INFO=/on" }, RAW(""),
	    RC_OK, RC_NO_HOOK, -1, 0 },
	{ "dots", &several, { POST, "PATH_INFO=/../one" }, RAW(""), RC_OK,
	    RC_NO_HOOK, -1, 0 },
	{ "none by its path", &several, { POST, "PATH_INFO=/open", LENGTH },
	    RAW(BODY), RC_OK, RC_NO_HOOK, 49, 0 },
	{ "the only one, by a wrong path", &alone, { POST, "PATH_INFO=/two" },
	    RAW(""), RC_OK, RC_NO_HOOK, -1, 0 },
	{ "the only one, by two slashes", &alone, { POST, "PATH_INFO=//" },
	    RAW(""), RC_OK, RC_NO_HOOK, -1, 0 },
	{ "the only one, none, by its path", &alone_open,
	    { POST, "PATH_INFO=/open", LENGTH }, RAW(BODY), RC_OK, RC_NO_HOOK,
	    49, 0 },
	{ "no such hook by variable", &several,
	    { POST, "PELIHOOK_HOOK=none", "PATH_INFO=/one" }, RAW(""), RC_OK,
	    RC_NO_HOOK, -1, 0 },
	{ "a header is no variable", &several,
	    { POST, "HTTP_PELIHOOK_HOOK=one" }, RAW(""), RC_OK, RC_NO_HOOK, -1,
	    0 },
	{ "the variable twice", &several,
	    { POST, "PELIHOOK_HOOK=one", "PELIHOOK_HOOK=one" }, RAW(""), RC_OK,
	    RC_CONFIG, -1, 0 },
	{ "the variable twice, otherwise", &several,
	    { POST, "PELIHOOK_HOOK=one", "PELIHOOK_HOOK=two" }, RAW(""), RC_OK,
	    RC_CONFIG, -1, 0 },
	{ "a broken configuration", NULL, { POST, "PATH_INFO=/one", LENGTH },
	    RAW(BODY), RC_OK, RC_CONFIG, 49, 0 },

	/* Then length, encoding and size, before anything is read. */
	{ "length", &several,
	    { POST, "PATH_INFO=/one", "CONTENT_LENGTH=4x", BAD }, RAW(BODY),
	    RC_OK, RC_LENGTH, -1, 0 },
	{ "two lengths", &several,
	    { POST, "PATH_INFO=/one", LENGTH, "CONTENT_LENGTH=48" }, RAW(BODY),
	    RC_OK, RC_CONFIG, -1, 0 },
	{ "two methods", &several,
	    { POST, "REQUEST_METHOD=GET", "PATH_INFO=/one", LENGTH }, RAW(BODY),
	    RC_OK, RC_CONFIG, 49, 0 },
	{ "two paths", &several,
	    { POST, "PATH_INFO=/two", "PATH_INFO=/one", LENGTH }, RAW(BODY),
	    RC_OK, RC_CONFIG, 49, 0 },
	{ "too large", &several,
	    { POST, "PATH_INFO=/one", "CONTENT_LENGTH=65", BAD },
	    RAW(BODY BODY), RC_OK, RC_LARGE, 65, 0 },
	{ "far too large", &several,
	    { POST, "PATH_INFO=/one", "CONTENT_LENGTH=18446744073709551616",
		BAD },
	    RAW(BODY), RC_OK, RC_LARGE, INT64_MAX, 0 },
	{ "encoded", &several,
	    { POST, "PATH_INFO=/one", LENGTH, "HTTP_CONTENT_ENCODING=gzip",
		BAD },
	    RAW(BODY), RC_OK, RC_ENCODED, 49, 0 },

	/* Then the reading. */
	{ "short", &several, { POST, "PATH_INFO=/one", LENGTH, BAD }, RAW("{"),
	    RC_OK, RC_SHORT, 48, 1 },
	{ "cut off", &several, { POST, "PATH_INFO=/one", LENGTH, BAD },
	    RAW("{"), RC_SHORT, RC_SHORT, 48, 1 },
	{ "slow", &several, { POST, "PATH_INFO=/one", LENGTH, BAD }, RAW("{"),
	    RC_SLOW, RC_SLOW, 48, 1 },
	{ "told to stop", &several, { POST, "PATH_INFO=/one", LENGTH, BAD },
	    RAW("{"), RC_STOPPING, RC_STOPPING, 48, 1 },
	{ "too large without a length", &several,
	    { POST, "PATH_INFO=/one", BAD }, RAW(BODY BODY), RC_OK, RC_LARGE,
	    -1, 1 },

	/* Then the signature, and JSON at the last. */
	{ "not signed", &several, { POST, "PATH_INFO=/one", LENGTH }, RAW(BODY),
	    RC_OK, RC_SIGNATURE, 0, 1 },
	{ "wrongly signed", &several, { POST, "PATH_INFO=/one", LENGTH, BAD },
	    RAW(BODY), RC_OK, RC_SIGNATURE, 0, 1 },
	{ "wrongly signed, no JSON", &several,
	    { POST, "PATH_INFO=/one", "CONTENT_LENGTH=2", BAD }, RAW("{{"),
	    RC_OK, RC_SIGNATURE, 0, 1 },
	{ "wrongly signed, no length", &several,
	    { POST, "PATH_INFO=/one", BAD }, RAW("{{"), RC_OK, RC_SIGNATURE, -1,
	    1 },
	{ "no JSON", &alone_open, { POST, "CONTENT_LENGTH=2" }, RAW("{{"),
	    RC_OK, RC_JSON, 0, 1 },
	{ "nothing", &alone_open, { POST, "CONTENT_LENGTH=0" }, RAW(""), RC_OK,
	    RC_JSON, 0, 0 },

	/* And what is good. */
	{ "by path", &several, { POST, "PATH_INFO=/one", LENGTH, GOOD },
	    RAW(BODY), RC_OK, RC_OK, 0, 1 },
	{ "by path and slash", &several,
	    { POST, "PATH_INFO=/one/", LENGTH, GOOD }, RAW(BODY), RC_OK, RC_OK,
	    0, 1 },
	{ "no length", &several, { POST, "PATH_INFO=/one", GOOD }, RAW(BODY),
	    RC_OK, RC_OK, -1, 1 },
	{ "length -1", &several,
	    { POST, "PATH_INFO=/one", "CONTENT_LENGTH=-1", GOOD }, RAW(BODY),
	    RC_OK, RC_OK, -1, 1 },
	{ "the only one", &alone, { POST, LENGTH, GOOD }, RAW(BODY), RC_OK,
	    RC_OK, 0, 1 },
	{ "the only one by /", &alone, { POST, "PATH_INFO=/", LENGTH, GOOD },
	    RAW(BODY), RC_OK, RC_OK, 0, 1 },
	{ "the only one by name", &alone,
	    { POST, "PATH_INFO=/one", LENGTH, GOOD }, RAW(BODY), RC_OK, RC_OK,
	    0, 1 },
	{ "the only one, none", &alone_open, { POST, LENGTH }, RAW(BODY), RC_OK,
	    RC_OK, 0, 1 },
	{ "by variable", &several, { POST, "PELIHOOK_HOOK=one", LENGTH, GOOD },
	    RAW(BODY), RC_OK, RC_OK, 0, 1 },
	{ "none by variable", &several, { POST, "PELIHOOK_HOOK=open", LENGTH },
	    RAW(BODY), RC_OK, RC_OK, 0, 1 },
	{ "an empty variable", &several,
	    { POST, "PELIHOOK_HOOK=", "PATH_INFO=/one", LENGTH, GOOD },
	    RAW(BODY), RC_OK, RC_OK, 0, 1 },
};

static enum outcome
outcome_of(enum rc reason)
{
	return reason == RC_OK ? OUTCOME_DELIVERED : OUTCOME_REFUSED;
}

static void
the_order_of_the_checks(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++) {
		const char *name = paths[i].name;
		struct trial trial = {.front = {.input = paths[i].input,
		    .input_end = paths[i].input_end,},
		    .record = {.outcome = OUTCOME_DELIVERED},};

		for (size_t j = 0; j < 6 && paths[i].variables[j]; j++)
			front_add(&trial.front, paths[i].variables[j]);
		trial_serve(&trial, paths[i].conf);
		wrong += check_path(name, &trial, outcome_of(paths[i].reason),
		    paths[i].reason);
		wrong += case_number(name, trial.front.left, paths[i].left);
		wrong += case_number(name, trial.front.reads > 0,
		    paths[i].reads);
		wrong += case_number(name, trial.record.puts,
		    paths[i].reason == RC_OK);
		trial_end(&trial);
	}
	assert_int_equal(wrong, 0);
}

static void
whatever_the_sink_says_the_input_is_taken(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(sink_ends); i++) {
		struct trial trial = {.front = {.variables = {POST, LENGTH,
		    GOOD}, .input = LIT(BODY),},
		    .record = {.outcome = sink_ends[i].outcome,
		    .reason = sink_ends[i].reason},};
		const char *word = reply_word(sink_ends[i].outcome,
		    sink_ends[i].reason);

		trial_serve(&trial, &alone);
		wrong += check_path(word, &trial, sink_ends[i].outcome,
		    sink_ends[i].reason);
		trial_end(&trial);
	}
	assert_int_equal(wrong, 0);
}

static void
a_reply_that_cannot_be_written_is_drained_as_well(void **state)
{
	struct trial trial = {.front = {.variables = {POST, LENGTH, GOOD},
	    .input = LIT(BODY), .write_rc = RC_SYSTEM,},
	    .record = {.outcome = OUTCOME_DELIVERED},};

	(void)state;
	trial_serve(&trial, &alone);
	assert_int_equal(trial.reply.outcome, OUTCOME_DELIVERED);
	assert_int_equal(trial.front.discards, 1);
	assert_true(trial.front.discarded_last);
	trial_end(&trial);
}

static void
head_gets_no_body(void **state)
{
	struct trial trial = { .front = { .variables = { "REQUEST_METHOD=HEAD",
					      "PATH_INFO=/one" } } };
	struct bytes output;

	(void)state;
	trial_serve(&trial, &several);
	assert_int_equal(check_path("HEAD", &trial, OUTCOME_REFUSED, RC_METHOD),
	    0);
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
	trial_serve(&trial, &alone);
	assert_true(trial.front.read_deadline >= before + 15000);
	assert_true(trial.front.read_deadline <= clock_steady() + 15000);
	trial_end(&trial);
}

static void
no_byte_behind_the_length_is_read(void **state)
{
	struct trial trial = {.front = {.variables = {POST, LENGTH, GOOD},
	    .input = LIT(BODY "the next request"),},
	    .record = {.outcome = OUTCOME_DELIVERED},};

	(void)state;
	trial_serve(&trial, &alone);
	assert_int_equal(trial.reply.outcome, OUTCOME_DELIVERED);
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

		trial_serve(&trial, &alone);
		assert_int_equal(trial.reply.reason, RC_SIGNATURE);
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

		if (paths[i].reason == RC_OK || paths[i].reason == RC_CONFIG)
			continue;
		for (size_t j = 0; j < 6 && paths[i].variables[j]; j++)
			front_add(&trial.front, paths[i].variables[j]);
		told();
		trial_serve(&trial, paths[i].conf);
		text = told();
		snprintf(status, sizeof(status), "status=%d",
		    reply_status(OUTCOME_REFUSED, paths[i].reason));
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
	trial_serve(&trial, &several);
	assert_int_equal(trial.reply.reason, RC_NO_HOOK);
	assert_false(holds_text(buf_view(&trial.front.output), "script"));
	trial_end(&trial);
}

/* A configuration whose hooks are made ready by the request itself. */
static int
make_files(void **state)
{
	char text[3 * PATH_MAX];

	if (told_open(state) != 0)
		return -1;
	snprintf(text, sizeof(text),
	    "hook good\nsecret-file %s\n"
	    "on * run /bin/true\nhook bad\nsecret-file %s\n"
	    "on * run /bin/true\n",
	    scratch_path("secret"), scratch_path("none"));
	scratch_file("conf", text, 0600);
	scratch_file("secret", SECRET "\n", 0600);
	return 0;
}

static struct conf *
load(void)
{
	struct buf complaints = { .max = 4096 };
	struct conf *conf = NULL;

	if (conf_load(scratch_path("conf"), &conf, &complaints) != RC_OK) {
		print_error("%s", complaints.data);
		fail();
	}
	buf_free(&complaints);
	return conf;
}

static void
a_hook_is_made_ready_by_its_first_request(void **state)
{
	struct conf *conf = load();

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct trial trial = {.front = {.variables = {POST, LENGTH,
		    GOOD, "PATH_INFO=/good"}, .input = LIT(BODY),},
		    .record = {.outcome = OUTCOME_DELIVERED},};

		trial_serve(&trial, conf);
		assert_int_equal(check_path("good", &trial, OUTCOME_DELIVERED,
				     RC_OK),
		    0);
		assert_int_equal(trial.record.puts, 1);
		trial_end(&trial);
	}
	conf_release(conf);
}

static void
a_hook_that_is_not_ready_is_500_with_a_fixed_text(void **state)
{
	struct conf *conf = load();
	struct trial trial = {.front = {.variables = {POST, LENGTH, GOOD,
	    "PATH_INFO=/bad"}, .input = LIT(BODY),},
	    .record = {.outcome = OUTCOME_DELIVERED},};

	(void)state;
	trial_serve(&trial, conf);
	assert_int_equal(check_path("bad", &trial, OUTCOME_REFUSED, RC_CONFIG),
	    0);
	assert_int_equal(trial.record.puts, 0);
	assert_false(holds_text(buf_view(&trial.front.output), scratch));
	assert_false(holds_text(buf_view(&trial.front.output), "secret"));
	assert_non_null(strstr(told(), scratch));
	trial_end(&trial);
	conf_release(conf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TOLD_TEST(the_order_of_the_checks),
		TOLD_TEST(whatever_the_sink_says_the_input_is_taken),
		TOLD_TEST(a_reply_that_cannot_be_written_is_drained_as_well),
		TOLD_TEST(head_gets_no_body),
		TOLD_TEST(the_read_timeout_is_the_hooks),
		TOLD_TEST(no_byte_behind_the_length_is_read),
		TOLD_TEST(missing_wrong_and_stale_are_answered_alike),
		TOLD_TEST(every_refusal_is_one_line_of_the_log),
		TOLD_TEST(nothing_of_the_request_is_in_a_refusal),
		cmocka_unit_test_setup_teardown(
		    a_hook_is_made_ready_by_its_first_request, make_files,
		    scratch_end),
		cmocka_unit_test_setup_teardown(
		    a_hook_that_is_not_ready_is_500_with_a_fixed_text,
		    make_files, scratch_end),
	};

	snprintf(signature, sizeof(signature), "%s",
	    signed_by(SECRET, LIT(BODY)));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
