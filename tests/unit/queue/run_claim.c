/* SPDX-License-Identifier: ISC */
#include <sys/mount.h>

#include <sched.h>

#include "../machine.h"

#include "base/buf.h"
#include "config/conf.h"
#include "journal/journal.h"
#include "queue/dispatch.h"

/* What becomes of an event. */

static void
a_failing_one_is_tried_again(void **state)
{
	struct machine machine;

	(void)state;
	write_command("cmd", "test $PELIHOOK_ATTEMPT = 3 || code=1");
	build(&machine, load_hook(""));
	append_sample(machine.journal, "h", 1, "");
	start(&machine);
	wait_for_counts(machine.journal, "h done 1 ");
	stop(&machine);
	expect_marks("start 1 1\nend 1 1 1\nstart 1 2\nend 1 2 1\n"
		     "start 1 3\nend 1 3 0\n");
	take_apart(&machine);
}

static void
after_the_last_pause_it_is_dead(void **state)
{
	struct machine machine;
	char hook[PATH_MAX + 64];

	(void)state;
	write_command("cmd", "code=$((74 + PELIHOOK_ATTEMPT % 2))");
	write_command("dead", "echo \"dead $body\" >>$M; code=3");
	snprintf(hook, sizeof(hook), "on-dead run %s/dead\n", scratch);
	build(&machine, load_hook(hook));
	append_sample(machine.journal, "h", 1, "");
	start(&machine);
	wait_for(scratch_path("log"), "msg=\"on-dead failed\" hook=h event=");
	stop(&machine);
	assert_true(counts_are(machine.journal, "h dead 1 "));
	expect_marks("start 1 1\nend 1 1 75\nstart 1 2\nend 1 2 74\n"
		     "start 1 3\nend 1 3 75\nstart 1 4\nend 1 4 74\n"
		     "start 1 4\ndead {\"n\":1}\nend 1 4 3\n");
	take_apart(&machine);
}

static void
on_dead_is_the_hooks_whatever_the_lane(void **state)
{
	struct machine machine;
	char hook[3 * PATH_MAX];
	char marks[2 * PATH_MAX];

	(void)state;
	assert_int_equal(mkdir(scratch_path("there"), 0700), 0);
	write_command("cmd", "pwd >>$M; code=65");
	write_command("dead", "echo \"$(pwd) $body\" >>$M");
	snprintf(hook, sizeof(hook),
	    "lane l directory %s/there\non-dead run %s/dead\n", scratch,
	    scratch);
	build(&machine, load_hook(hook));
	append_sample(machine.journal, "h", 1, "");
	drain_empty(&machine);
	snprintf(marks, sizeof(marks),
	    "start 1 1\n%s/there\nend 1 1 65\n"
	    "start 1 1\n/ {\"n\":1}\nend 1 1 0\n",
	    scratch);
	expect_marks(marks);
	take_apart(&machine);
}

static void
a_bad_event_is_dead_at_once(void **state)
{
	struct machine machine;

	(void)state;
	write_command("cmd", "code=65");
	build(&machine, load_hook(""));
	append_sample(machine.journal, "h", 1, "");
	drain_empty(&machine);
	expect_marks("start 1 1\nend 1 1 65\n");
	assert_true(counts_are(machine.journal, "h dead 1 "));
	take_apart(&machine);
}

static enum rc
note_last(void *context, const struct journal_row *row)
{
	snprintf(context, 32, "%s %d %u", row->outcome, row->code,
	    row->attempts);
	return RC_OK;
}

static void
last(struct journal *journal, char got[32])
{
	struct journal_filter filter = { .state = -1, .limit = 1 };

	got[0] = '\0';
	assert_int_equal(journal_list(journal, &filter, note_last, got), RC_OK);
}

static void
expect_last(struct journal *journal, const char *text)
{
	char got[32];

	last(journal, got);
	assert_string_equal(got, text);
}

