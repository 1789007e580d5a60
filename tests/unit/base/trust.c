/* SPDX-License-Identifier: ISC */
#include <sys/xattr.h>

#include <errno.h>

#include "../scratch.h"

#include "base/buf.h"
#include "base/trust.h"
#include "base/trust_journal.h"

enum {
	NOBODY = 65534,
	SOME_GROUP = 1, /* not root's */
};

/* want: a part of the refusal, or NULL where the file is trusted. */
static unsigned
check(const char *name, const char *path, enum trust_kind kind,
    const char *want)
{
	struct buf error = { 0 };
	enum rc rc = trust_path(path, kind, &error);
	unsigned wrong = case_rc(name, rc, want == NULL ? RC_OK : RC_CONFIG);

	if (want != NULL && !holds_text(buf_view(&error), want)) {
		print_error("%s: <%s> does not say <%s>\n", name,
		    error.len > 0 ? error.data : "", want);
		wrong++;
	}
	if (want == NULL)
		wrong += case_number(name, (long long)error.len, 0);
	buf_free(&error);
	return wrong;
}

/* Modes of a file, and of the directory it lies in. */
static const struct {
	const char *name;
	mode_t directory;
	mode_t file;
	enum trust_kind kind;
	const char *want;
} modes[] = {
	{ "plain", 0755, 0644, TRUST_FILE, NULL },
	{ "private", 0700, 0600, TRUST_FILE, NULL },
	{ "unreadable-to-all", 0700, 0400, TRUST_FILE, NULL },
	{ "file-others", 0755, 0646, TRUST_FILE,
	    "is writable by others: chmod o-w it" },
	{ "directory-others", 0757, 0644, TRUST_FILE,
	    "/directory-others, which is writable by others: chmod o-w /" },
	{ "sticky", 01777, 0644, TRUST_FILE, NULL },
	{ "sticky-group", 01770, 0644, TRUST_FILE, NULL },
	{ "sticky-file-others", 01777, 0666, TRUST_FILE,
	    "is writable by others" },
	{ "secret", 0755, 0600, TRUST_SECRET, NULL },
	{ "secret-group", 0755, 0640, TRUST_SECRET, NULL },
	{ "secret-others", 0755, 0644, TRUST_SECRET,
	    "is readable by others: chmod o-r it" },
	{ "secret-others-write", 0755, 0602, TRUST_SECRET,
	    "is writable by others" },
	{ "command", 0755, 0755, TRUST_COMMAND, NULL },
	{ "command-unreadable", 0755, 0711, TRUST_COMMAND, NULL },
	{ "command-no-x", 0755, 0644, TRUST_COMMAND, "cannot be executed by " },
	{ "command-others", 0755, 0757, TRUST_COMMAND,
	    "is writable by others" },
	{ "no-directory", 0755, 0644, TRUST_DIRECTORY, "is no directory" },
};

static void
modes_decide(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(modes); i++) {
		char file[64];

		snprintf(file, sizeof file, "%s/it", modes[i].name);
		scratch_directory(modes[i].name, 0700);
		scratch_file(file, "x", modes[i].file);
		assert_int_equal(chmod(scratch_path(modes[i].name),
				     modes[i].directory),
		    0);
		wrong += check(modes[i].name, scratch_path(file), modes[i].kind,
		    modes[i].want);
	}
	assert_int_equal(wrong, 0);
}

