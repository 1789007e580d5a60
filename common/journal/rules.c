/* SPDX-License-Identifier: ISC */
#include "journal/rules.h"

#include "journal/column.h"
#include "journal/internal.h"
#include "journal/sql.h"
#include "journal/statement.h"
#include "journal/transaction.h"

struct noting {
	struct journal_rules *list;
	size_t n;
	bool outdated; /* something has to be written */
};

/* What is noted of a hook's rules; the file's time tells which are newer. */
struct noted {
	bool there;
	bool same; /* the digest */
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
		    "SELECT CASE WHEN digest = ?1 THEN 1 ELSE 0 END, time"
		    " FROM rules WHERE hook = ?2",
		    BIND(TEXT(rules->digest), TEXT(rules->hook))),
	};

	if (!journal_next(journal, reader.row))
		return noted;
	noted.same = journal_int(&reader, 0, JOURNAL_IS_FLAG) != 0;
	noted.time = journal_int(&reader, 1, JOURNAL_IS_ANY);
	journal_end_query(reader.row);
	/* What is no time is written anew. */
	noted.there = !reader.damaged;
	return noted;
}

static bool
is_newer(const struct journal_rules *rules, const struct noted *noted)
{
	return !noted->there || rules->time > noted->time;
}

static enum rc
look_rules(struct journal *journal, void *arguments)
{
	struct noting *noting = arguments;
	struct journal_rules *rules;
	struct noted noted;

	for (size_t i = 0; i < noting->n; i++) {
		rules = &noting->list[i];
		noted = read_noted(journal, rules);
		if (is_newer(rules, &noted))
			noting->outdated = true;
		rules->older = noted.there && !noted.same &&
		    rules->time <= noted.time;
		rules->noted = noted.time;
	}
	journal->damaged = 0;
	return RC_OK;
}

static enum rc
note_rules(struct journal *journal, void *arguments)
{
	const struct noting *noting = arguments;
	const struct journal_rules *rules;
	struct noted noted;

	for (size_t i = 0; i < noting->n; i++) {
		rules = &noting->list[i];
		noted = read_noted(journal, rules);
		if (is_newer(rules, &noted))
			journal_do(journal,
			    "INSERT INTO rules(hook, digest, time, keep)"
			    " VALUES(?1, ?2, ?3, ?4) ON CONFLICT(hook)"
			    " DO UPDATE SET digest = excluded.digest,"
			    " time = excluded.time, keep = excluded.keep",
			    BIND(TEXT(rules->hook), TEXT(rules->digest),
				INT(rules->time), INT(rules->keep)));
	}
	return look_rules(journal, arguments);
}

/* There is mostly nothing to write: a transaction that writes is dear. */
enum rc
journal_note_rules(struct journal *journal, struct journal_rules *list,
    size_t n)
{
	struct noting noting = { .list = list, .n = n };
	enum rc rc = journal_read(journal, look_rules, &noting);

	if (rc == RC_OK && noting.outdated)
		rc = journal_write(journal, note_rules, &noting);
	return rc;
}

bool
journal_rules_changed(struct journal *journal, const char *hook,
    const char *digest)
{
	return digest != NULL &&
	    journal_number(journal, 0,
		"SELECT 1 FROM rules WHERE hook = ?1 AND digest <> ?2",
		BIND(TEXT(hook), TEXT(digest))) != 0;
}

int64_t
journal_rules_keep(struct journal *journal, const char *hook, int64_t time,
    int64_t otherwise)
{
	return journal_number(journal, otherwise,
	    SQL("SELECT keep FROM rules WHERE hook = ?1 AND time > ?2"
	    " AND " SQL_IS_INTEGER("keep") " AND keep >= 0"),
		BIND(TEXT(hook), INT(time)));
}

int64_t
journal_rules_keep_least(struct journal *journal, int64_t otherwise)
{
	int64_t least = journal_number(journal, otherwise,
	    SQL("SELECT min(keep) FROM rules"
	    " WHERE " SQL_IS_INTEGER("keep") " AND keep >= 0"),
		NO_VALUES);

	return least < otherwise ? least : otherwise;
}
