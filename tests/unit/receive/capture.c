/* SPDX-License-Identifier: ISC */
#include <sys/file.h>
#include <sys/wait.h>

#include <dirent.h>

#include "../scratch.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/pool.h"
#include "config/conf.h"
#include "http/request.h"
#include "receive/capture.h"

#define HEX                                                                    \
	"000102030405060708090a0b0c0d0e0f"                                     \
	"101112131415161718191a1b1c1d1eff"
#define SIGNED "HTTP_X_SIGNATURE=sha256=" HEX
#define BODY "{\"event\":\"connection_added\"}"
/* 2023-11-14T22:13:20Z, in milliseconds. */
#define NOW INT64_C(1700000000000)

enum { SECOND = 1000, NAMES = 64 };

static struct hook hook;
static struct request request;
static const char *variables[8];

/* What lies in the directory, oldest first. */
static char names[NAMES][NAME_MAX + 1];

static int
by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static size_t
count_files(void)
{
	DIR *dir = opendir(scratch_path("captures"));
	struct dirent *entry;
	size_t n = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.' && n < NAMES)
			snprintf(names[n++], sizeof(names[0]), "%s",
			    entry->d_name);
	closedir(dir);
	qsort(names, n, sizeof(names[0]), by_name);
	return n;
}

static const char *
in_captures(const char *name)
{
	char path[NAME_MAX + 16];

	snprintf(path, sizeof(path), "captures/%s", name);
	return scratch_path(path);
}

/* Every test begins with one signed request that nobody could verify. */
static int
make_request(void **state)
{
	static char directory[PATH_MAX + 16];

	if (scratch_make(state) != 0 || scratch_log(LOG_LEVEL_DEBUG) != 0)
		return -1;
	snprintf(directory, sizeof(directory), "%s/captures", scratch);
	memset(variables, 0, sizeof(variables));
	variables[0] = "REQUEST_METHOD=POST";
	variables[1] = SIGNED;
	hook = (struct hook){ .name = "peliqan", .capture = directory };
	request = (struct request){ .variables = variables, .received = NOW };
	if (buf_text(&request.body, BODY) != RC_OK)
		return -1;
	return mkdir(directory, 0700);
}

static int
end_request(void **state)
{
	buf_free(&request.body);
	return scratch_end(state);
}

static void
capture_at(int64_t received)
{
	request.received = received;
	capture(&hook, &request);
}

static bool
was_logged(const char *text)
{
	return count_of(scratch_path("log"), text) > 0;
}

/* The request's file, whatever its name; there has to be one only. */
static struct buf
read_only_file(void)
{
	assert_int_equal(count_files(), 1);
	return read_file(in_captures(names[0]));
}

static bool
holds(const char *text)
{
	struct buf file = read_only_file();
	bool found;

	found = holds_text(buf_view(&file), text);
	buf_free(&file);
	return found;
}

/* What is kept. */

static void
a_request_is_kept_as_its_headers_and_its_body(void **state)
{
	static const char whole[] =
	    "Pelihook-Capture: 1\n"
	    "Pelihook-Hook: peliqan\nPelihook-Received: 1700000000000\n"
	    "Pelihook-Length: 28\nX-Signature: sha256=" HEX "\n"
	    "Content-Type: a; b=c\nX-Empty: \n\n" BODY;
	struct buf file = { 0 };

	(void)state;
	variables[2] = "HTTP_CONTENT_TYPE=a; b=c";
	variables[3] = "HTTP_X_EMPTY=";
	variables[4] = "QUERY_STRING=HTTP_X=1";
	variables[5] = "HTTP_NOTHING";
	capture(&hook, &request);
	file = read_only_file();
	assert_string_equal(names[0], "peliqan.1700000000000.capture");
	assert_string_equal(file.data, whole);
	buf_free(&file);
	assert_true(was_logged("captured"));
	assert_true(was_logged(names[0]));
}

