/* SPDX-License-Identifier: ISC */
#include <elf.h>
#include <errno.h>
#include <sys/wait.h>

#include "../commands.h"
#include "../scratch.h"

#include "base/pidfd.h"
#include "base/script.h"

static const char search[] = "/nowhere:/usr/bin:/bin";

/* A part of what is said, or NULL for nothing. */
static unsigned
check(const char *name, const char *path, const char *want)
{
	struct buf error = { 0 };
	enum rc rc = script_check(path, search, &error);
	unsigned wrong = case_rc(name, rc, want == NULL ? RC_OK : RC_CONFIG);

	if (want != NULL && !holds_text(buf_view(&error), want)) {
		print_error("%s: <%s>\n", name,
		    error.len > 0 ? error.data : "");
		wrong++;
	}
	buf_free(&error);
	return wrong;
}

static const struct {
	struct bytes text;
	const char *want;
} heads[] = {
	{ RAW("#!/bin/sh\nexit 0\n"), NULL },
	{ RAW("#!/bin/sh"), NULL },
	{ RAW("#! /bin/sh -e\n"), NULL },
	{ RAW("#!\t/bin/sh\t-e \n"), NULL },
	{ RAW("#!/usr/bin/env sh\n"), NULL },
	{ RAW("#!/usr/bin/env -S A=b sh -e\n"), NULL },
	{ RAW("#!/usr/bin/env -S${A} sh\n"), NULL },
	{ RAW("#!/usr/bin/env -i sh\n"), NULL },
	{ RAW("#!/usr/bin/env /bin/sh\n"), NULL },
	/* For something that is registered with the kernel. */
	{ RAW("PK\003\004\0\0\0\0"), NULL },
	{ RAW("\177ELF"), NULL },
	{ RAW("#!/bin/sh\r\nexit 0\r\n"), "first line that ends in CR" },
	{ RAW("#!/bin/sh -e\r\n"), "first line that ends in CR" },
	{ RAW("#!/usr/bin/env sh\r\n"), "first line that ends in CR" },
	{ RAW("\357\273\277#!/bin/sh\n"), "has a byte order mark" },
	{ RAW("\377\376#\0!\0/\0b\0i\0n\0/\0s\0h\0\n\0"), "in UTF-16" },
	{ RAW("\376\377\0#\0!\0/\0b\0i\0n\0/\0s\0h\0\n"), "in UTF-16" },
	{ RAW(""), "no #! line" },
	{ RAW("exit 0\n"), "no #! line" },
	{ RAW("\357\273\277exit 0\n"), "no #! line" },
	{ RAW(" #!/bin/sh\n"), "no #! line" },
	{ RAW("\n#!/bin/sh\n"), "no #! line" },
	{ RAW("#!\nexit 0\n"), "names no interpreter" },
	{ RAW("#! \t\n"), "names no interpreter" },
	{ RAW("#!/usr/bin/nosuch\n"),
	    "has the interpreter /usr/bin/nosuch, which is missing" },
	{ RAW("#! /usr/bin/nosuch -x\n"),
	    "has the interpreter /usr/bin/nosuch, which is missing" },
	{ RAW("#!/etc/passwd/sh\n"),
	    "has the interpreter /etc/passwd/sh, which is missing" },
	{ RAW("#!/etc/passwd\n"),
	    "has the interpreter /etc/passwd, which cannot be executed" },
	{ RAW("#!/usr\n"),
	    "has the interpreter /usr, which cannot be executed" },
	{ RAW("#!/no\033such\n"), "/no?such, which is missing" },
	{ RAW("#!/usr/bin/env nosuch\n"),
	    "has the interpreter nosuch, which is not in the PATH of commands" },
	/* All of it is one argument, and so one name. */
	{ RAW("#!/usr/bin/env sh -e\n"),
	    "has the interpreter sh -e, which is not in the PATH of commands" },
	{ RAW("#!/usr/bin/env -S A=b nosuch -e\n"),
	    "has the interpreter nosuch, which is not in the PATH of commands" },
	{ RAW("#!/usr/bin/env /bin/nosuch\n"),
	    "has the interpreter /bin/nosuch, which is missing" },
};

