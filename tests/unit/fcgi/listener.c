/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>
#include <sys/syscall.h>

#include <unistd.h>

#include "../scratch.h"

#include "../../../fcgi/listener.h"

enum { SOME_GROUP = 4711 };

/* What the socket's file was like before it got its group, and after. */
static struct stat before, after;

/* The listener's call, on its way to the kernel. */
int
lchown(const char *path, uid_t owner, gid_t group)
{
	long failed;

	if (lstat(path, &before) != 0)
		return -1;
	failed = syscall(SYS_fchownat, AT_FDCWD, path, owner, group,
	    AT_SYMLINK_NOFOLLOW);
	return failed != 0 || lstat(path, &after) != 0 ? -1 : 0;
}

/* Root makes it for any group, everybody else for his own. */
static gid_t
some_group(void)
{
	return geteuid() == 0 ? SOME_GROUP : getegid();
}

static void
no_other_group_ever_has_the_rights_of_a_group(void **state)
{
	struct listener_place place = { scratch_path("sock"), 0660,
		some_group() };
	struct buf why = { 0 };
	struct listener listener;
	struct stat now;

	(void)state;
	assert_int_equal(listener_open(&place, &listener, &why), RC_OK);
	assert_int_equal(before.st_mode & 0777, 0600);
	assert_int_equal(after.st_mode & 0070, 0);
	assert_int_equal(after.st_gid, place.group);
	assert_int_equal(lstat(place.where, &now), 0);
	assert_int_equal(now.st_mode & 0777, 0660);
	assert_int_equal(now.st_gid, place.group);
	listener_close(&listener);
	assert_int_equal(access(place.where, F_OK), -1);
	buf_free(&why);
}

static void
a_group_of_others_is_refused_and_nothing_is_left(void **state)
{
	struct listener_place place = { scratch_path("sock"), 0660, 0 };
	struct buf why = { 0 };
	struct listener listener;
	enum rc rc;

	(void)state;
	if (geteuid() != 0)
		skip();
	place.group = SOME_GROUP;
	assert_int_equal(chmod(scratch, 0777), 0);
	assert_int_equal(seteuid(65534), 0);
	rc = listener_open(&place, &listener, &why);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(rc, RC_SYSTEM);
	assert_non_null(strstr(why.data, "4711 is no group of this user"));
	assert_int_equal(access(place.where, F_OK), -1);
	buf_free(&why);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(no_other_group_ever_has_the_rights_of_a_group),
		SCRATCH_TEST(a_group_of_others_is_refused_and_nothing_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
