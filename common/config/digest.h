/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CONFIG_DIGEST_H
#define PELIHOOK_CONFIG_DIGEST_H

#include "base/rc.h"
#include "config/conf.h"

/*
 * A digest, in hex, of all that decides how a hook's events are run, and of
 * nothing that decides which of them are taken.  RC_MEMORY, RC_SYSTEM.
 */
enum rc conf_digest(const struct hook *hook, char into[CONF_DIGEST_SIZE]);
/*
 * Another, of what decides to which lane an event's deliveries go and what is
 * their order there.
 */
enum rc conf_routing(const struct hook *hook, char into[CONF_DIGEST_SIZE]);
/* The key of a lane, out of its name or command.  RC_MEMORY, RC_SYSTEM. */
enum rc conf_lane_key(const struct lane *lane, char into[CONF_LANE_SIZE]);

#endif
