/* SPDX-License-Identifier: ISC */
#include "../front.h"
#include "../told.h"

#include "base/buf.h"
#include "base/codec.h"
#include "base/crypto.h"
#include "base/pool.h"
#include "config/conf.h"
#include "event/catalog.h"
#include "event/event.h"
#include "http/header_name.h"
#include "http/request.h"

/* A hook and a request, as much of them as an event is made of. */
struct trial {
	struct pool pool;
	struct hook hook;
	struct front front;
	struct request request;
	struct event event;
};

static void
trial_start(struct trial *trial, struct bytes body)
{
	memset(trial, 0, sizeof(*trial));
	trial->hook.reading.hook = "unit";
	trial->request.variables = trial->front.variables;
	assert_int_equal(buf_add(&trial->request.body, body), RC_OK);
}

static enum rc
trial_parse(struct trial *trial)
{
	return event_parse(&trial->hook.reading, &trial->request, &trial->event);
}

static void
trial_end(struct trial *trial)
{
	event_free(&trial->event);
	buf_free(&trial->request.body);
	pool_free(&trial->pool);
}

/* Payloads, and the name that is found in them, and where. */
static const struct {
	const char *body;
	const char *name;
	const char *found;
} payloads[] = {
    /* Step 1: the four keys at the top, in their order. */
    {"{\"event\":\"connection_added\"}", "connection_added", "/event"},
    {"{\"event_type\":\"connection_removed\"}", "connection_removed",
    "/event_type"},
    {"{\"type\":\"pipeline_run_started\"}", "pipeline_run_started", "/type"},
    {"{\"event_name\":\"pipeline_run_failed\"}", "pipeline_run_failed",
    "/event_name"},
    {"{\"id\":1,\"event\":\"pipeline_run_completed\",\"run\":{}}",
    "pipeline_run_completed", "/event"},
    {"{\"type\":\"webhook\",\"event\":\"pipeline_run_error\"}",
    "pipeline_run_error", "/event"},
    {"{\"event\":\"webhook\",\"type\":\"pipeline_run_error\"}",
    "pipeline_run_error", "/type"},
    {"{\"event\":{\"id\":1},\"event_type\":\"pipeline_run_error\"}",
    "pipeline_run_error", "/event_type"},
    {"{\"event\":5,\"type\":\"pipeline_run_error\"}", "pipeline_run_error",
    "/type"},
    {"{\"event\":null,\"event_name\":\"pipeline_run_error\"}",
    "pipeline_run_error", "/event_name"},
    {"{\"type\":\"pipeline_run_error\",\"event\":\"pipeline_run_error\"}",
    "pipeline_run_error", "/event"},
    {"{\"event_name\":\"connection_added\",\"type\":\"connection_removed\"}",
    "connection_removed", "/type"},
    {"{\"event\":\"connection_added\",\"x\":\"pipeline_run_failed\"}",
    "connection_added", "/event"},
    {"{\"event\":\"connection_added\",\"data\":{\"event\":"
    "\"pipeline_run_failed\"}}", "connection_added", "/event"},
    {"{\"event\":\"connection_added\",\"name\":\"pipeline_run_failed\"}",
    "connection_added", "/event"},
    {"{\"event\":\"connection_added\",\"event\":\"connection_removed\"}",
    "connection_removed", "/event"},
    {"{\"\\u0065vent\":\"connection\\u005fadded\"}", "connection_added",
    "/event"},

    /* Step 2: the four keys one level down. */
    {"{\"data\":{\"event\":\"connection_added\"}}", "connection_added",
    "/data/event"},
    {"{\"payload\":{\"event_type\":\"pipeline_run_killed\"}}",
    "pipeline_run_killed", "/payload/event_type"},
    {"{\"event\":{\"type\":\"pipeline_run_timeout\"}}",
    "pipeline_run_timeout", "/event/type"},
    {"{\"event\":{\"event_name\":\"pipeline_run_timeout\",\"id\":7}}",
    "pipeline_run_timeout", "/event/event_name"},
    {"[{\"event\":\"connection_added\"}]", "connection_added", "/0/event"},
    {"[{},{\"type\":\"connection_added\"}]", "connection_added", "/1/type"},
    {"{\"a/b\":{\"event\":\"connection_added\"}}", "connection_added",
    "/a~1b/event"},
    {"{\"a~b\":{\"event\":\"connection_added\"}}", "connection_added",
    "/a~0b/event"},
    {"{\"\":{\"event\":\"connection_added\"}}", "connection_added",
    "//event"},
    {"{\"a\":{\"event\":\"connection_added\"},\"b\":{\"type\":"
    "\"connection_added\"}}", "connection_added", "/a/event"},
    {"{\"message\":{\"event\":\"connection_added\"}}", "connection_added",
    "/message/event"},
    {"{\"event\":\"run.failed\",\"data\":{\"type\":\"pipeline_run_error\"}}",
    "pipeline_run_error", "/data/type"},
    {"{\"x\":\"connection_removed\",\"data\":{\"event\":"
    "\"connection_added\"}}", "connection_added", "/data/event"},

    /* Step 3: any other string, but not what people write. */
    {"{\"eventType\":\"pipeline_run_failed\"}", "pipeline_run_failed",
    "/eventType"},
    {"{\"eventName\":\"pipeline_run_failed\"}", "pipeline_run_failed",
    "/eventName"},
    {"{\"Event\":\"pipeline_run_failed\"}", "pipeline_run_failed",
    "/Event"},
    {"{\"action\":\"pipeline_run_failed\"}", "pipeline_run_failed",
    "/action"},
    {"{\"webhook\":{\"trigger\":\"pipeline_run_failed\"}}",
    "pipeline_run_failed", "/webhook/trigger"},
    {"{\"data\":{\"eventType\":\"pipeline_run_failed\"}}",
    "pipeline_run_failed", "/data/eventType"},
    {"[\"pipeline_run_failed\"]", "pipeline_run_failed", "/0"},
    {"{\"events\":[\"pipeline_run_failed\"]}", "pipeline_run_failed",
    "/events/0"},
    {"[[1,\"pipeline_run_failed\"]]", "pipeline_run_failed", "/0/1"},
    {"{\"a\":\"connection_added\",\"b\":\"connection_added\"}",
    "connection_added", "/a"},
    {"{\"name\":\"pipeline_run_failed\",\"kind\":\"connection_added\"}",
    "connection_added", "/kind"},
    {"{\"event\":\"new\",\"topic\":\"connection_added\"}",
    "connection_added", "/topic"},
    {"{\"connection\":{\"name\":\"pipeline_run_failed\"},\"topic\":"
    "\"connection_added\"}", "connection_added", "/topic"},

    /* Two that are at odds: none. */
    {"{\"a\":{\"event\":\"connection_added\"},\"b\":{\"event\":"
    "\"connection_removed\"}}", "unknown", ""},
    {"[{\"event\":\"connection_added\"},{\"event\":"
    "\"pipeline_run_failed\"}]", "unknown", ""},
    {"{\"a\":\"connection_added\",\"b\":\"connection_removed\"}", "unknown",
    ""},
    {"{\"a\":\"connection_added\",\"b\":{\"c\":\"connection_removed\"}}",
    "unknown", ""},
    {"{\"a\":\"connection_added\",\"b\":\"connection_removed\","
    "\"c\":\"connection_added\"}", "unknown", ""},
    {"{\"subscribed\":[\"connection_added\",\"connection_removed\"]}",
    "unknown", ""},
    {"{\"event\":\"run.done\",\"a\":\"connection_added\","
    "\"b\":\"connection_removed\"}", "unknown", ""},

    /* Step 4: a name that the table does not have. */
    {"{\"event\":\"pipeline_run_exploded\"}", "pipeline_run_exploded",
    "/event"},
    {"{\"event_type\":\"run.finished\"}", "run.finished", "/event_type"},
    {"{\"event_name\":\"A-b_c.d:9\"}", "A-b_c.d:9", "/event_name"},
    {"{\"event_name\":\"a\",\"event\":\"b\"}", "b", "/event"},
    {"{\"event\":\"not a name\",\"event_type\":\"c\"}", "c", "/event_type"},
    {"{\"event\":{},\"event_name\":\"c\"}", "c", "/event_name"},
    {"{\"event\":\"0123456789012345678901234567890123456789012345678901234"
    "567890123\"}", "0123456789012345678901234567890123456789012345678901"
    "234567890123", "/event"},
    {"{\"event\":\"pipeline_run_completed \"}", "unknown", ""},
    {"{\"event\":\"Pipeline_Run_Completed\"}", "Pipeline_Run_Completed",
    "/event"},
    {"{\"event\":\"connection_added_x\"}", "connection_added_x", "/event"},

    /* Nothing that could be one. */
    {"{}", "unknown", ""},
    {"[]", "unknown", ""},
    {"null", "unknown", ""},
    {"true", "unknown", ""},
    {"42", "unknown", ""},
    {"\"text\"", "unknown", ""},
    {"{\"type\":\"run.finished\"}", "unknown", ""},
    {"{\"data\":{\"event\":\"run.finished\"}}", "unknown", ""},
    {"{\"data\":{\"run\":{\"event\":\"connection_added\"}}}", "unknown",
    ""},
    {"{\"data\":[{\"event\":\"connection_added\"}]}", "unknown", ""},
    {"{\"connection_added\":true}", "unknown", ""},
    {"{\"name\":\"connection_added\"}", "unknown", ""},
    {"{\"title\":\"connection_added\"}", "unknown", ""},
    {"{\"label\":\"connection_added\"}", "unknown", ""},
    {"{\"description\":\"connection_added\"}", "unknown", ""},
    {"{\"message\":\"connection_added\"}", "unknown", ""},
    {"{\"connection\":{\"id\":1,\"name\":\"connection_added\"}}", "unknown",
    ""},
    {"{\"message\":{\"text\":\"connection_added\"}}", "unknown", ""},
    {"{\"message\":[\"connection_added\"]}", "unknown", ""},
    {"{\"note\":\"it was connection_added\"}", "unknown", ""},
    {"{\"event\":\"\"}", "unknown", ""},
    {"{\"event\":\"connection_added\\u0000\"}", "unknown", ""},
    {"{\"event\\u0000\":\"run.done\"}", "unknown", ""},
    {"{\"x\":\"connection_added\\ud800\"}", "unknown", ""},
    {"{\"x\":\"connection_added\\u0000\"}", "unknown", ""},
    {"{\"event\":\"a\\ud800\",\"event_type\":\"b\"}", "b", "/event_type"},
    {"{\"event\":\"connection_added\",\"event\\u0000\":\"x\"}",
    "connection_added", "/event"},
    {"{\"event\":\"caf\\u00e9\"}", "unknown", ""},
    {"{\"event\":\"a\\nb\"}", "unknown", ""},
    {"{\"event\":\"01234567890123456789012345678901234567890123456789012345"
    "678901234\"}", "unknown", ""},
};

