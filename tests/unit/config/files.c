/* SPDX-License-Identifier: ISC */
#include <sys/resource.h>

#include <signal.h>

#include "../texts.h"

#include "base/buf.h"
#include "config/conf.h"
#include "config/files.h"

static const struct {
	struct bytes file;
	const char *coding;
	struct bytes key;
} secrets[] = {
	{ RAW("secret"), "raw", RAW("secret") },
	{ RAW("secret\n"), "", RAW("secret") },
	{ RAW("secret\r\n"), "raw", RAW("secret") },
	{ RAW("secret\n\n"), "raw", RAW("secret\n") },
	{ RAW("secret\r"), "raw", RAW("secret\r") },
	{ RAW(" secret"), "raw", RAW(" secret") },
	{ RAW("secret \n"), "raw", RAW("secret ") },
	{ RAW("se cret"), "raw", RAW("se cret") },
	{ RAW("whsec_QUJD"), "raw", RAW("whsec_QUJD") },
	{ RAW("00fFaB\n"), "hex", RAW("\0\377\253") },
	{ RAW("QUJDRA==\n"), "base64", RAW("ABCD") },
	{ RAW("whsec_QUJDRA==\n"), "whsec", RAW("ABCD") },
	{ RAW("QUJDRA=="), "whsec", RAW("ABCD") },
	{ RAW("AAA="), "base64", RAW("\0\0") },
};

static void
secrets_are_decoded(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(secrets); i++) {
		struct buf errors = { .max = CEILING };
		struct conf *conf = with_secret(secrets[i].file,
		    secrets[i].coding);
		struct hook *hook = &conf->hooks[0];

		wrong += case_rc(secrets[i].file.data,
		    conf_load_files(conf, hook, &errors), RC_OK);
		wrong += case_bytes(secrets[i].file.data, hook->secrets[0].key,
		    secrets[i].key);
		wrong += case_true(secrets[i].file.data, "ready", hook->ready);
		conf_release(conf);
		buf_free(&errors);
	}
	assert_int_equal(wrong, 0);
}

static const struct {
	struct bytes file;
	const char *coding;
	const char *part;
} bad_secrets[] = {
	{ RAW(""), "raw", "is empty or blank" },
	{ RAW("\n"), "raw", "is empty or blank" },
	{ RAW(" \t\r\n\n"), "raw", "is empty or blank" },
	{ RAW("a\0b"), "raw", "holds a NUL byte" },
	{ RAW("\0"), "raw", "holds a NUL byte" },
	{ RAW("abc"), "hex", "does not hold hexadecimal digits" },
	{ RAW(" ab"), "hex", "begins or ends with a blank" },
	{ RAW("xy"), "hex", "write `raw' if the secret is used as text" },
	{ RAW("QUJDRA"), "base64", "does not hold base64 with its padding" },
	{ RAW("whsec_QUJD"), "base64", "does not hold base64" },
	{ RAW("whsec_"), "whsec", "is empty once decoded" },
	{ RAW("whsec_Q"), "whsec", "with or without whsec_ before it" },
};

static void
bad_secrets_are_refused(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(bad_secrets); i++) {
		struct buf errors = { 0 };
		struct conf *conf = with_secret(bad_secrets[i].file,
		    bad_secrets[i].coding);
		struct bad bad = { bad_secrets[i].file.data, 3,
			bad_secrets[i].part };

		wrong += case_rc(bad.text,
		    conf_load_files(conf, &conf->hooks[0], &errors), RC_CONFIG);
		wrong += check_error(&bad, &errors);
		wrong += case_true(bad.text, "not ready, and no key",
		    !conf->hooks[0].ready &&
			conf->hooks[0].secrets[0].key.len == 0);
		conf_release(conf);
		buf_free(&errors);
	}
	assert_int_equal(wrong, 0);
}

/* It was refused, and these errors, which are done with, hold why. */
static void
expect(enum rc rc, struct buf *errors, const struct bad *bad)
{
	assert_int_equal(rc, RC_CONFIG);
	assert_int_equal(check_error(bad, errors), 0);
	errors->len = 0;
}

