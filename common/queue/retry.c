/* SPDX-License-Identifier: ISC */
#include "queue/retry.h"

#include "base/crypto.h"
#include "config/conf.h"

enum journal_verdict
retry_verdict(const struct lane *lane, unsigned step, enum outcome outcome)
{
	if (outcome == OUTCOME_DELIVERED)
		return JOURNAL_FINISH;
	if (outcome == OUTCOME_REJECTED)
		return JOURNAL_MARK_DEAD;
	if (outcome == OUTCOME_STOPPED)
		return JOURNAL_GIVE_BACK;
	return step < lane->retry_len ? JOURNAL_DELAY : JOURNAL_MARK_DEAD;
}

double
retry_jitter(void)
{
	uint32_t random = UINT32_MAX / 2;

	(void)crypto_random(&random, sizeof(random));
	return ((double)random / (double)UINT32_MAX - 0.5) / 5;
}

int64_t
retry_pause(const struct lane *lane, unsigned step, double jitter)
{
	int64_t pause = lane->retry[step];

	return pause + (int64_t)((double)pause * jitter);
}
