/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_HTTP_HEADER_NAME_H
#define PELIHOOK_HTTP_HEADER_NAME_H

#include "base/bytes.h"
#include "base/pool.h"
#include "base/rc.h"

/* The longest HTTP_ variable and its NUL. */
enum { HEADER_VARIABLE_SIZE = 260 };

/* A header's name as it was written and as the variable it arrives in. */
struct header_name {
	const char *name;
	const char *variable;
};

/*
 * The CGI variable a header arrives in (RFC 3875 section 4.1.18):
 * `X-Signature` gives HTTP_X_SIGNATURE.  The name is an RFC 9110 token of
 * at most 250 bytes.  RC_SYNTAX otherwise.
 */
enum rc header_name_variable(struct bytes header,
    char into[HEADER_VARIABLE_SIZE]);
/*
 * The other way, as headers are usually written: X-Signature.  The variable
 * may have its = and value behind it.
 */
void header_name_print(const char *variable, char into[HEADER_VARIABLE_SIZE]);
/* Fills both spellings of a header's name.  RC_SYNTAX, RC_MEMORY. */
enum rc header_name_parse(const char *name, struct pool *pool,
    struct header_name *out);

#endif
