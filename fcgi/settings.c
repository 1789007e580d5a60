/* SPDX-License-Identifier: ISC */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "settings.h"

#include "base/buf.h"
#include "base/log.h"
#include "config/conf.h"
#include "config/errors.h"
#include "config/files.h"
#include "config/keywords.h"
#include "config/load.h"
#include "config/warnings.h"

enum { SETTINGS_TEXT = 64 * 1024 };	/* most bytes of complaints */

static const char program[] = "pelihook.fcgi";

struct settings {
	const char *file;
	bool stores;		/* it began with a journal */
	pthread_mutex_t lock;	/* of conf and its references */
	struct conf *conf;
};

enum rc
settings_open(const char *file, struct settings **out,
    struct buf *complaints)
{
	struct settings *settings = calloc(1, sizeof(*settings));
	enum rc rc;

	if (settings == NULL)
		return RC_MEMORY;
	settings->file = file;
	pthread_mutex_init(&settings->lock, NULL);
	rc = conf_load(file, &settings->conf, complaints);
	if (rc != RC_OK) {
		settings_close(settings);
		return rc;
	}
	settings->stores = settings->conf->journal != NULL;
	*out = settings;
	return RC_OK;
}

enum rc
settings_ready(struct settings *settings, struct buf *complaints)
{
	return conf_ready_start(settings->conf, complaints);
}

void
settings_close(struct settings *settings)
{
	if (settings == NULL)
		return;
	conf_release(settings->conf);
	pthread_mutex_destroy(&settings->lock);
	free(settings);
}

struct conf *
settings_hold(struct settings *settings)
{
	struct conf *conf;

	pthread_mutex_lock(&settings->lock);
	conf = conf_hold(settings->conf);
	pthread_mutex_unlock(&settings->lock);
	return conf;
}

void
settings_release(struct settings *settings, struct conf *conf)
{
	pthread_mutex_lock(&settings->lock);
	conf_release(conf);
	pthread_mutex_unlock(&settings->lock);
}

enum rc
settings_log(struct settings *settings)
{
	return log_open(program, &settings->conf->log);
}

bool
settings_log_elsewhere(const struct settings *settings)
{
	return settings->conf->log.target != LOG_TO_STDERR;
}

enum rc
settings_warnings(struct settings *settings, struct buf *warnings)
{
	return conf_warnings(settings->conf, false, warnings);
}

void
settings_warn(struct settings *settings)
{
	struct buf warnings = { .max = SETTINGS_TEXT };

	if (settings_warnings(settings, &warnings) == RC_OK)
		log_lines(LOG_LEVEL_WARNING, buf_view(&warnings));
	buf_free(&warnings);
}

/*
 * A process that began without a journal has nowhere to put what is to be
 * queued, and would answer 500 to all of it.
 */
static enum rc
fits(const struct settings *settings, const struct conf *conf,
    struct buf *complaints)
{
	struct conf_errors list = {
		.into = complaints, .file = settings->file
	};

	if (settings->stores || conf->journal == NULL)
		return RC_OK;
	conf_error(&list, conf_line(conf, KEYWORD_JOURNAL), "a first "
	    "`journal' takes a restart: restart pelihook.fcgi, or take the "
	    "line out");
	return conf_errors_end(&list);
}

/* Another configuration, fit for use. */
static enum rc
load(const struct settings *settings, struct conf **out,
    struct buf *complaints)
{
	struct conf *conf;
	enum rc rc = conf_load(settings->file, &conf, complaints);

	if (rc != RC_OK)
		return rc;
	rc = conf_ready_all(conf, complaints);
	if (rc == RC_OK)
		rc = fits(settings, conf, complaints);
	if (rc != RC_OK)
		conf_release(conf);
	else
		*out = conf;
	return rc;
}

static void
replace(struct settings *settings, struct conf *conf)
{
	pthread_mutex_lock(&settings->lock);
	conf_release(settings->conf);
	settings->conf = conf;
	pthread_mutex_unlock(&settings->lock);
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
change(struct settings *settings, struct conf *conf)
{
	bool moved = !same_text(settings->conf->journal, conf->journal);

	log_open_anyway(program, &conf->log);
	replace(settings, conf);
	log_say(LOG_LEVEL_INFO, "reloaded %s", settings->file);
	if (moved)
		log_say(LOG_LEVEL_WARNING, "the line `journal` was changed: "
		    "that takes a restart");
	settings_warn(settings);
}

void
settings_reload(struct settings *settings)
{
	struct buf complaints = { .max = SETTINGS_TEXT };
	struct conf *conf;

	if (load(settings, &conf, &complaints) == RC_OK) {
		change(settings, conf);
	} else {
		/* Whoever moved the log away still gets a new one. */
		log_open_anyway(program, &settings->conf->log);
		log_lines(LOG_LEVEL_ERROR, buf_view(&complaints));
		log_say(LOG_LEVEL_ERROR, "%s is bad; the old configuration "
		    "stays", settings->file);
	}
	buf_free(&complaints);
}
