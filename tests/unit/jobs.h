/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOBS_H
#define PELIHOOK_JOBS_H

#include "commands.h"

#include "base/bytes.h"
#include "command/job.h"
#include "config/conf.h"
#include "event/catalog.h"
#include "event/receipt.h"

/* A hook and jobs whose line runs the command `command`. */

enum { LONG = 60000 };

static const struct receipt receipt = {
	.id = "01890a5d-ac96-774b-bcce-b302099a8057",
	.verified = true,
};

static const char *command[4];

static const struct rule rule = { .command = command };

static inline struct hook
a_hook(const char *name)
{
	return (struct hook){
		.name = name,
		.timeout = LONG,
		.kill_after = LONG,
	};
}

static inline struct job
a_job(const struct hook *hook)
{
	const char *name = "pipeline_run_failed";

	return (struct job){
		.hook = hook,
		.rule = &rule,
		.event = name,
		.row = catalog_unknown(bytes_of(name)),
		.receipt = &receipt,
		.body = LIT("{\"a\": 1}"),
		.attempt = 1,
	};
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, make_directory, scratch_end)

#endif
