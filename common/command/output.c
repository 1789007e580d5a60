/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "command/output.h"

#include "base/io.h"
#include "command/discard.h"
#include "command/host.h"
#include "command/run.h"

enum {
	LINES = 64,	   /* most logged lines of a run */
	CHUNK = 4 * 1024,  /* read at once */
	REST_CHUNKS = 512, /* read at most after the command's end */
};

static void
begin_line(struct log_line *line, enum log_level level, const char *message,
    const struct command *what)
{
	log_begin(line, level, message);
	log_text(line, "hook", what->hook);
	log_text(line, "id", what->id);
}

static int
open_stream(struct output_stream *stream)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return errno;
	stream->fd = ends[0];
	stream->writer = ends[1];
	/* Only ours: the command's end is one that waits. */
	return fcntl(stream->fd, F_SETFL, O_NONBLOCK) == 0 ? 0 : errno;
}

static void
close_stream(struct output_stream *stream)
{
	io_close(&stream->fd);
	io_close(&stream->writer);
}

/* A line is large, and not looked at beyond its length. */
static void
begin_stream(struct output_stream *stream, enum log_level level,
    const char *name)
{
	stream->fd = -1;
	stream->writer = -1;
	stream->level = level;
	stream->name = name;
	stream->len = 0;
}

int
output_open(struct output *output, const struct command *what,
    struct run_result *result)
{
	int error = 0;

	output->what = what;
	output->result = result;
	output->lines = 0;
	output->left_out = 0;
	begin_stream(&output->streams[0], LOG_LEVEL_DEBUG, "stdout");
	begin_stream(&output->streams[1], LOG_LEVEL_INFO, "stderr");
	for (int i = 0; error == 0 && i < OUTPUT_STREAMS; i++)
		error = open_stream(&output->streams[i]);
	if (error != 0)
		output_close(output);
	return error;
}

void
output_close(struct output *output)
{
	for (int i = 0; i < OUTPUT_STREAMS; i++)
		close_stream(&output->streams[i]);
}

static void
keep_tail(struct run_result *result, struct bytes bytes)
{
	size_t keep;

	if (bytes.len > RUN_TAIL)
		bytes = bytes_skip(bytes, bytes.len - RUN_TAIL);
	keep = RUN_TAIL - bytes.len;
	if (keep > result->tail_len)
		keep = result->tail_len;
	memmove(result->tail, result->tail + result->tail_len - keep, keep);
	memcpy(result->tail + keep, bytes.data, bytes.len);
	result->tail_len = keep + bytes.len;
}

static void
flush_line(struct output *output, struct output_stream *stream)
{
	struct log_line line;
	size_t len = stream->len;

	stream->len = 0;
	if (len == 0 || !log_wants(stream->level))
		return;
	if (output->lines == LINES) {
		output->left_out++;
		return;
	}
	output->lines++;
	begin_line(&line, stream->level, stream->name, output->what);
	log_bytes(&line, "text", (struct bytes){ stream->line, len });
	log_end(&line);
}

static void
add_to_line(struct output *output, struct output_stream *stream,
    struct bytes bytes)
{
	size_t n;

	while (bytes.len > 0) {
		if (stream->len == OUTPUT_LINE)
			flush_line(output, stream);
		n = OUTPUT_LINE - stream->len;
		if (n > bytes.len)
			n = bytes.len;
		memcpy(stream->line + stream->len, bytes.data, n);
		stream->len += n;
		bytes = bytes_skip(bytes, n);
	}
}

static void
take_lines(struct output *output, struct output_stream *stream,
    struct bytes bytes)
{
	const char *end;
	size_t n;

	while (bytes.len > 0) {
		end = memchr(bytes.data, '\n', bytes.len);
		n = end == NULL ? bytes.len : (size_t)(end - bytes.data);
		add_to_line(output, stream, (struct bytes){ bytes.data, n });
		if (end == NULL)
			return;
		flush_line(output, stream);
		bytes = bytes_skip(bytes, n + 1);
	}
}

bool
output_take(struct output *output, struct output_stream *stream)
{
	char chunk[CHUNK];
	struct bytes bytes = { chunk, 0 };
	ssize_t n;

	if (stream->fd < 0)
		return false;
	n = read(stream->fd, chunk, sizeof(chunk));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		io_close(&stream->fd);
		return false;
	}
	bytes.len = (size_t)n;
	keep_tail(output->result, bytes);
	take_lines(output, stream, bytes);
	return true;
}

/* Apart, so that no line is on the stack while a command runs. */
static __attribute__((noinline)) void
report_left_out(const struct output *output)
{
	struct log_line line;

	begin_line(&line, LOG_LEVEL_INFO, "more output", output->what);
	log_number(&line, "lines", output->left_out);
	log_end(&line);
}

/*
 * The bound is for children of the command that go on writing: a pipe holds
 * 1 MiB at most unless root raised that.
 */
void
output_finish(struct output *output)
{
	const struct command *what = output->what;
	int left[OUTPUT_STREAMS];

	for (int i = 0; i < OUTPUT_STREAMS; i++) {
		struct output_stream *stream = &output->streams[i];
		int chunks = 0;

		/* With it open here the pipe would never be at its end. */
		io_close(&stream->writer);
		while (chunks < REST_CHUNKS && output_take(output, stream))
			chunks++;
		flush_line(output, stream);
		left[i] = stream->fd;
		stream->fd = -1;
	}
	discard_take(host_discard(what->host), left, what->hook, what->id);
	if (output->left_out > 0)
		report_left_out(output);
}
