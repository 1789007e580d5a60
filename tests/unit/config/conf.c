/* SPDX-License-Identifier: ISC */
#include <fcntl.h>

#include "../scratch.h"

#include "base/buf.h"
#include "base/log.h"
#include "config/conf.h"
#include "config/digest.h"
#include "config/files.h"
#include "config/load.h"
#include "config/warnings.h"
#include "event/event.h"
#include "signature/recipe.h"
#include "signature/secret.h"

enum {
	CEILING = 64 * 1024,
	NOBODY = 65534
};

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* Three lines and four, to which the lines under test are added. */
#define WAITS "hook h\nsecret-file /s\non * ignore\n"
#define QUEUES "journal /j/q\n" WAITS

/* Writes the text to a file and reads it as a configuration. */
static enum rc
load(const char *text, struct conf **conf, struct buf *complaints)
{
	complaints->max = CEILING;
	return conf_load(scratch_file("c", text, 0600), conf, complaints);
}

/* A configuration that has to be good. */
static struct conf *
good(const char *text)
{
	struct buf complaints = {0};
	struct conf *conf = NULL;
	enum rc rc = load(text, &conf, &complaints);

	if (complaints.len > 0)
		print_error("%s", complaints.data);
	buf_free(&complaints);
	assert_int_equal(rc, RC_OK);
	assert_non_null(conf);
	return conf;
}

/* What is wrong with a text: the line, and a part of the only complaint. */
struct bad {
	const char *text;
	unsigned line;
	const char *part;
};

static unsigned
check_complaint(const struct bad *bad, const struct buf *got)
{
	char begin[2 * PATH_MAX + 16];
	unsigned wrong = 0;
	const char *end = got->len > 0 ? strchr(got->data, '\n') : NULL;

	snprintf(begin, sizeof begin, "%s:%u: ", scratch_path("c"),
	    bad->line);
	wrong += case_true(bad->text, begin, bytes_begin(buf_view(got),
	    begin));
	wrong += case_true(bad->text, bad->part,
	    holds_text(buf_view(got), bad->part));
	wrong += case_true(bad->text, "one complaint",
	    end != NULL && end[1] == '\0');
	if (wrong > 0)
		print_error("got: %s\n", got->len > 0 ? got->data : "");
	return wrong;
}

static unsigned
check_bad(const struct bad *bad, size_t n)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < n; i++) {
		struct buf complaints = {0};
		struct conf *conf = NULL;

		wrong += case_rc(bad[i].text,
		    load(bad[i].text, &conf, &complaints), RC_CONFIG);
		wrong += case_true(bad[i].text, "nothing handed out",
		    conf == NULL);
		wrong += check_complaint(&bad[i], &complaints);
		conf_release(conf);
		buf_free(&complaints);
	}
	return wrong;
}

static const struct bad structure[] = {
    {"", 1, "there is no hook: write `hook NAME'"},
    {"# nothing\n\n", 1, "there is no hook"},
    {"secret-file /s\n", 1, "there is no hook"},
    {WAITS "timout 3s\n", 4, "unknown directive `timout': write `timeout'"},
    {WAITS "Secret_File /s\n", 4, "write `secret-file'"},
    {WAITS "max_body 1M\n", 4, "write `max-body'"},
    {WAITS "xyzzy 1\n", 4, "unknown directive `xyzzy': see pelihook.conf"},
    {WAITS "\"\" 1\n", 4, "unknown directive `'"},
    {WAITS "timeout \"3s\n", 4, "a quote is not closed: write \" where"},
    {WAITS "timeout '3s\n", 4, "a quote is not closed: write ' where"},
    {WAITS "timeout 3s\ntimeout 4s\n", 5,
	"`timeout' was given in line 4 already: take one of them out"},
    {"timeout 3s\ntimeout 4s\n" WAITS, 2, "was given in line 1 already"},
    {"journal /a\njournal /b\n" WAITS, 2, "was given in line 1 already"},
    {WAITS "journal /j\n", 4,
	"`journal' is for all hooks: write it before the first `hook'"},
    {WAITS "dispatch none\n", 4, "`dispatch' is for all hooks"},
    {WAITS "stop-timeout 3s\n", 4, "`stop-timeout' is for all hooks"},
    {WAITS "log stderr\n", 4, "`log' is for all hooks"},
    {WAITS "log-format text\n", 4, "`log-format' is for all hooks"},
    {WAITS "log-level info\n", 4, "`log-level' is for all hooks"},
    {WAITS "timeout\n", 4,
	"an argument of `timeout' is missing: write `timeout DURATION'"},
    {WAITS "timeout 1s 2s\n", 4, "`timeout' has too many arguments"},
    {WAITS "env ID\n", 4, "write `env NAME POINTER'"},
    {WAITS "setenv A b c\n", 4, "write `setenv NAME VALUE'"},
    {"hook\nsecret-file /s\non * ignore\n", 1, "write `hook NAME'"},
    {"hook a b\nsecret-file /s\non * ignore\n", 1, "write `hook NAME'"},
    {"hook -a\nsecret-file /s\non * ignore\n", 1,
	"`-a' is no name of a hook"},
    {"hook a/b\nsecret-file /s\non * ignore\n", 1, "is no name of a hook"},
    {WAITS WAITS, 4, "hook h begins in line 1 already"},
    {"hook h\nsecret-file /s\n", 1, "hook h has no `on' line: write `on *"},
    {"hook h\non * ignore\n", 1, "hook h has no secret: write `secret-file"},
    {"on * ignore\n", 1, "hook default has no secret"},
    {"timeout 1s\n\non * ignore\n", 3, "hook default has no secret"},
    {"on @started ignore\n" WAITS, 1,
	"belongs to no hook: move it behind the `hook' line"},
    {"secret-file /s\nhook a\non * ignore\nhook b\n", 4, "has no `on' line"},
    {"\xef\xbb\xbf" WAITS, 1, "the file begins with a byte order mark: save"},
    {"\n\xef\xbb\xbf" WAITS, 2, "unknown directive `"},
    /* What an unclear line may hold is not missed besides. */
    {"secret-file /s\non * run \"/bin/true\n", 2, "a quote is not closed"},
    {"secret-file /s\nonn * ignore\n", 2, "write `on'"},
    {"hook h\nsecret-file /s\non * run '/bin/true\n", 3,
	"a quote is not closed"},
    {"hook h\nsecret_file /s\non * ignore\n", 2, "write `secret-file'"},
    {"hook h\nsignature nonne\non * ignore\n", 2, "write auto, none"},
    {"journl /j\nhook h\nsecret-file /s\ndelivery queue\non * ignore\n", 1,
	"write `journal'"},
};

static void
the_structure_is_checked(void **state)
{
	(void)state;
	assert_int_equal(check_bad(structure, COUNT(structure)), 0);
}

