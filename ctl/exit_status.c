/* SPDX-License-Identifier: ISC */
#include <sysexits.h>

#include "exit_status.h"

int
exit_status(enum rc rc)
{
	switch (rc) {
	case RC_OK:
	case RC_DUPLICATE:
		return EX_OK;
	case RC_SYNTAX:
	case RC_RANGE:
	case RC_METHOD:
	case RC_ACCESS:
		return EX_USAGE;
	case RC_LENGTH:
	case RC_LARGE:
	case RC_ENCODED:
	case RC_REPEATED:
	case RC_SIGNATURE:
	case RC_JSON:
	case RC_CORRUPT:
		return EX_DATAERR;
	case RC_NO_HOOK:
	case RC_MISSING:
		return EX_NOINPUT;
	case RC_TIMEOUT:
	case RC_MEMORY:
	case RC_SYSTEM:
		return EX_SOFTWARE;
	case RC_SHORT:
	case RC_SLOW:
	case RC_STORE:
		return EX_IOERR;
	case RC_BODIES:
	case RC_CROWDED:
	case RC_PENDING:
	case RC_QUEUE_FULL:
	case RC_LOCKED:
	case RC_STOPPING:
		return EX_TEMPFAIL;
	case RC_CONFIG:
		return EX_CONFIG;
	}
	return EX_SOFTWARE;
}

int
exit_status_outcome(enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_DELIVERED:
	case OUTCOME_IGNORED:
	case OUTCOME_DUPLICATE:
	case OUTCOME_QUEUED:
		return EX_OK;
	case OUTCOME_REJECTED:
		return EX_DATAERR;
	case OUTCOME_TEMPORARY:
	case OUTCOME_BUSY:
	case OUTCOME_STOPPED:
		return EX_TEMPFAIL;
	case OUTCOME_REFUSED:
	case OUTCOME_FAILED:
	case OUTCOME_UNSTARTED:
	case OUTCOME_TIMEOUT:
		break;
	}
	return EX_SOFTWARE;
}