static void
a_capture_is_for_its_owner_only(void **state)
{
	struct stat stat;

	(void)state;
	umask(0);
	capture(&hook, &request);
	umask(022);
	assert_int_equal(count_files(), 1);
	assert_int_equal(lstat(in_captures(names[0]), &stat), 0);
	assert_int_equal(stat.st_mode, S_IFREG | 0600);
}

static void
what_is_not_signed_is_kept_too(void **state)
{
	static const char *const cases[] = { SIGNED,
		"HTTP_X_SIGNATURE=sha256=0001",
		"HTTP_X_SIGNATURE=", "HTTP_X_SIGNATURE", "QUERY_STRING=" HEX };
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		variables[1] = cases[i];
		capture(&hook, &request);
		wrong += case_number(cases[i], (long long)count_files(), 1);
		unlink(in_captures(names[0]));
	}
	assert_int_equal(wrong, 0);
}

static void
cookie_and_authorization_are_blanked(void **state)
{
	(void)state;
	variables[2] = "HTTP_COOKIE=session=topsecret";
	variables[3] = "HTTP_AUTHORIZATION=Basic dG9wc2VjcmV0";
	variables[4] = "HTTP_COOKIES=kept";
	capture(&hook, &request);
	assert_false(holds("topsecret"));
	assert_false(holds("dG9wc2VjcmV0"));
	assert_true(holds("\nCookie: (blanked)\n"));
	assert_true(holds("\nAuthorization: (blanked)\n"));
	assert_true(holds("\nCookies: kept\n"));
}

static void
unless_they_hold_what_could_be_a_signature(void **state)
{
	(void)state;
	variables[1] = "HTTP_AUTHORIZATION=HMAC-SHA256 id=1, mac=" HEX;
	variables[2] = "HTTP_COOKIE=a=b; sig=" HEX;
	capture(&hook, &request);
	assert_true(holds("\nAuthorization: HMAC-SHA256 id=1, mac=" HEX));
	assert_true(holds("\nCookie: a=b; sig=" HEX));
}

#define HEX20 "000102030405060708090a0b0c0d0e0f10111213"
#define HEX64 HEX HEX

static void
nor_what_could_be_one_of_another_size(void **state)
{
	(void)state;
	variables[1] = "HTTP_AUTHORIZATION=HMAC sha1=" HEX20;
	variables[2] = "HTTP_COOKIE=sig=" HEX64;
	capture(&hook, &request);
	assert_true(holds("\nAuthorization: HMAC sha1=" HEX20));
	assert_true(holds("\nCookie: sig=" HEX64));
}

/* Their base64 is as long as a MAC's where they are of some lengths. */
static void
a_name_and_a_password_are_blanked_whatever_their_length(void **state)
{
	static const char *const cases[] = {
		"HTTP_AUTHORIZATION=Basic dXNlcjp0b3BzZWNyZXQxMjM0NTY=",
		"HTTP_AUTHORIZATION=basic "
		"dXNlcjp0b3BzZWNyZXQxMjM0NTY3ODkwMTIzNDU2Nzg=",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		variables[2] = cases[i];
		capture(&hook, &request);
		assert_true(holds("\nAuthorization: (blanked)\n"));
		unlink(in_captures(names[0]));
	}
}

static void
a_header_cannot_stand_for_another_line(void **state)
{
	(void)state;
	variables[2] = "HTTP_PELIHOOK_LENGTH=1";
	variables[3] = "HTTP_X_LINES=a\nPelihook-Length: 2";
	capture(&hook, &request);
	assert_false(holds("Pelihook-Length: 1\n"));
	assert_false(holds("Pelihook-Length: 2\n"));
	assert_true(holds("Pelihook-Length: 28\n"));
}

