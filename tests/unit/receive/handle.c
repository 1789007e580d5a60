/* SPDX-License-Identifier: ISC */
#include "../recorder.h"

#include "base/buf.h"
#include "base/codec.h"
#include "base/crypto.h"
#include "base/uuid.h"
#include "config/conf.h"
#include "event/catalog.h"
#include "event/event.h"
#include "http/reply.h"
#include "http/request.h"
#include "receive/handle.h"
#include "signature/recipe.h"

#define NOW INT64_C(1700000000000)

static const char *const any[] = { "*" };
static const char *const connections[] = { "@connection" };
static const char *const failures[] = { "@failure" };
static const char *const command[] = { "/bin/true", NULL };

static const struct rule run_all[] = {
	{ .events = any, .events_len = 1, .command = command, .line = 41 },
};

static const struct rule ignore_connections[] = {
	{ .events = connections, .events_len = 1, .line = 51 },
	{ .events = any, .events_len = 1, .command = command, .line = 52 },
};

static const struct rule run_failures[] = {
	{ .events = failures, .events_len = 1, .command = command, .line = 61 },
};

/* A hook, a request and a sink. */
struct trial {
	struct hook hook;
	struct secret secret;
	struct front front;
	struct request request;
	struct record record;
};

static void
trial_start(struct trial *trial, struct bytes body)
{
	memset(trial, 0, sizeof(*trial));
	trial->secret = (struct secret){
		.path = "/etc/unit.secret",
		.key = LIT(SECRET),
	};
	trial->hook.name = "unit";
	trial->hook.reading.hook = "unit";
	trial->hook.secrets = &trial->secret;
	trial->hook.secrets_len = 1;
	trial->hook.rules = run_all;
	trial->hook.rules_len = COUNT(run_all);
	trial->record.outcome = OUTCOME_DELIVERED;
	trial->request.variables = trial->front.variables;
	trial->request.method = "POST";
	trial->request.path_info = "";
	trial->request.remote_addr = "192.0.2.7";
	trial->request.received = NOW;
	assert_int_equal(buf_add(&trial->request.body, body), RC_OK);
}

static struct reply
trial_handle(struct trial *trial)
{
	struct sink sink = record_sink(&trial->record);
	struct reply reply = handle(&trial->hook, &trial->request, &sink);

	request_close(&trial->request);
	return reply;
}

static void
trial_sign(struct trial *trial)
{
	front_add(&trial->front,
	    signed_by(SECRET, buf_view(&trial->request.body)));
}

static void
an_event_goes_to_the_sink_and_is_answered(void **state)
{
	struct trial trial;
	struct reply reply;

	(void)state;
	trial_start(&trial, LIT(BODY));
	trial_sign(&trial);
	reply = trial_handle(&trial);
	assert_int_equal(reply.outcome, OUTCOME_DELIVERED);
	assert_false(reply.head);
	assert_int_equal(trial.record.puts, 1);
	assert_string_equal(reply.id, trial.record.receipt.id);
	assert_string_equal(reply.event, "connection_added");
}

static void
the_job_holds_all_that_an_effect_needs(void **state)
{
	struct trial trial;
	uint8_t digest[CRYPTO_DIGEST];
	char hex[2 * CRYPTO_DIGEST + 1];

	(void)state;
	trial_start(&trial, LIT(BODY));
	trial_sign(&trial);
	trial_handle(&trial);
	assert_int_equal(crypto_sha256(LIT(BODY), digest), RC_OK);
	encode_hex(digest, CRYPTO_DIGEST, hex);
	assert_ptr_equal(trial.record.job.hook, &trial.hook);
	assert_ptr_equal(trial.record.job.rule, &run_all[0]);
	assert_string_equal(trial.record.event, "connection_added");
	assert_ptr_equal(trial.record.job.row,
	    catalog_find(LIT("connection_added")));
	assert_string_equal(trial.record.body, BODY);
	assert_int_equal(trial.record.job.body.len, sizeof(BODY) - 1);
	assert_int_equal(trial.record.job.attempt, 1);
	assert_int_equal(trial.record.job.deliveries, 1);
	assert_string_equal(trial.record.order_key, "");
	assert_string_equal(trial.record.dedupe_key, "");
	assert_string_equal(trial.record.receipt.digest, hex);
	assert_int_equal(trial.record.receipt.received, NOW);
	assert_true(trial.record.receipt.verified);
	assert_string_equal(trial.record.receipt.remote_addr, "192.0.2.7");
}

