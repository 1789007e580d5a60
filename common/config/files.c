/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/files.h"

#include "base/buf.h"
#include "base/crypto.h"
#include "base/io.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/trust.h"
#include "base/trust_journal.h"
#include "config/conf.h"
#include "config/errors.h"
#include "config/parser.h"
#include "signature/secret.h"

enum { READY_SECRET = 64 * 1024 };	/* most bytes of a secret file */

/* A file that a directive names, and where to complain of it. */
struct named {
	struct conf_errors *complaints;
	unsigned line;
	const char *directive;
	const char *path;
};

static void
complain(const struct named *named, const char *why)
{
	conf_error(named->complaints, named->line, "%s %s %s",
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
check_command(struct conf_errors *complaints, unsigned line,
    const char *const *command)
{
	struct named named = { complaints, line, "command", NULL };

	if (command == NULL)
		return;
	named.path = command[0];
	(void)check(&named, TRUST_COMMAND);
}

static void
check_commands(const struct hook *hook, struct conf_errors *complaints)
{
	for (size_t i = 0; i < hook->rules_len; i++)
		check_command(complaints, hook->rules[i].line,
		    hook->rules[i].command);
	check_command(complaints, hook->lines[DRAFT_ON_DEAD], hook->on_dead);
}

static void
check_capture(const struct hook *hook, struct conf_errors *complaints)
{
	struct named named = { complaints, hook->lines[DRAFT_CAPTURE],
		"capture", hook->capture };

	if (hook->capture == NULL || check(&named, TRUST_PRIVATE) != RC_OK)
		return;
	if (faccessat(AT_FDCWD, hook->capture, W_OK | X_OK, AT_EACCESS) != 0)
		complain(&named, "cannot be written to by this user: "
		    "chown or chmod it");
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
load_secret(struct conf *conf, struct secret *secret,
    struct conf_errors *complaints)
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
	why = secret_decode(buf_view(&text), secret->coding, key, &len);
	if (why == NULL) {
		secret->blanks = secret_has_blanks(buf_view(&text));
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
    struct conf_errors *complaints)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < hook->secrets_len; i++)
		rc = load_secret(conf, &hook->secrets[i], complaints);
	return rc;
}

/* Adds to the list what keeps the hook from being ready. */
static enum rc
make_ready(struct conf *conf, struct hook *hook,
    struct conf_errors *complaints)
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
	for (size_t i = 0; i < hook->secrets_len; i++)
		secret_wipe(&hook->secrets[i]);
}

enum rc
conf_ready(struct conf *conf, struct hook *hook, struct buf *complaints)
{
	struct conf_errors list = { .into = complaints, .file = conf->file };
	enum rc rc = make_ready(conf, hook, &list);

	return rc == RC_OK ? conf_errors_end(&list) : rc;
}

/* The journal is made where it is missing; its directory is not. */
static void
check_journal(const struct conf *conf, struct conf_errors *complaints)
{
	struct buf why = {0};

	if (conf->journal != NULL &&
	    trust_journal(conf->journal, &why) != RC_OK)
		conf_error(complaints, conf->journal_line,
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
check_log(struct conf *conf, struct conf_errors *complaints)
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
	directory = pool_copy(&conf->pool, io_directory(named.path));
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
make_all_ready(struct conf *conf, struct conf_errors *list)
{
	enum rc rc = RC_OK;

	check_journal(conf, list);
	for (size_t i = 0; rc == RC_OK && i < conf->hooks_len; i++)
		rc = make_ready(conf, &conf->hooks[i], list);
	return rc == RC_OK ? conf_errors_end(list) : rc;
}

enum rc
conf_ready_all(struct conf *conf, struct buf *complaints)
{
	struct conf_errors list = { .into = complaints, .file = conf->file };

	return make_all_ready(conf, &list);
}

enum rc
conf_ready_start(struct conf *conf, struct buf *complaints)
{
	struct conf_errors list = { .into = complaints, .file = conf->file };
	enum rc rc = check_log(conf, &list);

	return rc == RC_OK ? make_all_ready(conf, &list) : rc;
}
