/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "journal/rules.h"

#include "journal/agreement.h"
#include "journal/column.h"
#include "journal/internal.h"
#include "journal/lanes.h"
#include "journal/sql.h"
#include "journal/statement.h"
#include "journal/transaction.h"

struct noting {
	struct journal_rules *list;
	size_t n;
	bool outdated;			/* something has to be written */
	bool disputed;			/* other runners have other hooks */
	char hooks[JOURNAL_HOOKS_SIZE]; /* empty: nobody is told of them */
};

/* What is noted of a hook's rules; the file's time tells which are newer. */
struct noted {
	bool there;
	bool same;   /* the digest */
	bool routes; /* and the routing */
	bool mute;   /* it says nothing of the routing */
	int64_t time;
};

static struct noted
read_noted(struct journal *journal, const struct journal_rules *rules)
{
	struct noted noted = { 0 };
	struct journal_reader reader = {
		.journal = journal,
		.table = "rules",
		.lenient = true,
		.row = journal_query(journal,
		    "SELECT CASE WHEN digest = ?1 THEN 1 ELSE 0 END, time,"
		    " CASE WHEN routing = ?3 OR ?3 IS NULL THEN 1 ELSE 0 END,"
		    " CASE WHEN routing = '' THEN 1 ELSE 0 END"
		    " FROM rules WHERE hook = ?2",
		    BIND(TEXT(rules->digest), TEXT(rules->hook),
			TEXT(rules->routing))),
	};

	if (!journal_next(journal, reader.row))
		return noted;
	noted.same = journal_int(&reader, 0, JOURNAL_IS_FLAG) != 0;
	noted.time = journal_int(&reader, 1, JOURNAL_IS_ANY);
	noted.routes = noted.same &&
	    journal_int(&reader, 2, JOURNAL_IS_FLAG) != 0;
	noted.mute = journal_int(&reader, 3, JOURNAL_IS_FLAG) != 0;
	journal_end_query(reader.row);
	/* What is no time is written anew. */
	noted.there = !reader.damaged;
	return noted;
}

/* What is no path is written anew. */
static enum journal_owner
read_owner(struct journal *journal, const char *hook, const char *file)
{
	return (enum journal_owner)journal_number(journal, JOURNAL_OWNER_NOBODY,
	    SQL("SELECT CASE WHEN file = ?2 THEN 1 WHEN " SQL_IS_TEXT("file")
	    " AND file <> '' THEN 2 ELSE 0 END FROM sources"
	    " WHERE hook = ?1"),
		BIND(TEXT(hook), TEXT(file)));
}

/*
 * Of a journal that machines share nothing is noted of files: each machine has
 * its own, at a path that may as well be another one's, and what is at another
 * one's path cannot be read here.  They have the same configuration, and that
 * they have is seen by what their runners tell of their hooks.
 */
static bool
has_sources(const struct journal *journal)
{
	return !journal_is_shared(journal);
}

/* Of the events that share a transaction most are of one hook. */
enum journal_owner
journal_source_owner(struct journal *journal, const char *hook,
    const char *file)
{
	const struct journal_source *known = &journal->source;
	enum journal_owner owner;

	if (file == NULL || !has_sources(journal))
		return JOURNAL_OWNER_SELF;
	if (known->hook != NULL && strcmp(known->hook, hook) == 0 &&
	    strcmp(known->file, file) == 0)
		return JOURNAL_OWNER_SELF;
	owner = read_owner(journal, hook, file);
	if (owner == JOURNAL_OWNER_SELF)
		journal->source = (struct journal_source){ hook, file };
	return owner;
}

void
journal_source_note(struct journal *journal, const char *hook, const char *file)
{
	journal->source = (struct journal_source){ 0 };
	journal_do(journal,
	    "INSERT INTO sources(hook, file) VALUES(?1, ?2)"
	    " ON CONFLICT(hook) DO UPDATE SET file = excluded.file",
	    BIND(TEXT(hook), TEXT(file)));
}

static bool
is_newer(const struct journal_rules *rules, const struct noted *noted)
{
	return !noted->there || rules->time > noted->time;
}

/* Of the same rules an earlier release noted no routing, however new its file
 * was. */
static bool
needs_routing(const struct journal_rules *rules, const struct noted *noted)
{
	return noted->there && noted->same && !noted->routes &&
	    (noted->mute || rules->time >= noted->time);
}

