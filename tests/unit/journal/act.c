/* SPDX-License-Identifier: ISC */
#include "../journal.h"

/* What of an action is asked for. */
static struct journal_action
action_of(const char *action)
{
	return (struct journal_action){
		.time = now(),
		.who = "ann",
		.action = action,
		.target = "view=events",
	};
}

static enum rc
act_on(struct journal *journal, const char *what, const char *id,
    struct journal_acted *acted)
{
	struct journal_action action = action_of(what);
	struct journal_act wanted = { .action = &action, .id = id };

	*acted = (struct journal_acted){ 0 };
	return journal_act(journal, &wanted, now(), acted);
}

/* All steps; how many. */
static unsigned
act_on_all(struct journal *journal, const char *what,
    const struct journal_search *search, struct journal_acted *acted)
{
	struct journal_action action = action_of(what);
	struct journal_act wanted = { .action = &action, .search = search };
	unsigned steps = 0;

	*acted = (struct journal_acted){ 0 };
	do {
		assert_int_equal(journal_act(journal, &wanted, now(), acted),
		    RC_OK);
		steps++;
	} while (acted->more);
	return steps;
}

static void
expect_kept(struct journal *journal, int64_t seq, const char *text)
{
	struct journal_action action;
	struct pool pool = { 0 };
	char got[512];

	assert_int_equal(journal_action_find(journal, seq, &pool, &action),
	    RC_OK);
	assert_int_equal(action.seq, seq);
	assert_in_range(action.time, 1, now());
	assert_int_equal(action.until != 0, strcmp(action.action, "mute") == 0);
	snprintf(got, sizeof(got), "%s %s %s %lld %lld %s", action.who,
	    action.action, action.target, (long long)action.matched,
	    (long long)action.done, action.why);
	assert_string_equal(got, text);
	pool_free(&pool);
}

/* An event whose deliveries are in these states, by seq of the first. */
static void
append_in_states(struct journal *journal, const char *states,
    char id[UUID_SIZE])
{
	struct sample sample;
	char text[128];
	int64_t seq;

	fill_sample(&sample, "h", 1);
	sample.entry.routes_len = strlen(states);
	assert_int_equal(append_and_wait(journal, &sample.entry), RC_OK);
	memcpy(id, sample.receipt.id, UUID_SIZE);
	seq = query("SELECT min(seq) FROM deliveries WHERE event ="
		    " (SELECT max(seq) FROM events)");
	for (size_t i = 0; states[i] != '\0'; i++) {
		snprintf(text, sizeof(text),
		    "UPDATE deliveries SET state = %c, finished = %d"
		    " WHERE seq = %lld",
		    states[i], states[i] > '1', (long long)seq + (int)i);
		execute(text);
	}
}

static void
expect_states(const char *text)
{
	char got[32] = "";
	char statement[128];

	for (int i = 0; i <= JOURNAL_DROPPED; i++) {
		snprintf(statement, sizeof(statement),
		    "SELECT count(*) FROM deliveries WHERE state = %d", i);
		snprintf(got + strlen(got), sizeof(got) - strlen(got),
		    i == 0 ? "%lld" : " %lld", (long long)query(statement));
	}
	assert_string_equal(got, text);
}

static void
what_is_done_to_an_event_is_kept(void **state)
{
	struct journal *journal = open_lane();
	struct journal_acted acted;
	char id[UUID_SIZE];

	(void)state;
	append_in_states(journal, "324", id);
	assert_int_equal(act_on(journal, "retry", id, &acted), RC_OK);
	assert_int_equal(acted.matched, 3);
	assert_int_equal(acted.done, 2);
	assert_int_equal(acted.left.was[JOURNAL_DONE], 1);
	assert_false(acted.more);
	expect_kept(journal, acted.seq,
	    "ann retry view=events 3 2 1 was done before");
	expect_states("2 0 1 0 0");
	/* It was lost to somebody else. */
	assert_int_equal(act_on(journal, "retry", id + 28, &acted), RC_OK);
	assert_int_equal(acted.done, 0);
	expect_kept(journal, acted.seq,
	    "ann retry view=events 3 0 2 are queued already, 1 was done "
	    "before");
	assert_int_equal(act_on(journal, "drop", id, &acted), RC_OK);
	assert_int_equal(acted.done, 2);
	expect_states("0 0 1 0 2");
	assert_int_equal(act_on(journal, "drop", id, &acted), RC_OK);
	assert_int_equal(acted.matched, 3);
	assert_int_equal(acted.done, 0);
	expect_kept(journal, acted.seq,
	    "ann drop view=events 3 0 1 was done before, 2 were dropped "
	    "before");
	journal_close(journal);
}

