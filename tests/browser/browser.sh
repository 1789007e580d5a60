#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The page in a real browser: chromium, driven by node, behind real servers.
# TAP.  What is not Debian's is installed by npm into the build directory, as
# package-lock.json has it; elsewhere it may be in BROWSER_MODULES already.
#
#	PELIHOOK_BUILD=DIRECTORY sh browser.sh [TEXT]
#
# Of the tests those are run whose names hold the text.

set -u

HERE=$(cd "$(dirname "$0")" && pwd) || exit 1
: "${PELIHOOK_BUILD:?is not set: the directory that make ran in}"
PELIHOOK_BUILD=$(cd "$PELIHOOK_BUILD" && pwd) || exit 1
PELIHOOK_SOURCE=$(cd "$HERE/../.." && pwd) || exit 1
export PELIHOOK_BUILD PELIHOOK_SOURCE
COPY=$PELIHOOK_BUILD/browser.d

rm -rf "$COPY"
mkdir "$COPY" && cp "$HERE"/*.js "$HERE"/*.json "$COPY" || exit 1
cd "$COPY" || exit 1
if [ -n "${BROWSER_MODULES:-}" ]; then
	ln -s "$BROWSER_MODULES" node_modules
else
	npm_config_cache=$COPY/npm npm_config_update_notifier=false \
	    npm ci --ignore-scripts --no-audit --no-fund >npm.log 2>&1 || {
		sed 's/^/# /' npm.log
		echo 'Bail out! npm does not install what the tests need'
		exit 1
	}
fi
exec node run.js "$@"
