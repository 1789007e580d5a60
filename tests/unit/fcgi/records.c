/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "../unit.h"

#include "../../../fcgi/records.h"

enum {
	BEGIN = 1,
	ABORT = 2,
	END = 3,
	PARAMS = 4,
	STDIN = 5,
	STDOUT = 6,
	GET_VALUES = 9,
	KEEP = 1,
	OTHER = 7, /* the id of another request */
};

/* What a server sends. */
static struct buf sent;
/* What is kept of it, and answered. */
static struct buf kept, answers;
static struct records records;

static void
send_padded(int type, int id, struct bytes content, size_t padding)
{
	const char header[] = { 1, (char)type, (char)(id >> 8), (char)id,
		(char)(content.len >> 8), (char)content.len, (char)padding, 0 };
	static const char zeroes[255];

	buf_add(&sent, (struct bytes){ header, sizeof(header) });
	buf_add(&sent, content);
	buf_add(&sent, (struct bytes){ zeroes, padding });
}

static void
send_record(int type, int id, struct bytes content)
{
	send_padded(type, id, content, 0);
}

static void
send_begin(int id, int role)
{
	const char content[8] = { 0, (char)role, KEEP };

	send_record(BEGIN, id, (struct bytes){ content, sizeof(content) });
}

static const struct bytes nothing = { NULL, 0 };

/* A request with the head AB=c and the body. */
static void
send_request(int id, struct bytes body)
{
	send_begin(id, RECORDS_RESPONDER);
	send_record(PARAMS, id, LIT("\2\1ABc"));
	send_record(PARAMS, id, nothing);
	if (body.len > 0)
		send_record(STDIN, id, body);
	send_record(STDIN, id, nothing);
}

/*
 * Scans what was sent, so many bytes more at a time; what is not looked at
 * stays.
 */
static enum rc
scan_by(size_t step)
{
	struct buf input = { 0 };
	struct scanned scanned;
	enum rc rc = RC_OK;

	records = (struct records){ 0 };
	kept.len = answers.len = 0;
	for (size_t at = 0; at < sent.len && rc == RC_OK; at += step) {
		size_t n = sent.len - at < step ? sent.len - at : step;

		buf_add(&input, (struct bytes){ sent.data + at, n });
		rc = records_scan(&records, input.data, input.len, &scanned);
		buf_add(&kept, (struct bytes){ input.data, scanned.kept });
		buf_add(&answers, buf_view(&records.answers));
		buf_free(&records.answers);
		input.len -= scanned.rest;
		memmove(input.data, input.data + scanned.rest, input.len);
	}
	buf_free(&input);
	return rc;
}

static struct bytes
kept_params(void)
{
	return (struct bytes){ kept.data, records.params_len };
}

static struct bytes
kept_body(void)
{
	return bytes_skip(buf_view(&kept), records.params_len);
}

static int
forget(void **state)
{
	(void)state;
	buf_free(&sent);
	buf_free(&kept);
	buf_free(&answers);
	return 0;
}

static void
a_request_is_the_same_however_it_arrives(void **state)
{
	unsigned wrong = 0;

	(void)state;
	send_begin(258, RECORDS_RESPONDER);
	send_padded(PARAMS, 258, LIT("\2\1A"), 5);
	send_record(99, 0, LIT("abc"));
	send_padded(PARAMS, 258, LIT("Bc"), 255);
	send_record(STDIN, OTHER, LIT("another's"));
	send_padded(PARAMS, 258, nothing, 8);
	send_begin(OTHER, RECORDS_RESPONDER);
	send_padded(STDIN, 258, LIT("body "), 3);
	send_record(GET_VALUES, 0, LIT("\16\0FCGI_MAX_CONNS"));
	send_record(STDIN, 258, LIT("and more"));
	send_padded(STDIN, 258, nothing, 7);
	for (size_t step = 1; step <= sent.len; step++) {
		wrong += case_rc("step", scan_by(step), RC_OK);
		wrong += case_number("id", records.id, 258);
		wrong += case_number("role", records.role, RECORDS_RESPONDER);
		wrong += case_true("it", "ended",
		    records.head_whole && records.ended && records.keep);
		wrong += case_bytes("params", kept_params(), LIT("\2\1ABc"));
		wrong += case_bytes("body", kept_body(), LIT("body and more"));
		wrong += case_number("length", (long long)records.body_len, 13);
		wrong += case_bytes("answers", buf_view(&answers),
		    LIT("\1\13\0\0\0\10\0\0\143\0\0\0\0\0\0\0"
			"\1\3\0\7\0\10\0\0\0\0\0\0\1\0\0\0"
			"\1\12\0\0\0\0\0\0"));
	}
	assert_int_equal(wrong, 0);
}

