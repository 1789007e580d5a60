#!/bin/sh
# SPDX-License-Identifier: ISC
[ "$(id -u)" -eq 0 ] || { echo '1..0 # SKIP only for root'; exit 0; }
STAYS_ROOT=yes
. "$(dirname "$0")/ordinary.sh"
