#!/bin/sh
# SPDX-License-Identifier: ISC
# Root hides /proc from a runner and gives it PID namespaces; what needs none
# of that is run by an ordinary user all the same.
[ "$(id -u)" -ne 0 ] || STAYS_ROOT=yes
. "$(dirname "$0")/ordinary.sh"
