/* SPDX-License-Identifier: ISC */
#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "receive/capture.h"

#include "base/buf.h"
#include "base/crypto.h"
#include "base/io.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/trust.h"
#include "config/conf.h"
#include "http/header_name.h"
#include "http/request.h"
#include "signature/candidate.h"

enum {
	CAPTURE_FIRST = 10,
	CAPTURE_LAST = 10,
	CAPTURE_PAUSE = 1000, /* milliseconds */
	CAPTURE_NAME = 128,
};

static const char suffix[] = ".capture";

/* The captures of one hook that the directory has. */
struct kept {
	int64_t now;
	bool recent; /* one of less than a pause ago */
	unsigned count;
	int64_t middle[CAPTURE_FIRST + 1]; /* the oldest, sorted */
};

static bool
is_header(const char *variable)
{
	return strncmp(variable, "HTTP_", 5) == 0 &&
	    strchr(variable, '=') != NULL;
}

/* The time in HOOK.TIME.capture, or -1. */
static int64_t
time_of(const char *name, const char *hook)
{
	struct bytes rest = bytes_of(name);
	size_t n = strlen(hook);
	unsigned long long time;

	if (!bytes_begin(rest, hook) || rest.len <= n + sizeof(suffix) ||
	    rest.data[n] != '.')
		return -1;
	rest = bytes_skip(rest, n + 1);
	if (strcmp(rest.data + rest.len - strlen(suffix), suffix) != 0)
		return -1;
	rest.len -= strlen(suffix);
	if (bytes_number(rest, INT64_MAX, &time) != RC_OK)
		return -1;
	return (int64_t)time;
}

/* Keeps the CAPTURE_FIRST + 1 oldest in order. */
static void
count_kept(struct kept *kept, int64_t time)
{
	unsigned most = CAPTURE_FIRST + 1;
	unsigned at = kept->count < most ? kept->count : most;

	kept->count++;
	/* A clock that was set back must neither end nor hasten this. */
	if (time > kept->now - CAPTURE_PAUSE &&
	    time < kept->now + CAPTURE_PAUSE)
		kept->recent = true;
	for (; at > 0 && kept->middle[at - 1] > time; at--)
		if (at < most)
			kept->middle[at] = kept->middle[at - 1];
	if (at < most)
		kept->middle[at] = time;
}

