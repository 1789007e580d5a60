/* SPDX-License-Identifier: ISC */
#include "../runs.h"

#include "base/uuid.h"

static enum rc
pass_over(void *context, const struct journal_row *row)
{
	assert_non_null(row->id);
	(*(unsigned *)context)++;
	return RC_OK;
}

static void
a_damaged_row_is_left_out_and_told(void **state)
{
	struct journal_filter filter = { .state = -1, .limit = 9 };
	struct journal *journal = open_lane();
	struct journal_event_report report = { 0 };
	struct sample sample;
	struct pool pool = { 0 };
	unsigned rows = 0;

	(void)state;
	append_sample(journal, "h", 1, "");
	append_sample(journal, "h", 2, "");
	fill_sample(&sample, "h", 3);
	sample.entry.routes_len = 2;
	assert_int_equal(append_and_wait(journal, &sample.entry), RC_OK);
	execute("UPDATE deliveries SET state = 1000000 WHERE seq = 4");
	assert_int_equal(journal_list(journal, &filter, pass_over, &rows),
	    RC_CORRUPT);
	assert_int_equal(rows, 3);
	/* A limit counts what is given, wherever the damaged one stands. */
	filter.limit = 3;
	rows = 0;
	(void)journal_list(journal, &filter, pass_over, &rows);
	assert_int_equal(rows, 3);
	assert_int_equal(journal_show(journal, sample.receipt.id, &pool,
			     &report),
	    RC_CORRUPT);
	assert_int_equal(report.n, 1);
	pool_free(&pool);
	report = (struct journal_event_report){ 0 };
	execute("UPDATE events SET digest = 'x' WHERE seq = 3");
	assert_int_equal(journal_show(journal, sample.receipt.id, &pool,
			     &report),
	    RC_CORRUPT);
	assert_null(report.event.hook);
	pool_free(&pool);
	assert_int_equal(journal_retry(journal, sample.receipt.id, now(), NULL),
	    RC_CORRUPT);
	assert_int_equal(journal_drop(journal, sample.receipt.id, now(), NULL),
	    RC_CORRUPT);
	journal_close(journal);
}

static enum rc
count_some(void *context, const struct journal_count *count)
{
	assert_in_range(count->state, 0, JOURNAL_DROPPED);
	*(int64_t *)context += count->count;
	return RC_OK;
}

static void
a_state_that_is_none_is_not_counted(void **state)
{
	static const char *const states[] = { "7", "-1", "'x'", "x'00'",
		"9223372036854775807" };
	struct journal *journal = open_lane();
	char statement[128];
	int64_t count;

	(void)state;
	only_of_a_file();
	append_sample(journal, "h", 1, "");
	append_sample(journal, "h", 2, "");
	expect(journal, &one, 1, JOURNAL_FINISH);
	append_sample(journal, "h", 3, "");
	for (size_t i = 0; i < COUNT(states); i++) {
		snprintf(statement, sizeof(statement),
		    "UPDATE %s SET"
		    " state = %s",
		    i % 2 == 0 ? "tallies" : "deliveries", states[i]);
		execute(statement);
		count = 0;
		assert_int_equal(journal_counts(journal, count_some, &count),
		    RC_CORRUPT);
		assert_int_equal(count, i == 0 ? 2 : 0);
	}
	journal_close(journal);
}