/* Whether all of them are there; those that are not stay 0. */
static bool
find_lanes(struct journal *journal, const struct journal_rules *rules)
{
	bool all = true;

	for (size_t i = 0; i < rules->lanes_len; i++) {
		rules->lanes[i].id = journal_lane_find(journal, rules->hook,
		    rules->lanes[i].key);
		all = all && rules->lanes[i].id != 0;
	}
	return all;
}

static void
forget_lanes(const struct journal_rules *rules)
{
	for (size_t i = 0; i < rules->lanes_len; i++)
		rules->lanes[i].id = 0;
}

/*
 * Where machines share the journal these are as new as it has known them, and
 * what is noted stands only as long as somebody else may run by it: then those
 * count that all runners have, old or not, as when a change is taken back.
 */
static bool
is_superseded(const struct journal_rules *rules, const struct noted *noted,
    const struct noting *noting)
{
	return noting->hooks[0] != '\0' && !noting->disputed && noted->there &&
	    rules->time < noted->time;
}

static void
look_at_rules(struct journal *journal, struct journal_rules *rules,
    struct noting *noting)
{
	enum journal_owner owner = journal_source_owner(journal, rules->hook,
	    rules->file);
	struct noted noted;

	rules->older = false;
	rules->foreign = owner == JOURNAL_OWNER_OTHER;
	forget_lanes(rules);
	if (rules->foreign)
		return;
	rules->disputed = noting->disputed;
	if (noting->hooks[0] != '\0')
		rules->time = journal_rules_seen(journal, rules);
	noted = read_noted(journal, rules);
	if ((noting->hooks[0] != '\0' && rules->time == 0) ||
	    is_superseded(rules, &noted, noting))
		noting->outdated = true;
	if (is_newer(rules, &noted) || needs_routing(rules, &noted) ||
	    (rules->queues && owner == JOURNAL_OWNER_NOBODY))
		noting->outdated = true;
	rules->older = noted.there && !noted.routes &&
	    rules->time <= noted.time;
	rules->noted = noted.time;
	if (!rules->older && !find_lanes(journal, rules))
		noting->outdated = true;
}

static enum rc
look_rules(struct journal *journal, void *arguments)
{
	struct noting *noting = arguments;
	bool shared = noting->hooks[0] != '\0';

	noting->disputed = shared &&
	    journal_hooks_differ(journal, noting->hooks);
	if (shared && !journal_hooks_are_told(journal, noting->hooks))
		noting->outdated = true;
	for (size_t i = 0; i < noting->n; i++)
		look_at_rules(journal, &noting->list[i], noting);
	journal->damaged = 0;
	return RC_OK;
}

/* Whether one was not there yet. */
static bool
make_lanes(struct journal *journal, const struct journal_rules *rules)
{
	bool made = !find_lanes(journal, rules);

	for (size_t i = 0; made && i < rules->lanes_len; i++)
		(void)journal_lane_make(journal, rules->hook,
		    rules->lanes[i].key);
	return made;
}

/* All that is undelivered goes where these say, before anything else of the
 * hook is claimed. */
static void
begin_move(struct journal *journal, const struct journal_rules *rules)
{
	journal->routing = (struct journal_routing){ 0 };
	journal_do(journal,
	    "UPDATE rules SET routing = coalesce(?1, routing), moved = 0,"
	    " move_to = (SELECT coalesce(max(seq), 0) FROM deliveries)"
	    " WHERE hook = ?2",
	    BIND(TEXT(rules->routing), TEXT(rules->hook)));
}

static void
write_rules(struct journal *journal, const struct journal_rules *rules)
{
	journal_do(journal,
	    "INSERT INTO rules(hook, digest, time, keep, keep_dead)"
	    " VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT(hook)"
	    " DO UPDATE SET digest = excluded.digest,"
	    " time = excluded.time, keep = excluded.keep,"
	    " keep_dead = excluded.keep_dead",
	    BIND(TEXT(rules->hook), TEXT(rules->digest), INT(rules->time),
		INT(rules->keep), INT(rules->keep_dead)));
}

/* A lane that is not there though its rules are noted was lost, and what is in
 * it is to be found again. */
