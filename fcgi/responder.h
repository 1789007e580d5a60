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

/* What libfcgi is to read: the content of the request's streams. */
struct responder_input {
	const struct records *records;
	struct bytes params; /* checked */
	size_t memory;	     /* what it allocates for them, bytes */
	struct bytes body;
};

/*
 * Has libfcgi parse the variables out of a file of the thread's own.  body:
 * the whole of it, where it is there already, and may be read as long as the
 * file is not used again; NULL data: it will be fed.  RC_MEMORY;
 * RC_SYNTAX: libfcgi would not take it; RC_SYSTEM.
 */
enum rc responder_accept(const struct responder_input *input,
    struct memory_file *file, struct responder_request **out);
/* The whole body, to be read as long as the file is not used again.
 * RC_SYSTEM. */
enum rc responder_feed(struct responder_request *request,
    const struct responder_input *input, struct memory_file *file);
/* They stay until responder_free. */
const char *const *responder_variables(const struct responder_request *request);
/* Reads up to size bytes of the body; *got 0 is its end.  Never waits.
 * RC_SHORT. */
enum rc responder_read(struct responder_request *request, char *into,
    size_t size, size_t *got);
/* Nothing of the body will be read any more: what libfcgi read it through is
 * freed. */
void responder_end_input(struct responder_request *request);

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
