/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/conf.h"

#include "base/tokens.h"
#include "base/trust.h"
#include "config/directives.h"
#include "config/errors.h"
#include "config/files.h"
#include "config/finish.h"
#include "config/parser.h"

#ifndef PELIHOOK_CONFIG_FILE
#define PELIHOOK_CONFIG_FILE "/etc/pelihook/pelihook.conf"
#endif

enum {
	CONF_FILE_SIZE = 1024 * 1024,	/* a larger file is a mistake */
	CONF_NAME = 64			/* bytes of a hook's name */
};

#define SECOND INT64_C(1000)
#define DAY (24 * 3600 * SECOND)

/* What holds where nothing else is written; zero is right for the rest. */
static const struct hook default_hook = {
	.kill_after = 5 * SECOND,
	.concurrency = 1,
	.dedupe_window = DAY,
	.batch = 1,
	.max_body = 1024 * 1024,
	.read_timeout = 15 * SECOND,
	.max_queue = 100000,
	.keep = 30 * DAY,
};

static enum rc
draft_start(struct draft *draft, struct conf *conf, const char *file)
{
	conf->file = pool_text(&conf->pool, file);
	if (conf->file == NULL)
		return RC_MEMORY;
	conf->stop_timeout = 20 * SECOND;
	conf->log.level = LOG_LEVEL_INFO;
	draft->conf = conf;
	draft->pool = &conf->pool;
	draft->complaints.file = conf->file;
	draft->defaults.hook = default_hook;
	draft->defaults.hook.file = conf->file;
	draft->scope = &draft->defaults;
	return RC_OK;
}

/* The next line and what it says.  RC_MISSING at the end. */
static enum rc
read_line(struct draft *draft, struct tokens *words)
{
	const char *const *list;
	const char *why;
	size_t n;
	enum rc rc = tokens_next(words, draft->pool, &list, &n, &why);

	draft->line = words->line;
	if (rc == RC_OK)
		return directives_apply(draft, list);
	if (rc != RC_SYNTAX)
		return rc;
	conf_error(&draft->complaints, draft->line, "%s", why);
	draft->garbled = true;
	return RC_OK;
}

/* Without it, the mark would be part of the first word. */
static struct bytes
refuse_mark(struct draft *draft, struct bytes text)
{
	static const char mark[] = "\xef\xbb\xbf";

	if (!bytes_begin(text, mark))
		return text;
	conf_error(&draft->complaints, 1, "the file begins with a byte "
	    "order mark: save it as UTF-8 without one");
	return bytes_skip(text, strlen(mark));
}

static enum rc
read_text(struct draft *draft, struct bytes text)
{
	struct tokens words;
	enum rc rc = RC_OK;

	tokens_start(&words, refuse_mark(draft, text));
	while (rc == RC_OK)
		rc = read_line(draft, &words);
	if (rc == RC_MISSING)
		rc = settle_file(draft);
	draft->conf->read_timeout = draft->defaults.hook.read_timeout;
	return rc;
}

/* A file's time may be anything: beyond what fits it is the last there is. */
static int64_t
nanoseconds(const struct timespec *time)
{
	const int64_t second = 1000000000;

	if (time->tv_sec >= INT64_MAX / second)
		return INT64_MAX;
	if (time->tv_sec <= INT64_MIN / second)
		return INT64_MIN;
	return (int64_t)time->tv_sec * second + time->tv_nsec;
}

static struct conf_stamp
stamp_of(const struct stat *stat)
{
	return (struct conf_stamp){
		.device = stat->st_dev,
		.inode = stat->st_ino,
		.size = stat->st_size,
		.modified = nanoseconds(&stat->st_mtim),
		.changed = nanoseconds(&stat->st_ctim)
	};
}

/* The stamp is taken first: a change while it is read shows later. */
static enum rc
read_stamped(struct conf *conf, struct buf *text, struct buf *why)
{
	struct conf_stamp *stamp = &conf->stamp;
	struct stat stat;
	int fd;
	enum rc rc = trust_open(conf->file, TRUST_FILE, &fd, why);

	if (rc != RC_OK)
		return rc;
	if (fstat(fd, &stat) == 0)
		*stamp = stamp_of(&stat);
	conf->time = stamp->modified > stamp->changed ?
	    stamp->modified : stamp->changed;
	rc = trust_read_open(fd, CONF_FILE_SIZE, text, why);
	close(fd);
	return rc;
}

static enum rc
read_file(struct draft *draft)
{
	struct buf text = {0};
	struct buf why = {0};
	enum rc rc = read_stamped(draft->conf, &text, &why);

	if (rc == RC_OK)
		rc = read_text(draft, buf_view(&text));
	else
		conf_error(&draft->complaints, 0, "the configuration %s",
		    why.len > 0 ? why.data : "cannot be read");
	buf_free(&text);
	buf_free(&why);
	return rc == RC_CONFIG ? RC_OK : rc;
}

static void
free_conf(struct conf *conf)
{
	for (size_t i = 0; i < conf->hooks_len; i++)
		ready_forget(&conf->hooks[i]);
	pool_free(&conf->pool);
	free(conf);
}

enum rc
conf_load(const char *file, struct conf **out, struct buf *complaints)
{
	struct draft draft = { .complaints.into = complaints };
	struct conf *conf = calloc(1, sizeof *conf);
	enum rc rc;

	if (conf == NULL)
		return RC_MEMORY;
	atomic_init(&conf->references, 1);
	rc = draft_start(&draft, conf, file);
	if (rc == RC_OK)
		rc = read_file(&draft);
	if (rc == RC_OK)
		rc = conf_errors_end(&draft.complaints);
	if (rc == RC_OK)
		*out = conf;
	else
		free_conf(conf);
	return rc;
}

bool
conf_is_stale(const struct conf *conf)
{
	const struct conf_stamp *read = &conf->stamp;
	struct conf_stamp now;
	struct stat found;

	if (stat(conf->file, &found) != 0)
		return true;
	now = stamp_of(&found);
	return now.device != read->device || now.inode != read->inode ||
	    now.size != read->size || now.modified != read->modified ||
	    now.changed != read->changed;
}

struct conf *
conf_hold(struct conf *conf)
{
	atomic_fetch_add(&conf->references, 1);
	return conf;
}

void
conf_release(struct conf *conf)
{
	if (conf != NULL && atomic_fetch_sub(&conf->references, 1) == 1)
		free_conf(conf);
}

struct hook *
conf_find(const struct conf *conf, struct bytes name)
{
	for (size_t i = 0; i < conf->hooks_len; i++)
		if (bytes_is(name, conf->hooks[i].name))
			return &conf->hooks[i];
	return NULL;
}

const char *
conf_default_file(void)
{
	const char *file = getenv("PELIHOOK_CONFIG");

	return file != NULL && file[0] != '\0' ? file : PELIHOOK_CONFIG_FILE;
}

static bool
is_letter_or_digit(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c >= '0' && c <= '9');
}

bool
conf_is_name(struct bytes name)
{
	if (name.len == 0 || name.len > CONF_NAME ||
	    !is_letter_or_digit(name.data[0]))
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!is_letter_or_digit(name.data[i]) &&
		    name.data[i] != '.' && name.data[i] != '_' &&
		    name.data[i] != '-')
			return false;
	return true;
}
