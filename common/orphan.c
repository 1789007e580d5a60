/* SPDX-License-Identifier: ISC */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orphan.h"

#include "bytes.h"

enum {
	STAT_SIZE = 1024,
	ENVIRONMENT_SIZE = 256 * 1024,	/* most that is looked at */
	WANTED_SIZE = 80,
	LOOKS = 20,			/* at an environment that is empty */
	LOOK_PAUSE = 5			/* milliseconds */
};

/* The fields of /proc/PID/stat that count (proc(5)). */
struct process {
	pid_t pid;
	char state;
	pid_t group;
	pid_t session;
	uint64_t start;
};

static ssize_t
read_file(const char *path, char *into, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t got = 0;

	if (fd == -1)
		return -1;
	while (len < room - 1 &&
	    (got = read(fd, into + len, room - 1 - len)) > 0)
		len += (size_t)got;
	close(fd);
	into[len] = '\0';
	return got == -1 ? -1 : (ssize_t)len;
}

/* The name in brackets may hold anything: the last bracket ends it. */
static enum rc
look_at(pid_t pid, struct process *process)
{
	char path[64];
	char text[STAT_SIZE];
	const char *behind;
	int group;
	int session;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (read_file(path, text, sizeof(text)) <= 0)
		return RC_MISSING;
	behind = strrchr(text, ')');
	if (behind == NULL || sscanf(behind + 1, " %c %*d %d %d %*d %*d %*u "
	    "%*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %" SCNu64,
	    &process->state, &group, &session, &process->start) != 4)
		return RC_MISSING;
	process->pid = pid;
	process->group = group;
	process->session = session;
	return RC_OK;
}

static bool
ended(const struct process *process)
{
	return process->state == 'Z' || process->state == 'X';
}

static bool
holds_entry(struct bytes environment, const char *wanted)
{
	struct bytes entry;

	while (environment.len > 0) {
		entry.data = environment.data;
		entry.len = strnlen(environment.data, environment.len);
		if (bytes_is(entry, wanted))
			return true;
		environment = bytes_skip(environment,
		    entry.len < environment.len ? entry.len + 1 : entry.len);
	}
	return false;
}

/* It is empty for a moment while a process becomes another program. */
static ssize_t
read_environment(pid_t pid, char *into)
{
	char path[64];
	ssize_t len = 0;

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	for (int i = 0; len == 0 && i < LOOKS; i++) {
		poll(NULL, 0, i == 0 ? 0 : LOOK_PAUSE);
		len = read_file(path, into, ENVIRONMENT_SIZE);
	}
	return len;
}

static bool
carries(pid_t pid, const struct orphan *orphan)
{
	char id[WANTED_SIZE];
	char attempt[WANTED_SIZE];
	char *text = malloc(ENVIRONMENT_SIZE);
	ssize_t len = -1;
	bool found = false;

	snprintf(id, sizeof(id), "PELIHOOK_ID=%s", orphan->id);
	snprintf(attempt, sizeof(attempt), "PELIHOOK_ATTEMPT=%u",
	    orphan->attempt);
	if (text != NULL)
		len = read_environment(pid, text);
	if (len > 0)
		found = holds_entry((struct bytes){text, (size_t)len}, id) &&
		    holds_entry((struct bytes){text, (size_t)len}, attempt);
	free(text);
	return found;
}

/*
 * A group's number is not given to a new process while the group has
 * members, so one of its number that carries the try's environment is of
 * the same command.  What began a session of its own left on purpose.
 */
static bool
belongs(const struct process *process, const struct orphan *orphan)
{
	if (ended(process))
		return false;
	if (orphan->pid != 0)
		return process->group == orphan->pid &&
		    carries(process->pid, orphan);
	return process->group == process->pid &&
	    process->session != process->pid &&
	    carries(process->pid, orphan);
}

static pid_t
search(const struct orphan *orphan)
{
	DIR *directory = opendir("/proc");
	struct dirent *entry;
	struct process process;
	unsigned long long pid;
	pid_t group = 0;

	if (directory == NULL)
		return 0;
	while (group == 0 && (entry = readdir(directory)) != NULL)
		if (bytes_number(bytes_of(entry->d_name), INT32_MAX, &pid) ==
		    RC_OK && look_at((pid_t)pid, &process) == RC_OK &&
		    belongs(&process, orphan))
			group = process.group;
	closedir(directory);
	return group;
}

void
orphan_boot(char boot[ORPHAN_BOOT])
{
	char text[ORPHAN_BOOT + 2];

	boot[0] = '\0';
	if (read_file("/proc/sys/kernel/random/boot_id", text,
	    sizeof(text)) < ORPHAN_BOOT - 1)
		return;
	memcpy(boot, text, ORPHAN_BOOT - 1);
	boot[ORPHAN_BOOT - 1] = '\0';
}

enum rc
orphan_start(pid_t pid, uint64_t *start)
{
	struct process process;
	enum rc rc = look_at(pid, &process);

	if (rc == RC_OK)
		*start = process.start;
	return rc;
}

pid_t
orphan_find(const struct orphan *orphan)
{
	struct process process;

	if (orphan->pid != 0 && look_at(orphan->pid, &process) == RC_OK &&
	    process.start == orphan->start && !ended(&process))
		return orphan->pid;
	return search(orphan);
}