static void
the_events_name_is_found(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(payloads); i++) {
		const char *body = payloads[i].body;
		const struct catalog_row *row =
		    catalog_find(bytes_of(payloads[i].name));
		struct trial trial;

		trial_start(&trial, bytes_of(body));
		wrong += case_rc(body, trial_parse(&trial), RC_OK);
		wrong += case_text(body, trial.event.name, payloads[i].name);
		wrong += case_text(body, trial.event.found,
		    payloads[i].found);
		wrong += case_number(body, trial.event.known, row != NULL);
		wrong += case_true(body, "the row", trial.event.row ==
		    (row != NULL ? row
		    : catalog_unknown(bytes_of(payloads[i].name))));
		trial_end(&trial);
	}
	assert_int_equal(wrong, 0);
}

static void
every_event_of_the_table_is_found(void **state)
{
	size_t n;
	const struct catalog_row *rows = catalog_rows(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		struct trial trial;
		char body[128];

		snprintf(body, sizeof(body), "{\"event\":\"%s\"}",
		    rows[i].name);
		trial_start(&trial, bytes_of(body));
		assert_int_equal(trial_parse(&trial), RC_OK);
		assert_ptr_equal(trial.event.row, &rows[i]);
		assert_true(trial.event.known);
		trial_end(&trial);
	}
}

static void
a_place_of_any_length_is_told(void **state)
{
	char key[600], body[800];
	struct trial trial;

	(void)state;
	memset(key, '~', sizeof(key));
	key[sizeof(key) - 1] = '\0';
	snprintf(body, sizeof(body), "{\"%s\":\"connection_added\"}", key);
	trial_start(&trial, bytes_of(body));
	assert_int_equal(trial_parse(&trial), RC_OK);
	assert_string_equal(trial.event.name, "connection_added");
	assert_in_range(strlen(trial.event.found), 1,
	    sizeof(trial.event.found) - 1);
	trial_end(&trial);
}

/* `event-name POINTER`: what it names and nothing else. */
static void
a_pointer_says_where_the_name_stands(void **state)
{
	static const struct {
		const char *body, *pointer, *name, *found;
	} cases[] = {
	    {"{\"a\":{\"b\":\"connection_added\"}}", "/a/b",
	    "connection_added", "/a/b"},
	    {"{\"a\":[0,\"connection_added\"]}", "/a/1", "connection_added",
	    "/a/1"},
	    {"{\"name\":\"connection_added\"}", "/name", "connection_added",
	    "/name"},
	    {"{\"a\":\"run.done\",\"event\":\"connection_added\"}", "/a",
	    "run.done", "/a"},
	    {"{\"event\":\"connection_added\"}", "/a", "unknown", ""},
	    {"{\"a\":\"Push Hook\",\"event\":\"connection_added\"}", "/a",
	    "Push Hook", "/a"},
	    {"{\"a\":\"orders/create\"}", "/a", "orders/create", "/a"},
	    {"{\"a\":\"caf\\u00e9 \\ud83d\\ude00\"}", "/a",
	    "caf\xc3\xa9 \xf0\x9f\x98\x80", "/a"},
	    {"{\"a\":\" \\\"\\\\'*@#\"}", "/a", " \"\\'*@#", "/a"},
	    {"{\"a\":\"a\\nb\"}", "/a", "unknown", ""},
	    {"{\"a\":\"a\\tb\"}", "/a", "unknown", ""},
	    {"{\"a\":\"a\\u0000b\"}", "/a", "unknown", ""},
	    {"{\"a\":\"a\\u007fb\"}", "/a", "unknown", ""},
	    {"{\"a\":\"a\\u009bb\"}", "/a", "unknown", ""},
	    {"{\"a\":42}", "/a", "42", "/a"},
	    {"{\"a\":{},\"event\":\"connection_added\"}", "/a", "unknown",
	    ""},
	    {"{\"a\":\"\",\"event\":\"connection_added\"}", "/a", "unknown",
	    ""},
	    {"\"connection_added\"", "", "connection_added", ""},
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct trial trial;

		trial_start(&trial, bytes_of(cases[i].body));
		trial.hook.reading.name.from = EVENT_FROM_POINTER;
		trial.hook.reading.name.pointer = cases[i].pointer;
		wrong += case_rc(cases[i].body, trial_parse(&trial), RC_OK);
		wrong += case_text(cases[i].body, trial.event.name,
		    cases[i].name);
		wrong += case_text(cases[i].body, trial.event.found,
		    cases[i].found);
		wrong += case_number(cases[i].body, trial.event.known,
		    strcmp(cases[i].name, "connection_added") == 0);
		trial_end(&trial);
	}
	assert_int_equal(wrong, 0);
}