static void
a_body_of_64_kib_is_kept_and_no_more(void **state)
{
	static const struct {
		size_t size;
		bool whole;
	} cases[] = { { 0, true }, { CAPTURE_BODY, true },
		{ CAPTURE_BODY + 1, false }, { 4 * CAPTURE_BODY, false } };
	struct captured captured;
	struct pool pool = { 0 };
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf file = { 0 };

		request.body.len = 0;
		assert_int_equal(buf_reserve(&request.body, cases[i].size),
		    RC_OK);
		memset(request.body.data, '\n', cases[i].size);
		request.body.len = cases[i].size;
		capture(&hook, &request);
		file = read_only_file();
		assert_int_equal(capture_parse(buf_view(&file), &pool,
				     &captured),
		    RC_OK);
		wrong += case_number("whole", captured.complete,
		    cases[i].whole);
		wrong += case_number("length", (long long)captured.length,
		    (long long)cases[i].size);
		wrong += case_number("kept", (long long)captured.body.len,
		    cases[i].whole ? (long long)cases[i].size : CAPTURE_BODY);
		unlink(in_captures(names[0]));
		buf_free(&file);
	}
	pool_free(&pool);
	assert_int_equal(wrong, 0);
}

static void
without_a_directory_nothing_is_kept(void **state)
{
	(void)state;
	hook.capture = NULL;
	capture(&hook, &request);
	assert_int_equal(count_files(), 0);
}

/* How many. */

static void
one_a_second_is_kept(void **state)
{
	(void)state;
	capture_at(NOW);
	capture_at(NOW);
	capture_at(NOW + 1);
	capture_at(NOW + SECOND - 1);
	assert_int_equal(count_files(), 1);
	capture_at(NOW + SECOND);
	assert_int_equal(count_files(), 2);
}

static void
a_clock_that_was_set_back_changes_nothing(void **state)
{
	(void)state;
	capture_at(NOW);
	capture_at(NOW - 1);
	capture_at(NOW - SECOND + 1);
	assert_int_equal(count_files(), 1);
	capture_at(NOW - 3600 * SECOND);
	capture_at(NOW - 3600 * SECOND + 1);
	assert_int_equal(count_files(), 2);
}

static void
the_first_ten_and_the_last_ten_are_kept(void **state)
{
	char expected[64];
	unsigned wrong = 0;

	(void)state;
	for (int i = 0; i < 100; i++)
		capture_at(NOW + i * SECOND);
	assert_int_equal(count_files(), 20);
	for (int i = 0; i < 20; i++) {
		int nth = i < 10 ? i : 80 + i;

		snprintf(expected, sizeof(expected), "peliqan.%lld.capture",
		    (long long)(NOW + nth * SECOND));
		wrong += case_text("name", names[i], expected);
	}
	assert_int_equal(wrong, 0);
}

static void
every_hook_has_its_own_ten(void **state)
{
	static const char *const hooks[] = { "peliqan", "peli", "peliqan.1" };

	(void)state;
	for (size_t i = 0; i < COUNT(hooks); i++) {
		hook.name = hooks[i];
		for (int n = 0; n < 10; n++)
			capture_at(NOW + n * SECOND);
	}
	assert_int_equal(count_files(), 30);
}

static void
files_of_others_are_left_alone(void **state)
{
	static const char *const others[] = { "notes", "peliqan.capture",
		"peliqan..capture", "peliqan.x.capture", "peliqan.1.captured",
		"peliqan.-1.capture", "other.1.capture",
		"peliqan.1.capture.old" };

	(void)state;
	for (size_t i = 0; i < COUNT(others); i++)
		scratch_file(in_captures(others[i]) + strlen(scratch) + 1, "",
		    0600);
	for (int i = 0; i < 30; i++)
		capture_at(NOW + i * SECOND);
	assert_int_equal(count_files(), 20 + COUNT(others));
	for (size_t i = 0; i < COUNT(others); i++)
		assert_int_equal(access(in_captures(others[i]), F_OK), 0);
}

