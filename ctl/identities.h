/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CTL_IDENTITIES_H
#define PELIHOOK_CTL_IDENTITIES_H

#include "base/rc.h"

struct journal;
struct session;

/*
 * Warns of each pointer that is to tell a hook's events apart (`dedupe',
 * `order') and that none of its newest ones in the journal has.  RC_MEMORY,
 * and what reading the journal comes to.
 */
enum rc identities_warn(const struct session *session, struct journal *journal);

#endif
