/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "command/run.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/procfs.h"
#include "command/output.h"
#include "command/spawn.h"

enum {
	SETTLE = 1000,	   /* milliseconds after SIGKILL */
	NOTE_AGAIN = 1000, /* between tries to note the start, ms */
	BUSY_FIRST = 10,   /* pauses for a file that is being written, */
	BUSY_LAST = 160,   /* each twice the one before, ms */
	GROUP_LOOK = 20,   /* at what is left of a group, ms */
};

enum phase {
	PHASE_RUNNING,
	PHASE_TERMINATED, /* SIGTERM was sent */
	PHASE_KILLED,	  /* SIGKILL was sent */
};

struct watch {
	const struct command *what;
	struct run_result *result;
	struct output output;
	int stop; /* -1 once it was seen */
	enum phase phase;
	int64_t deadline; /* of the phase */
	int64_t note_at;  /* CLOCK_NEVER: the start is noted */
};

static void
log_command(enum log_level level, const char *message,
    const struct command *what, int error)
{
	struct log_line line;

	log_begin(&line, level, message);
	log_text(&line, "hook", what->hook);
	log_text(&line, "id", what->id);
	log_text(&line, "command", what->argv[0]);
	if (error != 0)
		log_text(&line, "error", strerror(error));
	log_end(&line);
}

static const char *
directory_of(const struct command *what)
{
	return what->directory == NULL ? "/" : what->directory;
}

static void
log_unstarted(const struct command *what, int error)
{
	struct buf why = { 0 };
	struct log_line line;

	spawn_explain(what->argv[0], directory_of(what), error, &why);
	log_begin(&line, LOG_LEVEL_ERROR, "command cannot be started");
	log_text(&line, "hook", what->hook);
	log_text(&line, "id", what->id);
	log_text(&line, "command", what->argv[0]);
	log_text(&line, "error", why.rc == RC_OK ? why.data : strerror(error));
	log_end(&line);
	buf_free(&why);
}

/*
 * A file that is just being written cannot be executed, which is over in a
 * moment.
 */
static int
spawn_patiently(const struct spawning *spawning, struct watch *watch)
{
	struct run_result *result = watch->result;
	struct pollfd stop = { watch->stop, POLLIN, 0 };
	int error = spawn_watched(spawning, &result->pid, &result->pidfd);

	for (int pause = BUSY_FIRST; error == ETXTBSY && pause <= BUSY_LAST &&
	     poll(&stop, 1, pause) <= 0;
	     pause *= 2)
		error = spawn_watched(spawning, &result->pid, &result->pidfd);
	return error;
}

static int
start_command(struct watch *watch)
{
	const struct command *what = watch->what;
	struct run_result *result = watch->result;
	struct output *output = &watch->output;
	struct spawning spawning = { what->argv, what->environment,
		{ what->input, -1, -1 }, directory_of(what) };
	int error = output_open(output, what, result);

	if (error != 0)
		return error;
	spawning.fds[1] = output->streams[0].writer;
	spawning.fds[2] = output->streams[1].writer;
	error = spawn_patiently(&spawning, watch);
	if (error != 0)
		output_close(output);
	return error;
}

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

static int64_t
patience_at_stop(const struct command *what)
{
	int64_t most = what->stop_kill_within == NULL ?
	    what->stop_kill_after :
	    atomic_load(what->stop_kill_within);

	return most < what->stop_kill_after ? most : what->stop_kill_after;
}

/* Stopping hastens an end that a timeout has begun, and never slows it. */
static void
stop_command(struct watch *watch)
{
	int64_t patience = patience_at_stop(watch->what);
	int64_t deadline = clock_steady() + patience;

	watch->stop = -1;
	if (watch->phase == PHASE_RUNNING)
		terminate(watch, RUN_STOPPED, patience);
	else if (watch->phase == PHASE_TERMINATED && deadline < watch->deadline)
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
	const struct command *what = watch->what;

	watch->note_at = what->started == NULL ||
		what->started(what->context, watch->result->pid) == RC_OK ?
	    CLOCK_NEVER :
	    clock_steady() + NOTE_AGAIN;
}

