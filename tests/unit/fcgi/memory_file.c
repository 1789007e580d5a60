/* SPDX-License-Identifier: ISC */
#include <sys/resource.h>

#include <stdlib.h>
#include <unistd.h>

#include "../unit.h"

#include "../../../fcgi/memory_file.h"

/* All that can be read of it from where it is. */
static size_t
read_all(const struct memory_file *file, char *into, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while ((n = read(file->fd, into + len, size - len)) > 0)
		len += (size_t)n;
	return len;
}

static void
exactly_what_is_put_there_is_read(void **state)
{
	static const size_t lengths[] = { 5, 1, MEMORY_FILE_SIZE, 3, 100,
		MEMORY_FILE_SIZE + 1, 7, 1000000, 2 };
	struct memory_file file;
	char *text = malloc(2000000);

	(void)state;
	assert_non_null(text);
	assert_int_equal(memory_file_open(&file), RC_OK);
	for (size_t i = 0; i < COUNT(lengths); i++) {
		assert_int_equal(memory_file_at_end(&file, lengths[i]), RC_OK);
		memset(file.map + file.at, 'a' + (int)i, lengths[i]);
		assert_int_equal(read_all(&file, text, 2000000), lengths[i]);
		assert_int_equal(text[0], 'a' + (int)i);
		assert_int_equal(text[lengths[i] - 1], 'a' + (int)i);
		if (i % 2 == 0)
			memory_file_trim(&file);
	}
	assert_true(file.size <= MEMORY_FILE_KEPT);
	memory_file_close(&file);
	free(text);
}

static void
what_is_written_is_seen(void **state)
{
	struct memory_file file;
	char text[1000];

	(void)state;
	assert_int_equal(memory_file_open(&file), RC_OK);
	for (int i = 0; i < 200; i++) {
		memset(text, 'a' + i % 20, sizeof(text));
		assert_int_equal(memory_file_anywhere(&file, sizeof(text)),
		    RC_OK);
		assert_int_equal(write(file.fd, text, sizeof(text)),
		    sizeof(text));
		assert_memory_equal(file.map + file.at, text, sizeof(text));
		file.at += sizeof(text);
	}
	assert_int_equal(file.size, MEMORY_FILE_SIZE);
	for (size_t i = MEMORY_FILE_USED; i < file.size; i++)
		assert_int_equal(file.map[i], 0);
	memory_file_close(&file);
}

static void
a_long_use_is_not_kept(void **state)
{
	struct memory_file file;

	(void)state;
	assert_int_equal(memory_file_open(&file), RC_OK);
	assert_int_equal(memory_file_anywhere(&file, 3000000), RC_OK);
	memset(file.map + file.at, 'x', 3000000);
	assert_int_equal(lseek(file.fd, 3000000, SEEK_SET), 3000000);
	file.at += 3000000;
	memory_file_trim(&file);
	assert_int_equal(file.size, MEMORY_FILE_SIZE);
	assert_int_equal(memory_file_anywhere(&file, 10), RC_OK);
	assert_int_equal(lseek(file.fd, 0, SEEK_CUR), (off_t)file.at);
	file.map[file.at] = 'y';
	memory_file_close(&file);
}

/* libfcgi may have closed it. */
static void
one_that_was_closed_is_there_again(void **state)
{
	struct memory_file file;
	char text[10];

	(void)state;
	assert_int_equal(memory_file_open(&file), RC_OK);
	close(file.fd);
	file.fd = -1;
	memory_file_renew(&file);
	assert_true(file.fd >= 0);
	assert_int_equal(memory_file_at_end(&file, 2), RC_OK);
	memcpy(file.map + file.at, "hi", 2);
	assert_int_equal(read_all(&file, text, sizeof(text)), 2);
	memory_file_renew(&file);
	assert_int_equal(memory_file_anywhere(&file, 2), RC_OK);
	assert_int_equal(write(file.fd, "ho", 2), 2);
	assert_memory_equal(file.map + file.at, "ho", 2);
	memory_file_close(&file);
}

static void
one_that_could_not_be_had_is_tried_again(void **state)
{
	struct rlimit before, none;
	struct memory_file file;

	(void)state;
	assert_int_equal(memory_file_open(&file), RC_OK);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	memory_file_renew(&file);
	assert_int_equal(memory_file_at_end(&file, 2), RC_SYSTEM);
	assert_int_equal(memory_file_anywhere(&file, 2), RC_SYSTEM);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(memory_file_at_end(&file, 2), RC_OK);
	memory_file_close(&file);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exactly_what_is_put_there_is_read),
		cmocka_unit_test(what_is_written_is_seen),
		cmocka_unit_test(a_long_use_is_not_kept),
		cmocka_unit_test(one_that_was_closed_is_there_again),
		cmocka_unit_test(one_that_could_not_be_had_is_tried_again),
	};

	return cmocka_run_group_tests_name("memory_file", tests, NULL, NULL);
}