static int
remove_journal(void)
{
	char runners[sizeof(journal_path) + 16];

	if (journal_server() != NULL)
		return make_schema();
	snprintf(runners, sizeof(runners), "%s-runners", journal_path);
	return unlink(journal_path) == 0 ? unlink(runners) : -1;
}

static void
ends_of_other_kinds_are_told(void **state)
{
	static const struct {
		const char *act;
		const char *timeout;
		const char *told;
	} cases[] = {
		{ "kill -9 $$", "timeout 30s\nretry 1h\n", "signal 9 1" },
		{ "trap 'exit 0' TERM; sleep 60 & wait",
		    "timeout 200ms\nretry 1h\n", "timeout 0 1" },
		{ "code=3", "timeout 30s\nretry 1h\n", "exit 3 1" },
	};
	struct machine machine;
	unsigned failed = 0;
	char got[32];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		write_command("cmd", cases[i].act);
		build(&machine, load_hook(cases[i].timeout));
		append_sample(machine.journal, "h", (unsigned)i, "");
		drain_empty(&machine);
		last(machine.journal, got);
		failed += case_text(cases[i].act, got, cases[i].told);
		take_apart(&machine);
		assert_int_equal(remove_journal(), 0);
	}
	assert_int_equal(failed, 0);
}

static void
what_cannot_be_started_is_tried_again(void **state)
{
	struct machine machine;

	(void)state;
	write_command("cmd", "");
	build(&machine, load_hook(""));
	assert_int_equal(unlink(scratch_path("cmd")), 0);
	append_sample(machine.journal, "h", 1, "");
	start(&machine);
	wait_for_counts(machine.journal, "h dead 1 ");
	stop(&machine);
	expect_last(machine.journal, "unstarted 2 4");
	assert_true(file_holds(scratch_path("log"), "level=error"));
	take_apart(&machine);
}

/* Routing by the configuration in force. */

static void
what_is_ignored_now_is_done(void **state)
{
	struct machine machine;

	(void)state;
	build(&machine,
	    load("hook h\nsignature none\n"
		 "on pipeline_run_error ignore\non * run /bin/false\n"));
	append_sample(machine.journal, "h", 1, "");
	drain_empty(&machine);
	assert_true(counts_are(machine.journal, "h done 1 "));
	expect_last(machine.journal, "ignored 0 1");
	take_apart(&machine);
}

static void
each_delivery_has_its_line(void **state)
{
	struct machine machine;
	struct sample sample;
	char text[3 * PATH_MAX];

	(void)state;
	write_command("first", "echo first >>$M");
	write_command("second", "echo second >>$M");
	snprintf(text, sizeof(text),
	    "hook h\nsignature none\nlane l\n"
	    "on * lane l also run %s/first\n"
	    "on connection_added run /bin/false\n"
	    "on * lane l run %s/second\n",
	    scratch, scratch);
	build(&machine, load(text));
	fill_sample(&sample, "h", 1);
	/* One more than there are lines now. */
	sample.entry.routes_len = 3;
	assert_int_equal(append_and_wait(machine.journal, &sample.entry),
	    RC_OK);
	drain_empty(&machine);
	expect_marks("start 1 1\nfirst\nend 1 1 0\n"
		     "start 1 1\nsecond\nend 1 1 0\n");
	assert_true(counts_are(machine.journal, "h done 3 "));
	take_apart(&machine);
}

/* Stopping and dying. */

static void
a_result_that_cannot_be_written_is_kept(void **state)
{
	struct machine machine;
	struct other db;

	(void)state;
	write_command("cmd", "while test ! -e $D/go; do sleep 0.01; done");
	build(&machine, load_hook("concurrency 2\n"));
	append_sample(machine.journal, "h", 1, "");
	start(&machine);
	wait_for(marks_path, "start 1 1");
	journal_set_busy_timeout(machine.journal, 20);
	db = lock_journal();
	scratch_file("go", "", 0600);
	wait_for(marks_path, "end 1 1 0");
	wait_for(scratch_path("log"),
	    journal_server() == NULL ? "database is locked" : "lock timeout");
	disconnect_other(&db);
	wait_for_counts(machine.journal, "h done 1 ");
	append_sample(machine.journal, "h", 2, "");
	wait_for_counts(machine.journal, "h done 2 ");
	assert_int_equal(count_of(marks_path, "start"), 2);
	stop(&machine);
	take_apart(&machine);
}

