/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "config/files.h"

#include "base/io.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/trust.h"
#include "base/trust_journal.h"
#include "config/conf.h"
#include "config/errors.h"
#include "config/internal.h"
#include "config/keywords.h"
#include "config/lanes.h"
#include "signature/secret.h"

/* Of a variable with its name, = and NUL: what Linux passes to a program. */
enum { VARIABLE_MAX = 128 * 1024 };

/* Bytes that storing an event may take, and the first one with the journal. */
enum { ROOM = 64 * 1024, ROOM_FIRST = 256 * 1024 };

/* A file that a directive names, and where it does so. */
struct named {
	struct conf_errors *errors;
	unsigned line;
	const char *directive;
	const char *path;
};

static void
report(const struct named *named, const char *reason)
{
	conf_error(named->errors, named->line, "%s %s %s", named->directive,
	    named->path, reason);
}

static enum rc
check(const struct named *named, enum trust_kind kind)
{
	struct buf error = { 0 };
	enum rc rc = trust_path(named->path, kind, &error);

	if (rc != RC_OK)
		report(named, error.len > 0 ? error.data : "is not trusted");
	buf_free(&error);
	return rc;
}

static void
check_command(struct conf_errors *errors, unsigned line,
    const char *const *command)
{
	struct named named = { errors, line, "command", NULL };

	if (command == NULL)
		return;
	named.path = command[0];
	(void)check(&named, TRUST_COMMAND);
}

static void
check_commands(const struct hook *hook, struct conf_errors *errors)
{
	for (size_t i = 0; i < hook->rules_len; i++)
		check_command(errors, hook->rules[i].line,
		    hook->rules[i].command);
	check_command(errors, conf_hook_line(hook, KEYWORD_ON_DEAD),
	    hook->on_dead);
}

static void
check_capture(const struct hook *hook, struct conf_errors *errors)
{
	struct named named = { errors, conf_hook_line(hook, KEYWORD_CAPTURE),
		"capture", hook->capture };

	if (hook->capture == NULL || check(&named, TRUST_PRIVATE) != RC_OK)
		return;
	if (faccessat(AT_FDCWD, hook->capture, W_OK | X_OK, AT_EACCESS) != 0)
		report(&named,
		    "cannot be written to by this user: "
		    "chown or chmod it");
}

/* NULL where this user can make it the working directory. */
static const char *
why_not_entered(const char *path)
{
	struct stat found;

	if (stat(path, &found) != 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return "does not exist: make it, or name another";
	} else if (!S_ISDIR(found.st_mode)) {
		return "is not a directory: name one";
	}
	if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) != 0)
		return "cannot be entered by this user: chown or chmod it, or "
		       "what is above it";
	return NULL;
}

static void
check_directory(struct conf_errors *errors, unsigned line, const char *path)
{
	struct named named = { errors, line, "directory", path };
	const char *reason = why_not_entered(path);

	if (reason != NULL)
		report(&named, reason);
}

static void
check_directories(const struct hook *hook, struct conf_errors *errors)
{
	check_directory(errors, conf_hook_line(hook, KEYWORD_DIRECTORY),
	    hook->directory);
	for (size_t i = 0; i < hook->lanes_len; i++)
		if (hook->lanes[i].directory != hook->directory)
			check_directory(errors, hook->lanes[i].line,
			    hook->lanes[i].directory);
}

/* RC_OK also where it added an error; RC_MEMORY. */
static enum rc
load_secret(struct conf *conf, struct secret *secret,
    struct conf_errors *errors)
{
	struct named named = { errors, secret->line, "secret-file",
		secret->path };
	struct buf error = { 0 };
	enum rc rc = secret_load(secret, &conf_loaded(conf)->pool, &error);

	if (rc == RC_CONFIG)
		report(&named, error.len > 0 ? error.data : "cannot be read");
	buf_free(&error);
	return rc == RC_CONFIG ? RC_OK : rc;
}

static enum rc
load_secrets(struct conf *conf, struct hook *hook, struct conf_errors *errors)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < hook->secrets_len; i++)
		rc = load_secret(conf, &hook->secrets[i], errors);
	return rc;
}

