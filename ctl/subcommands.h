/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CTL_SUBCOMMANDS_H
#define PELIHOOK_CTL_SUBCOMMANDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/rc.h"

struct option_row;
struct session;

/* What stands in a table of --help; one of them ends with one of zeroes. */
struct explained {
	const char *what; /* an operand, an exit status */
	const char *text;
};

struct subcommand {
	const char *name;
	const char *does;     /* in a few words */
	const char *operands; /* as the usage shows them; NULL: none */
	const struct explained *explained;
	int min; /* operands it takes */
	int max; /* -1: any number */
	const struct option_row *options;
	bool options_last; /* behind the operands in the usage */
	/* Besides 0 and those that all have. */
	const struct explained *statuses;
	enum rc (*run)(struct session *session, char **operands, size_t n);
};

/* All of them, in the order of --help. */
const struct subcommand *subcommands_all(size_t *n);
/* NULL where there is none. */
const struct subcommand *subcommands_find(const char *name);

/*
 * What they do.  operands are as many as its row allows.  A subcommand
 * complains itself; what it returns becomes the exit status, or with RC_OK the
 * outcome in the session.
 */
enum rc subcommand_check(struct session *session, char **operands, size_t n);
enum rc subcommand_drain(struct session *session, char **operands, size_t n);
enum rc subcommand_drop(struct session *session, char **operands, size_t n);
enum rc subcommand_events(struct session *session, char **operands, size_t n);
enum rc subcommand_forget(struct session *session, char **operands, size_t n);
enum rc subcommand_list(struct session *session, char **operands, size_t n);
enum rc subcommand_mute(struct session *session, char **operands, size_t n);
enum rc subcommand_pipelines(struct session *session, char **operands,
    size_t n);
enum rc subcommand_probe(struct session *session, char **operands, size_t n);
enum rc subcommand_purge(struct session *session, char **operands, size_t n);
enum rc subcommand_retry(struct session *session, char **operands, size_t n);
enum rc subcommand_runs(struct session *session, char **operands, size_t n);
enum rc subcommand_sample(struct session *session, char **operands, size_t n);
enum rc subcommand_schema(struct session *session, char **operands, size_t n);
enum rc subcommand_show(struct session *session, char **operands, size_t n);
enum rc subcommand_sign(struct session *session, char **operands, size_t n);
enum rc subcommand_stats(struct session *session, char **operands, size_t n);
enum rc subcommand_try(struct session *session, char **operands, size_t n);
enum rc subcommand_unmute(struct session *session, char **operands, size_t n);

#endif