/* Until something has to be done though nothing came. */
static int
time_left(const struct watch *watch)
{
	return clock_left(watch->note_at < watch->deadline ? watch->note_at :
							     watch->deadline);
}

/* Does what comes, for a while; whether the command has ended. */
static bool
watch_once(struct watch *watch, int longest)
{
	struct output_stream *streams = watch->output.streams;
	struct pollfd fds[] = {
		{ watch->result->pidfd, POLLIN, 0 },
		{ watch->stop, POLLIN, 0 },
		{ streams[0].fd, POLLIN, 0 },
		{ streams[1].fd, POLLIN, 0 },
	};
	int left = time_left(watch);

	/* A poll that fails has found nothing. */
	poll(fds, 4, longest >= 0 && longest < left ? longest : left);
	if (fds[0].revents != 0)
		return true;
	if (fds[2].revents != 0)
		output_take(&watch->output, &streams[0]);
	if (fds[3].revents != 0)
		output_take(&watch->output, &streams[1]);
	if (fds[1].revents != 0)
		stop_command(watch);
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
	siginfo_t info = { 0 };
	int error = waitid(P_PIDFD, (id_t)result->pidfd, &info, WEXITED) == 0 ?
	    0 :
	    errno;

	io_close(&result->pidfd);
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
	output_finish(&watch->output);
	if (result->end == RUN_UNSTARTED)
		log_command(LOG_LEVEL_ERROR, "command's end is lost",
		    watch->what, result->code);
}

/* The tail is large, and not looked at beyond its length. */
static void
clear_result(struct run_result *result)
{
	memset(result, 0, offsetof(struct run_result, tail));
	result->pid = -1;
	result->pidfd = -1;
}

void
run(const struct command *what, struct run_result *result)
{
	int64_t began = clock_steady();
	struct watch watch;

	clear_result(result);
	watch.what = what;
	watch.result = result;
	watch.stop = what->stop;
	watch.phase = PHASE_RUNNING;
	watch.deadline = began + what->timeout;
	if (io_is_readable(what->stop)) {
		result->end = RUN_STOPPED;
		return;
	}
	result->code = start_command(&watch);
	if (result->code != 0) {
		result->end = RUN_UNSTARTED;
		log_unstarted(what, result->code);
		return;
	}
	note_start(&watch);
	run_started(&watch);
	result->elapsed = clock_steady() - began;
}

enum rc
run_reap(struct run_result *stuck)
{
	if (stuck->end != RUN_STUCK)
		return RC_OK;
	if (stuck->pidfd >= 0 && !io_is_readable(stuck->pidfd))
		return RC_PENDING;
	signal_command(stuck, SIGKILL);
	if (stuck->pidfd >= 0)
		waitid(P_PIDFD, (id_t)stuck->pidfd, &(siginfo_t){ 0 },
		    WEXITED | WNOHANG);
	io_close(&stuck->pidfd);
	return is_group_left(stuck->pid) ? RC_PENDING : RC_OK;
}

/* Nothing was run, and before long the same may work. */
static bool
may_pass(int error)
{
	static const int passing[] = { EAGAIN, EDQUOT, EMFILE, ENFILE, ENOBUFS,
		ENOMEM, ENOSPC, ESTALE, ETXTBSY };

	for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++)
		if (error == passing[i])
			return true;
	return false;
}

enum outcome
run_outcome(const struct run_result *result)
{
	switch (result->end) {
	case RUN_EXIT:
		break;
	case RUN_SIGNAL:
		return OUTCOME_FAILED;
	case RUN_TIMEOUT:
	case RUN_STUCK:
		return OUTCOME_TIMEOUT;
	case RUN_STOPPED:
		return OUTCOME_STOPPED;
	case RUN_UNSTARTED:
		return may_pass(result->code) ? OUTCOME_BUSY :
						OUTCOME_UNSTARTED;
	}
	if (result->code == EX_OK)
		return OUTCOME_DELIVERED;
	if (result->code == EX_TEMPFAIL)
		return OUTCOME_TEMPORARY;
	return result->code == EX_DATAERR ? OUTCOME_REJECTED : OUTCOME_FAILED;
}
