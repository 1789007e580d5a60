/* SPDX-License-Identifier: ISC */
#include "../front.h"

#include "base/buf.h"
#include "base/clock.h"
#include "http/gateway.h"
#include "http/request.h"

static struct request
open_request(struct front *front)
{
	struct gateway gateway = front_gateway(front);
	struct request request;

	request_open(&request, &gateway, 4711);
	return request;
}

static void
what_is_absent_is_empty(void **state)
{
	struct front front = { 0 };
	struct request request = open_request(&front);

	(void)state;
	assert_string_equal(request.method, "");
	assert_string_equal(request.path_info, "");
	assert_string_equal(request.remote_addr, "");
	assert_int_equal(request.length, -1);
	assert_int_equal(request.received, 4711);
	assert_int_equal(request.body.len, 0);
	assert_int_equal(front.reads, 0);
	request_close(&request);
}

static void
the_variables_are_found(void **state)
{
	struct front front = { .variables = { "REQUEST_METHOD=POST",
				   "PATH_INFO=/a=b", "REMOTE_ADDR=192.0.2.1",
				   "REQUEST_METHODS=x" } };
	struct request request = open_request(&front);

	(void)state;
	assert_string_equal(request.method, "POST");
	assert_string_equal(request.path_info, "/a=b");
	assert_string_equal(request.remote_addr, "192.0.2.1");
	request_close(&request);
}

static void
names_of_variables_are_compared_whole(void **state)
{
	struct front front = { .variables = { "HTTP_X_SIGNATURE_256=long",
				   "XHTTP_X=front", "http_x=case", "HTTP_X",
				   "HTTP_EMPTY=", "HTTP_ONE=1", "HTTP_TWO=a",
				   "HTTP_TWO=b" } };
	struct request request = open_request(&front);
	unsigned count = 99;

	(void)state;
	assert_null(request_variable(&request, "HTTP_X_SIGNATURE", &count));
	assert_int_equal(count, 0);
	assert_null(request_variable(&request, "HTTP_X", &count));
	assert_int_equal(count, 0);
	assert_string_equal(request_variable(&request, "HTTP_EMPTY", &count),
	    "");
	assert_int_equal(count, 1);
	assert_string_equal(request_variable(&request, "HTTP_ONE", &count),
	    "1");
	assert_int_equal(count, 1);
	assert_non_null(request_variable(&request, "HTTP_TWO", &count));
	assert_int_equal(count, 2);
	request_close(&request);
}

static void
what_has_to_be_there_once(void **state)
{
	struct front front = { .variables = { "A=1", "B=1", "B=1", "C=" } };
	struct request request = open_request(&front);
	const char *value = "kept";

	(void)state;
	assert_int_equal(request_single(&request, "B", &value), RC_REPEATED);
	assert_string_equal(value, "kept");
	assert_int_equal(request_single(&request, "A", &value), RC_OK);
	assert_string_equal(value, "1");
	assert_int_equal(request_single(&request, "C", &value), RC_OK);
	assert_string_equal(value, "");
	assert_int_equal(request_single(&request, "D", &value), RC_OK);
	assert_null(value);
	request_close(&request);
}

/* Whatever a header is used for, it has one value. */
static void
a_headers_value_is_without_blanks_round_it(void **state)
{
	static const char *const spellings[] = { "A=x y", "A= x y", "A=x y\t",
		"A=\t\tx y", "A= \t x y \t " };
	static const char *const blank[] = { "A=", "A= ", "A=\t \t", "B=x" };
	struct bytes value;

	(void)state;
	for (size_t i = 0; i < COUNT(spellings); i++) {
		struct front front = { .variables = { spellings[i] } };
		struct request request = open_request(&front);

		assert_int_equal(request_header(&request, "A", &value), RC_OK);
		assert_true(bytes_is(value, "x y"));
		request_close(&request);
	}
	for (size_t i = 0; i < COUNT(blank); i++) {
		struct front front = { .variables = { blank[i] } };
		struct request request = open_request(&front);

		value = LIT("kept");
		assert_int_equal(request_header(&request, "A", &value), RC_OK);
		assert_int_equal(value.len, 0);
		request_close(&request);
	}
}