static void
what_runs_is_left_and_said(void **state)
{
	struct journal *journal = open_lane();
	struct journal_acted acted;
	char id[UUID_SIZE];

	(void)state;
	append_in_states(journal, "103", id);
	assert_int_equal(act_on(journal, "drop", id, &acted), RC_OK);
	assert_int_equal(acted.done, 0);
	assert_int_equal(acted.left.was[JOURNAL_RUNNING], 1);
	expect_kept(journal, acted.seq,
	    "ann drop view=events 3 0 1 is running, 1 stays while others run,"
	    " 1 that is dead stays while others run");
	expect_states("1 1 0 1 0");
	assert_int_equal(act_on(journal, "retry", id, &acted), RC_OK);
	expect_kept(journal, acted.seq,
	    "ann retry view=events 3 1 1 is queued already, 1 is running");
	journal_close(journal);
}

static void
what_is_not_there_is_not_kept(void **state)
{
	static char target[JOURNAL_TARGET_SIZE + 1];
	struct journal *journal = open_lane();
	struct journal_action action = action_of("retry");
	struct journal_search all = { .state = -1 };
	struct journal_act wanted = { .action = &action, .search = &all };
	struct journal_acted acted = { 0 };
	struct pool pool = { 0 };
	char id[UUID_SIZE];

	(void)state;
	append_in_states(journal, "3", id);
	append_in_states(journal, "3", id);
	assert_int_equal(act_on(journal, "retry", "ffffffff-ffff", &acted),
	    RC_MISSING);
	assert_int_equal(act_on(journal, "drop", "0", &acted), RC_RANGE);
	memset(target, 'x', sizeof(target) - 1);
	action.target = target;
	assert_int_equal(journal_act(journal, &wanted, now(), &acted),
	    RC_RANGE);
	only_of_a_file();
	execute("UPDATE deliveries SET attempts = 0, state = 'x'"
		" WHERE seq = 2");
	assert_int_equal(act_on(journal, "retry", id, &acted), RC_CORRUPT);
	assert_int_equal(act_on(journal, "drop", id, &acted), RC_CORRUPT);
	assert_int_equal(query("SELECT count(*) FROM actions"), 0);
	assert_int_equal(journal_action_find(journal, 1, &pool, &action),
	    RC_MISSING);
	expect_states("0 0 0 1 0");
	/* The longest that there may be. */
	target[JOURNAL_TARGET_SIZE - 1] = '\0';
	acted = (struct journal_acted){ 0 };
	assert_int_equal(journal_act(journal, &wanted, now(), &acted), RC_OK);
	assert_int_equal(journal_action_find(journal, acted.seq, &pool,
			     &action),
	    RC_OK);
	assert_string_equal(action.target, target);
	pool_free(&pool);
	journal_close(journal);
}

static void
all_that_a_search_finds_is_done_in_small_steps(void **state)
{
	struct journal *journal = open_lane();
	struct journal_search dead = { .state = JOURNAL_DEAD };
	struct journal_acted acted;

	(void)state;
	for (unsigned i = 0; i < 450; i++)
		append_sample(journal, "h", i, "");
	execute("UPDATE deliveries SET state = 3, finished = 1;"
		"UPDATE deliveries SET state = 2 WHERE seq % 45 = 0;"
		"UPDATE opens SET events = 0;"
		"INSERT INTO tallies VALUES('h', 'pipeline_run_error', 2, 10)");
	assert_in_range(act_on_all(journal, "retry", &dead, &acted), 3, 4);
	assert_int_equal(acted.matched, 440);
	assert_int_equal(acted.done, 440);
	expect_kept(journal, acted.seq, "ann retry view=events 440 440 ");
	assert_int_equal(query("SELECT count(*) FROM actions"), 1);
	expect_counts(journal, "h queued 440 h done 10 ");
	expect_backlog(journal, "h 440 ");
	/* Where nothing is left it is kept that nothing was done. */
	assert_int_equal(act_on_all(journal, "retry", &dead, &acted), 1);
	expect_kept(journal, acted.seq, "ann retry view=events 0 0 ");
	dead.state = -1;
	dead.event = "pipeline_run_error";
	assert_in_range(act_on_all(journal, "drop", &dead, &acted), 3, 4);
	expect_kept(journal, acted.seq,
	    "ann drop view=events 450 440 10 were done before");
	expect_counts(journal, "h done 10 h dropped 440 ");
	expect_backlog(journal, "");
	journal_close(journal);
}

/* A step ends between events, and the next begins there. */
static void
a_step_changes_so_many_deliveries(void **state)
{
	struct journal *journal = open_lane();
	struct journal_search queued = { .state = JOURNAL_QUEUED };
	struct journal_action action = action_of("drop");
	struct journal_act wanted = { .action = &action, .search = &queued };
	struct journal_acted acted = { 0 };
	struct sample sample;

	(void)state;
	for (unsigned i = 0; i < 90; i++) {
		fill_sample(&sample, "h", i);
		sample.entry.routes_len = 3;
		assert_int_equal(append_and_wait(journal, &sample.entry),
		    RC_OK);
	}
	assert_int_equal(journal_act(journal, &wanted, now(), &acted), RC_OK);
	assert_true(acted.more);
	assert_int_equal(acted.done, 201);
	assert_int_equal(journal_act(journal, &wanted, now(), &acted), RC_OK);
	assert_false(acted.more);
	assert_int_equal(acted.done, 270);
	expect_states("0 0 0 0 270");
	journal_close(journal);
}

