/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CTL_STATS_PIPELINES_H
#define PELIHOOK_CTL_STATS_PIPELINES_H

#include "base/rc.h"

struct conf;
struct pipeline_list;

/*
 * Pipelines for Prometheus, on standard output.  As a sender may make them up
 * without end, the first STATS_PIPELINES of the list, which are the worst, have
 * series of their own; all of them are counted by hook and state.  RC_MEMORY.
 */
enum { STATS_PIPELINES = 1000 };

enum rc stats_pipelines_metrics(struct pipeline_list *list,
    const struct conf *conf);

#endif
