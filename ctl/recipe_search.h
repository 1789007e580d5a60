/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CTL_RECIPE_SEARCH_H
#define PELIHOOK_CTL_RECIPE_SEARCH_H

#include <stdbool.h>

#include "base/pool.h"
#include "signature/recipe.h"

struct request;

/*
 * Makes up the recipes by which senders are known to sign: every place in
 * the headers that holds 32 bytes, over the body alone and over timestamp,
 * id and body joined as senders do.  The likeliest come first.  try is
 * called with each until it returns true; recipe_search tells whether one
 * did.  *tried counts them.  Everything a recipe points to is from the pool.
 */
bool recipe_search(const struct request *request, struct pool *pool,
    bool (*try)(const struct recipe *recipe, void *context), void *context,
    unsigned *tried);

#endif
