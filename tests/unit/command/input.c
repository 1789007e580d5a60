/* SPDX-License-Identifier: ISC */
#include <sys/resource.h>

#include <json-c/json.h>

#include "../one_job.h"

#include "base/buf.h"
#include "base/pool.h"
#include "command/environment.h"
#include "command/input.h"
#include "command/job.h"
#include "config/conf.h"
#include "event/payload.h"

/* JSON on one line. */

static struct json_object *
parse(struct bytes text)
{
	struct json_tokener *tokener = json_tokener_new_ex(64);
	struct json_object *root;

	assert_non_null(tokener);
	if (bytes_begin(text, "\xef\xbb\xbf"))
		text = bytes_skip(text, 3);
	json_tokener_set_flags(tokener,
	    JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	root = json_tokener_parse_ex(tokener, text.data, (int)text.len);
	/* A number alone ends with the text only. */
	if (json_tokener_get_error(tokener) == json_tokener_continue)
		root = json_tokener_parse_ex(tokener, "", -1);
	if (json_tokener_get_error(tokener) != json_tokener_success) {
		json_object_put(root);
		root = NULL;
	}
	json_tokener_free(tokener);
	return root;
}

static bool
is_one_line(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.data[i] < 0x20)
			return false;
	return true;
}

static void
a_line_changes_nothing_but_blanks_and_controls(void **state)
{
	static const struct {
		struct bytes text;
		const char *line;
	} cases[] = {
		{ RAW("{\"a\": 1}"), "{\"a\":1}" },
		{ RAW(" \t\r\n[ 1 ,\n\t2 ]\r\n"), "[1,2]" },
		{ RAW("[]"), "[]" },
		{ RAW("\"a b\\n\""), "\"a b\\n\"" },
		{ RAW("\"a\nb\tc\rd\be\ff\""), "\"a\\nb\\tc\\rd\\be\\ff\"" },
		{ RAW("\"\x01\x1f\x7f\""), "\"\\u0001\\u001f\x7f\"" },
		{ RAW("[\"a\\\" \", 1]"), "[\"a\\\" \",1]" },
		{ RAW("[\"a\\\\\", 1]"), "[\"a\\\\\",1]" },
		{ RAW("[\"a\\\\\\\" \", 1]"), "[\"a\\\\\\\" \",1]" },
		{ RAW("[\"it's a\", \"it's\" ]"), "[\"it's a\",\"it's\"]" },
		{ RAW("[NaN, Infinity, -Infinity, -0]"),
		    "[NaN,Infinity,-Infinity,-0]" },
		{ RAW("{\"a b\": \"c\\u0020d\"}"), "{\"a b\":\"c\\u0020d\"}" },
		{ RAW("{\"\\u0000\": \"\\ud800\"}"),
		    "{\"\\u0000\":\"\\ud800\"}" },
		{ RAW("\xef\xbb\xbf{ }"), "{}" },
		{ RAW("\"\xef\xbb\xbf\""), "\"\xef\xbb\xbf\"" },
		{ RAW("\"\xe2\x80\xa8\""), "\"\xe2\x80\xa8\"" },
		{ RAW("12345678901234567890.10e+2 "),
		    "12345678901234567890.10e+2" },
		{ RAW("{\"a\":1,\"a\": 2}"), "{\"a\":1,\"a\":2}" },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf line = { 0 };

		wrong += case_rc(cases[i].line,
		    input_line(cases[i].text, &line), RC_OK);
		wrong += case_bytes(cases[i].line, buf_view(&line),
		    bytes_of(cases[i].line));
		buf_free(&line);
	}
	assert_int_equal(wrong, 0);
}