static void
the_id_is_a_uuid7_of_the_time_and_never_the_same(void **state)
{
	char first[UUID_SIZE];
	struct trial trial;

	(void)state;
	trial_start(&trial, LIT(BODY));
	trial_sign(&trial);
	memcpy(first, trial_handle(&trial).id, sizeof(first));
	trial_start(&trial, LIT(BODY));
	trial_sign(&trial);
	assert_string_not_equal(first, trial_handle(&trial).id);
	assert_memory_equal(first, "018bcfe5-6800-7", 15);
	assert_int_equal(strlen(first), 36);
}

static void
whatever_the_sink_says_is_the_answer(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(sink_ends); i++) {
		const char *word = reply_word(sink_ends[i].outcome,
		    sink_ends[i].reason);
		struct trial trial;
		struct reply reply;

		trial_start(&trial, LIT(BODY));
		trial_sign(&trial);
		trial.record.outcome = sink_ends[i].outcome;
		trial.record.reason = sink_ends[i].reason;
		reply = trial_handle(&trial);
		wrong += case_number(word, reply.outcome, sink_ends[i].outcome);
		wrong += case_rc(word, reply.reason, sink_ends[i].reason);
		wrong += case_true(word, "it is logged",
		    strstr(told(), word) != NULL);
	}
	assert_int_equal(wrong, 0);
}

/* What goes wrong first decides. */
static const struct {
	const char *name;
	struct bytes body;
	bool good; /* the signature */
	const char *variables[2];
	enum rc reason; /* RC_OK: it is delivered */
} orders[] = {
	{ "bad signature, bad JSON", RAW("{"), false, { NULL }, RC_SIGNATURE },
	{ "bad signature, empty", RAW(""), false, { NULL }, RC_SIGNATURE },
	{ "bad signature, good JSON", RAW(BODY), false, { NULL },
	    RC_SIGNATURE },
	{ "bad signature, repeated header", RAW(BODY), false,
	    { "HTTP_X_EVENT=a", "HTTP_X_EVENT=a" }, RC_SIGNATURE },
	{ "good signature, bad JSON", RAW("{"), true, { NULL }, RC_JSON },
	{ "good signature, empty", RAW(""), true, { NULL }, RC_JSON },
	{ "bad JSON, repeated header", RAW("{"), true,
	    { "HTTP_X_EVENT=a", "HTTP_X_EVENT=a" }, RC_JSON },
	{ "repeated header", RAW(BODY), true,
	    { "HTTP_X_EVENT=a", "HTTP_X_EVENT=a" }, RC_REPEATED },
	{ "nothing wrong", RAW(BODY), true, { "HTTP_X_EVENT=a" }, RC_OK },
};

static void
nothing_looks_inside_what_is_not_verified(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(orders); i++) {
		const char *name = orders[i].name;
		struct trial trial;
		struct reply reply;

		trial_start(&trial, orders[i].body);
		trial.hook.reading.name = (struct event_source){
			EVENT_FROM_HEADER, NULL, { "X-Event", "HTTP_X_EVENT" }
		};
		front_add(&trial.front,
		    signed_by(orders[i].good ? SECRET : "a stranger's",
			orders[i].body));
		for (size_t j = 0; j < 2; j++)
			if (orders[i].variables[j] != NULL)
				front_add(&trial.front, orders[i].variables[j]);
		reply = trial_handle(&trial);
		wrong += case_number(name, reply.outcome,
		    orders[i].reason == RC_OK ? OUTCOME_DELIVERED :
						OUTCOME_REFUSED);
		wrong += case_rc(name, reply.reason, orders[i].reason);
		wrong += case_number(name, trial.record.puts,
		    orders[i].reason == RC_OK);
		if (orders[i].reason != RC_SIGNATURE)
			continue;
		wrong += case_text(name, reply.id, "");
		wrong += case_text(name, reply.event, "");
		wrong += case_true(name, "nothing of the body is logged",
		    strstr(told(), "connection") == NULL);
	}
	assert_int_equal(wrong, 0);
}

