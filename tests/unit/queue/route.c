/* SPDX-License-Identifier: ISC */
#include "../machine.h"

#include "base/buf.h"
#include "config/conf.h"
#include "config/digest.h"
#include "event/event.h"
#include "journal/journal.h"
#include "queue/route.h"

/* Where deliveries go, told in letters: the first one of the program that the
 * line runs, - for none. */

enum { DELIVERIES = 4 };

/* A configuration whose commands are real, one for each letter. */
static struct conf *
load_lines(const char *lines)
{
	struct buf text = { 0 };
	struct conf *conf;

	scratch_file("a", "#!/bin/sh\n", 0755);
	scratch_file("b", "#!/bin/sh\n", 0755);
	scratch_file("c", "#!/bin/sh\n", 0755);
	assert_int_equal(buf_printf(&text, "hook h\nsignature none\n"), RC_OK);
	for (; *lines != '\0'; lines++)
		if (*lines == '%')
			assert_int_equal(buf_printf(&text, "%s/", scratch),
			    RC_OK);
		else
			assert_int_equal(buf_char(&text, *lines), RC_OK);
	conf = load(text.data);
	buf_free(&text);
	return conf;
}

static struct journal_event
an_event(const char *body)
{
	return (struct journal_event){
		.hook = "h",
		.name = "pipeline_run_error",
		.body = bytes_of(body),
	};
}

/* The key of the lane that a program has without a name. */
static const char *
unnamed_lane_of(char program)
{
	static char keys[3][CONF_LANE_SIZE];
	char name[] = { program, '\0' };
	const char *const command[] = { scratch_path(name), NULL };
	const struct lane lane = { .command = command };
	char *key = keys[program - 'a'];

	assert_int_equal(conf_lane_key(&lane, key), RC_OK);
	return key;
}

/* The key of the lane of a program. */
static const char *
lane_of(const struct conf *conf, char program)
{
	const struct hook *hook = conf_find(conf, LIT("h"));

	if (program == 'l')
		return "l";
	if (program >= 'A' && program <= 'C')
		return unnamed_lane_of((char)(program - 'A' + 'a'));

	for (size_t i = 0; i < hook->rules_len; i++) {
		const struct rule *rule = &hook->rules[i];

		if (rule->command != NULL &&
		    rule->command[0][strlen(rule->command[0]) - 1] == program)
			return hook->lanes[rule->lane].key;
	}
	return "gone";
}

static char
letter_of(const struct conf *conf, const struct journal_route *route)
{
	const struct hook *hook = conf_find(conf, LIT("h"));
	const char *program;

	if (route->line < 0) {
		assert_string_equal(route->lane, "");
		return '-';
	}
	program = hook->rules[route->line].command[0];
	assert_string_equal(route->lane,
	    hook->lanes[hook->rules[route->line].lane].key);
	return program[strlen(program) - 1];
}

struct route_case {
	const char *lines;
	/* One letter for each delivery: the program whose lane it has, l for the
	 * lane of that name, a capital
	 * for the lane that the program has without a name, or . for none;
	 * over: which of them are, with a 1. */
	const char *from;
	const char *over;
	const char *to;
};

static unsigned
check_case(const struct route_case *with)
{
	struct journal_moving list[DELIVERIES] = { 0 };
	struct conf *conf = load_lines(with->lines);
	struct journal_event event = an_event("{\"x\":1}");
	char to[DELIVERIES + 1] = "";
	size_t n = strlen(with->from);
	unsigned wrong;

	for (size_t i = 0; i < n; i++)
		list[i] = (struct journal_moving){
			.ordinal = (unsigned)i,
			.lane = with->from[i] == '.' ?
			    NULL :
			    lane_of(conf, with->from[i]),
			.open = with->over[i] != '1',
		};
	assert_int_equal(route_again(conf_find(conf, LIT("h")), &event, list,
			     n),
	    RC_OK);
	for (size_t i = 0; i < n; i++)
		to[i] = letter_of(conf, &list[i].route);
	wrong = case_text(with->lines, to, with->to);
	conf_release(conf);
	return wrong;
}

