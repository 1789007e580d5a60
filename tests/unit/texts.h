/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_TEXTS_H
#define PELIHOOK_TEXTS_H

#include "scratch.h"

#include "base/buf.h"
#include "config/conf.h"
#include "config/load.h"

/* Configurations that are written as texts, to the file `c`. */

enum {
	CEILING = 64 * 1024,
	NOBODY = 65534,
};

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* Three lines and four, to which the lines under test are added. */
#define WAITS "hook h\nsecret-file /s\non * ignore\n"
#define QUEUES "journal /j/q\n" WAITS

/* The same over a database. */
#define SHARED "journal postgresql:///pelihook\n" WAITS

#if defined(HAVE_POSTGRESQL) && HAVE_POSTGRESQL
enum { HAS_POSTGRESQL = 1 };
#else
enum { HAS_POSTGRESQL = 0 };
#endif

/* Skips a test of what only a build with it takes. */
static inline void
needs_postgresql(void)
{
	if (!HAS_POSTGRESQL)
		skip();
}

/* Writes the text to a file and reads it as a configuration. */
static inline enum rc
load(const char *text, struct conf **conf, struct buf *errors)
{
	errors->max = CEILING;
	return conf_load(scratch_file("c", text, 0600), conf, errors);
}

/* A configuration that has to be good. */
static inline struct conf *
good(const char *text)
{
	struct buf errors = { 0 };
	struct conf *conf = NULL;
	enum rc rc = load(text, &conf, &errors);

	if (errors.len > 0)
		print_error("%s", errors.data);
	buf_free(&errors);
	assert_int_equal(rc, RC_OK);
	assert_non_null(conf);
	return conf;
}

/* What is wrong with a text: the line, and a part of the only error. */
struct bad {
	const char *text;
	unsigned line;
	const char *part;
};

static inline unsigned
check_error(const struct bad *bad, const struct buf *got)
{
	char begin[2 * PATH_MAX + 16];
	unsigned wrong = 0;
	const char *end = got->len > 0 ? strchr(got->data, '\n') : NULL;

	snprintf(begin, sizeof begin, "%s:%u: ", scratch_path("c"), bad->line);
	wrong += case_true(bad->text, begin, bytes_begin(buf_view(got), begin));
	wrong += case_true(bad->text, bad->part,
	    holds_text(buf_view(got), bad->part));
	wrong += case_true(bad->text, "one error",
	    end != NULL && end[1] == '\0');
	if (wrong > 0)
		print_error("got: %s\n", got->len > 0 ? got->data : "");
	return wrong;
}

static inline unsigned
check_bad(const struct bad *bad, size_t n)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < n; i++) {
		struct buf errors = { 0 };
		struct conf *conf = NULL;

		wrong += case_rc(bad[i].text, load(bad[i].text, &conf, &errors),
		    RC_CONFIG);
		wrong += case_true(bad[i].text, "nothing handed out",
		    conf == NULL);
		wrong += check_error(&bad[i], &errors);
		conf_release(conf);
		buf_free(&errors);
	}
	return wrong;
}

/* A hook with the secret file `s` of the scratch directory. */
static inline struct conf *
with_secret(struct bytes secret, const char *coding)
{
	char text[3 * PATH_MAX];

	scratch_bytes("s", secret, 0600);
	snprintf(text, sizeof text, "hook h\non * ignore\nsecret-file %s %s\n",
	    scratch_path("s"), coding);
	return good(text);
}

#endif
