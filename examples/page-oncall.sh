#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Pages whoever is on call when something went wrong, through any service
# that takes a text by POST (ntfy is one).  Needs curl.
#
#	watch on failing off
#	setenv ONCALL_URL https://ntfy.example.org/elt
#	on @problem @watch run /usr/local/bin/page-oncall "ELT trouble"
#
# The text is one sentence: what happened, to which pipeline, why.  A run
# that may simply be triggered again is not worth waking anybody.  Without
# `failing off' each failure would page twice, by the event and by the alarm that
# the pipeline is failing, which does not say whether it may be triggered again.
# To be paged once until it succeeds again, write `watch on' and only `@watch'.

set -u

: "${ONCALL_URL:?is not set}" "${PELIHOOK_TEXT:?is not set}"
title=${1:-pelihook}

if [ "${PELIHOOK_RETRIGGER:-}" = safe ]; then
	echo "safe to trigger again, nobody is paged" >&2
	exit 0
fi

# On stdin, for a text that began with @ would name a file.
printf '%s\n' "$PELIHOOK_TEXT" |
    curl --fail --silent --show-error --max-time 20 \
	-H "Title: $title" -H "X-Event-Id: $PELIHOOK_ID" \
	--data-binary @- "$ONCALL_URL" >/dev/null || exit 75
