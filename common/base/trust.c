/* SPDX-License-Identifier: ISC */
#include <sys/statvfs.h>
#include <sys/xattr.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/trust.h"

#include "base/account.h"
#include "base/io.h"

enum { TRUST_LINKS = 40 }; /* symbolic links on one way */

/* The text is lost where memory is short; the refusal is not. */
#define REFUSE(error, ...) ((void)buf_printf((error), __VA_ARGS__), RC_CONFIG)
/* /tmp and its like: whoever changed its mode would harm all others. */
#define REFUSE_SHARED(error)                                                   \
	REFUSE((error),                                                        \
	    "is writable by others: name one that is for pelihook alone")

/*
 * The way from / to a file, one name at a time.  Symbolic links are read and
 * their text is put before what is left of the way, so that every directory
 * that has a say is looked at.  A path that somebody else could exchange a
 * part of, between this look and the use, is refused for that.
 */
struct walk {
	char at[PATH_MAX];	 /* what is reached; "" is / */
	struct stat stat;	 /* of that */
	char rest[2 * PATH_MAX]; /* the way to go */
	unsigned links;
	uid_t user;   /* may own what is on it, as root may */
	bool finding; /* that user is found on the way */
	bool open;    /* others may make files where it is */
	bool groups;  /* any group may write to its directories */
	struct buf *error;
};

static const char *
path_of(const struct walk *walk)
{
	return walk->at[0] == '\0' ? "/" : walk->at;
}

static bool
is_last(const struct walk *walk)
{
	return walk->rest[strspn(walk->rest, "/")] == '\0';
}

static enum rc
refuse_errno(struct buf *error, const char *where, int number)
{
	if (where[0] != '\0')
		return REFUSE(error, "cannot be reached: %s: %s", where,
		    strerror(number));
	if (number == ENOENT)
		return REFUSE(error,
		    "does not exist: make it, or mend its "
		    "name here");
	return REFUSE(error, "cannot be opened: %s", strerror(number));
}

/* "is ..." of the file itself, "lies below DIR, which is ..." of what is on
 * the way; what to change is "it" or its path. */
static const char *
begin_error(const struct walk *walk, bool file)
{
	if (file)
		return "it";
	(void)buf_printf(walk->error, "lies below %s, which ", path_of(walk));
	return path_of(walk);
}

/* A file is that user's where nobody else could have made it. */
static void
find_user(struct walk *walk)
{
	if (walk->finding && walk->user == 0 && !walk->open)
		walk->user = walk->stat.st_uid;
}

static enum rc
check_owner(const struct walk *walk, bool file)
{
	uid_t uid = walk->stat.st_uid;
	char owner[ACCOUNT_NAME_SIZE];
	char user[ACCOUNT_NAME_SIZE];
	const char *what;

	if (uid == 0 || uid == walk->user)
		return RC_OK;
	account_user(uid, owner);
	account_user(walk->user, user);
	what = begin_error(walk, file);
	if (walk->finding && walk->open && walk->user == 0)
		return REFUSE(walk->error,
		    "belongs to %s, and could have been "
		    "made by anybody where it lies: take another place",
		    owner);
	if (walk->user == 0)
		return REFUSE(walk->error,
		    "belongs to %s, not to root: "
		    "chown root %s",
		    owner, what);
	return REFUSE(walk->error,
	    "belongs to %s, neither to root nor to %s: "
	    "chown root %s",
	    owner, user, what);
}

/*
 * With an ACL the group's bits tell what anybody who is named in it may do,
 * not the group.  In doubt there is one.
 */
static bool
has_acl(const char *path)
{
	return lgetxattr(path, "system.posix_acl_access", NULL, 0) >= 0 ||
	    (errno != ENODATA && errno != ENOTSUP);
}

static bool
group_writes(const struct walk *walk)
{
	return (walk->stat.st_mode & S_IWGRP) != 0 &&
	    (walk->stat.st_gid != 0 || has_acl(path_of(walk)));
}

