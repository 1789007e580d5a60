/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_POSTGRESQL_SCHEMA_H
#define PELIHOOK_JOURNAL_POSTGRESQL_SCHEMA_H

/*
 * What makes the tables of a journal in PostgreSQL, as one text of several
 * statements: the same tables and columns that sqlite_schema.c makes for SQLite in
 * the end, by the same names, and those that only a journal on a server needs.
 * It names no schema and no owner and needs no extension, so that an
 * administrator can run it with psql; it is to be run in one transaction.  The
 * last statement notes the version.
 */
extern const char journal_postgresql_tables[];

/* What the last statement notes. */
enum { POSTGRESQL_VERSION = 1 };

#endif
