/* SPDX-License-Identifier: ISC */
#include "../texts.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/conf.h"
#include "config/load.h"
#include "event/event.h"
#include "signature/recipe.h"

static const struct bad structure[] = {
	{ "", 1, "there is no hook: write `hook NAME'" },
	{ "# nothing\n\n", 1, "there is no hook" },
	{ "secret-file /s\n", 1, "there is no hook" },
	{ WAITS "timout 3s\n", 4,
	    "unknown directive `timout': write `timeout'" },
	{ WAITS "Secret_File /s\n", 4, "write `secret-file'" },
	{ WAITS "max_body 1M\n", 4, "write `max-body'" },
	{ WAITS "xyzzy 1\n", 4,
	    "unknown directive `xyzzy': see pelihook.conf" },
	{ WAITS "\"\" 1\n", 4, "unknown directive `'" },
	{ WAITS "timeout \"3s\n", 4, "a quote is not closed: write \" where" },
	{ WAITS "timeout '3s\n", 4, "a quote is not closed: write ' where" },
	{ WAITS "timeout 3s\ntimeout 4s\n", 5,
	    "`timeout' was given in line 4 already: take one of them out" },
	{ "timeout 3s\ntimeout 4s\n" WAITS, 2, "was given in line 1 already" },
	{ "journal /a\njournal /b\n" WAITS, 2, "was given in line 1 already" },
	{ WAITS "journal /j\n", 4,
	    "`journal' is for all hooks: write it before the first `hook'" },
	{ WAITS "dispatch none\n", 4, "`dispatch' is for all hooks" },
	{ WAITS "stop-timeout 3s\n", 4, "`stop-timeout' is for all hooks" },
	{ WAITS "log stderr\n", 4, "`log' is for all hooks" },
	{ WAITS "log-format text\n", 4, "`log-format' is for all hooks" },
	{ WAITS "log-level info\n", 4, "`log-level' is for all hooks" },
	{ WAITS "timeout\n", 4,
	    "an argument of `timeout' is missing: write `timeout DURATION'" },
	{ WAITS "timeout 1s 2s\n", 4, "`timeout' has too many arguments" },
	{ WAITS "env ID\n", 4, "write `env NAME POINTER'" },
	{ WAITS "setenv A b c\n", 4, "write `setenv NAME VALUE'" },
	{ "hook\nsecret-file /s\non * ignore\n", 1, "write `hook NAME'" },
	{ "hook a b\nsecret-file /s\non * ignore\n", 1, "write `hook NAME'" },
	{ "hook -a\nsecret-file /s\non * ignore\n", 1,
	    "`-a' is no name of a hook" },
	{ "hook a/b\nsecret-file /s\non * ignore\n", 1,
	    "is no name of a hook" },
	{ WAITS WAITS, 4, "hook h begins in line 1 already" },
	{ "hook h\nsecret-file /s\n", 1,
	    "hook h has no `on' line: write `on *" },
	{ "hook h\non * ignore\n", 1,
	    "hook h has no secret: write `secret-file" },
	{ "on * ignore\n", 1, "hook default has no secret" },
	{ "timeout 1s\n\non * ignore\n", 3, "hook default has no secret" },
	{ "on @started ignore\n" WAITS, 1,
	    "belongs to no hook: move it behind the `hook' line" },
	{ "secret-file /s\nhook a\non * ignore\nhook b\n", 4,
	    "has no `on' line" },
	{ "\xef\xbb\xbf" WAITS, 1,
	    "the file begins with a byte order mark: save" },
	{ "\n\xef\xbb\xbf" WAITS, 2, "unknown directive `" },
	/* What an unclear line may hold is not missed besides. */
	{ "secret-file /s\non * run \"/bin/true\n", 2,
	    "a quote is not closed" },
	{ "secret-file /s\nonn * ignore\n", 2, "write `on'" },
	{ "hook h\nsecret-file /s\non * run '/bin/true\n", 3,
	    "a quote is not closed" },
	{ "hook h\nsecret_file /s\non * ignore\n", 2, "write `secret-file'" },
	{ "hook h\nsignature nonne\non * ignore\n", 2, "write auto, none" },
	{ "journl /j\nhook h\nsecret-file /s\ndelivery queue\non * ignore\n", 1,
	    "write `journal'" },
};

static void
the_structure_is_checked(void **state)
{
	(void)state;
	assert_int_equal(check_bad(structure, COUNT(structure)), 0);
}

/* A NUL and a line's length cannot stand in the tables. */
static void
lines_are_checked(void **state)
{
	static const char nul[] = WAITS "timeout\0 3s\n";
	struct buf errors = { .max = CEILING };
	struct conf *conf = NULL;
	const char *file;

	(void)state;
	file = scratch_bytes("c", LIT(nul), 0600);
	assert_int_equal(conf_load(file, &conf, &errors), RC_CONFIG);
	assert_non_null(strstr(errors.data, "/c:4: the line holds a NUL byte"));
	assert_null(conf);
	buf_free(&errors);
}