static enum rc
check_writers(const struct walk *walk, bool file, bool sticky)
{
	const struct stat *stat = &walk->stat;
	char group[ACCOUNT_NAME_SIZE];

	if (sticky && (stat->st_mode & S_ISVTX) != 0)
		return RC_OK;
	if (file && S_ISDIR(stat->st_mode) && (stat->st_mode & S_ISVTX) != 0 &&
	    (stat->st_mode & S_IWOTH) != 0)
		return REFUSE_SHARED(walk->error);
	if ((stat->st_mode & S_IWOTH) != 0)
		return REFUSE(walk->error,
		    "is writable by others: "
		    "chmod o-w %s",
		    begin_error(walk, file));
	if ((walk->groups && !file) || !group_writes(walk))
		return RC_OK;
	account_group(stat->st_gid, group);
	return REFUSE(walk->error, "is writable by group %s%s: chmod g-w %s",
	    group, stat->st_gid == 0 ? " or others, through an ACL" : "",
	    begin_error(walk, file));
}

static enum rc
check_directory(struct walk *walk)
{
	enum rc rc;

	find_user(walk);
	rc = check_owner(walk, false);
	walk->open = (walk->stat.st_mode & S_IWOTH) != 0 || group_writes(walk);
	return rc == RC_OK ? check_writers(walk, false, true) : rc;
}

static enum rc
look(struct walk *walk)
{
	if (lstat(path_of(walk), &walk->stat) == 0)
		return RC_OK;
	return refuse_errno(walk->error,
	    walk->at[0] != '\0' && is_last(walk) ? "" : path_of(walk), errno);
}

static enum rc
look_at_directory(struct walk *walk)
{
	enum rc rc = look(walk);

	return rc == RC_OK ? check_directory(walk) : rc;
}

static void
cut_name(struct walk *walk)
{
	char *slash = strrchr(walk->at, '/');

	if (slash != NULL)
		*slash = '\0';
}

/* Puts the link's text before the way to go. */
static enum rc
prepend(struct walk *walk, const char *text)
{
	char rest[2 * PATH_MAX];
	int n = snprintf(rest, sizeof rest, "%s/%s", text, walk->rest);

	if (n < 0 || (size_t)n >= sizeof rest)
		return refuse_errno(walk->error, "", ENAMETOOLONG);
	memcpy(walk->rest, rest, sizeof rest);
	if (text[0] == '/') {
		walk->at[0] = '\0';
		return look_at_directory(walk);
	}
	cut_name(walk);
	return RC_OK;
}

static enum rc
follow(struct walk *walk)
{
	char text[PATH_MAX];
	ssize_t n = readlink(walk->at, text, sizeof text - 1);
	enum rc rc;

	if (n < 0)
		return refuse_errno(walk->error, walk->at, errno);
	if (++walk->links > TRUST_LINKS)
		return refuse_errno(walk->error, walk->at, ELOOP);
	text[n] = '\0';
	/* Its mode says nothing; in a sticky directory its owner does. */
	rc = check_owner(walk, false);
	return rc == RC_OK ? prepend(walk, text) : rc;
}

/* Cuts the next name off the way; false at its end. */
static bool
next_name(struct walk *walk, char name[NAME_MAX + 2])
{
	size_t skip = strspn(walk->rest, "/");
	size_t len = strcspn(walk->rest + skip, "/");

	snprintf(name, NAME_MAX + 2, "%.*s",
	    (int)(len <= NAME_MAX ? len : NAME_MAX + 1), walk->rest + skip);
	memmove(walk->rest, walk->rest + skip + len,
	    strlen(walk->rest + skip + len) + 1);
	return len > 0;
}

/* One step; the last name's file is for the caller to judge. */
static enum rc
step(struct walk *walk, const char *name)
{
	size_t len = strlen(walk->at);
	enum rc rc;

	if (strcmp(name, ".") == 0)
		return look(walk);
	if (strcmp(name, "..") == 0) {
		cut_name(walk);
		return look_at_directory(walk);
	}
	if (len + 1 + strlen(name) >= sizeof walk->at)
		return refuse_errno(walk->error, "", ENAMETOOLONG);
	snprintf(walk->at + len, sizeof walk->at - len, "/%s", name);
	rc = look(walk);
	if (rc != RC_OK)
		return rc;
	if (S_ISLNK(walk->stat.st_mode))
		return follow(walk);
	return is_last(walk) ? RC_OK : check_directory(walk);
}

