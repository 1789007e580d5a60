/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_POSTGRESQL_INTERNAL_H
#define PELIHOOK_JOURNAL_POSTGRESQL_INTERNAL_H

#include "journal/libpq.h"
#include "journal/postgresql_session.h"

/* What the files behind postgresql_session.h share. */

enum {
	POSTGRESQL_MESSAGE_SIZE = 512,
	POSTGRESQL_SQLSTATE_SIZE = 6,
};

/* A statement that was sent to be prepared; its name is its place in the
 * list. */
struct postgresql_statement {
	const char *text;
	enum {
		POSTGRESQL_UNPREPARED,
		POSTGRESQL_PREPARING, /* that is queued */
		POSTGRESQL_PREPARED,
	} state;
};

/* An answer that is to come. */
struct postgresql_expected {
	bool prepares;
	size_t statement; /* its place in the list */
};

struct postgresql_session {
	const struct libpq *libpq;
	PGconn *connection; /* NULL: it is lost */
	PGcancel *cancel;
	struct postgresql_statement *statements;
	size_t statements_len;
	size_t statements_capacity;
	/* In the order in which they were sent. */
	struct postgresql_expected *expected;
	size_t expected_len;
	size_t expected_capacity;
	int backend;
	int version;
	char sqlstate[POSTGRESQL_SQLSTATE_SIZE];
	char message[POSTGRESQL_MESSAGE_SIZE];
};

/* The first line of what libpq or the server says, without its end. */
struct bytes postgresql_first_line(const char *text);

#endif
