/* SPDX-License-Identifier: ISC */
#include "../journal.h"

/* The hook's rules after a change, by which all goes to lane x. */
struct change {
	struct journal_lane lanes[2];
	struct journal_rules rules;
	struct journal_limit limit;
	struct journal_limits limits;
	struct way way;
};

static void
note_change(struct journal *journal, const char *hook, struct change *change)
{
	*change = (struct change){
		.lanes = { { .key = "x" }, { .key = "" } },
		.rules = old_rules(hook, change->lanes, 2),
		.way = { .lane = "x" },
	};
	change->rules.digest = "new";
	change->rules.routing = "new";
	change->rules.time = 1;
	assert_int_equal(journal_note_rules(journal, &change->rules, 1), RC_OK);
	assert_false(change->rules.older);
	change->limit = (struct journal_limit){ change->lanes[0].id, 1000, 1,
		&change->rules };
	change->limits = (struct journal_limits){ &change->limit, 1,
		&change->rules, 1 };
}

/* Appended by what has the new rules, too. */
static void
append_new(struct journal *journal, unsigned number, const char *order)
{
	struct sample sample;

	fill_sample(&sample, "h", number);
	sample.entry.routing = "new";
	sample.routes[0].lane = "x";
	order_by(&sample, order);
	assert_int_equal(append_and_wait(journal, &sample.entry), RC_OK);
}

/* Nothing is claimed, for that reason. */
static void
expect_unmoved(struct journal *journal, const struct journal_limits *limits)
{
	struct journal_claim claim;
	int64_t due = CLOCK_NEVER;
	int64_t then = now();

	assert_int_equal(journal_claim_due(journal, limits, then, &claim),
	    RC_MISSING);
	assert_true(claim.unmoved);
	assert_int_equal(claim.next, then);
	assert_int_equal(journal_next_due(journal, limits, then, &due), RC_OK);
	assert_int_equal(due, then);
}

/* What order.h says. */
static void
expect_order(struct journal *journal)
{
	assert_int_equal(
	    count_rows(journal,
		"SELECT count(*) FROM deliveries d WHERE state = 0"
		" AND held = 0 AND key IS NOT NULL AND EXISTS (SELECT 1"
		" FROM deliveries o WHERE o.key = d.key AND (o.state = 1"
		" OR (o.state = 0 AND o.seq < d.seq)))"),
	    0);
	assert_int_equal(
	    count_rows(journal,
		"SELECT count(*) FROM deliveries d WHERE state = 0"
		" AND held = 1 AND (key IS NULL OR NOT EXISTS (SELECT 1"
		" FROM deliveries o WHERE o.key = d.key AND (o.state = 1"
		" OR (o.state = 0 AND o.seq < d.seq))))"),
	    0);
}

static void
move_once(struct journal *journal, struct change *change, bool *more)
{
	const struct journal_router router = { go_this_way, &change->way };

	assert_int_equal(journal_move(journal, &change->limits, &router, now(),
			     more),
	    RC_OK);
	expect_order(journal);
}

static void
nothing_is_claimed_before_all_is_where_new_rules_say(void **state)
{
	struct journal *journal = open_lane();
	struct journal *other = open_lane();
	struct journal_claim claim;
	struct change change;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		append_sample(journal, "h", i, "");
	note_change(journal, "h", &change);
	assert_int_equal(change.lanes[0].id, 2);
	append_new(journal, 3, "");
	expect_unmoved(journal, &change.limits);
	expect_unmoved(other, &change.limits);
	move_all(other, &change.limits, &change.way);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(claim_number(journal, &change.limits, &claim),
		    i);
		assert_false(claim.unmoved);
		assert_int_equal(claim.lane, 2);
		assert_int_equal(claim.deliveries[0].line, 0);
		settle(journal, &claim, JOURNAL_FINISH);
	}
	/* To note them once more makes no move. */
	note_change(journal, "h", &change);
	append_new(journal, 4, "");
	expect(journal, &change.limits, 4, JOURNAL_FINISH);
	assert_int_equal(change.way.calls, 0);
	journal_close(other);
	journal_close(journal);
}

static void
other_hooks_go_on_meanwhile(void **state)
{
	struct journal *journal = open_lane();
	struct journal_rules both[2];
	struct journal_limit list[2];
	struct journal_limits limits = { list, 2, both, 2 };
	struct change change;

	(void)state;
	both[1] = (struct journal_rules){ .hook = "i" };
	list[0] = (struct journal_limit){ note_hook(journal, "i"), 9, 1,
		&both[1] };
	append_sample(journal, "h", 1, "");
	append_sample(journal, "i", 2, "");
	note_change(journal, "h", &change);
	both[0] = change.rules;
	list[1] = change.limit;
	list[1].rules = &both[0];
	expect(journal, &limits, 2, JOURNAL_FINISH);
	expect_unmoved(journal, &limits);
	move_all(journal, &limits, &change.way);
	expect(journal, &limits, 1, JOURNAL_FINISH);
	assert_int_equal(change.way.calls, 1);
	journal_close(journal);
}

