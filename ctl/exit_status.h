/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CTL_EXIT_STATUS_H
#define PELIHOOK_CTL_EXIT_STATUS_H

#include "base/outcome.h"
#include "base/rc.h"

/* What sysexits.h has for what a function came to. */
int exit_status(enum rc rc);
/* And for what became of an event. */
int exit_status_outcome(enum outcome outcome);

#endif