/* What somebody else put there neither counts nor is taken away. */
static bool
is_own(int directory, const char *name)
{
	struct stat about;

	return fstatat(directory, name, &about, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(about.st_mode) && about.st_uid == geteuid();
}

static enum rc
look_at(int directory, const char *hook, struct kept *kept)
{
	int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int64_t time;

	if (dir == NULL) {
		io_close(&fd);
		return RC_SYSTEM;
	}
	while ((entry = readdir(dir)) != NULL) {
		time = time_of(entry->d_name, hook);
		if (time >= 0 && is_own(directory, entry->d_name))
			count_kept(kept, time);
	}
	closedir(dir);
	return RC_OK;
}

static void
file_name(const char *hook, int64_t time, char into[CAPTURE_NAME])
{
	snprintf(into, CAPTURE_NAME, "%s.%lld%s", hook, (long long)time,
	    suffix);
}

/* A name and a password are as long as a MAC now and then. */
static bool
is_password(struct bytes value)
{
	static const char basic[] = "Basic ";
	size_t n = sizeof(basic) - 1;

	return value.len >= n && strncasecmp(value.data, basic, n) == 0;
}

static bool
holds_signature(struct bytes value)
{
	return !is_password(value) &&
	    (candidate_of_size(value, CRYPTO_DIGEST) ||
		candidate_of_size(value, CANDIDATE_SHA1) ||
		candidate_of_size(value, CANDIDATE_SHA512));
}

/* Whether it says who sent it, and not by a signature. */
static bool
is_private(const char *variable)
{
	return (strncmp(variable, "HTTP_COOKIE=", 12) == 0 ||
		   strncmp(variable, "HTTP_AUTHORIZATION=", 19) == 0) &&
	    !holds_signature(candidate_value(strchr(variable, '=') + 1));
}

/* A value as one line: a server passes no LF, but it costs little. */
static void
print_header(const char *variable, struct buf *into)
{
	char name[HEADER_VARIABLE_SIZE];
	struct bytes value = bytes_of(strchr(variable, '=') + 1);
	size_t n = (size_t)(value.data - variable) - 1;

	/* A sender's own Pelihook- header would be read back as ours. */
	if (n >= sizeof(name) || strncmp(variable, "HTTP_PELIHOOK_", 14) == 0)
		return;
	header_name_print(variable, name);
	if (memchr(value.data, '\n', value.len) != NULL)
		return;
	if (is_private(variable))
		value = bytes_of(CAPTURE_BLANKED);
	buf_printf(into, "%s: ", name);
	buf_add(into, value);
	buf_char(into, '\n');
}

static enum rc
print_request(const struct hook *hook, const struct request *request,
    struct buf *into)
{
	struct bytes body = buf_view(&request->body);

	buf_printf(into,
	    "Pelihook-Capture: 1\n"
	    "Pelihook-Hook: %s\nPelihook-Received: %lld\n"
	    "Pelihook-Length: %zu\n",
	    hook->name, (long long)request->received, body.len);
	for (size_t i = 0; request->variables[i] != NULL; i++)
		if (is_header(request->variables[i]))
			print_header(request->variables[i], into);
	buf_char(into, '\n');
	if (body.len > CAPTURE_BODY)
		body.len = CAPTURE_BODY;
	buf_add(into, body);
	return into->rc;
}

static enum rc
write_file(int directory, const char *name, struct bytes text)
{
	int fd = openat(directory, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	enum rc rc;

	if (fd < 0)
		return RC_SYSTEM;
	rc = io_write(fd, text);
	if (close(fd) != 0)
		rc = RC_SYSTEM;
	if (rc != RC_OK)
		unlinkat(directory, name, 0);
	return rc;
}

/* Makes room for the newest among the last ones. */
static void
tidy(int directory, const char *hook, const struct kept *kept)
{
	char name[CAPTURE_NAME];

	if (kept->count < CAPTURE_FIRST + CAPTURE_LAST)
		return;
	file_name(hook, kept->middle[CAPTURE_FIRST], name);
	unlinkat(directory, name, 0);
}

static enum rc
keep(int directory, const struct hook *hook, const struct request *request,
    char name[CAPTURE_NAME])
{
	struct buf text = { .max = CAPTURE_FILE };
	struct kept kept = { .now = request->received };
	enum rc rc = look_at(directory, hook->name, &kept);

	if (rc != RC_OK)
		return rc;
	if (kept.recent)
		return RC_PENDING;
	rc = print_request(hook, request, &text);
	if (rc == RC_OK) {
		tidy(directory, hook->name, &kept);
		file_name(hook->name, request->received, name);
		rc = write_file(directory, name, buf_view(&text));
	}
	buf_free(&text);
	return rc;
}

static void
log_capture(const struct hook *hook, const char *name, const char *why,
    enum rc rc)
{
	struct log_line line;
	bool bad = rc != RC_OK;

	log_begin(&line, bad ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO,
	    bad ? "capture failed" : "captured");
	log_text(&line, "hook", hook->name);
	log_text(&line, "directory", hook->capture);
	log_text(&line, "file", name);
	log_text(&line, "why", why);
	log_end(&line);
}

/* It was private when the hook was made ready; what is written now may be
 * anybody's, and so it is looked at again. */
static enum rc
check_private(int directory, struct buf *why)
{
	struct stat about;

	return fstat(directory, &about) != 0 ? RC_SYSTEM :
					       trust_own(&about, S_IFDIR, why);
}

static enum rc
keep_alone(int directory, const struct hook *hook,
    const struct request *request, char name[CAPTURE_NAME])
{
	/* Another process is at it: its capture is the one of this second. */
	if (flock(directory, LOCK_EX | LOCK_NB) != 0)
		return errno == EWOULDBLOCK ? RC_PENDING : RC_SYSTEM;
	return keep(directory, hook, request, name);
}

void
capture(const struct hook *hook, const struct request *request)
{
	char name[CAPTURE_NAME] = "";
	struct buf why = { 0 };
	int directory;
	enum rc rc = RC_SYSTEM;

	if (hook->capture == NULL)
		return;
	directory = open(hook->capture, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory >= 0)
		rc = check_private(directory, &why);
	if (rc == RC_OK)
		rc = keep_alone(directory, hook, request, name);
	if (rc != RC_PENDING)
		log_capture(hook, name,
		    rc == RC_SYSTEM ? strerror(errno) : why.data, rc);
	io_close(&directory);
	buf_free(&why);
}

static enum rc
parse_field(struct captured *out, struct bytes name, struct bytes value)
{
	unsigned long long number;
	enum rc rc;

	if (bytes_is(name, "Pelihook-Capture"))
		return bytes_is(value, "1") ? RC_OK : RC_SYNTAX;
	if (bytes_is(name, "Pelihook-Hook"))
		return RC_OK;
	rc = bytes_number(value, INT64_MAX, &number);
	if (rc != RC_OK)
		return RC_SYNTAX;
	if (bytes_is(name, "Pelihook-Received"))
		out->received = (int64_t)number;
	else if (bytes_is(name, "Pelihook-Length"))
		out->length = number;
	else
		return RC_SYNTAX;
	return RC_OK;
}

static enum rc
parse_line(struct bytes line, struct pool *pool, struct captured *out,
    size_t *n)
{
	const char *colon = line.len == 0 ? NULL :
					    memchr(line.data, ':', line.len);
	char variable[HEADER_VARIABLE_SIZE];
	struct bytes name, value;

	if (colon == NULL)
		return RC_SYNTAX;
	name = (struct bytes){ line.data, (size_t)(colon - line.data) };
	value = bytes_trim(bytes_skip(line, name.len + 1));
	if (bytes_begin(name, "Pelihook-"))
		return parse_field(out, name, value);
	if (header_name_variable(name, variable) != RC_OK)
		return RC_SYNTAX;
	out->variables = pool_grow(pool, out->variables, *n,
	    sizeof(*out->variables));
	if (out->variables == NULL)
		return RC_MEMORY;
	out->variables[*n] = pool_printf(pool, "%s=%.*s", variable,
	    (int)value.len, value.data);
	return out->variables[(*n)++] == NULL ? RC_MEMORY : RC_OK;
}

enum rc
capture_parse(struct bytes text, struct pool *pool, struct captured *out)
{
	struct captured captured = { 0 };
	struct bytes line;
	size_t n = 0;
	enum rc rc = bytes_begin(text, "Pelihook-Capture: ") ? RC_OK :
							       RC_SYNTAX;

	while (rc == RC_OK && bytes_split(&text, "\n", &line) && line.len > 0)
		rc = parse_line(line, pool, &captured, &n);
	if (rc == RC_OK && text.data == NULL)
		rc = RC_SYNTAX;
	if (rc != RC_OK)
		return rc;
	captured.variables = pool_grow(pool, captured.variables, n,
	    sizeof(*captured.variables));
	if (captured.variables == NULL)
		return RC_MEMORY;
	captured.variables[n] = NULL;
	captured.body = text;
	/* Editors end a file with a LF that was not sent. */
	if (captured.body.len > captured.length)
		captured.body.len = (size_t)captured.length;
	captured.complete = captured.body.len == captured.length;
	*out = captured;
	return RC_OK;
}
