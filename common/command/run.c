/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "command/run.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/procfs.h"

enum {
	LINE = 1024,		/* most bytes of a logged line */
	LINES = 64,		/* most logged lines of a run */
	CHUNK = 4 * 1024,	/* read at once */
	REST_CHUNKS = 512,	/* read at most behind the command's end */
	SETTLE = 1000,		/* milliseconds after SIGKILL */
	NOTE_AGAIN = 1000,	/* between tries to note the start, ms */
	GROUP_LOOK = 20		/* at what is left of a group, ms */
};

enum phase {
	PHASE_RUNNING,
	PHASE_TERMINATED,	/* SIGTERM was sent */
	PHASE_KILLED		/* SIGKILL was sent */
};

/*
 * One of the command's outputs, and its line that is not complete yet.  The
 * writing end stays open here as well, so that the command's end wakes us
 * once, and not for each of the pipes before.
 */
struct stream {
	int fd;			/* -1 once it failed */
	int writer;
	enum log_level level;
	const char *name;
	size_t len;
	char line[LINE];
};

struct watch {
	const struct run *what;
	struct run_result *result;
	struct stream streams[2];
	int stop;		/* -1 once it was heard */
	enum phase phase;
	int64_t deadline;	/* of the phase */
	int64_t note_at;	/* CLOCK_NEVER: the start is noted */
	unsigned lines;		/* logged */
	int64_t left_out;	/* lines that were not */
};

struct spawning {
	const char *const *command;
	const char *const *environment;
	short flags;		/* POSIX_SPAWN_ */
	int fds[3];		/* what becomes 0 to 2; -1: /dev/null */
};

static void
begin_line(struct log_line *line, enum log_level level, const char *message,
    const struct run *what)
{
	log_begin(line, level, message);
	log_text(line, "hook", what->hook);
	log_text(line, "id", what->id);
}

static void
log_command(enum log_level level, const char *message,
    const struct run *what, int error)
{
	struct log_line line;

	begin_line(&line, level, message, what);
	log_text(&line, "command", what->command[0]);
	if (error != 0)
		log_text(&line, "error", strerror(error));
	log_end(&line);
}

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void
close_stream(struct stream *stream)
{
	close_fd(&stream->fd);
	close_fd(&stream->writer);
}

/* What the command wrote. */

static void
keep_tail(struct run_result *result, struct bytes bytes)
{
	size_t keep;

	if (bytes.len > RUN_TAIL)
		bytes = bytes_skip(bytes, bytes.len - RUN_TAIL);
	keep = RUN_TAIL - bytes.len;
	if (keep > result->tail_len)
		keep = result->tail_len;
	memmove(result->tail, result->tail + result->tail_len - keep, keep);
	memcpy(result->tail + keep, bytes.data, bytes.len);
	result->tail_len = keep + bytes.len;
}

static void
flush_line(struct watch *watch, struct stream *stream)
{
	struct log_line line;
	size_t len = stream->len;

	stream->len = 0;
	if (len == 0 || !log_wants(stream->level))
		return;
	if (watch->lines == LINES) {
		watch->left_out++;
		return;
	}
	watch->lines++;
	begin_line(&line, stream->level, stream->name, watch->what);
	log_bytes(&line, "text", (struct bytes){stream->line, len});
	log_end(&line);
}

static void
add_to_line(struct watch *watch, struct stream *stream, struct bytes bytes)
{
	size_t n;

	while (bytes.len > 0) {
		if (stream->len == LINE)
			flush_line(watch, stream);
		n = LINE - stream->len;
		if (n > bytes.len)
			n = bytes.len;
		memcpy(stream->line + stream->len, bytes.data, n);
		stream->len += n;
		bytes = bytes_skip(bytes, n);
	}
}

static void
take_lines(struct watch *watch, struct stream *stream, struct bytes bytes)
{
	const char *end;
	size_t n;

	while (bytes.len > 0) {
		end = memchr(bytes.data, '\n', bytes.len);
		n = end == NULL ? bytes.len : (size_t)(end - bytes.data);
		add_to_line(watch, stream, (struct bytes){bytes.data, n});
		if (end == NULL)
			return;
		flush_line(watch, stream);
		bytes = bytes_skip(bytes, n + 1);
	}
}

