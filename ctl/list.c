/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "subcommands.h"

#include "base/buf.h"
#include "base/pool.h"
#include "command/input.h"
#include "journal/journal.h"
#include "complain.h"
#include "json.h"
#include "lane.h"
#include "print.h"
#include "report.h"
#include "session.h"

/* A list is read and printed in parts: it may be long, and its reader
 * slow, and neither is to hold up the journal. */
enum { PART = 1000 };

static const char *const heading[] = { "ID", "RECEIVED", "HOOK", "EVENT",
	"PIPELINE", "RUN", "#", "LANE", "STATE", "TRIES", "LAST", "DUE" };

enum {
	COLUMNS = sizeof(heading) / sizeof(heading[0]),
	PIPELINE = 4, /* the columns of what may not be known */
	RUN,
};

/* What is printed at once. */
struct part {
	struct journal_row rows[PART];
	size_t n;
	bool damaged; /* there were others that are */
	bool more;    /* there are others, which are not shown */
	struct pool pool;
};

static enum rc
add_row(void *context, const struct journal_row *row)
{
	struct part *part = context;
	struct journal_row *copy = &part->rows[part->n];

	*copy = *row;
	copy->id = pool_text(&part->pool, row->id);
	copy->hook = pool_text(&part->pool, row->hook);
	copy->event = pool_text(&part->pool, row->event);
	copy->lane = pool_text(&part->pool, row->lane);
	copy->pipeline = pool_text(&part->pool, row->pipeline);
	copy->run = pool_text(&part->pool, row->run);
	copy->outcome = pool_text(&part->pool, row->outcome);
	if (copy->id == NULL || copy->hook == NULL || copy->event == NULL ||
	    copy->lane == NULL || copy->pipeline == NULL || copy->run == NULL ||
	    copy->outcome == NULL)
		return RC_MEMORY;
	part->n++;
	return RC_OK;
}

static const char *
outcome_cell(struct pool *pool, const struct journal_row *row)
{
	char text[PRINT_OUTCOME];

	print_outcome(row->outcome, row->code, text);
	return pool_text(pool, text);
}

static const char *
lane_cell(const struct session *session, struct pool *pool,
    const struct journal_row *row)
{
	struct buf text = { 0 };
	const char *cell = NULL;

	if (lane_print_key(session->conf, row->hook, row->lane, &text) == RC_OK)
		cell = pool_copy(pool, buf_view(&text));
	buf_free(&text);
	return cell;
}

static enum rc
fill_cells(const struct session *session, struct pool *pool,
    const struct journal_row *row, const char **cells)
{
	cells[0] = row->id;
	cells[1] = print_moment(pool, row->received);
	cells[2] = row->hook;
	cells[3] = row->event;
	cells[PIPELINE] = row->pipeline;
	cells[RUN] = row->run;
	cells[6] = pool_printf(pool, "%u", row->ordinal + 1);
	cells[7] = lane_cell(session, pool, row);
	cells[8] = journal_state_name(row->state);
	cells[9] = pool_printf(pool, "%u", row->attempts);
	cells[10] = outcome_cell(pool, row);
	cells[11] = print_moment(pool, row->due);
	for (size_t i = 0; i < COLUMNS; i++)
		if (cells[i] == NULL)
			return RC_MEMORY;
	return RC_OK;
}

/* Each part has its heading: its columns have widths of their own.  Columns of
 * which nothing is known are none. */
static enum rc
print_part(const struct session *session, struct part *part)
{
	const char *cells[(PART + 1) * COLUMNS];
	bool left_out[COLUMNS] = { [PIPELINE] = true, [RUN] = true };
	enum rc rc = RC_OK;

	if (part->n == 0)
		return RC_OK;
	memcpy(cells, heading, sizeof(heading));
	for (size_t i = 0; rc == RC_OK && i < part->n; i++) {
		rc = fill_cells(session, &part->pool, &part->rows[i],
		    cells + (i + 1) * COLUMNS);
		if (part->rows[i].pipeline[0] != '\0')
			left_out[PIPELINE] = false;
		if (part->rows[i].run[0] != '\0')
			left_out[RUN] = false;
	}
	if (rc == RC_OK)
		print_columns(cells, COLUMNS, part->n + 1, left_out);
	return rc;
}

/* What was taken out meanwhile, or is damaged, has no body. */
static enum rc
write_body(struct json *json, struct journal *journal, const char *id,
    bool *damaged)
{
	struct pool pool = { 0 };
	struct buf member = { 0 };
	struct bytes body;
	enum rc rc = journal_body(journal, id, &pool, &body);

	if (rc == RC_OK)
		rc = input_member("body", body, &member);
	if (rc == RC_OK)
		json_member(json, buf_view(&member));
	*damaged = *damaged || rc == RC_CORRUPT;
	buf_free(&member);
	pool_free(&pool);
	return rc == RC_MISSING || rc == RC_CORRUPT ? RC_OK : rc;
}