static void
a_story_is_told_whole(void **state)
{
	struct journal *journal = open_lane();
	struct journal_claim claim;
	struct journal_event_report report;
	struct pool pool = { 0 };
	struct sample sample;
	struct sample other;
	char prefix[UUID_SIZE];

	(void)state;
	fill_sample(&sample, "h", 1);
	sample.entry.routes_len = 2;
	assert_int_equal(append_and_wait(journal, &sample.entry), RC_OK);
	assert_int_equal(claim_number(journal, &one, &claim), 1);
	settle(journal, &claim, JOURNAL_DELAY);
	expect(journal, &one, 1, JOURNAL_FINISH);
	snprintf(prefix, sizeof(prefix), "%.12s", sample.receipt.id);
	assert_int_equal(journal_show(journal, prefix, &pool, &report), RC_OK);
	assert_string_equal(report.event.receipt.id, sample.receipt.id);
	assert_true(bytes_is(report.event.body, "{\"n\":1}"));
	assert_int_equal(report.n, 2);
	assert_int_equal(report.deliveries[0].state, JOURNAL_QUEUED);
	assert_true(report.deliveries[0].due > now());
	assert_int_equal(report.deliveries[0].attempts, 1);
	assert_int_equal(report.deliveries[0].n, 1);
	assert_string_equal(report.deliveries[0].list[0].outcome, "exit");
	assert_int_equal(report.deliveries[0].list[0].code, 3);
	assert_int_equal(report.deliveries[0].list[0].number, 1);
	assert_true(bytes_is(report.deliveries[0].list[0].tail, "said\n"));
	assert_int_equal(report.deliveries[1].state, JOURNAL_DONE);
	assert_true(report.deliveries[1].finished > 0);
	fill_sample(&other, "h", 2);
	memcpy(other.receipt.id, sample.receipt.id, 12);
	assert_int_equal(append_and_wait(journal, &other.entry), RC_OK);
	assert_int_equal(journal_show(journal, prefix, &pool, &report),
	    RC_RANGE);
	assert_int_equal(journal_show(journal, "ffffffffffff", &pool, &report),
	    RC_MISSING);
	assert_int_equal(journal_show(journal, "", &pool, &report), RC_MISSING);
	pool_free(&pool);
	journal_close(journal);
}

static enum rc
stop_at_once(void *context, const struct journal_row *row)
{
	(void)row;
	++*(int *)context;
	return RC_STOPPING;
}

static void
the_list_is_newest_first_and_filtered(void **state)
{
	struct journal *journal = open_lane();
	/* A name, a group and a glob. */
	static const char *const words[] = { "connection_added", "@connection",
		"conn*_added" };
	struct journal_filter filter = { .state = -1, .limit = 16 };
	struct sample sample;
	struct ids ids;
	uint8_t random[10] = { 0 };
	int count = 0;

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		fill_sample(&sample, i % 2 == 0 ? "even" : "odd", i);
		sample.receipt.received = 1000000 + 1000 * (int64_t)i;
		random[9] = (uint8_t)i;
		uuid7(sample.receipt.received, random, sample.receipt.id);
		if (i == 4)
			sample.entry.event = "connection_added";
		assert_int_equal(append_and_wait(journal, &sample.entry),
		    RC_OK);
	}
	ids = list(journal, -1);
	assert_int_equal(ids.n, 6);
	assert_string_equal(ids.list[0], sample.receipt.id);
	ids = (struct ids){ 0 };
	filter.hook = "even";
	assert_int_equal(journal_list(journal, &filter, add_id, &ids), RC_OK);
	assert_int_equal(ids.n, 3);
	ids = (struct ids){ 0 };
	for (size_t i = 0; i < COUNT(words); i++) {
		ids = (struct ids){ 0 };
		filter.event = words[i];
		assert_int_equal(journal_list(journal, &filter, add_id, &ids),
		    RC_OK);
		assert_int_equal(ids.n, 1);
	}
	filter = (struct journal_filter){
		.state = JOURNAL_QUEUED,
		.since = 1003000,
		.limit = 16,
	};
	for (int i = 0; i < 2; i++) {
		ids = (struct ids){ 0 };
		assert_int_equal(journal_list(journal, &filter, add_id, &ids),
		    RC_OK);
		assert_int_equal(ids.n, 3);
		filter.state = -1;
	}
	filter.limit = 2;
	ids = (struct ids){ 0 };
	assert_int_equal(journal_list(journal, &filter, add_id, &ids), RC_OK);
	assert_int_equal(ids.n, 2);
	assert_int_equal(journal_list(journal, &filter, stop_at_once, &count),
	    RC_STOPPING);
	assert_int_equal(count, 1);
	journal_close(journal);
}

/* The last row of a part, and what was seen so far. */
struct part {
	struct journal_row row;
	char id[UUID_SIZE];
	char seen[64]; /* a letter for each delivery of an event */
	size_t n;
};

static enum rc
add_part(void *context, const struct journal_row *row)
{
	struct part *part = context;

	if (part->n + 1 >= sizeof(part->seen))
		return RC_RANGE;
	part->row = *row;
	snprintf(part->id, sizeof(part->id), "%s", row->id);
	part->row.id = part->id;
	part->seen[part->n++] = (char)(row->received - 1000000 +
	    (row->ordinal == 0 ? 'a' : 'A'));
	return RC_OK;
}