/* Without room, and without the power to end a command. */

static bool
fill_up(const char *path)
{
	char chunk[4096] = "";
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	while (write(fd, chunk, sizeof(chunk)) > 0)
		continue;
	return close(fd) == 0;
}

static bool
mount_small(const char *path)
{
	return unshare(CLONE_NEWNS) == 0 &&
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount("tmpfs", path, "tmpfs", 0, "size=1m,mode=0700") == 0;
}

/* The configuration was read before: the journal is in the small place. */
static struct conf *small_conf;

static bool
a_full_disk_on_the_way(void)
{
	const char *filler = "small/filler";
	struct machine machine;

	if (!mount_small(scratch_path("small")))
		return false;
	build(&machine, small_conf);
	append_sample(machine.journal, "h", 1, "");
	append_sample(machine.journal, "h", 2, "");
	start(&machine);
	wait_for(marks_path, "start 1 1");
	NEED(fill_up(scratch_path(filler)));
	scratch_file("go", "", 0600);
	wait_for(scratch_path("log"), "journal: ");
	/* It is tried again and again, and nothing else is begun. */
	NEED(count_of(marks_path, "start") == 1);
	NEED(counts_are(machine.journal, "h queued 1 h running 1 "));
	NEED(unlink(scratch_path(filler)) == 0);
	wait_for_counts(machine.journal, "h done 2 ");
	NEED(count_of(marks_path, "start") == 2);
	stop(&machine);
	take_apart(&machine);
	return true;
}

static bool
can_mount(void)
{
	return mount_small(scratch_path("small"));
}

static void
a_result_outlasts_a_full_disk(void **state)
{
	(void)state;
	only_of_a_file();
	need_pidfds();
	scratch_directory("small", 0700);
	if (geteuid() != 0 || !in_child(can_mount)) {
		print_message("skipped: nobody but root can mount\n");
		skip();
	}
	write_command("cmd", "while test ! -e $D/go; do sleep 0.01; done");
	small_conf = load_hook("");
	snprintf(journal_path, sizeof(journal_path), "%s",
	    scratch_path("small/journal.db"));
	assert_true(in_child(a_full_disk_on_the_way));
	conf_release(small_conf);
}

static struct conf *root_conf;

static bool
with_a_stuck_command(void)
{
	struct machine machine;
	int fifo;

	NEED(become_nobody());
	build(&machine, root_conf);
	append_sample(machine.journal, "h", 1, "");
	append_sample(machine.journal, "h", 2, "");
	start(&machine);
	wait_for(scratch_path("log"), "command outlives SIGKILL");
	NEED(counts_are(machine.journal, "h queued 1 h running 1 "));
	fifo = open(scratch_path("fifo"), O_WRONLY | O_CLOEXEC);
	NEED(fifo >= 0);
	wait_for(scratch_path("log"), "msg=tried");
	close(fifo);
	stop(&machine);
	take_apart(&machine);
	return true;
}

