/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_SQLITE_SCHEMA_H
#define PELIHOOK_JOURNAL_SQLITE_SCHEMA_H

#include "base/rc.h"

struct journal;

/* Makes and migrates the tables.  RC_CONFIG, logged. */
enum rc sqlite_migrate(struct journal *journal);
/* For who only looks: that it has the tables of this release.  RC_MISSING: it
 * has none yet; RC_CONFIG, logged. */
enum rc sqlite_check_version(struct journal *journal);
/*
 * Brings the schema from its version to the number of steps, one
 * transaction each; for journal_migrate and its test.
 */
enum rc sqlite_migrate_steps(struct journal *journal, const char *const *steps,
    int n);
/* Whether all tables, columns and indexes are there.  RC_CONFIG, logged;
 * RC_MEMORY. */
enum rc sqlite_check_schema(struct journal *journal);

#endif
