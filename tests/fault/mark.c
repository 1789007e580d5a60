/* SPDX-License-Identifier: ISC */
/*
 * The command of the fault tests: mark DIR.  It writes down when it begins
 * and ends, one line each, appended in one write, so that whoever reads
 * DIR/marks sees all runs in their order:
 *
 *	WHAT number key attempt pid parent uid clock id
 *
 * WHAT is S (begins), E (ends well), F (ends badly) or O: another run of the
 * same event, or of its key, is still alive.  That is told by kernel locks,
 * which live exactly as long as a run.  The event says how it goes: "n" its
 * number, "key", "work" milliseconds, "fail" how many tries fail, "bad" ends
 * with 65, "deaf" ignores SIGTERM.
 */
#include <sys/file.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	BODY = 64 * 1024,
	MILLION = 1000 * 1000,
	/* Exit codes of sysexits.h, as the manual gives them. */
	BAD = 65,
	AGAIN = 75,
};

struct run {
	char body[BODY];
	long number;
	long key;
	const char *id;
	const char *attempt;
	int marks;
};

static const char *
variable(const char *name)
{
	const char *value = getenv(name);

	return value != NULL ? value : "-";
}

static long
field(const struct run *run, const char *name)
{
	char wanted[32];
	const char *at;

	snprintf(wanted, sizeof(wanted), "\"%s\":", name);
	at = strstr(run->body, wanted);
	return at == NULL ? 0 : strtol(at + strlen(wanted), NULL, 10);
}

static void
mark(const struct run *run, char what)
{
	char line[256];
	struct timespec now;
	int n;

	clock_gettime(CLOCK_MONOTONIC, &now);
	n = snprintf(line, sizeof(line),
	    "%c %ld %ld %s %ld %ld %ld "
	    "%lld%09ld %s\n",
	    what, run->number, run->key, run->attempt, (long)getpid(),
	    (long)getppid(), (long)getuid(), (long long)now.tv_sec, now.tv_nsec,
	    run->id);
	if (write(run->marks, line, (size_t)n) != n)
		_exit(99);
}

/* Held until this process is gone, however it goes. */
static void
hold(const struct run *run, const char *kind, const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "locks/%s-%s", kind, name);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd == -1 || flock(fd, LOCK_EX | LOCK_NB) == -1)
		mark(run, 'O');
}

static void
work(long milliseconds)
{
	struct timespec time = { milliseconds / 1000,
		milliseconds % 1000 * MILLION };

	while (nanosleep(&time, &time) == -1)
		continue;
}

static void
read_body(struct run *run)
{
	size_t len = 0;
	ssize_t n;

	while (len < BODY - 1 &&
	    (n = read(STDIN_FILENO, run->body + len, BODY - 1 - len)) > 0)
		len += (size_t)n;
}

int
main(int argc, char **argv)
{
	static struct run run;
	char key[32];

	if (argc != 2 || chdir(argv[1]) == -1)
		return 98;
	read_body(&run);
	run.number = field(&run, "n");
	run.key = field(&run, "key");
	run.id = variable("PELIHOOK_ID");
	run.attempt = variable("PELIHOOK_ATTEMPT");
	run.marks = open("marks", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
	    0600);
	if (field(&run, "deaf") != 0)
		signal(SIGTERM, SIG_IGN);
	mark(&run, 'S');
	hold(&run, "event", run.id);
	snprintf(key, sizeof(key), "%ld", run.key);
	if (run.key != 0)
		hold(&run, "key", key);
	work(field(&run, "work"));
	if (strtol(run.attempt, NULL, 10) <= field(&run, "fail")) {
		mark(&run, 'F');
		return run.number % 2 == 0 ? AGAIN : 1;
	}
	mark(&run, 'E');
	return field(&run, "bad") != 0 ? BAD : 0;
}