static void
directories_are_checked_themselves(void **state)
{
	unsigned wrong = 0;

	(void)state;
	wrong += check("plain", scratch_directory("d", 0755), TRUST_DIRECTORY,
	    NULL);
	wrong += check("others", scratch_directory("w", 0777), TRUST_DIRECTORY,
	    "is writable by others: chmod o-w it");
	wrong += check("sticky", scratch_directory("t", 01777), TRUST_DIRECTORY,
	    NULL);
	/* Nobody is told to close /tmp. */
	wrong += check("of a log", scratch_path("t"), TRUST_LOG,
	    "is writable by others: name one");
	wrong += check("root", "/", TRUST_DIRECTORY, NULL);
	wrong += check("dot", scratch_path("d/."), TRUST_DIRECTORY, NULL);
	wrong += check("up", scratch_path("d/.."), TRUST_DIRECTORY, NULL);
	wrong += check("as a file", scratch_path("d"), TRUST_FILE,
	    "is no regular file");
	wrong += check("as a command", scratch_path("d"), TRUST_COMMAND,
	    "is no regular file");
	assert_int_equal(wrong, 0);
}

static void
every_directory_above_counts(void **state)
{
	unsigned wrong = 0;

	(void)state;
	scratch_directory("a", 0755);
	scratch_directory("a/b", 0755);
	scratch_directory("a/b/c", 0755);
	scratch_file("a/b/c/it", "x", 0644);
	wrong += check("good", scratch_path("a/b/c/it"), TRUST_FILE, NULL);
	chmod(scratch_path("a"), 0757);
	wrong += check("far above", scratch_path("a/b/c/it"), TRUST_FILE,
	    "/a, which is writable by others: chmod o-w /");
	wrong += check("there and back", scratch_path("a/b/c/../../../a/b/c"),
	    TRUST_DIRECTORY, "/a, which is writable by others");
	assert_int_equal(wrong, 0);
}

static void
link_to(const char *target, const char *name)
{
	assert_int_equal(symlink(target, scratch_path(name)), 0);
}

/* A link may point only from and to places that others cannot change. */
static void
links_are_followed_with_care(void **state)
{
	unsigned wrong = 0;

	(void)state;
	scratch_directory("good", 0755);
	scratch_directory("bad", 0755);
	scratch_directory("bad/inner", 0755);
	scratch_file("good/it", "x", 0644);
	scratch_file("bad/it", "x", 0644);
	scratch_file("bad/inner/it", "x", 0644);
	link_to("it", "good/near");
	link_to("../bad/it", "good/relative");
	link_to(scratch_path("bad/it"), "good/absolute");
	link_to("../bad/inner", "good/inner");
	link_to("../good/it", "bad/back");
	link_to("loop", "good/loop");
	link_to("nowhere", "good/dangling");
	chmod(scratch_path("bad"), 0777);
	wrong += check("near", scratch_path("good/near"), TRUST_FILE, NULL);
	wrong += check("relative", scratch_path("good/relative"), TRUST_FILE,
	    "/bad, which is writable by others");
	wrong += check("absolute", scratch_path("good/absolute"), TRUST_FILE,
	    "/bad, which is writable by others");
	/* Its own directory is fine, and the one above it is not. */
	wrong += check("directory", scratch_path("good/inner/it"), TRUST_FILE,
	    "/bad, which is writable by others");
	wrong += check("from there", scratch_path("bad/back"), TRUST_FILE,
	    "/bad, which is writable by others");
	wrong += check("loop", scratch_path("good/loop"), TRUST_FILE,
	    strerror(ELOOP));
	wrong += check("dangling", scratch_path("good/dangling"), TRUST_FILE,
	    "does not exist");
	assert_int_equal(wrong, 0);
}

static void
what_is_missing_is_named(void **state)
{
	char name[NAME_MAX + 2];
	unsigned wrong = 0;

	(void)state;
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	scratch_file("file", "x", 0755);
	wrong += check("file", scratch_path("none"), TRUST_FILE,
	    "does not exist: ");
	wrong += check("directory", scratch_path("none/it"), TRUST_FILE,
	    "/none: No such file or directory");
	wrong += check("below a file", scratch_path("file/it"), TRUST_FILE,
	    "cannot be opened: Not a directory");
	wrong += check("long name", scratch_path(name), TRUST_FILE,
	    "cannot be opened: File name too long");
	assert_int_equal(wrong, 0);
}

