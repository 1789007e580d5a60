/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_PAGE_ACCESS_H
#define PELIHOOK_PAGE_ACCESS_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/pool.h"

struct request;

/* What the web server lets somebody do (PELIHOOK_PAGE). */
enum access_right {
	ACCESS_NONE,
	ACCESS_VIEW,
	ACCESS_OPERATE,
};

enum { ACCESS_USER = 255 }; /* bytes of a user's name that are kept */

struct access {
	enum access_right right;
	/* PELIHOOK_PAGE_USER, or else REMOTE_USER: any bytes, but some. */
	const char *user;
	const char *error; /* for people, where there is no right */
};

/* Whether the page is asked for, and no hook: PELIHOOK_PAGE is there and not
 * empty. */
bool access_is_asked(const struct request *request);
/* Whether a variable of that name holds what somebody has logged in with: that
 * is the web server's, and nothing of it is kept where the page is asked for. */
bool access_is_password(struct bytes name);
/* Wipes the values of all that do, in NAME=value, NULL-terminated. */
void access_forget_passwords(char *const *variables);
/*
 * By the server's variables alone.  RC_CONFIG, logged: one of them is there
 * with several values.  There is no right then.
 */
enum rc access_judge(const struct request *request, struct access *access);
/* The user's name as text, of the pool: what is none is \x1b and the like, and
 * what is longer is cut between characters.  NULL: no memory. */
const char *access_user_text(const struct access *access, struct pool *pool);
/*
 * Whether a POST comes from a page of this origin: Sec-Fetch-Site says
 * same-origin, or, where it is missing, the host of Origin is Host, ports
 * compared where both have one.
 */
bool access_is_same_origin(const struct request *request);

#endif
