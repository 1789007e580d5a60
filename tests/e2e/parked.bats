# SPDX-License-Identifier: ISC
#
# Requests that wait at the socket of pelihook.fcgi: for a turn among
# max-running, or for the journal.  They hold no thread, and what they hold of
# memory is bounded.

load lib.bash

setup_file() {
	mkdir -p "$WORK"
}

parked() {
	PELIHOOK_FCGI=$FCGI python3 "$SOURCE/tests/e2e/parked.py" "$@" \
	    >"$WORK/out" 2>&1 || {
		cat "$WORK/out"
		return 1
	}
	sed 's/^/# /;s/^# # /# /' "$WORK/out" >&3
}

@test "who came first has his turn first" {
	parked order
}

@test "2,000 at once are all answered, and none is run after its 503" {
	enough_descriptors
	parked many
}

@test "while the only command runs, all else is answered at once" {
	parked one_thread
}

@test "as many commands as have a slot run at once" {
	parked all_at_once
}

@test "a stop answers what waits for its turn" {
	parked stop_in_time
}

@test "a stop answers what waits for its turn behind what does not end" {
	parked stop_too_long
}

@test "1,000 bodies of 1 MiB that wait for a turn, and what memory they take" {
	enough_descriptors
	parked memory_of_commands
}

@test "1,000 bodies of 1 MiB that wait for the journal, and what memory they take" {
	enough_descriptors
	parked memory_of_queue
}

@test "where bodies are too many the oldest that is not whole is answered 503" {
	parked oldest
}

@test "where bodies are too many and all are whole the new one is answered 503" {
	parked newest
}

@test "bodies that are stored at once are never too many" {
	parked quick_queue
}

@test "of many large payloads of tiny values few are parsed at once" {
	parked tiny_values
}

@test "what waits for its turn is answered though nobody reads the log" {
	parked log_unread
}