/* RC_OK also where it added an error; RC_MEMORY. */
static enum rc
load_setenv_file(struct conf *conf, struct secret *file, const char *name,
    struct conf_errors *errors)
{
	struct named named = { errors, file->line, "setenv-file", file->path };
	struct buf error = { 0 };
	size_t max = VARIABLE_MAX - strlen(name) - strlen("=") - 1;
	enum rc rc = secret_load_text(file, max, &conf_loaded(conf)->pool,
	    &error);

	if (rc == RC_CONFIG)
		report(&named, error.len > 0 ? error.data : "cannot be read");
	buf_free(&error);
	return rc == RC_CONFIG ? RC_OK : rc;
}

static enum rc
load_setenv_files(struct conf *conf, struct hook *hook,
    struct conf_errors *errors)
{
	const struct event_pair *pairs = hook->setenv + hook->setenv_len -
	    hook->setenv_files_len;
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < hook->setenv_files_len; i++)
		rc = load_setenv_file(conf, &hook->setenv_files[i],
		    pairs[i].name, errors);
	return rc;
}

/* What was in the files becomes the values of their variables. */
static enum rc
complete_setenv(struct conf *conf, struct hook *hook)
{
	size_t n = hook->setenv_len - hook->setenv_files_len;
	struct event_pair *pairs;

	if (hook->setenv_files_len == 0)
		return RC_OK;
	pairs = pool_alloc(&conf_loaded(conf)->pool, hook->setenv_len,
	    sizeof *pairs);
	if (pairs == NULL)
		return RC_MEMORY;
	for (size_t i = 0; i < hook->setenv_len; i++)
		pairs[i] = hook->setenv[i];
	for (size_t i = 0; i < hook->setenv_files_len; i++)
		pairs[n + i].value = hook->setenv_files[i].key.data;
	hook->setenv = pairs;
	return RC_OK;
}

/* Adds to the list what keeps the hook from being ready. */
static enum rc
prepare_hook(struct conf *conf, struct hook *hook, struct conf_errors *errors)
{
	size_t before = errors->n;
	enum rc rc;

	if (hook->ready)
		return RC_OK;
	rc = conf_name_lanes(hook);
	if (rc != RC_OK)
		return rc;
	check_commands(hook, errors);
	check_capture(hook, errors);
	check_directories(hook, errors);
	rc = load_secrets(conf, hook, errors);
	if (rc == RC_OK)
		rc = load_setenv_files(conf, hook, errors);
	if (rc == RC_OK && errors->n == before)
		rc = complete_setenv(conf, hook);
	hook->ready = rc == RC_OK && errors->n == before;
	if (!hook->ready)
		wipe_secrets(hook);
	return rc;
}

enum rc
conf_load_files(struct conf *conf, struct hook *hook, struct buf *errors)
{
	struct conf_errors list = { .into = errors, .file = conf->file };
	enum rc rc = prepare_hook(conf, hook, &list);

	return rc == RC_OK ? conf_errors_end(&list) : rc;
}

static void
report_journal(const struct conf *conf, struct conf_errors *errors,
    const char *reason)
{
	conf_error(errors, conf_line(conf, KEYWORD_JOURNAL), "the journal's %s",
	    reason);
}

/* The journal is made where it is missing; its directory is not. */
static void
check_journal(const struct conf *conf, struct conf_errors *errors)
{
	struct buf error = { 0 };

	if (conf->journal != NULL && !conf_journal_is_shared(conf) &&
	    (trust_journal(conf->journal, &error) != RC_OK ||
		trust_journal_access(conf->journal, &error) != RC_OK))
		report_journal(conf, errors,
		    error.len > 0 ? error.data : "files are not trusted");
	buf_free(&error);
}

/* Not all file systems count the files that they have room for. */
static bool
has_inodes(const char *directory, size_t files)
{
	struct statvfs about;

	return statvfs(directory, &about) == -1 || about.f_files == 0 ||
	    about.f_favail >= files;
}

static enum rc
check_room(const struct conf *conf, struct conf_errors *errors)
{
	size_t missing = trust_journal_missing(conf->journal);
	size_t room = trust_journal_is_made(conf->journal) ? ROOM : ROOM_FIRST;
	struct buf text = { 0 };
	enum rc rc = buf_add(&text, io_directory(conf->journal));
	int error = 0;

	if (rc != RC_OK)
		goto done;
	if (io_has_room(text.data, room) != RC_OK)
		error = errno;
	else if (has_inodes(text.data, missing))
		goto done;
	text.len = 0;
	if (error != 0)
		rc = buf_printf(&text, "directory has no room for an event: %s",
		    strerrordesc_np(error));
	else
		rc = buf_printf(&text,
		    "directory has no room for the %zu files that an event "
		    "takes: its file system has too few inodes left",
		    missing);
	if (rc == RC_OK)
		report_journal(conf, errors, text.data);
done:
	buf_free(&text);
	return rc;
}