static void
a_process_that_is_at_it_stands_for_the_others(void **state)
{
	int fd = open(hook.capture, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	capture(&hook, &request);
	assert_int_equal(count_files(), 0);
	close(fd);
	assert_false(was_logged("capture"));
	capture(&hook, &request);
	assert_int_equal(count_files(), 1);
}

static void
many_processes_keep_to_the_limits(void **state)
{
	enum { PROCESSES = 8, EACH = 100 };
	pid_t pids[PROCESSES];
	struct captured captured;
	struct pool pool = { 0 };
	struct buf file = { 0 };
	size_t n;

	(void)state;
	for (int i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] > 0)
			continue;
		for (int at = 0; at < EACH; at++)
			capture_at(NOW + at * SECOND + i);
		_exit(0);
	}
	for (int i = 0; i < PROCESSES; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	n = count_files();
	assert_in_range(n, 1, 20);
	for (size_t i = 0; i < n; i++) {
		file = read_file(in_captures(names[i]));
		assert_int_equal(capture_parse(buf_view(&file), &pool,
				     &captured),
		    RC_OK);
		assert_true(captured.complete);
		assert_true(bytes_is(captured.body, BODY));
		buf_free(&file);
	}
	pool_free(&pool);
}

/* What goes wrong. */

static void
a_directory_that_is_missing_is_logged(void **state)
{
	(void)state;
	hook.capture = "/nonexistent/captures";
	capture(&hook, &request);
	assert_true(was_logged("capture failed"));
	assert_true(was_logged("No such file"));
	assert_true(was_logged("/nonexistent/captures"));
}

static void
a_link_that_waits_for_the_file_is_not_followed(void **state)
{
	struct stat stat;

	(void)state;
	assert_int_equal(symlink(scratch_path("target"),
			     in_captures("peliqan.1700000000000.capture")),
	    0);
	/* Its time counts as one that is there: nothing is written at all. */
	capture(&hook, &request);
	assert_int_equal(lstat(scratch_path("target"), &stat), -1);
}

static void
neither_secret_nor_body_is_logged(void **state)
{
	(void)state;
	capture(&hook, &request);
	assert_false(was_logged(HEX));
	assert_false(was_logged("connection_added"));
}

/* What is read back. */

static void
what_was_kept_is_read_back(void **state)
{
	struct captured captured;
	struct pool pool = { 0 };
	struct buf file = { 0 };

	(void)state;
	variables[2] = "HTTP_X_COLON=a: b:c";
	capture(&hook, &request);
	file = read_only_file();
	assert_int_equal(capture_parse(buf_view(&file), &pool, &captured),
	    RC_OK);
	assert_string_equal(captured.variables[0], SIGNED);
	assert_string_equal(captured.variables[1], "HTTP_X_COLON=a: b:c");
	assert_null(captured.variables[2]);
	assert_true(bytes_is(captured.body, BODY));
	assert_int_equal(captured.received, NOW);
	assert_true(captured.complete);
	buf_free(&file);
	pool_free(&pool);
}

#define HEAD "Pelihook-Capture: 1\nPelihook-Hook: a\nPelihook-Received: 5\n"

static void
what_is_no_capture_is_refused(void **state)
{
	static const struct {
		const char *text;
		enum rc rc;
		const char *body;
		bool whole;
	} cases[] = {
		{ HEAD "Pelihook-Length: 2\n\nab", RC_OK, "ab", true },
		{ HEAD "Pelihook-Length: 2\n\nab\n", RC_OK, "ab", true },
		{ HEAD "Pelihook-Length: 0\n\n", RC_OK, "", true },
		{ HEAD "Pelihook-Length: 3\n\nab", RC_OK, "ab", false },
		{ HEAD "Pelihook-Length: 2\nX-A: 1\n\na\n", RC_OK, "a\n",
		    true },
		{ "", RC_SYNTAX, NULL, false },
		{ "{}", RC_SYNTAX, NULL, false },
		{ "X-A: 1\n\n", RC_SYNTAX, NULL, false },
		{ "Pelihook-Capture: 2\n\n", RC_SYNTAX, NULL, false },
		{ "Pelihook-Capture: 1", RC_SYNTAX, NULL, false },
		{ HEAD "Pelihook-Length: 2\n", RC_SYNTAX, NULL, false },
		{ HEAD "Pelihook-Length: x\n\nab", RC_SYNTAX, NULL, false },
		{ HEAD "Pelihook-Length: -2\n\nab", RC_SYNTAX, NULL, false },
		{ HEAD "Pelihook-Other: 2\n\nab", RC_SYNTAX, NULL, false },
		{ HEAD "no colon\n\nab", RC_SYNTAX, NULL, false },
		{ HEAD "X A: 1\n\nab", RC_SYNTAX, NULL, false },
		{ HEAD ": 1\n\nab", RC_SYNTAX, NULL, false },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *name = cases[i].text;
		struct captured captured = { 0 };
		struct pool pool = { 0 };

		wrong += case_rc(name,
		    capture_parse(bytes_of(name), &pool, &captured),
		    cases[i].rc);
		if (cases[i].rc == RC_OK) {
			wrong += case_bytes(name, captured.body,
			    bytes_of(cases[i].body));
			wrong += case_number(name, captured.complete,
			    cases[i].whole);
		} else {
			wrong += case_true(name, "the result is left alone",
			    captured.variables == NULL);
		}
		pool_free(&pool);
	}
	assert_int_equal(wrong, 0);
}

