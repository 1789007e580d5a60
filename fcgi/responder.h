/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_FCGI_RESPONDER_H
#define PELIHOOK_FCGI_RESPONDER_H

#include <stddef.h>

#include "base/bytes.h"
#include "base/rc.h"

struct memory_file;
struct records;

/*
 * The only module that knows libfcgi, and of that fcgiapp.h alone.  libfcgi
 * never sees a socket: what it reads is in a memory file, and so is what it
 * writes.
 */

/* Once, before threads: starts libfcgi, and sets the signals back that it
 * changes.  RC_SYSTEM. */
enum rc responder_prepare(void);

/* The files that answers are written to: as many as threads may answer at
 * once.  Safe for threads. */
struct responder;

/* RC_SYSTEM with errno set, RC_MEMORY. */
enum rc responder_open(unsigned threads, struct responder **out);
void responder_close(struct responder *responder);

/* A request that libfcgi has parsed, and its answer. */
struct responder_request;

/* What libfcgi is to read: a request's head. */
struct responder_input {
	const struct records *records;
	struct bytes params; /* checked */
};

/*
 * Has libfcgi parse the variables out of a file of the thread's own; it has
 * no use for the body.  RC_SYNTAX: libfcgi would not take it; RC_MEMORY and
 * RC_SYSTEM after it was tried for a second.
 */
enum rc responder_accept(const struct responder_input *input,
    struct memory_file *file, struct responder_request **out);
/* They stay until responder_free. */
const char *const *responder_variables(const struct responder_request *request);

/* An answer as it goes to the server; end is where the records begin that end
 * the request. */
struct responder_output {
	struct bytes records;
	size_t end;
	struct memory_file *file; /* the responder's own */
};

/*
 * Puts an answer into records.  Once, and then responder_done, whatever it
 * returns.  RC_SYSTEM.
 */
enum rc responder_print(struct responder *responder,
    struct responder_request *request, struct bytes answer,
    struct responder_output *out);
void responder_done(struct responder *responder, struct responder_output *out);
/* NULL is fine. */
void responder_free(struct responder_request *request);

#endif