/* Along rows that do not match, too: it comes to the end. */
static void
a_step_looks_at_so_many_rows_and_the_next_goes_on(void **state)
{
	struct journal *journal = open_lane();
	struct journal_search search = { .state = -1, .event = "other" };
	struct journal_acted acted;

	(void)state;
	for (unsigned i = 0; i < 5000; i++)
		append_sample(journal, "h", i, "");
	execute("UPDATE events SET name = 'other' WHERE seq IN (1, 3000)");
	assert_int_equal(act_on_all(journal, "drop", &search, &acted), 3);
	expect_kept(journal, acted.seq, "ann drop view=events 2 2 ");
	expect_states("4998 0 0 0 2");
	journal_close(journal);
}

static void
what_is_done_is_put_back_only_where_it_is_asked_for(void **state)
{
	struct journal *journal = open_lane();
	struct journal_search search = { .state = -1 };
	struct journal_acted acted;
	char id[UUID_SIZE];

	(void)state;
	append_in_states(journal, "01234", id);
	execute("UPDATE deliveries SET since = 5, due = 50 WHERE state = 0");
	append_in_states(journal, "0", id);
	execute("INSERT INTO tallies VALUES('h', 'pipeline_run_error', 2, 1),"
		"('h', 'pipeline_run_error', 4, 1)");
	act_on_all(journal, "retry", &search, &acted);
	assert_int_equal(acted.matched, 6);
	assert_int_equal(acted.done, 3);
	expect_kept(journal, acted.seq,
	    "ann retry view=events 6 3 1 is queued already, 1 is running, "
	    "1 was done before");
	search.state = JOURNAL_DONE;
	act_on_all(journal, "retry", &search, &acted);
	expect_kept(journal, acted.seq, "ann retry view=events 1 1 ");
	expect_states("5 1 0 0 0");
	search.state = JOURNAL_RUNNING;
	act_on_all(journal, "drop", &search, &acted);
	expect_kept(journal, acted.seq,
	    "ann drop view=events 1 0 1 is running");
	journal_close(journal);
}

/* What came or ended since the page was shown is left alone. */
static void
only_what_was_shown_is_touched(void **state)
{
	struct journal *journal = open_lane();
	struct journal_search search = { .state = JOURNAL_DEAD,
		.deed = JOURNAL_DEED_RETRY };
	struct journal_search_count count;
	struct journal_acted acted;
	char id[UUID_SIZE];

	(void)state;
	append_in_states(journal, "330", id);
	append_in_states(journal, "33", id);
	assert_int_equal(journal_search_count(journal, &search, &count), RC_OK);
	assert_int_equal(count.deliveries, 4);
	assert_int_equal(count.taken, 4);
	/* One that ends after that, and one that comes. */
	execute("UPDATE deliveries SET state = 3,"
		" finished = 9999999999999 WHERE state = 0");
	append_in_states(journal, "3", id);
	search.shown = count.shown;
	act_on_all(journal, "retry", &search, &acted);
	expect_kept(journal, acted.seq, "ann retry view=events 4 4 ");
	expect_states("4 0 0 2 0");
	/* The newest of them, where there are fewer than were counted. */
	search.shown = (struct journal_shown){ .count = 1 };
	act_on_all(journal, "drop", &search, &acted);
	expect_kept(journal, acted.seq, "ann drop view=events 1 1 ");
	assert_int_equal(query("SELECT state FROM deliveries WHERE seq = 6"),
	    JOURNAL_DROPPED);
	expect_states("4 0 0 1 1");
	journal_close(journal);
}

/* A little later than any that a test shows. */
#define SOON "(SELECT max(received) + 30000 FROM events)"

/* What happened to one of two between the question and the answer; both match
 * in the end. */
static void
what_changed_since_it_was_shown_is_left(void **state)
{
	static const struct {
		const char *states;
		const char *action;
		int state;
		const char *change;
		const char *kept;
	} cases[] = {
		{ "04", "drop", JOURNAL_QUEUED, "", "1 1 " },
		{ "40", "drop", -1, "", "2 1 1 was dropped before" },
		/* It is claimed; or put back, and claimed. */
		{ "302", "drop", -1,
		    "UPDATE deliveries SET state = 1 WHERE seq = 2",
		    "3 1 1 is running, 1 was done before" },
		{ "342", "drop", -1,
		    "UPDATE deliveries SET state = 1 WHERE seq = 2",
		    "3 1 1 is running, 1 was done before" },
		{ "10", "drop", -1,
		    "UPDATE deliveries SET state = 2,"
		    " finished = " SOON " WHERE seq = 1",
		    "2 1 1 had changed meanwhile" },
		/* It fails, and waits for a retry. */
		{ "00", "drop", JOURNAL_QUEUED,
		    "UPDATE deliveries SET since = " SOON ", due = 1 + " SOON
		    " WHERE seq = 1",
		    "2 1 1 had changed meanwhile" },
		{ "33", "retry", -1, "UPDATE deliveries SET finished = " SOON,
		    "2 0 2 had changed meanwhile" },
		{ "333", "retry", JOURNAL_DEAD,
		    "UPDATE deliveries SET state = 1 WHERE seq = 2",
		    "3 2 1 had changed meanwhile" },
	};
	struct journal_acted acted;
	char id[UUID_SIZE];
	char text[128];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct journal *journal = open_lane();
		struct journal_search search = { .state = cases[i].state,
			.deed = cases[i].action[0] == 'd' ?
			    JOURNAL_DEED_DROP :
			    JOURNAL_DEED_RETRY };
		struct journal_search_count count;

		append_in_states(journal, cases[i].states, id);
		assert_int_equal(journal_search_count(journal, &search, &count),
		    RC_OK);
		execute(cases[i].change);
		search.shown = count.shown;
		act_on_all(journal, cases[i].action, &search, &acted);
		snprintf(text, sizeof(text), "ann %s view=events %s",
		    cases[i].action, cases[i].kept);
		expect_kept(journal, acted.seq, text);
		journal_close(journal);
		remove_journal();
	}
}

