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
	unsigned writes;
	unsigned discards;
	bool discarded_last; /* nothing was asked for after it */
	int64_t left;	     /* what discard_input was told */
	int64_t read_deadline;
	int64_t discard_deadline;
	struct buf output;
};

static inline enum rc
front_read(void *context, char *into, size_t size, int64_t deadline,
    size_t *got)
{
	struct front *front = context;
	size_t n = front->input.len - front->taken;

	front->reads++;
	front->discarded_last = false;
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

static inline enum rc
front_write(void *context, struct bytes bytes)
{
	struct front *front = context;

	front->writes++;
	front->discarded_last = false;
	if (front->write_rc != RC_OK)
		return front->write_rc;
	return buf_add(&front->output, bytes);
}

static inline void
front_discard_input(void *context, int64_t left, int64_t deadline)
{
	struct front *front = context;

	front->discards++;
	front->discarded_last = true;
	front->left = left;
	front->discard_deadline = deadline;
}

static inline struct gateway
front_gateway(struct front *front)
{
	return (struct gateway){ front, front->variables, front_read,
		front_write, front_discard_input };
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
