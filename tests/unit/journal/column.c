/* SPDX-License-Identifier: ISC */
#include "../journal.h"

#include "journal/column.h"
#include "journal/statement.h"
#include "journal/transaction.h"

/* 0123456789abcdef, each in hex. */
#define DIGITS "30313233343536373839616263646566"

enum { CALLS_MAX = 100000 };

/* SQLite's allocations, of which the n-th from now on fails; 0: none. */
static sqlite3_mem_methods ordinary;
static int left;
static bool failed;

static bool
fails(void)
{
	if (left == 0 || --left > 0)
		return false;
	failed = true;
	return true;
}

static void *
allocate(int size)
{
	return fails() ? NULL : ordinary.xMalloc(size);
}

static void *
reallocate(void *data, int size)
{
	return fails() ? NULL : ordinary.xRealloc(data, size);
}

static enum rc
check_row(void *context, const struct journal_row *row)
{
	unsigned *rows = context;

	assert_int_equal(strlen(row->id), UUID_SIZE - 1);
	assert_string_equal(row->hook, "h");
	assert_string_equal(row->event, "pipeline_run_error");
	assert_string_equal(row->outcome, "exit");
	(*rows)++;
	return RC_OK;
}

static enum rc
look_at_list(struct journal *journal)
{
	struct journal_filter filter = { .state = -1, .limit = 16 };
	unsigned rows = 0;
	enum rc rc = journal_list(journal, &filter, check_row, &rows);

	assert_true(rc != RC_OK || rows == 1);
	return rc;
}

static enum rc
look_at_event(struct journal *journal)
{
	struct pool pool = { 0 };
	struct journal_event_report report;
	enum rc rc = journal_show(journal, "0", &pool, &report);

	if (rc == RC_OK) {
		assert_string_equal(report.event.hook, "h");
		assert_string_equal(report.event.name, "pipeline_run_error");
		assert_string_equal(report.event.receipt.remote_addr,
		    "192.0.2.7");
		assert_int_equal(report.n, 1);
		assert_int_equal(report.deliveries[0].n, 1);
		assert_true(
		    bytes_is(report.deliveries[0].list[0].tail, "said\n"));
	}
	pool_free(&pool);
	return rc;
}

static enum rc
look_at_counts(struct journal *journal)
{
	struct buf got = { 0 };
	enum rc rc = journal_counts(journal, add_count, &got);

	if (rc == RC_OK)
		assert_string_equal(got.data, "h queued 1 ");
	buf_free(&got);
	return rc;
}

static enum rc
claim_and_give_back(struct journal *journal)
{
	struct journal_claim claim;
	struct journal_settlement back = { .verdict = JOURNAL_GIVE_BACK };
	enum rc rc = journal_claim_due(journal, &one, now() + 120000, &claim);

	if (rc != RC_OK)
		return rc;
	assert_string_equal(claim.deliveries[0].event.hook, "h");
	assert_int_equal(strlen(claim.deliveries[0].event.receipt.id),
	    UUID_SIZE - 1);
	assert_true(claim.deliveries[0].ordered);
	back.seq = claim.deliveries[0].seq;
	left = 0;
	assert_int_equal(journal_settle(journal, &back, 1), RC_OK);
	journal_claim_free(&claim);
	return RC_OK;
}

/* A text that has no NUL yet, so that to give it one takes memory. */
static enum rc
read_text(struct journal *journal, void *arguments)
{
	struct journal_reader reader = {
		.journal = journal,
		.row = journal_query(journal,
		    "SELECT CAST(x'" DIGITS DIGITS DIGITS DIGITS "' AS TEXT)",
		    NO_VALUES),
	};
	const char *text;

	(void)arguments;
	if (!journal_next(journal, reader.row))
		return RC_OK;
	text = journal_text(&reader, 0, JOURNAL_TEXT_DIGEST);
	assert_string_equal(text,
	    reader.damaged ? "" :
			     "0123456789abcdef0123456789abcdef"
			     "0123456789abcdef0123456789abcdef");
	assert_int_equal(reader.damaged, failed);
	journal_end_query(reader.row);
	return RC_OK;
}

static enum rc
look_at_text(struct journal *journal)
{
	return journal_read(journal, read_text, NULL);
}

/* Each of its allocations fails once: it says so, or goes on all the same. */
static void
fail_each(struct journal *journal, enum rc (*act)(struct journal *journal))
{
	int calls = 0;
	enum rc rc;

	do {
		left = ++calls;
		failed = false;
		rc = act(journal);
		left = 0;
		assert_true(rc == RC_OK || (failed && rc == RC_MEMORY));
		assert_true(calls < CALLS_MAX);
	} while (failed);
	assert_int_equal(act(journal), RC_OK);
	expect_counts(journal, "h queued 1 ");
}

/* A new connection each: what is prepared once is prepared then. */
static void
what_cannot_be_read_without_memory_is_not_taken_for_empty(void **state)
{
	static enum rc (*const acts[])(struct journal * journal) = {
		look_at_text,
		look_at_list,
		look_at_event,
		look_at_counts,
		claim_and_give_back,
	};
	struct journal *journal = open_lane();
	struct journal_claim claim;
	struct sample sample;

	(void)state;
	fill_sample(&sample, "h", 1);
	order_by(&sample, "k");
	assert_int_equal(append_and_wait(journal, &sample.entry), RC_OK);
	assert_int_equal(claim_number(journal, &one, &claim), 1);
	settle(journal, &claim, JOURNAL_DELAY);
	expect_nothing(journal, &one);
	journal_close(journal);
	for (size_t i = 0; i < COUNT(acts); i++) {
		journal = open_lane();
		fail_each(journal, acts[i]);
		journal_close(journal);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_cannot_be_read_without_memory_is_not_taken_for_empty),
	};
	sqlite3_mem_methods methods;

	sqlite3_config(SQLITE_CONFIG_GETMALLOC, &ordinary);
	methods = ordinary;
	methods.xMalloc = allocate;
	methods.xRealloc = reallocate;
	sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
	/* All of them are to be seen. */
	sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);
	return cmocka_run_group_tests_name("column", tests, NULL, NULL);
}
