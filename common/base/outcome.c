/* SPDX-License-Identifier: ISC */
#include <stddef.h>
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