static void
a_list_in_parts_is_the_whole_list(void **state)
{
	const int states[] = { -1, JOURNAL_QUEUED };
	const char *const whole[] = { "cCbBaA", "cCbBaA" };
	struct journal *journal = open_lane();
	struct journal_filter filter;
	struct sample sample;
	struct part part;
	size_t before;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		fill_sample(&sample, "h", i);
		sample.receipt.received = 1000000 + i;
		uuid7(sample.receipt.received, (uint8_t[10]){ 0 },
		    sample.receipt.id);
		sample.entry.routes_len = 2;
		assert_int_equal(append_and_wait(journal, &sample.entry),
		    RC_OK);
	}
	for (size_t i = 0; i < COUNT(states); i++)
		for (int limit = 1; limit < 8; limit++) {
			part = (struct part){ 0 };
			filter = (struct journal_filter){
				.state = states[i],
				.limit = limit,
			};
			do {
				before = part.n;
				assert_int_equal(journal_list(journal, &filter,
						     add_part, &part),
				    RC_OK);
				filter.after = &part.row;
			} while (part.n != before);
			assert_string_equal(part.seen, whole[i]);
		}
	journal_close(journal);
}

static enum rc
add_lane(void *context, const struct journal_row *row)
{
	return buf_printf(context, "%lld:%s ", (long long)row->seq, row->lane);
}

static enum rc
add_lane_count(void *context, const struct journal_lane_count *count)
{
	assert_true(count->oldest > 0);
	return buf_printf(context, "%s:%s %lld %lld ", count->hook, count->lane,
	    (long long)count->queued, (long long)count->running);
}

/* What list says, of all and of what is queued, and what waits in lanes. */
static void
expect_lanes(struct journal *journal, enum rc rc, const char *rows,
    const char *counts)
{
	struct journal_filter filter = { .state = -1, .limit = 9 };
	struct buf got = { 0 };

	assert_int_equal(journal_list(journal, &filter, add_lane, &got), rc);
	assert_string_equal(got.data, rows);
	buf_free(&got);
	got = (struct buf){ 0 };
	assert_int_equal(journal_lane_counts(journal, add_lane_count, &got),
	    rc);
	assert_string_equal(got.data, counts);
	buf_free(&got);
}

static void
each_delivery_is_told_with_its_lane(void **state)
{
	struct journal *journal = open_lane();
	struct journal_event_report report;
	struct journal_claim claim;
	struct pool pool = { 0 };
	struct sample sample;

	(void)state;
	fill_sample(&sample, "h", 1);
	sample.entry.routes_len = 3;
	sample.routes[1].lane = "";
	sample.routes[2].lane = "mail";
	assert_int_equal(append_and_wait(journal, &sample.entry), RC_OK);
	assert_int_equal(claim_number(journal, &one, &claim), 1);
	expect_lanes(journal, RC_OK, "1:lane 2: 3:mail ",
	    "h: 1 0 h:lane 0 1 h:mail 1 0 ");
	assert_int_equal(journal_show(journal, sample.receipt.id, &pool,
			     &report),
	    RC_OK);
	assert_int_equal(report.n, 3);
	assert_string_equal(report.deliveries[0].lane, "lane");
	assert_string_equal(report.deliveries[1].lane, "");
	assert_string_equal(report.deliveries[2].lane, "mail");
	settle(journal, &claim, JOURNAL_FINISH);
	expect_lanes(journal, RC_OK, "1:lane 2: 3:mail ", "h: 1 0 h:mail 1 0 ");
	/* A lane that is none is told, and no reason to leave its own out. */
	execute("UPDATE deliveries SET lane = 77 WHERE seq = 1;"
		"UPDATE lanes SET key = '\x1b' WHERE key = 'mail'");
	expect_lanes(journal, RC_CORRUPT, "1: 2: 3: ", "h: 1 0 h: 1 0 ");
	assert_int_equal(journal_show(journal, sample.receipt.id, &pool,
			     &report),
	    RC_CORRUPT);
	assert_int_equal(report.n, 3);
	assert_string_equal(report.deliveries[2].lane, "");
	pool_free(&pool);
	journal_close(journal);
}

static enum rc
add_subject(void *context, const struct journal_row *row)
{
	return buf_printf(context, "%s/%s; ", row->pipeline, row->run);
}

