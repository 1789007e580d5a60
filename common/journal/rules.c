/* SPDX-License-Identifier: ISC */
#include "journal/journal.h"

#include "journal/internal.h"

struct noting {
	struct journal_rules *list;
	size_t n;
	bool outdated;		/* something has to be written */
};

/* What is noted of a hook's rules; the file's time tells which are newer. */
struct noted {
	bool there;
	bool same;		/* the digest */
	int64_t time;
};

static struct noted
read_noted(struct journal *journal, const struct journal_rules *rules)
{
	struct noted noted = {0};
	struct journal_reader reader = {
		.journal = journal, .table = "rules", .lenient = true,
		.row = journal_query(journal,
		    "SELECT ifnull(digest = ?, 0), time FROM rules"
		    " WHERE hook = ?", "tt", rules->digest, rules->hook)
	};

	if (!journal_next(journal, reader.row))
		return noted;
	noted.same = journal_int(&reader, 0, JOURNAL_IS_FLAG) != 0;
	noted.time = journal_int(&reader, 1, JOURNAL_IS_ANY);
	journal_over(reader.row);
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
			    "INSERT OR REPLACE INTO rules(hook, digest,"
			    " time, keep) VALUES(?, ?, ?, ?)", "ttii",
			    rules->hook, rules->digest, rules->time,
			    rules->keep);
	}
	return look_rules(journal, arguments);
}

/* There is mostly nothing to write: a transaction that writes is dear. */
enum rc
journal_note_rules(struct journal *journal, struct journal_rules *list,
    size_t n)
{
	struct noting noting = {.list = list, .n = n};
	enum rc rc = journal_read(journal, look_rules, &noting);

	if (rc == RC_OK && noting.outdated)
		rc = journal_write(journal, note_rules, &noting);
	return rc;
}

bool
journal_is_overtaken(struct journal *journal, const char *hook,
    const char *digest)
{
	return digest != NULL && journal_number(journal, 0,
	    "SELECT 1 FROM rules WHERE hook = ? AND digest <> ?", "tt", hook,
	    digest) != 0;
}

int64_t
journal_kept(struct journal *journal, const char *hook, int64_t time,
    int64_t otherwise)
{
	return journal_number(journal, otherwise,
	    "SELECT keep FROM rules WHERE hook = ? AND time > ?"
	    " AND typeof(keep) = 'integer' AND keep >= 0", "ti", hook, time);
}

int64_t
journal_kept_least(struct journal *journal, int64_t otherwise)
{
	int64_t least = journal_number(journal, otherwise,
	    "SELECT min(keep) FROM rules"
	    " WHERE typeof(keep) = 'integer' AND keep >= 0", "");

	return least < otherwise ? least : otherwise;
}
