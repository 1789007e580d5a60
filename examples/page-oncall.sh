#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Pages whoever is on call when something went wrong, through any service
# that takes a text by POST (ntfy is one).  Needs curl.
#
#	setenv ONCALL_URL https://ntfy.example.org/elt
#	on @problem run /usr/local/bin/page-oncall "ELT trouble"
#
# Nothing of the payload is read: the words come from the table of events.
# A run that may simply be triggered again is not worth waking anybody.

set -u

title=${1:-pelihook}

if [ "${PELIHOOK_RETRIGGER:-}" = safe ]; then
	echo "safe to trigger again, nobody is paged" >&2
	exit 0
fi

text="$PELIHOOK_EVENT: ${PELIHOOK_OUTCOME:-unknown}"
[ -z "${PELIHOOK_CAUSE:-}" ] || text="$text, because of the $PELIHOOK_CAUSE"

curl --fail --silent --show-error --max-time 20 \
    -H "Title: $title" -H "X-Event-Id: $PELIHOOK_ID" \
    --data-binary "$text" "${ONCALL_URL:?is not set}" >/dev/null || exit 75
