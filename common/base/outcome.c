/* SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/outcome.h"

static const char *const outcome_words[] = {
	[OUTCOME_REFUSED] = "refused",
	[OUTCOME_DELIVERED] = "delivered",
	[OUTCOME_IGNORED] = "ignored",
	[OUTCOME_DUPLICATE] = "duplicate",
	[OUTCOME_QUEUED] = "queued",
	[OUTCOME_REJECTED] = "rejected",
	[OUTCOME_TEMPORARY] = "try-again",
	[OUTCOME_FAILED] = "failed",
	[OUTCOME_UNSTARTED] = "not-started",
	[OUTCOME_BUSY] = "not-started-now",
	[OUTCOME_TIMEOUT] = "timeout",
	[OUTCOME_STOPPED] = "stopping",
};

static const char *const end_names[] = {
	[RUN_EXIT] = "exit",
	[RUN_SIGNAL] = "signal",
	[RUN_TIMEOUT] = "timeout",
	[RUN_STOPPED] = "stopped",
	[RUN_UNSTARTED] = "unstarted",
	[RUN_STUCK] = "stuck",
};

/* What a command says by its exit status: of those that decide about the
 * delivery by what becomes of it, of the others by sysexits.h and shells. */
static const struct {
	int code;
	const char *meaning;
} exits[] = {
	{ EX_OK, "done" },
	{ EX_USAGE, "the command was called in a wrong way" },
	{ EX_DATAERR, "the event itself is bad, and is not tried again" },
	{ EX_NOINPUT, "an input is not there or cannot be read" },
	{ EX_NOUSER, "a user is not known" },
	{ EX_NOHOST, "a host is not known" },
	{ EX_UNAVAILABLE, "a service is not available" },
	{ EX_SOFTWARE, "an error within the command" },
	{ EX_OSERR, "the system refused something" },
	{ EX_OSFILE, "a file of the system is missing" },
	{ EX_CANTCREAT, "a file cannot be made" },
	{ EX_IOERR, "input or output failed" },
	{ EX_TEMPFAIL, "try again later" },
	{ EX_PROTOCOL, "the other side did not answer as it should" },
	{ EX_NOPERM, "permission denied" },
	{ EX_CONFIG, "something is configured wrongly" },
	{ 126, "a shell could not start a program" },
	{ 127, "a shell did not find a program" },
};

/* What is no exit. */
static const struct {
	const char *outcome;
	const char *meaning;
} others[] = {
	{ "timeout", "it took longer than its timeout, and was ended" },
	{ "stopped", "it was ended because pelihook stopped" },
	{ "stuck", "it was killed and did not end" },
	{ "unstarted", "the command could not be started" },
	{ "ignored", "no line runs a command for it any more" },
	{ "damaged", "what the journal holds of it cannot be right" },
};

const char *
outcome_word(enum outcome outcome)
{
	return outcome_words[outcome];
}

const char *
run_end_name(enum run_end end)
{
	return end_names[end];
}

enum rc
run_end_find(const char *name, enum run_end *end)
{
	for (size_t i = 0; i < sizeof(end_names) / sizeof(end_names[0]); i++) {
		if (strcmp(end_names[i], name) != 0)
			continue;
		*end = (enum run_end)i;
		return RC_OK;
	}
	return RC_MISSING;
}

/* What it came to where no command was run, or nobody saw its end. */
static void
print_unseen(const char *outcome, char into[OUTCOME_SIZE])
{
	snprintf(into, OUTCOME_SIZE, "%s%s", outcome,
	    strcmp(outcome, "lost") == 0 ? " (its runner is gone)" : "");
}

void
outcome_print(const char *outcome, int code, char into[OUTCOME_SIZE])
{
	enum run_end end;

	if (run_end_find(outcome, &end) != RC_OK) {
		print_unseen(outcome, into);
		return;
	}
	switch (end) {
	case RUN_EXIT:
		snprintf(into, OUTCOME_SIZE, "%s %d", outcome, code);
		break;
	case RUN_SIGNAL:
		snprintf(into, OUTCOME_SIZE, "%s %d (%s)", outcome, code,
		    strsignal(code));
		break;
	case RUN_UNSTARTED:
		snprintf(into, OUTCOME_SIZE, "%s %d (%s)", outcome, code,
		    strerror(code));
		break;
	case RUN_TIMEOUT:
	case RUN_STOPPED:
	case RUN_STUCK:
		snprintf(into, OUTCOME_SIZE, "%s", outcome);
		break;
	}
}

static const char *
exit_meaning(int code)
{
	for (size_t i = 0; i < sizeof(exits) / sizeof(exits[0]); i++)
		if (exits[i].code == code)
			return exits[i].meaning;
	return "";
}

const char *
outcome_meaning(const char *outcome, int code)
{
	if (strcmp(outcome, end_names[RUN_EXIT]) == 0)
		return exit_meaning(code);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(others[i].outcome, outcome) == 0)
			return others[i].meaning;
	return "";
}