/* What is listed for programs. */
struct objects {
	const struct conf *conf;
	struct journal *bodies; /* where they are; NULL: they are not wanted */
	bool damaged;		/* there were others that are */
};

static enum rc
print_object(const struct journal_row *row, struct objects *objects)
{
	struct json json = { 0 };
	enum rc rc;

	json_open(&json, NULL, '{');
	json_text(&json, "id", row->id);
	json_text(&json, "hook", row->hook);
	json_text(&json, "event", row->event);
	json_known(&json, "pipeline", row->pipeline);
	json_known(&json, "run", row->run);
	json_time(&json, "received", row->received);
	json_number(&json, "delivery", row->ordinal + 1);
	rc = lane_write(&json, objects->conf, row->hook, row->lane);
	json_text(&json, "state", journal_state_name(row->state));
	json_number(&json, "attempts", row->attempts);
	json_time(&json, "due", row->due);
	if (row->outcome[0] != '\0') {
		json_text(&json, "outcome", row->outcome);
		json_number(&json, "code", row->code);
	}
	if (rc == RC_OK && objects->bodies != NULL)
		rc = write_body(&json, objects->bodies, row->id,
		    &objects->damaged);
	json_close(&json, '}');
	print_line("%s", "");
	return rc == RC_OK ? json.rc : rc;
}

static enum rc
print_objects(const struct session *session, struct journal *journal,
    struct part *part)
{
	struct objects objects = {
		.conf = session->conf,
		.bodies = session->body ? journal : NULL,
	};
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < part->n; i++)
		rc = print_object(&part->rows[i], &objects);
	part->damaged = part->damaged || objects.damaged;
	return rc;
}

static enum rc
print_rows(const struct session *session, struct journal *journal,
    struct part *part)
{
	enum rc rc = session->json ? print_objects(session, journal, part) :
				     print_part(session, part);

	/* Stop when the reader has gone away. */
	if (rc == RC_OK && fflush(stdout) == EOF)
		return RC_SHORT;
	return rc;
}

/* One part, after the row where the one before it ended. */
static enum rc
list_part(const struct session *session, struct journal *journal,
    struct journal_filter *filter, struct part *part)
{
	int64_t left = filter->limit;
	bool shortened = report_is_shortened(session);
	enum rc rc;

	/* One more tells whether there are any. */
	if (shortened)
		filter->limit = REPORT_ON_A_TERMINAL + 1;
	if (filter->limit > PART)
		filter->limit = PART;
	rc = journal_list(journal, filter, add_row, part);
	filter->limit = left - (int64_t)part->n;
	if (rc == RC_CORRUPT) {
		part->damaged = true;
		rc = RC_OK;
	}
	if (shortened && part->n > REPORT_ON_A_TERMINAL) {
		part->n = REPORT_ON_A_TERMINAL;
		part->more = true;
	}
	return rc == RC_OK ? print_rows(session, journal, part) : rc;
}

static enum rc
list_all(const struct session *session, struct journal *journal)
{
	struct part parts[2] = { 0 };
	struct part *part = parts;
	struct journal_filter filter = session->filter;
	bool damaged = false;
	enum rc rc;

	do {
		part = part == parts ? parts + 1 : parts;
		pool_free(&part->pool);
		*part = (struct part){ 0 };
		rc = list_part(session, journal, &filter, part);
		damaged = damaged || part->damaged;
		if (part->n > 0)
			filter.after = &part->rows[part->n - 1];
	} while (rc == RC_OK && part->n == PART && filter.limit > 0);
	if (rc == RC_OK && part->more)
		print_note("",
		    "the newest %d are shown: --limit N shows more, --state, "
		    "--hook, --event, --pipeline and --since choose",
		    REPORT_ON_A_TERMINAL);
	if (rc == RC_OK && damaged)
		rc = report_damage(session);
	else if (rc == RC_OK && filter.after == NULL)
		rc = report_nothing_found(session);
	pool_free(&parts[0].pool);
	pool_free(&parts[1].pool);
	return rc;
}

enum rc
subcommand_list(struct session *session, char **operands, size_t n)
{
	struct journal *journal = NULL;
	enum rc rc;

	(void)operands;
	(void)n;
	if (session->body && !session->json) {
		complain("--body goes with --json: of one event "
			 "`pelihookctl show --body ID' prints it");
		return RC_SYNTAX;
	}
	rc = session_open_journal(session, JOURNAL_BRIEF, &journal);
	if (rc == RC_OK)
		rc = journal != NULL ? list_all(session, journal) :
				       report_nothing_found(session);
	journal_close(journal);
	return rc;
}