/* Whatever is taken parses to the same as a line, is one, and is taken. */
static unsigned
check_line(struct bytes text, unsigned *accepted)
{
	struct json_object *before, *after;
	struct buf line = { 0 };
	unsigned wrong = 0;
	size_t at;

	if (payload_check(text, &at) != RC_OK)
		return 0;
	++*accepted;
	before = parse(payload_text(text));
	assert_int_equal(input_line(text, &line), RC_OK);
	after = parse(buf_view(&line));
	wrong += case_rc(line.data, payload_check(buf_view(&line), &at), RC_OK);
	wrong += case_true(line.data, "one line", is_one_line(buf_view(&line)));
	/* NaN does not equal itself, but its text does. */
	wrong += case_text(line.data, json_object_to_json_string(after),
	    json_object_to_json_string(before));
	json_object_put(before);
	json_object_put(after);
	buf_free(&line);
	return wrong;
}

static uint32_t
next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static void
what_is_taken_parses_to_the_same(void **state)
{
	static const char *const pieces[] = { "{", "}", "[", "]", ",", ":", " ",
		"\n", "\t", "\r", "\"", "'", "\\", "\\\"", "\\'", "\\\\", "\\n",
		"\\u0020", "a", "\"a b\"", "'a b'", "\"a\nb\"", "\"'\"",
		"\"\\\\\"", "\"\\\"\"", "1", "-1.5e3", "1.", "-", "NaN",
		"Infinity", "-Infinity", "true", "null", "\x01", "\x0b", "\x0c",
		"\x7f", "/", "/* */", "//", "\xc3\xa9", "\xef\xbb\xbf",
		"[1, 2]", "{\"a\" : [ ]}", "\"k\" : 1", "\"k\" :\n\"v\"" };
	unsigned wrong = 0, accepted = 0;
	uint32_t seed = 1;

	(void)state;
	for (int i = 0; i < 100000 && wrong == 0; i++) {
		struct buf text = { 0 };
		size_t n = 1 + next_random(&seed) % 8;
		bool list = next_random(&seed) % 2 == 0;

		assert_int_equal(buf_text(&text, list ? "[" : ""), RC_OK);
		while (n-- > 0)
			assert_int_equal(buf_text(&text,
					     pieces[next_random(&seed) %
						 COUNT(pieces)]),
			    RC_OK);
		assert_int_equal(buf_text(&text, list ? "]" : ""), RC_OK);
		wrong += check_line(buf_view(&text), &accepted);
		buf_free(&text);
	}
	assert_int_equal(wrong, 0);
	assert_true(accepted > 1000);
}

static void
a_line_that_does_not_fit_is_told(void **state)
{
	struct buf line = { .max = 4 };

	(void)state;
	assert_int_equal(input_line(LIT("\"abcdef\""), &line), RC_RANGE);
	line.len = 0;
	assert_int_equal(input_line(LIT("\"\n\n\n\""), &line), RC_RANGE);
	buf_free(&line);
}

static void
a_cloudevent_holds_the_payloads_own_text(void **state)
{
	struct buf line = { 0 };

	(void)state;
	job.body = LIT("{\n \"b\": 1.0,\n \"a\": \"x\ty\"\n}\n");
	assert_int_equal(input_cloudevent(&job, &line), RC_OK);
	assert_string_equal(line.data,
	    "{\"specversion\":\"1.0\","
	    "\"id\":\"01890a5d-ac96-774b-bcce-b302099a8057\","
	    "\"source\":\"urn:pelihook:peliqan\","
	    "\"type\":\"pipeline_run_failed\","
	    "\"time\":\"2026-01-02T03:04:05.678Z\","
	    "\"datacontenttype\":\"application/json\","
	    "\"pelihookattempt\":2,"
	    "\"data\":{\"b\":1.0,\"a\":\"x\\ty\"}}");
	buf_free(&line);
}