/* The first of the key runs, and the last comes while they are moved. */
static void
a_move_of_many_steps_keeps_their_order(void **state)
{
	enum { EVENTS = 180 };
	struct journal *journal = open_lane();
	struct journal_claim first;
	struct change change;
	bool more = true;
	unsigned steps = 0;

	(void)state;
	note_hook(journal, "i");
	for (unsigned i = 0; i < EVENTS; i++) {
		append_sample(journal, "h", i, "k");
		append_sample(journal, "i", i, "k");
	}
	assert_int_equal(claim_number(journal, &many, &first), 0);
	note_change(journal, "h", &change);
	change.way.order = "k";
	for (; more; steps++) {
		move_once(journal, &change, &more);
		append_new(journal, EVENTS + steps, "k");
		if (more)
			expect_unmoved(journal, &change.limits);
		expect_order(journal);
	}
	assert_in_range(steps, 4, 10);
	assert_int_equal(change.way.calls, EVENTS);
	expect_nothing(journal, &change.limits);
	settle(journal, &first, JOURNAL_DELAY);
	expect_nothing(journal, &change.limits);
	execute("UPDATE deliveries SET due = since WHERE seq = 1");
	for (unsigned i = 0; i < EVENTS + steps; i++)
		expect(journal, &change.limits, (int)i, JOURNAL_FINISH);
	assert_int_equal(count_rows(journal,
			     "SELECT count(*) FROM deliveries WHERE state = 0"),
	    EVENTS);
	journal_close(journal);
}

/* What it takes to move so many of one key, by one of them. */
static int64_t
work_of_a_move(const char *hook, unsigned events)
{
	struct journal *journal = open_journal();
	struct change change;
	int64_t work;

	note_hook(journal, hook);
	for (unsigned i = 0; i < events; i++)
		append_sample(journal, hook, i, "k");
	note_change(journal, hook, &change);
	change.way.order = "k";
	work_done(journal);
	move_all(journal, &change.limits, &change.way);
	work = work_done(journal) / events;
	execute("UPDATE deliveries SET state = 3 WHERE state < 2");
	journal_close(journal);
	return work;
}

/* On a server each row that was moved is looked at as it was, too, for as long
 * as anybody may see it. */
static void
what_is_moved_costs_the_same_however_much_it_is(void **state)
{
	int64_t few;

	(void)state;
	only_of_a_file();
	few = work_of_a_move("few", 50);
	assert_true(few > 100);
	assert_in_range(work_of_a_move("lots", 1000), 1, few + few / 2);
}

static void
two_keys_may_become_one_and_one_may_become_none(void **state)
{
	struct journal *journal = open_lane();
	struct journal_claim claims[2];
	struct change change;

	(void)state;
	for (unsigned i = 0; i < 6; i++)
		append_sample(journal, "h", i, i % 2 == 0 ? "even" : "odd");
	assert_int_equal(claim_number(journal, &many, &claims[0]), 0);
	assert_int_equal(claim_number(journal, &many, &claims[1]), 1);
	note_change(journal, "h", &change);
	change.way.order = "all";
	move_all(journal, &change.limits, &change.way);
	expect_order(journal);
	settle(journal, &claims[0], JOURNAL_FINISH);
	expect_nothing(journal, &change.limits);
	settle(journal, &claims[1], JOURNAL_FINISH);
	expect(journal, &change.limits, 2, JOURNAL_FINISH);
	assert_int_equal(claim_number(journal, &change.limits, &claims[0]), 3);
	expect_nothing(journal, &change.limits);
	change.rules.routing = "newer";
	change.rules.time++;
	change.way.order = NULL;
	assert_int_equal(journal_note_rules(journal, &change.rules, 1), RC_OK);
	move_all(journal, &change.limits, &change.way);
	assert_int_equal(claim_number(journal, &change.limits, &claims[1]), 4);
	settle(journal, &claims[0], JOURNAL_FINISH);
	settle(journal, &claims[1], JOURNAL_FINISH);
	expect(journal, &change.limits, 5, JOURNAL_FINISH);
	journal_close(journal);
}

