# SPDX-License-Identifier: ISC
# What the tests of pelihookctl share.  Root hands all work to nobody.

build=${abs_top_builddir:-$BATS_TEST_DIRNAME/../..}
PELIHOOKCTL=$build/ctl/pelihookctl
PELIHOOK_CGI=$build/cgi/pelihook.cgi

# A directory of its own for each test, that others can look into.
ctl_begin() {
	unset PELIHOOK_CONFIG REQUEST_METHOD
	T=$(mktemp -d "${TMPDIR:-/tmp}/pelihook-ctl.XXXXXX")
	chmod 755 "$T"
	conf=$T/pelihook.conf
	if [ "$(id -u)" = 0 ]; then
		as="-u nobody"
	else
		as=
	fi
}

ctl_end() {
	rm -rf "$T"
}

# A secret that only pelihook's user reads.  (name, text)
make_secret() {
	printf '%s\n' "$2" >"$T/$1"
	chmod 600 "$T/$1"
	if [ "$(id -u)" = 0 ]; then
		chown nobody "$T/$1"
	fi
}

# A command made of standard input.  (name)
make_command() {
	{
		echo '#!/bin/sh'
		cat
	} >"$T/$1"
	chmod 755 "$T/$1"
}

# The configuration is what stands on standard input behind the usual hook.
make_conf() {
	make_secret secret 0123456789abcdef
	{
		echo 'hook peliqan'
		echo "secret-file $T/secret"
		cat
	} >"$conf"
	chmod 644 "$conf"
}

# pelihookctl with the test's configuration, as it is used by the service.
ctl() {
	# shellcheck disable=SC2086 # two words or none
	"$PELIHOOKCTL" -c "$conf" $as "$@"
}

# As an ordinary user, whoever runs the test.
ctl_unprivileged() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid nobody --regid nogroup --clear-groups \
		    "$PELIHOOKCTL" "$@"
	else
		"$PELIHOOKCTL" "$@"
	fi
}

# Header lines on standard input as the variables of a gateway.
as_variables() {
	while IFS= read -r line; do
		name=$(printf '%s' "${line%%:*}" | tr a-z- A-Z_)
		printf 'HTTP_%s=%s\n' "$name" "${line#*: }"
	done
}

# Posts a file to a hook with header lines; prints the status. (hook, body,
# headers)
post() {
	as_variables <"$3" >"$T/variables"
	set -- "$1" "$2"
	while IFS= read -r variable; do
		set -- "$@" "$variable"
	done <"$T/variables"
	hook=$1 body=$2
	shift 2
	# shellcheck disable=SC2086
	cgi_user env -i PELIHOOK_CONFIG="$conf" GATEWAY_INTERFACE=CGI/1.1 \
	    REQUEST_METHOD=POST PATH_INFO="/$hook" \
	    CONTENT_LENGTH="$(wc -c <"$body")" "$@" \
	    "$PELIHOOK_CGI" <"$body" >"$T/reply" 2>>"$T/log"
	sed -n 's/^Status: \([0-9]*\).*/\1/p' "$T/reply"
}

cgi_user() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid nobody --regid nogroup --clear-groups "$@"
	else
		"$@"
	fi
}

needs_root() {
	[ "$(id -u)" = 0 ] || skip "needs root"
}

# Whether pelihookctl takes a journal on PostgreSQL.
has_postgresql() {
	printf 'journal postgresql://\nnonsense\n' >"$T/has.conf"
	[[ $("$PELIHOOKCTL" -c "$T/has.conf" check 2>&1) != \
	    *"is built without PostgreSQL"* ]]
}

needs_postgresql() {
	has_postgresql || skip "built without PostgreSQL"
}

# The indented block of README that begins with a line. (line)
readme_block() {
	awk -v first="    $1" '
		$0 == first { inside = 1 }
		inside && /^[^ ]/ { exit }
		inside { sub(/^    /, ""); print }
	' "$BATS_TEST_DIRNAME/../../README.md"
}
