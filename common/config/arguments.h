/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CONFIG_ARGUMENTS_H
#define PELIHOOK_CONFIG_ARGUMENTS_H

#include "config/parser.h"

/*
 * The kinds of arguments that several directives take.  Each adds an error
 * (RC_CONFIG) where the argument is wrong; *out is then left alone.
 */

/* One error about the line that is read.  Returns RC_CONFIG. */
enum rc arg_error(struct parser *parser, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* How many words there are. */
size_t arg_count(const char *const *args);
/* Whether they are as many as a directive takes. */
enum rc arg_check_count(struct parser *parser, const struct directive *row,
    const char *const *args);

enum rc arg_duration(struct parser *parser, const char *word,
    const struct directive_range *range, int64_t *out);
enum rc arg_number(struct parser *parser, const char *word,
    const struct directive_range *range, unsigned *out);
enum rc arg_size(struct parser *parser, const char *word,
    const struct directive_range *range, size_t *out);
/* The choice with this word, or NULL. */
const struct directive_choice *arg_find_choice(const char *word,
    const struct directive_choice *choices);
/* Its enumerator; an error where there is none. */
enum rc arg_choice(struct parser *parser, const char *word,
    const struct directive_choice *choices, unsigned *out);
/* An absolute path; what names the kind of file, for errors. */
enum rc arg_path(struct parser *parser, const char *word, const char *what,
    const char **out);
/* The name of a lane; NULL is an error as well. */
enum rc arg_lane(struct parser *parser, const char *word);
/* `POINTER` or `header NAME`. */
enum rc arg_source(struct parser *parser, const char *const *args,
    struct event_source *out);
enum rc arg_pointer(struct parser *parser, const char *word, const char **out);
/* A command's words: an absolute path and fixed arguments. */
enum rc arg_command(struct parser *parser, const char *const *args,
    const char *const **out);
/* Whether every [ of a glob has its ]. */
enum rc arg_glob(struct parser *parser, const char *word);

#endif
