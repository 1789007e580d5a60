/* SPDX-License-Identifier: ISC */
#include "journal/postgresql.h"

#include "base/buf.h"
#include "base/clock.h"
#include "journal/internal.h"
#include "journal/statement.h"

/* What an administrator is told of a journal in a database. */

/* What was meant to be there, and was made in one go, has one owner. */
#define OUT_OF_REACH                                                           \
	"SELECT coalesce(string_agg(CAST(relname AS text), ', '"               \
	" ORDER BY relname), ''), CAST(current_user AS text),"                 \
	" coalesce(min(CAST(relnamespace AS regnamespace)::text), '')"         \
	" FROM pg_class WHERE relkind = 'r' AND (relnamespace, relowner) IN"   \
	" (SELECT relnamespace, relowner FROM pg_class"                        \
	" WHERE oid = to_regclass('journal'))"                                 \
	" AND NOT (has_table_privilege(oid, 'SELECT')"                         \
	" AND has_table_privilege(oid, 'INSERT')"                              \
	" AND has_table_privilege(oid, 'UPDATE')"                              \
	" AND has_table_privilege(oid, 'DELETE'))"

#define SETTINGS                                                               \
	"SELECT current_setting('synchronous_commit'),"                        \
	" current_setting('fsync'), current_setting('full_page_writes')"

/*
 * Of this database only: others keep no rows of it.  Who may not see what
 * another user does has no time of it.
 */
#define TRANSACTIONS                                                            \
	"SELECT who, since, way FROM ("                                         \
	"SELECT coalesce(CAST(usename AS text), '')"                            \
	" || coalesce(' (' || nullif(application_name, '') || ')', '') AS who," \
	" xact_start AS start,"                                                 \
	" 'SELECT pg_terminate_backend(' || pid || ')' AS way"                  \
	" FROM pg_stat_activity WHERE datname = current_database()"             \
	" AND backend_type = 'client backend' AND pid <> pg_backend_pid()"      \
	" UNION ALL SELECT CAST(owner AS text) || ' (prepared)', prepared,"     \
	" 'ROLLBACK PREPARED ' || quote_literal(gid)"                           \
	" FROM pg_prepared_xacts WHERE database = current_database()) t,"       \
	" LATERAL (SELECT to_char(start AT TIME ZONE 'UTC',"                    \
	" 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS since) s"                        \
	" WHERE start < clock_timestamp() - INTERVAL '1 hour'"                  \
	" ORDER BY start LIMIT 5"

static int
width(struct bytes text)
{
	return (int)text.len;
}

static bool
is_off(const struct postgresql_result *result, int column)
{
	return bytes_equal(postgresql_column_bytes(result, 0, column),
	    bytes_of("off"));
}

static enum rc
warn_settings(struct journal *journal, struct buf *warnings)
{
	struct postgresql_result result = { 0 };
	enum rc rc = postgresql_run(journal, SETTINGS, &result);

	if (rc != RC_OK)
		return rc;
	if (is_off(&result, 0))
		buf_text(warnings,
		    "`synchronous_commit' of the database is off: events that "
		    "were answered 2xx are lost when its server crashes; set "
		    "it to on for its user\n");
	if (is_off(&result, 1))
		buf_text(warnings,
		    "`fsync' of the database is off: when its machine loses "
		    "power the journal is lost; set it to on\n");
	if (is_off(&result, 2))
		buf_text(warnings,
		    "`full_page_writes' of the database is off: when its "
		    "machine loses power the journal may be damaged; set it "
		    "to on\n");
	postgresql_result_free(&result);
	return RC_OK;
}

static void
add_transaction(const struct postgresql_result *result, size_t row,
    struct buf *warnings)
{
	struct bytes who = postgresql_column_bytes(result, row, 0);
	struct bytes since = postgresql_column_bytes(result, row, 1);
	struct bytes way = postgresql_column_bytes(result, row, 2);

	buf_printf(warnings,
	    "a transaction of %.*s has been open in the database since %.*s: "
	    "until it ends the room of what is deleted cannot be used again, "
	    "and the queue gets slower; to end it: %.*s\n",
	    width(who), who.data, width(since), since.data, width(way),
	    way.data);
}

static enum rc
warn_transactions(struct journal *journal, struct buf *warnings)
{
	struct postgresql_result result = { 0 };
	enum rc rc = postgresql_run(journal, TRANSACTIONS, &result);

	for (size_t i = 0; rc == RC_OK && i < postgresql_rows(&result); i++)
		add_transaction(&result, i, warnings);
	postgresql_result_free(&result);
	return rc;
}

enum rc
postgresql_warn(struct journal *journal, struct buf *warnings)
{
	enum rc rc = warn_settings(journal, warnings);

	if (rc == RC_OK)
		rc = warn_transactions(journal, warnings);
	return rc == RC_OK && warnings->rc == RC_MEMORY ? RC_MEMORY : rc;
}

/* The server looks after what is stored, but not after who may get there. */
enum rc
postgresql_inspect(struct journal *journal)
{
	struct postgresql_result result = { 0 };
	struct buf fault = { 0 };
	struct bytes tables, user, schema;
	enum rc rc = postgresql_run(journal, OUT_OF_REACH, &result);

	if (rc != RC_OK)
		return rc;
	tables = postgresql_column_bytes(&result, 0, 0);
	user = postgresql_column_bytes(&result, 0, 1);
	schema = postgresql_column_bytes(&result, 0, 2);
	if (tables.len > 0)
		rc = buf_printf(&fault,
		    "its user may not read and write the tables %.*s: GRANT "
		    "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "
		    "%.*s TO %.*s",
		    width(tables), tables.data, width(schema), schema.data,
		    width(user), user.data);
	if (rc == RC_OK && tables.len > 0)
		rc = postgresql_refuse(journal, fault.data);
	postgresql_result_free(&result);
	buf_free(&fault);
	return rc;
}
