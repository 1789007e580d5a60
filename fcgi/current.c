/* SPDX-License-Identifier: ISC */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "current.h"

#include "base/account.h"
#include "base/buf.h"
#include "base/log.h"
#include "config/conf.h"
#include "config/errors.h"
#include "config/files.h"
#include "config/keywords.h"
#include "config/load.h"
#include "config/warnings.h"

enum { CURRENT_TEXT = 64 * 1024 }; /* most bytes of complaints */

static const char program[] = "pelihook.fcgi";

struct current {
	const char *file;
	char *journal;	      /* that it began with, or NULL */
	pthread_mutex_t lock; /* of conf */
	struct conf *conf;
};

enum rc
current_open(const char *file, struct current **out, struct buf *complaints)
{
	struct current *current = calloc(1, sizeof(*current));
	enum rc rc;

	if (current == NULL)
		return RC_MEMORY;
	current->file = file;
	pthread_mutex_init(&current->lock, NULL);
	rc = conf_load(file, &current->conf, complaints);
	if (rc != RC_OK) {
		current_close(current);
		return rc;
	}
	if (current->conf->journal != NULL) {
		current->journal = strdup(current->conf->journal);
		if (current->journal == NULL) {
			current_close(current);
			return RC_MEMORY;
		}
	}
	*out = current;
	return RC_OK;
}

static enum rc
refuse_root(const struct conf *conf, struct buf *complaints)
{
	struct conf_errors list = { .into = complaints, .file = conf->file };

	if (conf->allow_root == CONF_YES || !account_is_root())
		return RC_OK;
	conf_error(&list, conf_line(conf, KEYWORD_ALLOW_ROOT),
	    "pelihook.fcgi does not serve as root, as which all commands "
	    "would run: start it as another user (User= of its unit, "
	    "spawn-fcgi -u), or write `allow-root yes' before the first hook");
	return conf_errors_end(&list);
}

enum rc
current_refuse_root(const struct current *current, struct buf *complaints)
{
	return refuse_root(current->conf, complaints);
}

enum rc
current_load_files(struct current *current, struct buf *complaints)
{
	return conf_load_start_files(current->conf, complaints);
}

enum rc
current_try_files(struct current *current, struct buf *complaints)
{
	return conf_try_files(current->conf, complaints);
}

void
current_close(struct current *current)
{
	if (current == NULL)
		return;
	conf_release(current->conf);
	free(current->journal);
	pthread_mutex_destroy(&current->lock);
	free(current);
}

struct conf *
current_hold(struct current *current)
{
	struct conf *conf;

	pthread_mutex_lock(&current->lock);
	conf = conf_hold(current->conf);
	pthread_mutex_unlock(&current->lock);
	return conf;
}

enum rc
current_open_log(struct current *current)
{
	return log_open(program, &current->conf->log);
}

bool
current_logs_elsewhere(const struct current *current)
{
	return current->conf->log.target != LOG_TO_STDERR;
}

enum rc
current_warnings(struct current *current, struct buf *warnings)
{
	return conf_warnings(current->conf, 0, warnings);
}

void
current_log_warnings(struct current *current)
{
	struct buf warnings = { .max = CURRENT_TEXT };

	if (current_warnings(current, &warnings) == RC_OK)
		log_lines(LOG_LEVEL_WARNING, buf_view(&warnings));
	buf_free(&warnings);
}

/*
 * A process that began without a journal has nowhere to put what is to be
 * queued, and would answer 500 to all of it.
 */
static enum rc
fits(const struct current *current, const struct conf *conf,
    struct buf *complaints)
{
	struct conf_errors list = {
		.into = complaints,
		.file = current->file,
	};

	if (current->journal != NULL || conf->journal == NULL)
		return RC_OK;
	conf_error(&list, conf_line(conf, KEYWORD_JOURNAL),
	    "a first `journal' takes a "
	    "restart: restart pelihook.fcgi, or take the line out");
	return conf_errors_end(&list);
}

/* Another configuration, fit for use. */
static enum rc
load(const struct current *current, struct conf **out, struct buf *complaints)
{
	struct conf *conf;
	enum rc rc = conf_load(current->file, &conf, complaints);

	if (rc != RC_OK)
		return rc;
	rc = conf_load_all_files(conf, complaints);
	if (rc == RC_OK)
		rc = refuse_root(conf, complaints);
	if (rc == RC_OK)
		rc = fits(current, conf, complaints);
	if (rc != RC_OK)
		conf_release(conf);
	else
		*out = conf;
	return rc;
}

static void
replace(struct current *current, struct conf *conf)
{
	pthread_mutex_lock(&current->lock);
	conf_release(current->conf);
	current->conf = conf;
	pthread_mutex_unlock(&current->lock);
}

static bool
same_text(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

/* Takes conf over in every case. */
static void
change(struct current *current, struct conf *conf)
{
	bool moved = !same_text(current->journal, conf->journal);

	log_open_anyway(program, &conf->log);
	replace(current, conf);
	log_say(LOG_LEVEL_INFO, "reloaded %s", current->file);
	if (moved)
		log_say(LOG_LEVEL_WARNING,
		    "the line `journal` was changed: that takes a restart; "
		    "%s is used until then",
		    current->journal);
	current_log_warnings(current);
}

void
current_reload(struct current *current)
{
	struct buf complaints = { .max = CURRENT_TEXT };
	struct conf *conf;

	if (load(current, &conf, &complaints) == RC_OK) {
		change(current, conf);
	} else {
		/* The log is opened anew nonetheless, for logrotate. */
		log_open_anyway(program, &current->conf->log);
		log_lines(LOG_LEVEL_ERROR, buf_view(&complaints));
		log_say(LOG_LEVEL_ERROR,
		    "%s is bad; the old configuration "
		    "stays",
		    current->file);
	}
	buf_free(&complaints);
}
