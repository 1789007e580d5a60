/* SPDX-License-Identifier: ISC */
#include "../recorder.h"

#include "base/buf.h"
#include "base/codec.h"
#include "base/crypto.h"
#include "base/uuid.h"
#include "config/conf.h"
#include "event/catalog.h"
#include "event/event.h"
#include "http/request.h"
#include "receive/exchange.h"
#include "receive/exchange_log.h"
#include "receive/handle.h"
#include "signature/recipe.h"

#define NOW INT64_C(1700000000000)

static const char *const any[] = { "*" };
static const char *const connections[] = { "@connection" };
static const char *const failures[] = { "@failure" };
static const char *const command[] = { "/bin/true", NULL };

static struct lane run_lanes[] = {
	{ .key = "first" },
	{
	    .key = "by-id",
	    .order = { .from = EVENT_FROM_POINTER, .pointer = "/id" },
	},
};

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

/* A hook, and an exchange for it whose body is there. */
struct trial {
	struct hook hook;
	struct secret secret;
	struct front front;
	struct exchange *exchange;
};

static void
trial_start(struct trial *trial, struct bytes body)
{
	struct gateway gateway = front_gateway(&trial->front);

	memset(trial, 0, sizeof(*trial));
	trial->secret = (struct secret){
		.path = "/etc/unit.secret",
		.key = LIT(SECRET),
	};
	trial->hook.name = "unit";
	trial->hook.reading.hook = "unit";
	trial->hook.secrets = &trial->secret;
	trial->hook.secrets_len = 1;
	trial->hook.lanes = run_lanes;
	trial->hook.lanes_len = COUNT(run_lanes);
	trial->hook.rules = run_all;
	trial->hook.rules_len = COUNT(run_all);
	trial->exchange = exchange_open(&gateway, NULL);
	assert_non_null(trial->exchange);
	trial->exchange->hook = &trial->hook;
	trial->exchange->request.remote_addr = "192.0.2.7";
	trial->exchange->request.received = NOW;
	assert_int_equal(buf_add(&trial->exchange->request.body, body), RC_OK);
	trial->exchange->body_len = body.len;
}

/* Says in the log what became of it, as serve_end does. */
static enum rc
trial_handle(struct trial *trial)
{
	struct exchange *exchange = trial->exchange;
	enum rc rc = handle(exchange);

	exchange_log(exchange,
	    &(struct exchange_end){
		.outcome = rc != RC_OK	      ? OUTCOME_REFUSED :
		    exchange->deliveries == 0 ? OUTCOME_IGNORED :
						OUTCOME_DELIVERED,
		.reason = rc,
	    });
	return rc;
}

static void
trial_end(struct trial *trial)
{
	exchange_close(trial->exchange);
}

static void
trial_sign(struct trial *trial)
{
	front_add(&trial->front,
	    signed_by(SECRET, buf_view(&trial->exchange->request.body)));
}

static void
an_event_that_a_line_takes_is_wanted(void **state)
{
	struct trial trial;

	(void)state;
	trial_start(&trial, LIT(BODY));
	trial_sign(&trial);
	assert_int_equal(trial_handle(&trial), RC_OK);
	assert_true(trial.exchange->parsed);
	assert_int_equal(trial.exchange->deliveries, 1);
	trial_end(&trial);
}

static void
the_job_holds_all_that_an_effect_needs(void **state)
{
	struct trial trial;
	const struct exchange *exchange;
	uint8_t digest[CRYPTO_DIGEST];
	char hex[2 * CRYPTO_DIGEST + 1];

	(void)state;
	trial_start(&trial, LIT(BODY));
	trial_sign(&trial);
	assert_int_equal(trial_handle(&trial), RC_OK);
	exchange = trial.exchange;
	assert_int_equal(crypto_sha256(LIT(BODY), digest), RC_OK);
	encode_hex(digest, CRYPTO_DIGEST, hex);
	assert_ptr_equal(exchange->job.hook, &trial.hook);
	assert_ptr_equal(exchange->job.rule, &run_all[0]);
	assert_string_equal(exchange->job.event, "connection_added");
	assert_ptr_equal(exchange->job.row,
	    catalog_find(LIT("connection_added")));
	assert_true(bytes_is(exchange->job.body, BODY));
	assert_int_equal(exchange->job.attempt, 1);
	assert_ptr_equal(exchange->job.lane, &run_lanes[0]);
	assert_false(exchange->dedupe.is);
	assert_ptr_equal(exchange->job.receipt, &exchange->receipt);
	assert_string_equal(exchange->receipt.digest, hex);
	assert_int_equal(exchange->receipt.received, NOW);
	assert_true(exchange->receipt.verified);
	assert_string_equal(exchange->receipt.remote_addr, "192.0.2.7");
	trial_end(&trial);
}

