/* SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "journal/journal.h"

#include "base/timestamp.h"
#include "base/utf8.h"
#include "journal/column.h"
#include "journal/internal.h"
#include "journal/operate.h"
#include "journal/pipelines.h"
#include "journal/search.h"
#include "journal/sql.h"
#include "journal/statement.h"
#include "journal/transaction.h"

enum {
	STEP = 200,	   /* deliveries that a small transaction changes */
	STEP_LOOKS = 2000, /* rows that it looks at */
	WHY_SIZE = 256,
};

struct acting {
	const struct journal_act *act;
	struct journal_search search; /* where it is by one */
	int64_t now;
	bool drops;
	char who[JOURNAL_WHO_SIZE];
	struct journal_acted acted;
	int64_t events[STEP_LOOKS]; /* that a search found */
	size_t events_n;
	size_t handled; /* deliveries of this step, but those that are left */
};

struct acting_mute {
	const struct journal_action *action;
	const struct journal_mute *mute;
	char who[JOURNAL_WHO_SIZE];
	struct journal_acted acted;
};

struct listing_actions {
	int64_t before;
	int64_t limit;
	enum rc (*each)(void *context, const struct journal_action *action);
	void *context;
};

struct finding_action {
	int64_t seq;
	struct pool *pool;
	struct journal_action *action;
};

/* What was not done to those in a state, for people. */
struct reason {
	enum journal_state state;
	const char *one;
	const char *many;
};

static const struct reason of_retry[] = {
	{ JOURNAL_QUEUED, "is queued already", "are queued already" },
	{ JOURNAL_RUNNING, "is running", "are running" },
	{ JOURNAL_DONE, "was done before", "were done before" },
};

static const struct reason of_drop[] = {
	{ JOURNAL_RUNNING, "is running", "are running" },
	{ JOURNAL_QUEUED, "stays while others run", "stay while others run" },
	{ JOURNAL_DEAD, "that is dead stays while others run",
	    "that are dead stay while others run" },
	{ JOURNAL_DONE, "was done before", "were done before" },
	{ JOURNAL_DROPPED, "was dropped before", "were dropped before" },
};

enum { REASONS = sizeof(of_drop) / sizeof(of_drop[0]) };

/* As much of it as there is room for, in whole characters. */
static void
cut(const char *text, char *into, size_t size)
{
	size_t len = strlen(text);
	size_t at = 0;
	size_t n = 0;

	for (; at < len && at + n < size; at += n) {
		n = utf8_length((struct bytes){ text + at, len - at });
		if (n == 0)
			n = 1;
		if (at + n >= size)
			break;
	}
	memcpy(into, text, at);
	into[at] = '\0';
}

static void
add_reason(char why[WHY_SIZE], int64_t n, const struct reason *reason)
{
	size_t len = strlen(why);

	if (n > 0)
		snprintf(why + len, WHY_SIZE - len, "%s%" PRId64 " %s",
		    len == 0 ? "" : ", ", n,
		    n == 1 ? reason->one : reason->many);
}

static void
add_note(char why[WHY_SIZE], const char *note)
{
	size_t len = strlen(why);

	snprintf(why + len, WHY_SIZE - len, "%s%s", len == 0 ? "" : ", ", note);
}

static int64_t
sum(const struct journal_states *states)
{
	int64_t n = 0;

	for (int i = 0; i <= JOURNAL_DROPPED; i++)
		n += states->was[i];
	return n;
}

static void
explain(const struct acting *acting, char why[WHY_SIZE])
{
	static const struct reason damage = { JOURNAL_DEAD, "is damaged",
		"are damaged" };
	static const struct reason change = { JOURNAL_DEAD,
		"had changed meanwhile", "had changed meanwhile" };
	const struct journal_acted *acted = &acting->acted;
	const struct reason *list = acting->drops ? of_drop : of_retry;
	size_t n = acting->drops ? REASONS :
				   sizeof(of_retry) / sizeof(of_retry[0]);

	why[0] = '\0';
	for (size_t i = 0; i < n; i++)
		add_reason(why, acted->left.was[list[i].state], &list[i]);
	if (!acted->more)
		add_reason(why,
		    acted->matched - acted->done - sum(&acted->left) -
			acted->damaged,
		    &change);
	add_reason(why, acted->damaged, &damage);
	if (acting->search.shown.last[0] != '\0' && !acted->more)
		add_note(why, "what is older was not looked at");
}

/* Inside the change that it tells of. */
static void
keep_action(struct journal *journal, const struct journal_action *action,
    const char *who, struct journal_acted *acted)
{
	acted->seq = journal_number(journal, 0,
	    "INSERT INTO actions(time, who, action, target, until, matched,"
	    " done, why) VALUES(?1, ?2, ?3, ?4, ?5, 0, 0, '') RETURNING seq",
	    BIND(INT(action->time), TEXT(who), TEXT(action->action),
		TEXT(action->target), INT(action->until)));
}