static const struct bad values[] = {
    {WAITS "timeout 10\n", 4, "`10' is no duration: write a number and ms"},
    {WAITS "timeout 0s\n", 4, "`0s' is out of range: write 1ms to 365d"},
    {WAITS "timeout 366d\n", 4, "is out of range: write 1ms to 365d"},
    {WAITS "timeout 99999999999999999999s\n", 4, "is out of range"},
    {WAITS "kill-after 2h\n", 4, "is out of range: write 1ms to 1h"},
    {WAITS "kill-after 0ms\n", 4, "is out of range"},
    {WAITS "read-timeout 0s\n", 4, "is out of range"},
    {WAITS "read-timeout 61m\n", 4, "is out of range"},
    {"stop-timeout 0s\n" WAITS, 1, "is out of range"},
    {"stop-timeout 2h\n" WAITS, 1, "is out of range"},
    {QUEUES "keep 0d\n", 5, "is out of range: write 1ms to 3650d"},
    {QUEUES "keep 3651d\n", 5, "is out of range"},
    {QUEUES "dedupe-window 0s\n", 5, "is out of range"},
    {QUEUES "retry 1s 2s x\n", 5, "`x' is no duration"},
    {QUEUES "retry 0s\n", 5, "is out of range"},
    {QUEUES "retry 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s"
	" 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s"
	" 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s\n",
	5, "write `retry DURATION..., at most 64'"},
    {QUEUES "concurrency 0\n", 5, "is out of range: write 1 to 1000"},
    {QUEUES "concurrency 1001\n", 5, "is out of range"},
    {QUEUES "concurrency two\n", 5, "`two' is no number: write digits"},
    {QUEUES "concurrency +2\n", 5, "`+2' is no number"},
    {WAITS "max-running 0\n", 4, "is out of range"},
    {WAITS "max-running 1001\n", 4, "is out of range"},
    {QUEUES "batch 0\n", 5, "is out of range: write 1 to 1000"},
    {QUEUES "batch 1001\n", 5, "is out of range"},
    {QUEUES "max-queue 0\n", 5, "is out of range: write 1 to 100000000"},
    {QUEUES "max-queue 100000001\n", 5, "is out of range"},
    {QUEUES "max-queue 99999999999999999999\n", 5, "is out of range"},
    {WAITS "max-body 1m\n", 4, "`1m' is no size: write a number, or one"},
    {WAITS "max-body 0\n", 4, "is out of range: write 1 to 512M"},
    {WAITS "max-body 1G\n", 4, "is out of range: write 1 to 512M"},
    {WAITS "delivery later\n", 4, "write one of wait queue"},
    {WAITS "delivery Wait\n", 4, "`Wait' is none of the choices"},
    {"dispatch fork\n" QUEUES, 1, "write one of thread drain none"},
    {WAITS "input json\n", 4, "write one of body line cloudevents"},
    {"log-format xml\n" WAITS, 1, "write one of text json"},
    {"log-level loud\n" WAITS, 1, "write one of error warning info debug"},
    {"log file\n" WAITS, 1, "write stderr, syslog or a file's whole path"},
    {"journal q.db\n" WAITS, 1, "write the journal's whole path, from / on"},
    {WAITS "capture here\n", 4, "write the directory's whole path"},
    {WAITS "secret-file s\n", 4, "write the secret file's whole path"},
    {WAITS "secret-file /s b64\n", 4, "write one of raw hex base64 whsec"},
    {WAITS "event-name event\n", 4, "`event' is no JSON pointer: write it"},
    {WAITS "event-name /a~2\n", 4, "is no JSON pointer"},
    {WAITS "event-name /a /b\n", 4, "`/b' is one word too many"},
    {WAITS "event-name header\n", 4, "write `header NAME'"},
    {WAITS "event-name header X:Y\n", 4, "`X:Y' is no header's name"},
    {QUEUES "order id\n", 5, "`id' is no JSON pointer"},
    {QUEUES "order header\n", 5, "`order' knows no headers: write `order"},
    {QUEUES "dedupe id\n", 5, "`id' is no JSON pointer"},
    {QUEUES "dedupe header\n", 5, "write `header NAME'"},
    {QUEUES "dedupe body /a\n", 5, "is one word too many"},
    {QUEUES "dedupe header \"\"\n", 5, "`' is no header's name"},
    {WAITS "signature none at all\n", 4,
	"nothing may stand behind auto, none or a preset"},
    {WAITS "signature header\n", 4, "a header's name is missing"},
    {WAITS "signature gitlub\n", 4, "write auto, none, github, stripe"},
    {WAITS "env id /id\n", 4, "`id' is no name for `env': write at most 64"},
    {WAITS "env 1D /id\n", 4, "is no name for `env'"},
    {WAITS "env _A /id\n", 4, "is no name for `env'"},
    {WAITS "env \"\" /id\n", 4, "is no name for `env'"},
    {WAITS "env AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	"AAAAAA /id\n", 4, "is no name for `env'"},
    {WAITS "env A-B /id\n", 4, "is no name for `env'"},
    {WAITS "env A id\n", 4, "`id' is no JSON pointer"},
    {WAITS "env PELIHOOK_A /a\n", 4, "write `A'"},
    {WAITS "env A /a\nenv A /b\n", 5, "A was given in line 4 already"},
    {WAITS "setenv LD_PRELOAD /x\n", 4, "cannot be set: names with LD_"},
    {WAITS "setenv PELIHOOK_ID x\n", 4, "cannot be set"},
    {WAITS "setenv 1A x\n", 4, "`1A' is no name of a variable"},
    {WAITS "setenv A=B x\n", 4, "is no name of a variable"},
    {WAITS "setenv \"\" x\n", 4, "is no name of a variable"},
    {WAITS "setenv A 1\nsetenv A 2\n", 5, "A was given in line 4 already"},
    {QUEUES "on-dead exec /bin/true\n", 5, "write `on-dead run /path/to"},
    {QUEUES "on-dead run true\n", 5, "write the command's whole path"},
    {QUEUES "on-dead run\n", 5, "write `on-dead run COMMAND ARG...'"},
};

static void
values_are_checked(void **state)
{
	(void)state;
	assert_int_equal(check_bad(values, COUNT(values)), 0);
}

static void
the_names_of_variables_are_taken(void **state)
{
	static const char *const taken[] = {
		"HOOK", "EVENT", "KIND", "OUTCOME", "CAUSE", "RUN_STATUS",
		"RETRIGGER", "ID", "DIGEST", "RECEIVED", "ATTEMPT",
		"VERIFIED", "REMOTE_ADDR", "COUNT", "CONFIG"
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(taken); i++) {
		char text[128];
		struct bad bad = {text, 4, "is set by pelihook itself"};

		snprintf(text, sizeof text, WAITS "env %s /x\n", taken[i]);
		wrong += check_bad(&bad, 1);
	}
	assert_int_equal(wrong, 0);
}

#define X64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct bad rules[] = {
    {WAITS "on\n", 4, "an argument of `on' is missing"},
    {WAITS "on run /bin/true\n", 4, "the line names no event"},
    {WAITS "on ignore\n", 4, "the line names no event"},
    {WAITS "on *\n", 4, "end it with `run COMMAND' or `ignore'"},
    {WAITS "on * where /a b\n", 4, "end it with `run COMMAND' or `ignore'"},
    {WAITS "on * run\n", 4, "the command is missing"},
    {WAITS "on * run true\n", 4, "write the command's whole path"},
    {WAITS "on * ignore it\n", 4, "`it' stands behind `ignore'"},
    {WAITS "on * where /a\n", 4, "write `where POINTER GLOB'"},
    {WAITS "on * where\n", 4, "write `where POINTER GLOB'"},
    {WAITS "on * where a b ignore\n", 4, "`a' is no JSON pointer"},
    {WAITS "on * where /a [b ignore\n", 4, "a [ of `[b' is not closed"},
    {WAITS "on * where /a b /c d ignore\n", 4,
	"`/c' is not understood here: write `where POINTER GLOB'"},
    {WAITS "on * also ignore\n", 4, "write `also run COMMAND'"},
    {WAITS "on * also where /a b run /x\n", 4, "is not understood here"},
    {WAITS "on @failed ignore\n", 4, "there is no group `@failed': write"},
    {WAITS "on @ ignore\n", 4, "there is no group `@'"},
    {WAITS "on @fail* ignore\n", 4, "there is no group `@fail*'"},
    {WAITS "on pipeline_[ab ignore\n", 4, "is not closed: write ]"},
    {WAITS "on x[]y ignore\n", 4, "is not closed"},
    {WAITS "on \"\" ignore\n", 4, "an event's name is empty"},
    {WAITS "on " X64 X64 X64 X64 " ignore\n", 4, "is longer than 255 bytes"},
    {WAITS "event-name /e\non \"" X64 X64 X64 X64 "\" ignore\n", 5,
	"is longer than 255 bytes"},
};

static void
rules_are_checked(void **state)
{
	(void)state;
	assert_int_equal(check_bad(rules, COUNT(rules)), 0);
}

static const struct bad together[] = {
    {WAITS "delivery queue\n", 4, "`delivery queue' needs a journal"},
    {"delivery queue\n" WAITS, 1, "`delivery queue' needs a journal"},
    {"delivery queue\n" WAITS "delivery wait\n", 1, "needs a journal"},
    {WAITS "dedupe body\n", 4, "`dedupe' needs a journal: write `journal"},
    {"dedupe body\n" WAITS, 1, "`dedupe' needs a journal"},
    {WAITS "dedupe-window 1h\n", 4,
	"`dedupe-window' needs a journal: write `journal PATH'"},
    {"dedupe-window 1h\n" WAITS "hook i\nsecret-file /s\non * ignore\n", 1,
	"`dedupe-window' needs a journal"},
    {WAITS "keep 1d\n", 4, "`keep' needs a journal: write `journal PATH'"},
    {"keep 1d\n" WAITS, 1, "`keep' needs a journal"},
    {"keep 1d\nsecret-file /s\non * ignore\n", 1, "`keep' needs a journal"},
    {"dispatch none\n" WAITS, 1, "`dispatch' needs a journal: write `jou"},
    {"dispatch thread\nsecret-file /s\non * ignore\n", 1,
	"`dispatch' needs a journal"},
    {"delivery queue\njournal /j/q\n" WAITS "delivery wait\n", 1,
	"`delivery queue' is for no hook, as each one waits: take this line"},
    {WAITS "order hook\n", 4,
	"`order' is for hooks that queue, and hook h waits: write `journal"},
    {WAITS "batch 2\n", 4, "`batch' is for hooks that queue"},
    {WAITS "retry 1s\n", 4, "`retry' is for hooks that queue"},
    {WAITS "concurrency 2\n", 4, "`concurrency' is for hooks that queue"},
    {WAITS "max-queue 2\n", 4, "`max-queue' is for hooks that queue"},
    {WAITS "on-dead run /x\n", 4, "`on-dead' is for hooks that queue"},
    {WAITS "on x also run /x\n", 4, "`also' is for hooks that queue"},
    {QUEUES "delivery wait\norder none\n", 6, "write `delivery queue', or"},
    {QUEUES "delivery wait\non x also run /x\n", 6, "write `delivery queue"},
    {"batch 2\n" WAITS, 1, "and no hook does: write `journal PATH'"},
    {"journal /j/q\nbatch 2\ndelivery wait\n" WAITS, 2,
	"and no hook does: write `delivery queue'"},
    {"batch 2\nsecret-file /s\non * ignore\n", 1, "`batch' is for hooks"},
    {QUEUES "batch 2\ninput body\n", 5, "`batch' does not go with `input b"},
    {"journal /j/q\nbatch 2\n" WAITS "input body\n", 6,
	"write `input line' or `input cloudevents'"},
    {"signature none\nhook h\nsecret-file /s\non * ignore\n", 1,
	"`signature none' is for one hook only"},
    {WAITS "signature none\n", 4,
	"`signature none' does not go with the secret of line 2"},
    {"secret-file /s\nhook h\nsignature none\non * ignore\n", 3,
	"does not go with the secret of line 1"},
};

static void
what_does_not_go_together_is_refused(void **state)
{
	(void)state;
	assert_int_equal(check_bad(together, COUNT(together)), 0);
}

/* A NUL and a line's length cannot stand in the tables. */
static void
lines_are_checked(void **state)
{
	static const char nul[] = WAITS "timeout\0 3s\n";
	struct buf complaints = {.max = CEILING};
	struct conf *conf = NULL;
	const char *file;

	(void)state;
	file = scratch_bytes("c", LIT(nul), 0600);
	assert_int_equal(conf_load(file, &conf, &complaints), RC_CONFIG);
	assert_non_null(strstr(complaints.data,
	    "/c:4: the line holds a NUL byte"));
	assert_null(conf);
	buf_free(&complaints);
}

static void
all_complaints_are_told(void **state)
{
	struct buf complaints = {0};
	struct conf *conf = NULL;
	const char *at;
	unsigned n = 0;

	(void)state;
	assert_int_equal(load("retri 1s\nhook a\ntimeout 0s\non * run x\n"
	    "hook a\nbatch 2\n", &conf, &complaints), RC_CONFIG);
	for (at = complaints.data; (at = strchr(at, '\n')) != NULL; at++)
		n++;
	assert_int_equal(n, 8);
	assert_non_null(strstr(complaints.data, "/c:1: unknown directive"));
	assert_non_null(strstr(complaints.data, "/c:2: hook a has no secret"));
	assert_non_null(strstr(complaints.data, "/c:3: `0s' is out of"));
	assert_non_null(strstr(complaints.data, "/c:4: `x' is no absolute"));
	assert_non_null(strstr(complaints.data, "/c:5: hook a begins in"));
	assert_non_null(strstr(complaints.data, "/c:5: hook a has no secret"));
	assert_non_null(strstr(complaints.data, "/c:5: hook a has no `on'"));
	assert_non_null(strstr(complaints.data, "/c:6: `batch' is for hooks"));
	buf_free(&complaints);
}