static void
an_ignored_event_reaches_no_sink(void **state)
{
	struct trial trial;
	struct reply reply;
	const char *text;

	(void)state;
	trial_start(&trial, LIT(BODY));
	trial_sign(&trial);
	trial.hook.rules = ignore_connections;
	trial.hook.rules_len = COUNT(ignore_connections);
	reply = trial_handle(&trial);
	assert_int_equal(reply.outcome, OUTCOME_IGNORED);
	assert_int_equal(strlen(reply.id), 36);
	assert_string_equal(reply.event, "connection_added");
	assert_int_equal(trial.record.puts, 0);
	text = told();
	assert_null(strstr(text, "no-rule"));
	assert_non_null(strstr(text, "level=info"));
}

static void
no_line_for_a_known_event_is_information(void **state)
{
	struct trial trial;
	const char *text;

	(void)state;
	trial_start(&trial, LIT(BODY));
	trial_sign(&trial);
	trial.hook.rules = run_failures;
	trial.hook.rules_len = COUNT(run_failures);
	assert_int_equal(trial_handle(&trial).outcome, OUTCOME_IGNORED);
	assert_int_equal(trial.record.puts, 0);
	text = told();
	assert_non_null(strstr(text, "reason=no-rule"));
	assert_non_null(strstr(text, "level=info"));
}

static void
no_line_for_an_unknown_event_is_a_warning_with_keys(void **state)
{
	struct trial trial;
	const char *text;

	(void)state;
	trial_start(&trial,
	    LIT("{\"trigger\":\"hidden value\",\"run\":"
		"{\"inner\":1}}"));
	trial_sign(&trial);
	trial.hook.rules = run_failures;
	trial.hook.rules_len = COUNT(run_failures);
	assert_int_equal(trial_handle(&trial).outcome, OUTCOME_IGNORED);
	text = told();
	assert_non_null(strstr(text, "level=warning"));
	assert_non_null(strstr(text, "reason=no-rule"));
	assert_non_null(strstr(text, "trigger"));
	assert_non_null(strstr(text, "run"));
	assert_non_null(strstr(text, "event-name"));
	assert_null(strstr(text, "hidden"));
	assert_null(strstr(text, "inner"));
}

static void
a_repeated_dedupe_header_reaches_no_sink(void **state)
{
	struct trial trial;

	(void)state;
	trial_start(&trial, LIT(BODY));
	trial_sign(&trial);
	front_add(&trial.front, "HTTP_X_ID=1");
	front_add(&trial.front, "HTTP_X_ID=1");
	trial.hook.reading.dedupe = (struct event_source){ EVENT_FROM_HEADER,
		NULL, { "X-Id", "HTTP_X_ID" } };
	assert_int_equal(trial_handle(&trial).reason, RC_REPEATED);
	assert_int_equal(trial.record.puts, 0);
}

static void
a_repeated_dedupe_header_is_refused_where_no_line_takes_it(void **state)
{
	struct trial trial;

	(void)state;
	trial_start(&trial, LIT(BODY));
	trial_sign(&trial);
	front_add(&trial.front, "HTTP_X_ID=1");
	front_add(&trial.front, "HTTP_X_ID=2");
	trial.hook.rules = run_failures;
	trial.hook.rules_len = COUNT(run_failures);
	trial.hook.reading.dedupe = (struct event_source){ EVENT_FROM_HEADER,
		NULL, { "X-Id", "HTTP_X_ID" } };
	assert_int_equal(trial_handle(&trial).reason, RC_REPEATED);
}

#define LINE(list, more, what)                                                 \
	{                                                                      \
		.events = list, .events_len = 1, .also = more, .command = what \
	}

