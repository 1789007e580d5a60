/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_CONFIG_INTERNAL_H
#define PELIHOOK_CONFIG_INTERNAL_H

#include <sys/stat.h>

#include <stdatomic.h>
#include <stdint.h>

#include "base/pool.h"
#include "config/conf.h"
#include "config/keywords.h"

/* What only the config room knows of a configuration. */

/* Where each directive was written, or 0. */
struct conf_lines {
	unsigned of[KEYWORDS];
};

/* Which file was read, and when it was last changed; nanoseconds. */
struct file_state {
	uint64_t device;
	uint64_t inode;
	int64_t size;
	int64_t modified;
	int64_t changed;
};

/* A configuration as it is allocated. */
struct loaded_conf {
	struct conf conf;	 /* first: what the other rooms see */
	struct conf_lines lines; /* of the defaults and global ones */
	struct file_state state;
	struct pool pool;
	atomic_uint references;
};

/* The whole of a configuration that conf_load allocated. */
struct loaded_conf *conf_loaded(struct conf *conf);
/* Wipes what a hook's files held that are kept secret. */
void wipe_secrets(struct hook *hook);
struct file_state file_state_of(const struct stat *stat);

#endif