static void
a_secret_must_be_kept_secret(void **state)
{
	struct buf errors = { 0 };
	struct conf *conf = with_secret(LIT("x"), "raw");
	struct bad bad = { "readable", 3,
		"/s is readable by others: chmod o-r it, or end this line in "
		"`world-readable'" };
	struct bad none = { "missing", 3, "/s does not exist" };

	(void)state;
	assert_int_equal(chmod(scratch_path("s"), 0604), 0);
	expect(conf_load_files(conf, &conf->hooks[0], &errors), &errors, &bad);
	assert_int_equal(unlink(scratch_path("s")), 0);
	expect(conf_load_files(conf, &conf->hooks[0], &errors), &errors, &none);
	conf_release(conf);
	buf_free(&errors);
}

/* The word is for reading alone. */
static void
others_may_read_a_secret_whose_line_says_so(void **state)
{
	struct buf errors = { 0 };
	struct conf *conf = with_secret(LIT("78"), "hex world-readable");
	struct hook *hook = &conf->hooks[0];
	struct bad written = { "writable", 3, "/s is writable by others" };
	struct bad above = { "above", 3, ", which is writable by others" };

	(void)state;
	assert_int_equal(chmod(scratch_path("s"), 0446), 0);
	expect(conf_load_files(conf, hook, &errors), &errors, &written);
	assert_int_equal(chmod(scratch_path("s"), 0444), 0);
	assert_int_equal(chmod(scratch, 0777), 0);
	expect(conf_load_files(conf, hook, &errors), &errors, &above);
	assert_int_equal(chmod(scratch, 0755), 0);
	assert_int_equal(conf_load_files(conf, hook, &errors), RC_OK);
	assert_true(bytes_is(hook->secrets[0].key, "x"));
	conf_release(conf);
	conf = with_secret(LIT("x"), "world-readable");
	assert_int_equal(conf->hooks[0].secrets[0].coding, SECRET_RAW);
	assert_true(conf->hooks[0].secrets[0].world_readable);
	conf_release(conf);
	buf_free(&errors);
}

/* A hook is ready or it is not: one bad secret takes the others with it. */
static void
all_secrets_have_to_be_good(void **state)
{
	struct buf errors = { 0 };
	char text[4 * PATH_MAX];
	struct conf *conf;

	(void)state;
	scratch_file("a", "good", 0600);
	scratch_file("b", "", 0600);
	snprintf(text, sizeof text,
	    "on * ignore\nsecret-file %s\n"
	    "secret-file %s\n",
	    scratch_path("a"), scratch_path("b"));
	conf = good(text);
	assert_int_equal(conf_load_files(conf, &conf->hooks[0], &errors),
	    RC_CONFIG);
	assert_int_equal(conf->hooks[0].secrets[0].key.len, 0);
	scratch_file("b", "better", 0600);
	assert_int_equal(conf_load_files(conf, &conf->hooks[0], &errors),
	    RC_OK);
	assert_true(bytes_is(conf->hooks[0].secrets[0].key, "good"));
	assert_true(bytes_is(conf->hooks[0].secrets[1].key, "better"));
	conf_release(conf);
	buf_free(&errors);
}

static void
a_ready_hook_is_not_read_again(void **state)
{
	struct buf errors = { 0 };
	struct conf *conf = with_secret(LIT("x"), "raw");

	(void)state;
	assert_int_equal(conf_load_files(conf, &conf->hooks[0], &errors),
	    RC_OK);
	assert_int_equal(unlink(scratch_path("s")), 0);
	assert_int_equal(conf_load_files(conf, &conf->hooks[0], &errors),
	    RC_OK);
	assert_int_equal(errors.len, 0);
	conf_release(conf);
}