static void
nothing_after_a_request_is_looked_at(void **state)
{
	struct scanned scanned;
	size_t first;

	(void)state;
	send_request(1, LIT("one"));
	first = sent.len;
	send_request(2, LIT("two"));
	records = (struct records){ 0 };
	assert_int_equal(records_scan(&records, sent.data, sent.len, &scanned),
	    RC_OK);
	assert_true(records.ended);
	assert_int_equal(scanned.rest, first);
	assert_memory_equal(sent.data, "\2\1ABcone", scanned.kept);
	assert_int_equal(scanned.kept, 8);
}

static void
a_request_is_not_over_before_its_padding(void **state)
{
	(void)state;
	send_request(1, LIT("body"));
	sent.len -= 8;
	send_padded(STDIN, 1, nothing, 200);
	sent.len--;
	assert_int_equal(scan_by(sent.len), RC_OK);
	assert_false(records.ended);
	sent.len++;
	assert_int_equal(scan_by(sent.len), RC_OK);
	assert_true(records.ended);
}

static void
each_part_of_a_request_is_told_apart(void **state)
{
	(void)state;
	send_begin(1, RECORDS_RESPONDER);
	assert_int_equal(scan_by(sent.len), RC_OK);
	assert_true(records.begun);
	send_record(PARAMS, 1, LIT("\2\1ABc"));
	assert_int_equal(scan_by(sent.len), RC_OK);
	assert_false(records.head_whole);
	send_record(PARAMS, 1, nothing);
	assert_int_equal(scan_by(sent.len), RC_OK);
	assert_true(records.head_whole);
	send_record(STDIN, 1, LIT("body"));
	assert_int_equal(scan_by(sent.len - 1), RC_OK);
	assert_int_equal(records.body_len, 4);
	assert_false(records.ended);
	send_record(ABORT, 1, nothing);
	assert_int_equal(scan_by(sent.len), RC_OK);
	assert_true(records.aborted);
	assert_false(records.ended);
}

/* A body is a body, whatever it holds. */
static void
records_in_a_body_are_no_records(void **state)
{
	struct buf body = { 0 };

	(void)state;
	send_request(2, LIT("forged"));
	send_record(GET_VALUES, 0, nothing);
	buf_add(&body, buf_view(&sent));
	sent.len = 0;
	send_request(1, buf_view(&body));
	for (size_t step = 1; step < 40; step++) {
		assert_int_equal(scan_by(step), RC_OK);
		assert_int_equal(case_bytes("body", kept_body(),
				     buf_view(&body)),
		    0);
		assert_int_equal(records.id, 1);
		assert_int_equal(answers.len, 0);
	}
	buf_free(&body);
}

static void
what_belongs_to_nothing_is_dropped(void **state)
{
	static const int types[] = { 0, ABORT, END, PARAMS, STDIN, STDOUT, 7, 8,
		11, 99, 255 };
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		sent.len = 0;
		/* Nothing has begun; then it is another's. */
		send_record(types[i], 1, LIT("whatever"));
		send_begin(1, RECORDS_RESPONDER);
		send_record(types[i], OTHER, LIT("whatever"));
		send_record(PARAMS, 1, nothing);
		send_record(types[i], OTHER, LIT("whatever"));
		send_record(STDIN, 1, nothing);
		wrong += case_rc("dropped", scan_by(sent.len), RC_OK);
		wrong += case_true("it", "ended", records.ended);
		wrong += case_number("kept", (long long)kept.len, 0);
	}
	assert_int_equal(wrong, 0);
}

static void
types_that_are_not_for_a_responder_are_dropped(void **state)
{
	static const int types[] = { 0, END, STDOUT, 7, 8, 11, 99, 255 };
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		sent.len = 0;
		send_begin(1, RECORDS_RESPONDER);
		send_record(types[i], 1, LIT("whatever"));
		send_record(PARAMS, 1, nothing);
		send_record(types[i], 1, LIT("whatever"));
		send_record(STDIN, 1, nothing);
		wrong += case_rc("dropped", scan_by(3), RC_OK);
		wrong += case_true("it", "ended", records.ended);
		wrong += case_number("kept", (long long)kept.len, 0);
	}
	assert_int_equal(wrong, 0);
}