static void
the_parsed_payload_is_not_kept(void **state)
{
	struct trial trial;

	(void)state;
	trial_start(&trial, LIT(BODY));
	trial_sign(&trial);
	assert_int_equal(trial_handle(&trial), RC_OK);
	assert_null(trial.exchange->event.root);
	assert_string_equal(trial.exchange->event.name, "connection_added");
	trial_end(&trial);
}

static void
a_body_that_is_freed_is_released_once(void **state)
{
	struct trial trial;

	(void)state;
	trial_start(&trial, LIT(BODY));
	trial.exchange->counted = true;
	exchange_uncount_body(trial.exchange);
	assert_int_equal(trial.front.releases, 1);
	assert_int_equal(trial.exchange->request.body.len, sizeof(BODY) - 1);
	exchange_free_body(trial.exchange);
	assert_int_equal(trial.exchange->request.body.len, 0);
	assert_int_equal(trial.exchange->body_len, sizeof(BODY) - 1);
	trial_end(&trial);
	assert_int_equal(trial.front.releases, 1);
}

static void
the_id_is_a_uuid7_of_the_time_and_never_the_same(void **state)
{
	char first[UUID_SIZE];
	struct trial trial;

	(void)state;
	for (int i = 0; i < 2; i++) {
		trial_start(&trial, LIT(BODY));
		trial_sign(&trial);
		assert_int_equal(trial_handle(&trial), RC_OK);
		if (i == 1)
			assert_string_not_equal(first,
			    trial.exchange->receipt.id);
		memcpy(first, trial.exchange->receipt.id, sizeof(first));
		trial_end(&trial);
	}
	assert_memory_equal(first, "018bcfe5-6800-7", 15);
	assert_int_equal(strlen(first), 36);
}

/* What goes wrong first decides. */
static const struct {
	const char *name;
	struct bytes body;
	bool good; /* the signature */
	const char *variables[2];
	enum rc rc;
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
		wrong += case_rc(name, trial_handle(&trial), orders[i].rc);
		wrong += case_number(name, trial.exchange->parsed,
		    orders[i].rc == RC_OK);
		wrong += case_number(name, trial.exchange->deliveries,
		    orders[i].rc == RC_OK);
		if (orders[i].rc == RC_SIGNATURE) {
			wrong += case_text(name, trial.exchange->receipt.id,
			    "");
			wrong += case_text(name, trial.exchange->event.name,
			    "");
			wrong += case_true(name,
			    "nothing of the body is logged",
			    strstr(told(), "connection") == NULL);
		}
		trial_end(&trial);
	}
	assert_int_equal(wrong, 0);
}

static void
an_ignored_event_is_not_wanted(void **state)
{
	struct trial trial;
	const char *text;

	(void)state;
	trial_start(&trial, LIT(BODY));
	trial_sign(&trial);
	trial.hook.rules = ignore_connections;
	trial.hook.rules_len = COUNT(ignore_connections);
	assert_int_equal(trial_handle(&trial), RC_OK);
	assert_int_equal(trial.exchange->deliveries, 0);
	assert_int_equal(strlen(trial.exchange->receipt.id), 36);
	assert_string_equal(trial.exchange->event.name, "connection_added");
	text = told();
	assert_null(strstr(text, "no-rule"));
	assert_non_null(strstr(text, "reason=rule"));
	assert_non_null(strstr(text, "level=info"));
	trial_end(&trial);
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
	assert_int_equal(trial_handle(&trial), RC_OK);
	assert_int_equal(trial.exchange->deliveries, 0);
	text = told();
	assert_non_null(strstr(text, "reason=no-rule"));
	assert_non_null(strstr(text, "level=info"));
	trial_end(&trial);
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
	assert_int_equal(trial_handle(&trial), RC_OK);
	text = told();
	assert_non_null(strstr(text, "level=warning"));
	assert_non_null(strstr(text, "reason=no-rule"));
	assert_non_null(strstr(text, "trigger"));
	assert_non_null(strstr(text, "run"));
	assert_non_null(strstr(text, "event-name"));
	assert_null(strstr(text, "hidden"));
	assert_null(strstr(text, "inner"));
	trial_end(&trial);
}