static void
a_repeated_header_has_no_value(void **state)
{
	struct front front = { .variables = { "A=x", "A=x" } };
	struct request request = open_request(&front);
	struct bytes value = LIT("kept");

	(void)state;
	assert_int_equal(request_header(&request, "A", &value), RC_REPEATED);
	assert_true(bytes_is(value, "kept"));
	request_close(&request);
}

static void
a_length_is_digits_or_unknown(void **state)
{
	static const struct {
		const char *variable;
		enum rc rc;
		int64_t length;
	} cases[] = {
		{ "OTHER=1", RC_OK, -1 },
		{ "CONTENT_LENGTH=", RC_OK, -1 },
		{ "CONTENT_LENGTH=-1", RC_OK, -1 },
		{ "CONTENT_LENGTH=0", RC_OK, 0 },
		{ "CONTENT_LENGTH=1", RC_OK, 1 },
		{ "CONTENT_LENGTH=100", RC_OK, 100 },
		{ "CONTENT_LENGTH=0100", RC_OK, 100 },
		{ "CONTENT_LENGTH=101", RC_LARGE, 101 },
		{ "CONTENT_LENGTH=9223372036854775807", RC_LARGE, INT64_MAX },
		{ "CONTENT_LENGTH=9223372036854775808", RC_LARGE, INT64_MAX },
		{ "CONTENT_LENGTH=18446744073709551617", RC_LARGE, INT64_MAX },
		{ "CONTENT_LENGTH=-2", RC_LENGTH, -1 },
		{ "CONTENT_LENGTH=-0", RC_LENGTH, -1 },
		{ "CONTENT_LENGTH=+1", RC_LENGTH, -1 },
		{ "CONTENT_LENGTH= 1", RC_LENGTH, -1 },
		{ "CONTENT_LENGTH=1 ", RC_LENGTH, -1 },
		{ "CONTENT_LENGTH=1, 1", RC_LENGTH, -1 },
		{ "CONTENT_LENGTH=0x10", RC_LENGTH, -1 },
		{ "CONTENT_LENGTH=1e1", RC_LENGTH, -1 },
		{ "CONTENT_LENGTH=ten", RC_LENGTH, -1 },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct front front = { .variables = { cases[i].variable } };
		struct request request = open_request(&front);

		wrong += case_rc(cases[i].variable,
		    request_admit(&request, 100), cases[i].rc);
		wrong += case_number(cases[i].variable, request.length,
		    cases[i].length);
		wrong += case_number("nothing read", front.reads, 0);
		request_close(&request);
	}
	assert_int_equal(wrong, 0);
}

static void
two_lengths_are_refused(void **state)
{
	struct front front = { .variables = { "CONTENT_LENGTH=1",
				   "CONTENT_LENGTH=2" } };
	struct request request = open_request(&front);

	(void)state;
	assert_int_equal(request_admit(&request, 100), RC_LENGTH);
	request_close(&request);
}

static void
the_server_says_one_thing(void **state)
{
	static const struct {
		const char *variables[4];
		enum rc rc;
	} cases[] = {
		{ { NULL }, RC_OK },
		{ { "CONTENT_LENGTH=1", "CONTENT_LENGTH=1" }, RC_OK },
		{ { "CONTENT_LENGTH=1", "CONTENT_LENGTH=01" }, RC_CONFIG },
		{ { "CONTENT_LENGTH=", "CONTENT_LENGTH=1" }, RC_CONFIG },
		{ { "PATH_INFO=/a", "PATH_INFO=/a", "PATH_INFO=/b" },
		    RC_CONFIG },
		{ { "PATH_INFO=/a", "PATH_INFO_X=/b", "PATH_INFO=/a" }, RC_OK },
		{ { "REQUEST_METHOD=POST", "REQUEST_METHOD=GET" }, RC_CONFIG },
		{ { "REMOTE_ADDR=192.0.2.1", "REMOTE_ADDR=192.0.2.2" },
		    RC_CONFIG },
		{ { "SERVER_NAME=a", "SERVER_NAME=b" }, RC_OK },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct front front = { 0 };
		struct request request;

		for (size_t k = 0; k < 4; k++)
			if (cases[i].variables[k] != NULL)
				front_add(&front, cases[i].variables[k]);
		request = open_request(&front);
		assert_int_equal(request_check(&request), cases[i].rc);
		request_close(&request);
	}
}