static void
lines_with_also_are_counted(void **state)
{
	static const struct {
		struct rule rules[3];
		unsigned deliveries;
		enum outcome outcome;
	} cases[] = {
		{ { LINE(any, false, command), LINE(any, false, command) }, 1,
		    OUTCOME_QUEUED },
		{ { LINE(any, true, command), LINE(any, false, command),
		      LINE(any, false, command) },
		    2, OUTCOME_QUEUED },
		{ { LINE(any, true, command), LINE(failures, true, command),
		      LINE(any, true, command) },
		    2, OUTCOME_QUEUED },
		{ { LINE(any, true, command), LINE(any, false, NULL),
		      LINE(any, false, command) },
		    1, OUTCOME_QUEUED },
		{ { LINE(any, false, NULL), LINE(any, false, command) }, 0,
		    OUTCOME_IGNORED },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct trial trial;
		size_t n = 0;

		trial_start(&trial, LIT(BODY));
		trial_sign(&trial);
		while (n < 3 && cases[i].rules[n].events_len > 0)
			n++;
		trial.hook.delivery = CONF_QUEUE;
		trial.hook.rules = cases[i].rules;
		trial.hook.rules_len = n;
		trial.record.outcome = OUTCOME_QUEUED;
		wrong += case_number("also", trial_handle(&trial).outcome,
		    cases[i].outcome);
		wrong += case_number("puts", trial.record.puts,
		    cases[i].deliveries > 0);
		wrong += case_number("deliveries", trial.record.job.deliveries,
		    cases[i].deliveries);
	}
	assert_int_equal(wrong, 0);
}

static void
keys_and_fields_reach_the_job(void **state)
{
	static const struct event_pair env[] = { { "ID", "/id", 1 } };
	struct trial trial;

	(void)state;
	trial_start(&trial, LIT(BODY));
	trial_sign(&trial);
	trial.hook.reading.env = env;
	trial.hook.reading.env_len = 1;
	trial.hook.reading.order = (struct event_source){
		.from = EVENT_FROM_POINTER,
		.pointer = "/id",
	};
	trial.hook.reading.dedupe = (struct event_source){
		.from = EVENT_FROM_BODY,
	};
	assert_int_equal(trial_handle(&trial).outcome, OUTCOME_DELIVERED);
	assert_string_equal(trial.record.field, "PELIHOOK_ID=7");
	assert_true(strlen(trial.record.order_key) > 0);
	assert_true(strlen(trial.record.dedupe_key) > 0);
	assert_string_not_equal(trial.record.order_key,
	    trial.record.dedupe_key);
}

static void
unsigned_events_are_marked_so(void **state)
{
	struct trial trial;

	(void)state;
	trial_start(&trial, LIT(BODY));
	trial.hook.signature.kind = RECIPE_NONE;
	trial.hook.secrets_len = 0;
	assert_int_equal(trial_handle(&trial).outcome, OUTCOME_DELIVERED);
	assert_false(trial.record.receipt.verified);
}

static void
a_long_address_is_bounded(void **state)
{
	char address[200];
	struct trial trial;

	(void)state;
	memset(address, 'a', sizeof(address));
	address[sizeof(address) - 1] = '\0';
	trial_start(&trial, LIT(BODY));
	trial_sign(&trial);
	trial.request.remote_addr = address;
	assert_int_equal(trial_handle(&trial).outcome, OUTCOME_DELIVERED);
	assert_in_range(strlen(trial.record.receipt.remote_addr), 1,
	    sizeof(trial.record.receipt.remote_addr) - 1);
}

static void
one_line_tells_of_an_event(void **state)
{
	struct trial trial;
	struct reply reply;
	const char *text;

	(void)state;
	trial_start(&trial, LIT(BODY));
	trial_sign(&trial);
	trial.request.remote_addr = "192.0.2.7\nlevel=error";
	reply = trial_handle(&trial);
	text = told();
	assert_int_equal(told_lines(text), 1);
	assert_non_null(strstr(text, "hook=unit"));
	assert_non_null(strstr(text, "event=connection_added"));
	assert_non_null(strstr(text, "found=/event"));
	assert_non_null(strstr(text, reply.id));
	assert_non_null(strstr(text, "signed-by=X-Signature"));
	assert_non_null(strstr(text, "/etc/unit.secret"));
	assert_non_null(strstr(text, "status=200"));
}