/* `event-name header X-Event`. */
static void
a_header_says_the_name(void **state)
{
	static const struct {
		const char *one, *two;
		enum rc rc;
		const char *name, *found;
	} cases[] = {
	    {"HTTP_X_EVENT=connection_added", NULL, RC_OK,
	    "connection_added", "X-Event"},
	    {"HTTP_X_EVENT= connection_added ", NULL, RC_OK,
	    "connection_added", "X-Event"},
	    {"HTTP_X_EVENT=run.done", NULL, RC_OK, "run.done", "X-Event"},
	    {"HTTP_X_EVENT=", NULL, RC_OK, "unknown", ""},
	    {"HTTP_X_EVENT=Push Hook", NULL, RC_OK, "Push Hook", "X-Event"},
	    {"HTTP_X_EVENT=\torders/create \t", NULL, RC_OK,
	    "orders/create", "X-Event"},
	    {"HTTP_X_EVENT= \t ", NULL, RC_OK, "unknown", ""},
	    {"HTTP_X_EVENT=a\tb", NULL, RC_OK, "unknown", ""},
	    {"HTTP_X_EVENT=caf\xe9", NULL, RC_OK, "unknown", ""},
	    {"HTTP_X_EVENT=caf\xc3\xa9", NULL, RC_OK, "caf\xc3\xa9",
	    "X-Event"},
	    {"HTTP_X_EVENT=connection_added, connection_added", NULL, RC_OK,
	    "connection_added, connection_added", "X-Event"},
	    {"HTTP_OTHER=connection_added", NULL, RC_OK, "unknown", ""},
	    {"HTTP_X_EVENT=connection_added", "HTTP_X_EVENT=connection_added",
	    RC_REPEATED, "", ""},
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct trial trial;

		trial_start(&trial, LIT("{\"event\":\"pipeline_run_failed\"}"));
		trial.hook.reading.name.from = EVENT_FROM_HEADER;
		trial.hook.reading.name.header = (struct header_name){
		    "X-Event", "HTTP_X_EVENT"};
		front_add(&trial.front, cases[i].one);
		if (cases[i].two != NULL)
			front_add(&trial.front, cases[i].two);
		wrong += case_rc(cases[i].one, trial_parse(&trial),
		    cases[i].rc);
		if (cases[i].rc == RC_OK) {
			wrong += case_text(cases[i].one, trial.event.name,
			    cases[i].name);
			wrong += case_text(cases[i].one, trial.event.found,
			    cases[i].found);
		}
		trial_end(&trial);
	}
	assert_int_equal(wrong, 0);
}

/* What is JSON and what is not. */
static const struct {
	const char *name;
	struct bytes body;
	enum rc rc;
} texts[] = {
    {"object", RAW("{}"), RC_OK},
    {"array", RAW("[]"), RC_OK},
    {"string", RAW("\"\""), RC_OK},
    {"number", RAW("0"), RC_OK},
    {"negative number", RAW("-1.5e+3"), RC_OK},
    {"true", RAW("true"), RC_OK},
    {"false", RAW("false"), RC_OK},
    {"null", RAW("null"), RC_OK},
    {"blanks round it", RAW(" \t\r\n{} \t\r\n"), RC_OK},
    {"blanks round a number", RAW(" 1 \n"), RC_OK},
    {"BOM", RAW("\xef\xbb\xbf{}"), RC_OK},
    {"BOM and blanks", RAW("\xef\xbb\xbf\n{}"), RC_OK},
    {"UTF-8", RAW("{\"\xc3\xa9\":\"\xf0\x9f\x98\x80\"}"), RC_OK},
    {"a pair of surrogates", RAW("\"\\ud83d\\ude00\""), RC_OK},
    {"an escaped NUL", RAW("\"\\u0000\""), RC_OK},
    {"repeated keys", RAW("{\"a\":1,\"a\":2}"), RC_OK},
    {"a long integer", RAW("[-123456789012345678901234567890]"), RC_OK},
    {"minus zero", RAW("-0"), RC_OK},
    {"an unpaired surrogate", RAW("{\"\\ud800\":\"\\udc00\"}"), RC_OK},
    {"a NUL in a key", RAW("{\"\\u0000\":{}}"), RC_OK},
    {"words of Python", RAW("[NaN,Infinity,-Infinity]"), RC_OK},
    {"control characters in a string", RAW("\"a\nb\tc\""), RC_JSON},
    {"single quotes", RAW("{'v':1}"), RC_JSON},
    {"a quote alone", RAW("\"a\"b\""), RC_JSON},
    {"a point at the end", RAW("[1.]"), RC_JSON},
    {"minus and a leading zero", RAW("[-01]"), RC_JSON},
    {"an overlong NUL", RAW("{\"\xc0\x80\":1}"), RC_JSON},
    {"a surrogate in UTF-8", RAW("{\"\xed\xa0\x80\":1}"), RC_JSON},
    {"past U+10FFFF", RAW("\"\xf4\x90\x80\x80\""), RC_JSON},
    {"empty", RAW(""), RC_JSON},
    {"blank", RAW(" \n"), RC_JSON},
    {"BOM alone", RAW("\xef\xbb\xbf"), RC_JSON},
    {"two BOMs", RAW("\xef\xbb\xbf\xef\xbb\xbf{}"), RC_JSON},
    {"BOM behind", RAW("{}\xef\xbb\xbf"), RC_JSON},
    {"half a BOM", RAW("\xef\xbb{}"), RC_JSON},
    {"two values", RAW("{}{}"), RC_JSON},
    {"two values, a blank between", RAW("{} {}"), RC_JSON},
    {"two numbers", RAW("1 2"), RC_JSON},
    {"trailing comma behind", RAW("{},"), RC_JSON},
    {"trailing garbage", RAW("{}x"), RC_JSON},
    {"trailing NUL", RAW("{}\0"), RC_JSON},
    {"trailing NUL and garbage", RAW("{}\0x"), RC_JSON},
    {"number and NUL", RAW("1\0"), RC_JSON},
    {"number, NUL and number", RAW("1\0" "2"), RC_JSON},
    {"word and NUL", RAW("true\0"), RC_JSON},
    {"string and NUL", RAW("\"a\"\0"), RC_JSON},
    {"NUL in a string", RAW("\"a\0b\""), RC_JSON},
    {"NUL between", RAW("{\"a\":1\0}"), RC_JSON},
    {"NUL for a blank", RAW("[1,\0" "2]"), RC_JSON},
    {"NUL first", RAW("\0{}"), RC_JSON},
    {"NUL only", RAW("\0"), RC_JSON},
    {"unfinished object", RAW("{\"a\":1"), RC_JSON},
    {"unfinished array", RAW("[1,2"), RC_JSON},
    {"unfinished string", RAW("\"abc"), RC_JSON},
    {"unfinished word", RAW("tru"), RC_JSON},
    {"unfinished escape", RAW("\"\\u00\""), RC_JSON},
    {"minus alone", RAW("-"), RC_JSON},
    {"unfinished exponent", RAW("1e"), RC_JSON},
    {"comma at the end", RAW("{\"a\":1,}"), RC_JSON},
    {"comma at the end of a list", RAW("[1,]"), RC_JSON},
    {"a bare key", RAW("{a:1}"), RC_JSON},
    {"a comment", RAW("{/* x */}"), RC_JSON},
    {"a word of another case", RAW("TRUE"), RC_JSON},
    {"leading zero", RAW("[01]"), RC_JSON},
    {"plus", RAW("[+1]"), RC_JSON},
    {"an unknown escape", RAW("\"\\x\""), RC_JSON},
    {"form fields", RAW("event=connection_added"), RC_JSON},
    {"XML", RAW("<event/>"), RC_JSON},
    {"not UTF-8", RAW("\"\xff\""), RC_JSON},
    {"not UTF-8 in a key", RAW("{\"\xff\":1}"), RC_JSON},
    {"cut UTF-8", RAW("\"\xc3\""), RC_JSON},
    {"Latin-1", RAW("\"caf\xe9\""), RC_JSON},
    {"UTF-16", RAW("{\0}\0"), RC_JSON},
};

