/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "journal/files.h"

#include "base/io.h"
#include "base/log.h"
#include "base/trust.h"
#include "base/trust_journal.h"
#include "journal/internal.h"

/*
 * The journal's files: whose they are, and whether those that are open still
 * have their names.  SQLite would go on with a file that was
 * taken away, and nobody would ever read what it wrote.
 */

/* Those that exist for as long as it is open. */
static const char *const ends[JOURNAL_FILES] = { "", "-wal", "-shm",
	"-runners" };

enum {
	LOCKS = JOURNAL_FILES - 1,
	HEADER = 512, /* bytes of the smallest page, of which one is there */
};

/* The directory resolved, so that only the file itself may be a link. */
static enum rc
resolve(const char *path, struct buf *out)
{
	const char *slash = strrchr(path, '/');
	struct buf directory = { 0 };
	char *resolved;
	enum rc rc = buf_add(&directory, io_directory(path));

	if (rc != RC_OK)
		return rc;
	resolved = realpath(directory.data, NULL);
	if (resolved == NULL) {
		log_say(LOG_LEVEL_ERROR, "journal: %s: %s", directory.data,
		    strerror(errno));
		rc = RC_CONFIG;
	} else {
		rc = buf_printf(out, "%s%s",
		    strcmp(resolved, "/") == 0 ? "" : resolved, slash);
	}
	free(resolved);
	buf_free(&directory);
	return rc;
}

static enum rc
name_files(struct journal *journal, const char *path)
{
	struct buf base = { 0 };
	enum rc rc = resolve(path, &base);

	for (size_t i = 0; i < JOURNAL_FILES && rc == RC_OK; i++) {
		struct buf name = { 0 };

		rc = buf_printf(&name, "%s%s", base.data, ends[i]);
		journal->files[i].path = name.data;
	}
	journal->path = journal->files[0].path;
	buf_free(&base);
	return rc;
}

static enum rc
create_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    0600);

	if (fd != -1) {
		close(fd);
		return RC_OK;
	}
	if (errno == EEXIST)
		return RC_OK;
	log_say(LOG_LEVEL_ERROR, "journal: %s: %s", path, strerror(errno));
	return RC_STORE;
}

static enum rc
distrust(const char *path, const struct buf *why)
{
	log_say(LOG_LEVEL_ERROR, "journal: %s%s%s", path,
	    path[0] == '\0' ? "" : " ",
	    why->len > 0 ? why->data : "is not trusted");
	return RC_CONFIG;
}

/* SQLite takes what has no whole header for empty, and writes over it. */
static enum rc
check_size(const struct journal *journal, const struct stat *about)
{
	if (about->st_size == 0 || about->st_size >= HEADER)
		return RC_OK;
	log_say(LOG_LEVEL_ERROR, "journal: %s: is no journal", journal->path);
	return RC_CONFIG;
}

/*
 * Nobody else can exchange a part of a path that is trusted, so it is
 * resolved after that.  An existing file is only looked at, never opened: to
 * close a second descriptor of it would drop the locks of this process
 * (POSIX).
 */
enum rc
journal_files_find(struct journal *journal, const char *path)
{
	struct buf why = { 0 };
	struct stat about;
	enum rc rc = trust_journal(path, &why);

	if (rc != RC_OK)
		rc = distrust("", &why);
	buf_free(&why);
	if (rc == RC_OK)
		rc = name_files(journal, path);
	if (rc != RC_OK)
		return rc;
	journal->made = trust_journal_is_made(journal->path);
	if (lstat(journal->path, &about) == 0)
		return check_size(journal, &about);
	return journal->flags & JOURNAL_CREATE ? create_file(journal->path) :
						 RC_MISSING;
}

static enum rc
check_own(const struct journal_file *file, const struct stat *about)
{
	struct buf why = { 0 };
	enum rc rc = trust_own(about, S_IFREG, &why);

	if (rc != RC_OK)
		rc = distrust(file->path, &why);
	buf_free(&why);
	return rc;
}

