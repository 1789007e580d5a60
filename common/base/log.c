/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/json_string.h"
#include "base/log_output.h"
#include "base/syslog_client.h"
#include "base/timestamp.h"
#include "base/trust.h"

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

/* Threads log while log_open changes this, so each part is atomic. */
static struct {
	atomic_int format;
	atomic_int level;
	atomic_bool said[LOG_ONCE_KINDS];
} the_log = {
	.format = LOG_TEXT,
	.level = LOG_LEVEL_INFO,
};

/* Of what others can put there nothing is made, opened or followed. */
static enum rc
check_directory(const char *path, struct buf *why)
{
	struct bytes above = io_directory(path);
	char directory[PATH_MAX];
	int n = snprintf(directory, sizeof(directory), "%.*s", (int)above.len,
	    above.data);

	errno = ENAMETOOLONG;
	if (n < 0 || (size_t)n >= sizeof(directory))
		return RC_SYSTEM;
	if (trust_path(directory, TRUST_LOG, why) == RC_OK)
		return RC_OK;
	/* Where it cannot be reached at all, that says less than this. */
	if (faccessat(AT_FDCWD, directory, F_OK, AT_EACCESS) != 0)
		why->len = 0;
	else
		errno = EPERM;
	return RC_SYSTEM;
}

/* why: what is wrong with the log's directory; or it is empty. */
static enum rc
open_trusted(const char *program, const struct log_settings *settings,
    struct buf *why)
{
	enum rc rc = RC_OK;

	if (settings->target == LOG_TO_FILE)
		rc = check_directory(settings->path, why);
	if (rc == RC_OK)
		rc = log_output_open(program, settings);
	if (rc != RC_OK)
		return rc;
	atomic_store(&the_log.format, (int)settings->format);
	atomic_store(&the_log.level, (int)settings->level);
	return RC_OK;
}

enum rc
log_open(const char *program, const struct log_settings *settings)
{
	struct buf why = { 0 };
	enum rc rc = open_trusted(program, settings, &why);
	int error = errno;

	buf_free(&why);
	errno = error;
	return rc;
}

void
log_open_anyway(const char *program, const struct log_settings *settings)
{
	struct log_settings instead = *settings;
	struct buf why = { 0 };
	const char *error;

	if (open_trusted(program, settings, &why) == RC_OK)
		return;
	error = strerrordesc_np(errno);
	instead.target = LOG_TO_STDERR;
	(void)log_open(program, &instead);
	log_say(LOG_LEVEL_ERROR,
	    "cannot open the log %s: %s%s: lines go to %s "
	    "until it is opened anew",
	    settings->path, why.len > 0 ? "its directory " : "",
	    why.len > 0 ? why.data : error,
	    log_output_is_syslog() ? "syslog" : "standard error");
	buf_free(&why);
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
	return value.len > 0 && json_string_plain(value) == value.len &&
	    memchr(value.data, ' ', value.len) == NULL &&
	    memchr(value.data, '=', value.len) == NULL;
}

/* What fits, as the caller knows. */
static void
log_put(struct log_line *line, struct bytes bytes)
{
	if (bytes.len > 0)
		memcpy(line->text + line->len, bytes.data, bytes.len);
	line->len += bytes.len;
}

static void
log_put_char(struct log_line *line, char c)
{
	line->text[line->len++] = c;
}

static void
log_put_text(struct log_line *line, struct bytes text, bool quoted)
{
	if (quoted)
		log_put_char(line, '"');
	log_put(line, text);
	if (quoted)
		log_put_char(line, '"');
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
	bool first = line->len <= 1;
	struct bytes name = bytes_of(key);
	size_t len = name.len + value.len + (first ? 0 : 1) + (json ? 3 : 1) +
	    (quoted ? 2 : 0);

	if (line->cut || len >= size - line->len) {
		line->cut = true;
		return;
	}
	if (!first)
		log_put_char(line, json ? ',' : ' ');
	log_put_text(line, name, json);
	log_put_char(line, json ? ':' : '=');
	log_put_text(line, value, quoted);
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
	else if (json_string_add_as(value, JSON_STRING_SHOWN, &escaped) ==
	    RC_OK)
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
	uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;
	char digits[BYTES_DECIMAL];
	char *first = bytes_decimal(left, digits);

	if (value < 0)
		*--first = '-';
	if (line->wanted)
		log_field(line, key, bytes_of(first), false);
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
	if (!log_output_is_syslog()) {
		timestamp_print(clock_wall(), now);
		log_text(line, "time", now);
	}
	log_text(line, "level", level_names[level]);
	log_text(line, "msg", message);
}

static void
log_finish(struct log_line *line)
{
	const char *end = is_json() ? "}\n" : "\n";
	const char *mark = is_json() ? ",\"cut\":true" : " cut=true";

	if (line->cut)
		log_put(line, bytes_of(mark));
	log_put(line, bytes_of(end));
}

static void
tell_of_syslog(struct log_line *line, int error)
{
	log_begin(line, LOG_LEVEL_ERROR,
	    "cannot reach syslog: lines go to standard error until it can "
	    "be reached");
	log_text(line, "socket", SYSLOG_CLIENT_PATH);
	log_text(line, "error", strerrordesc_np(error));
	log_finish(line);
}

/* An error, so that no log-level hides that something is missing. */
static void
tell_of_lost(struct log_line *line, const struct log_lost *lost)
{
	char since[TIMESTAMP_SIZE];

	if (lost->syslog != 0) {
		tell_of_syslog(line, lost->syslog);
		return;
	}
	timestamp_print(lost->since, since);
	log_begin(line, LOG_LEVEL_ERROR,
	    "lines are missing here: they could not be written");
	log_number(line, "lines", (int64_t)lost->lines);
	log_text(line, "since", since);
	log_finish(line);
}

void
log_end(struct log_line *line)
{
	if (!line->wanted)
		return;
	log_finish(line);
	log_output_write(line, tell_of_lost);
}

void
log_close(void)
{
	log_output_close(tell_of_lost);
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