static void
a_path_may_be_relative(void **state)
{
	char before[PATH_MAX];
	unsigned wrong = 0;

	(void)state;
	assert_non_null(getcwd(before, sizeof before));
	scratch_directory("here", 0755);
	scratch_file("here/it", "x", 0644);
	assert_int_equal(chdir(scratch_path("here")), 0);
	wrong += check("relative", "it", TRUST_FILE, NULL);
	wrong += check("dotted", "./../here//it", TRUST_FILE, NULL);
	chmod(scratch_path("here"), 0777);
	wrong += check("directory", "it", TRUST_FILE,
	    "/here, which is writable by others");
	assert_int_equal(chdir(before), 0);
	assert_int_equal(wrong, 0);
}

static void
no_path_is_too_long_for_it(void **state)
{
	static char path[2 * PATH_MAX];
	unsigned wrong;

	(void)state;
	memset(path, '/', sizeof path - 1);
	path[sizeof path - 2] = 'x';
	wrong = check("long", path, TRUST_FILE, "File name too long");
	assert_int_equal(wrong, 0);
}

static void
what_is_no_file_is_not_opened(void **state)
{
	struct buf into = { 0 };
	struct buf error = { 0 };
	const char *path = scratch_path("fifo");

	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(trust_read(path, TRUST_FILE, 10, &into, &error),
	    RC_CONFIG);
	assert_string_equal(error.data, "is no regular file");
	assert_int_equal(into.len, 0);
	buf_free(&into);
	buf_free(&error);
}

/* Group-writable: by root's group it is trusted, by another one it is not. */
static void
a_group_that_writes_is_refused(void **state)
{
	gid_t group = geteuid() == 0 ? SOME_GROUP : getegid();
	unsigned wrong = 0;

	(void)state;
	if (group == 0)
		skip();
	scratch_directory("d", 0755);
	scratch_file("d/it", "x", 0644);
	scratch_file("d/group", "x", 0664);
	assert_int_equal(chown(scratch_path("d/group"), (uid_t)-1, group), 0);
	assert_int_equal(chown(scratch_path("d"), (uid_t)-1, group), 0);
	wrong += check("file", scratch_path("d/group"), TRUST_FILE,
	    "is writable by group ");
	wrong += check("file", scratch_path("d/group"), TRUST_FILE,
	    ": chmod g-w it");
	wrong += check("not the other", scratch_path("d/it"), TRUST_FILE, NULL);
	chmod(scratch_path("d"), 0775);
	wrong += check("directory", scratch_path("d/it"), TRUST_FILE,
	    "/d, which is writable by group ");
	assert_int_equal(wrong, 0);
}

static void
roots_own_group_may_write(void **state)
{
	unsigned wrong;

	(void)state;
	if (geteuid() != 0)
		skip();
	scratch_directory("d", 0775);
	scratch_file("d/it", "x", 0664);
	assert_int_equal(chown(scratch_path("d"), 0, 0), 0);
	assert_int_equal(chown(scratch_path("d/it"), 0, 0), 0);
	wrong = check("root's group", scratch_path("d/it"), TRUST_FILE, NULL);
	assert_int_equal(wrong, 0);
}

static void
root_trusts_root_alone(void **state)
{
	unsigned wrong = 0;

	(void)state;
	if (geteuid() != 0)
		skip();
	scratch_directory("d", 01777);
	scratch_file("d/it", "x", 0600);
	link_to("it", "d/link");
	assert_int_equal(chown(scratch_path("d/it"), NOBODY, 0), 0);
	wrong += check("file", scratch_path("d/it"), TRUST_FILE,
	    ", not to root: chown root it");
	assert_int_equal(chown(scratch_path("d/it"), 0, 0), 0);
	wrong += check("link", scratch_path("d/link"), TRUST_FILE, NULL);
	assert_int_equal(lchown(scratch_path("d/link"), NOBODY, 0), 0);
	wrong += check("somebody's link", scratch_path("d/link"), TRUST_FILE,
	    "/d/link, which belongs to ");
	assert_int_equal(chown(scratch_path("d"), NOBODY, 0), 0);
	wrong += check("directory", scratch_path("d/it"), TRUST_FILE,
	    "/d, which belongs to ");
	assert_int_equal(wrong, 0);
}

