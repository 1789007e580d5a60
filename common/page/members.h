/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_PAGE_MEMBERS_H
#define PELIHOOK_PAGE_MEMBERS_H

#include <stdbool.h>
#include <stdint.h>

#include "journal/journal.h"

struct conf;
struct json;
struct pipeline_row;

/* What `list', `runs' and `pipelines' print with --json, and the page: members
 * of an object that is open. */

/* Of a delivery and its event; bare: as of lane_told.  RC_MEMORY. */
enum rc members_of_delivery(struct json *json, const struct conf *conf,
    const struct journal_row *row, bool bare);
void members_of_run(struct json *json, const struct journal_run *run,
    int64_t now);
/* outcomes: with how many runs ended how. */
void members_of_pipeline(struct json *json, const struct pipeline_row *row,
    bool outcomes);

#endif
