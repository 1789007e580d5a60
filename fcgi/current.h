/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_FCGI_CURRENT_H
#define PELIHOOK_FCGI_CURRENT_H

#include <stdbool.h>

#include "base/buf.h"

struct conf;

/*
 * The configuration in use and its place in the process: who holds it keeps
 * what it began with while another takes its place.  Safe for threads.
 */
struct settings;

/*
 * Reads the file.  RC_CONFIG with complaints as conf_load leaves them,
 * RC_MEMORY.  file is borrowed; complaints has a ceiling.
 */
enum rc settings_open(const char *file, struct settings **out,
    struct buf *complaints);
/* Once, before threads: conf_ready_start. */
enum rc settings_ready(struct settings *settings, struct buf *complaints);
/* Once nobody holds it.  NULL is fine. */
void settings_close(struct settings *settings);
struct conf *settings_hold(struct settings *settings);
void settings_release(struct settings *settings, struct conf *conf);

/* At the start: logs as the configuration says.  RC_SYSTEM with errno set. */
enum rc settings_log(struct settings *settings);
/* Whether the log goes elsewhere than to standard error. */
bool settings_log_elsewhere(const struct settings *settings);
/* conf_warnings. */
enum rc settings_warnings(struct settings *settings, struct buf *warnings);
/* Logs them. */
void settings_warn(struct settings *settings);
/*
 * Reads the file again and opens the log anew.  A bad file changes nothing,
 * and the log says so.  A log that cannot be opened refuses nothing.
 */
void settings_reload(struct settings *settings);

#endif
