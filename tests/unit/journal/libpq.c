/* SPDX-License-Identifier: ISC */
#include <dlfcn.h>
#include <pthread.h>

#include "../unit.h"

#include "journal/libpq.h"

enum { THREADS = 8 };

static void *
load_it(void *context)
{
	struct buf error = { 0 };
	const struct libpq **found = context;

	*found = libpq_load(&error);
	buf_free(&error);
	return NULL;
}

/* Nothing of it is in the process before. */
static void
it_is_loaded_once_and_for_all_threads(void **state)
{
	const struct libpq *found[THREADS] = { 0 };
	pthread_t threads[THREADS];

	(void)state;
	assert_null(dlopen("libpq.so.5", RTLD_NOW | RTLD_NOLOAD));
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, load_it,
				     &found[i]),
		    0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_non_null(found[0]);
	for (int i = 1; i < THREADS; i++)
		assert_ptr_equal(found[i], found[0]);
	assert_non_null(dlopen("libpq.so.5", RTLD_NOW | RTLD_NOLOAD));
}

static void
its_functions_are_those_of_the_library(void **state)
{
	struct buf error = { 0 };
	const struct libpq *libpq = libpq_load(&error);
	char *said = NULL;
	PQconninfoOption *settings;

	(void)state;
	assert_non_null(libpq);
	assert_int_equal(error.len, 0);
	settings = libpq->PQconninfoParse("postgresql://a@b/c", &said);
	assert_non_null(settings);
	libpq->PQconninfoFree(settings);
	assert_int_equal(libpq->PQntuples(NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_loaded_once_and_for_all_threads),
		cmocka_unit_test(its_functions_are_those_of_the_library),
	};

	return cmocka_run_group_tests_name("libpq", tests, NULL, NULL);
}
