#!/bin/sh
# SPDX-License-Identifier: ISC
. "$(dirname "$0")/ordinary.sh"