static void
one_value_of_strict_json_is_taken(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct trial trial;

		trial_start(&trial, texts[i].body);
		wrong += case_rc(texts[i].name, trial_parse(&trial),
		    texts[i].rc);
		trial_end(&trial);
	}
	assert_int_equal(wrong, 0);
}

static enum rc
parse_depth(size_t depth, bool objects)
{
	struct trial trial;
	enum rc rc;

	trial_start(&trial, LIT(""));
	for (size_t i = 0; i < depth; i++)
		buf_text(&trial.request.body, objects ? "{\"a\":" : "[");
	if (objects)
		buf_text(&trial.request.body, "1");
	for (size_t i = 0; i < depth; i++)
		buf_text(&trial.request.body, objects ? "}" : "]");
	rc = trial_parse(&trial);
	trial_end(&trial);
	return rc;
}

static void
depth_is_64_at_most(void **state)
{
	(void)state;
	assert_int_equal(parse_depth(63, false), RC_OK);
	assert_int_equal(parse_depth(64, false), RC_OK);
	assert_int_equal(parse_depth(65, false), RC_JSON);
	assert_int_equal(parse_depth(64, true), RC_OK);
	assert_int_equal(parse_depth(65, true), RC_JSON);
	assert_int_equal(parse_depth(100000, false), RC_JSON);
}

/* Pointers into one document and the text at them. */
static const char document[] = "{"
    "\"string\":\"text\",\"empty\":\"\",\"quoted\":\"a\\\"b\\\\c\\n\\u00e9\","
    "\"nul\":\"a\\u0000b\",\"true\":true,\"false\":false,\"null\":null,"
    "\"zero\":0,\"minus\":-7,\"int\":1234567890123456789,"
    "\"max\":9223372036854775807,\"min\":-9223372036854775808,"
    "\"unsigned\":9223372036854775808,\"last\":18446744073709551615,"
    "\"float\":1.50,\"exp\":1E5,\"small\":1e-7,\"long\":"
    "0.1234567890123456789012345678901234567890,"
    "\"object\":{\"\":\"key of nothing\",\"a/b\":\"slash\",\"m~n\":\"tilde\","
    "\"~1\":\"tilde one\",\" \":\"blank\",\"deep\":{\"er\":\"down\"},"
    "\"0\":\"zero\"},"
    "\"list\":[\"first\",[\"inner\"],{\"k\":\"v\"},4],"
    "\"twice\":1,\"twice\":2,\"\":\"top\"}";

static const struct {
	const char *pointer;
	const char *text;	/* NULL: it has none */
} pointers[] = {
    {"/string", "text"},
    {"/empty", ""},
    {"/quoted", "a\"b\\c\n\xc3\xa9"},
    {"/true", "true"},
    {"/false", "false"},
    {"/null", "null"},
    {"/zero", "0"},
    {"/minus", "-7"},
    {"/int", "1234567890123456789"},
    {"/max", "9223372036854775807"},
    {"/min", "-9223372036854775808"},
    {"/unsigned", "9223372036854775808"},
    {"/last", "18446744073709551615"},
    {"/float", "1.50"},
    {"/exp", "1E5"},
    {"/small", "1e-7"},
    {"/long", "0.1234567890123456789012345678901234567890"},
    {"/object/", "key of nothing"},
    {"/object/a~1b", "slash"},
    {"/object/m~0n", "tilde"},
    {"/object/~01", "tilde one"},
    {"/object/ ", "blank"},
    {"/object/deep/er", "down"},
    {"/object/0", "zero"},
    {"/list/0", "first"},
    {"/list/1/0", "inner"},
    {"/list/2/k", "v"},
    {"/list/3", "4"},
    {"/twice", "2"},
    {"/", "top"},
    {"", NULL},
    {"/nul", NULL},
    {"/object", NULL},
    {"/list", NULL},
    {"/list/1", NULL},
    {"/list/4", NULL},
    {"/list/-", NULL},
    {"/list/00", NULL},
    {"/list/01", NULL},
    {"/list/+1", NULL},
    {"/list/-1", NULL},
    {"/list/ 0", NULL},
    {"/list/0x0", NULL},
    {"/list/", NULL},
    {"/list/18446744073709551616", NULL},
    {"/missing", NULL},
    {"/String", NULL},
    {"/string/0", NULL},
    {"/string/", NULL},
    {"/null/a", NULL},
    {"/object/a", NULL},
    {"/object/a/b", NULL},
    {"/object/deep/er/x", NULL},
};

static void
the_text_at_a_pointer(void **state)
{
	struct trial trial;
	unsigned wrong = 0;

	(void)state;
	trial_start(&trial, LIT(document));
	assert_int_equal(trial_parse(&trial), RC_OK);
	for (size_t i = 0; i < COUNT(pointers); i++) {
		struct buf text = {0};
		enum rc rc;

		assert_int_equal(buf_text(&text, ">"), RC_OK);
		rc = event_text(&trial.event, pointers[i].pointer, &text);
		wrong += case_rc(pointers[i].pointer, rc,
		    pointers[i].text != NULL ? RC_OK : RC_MISSING);
		wrong += case_text(pointers[i].pointer, text.data + 1,
		    pointers[i].text != NULL ? pointers[i].text : "");
		buf_free(&text);
	}
	trial_end(&trial);
	assert_int_equal(wrong, 0);
}

static void
the_text_of_a_whole_value(void **state)
{
	static const struct {
		const char *body, *text;
	} cases[] = {
	    {"\"a\"", "a"}, {"1.0", "1.0"}, {"true", "true"},
	    {"null", "null"}, {" 42 ", "42"}, {"\"\"", ""},
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf text = {0};
		struct trial trial;

		trial_start(&trial, bytes_of(cases[i].body));
		wrong += case_rc(cases[i].body, trial_parse(&trial), RC_OK);
		wrong += case_rc(cases[i].body,
		    event_text(&trial.event, "", &text), RC_OK);
		wrong += case_bytes(cases[i].body, buf_view(&text),
		    bytes_of(cases[i].text));
		buf_free(&text);
		trial_end(&trial);
	}
	assert_int_equal(wrong, 0);
}

