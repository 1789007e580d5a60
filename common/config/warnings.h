/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CONFIG_WARNINGS_H
#define PELIHOOK_CONFIG_WARNINGS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/rc.h"

struct conf;

/*
 * What the administrator is warned of at start, a line `FILE:LINE: text`
 * each.  cgi: also what concerns only pelihook.cgi.  conf_load_all_files has
 * to come first.  RC_MEMORY.
 */
enum rc conf_warnings(const struct conf *conf, bool cgi, struct buf *warnings);

#endif
