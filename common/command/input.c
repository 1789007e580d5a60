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

#include "event/catalog.h"
#include "config/conf.h"
#include "command/job.h"
#include "base/log.h"
#include "event/payload.h"
#include "base/startup.h"
#include "command/run.h"

enum { AT_ONCE = 64 * 1024 };	/* lines are written so many bytes at once */

enum fate {
	FATE_KEEP,
	FATE_DROP,
	FATE_ESCAPE
};

struct scan {
	bool string;		/* inside of one */
	bool escaped;		/* behind a backslash */
};

/* An environment that grows. */
struct variables {
	struct pool *pool;
	const char **list;
	size_t n;
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

static enum rc
add_control(struct buf *into, char c)
{
	static const char names[0x20] = {['\b'] = 'b', ['\t'] = 't',
	    ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
	unsigned code = (unsigned char)c;

	if (names[code] != 0)
		return buf_printf(into, "\\%c", names[code]);
	return buf_printf(into, "\\u%04x", code);
}

enum rc
render_line(struct bytes text, struct buf *into)
{
	struct scan scan = {0};
	size_t from = 0;
	enum rc rc;

	text = payload_text(text);
	for (size_t at = 0; at < text.len; at++) {
		enum fate fate = scan_byte(&scan, text.data[at]);

		if (fate == FATE_KEEP)
			continue;
		rc = buf_add(into,
		    (struct bytes){text.data + from, at - from});
		if (rc == RC_OK && fate == FATE_ESCAPE)
			rc = add_control(into, text.data[at]);
		if (rc != RC_OK)
			return rc;
		from = at + 1;
	}
	return buf_add(into, bytes_skip(text, from));
}

static enum rc
add_member(struct buf *into, const char *before, struct bytes value)
{
	enum rc rc = buf_text(into, before);

	return rc == RC_OK ? encode_json(value, into) : rc;
}

enum rc
render_cloudevent(const struct job *job, struct buf *into)
{
	const struct receipt *receipt = job->receipt;
	char time[ENCODE_TIME];
	enum rc rc;

	encode_time(receipt->received, time);
	rc = add_member(into, "{\"specversion\":\"1.0\",\"id\":\"",
	    bytes_of(receipt->id));
	if (rc == RC_OK)
		rc = add_member(into, "\",\"source\":\"urn:pelihook:",
		    bytes_of(job->hook->name));
	if (rc == RC_OK)
		rc = add_member(into, "\",\"type\":\"",
		    bytes_of(job->event));
	if (rc == RC_OK)
		rc = add_member(into, "\",\"time\":\"", bytes_of(time));
	if (rc == RC_OK)
		rc = buf_printf(into, "\",\"datacontenttype\":"
		    "\"application/json\",\"pelihookattempt\":%u,\"data\":",
		    job->attempt);
	if (rc == RC_OK)
		rc = render_line(job->body, into);
	return rc == RC_OK ? buf_char(into, '}') : rc;
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
	enum rc rc = process_write(fd, buf_view(lines));

	lines->len = 0;
	return rc;
}

static enum rc
add_line(int fd, const struct job *job, struct buf *lines)
{
	enum rc rc;

	if (job->hook->input == CONF_CLOUDEVENTS)
		rc = render_cloudevent(job, lines);
	else
		rc = render_line(job->body, lines);
	if (rc == RC_OK)
		rc = buf_char(lines, '\n');
	if (rc == RC_OK && lines->len >= AT_ONCE)
		rc = flush_lines(fd, lines);
	return rc;
}

static enum rc
write_input(int fd, const struct job *jobs, size_t n)
{
	struct buf lines = {0};
	enum rc rc = RC_OK;

	/* Several bodies are told apart by their lines only. */
	if (n == 1 && jobs->hook->input == CONF_BODY)
		return process_write(fd, jobs->body);
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
render_input(const struct job *jobs, size_t n, int *fd)
{
	int file = memfd_create("pelihook", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	enum rc rc;

	if (file >= 0)
		rc = memory_input(file, jobs, n);
	else
		rc = temporary_input(jobs, n, &file);
	if (rc == RC_OK) {
		*fd = file;
		return RC_OK;
	}
	log_say(LOG_LEVEL_ERROR, "a command's input cannot be written: %s",
	    strerror(rc == RC_MEMORY ? ENOMEM : errno));
	if (file >= 0)
		close(file);
	return rc;
}

/* What the command sees. */

/* Puts a variable, or the NULL that ends the list, behind the others. */
static enum rc
append(struct variables *variables, const char *variable)
{
	const char **list = pool_grow(variables->pool, variables->list,
	    variables->n, sizeof(const char *));

	if (list == NULL)
		return RC_MEMORY;
	list[variables->n++] = variable;
	variables->list = list;
	return RC_OK;
}

/* A later variable takes the place of an earlier one of its name. */
static enum rc
add_variable(struct variables *variables, const char *variable)
{
	size_t len;

	if (variable == NULL)
		return RC_MEMORY;
	len = strcspn(variable, "=") + 1;
	for (size_t i = 0; i < variables->n; i++) {
		if (strncmp(variables->list[i], variable, len) != 0)
			continue;
		variables->list[i] = variable;
		return RC_OK;
	}
	return append(variables, variable);
}

static enum rc
set_variable(struct variables *variables, const char *name,
    const char *value)
{
	size_t name_len = strlen(name);
	size_t value_len = strlen(value);
	char *text = pool_alloc(variables->pool, 1, name_len + value_len + 2);

	if (text == NULL)
		return RC_MEMORY;
	memcpy(text, name, name_len);
	text[name_len] = '=';
	memcpy(text + name_len + 1, value, value_len);
	return add_variable(variables, text);
}

static enum rc
set_number(struct variables *variables, const char *name,
    unsigned long long value)
{
	return add_variable(variables,
	    pool_printf(variables->pool, "%s=%llu", name, value));
}

static enum rc
set_ground(struct variables *variables, const struct job *first, size_t n)
{
	const struct hook *hook = first->hook;
	const char *home = getenv("HOME");
	enum rc rc = set_variable(variables, "PATH", RUN_PATH);

	if (home == NULL || *home == '\0')
		home = "/";
	if (rc == RC_OK)
		rc = set_variable(variables, "HOME", home);
	if (rc == RC_OK)
		rc = set_variable(variables, "LANG", "C.UTF-8");
	for (size_t i = 0; rc == RC_OK && i < hook->setenv_len; i++)
		rc = set_variable(variables, hook->setenv[i].name,
		    hook->setenv[i].value);
	if (rc == RC_OK)
		rc = set_variable(variables, "PELIHOOK_CLAIM", first->mark);
	if (rc == RC_OK)
		rc = set_variable(variables, "PELIHOOK_HOOK", hook->name);
	if (rc == RC_OK)
		rc = set_number(variables, "PELIHOOK_COUNT", n);
	return rc;
}

static enum rc
set_event(struct variables *variables, const struct job *job)
{
	const struct receipt *receipt = job->receipt;
	char time[ENCODE_TIME];
	const struct {
		const char *name;
		const char *value;
	} table[] = {
	    {"PELIHOOK_EVENT", job->event},
	    {"PELIHOOK_KIND", job->row->kind},
	    {"PELIHOOK_OUTCOME", job->row->outcome},
	    {"PELIHOOK_CAUSE", job->row->cause},
	    {"PELIHOOK_RUN_STATUS", job->row->run_status},
	    {"PELIHOOK_RETRIGGER", job->row->retrigger},
	    {"PELIHOOK_ID", receipt->id},
	    {"PELIHOOK_DIGEST", receipt->digest},
	    {"PELIHOOK_RECEIVED", time},
	    {"PELIHOOK_VERIFIED", receipt->verified ? "1" : "0"},
	    {"PELIHOOK_REMOTE_ADDR", receipt->remote_addr},
	};
	enum rc rc = set_number(variables, "PELIHOOK_ATTEMPT", job->attempt);

	encode_time(receipt->received, time);
	for (size_t i = 0; rc == RC_OK &&
	    i < sizeof(table) / sizeof(table[0]); i++)
		rc = set_variable(variables, table[i].name, table[i].value);
	return rc;
}

static enum rc
set_fields(struct variables *variables, const char *const *fields)
{
	enum rc rc = RC_OK;

	for (; rc == RC_OK && fields != NULL && *fields != NULL; fields++)
		rc = add_variable(variables, *fields);
	return rc;
}

enum rc
render_environment(const struct job *first, size_t n, struct pool *pool,
    const char *const **out)
{
	struct variables variables = {.pool = pool};
	enum rc rc = set_ground(&variables, first, n);

	if (rc == RC_OK && n == 1)
		rc = set_event(&variables, first);
	if (rc == RC_OK && n == 1)
		rc = set_fields(&variables, first->fields);
	if (rc == RC_OK)
		rc = append(&variables, NULL);
	if (rc == RC_OK)
		*out = variables.list;
	return rc;
}