static void
note(struct journal *journal, struct journal_rules *rules,
    const struct noting *noting)
{
	enum journal_owner owner = journal_source_owner(journal, rules->hook,
	    rules->file);
	struct noted noted;
	bool routes;

	if (owner == JOURNAL_OWNER_OTHER)
		return;
	if (owner == JOURNAL_OWNER_NOBODY && rules->queues)
		journal_source_note(journal, rules->hook, rules->file);
	noted = read_noted(journal, rules);
	if (noting->hooks[0] != '\0')
		rules->time = journal_rules_seen(journal, rules);
	if (noting->hooks[0] != '\0' &&
	    (rules->time == 0 || is_superseded(rules, &noted, noting)))
		rules->time = journal_rules_see(journal, rules, noted.time);
	if (is_newer(rules, &noted)) {
		write_rules(journal, rules);
		noted = read_noted(journal, rules);
	}
	routes = needs_routing(rules, &noted);
	if ((noted.routes || routes) && (make_lanes(journal, rules) || routes))
		begin_move(journal, rules);
}

static enum rc
note_rules(struct journal *journal, void *arguments)
{
	struct noting *noting = arguments;

	if (noting->hooks[0] != '\0') {
		journal_hooks_tell(journal, noting->hooks);
		noting->disputed = journal_hooks_differ(journal, noting->hooks);
	}
	for (size_t i = 0; i < noting->n; i++)
		note(journal, &noting->list[i], noting);
	return look_rules(journal, arguments);
}

/* There is mostly nothing to write: a transaction that writes is dear. */
enum rc
journal_note_rules(struct journal *journal, struct journal_rules *list,
    size_t n)
{
	struct noting noting = { .list = list, .n = n };
	enum rc rc = RC_OK;

	if (journal_is_shared(journal))
		rc = journal_hooks_digest(list, n, noting.hooks);
	if (rc == RC_OK)
		rc = journal_read(journal, look_rules, &noting);
	if (rc == RC_OK && noting.outdated)
		rc = journal_write(journal, note_rules, &noting);
	return rc;
}

struct source {
	const char *hook;
	const char *from;
	const char *to;
	char *file;
};

static enum rc
find_source(struct journal *journal, void *arguments)
{
	struct source *source = arguments;
	struct journal_reader reader = {
		.journal = journal,
		.table = "sources",
		.row = journal_query(journal,
		    "SELECT file FROM sources WHERE hook = ?1",
		    BIND(TEXT(source->hook))),
	};

	if (!journal_next(journal, reader.row))
		return RC_MISSING;
	journal_text_into(&reader, 0, JOURNAL_TEXT_FILE, source->file);
	journal_end_query(reader.row);
	return RC_OK;
}

enum rc
journal_source_find(struct journal *journal, const char *hook,
    char file[JOURNAL_FILE_SIZE])
{
	struct source source = { .hook = hook, .file = file };

	if (!has_sources(journal))
		return RC_MISSING;
	return journal_read(journal, find_source, &source);
}

/* By what the other file said nothing is run any more, but until this one's
 * rules are noted it tells for how long to keep. */
static enum rc
change_source(struct journal *journal, void *arguments)
{
	const struct source *source = arguments;

	journal->source = (struct journal_source){ 0 };
	journal->routing = (struct journal_routing){ 0 };
	if (journal_change_rows(journal,
		"UPDATE sources SET file = ?1 WHERE hook = ?2 AND file = ?3",
		BIND(TEXT(source->to), TEXT(source->hook),
		    TEXT(source->from))) == 1)
		journal_do(journal,
		    "UPDATE rules SET time = 0, digest = '', routing = ''"
		    " WHERE hook = ?1",
		    BIND(TEXT(source->hook)));
	return RC_OK;
}

enum rc
journal_source_change(struct journal *journal, const char *hook,
    const char *from, const char *to)
{
	struct source source = { .hook = hook, .from = from, .to = to };

	if (!has_sources(journal))
		return RC_OK;
	return journal_write(journal, change_source, &source);
}

/* By rules without a digest any will do. */
static const char *
routing_of(const struct journal_rules *rules)
{
	return rules->digest == NULL ? NULL : rules->routing;
}

bool
journal_rules_changed(struct journal *journal,
    const struct journal_rules *rules)
{
	return rules->digest != NULL &&
	    journal_number(journal, 0,
		"SELECT 1 FROM rules WHERE hook = ?1"
		" AND (digest <> ?2 OR routing <> ?3)",
		BIND(TEXT(rules->hook), TEXT(rules->digest),
		    TEXT(routing_of(rules)))) != 0;
}

