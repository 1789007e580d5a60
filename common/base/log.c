/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/json_string.h"
#include "base/timestamp.h"

enum {
	LOG_RESERVE = 32, /* for the mark of a cut line and its end */
	LOG_VALUE = 4096, /* most bytes of a value before escaping */
};

static const char *const level_names[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

static const int syslog_priorities[] = {
	[LOG_LEVEL_ERROR] = LOG_ERR,
	[LOG_LEVEL_WARNING] = LOG_WARNING,
	[LOG_LEVEL_INFO] = LOG_INFO,
	[LOG_LEVEL_DEBUG] = LOG_DEBUG,
};

/* Threads log while log_open changes this, so each part is atomic. */
static struct {
	atomic_int format;
	atomic_int level;
	atomic_bool to_syslog;
	atomic_int fd; /* the log's file, or -1: descriptor 2 */
	int left;      /* the descriptor of one that was left, or -1 */
	atomic_bool said[LOG_ONCE_KINDS];
} the_log = {
	.format = LOG_TEXT,
	.level = LOG_LEVEL_INFO,
	.fd = -1,
	.left = -1,
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
log_keep_file(const char *path, int error)
{
	int fd = atomic_load(&the_log.fd);
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
log_open_file(const char *path)
{
	int used = atomic_load(&the_log.fd);
	int old = used < 0 ? the_log.left : used;
	int fd = open(path,
	    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY |
		O_NONBLOCK,
	    0600);
	int error;

	if (fd < 0)
		return log_keep_file(path, errno);
	if (old < 0) {
		atomic_store(&the_log.fd, fd);
		return RC_OK;
	}
	error = dup3(fd, old, O_CLOEXEC) < 0 ? errno : 0;
	close(fd);
	if (error == 0) {
		atomic_store(&the_log.fd, old);
		the_log.left = -1;
	}
	return error == 0 ? RC_OK : log_keep_file(path, error);
}

/* A thread that is about to write to the file writes to descriptor 2. */
static void
log_leave_file(void)
{
	int fd = atomic_exchange(&the_log.fd, -1);

	if (fd < 0)
		return;
	the_log.left = fd;
	(void)dup3(STDERR_FILENO, fd, O_CLOEXEC);
}

enum rc
log_open(const char *program, const struct log_settings *settings)
{
	bool lost = settings->target == LOG_TO_SYSLOG ||
	    (settings->target == LOG_TO_STDERR && stderr_is_lost());
	enum rc rc;

	if (settings->target == LOG_TO_FILE) {
		rc = log_open_file(settings->path);
		if (rc != RC_OK)
			return rc;
	} else {
		log_leave_file();
	}
	if (lost)
		openlog(program, LOG_PID, LOG_DAEMON);
	atomic_store(&the_log.to_syslog, lost);
	atomic_store(&the_log.format, (int)settings->format);
	atomic_store(&the_log.level, (int)settings->level);
	return RC_OK;
}

void
log_open_anyway(const char *program, const struct log_settings *settings)
{
	struct log_settings instead = *settings;
	const char *error;

	if (log_open(program, settings) == RC_OK)
		return;
	error = strerrordesc_np(errno);
	instead.target = LOG_TO_STDERR;
	(void)log_open(program, &instead);
	log_say(LOG_LEVEL_ERROR,
	    "cannot open the log %s: %s: lines go to %s "
	    "until it is opened anew",
	    settings->path, error,
	    atomic_load(&the_log.to_syslog) ? "syslog" : "standard error");
}

void
log_close(void)
{
	int fd = atomic_exchange(&the_log.fd, -1);

	io_close(&fd);
	io_close(&the_log.left);
	if (atomic_exchange(&the_log.to_syslog, false))
		closelog();
}

bool
log_wants(enum log_level level)
{
	return (int)level <= atomic_load(&the_log.level);
}

static bool
is_json(void)
{
	return atomic_load(&the_log.format) == LOG_JSON;
}

/* Whether a logfmt value needs no quotes. */
static bool
is_plain(struct bytes value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.data[i] <= ' ' || value.data[i] >= 0x7f ||
		    value.data[i] == '"' || value.data[i] == '=' ||
		    value.data[i] == '\\')
			return false;
	return value.len > 0;
}

/* What fits, as the caller knows. */
static void
log_put(struct log_line *line, struct bytes bytes)
{
	memcpy(line->text + line->len, bytes.data, bytes.len);
	line->len += bytes.len;
}

/*
 * Appends a whole field, or nothing and the mark of a cut line.  There are a
 * dozen in each line, which is why none goes through printf.
 */
static void
log_field(struct log_line *line, const char *key, struct bytes value,
    bool quoted)
{
	size_t size = sizeof(line->text) - LOG_RESERVE;
	bool json = is_json();
	const struct bytes parts[] = { bytes_of(line->len <= 1 ? "" :
					       json	       ? "," :
								 " "),
		bytes_of(json ? "\"" : ""), bytes_of(key),
		bytes_of(json ? "\":" : "="), bytes_of(quoted ? "\"" : ""),
		value, bytes_of(quoted ? "\"" : "") };
	size_t len = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		len += parts[i].len;
	if (line->cut || len >= size - line->len) {
		line->cut = true;
		return;
	}
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (parts[i].len > 0)
			log_put(line, parts[i]);
}

void
log_bytes(struct log_line *line, const char *key, struct bytes value)
{
	/* What does not fit in here does not fit in the line either. */
	char text[sizeof(line->text)];
	/* A lack of memory is not to keep the log from telling of it. */
	struct buf escaped = {
		.data = text,
		.capacity = sizeof(text),
		.max = sizeof(text) - 1,
	};

	if (!line->wanted)
		return;
	if (value.len > LOG_VALUE)
		line->cut = true;
	else if (!is_json() && is_plain(value))
		log_field(line, key, value, false);
	else if (json_string_add(value, &escaped) == RC_OK)
		log_field(line, key, buf_view(&escaped), true);
	else
		line->cut = true;
}

void
log_text(struct log_line *line, const char *key, const char *value)
{
	if (value != NULL && value[0] != '\0')
		log_bytes(line, key, bytes_of(value));
}

void
log_number(struct log_line *line, const char *key, int64_t value)
{
	char digits[24];
	int n = snprintf(digits, sizeof(digits), "%lld", (long long)value);

	if (line->wanted && n > 0)
		log_field(line, key, (struct bytes){ digits, (size_t)n },
		    false);
}

void
log_begin(struct log_line *line, enum log_level level, const char *message)
{
	char now[TIMESTAMP_SIZE];

	line->level = level;
	line->wanted = log_wants(level);
	line->cut = false;
	line->len = 0;
	if (!line->wanted)
		return;
	if (is_json())
		line->text[line->len++] = '{';
	if (!atomic_load(&the_log.to_syslog) || atomic_load(&the_log.fd) >= 0) {
		timestamp_print(clock_wall(), now);
		log_text(line, "time", now);
	}
	log_text(line, "level", level_names[level]);
	log_text(line, "msg", message);
}

static void
log_write(const struct log_line *line)
{
	int fd = atomic_load(&the_log.fd);
	ssize_t n;

	if (fd < 0 && atomic_load(&the_log.to_syslog)) {
		syslog(syslog_priorities[line->level], "%.*s",
		    (int)line->len - 1, line->text);
		return;
	}
	/* There is nowhere to tell that the log cannot be written. */
	do
		n = write(fd < 0 ? STDERR_FILENO : fd, line->text, line->len);
	while (n < 0 && errno == EINTR);
}

void
log_end(struct log_line *line)
{
	const char *end = is_json() ? "}\n" : "\n";
	const char *mark = is_json() ? ",\"cut\":true" : " cut=true";

	if (!line->wanted)
		return;
	if (line->cut)
		log_put(line, bytes_of(mark));
	log_put(line, bytes_of(end));
	log_write(line);
}

bool
log_once(enum log_once kind)
{
	return !atomic_exchange(&the_log.said[kind], true);
}

void
log_say(enum log_level level, const char *format, ...)
{
	struct log_line line;
	char message[2048];
	va_list args;
	int n;

	if (!log_wants(level))
		return;
	va_start(args, format);
	n = vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	log_begin(&line, level, message);
	if (n < 0 || (size_t)n >= sizeof(message))
		line.cut = true;
	log_end(&line);
}

void
log_lines(enum log_level level, struct bytes text)
{
	struct bytes line;

	while (bytes_split(&text, "\n", &line))
		if (line.len > 0)
			log_say(level, "%.*s", (int)line.len, line.data);
}
