/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <unistd.h>

#include "command/execute.h"

#include "base/account.h"
#include "base/crypto.h"
#include "base/io.h"
#include "base/pool.h"
#include "command/environment.h"
#include "command/host.h"
#include "command/input.h"
#include "command/job.h"
#include "command/run.h"
#include "config/conf.h"
#include "event/receipt.h"

/* 0, or the errno of what it came to nothing for before the start. */
static int
run_jobs(const struct job *jobs, size_t n, const struct command *how,
    struct run_result *result)
{
	const struct hook *hook = jobs->hook;
	struct job first = *jobs;
	char mark[CRYPTO_MARK];
	struct account user;
	struct command what = *how;
	struct pool pool = { 0 };
	enum rc rc = host_user(how->host, &pool, &user);
	int error;

	/* Of what fails without saying why. */
	errno = EIO;
	what.argv = jobs->rule->command;
	what.input = -1;
	what.directory = jobs->lane->directory;
	what.timeout = jobs->lane->timeout;
	what.kill_after = jobs->lane->kill_after;
	what.hook = hook->name;
	what.id = jobs->receipt->id;
	first.user = &user;
	if (rc == RC_OK && first.mark == NULL) {
		rc = crypto_mark(mark);
		first.mark = mark;
	}
	if (rc == RC_OK)
		rc = environment_make(&first, n, &pool, &what.environment);
	if (rc == RC_OK)
		rc = input_open(jobs, n, &what.input);
	error = rc == RC_OK ? 0 : rc == RC_MEMORY ? ENOMEM : errno;
	if (rc == RC_OK)
		run(&what, result);
	io_close(&what.input);
	pool_free(&pool);
	return error;
}

void
execute(const struct job *jobs, size_t n, const struct command *how,
    struct run_result *result)
{
	int error = run_jobs(jobs, n, how, result);

	if (error == 0)
		return;
	*result = (struct run_result){
		.end = RUN_UNSTARTED,
		.pid = -1,
		.pidfd = -1,
		.code = error,
	};
}
