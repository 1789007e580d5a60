/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_LOG_H
#define PELIHOOK_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

/*
 * One line an event, to descriptor 2, to syslog(3) or to a file; logfmt or
 * one JSON object.  Whatever is not printable ASCII or UTF-8 text is
 * escaped, so that a line never holds a control character that came from
 * outside.  A line is written with one write(2): lines of several processes
 * do not mix.  Where nobody reads them lines are lost rather than waited for,
 * and one that can be written again tells how many.  The log is the one
 * mutable global of the program.
 */
enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

enum log_target {
	LOG_TO_STDERR, /* syslog where 2 is closed or /dev/null */
	LOG_TO_SYSLOG, /* 2 where that cannot be reached and 2 is not lost */
	LOG_TO_FILE,
};

enum log_format {
	LOG_TEXT,
	LOG_JSON,
};

/* What `log`, `log-format` and `log-level` say. */
struct log_settings {
	enum log_target target;
	const char *path; /* for LOG_TO_FILE; copied */
	enum log_format format;
	enum log_level level;
};

/*
 * Begins to log so, or goes on under new settings; a file is opened anew
 * (created 0600, never through a symbolic link, and only in a directory that
 * TRUST_LOG of base/trust finds good), or stays open where descriptors are
 * short.  RC_SYSTEM with errno set (EPERM: that directory): the old settings
 * stay.
 * Before the first call it is text at info to descriptor 2.  program is the
 * name in syslog and must stay valid.
 */
enum rc log_open(const char *program, const struct log_settings *settings);
/*
 * The same, and never refused: while the file is not opened the lines go
 * where LOG_TO_STDERR sends them, and the first says so and why.
 */
void log_open_anyway(const char *program, const struct log_settings *settings);
void log_close(void);
bool log_wants(enum log_level level);

/* A line that is being written; lives on the stack, of a bounded size. */
struct log_line {
	enum log_level level;
	bool wanted;
	bool cut; /* a field did not fit */
	size_t len;
	char text[8192];
};

/*
 *	struct log_line line;
 *
 *	log_begin(&line, LOG_LEVEL_INFO, "delivered");
 *	log_text(&line, "hook", hook->name);
 *	log_end(&line);
 *
 * log_text leaves a NULL or empty value out.  A line that grows too long is
 * cut at a field's end and says so.
 */
void log_begin(struct log_line *line, enum log_level level,
    const char *message);
void log_text(struct log_line *line, const char *key, const char *value);
void log_bytes(struct log_line *line, const char *key, struct bytes value);
void log_number(struct log_line *line, const char *key, int64_t value);
void log_end(struct log_line *line);

/* What is worth saying only once in the life of a process. */
enum log_once {
	LOG_ONCE_SIGNATURE, /* the `signature` line to write instead of auto */
	LOG_ONCE_PARAMETER, /* a request tried to name a configuration */
	LOG_ONCE_DEDUPE,    /* an event that `dedupe` does not know again */
	LOG_ONCE_ORDER,	    /* one that has no place in an order */
	LOG_ONCE_COUNTS,    /* why requests are not counted */
	LOG_ONCE_KINDS,
};

/* Whether it is the first time for this kind; true only once. */
bool log_once(enum log_once kind);

/* A line of only a message. */
void log_say(enum log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Each line of a text, as conf_load leaves its errors. */
void log_lines(enum log_level level, struct bytes text);

#endif
