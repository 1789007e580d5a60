/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_RECEIVE_EXCHANGE_LOG_H
#define PELIHOOK_RECEIVE_EXCHANGE_LOG_H

struct exchange;
struct exchange_end;

/* The one line that a request gets in the log, of what is known of it. */
void exchange_log(const struct exchange *exchange,
    const struct exchange_end *end);

#endif
