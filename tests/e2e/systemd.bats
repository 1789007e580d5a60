# SPDX-License-Identifier: ISC
#
# The units, as far as they can be tried without a systemd that runs.

load lib.bash
load servers.bash

UNITS='pelihook.socket pelihook.service pelihook-drain.timer
    pelihook-drain.service'

# The files as make install would bring them, but for the programs' places.
setup_file() {
	local file
	mkdir -p "$WORK/units" "$WORK/hardened/pelihook.service.d" \
	    "$WORK/hardened/pelihook-drain.service.d"
	for file in $UNITS; do
		[ -e "$SOURCE/examples/systemd/$file" ] ||
		    file=$BUILD/examples/systemd/$file
		(cd "$SOURCE/examples/systemd" && cat "$file") |
		    sed -e "s|/[^ ]*/pelihook.fcgi$|$FCGI|" \
			-e "s|/[^ ]*/pelihookctl |$CTL |" \
			>"$WORK/units/${file##*/}"
	done
	cp "$WORK"/units/* "$WORK/hardened/"
	for file in "$WORK"/hardened/*.d; do
		cp "$SOURCE/examples/systemd/hardened.conf" "$file/"
	done
}

verify() {	# directory
	local unit
	for unit in $UNITS; do
		SYSTEMD_UNIT_PATH=$WORK/$1: run systemd-analyze verify \
		    --man=no "$WORK/$1/$unit"
		echo "$unit: $output"
		[ "$status" -eq 0 ]
		[ -z "$output" ]
	done
}

exposure() {	# directory unit
	SYSTEMD_UNIT_PATH=$WORK/$1: systemd-analyze security --offline=true \
	    "$WORK/$1/$2" | sed -n 's/.*Overall exposure level for .*: //p' |
	    cut -d ' ' -f 1
}

@test "systemd-analyze verify has nothing to say" {
	verify units
}

@test "systemd-analyze verify has nothing to say with hardened.conf" {
	verify hardened
}

@test "systemd-analyze verify would say it" {
	sed 's/^KillMode=.*/KillMode=nonsense/' \
	    "$WORK/units/pelihook.service" >"$WORK/hardened/wrong.service"
	run systemd-analyze verify --man=no "$WORK/hardened/wrong.service"
	[[ $output == *nonsense* ]]
}

@test "the figures of systemd-analyze security are those of README" {
	local unit
	for unit in pelihook.service pelihook-drain.service; do
		run exposure units "$unit"
		echo "without: $output"
		grep -qF "$output without" "$SOURCE/README.md"
		run exposure hardened "$unit"
		echo "with: $output"
		grep -qF "$output with" "$SOURCE/README.md"
	done
}

# systemd.exec(5): these imply it for a unit with User=, and then sudo is an
# ordinary program.
@test "without hardened.conf nothing implies NoNewPrivileges" {
	local implying='NoNewPrivileges PrivateDevices ProtectHostname
	    ProtectClock ProtectKernel[A-Za-z]* Restrict[A-Z][A-Za-z]*
	    LockPersonality MemoryDenyWriteExecute SystemCall[A-Za-z]*
	    DynamicUser PrivateUsers CapabilityBoundingSet'
	# Words are wanted here.
	# shellcheck disable=SC2086
	set -f -- $implying
	run grep -hE "^($(IFS='|' && echo "$*"))=" "$WORK/units/pelihook.service" \
	    "$WORK/units/pelihook-drain.service"
	echo "$output"
	[ "$status" -eq 1 ]
}

@test "the unit's socket is the examples'" {
	local file
	for file in nginx.conf apache-proxy.conf lighttpd-fcgi.conf Caddyfile
	do
		grep -q "$(sed -n 's/^ListenStream=//p' \
		    "$WORK/units/pelihook.socket")" "$SOURCE/examples/$file"
	done
}

# What StandardInput=socket and RestartPreventExitStatus= count on.
@test "a configuration that is wrong ends the service for good" {
	echo 'hook first' >"$WORK/wrong.conf"
	chmod 600 "$WORK/wrong.conf"
	run "$FCGI" -c "$WORK/wrong.conf" -s "$WORK/none.sock"
	grep -qE "^RestartPreventExitStatus=.*\b$status\b" \
	    "$WORK/units/pelihook.service"
}