static void
complaints_that_do_not_fit_are_counted(void **state)
{
	struct buf complaints = {.max = 1000 + PATH_MAX};
	struct buf text = {0};
	struct conf *conf = NULL;
	const char *file;

	(void)state;
	for (int i = 0; i < 1000; i++)
		(void)buf_text(&text, "xyzzy\n");
	(void)buf_text(&text, WAITS);
	file = scratch_file("c", text.data, 0600);
	assert_int_equal(conf_load(file, &conf, &complaints), RC_CONFIG);
	assert_true(complaints.len <= complaints.max);
	assert_non_null(strstr(complaints.data, "/c:1: unknown directive"));
	assert_non_null(strstr(complaints.data, " more did not fit here\n"));
	buf_free(&complaints);
	buf_free(&text);
}

static void
a_complaint_shows_no_control_characters(void **state)
{
	struct buf complaints = {0};
	struct conf *conf = NULL;

	(void)state;
	assert_int_equal(load(WAITS "ti\033[1m\177 3s\n", &conf, &complaints),
	    RC_CONFIG);
	assert_non_null(strstr(complaints.data, "`ti?[1m?'"));
	buf_free(&complaints);
}

static void
the_defaults_are_those_of_the_manual(void **state)
{
	static const int64_t pauses[] = {
		10 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE,
		HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR
	};
	struct conf *conf = good(WAITS);
	struct hook *hook = &conf->hooks[0];

	(void)state;
	assert_null(conf->journal);
	assert_int_equal(conf->dispatch, CONF_DISPATCH_DEFAULT);
	assert_int_equal(conf->stop_timeout, 20 * SECOND);
	assert_int_equal(conf->read_timeout, 15 * SECOND);
	assert_int_equal(conf->log.target, LOG_TO_STDERR);
	assert_int_equal(conf->log.format, LOG_TEXT);
	assert_int_equal(conf->log.level, LOG_LEVEL_INFO);
	assert_int_equal(conf->hooks_len, 1);
	assert_string_equal(hook->name, "h");
	assert_string_equal(hook->file, scratch_path("c"));
	assert_int_equal(hook->line, 1);
	assert_int_equal(hook->signature.kind, RECIPE_AUTO);
	assert_int_equal(hook->reading.name.from, EVENT_FROM_NONE);
	assert_int_equal(hook->delivery, CONF_WAIT);
	assert_int_equal(hook->timeout, 30 * SECOND);
	assert_int_equal(hook->kill_after, 5 * SECOND);
	assert_int_equal(hook->retry_len, COUNT(pauses));
	assert_memory_equal(hook->retry, pauses, sizeof pauses);
	assert_int_equal(hook->concurrency, 1);
	assert_int_equal(hook->max_running, 0);
	assert_int_equal(hook->reading.order.from, EVENT_FROM_NONE);
	assert_int_equal(hook->reading.dedupe.from, EVENT_FROM_NONE);
	assert_int_equal(hook->dedupe_window, DAY);
	assert_int_equal(hook->batch, 1);
	assert_int_equal(hook->input, CONF_BODY);
	assert_int_equal(hook->reading.env_len, 0);
	assert_int_equal(hook->setenv_len, 0);
	assert_null(hook->on_dead);
	assert_int_equal(hook->max_body, 1048576);
	assert_int_equal(hook->read_timeout, 15 * SECOND);
	assert_int_equal(hook->max_queue, 100000);
	assert_int_equal(hook->keep, 30 * DAY);
	assert_null(hook->capture);
	assert_false(hook->ready);
	conf_release(conf);
}

static void
a_journal_makes_hooks_queue(void **state)
{
	struct conf *conf = good(QUEUES "hook w\ndelivery wait\n"
	    "secret-file /s\non * ignore\n");

	(void)state;
	assert_string_equal(conf->journal, "/j/q");
	assert_int_equal(conf->hooks[0].delivery, CONF_QUEUE);
	assert_int_equal(conf->hooks[0].timeout, HOUR);
	assert_int_equal(conf->hooks[1].delivery, CONF_WAIT);
	assert_int_equal(conf->hooks[1].timeout, 30 * SECOND);
	conf_release(conf);
}

static void
global_directives_are_understood(void **state)
{
	struct conf *conf = good("journal /q\ndispatch drain\n"
	    "stop-timeout 90s\nlog /var/log/p\nlog-format json\nlog-level debug\n"
	    "read-timeout 3s\n" WAITS "read-timeout 4s\n");
	struct conf *other = good("journal /q\ndispatch thread\nlog syslog\n"
	    "log-level warning\n" WAITS);
	struct conf *third = good("journal /q\ndispatch none\nlog stderr\n"
	    "log-level error\nlog-format text\n" WAITS);

	(void)state;
	assert_int_equal(conf->dispatch, CONF_DISPATCH_DRAIN);
	assert_int_equal(conf->stop_timeout, 90 * SECOND);
	assert_int_equal(conf->log.target, LOG_TO_FILE);
	assert_string_equal(conf->log.path, "/var/log/p");
	assert_int_equal(conf->log.format, LOG_JSON);
	assert_int_equal(conf->log.level, LOG_LEVEL_DEBUG);
	assert_int_equal(conf->read_timeout, 3 * SECOND);
	assert_int_equal(conf->hooks[0].read_timeout, 4 * SECOND);
	assert_int_equal(other->dispatch, CONF_DISPATCH_THREAD);
	assert_int_equal(other->log.target, LOG_TO_SYSLOG);
	assert_int_equal(other->log.level, LOG_LEVEL_WARNING);
	assert_int_equal(third->dispatch, CONF_DISPATCH_NONE);
	assert_int_equal(third->log.target, LOG_TO_STDERR);
	assert_int_equal(third->log.level, LOG_LEVEL_ERROR);
	conf_release(conf);
	conf_release(other);
	conf_release(third);
}

static void
hook_directives_are_understood(void **state)
{
	struct conf *conf = good("journal /j/q\nhook h\non * ignore\n"
	    "secret-file /a\nsecret-file /b hex\nsecret-file /c base64\n"
	    "secret-file /d whsec\nsecret-file /e raw\nsignature github\n"
	    "event-name /data/0/type\ndelivery queue\ntimeout 365d\n"
	    "kill-after 1ms\nretry 1s 2m\nconcurrency 1000\nmax-running 7\n"
	    "order /run~1id\ndedupe header X-Id\ndedupe-window 2h\n"
	    "batch 1000\nenv RUN /run/id\nenv B \"\"\nsetenv PATH /bin\n"
	    "setenv lower_1 'a b'\non-dead run /bin/mail -s dead root\n"
	    "max-body 512M\nread-timeout 1h\nmax-queue 100000000\n"
	    "keep 3650d\ncapture /var/tmp/c\n");
	const struct hook *hook = &conf->hooks[0];

	(void)state;
	assert_int_equal(hook->secrets_len, 5);
	assert_string_equal(hook->secrets[0].path, "/a");
	assert_int_equal(hook->secrets[0].coding, SECRET_RAW);
	assert_int_equal(hook->secrets[0].line, 4);
	assert_int_equal(hook->secrets[0].key.len, 0);
	assert_int_equal(hook->secrets[1].coding, SECRET_HEX);
	assert_int_equal(hook->secrets[2].coding, SECRET_BASE64);
	assert_int_equal(hook->secrets[3].coding, SECRET_WHSEC);
	assert_string_equal(hook->secrets[4].path, "/e");
	assert_int_equal(hook->secrets[4].coding, SECRET_RAW);
	assert_int_equal(hook->signature.kind, RECIPE_HEADER);
	assert_string_equal(hook->signature.prefix, "sha256=");
	assert_int_equal(hook->reading.name.from, EVENT_FROM_POINTER);
	assert_string_equal(hook->reading.name.pointer, "/data/0/type");
	assert_int_equal(hook->delivery, CONF_QUEUE);
	assert_int_equal(hook->timeout, 365 * DAY);
	assert_int_equal(hook->kill_after, 1);
	assert_int_equal(hook->retry_len, 2);
	assert_int_equal(hook->retry[0], SECOND);
	assert_int_equal(hook->retry[1], 2 * MINUTE);
	assert_int_equal(hook->concurrency, 1000);
	assert_int_equal(hook->max_running, 7);
	assert_int_equal(hook->reading.order.from, EVENT_FROM_POINTER);
	assert_string_equal(hook->reading.order.pointer, "/run~1id");
	assert_int_equal(hook->reading.dedupe.from, EVENT_FROM_HEADER);
	assert_string_equal(hook->reading.dedupe.header.name, "X-Id");
	assert_string_equal(hook->reading.dedupe.header.variable, "HTTP_X_ID");
	assert_int_equal(hook->dedupe_window, 2 * HOUR);
	assert_int_equal(hook->batch, 1000);
	assert_int_equal(hook->input, CONF_CLOUDEVENTS);
	assert_int_equal(hook->reading.env_len, 2);
	assert_string_equal(hook->reading.env[0].name, "RUN");
	assert_string_equal(hook->reading.env[0].value, "/run/id");
	assert_string_equal(hook->reading.env[1].value, "");
	assert_int_equal(hook->reading.env[1].line, 22);
	assert_int_equal(hook->setenv_len, 2);
	assert_string_equal(hook->setenv[0].name, "PATH");
	assert_string_equal(hook->setenv[1].value, "a b");
	assert_string_equal(hook->on_dead[0], "/bin/mail");
	assert_string_equal(hook->on_dead[3], "root");
	assert_null(hook->on_dead[4]);
	assert_int_equal(hook->max_body, 512 * 1024 * 1024);
	assert_int_equal(hook->read_timeout, HOUR);
	assert_int_equal(hook->max_queue, 100000000);
	assert_int_equal(hook->keep, 3650 * DAY);
	assert_string_equal(hook->capture, "/var/tmp/c");
	conf_release(conf);
}

