/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "journal.h"

#include "journal_internal.h"
#include "log.h"
#include "orphan.h"

/*
 * A runner's life is a kernel lock on the byte of its number in a file
 * beside the journal, held through one open file description (fcntl(2),
 * F_OFD_SETLK): it ends with the process, however that ends.  Byte 0 is the
 * lock of the one drain.
 */

struct voiding {
	const struct journal_orphan *orphan;
	int64_t now;
};

static int
lock_byte(int fd, int64_t byte, short type)
{
	struct flock lock = {
		.l_type = type, .l_whence = SEEK_SET, .l_start = byte,
		.l_len = 1
	};

	return fcntl(fd, F_OFD_SETLK, &lock);
}

void
journal_runner_begin(struct journal *journal)
{
	char boot[ORPHAN_BOOT];

	if (journal->runner != 0)
		return;
	orphan_boot(boot);
	journal_do(journal, "INSERT INTO runners(boot, pid) VALUES(?, ?)",
	    "ti", boot, (int64_t)getpid());
	if (journal->error != SQLITE_OK)
		return;
	journal->runner = sqlite3_last_insert_rowid(journal->db);
	journal->runner_new = true;
	if (lock_byte(journal->locks, journal->runner, F_WRLCK) == -1) {
		log_say(LOG_LEVEL_ERROR, "journal: a runner's lock: %s",
		    strerror(errno));
		journal->error = SQLITE_IOERR_LOCK;
	}
}

void
journal_runner_forget(struct journal *journal)
{
	if (!journal->runner_new)
		return;
	lock_byte(journal->locks, journal->runner, F_UNLCK);
	journal->runner = 0;
	journal->runner_new = false;
}

/* Gone with its claims and keys; those that are left are for others. */
static enum rc
forget_runner(struct journal *journal, void *arguments)
{
	const int64_t *runner = arguments;

	journal_do(journal,
	    "DELETE FROM runners WHERE number = ?1 AND NOT EXISTS(SELECT 1"
	    " FROM deliveries WHERE state = 1 AND runner = ?1)", "i",
	    *runner);
	return RC_OK;
}

void
journal_runner_end(struct journal *journal)
{
	if (journal->runner == 0)
		return;
	journal_write_soft(journal, forget_runner, &journal->runner);
	lock_byte(journal->locks, journal->runner, F_UNLCK);
	journal->runner = 0;
}

/* In doubt it lives: then nothing is run twice. */
bool
journal_runner_lives(struct journal *journal, int64_t runner)
{
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = runner,
		.l_len = 1
	};

	if (runner == journal->runner)
		return true;
	if (fcntl(journal->locks, F_OFD_GETLK, &lock) == -1)
		return true;
	return lock.l_type != F_UNLCK;
}

/* A boot that is not known is taken for another only by its row. */
static void
note_orphan(struct journal *journal, sqlite3_stmt *row,
    struct journal_orphans *orphans)
{
	struct journal_orphan *orphan;
	struct journal_orphan *list;
	char boot[ORPHAN_BOOT];
	const char *then = (const char *)sqlite3_column_text(row, 7);

	list = pool_grow(&orphans->pool, orphans->list, orphans->n,
	    sizeof(*list));
	if (list == NULL) {
		journal->error = SQLITE_NOMEM;
		return;
	}
	orphans->list = list;
	orphan = &list[orphans->n++];
	orphan_boot(boot);
	*orphan = (struct journal_orphan){
		.claim = sqlite3_column_int64(row, 0),
		.runner = sqlite3_column_int64(row, 1),
		.n = (size_t)sqlite3_column_int64(row, 2),
		.pid = (pid_t)sqlite3_column_int64(row, 3),
		.start = (uint64_t)sqlite3_column_int64(row, 4),
		.attempt = (unsigned)sqlite3_column_int64(row, 8),
		.same_boot = then == NULL || strcmp(then, boot) == 0
	};
	snprintf(orphan->id, sizeof(orphan->id), "%s",
	    (const char *)sqlite3_column_text(row, 5));
	snprintf(orphan->hook, sizeof(orphan->hook), "%s",
	    (const char *)sqlite3_column_text(row, 6));
}

