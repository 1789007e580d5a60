/* SPDX-License-Identifier: ISC */
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include <errno.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <unistd.h>

#include "../texts.h"

#include "base/buf.h"
#include "base/pidfd.h"
#include "base/syslog_client.h"
#include "config/conf.h"
#include "config/errors.h"
#include "config/surroundings.h"
#include "config/warnings.h"

enum { SKIPPED = 77 }; /* no filter can be set here */

static void
file_systems_are_judged(void **state)
{
	static const struct {
		unsigned long type;
		const char *part; /* NULL: nothing is wrong */
	} cases[] = {
		{ 0x01021994, "is in memory" },
		{ 0x858458f6, "is in memory" },
		{ 0x6969, "is on a network file system" },
		{ 0xff534d42, "is on a network file system" },
		/* As a machine gives it that extends the sign. */
		{ ULONG_MAX - 0xffffffff + 0xfe534d42,
		    "is on a network file system" },
		{ 0x01021997, "is on a network file system" },
		{ 0x65735546, "may be over the network" },
		{ 0xef53, NULL },     /* ext4 */
		{ 0x58465342, NULL }, /* XFS */
		{ 0x9123683e, NULL }, /* btrfs */
		{ 0x2fc12fc1, NULL }, /* ZFS */
		{ 0xf2f52010, NULL }, /* F2FS */
		{ 0x794c7630, NULL }, /* overlayfs */
		{ 0, NULL },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *fault = surroundings_judge(cases[i].type);
		const char *part = cases[i].part;

		wrong += case_true(part != NULL ? part : "good", "judged",
		    part == NULL ?
			fault == NULL :
			fault != NULL && strstr(fault, part) != NULL);
	}
	assert_int_equal(wrong, 0);
}

/* A journal that is there, and one that will be made. */
static void
a_journal_in_memory_is_told(void **state)
{
	static const char *const journals[] = { "/dev/shm", "/dev/shm/q" };
	struct statfs system;
	char text[256];

	(void)state;
	if (statfs("/dev/shm", &system) != 0 || system.f_type != 0x01021994)
		skip();
	for (size_t i = 0; i < COUNT(journals); i++) {
		struct buf found = { 0 };
		struct conf *conf;
		struct bad bad = { journals[i], 1, "is in memory" };

		snprintf(text, sizeof(text),
		    "journal %s\nsignature slack\n" WAITS, journals[i]);
		conf = good(text);
		assert_int_equal(conf_warnings(conf, 0, &found), RC_OK);
		assert_int_equal(check_error(&bad, &found), 0);
		conf_release(conf);
		buf_free(&found);
	}
}

/* From now on pidfd_open(2) fails so in this process. */
static void
forbid_pidfd_open(unsigned error)
{
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { COUNT(rules), rules };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		_exit(SKIPPED);
}

/* In a process of its own: how many things are wrong there. */
static int
warn_without_pidfd(const char *text, unsigned error, const char *part)
{
	struct conf *conf = good(text);
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct buf found = { 0 };
		bool right;

		forbid_pidfd_open(error);
		right = conf_warnings(conf, 0, &found) == RC_OK &&
		    (part == NULL ? found.len == 0 :
				    holds_text(buf_view(&found), part));
		if (!right)
			print_error("got: %s\n",
			    found.len > 0 ? found.data : "");
		_exit(right ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	conf_release(conf);
	return status;
}

static void
a_kernel_that_starts_no_command_is_told(void **state)
{
	static const char runs[] =
	    "hook h\nsecret-file /s\nsignature slack\non * run /bin/true\n";
	int status;

	(void)state;
	/* Here that is told of every command. */
	if (pidfd_check() != RC_OK)
		skip();
	status = warn_without_pidfd(runs, ENOSYS,
	    "/c: this kernel has no pidfd_open(2)");
	if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
		skip();
	assert_int_equal(status, 0);
	assert_int_equal(warn_without_pidfd(runs, EPERM,
			     "/c: pidfd_open(2), without which no command"),
	    0);
	/* Where none is ever started nothing is missing. */
	assert_int_equal(warn_without_pidfd("signature slack\n" WAITS, ENOSYS,
			     NULL),
	    0);
}

static void
a_shared_journal_is_on_no_file_system(void **state)
{
	struct buf found = { 0 };
	struct conf_errors list = { .into = &found };
	struct conf *conf;

	(void)state;
	needs_postgresql();
	conf = good("log /l\n" SHARED);
	surroundings_warn(conf, true, &list);
	assert_int_equal(found.len, 0);
	conf_release(conf);
	buf_free(&found);
}

/* Whether this machine has a syslog is not for the test to say. */
static void
only_what_goes_to_syslog_wants_a_reader(void **state)
{
	static const struct {
		const char *text;
		unsigned around;
		bool syslog;
	} cases[] = {
		{ "log syslog\nsignature slack\n" WAITS, 0, true },
		{ "log /l\nsignature slack\n" WAITS, CONF_BEHIND_CGI, false },
		{ "log stderr\nsignature slack\n" WAITS, CONF_BEHIND_CGI,
		    false },
		{ "log stderr\njournal /j/q\nsignature slack\n" WAITS,
		    CONF_BEHIND_CGI, true },
		{ "log stderr\njournal /j/q\nsignature slack\n" WAITS, 0,
		    false },
		{ "log stderr\njournal /j/q\ndelivery wait\nsignature slack\n" WAITS,
		    CONF_BEHIND_CGI, false },
		{ "log stderr\njournal /j/q\ndispatch drain\nsignature slack\n" WAITS,
		    0, true },
		{ "log stderr\njournal /j/q\ndispatch none\nsignature slack\n" WAITS,
		    CONF_BEHIND_CGI, false },
	};
	bool read = syslog_client_check(SYSLOG_CLIENT_PATH) == 0;
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf found = { 0 };
		struct conf *conf = good(cases[i].text);
		struct bad bad = { cases[i].text, 1,
			"nobody reads syslog here (/dev/log: " };

		wrong += case_rc(cases[i].text,
		    conf_warnings(conf, cases[i].around, &found), RC_OK);
		if (cases[i].syslog && !read)
			wrong += check_error(&bad, &found);
		else
			wrong += case_number(cases[i].text,
			    (long long)found.len, 0);
		conf_release(conf);
		buf_free(&found);
	}
	assert_int_equal(wrong, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(file_systems_are_judged),
		SCRATCH_TEST(a_journal_in_memory_is_told),
		SCRATCH_TEST(a_shared_journal_is_on_no_file_system),
		SCRATCH_TEST(a_kernel_that_starts_no_command_is_told),
		SCRATCH_TEST(only_what_goes_to_syslog_wants_a_reader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
