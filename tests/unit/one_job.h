/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_ONE_JOB_H
#define PELIHOOK_ONE_JOB_H

#include "commands.h"

#include "base/account.h"
#include "command/job.h"
#include "config/conf.h"
#include "event/catalog.h"
#include "event/receipt.h"

static const struct receipt receipt = {
	.id = "01890a5d-ac96-774b-bcce-b302099a8057",
	.received = INT64_C(1767323045678),
	.digest = "aa",
	.verified = true,
	.remote_addr = "192.0.2.7",
};

static const struct account user = { "www-data", "/var/www" };

static struct hook hook;

static struct rule rule;

static struct lane lane;

static struct job job;

/* Every test begins with one job of the hook peliqan. */
static inline int
make_job(void **state)
{
	const char *name = "pipeline_run_failed";

	lane = (struct lane){ .directory = "/" };
	hook = (struct hook){ .name = "peliqan", .file = "/unit.conf" };
	job = (struct job){
		.hook = &hook,
		.rule = &rule,
		.lane = &lane,
		.event = name,
		.row = catalog_unknown(bytes_of(name)),
		.receipt = &receipt,
		.body = LIT("{\"a\": 1}"),
		.attempt = 2,
		.mark = "0123456789abcdef0123456789abcdef",
		.user = &user,
	};
	return make_directory(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_job, scratch_end)

#endif