/* One that was given up before, and is put back by hand, is not the one that
 * was shown, though it is queued as that was. */
static void
what_was_put_back_by_hand_since_it_was_shown_is_left(void **state)
{
	struct journal *journal = open_lane();
	struct journal_search search = { .state = -1,
		.deed = JOURNAL_DEED_DROP };
	struct journal_search_count count;
	struct journal_states done;
	struct journal_acted acted;
	char first[UUID_SIZE];
	char second[UUID_SIZE];

	(void)state;
	append_in_states(journal, "0", first);
	append_in_states(journal, "4", second);
	assert_int_equal(journal_search_count(journal, &search, &count), RC_OK);
	assert_int_equal(count.shown.count, 1);
	assert_int_equal(journal_retry(journal, second, count.shown.time + 1,
			     &done),
	    RC_OK);
	/* It ran once more, and failed again, by another clock. */
	execute("UPDATE deliveries SET state = 3, finished = 1 WHERE seq = 2");
	search.shown = count.shown;
	act_on_all(journal, "drop", &search, &acted);
	expect_kept(journal, acted.seq,
	    "ann drop view=events 2 1 1 had changed meanwhile");
	expect_states("0 0 0 1 1");
	assert_int_equal(query("SELECT state FROM deliveries WHERE seq = 1"),
	    JOURNAL_DROPPED);
	journal_close(journal);
}

/* What was shown by then; what is done comes after that. */
static struct journal_shown
show(struct journal *journal, const struct journal_search *search)
{
	struct journal_search_count count;

	assert_int_equal(journal_search_count(journal, search, &count), RC_OK);
	while (now() <= count.shown.time)
		continue;
	return count.shown;
}

/* And by whoever comes second. */
static void
what_could_not_be_changed_is_told_with_what_was(void **state)
{
	struct journal *journal = open_lane();
	struct journal_search search = { .state = -1,
		.deed = JOURNAL_DEED_DROP };
	struct journal_acted acted;
	char id[UUID_SIZE];

	(void)state;
	append_in_states(journal, "232", id);
	append_in_states(journal, "40", id);
	append_in_states(journal, "3", id);
	search.shown = show(journal, &search);
	assert_int_equal(search.shown.matched, 6);
	assert_int_equal(search.shown.count, 3);
	append_in_states(journal, "320", id);
	act_on_all(journal, "drop", &search, &acted);
	expect_kept(journal, acted.seq,
	    "ann drop view=events 6 3 2 were done before, 1 was dropped "
	    "before");
	expect_states("1 0 3 1 4");
	act_on_all(journal, "drop", &search, &acted);
	expect_kept(journal, acted.seq,
	    "ann drop view=events 6 0 2 were done before, 1 was dropped "
	    "before, 3 had changed meanwhile");
	/* Whatever a form says matched. */
	search.shown.matched = 1;
	act_on_all(journal, "drop", &search, &acted);
	expect_kept(journal, acted.seq,
	    "ann drop view=events 3 0 2 were done before, 1 was dropped "
	    "before");
	expect_states("1 0 3 1 4");
	journal_close(journal);
}

static void
what_could_not_be_changed_is_told_once_over_all_steps(void **state)
{
	struct journal *journal = open_lane();
	struct journal_search search = { .state = -1,
		.deed = JOURNAL_DEED_RETRY };
	struct journal_acted acted;

	(void)state;
	for (unsigned i = 0; i < 5000; i++)
		append_sample(journal, "h", i, "");
	execute("UPDATE deliveries SET state = CASE WHEN seq % 10 = 0 THEN 3"
		" ELSE 2 END, finished = 1");
	search.shown = show(journal, &search);
	assert_in_range(act_on_all(journal, "retry", &search, &acted), 3, 8);
	expect_kept(journal, acted.seq,
	    "ann retry view=events 5000 500 4500 were done before");
	assert_int_equal(query("SELECT count(*) FROM actions"), 1);
	expect_states("500 0 4500 0 0");
	journal_close(journal);
}

