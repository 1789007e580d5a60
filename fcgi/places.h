/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_FCGI_PLACES_H
#define PELIHOOK_FCGI_PLACES_H

#include <stdbool.h>

#include "base/rc.h"

/*
 * The places at the connections.  More workers than there are processors
 * would only wake and hinder each other there: those without a place sleep.
 * Whoever is going to wait leaves his, and where nobody looks at the
 * connections then one that sleeps takes a place.  Safe for threads.
 */
struct places;

/* RC_MEMORY. */
enum rc places_open(unsigned count, struct places **out);
/* NULL is fine. */
void places_close(struct places *places);
/* For who has none: sleeps until there is one. */
void places_take(struct places *places);
void places_leave(struct places *places);
/* Around each look at the connections by who has a place. */
void places_look(struct places *places);
void places_found(struct places *places);
/* From now on there is one for everybody. */
void places_end(struct places *places);

#endif