static void
sources_have_their_words(void **state)
{
	struct conf *conf = good(QUEUES "order hook\ndedupe body\n"
	    "event-name header X-Event\nhook n\nsecret-file /s\n"
	    "on * ignore\norder none\ndedupe none\n");
	struct conf *other = good(QUEUES "dedupe /id\n");

	(void)state;
	assert_int_equal(conf->hooks[0].reading.order.from, EVENT_FROM_HOOK);
	assert_int_equal(conf->hooks[0].reading.dedupe.from, EVENT_FROM_BODY);
	assert_int_equal(conf->hooks[0].reading.name.from, EVENT_FROM_HEADER);
	assert_string_equal(conf->hooks[0].reading.name.header.variable,
	    "HTTP_X_EVENT");
	assert_int_equal(conf->hooks[1].reading.order.from, EVENT_FROM_NONE);
	assert_int_equal(conf->hooks[1].reading.dedupe.from, EVENT_FROM_NONE);
	assert_int_equal(other->hooks[0].reading.dedupe.from, EVENT_FROM_POINTER);
	assert_string_equal(other->hooks[0].reading.dedupe.pointer, "/id");
	conf_release(conf);
	conf_release(other);
}

static void
rules_are_understood(void **state)
{
	struct conf *conf = good(QUEUES
	    "on @failure x_* [a-z]y where /a '' where /b/0 [!x]* also run "
	    "/bin/a \"two words\" ignore\n"
	    "on anything_at_all run /bin/b\n");
	const struct rule *rule = conf->hooks[0].rules;

	(void)state;
	assert_int_equal(conf->hooks[0].rules_len, 3);
	assert_null(rule[0].command);
	assert_false(rule[0].also);
	assert_int_equal(rule[0].line, 4);
	assert_int_equal(rule[1].line, 5);
	assert_int_equal(rule[1].events_len, 3);
	assert_string_equal(rule[1].events[0], "@failure");
	assert_string_equal(rule[1].events[2], "[a-z]y");
	assert_int_equal(rule[1].where_len, 2);
	assert_string_equal(rule[1].where[0].pointer, "/a");
	assert_string_equal(rule[1].where[0].glob, "");
	assert_string_equal(rule[1].where[1].glob, "[!x]*");
	assert_true(rule[1].also);
	assert_string_equal(rule[1].command[0], "/bin/a");
	assert_string_equal(rule[1].command[1], "two words");
	assert_string_equal(rule[1].command[2], "ignore");
	assert_null(rule[1].command[3]);
	assert_false(rule[2].also);
	assert_string_equal(rule[2].events[0], "anything_at_all");
	assert_int_equal(rule[2].where_len, 0);
	conf_release(conf);
}

/* Names for `event-name`: nearly any text, quoted where it has to be. */
static void
names_are_nearly_any_text(void **state)
{
	struct conf *conf = good(WAITS "event-name /type\n"
	    "on orders/create \"Push Hook\" 'a \"b\"' \"it's\" 'c\\d' ignore\n"
	    "on " X64 X64 X64 "0123456789abcdef0123456789abcdef0123456789abcdef"
	    "0123456789abcde [@]x caf\xc3\xa9 [r]un ignore\n");
	const struct rule *rule = conf->hooks[0].rules;

	(void)state;
	assert_string_equal(rule[1].events[0], "orders/create");
	assert_string_equal(rule[1].events[1], "Push Hook");
	assert_string_equal(rule[1].events[2], "a \"b\"");
	assert_string_equal(rule[1].events[3], "it's");
	assert_string_equal(rule[1].events[4], "c\\d");
	assert_int_equal(strlen(rule[2].events[0]), 255);
	assert_string_equal(rule[2].events[1], "[@]x");
	assert_int_equal(rule[2].events_len, 4);
	conf_release(conf);
}

static void
no_hook_line_is_one_hook(void **state)
{
	struct conf *conf = good("secret-file /s\ntimeout 3s\non * ignore\n");

	(void)state;
	assert_int_equal(conf->hooks_len, 1);
	assert_string_equal(conf->hooks[0].name, "default");
	assert_int_equal(conf->hooks[0].line, 3);
	assert_int_equal(conf->hooks[0].rules_len, 1);
	assert_int_equal(conf->hooks[0].timeout, 3 * SECOND);
	conf_release(conf);
}

static void
defaults_hold_until_a_hook_differs(void **state)
{
	struct conf *conf = good("timeout 3s\nmax-body 2K\nsecret-file /a\n"
	    "secret-file /b\nsecret-file /c\nenv A /a\nenv B /b\n"
	    "setenv A a\nhook one\non * ignore\nhook two\non * ignore\n"
	    "timeout 4s\nsecret-file /d\nenv A /other\nsetenv B b\n"
	    "hook three\non * ignore\n");
	const struct hook *hook = conf->hooks;

	(void)state;
	assert_int_equal(conf->hooks_len, 3);
	assert_int_equal(hook[0].timeout, 3 * SECOND);
	assert_int_equal(hook[1].timeout, 4 * SECOND);
	assert_int_equal(hook[2].timeout, 3 * SECOND);
	assert_int_equal(hook[1].max_body, 2048);
	assert_int_equal(hook[0].secrets_len, 3);
	assert_int_equal(hook[1].secrets_len, 1);
	assert_string_equal(hook[1].secrets[0].path, "/d");
	assert_int_equal(hook[2].secrets_len, 3);
	assert_string_equal(hook[2].secrets[0].path, "/a");
	assert_true(hook[0].secrets != hook[2].secrets);
	assert_int_equal(hook[0].reading.env_len, 2);
	assert_int_equal(hook[1].reading.env_len, 1);
	assert_string_equal(hook[1].reading.env[0].value, "/other");
	assert_string_equal(hook[2].reading.env[0].value, "/a");
	assert_int_equal(hook[1].setenv_len, 1);
	assert_string_equal(hook[1].setenv[0].name, "B");
	conf_release(conf);
}

/* A default for queues is none for the hooks that wait. */
static void
queue_defaults_pass_by_hooks_that_wait(void **state)
{
	struct conf *conf = good("journal /j/q\nbatch 10\norder hook\n"
	    "on-dead run /x\nretry 1s\nsecret-file /s\nhook w\n"
	    "delivery wait\ninput body\non * ignore\nhook q\non * ignore\n");

	(void)state;
	assert_int_equal(conf->hooks[0].batch, 1);
	assert_int_equal(conf->hooks[0].reading.order.from, EVENT_FROM_NONE);
	assert_null(conf->hooks[0].on_dead);
	assert_int_equal(conf->hooks[0].input, CONF_BODY);
	assert_int_equal(conf->hooks[1].batch, 10);
	assert_int_equal(conf->hooks[1].reading.order.from, EVENT_FROM_HOOK);
	assert_int_equal(conf->hooks[1].input, CONF_CLOUDEVENTS);
	assert_non_null(conf->hooks[1].on_dead);
	conf_release(conf);
}

static void
a_batch_may_be_lines(void **state)
{
	struct conf *conf = good(QUEUES "batch 3\ninput line\n");
	struct conf *one = good(QUEUES "batch 1\ninput body\n");

	(void)state;
	assert_int_equal(conf->hooks[0].input, CONF_LINE);
	assert_int_equal(one->hooks[0].input, CONF_BODY);
	conf_release(conf);
	conf_release(one);
}

static void
a_hook_may_go_unsigned(void **state)
{
	struct conf *conf = good("hook u\nsignature none\non * ignore\n" WAITS);

	(void)state;
	assert_int_equal(conf->hooks[0].signature.kind, RECIPE_NONE);
	assert_int_equal(conf->hooks[0].secrets_len, 0);
	conf_release(conf);
}

/* n lines, `LINE 1` and so on, behind a hook. */
static void
repeat(struct buf *text, const char *format, unsigned n)
{
	(void)buf_text(text, WAITS);
	for (unsigned i = 1; i <= n; i++) {
		(void)buf_printf(text, format, i);
		(void)buf_char(text, '\n');
	}
}

static void
assert_at_most(unsigned n, const char *head, const char *tail,
    const char *part)
{
	struct buf text = {0};
	struct bad bad = {NULL, 4 + n, part};
	char format[64];

	snprintf(format, sizeof format, "%s%%u%s", head, tail);
	repeat(&text, format, n);
	conf_release(good(text.data));
	text.len = 0;
	repeat(&text, format, n + 1);
	bad.text = text.data;
	assert_int_equal(check_bad(&bad, 1), 0);
	buf_free(&text);
}

static void
there_is_a_limit_to_repeating(void **state)
{
	(void)state;
	assert_at_most(32, "env A", " /a", "more than 32 `env' lines");
	assert_at_most(15, "secret-file /", "", "more than 16 secrets");
}

static void
hooks_are_found_by_name(void **state)
{
	struct conf *conf = good(WAITS "hook h2\nsecret-file /s\n"
	    "on * ignore\n");

	(void)state;
	assert_ptr_equal(conf_find(conf, bytes_of("h")), &conf->hooks[0]);
	assert_ptr_equal(conf_find(conf, bytes_of("h2")), &conf->hooks[1]);
	assert_null(conf_find(conf, bytes_of("H")));
	assert_null(conf_find(conf, bytes_of("")));
	assert_null(conf_find(conf, LIT("h\0")));
	conf_release(conf);
}

static void
names_of_hooks_are_known(void **state)
{
	static const char longest[] = "a23456789012345678901234567890123456789"
	    "0123456789012345678901234";

	(void)state;
	assert_true(conf_is_name(bytes_of("a")));
	assert_true(conf_is_name(bytes_of("0.a_B-9")));
	assert_true(conf_is_name(bytes_of(longest)));
	assert_false(conf_is_name(bytes_of("")));
	assert_false(conf_is_name(bytes_of(".a")));
	assert_false(conf_is_name(bytes_of("_a")));
	assert_false(conf_is_name(bytes_of("a b")));
	assert_false(conf_is_name(bytes_of("a/b")));
	assert_false(conf_is_name(bytes_of("\303\244")));
	assert_false(conf_is_name(LIT("a\0")));
	assert_false(conf_is_name(bytes_of("a23456789012345678901234567890123"
	    "45678901234567890123456789012345")));
}

