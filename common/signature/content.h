/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_SIGNATURE_CONTENT_H
#define PELIHOOK_SIGNATURE_CONTENT_H

#include <stddef.h>

#include "base/bytes.h"
#include "signature/recipe.h"

/* What is signed, in pieces: views of the template and of the fields. */
struct signed_content {
	struct bytes parts[RECIPE_OVER + 1];
	size_t n;
};

/* The values of the fields of a template. */
struct signed_fields {
	struct bytes body;
	struct bytes timestamp;
	struct bytes id;
};

/*
 * The pieces of a recipe's template (`over`) in order: what is between the
 * fields, and the values of the fields.
 */
void content_fill(const char *over, const struct signed_fields *values,
    struct signed_content *content);

#endif
