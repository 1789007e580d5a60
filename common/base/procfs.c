/* SPDX-License-Identifier: ISC */
#include <sys/pidfd.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/procfs.h"

#include "base/io.h"

enum {
	STAT_SIZE = 1024,
	PATH_SIZE = 64,
	NAME_SIZE = 16,	   /* of a program, proc(5) */
	FORKED = 0x40,	   /* PF_FORKNOEXEC: not exec'ed yet */
	KERNEL = 0x200000, /* PF_KTHREAD */
	LOOKS = 20,	   /* at an environment that is empty */
	LOOK_PAUSE = 5,	   /* milliseconds */
};

/* The fields of /proc/PID/stat that count. */
struct process {
	pid_t pid;
	char name[NAME_SIZE];
	char state;
	pid_t group;
	pid_t session;
	unsigned flags;
	long threads;
	uint64_t start;
};

enum answer {
	NO,
	YES,
	UNKNOWN,
};

/* A search for a command that was not noted. */
struct search {
	const struct procfs_command *command;
	struct process found; /* pid 0: none */
	bool starting;
	bool hidden;
};

/* A look at what is left of the group of a command that is gone. */
struct members {
	const struct procfs_command *command;
	bool any; /* a zombie, too */
	bool ours;
	bool hidden;
};

static ssize_t
read_file(const char *path, char *into, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t got = 0;

	if (fd == -1)
		return -1;
	while (
	    len < size - 1 && (got = read(fd, into + len, size - 1 - len)) > 0)
		len += (size_t)got;
	close(fd);
	into[len] = '\0';
	return got == -1 ? -1 : (ssize_t)len;
}

static bool
exists(pid_t pid)
{
	return kill(pid, 0) == 0 || errno != ESRCH;
}

/*
 * The name in brackets may hold anything: the last bracket ends it.
 * RC_MISSING: there is none; RC_SYSTEM: what is there cannot be read.
 */
static enum rc
read_process(pid_t pid, struct process *process)
{
	char path[PATH_SIZE];
	char text[STAT_SIZE];
	const char *name;
	const char *end;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (read_file(path, text, sizeof(text)) <= 0)
		return exists(pid) ? RC_SYSTEM : RC_MISSING;
	name = strchr(text, '(');
	end = strrchr(text, ')');
	if (name == NULL || end == NULL ||
	    sscanf(end + 1,
		" %c %*d %d %d "
		"%*d %*d %u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %ld %*d %" SCNu64,
		&process->state, &process->group, &process->session,
		&process->flags, &process->threads, &process->start) != 6)
		return RC_SYSTEM;
	process->pid = pid;
	snprintf(process->name, sizeof(process->name), "%.*s",
	    (int)(end - name - 1), name + 1);
	return RC_OK;
}

/* A zombie that still has threads only lost the first of them. */
static bool
has_ended(const struct process *process)
{
	return (process->state == 'Z' || process->state == 'X') &&
	    process->threads < 2;
}

static enum answer
holds_entry(FILE *environment, const char *wanted)
{
	char *entry = NULL;
	size_t size = 0;
	enum answer answer = UNKNOWN;

	while (answer != YES && getdelim(&entry, &size, '\0', environment) > 0)
		answer = strcmp(entry, wanted) == 0 ? YES : NO;
	if (ferror(environment) && answer == NO)
		answer = UNKNOWN;
	free(entry);
	return answer;
}

/* It is empty for a moment while a process becomes another program. */
static enum answer
has_mark(const struct process *process, const struct procfs_command *command)
{
	char wanted[sizeof("PELIHOOK_CLAIM=") + CRYPTO_MARK];
	char path[PATH_SIZE];
	FILE *file;
	enum answer answer = UNKNOWN;

	snprintf(wanted, sizeof(wanted), "PELIHOOK_CLAIM=%s", command->mark);
	snprintf(path, sizeof(path), "/proc/%d/environ", (int)process->pid);
	for (int i = 0; answer == UNKNOWN && i < LOOKS; i++) {
		file = fopen(path, "re");
		if (file == NULL)
			return UNKNOWN;
		poll(NULL, 0, i == 0 ? 0 : LOOK_PAUSE);
		answer = holds_entry(file, wanted);
		fclose(file);
	}
	return answer;
}

