/* SPDX-License-Identifier: ISC */
/*
 * The command of the test that nothing runs twice at once: task DIR NAME
 * SLOTS.  NAME says what must not overlap: SLOTS runs of it may be under way
 * at once (0: any number), and one of an event, and of its key.  That is told
 * by kernel locks in DIR/locks, which live exactly as long as the last
 * process of a run that holds them.  It writes into DIR/marks, one line each,
 * appended in one write:
 *
 *	WHAT clock NAME numbers key claim id count attempt pid parent uid more
 *
 * WHAT is S (begins, all locks taken), E (ends well), F (ends badly), T (was
 * told to end by SIGTERM; more: 1 if the parent is still the one it had), O
 * (something of another run holds a lock; more: its claim) or W (that lock
 * was waited for; more: 1 if it was let go in the end).  clock is
 * CLOCK_MONOTONIC, in nanoseconds; what is not there is "-".
 *
 * The events, one a line, say how it goes: "n" its number, "key", "work"
 * milliseconds, "once" milliseconds more the first time, "fail" how many
 * tries fail, "until": the others wait for the file DIR/go, "deaf": it goes
 * on after SIGTERM, "child": it has so many children in its group that do so
 * and hold the locks, "leave": it moves to another process group, or with 2
 * to another session, "exec": it becomes another program.  "NAME.deaf" is for
 * the runs of NAME alone.  With root's set-user-ID bit it works as the user
 * OTHER.
 */
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	BODY = 64 * 1024,
	TEXT = 512,
	MILLION = 1000 * 1000,
	SLICE = 5,	    /* milliseconds between looks */
	LOOKS = 600,	    /* at a lock that is held by another run */
	CHILD_STAYS = 2000, /* milliseconds after its leader's end */
	TELL = 100,	    /* the descriptor by which the child is told */
	OTHER = 65533,
	AGAIN = 75, /* sysexits.h */
};

struct run {
	char body[BODY];
	char numbers[TEXT];
	char who[TEXT]; /* the line's words up to count and attempt */
	const char *name;
	long slots;
	long key;
	long work; /* milliseconds */
	const char *id;
	const char *attempt;
	pid_t parent;
	int marks;
};

static const char *
variable(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0' ? value : "-";
}

/* The most of all lines; -1 if none has it. */
static long
most_of(const struct run *run, const char *wanted)
{
	const char *at = run->body;
	long most = -1;
	long value;

	while ((at = strstr(at, wanted)) != NULL) {
		at += strlen(wanted);
		value = strtol(at, NULL, 10);
		if (value > most)
			most = value;
	}
	return most;
}

static long
field(const struct run *run, const char *name)
{
	char wanted[64];
	long most;

	snprintf(wanted, sizeof(wanted), "\"%.20s.%.20s\":", run->name, name);
	most = most_of(run, wanted);
	if (most != -1)
		return most;
	snprintf(wanted, sizeof(wanted), "\"%.20s\":", name);
	most = most_of(run, wanted);
	return most == -1 ? 0 : most;
}

static void
join_numbers(struct run *run)
{
	const char *at = run->body;
	size_t len = 0;

	while ((at = strstr(at, "\"n\":")) != NULL && len < TEXT - 32) {
		at += strlen("\"n\":");
		len += (size_t)snprintf(run->numbers + len, TEXT - len, "%s%ld",
		    len > 0 ? "," : "", strtol(at, NULL, 10));
	}
}

static void
mark(const struct run *run, char what, const char *more)
{
	char line[2 * TEXT];
	struct timespec now;
	int n;

	clock_gettime(CLOCK_MONOTONIC, &now);
	n = snprintf(line, sizeof(line), "%c %lld%09ld %s %ld %ld %ld %s\n",
	    what, (long long)now.tv_sec, now.tv_nsec, run->who, (long)getpid(),
	    (long)run->parent, (long)getuid(), more);
	if (write(run->marks, line, (size_t)n) != n)
		_exit(99);
}

/* SIGTERM is blocked, so that it is noted whenever it comes. */
static void
nap(const struct run *run, long milliseconds)
{
	struct timespec time = { milliseconds / 1000,
		milliseconds % 1000 * MILLION };
	sigset_t term;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	if (sigtimedwait(&term, NULL, &time) != SIGTERM)
		return;
	mark(run, 'T', getppid() == run->parent ? "1" : "0");
	if (field(run, "deaf") == 0)
		_exit(1);
}

static void
work(const struct run *run)
{
	for (long left = run->work; left > 0; left -= SLICE)
		nap(run, left < SLICE ? left : SLICE);
}

static void
wait_for_go(const struct run *run)
{
	while (field(run, "until") != 0 && access("go", F_OK) == -1)
		nap(run, SLICE);
}

static bool
is_first(const struct run *run)
{
	char path[TEXT];
	int fd;

	snprintf(path, sizeof(path), "locks/%s-first-%ld", run->name,
	    field(run, "n"));
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1)
		return false;
	close(fd);
	return true;
}

/* The lock, with this run's claim in it, or -1. */
static int
take(const char *path)
{
	const char *claim = variable("PELIHOOK_CLAIM");
	int fd = open(path, O_RDWR | O_CREAT, 0600);

	if (fd == -1)
		_exit(97);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		if (ftruncate(fd, 0) == -1 ||
		    write(fd, claim, strlen(claim)) == -1)
			_exit(97);
		return fd;
	}
	close(fd);
	return -1;
}

static int
take_one(const char *path, long slots)
{
	char slot[TEXT];
	int fd = -1;

	for (long i = 0; fd == -1 && i < slots; i++) {
		snprintf(slot, sizeof(slot), "locks/%s.%ld", path, i);
		fd = take(slot);
	}
	return fd;
}