static enum rc
look_for_orphans(struct journal *journal, void *arguments)
{
	struct journal_orphans *orphans = arguments;
	int64_t runner;
	sqlite3_stmt *row = journal_query(journal,
	    "SELECT d.claim, d.runner, count(*), d.pid, d.start, e.id,"
	    " e.hook, r.boot, d.attempts, min(d.seq) FROM deliveries d"
	    " JOIN events e ON e.seq = d.event"
	    " LEFT JOIN runners r ON r.number = d.runner"
	    " WHERE d.state = 1 AND d.runner <> ?"
	    " GROUP BY d.claim, d.runner", "i", journal->runner);

	while (journal_next(journal, row)) {
		runner = sqlite3_column_int64(row, 1);
		if (journal_runner_lives(journal, runner))
			orphans->others = true;
		else
			note_orphan(journal, row, orphans);
	}
	return RC_OK;
}

enum rc
journal_orphans(struct journal *journal, struct journal_orphans *out)
{
	enum rc rc;

	*out = (struct journal_orphans){0};
	rc = journal_read(journal, look_for_orphans, out);
	if (rc != RC_OK)
		pool_free(&out->pool);
	return rc;
}

static void
void_one(struct journal *journal, int64_t seq, const struct voiding *voiding)
{
	uint8_t key[JOURNAL_KEY];
	struct bytes bytes = {0};
	sqlite3_stmt *row;

	journal_do(journal,
	    "INSERT INTO attempts(delivery, turn, number, started, ended,"
	    " outcome, code, tail) SELECT seq, (SELECT ifnull(max(turn), 0)"
	    " + 1 FROM attempts WHERE delivery = ?1), attempts, started,"
	    " ?2, 'lost', 0, NULL FROM deliveries WHERE seq = ?1", "ii",
	    seq, voiding->now);
	journal_do(journal,
	    "UPDATE deliveries SET state = 0, since = 0,"
	    " held = (key IS NOT NULL), runner = 0, claim = 0, pid = 0"
	    " WHERE seq = ?", "i", seq);
	row = journal_query(journal,
	    "SELECT key FROM deliveries WHERE seq = ?"
	    " AND key IS NOT NULL", "i", seq);
	if (!journal_next(journal, row))
		return;
	bytes = journal_column(row, 0);
	if (bytes.len == JOURNAL_KEY) {
		memcpy(key, bytes.data, JOURNAL_KEY);
		bytes.data = (const char *)key;
	}
	journal_over(row);
	if (bytes.data == (const char *)key)
		journal_rekey(journal, bytes);
}

static enum rc
void_claim(struct journal *journal, void *arguments)
{
	struct voiding *voiding = arguments;
	const struct journal_orphan *orphan = voiding->orphan;
	int64_t seq;

	do {
		seq = journal_number(journal, 0,
		    "SELECT seq FROM deliveries WHERE state = 1"
		    " AND claim = ? AND runner = ? AND hook = ?"
		    " ORDER BY seq LIMIT 1", "iit", orphan->claim,
		    orphan->runner, orphan->hook);
		if (seq != 0)
			void_one(journal, seq, voiding);
	} while (seq != 0 && journal->error == SQLITE_OK);
	journal->stored = true;
	return RC_OK;
}

enum rc
journal_void(struct journal *journal, const struct journal_orphan *orphan,
    int64_t now)
{
	struct voiding voiding = {orphan, now};

	return journal_write(journal, void_claim, &voiding);
}

enum rc
journal_changed(struct journal *journal, bool *changed)
{
	int64_t version;
	enum rc rc = RC_OK;

	pthread_mutex_lock(&journal->holding);
	journal->error = SQLITE_OK;
	version = journal_number(journal, 0, "PRAGMA data_version", "");
	if (journal->error != SQLITE_OK)
		rc = RC_STORE;
	*changed = version != journal->version;
	journal->version = version;
	pthread_mutex_unlock(&journal->holding);
	return rc;
}

enum rc
journal_drain_lock(struct journal *journal)
{
	if (lock_byte(journal->locks, 0, F_WRLCK) == 0)
		return RC_OK;
	if (errno == EAGAIN || errno == EACCES)
		return RC_PENDING;
	log_say(LOG_LEVEL_ERROR, "journal: the drain's lock: %s",
	    strerror(errno));
	return RC_STORE;
}

void
journal_drain_unlock(struct journal *journal)
{
	lock_byte(journal->locks, 0, F_UNLCK);
}
