/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include <stdlib.h>

#include "config/conf.h"

#include "base/limits.h"
#include "base/pool.h"
#include "config/internal.h"
#include "config/uri.h"

#ifndef PELIHOOK_CONFIG_FILE
#define PELIHOOK_CONFIG_FILE "/etc/pelihook/pelihook.conf"
#endif

/* Milliseconds. */
enum {
	KILL_AFTER = 5000,
	/* Of a lease from LEASE_LONG on, what `kill-after` leaves: two times
	 * of renewing it and what a late one takes. */
	LEASE_LONG = 30000,
	LEASE_REST = 20000,
};

struct loaded_conf *
conf_loaded(struct conf *conf)
{
	return (struct loaded_conf *)conf;
}

struct conf *
conf_hold(struct conf *conf)
{
	atomic_fetch_add(&conf_loaded(conf)->references, 1);
	return conf;
}

void
wipe_secrets(struct hook *hook)
{
	secret_wipe(hook->secrets, hook->secrets_len);
	secret_wipe(hook->setenv_files, hook->setenv_files_len);
}

void
conf_release(struct conf *conf)
{
	struct loaded_conf *loaded = conf_loaded(conf);

	if (conf == NULL || atomic_fetch_sub(&loaded->references, 1) != 1)
		return;
	for (size_t i = 0; i < conf->hooks_len; i++)
		wipe_secrets(&conf->hooks[i]);
	pool_free(&loaded->pool);
	free(loaded);
}

/* A file's time may be anything: what does not fit becomes the limit. */
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

struct file_state
file_state_of(const struct stat *stat)
{
	return (struct file_state){
		.device = stat->st_dev,
		.inode = stat->st_ino,
		.size = stat->st_size,
		.modified = nanoseconds(&stat->st_mtim),
		.changed = nanoseconds(&stat->st_ctim),
	};
}

bool
conf_is_stale(const struct conf *conf)
{
	const struct file_state *read = &((const struct loaded_conf *)conf)
					     ->state;
	struct file_state now;
	struct stat found;

	if (stat(conf->file, &found) != 0)
		return true;
	now = file_state_of(&found);
	return now.device != read->device || now.inode != read->inode ||
	    now.size != read->size || now.modified != read->modified ||
	    now.changed != read->changed;
}

bool
conf_journal_is_shared(const struct conf *conf)
{
	return conf->journal != NULL && uri_is(conf->journal);
}

int64_t
conf_kill_after_max(const struct conf *conf)
{
	if (!conf_journal_is_shared(conf))
		return INT64_MAX;
	if (conf->lease < LEASE_LONG)
		return conf->lease / 3;
	return conf->lease - LEASE_REST;
}

int64_t
conf_kill_after(const struct conf *conf)
{
	int64_t max = conf_kill_after_max(conf);

	return max < KILL_AFTER ? max : KILL_AFTER;
}

int64_t
conf_hook_kill_after(const struct hook *hook)
{
	int64_t longest = hook->kill_after; /* of `on-dead` in any case */

	for (size_t i = 0; i < hook->lanes_len; i++)
		if (hook->lanes[i].kill_after > longest)
			longest = hook->lanes[i].kill_after;
	return longest;
}

int64_t
conf_longest_kill_after(const struct conf *conf)
{
	int64_t longest = 0;

	for (size_t i = 0; i < conf->hooks_len; i++) {
		int64_t one = conf_hook_kill_after(&conf->hooks[i]);

		if (one > longest)
			longest = one;
	}
	return longest;
}

struct hook *
conf_find(const struct conf *conf, struct bytes name)
{
	for (size_t i = 0; i < conf->hooks_len; i++)
		if (bytes_is(name, conf->hooks[i].name))
			return &conf->hooks[i];
	return NULL;
}

unsigned
conf_line(const struct conf *conf, enum keyword keyword)
{
	return ((const struct loaded_conf *)conf)->lines.of[keyword];
}

unsigned
conf_hook_line(const struct hook *hook, enum keyword keyword)
{
	return hook->lines->of[keyword];
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
	if (name.len == 0 || name.len >= HOOK_NAME_SIZE ||
	    !is_letter_or_digit(name.data[0]))
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!is_letter_or_digit(name.data[i]) && name.data[i] != '.' &&
		    name.data[i] != '_' && name.data[i] != '-')
			return false;
	return true;
}

const char *
conf_default_file(void)
{
	const char *file = getenv("PELIHOOK_CONFIG");

	return file != NULL && file[0] != '\0' ? file : PELIHOOK_CONFIG_FILE;
}

const struct watch *
conf_watch_on(void)
{
	static const struct watch on = {
		.on = true,
		.failing = 1,
		.late = CONF_WATCH_AUTO,
		.stuck = CONF_WATCH_AUTO,
	};

	return &on;
}

const struct watch *
conf_watch_of(const struct hook *hook, const char *id, const char *name)
{
	for (size_t i = 0; i < hook->watch_for_len; i++)
		if (rule_glob(hook->watch_for[i].glob, name) ||
		    rule_glob(hook->watch_for[i].glob, id))
			return &hook->watch_for[i].watch;
	return &hook->watch;
}

bool
conf_watches(const struct hook *hook)
{
	bool any = hook->watch.on;

	for (size_t i = 0; i < hook->watch_for_len; i++)
		any = any || hook->watch_for[i].watch.on;
	return any;
}
