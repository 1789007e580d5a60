/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "journal/runner_file.h"

#include "base/crypto.h"
#include "base/log.h"
#include "journal/files.h"
#include "journal/internal.h"
#include "journal/runner.h"
#include "journal/statement.h"

/*
 * A runner's life is a kernel lock on the byte of its number in a file
 * beside the journal, held through one open file description (fcntl(2),
 * F_OFD_SETLK): it ends with the process, however that ends.  Byte 0 is the
 * lock of journal_drain_lock, and the last two are those of turn.c.
 *
 * What the file holds has nothing to do with the locks: the notes of the
 * runs, lines of one length, in a region for each runner there is, and
 * before them that the journal is made (files.c).  A note
 * is written without the journal's lock and without a sync, as it has to be
 * there at once and is worth nothing after the machine's end.
 */
#define NOTHING "-" /* in place of a mark: nothing runs */

enum {
	NOTE_SIZE = 256,
};

static int
lock_byte(const struct journal *journal, int64_t byte, short type)
{
	return journal_files_lock(journal, byte, type, F_OFD_SETLK);
}

void
runner_file_place(const struct journal *journal, char *place)
{
	char space[PROCFS_SPACE_SIZE];
	struct stat about = { 0 };

	procfs_pid_space(space);
	(void)fstat(journal->locks, &about);
	snprintf(place, JOURNAL_PLACE_SIZE, "%ju %s", (uintmax_t)about.st_ino,
	    space);
}

void
runner_file_hold(struct journal *journal)
{
	if (lock_byte(journal, journal->runner, F_WRLCK) == 0)
		return;
	log_say(LOG_LEVEL_ERROR, "journal: a runner's lock: %s",
	    strerror(errno));
	journal_fail(journal, JOURNAL_FAILED_LOCK);
}

void
runner_file_release(struct journal *journal)
{
	lock_byte(journal, journal->runner, F_UNLCK);
}

bool
runner_file_lives(struct journal *journal, int64_t runner)
{
	struct flock lock = {
		.l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = runner,
		.l_len = 1,
	};

	if (fcntl(journal->locks, F_OFD_GETLK, &lock) == -1)
		return true;
	return lock.l_type != F_UNLCK;
}

static off_t
note_offset(int64_t region, unsigned slot)
{
	return (off_t)((region * JOURNAL_SLOTS + slot - 1) * NOTE_SIZE);
}

/*
 * One whole line, which a claim has from its commit on: where there is none
 * of its own, its note was lost.
 */
enum rc
runner_file_note(const struct journal_claim *claim,
    const struct journal_note *note)
{
	static const struct journal_note nothing = { .mark = NOTHING };
	const struct journal *journal = claim->journal;
	char line[NOTE_SIZE];
	ssize_t n;

	if (note == NULL)
		note = &nothing;
	memset(line, ' ', sizeof(line));
	n = snprintf(line, sizeof(line),
	    "%" PRId64 " %" PRId64 " %s %d %" PRIu64 " %d %" PRId64 " %" PRId64,
	    journal->runner, claim->number, note->mark, (int)note->pid,
	    note->start, (int)note->session, note->began, note->limit);
	line[n] = ' ';
	line[sizeof(line) - 1] = '\n';
	do
		n = pwrite(journal->locks, line, sizeof(line),
		    note_offset(journal->region, claim->slot));
	while (n == -1 && errno == EINTR);
	return n == sizeof(line) ? RC_OK : RC_STORE;
}

void
runner_file_note_nothing(struct journal *journal,
    const struct journal_claim *claim)
{
	if (runner_file_note(claim, NULL) != RC_OK)
		journal_fail(journal, JOURNAL_FAILED_NOTE);
}

/* Of what is no line of this claim nobody knows what runs. */
static void
read_note(const char line[NOTE_SIZE + 1], struct journal_orphan *orphan)
{
	struct journal_note note;
	int64_t runner;
	int64_t claim;

	if (sscanf(line,
		"%" SCNd64 " %" SCNd64 " %32[-0-9a-f] %d %" SCNu64
		" %d %" SCNd64 " %" SCNd64,
		&runner, &claim, note.mark, &note.pid, &note.start,
		&note.session, &note.began, &note.limit) != 8 ||
	    runner != orphan->runner || claim != orphan->claim)
		return;
	if (strcmp(note.mark, NOTHING) == 0)
		orphan->noted = false;
	else if (strlen(note.mark) == CRYPTO_MARK - 1)
		orphan->note = note;
}

void
runner_file_find_note(struct journal *journal, int64_t region, int64_t slot,
    struct journal_orphan *orphan)
{
	char line[NOTE_SIZE + 1] = "";

	if (slot >= 1 && slot <= JOURNAL_SLOTS && region <= JOURNAL_REGIONS &&
	    pread(journal->locks, line, NOTE_SIZE,
		note_offset(region, (unsigned)slot)) == NOTE_SIZE)
		read_note(line, orphan);
}

enum rc
runner_file_drain_lock(struct journal *journal)
{
	if (lock_byte(journal, 0, F_WRLCK) == 0)
		return RC_OK;
	if (errno == EAGAIN || errno == EACCES)
		return RC_PENDING;
	log_say(LOG_LEVEL_ERROR, "journal: the drain's lock: %s",
	    strerror(errno));
	return RC_STORE;
}

void
runner_file_drain_unlock(struct journal *journal)
{
	lock_byte(journal, 0, F_UNLCK);
}