/* Where a question had no time or no room for all of it, what is older was not
 * shown, and does not take the place of what has changed. */
static void
what_is_older_than_what_was_looked_at_is_left(void **state)
{
	static const struct {
		struct journal_search search;
		const char *kept;
	} cases[] = {
		{ { .state = JOURNAL_DEAD, .looks = 3 },
		    "3 2 1 had changed meanwhile, what is older was "
		    "not looked at" },
		{ { .state = -1, .looks = 3 },
		    "3 2 1 had changed meanwhile, what is older was "
		    "not looked at" },
		{ { .state = -1, .looks = 3, .since = 1 },
		    "3 2 1 had changed meanwhile, what is older was "
		    "not looked at" },
		{ { .state = -1, .most = 3 },
		    "3 2 1 had changed meanwhile, what is older was "
		    "not looked at" },
		{ { .state = JOURNAL_DEAD, .most = 3 },
		    "3 2 1 had changed meanwhile, what is older was "
		    "not looked at" },
	};
	struct journal_acted acted;
	char id[UUID_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct journal *journal = open_lane();
		struct journal_search search = cases[i].search;
		char text[128];

		search.deed = JOURNAL_DEED_DROP;
		for (int n = 0; n < 6; n++)
			append_in_states(journal, n == 0 ? "2" : "3", id);
		search.shown = show(journal, &search);
		assert_int_equal(search.shown.count, 3);
		assert_true(search.shown.last[0] != '\0');
		assert_int_equal(journal_retry(journal, id, now(), NULL),
		    RC_OK);
		act_on_all(journal, "drop", &search, &acted);
		snprintf(text, sizeof(text), "ann drop view=events %s",
		    cases[i].kept);
		expect_kept(journal, acted.seq, text);
		/* By a step that would begin there, too. */
		search.before = search.shown.last;
		act_on_all(journal, "drop", &search, &acted);
		assert_int_equal(acted.done, 0);
		journal_close(journal);
		remove_journal();
	}
}

/* Who acts at the same time, over a journal of their own. */
struct operator
{
	const struct journal_search *search;
	const char *action;
	struct journal_acted acted;
};

static void *
operate(void *context)
{
	struct operator* operator= context;
	struct journal *journal = open_journal();

	act_on_all(journal, operator->action, operator->search,
	    &operator->acted);
	journal_close(journal);
	return NULL;
}

static void
two_operators_do_nothing_twice(void **state)
{
	struct journal *journal = open_lane();
	const struct journal_search dead = { .state = JOURNAL_DEAD };
	struct operator them[] = { { &dead, "retry", { 0 } },
		{ &dead, "drop", { 0 } }, { &dead, "retry", { 0 } } };
	pthread_t threads[COUNT(them)];
	enum { EVENTS = 1500 };
	int64_t done = 0;

	(void)state;
	/* Under it nobody waits for a turn that another thread has. */
	if (is_under_valgrind()) {
		journal_close(journal);
		skip();
	}
	for (unsigned i = 0; i < EVENTS; i++)
		append_sample(journal, "h", i, "");
	execute("UPDATE deliveries SET state = 3, finished = 1;"
		"UPDATE opens SET events = 0");
	for (size_t i = 0; i < COUNT(them); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, operate,
				     &them[i]),
		    0);
	for (size_t i = 0; i < COUNT(them); i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(them[i].acted.done, them[i].acted.matched);
		done += them[i].acted.done;
	}
	assert_int_equal(done, EVENTS);
	assert_int_equal(query("SELECT count(*) FROM actions"), 3);
	assert_int_equal(query("SELECT sum(done) FROM actions"), EVENTS);
	assert_int_equal(query("SELECT count(*) FROM deliveries"
			       " WHERE state = 4"),
	    them[1].acted.done);
	assert_int_equal(query("SELECT coalesce(sum(deliveries), 0)"
			       " FROM tallies WHERE state = 4"),
	    them[1].acted.done);
	assert_int_equal(query("SELECT coalesce(sum(events), 0) FROM opens"),
	    EVENTS - them[1].acted.done);
	journal_close(journal);
}

/* Between two steps another process claims one and is done with another. */
static void
what_is_claimed_between_two_steps_is_left(void **state)
{
	struct journal *journal = open_lane();
	struct journal *other = open_journal();
	struct journal_action action = action_of("drop");
	struct journal_search search = { .state = -1 };
	struct journal_act wanted = { .action = &action, .search = &search };
	struct journal_acted acted = { 0 };
	struct journal_claim claim;

	(void)state;
	for (unsigned i = 1; i <= 300; i++)
		append_sample(journal, "h", i, "");
	assert_int_equal(journal_act(journal, &wanted, now(), &acted), RC_OK);
	assert_true(acted.more);
	/* What it has come to is there for all to see. */
	expect_kept(other, acted.seq, "ann drop view=events 200 200 ");
	expect(other, &one, 1, JOURNAL_FINISH);
	assert_int_equal(claim_number(other, &one, &claim), 2);
	while (acted.more)
		assert_int_equal(journal_act(journal, &wanted, now(), &acted),
		    RC_OK);
	expect_kept(journal, acted.seq,
	    "ann drop view=events 300 298 1 is running, 1 was done before");
	settle(other, &claim, JOURNAL_FINISH);
	expect_counts(journal, "h done 2 h dropped 298 ");
	expect_backlog(journal, "");
	journal_close(other);
	journal_close(journal);
}

