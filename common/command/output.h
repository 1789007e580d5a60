/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_COMMAND_OUTPUT_H
#define PELIHOOK_COMMAND_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"

struct command;
struct run_result;

/*
 * What a command writes: its lines go to the log, with the run's hook and
 * ID, and the last of it is kept as the result's tail.
 */

enum {
	OUTPUT_STREAMS = 2, /* stdout, stderr */
	OUTPUT_LINE = 1024, /* most bytes of a logged line */
};

/*
 * One of the command's outputs, and its line that is not complete yet.  The
 * writing end stays open here as well, so that the command's end wakes us
 * once, and not for each of the pipes before.
 */
struct output_stream {
	int fd; /* -1 once it failed */
	int writer;
	enum log_level level;
	const char *name;
	size_t len;
	char line[OUTPUT_LINE];
};

struct output {
	const struct command *what; /* borrowed */
	struct run_result *result;  /* borrowed */
	struct output_stream streams[OUTPUT_STREAMS];
	unsigned lines;	  /* logged */
	int64_t left_out; /* lines that were not */
};

/*
 * Opens the pipes: 0 or an errno, with none open.  An output is of a run and
 * its result until output_finish or output_close.
 */
int output_open(struct output *output, const struct command *what,
    struct run_result *result);
/* Takes one chunk; false where there is nothing at the moment. */
bool output_take(struct output *output, struct output_stream *stream);
/*
 * Takes what the command left in the pipes, and closes them; one that somebody
 * can still write to passes to the host.
 */
void output_finish(struct output *output);
/* Only closes them. */
void output_close(struct output *output);

#endif