static void
neither_secret_nor_mac_nor_values_are_logged(void **state)
{
	static const char *const keys[] = { SECRET, "a stranger's" };
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(keys); i++) {
		struct bytes body = i < 2 ? LIT(BODY) : LIT("{\"key\":\"value");
		struct trial trial;
		const char *text, *right;

		trial_start(&trial, body);
		front_add(&trial.front, strdup(signed_by(keys[i % 2], body)));
		trial_handle(&trial);
		text = told();
		right = strrchr(signed_by(SECRET, body), '=') + 1;
		wrong += case_true(keys[i % 2], "silence",
		    strstr(text, right) == NULL &&
			strstr(text, SECRET) == NULL &&
			strstr(text, "value") == NULL);
		wrong += case_number(keys[i % 2], (long long)told_lines(text),
		    1);
		free((char *)(uintptr_t)trial.front.variables[0]);
	}
	assert_int_equal(wrong, 0);
}

static void
a_refusal_says_why_in_the_log(void **state)
{
	struct trial trial;
	const char *text;

	(void)state;
	trial_start(&trial, LIT(BODY));
	assert_int_equal(trial_handle(&trial).reason, RC_SIGNATURE);
	text = told();
	assert_non_null(strstr(text, "level=warning"));
	assert_non_null(strstr(text, "status=401"));
	assert_non_null(strstr(text, "why="));
}

static void
a_body_that_is_not_json_is_told_by_its_looks(void **state)
{
	static const struct {
		const char *body, *told;
	} cases[] = {
		{ "", "at=0 looks-like=nothing " },
		{ "event=connection_added", "at=0 looks-like=form " },
		{ "<event/>", "at=0 looks-like=XML " },
		{ "\x1f\x8b\x08", "at=0 looks-like=gzip " },
		{ "{'v':1}", "at=1 remote=" },
		{ "\xef\xbb\xbf{\"a\":1", "at=9 remote=" },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct trial trial;

		trial_start(&trial, bytes_of(cases[i].body));
		trial_sign(&trial);
		wrong += case_rc(cases[i].body, trial_handle(&trial).reason,
		    RC_JSON);
		wrong += case_true(cases[i].body, cases[i].told,
		    strstr(told(), cases[i].told) != NULL);
	}
	assert_int_equal(wrong, 0);
}

static void
the_line_that_pins_auto_is_told_once(void **state)
{
	const char *pin = "signature=\"header X-Signature prefix ";
	struct trial trial;
	unsigned times = 0;

	(void)state;
	for (int i = 0; i < 3; i++) {
		trial_start(&trial, LIT(BODY));
		trial_sign(&trial);
		trial_handle(&trial);
		if (strstr(told(), pin) != NULL)
			times++;
	}
	assert_int_equal(times, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TOLD_TEST(the_line_that_pins_auto_is_told_once),
		TOLD_TEST(an_event_goes_to_the_sink_and_is_answered),
		TOLD_TEST(the_job_holds_all_that_an_effect_needs),
		TOLD_TEST(the_id_is_a_uuid7_of_the_time_and_never_the_same),
		TOLD_TEST(whatever_the_sink_says_is_the_answer),
		TOLD_TEST(nothing_looks_inside_what_is_not_verified),
		TOLD_TEST(an_ignored_event_reaches_no_sink),
		TOLD_TEST(no_line_for_a_known_event_is_information),
		TOLD_TEST(no_line_for_an_unknown_event_is_a_warning_with_keys),
		TOLD_TEST(a_repeated_dedupe_header_reaches_no_sink),
		TOLD_TEST(
		    a_repeated_dedupe_header_is_refused_where_no_line_takes_it),
		TOLD_TEST(lines_with_also_are_counted),
		TOLD_TEST(keys_and_fields_reach_the_job),
		TOLD_TEST(unsigned_events_are_marked_so),
		TOLD_TEST(a_long_address_is_bounded),
		TOLD_TEST(one_line_tells_of_an_event),
		TOLD_TEST(neither_secret_nor_mac_nor_values_are_logged),
		TOLD_TEST(a_refusal_says_why_in_the_log),
		TOLD_TEST(a_body_that_is_not_json_is_told_by_its_looks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