static void
the_file_is_named_by_the_environment(void **state)
{
	(void)state;
	assert_int_equal(unsetenv("PELIHOOK_CONFIG"), 0);
	assert_int_equal(conf_default_file()[0], '/');
	assert_int_equal(setenv("PELIHOOK_CONFIG", "", 1), 0);
	assert_int_equal(conf_default_file()[0], '/');
	assert_int_equal(setenv("PELIHOOK_CONFIG", "/x/y.conf", 1), 0);
	assert_string_equal(conf_default_file(), "/x/y.conf");
	assert_int_equal(unsetenv("PELIHOOK_CONFIG"), 0);
}

static void
the_file_itself_has_to_be_trusted(void **state)
{
	struct buf complaints = {.max = CEILING};
	struct conf *conf = NULL;
	char want[2 * PATH_MAX + 128];

	(void)state;
	scratch_file("c", WAITS, 0666);
	assert_int_equal(conf_load(scratch_path("c"), &conf, &complaints),
	    RC_CONFIG);
	snprintf(want, sizeof want, "%s: the configuration is writable by "
	    "others: chmod o-w it\n", scratch_path("c"));
	assert_string_equal(complaints.data, want);
	complaints.len = 0;
	assert_int_equal(conf_load(scratch_path("none"), &conf, &complaints),
	    RC_CONFIG);
	assert_non_null(strstr(complaints.data, "/none: the configuration "
	    "does not exist"));
	assert_null(conf);
	buf_free(&complaints);
}

static void
a_holder_keeps_the_configuration(void **state)
{
	struct conf *conf = good(WAITS);
	struct conf *held = conf_hold(conf);

	(void)state;
	assert_ptr_equal(held, conf);
	conf_release(conf);
	assert_string_equal(held->hooks[0].name, "h");
	conf_release(held);
	conf_release(NULL);
}

/* A hook with the secret file `s` of the scratch directory. */
static struct conf *
with_secret(struct bytes secret, const char *coding)
{
	char text[3 * PATH_MAX];

	scratch_bytes("s", secret, 0600);
	snprintf(text, sizeof text, "hook h\non * ignore\nsecret-file %s %s\n",
	    scratch_path("s"), coding);
	return good(text);
}

static const struct {
	struct bytes file;
	const char *coding;
	struct bytes key;
	bool blanks;
} secrets[] = {
    {RAW("secret"), "raw", RAW("secret"), false},
    {RAW("secret\n"), "", RAW("secret"), false},
    {RAW("secret\r\n"), "raw", RAW("secret"), false},
    {RAW("secret\n\n"), "raw", RAW("secret\n"), true},
    {RAW("secret\r"), "raw", RAW("secret\r"), true},
    {RAW(" secret"), "raw", RAW(" secret"), true},
    {RAW("secret \n"), "raw", RAW("secret "), true},
    {RAW("se cret"), "raw", RAW("se cret"), false},
    {RAW("whsec_QUJD"), "raw", RAW("whsec_QUJD"), false},
    {RAW("00fFaB\n"), "hex", RAW("\0\377\253"), false},
    {RAW("QUJDRA==\n"), "base64", RAW("ABCD"), false},
    {RAW("whsec_QUJDRA==\n"), "whsec", RAW("ABCD"), false},
    {RAW("QUJDRA=="), "whsec", RAW("ABCD"), false},
    {RAW("AAA="), "base64", RAW("\0\0"), false},
};

static void
secrets_are_decoded(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(secrets); i++) {
		struct buf complaints = {.max = CEILING};
		struct conf *conf = with_secret(secrets[i].file,
		    secrets[i].coding);
		struct hook *hook = &conf->hooks[0];

		wrong += case_rc(secrets[i].file.data,
		    conf_ready(conf, hook, &complaints), RC_OK);
		wrong += case_bytes(secrets[i].file.data,
		    hook->secrets[0].key, secrets[i].key);
		wrong += case_number(secrets[i].file.data,
		    hook->secrets[0].blanks, secrets[i].blanks);
		wrong += case_true(secrets[i].file.data, "ready",
		    hook->ready);
		conf_release(conf);
		buf_free(&complaints);
	}
	assert_int_equal(wrong, 0);
}

static const struct {
	struct bytes file;
	const char *coding;
	const char *part;
} bad_secrets[] = {
    {RAW(""), "raw", "is empty or blank"},
    {RAW("\n"), "raw", "is empty or blank"},
    {RAW(" \t\r\n\n"), "raw", "is empty or blank"},
    {RAW("a\0b"), "raw", "holds a NUL byte"},
    {RAW("\0"), "raw", "holds a NUL byte"},
    {RAW("abc"), "hex", "does not hold hexadecimal digits"},
    {RAW(" ab"), "hex", "does not hold hexadecimal digits"},
    {RAW("xy"), "hex", "write `raw' if the secret is used as text"},
    {RAW("QUJDRA"), "base64", "does not hold base64 with its padding"},
    {RAW("whsec_QUJD"), "base64", "does not hold base64"},
    {RAW("whsec_"), "whsec", "is empty once decoded"},
    {RAW("whsec_Q"), "whsec", "with or without whsec_ before it"},
};

static void
bad_secrets_are_refused(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(bad_secrets); i++) {
		struct buf complaints = {0};
		struct conf *conf = with_secret(bad_secrets[i].file,
		    bad_secrets[i].coding);
		struct bad bad = {bad_secrets[i].file.data, 3,
			bad_secrets[i].part};

		wrong += case_rc(bad.text, conf_ready(conf, &conf->hooks[0],
		    &complaints), RC_CONFIG);
		wrong += check_complaint(&bad, &complaints);
		wrong += case_true(bad.text, "not ready, and no key",
		    !conf->hooks[0].ready &&
		    conf->hooks[0].secrets[0].key.len == 0);
		conf_release(conf);
		buf_free(&complaints);
	}
	assert_int_equal(wrong, 0);
}

static void
a_secret_must_be_kept_secret(void **state)
{
	struct buf complaints = {0};
	struct conf *conf = with_secret(LIT("x"), "raw");
	struct bad bad = {"readable", 3, "/s is readable by others"};
	struct bad none = {"missing", 3, "/s does not exist"};

	(void)state;
	assert_int_equal(chmod(scratch_path("s"), 0604), 0);
	assert_int_equal(conf_ready(conf, &conf->hooks[0], &complaints),
	    RC_CONFIG);
	assert_int_equal(check_complaint(&bad, &complaints), 0);
	complaints.len = 0;
	assert_int_equal(unlink(scratch_path("s")), 0);
	assert_int_equal(conf_ready(conf, &conf->hooks[0], &complaints),
	    RC_CONFIG);
	assert_int_equal(check_complaint(&none, &complaints), 0);
	conf_release(conf);
	buf_free(&complaints);
}

/* A hook is ready or it is not: one bad secret takes the others with it. */
static void
all_secrets_have_to_be_good(void **state)
{
	struct buf complaints = {0};
	char text[4 * PATH_MAX];
	struct conf *conf;

	(void)state;
	scratch_file("a", "good", 0600);
	scratch_file("b", "", 0600);
	snprintf(text, sizeof text, "on * ignore\nsecret-file %s\n"
	    "secret-file %s\n", scratch_path("a"), scratch_path("b"));
	conf = good(text);
	assert_int_equal(conf_ready(conf, &conf->hooks[0], &complaints),
	    RC_CONFIG);
	assert_int_equal(conf->hooks[0].secrets[0].key.len, 0);
	scratch_file("b", "better", 0600);
	assert_int_equal(conf_ready(conf, &conf->hooks[0], &complaints),
	    RC_OK);
	assert_true(bytes_is(conf->hooks[0].secrets[0].key, "good"));
	assert_true(bytes_is(conf->hooks[0].secrets[1].key, "better"));
	conf_release(conf);
	buf_free(&complaints);
}

static void
a_ready_hook_is_not_read_again(void **state)
{
	struct buf complaints = {0};
	struct conf *conf = with_secret(LIT("x"), "raw");

	(void)state;
	assert_int_equal(conf_ready(conf, &conf->hooks[0], &complaints),
	    RC_OK);
	assert_int_equal(unlink(scratch_path("s")), 0);
	assert_int_equal(conf_ready(conf, &conf->hooks[0], &complaints),
	    RC_OK);
	assert_int_equal(complaints.len, 0);
	conf_release(conf);
}

static void
commands_are_checked(void **state)
{
	struct buf complaints = {0};
	char text[8 * PATH_MAX];
	struct conf *conf;

	(void)state;
	scratch_file("s", "x", 0600);
	scratch_file("good", "#!/bin/sh\n", 0755);
	scratch_file("plain", "#!/bin/sh\n", 0644);
	scratch_file("open", "#!/bin/sh\n", 0757);
	snprintf(text, sizeof text, "journal /j/q\nsecret-file %s\n"
	    "on a run %s\non b run %s\non c run %s\non-dead run %s/none\n",
	    scratch_path("s"), scratch_path("good"), scratch_path("plain"),
	    scratch_path("open"), scratch);
	conf = good(text);
	assert_int_equal(conf_ready(conf, &conf->hooks[0], &complaints),
	    RC_CONFIG);
	assert_null(strstr(complaints.data, "/c:3:"));
	assert_non_null(strstr(complaints.data, "/c:4: command /"));
	assert_non_null(strstr(complaints.data, "/plain cannot be executed"));
	assert_non_null(strstr(complaints.data, "/c:5: command /"));
	assert_non_null(strstr(complaints.data, "/open is writable by "));
	assert_non_null(strstr(complaints.data, "/c:6: command /"));
	assert_non_null(strstr(complaints.data, "/none does not exist"));
	conf_release(conf);
	buf_free(&complaints);
}

/* The CGI looks at one hook's files only; the others look at all. */
static void
hooks_are_made_ready_one_by_one_or_all(void **state)
{
	struct buf complaints = {0};
	char text[4 * PATH_MAX];
	struct conf *conf;

	(void)state;
	scratch_file("s", "x", 0600);
	snprintf(text, sizeof text, "secret-file %s\nhook a\non * ignore\n"
	    "hook b\non * run /nowhere/to/be/found\n"
	    "hook c\non * run /not/there/either\n", scratch_path("s"));
	conf = good(text);
	assert_int_equal(conf_ready(conf, &conf->hooks[0], &complaints),
	    RC_OK);
	assert_int_equal(complaints.len, 0);
	assert_int_equal(conf_ready_all(conf, &complaints), RC_CONFIG);
	assert_non_null(strstr(complaints.data, "/c:5: command /nowhere"));
	assert_non_null(strstr(complaints.data, "/c:7: command /not/there"));
	assert_true(conf->hooks[0].ready);
	assert_false(conf->hooks[1].ready);
	assert_false(conf->hooks[2].ready);
	conf_release(conf);
	buf_free(&complaints);
}

