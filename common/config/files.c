/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/files.h"

#include "config/errors.h"
#include "config/conf.h"
#include "config/parser.h"
#include "base/crypto.h"
#include "base/codec.h"
#include "base/trust.h"

enum { READY_SECRET = 64 * 1024 };	/* most bytes of a secret file */

/* A file that a directive names, and where to complain of it. */
struct named {
	struct complaints *complaints;
	unsigned line;
	const char *directive;
	const char *path;
};

static void
complain(const struct named *named, const char *why)
{
	complaints_add(named->complaints, named->line, "%s %s %s",
	    named->directive, named->path, why);
}

static enum rc
check(const struct named *named, enum trust_kind kind)
{
	struct buf why = {0};
	enum rc rc = trust_path(named->path, kind, &why);

	if (rc != RC_OK)
		complain(named, why.len > 0 ? why.data : "is not trusted");
	buf_free(&why);
	return rc;
}

static void
check_command(struct complaints *complaints, unsigned line,
    const char *const *command)
{
	struct named named = { complaints, line, "command", NULL };

	if (command == NULL)
		return;
	named.path = command[0];
	(void)check(&named, TRUST_COMMAND);
}

static void
check_commands(const struct hook *hook, struct complaints *complaints)
{
	for (size_t i = 0; i < hook->rules_len; i++)
		check_command(complaints, hook->rules[i].line,
		    hook->rules[i].command);
	check_command(complaints, hook->lines[DRAFT_ON_DEAD], hook->on_dead);
}

static void
check_capture(const struct hook *hook, struct complaints *complaints)
{
	struct named named = { complaints, hook->lines[DRAFT_CAPTURE],
		"capture", hook->capture };

	if (hook->capture == NULL || check(&named, TRUST_PRIVATE) != RC_OK)
		return;
	if (faccessat(AT_FDCWD, hook->capture, W_OK | X_OK, AT_EACCESS) != 0)
		complain(&named, "cannot be written to by this user: "
		    "chown or chmod it");
}

static bool
is_line_end(char c)
{
	return c == '\n' || c == '\r';
}

/* One final LF or CRLF is the editor's, not the secret's. */
static struct bytes
without_line_end(struct bytes text)
{
	if (text.len == 0 || text.data[text.len - 1] != '\n')
		return text;
	text.len--;
	if (text.len > 0 && text.data[text.len - 1] == '\r')
		text.len--;
	return text;
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || is_line_end(c);
}

static bool
is_blank_text(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!is_space(text.data[i]))
			return false;
	return true;
}

static enum rc
decode(struct bytes text, enum conf_coding coding, uint8_t *into,
    size_t *len)
{
	switch (coding) {
	case CONF_RAW:
		memcpy(into, text.data, text.len);
		*len = text.len;
		return RC_OK;
	case CONF_HEX:
		return decode_hex(text, into, text.len, len);
	case CONF_BASE64:
		return decode_base64(text, into, text.len, len);
	case CONF_WHSEC:
		if (bytes_begin(text, "whsec_"))
			text = bytes_skip(text, strlen("whsec_"));
		return decode_base64(text, into, text.len, len);
	}
	return RC_SYNTAX;
}

static const char *
coding_advice(enum conf_coding coding)
{
	switch (coding) {
	case CONF_RAW:
		break;
	case CONF_HEX:
		return "does not hold hexadecimal digits, two a byte: "
		    "write `raw' if the secret is used as text";
	case CONF_BASE64:
		return "does not hold base64 with its padding: "
		    "write `raw' if the secret is used as text";
	case CONF_WHSEC:
		return "does not hold base64, with or without whsec_ before "
		    "it: write `raw' if the secret is used as text";
	}
	return "cannot be used";
}

const char *
conf_decode_secret(struct bytes text, enum conf_coding coding, uint8_t *into,
    size_t *len)
{
	text = without_line_end(text);
	*len = 0;
	if (is_blank_text(text))
		return "is empty or blank: put the sender's secret into it";
	if (memchr(text.data, '\0', text.len) != NULL)
		return "holds a NUL byte: put the secret into it as text, "
		    "or as hex or base64 and say so";
	if (decode(text, coding, into, len) != RC_OK)
		return coding_advice(coding);
	if (*len == 0)
		return "is empty once decoded: put the sender's secret "
		    "into it";
	return NULL;
}

static bool
has_blanks(struct bytes text)
{
	text = without_line_end(text);
	return is_space(text.data[0]) || is_space(text.data[text.len - 1]);
}

static enum rc
read_secret(const struct named *named, struct buf *text)
{
	struct buf why = {0};
	enum rc rc = trust_read(named->path, TRUST_SECRET, READY_SECRET,
	    text, &why);

	if (rc != RC_OK)
		complain(named, why.len > 0 ? why.data : "cannot be read");
	buf_free(&why);
	return rc;
}

/* RC_OK also where it complained; RC_MEMORY. */
static enum rc
load_secret(struct conf *conf, struct conf_secret *secret,
    struct complaints *complaints)
{
	struct named named = { complaints, secret->line, "secret-file",
		secret->path };
	struct buf text = {0};
	const char *why;
	uint8_t *key;
	size_t len;