static void
commands_are_checked(void **state)
{
	struct buf errors = { 0 };
	char text[8 * PATH_MAX];
	struct conf *conf;

	(void)state;
	scratch_file("s", "x", 0600);
	scratch_file("good", "#!/bin/sh\n", 0755);
	scratch_file("plain", "#!/bin/sh\n", 0644);
	scratch_file("open", "#!/bin/sh\n", 0757);
	snprintf(text, sizeof text,
	    "journal /j/q\nsecret-file %s\n"
	    "on a run %s\non b run %s\non c run %s\non-dead run %s/none\n",
	    scratch_path("s"), scratch_path("good"), scratch_path("plain"),
	    scratch_path("open"), scratch);
	conf = good(text);
	assert_int_equal(conf_load_files(conf, &conf->hooks[0], &errors),
	    RC_CONFIG);
	assert_null(strstr(errors.data, "/c:3:"));
	assert_non_null(strstr(errors.data, "/c:4: command /"));
	assert_non_null(strstr(errors.data, "/plain cannot be executed"));
	assert_non_null(strstr(errors.data, "/c:5: command /"));
	assert_non_null(strstr(errors.data, "/open is writable by "));
	assert_non_null(strstr(errors.data, "/c:6: command /"));
	assert_non_null(strstr(errors.data, "/none does not exist"));
	conf_release(conf);
	buf_free(&errors);
}

/* The CGI looks at one hook's files only; the others look at all. */
static void
hooks_are_made_ready_one_by_one_or_all(void **state)
{
	struct buf errors = { 0 };
	char text[4 * PATH_MAX];
	struct conf *conf;

	(void)state;
	scratch_file("s", "x", 0600);
	snprintf(text, sizeof text,
	    "secret-file %s\nhook a\non * ignore\n"
	    "hook b\non * run /nowhere/to/be/found\n"
	    "hook c\non * run /not/there/either\n",
	    scratch_path("s"));
	conf = good(text);
	assert_int_equal(conf_load_files(conf, &conf->hooks[0], &errors),
	    RC_OK);
	assert_int_equal(errors.len, 0);
	assert_int_equal(conf_load_all_files(conf, &errors), RC_CONFIG);
	assert_non_null(strstr(errors.data, "/c:5: command /nowhere"));
	assert_non_null(strstr(errors.data, "/c:7: command /not/there"));
	assert_true(conf->hooks[0].ready);
	assert_false(conf->hooks[1].ready);
	assert_false(conf->hooks[2].ready);
	conf_release(conf);
	buf_free(&errors);
}

/* The same complaint is told once and still counts for both hooks. */
static void
a_shared_fault_is_one_of_each_hook(void **state)
{
	struct buf errors = { 0 };
	char text[2 * PATH_MAX];
	struct bad bad = { "shared", 1, "/none does not exist" };
	struct conf *conf;

	(void)state;
	snprintf(text, sizeof text,
	    "secret-file %s/none\nhook a\n"
	    "on * ignore\nhook b\non * ignore\n",
	    scratch);
	conf = good(text);
	expect(conf_load_all_files(conf, &errors), &errors, &bad);
	assert_false(conf->hooks[0].ready);
	assert_false(conf->hooks[1].ready);
	conf_release(conf);
	buf_free(&errors);
}

static struct conf *
with_capture(const char *directory)
{
	char text[4 * PATH_MAX];

	scratch_file("s", "x", 0600);
	snprintf(text, sizeof text,
	    "hook h\non * ignore\ncapture %s/%s\n"
	    "secret-file %s\n",
	    scratch, directory, scratch_path("s"));
	return good(text);
}

static void
the_capture_directory_is_checked(void **state)
{
	struct buf errors = { 0 };
	struct bad none = { "none", 3, "/d does not exist" };
	struct bad open = { "open", 3, "/d is writable by others" };
	struct conf *conf = with_capture("d");
	struct hook *hook = &conf->hooks[0];

	(void)state;
	expect(conf_load_files(conf, hook, &errors), &errors, &none);
	scratch_directory("d", 0777);
	expect(conf_load_files(conf, hook, &errors), &errors, &open);
	assert_int_equal(chmod(scratch_path("d"), 01777), 0);
	expect(conf_load_files(conf, hook, &errors), &errors, &open);
	assert_int_equal(chmod(scratch_path("d"), 0700), 0);
	assert_int_equal(conf_load_files(conf, hook, &errors), RC_OK);
	conf_release(conf);
	buf_free(&errors);
}