/* The same complaint is told once and still counts for both hooks. */
static void
a_shared_fault_is_one_of_each_hook(void **state)
{
	struct buf complaints = {0};
	char text[2 * PATH_MAX];
	struct bad bad = {"shared", 1, "/none does not exist"};
	struct conf *conf;

	(void)state;
	snprintf(text, sizeof text, "secret-file %s/none\nhook a\n"
	    "on * ignore\nhook b\non * ignore\n", scratch);
	conf = good(text);
	assert_int_equal(conf_ready_all(conf, &complaints), RC_CONFIG);
	assert_int_equal(check_complaint(&bad, &complaints), 0);
	assert_false(conf->hooks[0].ready);
	assert_false(conf->hooks[1].ready);
	conf_release(conf);
	buf_free(&complaints);
}

static struct conf *
with_capture(const char *directory)
{
	char text[4 * PATH_MAX];

	scratch_file("s", "x", 0600);
	snprintf(text, sizeof text, "hook h\non * ignore\ncapture %s/%s\n"
	    "secret-file %s\n", scratch, directory, scratch_path("s"));
	return good(text);
}

static void
the_capture_directory_is_checked(void **state)
{
	struct buf complaints = {0};
	struct bad none = {"none", 3, "/d does not exist"};
	struct bad open = {"open", 3, "/d is writable by others"};
	struct conf *conf = with_capture("d");
	struct hook *hook = &conf->hooks[0];

	(void)state;
	assert_int_equal(conf_ready(conf, hook, &complaints), RC_CONFIG);
	assert_int_equal(check_complaint(&none, &complaints), 0);
	complaints.len = 0;
	scratch_directory("d", 0777);
	assert_int_equal(conf_ready(conf, hook, &complaints), RC_CONFIG);
	assert_int_equal(check_complaint(&open, &complaints), 0);
	complaints.len = 0;
	assert_int_equal(chmod(scratch_path("d"), 01777), 0);
	assert_int_equal(conf_ready(conf, hook, &complaints), RC_CONFIG);
	assert_int_equal(check_complaint(&open, &complaints), 0);
	complaints.len = 0;
	assert_int_equal(chmod(scratch_path("d"), 0700), 0);
	assert_int_equal(conf_ready(conf, hook, &complaints), RC_OK);
	conf_release(conf);
	buf_free(&complaints);
}

/* Root may write everywhere, so it becomes somebody else for this. */
static void
the_capture_directory_has_to_be_writable(void **state)
{
	struct buf complaints = {0};
	struct bad bad = {"read-only", 3, "cannot be written to by this"};
	struct conf *conf = with_capture("d");
	enum rc rc;

	(void)state;
	scratch_directory("d", 0500);
	assert_int_equal(chmod(scratch, 0755), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(scratch_path("s"), NOBODY, 0), 0);
		assert_int_equal(chown(scratch_path("d"), NOBODY, 0), 0);
		assert_int_equal(seteuid(NOBODY), 0);
	}
	rc = conf_ready(conf, &conf->hooks[0], &complaints);
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(rc, RC_CONFIG);
	assert_int_equal(check_complaint(&bad, &complaints), 0);
	conf_release(conf);
	buf_free(&complaints);
}

static void
the_journals_directory_is_checked(void **state)
{
	struct buf complaints = {0};
	struct bad missing = {"missing", 1, "d does not exist: make it"};
	struct bad bad = {"open", 1, "the journal's directory "};
	struct bad wal = {"-wal", 1, "/d/q-wal is writable by others"};
	struct bad left = {"left", 1, "/d/q is gone, but "};
	char text[4 * PATH_MAX];
	struct conf *conf;

	(void)state;
	scratch_file("s", "x", 0600);
	snprintf(text, sizeof text, "journal %s/d/q\nsecret-file %s\n"
	    "on * ignore\n", scratch, scratch_path("s"));
	conf = good(text);
	assert_int_equal(conf_ready_all(conf, &complaints), RC_CONFIG);
	assert_int_equal(check_complaint(&missing, &complaints), 0);
	complaints.len = 0;
	scratch_directory("d", 01777);
	assert_int_equal(conf_ready_all(conf, &complaints), RC_CONFIG);
	assert_int_equal(check_complaint(&bad, &complaints), 0);
	complaints.len = 0;
	assert_int_equal(chmod(scratch_path("d"), 0700), 0);
	assert_int_equal(conf_ready_all(conf, &complaints), RC_OK);
	scratch_file("d/q-wal", "", 0602);
	assert_int_equal(conf_ready_all(conf, &complaints), RC_CONFIG);
	assert_int_equal(check_complaint(&wal, &complaints), 0);
	complaints.len = 0;
	assert_int_equal(chmod(scratch_path("d/q-wal"), 0600), 0);
	assert_int_equal(conf_ready_all(conf, &complaints), RC_CONFIG);
	assert_int_equal(check_complaint(&left, &complaints), 0);
	complaints.len = 0;
	scratch_file("d/q", "", 0600);
	assert_int_equal(conf_ready_all(conf, &complaints), RC_OK);
	conf_release(conf);
	buf_free(&complaints);
}

/* As the server would open it, but nothing is made. */
static void
the_log_can_be_opened(void **state)
{
	struct buf complaints = {0};
	struct bad missing = {"no directory", 2, "cannot be opened: its dir"};
	struct bad directory = {"a directory", 2, "d/l is a directory"};
	struct bad sticky = {"sticky", 2, "the log's directory "};
	struct bad link = {"a link", 2, "d/l is a symbolic link"};
	struct bad pipe = {"a pipe", 2, "d/l is a pipe that nobody reads"};
	char text[4 * PATH_MAX];
	struct conf *conf;

	(void)state;
	scratch_file("s", "x", 0600);
	snprintf(text, sizeof text, "secret-file %s\nlog %s/d/l\n"
	    "on * ignore\n", scratch_path("s"), scratch);
	conf = good(text);
	assert_int_equal(conf_ready_all(conf, &complaints), RC_OK);
	assert_int_equal(conf_ready_start(conf, &complaints), RC_CONFIG);
	assert_int_equal(check_complaint(&missing, &complaints), 0);
	complaints.len = 0;
	scratch_directory("d", 0700);
	assert_int_equal(conf_ready_start(conf, &complaints), RC_OK);
	assert_int_not_equal(access(scratch_path("d/l"), F_OK), 0);
	scratch_directory("d/l", 0700);
	assert_int_equal(conf_ready_start(conf, &complaints), RC_CONFIG);
	assert_int_equal(check_complaint(&directory, &complaints), 0);
	complaints.len = 0;
	assert_int_equal(rmdir(scratch_path("d/l")), 0);
	complaints.len = 0;
	assert_int_equal(symlink("nowhere", scratch_path("d/l")), 0);
	assert_int_equal(conf_ready_start(conf, &complaints), RC_CONFIG);
	assert_int_equal(check_complaint(&link, &complaints), 0);
	assert_int_equal(unlink(scratch_path("d/l")), 0);
	complaints.len = 0;
	assert_int_equal(mkfifo(scratch_path("d/l"), 0600), 0);
	assert_int_equal(conf_ready_start(conf, &complaints), RC_CONFIG);
	assert_int_equal(check_complaint(&pipe, &complaints), 0);
	assert_int_equal(unlink(scratch_path("d/l")), 0);
	complaints.len = 0;
	assert_int_equal(chmod(scratch_path("d"), 01777), 0);
	assert_int_equal(conf_ready_start(conf, &complaints), RC_CONFIG);
	assert_int_equal(check_complaint(&sticky, &complaints), 0);
	conf_release(conf);
	buf_free(&complaints);
}

/* Root may write everywhere, so it becomes somebody else for this. */
static void
the_log_has_to_be_writable(void **state)
{
	struct buf complaints = {0};
	struct bad bad = {"read-only", 2, "cannot be written by this user"};
	char text[4 * PATH_MAX];
	struct conf *conf;
	enum rc rc;

	(void)state;
	if (getuid() == 0)
		assert_int_equal(chmod(scratch, 0755), 0);
	scratch_file("log", "x", 0400);
	snprintf(text, sizeof text, "# log\nlog %s\nhook h\n"
	    "signature none\non * ignore\n", scratch_path("log"));
	conf = good(text);
	if (getuid() == 0)
		assert_int_equal(seteuid(NOBODY), 0);
	rc = conf_ready_start(conf, &complaints);
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(rc, RC_CONFIG);
	assert_int_equal(check_complaint(&bad, &complaints), 0);
	conf_release(conf);
	buf_free(&complaints);
}

/* The digest of the rules of a configuration's only hook. */
static void
digest_of(const char *directives, char into[CONF_DIGEST_SIZE])
{
	struct buf text = {0};
	struct conf *conf;

	assert_int_equal(buf_printf(&text, "journal %s/q\nhook h\n%s%s%s",
	    scratch, strstr(directives, "secret") == NULL ?
	    "signature none\n" : "", directives,
	    strstr(directives, "on ") == NULL ? "on * run /a b c\n" : ""),
	    RC_OK);
	conf = good(text.data);
	assert_int_equal(conf_digest(&conf->hooks[0], into), RC_OK);
	conf_release(conf);
	buf_free(&text);
}

