/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CTL_EXIT_STATUS_H
#define PELIHOOK_CTL_EXIT_STATUS_H

#include "base/rc.h"

/* What sysexits.h has for a result. */
int exit_status(enum rc rc);

#endif
