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
 * comes after one that tells of them.  Where syslog cannot be reached they
 * go to descriptor 2, if that is not lost, until it can be.
 */
struct log_lost {
	/* Why syslog is not reached, an errno, as long as nobody was told. */
	int syslog;
	uint64_t lines;
	int64_t since; /* clock_wall of the first of them */
};

/* As log_open. */
enum rc log_output_open(const char *program,
    const struct log_settings *settings);
/* tell makes a line: why syslog is not reached, or else what was lost. */
typedef void log_tell(struct log_line *line, const struct log_lost *lost);
/* What was lost is told of where that can be done now. */
void log_output_close(log_tell *tell);
/* Whether it is syslog, which has its own time in each line. */
bool log_output_is_syslog(void);
/* A finished line. */
void log_output_write(const struct log_line *line, log_tell *tell);

#endif
