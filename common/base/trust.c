/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/trust.h"

enum {
	TRUST_LINKS = 40,	/* symbolic links on one way */
	TRUST_NAME = 64		/* room for a user's or a group's name */
};

/*
 * The way from / to a file, one name at a time and never through a symbolic
 * link: those are read and their text is put before what is left of the way.
 * So every directory that has a say is looked at, and nothing can be
 * exchanged between the look and the use.
 */
struct walk {
	int fd;			/* the directory reached, O_PATH */
	char at[PATH_MAX];	/* its path, "" for / */
	char rest[2 * PATH_MAX];	/* the way to go */
	unsigned links;
	uid_t user;		/* who may own what is on it, besides root */
	bool finding;		/* who that is shows on the way */
	bool open;		/* everybody may make a file where it is */
	bool groups;		/* any group may write to its directories */
	struct buf *why;
};

/* A file or directory on the way, and how complaints call it. */
struct place {
	struct stat stat;
	int fd;			/* of it, O_PATH will do */
	const char *path;	/* NULL: the file itself */
	uid_t user;
	bool open;		/* where it lies everybody may make files */
	bool sticky;		/* it may be writable if it is sticky */
	bool groups;		/* and by any group */
	struct buf *why;
};

/* The complaint is lost where memory is short; the refusal is not. */
#define REFUSE(why, ...) \
	((void)buf_printf((why), __VA_ARGS__), RC_CONFIG)

static void
name_user(uid_t uid, char name[TRUST_NAME])
{
	char room[1024];
	struct passwd entry;
	struct passwd *found = NULL;

	if (getpwuid_r(uid, &entry, room, sizeof room, &found) == 0 &&
	    found != NULL)
		snprintf(name, TRUST_NAME, "%s", found->pw_name);
	else
		snprintf(name, TRUST_NAME, "%lu", (unsigned long)uid);
}

static void
name_group(gid_t gid, char name[TRUST_NAME])
{
	char room[4096];
	struct group entry;
	struct group *found = NULL;

	if (getgrgid_r(gid, &entry, room, sizeof room, &found) == 0 &&
	    found != NULL)
		snprintf(name, TRUST_NAME, "%s", found->gr_name);
	else
		snprintf(name, TRUST_NAME, "%lu", (unsigned long)gid);
}

static const char *
place_name(const struct place *place)
{
	return place->path != NULL ? place->path : "it";
}

/* "is ..." of the file itself, "lies in DIR, which is ..." of a directory. */
static void
begin_why(const struct place *place)
{
	if (place->path != NULL)
		(void)buf_printf(place->why, "lies below %s, which ",
		    place->path);
}

static enum rc
refuse_owner(const struct place *place)
{
	char owner[TRUST_NAME];
	char user[TRUST_NAME];

	name_user(place->stat.st_uid, owner);
	name_user(place->user, user);
	begin_why(place);
	if (place->open)
		return REFUSE(place->why, "belongs to %s, and could have been "
		    "made by anybody where it lies: take another place",
		    owner);
	if (place->user == 0)
		return REFUSE(place->why, "belongs to %s, not to root: "
		    "chown root %s", owner, place_name(place));
	return REFUSE(place->why, "belongs to %s, neither to root nor to %s: "
	    "chown root %s", owner, user, place_name(place));
}

static enum rc
check_owner(const struct place *place)
{
	uid_t uid = place->stat.st_uid;

	return uid == 0 || uid == place->user ? RC_OK : refuse_owner(place);
}

/*
 * With an ACL the group's bits tell what anybody who is named in it may do,
 * not the group.  In doubt there is one.
 */
static bool
has_acl(int fd)
{
	char path[32];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return getxattr(path, "system.posix_acl_access", NULL, 0) >= 0 ||
	    (errno != ENODATA && errno != ENOTSUP);
}

static bool
group_writes(const struct stat *stat, int fd)
{
	return (stat->st_mode & S_IWGRP) != 0 &&
	    (stat->st_gid != 0 || has_acl(fd));
}

static enum rc
check_writers(const struct place *place)
{
	char group[TRUST_NAME];
	const struct stat *stat = &place->stat;

	if (place->sticky && (stat->st_mode & S_ISVTX) != 0)
		return RC_OK;
	if ((stat->st_mode & S_IWOTH) != 0) {
		begin_why(place);
		return REFUSE(place->why, "is writable by others: "
		    "chmod o-w %s", place_name(place));
	}
	if (place->groups || !group_writes(stat, place->fd))
		return RC_OK;
	name_group(stat->st_gid, group);
	begin_why(place);
	return REFUSE(place->why, "is writable by group %s%s: chmod g-w %s",
	    group, stat->st_gid == 0 ? " or others, through an ACL" : "",
	    place_name(place));
}

