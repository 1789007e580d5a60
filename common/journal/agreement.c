/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "journal/agreement.h"

#include "base/buf.h"
#include "base/codec.h"
#include "base/crypto.h"
#include "base/limits.h"
#include "journal/column.h"
#include "journal/internal.h"
#include "journal/runner.h"
#include "journal/statement.h"
#include "journal/transaction.h"

enum { NAME = 512 }; /* bytes of a note's name */

static const char *
text_of(const char *text)
{
	return text == NULL ? "-" : text;
}

static enum rc
print_rules(const struct journal_rules *rules, struct buf *into)
{
	return buf_printf(into, "%s %s %s %lld %lld %d\n", rules->hook,
	    text_of(rules->digest), text_of(rules->routing),
	    (long long)rules->keep, (long long)rules->keep_dead, rules->queues);
}

enum rc
journal_hooks_digest(const struct journal_rules *list, size_t n,
    char into[JOURNAL_HOOKS_SIZE])
{
	uint8_t sum[CRYPTO_DIGEST];
	struct buf text = { 0 };
	enum rc rc = RC_OK;

	for (size_t i = 0; i < n && rc == RC_OK; i++)
		rc = print_rules(&list[i], &text);
	if (rc == RC_OK)
		rc = crypto_sha256(buf_view(&text), sum);
	if (rc == RC_OK)
		encode_hex(sum, sizeof(sum), into);
	buf_free(&text);
	return rc;
}

bool
journal_hooks_are_told(struct journal *journal, const char *hooks)
{
	return journal->runner != 0 &&
	    journal_number(journal, 0,
		"SELECT 1 FROM runners WHERE number = ?1 AND hooks = ?2",
		BIND(INT(journal->runner), TEXT(hooks))) != 0;
}

/* A runner that begins says so at once, one that lapsed included. */
void
journal_hooks_tell(struct journal *journal, const char *hooks)
{
	snprintf(journal->hooks, sizeof(journal->hooks), "%s", hooks);
	journal_runner_begin(journal);
	if (!journal_failed(journal) && !journal_hooks_are_told(journal, hooks))
		journal_do(journal,
		    "UPDATE runners SET hooks = ?1 WHERE number = ?2",
		    BIND(TEXT(hooks), INT(journal->runner)));
	journal->stored = true;
}

/* The next one after a number; 0: there is none. */
static int64_t
next_other(struct journal *journal, const char *hooks, int64_t after)
{
	return journal_number(journal, 0,
	    "SELECT number FROM runners WHERE number > ?1 AND number <> ?2"
	    " AND hooks <> '' AND hooks <> ?3 ORDER BY number LIMIT 1",
	    BIND(INT(after), INT(journal->runner), TEXT(hooks)));
}

bool
journal_hooks_differ(struct journal *journal, const char *hooks)
{
	int64_t runner = next_other(journal, hooks, 0);

	while (runner != 0 && !journal_runner_lives(journal, runner))
		runner = next_other(journal, hooks, runner);
	return runner != 0;
}

static void
name_note(const struct journal_rules *rules, char name[NAME])
{
	snprintf(name, NAME, "rules %s %s %s %lld %lld", rules->hook,
	    text_of(rules->digest), text_of(rules->routing),
	    (long long)rules->keep, (long long)rules->keep_dead);
}

int64_t
journal_rules_seen(struct journal *journal, const struct journal_rules *rules)
{
	char name[NAME];

	name_note(rules, name);
	return journal_number(journal, 0,
	    "SELECT number FROM notes WHERE name = ?1", BIND(TEXT(name)));
}

int64_t
journal_rules_see(struct journal *journal, const struct journal_rules *rules,
    int64_t after)
{
	int64_t now = journal_now(journal) * 1000000;
	int64_t seen = now > after ? now : after + 1;
	char name[NAME];

	name_note(rules, name);
	journal_do(journal,
	    "INSERT INTO notes(name, number) VALUES(?1, ?2)"
	    " ON CONFLICT(name) DO UPDATE SET number = excluded.number",
	    BIND(TEXT(name), INT(seen)));
	return seen;
}

struct telling {
	const char *hooks;
	bool told;
};

static enum rc
look(struct journal *journal, void *arguments)
{
	struct telling *telling = arguments;

	telling->told = journal_hooks_are_told(journal, telling->hooks);
	return RC_OK;
}

static enum rc
tell(struct journal *journal, void *arguments)
{
	const struct telling *telling = arguments;

	journal_hooks_tell(journal, telling->hooks);
	return RC_OK;
}

enum rc
journal_tell_hooks(struct journal *journal, const struct journal_rules *list,
    size_t n)
{
	char hooks[JOURNAL_HOOKS_SIZE];
	struct telling telling = { hooks, false };
	enum rc rc;

	if (!journal_is_shared(journal))
		return RC_OK;
	rc = journal_hooks_digest(list, n, hooks);
	if (rc == RC_OK)
		rc = journal_read(journal, look, &telling);
	if (rc == RC_OK && !telling.told)
		rc = journal_write(journal, tell, &telling);
	return rc;
}

struct listing {
	enum rc (*each)(void *context, const struct journal_runner *runner);
	void *context;
	struct pool pool;
	struct journal_runner *list;
	size_t n;
};

static enum rc
read_runners(struct journal *journal, void *arguments)
{
	struct listing *listing = arguments;
	struct journal_reader reader = journal_lenient_reader(journal,
	    journal_query(journal,
		"SELECT number, space, pid, hooks FROM runners"
		" WHERE hooks <> '' ORDER BY number",
		NO_VALUES),
	    "runners");

	while (journal_next(journal, reader.row)) {
		struct journal_runner *runner = journal_need(journal,
		    pool_next(&listing->pool, &listing->list, listing->n));
		char *machine = journal_need(journal,
		    pool_text(&listing->pool,
			journal_text(&reader, 1, JOURNAL_TEXT_NOTE)));
		const char *hooks = journal_need(journal,
		    pool_text(&listing->pool,
			journal_text(&reader, 3, JOURNAL_TEXT_NOTE)));

		if (runner == NULL || machine == NULL || hooks == NULL)
			return RC_MEMORY;
		machine[strcspn(machine, " ")] = '\0';
		*runner = (struct journal_runner){
			.number = journal_int(&reader, 0, JOURNAL_IS_ROW),
			.machine = machine,
			.pid = journal_int(&reader, 2, JOURNAL_IS_ANY),
			.hooks = hooks,
		};
		listing->n++;
	}
	return RC_OK;
}

static enum rc
list_runners(struct journal *journal, void *arguments)
{
	struct listing *listing = arguments;
	enum rc rc = read_runners(journal, listing);

	for (size_t i = 0; i < listing->n && rc == RC_OK; i++)
		if (journal_runner_lives(journal, listing->list[i].number))
			rc = listing->each(listing->context, &listing->list[i]);
	return rc;
}

enum rc
journal_runners(struct journal *journal,
    enum rc (*each)(void *context, const struct journal_runner *runner),
    void *context)
{
	struct listing listing = { .each = each, .context = context };
	enum rc rc = RC_OK;

	if (journal_is_shared(journal))
		rc = journal_read(journal, list_runners, &listing);
	pool_free(&listing.pool);
	return rc;
}
