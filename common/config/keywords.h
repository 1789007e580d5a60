/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CONFIG_KEYWORDS_H
#define PELIHOOK_CONFIG_KEYWORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The table of directives, without the functions that read them: the grammar
 * of each one's line, where its value is kept and how it is printed.
 */

enum keyword {
	KEYWORD_HOOK,
	KEYWORD_SECRET_FILE,
	KEYWORD_SIGNATURE,
	KEYWORD_EVENT_NAME,
	KEYWORD_RUN_ID,
	KEYWORD_PIPELINE_ID,
	KEYWORD_PIPELINE_NAME,
	KEYWORD_ON,
	KEYWORD_DELIVERY,
	KEYWORD_LANE,
	KEYWORD_DIRECTORY,
	KEYWORD_QUEUED_STATUS,
	KEYWORD_JOURNAL,
	KEYWORD_LEASE,
	KEYWORD_DISPATCH,
	KEYWORD_TIMEOUT,
	KEYWORD_KILL_AFTER,
	KEYWORD_RETRY,
	KEYWORD_CONCURRENCY,
	KEYWORD_MAX_RUNNING,
	KEYWORD_ORDER,
	KEYWORD_DEDUPE,
	KEYWORD_DEDUPE_WINDOW,
	KEYWORD_BATCH,
	KEYWORD_INPUT,
	KEYWORD_ENV,
	KEYWORD_SETENV,
	KEYWORD_SETENV_FILE,
	KEYWORD_ON_DEAD,
	KEYWORD_MAX_BODY,
	KEYWORD_READ_TIMEOUT,
	KEYWORD_MAX_QUEUE,
	KEYWORD_KEEP,
	KEYWORD_KEEP_DEAD,
	KEYWORD_WATCH,
	KEYWORD_STOP_TIMEOUT,
	KEYWORD_ALLOW_ROOT,
	KEYWORD_PAGE_URL,
	KEYWORD_CAPTURE,
	KEYWORD_LOG,
	KEYWORD_LOG_FORMAT,
	KEYWORD_LOG_LEVEL,
	KEYWORDS, /* how many there are */
};

/* What the arguments are, and so how they are read and printed. */
enum directive_kind {
	DIRECTIVE_OTHER,    /* like no other directive's */
	DIRECTIVE_DURATION, /* int64_t, milliseconds */
	DIRECTIVE_NUMBER,   /* unsigned */
	DIRECTIVE_SIZE,	    /* size_t, bytes */
	DIRECTIVE_CHOICE,   /* an enum, one of the choices */
	DIRECTIVE_PATH,	    /* const char *, absolute */
	DIRECTIVE_SOURCE,   /* struct event_source: a choice, or a place */
	DIRECTIVE_POINTER,  /* struct event_source: a pointer, or none */
};

enum directive_place {
	DIRECTIVE_ANYWHERE, /* default for all hooks, or in a hook */
	DIRECTIVE_GLOBAL,   /* only before the first hook */
};

/* The limits of a number, size or duration; text names them in errors. */
struct directive_range {
	int64_t low;
	int64_t high;
	const char *text;
};

/* A word that can be written, and the enumerator it means. */
struct directive_choice {
	const char *word;
	unsigned value;
};

struct directive {
	const char *name;
	const char *usage; /* the arguments, for errors */
	unsigned min;	   /* how many of them there are */
	unsigned max;
	enum directive_place place;
	bool repeats;
	bool queue; /* only for hooks that queue */
	bool lane;  /* a `lane` line may hold it, too */
	enum directive_kind kind;
	size_t field; /* in struct conf where global, or in hook */
	struct directive_range range;
	/* NULL, or a list that one without a word ends. */
	const struct directive_choice *choices;
	const char *what; /* the kind of file at a path, for errors */
	/* How the default is printed, or NULL; of a duration, the word that is
	 * written and printed for CLOCK_NEVER. */
	const char *unset;
};

const struct directive *keywords_row(enum keyword keyword);
/* The directive of this name, or KEYWORDS. */
enum keyword keywords_find(const char *name);
/* The word for an enumerator of a directive with choices, or NULL. */
const char *keywords_choice(enum keyword keyword, unsigned value);

#endif