/* Takes one chunk; false where there is nothing at the moment. */
static bool
take_output(struct watch *watch, struct stream *stream)
{
	char chunk[CHUNK];
	struct bytes bytes = {chunk, 0};
	ssize_t n;

	if (stream->fd < 0)
		return false;
	n = read(stream->fd, chunk, sizeof(chunk));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		close_fd(&stream->fd);
		return false;
	}
	bytes.len = (size_t)n;
	keep_tail(watch->result, bytes);
	take_lines(watch, stream, bytes);
	return true;
}

/* Apart, so that no line lies on the stack while a command runs. */
static __attribute__((noinline)) void
tell_left_out(const struct watch *watch)
{
	struct log_line line;

	begin_line(&line, LOG_LEVEL_INFO, "more output", watch->what);
	log_number(&line, "lines", watch->left_out);
	log_end(&line);
}

/*
 * What the command left in the pipes.  The bound is for children of it that
 * go on writing: a pipe holds 1 MiB at most unless root raised that.
 */
static void
finish_output(struct watch *watch)
{
	for (int i = 0; i < 2; i++) {
		struct stream *stream = &watch->streams[i];
		int chunks = 0;

		while (chunks < REST_CHUNKS && take_output(watch, stream))
			chunks++;
		flush_line(watch, stream);
		close_stream(stream);
	}
	if (watch->left_out > 0)
		tell_left_out(watch);
}

/* Starting. */

static int
open_stream(struct stream *stream)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return errno;
	stream->fd = ends[0];
	stream->writer = ends[1];
	/* Only ours: the command's end is one that waits. */
	return fcntl(stream->fd, F_SETFL, O_NONBLOCK) == 0 ? 0 : errno;
}

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
	 * first one's writing end can stand below 3, and never at 0.
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
spawn_with(const struct spawning *spawning,
    const posix_spawn_file_actions_t *actions, pid_t *pid)
{
	posix_spawnattr_t attributes;
	int error = posix_spawnattr_init(&attributes);

	if (error != 0)
		return error;
	error = set_attributes(&attributes, spawning->flags);
	/* posix_spawn writes to nothing it is given; its type is old. */
	if (error == 0)
		error = posix_spawn(pid, spawning->command[0], actions,
		    &attributes, (char *const *)spawning->command,
		    (char *const *)spawning->environment);
	posix_spawnattr_destroy(&attributes);
	return error;
}