/* Root may write everywhere, so it becomes somebody else for this. */
static void
the_capture_directory_has_to_be_writable(void **state)
{
	struct buf errors = { 0 };
	struct bad bad = { "read-only", 3, "cannot be written to by this" };
	struct conf *conf = with_capture("d");
	enum rc rc;

	(void)state;
	scratch_directory("d", 0500);
	assert_int_equal(chmod(scratch, 0755), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(scratch_path("s"), NOBODY, 0), 0);
		assert_int_equal(chown(scratch_path("d"), NOBODY, 0), 0);
		assert_int_equal(seteuid(NOBODY), 0);
	}
	rc = conf_load_files(conf, &conf->hooks[0], &errors);
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	expect(rc, &errors, &bad);
	conf_release(conf);
	buf_free(&errors);
}

static void
commands_need_a_directory_they_can_enter(void **state)
{
	struct buf errors = { 0 };
	char text[4 * PATH_MAX];
	const char *file = "/d is not a directory: name one";
	struct bad below = { "below a file", 6, "/d/e does not exist: make" };
	struct conf *conf;

	(void)state;
	snprintf(text, sizeof text,
	    "journal /j/q\nhook h\nsignature none\ndirectory %s/d\n"
	    "on * lane x run /bin/true\nlane x directory %s/d/e\n",
	    scratch, scratch);
	conf = good(text);
	assert_int_equal(conf_load_files(conf, &conf->hooks[0], &errors),
	    RC_CONFIG);
	assert_non_null(strstr(errors.data, "c:4: directory "));
	assert_non_null(strstr(errors.data, "/d does not exist: make it"));
	assert_non_null(strstr(errors.data, "c:6: directory "));
	errors.len = 0;
	scratch_directory("d", 0700);
	expect(conf_load_files(conf, &conf->hooks[0], &errors), &errors,
	    &below);
	assert_int_equal(rmdir(scratch_path("d")), 0);
	/* Whether it could be executed matters no more. */
	scratch_file("d", "", 0600);
	assert_int_equal(conf_load_files(conf, &conf->hooks[0], &errors),
	    RC_CONFIG);
	assert_non_null(strstr(errors.data, file));
	assert_int_equal(unlink(scratch_path("d")), 0);
	scratch_directory("d", 0700);
	scratch_directory("d/e", 0700);
	assert_int_equal(conf_load_files(conf, &conf->hooks[0], &errors),
	    RC_OK);
	assert_true(conf->hooks[0].ready);
	conf_release(conf);
	buf_free(&errors);
}

/* Root may enter every one. */
static void
the_directory_has_to_be_open_to_this_user(void **state)
{
	struct buf errors = { 0 };
	struct bad bad = { "closed", 3, "/d cannot be entered by this user" };
	char text[2 * PATH_MAX];
	struct conf *conf;
	enum rc rc;

	(void)state;
	snprintf(text, sizeof text,
	    "hook h\nsignature none\ndirectory %s/d\non * ignore\n", scratch);
	conf = good(text);
	scratch_directory("d", 0600);
	assert_int_equal(chmod(scratch, 0755), 0);
	if (geteuid() == 0)
		assert_int_equal(seteuid(NOBODY), 0);
	rc = conf_load_files(conf, &conf->hooks[0], &errors);
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	expect(rc, &errors, &bad);
	conf_release(conf);
	buf_free(&errors);
}

/* A constant, and another in the file `t` with these words behind it. */
static struct conf *
with_setenv_file(struct bytes value, const char *words)
{
	char text[2 * PATH_MAX];

	scratch_bytes("t", value, 0600);
	snprintf(text, sizeof text,
	    "hook h\nsignature none\nsetenv-file TOKEN %s%s\nsetenv A b\n"
	    "on * ignore\n",
	    scratch_path("t"), words);
	return good(text);
}