static bool
can(const char *path, int what)
{
	return faccessat(AT_FDCWD, path, what, AT_EACCESS) == 0;
}

/* Opens an existing file as log_open does, which tells more than its mode.
 * NULL where that succeeds, or where no file exists. */
static const char *
why_closed(const char *path)
{
	int fd = open(path,
	    O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY |
		O_NONBLOCK);

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
check_log(struct conf *conf, struct conf_errors *errors)
{
	struct named named = { errors, conf_line(conf, KEYWORD_LOG), "log",
		conf->log.path };
	struct named above = { errors, conf_line(conf, KEYWORD_LOG),
		"the log's directory", NULL };
	const char *directory;
	const char *reason;
	struct stat log;

	if (conf->log.target != LOG_TO_FILE)
		return RC_OK;
	directory = pool_copy(&conf_loaded(conf)->pool,
	    io_directory(named.path));
	if (directory == NULL)
		return RC_MEMORY;
	if (stat(named.path, &log) == 0 && S_ISDIR(log.st_mode))
		report(&named, "is a directory: write a file's path");
	else if (!can(directory, F_OK))
		report(&named,
		    "cannot be opened: its directory has to be "
		    "there and open to this user");
	else if (can(named.path, F_OK) ? !can(named.path, W_OK) :
					 !can(directory, W_OK | X_OK))
		report(&named,
		    "cannot be written by this user: make the file and chown "
		    "it to the user, or name one in a directory of his");
	else if ((reason = why_closed(named.path)) != NULL)
		report(&named, reason);
	above.path = directory;
	if (can(directory, F_OK))
		(void)check(&above, TRUST_LOG);
	return RC_OK;
}

static enum rc
prepare_all(struct conf *conf, struct conf_errors *list)
{
	enum rc rc = RC_OK;

	check_journal(conf, list);
	for (size_t i = 0; rc == RC_OK && i < conf->hooks_len; i++)
		rc = prepare_hook(conf, &conf->hooks[i], list);
	return rc == RC_OK ? conf_errors_end(list) : rc;
}

enum rc
conf_load_all_files(struct conf *conf, struct buf *errors)
{
	struct conf_errors list = { .into = errors, .file = conf->file };

	return prepare_all(conf, &list);
}

enum rc
conf_load_start_files(struct conf *conf, struct buf *errors)
{
	struct conf_errors list = { .into = errors, .file = conf->file };
	enum rc rc = check_log(conf, &list);

	return rc == RC_OK ? prepare_all(conf, &list) : rc;
}

enum rc
conf_try_files(struct conf *conf, struct buf *errors)
{
	struct conf_errors list = { .into = errors, .file = conf->file };
	enum rc rc = conf_load_start_files(conf, errors);

	if (rc == RC_OK && conf->journal != NULL &&
	    !conf_journal_is_shared(conf))
		rc = check_room(conf, &list);
	return rc == RC_OK ? conf_errors_end(&list) : rc;
}

void
conf_blame_journal(const struct conf *conf, struct buf *errors)
{
	struct conf_errors list = { .into = errors, .file = conf->file };

	conf_error(&list, conf_line(conf, KEYWORD_JOURNAL),
	    "the journal cannot be used, for the reason above: mend that, or "
	    "name another here");
}

enum rc
conf_warn_journal(const struct conf *conf, struct bytes lines,
    struct buf *warnings)
{
	struct conf_errors list = { .into = warnings, .file = conf->file };
	struct bytes line;

	while (bytes_split(&lines, "\n", &line))
		if (line.len > 0)
			conf_error(&list, conf_line(conf, KEYWORD_JOURNAL),
			    "%.*s", (int)line.len, line.data);
	(void)conf_errors_end(&list);
	return list.lost > 0 && warnings->max == 0 ? RC_MEMORY : RC_OK;
}