static void
what_is_no_json_to_the_letter_is_base64(void **state)
{
	static const struct {
		struct bytes body;
		const char *data;
	} cases[] = {
		{ RAW("[NaN]"), ",\"data_base64\":\"W05hTl0=\"}" },
		{ RAW("{\"a\": Infinity}"),
		    ",\"data_base64\":\"eyJhIjogSW5maW5pdHl9\"}" },
		{ RAW("-Infinity"), ",\"data_base64\":\"LUluZmluaXR5\"}" },
		{ RAW("\xef\xbb\xbf[NaN]"),
		    ",\"data_base64\":\"77u/W05hTl0=\"}" },
		/* What may be in a journal since before it was refused. */
		{ RAW("['a']"), ",\"data_base64\":\"WydhJ10=\"}" },
		{ RAW("\"\xff\""), ",\"data_base64\":\"Iv8i\"}" },
		{ RAW("\"a\tb\""), ",\"data\":\"a\\tb\"}" },
		{ RAW("\xef\xbb\xbf[1]"), ",\"data\":[1]}" },
		{ RAW("\"NaN\""), ",\"data\":\"NaN\"}" },
		{ RAW("\"\\ud800\""), ",\"data\":\"\\ud800\"}" },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf line = { 0 };
		size_t len = strlen(cases[i].data);

		job.body = cases[i].body;
		wrong += case_rc("rc", input_cloudevent(&job, &line), RC_OK);
		wrong += case_true(cases[i].data, "its data",
		    line.len > len &&
			strcmp(line.data + line.len - len, cases[i].data) == 0);
		wrong += case_true(line.data, "to the letter",
		    payload_is_strict(buf_view(&line)));
		buf_free(&line);
	}
	assert_int_equal(wrong, 0);
}

static void
a_body_is_a_member_of_an_object(void **state)
{
	static const struct {
		struct bytes body;
		const char *want;
	} cases[] = {
		{ RAW("{ \"a\": [ 1.0,\n -0 ] }\n"),
		    "{\"body\":{\"a\":[1.0,-0]}" },
		{ RAW("\"\xc3\xa9 \""), "{\"body\":\"\xc3\xa9 \"" },
		{ RAW("[NaN]"), "{\"body_base64\":\"W05hTl0=\"" },
		{ RAW("no JSON"), "{\"body_base64\":\"bm8gSlNPTg==\"" },
		{ RAW("{"), "{\"body_base64\":\"ew==\"" },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf text = { 0 };

		assert_int_equal(buf_char(&text, '{'), RC_OK);
		wrong += case_rc(cases[i].want,
		    input_member("body", cases[i].body, &text), RC_OK);
		wrong += case_true(cases[i].want, text.data,
		    strcmp(text.data, cases[i].want) == 0);
		buf_free(&text);
	}
	assert_int_equal(wrong, 0);
}

static void
a_member_without_room_is_told(void **state)
{
	struct buf text = { .max = 9 };

	(void)state;
	assert_int_equal(input_member("body", LIT("[1]"), &text), RC_RANGE);
	buf_free(&text);
}

static void
a_cloudevents_names_are_escaped(void **state)
{
	struct buf line = { 0 };

	(void)state;
	job.event = "a\"b\nc";
	assert_int_equal(input_cloudevent(&job, &line), RC_OK);
	assert_true(holds_text(buf_view(&line), "\"type\":\"a\\\"b\\nc\","));
	assert_true(is_one_line(buf_view(&line)));
	buf_free(&line);
	line.max = 100;
	assert_int_equal(input_cloudevent(&job, &line), RC_RANGE);
	buf_free(&line);
}

/* What the command reads. */

static unsigned
check_input(const char *name, const struct job *jobs, size_t n,
    struct bytes want)
{
	unsigned wrong = 0;
	char text[4096];
	ssize_t got;
	int fd = -1;