static bool
stop_with_a_stuck_command(void)
{
	struct machine machine;
	int fifo;

	NEED(become_nobody());
	build(&machine, conf_hold(root_conf));
	append_sample(machine.journal, "h", 1, "");
	start(&machine);
	wait_for(scratch_path("log"), "command outlives SIGKILL");
	stop(&machine);
	NEED(counts_are(machine.journal, "h running 1 "));
	take_apart(&machine);
	/* Nobody runs it again while it is there. */
	build(&machine, conf_hold(root_conf));
	NEED(dispatch_alone(&machine.settings) == RC_OK);
	NEED(counts_are(machine.journal, "h running 1 "));
	NEED(file_holds(scratch_path("log"), "cannot be ended"));
	fifo = open(scratch_path("fifo"), O_WRONLY | O_CLOEXEC);
	NEED(fifo >= 0);
	NEED(waitpid(-1, NULL, 0) > 0);
	NEED(dispatch_alone(&machine.settings) == RC_OK);
	NEED(file_holds(scratch_path("log"), "given back"));
	NEED(counts_are(machine.journal, "h done 1 "));
	take_apart(&machine);
	close(fifo);
	return true;
}

static void
prepare_stuck(void)
{
	struct buf text = { 0 };

	prepare_root_command();
	assert_int_equal(mkfifo(scratch_path("fifo"), 0600), 0);
	assert_int_equal(chmod(scratch_path("fifo"), 0666), 0);
	assert_int_equal(buf_printf(&text,
			     "hook h\nsignature none\n"
			     "timeout 300ms\nkill-after 100ms\nretry 1h\n"
			     "on * run %s root %s\n",
			     scratch_path("root"), scratch_path("fifo")),
	    RC_OK);
	root_conf = load(text.data);
	buf_free(&text);
	assert_int_equal(chown(scratch, NOBODY, NOBODY), 0);
	assert_int_equal(chown(scratch_path("log"), NOBODY, NOBODY), 0);
}

static void
a_stuck_command_keeps_its_claim_until_it_is_gone(void **state)
{
	(void)state;
	prepare_stuck();
	assert_true(in_child(with_a_stuck_command));
	conf_release(root_conf);
}

static void
a_stuck_command_is_not_run_beside_itself(void **state)
{
	(void)state;
	prepare_stuck();
	assert_true(in_child(stop_with_a_stuck_command));
	conf_release(root_conf);
}

/* What a command sees of a run. */
#define TELL                                                                   \
	"echo \"${PELIHOOK_PIPELINE-none} ${PELIHOOK_RUN-none} "               \
	"$PELIHOOK_TEXT\" >>$M"

static void
append_with(struct journal *journal, const char *event, const char *body,
    const struct journal_subject *subject)
{
	struct sample sample;

	fill_sample(&sample, "h", 1);
	sample.entry.event = event;
	sample.entry.body = bytes_of(body);
	sample.entry.subject = subject;
	assert_int_equal(append_and_wait(journal, &sample.entry), RC_OK);
}

static void
a_command_is_told_of_which_run_its_event_is(void **state)
{
	static const struct journal_subject subject = {
		.pipeline = "7",
		.name = "CRM",
		.run = "r1",
	};
	struct machine machine;
	char hook[PATH_MAX + 64];

	(void)state;
	write_command("cmd", TELL "; code=65");
	write_command("dead", TELL);
	snprintf(hook, sizeof(hook), "on-dead run %s/dead\n", scratch);
	build(&machine, load_hook(hook));
	append_with(machine.journal, "pipeline_run_error", "{\"n\":1}",
	    &subject);
	drain_empty(&machine);
	expect_marks("start 1 1\n"
		     "CRM r1 Pipeline CRM failed: the tap or connector exited "
		     "non-zero or raised (run r1).\n"
		     "end 1 1 65\nstart 1 1\n"
		     "CRM r1 Pipeline CRM failed: the tap or connector exited "
		     "non-zero or raised (run r1).\n"
		     "end 1 1 0\n");
	take_apart(&machine);
}

static void
what_an_earlier_release_stored_is_read_for_it(void **state)
{
	struct machine machine;

	(void)state;
	write_command("cmd", TELL);
	build(&machine, load_hook(""));
	append_with(machine.journal, "pipeline_run_started",
	    "{\"n\":1,\"pipeline_name\":\"CRM\"}", NULL);
	drain_empty(&machine);
	expect_marks("start 1 1\nCRM none Pipeline CRM started.\nend 1 1 0\n");
	take_apart(&machine);
}

