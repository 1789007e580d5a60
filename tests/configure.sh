#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Whether configure goes on where it may, and stops where it was told to
# insist: with and without libpq.  Nothing is built here.  Run by make check.

set -u
unset MAKEFLAGS MAKELEVEL MFLAGS PKG_CONFIG_PATH PKG_CONFIG_LIBDIR CFLAGS \
    CPPFLAGS LDFLAGS

SOURCE=${abs_top_srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
WORK=$(mktemp -d "${TMPDIR:-/tmp}/pelihook-configure.XXXXXX") || exit 1
trap 'rm -rf "$WORK"' EXIT
trap 'exit 1' HUP INT TERM
number=0
failures=0

# A pkg-config to which libpq is not there.
REAL=$(command -v pkg-config) || exit 1
cat >"$WORK/without-libpq" <<END
#!/bin/sh
case " \$* " in
*' libpq '*) echo 'no libpq here' >&2; exit 1 ;;
esac
exec $REAL "\$@"
END
chmod 755 "$WORK/without-libpq"

# What was found out of the compiler holds for all, what pkg-config said does
# not.
configure() {	# configure's words
	rm -rf "$WORK/build"
	mkdir "$WORK/build"
	[ ! -e "$WORK/cache" ] ||
	    sed -i '/LIBPQ/d; /PKG_CONFIG/d' "$WORK/cache"
	(cd "$WORK/build" && exec "$SOURCE/configure" \
	    --cache-file="$WORK/cache" "$@") >"$WORK/log" 2>&1
}

verdict() {	# name, status
	number=$((number + 1))
	if [ "$2" -eq 0 ]; then
		echo "ok $number - $1"
	else
		failures=$((failures + 1))
		echo "not ok $number - $1"
		tail -n 30 "$WORK/log" | sed 's/^/# /'
	fi
}

skip() {	# name, why
	number=$((number + 1))
	echo "ok $number - $1 # SKIP $2"
}

says() {	# text
	grep -qF -e "$1" "$WORK/log"
}

is_built() {	# 0 or 1
	grep -q "^DEFS = .*-DHAVE_POSTGRESQL=$1" "$WORK/build/Makefile"
}

configure PKG_CONFIG="$WORK/without-libpq" && is_built 0 &&
    says 'PostgreSQL      no (libpq is missing: install the Debian package libpq-dev)'
verdict 'without libpq configure goes on, and says so' $?
! configure PKG_CONFIG="$WORK/without-libpq" --with-postgresql &&
    says 'libpq is missing: install the Debian package libpq-dev'
verdict '--with-postgresql stops where libpq is missing' $?
configure --without-postgresql && is_built 0 &&
    says 'PostgreSQL      no (--without-postgresql)'
verdict '--without-postgresql leaves it out' $?
name='libpq is found'
if "$REAL" 'libpq >= 14'; then
	configure && is_built 1 && says 'PostgreSQL      yes'
	verdict "$name" $?
else
	skip "$name" 'there is none'
fi
name='a program with static libraries is built without'
if configure --enable-static-cgi; then
	is_built 0 && says 'PostgreSQL      no (a program with static'
	verdict "$name" $?
	! configure --enable-static-cgi --with-postgresql &&
	    says 'a program with static libraries cannot load libpq'
	verdict 'and --with-postgresql does not go with it' $?
else
	skip "$name" 'there are no static libraries'
fi
echo "1..$number"
[ "$failures" -eq 0 ]