static void
tell_holder(const struct run *run, const char *path)
{
	char slot[TEXT];
	char holder[80];
	ssize_t n;
	int fd;

	snprintf(slot, sizeof(slot), "locks/%s.0", path);
	fd = open(slot, O_RDONLY | O_CLOEXEC);
	n = read(fd, holder, sizeof(holder) - 1);
	holder[n < 0 ? 0 : n] = '\0';
	close(fd);
	mark(run, 'O', holder[0] != '\0' ? holder : "-");
}

/* It stays taken as long as any process of this run has it open. */
static void
hold(const struct run *run, const char *kind, const char *name, long slots)
{
	char path[TEXT / 2];
	int fd;

	snprintf(path, sizeof(path), "%s-%s-%s", run->name, kind, name);
	fd = take_one(path, slots);
	if (fd != -1)
		return;
	tell_holder(run, path);
	for (int i = 0; fd == -1 && i < LOOKS; i++) {
		nap(run, SLICE);
		fd = take_one(path, slots);
	}
	mark(run, 'W', fd == -1 ? "0" : "1");
}

static void
hold_all(const struct run *run)
{
	char key[32];

	if (run->slots == 0)
		return;
	hold(run, "all", "-", run->slots);
	if (*run->id != '-')
		hold(run, "event", run->id, 1);
	snprintf(key, sizeof(key), "%ld", run->key);
	if (run->key != 0)
		hold(run, "key", key, 1);
}

/* Told to end it ends; without the leader it stays for a while. */
static void
be_child(int told, long number)
{
	char byte;
	ssize_t n;

	signal(SIGTERM, SIG_IGN);
	do
		n = read(told, &byte, 1);
	while (n == -1 && errno == EINTR);
	if (n == 0)
		poll(NULL, 0, CHILD_STAYS * (int)number);
	_exit(0);
}

static void
have_children(long count)
{
	int ends[2];

	if (pipe(ends) == -1)
		_exit(96);
	for (long i = 0; i < count; i++) {
		switch (fork()) {
		case -1:
			_exit(96);
		case 0:
			close(ends[1]);
			be_child(ends[0], i + 1);
		}
	}
	close(ends[0]);
	if (dup2(ends[1], TELL) == -1)
		_exit(96);
	close(ends[1]);
}

static void
release_children(const struct run *run)
{
	for (long i = field(run, "child"); i > 0; i--) {
		if (write(TELL, "", 1) != 1)
			_exit(96);
		wait(NULL);
	}
}

static void
be_stranger(pid_t leader)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != leader)
		_exit(0);
	for (char **entry = environ; *entry != NULL; entry++)
		memset(*entry, 0, strlen(*entry));
	for (int fd = 0; fd <= TELL; fd++)
		close(fd);
	for (;;)
		pause();
}

/*
 * Into the group of a process that holds nothing, has no mark and ends with
 * this one.
 */
static void
leave_group(bool leave_session)
{
	pid_t leader = getpid();
	pid_t pid = fork();

	switch (pid) {
	case -1:
		_exit(95);
	case 0:
		be_stranger(leader);
	}
	if (setpgid(pid, pid) == -1 || setpgid(0, pid) == -1)
		_exit(95);
	if (leave_session && setsid() == -1)
		_exit(95);
}

static void
read_body(struct run *run)
{
	size_t len = 0;
	ssize_t n;

	lseek(STDIN_FILENO, 0, SEEK_SET);
	while (len < BODY - 1 &&
	    (n = read(STDIN_FILENO, run->body + len, BODY - 1 - len)) > 0)
		len += (size_t)n;
	join_numbers(run);
}

static void
begin(struct run *run, char **argv)
{
	run->name = argv[2];
	run->key = field(run, "key");
	run->work = field(run, "work");
	run->slots = strtol(argv[3], NULL, 10);
	run->id = variable("PELIHOOK_ID");
	run->attempt = variable("PELIHOOK_ATTEMPT");
	run->parent = getppid();
	run->marks = open("marks", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
	    0600);
	snprintf(run->who, sizeof(run->who), "%s %.200s %ld %s %s %s %s",
	    run->name, run->numbers, run->key, variable("PELIHOOK_CLAIM"),
	    run->id, variable("PELIHOOK_COUNT"), run->attempt);
}

static void
prepare(struct run *run)
{
	hold_all(run);
	if (field(run, "once") != 0 && is_first(run))
		run->work += field(run, "once");
	if (field(run, "child") > 0)
		have_children(field(run, "child"));
	if (field(run, "leave") != 0)
		leave_group(field(run, "leave") > 1);
	if (geteuid() != getuid() && setresuid(OTHER, OTHER, OTHER) == -1)
		_exit(94);
	mark(run, 'S', "-");
}

static void
become_another(char **argv)
{
	char *const more[] = { argv[0], argv[1], argv[2], argv[3],
		(char[]){ "again" }, NULL };

	execv(argv[0], more);
	_exit(93);
}

int
main(int argc, char **argv)
{
	static struct run run;
	sigset_t term;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	if (argc < 4 || chdir(argv[1]) == -1)
		return 98;
	read_body(&run);
	begin(&run, argv);
	if (argc == 4) {
		prepare(&run);
		if (field(&run, "exec") != 0)
			become_another(argv);
	}
	work(&run);
	if (field(&run, "fail") > 0 &&
	    strtol(run.attempt, NULL, 10) <= field(&run, "fail")) {
		mark(&run, 'F', "-");
		release_children(&run);
		/* A batch that said so would be the same one for ever. */
		return *run.attempt != '-' && field(&run, "n") % 2 == 0 ?
		    AGAIN :
		    1;
	}
	wait_for_go(&run);
	mark(&run, 'E', "-");
	release_children(&run);
	return 0;
}
