/* SPDX-License-Identifier: ISC */
#include <sys/mman.h>

#include "../running.h"

#include "base/buf.h"
#include "base/log.h"
#include "command/run.h"

/* What they read and write. */

static void
no_habit_with_stdin_blocks_or_fails(void **state)
{
	static const char *const bodies[] = {
		"exit 0",
		"exec <&-; exit 0",
		"head -c 1000000 /dev/zero; test \"$(cat)\" = 'the input'",
		"head -c 1000000 /dev/zero >&2; test \"$(cat)\" = 'the input'",
		"head -c 50000000 /dev/zero; test \"$(cat)\" = 'the input'",
		"exec >&- 2>&-; test \"$(cat)\" = 'the input'",
		"head -c 3 >/dev/null",
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		struct run_result *result = run_script(bodies[i]);

		wrong += case_number(bodies[i], result->end, RUN_EXIT);
		wrong += case_number(bodies[i], result->code, 0);
		free(result);
	}
	assert_int_equal(wrong, 0);
}

static void
the_last_of_both_outputs_is_kept(void **state)
{
	struct run_result *result = run_script(
	    "echo first; head -c 9000 /dev/zero | tr '\\0' x; "
	    "sleep 0.2; echo out; sleep 0.2; echo err >&2");
	struct bytes tail = tail_of(result);

	(void)state;
	assert_int_equal(tail.len, RUN_TAIL);
	assert_false(holds_text(tail, "first"));
	assert_true(bytes_is(bytes_skip(tail, RUN_TAIL - 9), "xout\nerr\n"));
	free(result);
	result = run_script("printf 'only this'");
	assert_true(bytes_is(tail_of(result), "only this"));
	free(result);
}

static void
any_byte_is_kept_and_escaped_in_the_log(void **state)
{
	unsigned char all[256];
	const char *command[] = { "/bin/cat", NULL };
	struct command what = plain(command);
	struct run_result result;
	struct buf log;

	(void)state;
	need_pidfds();
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (unsigned char)i;
	what.input = memfd_create("unit", MFD_CLOEXEC);
	assert_int_equal(write(what.input, all, sizeof(all)), sizeof(all));
	assert_int_equal(lseek(what.input, 0, SEEK_SET), 0);
	run(&what, &result);
	close(what.input);
	assert_int_equal(result.tail_len, sizeof(all));
	assert_memory_equal(result.tail, all, sizeof(all));
	log = read_file(scratch_path("log"));
	for (size_t i = 0; i < log.len; i++)
		assert_true(log.data[i] == '\n' ||
		    ((unsigned char)log.data[i] >= 0x20 &&
			log.data[i] != 0x7f));
	assert_int_equal(log_holds("msg=stdout"), 2);
	buf_free(&log);
}

static void
each_line_is_logged_with_hook_and_id(void **state)
{
	struct run_result *result = run_script(
	    "echo to-out; echo 'to err' >&2; printf open-end >&2");

	(void)state;
	assert_int_equal(
	    log_holds(
		"level=debug msg=stdout hook=peliqan id=an-id text=to-out\n"),
	    1);
	assert_int_equal(
	    log_holds(
		"level=info msg=stderr hook=peliqan id=an-id text=\"to err\"\n"),
	    1);
	assert_int_equal(
	    log_holds(
		"level=info msg=stderr hook=peliqan id=an-id text=open-end\n"),
	    1);
	free(result);
}

static void
a_long_line_is_logged_in_pieces_of_a_kibibyte(void **state)
{
	struct run_result *result = run_script(
	    "{ head -c 2500 /dev/zero | tr '\\0' y; echo; } >&2");
	char piece[1100] = "text=";

	(void)state;
	memset(piece + 5, 'y', 1024);
	piece[5 + 1024] = '\n';
	assert_int_equal(log_holds("msg=stderr"), 3);
	assert_int_equal(log_holds(piece), 2);
	free(result);
}

static void
the_lines_beyond_64_are_counted(void **state)
{
	struct run_result *result = run_script(
	    "i=0; while test $i -lt 100; do echo e$i >&2; i=$((i+1)); done");

	(void)state;
	assert_int_equal(log_holds("msg=stderr"), 64);
	assert_int_equal(log_holds("text=e63\n"), 1);
	assert_int_equal(log_holds("text=e64\n"), 0);
	assert_int_equal(
	    log_holds("msg=\"more output\" hook=peliqan id=an-id lines=36\n"),
	    1);
	free(result);
	result = run_script("seq 64 >&2");
	assert_int_equal(log_holds("more output"), 1);
	free(result);
}

static void
lines_that_are_not_wanted_take_no_room(void **state)
{
	struct run_result *result;

	(void)state;
	assert_int_equal(scratch_log(LOG_LEVEL_INFO), 0);
	result = run_script("seq 1000; echo seen >&2");
	assert_int_equal(log_holds("msg=stdout"), 0);
	assert_int_equal(log_holds("text=seen\n"), 1);
	assert_int_equal(log_holds("more output"), 0);
	free(result);
}

/* When they are over. */

static void
a_grandchild_that_goes_on_writing_is_left(void **state)
{
	struct run_result *result = run_script("yes >&2 & sleep 0.2; exit 3");

	(void)state;
	assert_int_equal(result->end, RUN_EXIT);
	assert_int_equal(result->code, 3);
	assert_true(result->elapsed < 30000);
	free(result);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_habit_with_stdin_blocks_or_fails),
		TEST(the_last_of_both_outputs_is_kept),
		TEST(any_byte_is_kept_and_escaped_in_the_log),
		TEST(each_line_is_logged_with_hook_and_id),
		TEST(a_long_line_is_logged_in_pieces_of_a_kibibyte),
		TEST(the_lines_beyond_64_are_counted),
		TEST(lines_that_are_not_wanted_take_no_room),
		TEST(a_grandchild_that_goes_on_writing_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
