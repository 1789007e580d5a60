/* SPDX-License-Identifier: ISC */
#include <unistd.h>

#include "journal/runner.h"

#include "journal/column.h"
#include "journal/engine.h"
#include "journal/internal.h"
#include "journal/sql.h"
#include "journal/statement.h"

/* The row of this process among the runners, and the slots of its claims. */

/* The least that no runner has. */
static int64_t
free_region(struct journal *journal)
{
	return journal_number(journal, 1,
	    SQL("SELECT min(r.region) + 1 FROM (SELECT 0 AS region UNION"
	    " SELECT region FROM runners WHERE " SQL_IS_INTEGER("region")
	    " AND region BETWEEN 0 AND ?1) r WHERE NOT EXISTS(SELECT 1"
	    " FROM runners n WHERE n.region = r.region + 1)"),
		BIND(INT(JOURNAL_REGIONS)));
}

void
journal_runner_begin(struct journal *journal)
{
	char boot[PROCFS_BOOT_SIZE];
	char place[JOURNAL_PLACE_SIZE];
	int64_t number;

	if (journal->runner != 0 && journal->engine->has_lapsed != NULL &&
	    journal->engine->has_lapsed(journal))
		journal_runner_end(journal);
	if (journal->runner != 0)
		return;
	procfs_boot_id(boot);
	journal_runner_place(journal, place);
	journal->region = free_region(journal);
	number = journal_number(journal, 0,
	    "INSERT INTO runners(boot, pid, region, space, first)"
	    " VALUES(?1, ?2, ?3, ?4, ?5) RETURNING number",
	    BIND(TEXT(boot), INT(getpid()), INT(journal->region), TEXT(place),
		INT(getpid() == 1 || (journal->flags & JOURNAL_SERVED) != 0)));
	if (journal_failed(journal))
		return;
	journal->runner = number;
	journal->runner_new = true;
	journal->engine->hold(journal);
}

void
journal_runner_end(struct journal *journal)
{
	journal->engine->release(journal);
	journal->runner = 0;
}

void
journal_runner_forget(struct journal *journal)
{
	if (!journal->runner_new)
		return;
	journal_runner_end(journal);
	journal->runner_new = false;
}

void
journal_runner_delete(struct journal *journal, int64_t runner)
{
	journal_do(journal,
	    "DELETE FROM keys WHERE expires = 0 AND runner = ?1",
	    BIND(INT(runner)));
	journal_do(journal,
	    "DELETE FROM runners WHERE number = ?1 AND NOT EXISTS(SELECT 1"
	    " FROM deliveries WHERE state = " SQL_RUNNING " AND runner = ?1)",
	    BIND(INT(runner)));
}

bool
journal_runner_lives(struct journal *journal, int64_t runner)
{
	return runner == journal->runner ||
	    journal->engine->lives(journal, runner);
}

/* That a claim has it which has no number yet. */
#define UNNUMBERED (-1)

enum rc
journal_slot_take(struct journal *journal, struct journal_claim *claim)
{
	for (unsigned i = 0; i < JOURNAL_SLOTS; i++) {
		int64_t nobody = 0;

		if (!atomic_compare_exchange_strong(&journal->slots[i], &nobody,
			UNNUMBERED))
			continue;
		claim->journal = journal;
		claim->slot = i + 1;
		return RC_OK;
	}
	return RC_MISSING;
}

bool
journal_slot_is_of(const struct journal *journal, int64_t slot, int64_t claim)
{
	return slot >= 1 && slot <= JOURNAL_SLOTS &&
	    atomic_load(&journal->slots[slot - 1]) == claim;
}

void
journal_slot_leave(struct journal_claim *claim)
{
	if (claim->slot != 0)
		atomic_store(&claim->journal->slots[claim->slot - 1], 0);
	claim->slot = 0;
}

void
journal_slot_begin(struct journal *journal, const struct journal_claim *claim)
{
	atomic_store(&journal->slots[claim->slot - 1], claim->number);
	if (!journal_failed(journal))
		journal->engine->note_nothing(journal, claim);
}

enum rc
journal_note_run(const struct journal_claim *claim,
    const struct journal_note *note)
{
	return claim->journal->engine->note(claim, note);
}

void
journal_note_find(struct journal *journal, int64_t region, int64_t slot,
    struct journal_orphan *orphan)
{
	journal->engine->find_note(journal, region, slot, orphan);
}

void
journal_runner_place(const struct journal *journal,
    char place[JOURNAL_PLACE_SIZE])
{
	journal->engine->place(journal, place);
}

enum rc
journal_drain_lock(struct journal *journal)
{
	return journal->engine->drain_lock(journal);
}

void
journal_drain_unlock(struct journal *journal)
{
	journal->engine->drain_unlock(journal);
}