/* Whatever this user may do, a third one's file is refused. */
static void
a_user_trusts_root_and_itself(void **state)
{
	unsigned wrong = 0;

	(void)state;
	if (geteuid() != 0)
		skip();
	chmod(scratch, 0755);
	scratch_directory("d", 0755);
	scratch_file("d/root", "x", 0644);
	scratch_file("d/mine", "x", 0644);
	scratch_file("d/third", "x", 0644);
	scratch_file("d/command", "x", 0744);
	assert_int_equal(chown(scratch_path("d/mine"), NOBODY, 0), 0);
	assert_int_equal(chown(scratch_path("d/third"), NOBODY - 1, 0), 0);
	assert_int_equal(seteuid(NOBODY), 0);
	wrong += check("root", scratch_path("d/root"), TRUST_FILE, NULL);
	wrong += check("mine", scratch_path("d/mine"), TRUST_FILE, NULL);
	wrong += check("third", scratch_path("d/third"), TRUST_FILE,
	    "belongs to 65533, neither to root nor to ");
	/* Its owner may execute it, and that is not this user. */
	wrong += check("command", scratch_path("d/command"), TRUST_COMMAND,
	    "cannot be executed by ");
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(wrong, 0);
}

static void
what_cannot_be_read_says_so(void **state)
{
	struct buf into = { 0 };
	struct buf error = { 0 };
	enum rc rc;

	(void)state;
	chmod(scratch, 0755);
	scratch_file("it", "x", geteuid() == 0 ? 0600 : 0000);
	if (geteuid() == 0)
		assert_int_equal(seteuid(NOBODY), 0);
	rc = trust_read(scratch_path("it"), TRUST_FILE, 10, &into, &error);
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(rc, RC_CONFIG);
	assert_string_equal(error.data, "cannot be opened: Permission denied");
	buf_free(&into);
	buf_free(&error);
}

static void
a_whole_file_is_read(void **state)
{
	struct buf into = { 0 };
	struct buf error = { 0 };

	(void)state;
	scratch_bytes("it", LIT("a\0b\n"), 0600);
	assert_int_equal(trust_read(scratch_path("it"), TRUST_SECRET, 4, &into,
			     &error),
	    RC_OK);
	assert_int_equal(into.len, 4);
	assert_memory_equal(into.data, "a\0b\n", 5);
	assert_int_equal(error.len, 0);
	buf_wipe(&into);
	scratch_file("empty", "", 0600);
	assert_int_equal(trust_read(scratch_path("empty"), TRUST_SECRET, 4,
			     &into, &error),
	    RC_OK);
	assert_int_equal(into.len, 0);
	buf_wipe(&into);
}

static void
a_file_too_large_is_refused(void **state)
{
	struct buf into = { 0 };
	struct buf error = { 0 };

	(void)state;
	scratch_file("it", "12345", 0600);
	assert_int_equal(trust_read(scratch_path("it"), TRUST_FILE, 4, &into,
			     &error),
	    RC_CONFIG);
	assert_string_equal(error.data, "is larger than 4 bytes");
	assert_int_equal(into.len, 0);
	buf_free(&into);
	buf_free(&error);
}

static void
reading_makes_the_same_checks(void **state)
{
	struct buf into = { 0 };
	struct buf error = { 0 };

	(void)state;
	scratch_file("it", "x", 0604);
	assert_int_equal(trust_read(scratch_path("it"), TRUST_SECRET, 4, &into,
			     &error),
	    RC_CONFIG);
	assert_true(bytes_begin(buf_view(&error),
	    "is readable by others: chmod o-r it"));
	buf_free(&error);
	link_to("it", "link");
	assert_int_equal(trust_read(scratch_path("link"), TRUST_FILE, 4, &into,
			     &error),
	    RC_OK);
	assert_string_equal(into.data, "x");
	buf_free(&into);
	buf_free(&error);
}

