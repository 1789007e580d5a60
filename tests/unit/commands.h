/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_COMMANDS_H
#define PELIHOOK_COMMANDS_H

#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>

#include "scratch.h"

#include "base/clock.h"

/*
 * What the tests that run real commands share: a directory of the test's
 * own with its scripts and its log, and ways to look at processes.
 */

enum {
	PATIENCE = 20000, /* milliseconds for what must happen */
	NOBODY = 65534,
};

static inline int
make_directory(void **state)
{
	return scratch_make(state) != 0 ? -1 : scratch_log(LOG_LEVEL_DEBUG);
}

/* A script in the test's directory. */
static inline const char *
script(const char *name, const char *body)
{
	char text[2048];

	snprintf(text, sizeof(text), "#!/bin/sh\n%s\n", body);
	return scratch_file(name, text, 0755);
}

/* How often a text stands in the log. */
static inline unsigned
log_holds(const char *text)
{
	return count_of(scratch_path("log"), text);
}

static inline unsigned
count_descriptors(void)
{
	DIR *entries = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(entries);
	while (readdir(entries) != NULL)
		n++;
	closedir(entries);
	return n;
}

/*
 * For tests that start commands: old versions of valgrind know nothing of
 * pidfds (nor does their fork tell of exec's failure), so that no command
 * can be started under them.
 */
static inline void
need_pidfds(void)
{
	long fd = syscall(SYS_pidfd_open, getpid(), 0);

	if (fd < 0) {
		print_message("skipped: no pidfds here: %s\n", strerror(errno));
		skip();
	}
	close((int)fd);
}

#if defined(__has_feature)
#define HAS_FEATURE(feature) __has_feature(feature)
#else
#define HAS_FEATURE(feature) 0
#endif

/*
 * Whether a limit of memory meets our own code first, and not valgrind or
 * the thread sanitizer, which stop at it.
 */
static inline bool
memory_can_be_limited(void)
{
#if defined(__SANITIZE_THREAD__) || HAS_FEATURE(thread_sanitizer)
	return false;
#endif
	return !is_under_valgrind();
}

/* Whether a process runs: not gone, and no zombie. */
static inline bool
is_alive(pid_t pid)
{
	char path[64];
	struct buf text;
	const char *name_end;
	bool alive;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	text = read_file(path);
	name_end = strrchr(text.data, ')');
	alive = name_end != NULL && name_end[2] != 'Z' && name_end[2] != 'X';
	buf_free(&text);
	return alive;
}

static inline bool
wait_until_dead(pid_t pid)
{
	int64_t deadline = clock_steady() + PATIENCE;

	while (is_alive(pid) && clock_left(deadline) > 0)
		poll(NULL, 0, 10);
	return !is_alive(pid);
}

/*
 * Runs a test's body in a process of its own, which may spoil itself: the
 * body returns whether all was as it has to be.
 */
static inline bool
in_child(bool (*body)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(body() ? 0 : 1);
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* For such a body. */
#define NEED(condition)                                                        \
	do {                                                                   \
		if (!(condition)) {                                            \
			dprintf(2, "line %d: not %s\n", __LINE__, #condition); \
			return false;                                          \
		}                                                              \
	} while (0)

/*
 * Makes a system call fail in this process from now on; false where the
 * kernel does not let us.  Of no use but in a process of its own.
 */
static inline bool
forbid(long number, int error)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { COUNT(filter), filter };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* Commands of another user: a copy of this program, set-user-ID root. */

static char self[4096];

static inline bool
find_self(void)
{
	return readlink("/proc/self/exe", self, sizeof(self) - 1) > 0;
}

static inline void
copy_self(const char *to)
{
	char chunk[65536];
	int from = open(self, O_RDONLY | O_CLOEXEC);
	int into = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
	ssize_t n;

	assert_true(from >= 0 && into >= 0);
	while ((n = read(from, chunk, sizeof(chunk))) > 0)
		assert_int_equal(write(into, chunk, (size_t)n), n);
	assert_int_equal(n, 0);
	assert_int_equal(fchmod(into, 04755), 0);
	close(from);
	assert_int_equal(close(into), 0);
}

static inline bool
become_nobody(void)
{
	return setgroups(0, NULL) == 0 &&
	    setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
	    setresuid(NOBODY, NOBODY, NOBODY) == 0;
}

/*
 * Whether that user can start what stands in the directory: whether it can
 * reach it, that is.
 */
static inline bool
nobody_can_run_it(void)
{
	return become_nobody() && access(scratch_path("root"), X_OK) == 0;
}

static inline void
prepare_root_command(void)
{
	struct statvfs mount;

	need_pidfds();
	if (geteuid() != 0 || statvfs(scratch, &mount) != 0 ||
	    (mount.f_flag & ST_NOSUID) != 0 ||
	    prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 0) {
		print_message("skipped: needs root and a directory that "
			      "allows set-user-ID programs\n");
		skip();
	}
	assert_int_equal(chmod(scratch, 0755), 0);
	copy_self(scratch_path("root"));
	if (!in_child(nobody_can_run_it)) {
		print_message("skipped: user %d cannot run a command in %s\n",
		    (int)NOBODY, scratch);
		skip();
	}
}

/*
 * This program as a command that whoever started it cannot kill.  It ends
 * when its fifo is opened for writing, and by itself in any case.
 */
static inline int
be_root(int argc, char **argv)
{
	alarm(30);
	signal(SIGPIPE, SIG_IGN);
	if (argc < 3 || setresuid(0, 0, 0) != 0)
		return 1;
	dprintf(1, "root\n");
	return open(argv[2], O_RDONLY | O_CLOEXEC) >= 0 ? 0 : 1;
}

#endif
