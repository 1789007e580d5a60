/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include <json-c/json.h>

#include "../unit.h"

#include "base/buf.h"
#include "http/reply.h"

#define ID "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"

/* Every answer there is: of each reason to refuse, and of each outcome. */
static const struct answer {
	enum outcome outcome;
	enum rc reason;
	int status;
	const char *phrase;
	const char *word; /* the status member of a 2xx, else NULL */
	bool later;	  /* with Retry-After */
} answers[] = {
	{ OUTCOME_REFUSED, RC_OK, 500, "Internal Server Error", NULL, false },
	{ OUTCOME_REFUSED, RC_METHOD, 405, "Method Not Allowed", NULL, false },
	{ OUTCOME_REFUSED, RC_NO_HOOK, 404, "Not Found", NULL, false },
	{ OUTCOME_REFUSED, RC_LENGTH, 400, "Bad Request", NULL, false },
	{ OUTCOME_REFUSED, RC_LARGE, 413, "Content Too Large", NULL, false },
	{ OUTCOME_REFUSED, RC_ENCODED, 415, "Unsupported Media Type", NULL,
	    false },
	{ OUTCOME_REFUSED, RC_SHORT, 400, "Bad Request", NULL, false },
	{ OUTCOME_REFUSED, RC_SLOW, 408, "Request Timeout", NULL, false },
	{ OUTCOME_REFUSED, RC_REPEATED, 400, "Bad Request", NULL, false },
	{ OUTCOME_REFUSED, RC_SIGNATURE, 401, "Unauthorized", NULL, false },
	{ OUTCOME_REFUSED, RC_ACCESS, 403, "Forbidden", NULL, false },
	{ OUTCOME_REFUSED, RC_JSON, 400, "Bad Request", NULL, false },
	{ OUTCOME_REFUSED, RC_CONFIG, 500, "Internal Server Error", NULL,
	    false },
	{ OUTCOME_REFUSED, RC_BODIES, 503, "Service Unavailable", NULL, true },
	{ OUTCOME_REFUSED, RC_CROWDED, 503, "Service Unavailable", NULL, true },
	{ OUTCOME_REFUSED, RC_PENDING, 503, "Service Unavailable", NULL, true },
	{ OUTCOME_REFUSED, RC_QUEUE_FULL, 503, "Service Unavailable", NULL,
	    true },
	{ OUTCOME_REFUSED, RC_STORE, 503, "Service Unavailable", NULL, true },
	{ OUTCOME_REFUSED, RC_LOCKED, 503, "Service Unavailable", NULL, true },
	{ OUTCOME_REFUSED, RC_CORRUPT, 503, "Service Unavailable", NULL, true },
	{ OUTCOME_REFUSED, RC_STOPPING, 503, "Service Unavailable", NULL,
	    true },
	{ OUTCOME_REFUSED, RC_MEMORY, 503, "Service Unavailable", NULL, true },
	{ OUTCOME_REFUSED, RC_SYSTEM, 500, "Internal Server Error", NULL,
	    false },
	{ OUTCOME_REFUSED, RC_DUPLICATE, 500, "Internal Server Error", NULL,
	    false },
	{ OUTCOME_REFUSED, RC_TIMEOUT, 500, "Internal Server Error", NULL,
	    false },
	{ OUTCOME_REFUSED, RC_SYNTAX, 500, "Internal Server Error", NULL,
	    false },
	{ OUTCOME_REFUSED, RC_MISSING, 500, "Internal Server Error", NULL,
	    false },
	{ OUTCOME_REFUSED, RC_RANGE, 500, "Internal Server Error", NULL,
	    false },
	{ OUTCOME_DELIVERED, RC_OK, 200, "OK", "delivered", false },
	{ OUTCOME_IGNORED, RC_OK, 200, "OK", "ignored", false },
	{ OUTCOME_DUPLICATE, RC_OK, 200, "OK", "duplicate", false },
	{ OUTCOME_QUEUED, RC_OK, 202, "Accepted", "queued", false },
	{ OUTCOME_REJECTED, RC_OK, 422, "Unprocessable Content", NULL, false },
	{ OUTCOME_TEMPORARY, RC_OK, 503, "Service Unavailable", NULL, true },
	{ OUTCOME_FAILED, RC_OK, 500, "Internal Server Error", NULL, false },
	{ OUTCOME_UNSTARTED, RC_OK, 500, "Internal Server Error", NULL, false },
	{ OUTCOME_BUSY, RC_OK, 503, "Service Unavailable", NULL, true },
	{ OUTCOME_TIMEOUT, RC_OK, 504, "Gateway Timeout", NULL, false },
	{ OUTCOME_STOPPED, RC_OK, 503, "Service Unavailable", NULL, true },
};

