/* SPDX-License-Identifier: ISC */
#include "../journal.h"

#include "journal/column.h"

static void
claim_only(struct journal *journal)
{
	struct journal_claim claim;

	if (claim_number(journal, &one, &claim) != 1)
		_exit(1);
}

static void
claim_start_and_end(struct journal *journal)
{
	struct journal_claim claim;

	if (claim_number(journal, &one, &claim) != 1 ||
	    write_note(&claim, 4711) != RC_OK ||
	    journal_note_run(&claim, NULL) != RC_OK)
		_exit(1);
}

static void
find_orphan(struct journal *journal, struct journal_orphan *orphan)
{
	struct journal_orphans orphans;

	assert_int_equal(journal_find_orphans(journal, &orphans), RC_OK);
	assert_int_equal(orphans.n, 1);
	*orphan = orphans.list[0];
	pool_free(&orphans.pool);
}

static unsigned
lost_of(struct journal *journal)
{
	return (unsigned)journal_number(journal, -1,
	    "SELECT lost FROM deliveries WHERE seq = 1", NO_VALUES);
}

/* Only what was running when its runner was killed lost a try. */
static void
only_a_run_that_was_noted_is_a_lost_try(void **state)
{
	static const struct {
		void (*act)(struct journal *journal);
		bool noted;
		unsigned lost;
	} table[] = {
		{ claim_only, false, 0 },
		{ claim_start_and_end, false, 0 },
		{ claim_and_start, true, 1 },
		{ claim_and_start, true, 2 },
		{ claim_only, false, 2 },
	};
	struct journal *journal = open_lane();
	struct journal_orphan orphan;
	struct journal_claim claim;

	(void)state;
	append_sample(journal, "h", 1, "");
	journal_close(journal);
	for (size_t i = 0; i < COUNT(table); i++) {
		/* A server is not told that what was noted has ended. */
		if (journal_server() != NULL &&
		    table[i].act == claim_start_and_end)
			continue;
		kill_after(table[i].act);
		journal = open_lane();
		find_orphan(journal, &orphan);
		assert_int_equal(orphan.noted, table[i].noted);
		assert_int_equal(journal_reclaim(journal, &orphan, now()),
		    RC_OK);
		assert_int_equal(lost_of(journal), table[i].lost);
		journal_close(journal);
	}
	journal = open_lane();
	assert_int_equal(claim_number(journal, &one, &claim), 1);
	assert_int_equal(claim.deliveries[0].lost, 2);
	settle(journal, &claim, JOURNAL_DELAY);
	assert_int_equal(lost_of(journal), 0);
	journal_close(journal);
}

/* Only its own line says that nothing runs; without one nobody knows. */
static void
a_lost_note_hides_its_run(void **state)
{
	static const struct {
		const char *line;
		bool noted;
	} lines[] = { { "1 2 - 0 0 0 0 0 ", true },
		{ "2 1 - 0 0 0 0 0 ", true },
		{ "1 2 0123456789abcdef0123456789abcdef 4711 815 5 12 34 ",
		    true },
		{ "1 1 0123456789abcdef 4711 815 5 12 34 ", true },
		{ "1 1 0123456789abcdef0123456789abcdef 4711 815 5 12", true },
		{ "1 1", true }, { "?", true }, { " ", true }, { "", true },
		{ "1 1 - 0 0 0 0 0 ", false } };
	struct journal *journal = open_lane();
	struct journal_orphan orphan;
	char path[sizeof(journal_path) + 16];

	(void)state;
	append_sample(journal, "h", 1, "");
	journal_close(journal);
	kill_after(claim_and_start);
	journal = open_lane();
	find_orphan(journal, &orphan);
	assert_true(orphan.noted);
	assert_true(orphan.same_space);
	assert_false(orphan.first);
	assert_string_equal(orphan.note.mark,
	    "0123456789abcdef0123456789abcdef");
	assert_int_equal(orphan.note.session, 5);
	assert_int_equal(orphan.note.began, 12);
	assert_int_equal(orphan.note.limit, 34);
	only_of_a_file();
	snprintf(path, sizeof(path), "%s-runners", journal_path);
	for (size_t i = 0; i < COUNT(lines); i++) {
		char line[256] = { 0 };
		int fd = open(path, O_WRONLY | O_CLOEXEC);

		memcpy(line, lines[i].line, strlen(lines[i].line));
		assert_int_equal(pwrite(fd, line, sizeof(line), 512 * 256),
		    sizeof(line));
		close(fd);
		find_orphan(journal, &orphan);
		assert_int_equal(orphan.noted, lines[i].noted);
		assert_int_equal(orphan.note.pid, 0);
		assert_string_equal(orphan.note.mark, "");
	}
	journal_close(journal);
}

