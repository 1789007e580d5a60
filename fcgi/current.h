/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_FCGI_CURRENT_H
#define PELIHOOK_FCGI_CURRENT_H

#include <stdbool.h>

#include "base/buf.h"

struct conf;

/*
 * The configuration in force.  A thread that holds it keeps what it began
 * with while another takes its place.  Safe for threads.
 */
struct current;

/*
 * Reads the file.  RC_CONFIG with complaints as conf_load leaves them,
 * RC_MEMORY.  file is borrowed; complaints has a ceiling.
 */
enum rc current_open(const char *file, struct current **out,
    struct buf *complaints);
/* RC_CONFIG: this process is root, which the file does not allow. */
enum rc current_refuse_root(const struct current *current,
    struct buf *complaints);
/* Once, before threads: conf_load_start_files. */
enum rc current_load_files(struct current *current, struct buf *complaints);
/* The same for -t: conf_try_files. */
enum rc current_try_files(struct current *current, struct buf *complaints);
/* Once nobody holds it.  NULL is fine. */
void current_close(struct current *current);
/* The caller releases it (conf_release). */
struct conf *current_hold(struct current *current);

/* At the start: logs as the configuration says.  RC_SYSTEM with errno set. */
enum rc current_open_log(struct current *current);
/* Whether the log goes elsewhere than to standard error. */
bool current_logs_elsewhere(const struct current *current);
/* conf_warnings. */
enum rc current_warnings(struct current *current, struct buf *warnings);
/* Logs them. */
void current_log_warnings(struct current *current);
/*
 * Reads the file again and opens the log anew.  A bad file changes nothing,
 * and the log says so.  A log that cannot be opened refuses nothing.
 */
void current_reload(struct current *current);

#endif