static uint64_t
ticks_of(int64_t boot)
{
	return (uint64_t)boot * (uint64_t)sysconf(_SC_CLK_TCK) / 1000;
}

/*
 * Whether a process of which no more is known could be the command.  Starts
 * are counted in whole ticks, cut off.
 */
static bool
could_be(const struct process *process, const struct procfs_command *command)
{
	return process->start + 1 >= ticks_of(command->since) &&
	    process->start <= ticks_of(command->until) + 1 &&
	    process->session == command->session;
}

/*
 * Calls visit for each process but this one, also for those that cannot be
 * read (then with NULL).  False where /proc is not to be used at all.
 */
static bool
each_process(void (*visit)(void *context, const struct process *process),
    void *context)
{
	DIR *directory = opendir("/proc");
	struct process process;
	struct dirent *entry;
	unsigned long long pid;
	enum rc rc;

	if (directory == NULL)
		return false;
	while ((entry = readdir(directory)) != NULL) {
		if (bytes_number(bytes_of(entry->d_name), INT32_MAX, &pid) !=
			RC_OK ||
		    (pid_t)pid == getpid())
			continue;
		rc = read_process((pid_t)pid, &process);
		if (rc != RC_MISSING)
			visit(context, rc == RC_OK ? &process : NULL);
	}
	closedir(directory);
	return true;
}

/* Whether others' processes are hidden from this one (hidepid, proc(5)). */
static bool
is_restricted(void)
{
	return access("/proc/self/stat", R_OK) != 0 ||
	    (exists(1) && access("/proc/1/stat", R_OK) != 0);
}

/* Whether a began first: the command did, before what it started. */
static bool
is_before(const struct process *a, const struct process *b)
{
	if (b->pid == 0 || a->start != b->start)
		return b->pid == 0 || a->start < b->start;
	return a->group == a->pid && b->group != b->pid;
}

/*
 * Between vfork and exec a process has the name and the environment of the
 * program that starts it: of one of pelihook's, which do nothing else.
 */
static bool
is_starting(const struct process *process)
{
	return (process->flags & FORKED) != 0 &&
	    strncmp(process->name, "pelihook", strlen("pelihook")) == 0;
}

static void
consider(void *context, const struct process *process)
{
	struct search *search = context;

	if (process == NULL) {
		search->hidden = true;
		return;
	}
	if (has_ended(process) || (process->flags & KERNEL) != 0 ||
	    process->start + 1 < ticks_of(search->command->since))
		return;
	switch (has_mark(process, search->command)) {
	case YES:
		if (is_before(process, &search->found))
			search->found = *process;
		break;
	case UNKNOWN:
		if (could_be(process, search->command))
			search->hidden = true;
		break;
	case NO:
		if (is_starting(process) && could_be(process, search->command))
			search->starting = true;
		break;
	}
}

static enum procfs_state
search_marked(struct procfs_command *command)
{
	struct search search = { .command = command };

	if (command->mark[0] == '\0' || !each_process(consider, &search))
		return PROCFS_HIDDEN;
	if (search.found.pid != 0) {
		command->pid = search.found.pid;
		command->start = search.found.start;
		command->found = true;
		return PROCFS_ALIVE;
	}
	if (search.starting)
		return PROCFS_STARTING;
	return search.hidden || is_restricted() ? PROCFS_HIDDEN : PROCFS_GONE;
}

