# SPDX-License-Identifier: ISC
# shellcheck shell=sh
#
# Read by the scripts that need Debian packages: installs those that are
# missing, as root or through sudo, and starts nothing.

# A policy-rc.d that says 101 keeps packages from starting their servers.
# Debian's containers bring one; where there is none, ours is there for as
# long as apt-get is.
# shellcheck disable=SC2016
INSTALL='
guard=/usr/sbin/policy-rc.d
if [ ! -e $guard ]; then
	trap "rm -f $guard" EXIT
	trap "exit 1" HUP INT TERM
	printf "#!/bin/sh\nexit 101\n" >$guard
	chmod 755 $guard
fi
DEBIAN_FRONTEND=noninteractive
export DEBIAN_FRONTEND
apt-get -q update &&
    apt-get -q -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@"
'

missing_packages() {	# package...
	for package in "$@"; do
		# A nodejs from elsewhere brings npm, and excludes Debian's.
		[ "$package" != npm ] || ! command -v npm >/dev/null ||
		    continue
		dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null |
		    grep -q ' installed$' || echo "$package"
	done
}

install_packages() {	# log, package...
	install_log=$1
	shift
	command -v dpkg-query >/dev/null || return 0
	# Words are wanted here.
	# shellcheck disable=SC2046
	set -- $(missing_packages "$@")
	[ $# -gt 0 ] || return 0
	echo "installing $*" >&2
	if [ "$(id -u)" -eq 0 ]; then
		sh -c "$INSTALL" sh "$@"
	elif command -v sudo >/dev/null; then
		sudo sh -c "$INSTALL" sh "$@"
	else
		echo "neither root nor sudo: apt-get install $*" >&2
		return 1
	fi >"$install_log" 2>&1 </dev/null || {
		tail -n 30 "$install_log" >&2
		return 1
	}
}
