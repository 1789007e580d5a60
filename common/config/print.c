/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "config/print.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/tokens.h"
#include "base/units.h"
#include "config/conf.h"
#include "event/event.h"
#include "event/rule.h"
#include "signature/recipe.h"
#include "signature/secret.h"

/* NULL: nothing. */
static void
print_text(const char *text, struct buf *into)
{
	if (text != NULL)
		buf_text(into, text);
}

static void
print_number(unsigned number, const char *unset, struct buf *into)
{
	if (number == 0 && unset != NULL)
		buf_text(into, unset);
	else
		buf_printf(into, "%u", number);
}

static void
print_duration(int64_t duration, const char *unset, struct buf *into)
{
	if (duration == CLOCK_NEVER && unset != NULL)
		buf_text(into, unset);
	else
		units_print_duration(duration, into);
}

static void
print_choice(enum keyword keyword, const void *field, struct buf *into)
{
	const char *word;
	unsigned value;

	memcpy(&value, field, sizeof value);
	word = keywords_choice(keyword, value);
	print_text(word != NULL ? word : keywords_row(keyword)->unset, into);
}

static void
print_source(enum keyword keyword, const struct event_source *source,
    struct buf *into)
{
	const struct directive *row = keywords_row(keyword);

	if (source->from == EVENT_FROM_POINTER)
		tokens_print(source->pointer, into);
	else if (source->from == EVENT_FROM_HEADER)
		buf_printf(into, "header %s", source->header.name);
	else
		print_text(row->choices == NULL ?
			row->unset :
			keywords_choice(keyword, source->from),
		    into);
}

static void
print_retry(const struct hook *hook, struct buf *into)
{
	for (size_t i = 0; i < hook->retry_len; i++) {
		if (i > 0)
			buf_char(into, ' ');
		units_print_duration(hook->retry[i], into);
	}
}

/* NULL: nothing. */
static void
print_command(const char *const *command, struct buf *into)
{
	if (command == NULL)
		return;
	buf_text(into, "run ");
	tokens_print_list(command, into);
}

static void
print_other(const struct conf *conf, const struct hook *hook,
    enum keyword keyword, struct buf *into)
{
	if (keyword == KEYWORD_LOG && conf->log.target == LOG_TO_FILE)
		buf_text(into, conf->log.path);
	else if (keyword == KEYWORD_LOG)
		print_choice(keyword, &conf->log.target, into);
	else if (keyword == KEYWORD_SIGNATURE)
		recipe_print(&hook->signature, into);
	else if (keyword == KEYWORD_RETRY)
		print_retry(hook, into);
	else if (keyword == KEYWORD_ON_DEAD)
		print_command(hook->on_dead, into);
}

enum rc
conf_print(const struct conf *conf, const struct hook *hook,
    enum keyword keyword, struct buf *into)
{
	const struct directive *row = keywords_row(keyword);
	const void *field = (row->place == DIRECTIVE_GLOBAL ?
				    (const char *)conf :
				    (const char *)hook) +
	    row->field;
	const char *path;

	switch (row->kind) {
	case DIRECTIVE_DURATION:
		print_duration(*(const int64_t *)field, row->unset, into);
		break;
	case DIRECTIVE_NUMBER:
		print_number(*(const unsigned *)field, row->unset, into);
		break;
	case DIRECTIVE_SIZE:
		units_print_size(*(const size_t *)field, into);
		break;
	case DIRECTIVE_CHOICE:
		print_choice(keyword, field, into);
		break;
	case DIRECTIVE_PATH:
		path = *(const char *const *)field;
		print_text(path != NULL ? path : row->unset, into);
		break;
	case DIRECTIVE_SOURCE:
	case DIRECTIVE_POINTER:
		print_source(keyword, field, into);
		break;
	case DIRECTIVE_OTHER:
		print_other(conf, hook, keyword, into);
		break;
	}
	return into->rc;
}

enum rc
conf_print_secret(const struct secret *secret, struct buf *into)
{
	tokens_print(secret->path, into);
	buf_printf(into, " %s%s",
	    keywords_choice(KEYWORD_SECRET_FILE, secret->coding),
	    secret->world_readable ? " world-readable" : "");
	return into->rc;
}