/* It waits in its new lane, and its place there is taken. */
static void
what_runs_is_moved_too(void **state)
{
	struct journal *journal = open_lane();
	struct journal *other = open_lane();
	struct journal_claim first;
	struct change change;

	(void)state;
	append_sample(journal, "h", 1, "");
	append_sample(journal, "h", 2, "");
	assert_int_equal(claim_number(journal, &many, &first), 1);
	note_change(other, "h", &change);
	change.limit.concurrency = 1;
	move_all(other, &change.limits, &change.way);
	expect_nothing(other, &change.limits);
	settle(journal, &first, JOURNAL_GIVE_BACK);
	expect(other, &change.limits, 1, JOURNAL_FINISH);
	expect(other, &change.limits, 2, JOURNAL_FINISH);
	journal_close(other);
	journal_close(journal);
}

static void
what_was_stored_by_other_rules_is_moved_first(void **state)
{
	static const char *const routings[] = { "other", NULL };
	struct journal *journal = open_lane();
	struct way way = { .lane = sample_lane };
	struct journal_claim claim;
	struct sample sample;

	(void)state;
	for (size_t i = 0; i < COUNT(routings); i++) {
		fill_sample(&sample, "h", 1);
		sample.entry.routing = routings[i];
		sample.entry.routes_len = 2;
		sample.routes[0].lane = "elsewhere";
		assert_int_equal(append_and_wait(journal, &sample.entry),
		    RC_OK);
		append_sample(journal, "h", 2, "");
		expect_unmoved(journal, &many);
		way.calls = 0;
		move_all(journal, &many, &way);
		assert_int_equal(way.calls, 1);
		for (int line = 0; line < 2; line++) {
			assert_int_equal(claim_number(journal, &many, &claim),
			    1);
			assert_int_equal(claim.deliveries[0].line, line);
			settle(journal, &claim, JOURNAL_FINISH);
		}
		expect(journal, &many, 2, JOURNAL_FINISH);
	}
	journal_close(journal);
}

/* Whoever has the noted rules does it. */
static void
what_others_have_rules_for_is_left_to_them(void **state)
{
	struct journal *journal = open_lane();
	struct journal_claim claim;
	struct change change;
	struct journal_rules ours = old_rules("h", NULL, 0);
	struct journal_limit limit = { 1, 9, 1, &ours };
	struct journal_limits limits = { &limit, 1, &ours, 1 };
	int64_t due = 0;

	(void)state;
	append_sample(journal, "h", 1, "");
	note_change(journal, "h", &change);
	append_sample(journal, "h", 2, "");
	assert_int_equal(journal_claim_due(journal, &limits, now(), &claim),
	    RC_MISSING);
	assert_false(claim.unmoved);
	assert_int_equal(journal_next_due(journal, &limits, now(), &due),
	    RC_OK);
	assert_true(due == CLOCK_NEVER);
	assert_int_equal(move_all(journal, &limits, &change.way), 1);
	assert_int_equal(change.way.calls, 0);
	move_all(journal, &change.limits, &change.way);
	assert_int_equal(change.way.calls, 2);
	expect(journal, &change.limits, 1, JOURNAL_FINISH);
	expect(journal, &change.limits, 2, JOURNAL_FINISH);
	journal_close(journal);
}

static void
an_operators_retry_goes_where_the_rules_of_now_say(void **state)
{
	struct journal *journal = open_lane();
	struct journal_claim claim;
	struct change change;
	char id[UUID_SIZE];

	(void)state;
	append_sample(journal, "h", 1, "");
	assert_int_equal(claim_number(journal, &one, &claim), 1);
	snprintf(id, sizeof(id), "%s", claim.deliveries[0].event.receipt.id);
	settle(journal, &claim, JOURNAL_MARK_DEAD);
	note_change(journal, "h", &change);
	move_all(journal, &change.limits, &change.way);
	assert_int_equal(change.way.calls, 0);
	assert_int_equal(journal_retry(journal, id, now(), NULL), RC_OK);
	expect_unmoved(journal, &change.limits);
	move_all(journal, &change.limits, &change.way);
	expect(journal, &change.limits, 1, JOURNAL_FINISH);
	journal_close(journal);
}

/* The one of three deliveries that is open has no line any more. */
static enum rc
look_at_three(void *context, const struct journal_rules *rules,
    const struct journal_event *event, struct journal_moving *list, size_t n)
{
	(void)rules;
	assert_true(bytes_is(event->body, "{\"n\":1}"));
	assert_int_equal(n, 3);
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(list[i].ordinal, i);
		assert_int_equal(list[i].open, i == 2);
	}
	assert_string_equal(list[0].lane, sample_lane);
	assert_string_equal(list[1].lane, sample_lane);
	assert_null(list[2].lane);
	list[2].route = (struct journal_route){ .lane = "", .line = -1 };
	++*(unsigned *)context;
	return RC_OK;
}

