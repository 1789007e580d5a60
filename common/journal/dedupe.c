/* SPDX-License-Identifier: ISC */
#include "journal/dedupe.h"

#include "journal/column.h"
#include "journal/internal.h"
#include "journal/key.h"
#include "journal/runner.h"
#include "journal/sql.h"
#include "journal/statement.h"
#include "journal/transaction.h"

#define EXPIRED_AT_ONCE 4 /* keys tidied up with each new one */

struct keying {
	struct journal_key key;
	int64_t time;
};

/* A key whose runner is gone is nobody's; so is one that is over. */
enum rc
journal_dedupe_state(struct journal *journal, struct bytes key, int64_t now)
{
	struct journal_reader reader = {
		.journal = journal,
		.table = "keys",
		.row = journal_query(journal,
		    "SELECT expires, runner FROM keys WHERE key = ?1",
		    BIND(BYTES(key))),
	};
	int64_t expires;
	int64_t runner;

	if (!journal_next(journal, reader.row))
		return RC_OK;
	expires = journal_int(&reader, 0, JOURNAL_IS_EXPIRY);
	runner = journal_int(&reader, 1, JOURNAL_IS_RUNNER);
	journal_end_query(reader.row);
	if (runner != 0)
		return journal_runner_lives(journal, runner) ? RC_PENDING :
							       RC_OK;
	return expires > now ? RC_DUPLICATE : RC_OK;
}

/* A few that are over, so that the table stays small without a runner. */
static void
tidy_keys(struct journal *journal, int64_t now)
{
	journal_do(journal,
	    SQL("DELETE FROM keys WHERE key IN (SELECT key FROM keys"
	    " WHERE expires <= ?1 AND runner = 0 ORDER BY expires"
	    " LIMIT " SQL_CONSTANT(EXPIRED_AT_ONCE) ")"),
		BIND(INT(now)));
}

static void
put_key(struct journal *journal, struct bytes key, int64_t expires,
    int64_t runner)
{
	journal_do(journal,
	    "INSERT INTO keys(key, expires, runner) VALUES(?1, ?2, ?3)"
	    " ON CONFLICT(key) DO UPDATE SET expires = excluded.expires,"
	    " runner = excluded.runner",
	    BIND(BYTES(key), INT(expires), INT(runner)));
}

void
journal_dedupe_take(struct journal *journal, struct bytes key, int64_t now,
    int64_t expires)
{
	tidy_keys(journal, now);
	put_key(journal, key, expires, 0);
}

static enum rc
claim_key(struct journal *journal, void *arguments)
{
	const struct keying *keying = arguments;
	struct bytes key = journal_key_view(&keying->key);
	enum rc rc = journal_dedupe_state(journal, key, keying->time);

	if (rc != RC_OK)
		return rc;
	tidy_keys(journal, keying->time);
	journal_runner_begin(journal);
	put_key(journal, key, 0, journal->runner);
	return RC_OK;
}

static enum rc
finish_key(struct journal *journal, void *arguments)
{
	const struct keying *keying = arguments;

	put_key(journal, journal_key_view(&keying->key), keying->time, 0);
	return RC_OK;
}

static enum rc
free_key(struct journal *journal, void *arguments)
{
	const struct keying *keying = arguments;

	journal_do(journal, "DELETE FROM keys WHERE key = ?1 AND runner = ?2",
	    BIND(BYTES(journal_key_view(&keying->key)), INT(journal->runner)));
	return RC_OK;
}

static struct bytes
view(const struct keying *keying)
{
	return (struct bytes){ (const char *)keying, sizeof(*keying) };
}

void
journal_key_claim(struct journal *journal, const struct journal_key *key,
    int64_t now, struct journal_waiter *waiter)
{
	struct keying keying = { *key, now + journal_ahead(journal) };

	journal_write_later(journal, claim_key, view(&keying), waiter);
}

void
journal_key_done(struct journal *journal, const struct journal_key *key,
    int64_t expires, struct journal_waiter *waiter)
{
	struct keying keying = { *key, expires + journal_ahead(journal) };

	journal_write_later(journal, finish_key, view(&keying), waiter);
}

void
journal_key_free(struct journal *journal, const struct journal_key *key,
    struct journal_waiter *waiter)
{
	struct keying keying = { *key, 0 };

	journal_write_later(journal, free_key, view(&keying), waiter);
}
