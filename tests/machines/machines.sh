# SPDX-License-Identifier: ISC
# shellcheck shell=sh
#
# Sourced by tests that need several machines.  A machine is made of
# namespaces: its network, its processes, its name and its files (/tmp, /run,
# /proc and /var/lib/pelihook) are its own, and so are its machine-id and its
# boot.  What it shares with the others is the directory WORK.  All hang on one
# bridge, in a network where nobody else is; the database is there, too, on
# the bridge's own addresses.
#
#	WORK=DIRECTORY
#	machines_possible || skip ...
#	network_up
#	machine_start one
#	machine_run one hostname
#	...
#	machines_down		stops exactly what was started
#
# Whatever runs on a machine ends with its PID 1, so that nothing is left.  How
# to wait is in ../e2e/lib.bash, which is sourced before.

MACHINES_SOURCE=${MACHINES_SOURCE:?is not set: the directory of init.sh}
NETWORK_PREFIX=10.77.0
MACHINE_USER=${MACHINE_USER:-65534}

# Says what is missing.
machines_possible() {
	if [ "$(id -u)" -ne 0 ]; then
		echo 'only root can make machines out of namespaces'
		return 1
	fi
	for word in ip nft nsenter setpriv unshare; do
		command -v "$word" >/dev/null || {
			echo "no $word is installed"
			return 1
		}
	done
	# shellcheck disable=SC2016
	unshare --net --pid --uts --ipc --mount --fork sh -euc '
		mount --make-rprivate /
		mount -t proc proc /proc
		ip link add bridge type bridge
		ip link add one type veth peer name two
		nft add table netdev cut
		nft "add chain netdev cut c { type filter hook ingress \
		    device one priority 0; policy drop; }"' \
	    >/dev/null 2>&1 || {
		echo 'no namespaces, bridges or filters of our own here'
		return 1
	}
}

# ---- The network --------------------------------------------------------------

# Held by a process that does nothing else.
network_up() {
	unshare --net sleep infinity </dev/null >/dev/null 2>&1 3>&- &
	echo $! >"$WORK/network"
	# bash would tell of its end.
	# shellcheck disable=SC3044
	disown "$!" 2>/dev/null || :
	until_true 10 network_is_apart || return 1
	in_network ip link set lo up &&
	    in_network ip link add bridge type bridge &&
	    in_network ip link set bridge up &&
	    network_address "$NETWORK_PREFIX.1"
}

network_is_apart() {
	[ "$(readlink "/proc/$(cat "$WORK/network")/ns/net")" != \
	    "$(readlink /proc/self/ns/net)" ]
}

network_address() {	# address: one more of the bridge's own
	in_network ip addr add "$1/24" dev bridge
}

in_network() {	# command...
	nsenter --net="/proc/$(cat "$WORK/network")/ns/net" -- "$@"
}

network_down() {
	[ -s "$WORK/network" ] || return 0
	kill -KILL "$(cat "$WORK/network")" 2>/dev/null || :
	rm -f "$WORK/network"
}

# From now on packets vanish, as if a cable were pulled somewhere: nothing is
# refused and no link goes down.  `in` is what comes to the machine, `out` what
# it sends.
network_cut() {	# name [both|in|out]
	case ${2:-both} in
	both | out) drop_all "cut_$1" "$1" | in_network nft -f - ||
		return 1 ;;
	esac
	case ${2:-both} in
	both | in) drop_all cut eth0 | machine_run "$1" nft -f - ||
		return 1 ;;
	esac
}

drop_all() {	# table device
	echo "table netdev $1 { chain everything { type filter hook ingress" \
	    "device $2 priority 0; policy drop; }; }"
}

network_restore() {	# name
	in_network nft delete table netdev "cut_$1" 2>/dev/null || :
	machine_run "$1" nft delete table netdev cut 2>/dev/null || :
}

# ---- A machine ----------------------------------------------------------------

machine_init() {	# name: its PID 1, as we know it
	cat "$WORK/$1/init"
}

machine_address() {	# name
	cat "$WORK/$1/address"
}

# The first time it gets what stays its own whenever it is started.
machine_make() {	# name
	number=$(($(find "$WORK" -mindepth 2 -maxdepth 2 -name address |
	    wc -l) + 11))
	mkdir -p "$WORK/$1/lib" &&
	    chown "$MACHINE_USER:$MACHINE_USER" "$WORK/$1/lib" &&
	    chmod 700 "$WORK/$1/lib" &&
	    echo "$1" >>"$WORK/machines" &&
	    openssl rand -hex 16 >"$WORK/$1/machine-id" &&
	    echo "$NETWORK_PREFIX.$number" >"$WORK/$1/address"
}

machine_start() {	# name
	[ -e "$WORK/$1/address" ] || machine_make "$1" || return 1
	rm -f "$WORK/$1/init"
	cat /proc/sys/kernel/random/uuid >"$WORK/$1/boot-id"
	unshare --net --pid --uts --ipc --mount --fork --kill-child \
	    bash "$MACHINES_SOURCE/init.sh" "$1" "$WORK" \
	    >>"$WORK/$1/console" 2>&1 </dev/null 3>&- &
	make_pid=$!
	# shellcheck disable=SC3044
	disown "$make_pid" 2>/dev/null || :
	until_true 30 machine_is_up_or_gone "$1" "$make_pid" || :
	if [ ! -s "$WORK/$1/init" ]; then
		tail "$WORK/$1/console" >&2
		return 1
	fi
	machine_connect "$1"
}

machine_is_up_or_gone() {	# name pid
	[ -s "$WORK/$1/init" ] || is_gone "$2"
}

