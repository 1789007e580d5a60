/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_PAGE_ANSWER_H
#define PELIHOOK_PAGE_ANSWER_H

#include <stdbool.h>

#include "base/buf.h"

/* What the page is answered with: a status, what a browser is to do and not to
 * do with it, and a body. */
enum answer_type {
	ANSWER_NOTHING, /* no body */
	ANSWER_HTML,
	ANSWER_JSON,
	ANSWER_PROBLEM, /* problem+json, RFC 9457 */
};

struct answer {
	int status;
	enum answer_type type;
	bool head;	       /* of a HEAD request: no body */
	struct bytes location; /* of 303: a query, "?view=..." */
	struct bytes body;
};

/* Appends the whole CGI response (RFC 3875 section 6).  RC_MEMORY. */
enum rc answer_print(const struct answer *answer, struct buf *into);

#endif
