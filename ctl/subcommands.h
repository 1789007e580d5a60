/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CTL_SUBCOMMANDS_H
#define PELIHOOK_CTL_SUBCOMMANDS_H

#include <stddef.h>

#include "base/rc.h"

struct session;

/*
 * The subcommands, each of which has a row in main.c's table.  operands are
 * as many as its row allows.  A subcommand complains itself; what it returns
 * becomes the exit status, or with RC_OK the outcome in the session.
 */
enum rc subcommand_check(struct session *session, char **operands, size_t n);
enum rc subcommand_drain(struct session *session, char **operands, size_t n);
enum rc subcommand_drop(struct session *session, char **operands, size_t n);
enum rc subcommand_events(struct session *session, char **operands, size_t n);
enum rc subcommand_list(struct session *session, char **operands, size_t n);
enum rc subcommand_probe(struct session *session, char **operands, size_t n);
enum rc subcommand_purge(struct session *session, char **operands, size_t n);
enum rc subcommand_retry(struct session *session, char **operands, size_t n);
enum rc subcommand_sample(struct session *session, char **operands, size_t n);
enum rc subcommand_show(struct session *session, char **operands, size_t n);
enum rc subcommand_sign(struct session *session, char **operands, size_t n);
enum rc subcommand_stats(struct session *session, char **operands, size_t n);
enum rc subcommand_try(struct session *session, char **operands, size_t n);

#endif
