/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <string.h>

#include "queue/route.h"

#include "base/buf.h"
#include "base/pool.h"
#include "config/conf.h"
#include "config/digest.h"
#include "event/event.h"
#include "event/keys.h"
#include "event/rule.h"

/* The lines that take an event now and run a command, and what has them. */
struct taker {
	const struct rule *rule;
	bool taken; /* by a delivery */
};

struct takers {
	const struct hook *hook;
	const struct event *event;
	struct taker *list;
	size_t n;
	struct pool pool; /* holds the list */
};

enum rc
route_to(const struct hook *hook, const struct rule *rule,
    const struct event *event, struct journal_route *route)
{
	const struct lane *lane = &hook->lanes[rule->lane];
	struct buf text = { 0 };
	enum rc rc = event_order_key(event, &lane->order, &text);

	*route = (struct journal_route){
		.lane = lane->key,
		.line = (int)(rule - hook->rules),
	};
	if (rc == RC_OK)
		rc = journal_order_key(hook->name, lane->key, buf_view(&text),
		    &route->order);
	buf_free(&text);
	return rc;
}

/* One more that is queued. */
static enum rc
add_route(const struct takers *takers, struct pool *pool,
    const struct rule *rule, struct route_lines *lines)
{
	struct journal_route *route;

	if (pool == NULL) {
		lines->deliveries++;
		return RC_OK;
	}
	route = pool_next(pool, &lines->routes, lines->deliveries);
	if (route == NULL)
		return RC_MEMORY;
	lines->deliveries++;
	return route_to(takers->hook, rule, takers->event, route);
}

enum rc
route_find(const struct hook *hook, const struct event *event,
    struct pool *pool, struct route_lines *lines)
{
	const struct takers takers = { .hook = hook, .event = event };
	struct rule_walk walk = { hook->rules, hook->rules_len, event, 0 };
	const struct rule *rule;
	enum rc rc = RC_OK;

	*lines = (struct route_lines){ 0 };
	while (rc == RC_OK && (rc = rule_next(&walk, &rule)) == RC_OK) {
		if (lines->first == NULL)
			lines->first = rule;
		if (rule->command != NULL)
			rc = add_route(&takers, pool, rule, lines);
	}
	return rc == RC_MISSING ? RC_OK : rc;
}

enum rc
route_event(const struct hook *hook, const struct event *event,
    struct pool *pool, struct journal_entry *entry)
{
	struct route_lines lines;
	enum rc rc = route_find(hook, event, pool, &lines);

	if (rc != RC_OK)
		return rc;
	entry->routes = lines.routes;
	entry->routes_len = lines.deliveries;
	return RC_OK;
}

/* Whether anything that decides on a route looks for a text in the payload;
 * if not, the name that was stored is enough. */
static bool
reads_payload(const struct hook *hook)
{
	for (size_t i = 0; i < hook->rules_len; i++)
		if (hook->rules[i].where_len > 0)
			return true;
	for (size_t i = 0; i < hook->lanes_len; i++)
		if (hook->lanes[i].order.from == EVENT_FROM_POINTER)
			return true;
	return false;
}

static enum rc
read_event(const struct hook *hook, const struct journal_event *stored,
    struct event *event)
{
	return reads_payload(hook) ?
	    event_reparse(&hook->reading, stored->body, stored->name, event) :
	    event_named(&hook->reading, stored->body, stored->name, event);
}

static enum rc
find_takers(struct takers *takers)
{
	const struct hook *hook = takers->hook;
	struct rule_walk walk = { hook->rules, hook->rules_len, takers->event,
		0 };
	const struct rule *rule;
	struct taker *taker;
	enum rc rc;

	while ((rc = rule_next(&walk, &rule)) == RC_OK) {
		if (rule->command == NULL)
			continue;
		taker = pool_next(&takers->pool, &takers->list, takers->n);
		if (taker == NULL)
			return RC_MEMORY;
		*taker = (struct taker){ .rule = rule };
		takers->n++;
	}
	return rc == RC_MISSING ? RC_OK : rc;
}

/* Whether a delivery knows where it belongs, and that is a line's lane. */
static bool
belongs(const struct takers *takers, const struct journal_moving *delivery,
    size_t line)
{
	const struct rule *rule = takers->list[line].rule;

	if (delivery->lane == NULL)
		return delivery->ordinal == line;
	return strcmp(takers->hook->lanes[rule->lane].key, delivery->lane) == 0;
}

static enum rc
take(struct takers *takers, size_t line, struct journal_moving *delivery)
{
	takers->list[line].taken = true;
	return route_to(takers->hook, takers->list[line].rule, takers->event,
	    &delivery->route);
}

/* A lane that is a command's tells more than one that has a name, which
 * several lines may share. */