/* A directory where nobody else may write, and one for a log. */
static const struct {
	const char *name;
	mode_t mode;
	const char *own; /* what is said of it as TRUST_PRIVATE */
	const char *log; /* and as TRUST_LOG */
} privates[] = {
	{ "0700", 0700, NULL, NULL },
	{ "0755", 0755, NULL, NULL },
	{ "setgid", 02750, NULL, NULL },
	{ "sticky-alone", 01700, NULL, NULL },
	{ "sticky", 01777, "is writable by others: name one that is for ",
	    "is writable by others" },
	{ "others", 0757, "is writable by others: chmod go-w it",
	    "is writable by others" },
	{ "group", 0770, "is writable by group ", "is writable by group " },
	{ "sticky-group", 01770, "is writable by group ",
	    "is writable by group " },
};

static void
nobody_else_writes_to_a_private_directory(void **state)
{
	gid_t group = geteuid() == 0 ? SOME_GROUP : getegid();
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(privates); i++) {
		const char *path = scratch_directory(privates[i].name, 0700);

		assert_int_equal(chown(path, (uid_t)-1, group), 0);
		assert_int_equal(chmod(path, privates[i].mode), 0);
		wrong += check(privates[i].name, path, TRUST_PRIVATE,
		    privates[i].own);
		wrong += check(privates[i].name, path, TRUST_LOG,
		    privates[i].log);
	}
	wrong += check("a file", scratch_file("it", "x", 0600), TRUST_PRIVATE,
	    "is no directory");
	wrong += check("a file", scratch_path("it"), TRUST_LOG,
	    "is no directory");
	assert_int_equal(wrong, 0);
}

/* Above it what holds for all; above a log a group may write. */
static void
what_is_above_a_private_directory_counts(void **state)
{
	gid_t group = geteuid() == 0 ? SOME_GROUP : getegid();
	unsigned wrong = 0;

	(void)state;
	scratch_directory("a", 0700);
	scratch_directory("a/b", 0700);
	assert_int_equal(chown(scratch_path("a"), (uid_t)-1, group), 0);
	chmod(scratch_path("a"), 01777);
	wrong += check("sticky", scratch_path("a/b"), TRUST_PRIVATE, NULL);
	chmod(scratch_path("a"), 0777);
	wrong += check("open", scratch_path("a/b"), TRUST_PRIVATE,
	    "/a, which is writable by others");
	wrong += check("open", scratch_path("a/b"), TRUST_LOG,
	    "/a, which is writable by others");
	chmod(scratch_path("a"), 0775);
	if (group != 0)
		wrong += check("group", scratch_path("a/b"), TRUST_PRIVATE,
		    "/a, which is writable by group ");
	wrong += check("group", scratch_path("a/b"), TRUST_LOG, NULL);
	assert_int_equal(wrong, 0);
}

/* Root's own group may write, but not who is named in an ACL beside it. */
static void
an_acl_is_no_group_of_root(void **state)
{
	/* Version 2; user, user 1, group, mask, others. */
	static const uint8_t acl[] = { 2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255,
		255, 2, 0, 6, 0, 1, 0, 0, 0, 4, 0, 4, 0, 255, 255, 255, 255, 16,
		0, 6, 0, 255, 255, 255, 255, 32, 0, 4, 0, 255, 255, 255, 255 };
	unsigned wrong = 0;

	(void)state;
	if (geteuid() != 0)
		skip();
	scratch_file("it", "x", 0664);
	assert_int_equal(chown(scratch_path("it"), 0, 0), 0);
	wrong += check("without", scratch_path("it"), TRUST_FILE, NULL);
	if (setxattr(scratch_path("it"), "system.posix_acl_access", acl,
		sizeof acl, 0) != 0)
		skip();
	wrong += check("with", scratch_path("it"), TRUST_FILE,
	    "through an ACL: chmod g-w it");
	/* The group's bits are the ACL's mask. */
	assert_int_equal(chmod(scratch_path("it"), 0644), 0);
	wrong += check("masked", scratch_path("it"), TRUST_FILE, NULL);
	assert_int_equal(wrong, 0);
}