/* The text of each number is what the body has for it. */
static void
a_number_is_as_it_is_written(void **state)
{
	static const char *const numbers[] = {"0", "-0", "-1", "0.0", "-0.0",
	    "1.10", "1E5", "1e+05", "-1.50E-003", "1e400", "-1e400", "1e-400",
	    "0e0", "-0e-0", "999999999999999999", "-999999999999999999",
	    "9223372036854775807", "9223372036854775808",
	    "-9223372036854775807", "-9223372036854775808",
	    "-9223372036854775809", "18446744073709551614",
	    "18446744073709551615", "18446744073709551616",
	    "-18446744073709551615", "-18446744073709551616",
	    "28446744073709551615", "118446744073709551615",
	    "184467440737095516150", "-92233720368547758080",
	    "99999999999999999999999999", "-99999999999999999999999999",
	    "18446744073709551616.0", "184467440737095516160e0",
	    "0.1234567890123456789012345678901234567890", "NaN", "Infinity",
	    "-Infinity"};
	static const struct {
		const char *before, *behind, *pointer;
	} places[] = {
	    {"", "", ""}, {" ", "\n", ""}, {"[", "]", "/0"},
	    {"[ 7,", " ,-0]", "/1"}, {"{\"n\":", "}", "/n"},
	    {"{\"n\" : ", "\t}", "/n"}, {"[{\"n\":[", "]},9]", "/0/n/0"},
	    {"{\"-0\":-0,\"n\":", ",\"m\":\"1\"}", "/n"},
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(numbers) * COUNT(places); i++) {
		const char *number = numbers[i / COUNT(places)];
		const char *pointer = places[i % COUNT(places)].pointer;
		struct buf text = {0};
		struct trial trial;

		trial_start(&trial, LIT(""));
		buf_printf(&trial.request.body, "%s%s%s",
		    places[i % COUNT(places)].before, number,
		    places[i % COUNT(places)].behind);
		wrong += case_rc(trial.request.body.data, trial_parse(&trial),
		    RC_OK);
		wrong += case_rc(number,
		    event_text(&trial.event, pointer, &text), RC_OK);
		wrong += case_bytes(number, buf_view(&text),
		    bytes_of(number));
		buf_free(&text);
		trial_end(&trial);
	}
	assert_int_equal(wrong, 0);
}

/* What no pointer can hold is neither cut nor taken for something else. */
static void
a_key_is_all_of_its_characters(void **state)
{
	static const struct {
		const char *body, *pointer, *text;
	} cases[] = {
	    {"{\"a\\u0000b\":1}", "/a", NULL},
	    {"{\"a\\u0000b\":1}", "/ab", NULL},
	    {"{\"a\\u0000b\":1}", "/a\xc0\x80" "b", NULL},
	    {"{\"a\\u0000b\":1}", "/a\\u0000b", NULL},
	    {"{\"a\":1,\"a\\u0000\":2}", "/a", "1"},
	    {"{\"a\\u0000\":2,\"a\":1}", "/a", "1"},
	    {"{\"a\\u0000\":2,\"a\\u0000b\":3}", "/a", NULL},
	    {"{\"\\u0000\":1}", "/", NULL},
	    {"{\"\\u0000\":1,\"\":2}", "/", "2"},
	    {"{\"a\":1,\"a\\u0000\":{\"b\":2}}", "/a/b", NULL},
	    {"{\"\\ud800\":1}", "/\xef\xbf\xbd", NULL},
	    {"{\"\\ud800\":1}", "/\xed\xa0\x80", NULL},
	    {"{\"\xef\xbf\xbd\":1,\"\\ud800\":2}", "/\xef\xbf\xbd", "1"},
	    {"{\"\\udfff\":2,\"\\ufffd\":1}", "/\xef\xbf\xbd", "1"},
	    {"{\"\\ud83d\\ude00\":1,\"\\ud83d\":2,\"\\ude00\":3}",
	    "/\xf0\x9f\x98\x80", "1"},
	    {"{\"a\\u0000\":1,\"b\\ud800\\n\":2,\"c\":3}", "/c", "3"},
	    {"{\"event\":{\"a\\u0000\":1,\"\\u0061\":2}}", "/event/a",
	    "2"},
	    {"{\"a\":1,\"\\u0061\":2}", "/a", "2"},
	    {"{\"a~b\":1,\"a/b\":2,\"a\\u007e1b\":3}", "/a~01b", "3"},
	    {"{\"\xed\x9f\xbf\":1}", "/\xed\x9f\xbf", "1"},
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf text = {0};
		struct trial trial;

		trial_start(&trial, bytes_of(cases[i].body));
		wrong += case_rc(cases[i].body, trial_parse(&trial), RC_OK);
		wrong += case_rc(cases[i].body,
		    event_text(&trial.event, cases[i].pointer, &text),
		    cases[i].text != NULL ? RC_OK : RC_MISSING);
		wrong += case_bytes(cases[i].body, buf_view(&text),
		    bytes_of(cases[i].text != NULL ? cases[i].text : ""));
		buf_free(&text);
		trial_end(&trial);
	}
	assert_int_equal(wrong, 0);
}

static void
a_string_that_is_no_text_has_none(void **state)
{
	static const struct {
		const char *string, *text;
	} cases[] = {
	    {"\\u0000", NULL}, {"a\\u0000b", NULL}, {"\\u0000\\u0000", NULL},
	    {"\\ud800", NULL}, {"\\uDFFF", NULL}, {"a\\udbffb", NULL},
	    {"\\ud800\\ud800\\udc00", NULL}, {"\\udc00\\ud800", NULL},
	    {"\\ud800\\u0041", NULL}, {"\\ud800\\\\udc00", NULL},
	    {"\\ud83d\\ude00\\ude00", NULL}, {"\\ud800\\udbff", NULL},
	    {"\\u0001", "\x01"}, {"\\u0080\\u07ff", "\xc2\x80\xdf\xbf"},
	    {"\\ud7ff\\ue000", "\xed\x9f\xbf\xee\x80\x80"},
	    {"\\ufffd", "\xef\xbf\xbd"}, {"\\uD83D\\uDe00", "\xf0\x9f\x98"
	    "\x80"}, {"\\udbff\\udfff", "\xf4\x8f\xbf\xbf"},
	    {"\\\\u0000", "\\u0000"}, {"\\\\\\u0041", "\\A"},
	    {"\xed\x9f\xbf", "\xed\x9f\xbf"},
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf text = {0};
		struct trial trial;

		trial_start(&trial, LIT("{\"x\":-0,\"s\":\""));
		buf_printf(&trial.request.body, "%s\"}", cases[i].string);
		wrong += case_rc(cases[i].string, trial_parse(&trial), RC_OK);
		wrong += case_rc(cases[i].string,
		    event_text(&trial.event, "/s", &text),
		    cases[i].text != NULL ? RC_OK : RC_MISSING);
		wrong += case_bytes(cases[i].string, buf_view(&text),
		    bytes_of(cases[i].text != NULL ? cases[i].text : ""));
		buf_free(&text);
		trial_end(&trial);
	}
	assert_int_equal(wrong, 0);
}

