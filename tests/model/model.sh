#!/bin/sh
# SPDX-License-Identifier: ISC
FAULT=$(cd "$(dirname "$0")/../fault" && pwd) || exit 1
PROGRAMS=tests/model/ledger
PELIHOOK_FAULT_JOURNAL=${PELIHOOK_MODEL_JOURNAL:-}
. "$FAULT/ordinary.sh"
