/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CONFIG_FILES_H
#define PELIHOOK_CONFIG_FILES_H

struct hook;

/* conf_ready and its kin are in conf.h; this is private to conf. */

/* Wipes the hook's keys. */
void ready_forget(struct hook *hook);

#endif