static void
a_damaged_delivery_is_passed_over_and_said(void **state)
{
	struct journal *journal = open_lane();
	struct journal_search search = { .state = JOURNAL_DEAD };
	struct journal_acted acted;
	char id[UUID_SIZE];

	(void)state;
	only_of_a_file();
	append_in_states(journal, "33", id);
	append_in_states(journal, "3", id);
	execute("UPDATE deliveries SET key = 'x' WHERE seq = 2;"
		"UPDATE events SET received = 'y' WHERE seq = 2");
	act_on_all(journal, "drop", &search, &acted);
	assert_int_equal(acted.damaged, 1);
	expect_kept(journal, acted.seq,
	    "ann drop view=events 2 2 1 is damaged");
	expect_states("0 0 0 1 2");
	assert_int_equal(act_on(journal, "drop", "0", &acted), RC_RANGE);
	journal_close(journal);
}

static void
whoever_it_was_is_kept_in_whole_characters(void **state)
{
	struct journal *journal = open_lane();
	struct journal_search none = { .state = -1 };
	struct journal_action action = action_of("drop");
	struct journal_act wanted = { .action = &action, .search = &none };
	struct journal_acted acted = { 0 };
	struct pool pool = { 0 };
	char who[400];

	(void)state;
	/* 254 bytes, and then one character of two. */
	memset(who, 'a', sizeof(who));
	memcpy(who + JOURNAL_WHO_SIZE - 2, "\xc3\xa4!", 4);
	action.who = who;
	action.target = "q=\x01\xff'\";<b>";
	assert_int_equal(journal_act(journal, &wanted, 7, &acted), RC_OK);
	assert_int_equal(journal_action_find(journal, acted.seq, &pool,
			     &action),
	    RC_OK);
	only_of_a_file();
	assert_int_equal(strlen(action.who), JOURNAL_WHO_SIZE - 2);
	assert_string_equal(action.target, "q=\x01\xff'\";<b>");
	/* What is no UTF-8 is kept as it is. */
	memset(who, 0xe4, sizeof(who));
	who[sizeof(who) - 1] = '\0';
	action.who = who;
	acted = (struct journal_acted){ 0 };
	assert_int_equal(journal_act(journal, &wanted, 7, &acted), RC_OK);
	assert_int_equal(journal_action_find(journal, acted.seq, &pool,
			     &action),
	    RC_OK);
	assert_int_equal(strlen(action.who), JOURNAL_WHO_SIZE - 1);
	assert_int_equal((unsigned char)action.who[254], 0xe4);
	pool_free(&pool);
	journal_close(journal);
}

static enum rc
add_action(void *context, const struct journal_action *action)
{
	return buf_printf(context, "%lld:%s ", (long long)action->seq,
	    action->action);
}

static void
expect_actions(struct journal *journal, int64_t before, int64_t limit,
    const char *text)
{
	struct buf got = { 0 };

	assert_int_equal(buf_text(&got, ""), RC_OK);
	(void)journal_actions(journal, before, limit, add_action, &got);
	assert_string_equal(got.data, text);
	buf_free(&got);
}

static void
actions_are_listed_newest_first(void **state)
{
	struct journal *journal = open_lane();
	struct journal_search none = { .state = -1 };
	struct journal_acted acted;
	struct journal_action action;
	struct pool pool = { 0 };
	struct buf got = { 0 };

	(void)state;
	for (int i = 0; i < 5; i++)
		act_on_all(journal, i % 2 == 0 ? "drop" : "retry", &none,
		    &acted);
	expect_actions(journal, 0, 2, "5:drop 4:retry ");
	expect_actions(journal, 4, 9, "3:drop 2:retry 1:drop ");
	/* Damaged ones are passed over. */
	only_of_a_file();
	execute("UPDATE actions SET who = x'00' WHERE seq = 5;"
		"UPDATE actions SET done = -1 WHERE seq = 4;"
		"UPDATE actions SET why = char(10) WHERE seq = 2");
	expect_actions(journal, 0, 2, "3:drop 1:drop ");
	assert_int_equal(journal_actions(journal, 0, 9, add_action, &got),
	    RC_CORRUPT);
	buf_free(&got);
	assert_int_equal(journal_action_find(journal, 5, &pool, &action),
	    RC_CORRUPT);
	pool_free(&pool);
	journal_close(journal);
}