static void
a_variable_may_be_in_a_file(void **state)
{
	static const struct {
		struct bytes file;
		const char *value;
	} cases[] = {
		{ RAW("token"), "token" },
		{ RAW("token\n"), "token" },
		{ RAW("token\r\n"), "token" },
		{ RAW("two\nlines\n\n"), "two\nlines\n" },
		{ RAW(" \n"), " " },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf errors = { 0 };
		struct conf *conf = with_setenv_file(cases[i].file, "");
		const struct hook *hook = &conf->hooks[0];

		assert_int_equal(hook->setenv_len, 2);
		assert_null(hook->setenv[1].value);
		assert_int_equal(conf_load_files(conf, &conf->hooks[0],
				     &errors),
		    RC_OK);
		assert_string_equal(hook->setenv[0].value, "b");
		assert_string_equal(hook->setenv[1].name, "TOKEN");
		wrong += case_text(cases[i].file.data, hook->setenv[1].value,
		    cases[i].value);
		conf_release(conf);
	}
	assert_int_equal(wrong, 0);
}

static void
what_cannot_be_a_variable_is_refused(void **state)
{
	static const struct {
		struct bytes file;
		const char *part;
	} cases[] = {
		{ RAW(""), "/t is empty: put the value into it" },
		{ RAW("\n"), "/t is empty" },
		{ RAW("a\0b"), "/t holds a NUL byte: put the value" },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf errors = { 0 };
		struct conf *conf = with_setenv_file(cases[i].file, "");
		struct bad bad = { cases[i].part, 3, cases[i].part };

		wrong += case_rc(bad.text,
		    conf_load_files(conf, &conf->hooks[0], &errors), RC_CONFIG);
		wrong += check_error(&bad, &errors);
		wrong += case_true(bad.text, "not ready, and no value",
		    !conf->hooks[0].ready &&
			conf->hooks[0].setenv[1].value == NULL);
		conf_release(conf);
		buf_free(&errors);
	}
	assert_int_equal(wrong, 0);
}

/* TOKEN, = and NUL are seven bytes of the 128 KiB. */
static void
a_variable_is_as_long_as_a_program_can_be_given(void **state)
{
	static char value[128 * 1024];
	struct buf errors = { 0 };
	struct bad bad = { "long", 3,
		"/t is too long for a variable: let the" };
	struct bad more = { "larger", 3, "/t is larger than 131067 bytes" };
	struct conf *conf;

	(void)state;
	memset(value, 'x', sizeof value);
	conf = with_setenv_file((struct bytes){ value, sizeof value - 7 }, "");
	assert_int_equal(conf_load_files(conf, &conf->hooks[0], &errors),
	    RC_OK);
	assert_int_equal(strlen(conf->hooks[0].setenv[1].value),
	    sizeof value - 7);
	conf_release(conf);
	conf = with_setenv_file((struct bytes){ value, sizeof value - 6 }, "");
	expect(conf_load_files(conf, &conf->hooks[0], &errors), &errors, &bad);
	conf_release(conf);
	conf = with_setenv_file((struct bytes){ value, sizeof value - 4 }, "");
	expect(conf_load_files(conf, &conf->hooks[0], &errors), &errors, &more);
	conf_release(conf);
	buf_free(&errors);
}

static void
such_a_file_is_kept_like_a_secret(void **state)
{
	struct buf errors = { 0 };
	struct bad bad = { "readable", 3,
		"/t is readable by others: chmod o-r it, or end this line in "
		"`world-readable'" };
	struct bad none = { "missing", 3, "/t does not exist" };
	struct conf *conf = with_setenv_file(LIT("x"), "");

	(void)state;
	assert_int_equal(chmod(scratch_path("t"), 0604), 0);
	expect(conf_load_files(conf, &conf->hooks[0], &errors), &errors, &bad);
	assert_int_equal(unlink(scratch_path("t")), 0);
	expect(conf_load_files(conf, &conf->hooks[0], &errors), &errors, &none);
	conf_release(conf);
	conf = with_setenv_file(LIT("x"), " world-readable");
	assert_int_equal(chmod(scratch_path("t"), 0604), 0);
	assert_int_equal(conf_load_files(conf, &conf->hooks[0], &errors),
	    RC_OK);
	assert_string_equal(conf->hooks[0].setenv[1].value, "x");
	conf_release(conf);
	buf_free(&errors);
}

