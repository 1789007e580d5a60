/* SPDX-License-Identifier: ISC */
#include <sysexits.h>

#include "exit_status.h"

int
exit_status(enum rc rc)
{
	switch (rc) {
	case RC_OK:
	case RC_DELIVERED:
	case RC_IGNORED:
	case RC_DUPLICATE:
	case RC_QUEUED:
		return EX_OK;
	case RC_SYNTAX:
	case RC_RANGE:
	case RC_METHOD:
		return EX_USAGE;
	case RC_LENGTH:
	case RC_LARGE:
	case RC_ENCODED:
	case RC_REPEATED:
	case RC_SIGNATURE:
	case RC_JSON:
	case RC_REJECTED:
	case RC_CORRUPT:
		return EX_DATAERR;
	case RC_NO_HOOK:
	case RC_MISSING:
		return EX_NOINPUT;
	case RC_FAILED:
	case RC_UNSTARTED:
	case RC_TIMEOUT:
	case RC_MEMORY:
	case RC_SYSTEM:
		return EX_SOFTWARE;
	case RC_SHORT:
	case RC_SLOW:
	case RC_STORE:
		return EX_IOERR;
	case RC_TEMPORARY:
	case RC_BUSY:
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
