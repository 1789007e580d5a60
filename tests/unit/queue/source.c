/* SPDX-License-Identifier: ISC */
#include "../journal.h"

#include "config/conf.h"
#include "config/load.h"
#include "queue/hooks.h"
#include "queue/source.h"

/* Two configurations that have hooks of one name, and one journal. */
static char first[PATH_MAX];
static char second[PATH_MAX];

static void
write_rules(const char *path, const char *journal, const char *hook,
    const char *rules)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fprintf(file, "journal %s\nhook %s\n signature none\n on * run %s\n",
	    journal, hook, rules);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0600), 0);
}

/* Each with a command of its own. */
static void
write_conf(const char *path, const char *journal, const char *hook)
{
	write_rules(path, journal, hook,
	    path == first ? "/bin/true" : "/bin/false");
}

static int
make_two(void **state)
{
	int failed = make_place(state);

	snprintf(first, sizeof(first), "%s", scratch_path("first.conf"));
	snprintf(second, sizeof(second), "%s", scratch_path("second.conf"));
	write_conf(first, journal_path, "h");
	write_conf(second, journal_path, "h");
	return failed;
}

static struct conf *
load(const char *path)
{
	struct buf errors = { .max = 4096 };
	struct conf *conf = NULL;

	assert_int_equal(conf_load(path, &conf, &errors), RC_OK);
	conf->hooks[0].ready = true;
	buf_free(&errors);
	return conf;
}

/* As the programs store an event of the configuration's hook. */
static enum rc
store_by(struct journal *journal, const struct conf *conf)
{
	char file[JOURNAL_FILE_SIZE];
	struct buf why = { 0 };
	struct sample sample;
	enum rc rc;

	fill_sample(&sample, "h", 1);
	assert_int_equal(queue_source_file(conf->file, file), RC_OK);
	sample.entry.file = file;
	rc = append_and_wait(journal, &sample.entry);
	if (rc == RC_CONFIG)
		rc = queue_source_settle(journal, &conf->hooks[0], file, &why);
	if (rc == RC_OK && why.len > 0)
		rc = append_and_wait(journal, &sample.entry);
	buf_free(&why);
	return rc;
}

static enum rc
store(struct journal *journal, const char *path)
{
	struct conf *conf = load(path);
	enum rc rc = store_by(journal, conf);

	conf_release(conf);
	return rc;
}

/* What check says of a configuration. */
static void
expect_checked(struct journal *journal, const char *path, const char *other)
{
	struct conf *conf = load(path);
	struct buf errors = { .max = 4096 };
	char line[PATH_MAX + 8];

	assert_int_equal(queue_source_check(journal, conf, &errors),
	    other == NULL ? RC_OK : RC_CONFIG);
	if (other == NULL) {
		assert_int_equal(errors.len, 0);
	} else {
		snprintf(line, sizeof(line), "%s:1: ", path);
		assert_int_equal(strncmp(errors.data, line, strlen(line)), 0);
		assert_non_null(strstr(errors.data, " hook h "));
		assert_non_null(strstr(errors.data, other));
	}
	buf_free(&errors);
	conf_release(conf);
}

/* Of how many lanes a dispatcher of a configuration may claim: of its hook's,
 * and of what no line takes. */
static size_t
claims(struct journal *journal, const char *path)
{
	struct conf *conf = load(path);
	struct queue_hooks hooks = { 0 };
	size_t n;

	assert_int_equal(queue_hooks_make(conf, &hooks), RC_OK);
	assert_int_equal(queue_hooks_note(&hooks, journal), RC_OK);
	n = hooks.limits.n;
	queue_hooks_free(&hooks);
	conf_release(conf);
	return n;
}

static void
a_hook_is_the_one_of_the_file_that_came_first(void **state)
{
	struct journal *journal = open_journal();

	(void)state;
	only_of_a_file();
	expect_checked(journal, second, NULL);
	assert_int_equal(store(journal, first), RC_OK);
	assert_int_equal(store(journal, second), RC_CONFIG);
	assert_int_equal(store(journal, first), RC_OK);
	expect_checked(journal, first, NULL);
	expect_checked(journal, second, first);
	assert_int_equal(claims(journal, second), 0);
	assert_int_equal(claims(journal, first), 2);
	assert_int_equal(claims(journal, second), 0);
	expect_counts(journal, "h queued 2 ");
	journal_close(journal);
}

/* A dispatcher alone makes it the one of its file, too. */
static void
a_hook_that_is_run_is_noted(void **state)
{
	struct journal *journal = open_journal();

	(void)state;
	only_of_a_file();
	assert_int_equal(claims(journal, second), 2);
	assert_int_equal(claims(journal, first), 0);
	assert_int_equal(store(journal, first), RC_CONFIG);
	journal_close(journal);
}

static void
a_file_that_is_gone_has_no_hook(void **state)
{
	struct journal *journal = open_journal();

	(void)state;
	only_of_a_file();
	assert_int_equal(claims(journal, first), 2);
	assert_int_equal(unlink(first), 0);
	expect_checked(journal, second, NULL);
	assert_int_equal(store(journal, second), RC_OK);
	/* The rules of the other one are older, whatever its time. */
	assert_int_equal(claims(journal, second), 2);
	write_conf(first, journal_path, "h");
	assert_int_equal(store(journal, first), RC_CONFIG);
	journal_close(journal);
}