enum rc
journal_files_open_locks(struct journal *journal)
{
	const struct journal_file *file = &journal->files[LOCKS];
	int how = journal->flags & JOURNAL_LOOKS ? O_RDONLY : O_RDWR | O_CREAT;

	if (journal->locks != -1)
		return RC_OK;
	journal->locks = open(file->path,
	    how | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
	if (journal->locks != -1)
		return RC_OK;
	if (errno == ENOENT && journal->flags & JOURNAL_LOOKS)
		return RC_RANGE;
	log_say(LOG_LEVEL_ERROR, "journal: %s: %s", file->path,
	    strerror(errno));
	return RC_STORE;
}

void
journal_files_lost(struct journal *journal, const char *path, const char *what)
{
	journal->gone = true;
	log_say(LOG_LEVEL_ERROR,
	    "journal: %s was %s while it was open: "
	    "nothing is stored or run any more.  Stop all of pelihook, put "
	    "the journal's files back or remove what is left of them, and "
	    "start it again",
	    path, what);
}

/*
 * Not by stat(2): from Linux 6.13 on a file whose times were asked for gets
 * new ones with the next write, which fdatasync(2) then writes, too, where
 * ext4 has no journal.
 */
enum rc
journal_file_look(const struct journal_file *file, struct statx *about)
{
	return statx(AT_FDCWD, file->path, AT_SYMLINK_NOFOLLOW,
		   STATX_INO | STATX_SIZE, about) == 0 ?
	    RC_OK :
	    RC_SYSTEM;
}

/* What cannot be looked at now may be there: only this transaction fails. */
static enum journal_failure
look_at(struct journal *journal, const struct journal_file *file)
{
	struct statx about;
	bool same;

	if (journal_file_look(file, &about) == RC_OK) {
		same = makedev(about.stx_dev_major, about.stx_dev_minor) ==
			file->device &&
		    about.stx_ino == file->inode;
		/* It has had all of its tables. */
		if (same && (about.stx_size > 0 || file != journal->files))
			return JOURNAL_FINE;
		journal_files_lost(journal, file->path,
		    same ? "emptied" : "replaced");
		return JOURNAL_FAILED_GONE;
	}
	if (errno == ENOENT || errno == ENOTDIR) {
		journal_files_lost(journal, file->path, "removed");
		return JOURNAL_FAILED_GONE;
	}
	log_say(LOG_LEVEL_ERROR, "journal: %s: %s", file->path,
	    strerror(errno));
	return JOURNAL_FAILED_LOOK;
}

enum journal_failure
journal_files_look(struct journal *journal)
{
	enum journal_failure failure = JOURNAL_FINE;

	if (journal->gone)
		return JOURNAL_FAILED_GONE;
	if (!journal->noted)
		return JOURNAL_FINE;
	for (size_t i = 0; i < JOURNAL_FILES && failure == JOURNAL_FINE; i++)
		failure = look_at(journal, &journal->files[i]);
	return failure;
}

/* SQLite opened its files itself, in a directory that is private. */
static enum rc
note(struct journal *journal, struct journal_file *file)
{
	bool locks = file == &journal->files[LOCKS];
	struct stat about;
	int failed = locks ? fstat(journal->locks, &about) :
			     lstat(file->path, &about);
	enum rc rc = failed ? RC_STORE : check_own(file, &about);

	if (failed)
		journal_files_lost(journal, file->path, "removed");
	if (rc != RC_OK)
		return rc;
	file->device = about.st_dev;
	file->inode = about.st_ino;
	return RC_OK;
}

/* Where no runner notes anything.  Without room for it the next opening does
 * it. */
static void
mark_made(const struct journal *journal)
{
	static const char mark[] = "made\n";

	if (!journal->made)
		(void)!pwrite(journal->locks, mark, sizeof(mark) - 1, 0);
}

enum rc
journal_files_note(struct journal *journal)
{
	enum rc rc = journal_files_open_locks(journal);

	for (size_t i = 0; i < JOURNAL_FILES && rc == RC_OK; i++)
		rc = note(journal, &journal->files[i]);
	journal->noted = rc == RC_OK;
	if (rc == RC_OK && !(journal->flags & JOURNAL_LOOKS))
		mark_made(journal);
	return rc;
}

bool
journal_files_are_same(const struct journal *journal,
    const struct journal *other)
{
	const struct journal_file *a = journal->files;
	const struct journal_file *b = other->files;

	for (size_t i = 0; i < JOURNAL_FILES; i++)
		if (a[i].device != b[i].device || a[i].inode != b[i].inode)
			return false;
	return true;
}

bool
journal_files_are_named(const struct journal *journal, const char *path)
{
	struct stat about;

	return stat(path, &about) == 0 &&
	    about.st_dev == journal->files[0].device &&
	    about.st_ino == journal->files[0].inode;
}

int
journal_files_lock(const struct journal *journal, int64_t byte, short type,
    int how)
{
	struct flock lock = {
		.l_type = type,
		.l_whence = SEEK_SET,
		.l_start = byte,
		.l_len = 1,
	};

	return fcntl(journal->locks, how, &lock);
}

enum rc
journal_files_sync_names(const struct journal *journal)
{
	struct buf name = { 0 };
	enum rc rc = buf_add(&name, io_directory(journal->path));
	int fd;

	if (rc != RC_OK)
		return rc;
	fd = open(name.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rc = fd != -1 && fsync(fd) == 0 ? RC_OK : RC_STORE;
	io_close(&fd);
	buf_free(&name);
	return rc;
}

void
journal_files_free(struct journal *journal)
{
	io_close(&journal->locks);
	for (size_t i = 0; i < JOURNAL_FILES; i++)
		free(journal->files[i].path);
}
