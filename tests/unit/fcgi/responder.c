/* SPDX-License-Identifier: ISC */
#include <sys/resource.h>

#include <pthread.h>
#include <stdlib.h>

#include "../commands.h"

#include "base/io.h"

#include "../../../fcgi/memory_file.h"
#include "../../../fcgi/records.h"
#include "../../../fcgi/responder.h"

static const struct records records = { .begun = true,
	.id = 5,
	.role = RECORDS_RESPONDER };
static const struct bytes params = RAW("\4\3NAMEabc\1\0X");
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
accept_one(struct bytes head)
{
	const struct responder_input input = {
		.records = &records,
		.params = head,
	};
	struct responder_request *request = NULL;

	assert_int_equal(responder_accept(&input, &file, &request), RC_OK);
	assert_non_null(request);
	return request;
}

/* Whether they are FCGI_ROLE, which libfcgi adds, and these two. */
static void
expect_variables(struct responder_request *request, const char *first,
    const char *second)
{
	const char *const *at = responder_variables(request);

	assert_string_equal(at[0], "FCGI_ROLE=RESPONDER");
	assert_string_equal(at[1], first);
	assert_string_equal(at[2], second);
	assert_null(at[3]);
}

static void
variables_are_those_of_the_records(void **state)
{
	struct responder_request *request = accept_one(params);

	(void)state;
	expect_variables(request, "NAME=abc", "X=");
	responder_free(request);
}

static void
variables_stay_while_the_file_is_used(void **state)
{
	static char text[300000];
	static const char lengths[] = "\1\x80\x04\x93\xda";
	struct bytes large = { text, sizeof(text) };
	struct responder_request *request = accept_one(params);
	struct responder_request *other;

	(void)state;
	memset(text, 'v', sizeof(text));
	memcpy(text, lengths, strlen(lengths));
	other = accept_one(large);
	assert_int_equal(strlen(responder_variables(other)[1]),
	    sizeof(text) - strlen(lengths) + 1);
	expect_variables(request, "NAME=abc", "X=");
	responder_free(other);
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
		struct responder_request *request = accept_one(params);

		expect_output(request,
		    (struct bytes){ text, lengths[i % COUNT(lengths)] });
		responder_free(request);
	}
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
	request = accept_one(params);
	expect_variables(request, "NAME=abc", "X=");
	responder_free(request);
}

/* Of all sizes, so that there is none left for anything. */
static size_t
take_all_memory(void *volatile *taken, size_t n)
{
	size_t taken_n = 0;

	for (size_t size = 1 << 20; size >= 16; size /= 2)
		while (taken_n < n && (taken[taken_n] = malloc(size)) != NULL)
			taken_n++;
	return taken_n;
}

static bool
accept_without_memory(void)
{
	static void *volatile taken[100000];
	static char text[300000] = "\1\x80\x04\x93\xda";
	const struct responder_input input = {
		.records = &records,
		.params = { text, sizeof(text) },
	};
	size_t value = sizeof(text) - strlen(text);
	struct rlimit limit = { 1, RLIM_INFINITY };
	struct responder_request *request = NULL;
	size_t n;

	memset(text + strlen(text), 'v', value);
	NEED(setrlimit(RLIMIT_DATA, &limit) == 0);
	n = take_all_memory(taken, COUNT(taken));
	NEED(n < COUNT(taken));
	/* First it lacks all, and then what a long variable takes. */
	for (int i = 0; i < 2 && n > 0; i++) {
		NEED(responder_accept(&input, &file, &request) == RC_MEMORY);
		NEED(request == NULL);
		for (size_t rest = n / 2; n > rest;)
			free(taken[--n]);
	}
	limit.rlim_cur = RLIM_INFINITY;
	NEED(setrlimit(RLIMIT_DATA, &limit) == 0);
	NEED(responder_accept(&input, &file, &request) == RC_OK);
	NEED(strlen(responder_variables(request)[1]) == 1 + value);
	responder_free(request);
	return true;
}

/* libfcgi asserts that it gets memory, which would end the process. */
static void
without_memory_a_request_is_refused(void **state)
{
	(void)state;
	if (!memory_can_be_limited())
		skip();
	assert_true(in_child(accept_without_memory));
	variables_are_those_of_the_records(state);
}

static void *
answer_many(void *context)
{
	struct responder_output output;
	unsigned *wrong = context;

	for (int i = 0; i < 200; i++) {
		const struct responder_input input = { .records = &records,
			.params = params };
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
		OPEN(variables_are_those_of_the_records),
		OPEN(variables_stay_while_the_file_is_used),
		OPEN(an_answer_is_put_into_records),
		OPEN(a_file_that_libfcgi_closed_is_there_again),
		OPEN(without_memory_a_request_is_refused),
		OPEN(threads_answer_at_once),
	};

	return cmocka_run_group_tests_name("responder", tests, prepare, NULL);
}