/* What another of the hook's files lacks makes none of it usable. */
static void
a_hook_that_is_not_ready_holds_no_value(void **state)
{
	struct buf errors = { 0 };
	char text[4 * PATH_MAX];
	struct conf *conf;
	const struct hook *hook;

	(void)state;
	scratch_file("t", "x", 0600);
	snprintf(text, sizeof text,
	    "hook h\nsignature none\nsetenv-file A %s\n"
	    "setenv-file B %s/none\non * ignore\n",
	    scratch_path("t"), scratch);
	conf = good(text);
	hook = &conf->hooks[0];
	assert_int_equal(conf_load_files(conf, &conf->hooks[0], &errors),
	    RC_CONFIG);
	assert_null(hook->setenv[0].value);
	assert_null(hook->setenv[1].value);
	assert_int_equal(hook->setenv_files[0].key.len, 0);
	conf_release(conf);
	buf_free(&errors);
}

/* Also where something else of the hook is wrong, and of no other hook. */
static void
lanes_are_named_as_the_files_are_looked_at(void **state)
{
	struct buf errors = { 0 };
	struct conf *conf = good("signature auto\nhook a\nsignature none\n"
				 "on * run /none\nhook b\nsignature none\n"
				 "on * run /none\n");

	(void)state;
	assert_int_equal(conf_load_files(conf, &conf->hooks[0], &errors),
	    RC_CONFIG);
	assert_int_not_equal(conf->hooks[0].routing[0], '\0');
	assert_int_not_equal(conf->hooks[0].lanes[0].key[0], '\0');
	assert_int_equal(conf->hooks[1].routing[0], '\0');
	assert_int_equal(conf->hooks[1].lanes[0].key[0], '\0');
	conf_release(conf);
	buf_free(&errors);
}

static void
the_journals_directory_is_checked(void **state)
{
	struct buf errors = { 0 };
	struct bad missing = { "missing", 1, "d does not exist: make it" };
	struct bad bad = { "open", 1, "the journal's directory " };
	struct bad wal = { "-wal", 1, "/d/q-wal is writable by others" };
	struct bad left = { "left", 1, "/d/q is gone, but " };
	char text[4 * PATH_MAX];
	struct conf *conf;

	(void)state;
	scratch_file("s", "x", 0600);
	snprintf(text, sizeof text,
	    "journal %s/d/q\nsecret-file %s\n"
	    "on * ignore\n",
	    scratch, scratch_path("s"));
	conf = good(text);
	expect(conf_load_all_files(conf, &errors), &errors, &missing);
	scratch_directory("d", 01777);
	expect(conf_load_all_files(conf, &errors), &errors, &bad);
	assert_int_equal(chmod(scratch_path("d"), 0700), 0);
	assert_int_equal(conf_load_all_files(conf, &errors), RC_OK);
	scratch_file("d/q-wal", "", 0602);
	expect(conf_load_all_files(conf, &errors), &errors, &wal);
	assert_int_equal(chmod(scratch_path("d/q-wal"), 0600), 0);
	expect(conf_load_all_files(conf, &errors), &errors, &left);
	scratch_file("d/q", "", 0600);
	assert_int_equal(conf_load_all_files(conf, &errors), RC_OK);
	conf_release(conf);
	buf_free(&errors);
}

/* Nothing of it is on this machine, so nothing is looked for. */
static void
a_shared_journal_has_no_files(void **state)
{
	struct buf errors = { 0 };
	struct conf *conf;

	(void)state;
	needs_postgresql();
	conf = good("journal postgresql://nobody@h.invalid:1/d\n"
		    "hook h\nsignature none\non * ignore\n");
	assert_int_equal(conf_load_all_files(conf, &errors), RC_OK);
	assert_int_equal(conf_try_files(conf, &errors), RC_OK);
	assert_int_equal(errors.len, 0);
	conf_release(conf);
	buf_free(&errors);
}