static void
a_repeated_dedupe_header_is_refused(void **state)
{
	struct trial trial;

	(void)state;
	trial_start(&trial, LIT(BODY));
	trial_sign(&trial);
	front_add(&trial.front, "HTTP_X_ID=1");
	front_add(&trial.front, "HTTP_X_ID=1");
	trial.hook.reading.dedupe = (struct event_source){ EVENT_FROM_HEADER,
		NULL, { "X-Id", "HTTP_X_ID" } };
	assert_int_equal(trial_handle(&trial), RC_REPEATED);
	assert_int_equal(trial.exchange->deliveries, 0);
	trial_end(&trial);
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
	assert_int_equal(trial_handle(&trial), RC_REPEATED);
	trial_end(&trial);
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
	} cases[] = {
		{ { LINE(any, false, command), LINE(any, false, command) }, 1 },
		{ { LINE(any, true, command), LINE(any, false, command),
		      LINE(any, false, command) },
		    2 },
		{ { LINE(any, true, command), LINE(failures, true, command),
		      LINE(any, true, command) },
		    2 },
		{ { LINE(any, true, command), LINE(any, false, NULL),
		      LINE(any, false, command) },
		    1 },
		{ { LINE(any, false, NULL), LINE(any, false, command) }, 0 },
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
		wrong += case_rc("also", trial_handle(&trial), RC_OK);
		wrong += case_number("deliveries", trial.exchange->deliveries,
		    cases[i].deliveries);
		wrong += case_true("the first line", "it is the job's",
		    trial.exchange->job.rule == &cases[i].rules[0]);
		trial_end(&trial);
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
	trial.hook.reading.dedupe = (struct event_source){
		.from = EVENT_FROM_BODY,
	};
	assert_int_equal(trial_handle(&trial), RC_OK);
	assert_string_equal(trial.exchange->job.fields[0], "PELIHOOK_ID=7");
	assert_true(trial.exchange->dedupe.is);
	assert_null(trial.exchange->routes);
	trial_end(&trial);
}

static void
each_queued_delivery_has_a_route(void **state)
{
	static const struct rule rules[] = {
		LINE(failures, true, command),
		LINE(any, true, command),
		{
		    .events = any,
		    .events_len = 1,
		    .command = command,
		    .lane = 1,
		},
	};
	const struct journal_route *routes;
	struct journal_key key;
	struct trial trial;

	(void)state;
	trial_start(&trial, LIT(BODY));
	trial_sign(&trial);
	trial.hook.delivery = CONF_QUEUE;
	trial.hook.rules = rules;
	trial.hook.rules_len = COUNT(rules);
	assert_int_equal(trial_handle(&trial), RC_OK);
	assert_int_equal(trial.exchange->deliveries, 2);
	routes = trial.exchange->routes;
	assert_string_equal(routes[0].lane, "first");
	assert_int_equal(routes[0].line, 1);
	assert_false(routes[0].order.is);
	assert_string_equal(routes[1].lane, "by-id");
	assert_int_equal(routes[1].line, 2);
	assert_true(routes[1].order.is);
	assert_int_equal(journal_order_key("unit", "by-id", LIT("unit\nint:7"),
			     &key),
	    RC_OK);
	assert_memory_equal(routes[1].order.digest, key.digest, JOURNAL_KEY);
	trial_end(&trial);
}

