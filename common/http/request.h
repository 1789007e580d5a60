/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_HTTP_REQUEST_H
#define PELIHOOK_HTTP_REQUEST_H

#include <stdint.h>

#include "base/buf.h"
#include "http/gateway.h"

/*
 * One request: views of the gateway's variables, and the body, which it
 * owns.  Texts are never NULL; a variable that is absent is empty.
 */
struct request {
	const char *const *variables;
	const char *method;
	const char *path_info;
	const char *remote_addr;
	int64_t received;  /* clock_wall when it began */
	int64_t length;	   /* CONTENT_LENGTH, -1 where not known */
	enum rc length_rc; /* RC_LENGTH: that is no number */
	/* A variable of the server's that is there with two values; or NULL. */
	const char *contradicted;
	struct buf body;
};

/* Reads the variables, not the body. */
void request_open(struct request *request, const struct gateway *gateway,
    int64_t received);
/*
 * Whether the server says one thing of the request: a variable that is there
 * twice, as where two files of parameters are included, has to have the same
 * value.  RC_CONFIG, logged with its name.
 */
enum rc request_check(const struct request *request);
/*
 * Judges length and encoding by the limit, before anything is read.
 * RC_LENGTH, RC_LARGE, RC_ENCODED, RC_REPEATED.
 */
enum rc request_admit(const struct request *request, size_t max_body);
/*
 * Reads exactly CONTENT_LENGTH bytes, or, where there is none, everything.
 * RC_LARGE, RC_SHORT, RC_SLOW, RC_STOPPING, RC_MEMORY.
 */
enum rc request_read(struct request *request, const struct gateway *gateway,
    size_t max_body, int64_t deadline);
void request_close(struct request *request);

/*
 * A variable's value, NULL where it is absent; *count is how often it was
 * sent (servers pass a repeated header twice).
 */
const char *request_variable(const struct request *request, const char *name,
    unsigned *count);
/*
 * What the server says of a request: as the first says it, "" where it is
 * absent.  RC_CONFIG, logged with its name: it is there with several values.
 */
enum rc request_setting(const struct request *request, const char *name,
    const char **value);
/*
 * The same for what has to be there at most once: RC_REPEATED where it was
 * sent twice; *value is NULL where it is absent.
 */
enum rc request_single(const struct request *request, const char *name,
    const char **value);
/*
 * A header's value, for whatever it is used: all of its bytes but the blanks
 * round them, which some servers pass and some do not.  No bytes where it is
 * absent or blank.  RC_REPEATED.
 */
enum rc request_header(const struct request *request, const char *name,
    struct bytes *value);

#endif
