/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_RUNNING_H
#define PELIHOOK_RUNNING_H

#include <sys/mman.h>

#include "commands.h"

#include "base/bytes.h"
#include "command/run.h"
#include "command/spawn.h"

/* What the tests of running a command share. */

enum { LONG = 60000 };

static const char *const environment[] = { "PATH=" SPAWN_PATH, "ONE=1", NULL };

/* A descriptor that reads this text. */
static inline int
input_of(const char *text)
{
	int fd = memfd_create("unit", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static inline struct command
plain(const char *const *command)
{
	return (struct command){
		.argv = command,
		.environment = environment,
		.input = -1,
		.timeout = LONG,
		.kill_after = LONG,
		.stop = -1,
		.stop_kill_after = LONG,
		.hook = "peliqan",
		.id = "an-id",
	};
}

/* Runs it with an input of its own; the caller frees what is returned. */
static inline struct run_result *
run_it(struct command what)
{
	struct run_result *result;

	need_pidfds();
	result = malloc(sizeof(*result));
	assert_non_null(result);
	what.input = input_of("the input");
	run(&what, result);
	close(what.input);
	return result;
}

static inline struct run_result *
run_script(const char *body)
{
	const char *command[] = { script("command", body), NULL };

	return run_it(plain(command));
}

static inline struct bytes
tail_of(const struct run_result *result)
{
	return (struct bytes){ result->tail, result->tail_len };
}

static inline void
assert_sees(const struct run_result *result, const char *line)
{
	if (!holds_text(tail_of(result), line))
		print_error("<%.*s> has no <%s>\n", (int)result->tail_len,
		    result->tail, line);
	assert_true(holds_text(tail_of(result), line));
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, make_directory, scratch_end)

#endif