static void
a_private_directory_is_the_users_own(void **state)
{
	unsigned wrong = 0;

	(void)state;
	if (geteuid() != 0)
		skip();
	chmod(scratch, 0755);
	scratch_directory("root", 0755);
	scratch_directory("mine", 0700);
	scratch_directory("third", 0755);
	assert_int_equal(chown(scratch_path("mine"), NOBODY, 0), 0);
	assert_int_equal(chown(scratch_path("third"), NOBODY - 1, 0), 0);
	assert_int_equal(seteuid(NOBODY), 0);
	wrong += check("mine", scratch_path("mine"), TRUST_PRIVATE, NULL);
	wrong += check("root's", scratch_path("root"), TRUST_PRIVATE,
	    "does not belong to the user of this process");
	wrong += check("root's log", scratch_path("root"), TRUST_LOG, NULL);
	wrong += check("third", scratch_path("third"), TRUST_PRIVATE,
	    "but to 65533: name one that is for ");
	wrong += check("third's log", scratch_path("third"), TRUST_LOG,
	    "belongs to 65533, neither to root nor to ");
	assert_int_equal(seteuid(0), 0);
	wrong += check("nobody's", scratch_path("mine"), TRUST_PRIVATE,
	    "does not belong to the user of this process");
	assert_int_equal(wrong, 0);
}

static unsigned
check_journal(const char *name, const char *want)
{
	struct buf error = { 0 };
	enum rc rc = trust_journal(scratch_path("j/q"), &error);
	unsigned wrong = case_rc(name, rc, want == NULL ? RC_OK : RC_CONFIG);

	if (want != NULL && !holds_text(buf_view(&error), want)) {
		print_error("%s: <%s> does not say <%s>\n", name,
		    error.len > 0 ? error.data : "", want);
		wrong++;
	}
	buf_free(&error);
	return wrong;
}

/* Whatever SQLite would open, or play back, beside a journal. */
static const char *const journal_files[] = { "j/q", "j/q-wal", "j/q-shm",
	"j/q-runners", "j/q-journal" };

static void
every_file_of_a_journal_is_its_own(void **state)
{
	unsigned wrong = 0;

	(void)state;
	wrong += check_journal("no directory", "directory ");
	scratch_directory("j", 0700);
	wrong += check_journal("none", NULL);
	for (size_t i = 0; i < COUNT(journal_files); i++)
		scratch_file(journal_files[i], "x", 0600);
	wrong += check_journal("all", NULL);
	for (size_t i = 0; i < COUNT(journal_files); i++) {
		const char *name = journal_files[i];
		char path[PATH_MAX];

		snprintf(path, sizeof path, "%s", scratch_path(name));
		chmod(path, 0620);
		wrong += check_journal(name, " is writable by group ");
		chmod(path, 0602);
		wrong += check_journal(name, " is writable by others: ");
		chmod(path, 0644);
		wrong += check_journal(name, NULL);
		assert_int_equal(link(path, scratch_path("other")), 0);
		wrong += check_journal(name, "has another name (a hard");
		assert_int_equal(unlink(path), 0);
		assert_int_equal(symlink(scratch_path("other"), path), 0);
		wrong += check_journal(name, " is no regular file");
		assert_int_equal(unlink(path), 0);
		assert_int_equal(mkfifo(path, 0600), 0);
		wrong += check_journal(name, " is no regular file");
		assert_int_equal(unlink(path), 0);
		assert_int_equal(rename(scratch_path("other"), path), 0);
		if (geteuid() != 0)
			continue;
		assert_int_equal(chown(path, NOBODY, 0), 0);
		wrong += check_journal(name, "does not belong to the user ");
		assert_int_equal(chown(path, 0, 0), 0);
	}
	chmod(scratch_path("j"), 01777);
	wrong += check_journal("sticky", "directory ");
	assert_int_equal(wrong, 0);
}