static void
what_names_no_pipeline_is_told_without(void **state)
{
	struct machine machine;

	(void)state;
	write_command("cmd", TELL);
	build(&machine, load_hook(""));
	append_with(machine.journal, "orders/create", "{\"n\":1}", NULL);
	drain_empty(&machine);
	expect_marks("start 1 1\nnone none "
		     "Event orders/create arrived at hook h.\nend 1 1 0\n");
	take_apart(&machine);
}

static void
pelihooks_own_events_bring_their_text(void **state)
{
	static const struct journal_subject subject = {
		.pipeline = "7",
		.name = "CRM",
		.run = "r1",
	};
	struct machine machine;
	char hook[3 * PATH_MAX];

	(void)state;
	write_command("cmd", "code=1");
	write_command("alarm",
	    TELL "; echo \"$PELIHOOK_KIND $PELIHOOK_OUTCOME "
		 "$PELIHOOK_VERIFIED ${PELIHOOK_REMOTE_ADDR-none}\" >>$M");
	snprintf(hook, sizeof(hook), "on @watch run %s/alarm\n", scratch);
	build(&machine, load_hook(hook));
	append_with(machine.journal, "pelihook.run_stuck",
	    "{\"n\":1,\"text\":\"A run hangs.\"}", &subject);
	drain_empty(&machine);
	expect_marks("start 1 1\nCRM r1 A run hangs.\nwatch stuck 1 none\n"
		     "end 1 1 0\n");
	take_apart(&machine);
}

static void
pelihooks_own_events_are_cloudevents_too(void **state)
{
	struct machine machine;
	char text[3 * PATH_MAX];
	struct buf got;

	(void)state;
	write_command("cmd", "code=1");
	snprintf(text, sizeof(text),
	    "#!/bin/sh\nexec grep -o '\"\\(type\\|source\\)\":\"[^\"]*\"' "
	    ">%s/got\n",
	    scratch);
	scratch_file("alarm", text, 0755);
	snprintf(text, sizeof(text),
	    "input cloudevents\non @watch run %s/alarm\n", scratch);
	build(&machine, load_hook(text));
	append_with(machine.journal, "pelihook.run_stuck",
	    "{\"text\":\"A run hangs.\"}", NULL);
	drain_empty(&machine);
	got = read_file(scratch_path("got"));
	assert_string_equal(got.data,
	    "\"source\":\"urn:pelihook:h\"\n"
	    "\"type\":\"pelihook.run_stuck\"\n");
	buf_free(&got);
	take_apart(&machine);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(a_failing_one_is_tried_again),
		TEST(after_the_last_pause_it_is_dead),
		TEST(on_dead_is_the_hooks_whatever_the_lane),
		TEST(a_bad_event_is_dead_at_once),
		TEST(ends_of_other_kinds_are_told),
		TEST(what_cannot_be_started_is_tried_again),
		TEST(what_is_ignored_now_is_done),
		TEST(each_delivery_has_its_line),
		TEST(a_command_is_told_of_which_run_its_event_is),
		TEST(what_an_earlier_release_stored_is_read_for_it),
		TEST(what_names_no_pipeline_is_told_without),
		TEST(pelihooks_own_events_bring_their_text),
		TEST(pelihooks_own_events_are_cloudevents_too),
		TEST(a_result_that_cannot_be_written_is_kept),
		TEST(a_result_outlasts_a_full_disk),
		TEST(a_stuck_command_keeps_its_claim_until_it_is_gone),
		TEST(a_stuck_command_is_not_run_beside_itself),
	};

	if (argc > 1 && strcmp(argv[1], "root") == 0)
		return be_root(argc, argv);
	if (!find_self())
		return 1;
	tester = getpid();
	return cmocka_run_group_tests_name("run_claim", tests, NULL, NULL);
}
