/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "around.h"

#include "base/buf.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/limits.h"
#include "command/spawn.h"

enum {
	CRONTAB_MAX = 1024 * 1024,   /* bytes of a crontab that are read */
	CRONTAB_PATIENCE = 5 * 1000, /* milliseconds for crontab(1) */
};

static const char ctl[] = "pelihookctl";
static const char responder[] = "pelihook.fcgi";
static const char cron_names[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "abcdefghijklmnopqrstuvwxyz0123456789_-";

/* What a shell takes words apart at, more or less. */
static const char breaks[] = " \t\n\"'`;&|()<>";

/* What a place has to hold, besides a file. */
enum holding {
	HOLDS_UNIT,	 /* that is enabled */
	HOLDS_RESPONDER, /* one that names it */
	HOLDS_TABLE,	 /* a line that runs the queue */
	HOLDS_TABLES,	 /* the same, where cron looks at the names */
	HOLDS_SCRIPTS,	 /* and at what can be executed */
};

/* Where something that starts pelihook is usually found. */
struct place {
	const char *files;
	enum holding holding;
};

static const struct place timers[] = {
	{ "/etc/systemd/system/*.wants/pelihook*.timer", HOLDS_UNIT },
	{ "/etc/systemd/user/*.wants/pelihook*.timer", HOLDS_UNIT },
	{ "/usr/lib/systemd/system/*.wants/pelihook*.timer", HOLDS_UNIT },
	{ "/usr/lib/systemd/user/*.wants/pelihook*.timer", HOLDS_UNIT },
	{ "/etc/crontab", HOLDS_TABLE },
	{ "/etc/anacrontab", HOLDS_TABLE },
	{ "/etc/cron.d/*", HOLDS_TABLES },
	{ "/etc/cron.hourly/*", HOLDS_SCRIPTS },
	{ "/var/spool/cron/crontabs/*", HOLDS_TABLE },
	{ "/var/spool/cron/*", HOLDS_TABLE },
};

static const struct place responders[] = {
	{ "/etc/systemd/system/*.wants/pelihook*.socket", HOLDS_UNIT },
	{ "/etc/systemd/user/*.wants/pelihook*.socket", HOLDS_UNIT },
	{ "/etc/systemd/system/*.wants/*.service", HOLDS_RESPONDER },
	{ "/etc/systemd/user/*.wants/*.service", HOLDS_RESPONDER },
};

static bool
is_comment(struct bytes line)
{
	return bytes_begin(bytes_trim(line), "#");
}

static bool
names_responder(struct bytes line)
{
	return !is_comment(line) && line.len > 0 &&
	    memmem(line.data, line.len, responder, strlen(responder)) != NULL;
}

static bool
is_ctl(struct bytes word)
{
	const char *slash = word.len == 0 ? NULL :
					    memrchr(word.data, '/', word.len);

	if (slash != NULL)
		word = bytes_skip(word, (size_t)(slash + 1 - word.data));
	return bytes_is(word, ctl);
}

/* The first word behind options; what a variable stands for may be some. */
static struct bytes
skip_options(struct bytes *rest)
{
	struct bytes word = { 0 };
	bool value = false;

	while (bytes_split(rest, breaks, &word)) {
		if (word.len == 0)
			continue;
		if (!value && !bytes_begin(word, "-") &&
		    !bytes_begin(word, "$"))
			break;
		value = bytes_is(word, "-c") || bytes_is(word, "-u");
		word.len = 0;
	}
	return word;
}

/* Whether a line of a crontab or a script runs the queue. */
static bool
drains(struct bytes line)
{
	struct bytes word;

	if (is_comment(line))
		return false;
	while (bytes_split(&line, breaks, &word)) {
		struct bytes rest = line;

		if (is_ctl(word) && line.data != NULL &&
		    bytes_is(skip_options(&rest), "drain"))
			return true;
	}
	return false;
}

static bool
is_file(const char *path)
{
	struct stat file;

	return stat(path, &file) == 0 && S_ISREG(file.st_mode);
}

static bool
has_line(const char *path, bool (*is_it)(struct bytes line))
{
	FILE *file = is_file(path) ? fopen(path, "re") : NULL;
	char *line = NULL;
	size_t size = 0;
	bool found = false;
	ssize_t n;

	if (file == NULL)
		return false;
	while (!found && (n = getline(&line, &size, file)) >= 0)
		found = is_it((struct bytes){ line, (size_t)n });
	free(line);
	fclose(file);
	return found;
}

/* Any of these has precedence over the unit of its name (systemctl mask). */
static bool
is_masked(const char *path)
{
	static const char *const above[] = { "/etc", "/run" };
	const char *name = strrchr(path, '/');
	const char *kind = strstr(path, "/systemd/user/") != NULL ? "user" :
								    "system";
	char mask[PATH_MAX];
	struct stat file;

	for (size_t i = 0; i < sizeof(above) / sizeof(above[0]); i++) {
		snprintf(mask, sizeof(mask), "%s/systemd/%s%s", above[i], kind,
		    name);
		if (stat(mask, &file) == 0 &&
		    (!S_ISREG(file.st_mode) || file.st_size == 0))
			return true;
	}
	return false;
}

/* One that its link leads to, and that is not empty, which masks it, too. */
static bool
is_unit(const char *path)
{
	struct stat file;

	return stat(path, &file) == 0 && S_ISREG(file.st_mode) &&
	    file.st_size > 0 && !is_masked(path);
}

static bool
has_cron_name(const char *path)
{
	const char *name = strrchr(path, '/') + 1;

	return name[strspn(name, cron_names)] == '\0';
}

static bool
is_script(const char *path)
{
	struct stat file;

	return stat(path, &file) == 0 && (file.st_mode & 0111) != 0;
}

static bool
is_what(const char *path, enum holding holding)
{
	switch (holding) {
	case HOLDS_UNIT:
		return is_unit(path);
	case HOLDS_RESPONDER:
		return is_unit(path) && has_line(path, names_responder);
	case HOLDS_SCRIPTS:
		return is_script(path) && has_cron_name(path) &&
		    has_line(path, drains);
	case HOLDS_TABLES:
		return has_cron_name(path) && has_line(path, drains);
	case HOLDS_TABLE:
		break;
	}
	return has_line(path, drains);
}

static bool
holds(const struct place *place)
{
	glob_t files = { 0 };
	bool found = false;

	if (glob(place->files, GLOB_NOSORT, NULL, &files) == 0)
		for (size_t i = 0; !found && i < files.gl_pathc; i++)
			found = is_what(files.gl_pathv[i], place->holding);
	globfree(&files);
	return found;
}

static bool
any_holds(const struct place *places, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (holds(&places[i]))
			return true;
	return false;
}

bool
around_has_timer(void)
{
	return any_holds(timers, sizeof(timers) / sizeof(timers[0]));
}

/* Where the spool is closed only to those who would list it. */
static bool
is_in_spool(void)
{
	static const char *const spools[] = { "/var/spool/cron/crontabs",
		"/var/spool/cron" };
	const struct passwd *user = getpwuid(geteuid());
	char path[PATH_MAX];

	for (size_t i = 0; user != NULL && i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", spools[i], user->pw_name);
		if (has_line(path, drains))
			return true;
	}
	return false;
}

/* crontab(1) may see what its user may not.  False: there is none. */
static bool
find_crontab(char path[PATH_MAX])
{
	const char *search = getenv("PATH");
	struct bytes rest = bytes_of(search != NULL ? search : SPAWN_PATH);
	struct bytes directory;

	while (bytes_split(&rest, ":", &directory)) {
		if (!bytes_begin(directory, "/") || directory.len > NAME_MAX)
			continue;
		snprintf(path, PATH_MAX, "%.*s/crontab", (int)directory.len,
		    directory.data);
		if (is_file(path) && access(path, X_OK) == 0)
			return true;
	}
	return false;
}

/* To the end, or as long as patience lasts. */
static void
read_output(int fd, struct buf *into)
{
	int64_t deadline = clock_steady() + CRONTAB_PATIENCE;
	struct pollfd from = { .fd = fd, .events = POLLIN };
	char chunk[4096];
	ssize_t n;

	while (poll(&from, 1, (int)clock_left(deadline)) > 0) {
		n = read(fd, chunk, sizeof(chunk));
		if (n <= 0 ||
		    buf_add(into, (struct bytes){ chunk, (size_t)n }) != RC_OK)
			return;
	}
}

static enum rc
run_crontab(const char *path, struct buf *into)
{
	static const char *const environment[] = { "PATH=" SPAWN_PATH,
		"LANG=C.UTF-8", NULL };
	const char *const command[] = { path, "-l", NULL };
	struct spawning spawning = { command, environment, { -1, -1, -1 },
		"/" };
	int output[2];
	int pidfd;
	pid_t pid;
	int error;

	if (pipe2(output, O_CLOEXEC) != 0)
		return RC_SYSTEM;
	spawning.fds[1] = output[1];
	error = spawn_watched(&spawning, &pid, &pidfd);
	close(output[1]);
	if (error == 0) {
		read_output(output[0], into);
		kill(-pid, SIGKILL);
		waitpid(pid, NULL, 0);
		close(pidfd);
	}
	close(output[0]);
	return error == 0 ? RC_OK : RC_SYSTEM;
}

static bool
is_in_table(void)
{
	struct buf table = { .max = CRONTAB_MAX };
	char path[PATH_MAX];
	struct bytes rest;
	struct bytes line;
	bool found = false;

	if (!find_crontab(path) || run_crontab(path, &table) != RC_OK)
		goto done;
	rest = buf_view(&table);
	while (!found && bytes_split(&rest, "\n", &line))
		found = drains(line);
done:
	buf_free(&table);
	return found;
}

bool
around_has_crontab(void)
{
	return is_in_spool() || is_in_table();
}

/* A process of this user's, by the name of its program. */
static bool
is_responder(const char *process)
{
	char path[64];
	char name[sizeof(responder) + 1] = "";
	struct stat file;
	FILE *comm;

	snprintf(path, sizeof(path), "/proc/%.20s", process);
	if (stat(path, &file) != 0 || file.st_uid != geteuid())
		return false;
	snprintf(path, sizeof(path), "/proc/%.20s/comm", process);
	comm = fopen(path, "re");
	if (comm == NULL)
		return false;
	if (fgets(name, sizeof(name), comm) == NULL)
		name[0] = '\0';
	fclose(comm);
	name[strcspn(name, "\n")] = '\0';
	return strcmp(name, responder) == 0;
}

/* It opens its journal at its start.  Where that cannot be seen it has. */
static bool
has_open(const char *process, const struct stat *journal)
{
	char path[64];
	struct dirent *entry;
	struct stat file;
	bool found = false;
	DIR *files;

	if (journal == NULL)
		return true;
	snprintf(path, sizeof(path), "/proc/%.20s/fd", process);
	files = opendir(path);
	if (files == NULL)
		return true;
	while (!found && (entry = readdir(files)) != NULL)
		found = fstatat(dirfd(files), entry->d_name, &file, 0) == 0 &&
		    file.st_dev == journal->st_dev &&
		    file.st_ino == journal->st_ino;
	closedir(files);
	return found;
}

static bool
is_running(const char *journal)
{
	struct dirent *entry;
	struct stat file;
	bool found = false;
	DIR *processes;

	if (journal != NULL && stat(journal, &file) != 0)
		return false;
	processes = opendir("/proc");
	if (processes == NULL)
		return false;
	while (!found && (entry = readdir(processes)) != NULL)
		found = isdigit((unsigned char)entry->d_name[0]) != 0 &&
		    is_responder(entry->d_name) &&
		    has_open(entry->d_name, journal == NULL ? NULL : &file);
	closedir(processes);
	return found;
}

bool
around_has_responder(const char *journal)
{
	return any_holds(responders,
		   sizeof(responders) / sizeof(responders[0])) ||
	    is_running(journal);
}