/* Returns an errno, and like posix_spawn knows whether exec succeeded. */
static int
spawn(const struct spawning *spawning, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	int error = posix_spawn_file_actions_init(&actions);

	if (error != 0)
		return error;
	error = add_actions(&actions, spawning->fds);
	if (error == 0)
		error = spawn_with(spawning, &actions, pid);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

static int
open_pidfd(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

/*
 * Ends a command that was just started and cannot be watched.  It is a
 * child that was not waited for, so its number is its own.
 */
static void
abandon(pid_t pid)
{
	int64_t deadline = clock_steady() + SETTLE;

	kill(-pid, SIGKILL);
	while (waitpid(pid, NULL, WNOHANG) == 0 && clock_left(deadline) > 0)
		poll(NULL, 0, 10);
}

/*
 * Where the kernel has no pidfd or no descriptor is left, the command must
 * not have been started: no process has the number 0, and that is told
 * only where the call is there.  The place is kept for the real one.
 */
static int
keep_place(int of)
{
	if (open_pidfd(0) < 0 && errno != EINVAL)
		return -1;
	return fcntl(of, F_DUPFD_CLOEXEC, 0);
}

static int
spawn_watched(struct watch *watch)
{
	const struct run *what = watch->what;
	struct run_result *result = watch->result;
	struct spawning spawning = {what->command, what->environment,
	    POSIX_SPAWN_SETPGROUP, {what->input, watch->streams[0].writer,
	    watch->streams[1].writer}};
	int place = keep_place(watch->streams[0].writer);
	int error;

	if (place < 0)
		return errno;
	error = spawn(&spawning, &result->pid);
	close(place);
	if (error != 0)
		return error;
	result->pidfd = open_pidfd(result->pid);
	if (result->pidfd >= 0)
		return 0;
	error = errno;
	abandon(result->pid);
	return error;
}

static int
start(struct watch *watch)
{
	int error = open_stream(&watch->streams[0]);

	if (error == 0)
		error = open_stream(&watch->streams[1]);
	if (error == 0)
		error = spawn_watched(watch);
	if (error != 0) {
		close_stream(&watch->streams[0]);
		close_stream(&watch->streams[1]);
	}
	return error;
}

/* Watching and ending. */

/*
 * To the group, or to the command alone where it left its group.  Its
 * number cannot be another's before it is reaped, and not as long as
 * something of its group is left.
 */
static int
signal_command(const struct run_result *result, int number)
{
	if (kill(-result->pid, number) == 0)
		return 0;
	if (errno == ESRCH && result->pidfd >= 0 &&
	    kill(result->pid, number) == 0)
		return 0;
	return errno;
}

/* Once the command itself is reaped; zombies are nothing. */
static bool
is_group_left(pid_t group)
{
	return procfs_find_group(group) != PROCFS_GONE;
}

static void
terminate(struct watch *watch, enum run_end why, int64_t kill_after)
{
	int error = signal_command(watch->result, SIGTERM);

	if (error == EPERM)
		log_command(LOG_LEVEL_WARNING,
		    "command runs as another user and cannot be ended",
		    watch->what, error);
	watch->result->end = why;
	watch->phase = PHASE_TERMINATED;
	watch->deadline = clock_steady() + kill_after;
}

/* Stopping hastens an end that a time-out has begun, and never slows it. */
static void
hear_stop(struct watch *watch)
{
	int64_t deadline = clock_steady() + watch->what->stop_kill_after;

	watch->stop = -1;
	if (watch->phase == PHASE_RUNNING)
		terminate(watch, RUN_STOPPED, watch->what->stop_kill_after);
	else if (watch->phase == PHASE_TERMINATED &&
	    deadline < watch->deadline)
		watch->deadline = deadline;
}

/* The phase's time is over; false where there is nothing left to do. */
static bool
next_phase(struct watch *watch)
{
	switch (watch->phase) {
	case PHASE_RUNNING:
		terminate(watch, RUN_TIMEOUT, watch->what->kill_after);
		return true;
	case PHASE_TERMINATED:
		signal_command(watch->result, SIGKILL);
		watch->phase = PHASE_KILLED;
		watch->deadline = clock_steady() + SETTLE;
		return true;
	case PHASE_KILLED:
		break;
	}
	return false;
}

/* What is not noted has to be, as long as the command is there. */
static void
note_start(struct watch *watch)
{
	const struct run *what = watch->what;

	watch->note_at = what->started == NULL || what->started(
	    what->context, watch->result->pid) == RC_OK ? CLOCK_NEVER :
	    clock_steady() + NOTE_AGAIN;
}

/* Until something has to be done though nothing came. */
static int
time_left(const struct watch *watch)
{
	return clock_left(watch->note_at < watch->deadline ?
	    watch->note_at : watch->deadline);
}

/* Does what comes, for a while; whether the command has ended. */
static bool
watch_once(struct watch *watch, int longest)
{
	struct pollfd fds[] = {
	    {watch->result->pidfd, POLLIN, 0},
	    {watch->stop, POLLIN, 0},
	    {watch->streams[0].fd, POLLIN, 0},
	    {watch->streams[1].fd, POLLIN, 0},
	};
	int left = time_left(watch);

	/* A poll that fails has found nothing. */
	poll(fds, 4, longest >= 0 && longest < left ? longest : left);
	if (fds[0].revents != 0)
		return true;
	if (fds[2].revents != 0)
		take_output(watch, &watch->streams[0]);
	if (fds[3].revents != 0)
		take_output(watch, &watch->streams[1]);
	if (fds[1].revents != 0)
		hear_stop(watch);
	if (clock_left(watch->note_at) == 0)
		note_start(watch);
	return false;
}

/* Returns false where the command is stuck. */
static bool
watch_command(struct watch *watch)
{
	while (!watch_once(watch, -1))
		if (clock_left(watch->deadline) == 0 && !next_phase(watch))
			return false;
	return true;
}

/* The same for what is left of the group of one that was told to end. */
static bool
watch_group(struct watch *watch)
{
	while (is_group_left(watch->result->pid)) {
		watch_once(watch, GROUP_LOOK);
		if (clock_left(watch->deadline) == 0 && !next_phase(watch))
			return false;
	}
	return true;
}

/* Takes the command's end. */
static void
reap(struct run_result *result)
{
	siginfo_t info = {0};
	int error = waitid(P_PIDFD, (id_t)result->pidfd, &info, WEXITED) == 0 ?
	    0 : errno;

	close_fd(&result->pidfd);
	if (result->end != RUN_EXIT)
		return;
	if (error != 0)
		result->end = RUN_UNSTARTED;
	else if (info.si_code != CLD_EXITED)
		result->end = RUN_SIGNAL;
	result->code = error != 0 ? error : info.si_status;
}

/* Whether all that has to end has. */
static bool
watch_to_the_end(struct watch *watch)
{
	if (!watch_command(watch))
		return false;
	reap(watch->result);
	return watch->phase == PHASE_RUNNING || watch_group(watch);
}

static bool
stop_is_heard(int stop)
{
	struct pollfd fd = {stop, POLLIN, 0};

	return stop >= 0 && poll(&fd, 1, 0) > 0;
}

static void
run_started(struct watch *watch)
{
	struct run_result *result = watch->result;

	result->end = RUN_EXIT;
	if (!watch_to_the_end(watch)) {
		result->end = RUN_STUCK;
		log_command(LOG_LEVEL_ERROR, "command outlives SIGKILL",
		    watch->what, 0);
	}
	finish_output(watch);
	if (result->end == RUN_UNSTARTED)
		log_command(LOG_LEVEL_ERROR, "command's end is lost",
		    watch->what, result->code);
}

void
run(const struct run *what, struct run_result *result)
{
	int64_t began = clock_steady();
	struct watch watch;

	*result = (struct run_result){.pid = -1, .pidfd = -1};
	watch = (struct watch){.what = what, .result = result,
	    .streams = {{.fd = -1, .writer = -1,
		.level = LOG_LEVEL_DEBUG, .name = "stdout"},
		{.fd = -1, .writer = -1,
		.level = LOG_LEVEL_INFO, .name = "stderr"}},
	    .stop = what->stop, .deadline = began + what->timeout};
	if (stop_is_heard(what->stop)) {
		result->end = RUN_STOPPED;
		return;
	}
	result->code = start(&watch);
	if (result->code != 0) {
		result->end = RUN_UNSTARTED;
		result->pid = -1;
		log_command(LOG_LEVEL_ERROR, "command cannot be started",
		    what, result->code);
		return;
	}
	note_start(&watch);
	run_started(&watch);
	result->elapsed = clock_steady() - began;
}

enum rc
run_reap(struct run_result *stuck)
{
	struct pollfd fd = {stuck->pidfd, POLLIN, 0};

	if (stuck->end != RUN_STUCK)
		return RC_OK;
	if (stuck->pidfd >= 0 && poll(&fd, 1, 0) <= 0)
		return RC_PENDING;
	signal_command(stuck, SIGKILL);
	if (stuck->pidfd >= 0)
		waitid(P_PIDFD, (id_t)stuck->pidfd, &(siginfo_t){0},
		    WEXITED | WNOHANG);
	close_fd(&stuck->pidfd);
	return is_group_left(stuck->pid) ? RC_PENDING : RC_OK;
}

enum rc
run_outcome(const struct run_result *result)
{
	switch (result->end) {
	case RUN_EXIT:
		break;
	case RUN_SIGNAL:
		return RC_FAILED;
	case RUN_TIMEOUT:
	case RUN_STUCK:
		return RC_TIMEOUT;
	case RUN_STOPPED:
		return RC_STOPPING;
	case RUN_UNSTARTED:
		return RC_UNSTARTED;
	}
	if (result->code == EX_OK)
		return RC_DELIVERED;
	if (result->code == EX_TEMPFAIL)
		return RC_TEMPORARY;
	return result->code == EX_DATAERR ? RC_REJECTED : RC_FAILED;
}

enum rc
run_detached(const char *const *command, pid_t *pid)
{
	static const char *const environment[] = {"PATH=" RUN_PATH, NULL};
	struct spawning spawning = {command, environment, POSIX_SPAWN_SETSID,
	    {-1, -1, -1}};
	int error = spawn(&spawning, pid);

	if (error == 0)
		return RC_OK;
	log_say(LOG_LEVEL_ERROR, "%s cannot be started: %s", command[0],
	    strerror(error));
	return RC_UNSTARTED;
}