	wrong += case_rc(name, input_open(jobs, n, &fd), RC_OK);
	if (wrong > 0)
		return wrong;
	got = read(fd, text, sizeof(text));
	wrong += case_true(name, "read", got >= 0);
	wrong += case_bytes(name, (struct bytes){ text, (size_t)got }, want);
	wrong += case_number(name, read(fd, text, sizeof(text)), 0);
	wrong += case_number(name, fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	return wrong;
}

static void
the_input_is_as_the_hook_says(void **state)
{
	struct bytes body = LIT("{\"a\": [1,\n2]}\0 ");
	unsigned before = count_descriptors(), wrong = 0;
	struct buf envelope = { 0 };

	(void)state;
	job.body = body;
	lane.input = CONF_BODY;
	wrong += check_input("body", &job, 1, body);
	job.body = LIT("");
	wrong += check_input("empty", &job, 1, job.body);
	job.body = LIT("{\"a\": [1,\n2]}\n");
	lane.input = CONF_LINE;
	wrong += check_input("line", &job, 1, LIT("{\"a\":[1,2]}\n"));
	lane.input = CONF_CLOUDEVENTS;
	assert_int_equal(input_cloudevent(&job, &envelope), RC_OK);
	assert_int_equal(buf_char(&envelope, '\n'), RC_OK);
	wrong += check_input("envelope", &job, 1, buf_view(&envelope));
	buf_free(&envelope);
	assert_int_equal(wrong, 0);
	assert_int_equal(count_descriptors(), before);
}

static void
several_jobs_are_a_line_each(void **state)
{
	struct job jobs[3] = { job, job, job };
	struct buf lines = { 0 };
	unsigned wrong = 0;

	(void)state;
	jobs[0].body = LIT("{\n\"a\":1}");
	jobs[1].body = LIT("[2]");
	lane.input = CONF_LINE;
	wrong += check_input("lines", jobs, 3,
	    LIT("{\"a\":1}\n[2]\n{\"a\":1}\n"));
	lane.input = CONF_BODY;
	wrong += check_input("bodies", jobs, 2, LIT("{\"a\":1}\n[2]\n"));
	lane.input = CONF_CLOUDEVENTS;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(input_cloudevent(&jobs[i], &lines), RC_OK);
		assert_int_equal(buf_char(&lines, '\n'), RC_OK);
	}
	wrong += check_input("envelopes", jobs, 3, buf_view(&lines));
	assert_int_equal(wrong, 0);
	buf_free(&lines);
}

/* Whether whoever holds the descriptor can change what it reads. */
static bool
cannot_change(int fd)
{
	char path[64], first;
	int again;

	NEED(write(fd, "x", 1) == -1);
	NEED(ftruncate(fd, 0) != 0);
	NEED(pread(fd, &first, 1, 0) == 1 && first == '{');
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDWR | O_CLOEXEC);
	if (again >= 0) {
		NEED(write(again, "x", 1) == -1);
		NEED(ftruncate(again, 0) != 0);
		close(again);
	}
	return true;
}

static void
the_command_cannot_change_its_input(void **state)
{
	int fd;

	(void)state;
	assert_int_equal(input_open(&job, 1, &fd), RC_OK);
	assert_true(cannot_change(fd));
	close(fd);
}

static bool
read_without_memfd(void)
{
	struct bytes large = { calloc(1, 3 << 20), 3 << 20 };
	struct stat status;
	int fd;

	NEED(forbid(SYS_memfd_create, ENOSYS));
	NEED(check_input("temporary", &job, 1, job.body) == 0);
	NEED(large.data != NULL);
	job.body = large;
	NEED(input_open(&job, 1, &fd) == RC_OK);
	NEED(fstat(fd, &status) == 0);
	NEED(status.st_size == 3 << 20);
	NEED(status.st_nlink == 0);
	NEED((status.st_mode & 07777) == 0600);
	NEED(write(fd, "x", 1) == -1 && errno == EBADF);
	close(fd);
	free((void *)(uintptr_t)large.data);
	return true;
}

static bool
can_forbid(void)
{
	return forbid(SYS_memfd_create, ENOSYS);
}

static void
without_memfds_it_is_an_unlinked_file(void **state)
{
	(void)state;
	if (!in_child(can_forbid))
		skip();
	assert_true(in_child(read_without_memfd));
}

