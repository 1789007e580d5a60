/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command/spawn.h"

#include "base/buf.h"
#include "base/descriptors.h"
#include "base/io.h"
#include "base/log.h"
#include "base/pidfd.h"
#include "base/script.h"

enum { STACK = 16 * 1024 }; /* of a child until it has its program */

/* Of what runs on a stack that is left without a return, as by exec: sanitizers
 * would go on to hold what they noted of it for true. */
#define LEAVES_STACK __attribute__((no_sanitize("address", "thread")))

extern char **environ;

/*
 * A child on its way to its program.  Until then it has our memory and this
 * thread waits, so it may only call what signal-safety(7) has.
 */
struct start {
	const struct spawning *spawning;
	bool session; /* of its own, or only a process group */
	int error;    /* why it did not come there */
};

/*
 * Upwards, none runs over a later one: of the two pipes only the first one's
 * writing end can be below 3, and never 0.
 */
LEAVES_STACK static bool
take_descriptors(const int fds[3])
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		int from = fds[fd] < 0 ? open("/dev/null", O_RDWR) : fds[fd];

		if (from == fd ? fcntl(fd, F_SETFD, 0) != 0 :
				 dup2(from, fd) != fd)
			return false;
	}
	closefrom(STDERR_FILENO + 1);
	return true;
}

/*
 * The system call itself: sigaction(3) leaves out the C library's own signals,
 * which may have been ignored by who started us.
 */
LEAVES_STACK static bool
take_signals(void)
{
	static const unsigned long dispositions[8]; /* SIG_DFL */
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		(void)syscall(SYS_rt_sigaction, number, dispositions, NULL,
		    NSIG / 8);
	sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL) == 0;
}

LEAVES_STACK static int
become(void *context)
{
	struct start *start = context;
	const struct spawning *spawning = start->spawning;

	/* exec writes to nothing it is given; its type is old. */
	if (take_descriptors(spawning->fds) &&
	    (start->session ? setsid() != -1 : setpgid(0, 0) == 0) &&
	    chdir(spawning->directory) == 0) {
		descriptors_restore();
		if (take_signals())
			execve(spawning->command[0],
			    (char *const *)spawning->command,
			    (char *const *)spawning->environment);
	}
	start->error = errno;
	_exit(1);
}

/*
 * As posix_spawn(3) does it, which has no limits and no pidfd: no copy of our
 * memory is made, and whether exec succeeded is known.  With all signals held
 * back no handler of ours runs in the child.
 */
static int
start_child(struct start *start, pid_t *pid, int *pidfd)
{
	_Alignas(max_align_t) char stack[STACK];
	sigset_t all, before;
	pid_t child;
	int fd = -1;

	start->error = 0;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	child = clone(become, stack + STACK,
	    CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, start, &fd);
	if (child < 0)
		start->error = errno;
	else if (start->error != 0)
		waitpid(child, NULL, 0);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (start->error == 0) {
		*pid = child;
		*pidfd = fd;
		return 0;
	}
	io_close(&fd);
	return start->error;
}

int
spawn_watched(const struct spawning *spawning, pid_t *pid, int *pidfd)
{
	struct start start = { .spawning = spawning };

	if (pidfd_check() != RC_OK)
		return errno;
	return start_child(&start, pid, pidfd);
}

/* Why nothing can begin there, or 0; the child could not tell. */
static int
directory_error(const char *directory)
{
	int fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int error = fd < 0 ? errno : 0;

	if (error == 0 && faccessat(fd, "", X_OK, AT_EACCESS | AT_EMPTY_PATH))
		error = errno;
	io_close(&fd);
	return error;
}

void
spawn_explain(const char *command, const char *directory, int error,
    struct buf *into)
{
	struct buf fault = { 0 };
	int entering;

	if ((error == ENOSYS || error == EPERM) && pidfd_check() != RC_OK) {
		(void)buf_text(into, pidfd_fault(errno));
		return;
	}
	entering = directory_error(directory);
	if (entering != 0) {
		(void)buf_printf(into, "its directory %s: %s", directory,
		    strerror(entering));
		return;
	}
	(void)buf_text(into, strerror(error));
	if ((error == ENOENT || error == EACCES || error == ENOEXEC) &&
	    script_check(command, NULL, &fault) != RC_OK)
		(void)buf_printf(into, ": it %s",
		    fault.rc == RC_OK ? fault.data : "cannot be executed");
	buf_free(&fault);
}

enum rc
spawn_detached(const char *const *command, pid_t *pid)
{
	static const char *const environment[] = { "PATH=" SPAWN_PATH, NULL };
	struct spawning spawning = { command, environment, { -1, -1, -1 },
		"/" };
	struct start start = { .spawning = &spawning, .session = true };
	int pidfd = -1;
	int error = start_child(&start, pid, &pidfd);

	io_close(&pidfd);
	if (error == 0)
		return RC_OK;
	log_say(LOG_LEVEL_ERROR, "%s cannot be started: %s", command[0],
	    strerror(error));
	return RC_SYSTEM;
}

static void
reset_signals(void)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		sigaction(number, &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* A web server's holds what a request came with.  argv names no secret. */
static void
wipe_environment(void)
{
	for (char **at = environ; at != NULL && *at != NULL; at++)
		explicit_bzero(*at, strlen(*at));
	environ = NULL;
}

enum rc
spawn_copy(void (*live)(void *context), void *context)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid < 0 ? RC_SYSTEM : RC_OK;
	setsid();
	reset_signals();
	prctl(PR_SET_DUMPABLE, 0);
	wipe_environment();
	live(context);
	_exit(0);
}