/* As an ordinary user, for root may write everywhere. */
static enum rc
try_as_user(struct conf *conf, struct buf *errors,
    enum rc (*try)(struct conf *, struct buf *))
{
	enum rc rc;

	if (getuid() == 0)
		assert_int_equal(seteuid(NOBODY), 0);
	rc = try(conf, errors);
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	return rc;
}

static void
the_journal_has_to_be_writable(void **state)
{
	struct buf errors = { 0 };
	struct bad directory = { "directory", 1, "/d cannot be written by " };
	struct bad file = { "file", 1, "/d/q cannot be written by " };
	struct bad room = { "room", 1, "directory has no room for an event: " };
	struct rlimit limit, small;
	char text[4 * PATH_MAX];
	struct conf *conf;

	(void)state;
	assert_int_equal(chmod(scratch, 0755), 0);
	snprintf(text, sizeof text,
	    "journal %s/d/q\nhook h\nsignature none\non * ignore\n", scratch);
	conf = good(text);
	scratch_directory("d", 0500);
	scratch_file("d/q", "x", 0600);
	if (getuid() == 0) {
		assert_int_equal(chown(scratch_path("d"), NOBODY, 0), 0);
		assert_int_equal(chown(scratch_path("d/q"), NOBODY, 0), 0);
	}
	expect(try_as_user(conf, &errors, conf_load_start_files), &errors,
	    &directory);
	assert_int_equal(chmod(scratch_path("d"), 0700), 0);
	assert_int_equal(chmod(scratch_path("d/q"), 0400), 0);
	expect(try_as_user(conf, &errors, conf_load_start_files), &errors,
	    &file);
	assert_int_equal(chmod(scratch_path("d/q"), 0600), 0);
	/* As a full disk, with which a start goes on. */
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small = limit;
	small.rlim_cur = 5000;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(try_as_user(conf, &errors, conf_load_start_files),
	    RC_OK);
	expect(try_as_user(conf, &errors, conf_try_files), &errors, &room);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(try_as_user(conf, &errors, conf_try_files), RC_OK);
	conf_release(conf);
	buf_free(&errors);
}

static void
the_line_of_a_journal_is_named(void **state)
{
	struct buf errors = { 0 };
	struct bad bad = { "line", 2, "the journal cannot be used, for the " };
	struct conf *conf = good("# journal\njournal /j/q\nhook h\n"
				 "signature none\non * ignore\n");

	(void)state;
	conf_blame_journal(conf, &errors);
	assert_int_equal(check_error(&bad, &errors), 0);
	conf_release(conf);
	buf_free(&errors);
}

/* As the server would open it, but nothing is made. */
static void
the_log_can_be_opened(void **state)
{
	struct buf errors = { 0 };
	struct bad missing = { "no directory", 2, "cannot be opened: its dir" };
	struct bad directory = { "a directory", 2, "d/l is a directory" };
	struct bad sticky = { "sticky", 2, "the log's directory " };
	struct bad link = { "a link", 2, "d/l is a symbolic link" };
	struct bad pipe = { "a pipe", 2, "d/l is a pipe that nobody reads" };
	char text[4 * PATH_MAX];
	struct conf *conf;

	(void)state;
	scratch_file("s", "x", 0600);
	snprintf(text, sizeof text,
	    "secret-file %s\nlog %s/d/l\n"
	    "on * ignore\n",
	    scratch_path("s"), scratch);
	conf = good(text);
	assert_int_equal(conf_load_all_files(conf, &errors), RC_OK);
	expect(conf_load_start_files(conf, &errors), &errors, &missing);
	scratch_directory("d", 0700);
	assert_int_equal(conf_load_start_files(conf, &errors), RC_OK);
	assert_int_not_equal(access(scratch_path("d/l"), F_OK), 0);
	scratch_directory("d/l", 0700);
	expect(conf_load_start_files(conf, &errors), &errors, &directory);
	assert_int_equal(rmdir(scratch_path("d/l")), 0);
	errors.len = 0;
	assert_int_equal(symlink("nowhere", scratch_path("d/l")), 0);
	expect(conf_load_start_files(conf, &errors), &errors, &link);
	assert_int_equal(unlink(scratch_path("d/l")), 0);
	errors.len = 0;
	assert_int_equal(mkfifo(scratch_path("d/l"), 0600), 0);
	expect(conf_load_start_files(conf, &errors), &errors, &pipe);
	assert_int_equal(unlink(scratch_path("d/l")), 0);
	errors.len = 0;
	assert_int_equal(chmod(scratch_path("d"), 01777), 0);
	expect(conf_load_start_files(conf, &errors), &errors, &sticky);
	conf_release(conf);
	buf_free(&errors);
}

