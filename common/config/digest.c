/* SPDX-License-Identifier: ISC */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "config/digest.h"

#include "base/buf.h"
#include "base/codec.h"
#include "base/crypto.h"
#include "event/event.h"
#include "event/rule.h"

static void
add_text(struct buf *into, const char *text)
{
	if (text == NULL)
		buf_text(into, "-");
	else
		buf_printf(into, "%zu:%s", bytes_of(text).len, text);
}

static void
add_number(struct buf *into, int64_t number)
{
	buf_printf(into, "%lld,", (long long)number);
}

/* NULL: no command. */
static void
add_command(struct buf *into, const char *const *words)
{
	for (; words != NULL && *words != NULL; words++)
		add_text(into, *words);
	add_text(into, NULL);
}

static void
add_source(struct buf *into, const struct event_source *source)
{
	add_number(into, source->from);
	add_text(into, source->pointer);
}

/* Which events it takes. */
static void
add_matching(struct buf *into, const struct rule *rule)
{
	add_number(into, (int64_t)rule->events_len);
	for (size_t i = 0; i < rule->events_len; i++)
		add_text(into, rule->events[i]);
	add_number(into, (int64_t)rule->where_len);
	for (size_t i = 0; i < rule->where_len; i++) {
		add_text(into, rule->where[i].pointer);
		add_text(into, rule->where[i].glob);
	}
	add_number(into, rule->also);
}

static void
add_rule(struct buf *into, const struct rule *rule)
{
	add_matching(into, rule);
	add_command(into, rule->command);
}

static void
add_retry(struct buf *into, const int64_t *pauses, size_t n)
{
	add_number(into, (int64_t)n);
	for (size_t i = 0; i < n; i++)
		add_number(into, pauses[i]);
}

static void
add_pairs(struct buf *into, const struct event_pair *pairs, size_t n)
{
	add_number(into, (int64_t)n);
	for (size_t i = 0; i < n; i++) {
		add_text(into, pairs[i].name);
		add_text(into, pairs[i].value);
	}
}

static void
add_running(struct buf *into, const struct hook *hook)
{
	add_number(into, hook->delivery);
	add_number(into, hook->timeout);
	add_number(into, hook->kill_after);
	add_number(into, hook->concurrency);
	add_number(into, hook->batch);
	add_number(into, hook->input);
	add_source(into, &hook->reading.order);
	add_retry(into, hook->retry, hook->retry_len);
	add_command(into, hook->on_dead);
}

/* Where it is named: those of commands are as their hook is. */
static void
add_lane(struct buf *into, const struct lane *lane)
{
	if (lane->name == NULL)
		return;
	buf_text(into, "lane ");
	add_text(into, lane->name);
	add_number(into, lane->concurrency);
	add_number(into, lane->batch);
	add_number(into, lane->input);
	add_source(into, &lane->order);
	add_retry(into, lane->retry, lane->retry_len);
	add_number(into, lane->timeout);
	add_number(into, lane->kill_after);
	add_text(into, lane->directory);
}

/* Their paths, so that it is the same before they are loaded, and no trace of
 * what is in them. */
static void
add_setenv_files(struct buf *into, const struct hook *hook)
{
	size_t n = hook->setenv_len - hook->setenv_files_len;

	for (size_t i = 0; i < hook->setenv_files_len; i++) {
		buf_text(into, "setenv-file ");
		add_text(into, hook->setenv[n + i].name);
		add_text(into, hook->setenv_files[i].path);
	}
}

/* Where it is not found. */
static void
add_pointer(struct buf *into, const char *name,
    const struct event_source *source)
{
	if (source->from == EVENT_FROM_NONE)
		return;
	buf_printf(into, "%s ", name);
	add_text(into, source->pointer);
}

static void
add_watch(struct buf *into, const struct watch *watch)
{
	add_number(into, watch->on);
	add_number(into, watch->failing);
	add_number(into, watch->late);
	add_number(into, watch->stuck);
	add_number(into, watch->silent);
	add_number(into, watch->remind);
}