static void
what_is_left_of_a_journal_is_told(void **state)
{
	unsigned wrong = 0;

	(void)state;
	scratch_directory("j", 0700);
	for (size_t i = 1; i < COUNT(journal_files); i++) {
		scratch_file(journal_files[i], "", 0600);
		wrong += check_journal(journal_files[i], "/j/q is gone, but ");
		wrong += check_journal(journal_files[i], journal_files[i]);
		assert_int_equal(unlink(scratch_path(journal_files[i])), 0);
	}
	/* Another process may have begun to make one. */
	scratch_file("j/q", "", 0600);
	scratch_file("j/q-wal", "x", 0600);
	wrong += check_journal("begun", NULL);
	scratch_file("j/q-runners", "", 0600);
	wrong += check_journal("being made", NULL);
	scratch_file("j/q-runners", "x", 0600);
	wrong += check_journal("emptied", "/j/q is empty, but ");
	scratch_file("j/q", "x", 0600);
	wrong += check_journal("filled", NULL);
	assert_int_equal(wrong, 0);
}

/* As an ordinary user, for root may write everywhere. */
static unsigned
check_journal_access(const char *name, const char *want)
{
	struct buf error = { 0 };
	unsigned wrong;
	enum rc rc;

	if (getuid() == 0)
		assert_int_equal(seteuid(NOBODY), 0);
	rc = trust_journal_access(scratch_path("j/q"), &error);
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	wrong = case_rc(name, rc, want == NULL ? RC_OK : RC_CONFIG);
	if (want != NULL)
		wrong += case_true(name, want,
		    holds_text(buf_view(&error), want));
	buf_free(&error);
	return wrong;
}

/* Nothing stands on the file of counts, whatever has its name. */
static unsigned
check_counts(void)
{
	const char *path = scratch_file("j/q-stats", "x", 0);
	unsigned wrong;

	wrong = check_journal_access("closed", NULL);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0602), 0);
	wrong += check_journal_access("a pipe", NULL);
	assert_int_equal(unlink(path), 0);
	return wrong;
}

static void
all_of_a_journal_can_be_written(void **state)
{
	unsigned wrong = 0;

	(void)state;
	scratch_directory("j", 0700);
	assert_int_equal(chmod(scratch, 0755), 0);
	if (getuid() == 0)
		assert_int_equal(chown(scratch_path("j"), NOBODY, 0), 0);
	wrong += check_journal_access("none", NULL);
	for (size_t i = 0; i < COUNT(journal_files); i++) {
		const char *path = scratch_file(journal_files[i], "x", 0400);

		if (getuid() == 0)
			assert_int_equal(chown(path, NOBODY, 0), 0);
		wrong += check_journal_access(journal_files[i],
		    " cannot be written by ");
		wrong += check_journal_access(journal_files[i],
		    journal_files[i]);
		assert_int_equal(chmod(path, 0600), 0);
		wrong += check_journal_access(journal_files[i], NULL);
	}
	wrong += check_counts();
	assert_int_equal(chmod(scratch_path("j"), 0500), 0);
	wrong += check_journal_access("directory", "directory ");
	assert_int_equal(wrong, 0);
}

/* want: the owner, or -1 and a part of the refusal. */
static unsigned
check_owner(const char *path, long long want, const char *part)
{
	struct buf error = { 0 };
	uid_t owner = (uid_t)-1;
	enum rc rc = trust_owner(scratch_path(path), &owner, &error);
	unsigned wrong = case_rc(path, rc, want < 0 ? RC_CONFIG : RC_OK);

	if (want >= 0)
		wrong += case_number(path, owner, want);
	else if (!holds_text(buf_view(&error), part)) {
		print_error("%s: <%s> does not say <%s>\n", path,
		    error.len > 0 ? error.data : "", part);
		wrong++;
	}
	buf_free(&error);
	return wrong;
}

