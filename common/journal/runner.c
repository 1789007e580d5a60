/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "journal/journal.h"

#include "base/crypto.h"
#include "base/log.h"
#include "base/procfs.h"
#include "journal/internal.h"

/*
 * A runner's life is a kernel lock on the byte of its number in a file
 * beside the journal, held through one open file description (fcntl(2),
 * F_OFD_SETLK): it ends with the process, however that ends.  Byte 0 is the
 * lock of the one drain.
 *
 * What the file holds has nothing to do with the locks: the notes of the
 * runs, lines of one length, in a region for each runner there is.  A note
 * is written without the journal's lock and without a sync, as it has to be
 * there at once and is worth nothing after the machine's end.
 */
#define NOTHING "-"		/* in place of a mark: nothing runs */

enum {
	SPACE = PROCFS_SPACE_SIZE + 24,	/* with a number before it */
	NOTE_SIZE = 256,
	REGIONS = 1024 * 1024		/* more than ever run at once */
};

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

/*
 * What tells whether a runner can be judged from here: the file that its
 * lock is in, in whose place somebody may have put another one, and its PID
 * namespace.
 */
static void
describe_place(const struct journal *journal, char place[SPACE])
{
	char space[PROCFS_SPACE_SIZE];
	struct stat about = {0};

	procfs_pid_space(space);
	(void)fstat(journal->locks, &about);
	snprintf(place, SPACE, "%ju %s", (uintmax_t)about.st_ino, space);
}

/* The least that no runner has. */
static int64_t
free_region(struct journal *journal)
{
	return journal_number(journal, 1,
	    "SELECT min(r.region) + 1 FROM (SELECT 0 AS region UNION"
	    " SELECT region FROM runners WHERE typeof(region) = 'integer'"
	    " AND region BETWEEN 0 AND ?) r WHERE NOT EXISTS(SELECT 1"
	    " FROM runners n WHERE n.region = r.region + 1)", "i",
	    (int64_t)REGIONS);
}

