/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOURNAL_SQL_H
#define PELIHOOK_JOURNAL_SQL_H

/*
 * Words of the journal's statements.  Those of append, claim, settle and the
 * others that know no engine are written so that SQLite and PostgreSQL run
 * them: ON CONFLICT, coalesce, CASE, LIMIT.  They count on whole numbers of 64
 * bits, and on texts that are compared byte by byte.  What PostgreSQL has to
 * have said in other words is put in the place of these, letter by letter, and
 * so no text may have one of them where it means something else:
 *
 *	?1			$1; BIND tells the types
 *	SQL_NOTHING_EARLY	''::bytea
 *	SQL_INTEGER_IS		'bigint'::regtype = pg_typeof(
 *	SQL_TEXT_IS		'text'::regtype = pg_typeof(
 *	SQL_DIFFERS		 IS DISTINCT FROM
 *	SQL_THEN_JOIN		 JOIN
 *	SQL_PART		(
 *	SQL_PART_BY_SEQ		 ORDER BY seq LIMIT ?2)
 *
 * Of two types that a place may have, it has to be clear which one it is: what
 * is selected is a number, a text or bytes and nothing that is true or false;
 * the branches of a CASE are alike; a null has its type from what is beside it;
 * a sum of numbers is cast to BIGINT; what a function wants small is SQL_SMALL.
 */

/* The text of a statement that is laid out by hand; see .clang-format. */
#define SQL(...) __VA_ARGS__

/* The states, as enum journal_state numbers them. */
#define SQL_QUEUED "0"
#define SQL_RUNNING "1"
#define SQL_DONE "2"
#define SQL_DEAD "3"
#define SQL_DROPPED "4"

/* Undelivered, the second time in the words of deliveries_key; and finished
 * for good.  The plus keeps SQLite from searching that index by it where a
 * state is given: it would look at all of a key. */
#define SQL_OPEN_STATES "(" SQL_QUEUED ", " SQL_RUNNING ")"
#define SQL_IS_OPEN(of) "+" of "state < " SQL_DONE
#define SQL_FINISHED_STATES "(" SQL_DONE ", " SQL_DROPPED ")"

/*
 * An index of some rows only is used where a statement says what is true of
 * these rows in the words of the index (schema.c).  Where another term says
 * more already, these terms are added for that alone, before a term with a
 * parameter: where the index is searched by a parameter, SQLite may plan the
 * statement anew for each of its values.  of is empty, or a table's name with
 * a dot.
 */
#define USES_deliveries_since(of) " AND " of "since > 0"
#define USES_deliveries_key(of) " AND " SQL_IS_OPEN(of)
#define USES_deliveries_open(of) " AND " of "state <> " SQL_DONE

/* Where an event's body would be, had an earlier release not put it there. */
#define SQL_NOTHING_EARLY "x''"

/* A column that may be null; the log calls it so where it is damaged. */
#define SQL_COLUMN_OR(value, otherwise)                                        \
	" coalesce(" value ", " otherwise ")"                                  \
	" AS \"ifnull(" value ", " otherwise ")\""

/* Of an event e its pipeline, how that is shown, and its run; empty where they
 * are not known. */
#define SQL_SUBJECT                                                            \
	SQL_COLUMN_OR("e.pipeline", "''")                                      \
	"," SQL_COLUMN_OR("e.shown",                                           \
	    "coalesce(e.pipeline, '')") "," SQL_COLUMN_OR("e.run", "''")

/* Whether there is a pipeline of this identity of a hook. */
#define SQL_PIPELINE_IS_KNOWN(hook_is, id_is)                                  \
	"CASE WHEN EXISTS(SELECT 1 FROM pipelines known"                       \
	" WHERE known.hook = " hook_is " AND known.id = " id_is                \
	") THEN 1 ELSE 0 END"

/* The columns of an event e whose body is in b, for journal_fill_event; and
 * how b comes to it. */
#define SQL_EVENT                                                              \
	"e.id, e.hook, e.name, e.received, e.digest, e.verified, e.remote,"    \
	" coalesce(b.body, CASE WHEN e.early = " SQL_NOTHING_EARLY             \
	" THEN NULL ELSE e.early END) AS body," SQL_SUBJECT
#define SQL_JOIN_BODY " LEFT JOIN bodies b ON b.event = e.seq"

/* What a delivery that is queued again without a pause has as since: it is
 * due as long as it was, and keeps its place. */
#define SQL_SINCE_DUE "CASE WHEN since > 0 THEN due ELSE 0 END"

/* Where rows are damaged, the next turn of a delivery may be there. */
#define SQL_REPLACE_ATTEMPT                                                    \
	" ON CONFLICT(delivery, turn) DO UPDATE SET"                           \
	" number = excluded.number, started = excluded.started,"               \
	" ended = excluded.ended, outcome = excluded.outcome,"                 \
	" code = excluded.code, tail = excluded.tail"

/* What is stored may be of any type, where a file was damaged. */
#define SQL_INTEGER_IS "'integer' = typeof("
#define SQL_TEXT_IS "'text' = typeof("
#define SQL_IS_INTEGER(column) SQL_INTEGER_IS column ")"
#define SQL_IS_TEXT(column) SQL_TEXT_IS column ")"
/* As <>, but null is a value like others. */
#define SQL_DIFFERS " /* differs */ IS NOT "
/* A number as functions of texts take it. */
#define SQL_SMALL(number) "CAST(" number " AS INTEGER)"
/* A constant that is a whole number, as a macro.  Where it is the LIMIT of what
 * is joined it has to be part of the text: PostgreSQL plans a statement once,
 * and would expect a tenth of a table. */
#define SQL_CONSTANT(number) SQL_CONSTANT_AS_IS(number)
#define SQL_CONSTANT_AS_IS(number) #number
/* Begins a query that may be ended long before its last row: what cannot leave
 * the rest unread reads it by a cursor. */
#define SQL_WALK "/* walk */ "
/* Around each part of a UNION ALL that is in the order of seq up to ?2: SQLite
 * merges the parts, and PostgreSQL would read all of each. */
#define SQL_PART "/* part */ "
#define SQL_PART_BY_SEQ " /* by seq */"
/* A join by ON that goes from the left table to the right one. */
#define SQL_THEN_JOIN " CROSS JOIN "

#endif
