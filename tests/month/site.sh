#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Makes what a month of made-up events belongs to: a configuration, a secret,
# and the commands, of which `load' fails as long as there is a file `away'.
#
#	sh site.sh DIRECTORY

set -eu

HERE=$(cd "$(dirname "$0")" && pwd)
SITE=$1

command_of() {	# name; a script on standard input
	cat >"$SITE/$1"
	chmod 755 "$SITE/$1"
}

chmod go-w "$SITE"
openssl rand -hex 32 >"$SITE/secret"
chmod 600 "$SITE/secret"
sed "s|@SITE@|$SITE|" "$HERE/pelihook.conf.in" >"$SITE/pelihook.conf"
: >"$SITE/away"
command_of load <<END
#!/bin/sh
cat >/dev/null
[ ! -e $SITE/away ] || {
	echo 'psql: error: FATAL:  the database system is in recovery mode' >&2
	exit 75
}
echo "\$PELIHOOK_PIPELINE: loaded"
END
# What an event asks for: to be refused at its first try, and to be waited for
# until there is a file `go'.
command_of book-order <<END
#!/bin/sh
body=\$(cat)
case \$body in
*'"refuse"'*)
	mkdir "$SITE/refused-\$PELIHOOK_ID" 2>/dev/null && {
		echo 'this order cannot be booked' >&2
		exit 65
	} ;;
*'"wait"'*)
	tries=0
	until [ -e "$SITE/go" ] || [ \$tries -gt 250 ]; do
		tries=\$((tries + 1))
		sleep 0.1
	done ;;
esac
echo "booked \$PELIHOOK_ID"
END
for name in alarm page-oncall; do
	command_of $name <<-END
	#!/bin/sh
	cat >/dev/null
	echo "\$PELIHOOK_TEXT"
	END
done