static void
what_decides_how_events_are_run_is_in_the_digest(void **state)
{
	static const char *const others[] = {
		"on * run /a bc\n", "on * run /a b c d\n",
		"on * run /a b 'c d'\n", "on @problem run /a b c\n",
		"on * also run /a b c\n", "on * ignore\n",
		"on a ignore\non * run /a b c\n",
		"on * run /a b c\non a ignore\n",
		"on * where /a b run /a b c\n",
		"on * where /a c run /a b c\n",
		"on * where /b b run /a b c\n",
		"delivery wait\n", "order hook\n", "order /a\n",
		"order /b\n", "concurrency 2\n", "batch 2\n",
		"input line\n", "env A /a\n", "env B /a\n", "env A /b\n",
		"setenv A b\n", "setenv A c\n", "timeout 2s\n",
		"kill-after 3s\n", "retry 1s\n", "retry 1s 1s\n",
		"on-dead run /a\n", "on-dead run /a b\n"
	};
	static char digests[COUNT(others) + 1][CONF_DIGEST_SIZE];
	unsigned failed = 0;

	(void)state;
	digest_of("", digests[COUNT(others)]);
	assert_int_equal(strlen(digests[COUNT(others)]), CONF_DIGEST_SIZE - 1);
	for (size_t i = 0; i < COUNT(others); i++)
		digest_of(others[i], digests[i]);
	for (size_t i = 0; i < COUNT(others); i++)
		for (size_t k = i + 1; k <= COUNT(others); k++)
			failed += case_true(others[i], "a digest of its own",
			    strcmp(digests[i], digests[k]) != 0);
	assert_int_equal(failed, 0);
}

static void
what_decides_which_are_taken_is_not(void **state)
{
	static const char *const same[] = {
		"# a comment\n\n", "secret-file /s\n", "max-body 2K\n",
		"read-timeout 2s\n", "max-queue 7\n", "keep 3d\n",
		"dedupe body\n", "dedupe-window 3d\n", "event-name /a\n",
		"timeout 1h\n", "concurrency 1\n"
	};
	char plain[CONF_DIGEST_SIZE];
	char got[CONF_DIGEST_SIZE];
	unsigned failed = 0;

	(void)state;
	digest_of("", plain);
	for (size_t i = 0; i < COUNT(same); i++) {
		digest_of(same[i], got);
		failed += case_text(same[i], got, plain);
	}
	assert_int_equal(failed, 0);
}

/* The file of good() as it is now. */
static struct conf *
read_again(struct conf *before)
{
	struct buf complaints = {0};
	struct conf *conf = NULL;

	conf_release(before);
	assert_int_equal(conf_load(scratch_path("c"), &conf, &complaints),
	    RC_OK);
	buf_free(&complaints);
	assert_false(conf_is_stale(conf));
	return conf;
}

static void
a_file_that_was_changed_is_stale(void **state)
{
	static const char text[] = "hook h\nsignature none\non * ignore\n";
	struct timespec long_ago[2] = {{1000, 5}, {1000, 5}};
	struct timespec far_ahead[2] = {{7000000000, 5}, {7000000000, 5}};
	struct conf *conf = good(text);
	const char *file = scratch_path("c");
	struct stat stat_of;

	(void)state;
	assert_false(conf_is_stale(conf));
	assert_int_equal(stat(file, &stat_of), 0);
	assert_int_equal(conf->time, stat_of.st_ctim.tv_sec * 1000000000 +
	    stat_of.st_ctim.tv_nsec);
	assert_int_equal(utimensat(AT_FDCWD, file, long_ago, 0), 0);
	assert_true(conf_is_stale(conf));
	conf = read_again(conf);
	assert_true(conf->time >= stat_of.st_ctim.tv_sec * 1000000000);
	assert_int_equal(utimensat(AT_FDCWD, file, far_ahead, 0), 0);
	conf = read_again(conf);
	assert_int_equal(conf->time, 7000000000000000005);
	/* Another one in its place, and none. */
	scratch_file("new", text, 0600);
	assert_int_equal(utimensat(AT_FDCWD, scratch_path("new"), far_ahead,
	    0), 0);
	assert_false(conf_is_stale(conf));
	assert_int_equal(rename(scratch_path("new"), file), 0);
	assert_true(conf_is_stale(conf));
	conf = read_again(conf);
	assert_int_equal(unlink(file), 0);
	assert_true(conf_is_stale(conf));
	conf_release(conf);
}

static void
the_journals_directory_belongs_to_the_user(void **state)
{
	struct buf complaints = {0};
	struct bad bad = {"root's", 1, "does not belong to the user of this"};
	struct conf *conf;
	enum rc rc;

	(void)state;
	if (geteuid() != 0)
		skip();
	conf = good("journal /q\nhook u\nsignature none\non * ignore\n");
	assert_int_equal(seteuid(NOBODY), 0);
	rc = conf_ready_all(conf, &complaints);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(rc, RC_CONFIG);
	assert_int_equal(check_complaint(&bad, &complaints), 0);
	conf_release(conf);
	buf_free(&complaints);
}

/* A text and the one warning it is given; `%s` is a good secret's path. */
static const struct {
	const char *text;
	unsigned line;
	const char *part;	/* NULL: none at all */
} warnings[] = {
    {"journal /j/q\nsecret-file %s\ndedupe body\non * ignore\n", 0, NULL},
    {"secret-file %s\nsignature stripe\non * ignore\n", 0, NULL},
    {"hook h\nsecret-file %s\non * ignore\n", 1, "can be sent again"},
    {"hook h\nsecret-file %s\nsignature github\non * ignore\n", 3,
	"no timestamp and there is no `dedupe'"},
    {"hook h\nsignature none\non * ignore\n", 2,
	"hook h takes requests that nobody signed"},
    {"secret-file %s\nsignature stripe\non * ignore\n"
	"event-name header X-Event\n", 4, "header X-Event is not signed"},
    {"journal /j/q\nsecret-file %s\non * ignore\n"
	"dedupe header X-Id\n", 4, "header X-Id is not signed"},
    {"journal /j/q\nsecret-file %s\nsignature standard-webhooks\n"
	"on * ignore\ndedupe header Webhook-Id\n", 0, NULL},
    {"journal /j/q\nsecret-file %s\nsignature slack\n"
	"on * ignore\ndedupe header X-Slack-Request-Timestamp\n", 0, NULL},
    {"journal /j/q\nsecret-file %s\nsignature slack\n"
	"on * ignore\ndedupe header X-Slack-Signature\n", 5,
	"is not signed"},
    {"secret-file %s\nsignature stripe\non * ignore\ntimeout 40s\n", 0,
	NULL},
    {"secret-file %s\nsignature stripe\non * ignore\ntimeout 40001ms\n", 4,
	"for more than 40s"},
    {"timeout 41s\nsecret-file %s\nsignature stripe\nhook h\non * ignore\n",
	1, "hook h waits for its command for more than 40s"},
    {"journal /j/q\nsecret-file %s\nsignature stripe\non * ignore\n"
	"timeout 41s\n", 0, NULL},
    {"secret-file %s\nsignature stripe\ncapture /tmp\non * ignore\n", 3,
	"keeps refused requests in /tmp"},
    {"secret-file %s\nsignature stripe\nhook a\non * ignore\n"
	"hook b\non * ignore\n", 5, "hooks a and b have the same secret"},
    {"secret-file %s\nsignature stripe\non pipeline_run_complete ignore\n",
	3, "did you mean pipeline_run_completed?"},
    {"secret-file %s\nsignature stripe\non Pipeline-Run_Eror ignore\n",
	3, "did you mean pipeline_run_error?"},
    {"secret-file %s\nsignature stripe\non pipeline_run_error x.y "
	"order_placed @failure pipeline_run_complet* ignore\n", 0, NULL},
    /* Anybody's events, unless the hook has some of the table as well. */
    {"secret-file %s\nsignature stripe\nevent-name /type\n"
	"on connection.added \"Push Hook\" orders/create ignore\n", 0, NULL},
    {"secret-file %s\nsignature stripe\nevent-name /type\n"
	"on pipeline_run_complete ignore\non connection_added ignore\n", 4,
	"did you mean pipeline_run_completed?"},
    {"secret-file %s\nsignature stripe\non orders/create ignore\n", 3,
	"no event is found under the name `orders/create': write `event-n"},
    {"secret-file %s\nsignature stripe\non \"Push Hook\" ignore\n", 3,
	"no event is found under the name `Push Hook'"},
    {"secret-file %s\nsignature stripe\non " X64 "0 ignore\n", 3,
	"no event is found under the name `0123"},
    {"secret-file %s\nsignature stripe\non " X64 " ignore\n", 0, NULL},
    /* What is fresh again behind the window. */
    {"journal /j/q\nsecret-file %s\nsignature stripe\ndedupe /id\n"
	"dedupe-window 10m\non * ignore\n", 0, NULL},
    {"journal /j/q\nsecret-file %s\nsignature stripe\ndedupe /id\n"
	"dedupe-window 599999ms\non * ignore\n", 5,
	"a captured request can be sent again behind it; "
	"write `dedupe-window 600s' or more"},
    {"journal /j/q\ndedupe-window 9m\nsecret-file %s\nsignature slack\n"
	"dedupe body\nhook h\non * ignore\n", 2,
	"hook h: the `dedupe-window' is shorter than twice the tolerance"},
    {"journal /j/q\nsecret-file %s\nsignature header X timestamp header T "
	"over {timestamp}.{body} tolerance 1d\ndedupe /id\non * ignore\n", 4,
	"write `dedupe-window 172800s' or more"},
    {"journal /j/q\nsecret-file %s\nsignature header X timestamp header T "
	"over {timestamp}.{body} tolerance 3ms\ndedupe /id\n"
	"dedupe-window 5ms\non * ignore\n", 5, "write `dedupe-window 1s' or"},
    {"journal /j/q\nsecret-file %s\nsignature header X timestamp header T "
	"over {timestamp}.{body} tolerance 9223372036854775807ms\n"
	"dedupe /id\non * ignore\n", 4, "shorter than twice the tolerance"},
    {"journal /j/q\nsecret-file %s\nsignature stripe\n"
	"dedupe-window 1m\non * ignore\n", 0, NULL},
    {"journal /j/q\nsecret-file %s\ndedupe body\ndedupe-window 1m\n"
	"on * ignore\n", 0, NULL},
    {"hook h\nsecret-file %s\nsignature github\non * ignore\n", 3,
	"with `dedupe body', a second event that is equal to the byte is "
	"dropped"},
};