static void
add_watching(struct buf *into, const struct hook *hook)
{
	buf_text(into, "watch ");
	add_watch(into, &hook->watch);
	for (size_t i = 0; i < hook->watch_for_len; i++) {
		add_text(into, hook->watch_for[i].glob);
		add_watch(into, &hook->watch_for[i].watch);
	}
}

/* What the first release did not know. */
static void
add_later(struct buf *into, const struct hook *hook)
{
	for (size_t i = 0; i < hook->lanes_len; i++)
		add_lane(into, &hook->lanes[i]);
	for (size_t i = 0; i < hook->rules_len; i++)
		if (hook->rules[i].lane_name != NULL) {
			buf_text(into, "in ");
			add_number(into, (int64_t)i);
			add_text(into, hook->rules[i].lane_name);
		}
	if (strcmp(hook->directory, "/") != 0) {
		buf_text(into, "directory ");
		add_text(into, hook->directory);
	}
	add_setenv_files(into, hook);
	add_pointer(into, "run-id", &hook->reading.run_id);
	add_pointer(into, "pipeline-id", &hook->reading.pipeline_id);
	add_pointer(into, "pipeline-name", &hook->reading.pipeline_name);
	if (conf_watches(hook))
		add_watching(into, hook);
	if (hook->page_url != NULL) {
		buf_text(into, "page-url ");
		add_text(into, hook->page_url);
	}
}

/* The digest of a text in hex; its error where it has one. */
static enum rc
digest_text(const struct buf *text, char into[CONF_DIGEST_SIZE])
{
	uint8_t sum[CRYPTO_DIGEST];
	enum rc rc = text->rc;

	if (rc == RC_OK)
		rc = crypto_sha256(buf_view(text), sum);
	if (rc == RC_OK)
		encode_hex(sum, sizeof(sum), into);
	return rc;
}

/*
 * Each value is written with its length before it.  What a later version adds
 * is written only where it is not the default: an upgrade is no change of the
 * rules.
 */
enum rc
conf_digest(const struct hook *hook, char into[CONF_DIGEST_SIZE])
{
	struct buf text = { 0 };
	enum rc rc;

	add_number(&text, (int64_t)hook->rules_len);
	for (size_t i = 0; i < hook->rules_len; i++)
		add_rule(&text, &hook->rules[i]);
	add_running(&text, hook);
	add_pairs(&text, hook->reading.env, hook->reading.env_len);
	add_pairs(&text, hook->setenv,
	    hook->setenv_len - hook->setenv_files_len);
	add_later(&text, hook);
	rc = digest_text(&text, into);
	/* The constants of setenv may be meant for the command alone. */
	buf_wipe(&text);
	return rc;
}

enum rc
conf_watch_digest(const struct hook *hook, char into[CONF_DIGEST_SIZE])
{
	struct buf text = { 0 };
	enum rc rc;

	add_watching(&text, hook);
	rc = digest_text(&text, into);
	buf_free(&text);
	return rc;
}

enum rc
conf_routing(const struct hook *hook, char into[CONF_DIGEST_SIZE])
{
	struct buf text = { 0 };
	enum rc rc;

	add_number(&text, (int64_t)hook->rules_len);
	for (size_t i = 0; i < hook->rules_len; i++) {
		const struct rule *rule = &hook->rules[i];

		add_matching(&text, rule);
		add_number(&text,
		    rule->command == NULL ? -1 : (int64_t)rule->lane);
	}
	add_number(&text, (int64_t)hook->lanes_len);
	for (size_t i = 0; i < hook->lanes_len; i++) {
		add_text(&text, hook->lanes[i].key);
		add_source(&text, &hook->lanes[i].order);
	}
	rc = digest_text(&text, into);
	buf_free(&text);
	return rc;
}

enum rc
conf_lane_key(const struct lane *lane, char into[CONF_LANE_SIZE])
{
	struct buf text = { 0 };
	size_t n;
	enum rc rc;

	if (lane->name != NULL) {
		snprintf(into, CONF_LANE_SIZE, "%s", lane->name);
		return RC_OK;
	}
	n = strlen("sha256:");
	add_command(&text, lane->command);
	rc = digest_text(&text, into + n);
	if (rc == RC_OK)
		memcpy(into, "sha256:", n);
	buf_free(&text);
	return rc;
}
