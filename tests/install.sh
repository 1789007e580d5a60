#!/bin/sh
# SPDX-License-Identifier: ISC
#
# What make install and make uninstall do, below a directory of the test's
# own.  Run by make check.

set -u
unset MAKEFLAGS MAKELEVEL MFLAGS DESTDIR

BUILD=${abs_top_builddir:-$PWD}
STAGE=$(mktemp -d "${TMPDIR:-/tmp}/pelihook-install.XXXXXX") || exit 1
trap 'rm -rf "$STAGE"' EXIT
trap 'exit 1' HUP INT TERM
CONFIG=$STAGE/etc/pelihook/pelihook.conf
number=0
failures=0

install_to_stage() {	# target
	"${MAKE:-make}" -s -C "$BUILD" "$1" DESTDIR="$STAGE" prefix=/usr \
	    exec_prefix=/usr sysconfdir=/etc cgibindir=/usr/lib/cgi-bin \
	    sbindir=/usr/sbin mandir=/usr/share/man \
	    docdir=/usr/share/doc/pelihook \
	    bashcompletiondir=/usr/share/bash-completion/completions \
	    systemdsystemunitdir=/usr/lib/systemd/system \
	    >"$STAGE/make.log" 2>&1 && return
	sed 's/^/# /' "$STAGE/make.log"
	return 1
}

verdict() {	# name command...
	number=$((number + 1))
	name=$1
	shift
	if "$@"; then
		echo "ok $number - $name"
	else
		failures=$((failures + 1))
		echo "not ok $number - $name"
	fi
}

everything_is_there() {
	status=0
	for program in lib/cgi-bin/pelihook.cgi lib/cgi-bin/pelihook.fcgi \
	    sbin/pelihookctl; do
		[ -x "$STAGE/usr/$program" ] ||
		    { echo "# no /usr/$program"; status=1; }
	done
	for page in man5/pelihook.conf.5 man8/pelihook.cgi.8 \
	    man8/pelihook.fcgi.8 man8/pelihookctl.8; do
		[ -s "$STAGE/usr/share/man/$page" ] ||
		    { echo "# no $page"; status=1; }
	done
	for unit in pelihook.socket pelihook.service pelihook-drain.timer \
	    pelihook-drain.service; do
		[ -s "$STAGE/usr/lib/systemd/system/$unit" ] ||
		    { echo "# no $unit"; status=1; }
	done
	[ -s "$STAGE/usr/share/bash-completion/completions/pelihookctl" ] ||
	    { echo "# no completion"; status=1; }
	[ -s "$STAGE/usr/share/doc/pelihook/examples/nginx.conf" ] &&
	    [ -s "$CONFIG" ] && return $status
}

config_is_kept() {
	echo '# mine' >"$CONFIG"
	install_to_stage install && [ "$(cat "$CONFIG")" = '# mine' ]
}

only_config_stays() {
	install_to_stage uninstall || return 1
	rm -f "$STAGE/make.log"
	[ "$(find "$STAGE" ! -type d)" = "$CONFIG" ] && return
	find "$STAGE" ! -type d | sed 's/^/# /'
	return 1
}

nothing_stays() {
	rm -f "$CONFIG"
	install_to_stage install && install_to_stage uninstall || return 1
	rm -f "$STAGE/make.log"
	[ -z "$(find "$STAGE" ! -type d)" ]
}

verdict 'make install obeys DESTDIR' install_to_stage install
verdict 'programs, manual pages, examples and configuration are there' \
    everything_is_there
verdict 'a configuration that is there is kept' config_is_kept
verdict 'uninstall leaves a configuration that was changed' only_config_stays
verdict 'uninstall takes away what install brought' nothing_stays
echo "1..$number"
[ "$failures" -eq 0 ]