enum { REASONS = RC_RANGE + 1 }; /* of them are refusals */

static const char *
word_of(const struct answer *answer)
{
	return reply_word(answer->outcome, answer->reason);
}

static struct reply
reply_of(const struct answer *answer)
{
	return (struct reply){
		.outcome = answer->outcome,
		.reason = answer->reason,
		.id = ID,
		.event = "connection_added",
	};
}

/* A response cut into its parts; the texts are views of one buf. */
struct response {
	struct buf text;
	struct bytes head; /* the lines, without the empty one */
	struct bytes body;
};

static unsigned
split_response(const char *name, struct response *response)
{
	const char *end = memmem(response->text.data, response->text.len,
	    "\r\n\r\n", 4);

	if (end == NULL)
		return case_true(name, "an empty line", false);
	response->head = (struct bytes){ response->text.data,
		(size_t)(end - response->text.data) + 2 };
	response->body = bytes_skip(buf_view(&response->text),
	    response->head.len + 2);
	return 0;
}

/* The value of a header line, NULL data where it is not there just once. */
static struct bytes
header(const struct response *response, const char *name)
{
	struct bytes rest = response->head, line, found = { NULL, 0 };

	while (bytes_split(&rest, "\n", &line)) {
		if (!bytes_begin(line, name) || line.len < strlen(name) + 3 ||
		    line.data[strlen(name)] != ':')
			continue;
		if (found.data != NULL)
			return (struct bytes){ NULL, 0 };
		found = bytes_trim(bytes_skip(line, strlen(name) + 1));
		found.len--;
	}
	return found;
}

static struct response
print_reply(const struct reply *reply)
{
	struct response response = { 0 };
	unsigned wrong = case_rc("print", reply_print(reply, &response.text),
	    RC_OK);

	wrong += split_response(reply_word(reply->outcome, reply->reason),
	    &response);
	assert_int_equal(wrong, 0);
	return response;
}

static struct json_object *
read_body(const struct response *response)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *object;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	object = json_tokener_parse_ex(tokener, response->body.data,
	    (int)response->body.len);
	assert_int_equal(json_tokener_get_error(tokener), json_tokener_success);
	assert_int_equal(json_tokener_get_parse_end(tokener),
	    response->body.len);
	assert_true(json_object_is_type(object, json_type_object));
	json_tokener_free(tokener);
	return object;
}

static const char *
member(struct json_object *object, const char *key)
{
	return json_object_get_string(json_object_object_get(object, key));
}

static void
every_outcome_has_its_status(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++) {
		bool refused = i < REASONS;

		wrong += case_number("outcome", answers[i].outcome,
		    refused ? OUTCOME_REFUSED : (long long)(i - REASONS + 1));
		wrong += case_number("reason", answers[i].reason,
		    refused ? (long long)i : RC_OK);
		wrong += case_number("status",
		    reply_status(answers[i].outcome, answers[i].reason),
		    answers[i].status);
	}
	assert_int_equal(COUNT(answers), REASONS + OUTCOME_STOPPED);
	assert_int_equal(wrong, 0);
}

static void
no_reason_to_refuse_is_answered_as_handled(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < REASONS; i++) {
		struct reply reply = reply_refused((enum rc)i);

		wrong += case_number("refused", reply.outcome, OUTCOME_REFUSED);
		wrong += case_true(word_of(&answers[i]), "400 or more",
		    reply_status(reply.outcome, reply.reason) >= 400);
	}
	assert_int_equal(wrong, 0);
}

