/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_RECEIVE_EXCHANGE_COUNT_H
#define PELIHOOK_RECEIVE_EXCHANGE_COUNT_H

struct exchange;
struct exchange_end;

/* Counts what became of a request, by its hook, in exchange->stats. */
void exchange_count(const struct exchange *exchange,
    const struct exchange_end *end);

#endif
