/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_LOG_OUTPUT_H
#define PELIHOOK_BASE_LOG_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "base/rc.h"

/*
 * Where the lines of base/log go, which alone uses this.  No thread waits
 * there for long: where nobody reads lines they are waited for a little at
 * first, then dropped and counted, and the next one that can be written
 * comes after one that tells of them.
 */
struct log_lost {
	uint64_t lines;
	int64_t since; /* clock_wall of the first of them */
};

/* As log_open. */
enum rc log_output_open(const char *program,
    const struct log_settings *settings);
/* What was lost is told of where that can be done now. */
void log_output_close(
    void (*tell)(struct log_line *line, const struct log_lost *lost));
/* Whether it is syslog, which has its own time in each line. */
bool log_output_is_syslog(void);
/* A finished line; tell makes the one that tells of what was lost. */
void log_output_write(const struct log_line *line,
    void (*tell)(struct log_line *line, const struct log_lost *lost));

#endif
