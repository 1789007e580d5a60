#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Whether a month of made-up events has what there is to look at, and no link of
# the page leads to nothing.  TAP; needs jq.

set -u

HERE=$(cd "$(dirname "$0")" && pwd) || exit 1
BUILD=${abs_top_builddir:-$(cd "$HERE/../.." && pwd)}
SITE=$(mktemp -d "${TMPDIR:-/tmp}/pelihook-month.XXXXXX") || exit 1
trap 'rm -rf "$SITE"' EXIT
trap 'exit 1' HUP INT TERM
number=0
failed=0

ctl() {
	"$BUILD/ctl/pelihookctl" -c "$SITE/pelihook.conf" "$@"
}

# Asks the page what each line says; its status is put into the file statuses, and
# where the first links of each answer lead to, once, into links.
look() {
	while read -r query; do
		PELIHOOK_CONFIG=$SITE/pelihook.conf PELIHOOK_PAGE=view \
		    REMOTE_USER=ann REQUEST_METHOD=GET QUERY_STRING=$query \
		    "$BUILD/cgi/pelihook.cgi" </dev/null >"$SITE/answer"
		read -r _ status _ <"$SITE/answer"
		echo "$status ?$query" >>"$SITE/statuses"
		grep -o 'href="?[^"]*"' "$SITE/answer" | head -n 40
	done | sed 's/^href="?//; s/"$//; s/&amp;/\&/g' | sort -u >"$SITE/links"
}

is() {	# what, wanted, found
	number=$((number + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $number - $1"
		return
	fi
	failed=1
	echo "not ok $number - $1"
	printf '%s\n' "wanted: $2" "found: $3" | sed 's/^/# /'
}

command -v jq >/dev/null || {
	echo '1..0 # SKIP there is no jq'
	exit 0
}
sh "$HERE/site.sh" "$SITE" || exit 1
"$BUILD/tests/month/month" "$SITE/pelihook.conf" >"$SITE/made" || {
	echo 'Bail out! the month cannot be made'
	exit 1
}

ctl pipelines --json >"$SITE/pipelines"
is 'a month has pipelines in every state' \
    'failing fine late learning stuck unwatched ' \
    "$(jq -r .state "$SITE/pipelines" | sort -u | tr '\n' ' ')"
is 'one of them is muted' 'Mailchimp audience' \
    "$(jq -r 'select(.muted_until != null) | .pipeline.name' "$SITE/pipelines")"
for state in "queued" "done" "dead"; do
	is "some deliveries are $state" 1 \
	    "$(ctl list --json --state $state | head -n 1 | wc -l)"
done
is 'what is queued came in the last hours' 0 \
    "$(ctl list --json --state queued | jq -s --arg time \
	"$(date -u -d '3 hours ago' +%FT%T)" \
	'map(select(.received < $time)) | length')"
is 'there are about 3,000 deliveries' true \
    "$(ctl stats --json | jq '[.hooks[].events[] | .done + .dead] | add |
	. > 2500 and . < 3500')"
# Some beginnings of runs are ignored, and one pipeline is known no more.
ctl forget "$(ctl pipelines --json | jq -r .pipeline.id | head -n 1)" >/dev/null
echo >"$SITE/links"
for _ in overview its theirs; do
	mv "$SITE/links" "$SITE/next"
	look <"$SITE/next"
done
is 'links are followed' true \
    "$([ "$(wc -l <"$SITE/statuses")" -gt 300 ] && echo true)"
is 'every link of the page leads to something' '' \
    "$(grep -v '^200 ' "$SITE/statuses" | head)"
echo "1..$number"
exit $failed
