#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Triggers a run again that Peliqan killed for an upgrade of its own, once you
# have filled in how.  Needs curl.  The parts marked FILL IN are yours to write:
# until then it does nothing but fail (exit 78), so that the event is tried again
# as `retry' says, and is kept as dead after that, for `pelihookctl retry'.
#
#	setenv-file PELIQAN_TOKEN /etc/pelihook/peliqan.token
#	setenv RETRIGGER_STATE /var/lib/pelihook-retrigger
#	on pipeline_run_killed_for_system_upgrade run /usr/local/bin/retrigger-run
#
# The directory has to be there and to be the user's whom pelihook runs as:
#
#	install -d -o www-data -g www-data -m 700 /var/lib/pelihook-retrigger
#
# No pipeline is triggered more than RETRIGGER_MOST times in an hour (3
# unless set): an event beyond that is dead at once, so that a run that is
# killed each time does not go round for ever.

set -u

complain() {
	printf '%s\n' "$*" >&2
}

# ---- FILL IN: where, and what -----------------------------------------------

# The address of your Peliqan, such as https://app.eu.peliqan.io
BASE=

# The number of the script that runs a pipeline.
script_of() {	# pipeline, as pelihookctl shows it
	case $1 in
	# 'CRM to warehouse') echo 1234 ;;
	esac
}

# ---- FILL IN: how, if you know better ---------------------------------------

# What is public is how a script is run, by Peliqan's provider for Airflow,
# and not how a pipeline is.
trigger() {	# prints the status of the answer, or 000
	curl --silent --show-error --connect-timeout 5 --max-time 30 \
	    --output /dev/null --write-out '%{http_code}' \
	    --header @/dev/fd/3 --data '' \
	    "$BASE/api/interfaces/$script/schedule_run/" 3<<-END
	Authorization: JWT $PELIQAN_TOKEN
	END
}

# -----------------------------------------------------------------------------

if [ "${PELIHOOK_RETRIGGER:-}" != safe ]; then
	complain "$PELIHOOK_EVENT: not safe to trigger again, nothing is done"
	exit 0
fi
pipeline=${PELIHOOK_PIPELINE:-}
script=$(script_of "$pipeline")
if [ -z "$BASE" ] || [ -z "$script" ]; then
	complain "nothing was triggered: $0 has to be filled in," \
	    "BASE and script_of() for the pipeline '$pipeline'"
	exit 78
fi
: "${PELIQAN_TOKEN:?is not set}"

# A directory for each pipeline, whatever its name holds; in it a file for
# each call of the last day.  One command at a time looks and calls.
most=${RETRIGGER_MOST:-3}
calls=$(printf '%s/%s' "$PELIHOOK_HOOK" "$pipeline" | sha256sum)
calls=${RETRIGGER_STATE:-/var/lib/pelihook-retrigger}/${calls%% *}
mkdir -p "$calls" || exit 75
exec 9<"$calls"
flock -w 60 9 || exit 75
find "$calls" -type f -mmin +1440 -delete || exit 75

# An event may come again after its work.
if [ -e "$calls/$PELIHOOK_ID.done" ]; then
	complain 'this event has triggered a run before, nothing is done'
	exit 0
fi
if [ "$(find "$calls" -type f -mmin -60 | wc -l)" -ge "$most" ]; then
	complain "'$pipeline' was triggered $most times in an hour"
	# One that got no answer may have another try when the hour is over.
	[ -z "$(find "$calls" -name "$PELIHOOK_ID.*")" ] || exit 75
	exit 65
fi

# It is counted before it is made, and stays so unless nobody heard it.
call=$(mktemp "$calls/$PELIHOOK_ID.XXXXXX") || exit 75
code=$(trigger)
case $?:$code in
*:2??)
	mv "$call" "$calls/$PELIHOOK_ID.done"
	exit 0
	;;
*:4?? | *:503 | [567]:* | 35:* | 60:*) rm -f "$call" ;;
esac
complain "nothing was triggered as far as is known: the answer is $code"
case $code in
'' | 000 | 408 | 429 | 5??) exit 75 ;;
*) exit 65 ;;
esac
