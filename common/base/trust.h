/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_BASE_TRUST_H
#define PELIHOOK_BASE_TRUST_H

#include <sys/stat.h>
#include <sys/types.h>

#include "base/buf.h"

/*
 * Whether nobody but root and the user of this process could have changed a
 * file.  It and every directory above it (of the path as written and of the
 * path its symbolic links lead to) belong to one of the two and are not
 * writable by others, nor by a group other than root's.  A directory with
 * the sticky bit (/tmp) may be writable: there only a file's owner can
 * replace it.  OpenSSH's safe_path() is the model.
 */
enum trust_kind {
	TRUST_FILE,    /* a regular file */
	TRUST_SECRET,  /* besides: not readable by others */
	TRUST_COMMAND, /* besides: executable by this process */
	TRUST_DIRECTORY,
	/* A directory that nobody but root and this user can write to, even
	 * if it is sticky: it may be root's.  Above it any group may write,
	 * as some systems have it in /var/log. */
	TRUST_LOG,
	/* A directory that is this user's, and that nobody else can write
	 * to, no group, and even if it is sticky. */
	TRUST_PRIVATE,
};

/*
 * RC_OK, or RC_CONFIG with a sentence without the file's own name appended
 * to error ("is writable by group www-data: chmod g-w it").
 */
enum rc trust_path(const char *path, enum trust_kind kind, struct buf *error);
/*
 * Opens a file for reading that passed the same checks, made on what was
 * opened.  RC_CONFIG with error as above.  The caller closes *fd.
 */
enum rc trust_open(const char *path, enum trust_kind kind, int *fd,
    struct buf *error);
/*
 * Reads the whole of it, at most max bytes.  RC_CONFIG with error as above;
 * into is to be empty; buf_wipe it where it holds a secret.
 */
enum rc trust_read_open(int fd, size_t max, struct buf *into,
    struct buf *error);
/* trust_open and trust_read_open. */
enum rc trust_read(const char *path, enum trust_kind kind, size_t max,
    struct buf *into, struct buf *error);
/*
 * Whether what was looked at is of that type (S_IFDIR, S_IFREG), belongs to
 * the user of this process, and can be written by nobody else; a regular
 * file has to have one name only.  Of the file alone, not of what is above
 * it.  RC_CONFIG with error as above.
 */
enum rc trust_own(const struct stat *stat, mode_t type, struct buf *error);
/*
 * For root: whose a directory is.  Every directory on the way to it belongs
 * to root or to that user, and root alone decided who that is: nothing in a
 * place where others can make files (/tmp) is taken for that user's.
 * RC_CONFIG with error as trust_path.
 */
enum rc trust_owner(const char *path, uid_t *owner, struct buf *error);

#endif
