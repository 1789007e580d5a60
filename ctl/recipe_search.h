/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CTL_RECIPE_SEARCH_H
#define PELIHOOK_CTL_RECIPE_SEARCH_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/pool.h"
#include "signature/recipe.h"

struct request;

/*
 * Makes up the recipes by which senders are known to sign: every place in
 * the headers where 32 bytes stand, over the body alone and over timestamp,
 * id and body joined as senders do.  The likeliest come first.  try is
 * called with each until it returns true; guess tells whether one did.
 * *tried counts them.  Everything a scheme points to is from the pool.
 */
bool guess(const struct request *request, struct pool *pool,
    bool (*try)(const struct recipe *scheme, void *context), void *context,
    unsigned *tried);

#endif
