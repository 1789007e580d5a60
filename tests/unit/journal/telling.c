/* SPDX-License-Identifier: ISC */
#include <sys/resource.h>

#include <signal.h>

#include "../runs.h"

/* What is found is told: the judgement, that it was told, and the event of it
 * are one transaction. */

enum { NOON = 1000 };

/* A watcher to whom every pipeline that has failed is failing. */
struct desk {
	struct journal *journal;
	unsigned tells;
	enum rc rc;   /* what telling comes to */
	size_t size;  /* of an event's body */
	size_t lines; /* that take it */
	/* What others see whenever a transaction is about to be committed. */
	struct buf commits;
};

static void
judge(void *context, const struct journal_pipeline *pipeline, int64_t at,
    struct journal_judgement *judgement)
{
	(void)context;
	(void)at;
	*judgement = (struct journal_judgement){
		.watched = 1U << JOURNAL_FAILING,
		.next = CLOCK_NEVER,
		.n = pipeline->failures > 0,
		.list = { { .alarm = JOURNAL_FAILING,
		    .since = pipeline->failed } },
	};
}

static void
no_event(void *context, struct journal_counted *counted)
{
	(void)context;
	(void)counted;
}

static void
judge_hook(void *context, int64_t event, int64_t anew, int64_t at,
    struct journal_judgement *judgement)
{
	(void)context;
	(void)event;
	(void)anew;
	(void)at;
	*judgement = (struct journal_judgement){ .next = CLOCK_NEVER };
}

static enum rc
tell(void *context, const struct journal_change_told *list, size_t n,
    struct journal_telling *telling)
{
	static const struct journal_route route = { .lane = sample_lane };
	static char body[LARGE];
	struct desk *desk = context;
	struct sample sample;

	assert_int_equal(n, 1);
	assert_true(strcmp(list->id, "p") == 0 || strcmp(list->id, "q") == 0);
	desk->tells++;
	if (desk->rc != RC_OK)
		return desk->rc;
	fill_sample(&sample, "h", desk->tells);
	memset(body, ' ', sizeof(body));
	telling->receipt = sample.receipt;
	telling->entry = sample.entry;
	telling->entry.receipt = &telling->receipt;
	telling->entry.event = list->recovered ? "pelihook.recovered" :
						 "pelihook.pipeline_failing";
	telling->entry.subject = &telling->subject;
	telling->subject = (struct journal_subject){
		.pipeline = list->id,
		.name = list->name,
		.run = "",
	};
	telling->entry.body = (struct bytes){ body, desk->size };
	telling->entry.routes_len = desk->lines;
	telling->entry.routes = &route;
	return RC_OK;
}

static const char sql_seen[] =
    "SELECT (SELECT count(*) FROM judgements) || ' judged, ' ||"
    " (SELECT count(*) FROM judgements WHERE told <> 0) || ' told, ' ||"
    " (SELECT count(*) FROM events) || ' events'";

/* In a file: of a connection of its own, to which what is not committed does not exist. */
static int
note_commit(void *context)
{
	struct desk *desk = context;
	struct buf seen = rows_of(sql_seen);

	buf_printf(&desk->commits, "%s", seen.data);
	buf_free(&seen);
	return 0;
}

static void
open_desk(struct desk *desk)
{
	*desk = (struct desk){
		.journal = open_lane(),
		.size = 2,
		.lines = 1,
	};
	buf_text(&desk->commits, "");
	execute("INSERT INTO pipelines(hook, id, name, first, seen, success,"
		" failures, failed, failure, due) VALUES('h', 'p', 'P',"
		" 1, 2, 0, 1, 2, 'pipeline_run_error', 0)");
	if (journal_server() == NULL)
		sqlite3_commit_hook(desk->journal->db, note_commit, desk);
}

static void
close_desk(struct desk *desk)
{
	buf_free(&desk->commits);
	journal_close(desk->journal);
}

static enum rc
step(struct desk *desk, int64_t at)
{
	const struct journal_watcher watcher = {
		.judge = judge,
		.event = no_event,
		.judge_hook = judge_hook,
		.remind = never_again,
		.tell = tell,
		.context = desk,
	};
	const struct journal_watch watch = watch_h(&watcher);
	int64_t next;

	return journal_watch_step(desk->journal, &watch, at, &next);
}

static void
expect_seen(const char *want)
{
	assert_int_equal(case_rows("seen", sql_seen, want), 0);
}

static void
it_is_stored_in_the_transaction_that_found_it(void **state)
{
	struct desk desk;
	const char *at;

	(void)state;
	open_desk(&desk);
	assert_int_equal(step(&desk, NOON), RC_OK);
	expect_seen("1 judged, 1 told, 1 events; ");
	/* Before each commit nobody saw one of them without the others. */
	assert_true(desk.commits.len > 0 || journal_server() != NULL);
	for (at = desk.commits.data; *at != '\0'; at = strchr(at, ';') + 2)
		assert_memory_equal(at, "0 judged, 0 told, 0 events; ", 28);
	assert_int_equal(step(&desk, NOON + 1), RC_OK);
	assert_int_equal(desk.tells, 1);
	close_desk(&desk);
}

