/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "subject.h"

#include "event/subject.h"
#include "print.h"

/* What it is, where it was found, and whether it was. */
static void
print_part(const char *label, const char *text, const char *at, bool wanted)
{
	if (text[0] == '\0' && wanted)
		print_field(label, "none was found");
	else if (text[0] != '\0')
		print_field(label, "%s%s%s", text,
		    at[0] == '\0' ? "" : ", found at ", at);
}

void
subject_print(const struct event_subject *subject, bool wanted)
{
	bool named = strcmp(subject->name, subject->pipeline) != 0 ||
	    strcmp(subject->name_at, subject->pipeline_at) != 0;

	print_part("pipeline", subject->pipeline, subject->pipeline_at, wanted);
	if (named)
		print_part("shown as", subject->name, subject->name_at, false);
	print_part("run", subject->run, subject->run_at, wanted);
}
