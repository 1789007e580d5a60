#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Which room may use which, and where each library is at home.  A new edge
# between rooms is a change of the design and is made here.  Prints TAP; takes
# the top of a source tree, by default the one it is in.  What is compiled is
# looked for in abs_top_builddir, by default the same tree.

set -u
LC_ALL=C
export LC_ALL

# A room uses itself and the rooms before it; the front ends use all rooms,
# and none of them another front end.  common/README.md says what is in each.
ROOMS='base http signature event config journal command watch queue receive page'
FRONTS='cgi fcgi ctl'

# The rank of a room, from 1; 0 for a front end, nothing for what is neither.
rank_of() {	# directory
	case " $FRONTS " in
	*" $1 "*) echo 0; return ;;
	esac
	rank=0
	for room in $ROOMS; do
		rank=$((rank + 1))
		[ "common/$room" != "$1" ] || echo "$rank"
	done
}

# Where each call may be made, and each library be known.
home_of() {	# kind
	case $1 in
	libcrypto) echo common/base/crypto.c ;;
	json-c) echo 'common/event/*.[ch]' ;;
	sqlite3) echo 'common/journal/sqlite*.c' ;;
	libpq) echo common/journal/libpq.h common/journal/libpq.c \
	    common/journal/postgresql_internal.h \
	    common/journal/postgresql_connect.c \
	    common/journal/postgresql_result.c \
	    common/journal/postgresql_session.c ;;
	libfcgi) echo fcgi/responder.c ;;
	spawning) echo common/base/init.c common/command/spawn.c ;;
	esac
}

pattern_of() {	# kind, over code without comments and texts
	case $1 in
	libcrypto) echo '# *include *<openssl/' ;;
	json-c) echo '# *include *<json' ;;
	sqlite3) echo '# *include *<sqlite3' ;;
	libpq) echo '# *include *(<(postgresql/|libpq)|"journal/(libpq|postgresql_internal)\.h")' ;;
	libfcgi) echo '# *include *<fcgi' ;;
	spawning) echo '(^|[^A-Za-z0-9_])(posix_spawnp?|v?fork|_Fork|execl[ep]?|execvp?e?|execveat|fexecve|clone3?|daemon|popen|system) *\(' ;;
	printing) echo '(^|[^A-Za-z0-9_])(v?f?printf|v?dprintf|f?puts|f?putc|putchar|fwrite|perror|psignal|warnx?|write) *\(' ;;
	exit) echo '(^|[^A-Za-z0-9_])(exit|_exit|_Exit|quick_exit|abort|v?errx?) *\(' ;;
	banned) echo '(^|[^A-Za-z0-9_])(strcpy|stpcpy|strcat|v?sprintf|gets|atoi|atol|atoll|system|popen|alloca|strtok|tmpnam|mktemp) *\(' ;;
	esac
}

# Comments and the insides of texts taken out, lines kept; what #include
# names is kept too.
code_of() {	# file
	awk '
	BEGIN { state = "code" }
	{
		line = $0; out = ""
		if (state == "code" && line ~ /^[ \t]*#[ \t]*include/) {
			sub(/\/\*.*/, "", line); print line; next
		}
		for (i = 1; i <= length(line); i++) {
			c = substr(line, i, 1); two = substr(line, i, 2)
			if (state == "comment") {
				if (two == "*/") { state = "code"; i++ }
			} else if (state == "code" && two == "/*") {
				state = "comment"; i++
			} else if (state == "code" && two == "//") {
				break
			} else if (state == "code" && (c == "\"" || c == "\047")) {
				state = c; out = out c
			} else if (state == "code") {
				out = out c
			} else if (c == "\\") {
				i++
			} else if (c == state) {
				state = "code"; out = out c
			}
		}
		print out
	}' "$1"
}

# "FILE LINE INCLUDED" for each #include "..."
includes_of() {	# file
	code_of "$1" | awk -v file="$1" '
	/^[ \t]*#[ \t]*include[ \t]*"/ {
		split($0, part, "\""); print file, FNR, part[2]
	}'
}

