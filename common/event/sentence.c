/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "event/sentence.h"

#include "base/utf8.h"
#include "event/catalog.h"
#include "event/event.h"

enum {
	NAME_SHOWN = 200,      /* most bytes of a name */
	SENTENCE_SHOWN = 2000, /* and of the sentence of a payload */
};

/*
 * Adds a text with blanks for all that is not printed, at most so many bytes of
 * it: it may be anybody's, and goes to chats and terminals.
 */
static void
add_clean(struct buf *into, struct bytes text, size_t max)
{
	size_t left = max;
	size_t n;

	for (; text.len > 0; text = bytes_skip(text, n)) {
		bool printed = utf8_printable(text) > 0;

		n = utf8_length(text);
		if (n == 0)
			n = 1;
		if (n > left)
			break;
		left -= n;
		if (printed)
			buf_add(into, (struct bytes){ text.data, n });
		else
			buf_char(into, ' ');
	}
	if (text.len > 0)
		buf_text(into, "...");
}

static void
add_name(struct buf *into, const char *before, const char *name)
{
	buf_text(into, before);
	add_clean(into, bytes_of(name), NAME_SHOWN);
}

/* `Pipeline CRM failed: the source refused' */
static void
tell_subject(const struct event *event, const char *pipeline, struct buf *into)
{
	bool connection = strcmp(event->row->kind, "connection") == 0;

	if (pipeline[0] == '\0')
		buf_text(into, connection ? "A connection" : "A pipeline");
	else
		add_name(into, connection ? "Connection " : "Pipeline ",
		    pipeline);
	buf_printf(into, " %s", event->row->told);
}

/* `Event orders/create of pipeline CRM arrived at hook shop' */
static void
tell_unknown(const struct event *event, const char *pipeline, struct buf *into)
{
	if (!event->known && strcmp(event->name, "unknown") == 0)
		buf_text(into, "An event without a known name");
	else
		add_name(into, "Event ", event->name);
	if (pipeline[0] != '\0')
		add_name(into, " of pipeline ", pipeline);
	add_name(into, " arrived at hook ", event->reading->hook);
}

/* RC_MISSING: there is none. */
static enum rc
add_own(const struct event *event, struct buf *into)
{
	struct buf text = { 0 };
	enum rc rc = event_text(event, "/text", &text);

	if (rc == RC_OK && text.len == 0)
		rc = RC_MISSING;
	if (rc == RC_OK)
		add_clean(into, buf_view(&text), SENTENCE_SHOWN);
	buf_free(&text);
	return rc == RC_OK ? into->rc : rc;
}

enum rc
event_sentence(const struct event *event, const char *pipeline, const char *run,
    struct buf *into)
{
	enum rc rc = RC_MISSING;

	if (catalog_is_watch(event->row))
		rc = add_own(event, into);
	if (rc != RC_MISSING)
		return rc;
	if (event->row->told[0] != '\0')
		tell_subject(event, pipeline, into);
	else
		tell_unknown(event, pipeline, into);
	if (run[0] != '\0') {
		add_name(into, " (run ", run);
		buf_char(into, ')');
	}
	buf_char(into, '.');
	return into->rc;
}

enum rc
event_sentence_name(struct bytes name, struct buf *into)
{
	add_clean(into, name, NAME_SHOWN);
	return into->rc;
}