static void
that_it_is_over_goes_with_its_event(void **state)
{
	struct desk desk;

	(void)state;
	open_desk(&desk);
	assert_int_equal(step(&desk, NOON), RC_OK);
	execute("UPDATE pipelines SET failures = 0, success = 900, due = 0");
	desk.commits.len = 0;
	assert_int_equal(step(&desk, NOON + 1), RC_OK);
	expect_seen("0 judged, 0 told, 2 events; ");
	assert_null(strstr(desk.commits.data, "0 judged, 0 told, 1 events"));
	assert_null(strstr(desk.commits.data, "2 events"));
	close_desk(&desk);
}

/* Whoever keeps what is wrong ends with what is. */
static void
what_is_over_is_told_before_what_is_new(void **state)
{
	struct desk desk;

	(void)state;
	open_desk(&desk);
	assert_int_equal(step(&desk, NOON), RC_OK);
	execute("INSERT INTO pipelines(hook, id, name, first, seen, success,"
		" failures, failed, failure, due) VALUES('h', 'q', 'Q',"
		" 1, 1001, 0, 1, 1001, 'pipeline_run_error', 0);"
		"INSERT INTO successes VALUES('h', 'p', 1002);"
		"UPDATE pipelines SET success = 1002, failed = 1003, due = 0"
		" WHERE id = 'p'");
	for (int i = 0; i < 3; i++)
		assert_int_equal(step(&desk, NOON + 4), RC_OK);
	assert_int_equal(case_rows("told",
			     "SELECT pipeline || ' ' || name FROM events"
			     " ORDER BY seq",
			     "p pelihook.pipeline_failing; "
			     "p pelihook.recovered; "
			     "q pelihook.pipeline_failing; "
			     "p pelihook.pipeline_failing; "),
	    0);
	close_desk(&desk);
}

/* Nothing of it is kept, not even the judgement, and it is found anew. */
static void
where_there_is_no_room_for_the_event_nothing_is_found(void **state)
{
	struct rlimit old;
	struct rlimit limit;
	struct desk desk;

	(void)state;
	only_of_a_file();
	signal(SIGXFSZ, SIG_IGN);
	open_desk(&desk);
	desk.size = LARGE;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = old;
	limit.rlim_cur = LARGE / 2;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(step(&desk, NOON), RC_STORE);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(desk.tells, 1);
	expect_seen("0 judged, 0 told, 0 events; ");
	assert_int_equal(query("SELECT due FROM pipelines"), 0);
	assert_int_equal(step(&desk, NOON + 1), RC_OK);
	expect_seen("1 judged, 1 told, 1 events; ");
	close_desk(&desk);
}

static void
what_cannot_be_told_is_told_the_next_time(void **state)
{
	struct desk desk;

	(void)state;
	open_desk(&desk);
	desk.rc = RC_MEMORY;
	assert_int_equal(step(&desk, NOON), RC_MEMORY);
	expect_seen("0 judged, 0 told, 0 events; ");
	desk.rc = RC_OK;
	/* A body that is none cannot be stored either. */
	desk.size = 0;
	assert_int_equal(step(&desk, NOON + 1), RC_RANGE);
	expect_seen("0 judged, 0 told, 0 events; ");
	desk.size = 2;
	assert_int_equal(step(&desk, NOON + 2), RC_OK);
	expect_seen("1 judged, 1 told, 1 events; ");
	assert_int_equal(step(&desk, NOON + 3), RC_OK);
	assert_int_equal(desk.tells, 3);
	close_desk(&desk);
}

static void
what_no_line_takes_is_not_stored(void **state)
{
	struct desk desk;

	(void)state;
	open_desk(&desk);
	desk.lines = 0;
	assert_int_equal(step(&desk, NOON), RC_OK);
	expect_seen("1 judged, 1 told, 0 events; ");
	assert_int_equal(step(&desk, NOON + 1), RC_OK);
	assert_int_equal(desk.tells, 1);
	close_desk(&desk);
}

/* Who was told by another configuration than this process has leaves it. */
static void
who_has_older_rules_judges_nothing(void **state)
{
	static const struct journal_rules older = { .hook = "h",
		.digest = "older",
		.routing = sample_routing };
	const struct journal_watch watch = { .hook = "h", .rules = &older };
	struct desk desk;
	int64_t next = 0;

	(void)state;
	open_desk(&desk);
	assert_int_equal(journal_watch_step(desk.journal, &watch, NOON, &next),
	    RC_OK);
	assert_int_equal(next, CLOCK_NEVER);
	assert_int_equal(desk.commits.len, 0);
	expect_seen("0 judged, 0 told, 0 events; ");
	close_desk(&desk);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_is_stored_in_the_transaction_that_found_it),
		TEST(that_it_is_over_goes_with_its_event),
		TEST(what_is_over_is_told_before_what_is_new),
		TEST(where_there_is_no_room_for_the_event_nothing_is_found),
		TEST(what_cannot_be_told_is_told_the_next_time),
		TEST(what_no_line_takes_is_not_stored),
		TEST(who_has_older_rules_judges_nothing),
	};

	return cmocka_run_group_tests_name("telling", tests, NULL, NULL);
}