static enum rc
check_place(const struct place *place)
{
	enum rc rc = check_owner(place);

	return rc == RC_OK ? check_writers(place) : rc;
}

static enum rc
refuse_errno(struct buf *why, const char *where, int error)
{
	if (where[0] != '\0')
		return REFUSE(why, "cannot be reached: %s: %s", where,
		    strerror(error));
	if (error == ENOENT)
		return REFUSE(why, "does not exist: make it, or mend its "
		    "name here");
	return REFUSE(why, "cannot be opened: %s", strerror(error));
}

/* What lies where nobody else can make a file belongs to whom it should. */
static void
find_user(struct walk *walk, const struct stat *stat)
{
	if (walk->finding && walk->user == 0 && !walk->open)
		walk->user = stat->st_uid;
}

/* What was found on the way, before it is gone on from there. */
static struct place
place_on(struct walk *walk, int fd, const char *path)
{
	return (struct place){
		.fd = fd, .path = path, .user = walk->user,
		.open = walk->finding && walk->open && walk->user == 0,
		.groups = walk->groups, .why = walk->why
	};
}

static enum rc
check_directory(struct walk *walk)
{
	const char *path = walk->at[0] == '\0' ? "/" : walk->at;
	struct place place;
	struct stat stat;

	if (fstat(walk->fd, &stat) != 0)
		return refuse_errno(walk->why, path, errno);
	find_user(walk, &stat);
	place = place_on(walk, walk->fd, path);
	place.stat = stat;
	place.sticky = true;
	walk->open = (stat.st_mode & S_IWOTH) != 0 ||
	    group_writes(&stat, walk->fd);
	return check_place(&place);
}

/* Takes the directory reached; fd is the walk's from here on. */
static enum rc
enter(struct walk *walk, int fd)
{
	close(walk->fd);
	walk->fd = fd;
	return check_directory(walk);
}

/* walk: fd -1 and what is to hold on the way; why is appended to. */
static enum rc
walk_start(struct walk *walk, const char *path)
{
	struct buf *why = walk->why;
	size_t len = 0;

	if (path[0] != '/') {
		if (getcwd(walk->rest, PATH_MAX) == NULL)
			return refuse_errno(why, ".", errno);
		len = strlen(walk->rest);
	}
	if (strlen(path) >= PATH_MAX)
		return refuse_errno(why, "", ENAMETOOLONG);
	snprintf(walk->rest + len, sizeof walk->rest - len, "/%s", path);
	walk->fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (walk->fd < 0)
		return refuse_errno(why, "/", errno);
	return check_directory(walk);
}

static void
walk_end(struct walk *walk)
{
	if (walk->fd >= 0)
		close(walk->fd);
}

/* Cuts the next name off the way; false at its end. */
static bool
next_name(struct walk *walk, char name[NAME_MAX + 2])
{
	size_t skip = strspn(walk->rest, "/");
	size_t len = strcspn(walk->rest + skip, "/");
	size_t kept = len <= NAME_MAX ? len : NAME_MAX + 1;

	memcpy(name, walk->rest + skip, kept);
	name[kept] = '\0';
	memmove(walk->rest, walk->rest + skip + len,
	    strlen(walk->rest + skip + len) + 1);
	return len > 0;
}

static bool
is_last(const struct walk *walk)
{
	return walk->rest[strspn(walk->rest, "/")] == '\0';
}

/* The path of what is called name in the directory reached. */
static enum rc
name_path(const struct walk *walk, const char *name, char path[PATH_MAX])
{
	int n = snprintf(path, PATH_MAX, "%s/%s", walk->at, name);

	return n < PATH_MAX ? RC_OK :
	    refuse_errno(walk->why, "", ENAMETOOLONG);
}