static bool
without_any_file(void)
{
	int fd = -7, next = dup(2);

	close(next);
	NEED(forbid(SYS_openat, EMFILE));
	NEED(forbid(SYS_memfd_create, EMFILE));
	NEED(input_open(&job, 1, &fd) == RC_SYSTEM);
	NEED(fd == -7);
	NEED(dup(2) == next);
	return true;
}

static void
where_no_file_can_be_had_that_is_told(void **state)
{
	(void)state;
	if (!in_child(can_forbid))
		skip();
	assert_true(in_child(without_any_file));
	assert_int_equal(log_holds("Too many open files"), 1);
}

enum { LARGE = 3 << 20 };

static bool
without_room(void)
{
	struct rlimit little = { 65536, 65536 };
	int fd = -7, next = dup(2);
	char *large = calloc(1, LARGE);

	NEED(large != NULL);
	close(next);
	job.body = (struct bytes){ large, LARGE };
	signal(SIGXFSZ, SIG_IGN);
	NEED(setrlimit(RLIMIT_FSIZE, &little) == 0);
	NEED(input_open(&job, 1, &fd) == RC_SYSTEM);
	NEED(fd == -7);
	NEED(dup(2) == next);
	free(large);
	return true;
}

static bool
without_sealing(void)
{
	int fd = -7, next = dup(2);

	close(next);
	NEED(forbid(SYS_lseek, EINVAL));
	NEED(input_open(&job, 1, &fd) == RC_SYSTEM);
	NEED(fd == -7);
	NEED(dup(2) == next);
	return true;
}

static void
an_input_that_is_not_whole_is_none(void **state)
{
	(void)state;
	assert_true(in_child(without_room));
	assert_int_equal(log_holds("File too large"), 1);
	if (!in_child(can_forbid))
		skip();
	assert_true(in_child(without_sealing));
	assert_int_equal(log_holds("Invalid argument"), 1);
}

/* Memory can be had no more, but what libc holds in reserve. */
static bool
without_memory(void)
{
	struct rlimit none = { 0, 0 };
	struct event_pair pair = { "LARGE", NULL, 1 };
	char *large = malloc(LARGE + 1);
	struct pool pool = { 0 };
	const char *const *list = NULL;
	int fd = -7, next = dup(2);

	NEED(large != NULL);
	close(next);
	memset(large, '1', LARGE);
	large[LARGE] = '\0';
	pair.value = large;
	hook.setenv = &pair;
	hook.setenv_len = 1;
	lane.input = CONF_LINE;
	job.body = (struct bytes){ large, LARGE };
	NEED(setrlimit(RLIMIT_DATA, &none) == 0);
	NEED(input_open(&job, 1, &fd) == RC_MEMORY);
	NEED(fd == -7);
	NEED(dup(2) == next);
	NEED(environment_make(&job, 1, &pool, &list) == RC_MEMORY);
	NEED(list == NULL);
	pool_free(&pool);
	free(large);
	return true;
}

static void
short_memory_is_told(void **state)
{
	(void)state;
	if (!memory_can_be_limited())
		skip();
	assert_true(in_child(without_memory));
	assert_int_equal(log_holds("Cannot allocate memory"), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_body_is_a_member_of_an_object),
		cmocka_unit_test(a_member_without_room_is_told),
		TEST(a_line_changes_nothing_but_blanks_and_controls),
		TEST(what_is_taken_parses_to_the_same),
		TEST(a_line_that_does_not_fit_is_told),
		TEST(a_cloudevent_holds_the_payloads_own_text),
		TEST(what_is_no_json_to_the_letter_is_base64),
		TEST(a_cloudevents_names_are_escaped),
		TEST(the_input_is_as_the_hook_says),
		TEST(several_jobs_are_a_line_each),
		TEST(the_command_cannot_change_its_input),
		TEST(without_memfds_it_is_an_unlinked_file),
		TEST(where_no_file_can_be_had_that_is_told),
		TEST(an_input_that_is_not_whole_is_none),
		TEST(short_memory_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