static void
give(const char *path, uid_t user, mode_t mode)
{
	scratch_directory(path, mode);
	assert_int_equal(chown(scratch_path(path), user, 0), 0);
}

/* Who owns what lies in /tmp may have put it there himself. */
static void
root_alone_says_whose_a_directory_is(void **state)
{
	unsigned wrong = 0;

	(void)state;
	if (geteuid() != 0)
		skip();
	give("root", 0, 0755);
	give("user", NOBODY, 0755);
	give("user/inner", NOBODY, 0700);
	give("user/third", NOBODY - 1, 0700);
	give("user/root", 0, 0700);
	give("sticky", 0, 01777);
	give("sticky/root", 0, 0755);
	give("sticky/root/user", NOBODY, 0700);
	give("sticky/user", NOBODY, 0700);
	give("sticky/user/inner", NOBODY, 0700);
	give("open", 0, 0777);
	give("open/user", NOBODY, 0700);
	link_to("../user/inner", "root/link");
	link_to(scratch_path("user"), "sticky/link");
	assert_int_equal(lchown(scratch_path("sticky/link"), NOBODY, 0), 0);
	scratch_file("file", "x", 0600);
	wrong += check_owner("root", 0, NULL);
	wrong += check_owner("user", NOBODY, NULL);
	wrong += check_owner("user/.", NOBODY, NULL);
	wrong += check_owner("user/inner", NOBODY, NULL);
	wrong += check_owner("user/third", -1, "belongs to 65533");
	wrong += check_owner("user/root", 0, NULL);
	wrong += check_owner("sticky/root/user", NOBODY, NULL);
	wrong += check_owner("sticky/user", -1, "could have been made by ");
	wrong += check_owner("sticky/user/inner", -1,
	    "/sticky/user, which belongs to ");
	wrong += check_owner("open/user", -1, "/open, which is writable by");
	wrong += check_owner("root/link", NOBODY, NULL);
	wrong += check_owner("sticky/link", -1, "could have been made by ");
	wrong += check_owner("file", -1, "is no directory");
	wrong += check_owner("none", -1, "does not exist");
	assert_int_equal(wrong, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(modes_decide),
		SCRATCH_TEST(directories_are_checked_themselves),
		SCRATCH_TEST(every_directory_above_counts),
		SCRATCH_TEST(links_are_followed_with_care),
		SCRATCH_TEST(what_is_missing_is_named),
		SCRATCH_TEST(a_path_may_be_relative),
		SCRATCH_TEST(no_path_is_too_long_for_it),
		SCRATCH_TEST(what_is_no_file_is_not_opened),
		SCRATCH_TEST(a_group_that_writes_is_refused),
		SCRATCH_TEST(roots_own_group_may_write),
		SCRATCH_TEST(root_trusts_root_alone),
		SCRATCH_TEST(a_user_trusts_root_and_itself),
		SCRATCH_TEST(what_cannot_be_read_says_so),
		SCRATCH_TEST(a_whole_file_is_read),
		SCRATCH_TEST(a_file_too_large_is_refused),
		SCRATCH_TEST(reading_makes_the_same_checks),
		SCRATCH_TEST(nobody_else_writes_to_a_private_directory),
		SCRATCH_TEST(what_is_above_a_private_directory_counts),
		SCRATCH_TEST(an_acl_is_no_group_of_root),
		SCRATCH_TEST(a_private_directory_is_the_users_own),
		SCRATCH_TEST(every_file_of_a_journal_is_its_own),
		SCRATCH_TEST(what_is_left_of_a_journal_is_told),
		SCRATCH_TEST(all_of_a_journal_can_be_written),
		SCRATCH_TEST(root_alone_says_whose_a_directory_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
