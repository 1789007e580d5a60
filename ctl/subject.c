/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "subject.h"

#include "config/conf.h"
#include "event/event.h"
#include "event/subject.h"
#include "journal/journal.h"
#include "json.h"
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

/* Where it is, if it is the very same. */
static void
keep(const char *stored, char text[IDENTITY_SIZE], char at[SUBJECT_FOUND])
{
	if (strcmp(stored, text) == 0)
		return;
	snprintf(text, IDENTITY_SIZE, "%s", stored);
	at[0] = '\0';
}

enum rc
subject_of(const struct conf *conf, const struct journal_event *stored,
    struct event_subject *subject)
{
	const struct event_reading none = { .hook = stored->hook };
	const struct hook *hook = conf_find(conf, bytes_of(stored->hook));
	struct event event;
	enum rc rc = event_reparse(hook != NULL ? &hook->reading : &none,
	    stored->body, stored->name, &event);

	*subject = (struct event_subject){ 0 };
	if (rc == RC_OK) {
		rc = event_subject_find(&event, subject);
		event_free(&event);
	}
	if (rc == RC_MEMORY)
		return rc;
	keep(stored->pipeline, subject->pipeline, subject->pipeline_at);
	keep(stored->shown, subject->name, subject->name_at);
	keep(stored->run, subject->run, subject->run_at);
	return RC_OK;
}

void
subject_write(struct json *json, const struct event_subject *subject)
{
	if (subject->pipeline[0] == '\0') {
		json_null(json, "pipeline");
	} else {
		json_pipeline(json, subject->pipeline, subject->name);
		json_known(json, "id_at", subject->pipeline_at);
		json_known(json, "name_at", subject->name_at);
		json_close(json, '}');
	}
	json_known(json, "run", subject->run);
	json_known(json, "run_at", subject->run_at);
}