static void
what_a_first_line_comes_to_is_told(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(heads); i++)
		wrong += check(heads[i].text.data,
		    scratch_bytes("it", heads[i].text, 0755), heads[i].want);
	assert_int_equal(wrong, 0);
}

static int
executed(const char *path)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		execl(path, path, (char *)NULL);
		_exit(errno);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* The kernel is asked whether what is said of it is so. */
static void
the_longest_name_is_the_kernels(void **state)
{
	char text[512] = "#!/";
	struct bytes bytes = { text, 0 };

	(void)state;
	need_pidfds();
	memset(text + 3, '/', 300);
	memcpy(text + 255 - 6, "bin/sh\nexit 0\n", 14);
	bytes.len = 255 - 6 + 14;
	assert_int_equal(check("whole", scratch_bytes("whole", bytes, 0755),
			     NULL),
	    0);
	assert_int_equal(executed(scratch_path("whole")), 0);
	memcpy(text + 290, "bin/sh\nexit 0\n", 14);
	memset(text + 240, '/', 50);
	bytes.len = 290 + 14;
	assert_int_equal(check("cut", scratch_bytes("cut", bytes, 0755),
			     "over 250 bytes"),
	    0);
	assert_int_equal(executed(scratch_path("cut")), ENOEXEC);
}

/* This program, with another loader in its place. */
static void
a_missing_loader_is_named(void **state)
{
	struct buf program;
	char *loader;
	const char *path;

	(void)state;
	need_pidfds();
	program = read_file("/proc/self/exe");
	loader = memmem(program.data, program.len, "/lib", 4);
	assert_non_null(loader);
	path = scratch_bytes("sound", buf_view(&program), 0755);
	assert_int_equal(check("sound", path, NULL), 0);
	memcpy(loader, "/nil", 4);
	path = scratch_bytes("loader", buf_view(&program), 0755);
	assert_int_equal(check("loader", path, "has the loader /nil"), 0);
	assert_int_equal(executed(path), ENOENT);
	/* A table of segments that is not there. */
	for (size_t i = 0; i < 2; i++)
		program.data[offsetof(Elf64_Ehdr, e_phoff) + i] = (char)0xff;
	path = scratch_bytes("table", buf_view(&program), 0755);
	assert_int_equal(check("table", path, NULL), 0);
	buf_free(&program);
}

static void
what_cannot_be_read_has_no_fault(void **state)
{
	unsigned wrong = 0;

	(void)state;
	wrong += check("missing", scratch_path("nosuch"), NULL);
	wrong += check("directory", scratch, NULL);
	assert_int_equal(mkfifo(scratch_path("fifo"), 0755), 0);
	wrong += check("fifo", scratch_path("fifo"), NULL);
	assert_int_equal(wrong, 0);
}

static void
without_a_path_env_is_trusted(void **state)
{
	struct buf error = { 0 };
	const char *path = scratch_file("it", "#!/usr/bin/env nosuch\n", 0755);

	(void)state;
	assert_int_equal(script_check(path, NULL, &error), RC_OK);
	assert_int_equal(error.len, 0);
}

static void
processes_can_be_watched_here(void **state)
{
	(void)state;
	need_pidfds();
	assert_int_equal(pidfd_check(), RC_OK);
	assert_non_null(strstr(pidfd_fault(ENOSYS), "Linux 5.3"));
	assert_non_null(strstr(pidfd_fault(EPERM), "seccomp"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(what_a_first_line_comes_to_is_told),
		SCRATCH_TEST(the_longest_name_is_the_kernels),
		SCRATCH_TEST(a_missing_loader_is_named),
		SCRATCH_TEST(what_cannot_be_read_has_no_fault),
		SCRATCH_TEST(without_a_path_env_is_trusted),
		cmocka_unit_test(processes_can_be_watched_here),
	};

	return cmocka_run_group_tests_name("script", tests, NULL, NULL);
}
