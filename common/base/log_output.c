/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/log_output.h"

#include "base/bounded_write.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/syslog_client.h"

enum {
	OUTPUT_WAIT = 300,	  /* for a reader that is slow, milliseconds */
	OUTPUT_WAIT_EVERY = 3000, /* at most once in so many of them */
	OUTPUT_LOOK_EVERY = 1000  /* for a syslog that was not reached */
};

static const int syslog_priorities[] = {
	[LOG_LEVEL_ERROR] = LOG_ERR,
	[LOG_LEVEL_WARNING] = LOG_WARNING,
	[LOG_LEVEL_INFO] = LOG_INFO,
	[LOG_LEVEL_DEBUG] = LOG_DEBUG,
};

/* Threads begin lines while this is opened anew: so some of it is atomic. */
static struct {
	atomic_bool to_syslog;
	atomic_bool unreached; /* it is, and descriptor 2 is in its place */
	atomic_int fd;	       /* the log's file, or -1: descriptor 2 */
	int left;	       /* the descriptor of one that was left, or -1 */
	pthread_mutex_t lock;  /* of what follows */
	struct syslog_client syslog;
	bool stderr_lost; /* as it was when this was opened */
	struct log_lost lost;
	int64_t look_again; /* clock_steady; so the next two */
	int64_t wait_until;
	int64_t wait_again;
	/* Of a line of which only the beginning is out, to the file or to
	 * descriptor 2. */
	size_t rest_len;
	char rest[sizeof((struct log_line){ 0 }.text)];
} the_output = {
	.fd = -1,
	.left = -1,
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.syslog = { .path = SYSLOG_CLIENT_PATH, .fd = -1 },
};