static void
unsigned_events_are_marked_so(void **state)
{
	struct trial trial;

	(void)state;
	trial_start(&trial, LIT(BODY));
	trial.hook.signature.kind = RECIPE_NONE;
	trial.hook.secrets_len = 0;
	assert_int_equal(trial_handle(&trial), RC_OK);
	assert_false(trial.exchange->receipt.verified);
	trial_end(&trial);
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
	trial.exchange->request.remote_addr = address;
	assert_int_equal(trial_handle(&trial), RC_OK);
	assert_in_range(strlen(trial.exchange->receipt.remote_addr), 1,
	    sizeof(trial.exchange->receipt.remote_addr) - 1);
	trial_end(&trial);
}

static void
one_line_tells_of_an_event(void **state)
{
	struct trial trial;
	const char *text;

	(void)state;
	trial_start(&trial, LIT(BODY));
	trial_sign(&trial);
	trial.exchange->request.remote_addr = "192.0.2.7\nlevel=error";
	assert_int_equal(trial_handle(&trial), RC_OK);
	text = told();
	assert_int_equal(told_lines(text), 1);
	assert_non_null(strstr(text, "hook=unit"));
	assert_non_null(strstr(text, "event=connection_added"));
	assert_non_null(strstr(text, "found=/event"));
	assert_non_null(strstr(text, trial.exchange->receipt.id));
	assert_non_null(strstr(text, "signed-by=X-Signature"));
	assert_non_null(strstr(text, "/etc/unit.secret"));
	assert_non_null(strstr(text, "status=200"));
	trial_end(&trial);
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
		trial_end(&trial);
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
	assert_int_equal(trial_handle(&trial), RC_SIGNATURE);
	text = told();
	assert_non_null(strstr(text, "level=warning"));
	assert_non_null(strstr(text, "status=401"));
	assert_non_null(strstr(text, "why="));
	trial_end(&trial);
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
		wrong += case_rc(cases[i].body, trial_handle(&trial), RC_JSON);
		wrong += case_true(cases[i].body, cases[i].told,
		    strstr(told(), cases[i].told) != NULL);
		trial_end(&trial);
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
		trial_end(&trial);
	}
	assert_int_equal(times, 1);
}

#define RUN_BODY                                                               \
	"{\"event\":\"pipeline_run_started\",\"pipeline_id\":7,"               \
	"\"pipeline_name\":\"CRM\",\"run_id\":\"r1\"}"

static struct conf with_journal = { .journal = "/journal.db" };

static const char *const started[] = { "@started" };

static const struct rule ignore_started[] = {
	{ .events = started, .events_len = 1, .line = 71 },
	{ .events = any, .events_len = 1, .command = command, .line = 72 },
};

/* An event of a hook that has, or has no journal; the caller ends it. */
static void
trial_of_a_run(struct trial *trial, struct conf *conf, const char *body)
{
	trial_start(trial, bytes_of(body));
	trial_sign(trial);
	trial->exchange->conf = conf;
}

static void
trial_end_of_a_run(struct trial *trial)
{
	trial->exchange->conf = NULL;
	trial_end(trial);
}

static void
what_an_event_says_of_a_run_is_kept_with_the_exchange(void **state)
{
	const struct journal_subject *subject;
	struct trial trial;

	(void)state;
	for (int queued = 0; queued < 2; queued++) {
		trial_of_a_run(&trial, &with_journal, RUN_BODY);
		trial.hook.delivery = queued ? CONF_QUEUE : CONF_WAIT;
		assert_int_equal(trial_handle(&trial), RC_OK);
		subject = trial.exchange->subject;
		assert_non_null(subject);
		assert_string_equal(subject->pipeline, "7");
		assert_string_equal(subject->name, "CRM");
		assert_string_equal(subject->run, "r1");
		assert_null(trial.exchange->event.root);
		trial_end_of_a_run(&trial);
	}
}

