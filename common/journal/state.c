/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "journal/journal.h"

static const char *const state_names[] = {
	[JOURNAL_QUEUED] = "queued",
	[JOURNAL_RUNNING] = "running",
	[JOURNAL_DONE] = "done",
	[JOURNAL_DEAD] = "dead",
	[JOURNAL_DROPPED] = "dropped",
};

const char *
journal_state_name(enum journal_state state)
{
	return state_names[state];
}

enum rc
journal_state_find(const char *name, enum journal_state *state)
{
	for (size_t i = 0; i < sizeof(state_names) / sizeof(state_names[0]);
	     i++)
		if (strcmp(name, state_names[i]) == 0) {
			*state = (enum journal_state)i;
			return RC_OK;
		}
	return RC_SYNTAX;
}
