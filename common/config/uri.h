/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CONFIG_URI_H
#define PELIHOOK_CONFIG_URI_H

#include <stdbool.h>

/*
 * The journal as a URI of libpq: postgresql://USER@HOST:PORT,.../DB?KEY=VALUE&...
 * (Connection URIs, section 34.1.1.2 of PostgreSQL's manual).  libpq reads it;
 * here it is only seen that it is one, and that it holds no secret, since it is
 * printed and logged as it is.
 */

/* Whether the text is one, and no path. */
bool uri_is(const char *journal);
/*
 * NULL, or why the text cannot be a journal's, and what to write instead.  The
 * reason repeats nothing of the text, which may hold a secret.  A text that is
 * no URI and not meant as one has none, whether it is a path or not.
 */
const char *uri_fault(const char *journal);

#endif