void
journal_runner_begin(struct journal *journal)
{
	char boot[PROCFS_BOOT_SIZE];
	char place[SPACE];

	if (journal->runner != 0)
		return;
	procfs_boot_id(boot);
	describe_place(journal, place);
	journal->region = free_region(journal);
	journal_do(journal, "INSERT INTO runners(boot, pid, region, space,"
	    " first) VALUES(?, ?, ?, ?, ?)", "tiiti", boot,
	    (int64_t)getpid(), journal->region, place,
	    (int64_t)(getpid() == 1));
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

void
journal_runner_remove(struct journal *journal, int64_t runner)
{
	journal_do(journal,
	    "DELETE FROM keys WHERE expires = 0 AND runner = ?", "i", runner);
	journal_do(journal,
	    "DELETE FROM runners WHERE number = ?1 AND NOT EXISTS(SELECT 1"
	    " FROM deliveries WHERE state = 1 AND runner = ?1)", "i",
	    runner);
}

static enum rc
forget_runner(struct journal *journal, void *arguments)
{
	journal_runner_remove(journal, *(const int64_t *)arguments);
	return RC_OK;
}

void
journal_retire(struct journal *journal)
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

enum rc
journal_slot_take(struct journal *journal, struct journal_claim *claim)
{
	for (unsigned i = 0; i < JOURNAL_SLOTS; i++) {
		if (atomic_exchange(&journal->slots[i], true))
			continue;
		claim->journal = journal;
		claim->slot = i + 1;
		return RC_OK;
	}
	return RC_MISSING;
}

void
journal_slot_leave(struct journal_claim *claim)
{
	if (claim->slot != 0)
		atomic_store(&claim->journal->slots[claim->slot - 1], false);
	claim->slot = 0;
}

static off_t
note_offset(int64_t region, unsigned slot)
{
	return (off_t)((region * JOURNAL_SLOTS + slot - 1) * NOTE_SIZE);
}

void
journal_slot_begin(struct journal *journal,
    const struct journal_claim *claim)
{
	if (journal->error == SQLITE_OK &&
	    journal_note_run(claim, NULL) != RC_OK)
		journal->error = SQLITE_IOERR_WRITE;
}

/*
 * One whole line, which a claim has from its commit on: where there is none
 * of its own, its note was lost.
 */
enum rc
journal_note_run(const struct journal_claim *claim,
    const struct journal_note *note)
{
	static const struct journal_note nothing = {.mark = NOTHING};
	const struct journal *journal = claim->journal;
	char line[NOTE_SIZE];
	ssize_t n;

	if (note == NULL)
		note = &nothing;
	memset(line, ' ', sizeof(line));
	n = snprintf(line, sizeof(line), "%" PRId64 " %" PRId64
	    " %s %d %" PRIu64 " %d %" PRId64 " %" PRId64, journal->runner,
	    claim->number, note->mark, (int)note->pid, note->start,
	    (int)note->session, note->began, note->limit);
	line[n] = ' ';
	line[sizeof(line) - 1] = '\n';
	do
		n = pwrite(journal->locks, line, sizeof(line),
		    note_offset(journal->region, claim->slot));
	while (n == -1 && errno == EINTR);
	return n == sizeof(line) ? RC_OK : RC_STORE;
}

/* Of what is no line of this claim nobody knows what runs. */
static void
read_note(const char line[NOTE_SIZE + 1], struct journal_orphan *orphan)
{
	struct journal_note note;
	int64_t runner;
	int64_t claim;

	if (sscanf(line, "%" SCNd64 " %" SCNd64 " %32[-0-9a-f] %d %" SCNu64
	    " %d %" SCNd64 " %" SCNd64, &runner, &claim, note.mark,
	    &note.pid, &note.start, &note.session, &note.began,
	    &note.limit) != 8 || runner != orphan->runner ||
	    claim != orphan->claim)
		return;
	if (strcmp(note.mark, NOTHING) == 0)
		orphan->noted = false;
	else if (strlen(note.mark) == CRYPTO_MARK - 1)
		orphan->note = note;
}

/* Between its claim and its first run, and between two, nothing runs. */
static void
find_note(const struct journal *journal, int64_t region, int64_t slot,
    struct journal_orphan *orphan)
{
	char line[NOTE_SIZE + 1] = "";

	if (slot >= 1 && slot <= JOURNAL_SLOTS && region <= REGIONS &&
	    pread(journal->locks, line, NOTE_SIZE,
	    note_offset(region, (unsigned)slot)) == NOTE_SIZE)
		read_note(line, orphan);
}

/*
 * A runner of the first release, or one whose row is gone, says nothing of
 * its namespace, and has no notes but in the row of the delivery.
 */
static void
note_runner(struct journal_reader *reader, struct journal_orphan *orphan)
{
	int64_t region = journal_int(reader, 10, JOURNAL_IS_COUNT);
	const char *then = journal_text(reader, 7, JOURNAL_TEXT_NOTE);
	const char *there = journal_text(reader, 11, JOURNAL_TEXT_NOTE);
	char boot[PROCFS_BOOT_SIZE];
	char here[SPACE];
	size_t file;

	procfs_boot_id(boot);
	describe_place(reader->journal, here);
	file = strcspn(here, " ") + 1;
	orphan->same_boot = then[0] == '\0' || strcmp(then, boot) == 0;
	orphan->same_space = region == 0 || (here[file] != '\0' &&
	    strcmp(there, here) == 0);
	orphan->first = strncmp(there, here, file) == 0 &&
	    journal_int(reader, 12, JOURNAL_IS_FLAG) != 0;
	orphan->noted = true;
	if (region != 0) {
		find_note(reader->journal, region,
		    journal_int(reader, 13, JOURNAL_IS_SMALL), orphan);
		return;
	}
	orphan->note.pid = (pid_t)journal_int(reader, 3, JOURNAL_IS_PID);
	orphan->note.start = (uint64_t)journal_int(reader, 4,
	    JOURNAL_IS_START);
}

/* Whose it is.  What nobody can hold is known by its first delivery. */
static void
fill_orphan(struct journal_reader *reader, struct journal_orphan *orphan)
{
	int64_t seq = journal_int(reader, 9, JOURNAL_IS_ANY);

	reader->number = seq;
	*orphan = (struct journal_orphan){
		.claim = journal_int(reader, 0, JOURNAL_IS_ROW),
		.runner = journal_int(reader, 1, JOURNAL_IS_ROW),
		.n = (size_t)journal_int(reader, 2, JOURNAL_IS_COUNT)
	};
	orphan->damaged = reader->damaged ? seq : 0;
	/* The rest is for the log, but for the hook. */
	orphan->attempt = (unsigned)journal_int(reader, 8, JOURNAL_IS_SMALL);
	journal_text_into(reader, 5, JOURNAL_TEXT_ID, orphan->id);
	journal_text_into(reader, 6, JOURNAL_TEXT_HOOK, orphan->hook);
}

static void
note_orphan(struct journal_reader *reader, struct journal_orphans *orphans)
{
	struct journal_orphan *list = pool_grow(&orphans->pool, orphans->list,
	    orphans->n, sizeof(*list));
	struct journal_orphan *orphan;

	if (list == NULL) {
		reader->journal->error = SQLITE_NOMEM;
		return;
	}
	orphans->list = list;
	orphan = &list[orphans->n];
	fill_orphan(reader, orphan);
	if (orphan->damaged == 0 &&
	    journal_runner_lives(reader->journal, orphan->runner)) {
		orphans->others = true;
		return;
	}
	note_runner(reader, orphan);
	orphans->n++;
}

/* A damaged one is to be recovered as well, and was told of. */
static enum rc
look_for_orphans(struct journal *journal, void *arguments)
{
	struct journal_orphans *orphans = arguments;
	struct journal_reader reader;
	sqlite3_stmt *rows = journal_query(journal,
	    "SELECT d.claim, d.runner, count(*), d.pid, d.start, e.id,"
	    " d.hook, ifnull(r.boot, ''), d.attempts, min(d.seq),"
	    " ifnull(r.region, 0), ifnull(r.space, ''), ifnull(r.first, 0),"
	    " d.slot FROM deliveries d LEFT JOIN events e ON e.seq = d.event"
	    " LEFT JOIN runners r ON r.number = d.runner"
	    " WHERE d.state = 1 AND (d.runner IS NOT ?1 OR ?1 = 0)"
	    " GROUP BY d.claim, d.runner", "i", journal->runner);

	while (journal_next(journal, rows)) {
		reader = (struct journal_reader){
			.journal = journal, .row = rows,
			.table = "deliveries", .lenient = true
		};
		note_orphan(&reader, orphans);
	}
	journal->damaged = 0;
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
	struct journal_reader reader = {
		.journal = journal, .table = "deliveries", .number = seq,
		.lenient = true
	};
	uint8_t key[JOURNAL_KEY];
	bool ordered;

	journal_do(journal,
	    "INSERT OR REPLACE INTO attempts(delivery, turn, number, started,"
	    " ended, outcome, code, tail) SELECT seq,"
	    " (SELECT ifnull(max(turn), 0) + 1 FROM attempts"
	    " WHERE delivery = ?1), attempts, started, ?2, 'lost', 0, NULL"
	    " FROM deliveries WHERE seq = ?1", "ii", seq, voiding->now);
	journal_do(journal,
	    "UPDATE deliveries SET state = 0, since = 0,"
	    " held = (key IS NOT NULL), runner = 0, claim = 0, pid = 0,"
	    " lost = lost + ? WHERE seq = ?", "ii",
	    (int64_t)voiding->orphan->noted, seq);
	reader.row = journal_query(journal,
	    "SELECT key FROM deliveries WHERE seq = ?", "i", seq);
	if (!journal_next(journal, reader.row))
		return;
	ordered = journal_key_into(&reader, 0, key);
	journal_over(reader.row);
	if (ordered)
		journal_rekey(journal, (struct bytes){(const char *)key,
		    JOURNAL_KEY});
}

static enum rc
void_claim(struct journal *journal, void *arguments)
{
	struct voiding *voiding = arguments;
	const struct journal_orphan *orphan = voiding->orphan;
	int64_t seq;

	if (orphan->damaged != 0) {
		journal_set_aside(journal, orphan->damaged, orphan->hook,
		    voiding->now);
		return RC_OK;
	}
	do {
		seq = journal_number(journal, 0,
		    "SELECT seq FROM deliveries WHERE state = 1"
		    " AND claim = ?1 AND runner = ?2"
		    " AND (hook = ?3 OR ?3 = '')"
		    " ORDER BY seq LIMIT 1", "iit", orphan->claim,
		    orphan->runner, orphan->hook);
		if (seq != 0)
			void_one(journal, seq, voiding);
	} while (seq != 0 && journal->error == SQLITE_OK);
	journal_runner_remove(journal, orphan->runner);
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