static void
send_malformed(int which)
{
	sent.len = 0;
	switch (which) {
	case 0: /* another version */
		send_begin(1, RECORDS_RESPONDER);
		sent.data[0] = 2;
		break;
	case 1: /* another protocol */
		buf_text(&sent, "GET / HTTP/1.1\r\n");
		break;
	case 2: /* a request with the number of none */
		send_begin(0, RECORDS_RESPONDER);
		break;
	case 3: /* a beginning of another length */
		send_record(BEGIN, 1, LIT("\0\1\1\0\0\0\0\0\0"));
		break;
	case 4: /* the same request again */
		send_begin(1, RECORDS_RESPONDER);
		send_begin(1, RECORDS_RESPONDER);
		break;
	case 5: /* a body before the variables' end */
		send_begin(1, RECORDS_RESPONDER);
		send_record(PARAMS, 1, LIT("\2\1ABc"));
		send_record(STDIN, 1, LIT("body"));
		break;
	case 6: /* variables after that */
		send_begin(1, RECORDS_RESPONDER);
		send_record(PARAMS, 1, nothing);
		send_record(PARAMS, 1, LIT("\2\1ABc"));
		break;
	}
}

static void
what_is_malformed_is_refused(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (int which = 0; which <= 6; which++)
		for (size_t step = 1; step < 50; step++) {
			send_malformed(which);
			wrong += case_rc("malformed", scan_by(step), RC_SYNTAX);
		}
	assert_int_equal(wrong, 0);
}

static void
variables_are_bounded(void **state)
{
	static char many[RECORDS_CONTENT];

	(void)state;
	send_begin(1, RECORDS_RESPONDER);
	for (int i = 0; i < 16; i++)
		send_record(PARAMS, 1, (struct bytes){ many, sizeof(many) });
	assert_int_equal(scan_by(4096), RC_OK);
	send_record(PARAMS, 1, (struct bytes){ many, 16 });
	assert_int_equal(scan_by(4096), RC_OK);
	assert_int_equal(kept.len, RECORDS_PARAMS_MAX);
	send_record(PARAMS, 1, (struct bytes){ many, 1 });
	assert_int_equal(scan_by(4096), RC_RANGE);
}

static void
answers_that_nobody_takes_are_bounded(void **state)
{
	struct scanned scanned;

	(void)state;
	for (int i = 0; i < RECORDS_ANSWERS_MAX / 8 + 1; i++)
		send_record(GET_VALUES, 0, nothing);
	records = (struct records){ 0 };
	assert_int_equal(records_scan(&records, sent.data, sent.len, &scanned),
	    RC_RANGE);
	assert_int_equal(records.answers.len, RECORDS_ANSWERS_MAX);
	buf_free(&records.answers);
}

static const struct {
	const char *name;
	struct bytes params;
	enum rc rc;
	size_t bytes; /* of names and values */
} params_cases[] = {
	{ "none", RAW(""), RC_OK, 0 },
	{ "one", RAW("\2\1ABc"), RC_OK, 3 },
	{ "two", RAW("\2\1ABc\1\0D"), RC_OK, 4 },
	{ "empty ones", RAW("\0\0\0\0"), RC_OK, 0 },
	{ "long lengths", RAW("\200\0\0\2\200\0\0\1ABc"), RC_OK, 3 },
	{ "a value too short", RAW("\2\2ABc"), RC_SYNTAX, 0 },
	{ "a name too short", RAW("\4\0ABc"), RC_SYNTAX, 0 },
	{ "no length of a value", RAW("\4"), RC_SYNTAX, 0 },
	{ "half a length", RAW("\200\0\0"), RC_SYNTAX, 0 },
	{ "half a length of a value", RAW("\1\200\0\0"), RC_SYNTAX, 0 },
	{ "2 GiB and 2 GiB", RAW("\377\377\377\377\377\377\377\377ABc"),
	    RC_SYNTAX, 0 },
	{ "a name of 2 GiB", RAW("\377\377\377\377\1ABc"), RC_SYNTAX, 0 },
	{ "a second one too short", RAW("\2\1ABc\1\2D"), RC_SYNTAX, 0 },
};

static void
names_and_values_are_as_long_as_they_claim(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(params_cases); i++) {
		const char *name = params_cases[i].name;
		size_t memory = 0;

		wrong += case_rc(name,
		    records_check_params(params_cases[i].params, &memory),
		    params_cases[i].rc);
		wrong += case_true(name, "enough memory",
		    memory >= params_cases[i].bytes);
	}
	assert_int_equal(wrong, 0);
}