/* As the kind wants it of the directories above. */
static struct walk
walk_of(enum trust_kind kind, struct buf *error)
{
	return (struct walk){
		.user = geteuid(),
		.groups = kind == TRUST_LOG,
		.error = error,
	};
}

/* To the end of a path. */
static enum rc
walk_to(struct walk *walk, const char *path)
{
	char name[NAME_MAX + 2];
	size_t len = 0;
	enum rc rc;

	if (path[0] != '/') {
		if (getcwd(walk->rest, PATH_MAX) == NULL)
			return refuse_errno(walk->error, ".", errno);
		len = strlen(walk->rest);
	}
	if (strlen(path) >= PATH_MAX)
		return refuse_errno(walk->error, "", ENAMETOOLONG);
	snprintf(walk->rest + len, sizeof walk->rest - len, "/%s", path);
	rc = look_at_directory(walk);
	while (rc == RC_OK && next_name(walk, name))
		rc = step(walk, name);
	return rc;
}

static enum rc
check_type(const struct stat *stat, mode_t type, struct buf *error)
{
	if ((stat->st_mode & S_IFMT) == type)
		return RC_OK;
	return REFUSE(error,
	    type == S_IFDIR ? "is no directory" : "is no regular file");
}

static mode_t
type_of(enum trust_kind kind)
{
	switch (kind) {
	case TRUST_DIRECTORY:
	case TRUST_LOG:
	case TRUST_PRIVATE:
		return S_IFDIR;
	case TRUST_FILE:
	case TRUST_SECRET:
	case TRUST_COMMAND:
		break;
	}
	return S_IFREG;
}

/* What the way led to, or what was opened there. */
static enum rc
check_file(const struct walk *walk, enum trust_kind kind)
{
	if (kind == TRUST_PRIVATE)
		return trust_own(&walk->stat, S_IFDIR, walk->error);
	if (check_type(&walk->stat, type_of(kind), walk->error) != RC_OK ||
	    check_owner(walk, true) != RC_OK ||
	    check_writers(walk, true, kind == TRUST_DIRECTORY) != RC_OK)
		return RC_CONFIG;
	if (kind == TRUST_SECRET && (walk->stat.st_mode & S_IROTH) != 0)
		return REFUSE(walk->error,
		    "is readable by others: chmod o-r it, or end this line "
		    "in `world-readable' where a container platform mounts "
		    "it so");
	return RC_OK;
}

static enum rc
check_execution(const struct walk *walk)
{
	char user[ACCOUNT_NAME_SIZE];
	struct statvfs system;

	if ((walk->stat.st_mode & 0111) != 0 &&
	    faccessat(AT_FDCWD, path_of(walk), X_OK, AT_EACCESS) == 0)
		return RC_OK;
	if (statvfs(path_of(walk), &system) == 0 &&
	    (system.f_flag & ST_NOEXEC) != 0)
		return REFUSE(walk->error,
		    "cannot be executed: the file system that it is on is "
		    "mounted noexec: put it on another one");
	account_user(geteuid(), user);
	return REFUSE(walk->error, "cannot be executed by %s: chmod a+x it",
	    user);
}

enum rc
trust_path(const char *path, enum trust_kind kind, struct buf *error)
{
	struct walk walk = walk_of(kind, error);
	enum rc rc = walk_to(&walk, path);

	if (rc == RC_OK)
		rc = check_file(&walk, kind);
	if (rc == RC_OK && kind == TRUST_COMMAND)
		rc = check_execution(&walk);
	return rc;
}

