/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CONFIG_ARGUMENTS_H
#define PELIHOOK_CONFIG_ARGUMENTS_H

#include "config/parser.h"

/*
 * The kinds of arguments that several directives take.  Each complains of
 * what it does not like; *out is then left alone.
 */

/* What a number, size or duration may be; text says it to people. */
struct range {
	int64_t low;
	int64_t high;
	const char *text;
};

/* One complaint about the line that is read.  Returns RC_CONFIG. */
enum rc values_wrong(struct draft *draft, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

enum rc values_duration(struct draft *draft, const char *word,
    const struct range *range, int64_t *out);
enum rc values_number(struct draft *draft, const char *word,
    const struct range *range, unsigned *out);
enum rc values_size(struct draft *draft, const char *word,
    const struct range *range, size_t *out);
/* The index of the word in a NULL-terminated list. */
enum rc values_choice(struct draft *draft, const char *word,
    const char *const *choices, unsigned *out);
/* An absolute path; what says what it is of. */
enum rc values_path(struct draft *draft, const char *word,
    const char *what, const char **out);
/* `POINTER` or `header NAME`. */
enum rc values_source(struct draft *draft, const char *const *args,
    struct event_source *out);
enum rc values_pointer(struct draft *draft, const char *word,
    const char **out);
/* A command's words: an absolute path and fixed arguments. */
enum rc values_command(struct draft *draft, const char *const *args,
    const char *const **out);
/* Whether every [ of a glob has its ]. */
enum rc values_glob(struct draft *draft, const char *word);

#endif