static void
all_complaints_are_told(void **state)
{
	struct buf errors = { 0 };
	struct conf *conf = NULL;
	const char *at;
	unsigned n = 0;

	(void)state;
	assert_int_equal(load("retri 1s\nhook a\ntimeout 0s\non * run x\n"
			      "hook a\nbatch 2\n",
			     &conf, &errors),
	    RC_CONFIG);
	for (at = errors.data; (at = strchr(at, '\n')) != NULL; at++)
		n++;
	assert_int_equal(n, 8);
	assert_non_null(strstr(errors.data, "/c:1: unknown directive"));
	assert_non_null(strstr(errors.data, "/c:2: hook a has no secret"));
	assert_non_null(strstr(errors.data, "/c:3: `0s' is out of"));
	assert_non_null(strstr(errors.data, "/c:4: `x' is no absolute"));
	assert_non_null(strstr(errors.data, "/c:5: hook a begins in"));
	assert_non_null(strstr(errors.data, "/c:5: hook a has no secret"));
	assert_non_null(strstr(errors.data, "/c:5: hook a has no `on'"));
	assert_non_null(strstr(errors.data, "/c:6: `batch' is for hooks"));
	buf_free(&errors);
}

static void
complaints_that_do_not_fit_are_counted(void **state)
{
	struct buf errors = { .max = 1000 + PATH_MAX };
	struct buf text = { 0 };
	struct conf *conf = NULL;
	const char *file;

	(void)state;
	for (int i = 0; i < 1000; i++)
		(void)buf_text(&text, "xyzzy\n");
	(void)buf_text(&text, WAITS);
	file = scratch_file("c", text.data, 0600);
	assert_int_equal(conf_load(file, &conf, &errors), RC_CONFIG);
	assert_true(errors.len <= errors.max);
	assert_non_null(strstr(errors.data, "/c:1: unknown directive"));
	assert_non_null(strstr(errors.data, " more did not fit here\n"));
	buf_free(&errors);
	buf_free(&text);
}

static void
a_complaint_shows_no_control_characters(void **state)
{
	struct buf errors = { 0 };
	struct conf *conf = NULL;

	(void)state;
	assert_int_equal(load(WAITS "ti\033[1m\177 3s\n", &conf, &errors),
	    RC_CONFIG);
	assert_non_null(strstr(errors.data, "`ti?[1m?'"));
	buf_free(&errors);
}

static void
the_defaults_are_those_of_the_manual(void **state)
{
	static const int64_t pauses[] = { 10 * SECOND, MINUTE, 5 * MINUTE,
		15 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR };
	struct conf *conf = good(WAITS);
	struct hook *hook = &conf->hooks[0];

	(void)state;
	assert_null(conf->journal);
	assert_int_equal(conf->dispatch, CONF_DISPATCH_DEFAULT);
	assert_int_equal(conf->stop_timeout, 20 * SECOND);
	assert_int_equal(conf->read_timeout, 15 * SECOND);
	assert_int_equal(conf->log.target, LOG_TO_STDERR);
	assert_int_equal(conf->log.format, LOG_TEXT);
	assert_int_equal(conf->log.level, LOG_LEVEL_INFO);
	assert_int_equal(conf->hooks_len, 1);
	assert_string_equal(hook->name, "h");
	assert_string_equal(hook->file, scratch_path("c"));
	assert_int_equal(hook->line, 1);
	assert_int_equal(hook->signature.kind, RECIPE_AUTO);
	assert_int_equal(hook->reading.name.from, EVENT_FROM_NONE);
	assert_int_equal(hook->delivery, CONF_WAIT);
	assert_int_equal(hook->timeout, 30 * SECOND);
	assert_int_equal(hook->kill_after, 5 * SECOND);
	assert_int_equal(hook->retry_len, COUNT(pauses));
	assert_memory_equal(hook->retry, pauses, sizeof pauses);
	assert_int_equal(hook->concurrency, 1);
	assert_int_equal(hook->max_running, 0);
	assert_int_equal(hook->reading.order.from, EVENT_FROM_NONE);
	assert_int_equal(hook->reading.dedupe.from, EVENT_FROM_NONE);
	assert_int_equal(hook->dedupe_window, DAY);
	assert_int_equal(hook->batch, 1);
	assert_int_equal(hook->input, CONF_BODY);
	assert_int_equal(hook->reading.env_len, 0);
	assert_int_equal(hook->setenv_len, 0);
	assert_null(hook->on_dead);
	assert_int_equal(hook->max_body, 1048576);
	assert_int_equal(hook->read_timeout, 15 * SECOND);
	assert_int_equal(hook->max_queue, 100000);
	assert_int_equal(hook->keep, 30 * DAY);
	assert_int_equal(hook->keep_dead, CLOCK_NEVER);
	assert_null(hook->capture);
	assert_false(hook->ready);
	conf_release(conf);
}

