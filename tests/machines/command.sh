#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The command of the machines' tests: command.sh LEDGER SHARED.  An event may
# say for each machine how its runs end, under the machine's name (tests/model/
# ledger.c), and for a machine that is held (SHARED/hold.NAME) under NAME.hold.
name=$(uname -n)
[ ! -e "$2/hold.$name" ] || name=$name.hold
exec "$1" "$2" "$name"