static void
expect_subjects(struct journal *journal, const char *pipeline, int state,
    const char *want)
{
	const struct journal_filter filter = {
		.state = state,
		.pipeline = pipeline,
		.limit = 9,
	};
	struct buf got = { 0 };

	assert_int_equal(buf_text(&got, ""), RC_OK);
	assert_int_equal(journal_list(journal, &filter, add_subject, &got),
	    RC_OK);
	assert_string_equal(got.data, want);
	buf_free(&got);
}

static void
events_are_known_by_their_pipeline(void **state)
{
	static const struct {
		const char *pipeline;
		const char *want;
	} cases[] = {
		{ NULL, "/; q/; Orders/b; Orders/a; " },
		{ "p", "Orders/b; Orders/a; " },
		{ "Orders", "Orders/b; Orders/a; " },
		{ "q", "q/; " },
		{ "Order", "" },
		{ "", "" },
	};
	struct journal *journal = open_lane();

	(void)state;
	store_all(journal, "h",
	    "10 start p a Orders; 20 done p b Orders; 30 say q");
	append_sample(journal, "h", 4, "");
	for (size_t i = 0; i < COUNT(cases); i++) {
		expect_subjects(journal, cases[i].pipeline, -1, cases[i].want);
		expect_subjects(journal, cases[i].pipeline, JOURNAL_QUEUED,
		    cases[i].want);
	}
	journal_close(journal);
}

static enum rc
add_known(void *context, const struct journal_row *row)
{
	return buf_printf(context, "%s %d; ", row->pipeline_id,
	    row->pipeline_known);
}

/* Of a connection no run is known, another hook's is another, and one that was
 * forgotten is none. */
static void
each_event_tells_whether_its_pipeline_is_known(void **state)
{
	const struct journal_filter filter = { .state = -1, .limit = 9 };
	struct journal *journal = open_lane();
	struct journal_event_report report;
	struct pool pool = { 0 };
	struct buf got = { 0 };
	struct ids ids;
	int64_t count;

	(void)state;
	store_all(journal, "h",
	    "10 start p a Orders; 20 start q; 30 say c; 40 done - d");
	store_all(journal, "i", "50 say p");
	assert_int_equal(journal_forget(journal, "h", "q", 60, &count), RC_OK);
	assert_int_equal(journal_list(journal, &filter, add_known, &got),
	    RC_OK);
	assert_string_equal(got.data, "p 0;  0; c 0; q 0; p 1; ");
	ids = list(journal, -1);
	for (size_t i = 0; i < ids.n; i++) {
		assert_int_equal(journal_show(journal, ids.list[i], &pool,
				     &report),
		    RC_OK);
		if (report.event.pipeline[0] != '\0')
			assert_int_equal(report.pipeline_known, i == ids.n - 1);
	}
	pool_free(&pool);
	buf_free(&got);
	journal_close(journal);
}

static void
a_damaged_identity_hides_no_event(void **state)
{
	struct journal *journal = open_lane();
	struct journal_event_report report;
	struct journal_filter filter = { .state = -1, .limit = 9 };
	struct pool pool = { 0 };
	unsigned rows = 0;
	char id[UUID_SIZE];

	(void)state;
	store_all(journal, "h", "10 start p a Orders");
	snprintf(id, sizeof(id), "%s", list(journal, -1).list[0]);
	assert_int_equal(journal_show(journal, id, &pool, &report), RC_OK);
	assert_string_equal(report.event.pipeline, "p");
	assert_string_equal(report.event.shown, "Orders");
	assert_string_equal(report.event.run, "a");
	only_of_a_file();
	execute("UPDATE events SET pipeline = x'00', shown = NULL");
	assert_int_equal(journal_list(journal, &filter, pass_over, &rows),
	    RC_CORRUPT);
	assert_int_equal(rows, 1);
	assert_int_equal(journal_show(journal, id, &pool, &report), RC_CORRUPT);
	assert_string_equal(report.event.pipeline, "");
	assert_string_equal(report.event.shown, "");
	assert_string_equal(report.event.run, "a");
	assert_int_equal(report.n, 1);
	pool_free(&pool);
	journal_close(journal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_damaged_row_is_left_out_and_told),
		TEST(a_state_that_is_none_is_not_counted),
		TEST(a_story_is_told_whole),
		TEST(the_list_is_newest_first_and_filtered),
		TEST(a_list_in_parts_is_the_whole_list),
		TEST(events_are_known_by_their_pipeline),
		TEST(each_event_tells_whether_its_pipeline_is_known),
		TEST(a_damaged_identity_hides_no_event),
		TEST(each_delivery_is_told_with_its_lane),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