static void
note_acted(struct journal *journal, const struct journal_acted *acted,
    const char *why)
{
	journal_do(journal,
	    "UPDATE actions SET matched = ?1, done = ?2, why = ?3"
	    " WHERE seq = ?4",
	    BIND(INT(acted->matched), INT(acted->done), TEXT(why),
		INT(acted->seq)));
}

/* Nothing of it is written where it is an error. */
static enum rc
act_on_event(struct journal *journal, struct acting *acting)
{
	struct journal_naming naming = {
		.id = acting->act->id,
		.now = acting->now,
	};
	struct journal_acted *acted = &acting->acted;
	enum rc rc = acting->drops ? journal_drop_event(journal, &naming) :
				     journal_retry_event(journal, &naming);

	if (rc == RC_PENDING || rc == RC_DUPLICATE)
		naming.done = (struct journal_states){ 0 };
	else if (rc != RC_OK)
		return rc;
	acted->left = naming.left;
	acted->done = sum(&naming.done);
	return RC_OK;
}

static int64_t
next_delivery(struct journal *journal, const struct acting *acting,
    int64_t event, int64_t after)
{
	struct journal_statement *rows = journal_search_deliveries(journal,
	    &acting->search, event, after);
	int64_t seq = 0;

	if (journal_next(journal, rows))
		seq = journal_column_int(rows, 0);
	journal_end_query(rows);
	return journal_advances(journal, after, seq) ? seq : 0;
}

/* Before anything is changed: changes would move what is walked along. */
static void
find_events(struct journal *journal, struct acting *acting)
{
	struct journal_search search = acting->search;
	struct journal_walk walk;

	search.looks = STEP_LOOKS;
	if (acting->acted.next[0] != '\0')
		search.before = acting->acted.next;
	journal_walk_begin(journal, &search, &walk);
	while (acting->events_n < STEP_LOOKS && journal_walk_next(&walk))
		if (next_delivery(journal, acting, walk.event, 0) != 0)
			acting->events[acting->events_n++] = walk.event;
	acting->acted.more = walk.end.more;
	if (walk.rows == NULL) {
		memcpy(acting->acted.next, walk.end.next, UUID_SIZE);
		return;
	}
	journal_end_query(walk.rows);
	/* The next step has to find its way. */
	while (acting->events_n > 0 &&
	    !journal_walk_place(journal, acting->events[acting->events_n - 1],
		acting->acted.next))
		acting->events_n--;
	acting->acted.more = acting->events_n > 0;
}

/* As many are changed as were to be. */
static bool
is_full(const struct acting *acting)
{
	const struct journal_shown *shown = &acting->search.shown;

	return shown->count > 0 && acting->acted.done >= shown->count;
}

static void
change_delivery(struct journal *journal, struct acting *acting,
    const struct journal_found *found)
{
	if (acting->drops)
		journal_give_up(journal, found, acting->now);
	else
		journal_revive(journal, found, acting->now);
	acting->acted.done++;
}

static void
act_on_delivery(struct journal *journal, struct acting *acting,
    const struct journal_found *found)
{
	struct journal_acted *acted = &acting->acted;

	if (found->damaged) {
		acted->damaged++;
		acting->handled++;
	} else if (!journal_takes(&acting->search, found)) {
		acted->left.was[found->state]++;
	} else if (!is_full(acting)) {
		change_delivery(journal, acting, found);
		acting->handled++;
	}
}

static void
act_on_found(struct journal *journal, struct acting *acting, int64_t event)
{
	struct journal_found found;
	int64_t seq = 0;

	for (;;) {
		seq = next_delivery(journal, acting, event, seq);
		if (seq == 0 || !journal_find_delivery(journal, seq, &found))
			return;
		act_on_delivery(journal, acting, &found);
	}
}

/* What was found so far, as it was shown. */
static int64_t
count_found(const struct acting *acting)
{
	return acting->acted.done + sum(&acting->acted.left);
}

/* All that was shown was found. */
static bool
is_over(const struct acting *acting)
{
	return is_full(acting) &&
	    count_found(acting) >= acting->search.shown.matched;
}

static void
act_on_search(struct journal *journal, struct acting *acting)
{
	struct journal_acted *acted = &acting->acted;

	find_events(journal, acting);
	for (size_t i = 0; i < acting->events_n; i++) {
		act_on_found(journal, acting, acting->events[i]);
		if (is_over(acting)) {
			acted->more = false;
			return;
		}
		if (acting->handled >= STEP && i + 1 < acting->events_n &&
		    journal_walk_place(journal, acting->events[i],
			acted->next)) {
			acted->more = true;
			return;
		}
	}
}

