/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CONFIG_PRINT_H
#define PELIHOOK_CONFIG_PRINT_H

#include "base/buf.h"
#include "base/rc.h"
#include "config/keywords.h"

struct conf;
struct hook;
struct lane;
struct rule;
struct secret;
struct watch_for;

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
/* And of a `setenv-file` line, the hook's first one is 0. */
enum rc conf_print_setenv_file(const struct hook *hook, size_t i,
    struct buf *into);
/* And of `watch`, and of a `watch for` line, with all that holds. */
enum rc conf_print_watch(const struct hook *hook, struct buf *into);
enum rc conf_print_watch_for(const struct watch_for *line, struct buf *into);
/* And of an `on` line. */
enum rc conf_print_rule(const struct rule *rule, struct buf *into);
/*
 * What a lane has that its hook has not, each as ` NAME VALUE`; the input too,
 * which follows from its batch.
 */
enum rc conf_print_lane(const struct hook *hook, const struct lane *lane,
    struct buf *into);

#endif