enum rc
trust_open(const char *path, enum trust_kind kind, int *out, struct buf *error)
{
	struct walk walk = walk_of(kind, error);
	enum rc rc = walk_to(&walk, path);
	int fd;

	if (rc == RC_OK)
		rc = check_file(&walk, kind);
	if (rc != RC_OK)
		return rc;
	fd = open(path_of(&walk),
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &walk.stat) != 0)
		rc = refuse_errno(error, "", errno);
	else
		rc = check_file(&walk, kind);
	if (rc == RC_OK)
		*out = fd;
	else
		io_close(&fd);
	return rc;
}

static enum rc
read_all(int fd, size_t size, struct buf *into, struct buf *error)
{
	ssize_t n;

	/* All at once: a buffer that grows would leave secrets behind. */
	if (buf_reserve(into, size + 1) != RC_OK)
		return REFUSE(error, "does not fit into memory");
	while (into->len <= size) {
		n = read(fd, into->data + into->len, size + 1 - into->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return refuse_errno(error, "", errno);
		if (n == 0)
			break;
		into->len += (size_t)n;
	}
	into->data[into->len] = '\0';
	return into->len == size ?
	    RC_OK :
	    REFUSE(error, "changed while it was read: try again");
}

enum rc
trust_read_open(int fd, size_t max, struct buf *into, struct buf *error)
{
	struct stat stat;

	if (fstat(fd, &stat) != 0)
		return refuse_errno(error, "", errno);
	if ((unsigned long long)stat.st_size > max)
		return REFUSE(error, "is larger than %zu bytes", max);
	return read_all(fd, (size_t)stat.st_size, into, error);
}

enum rc
trust_read(const char *path, enum trust_kind kind, size_t max, struct buf *into,
    struct buf *error)
{
	int fd;
	enum rc rc = trust_open(path, kind, &fd, error);

	if (rc != RC_OK)
		return rc;
	rc = trust_read_open(fd, max, into, error);
	close(fd);
	return rc;
}

static enum rc
refuse_stranger(const struct stat *stat, struct buf *error)
{
	char owner[ACCOUNT_NAME_SIZE];
	char user[ACCOUNT_NAME_SIZE];

	account_user(stat->st_uid, owner);
	account_user(geteuid(), user);
	if (S_ISDIR(stat->st_mode))
		return REFUSE(error,
		    "does not belong to the user of this "
		    "process (%s), but to %s: name one that is for pelihook "
		    "alone, made with install -d -o %s -m 700",
		    user, owner, user);
	return REFUSE(error,
	    "does not belong to the user of this process (%s), "
	    "but to %s: chown it to the user that pelihook runs as",
	    user, owner);
}

enum rc
trust_own(const struct stat *stat, mode_t type, struct buf *error)
{
	char group[ACCOUNT_NAME_SIZE];

	if (check_type(stat, type, error) != RC_OK)
		return RC_CONFIG;
	if (stat->st_uid != geteuid())
		return refuse_stranger(stat, error);
	if (S_ISDIR(stat->st_mode) && (stat->st_mode & S_ISVTX) != 0 &&
	    (stat->st_mode & S_IWOTH) != 0)
		return REFUSE_SHARED(error);
	if ((stat->st_mode & S_IWOTH) != 0)
		return REFUSE(error, "is writable by others: chmod go-w it");
	if ((stat->st_mode & S_IWGRP) != 0) {
		account_group(stat->st_gid, group);
		return REFUSE(error, "is writable by group %s: chmod g-w it",
		    group);
	}
	/* Opened by another name it has neither its locks nor its log. */
	if (type == S_IFREG && stat->st_nlink > 1)
		return REFUSE(error,
		    "has another name (a hard link): find it "
		    "with find -samefile, and remove it");
	return RC_OK;
}

enum rc
trust_owner(const char *path, uid_t *owner, struct buf *error)
{
	struct walk walk = { .finding = true, .error = error };
	enum rc rc = walk_to(&walk, path);

	if (rc == RC_OK)
		rc = check_type(&walk.stat, S_IFDIR, error);
	if (rc != RC_OK)
		return rc;
	find_user(&walk);
	rc = check_owner(&walk, true);
	if (rc == RC_OK)
		*owner = walk.stat.st_uid;
	return rc;
}