# A name with a slash is below common/, any other one beside the file.
resolve() {	# file name
	case $2 in
	*/*) echo "common/$2" ;;
	*) echo "${1%/*}/$2" ;;
	esac
}

number=0
failures=0

verdict() {	# name, what is wrong
	number=$((number + 1))
	if [ -z "$2" ]; then
		echo "ok $number - $1"
		return
	fi
	failures=$((failures + 1))
	echo "not ok $number - $1"
	printf '%s\n' "$2" | sed 's/^/# /'
}

sources() {
	for file in common/*.[ch] common/*/*.[ch] cgi/*.[ch] fcgi/*.[ch] \
	    ctl/*.[ch]; do
		[ ! -e "$file" ] || echo "$file"
	done
}

include_edges() {	# "FILE:LINE HEADER"
	sources | while read -r file; do
		includes_of "$file" | while read -r _ line name; do
			echo "$file:$line $(resolve "$file" "$name")"
		done
	done
}

homeless() {
	sources | while read -r file; do
		[ -n "$(rank_of "${file%/*}")" ] || echo "$file: in no room"
	done
}

# Of lines "USER USED" those that reach up, or into another front end.
upward() {
	while read -r user used; do
		from=${user%/*}
		to=${used%/*}
		above=$(rank_of "$from")
		below=$(rank_of "$to")
		if [ "$from" != "$to" ] && { [ "${below:-0}" -eq 0 ] ||
		    { [ "${above:-1}" -ne 0 ] &&
		    [ "${above:-1}" -lt "$below" ]; }; }; then
			echo "$user uses $used"
		fi
	done
}

# From lines as above, what uses itself by way of others: tsort(1) names it.
loops() {
	awk '{ sub(/:[0-9]+$/, "", $1); print $1, $2 }' |
	    tsort 2>&1 >/dev/null | sed 's/^tsort: -: *//; s/^tsort: //'
}

# The object that a build made of a source, where it did.
object_of() {	# source
	base=${1##*/}
	for object in "$BUILD/${1%.c}.o" \
	    "$BUILD/${1%/*}/${1%/*}_pelihook_${1%/*}-${base%.c}.o"; do
		[ ! -e "$object" ] || { echo "$object"; return; }
	done
}

# "USER DEFINER" for each function or variable of one source that another
# one has.
link_edges() {
	sources | grep '\.c$' | while read -r file; do
		object=$(object_of "$file")
		[ -z "$object" ] || nm -P "$object" |
		    sed -n "s|^\([^ ]*\) \([A-Za-z]\).*|$file \1 \2|p"
	done | awk '
	$3 ~ /[TDBRGSVWC]/ { definer[$2] = $1 }
	$3 == "U" { user[NR] = $1; used[NR] = $2 }
	END {
		for (i in user)
			if (used[i] in definer && definer[used[i]] != user[i])
				print user[i], definer[used[i]]
	}' | sort -u
}

outside_home() {	# kind
	sources | while read -r file; do
		for home in $(home_of "$1"); do
			# The home is a pattern.
			# shellcheck disable=SC2254
			case $file in $home) continue 2 ;; esac
		done
		code_of "$file" | grep -nE "$(pattern_of "$1")" |
		    sed "s|^|$file:|"
	done
}

# What pelihookctl prints is made safe in one place.
printing_elsewhere() {
	found_in printing ctl | grep -v '^ctl/print\.c:'
}

found_in() {	# kind directory...
	kind=$1
	shift
	for directory; do
		for file in "$directory"/*.[ch] "$directory"/*/*.[ch]; do
			[ -e "$file" ] || continue
			code_of "$file" | grep -nE "$(pattern_of "$kind")" |
			    sed "s|^|$file:|"
		done
	done
}

# Twice, so that a missing guard shows as well.  What includes libpq's header
# is looked at where that is.
lonely_headers() {
	libpq=$(pkg-config --cflags libpq 2>&1) || libpq=
	sources | grep '\.h$' | while read -r file; do
		[ -n "$libpq" ] ||
		    ! grep -qE "$(pattern_of libpq)" "$file" || continue
		# Words are wanted.
		# shellcheck disable=SC2086
		printf '#include "%s"\n#include "%s"\n' "$file" "$file" |
		    ${CC:-cc} -std=c17 -D_GNU_SOURCE -I. -Icommon $libpq \
			-Wall -Wextra -Werror -fsyntax-only -x c - 2>&1 |
		    sed "s|^|$file: |"
	done
}

unlicensed() {
	sources | while read -r file; do
		[ "$(sed 1q "$file")" = '/* SPDX-License-Identifier: ISC */' ] ||
		    echo "$file:1: the SPDX line is missing"
	done
}