static void
the_file_itself_has_to_be_trusted(void **state)
{
	struct buf errors = { .max = CEILING };
	struct conf *conf = NULL;
	char want[2 * PATH_MAX + 128];

	(void)state;
	scratch_file("c", WAITS, 0666);
	assert_int_equal(conf_load(scratch_path("c"), &conf, &errors),
	    RC_CONFIG);
	snprintf(want, sizeof want,
	    "%s: the configuration is writable by "
	    "others: chmod o-w it\n",
	    scratch_path("c"));
	assert_string_equal(errors.data, want);
	errors.len = 0;
	assert_int_equal(conf_load(scratch_path("none"), &conf, &errors),
	    RC_CONFIG);
	assert_non_null(strstr(errors.data,
	    "/none: the configuration "
	    "does not exist"));
	assert_null(conf);
	buf_free(&errors);
}

/* The text of a file of the source tree, as the tests are told of it. */
static struct buf
source_file(const char *name)
{
	static const char *const variables[] = { "abs_top_srcdir", "top_srcdir",
		"srcdir" };
	const char *where = NULL;
	char path[PATH_MAX];
	char part[4096];
	struct buf text = { 0 };
	size_t n;
	FILE *file;

	for (size_t i = 0; where == NULL && i < COUNT(variables); i++)
		where = getenv(variables[i]);
	snprintf(path, sizeof path, "%s/%s", where == NULL ? "." : where, name);
	file = fopen(path, "r");
	if (file == NULL)
		fail_msg("%s cannot be opened", path);
	while ((n = fread(part, 1, sizeof part, file)) > 0)
		(void)buf_add(&text, (struct bytes){ part, n });
	fclose(file);
	return text;
}

static void
the_example_is_good(void **state)
{
	struct buf text = source_file("examples/pelihook.conf");
	struct conf *conf = good(text.data);

	(void)state;
	assert_int_equal(conf->hooks_len, 1);
	assert_true(conf->hooks[0].rules_len > 0);
	conf_release(conf);
	buf_free(&text);
}

/* A sample of the manual: without the markup of mdoc(7). */
static void
add_sample_line(struct buf *sample, struct bytes line)
{
	for (size_t i = 0; i < line.len; i++) {
		(void)buf_char(sample, line.data[i]);
		if (line.len - i >= 2 &&
		    bytes_begin(bytes_skip(line, i), "\\e"))
			i++;
	}
	(void)buf_char(sample, '\n');
}

/*
 * Calls with each block of the manual behind a comment `sample`; returns how
 * many there are.
 */
static unsigned
each_sample(const char *mark, void (*call)(const char *sample))
{
	struct buf text = source_file("common/pelihook.conf.5");
	struct bytes rest = buf_view(&text);
	struct buf sample = { 0 };
	struct bytes line;
	enum { OUTSIDE, MARKED, INSIDE } where = OUTSIDE;
	unsigned n = 0;

	while (bytes_split(&rest, "\n", &line)) {
		if (where == OUTSIDE && bytes_is(line, mark)) {
			where = MARKED;
		} else if (where == MARKED) {
			assert_true(bytes_begin(line, ".Bd -literal"));
			where = INSIDE;
		} else if (where == INSIDE && bytes_is(line, ".Ed")) {
			call(sample.data);
			sample.len = 0;
			where = OUTSIDE;
			n++;
		} else if (where == INSIDE) {
			add_sample_line(&sample, line);
		}
	}
	buf_free(&sample);
	buf_free(&text);
	return n;
}

static void
check_sample(const char *sample)
{
	conf_release(good(sample));
}

static void
the_manuals_samples_are_good(void **state)
{
	(void)state;
	assert_true(each_sample(".\\\" sample", check_sample) >= 6);
}

/* Lines that are no whole file: each is tried alone, with those it joins. */
static void
check_lines(const char *sample)
{
	struct bytes rest = bytes_of(sample);
	struct buf text = { 0 };
	struct bytes line;

	(void)buf_text(&text, QUEUES);
	while (bytes_split(&rest, "\n", &line)) {
		(void)buf_add(&text, line);
		(void)buf_char(&text, '\n');
		if (line.len > 0 && line.data[line.len - 1] == '\\')
			continue;
		conf_release(good(text.data));
		text.len = strlen(QUEUES);
	}
	buf_free(&text);
}

static void
the_manuals_lines_are_good(void **state)
{
	(void)state;
	assert_true(each_sample(".\\\" lines", check_lines) == 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(the_structure_is_checked),
		SCRATCH_TEST(lines_are_checked),
		SCRATCH_TEST(all_complaints_are_told),
		SCRATCH_TEST(complaints_that_do_not_fit_are_counted),
		SCRATCH_TEST(a_complaint_shows_no_control_characters),
		SCRATCH_TEST(the_defaults_are_those_of_the_manual),
		SCRATCH_TEST(the_file_itself_has_to_be_trusted),
		SCRATCH_TEST(the_example_is_good),
		SCRATCH_TEST(the_manuals_samples_are_good),
		SCRATCH_TEST(the_manuals_lines_are_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
