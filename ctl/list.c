/* SPDX-License-Identifier: ISC */
#include "subcommands.h"

#include "base/buf.h"
#include "base/json_writer.h"
#include "base/outcome.h"
#include "base/pool.h"
#include "command/input.h"
#include "config/lane_text.h"
#include "journal/journal.h"
#include "page/members.h"
#include "complain.h"
#include "listing.h"
#include "print.h"
#include "session.h"

static const char *const heading[] = { "ID", "RECEIVED", "HOOK", "EVENT",
	"PIPELINE", "RUN", "#", "LANE", "STATE", "TRIES", "LAST", "DUE" };

enum {
	COLUMNS = sizeof(heading) / sizeof(heading[0]),
	PIPELINE = 4, /* the columns of what may not be known */
	RUN,
};

static enum rc
add_row(void *context, const struct journal_row *row)
{
	struct listing_part *part = context;
	struct journal_row copy = *row;
	enum rc rc = journal_row_keep(&part->pool, &copy);

	return rc == RC_OK ? listing_add(part, &copy) : rc;
}

static enum rc
read_rows(const struct listing *listing, struct listing_part *part,
    const void *after, int64_t limit)
{
	struct journal_filter filter = listing->session->filter;

	filter.after = after;
	filter.limit = limit;
	return journal_list(listing->journal, &filter, add_row, part);
}

static const char *
outcome_cell(struct pool *pool, const struct journal_row *row)
{
	char text[OUTCOME_SIZE];

	outcome_print(row->outcome, row->code, text);
	return pool_text(pool, text);
}

static const char *
lane_cell(const struct session *session, struct pool *pool,
    const struct journal_row *row)
{
	const struct lane_told told = { .hook = row->hook, .key = row->lane };
	struct buf text = { 0 };
	const char *cell = NULL;

	if (lane_print_key(session->conf, &told, &text) == RC_OK)
		cell = pool_copy(pool, buf_view(&text));
	buf_free(&text);
	return cell;
}

static void
fill_cells(const struct listing *listing, struct pool *pool, const void *data,
    const char **cells)
{
	const struct journal_row *row = data;

	cells[0] = row->id;
	cells[1] = print_moment(pool, row->received);
	cells[2] = row->hook;
	cells[3] = row->event;
	cells[PIPELINE] = row->pipeline;
	cells[RUN] = row->run;
	cells[6] = pool_printf(pool, "%u", row->ordinal + 1);
	cells[7] = lane_cell(listing->session, pool, row);
	cells[8] = journal_state_name(row->state);
	cells[9] = pool_printf(pool, "%u", row->attempts);
	cells[10] = outcome_cell(pool, row);
	cells[11] = print_moment(pool, row->due);
}

/* Columns of which nothing is known are none. */
static void
leave_out(const struct listing *listing, const void *data, size_t n,
    bool *left_out)
{
	const struct journal_row *rows = data;

	(void)listing;
	left_out[PIPELINE] = left_out[RUN] = true;
	for (size_t i = 0; i < n; i++) {
		if (rows[i].pipeline[0] != '\0')
			left_out[PIPELINE] = false;
		if (rows[i].run[0] != '\0')
			left_out[RUN] = false;
	}
}

/* What was taken out meanwhile, or is damaged, has no body. */
static enum rc
write_body(struct json *json, struct journal *journal, const char *id)
{
	struct pool pool = { 0 };
	struct buf member = { 0 };
	struct bytes body;
	enum rc rc = journal_body(journal, id, &pool, &body);

	if (rc == RC_OK)
		rc = input_member("body", body, &member);
	if (rc == RC_OK)
		json_member(json, buf_view(&member));
	buf_free(&member);
	pool_free(&pool);
	return rc == RC_MISSING ? RC_OK : rc;
}

static enum rc
write_object(const struct listing *listing, const void *data)
{
	const struct session *session = listing->session;
	const struct journal_row *row = data;
	struct buf text = { 0 };
	struct json json = { .into = &text };
	enum rc rc, printed;

	json_open(&json, NULL, '{');
	rc = members_of_delivery(&json, session->conf, row, false);
	if (rc == RC_OK && session->body)
		rc = write_body(&json, listing->journal, row->id);
	json_close(&json, '}');
	printed = print_object(&text);
	return printed != RC_OK ? printed : rc;
}

enum rc
subcommand_list(struct session *session, char **operands, size_t n)
{
	struct listing listing = {
		.session = session,
		.size = sizeof(struct journal_row),
		.heading = heading,
		.columns = COLUMNS,
		.choices = "--state, --hook, --event, --pipeline and --since",
		.read = read_rows,
		.fill = fill_cells,
		.leave_out = leave_out,
		.object = write_object,
	};
	enum rc rc;

	(void)operands;
	(void)n;
	if (session->body && !session->json) {
		complain("--body goes with --json: of one event "
			 "`pelihookctl show --body ID' prints it");
		return RC_SYNTAX;
	}
	rc = session_open_journal(session, JOURNAL_BRIEF, &listing.journal);
	listing.ahead = journal_ahead(listing.journal);
	if (rc == RC_OK)
		rc = listing_run(&listing);
	journal_close(listing.journal);
	return rc;
}
