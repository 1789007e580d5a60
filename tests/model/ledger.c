/* SPDX-License-Identifier: ISC */
/*
 * The command of the model-based test: ledger DIR TAG.  It appends to
 * DIR/ledger, one line each in one write, so that the file has all runs in
 * their order:
 *
 *	S clock TAG version hook claim pid count n:id:attempt,... live,...
 *	E clock claim outcome
 *
 * S: it begins; live are the claims of the runs that were there then ("-":
 * none).  Each run has DIR/live/CLAIM locked as long as it lives, however it
 * ends.  E: it ends by itself, as outcome says.
 *
 * The events, one a line, say how it goes: "n" is the number, "w" how many
 * milliseconds it takes, "TAG" (or else "do") one letter for each attempt:
 * 0 ends well, 7 with 75, 6 with 65, 1 with 1, s by a signal, t never.  What
 * is beyond the last letter ends well.  Several events end as the worst, but
 * never with 65, which is said of one event alone.
 */
#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	BODY = 256 * 1024,
	LINE = 16 * 1024,
	ID = 64,
	MILLION = 1000 * 1000,
	/* Exit codes of sysexits.h. */
	BAD = 65,
	AGAIN = 75,
};

struct run {
	const char *tag;
	const char *claim;
	char body[BODY];
	char items[LINE];
	char live[LINE];
	int count;
	long work;    /* milliseconds, the most of all events */
	char outcome; /* the worst of all events */
	int ledger;
};

static const char *
variable(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0' ? value : "-";
}

/* What follows "NAME": in the line, or NULL. */
static const char *
find(const char *line, const char *name)
{
	char wanted[ID];
	const char *at;

	snprintf(wanted, sizeof(wanted), "\"%s\":", name);
	at = strstr(line, wanted);
	return at == NULL ? NULL : at + strlen(wanted);
}

static long
number(const char *line, const char *name)
{
	const char *at = find(line, name);

	return at == NULL ? 0 : strtol(at, NULL, 10);
}

static char
planned(const char *plan, long attempt)
{
	if (plan == NULL || *plan++ != '"')
		return '0';
	for (long i = 1; i < attempt; i++, plan++)
		if (*plan == '"')
			return '0';
	return *plan == '"' ? '0' : *plan;
}

/* Later letters are worse. */
static char
worse(char a, char b)
{
	static const char letters[] = "0716st";

	return strchr(letters, a) > strchr(letters, b) ? a : b;
}

static void
add_event(struct run *run, const char *line)
{
	const char *plan = find(line, run->tag);
	const char *attempt = variable("PELIHOOK_ATTEMPT");
	const char *id = find(line, "id");
	char name[ID];
	long try = *attempt != '-' ? strtol(attempt, NULL, 10) :
				     number(line, "pelihookattempt");
	size_t len = strlen(run->items);

	snprintf(name, sizeof(name), "%.36s",
	    id != NULL ? id + 1 : variable("PELIHOOK_ID"));
	snprintf(run->items + len, sizeof(run->items) - len, "%s%ld:%s:%ld",
	    len > 0 ? "," : "", number(line, "n"), name, try);
	if (plan == NULL)
		plan = find(line, "do");
	run->outcome = worse(run->outcome, planned(plan, try));
	if (number(line, "w") > run->work)
		run->work = number(line, "w");
	run->count++;
}

static void
read_events(struct run *run)
{
	size_t len = 0;
	ssize_t n;
	char *rest = run->body;
	char *line;

	while (len < BODY - 1 &&
	    (n = read(STDIN_FILENO, run->body + len, BODY - 1 - len)) > 0)
		len += (size_t)n;
	run->outcome = '0';
	while ((line = strsep(&rest, "\n")) != NULL)
		if (*line != '\0')
			add_event(run, line);
	if (run->count > 1 && run->outcome == '6')
		run->outcome = '1';
}

static void
append(const struct run *run, const char *text)
{
	char line[3 * LINE];
	struct timespec now;
	int n;

	clock_gettime(CLOCK_MONOTONIC, &now);
	n = snprintf(line, sizeof(line), "%c %lld%09ld %s\n", text[0],
	    (long long)now.tv_sec, now.tv_nsec, text + 1);
	if (write(run->ledger, line, (size_t)n) != n)
		_exit(99);
}

/* Its name is there only while it is locked; the claim of another run is a
 * line X, which never may be. */
static void
live(const struct run *run)
{
	char text[ID + 2];
	int fd;

	snprintf(text, sizeof(text), ".%s", run->claim);
	fd = open(text, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd != -1 && flock(fd, LOCK_EX) == 0 &&
	    renameat2(AT_FDCWD, text, AT_FDCWD, run->claim, RENAME_NOREPLACE) ==
		0)
		return;
	snprintf(text, sizeof(text), "X%s", run->claim);
	append(run, text);
	_exit(97);
}

static bool
is_alive(const char *name)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	bool alive;

	if (fd == -1)
		return false;
	alive = flock(fd, LOCK_SH | LOCK_NB) == -1;
	close(fd);
	if (!alive)
		unlink(name);
	return alive;
}

static void
look_round(struct run *run)
{
	DIR *directory = opendir(".");
	struct dirent *entry;
	size_t len;

	if (directory == NULL)
		_exit(96);
	while ((entry = readdir(directory)) != NULL) {
		if (entry->d_name[0] == '.' ||
		    strcmp(entry->d_name, run->claim) == 0 ||
		    !is_alive(entry->d_name))
			continue;
		len = strlen(run->live);
		snprintf(run->live + len, sizeof(run->live) - len, "%s%s",
		    len > 0 ? "," : "", entry->d_name);
	}
	closedir(directory);
}

static void
begin(struct run *run)
{
	char text[2 * LINE + 512];

	snprintf(text, sizeof(text), "S%s %s %s %s %ld %s %s %s", run->tag,
	    variable("VERSION"), variable("PELIHOOK_HOOK"), run->claim,
	    (long)getpid(), variable("PELIHOOK_COUNT"), run->items,
	    run->live[0] != '\0' ? run->live : "-");
	append(run, text);
}

static void
work(const struct run *run)
{
	struct timespec time = { run->work / 1000, run->work % 1000 * MILLION };

	nanosleep(&time, NULL);
	while (run->outcome == 't')
		pause();
}

static int
finish(const struct run *run)
{
	char text[2 * ID];

	snprintf(text, sizeof(text), "E%s %c", run->claim, run->outcome);
	append(run, text);
	unlink(run->claim);
	switch (run->outcome) {
	case '0':
		return 0;
	case '7':
		return AGAIN;
	case '6':
		return BAD;
	case 's':
		raise(SIGKILL);
	}
	return 1;
}

int
main(int argc, char **argv)
{
	static struct run run;

	if (argc != 3 || chdir(argv[1]) == -1)
		return 98;
	run.tag = argv[2];
	run.claim = variable("PELIHOOK_CLAIM");
	run.ledger = open("ledger", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
	    0600);
	if (run.ledger == -1 || chdir("live") == -1)
		return 98;
	read_events(&run);
	live(&run);
	look_round(&run);
	begin(&run);
	work(&run);
	return finish(&run);
}