static enum rc
act(struct journal *journal, void *arguments)
{
	struct acting *acting = arguments;
	const struct journal_act *wanted = acting->act;
	char why[WHY_SIZE];
	enum rc rc = RC_OK;

	if (wanted->id != NULL)
		rc = act_on_event(journal, acting);
	else
		act_on_search(journal, acting);
	if (rc != RC_OK)
		return rc;
	if (acting->acted.matched < count_found(acting))
		acting->acted.matched = count_found(acting);
	if (acting->acted.seq == 0)
		keep_action(journal, wanted->action, acting->who,
		    &acting->acted);
	else if (acting->events_n == 0 && acting->acted.more)
		return RC_OK;
	explain(acting, why);
	note_acted(journal, &acting->acted, why);
	return RC_OK;
}

enum rc
journal_act(struct journal *journal, const struct journal_act *wanted,
    int64_t now, struct journal_acted *acted)
{
	struct acting acting = {
		.act = wanted,
		.now = now,
		.drops = strcmp(wanted->action->action, "drop") == 0,
		.acted = *acted,
	};
	enum rc rc;

	if (strlen(wanted->action->target) >= JOURNAL_TARGET_SIZE)
		return RC_RANGE;
	cut(wanted->action->who, acting.who, sizeof(acting.who));
	acting.acted.more = false;
	if (wanted->id == NULL)
		acting.search = *wanted->search;
	acting.search.deed = acting.drops ? JOURNAL_DEED_DROP :
					    JOURNAL_DEED_RETRY;
	/* What was to be changed was found. */
	if (acting.search.shown.matched < acting.search.shown.count)
		acting.search.shown.matched = acting.search.shown.count;
	if (acting.acted.matched < acting.search.shown.matched)
		acting.acted.matched = acting.search.shown.matched;
	rc = journal_write(journal, act, &acting);
	if (rc == RC_OK)
		*acted = acting.acted;
	return rc;
}

static enum rc
leave(struct journal *journal, void *arguments)
{
	const struct journal_acted *acted = arguments;

	journal_do(journal,
	    SQL("UPDATE actions SET why = substr("
	    "'the rest was not come to in time: do it again' ||"
	    " CASE why WHEN '' THEN '' ELSE ', ' || why END, 1, "
	    SQL_SMALL("?1") ") WHERE seq = ?2"),
		BIND(INT(WHY_SIZE - 1), INT(acted->seq)));
	return RC_OK;
}

enum rc
journal_act_leave(struct journal *journal, const struct journal_acted *acted)
{
	struct journal_acted copy = *acted;

	return journal_write(journal, leave, &copy);
}

/* How many pipelines of a mute are muted at that time. */
static int64_t
count_muted(struct journal *journal, const struct journal_mute *mute,
    int64_t time)
{
	return journal_number(journal, 0,
	    "SELECT count(*) FROM mutes m WHERE m.until > ?3"
	    " AND (?1 IS NULL OR m.hook = ?1) AND (m.pipeline = ?2 OR EXISTS("
	    "SELECT 1 FROM pipelines p WHERE p.hook = m.hook"
	    " AND p.id = m.pipeline AND p.name = ?2))",
	    BIND(TEXT(mute->hook), TEXT(mute->pipeline), INT(time)));
}

/* Pipelines that were not muted before are not unmuted. */
static void
explain_unmuted(struct journal_acted *acted, int64_t muted, char why[WHY_SIZE])
{
	static const struct reason not_muted = { 0, "was not muted",
		"were not muted" };

	if (muted >= acted->matched)
		return;
	acted->done = muted;
	if (acted->matched == 1)
		snprintf(why, WHY_SIZE, "it was not muted");
	else
		add_reason(why, acted->matched - muted, &not_muted);
}

/* All of their hook may be muted for longer than its pipelines are. */
static void
explain_hook(struct journal *journal, const struct acting_mute *acting,
    char why[WHY_SIZE])
{
	const struct journal_mute *mute = acting->mute;
	int64_t now = acting->action->time;
	int64_t until = journal_number(journal, 0,
	    "SELECT muted FROM watches WHERE hook = ?1",
	    BIND(TEXT(mute->hook)));
	size_t len = strlen(why);
	char time[TIMESTAMP_SIZE];

	if (until <= now || until <= mute->until)
		return;
	timestamp_print(until, time);
	snprintf(why + len, WHY_SIZE - len,
	    "%sall of hook %s is %smuted until %.10s %.8s UTC",
	    len == 0 ? "" : ", but ", mute->hook,
	    mute->until == 0 ? "still " : "", time, time + 11);
}