static void
text_behind_a_byte_order_mark(void **state)
{
	struct bytes body = LIT("\xef\xbb\xbf{\"n\":1.10,\"event\":\"x\"}");
	struct buf text = {0};
	struct trial trial;

	(void)state;
	trial_start(&trial, body);
	assert_int_equal(trial_parse(&trial), RC_OK);
	assert_string_equal(trial.event.name, "x");
	assert_int_equal(event_text(&trial.event, "/n", &text), RC_OK);
	assert_string_equal(text.data, "1.10");
	buf_free(&text);
	trial_end(&trial);
}

static void
a_text_keeps_to_the_ceiling(void **state)
{
	struct buf text = {.max = 3};
	struct trial trial;

	(void)state;
	trial_start(&trial, LIT(document));
	assert_int_equal(trial_parse(&trial), RC_OK);
	assert_int_equal(event_text(&trial.event, "/string", &text),
	    RC_RANGE);
	assert_int_equal(text.len, 0);
	buf_free(&text);
	trial_end(&trial);
}

static void
env_lines_become_variables(void **state)
{
	static const struct event_pair env[] = {
	    {"NAME", "/string", 11}, {"EMPTY", "/empty", 12},
	    {"NUMBER", "/float", 13}, {"FLAG", "/true", 14},
	    {"NOTHING", "/null", 15}, {"AGAIN", "/list/2/k", 16},
	};
	static const char *const want[] = {"PELIHOOK_NAME=text",
	    "PELIHOOK_EMPTY=", "PELIHOOK_NUMBER=1.50", "PELIHOOK_FLAG=true",
	    "PELIHOOK_NOTHING=null", "PELIHOOK_AGAIN=v"};
	const char *const *fields = NULL;
	struct trial trial;

	(void)state;
	trial_start(&trial, LIT(document));
	trial.hook.reading.env = env;
	trial.hook.reading.env_len = COUNT(env);
	assert_int_equal(trial_parse(&trial), RC_OK);
	assert_int_equal(event_fields(&trial.event, &trial.pool,
	    &fields), RC_OK);
	for (size_t i = 0; i < COUNT(want); i++)
		assert_string_equal(fields[i], want[i]);
	assert_null(fields[COUNT(want)]);
	assert_string_equal(told(), "");
	trial_end(&trial);
}

static void
what_has_no_text_is_left_out_with_a_warning(void **state)
{
	static const struct event_pair env[] = {
	    {"GONE", "/missing", 21}, {"OBJECT", "/object", 22},
	    {"NUL", "/nul", 23}, {"THERE", "/string", 24},
	};
	static const char *const names[] = {"GONE", "OBJECT", "NUL"};
	const char *const *fields = NULL;
	struct trial trial;
	const char *text;

	(void)state;
	trial_start(&trial, LIT(document));
	trial.hook.reading.env = env;
	trial.hook.reading.env_len = COUNT(env);
	assert_int_equal(trial_parse(&trial), RC_OK);
	assert_int_equal(event_fields(&trial.event, &trial.pool,
	    &fields), RC_OK);
	assert_string_equal(fields[0], "PELIHOOK_THERE=text");
	assert_null(fields[1]);
	text = told();
	for (size_t i = 0; i < COUNT(names); i++)
		assert_non_null(strstr(text, names[i]));
	assert_null(strstr(text, "THERE"));
	assert_non_null(strstr(text, "level=warning"));
	trial_end(&trial);
}

static void
a_variable_holds_4_kib_and_is_never_cut(void **state)
{
	static const struct event_pair env[] = {{"LONG", "/s", 31}};
	unsigned wrong = 0;

	(void)state;
	for (size_t n = 4095; n <= 4097; n++) {
		const char *const *fields = NULL;
		struct trial trial;

		trial_start(&trial, LIT("{\"s\":\""));
		for (size_t i = 0; i < n; i++)
			buf_char(&trial.request.body, 'x');
		buf_text(&trial.request.body, "\"}");
		trial.hook.reading.env = env;
		trial.hook.reading.env_len = 1;
		assert_int_equal(trial_parse(&trial), RC_OK);
		assert_int_equal(event_fields(&trial.event, &trial.pool, &fields), RC_OK);
		if (n <= 4096)
			wrong += case_number("length", fields[0] == NULL ? 0
			    : (long long)strlen(fields[0]),
			    (long long)(strlen("PELIHOOK_LONG=") + n));
		else
			wrong += case_true("4097", "left out",
			    fields[0] == NULL);
		trial_end(&trial);
	}
	assert_int_equal(wrong, 0);
}

static void
without_env_lines_there_are_no_fields(void **state)
{
	const char *const *fields = NULL;
	struct trial trial;

	(void)state;
	trial_start(&trial, LIT("{}"));
	assert_int_equal(trial_parse(&trial), RC_OK);
	assert_int_equal(event_fields(&trial.event, &trial.pool, &fields), RC_OK);
	assert_non_null(fields);
	assert_null(fields[0]);
	trial_end(&trial);
}

/* However long a name is found that is asked for, to 255 bytes. */
static void
a_name_has_at_most_255_bytes(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t n = 63; n <= 257; n++) {
		struct trial found, asked;
		char body[300], name[260];

		memset(name, 'x', n);
		name[n] = '\0';
		snprintf(body, sizeof(body), "{\"event\":\"%s\"}", name);
		trial_start(&found, bytes_of(body));
		trial_start(&asked, bytes_of(body));
		asked.hook.reading.name.from = EVENT_FROM_POINTER;
		asked.hook.reading.name.pointer = "/event";
		wrong += case_rc(body, trial_parse(&found), RC_OK);
		wrong += case_rc(body, trial_parse(&asked), RC_OK);
		wrong += case_text("found", found.event.name,
		    n <= 64 ? name : "unknown");
		wrong += case_text("asked for", asked.event.name,
		    n <= 255 ? name : "unknown");
		trial_end(&found);
		trial_end(&asked);
	}
	assert_int_equal(wrong, 0);
}

/* What makes a key: the hook, the body, the sources. */
struct key_case {
	const char *hook;
	const char *body;
	enum event_from from;
	const char *pointer;
	const char *header;	/* the variable's value */
	const char *digest;
};

static char *
make_key(const struct key_case *with, bool dedupe)
{
	struct event_source source = {with->from, with->pointer,
	    {"X-Id", "HTTP_X_ID"}};
	struct bytes key = LIT("junk");
	struct trial trial;
	char *copy;

	trial_start(&trial, bytes_of(with->body));
	trial.hook.reading.hook = with->hook;
	trial.hook.reading.order = source;
	trial.hook.reading.dedupe = source;
	if (with->header != NULL)
		front_add(&trial.front, pool_printf(&trial.pool,
		    "HTTP_X_ID=%s", with->header));
	assert_int_equal(trial_parse(&trial), RC_OK);
	if (dedupe)
		assert_int_equal(event_dedupe_key(&trial.event, &trial.request, with->digest, &trial.pool, &key), RC_OK);
	else
		assert_int_equal(event_order_key(&trial.event, &trial.pool, &key), RC_OK);
	copy = strndup(key.len > 0 ? key.data : "", key.len);
	trial_end(&trial);
	return copy;
}

static unsigned
compare_keys(const struct key_case *a, const struct key_case *b, bool dedupe,
    bool equal)
{
	char *one = make_key(a, dedupe), *two = make_key(b, dedupe);
	unsigned wrong = case_true(a->body, "the first key is there",
	    one[0] != '\0');

	wrong += case_true(b->body, equal ? "the keys are the same"
	    : "the keys differ", (strcmp(one, two) == 0) == equal);
	free(one);
	free(two);
	return wrong;
}