/* Root may write everywhere, so it becomes somebody else for this. */
static void
the_log_has_to_be_writable(void **state)
{
	struct buf errors = { 0 };
	struct bad bad = { "read-only", 2, "cannot be written by this user" };
	char text[4 * PATH_MAX];
	struct conf *conf;
	enum rc rc;

	(void)state;
	if (getuid() == 0)
		assert_int_equal(chmod(scratch, 0755), 0);
	scratch_file("log", "x", 0400);
	snprintf(text, sizeof text,
	    "# log\nlog %s\nhook h\n"
	    "signature none\non * ignore\n",
	    scratch_path("log"));
	conf = good(text);
	if (getuid() == 0)
		assert_int_equal(seteuid(NOBODY), 0);
	rc = conf_load_start_files(conf, &errors);
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	expect(rc, &errors, &bad);
	conf_release(conf);
	buf_free(&errors);
}

static void
the_journals_directory_belongs_to_the_user(void **state)
{
	struct buf errors = { 0 };
	struct bad bad = { "root's", 1, "does not belong to the user of this" };
	struct conf *conf;
	enum rc rc;

	(void)state;
	if (geteuid() != 0)
		skip();
	conf = good("journal /q\nhook u\nsignature none\non * ignore\n");
	assert_int_equal(seteuid(NOBODY), 0);
	rc = conf_load_all_files(conf, &errors);
	assert_int_equal(seteuid(0), 0);
	expect(rc, &errors, &bad);
	conf_release(conf);
	buf_free(&errors);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(secrets_are_decoded),
		SCRATCH_TEST(bad_secrets_are_refused),
		SCRATCH_TEST(a_secret_must_be_kept_secret),
		SCRATCH_TEST(others_may_read_a_secret_whose_line_says_so),
		SCRATCH_TEST(all_secrets_have_to_be_good),
		SCRATCH_TEST(a_ready_hook_is_not_read_again),
		SCRATCH_TEST(commands_are_checked),
		SCRATCH_TEST(hooks_are_made_ready_one_by_one_or_all),
		SCRATCH_TEST(a_shared_fault_is_one_of_each_hook),
		SCRATCH_TEST(the_capture_directory_is_checked),
		SCRATCH_TEST(the_capture_directory_has_to_be_writable),
		SCRATCH_TEST(commands_need_a_directory_they_can_enter),
		SCRATCH_TEST(the_directory_has_to_be_open_to_this_user),
		SCRATCH_TEST(a_variable_may_be_in_a_file),
		SCRATCH_TEST(what_cannot_be_a_variable_is_refused),
		SCRATCH_TEST(a_variable_is_as_long_as_a_program_can_be_given),
		SCRATCH_TEST(such_a_file_is_kept_like_a_secret),
		SCRATCH_TEST(a_hook_that_is_not_ready_holds_no_value),
		SCRATCH_TEST(lanes_are_named_as_the_files_are_looked_at),
		SCRATCH_TEST(the_journals_directory_is_checked),
		SCRATCH_TEST(a_shared_journal_has_no_files),
		SCRATCH_TEST(the_journal_has_to_be_writable),
		SCRATCH_TEST(the_line_of_a_journal_is_named),
		SCRATCH_TEST(the_log_can_be_opened),
		SCRATCH_TEST(the_log_has_to_be_writable),
		SCRATCH_TEST(the_journals_directory_belongs_to_the_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
