/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_JOBS_H
#define PELIHOOK_JOBS_H

#include "commands.h"

#include "base/bytes.h"
#include "command/job.h"
#include "config/conf.h"
#include "event/catalog.h"
#include "event/receipt.h"

/* A hook and jobs whose line and lane run the command `command`. */

enum { LONG = 60000 };

static const struct receipt receipt = {
	.id = "01890a5d-ac96-774b-bcce-b302099a8057",
	.verified = true,
};

static const char *command[4];

static const struct rule rule = { .command = command };

static struct lane lane;

static inline struct hook
a_hook(const char *name)
{
	lane = (struct lane){
		.timeout = LONG,
		.kill_after = LONG,
		.directory = "/",
	};
	return (struct hook){
		.name = name,
		.rules = &rule,
		.rules_len = 1,
		.lanes = &lane,
		.lanes_len = 1,
	};
}

static inline struct job
a_job(const struct hook *hook)
{
	const char *name = "pipeline_run_failed";

	return (struct job){
		.hook = hook,
		.rule = &rule,
		.lane = &lane,
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
