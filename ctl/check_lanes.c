/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "check_lanes.h"

#include "base/buf.h"
#include "config/conf.h"
#include "config/keywords.h"
#include "config/lane_text.h"
#include "config/print.h"
#include "event/event.h"
#include "event/rule.h"
#include "print.h"

static void
end_field(const char *label, struct buf *text)
{
	if (text->rc == RC_OK && text->len > 0)
		print_field(label, "%s", text->data);
	text->len = 0;
}

static void
add_line(unsigned line, size_t *n, struct buf *text)
{
	buf_printf(text, "%sline %u", (*n)++ == 0 ? "" : ", ", line);
}

/* A lane's name or command, the numbers of its lines, and what it has that
 * its hook has not. */
static void
show_lane(const struct hook *hook, size_t lane, struct buf *text)
{
	const struct lane *at = &hook->lanes[lane];
	size_t n = 0;

	lane_print(at, text);
	buf_text(text, " (");
	for (size_t i = 0; i < hook->rules_len; i++)
		if (hook->rules[i].command != NULL &&
		    hook->rules[i].lane == lane)
			add_line(hook->rules[i].line, &n, text);
	buf_char(text, ')');
	conf_print_lane(hook, at, text);
	end_field("lane", text);
}

static bool
starts(const struct rule *rule, const char *program)
{
	return rule->command != NULL && strcmp(rule->command[0], program) == 0;
}

/* Names the lines that start the program of one, where it is the first of
 * them and they are not all in one lane. */
static void
show_program(const struct hook *hook, size_t first, struct buf *text)
{
	const char *program = hook->rules[first].command[0];
	bool several = false;
	size_t n = 0;

	for (size_t i = 0; i < first; i++)
		if (starts(&hook->rules[i], program))
			return;
	buf_printf(text, "%s, which several lanes start: ", program);
	for (size_t i = first; i < hook->rules_len; i++) {
		if (!starts(&hook->rules[i], program))
			continue;
		add_line(hook->rules[i].line, &n, text);
		several |= hook->rules[i].lane != hook->rules[first].lane;
	}
	if (!several)
		text->len = 0;
	end_field("at once", text);
}

void
check_lanes_show(const struct hook *hook, struct buf *text)
{
	for (size_t i = 0; i < hook->lanes_len; i++)
		show_lane(hook, i, text);
	for (size_t i = 0; i < hook->rules_len; i++)
		if (hook->rules[i].command != NULL)
			show_program(hook, i, text);
}

/* Whether it says something else for the hook than in 0.1.0; a concurrency of
 * 1 does where there is no line, too. */
static bool
has_changed(const struct hook *hook, enum keyword keyword)
{
	if (hook->delivery != CONF_QUEUE || hook->lanes_len < 2)
		return false;
	return keyword != KEYWORD_ORDER ||
	    hook->reading.order.from != EVENT_FROM_NONE;
}

static void
show_change(const struct conf *conf, enum keyword keyword, struct buf *text)
{
	const char *name = keywords_row(keyword)->name;
	size_t n = 0;

	for (size_t i = 0; i < conf->hooks_len; i++)
		if (has_changed(&conf->hooks[i], keyword)) {
			buf_text(text, n++ == 0 ? "" : ", ");
			buf_text(text, conf->hooks[i].name);
		}
	if (n > 0 && text->rc == RC_OK)
		print_field(name,
		    "holds within each lane, no longer over the whole hook: "
		    "%s",
		    text->data);
	text->len = 0;
}

void
check_lanes_show_changes(const struct conf *conf, struct buf *text)
{
	bool changed = false;

	for (size_t i = 0; i < conf->hooks_len; i++)
		changed |= has_changed(&conf->hooks[i], KEYWORD_CONCURRENCY) ||
		    has_changed(&conf->hooks[i], KEYWORD_ORDER);
	if (!changed)
		return;
	print_line("%s", "");
	print_line("changed since 0.1.0");
	show_change(conf, KEYWORD_CONCURRENCY, text);
	show_change(conf, KEYWORD_ORDER, text);
}