/* As after a reload that is still to come: stored, and run by newer rules. */
static void
a_process_whose_file_was_moved_goes_on_to_store(void **state)
{
	struct journal *journal = open_journal();
	struct conf *conf = load(first);

	(void)state;
	assert_int_equal(store_by(journal, conf), RC_OK);
	assert_int_equal(rename(first, second), 0);
	write_conf(second, journal_path, "h");
	assert_int_equal(claims(journal, second), 2);
	assert_int_equal(store_by(journal, conf), RC_OK);
	expect_counts(journal, "h queued 2 ");
	conf_release(conf);
	journal_close(journal);
}

static void
a_file_that_lets_go_of_it_has_no_hook(void **state)
{
	struct journal *journal = open_journal();

	(void)state;
	only_of_a_file();
	assert_int_equal(store(journal, first), RC_OK);
	write_conf(first, journal_path, "other");
	assert_int_equal(store(journal, second), RC_OK);
	write_conf(first, journal_path, "h");
	assert_int_equal(store(journal, first), RC_CONFIG);
	write_conf(second, scratch_path("another.db"), "h");
	assert_int_equal(store(journal, first), RC_OK);
	journal_close(journal);
}

static void
a_file_that_cannot_be_read_keeps_its_hook(void **state)
{
	struct journal *journal = open_journal();
	FILE *file;

	(void)state;
	only_of_a_file();
	assert_int_equal(store(journal, first), RC_OK);
	file = fopen(first, "w");
	assert_non_null(file);
	fputs("no directive\n", file);
	fclose(file);
	assert_int_equal(store(journal, second), RC_CONFIG);
	expect_checked(journal, second, "cannot be read");
	journal_close(journal);
}

static void
another_path_to_a_file_is_the_same_file(void **state)
{
	struct journal *journal = open_journal();
	char linked[PATH_MAX];

	(void)state;
	only_of_a_file();
	snprintf(linked, sizeof(linked), "%s", scratch_path("linked.conf"));
	assert_int_equal(symlink(first, linked), 0);
	assert_int_equal(store(journal, linked), RC_OK);
	assert_int_equal(store(journal, first), RC_OK);
	assert_int_equal(claims(journal, first), 2);
	expect_checked(journal, first, NULL);
	assert_int_equal(store(journal, second), RC_CONFIG);
	/* It may come to be a link to another file. */
	assert_int_equal(unlink(linked), 0);
	assert_int_equal(symlink(second, linked), 0);
	assert_int_equal(store(journal, linked), RC_OK);
	journal_close(journal);
}

static void
files_with_the_same_rules_share_a_hook(void **state)
{
	struct journal *journal = open_journal();

	(void)state;
	only_of_a_file();
	assert_int_equal(store(journal, first), RC_OK);
	write_rules(second, journal_path, "h", "/bin/true");
	expect_checked(journal, second, NULL);
	assert_int_equal(store(journal, second), RC_OK);
	assert_int_equal(claims(journal, second), 2);
	write_rules(second, journal_path, "h", "/bin/true\n keep 1d");
	expect_checked(journal, second, first);
	assert_int_equal(store(journal, second), RC_CONFIG);
	assert_int_equal(claims(journal, second), 0);
	journal_close(journal);
}

/* Two that start together: one of them has it. */
static void
what_was_noted_meanwhile_stands(void **state)
{
	struct journal *journal = open_journal();
	struct journal *other = open_journal();

	(void)state;
	only_of_a_file();
	assert_int_equal(store(journal, first), RC_OK);
	assert_int_equal(journal_source_change(other, "h", second, "/third"),
	    RC_OK);
	assert_int_equal(store(journal, first), RC_OK);
	assert_int_equal(journal_source_change(other, "h", first, second),
	    RC_OK);
	assert_int_equal(store(journal, second), RC_OK);
	journal_close(other);
	journal_close(journal);
}

/* Each machine has its own file, at whatever path. */
static void
a_hook_of_a_shared_journal_is_nobodys(void **state)
{
	struct journal *journal;
	char file[JOURNAL_FILE_SIZE];

	(void)state;
	if (journal_server() == NULL)
		skip();
	journal = open_journal();
	assert_int_equal(store(journal, first), RC_OK);
	assert_int_equal(store(journal, second), RC_OK);
	write_rules(second, journal_path, "h", "/bin/false");
	assert_int_equal(store(journal, second), RC_OK);
	expect_checked(journal, second, NULL);
	assert_int_equal(journal_source_find(journal, "h", file), RC_MISSING);
	assert_int_equal(journal_source_change(journal, "h", first, second),
	    RC_OK);
	assert_int_equal(journal_source_find(journal, "h", file), RC_MISSING);
	journal_close(journal);
}

#define TEST_TWO(name)                                                         \
	cmocka_unit_test_setup_teardown(name, make_two, scratch_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_TWO(a_hook_is_the_one_of_the_file_that_came_first),
		TEST_TWO(a_hook_that_is_run_is_noted),
		TEST_TWO(a_hook_of_a_shared_journal_is_nobodys),
		TEST_TWO(a_file_that_is_gone_has_no_hook),
		TEST_TWO(a_process_whose_file_was_moved_goes_on_to_store),
		TEST_TWO(a_file_that_lets_go_of_it_has_no_hook),
		TEST_TWO(a_file_that_cannot_be_read_keeps_its_hook),
		TEST_TWO(another_path_to_a_file_is_the_same_file),
		TEST_TWO(files_with_the_same_rules_share_a_hook),
		TEST_TWO(what_was_noted_meanwhile_stands),
	};

	return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