static void
each_variable_is_found_and_its_value_may_be_wiped(void **state)
{
	static char params[] = "\2\1ABc\200\0\0\1\3Xyzw\0\0";
	const size_t len = sizeof(params) - 1;
	struct records_param param;
	size_t at = 0;

	(void)state;
	assert_true(records_next_param(params, len, &at, &param));
	assert_true(bytes_is(param.name, "AB"));
	assert_int_equal(param.value_len, 1);
	*param.value = '-';
	assert_true(records_next_param(params, len, &at, &param));
	assert_true(bytes_is(param.name, "X"));
	assert_memory_equal(param.value, "yzw", param.value_len);
	assert_true(records_next_param(params, len, &at, &param));
	assert_int_equal(param.name.len + param.value_len, 0);
	assert_false(records_next_param(params, len, &at, &param));
	assert_memory_equal(params, "\2\1AB-", 5);
	at = 0;
	assert_false(records_next_param(params, 4, &at, &param));
	at = 0;
	assert_false(records_next_param(params, 0, &at, &param));
}

/* What is written here is what was kept before. */
static void
what_is_written_is_read_again(void **state)
{
	static const size_t lengths[] = { 0, 1, 65534, 65535, 65536, 200000 };
	const struct records request = { .id = 300, .role = RECORDS_RESPONDER };

	(void)state;
	for (size_t i = 0; i < COUNT(lengths); i++) {
		size_t size = RECORDS_BEGIN + records_size(lengths[i]);
		char *text = malloc(lengths[i] + 1);
		struct bytes params = { text, lengths[i] };
		size_t n;

		memset(text, 'x', lengths[i] + 1);
		sent.len = 0;
		assert_int_equal(buf_reserve(&sent, size), RC_OK);
		n = records_write_head(&request, params, sent.data);
		assert_int_equal(n, size);
		sent.len = n;
		assert_int_equal(scan_by(5000), RC_OK);
		assert_true(records.head_whole && records.keep);
		assert_int_equal(records.id, 300);
		assert_int_equal(case_bytes("params", kept_params(), params),
		    0);
		free(text);
	}
}

static void
the_end_of_an_output_is_found(void **state)
{
	size_t end = 99;
	size_t len = 99;

	(void)state;
	send_padded(STDOUT, 1, LIT("Status: 200"), 5);
	send_record(STDOUT, 1, nothing);
	assert_int_equal(records_find_end(buf_view(&sent), &end, &len),
	    RC_SYNTAX);
	send_record(END, 1, LIT("\0\0\0\0\0\0\0\0"));
	for (size_t n = 0; n < sent.len; n++)
		assert_int_equal(records_find_end((struct bytes){ sent.data,
						      n },
				     &end, &len),
		    RC_SYNTAX);
	assert_int_equal(len, 99);
	buf_text(&sent, "what was there before");
	assert_int_equal(records_find_end(buf_view(&sent), &end, &len), RC_OK);
	assert_int_equal(end, 8 + 16);
	assert_int_equal(len, 8 + 16 + 8 + 16);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(
		    a_request_is_the_same_however_it_arrives, forget),
		cmocka_unit_test_teardown(nothing_after_a_request_is_looked_at,
		    forget),
		cmocka_unit_test_teardown(
		    a_request_is_not_over_before_its_padding, forget),
		cmocka_unit_test_teardown(each_part_of_a_request_is_told_apart,
		    forget),
		cmocka_unit_test_teardown(records_in_a_body_are_no_records,
		    forget),
		cmocka_unit_test_teardown(what_belongs_to_nothing_is_dropped,
		    forget),
		cmocka_unit_test_teardown(
		    types_that_are_not_for_a_responder_are_dropped, forget),
		cmocka_unit_test_teardown(what_is_malformed_is_refused, forget),
		cmocka_unit_test_teardown(variables_are_bounded, forget),
		cmocka_unit_test_teardown(answers_that_nobody_takes_are_bounded,
		    forget),
		cmocka_unit_test(names_and_values_are_as_long_as_they_claim),
		cmocka_unit_test(
		    each_variable_is_found_and_its_value_may_be_wiped),
		cmocka_unit_test_teardown(what_is_written_is_read_again,
		    forget),
		cmocka_unit_test_teardown(the_end_of_an_output_is_found,
		    forget),
	};

	return cmocka_run_group_tests_name("records", tests, NULL, NULL);
}