static void
of_what_is_ignored_only_a_step_is_kept(void **state)
{
	struct trial trial;

	(void)state;
	trial_of_a_run(&trial, &with_journal, RUN_BODY);
	trial.hook.rules = ignore_started;
	trial.hook.rules_len = COUNT(ignore_started);
	assert_int_equal(trial_handle(&trial), RC_OK);
	assert_int_equal(trial.exchange->deliveries, 0);
	assert_non_null(trial.exchange->subject);
	assert_string_equal(trial.exchange->subject->run, "r1");
	trial_end_of_a_run(&trial);
	trial_of_a_run(&trial, &with_journal,
	    "{\"event\":\"connection_added\",\"connection_id\":7}");
	trial.hook.rules = ignore_connections;
	trial.hook.rules_len = COUNT(ignore_connections);
	assert_int_equal(trial_handle(&trial), RC_OK);
	assert_int_equal(trial.exchange->deliveries, 0);
	assert_null(trial.exchange->subject);
	trial_end_of_a_run(&trial);
}

static void
without_a_journal_only_a_command_is_told_of_a_run(void **state)
{
	struct trial trial;

	(void)state;
	trial_of_a_run(&trial, NULL, RUN_BODY);
	trial.hook.rules = ignore_started;
	trial.hook.rules_len = COUNT(ignore_started);
	assert_int_equal(trial_handle(&trial), RC_OK);
	assert_null(trial.exchange->subject);
	trial_end_of_a_run(&trial);
	trial_of_a_run(&trial, NULL, RUN_BODY);
	assert_int_equal(trial_handle(&trial), RC_OK);
	assert_string_equal(trial.exchange->job.pipeline, "CRM");
	assert_string_equal(trial.exchange->job.run, "r1");
	assert_string_equal(trial.exchange->job.text,
	    "Pipeline CRM started (run r1).");
	trial_end_of_a_run(&trial);
}

static void
an_event_without_identities_has_a_text_all_the_same(void **state)
{
	struct trial trial;

	(void)state;
	trial_of_a_run(&trial, NULL, "{\"event\":\"pipeline_run_started\"}");
	assert_int_equal(trial_handle(&trial), RC_OK);
	assert_string_equal(trial.exchange->job.pipeline, "");
	assert_string_equal(trial.exchange->job.run, "");
	assert_string_equal(trial.exchange->job.text, "A pipeline started.");
	trial_end_of_a_run(&trial);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TOLD_TEST(the_line_that_pins_auto_is_told_once),
		TOLD_TEST(an_event_that_a_line_takes_is_wanted),
		TOLD_TEST(the_job_holds_all_that_an_effect_needs),
		TOLD_TEST(the_parsed_payload_is_not_kept),
		TOLD_TEST(a_body_that_is_freed_is_released_once),
		TOLD_TEST(the_id_is_a_uuid7_of_the_time_and_never_the_same),
		TOLD_TEST(nothing_looks_inside_what_is_not_verified),
		TOLD_TEST(an_ignored_event_is_not_wanted),
		TOLD_TEST(no_line_for_a_known_event_is_information),
		TOLD_TEST(no_line_for_an_unknown_event_is_a_warning_with_keys),
		TOLD_TEST(a_repeated_dedupe_header_is_refused),
		TOLD_TEST(
		    a_repeated_dedupe_header_is_refused_where_no_line_takes_it),
		TOLD_TEST(lines_with_also_are_counted),
		TOLD_TEST(keys_and_fields_reach_the_job),
		TOLD_TEST(
		    what_an_event_says_of_a_run_is_kept_with_the_exchange),
		TOLD_TEST(of_what_is_ignored_only_a_step_is_kept),
		TOLD_TEST(without_a_journal_only_a_command_is_told_of_a_run),
		TOLD_TEST(an_event_without_identities_has_a_text_all_the_same),
		TOLD_TEST(each_queued_delivery_has_a_route),
		TOLD_TEST(unsigned_events_are_marked_so),
		TOLD_TEST(a_long_address_is_bounded),
		TOLD_TEST(one_line_tells_of_an_event),
		TOLD_TEST(neither_secret_nor_mac_nor_values_are_logged),
		TOLD_TEST(a_refusal_says_why_in_the_log),
		TOLD_TEST(a_body_that_is_not_json_is_told_by_its_looks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
