/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CONFIG_FILES_H
#define PELIHOOK_CONFIG_FILES_H

#include "base/buf.h"
#include "base/rc.h"

struct conf;
struct hook;

/*
 * The files that a configuration names are checked, and secrets loaded.
 * RC_CONFIG with errors as conf_load has them; RC_MEMORY.
 */

/*
 * Names the lanes of one hook (conf_name_lanes), checks its commands and the
 * capture directory, and loads its secrets, once: then the hook is ready.  It
 * writes to the hook, so it is called before the configuration is shared
 * between threads.
 */
enum rc conf_load_files(struct conf *conf, struct hook *hook,
    struct buf *errors);
/* The journal's files and those of all hooks, with the errors of all. */
enum rc conf_load_all_files(struct conf *conf, struct buf *errors);
/*
 * The same at a start, when an administrator can correct what is wrong: a log
 * that cannot be opened is an error as well, which it never is later.
 */
enum rc conf_load_start_files(struct conf *conf, struct buf *errors);
/* The same for who only asks: that the disk of the journal is full is an
 * error as well, with which a start goes on. */
enum rc conf_try_files(struct conf *conf, struct buf *errors);
/* The error of a journal that cannot be opened, which was logged, with the
 * line that names it. */
void conf_blame_journal(const struct conf *conf, struct buf *errors);
/* The lines of a text, as journal_try has them, as warnings of that line. */
enum rc conf_warn_journal(const struct conf *conf, struct bytes lines,
    struct buf *warnings);

#endif