static enum rc
act_mute(struct journal *journal, void *arguments)
{
	struct acting_mute *acting = arguments;
	const struct journal_mute *mute = acting->mute;
	struct journal_action action = *acting->action;
	struct journal_acted *acted = &acting->acted;
	bool unmutes = mute->until == 0 && mute->pipeline != NULL;
	char why[WHY_SIZE] = "";
	int64_t muted = 0;

	if (unmutes)
		muted = count_muted(journal, mute, acting->action->time);
	acted->matched = acted->done = journal_mute_here(journal, mute);
	if (acted->matched == 0)
		return RC_MISSING;
	if (unmutes)
		explain_unmuted(acted, muted, why);
	if (mute->pipeline != NULL && mute->hook != NULL)
		explain_hook(journal, acting, why);
	action.until = mute->until;
	keep_action(journal, &action, acting->who, acted);
	note_acted(journal, acted, why);
	return RC_OK;
}

enum rc
journal_act_mute(struct journal *journal, const struct journal_action *action,
    const struct journal_mute *mute, struct journal_acted *acted)
{
	struct acting_mute acting = { .action = action, .mute = mute };
	enum rc rc;

	if (strlen(action->target) >= JOURNAL_TARGET_SIZE)
		return RC_RANGE;
	cut(action->who, acting.who, sizeof(acting.who));
	rc = journal_write_chore(journal, act_mute, &acting);
	if (rc == RC_OK)
		*acted = acting.acted;
	return rc;
}

#define ACTION_COLUMNS                                                         \
	"SELECT seq, time, who, action, target, until, matched, done, why"     \
	" FROM actions"

/* False: it is damaged. */
static bool
read_action(struct journal_reader *reader, struct journal_action *action)
{
	action->seq = reader->number = journal_int(reader, 0, JOURNAL_IS_ROW);
	action->time = journal_int(reader, 1, JOURNAL_IS_TIME);
	action->who = journal_text(reader, 2, JOURNAL_TEXT_WHO);
	action->action = journal_text(reader, 3, JOURNAL_TEXT_OUTCOME);
	action->target = journal_text(reader, 4, JOURNAL_TEXT_TARGET);
	action->until = journal_int(reader, 5, JOURNAL_IS_TIME);
	action->matched = journal_int(reader, 6, JOURNAL_IS_COUNT);
	action->done = journal_int(reader, 7, JOURNAL_IS_COUNT);
	action->why = journal_text(reader, 8, JOURNAL_TEXT_NOTE);
	return !reader->damaged;
}

static enum rc
list_actions(struct journal *journal, void *arguments)
{
	const struct listing_actions *listing = arguments;
	struct journal_statement *rows = journal_query(journal,
	    SQL_WALK ACTION_COLUMNS " WHERE seq < ?1 ORDER BY seq DESC",
	    BIND(INT(listing->before > 0 ? listing->before : INT64_MAX)));
	int64_t left = listing->limit;
	struct journal_action action;
	struct journal_reader reader;
	enum rc rc = RC_OK;

	while (rc == RC_OK && left > 0 && journal_next(journal, rows)) {
		reader = journal_lenient_reader(journal, rows, "actions");
		if (!read_action(&reader, &action))
			continue;
		left--;
		rc = listing->each(listing->context, &action);
	}
	journal_end_query(rows);
	return rc;
}

enum rc
journal_actions(struct journal *journal, int64_t before, int64_t limit,
    enum rc (*each)(void *context, const struct journal_action *action),
    void *context)
{
	struct listing_actions listing = { before, limit, each, context };

	return journal_read(journal, list_actions, &listing);
}

static enum rc
find_action(struct journal *journal, void *arguments)
{
	const struct finding_action *finding = arguments;
	struct journal_reader reader = journal_lenient_reader(journal,
	    journal_query(journal, ACTION_COLUMNS " WHERE seq = ?1",
		BIND(INT(finding->seq))),
	    "actions");
	struct journal_action action;
	const char **const texts[] = { &action.who, &action.action,
		&action.target, &action.why };
	enum rc rc = RC_CORRUPT;

	if (!journal_next(journal, reader.row))
		return RC_MISSING;
	if (read_action(&reader, &action))
		rc = pool_keep(finding->pool, texts,
		    sizeof(texts) / sizeof(texts[0]));
	journal_end_query(reader.row);
	if (rc == RC_OK)
		*finding->action = action;
	return rc;
}

enum rc
journal_action_find(struct journal *journal, int64_t seq, struct pool *pool,
    struct journal_action *action)
{
	struct finding_action finding = { seq, pool, action };

	return journal_read(journal, find_action, &finding);
}