static void
a_mute_is_kept_with_who_did_it(void **state)
{
	struct journal *journal = open_lane();
	struct journal_action action = action_of("mute");
	struct journal_action kept;
	struct journal_mute mute = { .hook = "h", .until = now() + 60000 };
	struct journal_acted acted = { 0 };
	struct pool pool = { 0 };

	(void)state;
	assert_int_equal(journal_act_mute(journal, &action, &mute, &acted),
	    RC_OK);
	assert_int_equal(acted.done, 1);
	expect_kept(journal, acted.seq, "ann mute view=events 1 1 ");
	assert_int_equal(query("SELECT muted FROM watches"), mute.until);
	assert_int_equal(journal_action_find(journal, acted.seq, &pool, &kept),
	    RC_OK);
	assert_int_equal(kept.until, mute.until);
	pool_free(&pool);
	mute.pipeline = "none";
	assert_int_equal(journal_act_mute(journal, &action, &mute, &acted),
	    RC_MISSING);
	assert_int_equal(query("SELECT count(*) FROM actions"), 1);
	journal_close(journal);
}

static void
what_is_not_muted_is_not_unmuted(void **state)
{
	struct journal *journal = open_lane();
	struct journal_action action = action_of("unmute");
	struct journal_mute mute = { .hook = "h", .pipeline = "p1" };
	struct journal_acted acted;

	(void)state;
	execute("INSERT INTO pipelines VALUES('h', 'p1', 'One', 1, 1, 0, 0, 0,"
		" '', 0), ('h', 'p2', 'Two', 1, 1, 0, 0, 0, '', 0),"
		" ('h', 'p3', 'Two', 1, 1, 0, 0, 0, '', 0)");
	assert_int_equal(journal_act_mute(journal, &action, &mute, &acted),
	    RC_OK);
	expect_kept(journal, acted.seq,
	    "ann unmute view=events 1 0 it was not muted");
	/* By its name, and one that was muted until a while ago. */
	execute("INSERT INTO mutes VALUES('h', 'p1', 9999999999999),"
		" ('h', 'p2', 9999999999999), ('h', 'p3', 5)");
	mute.pipeline = "One";
	assert_int_equal(journal_act_mute(journal, &action, &mute, &acted),
	    RC_OK);
	expect_kept(journal, acted.seq, "ann unmute view=events 1 1 ");
	mute.pipeline = "Two";
	assert_int_equal(journal_act_mute(journal, &action, &mute, &acted),
	    RC_OK);
	expect_kept(journal, acted.seq,
	    "ann unmute view=events 2 1 1 was not muted");
	assert_int_equal(query("SELECT count(*) FROM mutes"), 0);
	journal_close(journal);
}

/* A pipeline of which nothing is told all the same. */
static void
that_all_of_the_hook_is_muted_for_longer_is_told(void **state)
{
	static const struct {
		const char *action;
		int64_t until;
		int64_t hook_until;
		const char *kept;
	} cases[] = {
		{ "mute", 4000000000000, 4000000000001,
		    "1 1 all of hook h is muted until "
		    "2096-10-02 07:06:40 UTC" },
		{ "mute", 4000000000000, 4000000000000, "1 1 " },
		{ "unmute", 0, 4000000000000,
		    "1 1 all of hook h is still muted until "
		    "2096-10-02 07:06:40 UTC" },
		{ "unmute", 0, 4000000000000,
		    "1 0 it was not muted, but all of hook h is still muted "
		    "until 2096-10-02 07:06:40 UTC" },
		{ "mute", 4000000000000, 0, "1 1 " },
		/* It was, until a while ago. */
		{ "unmute", 0, 1, "1 1 " },
	};
	struct journal *journal = open_lane();
	char text[160];

	(void)state;
	execute("INSERT INTO pipelines VALUES('h', 'p', 'One', 1, 1, 0, 0, 0,"
		" '', 0);"
		"INSERT INTO watches VALUES('h', '', 0, 0, 0, 0),"
		" ('i', '', 0, 0, 0, 9999999999999)");
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct journal_action action = action_of(cases[i].action);
		struct journal_mute mute = { .hook = "h",
			.pipeline = "p",
			.until = cases[i].until };
		struct journal_acted acted;

		snprintf(text, sizeof(text),
		    "UPDATE watches SET muted = %lld WHERE hook = 'h'",
		    (long long)cases[i].hook_until);
		execute(text);
		assert_int_equal(journal_act_mute(journal, &action, &mute,
				     &acted),
		    RC_OK);
		snprintf(text, sizeof(text), "ann %s view=events %s",
		    cases[i].action, cases[i].kept);
		expect_kept(journal, acted.seq, text);
	}
	journal_close(journal);
}

static void
actions_are_purged_once_they_are_old(void **state)
{
	static const int64_t day = 24 * 3600000LL;
	struct journal *journal = open_lane();
	struct journal_search none = { .state = -1 };
	struct journal_purge purge = { 0 };
	struct journal_acted acted;

	(void)state;
	for (int i = 0; i < 130; i++)
		act_on_all(journal, "drop", &none, &acted);
	purge_all(journal, &purge, now() + 89 * day);
	assert_int_equal(query("SELECT count(*) FROM actions"), 130);
	execute("UPDATE actions SET time = time + 86400000 * 9"
		" WHERE seq = 100");
	purge_all(journal, &purge, now() + 91 * day);
	assert_int_equal(query("SELECT sum(seq) FROM actions"), 100 + 130);
	journal_close(journal);
}

