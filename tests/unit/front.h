/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_UNIT_FRONT_H
#define PELIHOOK_UNIT_FRONT_H

#include "unit.h"

#include "http/gateway.h"

/*
 * A front end in memory: a request's variables and body as arrays, the reply
 * as a buf.  It counts what it is asked for.
 */
enum { FRONT_VARIABLES = 40 };

struct front {
	const char *variables[FRONT_VARIABLES + 1];
	struct bytes input; /* what the body has to give */
	size_t step;	    /* most bytes of a read; 0: all */
	enum rc input_end;  /* what comes after input; RC_OK: its end */
	enum rc write_rc;
	size_t taken; /* bytes of input that were read */
	unsigned reads;
	unsigned replies;
	unsigned releases; /* of the body */
	bool replied_last; /* nothing was asked for after it */
	int64_t unread;	   /* what reply was told */
	int64_t read_deadline;
	struct buf output;
};

static inline enum rc
front_read(void *context, char *into, size_t size, int64_t deadline,
    size_t *got)
{
	struct front *front = context;
	size_t n = front->input.len - front->taken;

	front->reads++;
	front->replied_last = false;
	front->read_deadline = deadline;
	if (n == 0 && front->input_end != RC_OK)
		return front->input_end;
	if (n > size)
		n = size;
	if (front->step > 0 && n > front->step)
		n = front->step;
	if (n > 0)
		memcpy(into, front->input.data + front->taken, n);
	front->taken += n;
	*got = n;
	return RC_OK;
}

static inline void
front_body_released(void *context)
{
	struct front *front = context;

	front->releases++;
	front->replied_last = false;
}

static inline enum rc
front_reply(void *context, struct bytes bytes, int64_t unread)
{
	struct front *front = context;

	front->replies++;
	front->replied_last = true;
	front->unread = unread;
	if (front->write_rc != RC_OK)
		return front->write_rc;
	return buf_add(&front->output, bytes);
}

static inline struct gateway
front_gateway(struct front *front)
{
	return (struct gateway){
		.context = front,
		.variables = front->variables,
		.read = front_read,
		.body_released = front_body_released,
		.reply = front_reply,
	};
}

static inline void
front_add(struct front *front, const char *variable)
{
	size_t n = 0;

	while (front->variables[n] != NULL)
		n++;
	assert_in_range(n, 0, FRONT_VARIABLES - 1);
	front->variables[n] = variable;
}

#endif