#define AT(body, pointer) \
	{"unit", body, EVENT_FROM_POINTER, pointer, NULL, "d1"}

static void
the_same_key_has_the_same_type_and_text(void **state)
{
	static const struct {
		struct key_case a, b;
		bool equal;
	} cases[] = {
	    {AT("{\"id\":1}", "/id"), AT("{\"x\":0,\"id\":1}", "/id"), true},
	    {AT("{\"id\":1}", "/id"), AT("{\"id\":2}", "/id"), false},
	    {AT("{\"id\":1}", "/id"), AT("{\"id\":\"1\"}", "/id"), false},
	    {AT("{\"id\":1}", "/id"), AT("{\"id\":1.0}", "/id"), false},
	    {AT("{\"id\":0}", "/id"), AT("{\"id\":-0}", "/id"), false},
	    {AT("{\"id\":18446744073709551616}", "/id"),
	    AT("{\"id\":18446744073709551617}", "/id"), false},
	    {AT("{\"id\":1,\"id\\u0000\":2}", "/id"),
	    AT("{\"id\":1}", "/id"), true},
	    {AT("{\"id\":\"null\"}", "/id"), AT("{\"id\":\"null\"}", "/id"),
	    true},
	    {AT("{\"id\":\" \"}", "/id"), AT("{\"id\":\"  \"}", "/id"),
	    false},
	    {AT("{\"id\":0}", "/id"), AT("{\"id\":0}", "/id"), true},
	    {AT("{\"id\":-1.5e3}", "/id"), AT("{\"id\":-1.5e3}", "/id"),
	    true},
	    {AT("{\"id\":\"a\"}", "/id"), AT("{\"id\":\"\\u0061\"}", "/id"),
	    true},
	    {AT("{\"id\":\"a\"}", "/id"), AT("{\"id\":\"A\"}", "/id"), false},
	    {AT("{\"id\":1,\"id\":2}", "/id"), AT("{\"id\":2}", "/id"), true},
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		wrong += compare_keys(&cases[i].a, &cases[i].b, true,
		    cases[i].equal);
		wrong += compare_keys(&cases[i].a, &cases[i].b, false,
		    cases[i].equal);
	}
	assert_int_equal(wrong, 0);
}

static void
the_events_name_is_part_of_the_dedupe_key_only(void **state)
{
	struct key_case a = AT("{\"id\":1,\"event\":\"connection_added\"}",
	    "/id");
	struct key_case b = AT("{\"id\":1,\"event\":\"connection_removed\"}",
	    "/id");

	(void)state;
	assert_int_equal(compare_keys(&a, &b, true, false), 0);
	assert_int_equal(compare_keys(&a, &b, false, true), 0);
}

static void
the_hook_is_part_of_every_key(void **state)
{
	struct key_case a = AT("{\"id\":1}", "/id");
	struct key_case b = a;
	struct key_case c = {"unit", "{}", EVENT_FROM_HOOK, NULL, NULL, "d"};
	struct key_case d = c;

	(void)state;
	b.hook = d.hook = "other";
	assert_int_equal(compare_keys(&a, &b, true, false), 0);
	assert_int_equal(compare_keys(&a, &b, false, false), 0);
	assert_int_equal(compare_keys(&c, &d, false, false), 0);
}

static void
without_an_identity_there_is_no_key(void **state)
{
	static const struct key_case cases[] = {
	    AT("{}", "/id"), AT("{\"id\":{}}", "/id"),
	    AT("{\"id\":[]}", "/id"), AT("{\"id\":\"\\u0000\"}", "/id"),
	    AT("{\"id\":\"\\ud800\"}", "/id"),
	    AT("{\"id\\u0000\":1}", "/id"),
	    AT("{\"id\":null}", "/id"), AT("{\"id\":\"\"}", "/id"),
	    AT("{\"id\":true}", "/id"), AT("{\"id\":false}", "/id"),
	    AT("{\"id\":NaN}", "/id"), AT("{\"id\":Infinity}", "/id"),
	    AT("{\"id\":-Infinity}", "/id"), AT("null", ""),
	    AT("[]", "/0"), AT("{\"id\":\"a\"}", "/id/0"),
	    {"unit", "{\"id\":1}", EVENT_FROM_NONE, NULL, "x", "d1"},
	    {"unit", "{\"id\":1}", EVENT_FROM_HEADER, NULL, NULL, "d1"},
	    {"unit", "{\"id\":1}", EVENT_FROM_HEADER, NULL, "", "d1"},
	    {"unit", "{\"id\":1}", EVENT_FROM_HEADER, NULL, " ", "d1"},
	    {"unit", "{\"id\":1}", EVENT_FROM_HEADER, NULL, " \t \t", "d1"},
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *key = make_key(&cases[i], true);

		wrong += case_text(cases[i].body, key, "");
		free(key);
		if (cases[i].from == EVENT_FROM_HEADER)
			continue;
		key = make_key(&cases[i], false);
		wrong += case_text(cases[i].body, key, "");
		free(key);
	}
	assert_int_equal(wrong, 0);
}

/* Keys lie in journals: the same text gives the same key in every version. */
static void
keys_stay_what_they_were(void **state)
{
	static const struct {
		struct key_case of;
		const char *order, *dedupe;
	} cases[] = {
	    {AT("{\"id\":\"a b\"}", "/id"), "unit\nstring:a b",
	    "unit\nunknown\nstring:a b"},
	    {AT("{\"id\":7}", "/id"), "unit\nint:7", "unit\nunknown\nint:7"},
	    {AT("{\"id\":1.50}", "/id"), "unit\ndouble:1.50",
	    "unit\nunknown\ndouble:1.50"},
	    {{"unit", "{}", EVENT_FROM_HOOK, NULL, NULL, "d"}, "unit\n", NULL},
	    {{"unit", "{}", EVENT_FROM_BODY, NULL, NULL, "d"}, NULL,
	    "unit\nunknown\ndigest:d"},
	    {{"unit", "{}", EVENT_FROM_HEADER, NULL, "m 1", "d"}, NULL,
	    "unit\nunknown\nheader:m 1"},
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(cases); i++) {
		bool dedupe = i % 2 != 0;
		const char *text = dedupe ? cases[i / 2].dedupe :
		    cases[i / 2].order;
		uint8_t digest[CRYPTO_DIGEST];
		char hex[2 * CRYPTO_DIGEST + 1];
		char *key;

		if (text == NULL)
			continue;
		assert_int_equal(crypto_sha256(bytes_of(text), digest),
		    RC_OK);
		encode_hex(digest, sizeof(digest), hex);
		key = make_key(&cases[i / 2].of, dedupe);
		wrong += case_text(text, key, hex);
		free(key);
	}
	assert_int_equal(wrong, 0);
}

/* What a server passes round the value is no part of it. */
static void
blanks_round_a_header_make_no_other_key(void **state)
{
	static const char *const spellings[] = {"m1", " m1", "m1 ", "\tm1",
	    "m1\t", "\t\tm1", " \t m1 \t "};
	struct key_case one = {"unit", "{}", EVENT_FROM_HEADER, NULL, "m1",
	    "d"};
	struct key_case other = one;
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(spellings); i++) {
		other.header = spellings[i];
		wrong += compare_keys(&one, &other, true, true);
	}
	other.header = "m\t1";
	wrong += compare_keys(&one, &other, true, false);
	assert_int_equal(wrong, 0);
}

