/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_SIGNATURE_SIGN_H
#define PELIHOOK_SIGNATURE_SIGN_H

#include <stdint.h>

#include "base/buf.h"

struct recipe;

/*
 * Appends the header lines (LF) that sign a body under a recipe; auto signs
 * as `X-Signature: sha256=`.  id is used where the recipe signs one.
 */
enum rc sign(const struct recipe *recipe, struct bytes key, struct bytes body,
    int64_t now, const char *id, struct buf *into);

#endif
