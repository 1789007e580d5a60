/* SPDX-License-Identifier: ISC */
#include "../texts.h"

static const struct bad values[] = {
	{ WAITS "timeout 10\n", 4,
	    "`10' is no duration: write a number and ms" },
	{ WAITS "timeout 0s\n", 4, "`0s' is out of range: write 1ms to 365d" },
	{ WAITS "timeout 366d\n", 4, "is out of range: write 1ms to 365d" },
	{ WAITS "timeout 99999999999999999999s\n", 4, "is out of range" },
	{ WAITS "kill-after 2h\n", 4, "is out of range: write 1ms to 1h" },
	{ WAITS "kill-after 0ms\n", 4, "is out of range" },
	{ WAITS "read-timeout 0s\n", 4, "is out of range" },
	{ WAITS "read-timeout 61m\n", 4, "is out of range" },
	{ "stop-timeout 0s\n" WAITS, 1, "is out of range" },
	{ "stop-timeout 2h\n" WAITS, 1, "is out of range" },
	{ QUEUES "keep 0d\n", 5, "is out of range: write 1ms to 3650d" },
	{ QUEUES "keep 3651d\n", 5, "is out of range" },
	{ QUEUES "keep forever\n", 5, "is no duration" },
	{ QUEUES "keep-dead 0d\n", 5,
	    "is out of range: write 1ms to 3650d, or forever" },
	{ QUEUES "keep-dead never\n", 5,
	    "`never' is no duration: write a number and ms, s, m, h or d "
	    "behind it, as in 90d, or forever" },
	{ QUEUES "keep-dead\n", 5, "write `keep-dead DURATION|forever'" },
	{ QUEUES "dedupe-window 0s\n", 5, "is out of range" },
	{ QUEUES "retry 1s 2s x\n", 5, "`x' is no duration" },
	{ QUEUES "retry 0s\n", 5, "is out of range" },
	{ QUEUES
	    "retry 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s"
	    " 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s"
	    " 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s\n",
	    5, "write `retry DURATION..., at most 64'" },
	{ QUEUES "concurrency 0\n", 5, "is out of range: write 1 to 1000" },
	{ QUEUES "concurrency 1001\n", 5, "is out of range" },
	{ QUEUES "concurrency two\n", 5, "`two' is no number: write digits" },
	{ QUEUES "concurrency +2\n", 5, "`+2' is no number" },
	{ WAITS "max-running 0\n", 4, "is out of range" },
	{ WAITS "max-running 1001\n", 4, "is out of range" },
	{ QUEUES "batch 0\n", 5, "is out of range: write 1 to 1000" },
	{ QUEUES "batch 1001\n", 5, "is out of range" },
	{ QUEUES "max-queue 0\n", 5, "is out of range: write 1 to 100000000" },
	{ QUEUES "max-queue 100000001\n", 5, "is out of range" },
	{ QUEUES "max-queue 99999999999999999999\n", 5, "is out of range" },
	{ WAITS "max-body 1m\n", 4, "`1m' is no size: write a number, or one" },
	{ WAITS "max-body 0\n", 4, "is out of range: write 1 to 512M" },
	{ WAITS "max-body 1G\n", 4, "is out of range: write 1 to 512M" },
	{ WAITS "delivery later\n", 4, "write one of wait queue" },
	{ WAITS "delivery Wait\n", 4, "`Wait' is none of the choices" },
	{ "dispatch fork\n" QUEUES, 1, "write one of thread drain none" },
	{ WAITS "input json\n", 4, "write one of body line cloudevents" },
	{ "log-format xml\n" WAITS, 1, "write one of text json" },
	{ "log-level loud\n" WAITS, 1,
	    "write one of error warning info debug" },
	{ "log file\n" WAITS, 1,
	    "write stderr, syslog or a file's whole path" },
	{ "journal q.db\n" WAITS, 1,
	    "write the journal's whole path, from / on" },
	{ WAITS "capture here\n", 4, "write the directory's whole path" },
	{ WAITS "secret-file s\n", 4, "write the secret file's whole path" },
	{ WAITS "secret-file /s b64\n", 4,
	    "`b64' is not understood here: write raw, hex, base64 or whsec, "
	    "and behind it" },
	{ WAITS "secret-file /s raw hex\n", 4, "`hex' is not understood here" },
	{ WAITS "secret-file /s world-readable hex\n", 4,
	    "`hex' is not understood here" },
	{ WAITS "secret-file /s raw world-readable x\n", 4,
	    "PATH [raw|hex|base64|whsec] [world-readable]" },
	{ WAITS "event-name event\n", 4,
	    "`event' is no JSON pointer: write it" },
	{ WAITS "event-name /a~2\n", 4, "is no JSON pointer" },
	{ WAITS "event-name /a /b\n", 4, "`/b' is one word too many" },
	{ WAITS "event-name header\n", 4, "write `header NAME'" },
	{ WAITS "event-name header X:Y\n", 4, "`X:Y' is no header's name" },
	{ QUEUES "order id\n", 5, "`id' is no JSON pointer" },
	{ QUEUES "order header\n", 5,
	    "`order' knows no headers: write `order" },
	{ QUEUES "dedupe id\n", 5, "`id' is no JSON pointer" },
	{ QUEUES "dedupe header\n", 5, "write `header NAME'" },
	{ QUEUES "dedupe body /a\n", 5, "is one word too many" },
	{ QUEUES "dedupe header \"\"\n", 5, "`' is no header's name" },
	{ WAITS "signature none at all\n", 4,
	    "nothing may stand behind auto, none or a preset" },
	{ WAITS "signature header\n", 4, "a header's name is missing" },
	{ WAITS "signature gitlub\n", 4, "write auto, none, github, stripe" },
	{ WAITS "env id /id\n", 4,
	    "`id' is no name for `env': write at most 64" },
	{ WAITS "env 1D /id\n", 4, "is no name for `env'" },
	{ WAITS "env _A /id\n", 4, "is no name for `env'" },
	{ WAITS "env \"\" /id\n", 4, "is no name for `env'" },
	{ WAITS
	    "env AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	    "AAAAAA /id\n",
	    4, "is no name for `env'" },
	{ WAITS "env A-B /id\n", 4, "is no name for `env'" },
	{ WAITS "env A id\n", 4, "`id' is no JSON pointer" },
	{ WAITS "env PELIHOOK_A /a\n", 4, "write `A'" },
	{ WAITS "env A /a\nenv A /b\n", 5, "A was given in line 4 already" },
	{ WAITS "setenv LD_PRELOAD /x\n", 4, "cannot be set: names with LD_" },
	{ WAITS "setenv PELIHOOK_ID x\n", 4, "cannot be set" },
	{ WAITS "setenv 1A x\n", 4, "`1A' is no name of a variable" },
	{ WAITS "setenv A=B x\n", 4, "is no name of a variable" },
	{ WAITS "setenv \"\" x\n", 4, "is no name of a variable" },
	{ WAITS "setenv A 1\nsetenv A 2\n", 5,
	    "A was given in line 4 already" },
	{ WAITS "setenv-file LD_PRELOAD /x\n", 4, "cannot be set: names" },
	{ WAITS "setenv-file 1A /x\n", 4, "`1A' is no name of a variable" },
	{ WAITS "setenv-file A x\n", 4, "write the file's whole path, from" },
	{ WAITS "setenv-file A /x raw\n", 4,
	    "`raw' is not understood here: write world-readable where others" },
	{ WAITS "setenv-file A\n", 4,
	    "write `setenv-file NAME PATH [world-readable]'" },
	{ WAITS "setenv-file A /x\nsetenv-file A /y\n", 5,
	    "A was given in line 4 already" },
	{ WAITS "setenv-file A /x\nsetenv A y\n", 5,
	    "A was given in line 4 already: take one of them out" },
	{ WAITS "setenv A y\nsetenv-file A /x\n", 5,
	    "A was given in line 4 already" },
	{ "setenv-file A /x\n" WAITS "setenv A y\n", 5,
	    "A was given in line 1 already" },
	{ WAITS "directory x\n", 4, "write the directory's whole path, from" },
	{ QUEUES "queued-status 201\n", 5,
	    "`201' is none of the choices: write one of 200 202" },
	{ QUEUES "on-dead exec /bin/true\n", 5, "write `on-dead run /path/to" },
	{ QUEUES "on-dead run true\n", 5, "write the command's whole path" },
	{ QUEUES "on-dead run\n", 5, "write `on-dead run COMMAND ARG...'" },
};

static void
values_are_checked(void **state)
{
	(void)state;
	assert_int_equal(check_bad(values, COUNT(values)), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(values_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
