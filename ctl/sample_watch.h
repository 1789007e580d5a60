/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CTL_SAMPLE_WATCH_H
#define PELIHOOK_CTL_SAMPLE_WATCH_H

#include "base/rc.h"

/* Prints an illustrative payload of one of pelihook's own events, the same
 * bytes every time.  RC_MISSING: it is none of them; RC_MEMORY. */
enum rc sample_watch(const char *event);

#endif
