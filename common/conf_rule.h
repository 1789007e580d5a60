/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CONF_RULE_H
#define PELIHOOK_CONF_RULE_H

#include "conf_draft.h"

/* The words behind `on`, added to the scope's rules. */
enum rc rule_read(struct draft *draft, const char *const *args);

#endif
