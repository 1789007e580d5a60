/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CTL_SESSION_H
#define PELIHOOK_CTL_SESSION_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/codec.h"
#include "journal/journal.h"

struct conf;
struct hook;

/*
 * The frame of pelihookctl: options, words, users and exit codes.  Words are
 * rows of a table in ctl.c; each family of them is a file.
 */
struct ctl {
	const char *file;  /* the configuration */
	const char *user;  /* of -u, or NULL */
	struct conf *conf; /* after ctl_open */
	/* What options of words said. */
	bool dry;
	bool json;
	bool prometheus;
	bool body;
	bool dead;
	struct journal_filter filter;
	int64_t max_age;  /* milliseconds, or -1 */
	int64_t max_dead; /* or -1 */
};

struct word {
	const char *name;
	const char *operands;	      /* as the usage shows them, options too */
	const char *does;	      /* in a few words */
	int least;		      /* operands it takes */
	int most;		      /* -1: any number */
	const char *letters;	      /* its own options, as for getopt(3) */
	const struct option *options; /* long ones, help and version too */
	/* Takes one of its own options; RC_SYNTAX.  NULL: has none. */
	enum rc (*option)(struct ctl *ctl, int letter, const char *value);
	/* Complains itself; the result becomes the exit status. */
	enum rc (*run)(struct ctl *ctl, char **operands, size_t n);
};

/* Of words that have no long options but the two that all have. */
extern const struct option ctl_options[];

/* What sysexits.h has for an outcome. */
int ctl_status(enum rc rc);

/* A line on standard error, behind the program's name. */
void ctl_complain(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
/*
 * Reads the configuration.  As root without -u it reads it once to learn
 * the journal's owner, becomes that user, and reads it again as that user
 * has to.  RC_CONFIG, RC_MEMORY, RC_SYSTEM; complained of.
 */
enum rc ctl_open(struct ctl *ctl);
/* RC_NO_HOOK where there is none of this name. */
enum rc ctl_hook(const struct ctl *ctl, const char *name, struct hook **out);
/*
 * Standard input to its end, at most max bytes (the ceiling of into is set
 * so).  RC_LARGE; RC_SHORT where it cannot be read; RC_MEMORY.
 */
enum rc ctl_read(size_t max, struct buf *into);
/* The same of a file; RC_MISSING besides. */
enum rc ctl_read_file(const char *path, size_t max, struct buf *into);

/* conf_ready, or conf_ready_start where hook is NULL; complained of. */
enum rc ctl_ready(const struct ctl *ctl, struct hook *hook);
/* ctl_open, ctl_hook and ctl_ready. */
enum rc ctl_open_hook(struct ctl *ctl, const char *name, struct hook **out);
/* A new UUIDv7.  RC_SYSTEM. */
enum rc ctl_id(int64_t wall, char into[UUID_SIZE]);
/* Refuses to be root: RC_CONFIG, complained of. */
enum rc ctl_no_root(void);
/* The log is for what goes wrong, on standard error.  RC_SYSTEM. */
enum rc ctl_quiet(void);
/*
 * What is to end the program becomes readable instead: a signalfd.  For
 * words that run commands, which are in process groups of their own that
 * Ctrl-C does not reach.  RC_SYSTEM.
 */
enum rc ctl_signals(int *fd);

/* The words. */
enum rc word_check(struct ctl *ctl, char **operands, size_t n);
enum rc word_drain(struct ctl *ctl, char **operands, size_t n);
enum rc word_drop(struct ctl *ctl, char **operands, size_t n);
enum rc word_events(struct ctl *ctl, char **operands, size_t n);
enum rc word_list(struct ctl *ctl, char **operands, size_t n);
enum rc word_probe(struct ctl *ctl, char **operands, size_t n);
enum rc word_purge(struct ctl *ctl, char **operands, size_t n);
enum rc word_retry(struct ctl *ctl, char **operands, size_t n);
enum rc word_sample(struct ctl *ctl, char **operands, size_t n);
enum rc word_show(struct ctl *ctl, char **operands, size_t n);
enum rc word_sign(struct ctl *ctl, char **operands, size_t n);
enum rc word_stats(struct ctl *ctl, char **operands, size_t n);
enum rc word_try(struct ctl *ctl, char **operands, size_t n);
enum rc word_try_option(struct ctl *ctl, int letter, const char *value);

#endif