enum rc
conf_print_setenv_file(const struct hook *hook, size_t i, struct buf *into)
{
	size_t n = hook->setenv_len - hook->setenv_files_len;

	buf_printf(into, "%s ", hook->setenv[n + i].name);
	tokens_print(hook->setenv_files[i].path, into);
	if (hook->setenv_files[i].world_readable)
		buf_text(into, " world-readable");
	return into->rc;
}

enum rc
conf_print_rule(const struct rule *rule, struct buf *into)
{
	for (size_t i = 0; i < rule->events_len; i++) {
		tokens_print(rule->events[i], into);
		buf_char(into, ' ');
	}
	for (size_t i = 0; i < rule->where_len; i++) {
		buf_text(into, "where ");
		tokens_print(rule->where[i].pointer, into);
		buf_char(into, ' ');
		tokens_print(rule->where[i].glob, into);
		buf_char(into, ' ');
	}
	if (rule->lane_name != NULL)
		buf_printf(into, "lane %s ", rule->lane_name);
	if (rule->also)
		buf_text(into, "also ");
	if (rule->command == NULL)
		buf_text(into, "ignore");
	print_command(rule->command, into);
	return into->rc;
}

static void
print_limit(const char *name, int64_t limit, struct buf *into)
{
	buf_printf(into, " %s ", name);
	if (limit == CONF_WATCH_AUTO)
		buf_text(into, "auto");
	else if (limit == 0)
		buf_text(into, "off");
	else
		units_print_duration(limit, into);
}

static void
print_failing(const struct watch *watch, struct buf *into)
{
	if (watch->failing == 0)
		buf_text(into, " failing off");
	else
		buf_printf(into, " failing %u", watch->failing);
}

enum rc
conf_print_watch(const struct hook *hook, struct buf *into)
{
	const struct watch *watch = &hook->watch;

	if (!watch->on)
		return buf_text(into, "off");
	buf_text(into, "on");
	print_failing(watch, into);
	print_limit("late", watch->late, into);
	print_limit("stuck", watch->stuck, into);
	print_limit("silent", watch->silent, into);
	print_limit("remind", watch->remind, into);
	return into->rc;
}

enum rc
conf_print_watch_for(const struct watch_for *line, struct buf *into)
{
	const struct watch *watch = &line->watch;

	buf_text(into, "for ");
	tokens_print(line->glob, into);
	if (!watch->on)
		return buf_text(into, " off");
	print_failing(watch, into);
	print_limit("late", watch->late, into);
	print_limit("stuck", watch->stuck, into);
	print_limit("remind", watch->remind, into);
	return into->rc;
}

static void
print_difference(const struct hook *hook, const struct hook *other,
    enum keyword keyword, struct buf *into)
{
	static const struct conf nothing; /* a lane has nothing global */
	struct buf value = { 0 };
	struct buf usual = { 0 };
	enum rc rc = conf_print(&nothing, other, keyword, &value);

	if (rc == RC_OK)
		rc = conf_print(&nothing, hook, keyword, &usual);
	if (rc != RC_OK) {
		into->rc = rc;
	} else if (!bytes_equal(buf_view(&value), buf_view(&usual))) {
		buf_printf(into, " %s ", keywords_row(keyword)->name);
		buf_add(into, buf_view(&value));
	}
	buf_free(&value);
	buf_free(&usual);
}

enum rc
conf_print_lane(const struct hook *hook, const struct lane *lane,
    struct buf *into)
{
	struct hook other = *hook;

	other.directory = lane->directory;
	other.timeout = lane->timeout;
	other.kill_after = lane->kill_after;
	other.retry = lane->retry;
	other.retry_len = lane->retry_len;
	other.concurrency = lane->concurrency;
	other.reading.order = lane->order;
	other.batch = lane->batch;
	other.input = lane->input;
	for (unsigned i = 0; i < KEYWORDS; i++)
		if (keywords_row(i)->lane || i == KEYWORD_INPUT)
			print_difference(hook, &other, i, into);
	return into->rc;
}