static void
each_goes_to_the_line_of_its_lane_or_to_the_first_that_is_left(void **state)
{
	static const struct route_case cases[] = {
		{ "on * run %a\n", "a", "0", "a" },
		{ "on * run %b\n", "a", "0", "b" },
		{ "on * ignore\n", "a", "0", "-" },
		{ "on connection_added run %a\n", "a", "0", "-" },
		/* Other places, the same lanes. */
		{ "on * also run %b\non * run %a\n", "ab", "00", "ab" },
		/* One of two is gone. */
		{ "on * run %a\n", "ab", "00", "a-" },
		{ "on * run %b\n", "ab", "00", "-b" },
		{ "on * also run %a\non * run %c\n", "ab", "00", "ac" },
		{ "on * also run %c\non * run %a\n", "ab", "00", "ac" },
		/* What is over has had its line. */
		{ "on * also run %a\non * run %b\n", "ax", "10", "ab" },
		{ "on * run %a\n", "ax", "10", "a-" },
		{ "on * run %c\n", "xx", "10", "-c" },
		{ "on * also run %c\non * run %b\n", "xx", "10", "cb" },
		{ "on * also run %c\non * run %b\n", "xx", "11", "cb" },
		{ "on * ignore\n", "xx", "10", "--" },
		/* A command whose lane has got a name since. */
		{ "lane l\non * lane l also run %a\non * lane l run %b\n", "AB",
		    "10", "ab" },
		{ "lane l\non * lane l also run %a\non * lane l run %b\n", "AB",
		    "00", "ab" },
		{ "lane l\non * lane l also run %b\non * lane l run %a\n", "AB",
		    "00", "ab" },
		{ "lane l\non * lane l run %b\n", "AB", "10", "-b" },
		/* It has it, whoever is in that lane by now. */
		{ "lane l\non * lane l also run %a\non * lane l run %b\n", "Al",
		    "10", "ab" },
		{ "lane l\non * lane l also run %b\non * lane l run %a\n", "lA",
		    "01", "ba" },
		/* A line is not had twice, though two have its lane. */
		{ "on * also run %a\non * run %a\n", "aa", "00", "aa" },
		{ "on * run %a\n", "aa", "00", "a-" },
		/* Those of an earlier release, by their ordinal. */
		{ "on * also run %a\non * run %b\n", "..", "00", "ab" },
		{ "on * also run %b\non * run %a\n", "..", "00", "ba" },
		{ "on * also run %a\non * ignore\non * run %b\n", "..", "00",
		    "a-" },
		{ "on * also run %a\non * run %b\n", "..", "10", "ab" },
		{ "on connection_added run %a\non * run %b\n", ".", "0", "b" },
		/* A named lane keeps its events whatever it runs. */
		{ "lane l\non * lane l also run %a\non * lane l run %b\n", "ab",
		    "00", "ab" },
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		wrong += check_case(&cases[i]);
	assert_int_equal(wrong, 0);
}

static void
what_a_where_asks_for_is_read_again(void **state)
{
	struct conf *conf = load_lines("on * where /x 2 run %a\n"
				       "on * run %b\n");
	struct journal_moving list[2] = { { .open = true }, { .open = true } };
	struct journal_event two = an_event("{\"x\":2}");
	struct journal_event three = an_event("{\"x\":3}");

	(void)state;
	assert_int_equal(route_again(conf_find(conf, LIT("h")), &two, &list[0],
			     1),
	    RC_OK);
	assert_int_equal(list[0].route.line, 0);
	assert_int_equal(route_again(conf_find(conf, LIT("h")), &three,
			     &list[1], 1),
	    RC_OK);
	assert_int_equal(list[1].route.line, 1);
	conf_release(conf);
}

static void
the_key_is_by_the_order_of_the_lane(void **state)
{
	struct conf *conf = load_lines("order hook\n"
				       "lane l order none\n"
				       "on * lane l also run %a\n"
				       "on * run %b\n");
	struct journal_moving list[2] = { { .open = true },
		{ .ordinal = 1, .open = true } };
	struct journal_event event = an_event("{}");
	struct journal_key key;

	(void)state;
	assert_int_equal(route_again(conf_find(conf, LIT("h")), &event, list,
			     2),
	    RC_OK);
	assert_false(list[0].route.order.is);
	assert_true(list[1].route.order.is);
	assert_int_equal(journal_order_key("h", lane_of(conf, 'b'), LIT("h\n"),
			     &key),
	    RC_OK);
	assert_memory_equal(list[1].route.order.digest, key.digest,
	    JOURNAL_KEY);
	conf_release(conf);
}

static void
what_cannot_be_read_goes_where_it_fails(void **state)
{
	struct conf *conf = load_lines("on connection_added ignore\n"
				       "on * run %b\n");
	const struct journal_router router = route_router(conf);
	const struct journal_rules rules = { .hook = "h" };
	struct journal_moving moving = { .open = true };
	struct journal_event event = an_event("no JSON");

	(void)state;
	assert_int_equal(route_again(conf_find(conf, LIT("h")), &event, &moving,
			     1),
	    RC_JSON);
	assert_int_equal(router.route(router.context, &rules, &event, &moving,
			     1),
	    RC_OK);
	assert_int_equal(moving.route.line, 1);
	assert_string_equal(moving.route.lane, lane_of(conf, 'b'));
	conf_release(conf);
}

/* The programs to which an event goes. */
static void
expect_routes(const char *lines, const char *programs)
{
	struct conf *conf = load_lines(lines);
	const struct hook *hook = conf_find(conf, LIT("h"));
	struct journal_entry entry = { .routes_len = 99 };
	struct pool pool = { 0 };
	struct event event;

	assert_int_equal(event_named(&hook->reading, LIT("{}"),
			     "pipeline_run_error", &event),
	    RC_OK);
	assert_int_equal(route_event(hook, &event, &pool, &entry), RC_OK);
	assert_int_equal(entry.routes_len, strlen(programs));
	for (size_t i = 0; i < entry.routes_len; i++)
		assert_int_equal(letter_of(conf, &entry.routes[i]),
		    programs[i]);
	event_free(&event);
	pool_free(&pool);
	conf_release(conf);
}

static void
an_event_has_a_route_to_each_line_that_takes_it(void **state)
{
	(void)state;
	expect_routes("on * also run %a\non connection_added run %b\n"
		      "on * run %c\non * run %a\n",
	    "ac");
	expect_routes("on * also run %b\non * ignore\non * run %c\n", "b");
	expect_routes("on * ignore\non * run %c\n", "");
	expect_routes("on connection_added run %a\n", "");
}

static void
without_a_pool_its_lines_are_counted(void **state)
{
	struct conf *conf = load_lines("on @failure also run %a\n"
				       "on * run %b\n");
	const struct hook *hook = conf_find(conf, LIT("h"));
	struct route_lines lines;
	struct event event;

	(void)state;
	assert_int_equal(event_named(&hook->reading, LIT("{}"),
			     "pipeline_run_error", &event),
	    RC_OK);
	assert_int_equal(route_find(hook, &event, NULL, &lines), RC_OK);
	assert_ptr_equal(lines.first, hook->rules);
	assert_int_equal(lines.deliveries, 2);
	assert_null(lines.routes);
	event_free(&event);
	conf_release(conf);
}

static void
pelihooks_own_events_go_to_lines_for_them_without_an_order(void **state)
{
	struct conf *conf = load_lines("order hook\n"
				       "on * also run %a\n"
				       "on @watch run %b\n");
	const struct hook *hook = conf_find(conf, LIT("h"));
	struct journal_entry entry = { 0 };
	struct pool pool = { 0 };
	struct event event;

	(void)state;
	assert_int_equal(event_named(&hook->reading, LIT("{}"),
			     "pelihook.run_stuck", &event),
	    RC_OK);
	assert_int_equal(route_event(hook, &event, &pool, &entry), RC_OK);
	assert_int_equal(entry.routes_len, 1);
	assert_int_equal(letter_of(conf, &entry.routes[0]), 'b');
	assert_false(entry.routes[0].order.is);
	event_free(&event);
	pool_free(&pool);
	conf_release(conf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(
		    each_goes_to_the_line_of_its_lane_or_to_the_first_that_is_left),
		TEST(what_a_where_asks_for_is_read_again),
		TEST(the_key_is_by_the_order_of_the_lane),
		TEST(what_cannot_be_read_goes_where_it_fails),
		TEST(an_event_has_a_route_to_each_line_that_takes_it),
		TEST(without_a_pool_its_lines_are_counted),
		TEST(
		    pelihooks_own_events_go_to_lines_for_them_without_an_order),
	};

	return cmocka_run_group_tests_name("route", tests, NULL, NULL);
}