bool
journal_rules_may_move(struct journal *journal)
{
	struct journal_hold *hold = &journal->hold;

	if (!hold->looked)
		hold->any = journal_number(journal, 0,
				"SELECT CASE WHEN EXISTS (SELECT 1"
				" FROM deliveries WHERE state = " SQL_QUEUED
				" AND line IS NULL) OR EXISTS (SELECT 1"
				" FROM rules WHERE moved < move_to)"
				" THEN 1 ELSE 0 END",
				NO_VALUES) != 0;
	hold->looked = true;
	return hold->any;
}

static bool
has_to_move(struct journal *journal, const struct journal_rules *rules)
{
	return journal_rules_may_move(journal) &&
	    journal_number(journal, 0,
		"SELECT CASE WHEN EXISTS (SELECT 1 FROM rules"
		" WHERE hook = ?1 AND moved < move_to) OR EXISTS (SELECT 1"
		" FROM deliveries WHERE hook = ?1 AND state = " SQL_QUEUED
		" AND line IS NULL) THEN 1 ELSE 0 END",
		BIND(TEXT(rules->hook))) != 0;
}

/* Of the lanes that are walked over many are of one hook. */
bool
journal_rules_hold_up(struct journal *journal,
    const struct journal_rules *rules)
{
	struct journal_hold *hold = &journal->hold;

	if (hold->rules != rules) {
		hold->up = journal_rules_changed(journal, rules) ||
		    has_to_move(journal, rules);
		hold->rules = rules;
	}
	return hold->up;
}

/* Of the events that share a transaction most are of one hook. */
bool
journal_routing_is_noted(struct journal *journal, const char *hook,
    const char *routing)
{
	struct journal_routing *known = &journal->routing;

	if (routing == NULL)
		return false;
	if (known->hook == NULL || strcmp(known->hook, hook) != 0 ||
	    strcmp(known->routing, routing) != 0)
		*known = (struct journal_routing){
			.hook = hook,
			.routing = routing,
			.noted = journal_number(journal, 0,
				     "SELECT 1 FROM rules WHERE hook = ?1"
				     " AND routing = ?2",
				     BIND(TEXT(hook), TEXT(routing))) != 0,
		};
	return known->noted;
}

/* What is no time is as if it were not noted. */
#define KEEP(column)                                                           \
	"CASE WHEN " SQL_IS_INTEGER(column) " AND " column ">= 0"              \
					    " THEN " column " END"
#define NOTED(column, parameter) "coalesce(" KEEP(column) ", " parameter ")"

static struct journal_keep
read_keep(struct journal *journal, struct journal_statement *row,
    const struct journal_keep *otherwise)
{
	struct journal_reader reader = {
		.journal = journal,
		.table = "rules",
		.row = row,
	};
	struct journal_keep keep = *otherwise;

	if (journal_next(journal, row)) {
		keep.keep = journal_int(&reader, 0, JOURNAL_IS_ANY);
		keep.keep_dead = journal_int(&reader, 1, JOURNAL_IS_ANY);
		journal_end_query(row);
	}
	return keep;
}

struct journal_keep
journal_rules_keep(struct journal *journal, const char *hook, int64_t time,
    const struct journal_keep *otherwise)
{
	return read_keep(journal,
	    journal_query(journal,
		"SELECT " NOTED("keep", "?3") ", " NOTED("keep_dead",
		    "?4") " FROM rules WHERE hook = ?1 AND time > ?2",
		BIND(TEXT(hook), INT(journal_is_shared(journal) ? -1 : time),
		    INT(otherwise->keep), INT(otherwise->keep_dead))),
	    otherwise);
}

struct journal_keep
journal_rules_keep_least(struct journal *journal,
    const struct journal_keep *otherwise)
{
	struct journal_keep least = read_keep(journal,
	    journal_query(journal,
		"SELECT coalesce(min(" KEEP(
		    "keep") "), ?1),"
			    " coalesce(min(" KEEP(
				"keep_dead") "), ?2) FROM rules",
		BIND(INT(otherwise->keep), INT(otherwise->keep_dead))),
	    otherwise);

	if (least.keep > otherwise->keep)
		least.keep = otherwise->keep;
	if (least.keep_dead > otherwise->keep_dead)
		least.keep_dead = otherwise->keep_dead;
	return least;
}
