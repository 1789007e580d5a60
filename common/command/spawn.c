/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command/spawn.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/descriptors.h"
#include "base/log.h"
#include "base/pidfd.h"
#include "base/script.h"

enum { ABANDON = 1000 }; /* milliseconds after SIGKILL */

extern char **environ;

static int
set_attributes(posix_spawnattr_t *attributes, short flags)
{
	sigset_t all, none;
	int error;

	/*
	 * sigfillset leaves out the C library's own signals, and what is left
	 * out of those posix_spawn gives to the command as ignored.
	 */
	memset(&all, 0xff, sizeof(all));
	sigemptyset(&none);
	error = posix_spawnattr_setflags(attributes,
	    (short)(flags | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK));
	if (error == 0)
		error = posix_spawnattr_setpgroup(attributes, 0);
	if (error == 0)
		error = posix_spawnattr_setsigdefault(attributes, &all);
	if (error == 0)
		error = posix_spawnattr_setsigmask(attributes, &none);
	return error;
}

static int
add_actions(posix_spawn_file_actions_t *actions, const int fds[3])
{
	int error = 0;

	/*
	 * Upwards, none runs over a later one: of the two pipes only the
	 * first one's writing end can be below 3, and never 0.
	 */
	for (int fd = 0; error == 0 && fd <= STDERR_FILENO; fd++) {
		if (fds[fd] < 0)
			error = posix_spawn_file_actions_addopen(actions, fd,
			    "/dev/null", O_RDWR, 0);
		else
			error = posix_spawn_file_actions_adddup2(actions,
			    fds[fd], fd);
	}
	if (error == 0)
		error = posix_spawn_file_actions_addclosefrom_np(actions,
		    STDERR_FILENO + 1);
	if (error == 0)
		error = posix_spawn_file_actions_addchdir_np(actions, "/");
	return error;
}

static int
spawn_with(const struct spawning *spawning, short flags,
    const posix_spawn_file_actions_t *actions, pid_t *pid)
{
	posix_spawnattr_t attributes;
	int error = posix_spawnattr_init(&attributes);

	if (error != 0)
		return error;
	error = set_attributes(&attributes, flags);
	/* posix_spawn writes to nothing it is given; its type is old. */
	if (error == 0)
		error = posix_spawn(pid, spawning->command[0], actions,
		    &attributes, (char *const *)spawning->command,
		    (char *const *)spawning->environment);
	posix_spawnattr_destroy(&attributes);
	return error;
}

static int
highest_of(const int fds[3])
{
	int highest = -1;

	for (size_t i = 0; i < 3; i++)
		if (fds[i] > highest)
			highest = fds[i];
	return highest;
}

/* flags: POSIX_SPAWN_.  Like posix_spawn it knows whether exec succeeded. */
static int
spawn(const struct spawning *spawning, short flags, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	int error = posix_spawn_file_actions_init(&actions);
	bool lowered;

	if (error != 0)
		return error;
	lowered = descriptors_lower(highest_of(spawning->fds));
	error = add_actions(&actions, spawning->fds);
	if (error == 0)
		error = spawn_with(spawning, flags, &actions, pid);
	descriptors_restore(lowered, error == 0 ? *pid : -1);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

/*
 * Ends a command that was just started and cannot be watched.  It is a
 * child that was not waited for, so its number is its own.
 */
static void
abandon(pid_t pid)
{
	int64_t deadline = clock_steady() + ABANDON;

	kill(-pid, SIGKILL);
	while (waitpid(pid, NULL, WNOHANG) == 0 && clock_left(deadline) > 0)
		poll(NULL, 0, 10);
}

/*
 * Where the kernel has no pidfd or no descriptor is left, the command must
 * not have been started.  The descriptor is reserved for the real one.
 */
static int
reserve_fd(int of)
{
	if (pidfd_check() != RC_OK)
		return -1;
	return fcntl(of, F_DUPFD_CLOEXEC, 0);
}

int
spawn_watched(const struct spawning *spawning, pid_t *pid, int *pidfd)
{
	int reserved = reserve_fd(spawning->fds[STDOUT_FILENO]);
	pid_t child;
	int fd;
	int error;

	if (reserved < 0)
		return errno;
	error = spawn(spawning, POSIX_SPAWN_SETPGROUP, &child);
	close(reserved);
	if (error != 0)
		return error;
	fd = pidfd_open(child, 0);
	if (fd < 0) {
		error = errno;
		abandon(child);
		return error;
	}
	*pid = child;
	*pidfd = fd;
	return 0;
}

void
spawn_explain(const char *command, int error, struct buf *into)
{
	struct buf fault = { 0 };

	if ((error == ENOSYS || error == EPERM) && pidfd_check() != RC_OK) {
		(void)buf_text(into, pidfd_fault(errno));
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
	struct spawning spawning = { command, environment, { -1, -1, -1 } };
	int error = spawn(&spawning, POSIX_SPAWN_SETSID, pid);

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