static void
a_router_sees_all_of_an_event_and_may_say_that_no_line_takes_it(void **state)
{
	struct journal *journal = open_lane();
	unsigned calls = 0;
	const struct journal_router router = { look_at_three, &calls };
	struct journal_claim claim;
	struct change change;
	struct sample sample;
	bool more = true;

	(void)state;
	fill_sample(&sample, "h", 1);
	sample.entry.routes_len = 3;
	assert_int_equal(append_and_wait(journal, &sample.entry), RC_OK);
	expect(journal, &one, 1, JOURNAL_FINISH);
	expect(journal, &one, 1, JOURNAL_MARK_DEAD);
	execute("UPDATE deliveries SET lane = 0 WHERE seq = 3");
	note_change(journal, "h", &change);
	assert_int_equal(journal_move(journal, &change.limits, &router, now(),
			     &more),
	    RC_OK);
	assert_false(more);
	assert_int_equal(calls, 1);
	expect_nothing(journal, &change.limits);
	change.limit.lane = change.lanes[1].id;
	assert_int_equal(claim_number(journal, &change.limits, &claim), 1);
	assert_int_equal(claim.deliveries[0].ordinal, 2);
	assert_int_equal(claim.deliveries[0].line, -1);
	settle(journal, &claim, JOURNAL_FINISH);
	journal_close(journal);
}

static enum rc
lack_memory(void *context, const struct journal_rules *rules,
    const struct journal_event *event, struct journal_moving *list, size_t n)
{
	(void)context;
	(void)rules;
	(void)event;
	(void)list;
	(void)n;
	return RC_MEMORY;
}

static void
a_step_that_fails_changes_nothing(void **state)
{
	static const struct journal_router router = { lack_memory, NULL };
	struct journal *journal = open_lane();
	struct change change;
	bool more = true;

	(void)state;
	append_sample(journal, "h", 1, "");
	note_change(journal, "h", &change);
	assert_int_equal(journal_move(journal, &change.limits, &router, now(),
			     &more),
	    RC_MEMORY);
	expect_unmoved(journal, &change.limits);
	move_all(journal, &change.limits, &change.way);
	expect(journal, &change.limits, 1, JOURNAL_FINISH);
	journal_close(journal);
}

/* The second of three is damaged: it is dead, and the others are moved. */
static void
what_is_damaged_holds_no_move_up(void **state)
{
	static const char *const dead[] = { "events SET digest = 'x'",
		"events SET hook = 'i'", "events SET name = x'00'",
		"bodies SET body = 'text'", "deliveries SET event = 77",
		"deliveries SET event = 'x'", "deliveries SET ordinal = -1",
		"deliveries SET key = x'00'" };
	static const char *const mended[] = { "deliveries SET lane = 77",
		"deliveries SET lane = 'x'", "deliveries SET line = 'x'",
		"deliveries SET line = -7", "lanes SET key = x'00'",
		"lanes SET hook = 'i'" };
	size_t damaged = 0;
	struct change change;

	(void)state;
	for (size_t i = 0; i < COUNT(dead) + COUNT(mended); i++) {
		struct journal *journal = open_lane();
		bool dies = i < COUNT(dead);
		const char *what = dies ? dead[i] : mended[i - COUNT(dead)];

		for (unsigned n = 1; n <= 3; n++)
			append_sample(journal, "h", n, "k");
		if (!damage(what, strncmp(what, "lanes", 5) == 0 ? 1 : 2))
			goto next;
		damaged++;
		note_change(journal, "h", &change);
		change.way.order = "k";
		move_all(journal, &change.limits, &change.way);
		for (int n = 1; n <= 3; n++)
			if (n != 2 || !dies)
				expect(journal, &change.limits, n,
				    JOURNAL_FINISH);
		expect_nothing(journal, &change.limits);
		assert_int_equal(
		    count_rows(journal,
			"SELECT count(*) FROM attempts WHERE delivery = 2"
			" AND outcome = 'damaged'"),
		    dies);
	next:
		journal_close(journal);
		remove_journal();
	}
	assert_true(damaged >= 5);
}