static bool
stderr_is_lost(void)
{
	struct stat st;

	if (fstat(STDERR_FILENO, &st) != 0)
		return true;
	return S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

/* It is short of descriptors, and the file has not been moved away since it
 * was opened: then it stays open. */
static enum rc
keep_file(const char *path, int error)
{
	int fd = atomic_load(&the_output.fd);
	struct stat here, there;
	bool same = (error == EMFILE || error == ENFILE) &&
	    fstat(fd, &here) == 0 && lstat(path, &there) == 0 &&
	    here.st_dev == there.st_dev && here.st_ino == there.st_ino;

	errno = error;
	return same ? RC_OK : RC_SYSTEM;
}

/*
 * A new file takes the place of the old one under the same descriptor, so
 * that no thread ever writes to a closed one, or to what has its number by
 * then.
 */
static enum rc
open_file(const char *path)
{
	int used = atomic_load(&the_output.fd);
	int old = used < 0 ? the_output.left : used;
	int fd = open(path,
	    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY |
		O_NONBLOCK,
	    0600);
	int error;

	if (fd < 0)
		return keep_file(path, errno);
	the_output.rest_len = 0;
	if (old < 0) {
		atomic_store(&the_output.fd, fd);
		return RC_OK;
	}
	error = dup3(fd, old, O_CLOEXEC) < 0 ? errno : 0;
	close(fd);
	if (error == 0) {
		atomic_store(&the_output.fd, old);
		the_output.left = -1;
	}
	return error == 0 ? RC_OK : keep_file(path, error);
}

/* A thread that is about to write to the file writes to descriptor 2. */
static void
leave_file(void)
{
	int fd = atomic_exchange(&the_output.fd, -1);

	if (fd < 0)
		return;
	the_output.rest_len = 0;
	the_output.left = fd;
	(void)dup3(STDERR_FILENO, fd, O_CLOEXEC);
}

/* Whether there is another place than syslog, which failed so. */
static bool
leave_syslog(int error)
{
	if (!log_output_is_syslog() || the_output.stderr_lost)
		return false;
	the_output.lost.syslog = error;
	the_output.look_again = clock_steady() + OUTPUT_LOOK_EVERY;
	atomic_store(&the_output.unreached, true);
	return true;
}

enum rc
log_output_open(const char *program, const struct log_settings *settings)
{
	bool lost = stderr_is_lost();
	int error = 0;
	bool to_syslog = settings->target == LOG_TO_SYSLOG ||
	    (settings->target == LOG_TO_STDERR && lost);
	enum rc rc = RC_OK;

	pthread_mutex_lock(&the_output.lock);
	if (settings->target == LOG_TO_FILE)
		rc = open_file(settings->path);
	else
		leave_file();
	if (rc == RC_OK) {
		the_output.syslog.program = program;
		the_output.stderr_lost = lost;
		the_output.lost.syslog = 0;
		atomic_store(&the_output.unreached, false);
		atomic_store(&the_output.to_syslog, to_syslog);
		if (to_syslog && !lost)
			error = syslog_client_check(the_output.syslog.path);
		if (error != 0)
			(void)leave_syslog(error);
	}
	pthread_mutex_unlock(&the_output.lock);
	return rc;
}

bool
log_output_is_syslog(void)
{
	return atomic_load(&the_output.fd) < 0 &&
	    atomic_load(&the_output.to_syslog) &&
	    !atomic_load(&the_output.unreached);
}

/*
 * All of the line or nothing of it, as far as its readers are concerned: what
 * does not fit in now is kept, and comes before the next one.
 */
static enum rc
write_line(int fd, struct bytes line, int64_t deadline)
{
	struct bytes rest = { the_output.rest, the_output.rest_len };
	enum rc rc = bounded_write(fd, &rest, deadline);

	memmove(the_output.rest, rest.data, rest.len);
	the_output.rest_len = rest.len;
	if (rc != RC_OK)
		return rc;
	rest = line;
	rc = bounded_write(fd, &rest, deadline);
	if (rc == RC_OK || rest.len == line.len)
		return rc;
	memcpy(the_output.rest, rest.data, rest.len);
	the_output.rest_len = rest.len;
	return RC_OK;
}

static enum rc
write_before(const struct log_line *line, int64_t deadline)
{
	struct bytes text = { line->text, line->len };
	int fd = atomic_load(&the_output.fd);

	if (!log_output_is_syslog())
		return write_line(fd < 0 ? STDERR_FILENO : fd, text, deadline);
	text.len--;
	return syslog_client_send(&the_output.syslog,
	    syslog_priorities[line->level], text, deadline);
}

/* A burst is waited for, but one who stands still gets one wait for all. */
static enum rc
write_patiently(const struct log_line *line)
{
	enum rc rc = write_before(line, 0);
	int64_t now;

	if (rc != RC_SLOW)
		return rc;
	now = clock_steady();
	if (now >= the_output.wait_again) {
		the_output.wait_until = now + OUTPUT_WAIT;
		the_output.wait_again = now + OUTPUT_WAIT_EVERY;
	}
	return now < the_output.wait_until ?
	    write_before(line, the_output.wait_until) :
	    rc;
}

/* Apart, so that no second line is on the stack where there is no news. */
static __attribute__((noinline)) enum rc
tell_next(log_tell *tell)
{
	struct log_line line;
	enum rc rc;

	tell(&line, &the_output.lost);
	rc = write_patiently(&line);
	if (rc != RC_OK)
		return rc;
	if (the_output.lost.syslog != 0)
		the_output.lost.syslog = 0;
	else
		the_output.lost.lines = 0;
	return RC_OK;
}

/* What is to be told of, and then the line, if there is one. */
static enum rc
write_news_and(const struct log_line *line, log_tell *tell)
{
	enum rc rc = RC_OK;

	while (rc == RC_OK &&
	    (the_output.lost.syslog != 0 || the_output.lost.lines > 0))
		rc = tell_next(tell);
	return rc == RC_OK && line != NULL ? write_patiently(line) : rc;
}

static void
look_for_syslog(void)
{
	int64_t now;

	if (!atomic_load(&the_output.unreached))
		return;
	now = clock_steady();
	if (now < the_output.look_again)
		return;
	the_output.look_again = now + OUTPUT_LOOK_EVERY;
	if (syslog_client_check(the_output.syslog.path) != 0)
		return;
	the_output.lost.syslog = 0;
	atomic_store(&the_output.unreached, false);
}

static enum rc
write_somewhere(const struct log_line *line, log_tell *tell)
{
	enum rc rc;

	look_for_syslog();
	rc = write_news_and(line, tell);
	if (rc == RC_SYSTEM && leave_syslog(errno))
		rc = write_news_and(line, tell);
	return rc;
}

void
log_output_write(const struct log_line *line, log_tell *tell)
{
	enum rc rc;

	pthread_mutex_lock(&the_output.lock);
	rc = write_somewhere(line, tell);
	if (rc != RC_OK && the_output.lost.lines++ == 0)
		the_output.lost.since = clock_wall();
	pthread_mutex_unlock(&the_output.lock);
}

void
log_output_close(log_tell *tell)
{
	int fd;

	pthread_mutex_lock(&the_output.lock);
	(void)write_somewhere(NULL, tell);
	fd = atomic_exchange(&the_output.fd, -1);
	io_close(&fd);
	io_close(&the_output.left);
	atomic_store(&the_output.to_syslog, false);
	atomic_store(&the_output.unreached, false);
	syslog_client_close(&the_output.syslog);
	the_output.rest_len = 0;
	the_output.lost = (struct log_lost){ .lines = 0 };
	pthread_mutex_unlock(&the_output.lock);
}
