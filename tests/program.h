/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_PROGRAM_H
#define PELIHOOK_PROGRAM_H

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/rc.h"
#include "config/conf.h"
#include "config/files.h"
#include "config/load.h"

/* For programs that tests and benches run, and that have no use for going on
 * after an error. */

static inline void
must_be_ok(enum rc rc, const char *what)
{
	if (rc == RC_OK)
		return;
	fflush(stdout);
	fprintf(stderr, "%s: error %d\n", what, (int)rc);
	exit(1);
}

#define must(call) must_be_ok((call), #call)

/* A configuration with the files of its hooks. */
static inline struct conf *
load_conf(const char *file)
{
	struct buf errors = { .max = 65536 };
	struct conf *conf = NULL;
	enum rc rc = conf_load(file, &conf, &errors);

	if (rc == RC_OK)
		rc = conf_load_all_files(conf, &errors);
	if (errors.len > 0)
		fwrite(errors.data, 1, errors.len, stderr);
	must_be_ok(rc, file);
	buf_free(&errors);
	return conf;
}

#endif