static unsigned
check_warning(const char *text, unsigned line, const char *part)
{
	struct buf found = {0};
	struct buf unready = {0};
	struct conf *conf = good(text);
	struct bad bad = {text, line, part};
	unsigned wrong = 0;

	(void)conf_ready_all(conf, &unready);
	wrong += case_rc(text, conf_warnings(conf, false, &found), RC_OK);
	if (part != NULL)
		wrong += check_complaint(&bad, &found);
	else
		wrong += case_text(text, found.len > 0 ? found.data : "", "");
	conf_release(conf);
	buf_free(&unready);
	buf_free(&found);
	return wrong;
}

static void
warnings_are_told(void **state)
{
	char text[4 * PATH_MAX];
	char secret[PATH_MAX + 16];
	unsigned wrong = 0;

	(void)state;
	scratch_file("s", "x", 0600);
	snprintf(secret, sizeof secret, "%s/s", scratch);
	for (size_t i = 0; i < COUNT(warnings); i++) {
		const char *hole = strstr(warnings[i].text, "%s");

		snprintf(text, sizeof text, "%.*s%s%s", hole == NULL ? 0 :
		    (int)(hole - warnings[i].text), warnings[i].text,
		    hole == NULL ? "" : secret,
		    hole == NULL ? warnings[i].text : hole + 2);
		wrong += check_warning(text, warnings[i].line,
		    warnings[i].part);
	}
	assert_int_equal(wrong, 0);
}

static void
a_shared_secret_is_told_once_a_hook(void **state)
{
	struct buf text = {0};
	struct buf found = {0};
	struct conf *conf;
	size_t lines = 0;

	(void)state;
	assert_int_equal(buf_printf(&text, "secret-file %s\n"
	    "signature slack\n", scratch_file("s", "x", 0600)), RC_OK);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(buf_printf(&text, "hook h%u\n"
		    "on * ignore\n", i), RC_OK);
	conf = good(text.data);
	assert_int_equal(conf_ready_all(conf, &found), RC_OK);
	assert_int_equal(conf_warnings(conf, false, &found), RC_OK);
	for (const char *at = found.data; (at = strchr(at, '\n')) != NULL;
	    at++)
		lines++;
	assert_int_equal(lines, 4);
	conf_release(conf);
	buf_free(&text);
	buf_free(&found);
}

static void
blanks_round_a_secret_are_told(void **state)
{
	struct buf found = {0};
	struct conf *conf = with_secret(LIT(" x\n"), "raw\nsignature slack");
	struct bad bad = {"blanks", 3, "/s begins or ends with a blank"};

	(void)state;
	assert_int_equal(conf_ready_all(conf, &found), RC_OK);
	assert_int_equal(conf_warnings(conf, false, &found), RC_OK);
	assert_int_equal(check_complaint(&bad, &found), 0);
	conf_release(conf);
	buf_free(&found);
}

/* Whether this machine has such a timer is not for the test to say. */
static void
only_cgi_wants_a_timer(void **state)
{
	struct buf found = {0};
	struct conf *conf = good("journal /j/q\nsecret-file /s\n"
	    "signature slack\non * ignore\n");
	struct bad bad = {"timer", 1, "no timer and no cron line"};

	(void)state;
	assert_int_equal(conf_warnings(conf, false, &found), RC_OK);
	assert_int_equal(found.len, 0);
	assert_int_equal(conf_warnings(conf, true, &found), RC_OK);
	if (found.len > 0)
		assert_int_equal(check_complaint(&bad, &found), 0);
	conf_release(conf);
	buf_free(&found);
}

/* The text of a file of the source tree, as the tests are told of it. */
static struct buf
source_file(const char *name)
{
	static const char *const variables[] = {
		"abs_top_srcdir", "top_srcdir", "srcdir"
	};
	const char *where = NULL;
	char path[PATH_MAX];
	char part[4096];
	struct buf text = {0};
	size_t n;
	FILE *file;

	for (size_t i = 0; where == NULL && i < COUNT(variables); i++)
		where = getenv(variables[i]);
	snprintf(path, sizeof path, "%s/%s", where == NULL ? "." : where,
	    name);
	file = fopen(path, "r");
	if (file == NULL)
		fail_msg("%s cannot be opened", path);
	while ((n = fread(part, 1, sizeof part, file)) > 0)
		(void)buf_add(&text, (struct bytes){part, n});
	fclose(file);
	return text;
}

static void
the_example_is_good(void **state)
{
	struct buf text = source_file("examples/pelihook.conf");
	struct conf *conf = good(text.data);

	(void)state;
	assert_int_equal(conf->hooks_len, 1);
	assert_true(conf->hooks[0].rules_len > 0);
	conf_release(conf);
	buf_free(&text);
}

/* A sample of the manual: without the markup of mdoc(7). */
static void
add_sample_line(struct buf *sample, struct bytes line)
{
	for (size_t i = 0; i < line.len; i++) {
		(void)buf_char(sample, line.data[i]);
		if (line.len - i >= 2 && bytes_begin(bytes_skip(line, i), "\\e"))
			i++;
	}
	(void)buf_char(sample, '\n');
}

/*
 * Calls with each block of the manual behind a comment `sample`; returns how
 * many there are.
 */
static unsigned
each_sample(const char *mark, void (*call)(const char *sample))
{
	struct buf text = source_file("common/pelihook.conf.5");
	struct bytes rest = buf_view(&text);
	struct buf sample = {0};
	struct bytes line;
	enum { OUTSIDE, MARKED, INSIDE } where = OUTSIDE;
	unsigned n = 0;

	while (bytes_split(&rest, "\n", &line)) {
		if (where == OUTSIDE && bytes_is(line, mark)) {
			where = MARKED;
		} else if (where == MARKED) {
			assert_true(bytes_begin(line, ".Bd -literal"));
			where = INSIDE;
		} else if (where == INSIDE && bytes_is(line, ".Ed")) {
			call(sample.data);
			sample.len = 0;
			where = OUTSIDE;
			n++;
		} else if (where == INSIDE) {
			add_sample_line(&sample, line);
		}
	}
	buf_free(&sample);
	buf_free(&text);
	return n;
}

static void
check_sample(const char *sample)
{
	conf_release(good(sample));
}

static void
the_manuals_samples_are_good(void **state)
{
	(void)state;
	assert_true(each_sample(".\\\" sample", check_sample) >= 6);
}

/* Lines that are no whole file: each is tried alone, with those it joins. */
static void
check_lines(const char *sample)
{
	struct bytes rest = bytes_of(sample);
	struct buf text = {0};
	struct bytes line;

	(void)buf_text(&text, QUEUES);
	while (bytes_split(&rest, "\n", &line)) {
		(void)buf_add(&text, line);
		(void)buf_char(&text, '\n');
		if (line.len > 0 && line.data[line.len - 1] == '\\')
			continue;
		conf_release(good(text.data));
		text.len = strlen(QUEUES);
	}
	buf_free(&text);
}

static void
the_manuals_lines_are_good(void **state)
{
	(void)state;
	assert_true(each_sample(".\\\" lines", check_lines) == 2);
}

#define SCRATCH_TEST(name) \
	cmocka_unit_test_setup_teardown(name, scratch_make, scratch_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(the_structure_is_checked),
		SCRATCH_TEST(values_are_checked),
		SCRATCH_TEST(the_names_of_variables_are_taken),
		SCRATCH_TEST(rules_are_checked),
		SCRATCH_TEST(what_does_not_go_together_is_refused),
		SCRATCH_TEST(lines_are_checked),
		SCRATCH_TEST(all_complaints_are_told),
		SCRATCH_TEST(complaints_that_do_not_fit_are_counted),
		SCRATCH_TEST(a_complaint_shows_no_control_characters),
		SCRATCH_TEST(the_defaults_are_those_of_the_manual),
		SCRATCH_TEST(a_journal_makes_hooks_queue),
		SCRATCH_TEST(global_directives_are_understood),
		SCRATCH_TEST(hook_directives_are_understood),
		SCRATCH_TEST(sources_have_their_words),
		SCRATCH_TEST(rules_are_understood),
		SCRATCH_TEST(names_are_nearly_any_text),
		SCRATCH_TEST(no_hook_line_is_one_hook),
		SCRATCH_TEST(defaults_hold_until_a_hook_differs),
		SCRATCH_TEST(queue_defaults_pass_by_hooks_that_wait),
		SCRATCH_TEST(a_batch_may_be_lines),
		SCRATCH_TEST(a_hook_may_go_unsigned),
		SCRATCH_TEST(there_is_a_limit_to_repeating),
		SCRATCH_TEST(hooks_are_found_by_name),
		SCRATCH_TEST(names_of_hooks_are_known),
		SCRATCH_TEST(the_file_is_named_by_the_environment),
		SCRATCH_TEST(the_file_itself_has_to_be_trusted),
		SCRATCH_TEST(a_holder_keeps_the_configuration),
		SCRATCH_TEST(secrets_are_decoded),
		SCRATCH_TEST(bad_secrets_are_refused),
		SCRATCH_TEST(a_secret_must_be_kept_secret),
		SCRATCH_TEST(all_secrets_have_to_be_good),
		SCRATCH_TEST(a_ready_hook_is_not_read_again),
		SCRATCH_TEST(commands_are_checked),
		SCRATCH_TEST(hooks_are_made_ready_one_by_one_or_all),
		SCRATCH_TEST(a_shared_fault_is_one_of_each_hook),
		SCRATCH_TEST(the_capture_directory_is_checked),
		SCRATCH_TEST(the_capture_directory_has_to_be_writable),
		SCRATCH_TEST(the_journals_directory_is_checked),
		SCRATCH_TEST(the_log_can_be_opened),
		SCRATCH_TEST(the_log_has_to_be_writable),
		SCRATCH_TEST(what_decides_how_events_are_run_is_in_the_digest),
		SCRATCH_TEST(what_decides_which_are_taken_is_not),
		SCRATCH_TEST(a_file_that_was_changed_is_stale),
		SCRATCH_TEST(the_journals_directory_belongs_to_the_user),
		SCRATCH_TEST(warnings_are_told),
		SCRATCH_TEST(a_shared_secret_is_told_once_a_hook),
		SCRATCH_TEST(blanks_round_a_secret_are_told),
		SCRATCH_TEST(only_cgi_wants_a_timer),
		SCRATCH_TEST(the_example_is_good),
		SCRATCH_TEST(the_manuals_samples_are_good),
		SCRATCH_TEST(the_manuals_lines_are_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