static void
the_claim_of_a_killed_runner_is_void(void **state)
{
	struct journal *journal;
	struct journal_orphans orphans;
	struct journal_claim claim;
	struct journal_event_report report;
	struct pool pool = { 0 };
	struct sample sample;

	(void)state;
	journal = open_lane();
	fill_sample(&sample, "h", 1);
	order_by(&sample, "k");
	assert_int_equal(append_and_wait(journal, &sample.entry), RC_OK);
	append_sample(journal, "h", 2, "k");
	journal_close(journal);
	kill_after(claim_and_start);
	journal = open_lane();
	expect_nothing(journal, &one);
	assert_int_equal(journal_find_orphans(journal, &orphans), RC_OK);
	assert_int_equal(orphans.n, 1);
	assert_false(orphans.foreign);
	assert_true(orphans.list[0].noted);
	assert_int_equal(orphans.list[0].note.pid, 4711);
	assert_int_equal(orphans.list[0].note.start, 815);
	assert_true(orphans.list[0].same_boot);
	assert_int_equal(orphans.list[0].n, 1);
	assert_string_equal(orphans.list[0].hook, "h");
	assert_string_equal(orphans.list[0].id, sample.receipt.id);
	assert_int_equal(journal_reclaim(journal, &orphans.list[0], now()),
	    RC_OK);
	assert_int_equal(claim_number(journal, &one, &claim), 1);
	assert_int_equal(claim.deliveries[0].attempt, 2);
	assert_int_equal(claim.deliveries[0].step, 0);
	/* Once more changes nothing: it is somebody else's by now. */
	assert_int_equal(journal_reclaim(journal, &orphans.list[0], now()),
	    RC_OK);
	settle(journal, &claim, JOURNAL_FINISH);
	assert_int_equal(journal_show(journal, sample.receipt.id, &pool,
			     &report),
	    RC_OK);
	assert_int_equal(report.deliveries[0].n, 2);
	assert_string_equal(report.deliveries[0].list[0].outcome, "lost");
	expect(journal, &one, 2, JOURNAL_FINISH);
	pool_free(&pool);
	pool_free(&orphans.pool);
	journal_close(journal);
}

/* Where machines share a journal a process goes on that let go of a claim: in a
 * file what it let go of is for the next one. */
static void
a_claim_that_its_process_let_go_of_is_found(void **state)
{
	struct journal *journal = open_lane();
	struct journal_orphans orphans;
	struct journal_claim left;
	struct journal_claim held;

	(void)state;
	append_sample(journal, "h", 1, "");
	append_sample(journal, "h", 2, "");
	assert_int_equal(claim_number(journal, &many, &left), 1);
	journal_claim_free(&left);
	/* In the place of the one that was left. */
	assert_int_equal(claim_number(journal, &many, &held), 2);
	assert_int_equal(journal_find_orphans(journal, &orphans), RC_OK);
	assert_int_equal(orphans.n, journal_is_shared(journal) ? 1 : 0);
	assert_false(orphans.foreign);
	for (size_t i = 0; i < orphans.n; i++)
		assert_int_equal(journal_reclaim(journal, &orphans.list[i],
				     now()),
		    RC_OK);
	pool_free(&orphans.pool);
	if (journal_is_shared(journal)) {
		assert_int_equal(claim_number(journal, &many, &left), 1);
		settle_at(journal, &left, JOURNAL_FINISH, now());
	}
	settle_at(journal, &held, JOURNAL_FINISH, now());
	journal_close(journal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_a_run_that_was_noted_is_a_lost_try),
		TEST(a_lost_note_hides_its_run),
		TEST(the_claim_of_a_killed_runner_is_void),
		TEST(a_claim_that_its_process_let_go_of_is_found),
	};

	return cmocka_run_group_tests_name("recover", tests, NULL, NULL);
}