static void
an_encoded_body_is_refused(void **state)
{
	static const struct {
		const char *variable;
		enum rc rc;
	} cases[] = {
		{ "HTTP_CONTENT_ENCODING=gzip", RC_ENCODED },
		{ "HTTP_CONTENT_ENCODING=deflate, gzip", RC_ENCODED },
		{ "HTTP_CONTENT_ENCODING=identity, gzip", RC_ENCODED },
		{ "HTTP_CONTENT_ENCODING=x", RC_ENCODED },
		{ "HTTP_CONTENT_ENCODING=", RC_OK },
		{ "HTTP_ACCEPT_ENCODING=gzip", RC_OK },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct front front = { .variables = { "CONTENT_LENGTH=1",
					   cases[i].variable } };
		struct request request = open_request(&front);

		wrong += case_rc(cases[i].variable,
		    request_admit(&request, 100), cases[i].rc);
		request_close(&request);
	}
	assert_int_equal(wrong, 0);
}

static void
two_encodings_are_refused(void **state)
{
	struct front front = { .variables = { "HTTP_CONTENT_ENCODING=identity",
				   "HTTP_CONTENT_ENCODING=identity" } };
	struct request request = open_request(&front);

	(void)state;
	assert_int_equal(request_admit(&request, 100), RC_REPEATED);
	request_close(&request);
}

/* How a body comes and what becomes of it, under a max-body of eight. */
static const struct {
	const char *name;
	const char *length;
	struct bytes input;
	enum rc input_end;
	enum rc rc;
	struct bytes body;
} bodies[] = {
	{ "exactly", "CONTENT_LENGTH=3", RAW("abc"), RC_OK, RC_OK, RAW("abc") },
	{ "the largest", "CONTENT_LENGTH=8", RAW("12345678"), RC_OK, RC_OK,
	    RAW("12345678") },
	{ "nothing", "CONTENT_LENGTH=0", RAW(""), RC_OK, RC_OK, RAW("") },
	{ "nothing, nor read", "CONTENT_LENGTH=0", RAW(""), RC_SLOW, RC_OK,
	    RAW("") },
	{ "more than its length", "CONTENT_LENGTH=3", RAW("abcdef"), RC_OK,
	    RC_OK, RAW("abc") },
	{ "no end behind it", "CONTENT_LENGTH=3", RAW("abc"), RC_SLOW, RC_OK,
	    RAW("abc") },
	{ "NUL inside", "CONTENT_LENGTH=3", RAW("a\0b"), RC_OK, RC_OK,
	    RAW("a\0b") },
	{ "one byte short", "CONTENT_LENGTH=4", RAW("abc"), RC_OK, RC_SHORT,
	    RAW("") },
	{ "nothing came", "CONTENT_LENGTH=4", RAW(""), RC_OK, RC_SHORT,
	    RAW("") },
	{ "cut off", "CONTENT_LENGTH=4", RAW("abc"), RC_SHORT, RC_SHORT,
	    RAW("") },
	{ "too slow", "CONTENT_LENGTH=4", RAW("abc"), RC_SLOW, RC_SLOW,
	    RAW("") },
	{ "told to stop", "CONTENT_LENGTH=4", RAW("abc"), RC_STOPPING,
	    RC_STOPPING, RAW("") },
	{ "unknown length", "CONTENT_LENGTH=-1", RAW("abc"), RC_OK, RC_OK,
	    RAW("abc") },
	{ "unknown and nothing", "CONTENT_LENGTH=", RAW(""), RC_OK, RC_OK,
	    RAW("") },
	{ "unknown, the largest", "OTHER=", RAW("12345678"), RC_OK, RC_OK,
	    RAW("12345678") },
	{ "unknown, too large", "OTHER=", RAW("123456789"), RC_OK, RC_LARGE,
	    RAW("") },
	{ "unknown, far too large", "OTHER=", RAW("12345678901234567890"),
	    RC_OK, RC_LARGE, RAW("") },
	{ "unknown, cut off", "OTHER=", RAW("abc"), RC_SHORT, RC_SHORT,
	    RAW("") },
	{ "unknown, too slow", "OTHER=", RAW("abc"), RC_SLOW, RC_SLOW,
	    RAW("") },
	{ "unknown, told to stop", "OTHER=", RAW(""), RC_STOPPING, RC_STOPPING,
	    RAW("") },
};

