/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "command/input.h"

#include "base/codec.h"
#include "base/io.h"
#include "base/json_string.h"
#include "base/log.h"
#include "base/timestamp.h"
#include "command/job.h"
#include "config/conf.h"
#include "event/payload.h"
#include "event/receipt.h"

enum { AT_ONCE = 64 * 1024 }; /* lines are written so many bytes at once */

enum fate {
	FATE_KEEP,
	FATE_DROP,
	FATE_ESCAPE,
};

struct scan {
	bool string;  /* inside of one */
	bool escaped; /* after a backslash */
};

/* JSON on one line. */

/*
 * JSON has no control characters in a string, but what pelihook took before
 * it held to that may still be in a journal, and is to be one line as well.
 */
static enum fate
scan_byte(struct scan *scan, char c)
{
	bool control = (unsigned char)c < 0x20;

	if (!scan->string) {
		scan->string = c == '"';
		return control || c == ' ' ? FATE_DROP : FATE_KEEP;
	}
	if (scan->escaped)
		scan->escaped = false;
	else if (c == '\\')
		scan->escaped = true;
	else
		scan->string = c != '"';
	return control ? FATE_ESCAPE : FATE_KEEP;
}

enum rc
input_line(struct bytes text, struct buf *into)
{
	struct scan scan = { 0 };
	size_t from = 0;

	text = payload_text(text);
	for (size_t at = 0; at < text.len; at++) {
		enum fate fate = scan_byte(&scan, text.data[at]);

		if (fate == FATE_KEEP)
			continue;
		buf_add(into, (struct bytes){ text.data + from, at - from });
		if (fate == FATE_ESCAPE)
			json_string_add((struct bytes){ &text.data[at], 1 },
			    into);
		from = at + 1;
	}
	buf_add(into, bytes_skip(text, from));
	return into->rc;
}

static void
add_member(struct buf *into, const char *before, const char *value)
{
	buf_text(into, before);
	json_string_add(bytes_of(value), into);
}

enum rc
input_member(const char *name, struct bytes body, struct buf *into)
{
	size_t before = into->len;
	struct bytes line;

	buf_printf(into, "\"%s\":", name);
	line.len = into->len;
	if (input_line(body, into) != RC_OK)
		return into->rc;
	line.data = into->data + line.len;
	line.len = into->len - line.len;
	if (payload_is_strict(line))
		return RC_OK;
	into->len = before;
	buf_printf(into, "\"%s_base64\":\"", name);
	encode_base64(body, into);
	buf_char(into, '"');
	return into->rc;
}

enum rc
input_cloudevent(const struct job *job, struct buf *into)
{
	const struct receipt *receipt = job->receipt;
	char time[TIMESTAMP_SIZE];

	timestamp_print(receipt->received, time);
	add_member(into, "{\"specversion\":\"1.0\",\"id\":\"", receipt->id);
	add_member(into, "\",\"source\":\"urn:pelihook:", job->hook->name);
	add_member(into, "\",\"type\":\"", job->event);
	add_member(into, "\",\"time\":\"", time);
	buf_printf(into,
	    "\",\"datacontenttype\":\"application/json\","
	    "\"pelihookattempt\":%u",
	    job->attempt);
	buf_char(into, ',');
	input_member("data", job->body, into);
	buf_char(into, '}');
	return into->rc;
}

/* What the command reads. */

/*
 * The command gets the descriptor it was written through; what it reads
 * stays what was verified because the file is sealed.  That needs no second
 * opening through /proc, which may not be there, and cannot be got round by
 * opening /proc/self/fd/0 anew for writing.
 */
static enum rc
seal(int fd)
{
	int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

	if (fcntl(fd, F_ADD_SEALS, seals) != 0 || lseek(fd, 0, SEEK_SET) != 0)
		return RC_SYSTEM;
	return RC_OK;
}

static enum rc
flush_lines(int fd, struct buf *lines)
{
	enum rc rc = io_write(fd, buf_view(lines));

	lines->len = 0;
	return rc;
}

static enum rc
add_line(int fd, const struct job *job, struct buf *lines)
{
	if (job->lane->input == CONF_CLOUDEVENTS)
		input_cloudevent(job, lines);
	else
		input_line(job->body, lines);
	buf_char(lines, '\n');
	if (lines->rc == RC_OK && lines->len >= AT_ONCE)
		return flush_lines(fd, lines);
	return lines->rc;
}

static enum rc
write_input(int fd, const struct job *jobs, size_t n)
{
	struct buf lines = { 0 };
	enum rc rc = RC_OK;

	/* Several bodies are told apart by their lines only. */
	if (n == 1 && jobs->lane->input == CONF_BODY)
		return io_write(fd, jobs->body);
	for (size_t i = 0; rc == RC_OK && i < n; i++)
		rc = add_line(fd, &jobs[i], &lines);
	if (rc == RC_OK)
		rc = flush_lines(fd, &lines);
	buf_free(&lines);
	return rc;
}

static enum rc
memory_input(int fd, const struct job *jobs, size_t n)
{
	enum rc rc = write_input(fd, jobs, n);

	return rc == RC_OK ? seal(fd) : rc;
}

/* The same where there is no memfd: a descriptor that only reads. */
static enum rc
temporary_input(const struct job *jobs, size_t n, int *fd)
{
	char path[] = P_tmpdir "/pelihook-XXXXXX";
	int writer = mkostemp(path, O_CLOEXEC);
	enum rc rc = RC_SYSTEM;
	int error;

	if (writer < 0)
		return RC_SYSTEM;
	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	unlink(path);
	if (*fd >= 0)
		rc = write_input(writer, jobs, n);
	error = errno;
	close(writer);
	errno = error;
	return rc;
}

enum rc
input_open(const struct job *jobs, size_t n, int *fd)
{
	int file = memfd_create("pelihook", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	enum rc rc;
	int error;

	if (file >= 0)
		rc = memory_input(file, jobs, n);
	else
		rc = temporary_input(jobs, n, &file);
	if (rc == RC_OK) {
		*fd = file;
		return RC_OK;
	}
	error = rc == RC_MEMORY ? ENOMEM : errno;
	log_say(LOG_LEVEL_ERROR, "a command's input cannot be written: %s",
	    strerror(error));
	io_close(&file);
	errno = error;
	return rc;
}
