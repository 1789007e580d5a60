/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CONFIG_PRINT_H
#define PELIHOOK_CONFIG_PRINT_H

#include "base/buf.h"
#include "base/rc.h"
#include "config/keywords.h"

struct conf;
struct hook;
struct rule;
struct secret;

/*
 * Appends the value of a directive in force, of a hook or, where it is
 * global, of the configuration; as it is written in the file, where it can
 * be.  Nothing where it has none, as a `capture` that is not given.  Not for
 * directives that repeat.  Returns into->rc.
 */
enum rc conf_print(const struct conf *conf, const struct hook *hook,
    enum keyword keyword, struct buf *into);
/* The same of a `secret-file` line. */
enum rc conf_print_secret(const struct secret *secret, struct buf *into);
/* And of an `on` line. */
enum rc conf_print_rule(const struct rule *rule, struct buf *into);

#endif