/* Whatever is noted of how far a move came, it comes to its end. */
static void
a_move_that_lost_its_place_begins_anew(void **state)
{
	static const char *const places[] = { "moved = -5",
		"move_to = 9223372036854775807", "move_to = 'x'",
		"moved = 1.5, move_to = 1e300", "move_to = x'00'" };
	enum { OF_THEIR_TYPE = 2 };
	char statement[128];
	struct change change;

	(void)state;
	for (size_t i = 0; i < COUNT(places); i++) {
		if (i == OF_THEIR_TYPE)
			only_of_a_file();

		struct journal *journal = open_lane();

		append_sample(journal, "h", 1, "");
		note_change(journal, "h", &change);
		snprintf(statement, sizeof(statement), "UPDATE rules SET %s",
		    places[i]);
		execute(statement);
		move_all(journal, &change.limits, &change.way);
		expect(journal, &change.limits, 1, JOURNAL_FINISH);
		journal_close(journal);
		remove_journal();
	}
}

/* What was in it is found again when the rules are noted the next time. */
static void
a_lane_that_was_lost_is_made_anew(void **state)
{
	struct journal *journal = open_lane();
	struct change change;

	(void)state;
	note_change(journal, "h", &change);
	append_new(journal, 1, "");
	execute("DELETE FROM lanes WHERE key = 'x'; UPDATE lanes SET id = 9"
		" WHERE key = ''");
	journal_close(journal);
	journal = open_journal();
	note_change(journal, "h", &change);
	assert_in_range(change.lanes[0].id, 3, 10);
	expect_unmoved(journal, &change.limits);
	move_all(journal, &change.limits, &change.way);
	expect(journal, &change.limits, 1, JOURNAL_FINISH);
	journal_close(journal);
}

/* As another program would that does not know the index. */
static void
change_unnoticed(const char *index, const char *statement)
{
	char text[256];

	for (int i = 0; i < 2; i++) {
		snprintf(text, sizeof(text),
		    "PRAGMA writable_schema=ON; UPDATE sqlite_master"
		    " SET sql = replace(sql, ' WHERE %s', ' WHERE %s')"
		    " WHERE name = '%s'",
		    i == 0 ? "" : "0 AND ", i == 0 ? "0 AND " : "", index);
		execute(text);
		if (i == 0)
			execute(statement);
	}
}

/* What is not where an index leads to would be met for ever. */
static void
a_wrong_index_is_no_endless_move(void **state)
{
	static const struct {
		const char *index;
		const char *change;
	} cases[] = {
		{ "deliveries_unrouted", "UPDATE deliveries SET line = 0" },
		{ "rules_moving", "UPDATE rules SET moved = 1, move_to = 1" },
	};
	struct change change;
	bool more = true;

	(void)state;
	only_of_a_file();
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct journal_router router = { go_this_way,
			&change.way };
		struct journal *journal = open_lane();

		append_sample(journal, "h", 1, "");
		note_change(journal, "h", &change);
		if (i == 0) {
			move_all(journal, &change.limits, &change.way);
			append_sample(journal, "h", 2, "");
		}
		journal_close(journal);
		change_unnoticed(cases[i].index, cases[i].change);
		journal = open_journal();
		assert_int_equal(journal_move(journal, &change.limits, &router,
				     now(), &more),
		    RC_CORRUPT);
		journal_close(journal);
		remove_journal();
	}
}

static void
large_events_are_moved_in_smaller_steps(void **state)
{
	struct journal *journal = open_lane();
	struct change change;

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		append_large(journal, "h", i);
	note_change(journal, "h", &change);
	assert_int_equal(move_all(journal, &change.limits, &change.way), 4);
	for (int i = 0; i < 4; i++)
		expect(journal, &change.limits, i, JOURNAL_FINISH);
	journal_close(journal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_claimed_before_all_is_where_new_rules_say),
		TEST(other_hooks_go_on_meanwhile),
		TEST(a_move_of_many_steps_keeps_their_order),
		TEST(what_is_moved_costs_the_same_however_much_it_is),
		TEST(two_keys_may_become_one_and_one_may_become_none),
		TEST(what_runs_is_moved_too),
		TEST(what_was_stored_by_other_rules_is_moved_first),
		TEST(what_others_have_rules_for_is_left_to_them),
		TEST(an_operators_retry_goes_where_the_rules_of_now_say),
		TEST(
		    a_router_sees_all_of_an_event_and_may_say_that_no_line_takes_it),
		TEST(a_step_that_fails_changes_nothing),
		TEST(what_is_damaged_holds_no_move_up),
		TEST(a_move_that_lost_its_place_begins_anew),
		TEST(a_lane_that_was_lost_is_made_anew),
		TEST(a_wrong_index_is_no_endless_move),
		TEST(large_events_are_moved_in_smaller_steps),
	};

	return cmocka_run_group_tests_name("move", tests, NULL, NULL);
}
