/* SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

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
