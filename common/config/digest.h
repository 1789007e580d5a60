/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CONFIG_DIGEST_H
#define PELIHOOK_CONFIG_DIGEST_H

#include "base/rc.h"

struct hook;

enum { CONF_DIGEST_SIZE = 65 }; /* a digest in hex and its NUL */

/*
 * A digest, in hex, of all that decides how a hook's events are run, and of
 * nothing that decides which of them are taken.  RC_MEMORY, RC_SYSTEM.
 */
enum rc conf_digest(const struct hook *hook, char into[CONF_DIGEST_SIZE]);

#endif