/* But that we stop, which is a reason as well as an end of a command. */
static void
every_outcome_has_a_word_of_its_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++) {
		const char *word = word_of(&answers[i]);

		assert_non_null(word);
		assert_int_equal(strspn(word, "abcdefghijklmnopqrstuvwxyz-"),
		    strlen(word));
		for (size_t j = 0; j < i; j++)
			if (answers[i].outcome == OUTCOME_STOPPED &&
			    answers[j].reason == RC_STOPPING)
				assert_string_equal(word, "stopping");
			else
				assert_string_not_equal(word,
				    word_of(&answers[j]));
	}
}

static void
a_command_that_was_stopped_is_answered_as_who_was_not_begun(void **state)
{
	struct reply stopped = { .outcome = OUTCOME_STOPPED };
	struct reply refused = reply_refused(RC_STOPPING);
	struct buf one = { 0 }, other = { 0 };

	(void)state;
	assert_int_equal(reply_print(&stopped, &one), RC_OK);
	assert_int_equal(reply_print(&refused, &other), RC_OK);
	assert_string_equal(one.data, other.data);
	buf_free(&one);
	buf_free(&other);
}

static void
the_first_line_is_the_status(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++) {
		struct reply reply = reply_of(&answers[i]);
		struct response response = print_reply(&reply);
		char line[80];

		snprintf(line, sizeof(line), "Status: %d %s\r\n",
		    answers[i].status, answers[i].phrase);
		wrong += case_true(line, "the first line",
		    bytes_begin(response.head, line));
		buf_free(&response.text);
	}
	assert_int_equal(wrong, 0);
}

static void
the_length_is_exact_and_lines_end_in_crlf(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++) {
		struct reply reply = reply_of(&answers[i]);
		struct response response = print_reply(&reply);
		const char *word = word_of(&answers[i]);
		char length[24];

		snprintf(length, sizeof(length), "%zu", response.body.len);
		wrong += case_bytes(word, header(&response, "Content-Length"),
		    bytes_of(length));
		for (size_t j = 0; j < response.head.len; j++)
			wrong += case_true(word, "CRLF",
			    (response.head.data[j] == '\n') ==
				(j > 0 && response.head.data[j - 1] == '\r'));
		buf_free(&response.text);
	}
	assert_int_equal(wrong, 0);
}

static void
an_event_is_answered_with_its_id(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++) {
		struct reply reply = reply_of(&answers[i]);
		struct response response;
		struct json_object *object;

		if (answers[i].word == NULL)
			continue;
		response = print_reply(&reply);
		object = read_body(&response);
		wrong += case_bytes(answers[i].word,
		    header(&response, "Content-Type"), LIT("application/json"));
		wrong += case_text(answers[i].word, member(object, "status"),
		    answers[i].word);
		wrong += case_text(answers[i].word, member(object, "id"), ID);
		wrong += case_text(answers[i].word, member(object, "event"),
		    "connection_added");
		wrong += case_number(answers[i].word,
		    json_object_object_length(object), 3);
		json_object_put(object);
		buf_free(&response.text);
	}
	assert_int_equal(wrong, 0);
}

static void
a_refusal_is_a_problem_with_a_fixed_title(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++) {
		/* Nothing of the event may show in a refusal. */
		struct reply reply = reply_of(&answers[i]);
		struct response response;
		struct json_object *object;
		const char *word = word_of(&answers[i]);

		if (answers[i].word != NULL)
			continue;
		response = print_reply(&reply);
		object = read_body(&response);
		wrong += case_bytes(word, header(&response, "Content-Type"),
		    LIT("application/problem+json"));
		wrong += case_number(word,
		    json_object_get_int(
			json_object_object_get(object, "status")),
		    answers[i].status);
		wrong += case_true(word, "the status is a number",
		    json_object_is_type(json_object_object_get(object,
					    "status"),
			json_type_int));
		wrong += case_true(word, "a title",
		    member(object, "title") != NULL &&
			strlen(member(object, "title")) > 0);
		wrong += case_true(word, "nothing of the event",
		    !holds_text(response.body, ID) &&
			!holds_text(response.body, "connection"));
		json_object_put(object);
		buf_free(&response.text);
	}
	assert_int_equal(wrong, 0);
}

static void
only_what_may_be_tried_again_says_when(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++) {
		struct reply reply = reply_of(&answers[i]);
		struct response response = print_reply(&reply);
		struct bytes after = header(&response, "Retry-After");
		unsigned long long seconds = 0;

		wrong += case_number(word_of(&answers[i]),
		    bytes_number(after, 3600, &seconds) == RC_OK && seconds > 0,
		    answers[i].later);
		wrong += case_number(word_of(&answers[i]), after.data != NULL,
		    answers[i].status == 503);
		buf_free(&response.text);
	}
	assert_int_equal(wrong, 0);
}

