/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CTL_OPTIONS_H
#define PELIHOOK_CTL_OPTIONS_H

#include <getopt.h>

#include "base/rc.h"

struct session;

/* The long options of subcommands that have some of their own. */
extern const struct option options_list[];
extern const struct option options_show[];
extern const struct option options_retry[];
extern const struct option options_stats[];
extern const struct option options_purge[];
/* Takes any of them but help and version, and -n of try.  RC_SYNTAX,
 * complained of. */
enum rc options_take(struct session *session, int letter, const char *value);

#endif