machine_connect() {	# name
	in_network ip link add "$1" type veth peer name eth0 \
	    netns "$(machine_init "$1")" &&
	    in_network ip link set "$1" master bridge up &&
	    machine_run "$1" ip addr add "$(machine_address "$1")/24" \
		dev eth0 &&
	    machine_run "$1" ip link set eth0 up
}

# As root.
machine_run() {	# name command...
	run_init=$(machine_init "$1") || return 1
	shift
	nsenter -t "$run_init" -m -u -i -n -p -- env -C / "$@"
}

machine_user() {	# name command...
	user_name=$1
	shift
	machine_run "$user_name" setpriv --reuid="$MACHINE_USER" \
	    --regid="$MACHINE_USER" --clear-groups "$@"
}

# machine_launch NAME WHAT COMMAND...: as the user, in the background and in a
# session of its own, a child of the machine's PID 1.  Its output is in
# NAME/WHAT.log, and its number on the machine in NAME/WHAT.pid.
machine_launch() {
	launch_on=$1
	what=$WORK/$1/$2
	shift 2
	rm -f "$what.pid"
	# shellcheck disable=SC2016
	machine_run "$launch_on" setsid -f sh -c '
		umask 022
		echo $$ >"$1.pid.new" && mv "$1.pid.new" "$1.pid"
		shift
		exec "$@"' sh "$what" setpriv --reuid="$MACHINE_USER" \
	    --regid="$MACHINE_USER" --clear-groups "$@" \
	    >>"$what.log" 2>&1 </dev/null 3>&- &&
	    until_true 10 test -s "$what.pid"
}

machine_signal() {	# name what signal
	machine_run "$1" sh -c "kill -$3 $(cat "$WORK/$1/$2.pid")"
}

machine_has() {	# name what: whether it is there
	[ -s "$WORK/$1/$2.pid" ] && machine_run "$1" sh -c "kill -0 $(cat "$WORK/$1/$2.pid")" 2>/dev/null
}

# All its processes, as we know them.
machine_processes() {	# name
	# "pid:[NUMBER]", and find takes patterns.
	namespace=$(readlink "/proc/$(machine_init "$1")/ns/pid") || return 1
	namespace=${namespace#*[}
	namespace="pid:\[${namespace%]}\]"
	# Numbers have no blanks, and many processes end meanwhile.
	find /proc/[0-9]*/ns/pid -maxdepth 0 -lname "$namespace" 2>/dev/null |
	    cut -d / -f 3
}

machine_is_stopped() {	# name
	stopped=0
	for process in $(machine_processes "$1"); do
		case $(sed 's/.*) //; s/ .*//' "/proc/$process/stat" \
		    2>/dev/null) in
		T | Z | X | '') ;;
		*)
			kill -STOP "$process" 2>/dev/null
			stopped=1 ;;
		esac
	done
	[ "$stopped" -eq 0 ]
}

# A process may have made another one after we looked, and before it stopped:
# so it is over when nothing was found to go on twice.
machine_is_still() {	# name
	machine_is_stopped "$1" && machine_is_stopped "$1"
}

# As a virtual machine that gets no processor any more.
machine_freeze() {	# name
	until_true 10 machine_is_still "$1" && machine_note freeze "$1"
}

machine_thaw() {	# name
	machine_note thaw "$1"
	for process in $(machine_processes "$1"); do
		kill -CONT "$process" 2>/dev/null || :
	done
}

# As if its power were cut: nobody hears of it any more.
machine_kill() {	# name
	killed=$(machine_init "$1") || return 1
	network_cut "$1"
	kill -KILL "$killed" 2>/dev/null || :
	until_true 10 is_gone "$killed"
	machine_note kill "$1"
	machine_disconnect "$1"
}

machine_disconnect() {	# name
	in_network ip link delete "$1" 2>/dev/null || :
	in_network nft delete table netdev "cut_$1" 2>/dev/null || :
	rm -f "$WORK/$1/init"
}

machine_is_there() {	# name
	[ -s "$WORK/$1/init" ] && ! is_gone "$(machine_init "$1")"
}

machines_down() {
	[ -e "$WORK/machines" ] || return 0
	while read -r down; do
		[ -s "$WORK/$down/init" ] || continue
		kill -KILL "$(machine_init "$down")" 2>/dev/null || :
	done <"$WORK/machines"
	network_down
}

# How many seconds its wall clock is off, for what is started by
# `machine_launch NAME WHAT $(machine_clock NAME) COMMAND`; it may change at any
# time (tests/fault/clock.c).
machine_set_clock() {	# name seconds
	perl -e 'print pack("q<", shift)' -- "$2" >"$WORK/$1/clock.new" &&
	    cat "$WORK/$1/clock.new" >"$WORK/$1/clock"
}

machine_clock() {	# name: words before a command
	[ ! -e "$WORK/$1/clock" ] || echo "env LD_PRELOAD=$WORK/bin/clock.so" \
	    "PELIHOOK_TEST_CLOCK=$WORK/$1/clock"
}

# What was done to machines stands in the ledger between the runs.
machine_note() {	# word...
	[ ! -e "$WORK/shared/ledger" ] ||
	    perl -MTime::HiRes=clock_gettime,CLOCK_MONOTONIC -e '
		open(my $to, ">>", shift) or die;
		syswrite($to, sprintf("# %d %s\n",
		    clock_gettime(CLOCK_MONOTONIC) * 1e9, "@ARGV"))' \
	    "$WORK/shared/ledger" "$@"
}
