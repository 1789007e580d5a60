/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CONFIG_SURROUNDINGS_H
#define PELIHOOK_CONFIG_SURROUNDINGS_H

#include <stdbool.h>

struct conf;
struct conf_errors;

/*
 * What is around a configuration, as this process sees it: the journal's file
 * system, the kernel, whoever reads the log.
 */

/* Adds what is to be warned of.  cgi: pelihook.cgi may serve it. */
void surroundings_warn(const struct conf *conf, bool cgi,
    struct conf_errors *list);

/* What is wrong with a journal on a file system of this type (statfs(2)), and
 * what to do; NULL: nothing that is known. */
const char *surroundings_judge(unsigned long type);

#endif
