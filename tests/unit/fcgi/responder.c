/* SPDX-License-Identifier: ISC */
#include <pthread.h>
#include <stdlib.h>

#include "../unit.h"

#include "base/io.h"

#include "../../../fcgi/memory_file.h"
#include "../../../fcgi/records.h"
#include "../../../fcgi/responder.h"

static const struct records records = { .begun = true,
	.id = 5,
	.role = RECORDS_RESPONDER };
static const struct bytes params = RAW("\4\3NAMEabc\1\0X");
static const struct bytes no_params = RAW("");
static struct memory_file file;
static struct responder *responder;

static int
open_it(void **state)
{
	(void)state;
	if (memory_file_open(&file) != RC_OK)
		return -1;
	return responder_open(1, &responder) == RC_OK ? 0 : -1;
}

static int
close_it(void **state)
{
	(void)state;
	responder_close(responder);
	memory_file_close(&file);
	return 0;
}

static struct responder_request *
accept_one(struct bytes head, struct bytes body)
{
	const struct responder_input input = {
		.records = &records,
		.params = head,
		.body = body,
	};
	struct responder_request *request = NULL;

	assert_int_equal(responder_accept(&input, &file, &request), RC_OK);
	assert_non_null(request);
	return request;
}

/* Whether it has the body and nothing after it. */
static void
expect_body(struct responder_request *request, struct bytes body)
{
	char *text = malloc(body.len + 10);
	size_t len = 0;
	size_t got = 1;

	assert_non_null(text);
	while (got > 0) {
		assert_int_equal(responder_read(request, text + len,
				     body.len + 10 - len, &got),
		    RC_OK);
		len += got;
	}
	assert_int_equal(case_bytes("body", (struct bytes){ text, len }, body),
	    0);
	free(text);
}

static void
variables_and_body_are_those_of_the_records(void **state)
{
	struct responder_request *request = accept_one(params, LIT("a body"));
	const char *const *variables = responder_variables(request);
	unsigned found = 0;

	(void)state;
	for (; *variables != NULL; variables++)
		found += strcmp(*variables, "NAME=abc") == 0 ||
		    strcmp(*variables, "X=") == 0;
	assert_int_equal(found, 2);
	expect_body(request, LIT("a body"));
	responder_free(request);
}

static void
a_body_that_comes_later_is_read(void **state)
{
	static char text[300000];
	struct responder_input input = {
		.records = &records,
		.body = { text, sizeof(text) },
	};
	struct responder_request *request = accept_one(params,
	    (struct bytes){ NULL, 0 });
	/* The file is used for another meanwhile. */
	struct responder_request *other = accept_one(no_params, LIT("other"));

	(void)state;
	memset(text, 'b', sizeof(text));
	expect_body(other, LIT("other"));
	responder_free(other);
	assert_int_equal(responder_feed(request, &input, &file), RC_OK);
	expect_body(request, input.body);
	responder_free(request);
}

static void
expect_output(struct responder_request *request, struct bytes answer)
{
	struct responder_output output;
	struct bytes at;
	struct buf content = { 0 };

	assert_int_equal(responder_print(responder, request, answer, &output),
	    RC_OK);
	at = output.records;
	assert_int_equal(at.len - output.end, 8 + 16);
	while (at.data < output.records.data + output.end) {
		const uint8_t *header = (const uint8_t *)at.data;
		size_t len = (size_t)(header[4] << 8 | header[5]);

		assert_memory_equal(at.data, "\1\6\0\5", 4);
		buf_add(&content, (struct bytes){ at.data + 8, len });
		at = bytes_skip(at, 8 + len + header[6]);
	}
	assert_int_equal(case_bytes("output", buf_view(&content), answer), 0);
	assert_memory_equal(at.data,
	    "\1\6\0\5\0\0\0\0\1\3\0\5\0\10\0\0"
	    "\0\0\0\0\0\0\0\0",
	    24);
	buf_free(&content);
	responder_done(responder, &output);
}

static void
an_answer_is_put_into_records(void **state)
{
	static char text[300000];
	static const size_t lengths[] = { 0, 1, 8176, 8184, 8185, 100000,
		300000, 3 };

	(void)state;
	memset(text, 'c', sizeof(text));
	for (size_t i = 0; i < 100; i++) {
		struct bytes body = LIT("a body");
		struct responder_request *request = accept_one(params, body);

		expect_output(request,
		    (struct bytes){ text, lengths[i % COUNT(lengths)] });
		responder_free(request);
	}
}

/* Its input is gone, or was never read: its answer does not mind. */
static void
an_answer_needs_no_input(void **state)
{
	struct responder_request *request = accept_one(params,
	    (struct bytes){ NULL, 0 });
	char c;
	size_t got;

	(void)state;
	assert_int_equal(responder_read(request, &c, 1, &got), RC_SHORT);
	expect_output(request, LIT("Status: 400"));
	responder_free(request);
	request = accept_one(params, LIT("a body"));
	responder_end_input(request);
	expect_output(request, LIT("Status: 200"));
	responder_free(request);
	request = accept_one(params, LIT("a body"));
	responder_free(request);
}

/* libfcgi closes what it cannot use. */
static void
a_file_that_libfcgi_closed_is_there_again(void **state)
{
	static const struct records odd = { .begun = true,
		.id = 5,
		.role = 17 };
	const struct responder_input input = { .records = &odd,
		.params = params };
	struct responder_request *request = NULL;

	(void)state;
	assert_int_equal(responder_accept(&input, &file, &request), RC_SYNTAX);
	assert_null(request);
	request = accept_one(params, LIT("a body"));
	expect_body(request, LIT("a body"));
	responder_free(request);
}

static void *
answer_many(void *context)
{
	struct responder_output output;
	unsigned *wrong = context;

	for (int i = 0; i < 200; i++) {
		const struct responder_input input = { .records = &records,
			.params = params,
			.body = LIT("") };
		struct responder_request *request = NULL;
		struct memory_file own;

		*wrong += memory_file_open(&own) != RC_OK;
		*wrong += responder_accept(&input, &own, &request) != RC_OK;
		*wrong += responder_print(responder, request, LIT("Status"),
			      &output) != RC_OK;
		*wrong += output.records.len != 8 + 8 + 8 + 16;
		responder_done(responder, &output);
		responder_free(request);
		memory_file_close(&own);
	}
	return NULL;
}

/* More threads than files. */
static void
threads_answer_at_once(void **state)
{
	pthread_t threads[4];
	unsigned wrong[COUNT(threads)] = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, answer_many,
				     &wrong[i]),
		    0);
	for (size_t i = 0; i < COUNT(threads); i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(wrong[i], 0);
	}
}

static int
prepare(void **state)
{
	(void)state;
	return responder_prepare() == RC_OK ? 0 : -1;
}

#define OPEN(test) cmocka_unit_test_setup_teardown(test, open_it, close_it)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		OPEN(variables_and_body_are_those_of_the_records),
		OPEN(a_body_that_comes_later_is_read),
		OPEN(an_answer_is_put_into_records),
		OPEN(an_answer_needs_no_input),
		OPEN(a_file_that_libfcgi_closed_is_there_again),
		OPEN(threads_answer_at_once),
	};

	return cmocka_run_group_tests_name("responder", tests, prepare, NULL);
}
