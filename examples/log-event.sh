#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Appends each event to a file, one JSON object a line.  Needs jq.
#
#	setenv EVENT_LOG /var/log/pelihook/events.jsonl
#	on * run /usr/local/bin/log-event
#
# The directory has to be there and to be the user's whom pelihook runs as.
# The payload is on stdin, what is known about it in PELIHOOK_ variables.
# An event that cannot be written now is worth another try: exit 75.

set -u

line=$(jq -c '{
	id: env.PELIHOOK_ID,
	received: env.PELIHOOK_RECEIVED,
	event: env.PELIHOOK_EVENT,
	outcome: env.PELIHOOK_OUTCOME,
	cause: env.PELIHOOK_CAUSE,
	payload: .
}') || exit 65

printf '%s\n' "$line" >>"${EVENT_LOG:-/var/log/pelihook/events.jsonl}" ||
    exit 75