/* It was private when the configuration was read. */
static void
a_directory_that_others_can_write_to_keeps_nothing(void **state)
{
	static const mode_t modes[] = { 01777, 0777, 0770, 01770 };

	(void)state;
	for (size_t i = 0; i < COUNT(modes); i++) {
		assert_int_equal(chmod(scratch_path("captures"), modes[i]), 0);
		capture(&hook, &request);
		assert_int_equal(count_files(), 0);
	}
	assert_true(was_logged("capture failed"));
	assert_true(was_logged("is writable by others: chmod go-w it"));
	assert_int_equal(chmod(scratch_path("captures"), 0700), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(scratch_path("captures"), 65534, 0), 0);
		capture(&hook, &request);
		assert_int_equal(count_files(), 0);
		assert_int_equal(chown(scratch_path("captures"), 0, 0), 0);
	}
	capture(&hook, &request);
	assert_int_equal(count_files(), 1);
}

/* A file of this moment would end all captures of this second. */
static void
what_strangers_laid_there_counts_for_nothing(void **state)
{
	char name[64];

	(void)state;
	if (geteuid() != 0)
		skip();
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "captures/peliqan.%lld.capture",
		    (long long)(NOW + 1 + i));
		scratch_file(name, "x", 0600);
		assert_int_equal(chown(scratch_path(name), 65534, 65534), 0);
	}
	assert_int_equal(symlink("/etc/passwd",
			     scratch_path(
				 "captures/peliqan.1700000000900.capture")),
	    0);
	capture(&hook, &request);
	assert_int_equal(count_files(), 22);
	assert_true(was_logged("peliqan.1700000000000.capture"));
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, make_request, end_request)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_request_is_kept_as_its_headers_and_its_body),
		TEST(a_capture_is_for_its_owner_only),
		TEST(what_is_not_signed_is_kept_too),
		TEST(cookie_and_authorization_are_blanked),
		TEST(unless_they_hold_what_could_be_a_signature),
		TEST(nor_what_could_be_one_of_another_size),
		TEST(a_name_and_a_password_are_blanked_whatever_their_length),
		TEST(a_header_cannot_stand_for_another_line),
		TEST(a_body_of_64_kib_is_kept_and_no_more),
		TEST(without_a_directory_nothing_is_kept),
		TEST(one_a_second_is_kept),
		TEST(a_clock_that_was_set_back_changes_nothing),
		TEST(the_first_ten_and_the_last_ten_are_kept),
		TEST(every_hook_has_its_own_ten),
		TEST(files_of_others_are_left_alone),
		TEST(a_process_that_is_at_it_stands_for_the_others),
		TEST(many_processes_keep_to_the_limits),
		TEST(a_directory_that_is_missing_is_logged),
		TEST(a_link_that_waits_for_the_file_is_not_followed),
		TEST(neither_secret_nor_body_is_logged),
		TEST(a_directory_that_others_can_write_to_keeps_nothing),
		TEST(what_strangers_laid_there_counts_for_nothing),
		TEST(what_was_kept_is_read_back),
		cmocka_unit_test(what_is_no_capture_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