static void
consider_member(void *context, const struct process *process)
{
	struct members *members = context;
	const struct procfs_command *command = members->command;
	enum answer answer;

	if (process == NULL || process->group != command->pid)
		return;
	members->any = true;
	if (has_ended(process))
		return;
	/* A group that never was empty cannot have become another's. */
	answer = command->seen ? YES : has_mark(process, command);
	members->ours = members->ours || answer == YES;
	members->hidden = members->hidden || answer == UNKNOWN;
}

static enum procfs_state
look_at_group(const struct procfs_command *command)
{
	struct members members = { .command = command };

	if (!exists(-command->pid))
		return PROCFS_GONE;
	if (!each_process(consider_member, &members))
		return PROCFS_HIDDEN;
	if (members.ours)
		return PROCFS_ALIVE;
	/* The last member may have ended while this was looking. */
	if (members.hidden || (!members.any && exists(-command->pid)))
		return PROCFS_HIDDEN;
	return PROCFS_GONE;
}

enum procfs_state
procfs_find_group(pid_t group)
{
	const struct procfs_command command = { .pid = group, .seen = true };

	return look_at_group(&command);
}

static enum procfs_state
look_at_noted(const struct procfs_command *command)
{
	struct process process;
	enum rc rc = read_process(command->pid, &process);

	if (rc != RC_OK)
		return rc == RC_MISSING ? look_at_group(command) :
					  PROCFS_HIDDEN;
	if (command->start == 0)
		return PROCFS_HIDDEN;
	/* Its number went to another: nothing had it any more. */
	if (process.start != command->start)
		return PROCFS_GONE;
	return has_ended(&process) ? look_at_group(command) : PROCFS_ALIVE;
}

/* A process that was found by the mark may not be the only one that has it. */
enum procfs_state
procfs_find_command(struct procfs_command *command)
{
	enum procfs_state state = PROCFS_GONE;

	if (command->pid > 1)
		state = look_at_noted(command);
	if (command->pid <= 1 || (command->found && state == PROCFS_GONE)) {
		command->seen = false;
		state = search_marked(command);
	}
	command->seen = command->seen || state == PROCFS_ALIVE;
	return state;
}

/* Through a descriptor, so that no other process of its number is met. */
static int
signal_command(const struct procfs_command *command, int number)
{
	int fd = pidfd_open(command->pid, 0);
	struct process process;
	int error = errno;

	if (fd < 0 && error == ESRCH)
		return error;
	if (read_process(command->pid, &process) != RC_OK ||
	    process.start != command->start)
		error = ESRCH;
	else if (fd < 0)
		error = kill(command->pid, number) == 0 ? 0 : errno;
	else
		error = pidfd_send_signal(fd, number, NULL, 0) == 0 ? 0 : errno;
	io_close(&fd);
	return error;
}

int
procfs_signal(const struct procfs_command *command, int number)
{
	int error = signal_command(command, number);

	if (kill(-command->pid, number) != 0)
		return error == ESRCH ? errno : error;
	return error == ESRCH ? 0 : error;
}

void
procfs_boot_id(char boot[PROCFS_BOOT_SIZE])
{
	char text[PROCFS_BOOT_SIZE + 2];

	boot[0] = '\0';
	if (read_file("/proc/sys/kernel/random/boot_id", text, sizeof(text)) <
	    PROCFS_BOOT_SIZE - 1)
		return;
	memcpy(boot, text, PROCFS_BOOT_SIZE - 1);
	boot[PROCFS_BOOT_SIZE - 1] = '\0';
}

void
procfs_pid_space(char space[PROCFS_SPACE_SIZE])
{
	ssize_t n = readlink("/proc/self/ns/pid", space, PROCFS_SPACE_SIZE - 1);

	space[n > 0 ? n : 0] = '\0';
}

enum rc
procfs_start_time(pid_t pid, uint64_t *start)
{
	struct process process;

	if (read_process(pid, &process) != RC_OK)
		return RC_MISSING;
	*start = process.start;
	return RC_OK;
}
