/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CTL_STATS_REQUESTS_H
#define PELIHOOK_CTL_STATS_REQUESTS_H

#include "base/rc.h"

struct journal_requests;
struct json;
struct session;

/* Says, each as a note with that prefix, why nothing is counted, and what has
 * no place in the file. */
void stats_requests_note(const struct journal_requests *requests,
    const char *prefix);

/* For people; into an object; for Prometheus.  RC_MEMORY. */
enum rc stats_requests_table(struct journal_requests *requests);
void stats_requests_json(const struct journal_requests *requests,
    struct json *json);
enum rc stats_requests_metrics(struct journal_requests *requests);

/* Complains of what is beyond --max-silence and --max-refused: then
 * RC_QUEUE_FULL. */
enum rc stats_requests_check(const struct journal_requests *requests,
    const struct session *session);

#endif