	if (read_secret(&named, &text) != RC_OK) {
		buf_wipe(&text);
		return RC_OK;
	}
	key = pool_alloc(&conf->pool, 1, text.len + 1);
	if (key == NULL) {
		buf_wipe(&text);
		return RC_MEMORY;
	}
	why = conf_decode_secret(buf_view(&text), secret->coding, key, &len);
	if (why == NULL) {
		secret->blanks = has_blanks(buf_view(&text));
		secret->key = (struct bytes){ (const char *)key, len };
	} else {
		crypto_wipe(key, text.len + 1);
		complain(&named, why);
	}
	buf_wipe(&text);
	return RC_OK;
}

static enum rc
load_secrets(struct conf *conf, struct hook *hook,
    struct complaints *complaints)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < hook->secrets_len; i++)
		rc = load_secret(conf, &hook->secrets[i], complaints);
	return rc;
}

/* Adds to the list what keeps the hook from being ready. */
static enum rc
make_ready(struct conf *conf, struct hook *hook,
    struct complaints *complaints)
{
	size_t before = complaints->n;
	enum rc rc;

	if (hook->ready)
		return RC_OK;
	check_commands(hook, complaints);
	check_capture(hook, complaints);
	rc = load_secrets(conf, hook, complaints);
	hook->ready = rc == RC_OK && complaints->n == before;
	if (!hook->ready)
		ready_forget(hook);
	return rc;
}

void
ready_forget(struct hook *hook)
{
	for (size_t i = 0; i < hook->secrets_len; i++) {
		crypto_wipe((void *)hook->secrets[i].key.data,
		    hook->secrets[i].key.len);
		hook->secrets[i].key = (struct bytes){ NULL, 0 };
	}
}

enum rc
conf_ready(struct conf *conf, struct hook *hook, struct buf *complaints)
{
	struct complaints list = { .into = complaints, .file = conf->file };
	enum rc rc = make_ready(conf, hook, &list);

	return rc == RC_OK ? complaints_end(&list) : rc;
}

static char *
directory_of(struct pool *pool, const char *path)
{
	size_t len = (size_t)(strrchr(path, '/') - path);

	return pool_copy(pool, (struct bytes){ path, len == 0 ? 1 : len });
}

/* The journal is made where it is missing; its directory is not. */
static void
check_journal(const struct conf *conf, struct complaints *complaints)
{
	struct buf why = {0};

	if (conf->journal != NULL &&
	    trust_journal(conf->journal, &why) != RC_OK)
		complaints_add(complaints, conf->journal_line,
		    "the journal's %s", why.len > 0 ? why.data :
		    "files are not trusted");
	buf_free(&why);
}

static bool
can(const char *path, int what)
{
	return faccessat(AT_FDCWD, path, what, AT_EACCESS) == 0;
}

/* What is there is opened as log_open does, which says more than its mode.
 * NULL where that goes well, or where there is nothing. */
static const char *
why_closed(const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW |
	    O_NOCTTY | O_NONBLOCK);

	if (fd >= 0) {
		close(fd);
		return NULL;
	}
	switch (errno) {
	case ENOENT:
		return NULL;
	case ELOOP:
		return "is a symbolic link: write the path it leads to";
	case ENXIO:
		return "is a pipe that nobody reads: start its reader first";
	default:
		return "cannot be opened: name another file";
	}
}

/* The log is made where it is missing; its directory is not. */
static enum rc
check_log(struct conf *conf, struct complaints *complaints)
{
	struct named named = { complaints, conf->log_line, "log",
		conf->log.path };
	struct named above = { complaints, conf->log_line,
		"the log's directory", NULL };
	const char *directory;
	const char *why;
	struct stat log;

	if (conf->log.target != LOG_TO_FILE)
		return RC_OK;
	directory = directory_of(&conf->pool, named.path);
	if (directory == NULL)
		return RC_MEMORY;
	if (stat(named.path, &log) == 0 && S_ISDIR(log.st_mode))
		complain(&named, "is a directory: write a file's path");
	else if (!can(directory, F_OK))
		complain(&named, "cannot be opened: its directory has to be "
		    "there and open to this user");
	else if (can(named.path, F_OK) ? !can(named.path, W_OK) :
	    !can(directory, W_OK | X_OK))
		complain(&named, "cannot be written by this user: chown or "
		    "chmod it or its directory");
	else if ((why = why_closed(named.path)) != NULL)
		complain(&named, why);
	above.path = directory;
	if (can(directory, F_OK))
		(void)check(&above, TRUST_LOG);
	return RC_OK;
}

static enum rc
make_all_ready(struct conf *conf, struct complaints *list)
{
	enum rc rc = RC_OK;

	check_journal(conf, list);
	for (size_t i = 0; rc == RC_OK && i < conf->hooks_len; i++)
		rc = make_ready(conf, &conf->hooks[i], list);
	return rc == RC_OK ? complaints_end(list) : rc;
}

enum rc
conf_ready_all(struct conf *conf, struct buf *complaints)
{
	struct complaints list = { .into = complaints, .file = conf->file };

	return make_all_ready(conf, &list);
}

enum rc
conf_ready_start(struct conf *conf, struct buf *complaints)
{
	struct complaints list = { .into = complaints, .file = conf->file };
	enum rc rc = check_log(conf, &list);

	return rc == RC_OK ? make_all_ready(conf, &list) : rc;
}