# STYLE's most lines of a function, between its braces.
long_functions() {
	sources | grep '\.c$' | while read -r file; do
		awk -v file="$file" '
		/^\{/ { begin = FNR }
		/^\}/ && begin {
			if (FNR - begin - 1 > 60)
				print file ":" begin ": " FNR - begin - 1 \
				    " lines"
			begin = 0
		}' "$file"
	done
}

# The page that shows the rooms names each room, and no file that is gone.
wrong_names() {
	page=common/README.md
	for room in $ROOMS; do
		grep -q "^| .$room/" "$page" || echo "$page: no word of $room/"
	done
	for room in $ROOMS; do
		grep -oE "(^|[^a-z])$room/[a-z_]+(\.h)?" "$page" |
		    grep -oE '[a-z].*' | sort -u | while read -r name; do
			[ -e "common/${name%.h}.h" ] ||
			    [ -e "common/$name.c" ] || echo "$page: $name"
		done
	done
}

# In a house of three files, of which two do what none may.
plant() {	# directory
	mkdir -p "$1/common/base" "$1/common/journal" &&
	    echo '/* SPDX-License-Identifier: ISC */' |
	    tee "$1/common/base/rc.h" >"$1/common/journal/journal.h" &&
	    cat >"$1/common/base/one.c" <<-'END' &&
	/* SPDX-License-Identifier: ISC */
	#include "journal/journal.h"
	int one(void);
	int two(void);
	int one(void) { return two(); }
	END
	    cat >"$1/common/base/two.c" <<-'END' &&
	/* SPDX-License-Identifier: ISC */
	int one(void);
	int two(void);
	int two(void) { return one(); }
	END
	    for name in one two; do
		${CC:-cc} -I"$1/common" -c -o "$1/common/base/$name.o" \
		    "$1/common/base/$name.c" || return
	    done
}

# What is planted has to be found: a check that finds nothing proves nothing.
missed() {
	plot=$(mktemp -d "${TMPDIR:-/tmp}/pelihook-layers.XXXXXX") || return
	plant "$plot" >"$plot/log" 2>&1 || cat "$plot/log"
	abs_top_builddir=$plot PELIHOOK_PLANTED=1 sh "$SCRIPT" "$plot" \
	    >"$plot/found"
	for name in 'nothing includes what is above it' \
	    'no object needs itself by way of others'; do
		grep -q "^not ok [0-9]* - $name\$" "$plot/found" ||
		    echo "planted and not found: $name"
	done
	rm -rf "$plot"
}

here=$(cd "$(dirname "$0")" && pwd) || exit 1
SCRIPT=$here/${0##*/}
cd "${1:-$here/..}" || exit 1
BUILD=${abs_top_builddir:-$PWD}
[ -e common/base/rc.h ] || {
	echo "Bail out! no source tree in $PWD"
	exit 1
}

all_includes=$(include_edges)
all_links=$(link_edges)
verdict 'every file lies in a room' "$(homeless)"
verdict 'nothing includes what is above it' \
    "$(printf '%s\n' "$all_includes" | upward)"
verdict 'no headers include each other in a circle' "$(printf '%s\n' "$all_includes" | loops)"
if [ -n "$all_links" ]; then
	verdict 'no object needs what is above it' \
	    "$(printf '%s\n' "$all_links" | upward)"
	verdict 'no object needs itself by way of others' \
	    "$(printf '%s\n' "$all_links" | loops)"
else
	verdict 'objects are looked at # SKIP nothing is built' ''
fi
[ -n "${PELIHOOK_PLANTED:-}" ] ||
    verdict 'an upward include and a loop are found where one is planted' \
	"$(missed)"
for kind in libcrypto json-c sqlite3 libpq libfcgi spawning; do
	verdict "$kind stays in $(home_of $kind)" "$(outside_home $kind)"
done
# A copy of the process has to.
verdict 'nothing in common/ exits but what spawn.c starts' \
    "$(found_in exit common | grep -v '^common/command/spawn\.c:')"
verdict 'pelihookctl prints through ctl/print.c alone' \
    "$(printing_elsewhere)"
verdict 'no function that STYLE bans' \
    "$(found_in banned common cgi fcgi ctl)"
verdict 'no function is longer than 60 lines' "$(long_functions)"
verdict 'every header compiles alone, and twice' "$(lonely_headers)"
verdict 'every file begins with its licence' "$(unlicensed)"
[ -n "${PELIHOOK_PLANTED:-}" ] ||
    verdict 'common/README.md names what is there' "$(wrong_names)"
echo "1..$number"
[ "$failures" -eq 0 ]