static enum rc
go_up(struct walk *walk)
{
	char *slash = strrchr(walk->at, '/');
	int fd = openat(walk->fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return refuse_errno(walk->why, walk->at, errno);
	if (slash != NULL)
		*slash = '\0';
	return enter(walk, fd);
}

static enum rc
go_down(struct walk *walk, const char *name, int fd)
{
	char path[PATH_MAX];
	enum rc rc = name_path(walk, name, path);

	if (rc != RC_OK) {
		close(fd);
		return rc;
	}
	memcpy(walk->at, path, sizeof path);
	return enter(walk, fd);
}

/* Puts the link's text before the way to go. */
static enum rc
prepend(struct walk *walk, const char *text)
{
	char rest[2 * PATH_MAX];
	int n = snprintf(rest, sizeof rest, "%s/%s", text, walk->rest);

	if (n < 0 || (size_t)n >= sizeof rest)
		return refuse_errno(walk->why, "", ENAMETOOLONG);
	memcpy(walk->rest, rest, sizeof rest);
	if (text[0] != '/')
		return RC_OK;
	walk->at[0] = '\0';
	return enter(walk, open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

static enum rc
follow(struct walk *walk, const char *name, int link)
{
	char path[PATH_MAX];
	struct place place;
	char text[PATH_MAX];
	ssize_t n = readlinkat(link, "", text, sizeof text - 1);
	enum rc rc = name_path(walk, name, path);

	if (rc != RC_OK)
		return rc;
	place = place_on(walk, link, path);
	if (n < 0 || fstat(link, &place.stat) != 0)
		return refuse_errno(walk->why, path, errno);
	if (++walk->links > TRUST_LINKS)
		return refuse_errno(walk->why, path, ELOOP);
	text[n] = '\0';
	/* Its mode says nothing; in a sticky directory its owner does. */
	rc = check_owner(&place);
	return rc == RC_OK ? prepend(walk, text) : rc;
}

static enum rc
refuse_name(const struct walk *walk, const char *name)
{
	char path[PATH_MAX];
	int error = errno;

	if (is_last(walk))
		return refuse_errno(walk->why, "", error);
	if (name_path(walk, name, path) != RC_OK)
		return RC_CONFIG;
	return refuse_errno(walk->why, path, error);
}

static enum rc
step_into(struct walk *walk, const char *name, int fd, int *file)
{
	struct stat stat;
	enum rc rc;

	if (fstat(fd, &stat) == 0 && S_ISLNK(stat.st_mode)) {
		rc = follow(walk, name, fd);
		close(fd);
		return rc;
	}
	if (!is_last(walk))
		return go_down(walk, name, fd);
	*file = fd;
	return RC_OK;
}

/*
 * One step.  *file becomes an O_PATH descriptor of the last file of the way,
 * and name its name in the directory reached.
 */
static enum rc
step(struct walk *walk, const char *name, int *file)
{
	int fd;

	if (strcmp(name, ".") == 0)
		return RC_OK;
	if (strcmp(name, "..") == 0)
		return go_up(walk);
	fd = openat(walk->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return refuse_name(walk, name);
	return step_into(walk, name, fd, file);
}

/* To the last name: the descriptor, or -1 where the way ends in . or .. */
static enum rc
walk_to(struct walk *walk, char name[NAME_MAX + 2], int *file)
{
	enum rc rc = RC_OK;

	while (rc == RC_OK && *file < 0 && next_name(walk, name))
		rc = step(walk, name, file);
	return rc;
}

static enum rc
check_type(const struct stat *stat, mode_t type, struct buf *why)
{
	if ((stat->st_mode & S_IFMT) == type)
		return RC_OK;
	return REFUSE(why, type == S_IFDIR ? "is no directory" :
	    "is no regular file");
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

static enum rc
check_file(int fd, enum trust_kind kind, struct buf *why)
{
	struct place place = {
		.fd = fd, .user = geteuid(), .sticky = kind == TRUST_DIRECTORY,
		.why = why
	};

	if (fstat(fd, &place.stat) != 0)
		return refuse_errno(why, "", errno);
	if (kind == TRUST_PRIVATE)
		return trust_own(&place.stat, S_IFDIR, why);
	if (check_type(&place.stat, type_of(kind), why) != RC_OK ||
	    check_place(&place) != RC_OK)
		return RC_CONFIG;
	if (kind == TRUST_SECRET && (place.stat.st_mode & S_IROTH) != 0)
		return REFUSE(why, "is readable by others: chmod o-r it");
	return RC_OK;
}

static enum rc
check_execution(int fd, const char *path, struct buf *why)
{
	char user[TRUST_NAME];
	struct stat stat;

	if (fstat(fd, &stat) == 0 && (stat.st_mode & 0111) != 0 &&
	    faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0)
		return RC_OK;
	name_user(geteuid(), user);
	return REFUSE(why, "cannot be executed by %s: chmod a+x it", user);
}

/* Opens the file for reading anew, without a way round through links. */
static enum rc
open_to_read(const struct walk *walk, const char *name, int *fd)
{
	*fd = openat(walk->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_NOCTTY | O_CLOEXEC);
	return *fd < 0 ? refuse_errno(walk->why, "", errno) : RC_OK;
}

static enum rc
read_all(int fd, size_t size, struct buf *into, struct buf *why)
{
	ssize_t n;

	/* All at once: a buffer that grows would leave secrets behind. */
	if (buf_reserve(into, size + 1) != RC_OK)
		return REFUSE(why, "does not fit into memory");
	while (into->len <= size) {
		n = read(fd, into->data + into->len, size + 1 - into->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return refuse_errno(why, "", errno);
		if (n == 0)
			break;
		into->len += (size_t)n;
	}
	into->data[into->len] = '\0';
	return into->len == size ? RC_OK :
	    REFUSE(why, "changed while it was read: try again");
}

enum rc
trust_read_open(int fd, size_t max, struct buf *into, struct buf *why)
{
	struct stat stat;

	if (fstat(fd, &stat) != 0)
		return refuse_errno(why, "", errno);
	if ((unsigned long long)stat.st_size > max)
		return REFUSE(why, "is larger than %zu bytes", max);
	return read_all(fd, (size_t)stat.st_size, into, why);
}

/* As the kind wants it of the directories above. */
static struct walk
walk_of(enum trust_kind kind, struct buf *why)
{
	return (struct walk){
		.fd = -1, .user = geteuid(), .groups = kind == TRUST_LOG,
		.why = why
	};
}

enum rc
trust_path(const char *path, enum trust_kind kind, struct buf *why)
{
	char name[NAME_MAX + 2];
	struct walk walk = walk_of(kind, why);
	enum rc rc;
	int fd = -1;

	rc = walk_start(&walk, path);
	if (rc == RC_OK)
		rc = walk_to(&walk, name, &fd);
	if (rc == RC_OK)
		rc = check_file(fd < 0 ? walk.fd : fd, kind, why);
	if (rc == RC_OK && kind == TRUST_COMMAND)
		rc = check_execution(fd, path, why);
	if (fd >= 0)
		close(fd);
	walk_end(&walk);
	return rc;
}

enum rc
trust_open(const char *path, enum trust_kind kind, int *out, struct buf *why)
{
	char name[NAME_MAX + 2];
	struct walk walk = walk_of(kind, why);
	enum rc rc;
	int found = -1;
	int fd = -1;

	rc = walk_start(&walk, path);
	if (rc == RC_OK)
		rc = walk_to(&walk, name, &found);
	if (rc == RC_OK)
		rc = check_file(found < 0 ? walk.fd : found, kind, why);
	if (rc == RC_OK)
		rc = open_to_read(&walk, name, &fd);
	if (rc == RC_OK)
		rc = check_file(fd, kind, why);
	if (rc == RC_OK)
		*out = fd;
	else if (fd >= 0)
		close(fd);
	if (found >= 0)
		close(found);
	walk_end(&walk);
	return rc;
}

enum rc
trust_read(const char *path, enum trust_kind kind, size_t max,
    struct buf *into, struct buf *why)
{
	int fd;
	enum rc rc = trust_open(path, kind, &fd, why);

	if (rc != RC_OK)
		return rc;
	rc = trust_read_open(fd, max, into, why);
	close(fd);
	return rc;
}

static enum rc
refuse_stranger(const struct stat *stat, struct buf *why)
{
	char owner[TRUST_NAME];
	char user[TRUST_NAME];

	name_user(stat->st_uid, owner);
	name_user(geteuid(), user);
	if (S_ISDIR(stat->st_mode))
		return REFUSE(why, "does not belong to the user of this "
		    "process (%s), but to %s: name one that is for pelihook "
		    "alone, made with install -d -o %s -m 700", user, owner,
		    user);
	return REFUSE(why, "does not belong to the user of this process (%s), "
	    "but to %s: chown it to the user that pelihook runs as", user,
	    owner);
}

enum rc
trust_own(const struct stat *stat, mode_t type, struct buf *why)
{
	char group[TRUST_NAME];

	if (check_type(stat, type, why) != RC_OK)
		return RC_CONFIG;
	if (stat->st_uid != geteuid())
		return refuse_stranger(stat, why);
	if (S_ISDIR(stat->st_mode) && (stat->st_mode & S_ISVTX) != 0 &&
	    (stat->st_mode & S_IWOTH) != 0)
		return REFUSE(why, "is writable by others: name one that is "
		    "for pelihook alone");
	if ((stat->st_mode & S_IWOTH) != 0)
		return REFUSE(why, "is writable by others: chmod go-w it");
	if ((stat->st_mode & S_IWGRP) != 0) {
		name_group(stat->st_gid, group);
		return REFUSE(why, "is writable by group %s: chmod g-w it",
		    group);
	}
	/* Who opens it by another name has neither its locks nor its log. */
	if (type == S_IFREG && stat->st_nlink > 1)
		return REFUSE(why, "has another name (a hard link): find it "
		    "with find -samefile, and remove it");
	return RC_OK;
}

/* The way's end, a directory, and whose it is. */
static enum rc
check_end(struct walk *walk, int fd, uid_t *owner)
{
	struct place place;
	struct stat stat;

	if (fstat(fd, &stat) != 0)
		return refuse_errno(walk->why, "", errno);
	if (check_type(&stat, S_IFDIR, walk->why) != RC_OK)
		return RC_CONFIG;
	find_user(walk, &stat);
	place = place_on(walk, fd, NULL);
	place.stat = stat;
	if (check_owner(&place) != RC_OK)
		return RC_CONFIG;
	*owner = stat.st_uid;
	return RC_OK;
}

enum rc
trust_owner(const char *path, uid_t *owner, struct buf *why)
{
	char name[NAME_MAX + 2];
	struct walk walk = { .fd = -1, .finding = true, .why = why };
	enum rc rc;
	int fd = -1;

	rc = walk_start(&walk, path);
	if (rc == RC_OK)
		rc = walk_to(&walk, name, &fd);
	if (rc == RC_OK)
		rc = check_end(&walk, fd < 0 ? walk.fd : fd, owner);
	if (fd >= 0)
		close(fd);
	walk_end(&walk);
	return rc;
}

/* All that a journal may leave; the last one SQLite would play back. */
static const char *const journal_ends[] = {
	"", "-wal", "-shm", "-runners", "-journal"
};

enum { JOURNAL_ENDS = sizeof journal_ends / sizeof journal_ends[0] };

/* RC_MISSING, or how it is trusted. */
static enum rc
check_journal_file(const char *path, struct buf *why)
{
	struct buf text = {0};
	struct stat stat;
	int found = lstat(path, &stat);
	enum rc rc;

	if (found != 0 && errno == ENOENT)
		return RC_MISSING;
	rc = found != 0 ? refuse_errno(&text, "", errno) :
	    trust_own(&stat, S_IFREG, &text);
	if (rc != RC_OK)
		(void)buf_printf(why, "file %s %s", path,
		    text.len > 0 ? text.data : "is not trusted");
	buf_free(&text);
	return rc;
}

static enum rc
check_journal_directory(char *path, struct buf *why)
{
	struct buf text = {0};
	char *slash = strrchr(path, '/');
	const char *directory = slash == path ? "/" : path;
	enum rc rc;

	*slash = '\0';
	rc = trust_path(directory, TRUST_PRIVATE, &text);
	if (rc != RC_OK)
		(void)buf_printf(why, "directory %s %s", directory,
		    text.len > 0 ? text.data : "is not trusted");
	*slash = '/';
	buf_free(&text);
	return rc;
}

/* Another process may be making a journal: then it was there before what
 * was found of it. */
static enum rc
refuse_remains(const char *path, const char *end, struct buf *why)
{
	struct stat stat;

	if (end == NULL || lstat(path, &stat) == 0)
		return RC_OK;
	return REFUSE(why, "file %s is gone, but %s%s is still there: put it "
	    "back, or stop all that uses it and remove what is left of it",
	    path, path, end);
}

enum rc
trust_journal(const char *path, struct buf *why)
{
	char name[PATH_MAX];
	const char *remains = NULL;
	bool there = false;
	enum rc rc = RC_OK;

	if (path[0] != '/' || strlen(path) + sizeof "-runners" > sizeof name)
		return REFUSE(why, "file %s has no absolute path, or one too "
		    "long", path);
	snprintf(name, sizeof name, "%s", path);
	rc = check_journal_directory(name, why);
	for (size_t i = 0; i < JOURNAL_ENDS && rc == RC_OK; i++) {
		snprintf(name, sizeof name, "%s%s", path, journal_ends[i]);
		rc = check_journal_file(name, why);
		if (rc == RC_OK && i == 0)
			there = true;
		else if (rc == RC_OK)
			remains = journal_ends[i];
		else if (rc == RC_MISSING)
			rc = RC_OK;
	}
	return rc != RC_OK || there ? rc : refuse_remains(path, remains, why);
}
