/* SPDX-License-Identifier: ISC */
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "journal/libpq.h"

#define LIBPQ_FILE "libpq.so.5"

struct function {
	const char *name;
	size_t offset; /* of its pointer in struct libpq */
};

#define LIBPQ_ROW(name) { #name, offsetof(struct libpq, name) },
static const struct function functions[] = { LIBPQ_FUNCTIONS(LIBPQ_ROW) };

static bool
find_functions(void *library, struct libpq *libpq, struct buf *error)
{
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		void *function = dlsym(library, functions[i].name);

		if (function == NULL) {
			buf_printf(error,
			    LIBPQ_FILE " has no %s: libpq 14 or later is "
				       "needed",
			    functions[i].name);
			return false;
		}
		memcpy((char *)libpq + functions[i].offset, &function,
		    sizeof(function));
	}
	if (libpq->PQisthreadsafe())
		return true;
	buf_text(error, LIBPQ_FILE " was built without threads");
	return false;
}

/* It may not be unloaded: what it uses leaves work for the end of the
 * process. */
static bool
load(struct libpq *libpq, struct buf *error)
{
	void *library = dlopen(LIBPQ_FILE,
	    RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	const char *reason;
	bool found;

	if (library == NULL) {
		reason = dlerror();
		buf_printf(error, "%s: install the Debian package libpq5",
		    reason != NULL ? reason : LIBPQ_FILE);
		return false;
	}
	found = find_functions(library, libpq, error);
	if (!found)
		dlclose(library);
	return found;
}

/* The library itself is loaded once in a process, and so is its table. */
const struct libpq *
libpq_load(struct buf *error)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct libpq loaded;
	static bool is_loaded;
	const struct libpq *libpq;

	pthread_mutex_lock(&lock);
	if (!is_loaded)
		is_loaded = load(&loaded, error);
	libpq = is_loaded ? &loaded : NULL;
	pthread_mutex_unlock(&lock);
	return libpq;
}
