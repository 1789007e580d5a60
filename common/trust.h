/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_TRUST_H
#define PELIHOOK_TRUST_H

#include "bytes.h"

/*
 * Whether nobody but root and the user of this process could have changed a
 * file.  It and every directory above it (of the path as written and of the
 * path behind its symbolic links) belong to one of the two and are not
 * writable by others, nor by a group other than root's.  A directory with
 * the sticky bit (/tmp) may be writable: there only a file's owner can
 * replace it.  OpenSSH's safe_path() is the model.
 */
enum trust_kind {
	TRUST_FILE,		/* a regular file */
	TRUST_SECRET,		/* besides: not readable by others */
	TRUST_COMMAND,		/* besides: executable by this process */
	TRUST_DIRECTORY
};

/*
 * RC_OK, or RC_CONFIG with a sentence without the file's own name appended
 * to why ("is writable by group www-data: chmod g-w it").
 */
enum rc trust_path(const char *path, enum trust_kind kind, struct buf *why);
/*
 * Opens and reads a whole file that passed the same checks (made on what
 * was opened), at most max bytes of it.  RC_CONFIG with why as above;
 * into is to be empty; buf_wipe it where it holds a secret.
 */
enum rc trust_read(const char *path, enum trust_kind kind, size_t max,
    struct buf *into, struct buf *why);

#endif
