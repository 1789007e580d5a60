/* SPDX-License-Identifier: ISC */
/*
 * Reads texts as a request's body is read, and pointers into each, and says
 * what came of it.  All numbers are 32 bits of the machine's own order.
 *
 * stdin, for each text: how many pointers, then the text and each pointer
 * after its length.  stdout, for each text: 0 where it is refused, or 1,
 * its line after a length, and for each pointer its text after a length,
 * which is all ones where there is none.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "command/input.h"
#include "event/event.h"

static void
fail(const char *what)
{
	fprintf(stderr, "read: %s\n", what);
	exit(1);
}

static bool
get_number(uint32_t *number)
{
	return fread(number, sizeof(*number), 1, stdin) == 1;
}

/* With a NUL after it, of the heap, so that a sanitizer sees its end. */
static struct bytes
get_bytes(void)
{
	uint32_t len;
	char *data = NULL;

	if (!get_number(&len) || (data = malloc((size_t)len + 1)) == NULL ||
	    fread(data, 1, len, stdin) != len)
		fail("the input is cut");
	data[len] = '\0';
	return (struct bytes){ data, len };
}

static void
put_number(uint32_t number)
{
	if (fwrite(&number, sizeof(number), 1, stdout) != 1)
		fail("cannot write");
}

static void
put_bytes(struct bytes bytes)
{
	put_number((uint32_t)bytes.len);
	if (bytes.len > 0 &&
	    fwrite(bytes.data, 1, bytes.len, stdout) != bytes.len)
		fail("cannot write");
}

static void
put_line(struct bytes body)
{
	struct buf line = { 0 };
	struct event again;

	if (input_line(body, &line) != RC_OK)
		fail("no line");
	if (event_reparse(NULL, buf_view(&line), "again", &again) != RC_OK)
		fail("a line is refused");
	put_bytes(buf_view(&line));
	event_free(&again);
	buf_free(&line);
}

static void
put_text(const struct event *event, const char *pointer)
{
	struct buf text = { 0 };
	enum rc rc = event_text(event, pointer, &text);

	if (rc == RC_OK)
		put_bytes(buf_view(&text));
	else if (rc == RC_MISSING && text.len == 0)
		put_number(UINT32_MAX);
	else
		fail("a text fails");
	buf_free(&text);
}

static void
read_one(uint32_t pointers)
{
	struct bytes body = get_bytes(), pointer;
	struct event event = { 0 };
	enum rc rc = event_reparse(NULL, body, "event", &event);

	if (rc != RC_OK && rc != RC_JSON)
		fail("neither taken nor refused");
	put_number(rc == RC_OK);
	if (rc == RC_OK)
		put_line(body);
	for (; pointers > 0; pointers--) {
		pointer = get_bytes();
		if (rc == RC_OK)
			put_text(&event, pointer.data);
		free((char *)(uintptr_t)pointer.data);
	}
	if (rc == RC_OK)
		event_free(&event);
	free((char *)(uintptr_t)body.data);
}

int
main(void)
{
	uint32_t pointers;

	while (get_number(&pointers))
		read_one(pointers);
	if (fflush(stdout) != 0)
		fail("cannot write");
	return 0;
}
