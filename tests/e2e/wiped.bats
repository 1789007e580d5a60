#!/usr/bin/env bats
# SPDX-License-Identifier: ISC

load lib.bash

@test "a secret that is no longer needed is gone from memory" {
	python3 "$BATS_TEST_DIRNAME/wiped.py"
}