static enum rc
pass_row(void *context, const struct journal_row *row)
{
	(void)context;
	assert_in_range(row->state, 0, JOURNAL_DROPPED);
	return RC_OK;
}

static enum rc
pass_action(void *context, const struct journal_action *action)
{
	(void)context;
	assert_true(strlen(action->who) < JOURNAL_WHO_SIZE);
	assert_true(strlen(action->target) < JOURNAL_TARGET_SIZE);
	return RC_OK;
}

static void
is_lenient(enum rc rc)
{
	if (rc != RC_OK)
		assert_int_equal(rc, RC_CORRUPT);
}

static void
look_at_all(struct journal *journal)
{
	struct journal_search search = { .looks = 2 };
	struct journal_search_count count;
	struct journal_search_end end;
	struct journal_totals totals;

	for (search.state = -1; search.state <= JOURNAL_DROPPED;
	     search.state++) {
		is_lenient(
		    journal_search(journal, &search, pass_row, NULL, &end));
		is_lenient(journal_search_count(journal, &search, &count));
	}
	is_lenient(journal_totals(journal, &totals));
	is_lenient(journal_actions(journal, 0, 9, pass_action, NULL));
}

/* It ends, and does not change what it cannot read. */
static void
act_on_what_is_left(struct journal *journal, const char *what)
{
	struct journal_action action = action_of(what);
	struct journal_search search = { .state = -1 };
	struct journal_act wanted = { .action = &action, .search = &search };
	struct journal_acted acted = { .more = true };
	enum rc rc = RC_OK;

	for (int steps = 0; rc == RC_OK && acted.more; steps++) {
		assert_in_range(steps, 0, 20);
		rc = journal_act(journal, &wanted, now(), &acted);
	}
	is_lenient(rc);
}

static void
any_column_may_hold_anything(void **state)
{
	static const char *const columns[] = { "events SET hook",
		"events SET id", "events SET name", "events SET received",
		"events SET pipeline", "events SET shown", "events SET run",
		"deliveries SET event", "deliveries SET state",
		"deliveries SET key", "deliveries SET since",
		"deliveries SET due", "deliveries SET finished",
		"deliveries SET ordinal", "deliveries SET attempts",
		"deliveries SET lane", "actions SET time", "actions SET who",
		"actions SET action", "actions SET target", "actions SET until",
		"actions SET matched", "actions SET done", "actions SET why",
		"tallies SET deliveries", "opens SET events" };
	static const char *const values[] = { "-1", "7", "9223372036854775807",
		"'text'", "''", "x'00'", "1e300", "CAST(x'c3285b00ff' AS TEXT)",
		"CAST(zeroblob(70000) AS TEXT)" };
	char text[160];
	char id[UUID_SIZE];

	(void)state;
	only_of_a_file();
	for (size_t i = 0; i < COUNT(columns) * COUNT(values); i++) {
		struct journal *journal = open_lane();
		struct journal_acted acted;

		append_in_states(journal, "304", id);
		append_in_states(journal, "2", id);
		append_in_states(journal, "01", id);
		is_lenient(act_on(journal, "drop", id, &acted));
		snprintf(text, sizeof(text), "UPDATE OR IGNORE %s = %s",
		    columns[i / COUNT(values)], values[i % COUNT(values)]);
		execute(text);
		look_at_all(journal);
		act_on_what_is_left(journal, "drop");
		act_on_what_is_left(journal, "retry");
		look_at_all(journal);
		journal_close(journal);
		remove_journal();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_done_to_an_event_is_kept),
		TEST(what_runs_is_left_and_said),
		TEST(what_is_not_there_is_not_kept),
		TEST(all_that_a_search_finds_is_done_in_small_steps),
		TEST(a_step_changes_so_many_deliveries),
		TEST(a_step_looks_at_so_many_rows_and_the_next_goes_on),
		TEST(what_is_done_is_put_back_only_where_it_is_asked_for),
		TEST(only_what_was_shown_is_touched),
		TEST(what_changed_since_it_was_shown_is_left),
		TEST(what_was_put_back_by_hand_since_it_was_shown_is_left),
		TEST(what_could_not_be_changed_is_told_with_what_was),
		TEST(what_could_not_be_changed_is_told_once_over_all_steps),
		TEST(what_is_older_than_what_was_looked_at_is_left),
		TEST(two_operators_do_nothing_twice),
		TEST(what_is_claimed_between_two_steps_is_left),
		TEST(a_damaged_delivery_is_passed_over_and_said),
		TEST(whoever_it_was_is_kept_in_whole_characters),
		TEST(actions_are_listed_newest_first),
		TEST(a_mute_is_kept_with_who_did_it),
		TEST(what_is_not_muted_is_not_unmuted),
		TEST(that_all_of_the_hook_is_muted_for_longer_is_told),
		TEST(actions_are_purged_once_they_are_old),
		TEST(any_column_may_hold_anything),
	};

	return cmocka_run_group_tests_name("act", tests, NULL, NULL);
}