static bool
is_of_a_command(const struct journal_moving *delivery)
{
	return delivery->lane == NULL || strchr(delivery->lane, ':') != NULL;
}

/* Those whose lane there still is, as the finished ones had theirs. */
static enum rc
keep_lanes(struct takers *takers, struct journal_moving *list, size_t n,
    bool of_commands)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < n; i++) {
		size_t line = 0;

		if (is_of_a_command(&list[i]) != of_commands)
			continue;
		while (line < takers->n &&
		    (takers->list[line].taken ||
			!belongs(takers, &list[i], line)))
			line++;
		if (line < takers->n)
			rc = take(takers, line, &list[i]);
	}
	return rc;
}

/* Whether the lane that a delivery had was that of this line's command, which
 * has got a name since. */
static bool
ran_this(const struct taker *taker, const struct journal_moving *delivery)
{
	const struct lane unnamed = { .command = taker->rule->command };
	char key[CONF_LANE_SIZE];

	return delivery->lane != NULL && is_of_a_command(delivery) &&
	    !taker->taken && conf_lane_key(&unnamed, key) == RC_OK &&
	    strcmp(key, delivery->lane) == 0;
}

static enum rc
keep_commands(struct takers *takers, struct journal_moving *list, size_t n)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < n; i++) {
		size_t line = 0;

		while (list[i].route.line < 0 && line < takers->n &&
		    !ran_this(&takers->list[line], &list[i]))
			line++;
		if (list[i].route.line < 0 && line < takers->n)
			rc = take(takers, line, &list[i]);
	}
	return rc;
}

/* How many lines are left beside those that open deliveries go to. */
static size_t
count_spare(const struct takers *takers, const struct journal_moving *list,
    size_t n)
{
	size_t spare = 0;

	for (size_t line = 0; line < takers->n; line++)
		spare += !takers->list[line].taken;
	for (size_t i = 0; i < n && spare > 0; i++)
		spare -= list[i].open && list[i].route.line < 0;
	return spare;
}

/* What is over had a line, which may have another lane by now; it keeps none
 * from what is open. */
static enum rc
take_what_is_left(struct takers *takers, struct journal_moving *list, size_t n)
{
	size_t spare = count_spare(takers, list, n);
	size_t line = 0;
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < n; i++) {
		bool ran = !list[i].open && list[i].lane != NULL &&
		    list[i].lane[0] != '\0';

		if (list[i].route.line >= 0 ||
		    (!list[i].open && !(ran && spare > 0)))
			continue;
		spare -= !list[i].open;
		while (line < takers->n && takers->list[line].taken)
			line++;
		if (line < takers->n)
			rc = take(takers, line, &list[i]);
	}
	return rc;
}

enum rc
route_again(const struct hook *hook, const struct journal_event *stored,
    struct journal_moving *list, size_t n)
{
	struct event event;
	struct takers takers = { .hook = hook, .event = &event };
	enum rc rc = read_event(hook, stored, &event);

	if (rc != RC_OK)
		return rc;
	for (size_t i = 0; i < n; i++)
		list[i].route = (struct journal_route){ .lane = "",
			.line = -1 };
	rc = find_takers(&takers);
	if (rc == RC_OK)
		rc = keep_lanes(&takers, list, n, true);
	if (rc == RC_OK)
		rc = keep_commands(&takers, list, n);
	if (rc == RC_OK)
		rc = keep_lanes(&takers, list, n, false);
	if (rc == RC_OK)
		rc = take_what_is_left(&takers, list, n);
	pool_free(&takers.pool);
	event_free(&event);
	return rc;
}

/* What cannot be read any more fails where it is run: at the first line. */
static void
route_unreadable(const struct hook *hook, struct journal_moving *list, size_t n)
{
	const struct rule *rule = hook->rules;
	const struct rule *end = rule + hook->rules_len;

	while (rule < end && rule->command == NULL)
		rule++;
	for (size_t i = 0; i < n; i++)
		list[i].route = rule == end ?
		    (struct journal_route){ .lane = "", .line = -1 } :
		    (struct journal_route){
			    .lane = hook->lanes[rule->lane].key,
			    .line = (int)(rule - hook->rules),
		    };
}

static enum rc
route(void *context, const struct journal_rules *rules,
    const struct journal_event *stored, struct journal_moving *list, size_t n)
{
	const struct hook *hook = conf_find(context, bytes_of(rules->hook));
	enum rc rc = route_again(hook, stored, list, n);

	if (rc == RC_OK || rc == RC_MEMORY)
		return rc;
	route_unreadable(hook, list, n);
	return RC_OK;
}

struct journal_router
route_router(struct conf *conf)
{
	return (struct journal_router){ route, conf };
}
