#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Takes a picture of the page with a month of made-up events, as README has it:
# starts what `demo.sh --stay' starts, and stops it again.  Needs chromium, and
# pngquant or ImageMagick, so that the PNG has 200 KB at most.
#
#	sh examples/page-picture.sh [FILE]
#
# FILE is examples/page.png unless it is named.

set -eu

TOP=$(cd "$(dirname "$0")/.." && pwd)
FILE=${1:-$TOP/examples/page.png}
MOST=200000
COLOURS=64
DEMO=

give_up() {	# what
	echo "page-picture: $1" >&2
	exit 1
}

clean_up() {
	if [ -n "$DEMO" ]; then
		kill "$DEMO" 2>/dev/null || :
		wait "$DEMO" 2>/dev/null || :
	fi
	rm -rf "$WORK"
}

# Building takes its time.
wait_for_page() {
	tries=0
	until grep -q 'It stays until' "$WORK/demo"; do
		tries=$((tries + 1))
		if [ $tries -gt 600 ] || ! kill -0 "$DEMO" 2>/dev/null; then
			tail -n 20 "$WORK/demo" >&2
			give_up 'the demo does not come to its page'
		fi
		sleep 0.5
	done
}

# The address, with who may look.
address() {
	sed -n '/^  to look: /{
		s|^  to look: http://||
		N
		s|^\(.*\)\n *user \(.*\), password \(.*\)|http://\2:\3@\1|p
	}' "$WORK/demo"
}

take_picture() {
	sandbox=
	[ "$(id -u)" -ne 0 ] || sandbox=--no-sandbox
	# Words are wanted here.
	# shellcheck disable=SC2086
	chromium --headless $sandbox --disable-gpu --hide-scrollbars \
	    --user-data-dir="$WORK/chromium" --window-size=1280,1700 \
	    --screenshot="$WORK/page.png" "$(address)" >"$WORK/log" 2>&1 || :
	[ -s "$WORK/page.png" ] || {
		tail -n 20 "$WORK/log" >&2
		give_up 'chromium takes no picture'
	}
}

shrink() {
	if command -v pngquant >/dev/null; then
		pngquant --force --strip --output "$WORK/small.png" $COLOURS \
		    "$WORK/page.png"
	elif command -v convert >/dev/null; then
		convert "$WORK/page.png" -strip -colors $COLOURS \
		    "PNG8:$WORK/small.png"
	else
		give_up 'neither pngquant nor ImageMagick is installed'
	fi
	size=$(wc -c <"$WORK/small.png")
	[ "$size" -le $MOST ] || give_up "$size bytes are too many"
}

command -v chromium >/dev/null || give_up 'chromium is not installed'
WORK=$(mktemp -d "${TMPDIR:-/tmp}/pelihook-picture.XXXXXX")
trap clean_up EXIT
trap 'exit 1' HUP INT TERM
: >"$WORK/demo"
sh "$TOP/examples/demo.sh" --stay >"$WORK/demo" 2>&1 </dev/null &
DEMO=$!
wait_for_page
take_picture
shrink
cp "$WORK/small.png" "$FILE"
echo "$FILE: $size bytes"