static void
only_405_says_what_is_allowed(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++) {
		struct reply reply = reply_of(&answers[i]);
		struct response response = print_reply(&reply);

		wrong += case_bytes(word_of(&answers[i]),
		    header(&response, "Allow"),
		    bytes_of(answers[i].status == 405 ? "POST" : ""));
		buf_free(&response.text);
	}
	assert_int_equal(wrong, 0);
}

static void
head_is_answered_without_a_body(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++) {
		struct reply reply = reply_of(&answers[i]);
		struct response response;

		reply.head = true;
		response = print_reply(&reply);
		wrong += case_bytes(word_of(&answers[i]), response.body,
		    LIT(""));
		buf_free(&response.text);
	}
	assert_int_equal(wrong, 0);
}

static void
an_events_name_is_escaped(void **state)
{
	struct reply reply = {
		.outcome = OUTCOME_IGNORED,
		.id = ID,
		.event = "a\"b\\c\n\xff",
	};
	struct response response = print_reply(&reply);
	struct json_object *object = read_body(&response);

	(void)state;
	assert_string_equal(member(object, "event"), "a\"b\\c\n\xef\xbf\xbd");
	json_object_put(object);
	buf_free(&response.text);
}

static void
the_very_bytes_of_an_answer_and_of_a_refusal(void **state)
{
	struct reply queued = {
		.outcome = OUTCOME_QUEUED,
		.id = ID,
		.event = "connection_added",
	};
	struct reply refused = reply_refused(RC_METHOD);
	struct buf text = { 0 };

	(void)state;
	assert_int_equal(reply_print(&queued, &text), RC_OK);
	assert_string_equal(text.data,
	    "Status: 202 Accepted\r\n"
	    "Content-Type: application/json\r\n"
	    "Content-Length: 91\r\n\r\n"
	    "{\"status\":\"queued\",\"id\":\"" ID "\","
	    "\"event\":\"connection_added\"}\n");
	text.len = 0;
	assert_int_equal(reply_print(&refused, &text), RC_OK);
	assert_string_equal(text.data,
	    "Status: 405 Method Not Allowed\r\n"
	    "Content-Type: application/problem+json\r\n"
	    "Content-Length: 83\r\nAllow: POST\r\n\r\n"
	    "{\"title\":\"Method Not Allowed\",\"status\":405,"
	    "\"detail\":\"Only POST is answered here.\"}\n");
	buf_free(&text);
}

static void
a_reply_is_appended(void **state)
{
	struct reply reply = reply_refused(RC_JSON);
	struct buf text = { 0 }, small = { .max = 30 };

	(void)state;
	assert_int_equal(buf_text(&text, "before"), RC_OK);
	assert_int_equal(reply_print(&reply, &text), RC_OK);
	assert_true(bytes_begin(buf_view(&text), "beforeStatus: 400 "));
	assert_int_not_equal(reply_print(&reply, &small), RC_OK);
	buf_free(&text);
	buf_free(&small);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_outcome_has_its_status),
		cmocka_unit_test(no_reason_to_refuse_is_answered_as_handled),
		cmocka_unit_test(every_outcome_has_a_word_of_its_own),
		cmocka_unit_test(
		    a_command_that_was_stopped_is_answered_as_who_was_not_begun),
		cmocka_unit_test(the_first_line_is_the_status),
		cmocka_unit_test(the_length_is_exact_and_lines_end_in_crlf),
		cmocka_unit_test(an_event_is_answered_with_its_id),
		cmocka_unit_test(a_refusal_is_a_problem_with_a_fixed_title),
		cmocka_unit_test(only_what_may_be_tried_again_says_when),
		cmocka_unit_test(only_405_says_what_is_allowed),
		cmocka_unit_test(head_is_answered_without_a_body),
		cmocka_unit_test(an_events_name_is_escaped),
		cmocka_unit_test(the_very_bytes_of_an_answer_and_of_a_refusal),
		cmocka_unit_test(a_reply_is_appended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