static void
what_has_no_identity_is_told_once(void **state)
{
	struct key_case missing = AT("{\"id\":null}", "/id");
	struct key_case none = {"unit", "{}", EVENT_FROM_NONE, NULL, NULL, "d"};
	char *text;

	(void)state;
	free(make_key(&none, true));
	free(make_key(&none, false));
	assert_string_equal(told(), "");
	for (int i = 0; i < 3; i++) {
		free(make_key(&missing, true));
		free(make_key(&missing, false));
	}
	text = strdup(told());
	assert_non_null(text);
	assert_non_null(strstr(text, "dedupe=/id"));
	assert_non_null(strstr(text, "order=/id"));
	assert_non_null(strstr(text, "level=warning"));
	assert_null(strstr(strstr(text, "dedupe=/id") + 1, "dedupe=/id"));
	assert_null(strstr(strstr(text, "order=/id") + 1, "order=/id"));
	free(text);
}

static void
a_key_of_the_hook_or_the_body_or_a_header(void **state)
{
	struct key_case hook = {"unit", "{\"id\":1}", EVENT_FROM_HOOK, NULL,
	    NULL, "d1"};
	struct key_case body = {"unit", "{\"id\":1}", EVENT_FROM_BODY, NULL,
	    NULL, "d1"};
	struct key_case header = {"unit", "{\"id\":1}", EVENT_FROM_HEADER,
	    NULL, "one", "d1"};
	struct key_case other;

	(void)state;
	other = hook;
	other.body = "{\"id\":2}";
	assert_int_equal(compare_keys(&hook, &other, false, true), 0);
	other = body;
	assert_int_equal(compare_keys(&body, &other, true, true), 0);
	other.digest = "d2";
	assert_int_equal(compare_keys(&body, &other, true, false), 0);
	other = header;
	other.body = "{\"id\":2}";
	assert_int_equal(compare_keys(&header, &other, true, true), 0);
	other.header = "two";
	assert_int_equal(compare_keys(&header, &other, true, false), 0);
}

static void
a_repeated_dedupe_header_is_told(void **state)
{
	struct bytes key;
	struct trial trial;

	(void)state;
	trial_start(&trial, LIT("{}"));
	trial.hook.reading.dedupe = (struct event_source){EVENT_FROM_HEADER, NULL,
	    {"X-Id", "HTTP_X_ID"}};
	front_add(&trial.front, "HTTP_X_ID=1");
	front_add(&trial.front, "HTTP_X_ID=1");
	assert_int_equal(trial_parse(&trial), RC_OK);
	assert_int_equal(event_dedupe_key(&trial.event, &trial.request, "d", &trial.pool, &key), RC_REPEATED);
	trial_end(&trial);
}

static void
an_event_from_the_journal_keeps_its_name(void **state)
{
	static const char *const names[] = {"connection_added", "run.done",
	    "unknown", "pipeline_run_exploded"};
	static const char *const kinds[] = {"connection", "unknown",
	    "unknown", "pipeline"};
	struct event event;
	struct buf text = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		assert_int_equal(event_reparse(NULL, LIT("{\"event\":\"other\"}"),
		    names[i], &event), RC_OK);
		assert_string_equal(event.name, names[i]);
		assert_string_equal(event.row->kind, kinds[i]);
		assert_int_equal(event.known, i == 0);
		text.len = 0;
		assert_int_equal(event_text(&event, "/event", &text), RC_OK);
		assert_string_equal(text.data, "other");
		event_free(&event);
	}
	assert_int_equal(event_reparse(NULL, LIT("{"), "run.done", &event),
	    RC_JSON);
	buf_free(&text);
}

static void
the_keys_at_the_top_and_no_values(void **state)
{
	static const struct {
		const char *body, *keys;
	} cases[] = {
	    {"{\"a\":\"secret\",\"b\":{\"c\":1},\"d\":[]}", "a b d"},
	    {"{\"a\":1,\"b\":2,\"a\":3}", "a b"},
	    {"{\"a\\u0000\":1,\"b\":2,\"\\ud800\":3}", "b"},
	    {"{}", ""}, {"[1]", ""}, {"\"text\"", ""}, {"null", ""},
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf text = {0};
		struct trial trial;

		trial_start(&trial, bytes_of(cases[i].body));
		wrong += case_rc(cases[i].body, trial_parse(&trial), RC_OK);
		wrong += case_rc(cases[i].body,
		    event_top_keys(&trial.event, &text), RC_OK);
		wrong += case_bytes(cases[i].body, buf_view(&text),
		    bytes_of(cases[i].keys));
		buf_free(&text);
		trial_end(&trial);
	}
	assert_int_equal(wrong, 0);
}

static void
nothing_is_freed_twice(void **state)
{
	struct trial trial;

	(void)state;
	trial_start(&trial, LIT("{\"event\":"));
	assert_int_equal(trial_parse(&trial), RC_JSON);
	trial_end(&trial);
	trial_start(&trial, LIT("{}"));
	assert_int_equal(trial_parse(&trial), RC_OK);
	event_free(&trial.event);
	trial_end(&trial);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_events_name_is_found),
	    cmocka_unit_test(every_event_of_the_table_is_found),
	    cmocka_unit_test(a_place_of_any_length_is_told),
	    cmocka_unit_test(a_pointer_says_where_the_name_stands),
	    cmocka_unit_test(a_header_says_the_name),
	    cmocka_unit_test(a_name_has_at_most_255_bytes),
	    cmocka_unit_test(one_value_of_strict_json_is_taken),
	    cmocka_unit_test(depth_is_64_at_most),
	    cmocka_unit_test(the_text_at_a_pointer),
	    cmocka_unit_test(the_text_of_a_whole_value),
	    cmocka_unit_test(a_number_is_as_it_is_written),
	    cmocka_unit_test(a_key_is_all_of_its_characters),
	    cmocka_unit_test(a_string_that_is_no_text_has_none),
	    cmocka_unit_test(text_behind_a_byte_order_mark),
	    cmocka_unit_test(a_text_keeps_to_the_ceiling),
	    TOLD_TEST(env_lines_become_variables),
	    TOLD_TEST(what_has_no_text_is_left_out_with_a_warning),
	    TOLD_TEST(a_variable_holds_4_kib_and_is_never_cut),
	    cmocka_unit_test(without_env_lines_there_are_no_fields),
	    /* Before any other test that has such an event. */
	    TOLD_TEST(what_has_no_identity_is_told_once),
	    cmocka_unit_test(the_same_key_has_the_same_type_and_text),
	    cmocka_unit_test(the_events_name_is_part_of_the_dedupe_key_only),
	    cmocka_unit_test(the_hook_is_part_of_every_key),
	    cmocka_unit_test(without_an_identity_there_is_no_key),
	    cmocka_unit_test(keys_stay_what_they_were),
	    cmocka_unit_test(blanks_round_a_header_make_no_other_key),
	    cmocka_unit_test(a_key_of_the_hook_or_the_body_or_a_header),
	    cmocka_unit_test(a_repeated_dedupe_header_is_told),
	    cmocka_unit_test(an_event_from_the_journal_keeps_its_name),
	    cmocka_unit_test(the_keys_at_the_top_and_no_values),
	    cmocka_unit_test(nothing_is_freed_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
