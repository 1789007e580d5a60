/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CTL_OPTIONS_H
#define PELIHOOK_CTL_OPTIONS_H

#include <getopt.h>

#include "base/rc.h"

struct session;

/* How the usage puts an option. */
enum option_place {
	OPTION_ALONE,
	OPTION_OR,     /* or the one before */
	OPTION_WITHIN, /* beside the one before only */
	OPTION_NEEDED, /* not left out */
};

/*
 * An option of a subcommand: how it is typed and what it does, for the
 * command line, --help and, by that, completion.  A table of them ends with
 * one of zeroes.
 */
struct option_row {
	int letter;	   /* what options_take knows it by */
	const char *name;  /* "state"; NULL: only its letter is typed */
	const char *value; /* as it is called in the usage; NULL: none */
	const char *does;
	enum option_place place;
};

extern const struct option_row options_none[];
extern const struct option_row options_forget[];
extern const struct option_row options_list[];
extern const struct option_row options_mute[];
extern const struct option_row options_pipelines[];
extern const struct option_row options_purge[];
extern const struct option_row options_retry[];
extern const struct option_row options_runs[];
extern const struct option_row options_show[];
extern const struct option_row options_stats[];
extern const struct option_row options_try[];
extern const struct option_row options_unmute[];

enum { OPTIONS_MOST = 16 }; /* of a table, help and version included */

/* A table, help and version too, as getopt_long wants it. */
void options_arrange(const struct option_row *rows,
    struct option options[OPTIONS_MOST], char letters[OPTIONS_MOST]);
/* Takes any of them but help and version.  RC_SYNTAX, complained of. */
enum rc options_take(struct session *session, int letter, const char *value);

#endif