static unsigned
check_body(size_t i, size_t step)
{
	struct front front = {
		.variables = { bodies[i].length },
		.input = bodies[i].input,
		.step = step,
		.input_end = bodies[i].input_end,
	};
	struct gateway gateway = front_gateway(&front);
	struct request request = open_request(&front);
	const char *name = bodies[i].name;
	unsigned wrong = case_rc(name, request_admit(&request, 8), RC_OK);

	wrong += case_rc(name, request_read(&request, &gateway, 8, 4711),
	    bodies[i].rc);
	if (bodies[i].rc == RC_OK)
		wrong += case_bytes(name, buf_view(&request.body),
		    bodies[i].body);
	if (request.length >= 0)
		wrong += case_true(name, "nothing read past the length",
		    front.taken <= (size_t)request.length);
	if (front.reads > 0)
		wrong += case_number(name, front.read_deadline, 4711);
	request_close(&request);
	return wrong;
}

static void
bodies_are_read_whole_or_not_at_all(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++)
		wrong += check_body(i, 0);
	assert_int_equal(wrong, 0);
}

static void
the_pieces_they_come_in_do_not_matter(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++)
		wrong += check_body(i, 1) + check_body(i, 3);
	assert_int_equal(wrong, 0);
}

static void
a_large_body_is_read(void **state)
{
	static char input[300000];
	struct front front = {
		.variables = { "CONTENT_LENGTH=300000" },
		.input = { input, sizeof(input) },
	};
	struct gateway gateway = front_gateway(&front);
	struct request request = open_request(&front);

	(void)state;
	for (size_t i = 0; i < sizeof(input); i++)
		input[i] = (char)(i * 7);
	assert_int_equal(request_admit(&request, 1 << 20), RC_OK);
	assert_int_equal(request_read(&request, &gateway, 1 << 20, CLOCK_NEVER),
	    RC_OK);
	assert_int_equal(request.body.len, sizeof(input));
	assert_memory_equal(request.body.data, input, sizeof(input));
	request_close(&request);
}

static void
a_length_alone_takes_no_memory(void **state)
{
	struct front front = { .variables = {
				   "CONTENT_LENGTH=4611686018427387904" } };
	struct gateway gateway = front_gateway(&front);
	struct request request = open_request(&front);

	(void)state;
	/* Nobody sent a byte of it: memory follows what has come. */
	assert_int_equal(request_admit(&request, SIZE_MAX), RC_OK);
	assert_int_equal(request_read(&request, &gateway, SIZE_MAX,
			     CLOCK_NEVER),
	    RC_SHORT);
	request_close(&request);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_absent_is_empty),
		cmocka_unit_test(the_variables_are_found),
		cmocka_unit_test(names_of_variables_are_compared_whole),
		cmocka_unit_test(what_has_to_be_there_once),
		cmocka_unit_test(a_headers_value_is_without_blanks_round_it),
		cmocka_unit_test(a_repeated_header_has_no_value),
		cmocka_unit_test(a_length_is_digits_or_unknown),
		cmocka_unit_test(two_lengths_are_refused),
		cmocka_unit_test(the_server_says_one_thing),
		cmocka_unit_test(an_encoded_body_is_refused),
		cmocka_unit_test(two_encodings_are_refused),
		cmocka_unit_test(bodies_are_read_whole_or_not_at_all),
		cmocka_unit_test(the_pieces_they_come_in_do_not_matter),
		cmocka_unit_test(a_large_body_is_read),
		cmocka_unit_test(a_length_alone_takes_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
