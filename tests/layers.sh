#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Who may include whom, and where each library lives.  A new edge is a
# design change and is made here.  Prints TAP; takes the top of a source
# tree, default the one it is in.

set -u
LC_ALL=C
export LC_ALL

layer_of() {	# file
	case $1 in
	cgi/* | fcgi/*) echo front; return ;;
	ctl/*) echo ctl; return ;;
	esac
	name=${1#common/}
	case ${name%.[ch]} in
	rc | bytes | pool | clock | encode | log | crypto | complaints | \
	    nearest | payload | process) echo ground ;;
	gateway | catalog | scheme | words | trust | conf | conf_* | \
	    item | request | job | reply) echo data ;;
	verify | event | event_* | route) echo steps ;;
	run | orphan | rescue | render | journal | journal_* | capture | \
	    deliver | enqueue) echo effects ;;
	handle | serve | attempt | drain) echo flow ;;
	*) echo unknown ;;
	esac
}

allowed() {	# layer: what it may include
	case $1 in
	ground) echo ground ;;
	data) echo ground data ;;
	steps) echo ground data steps ;;
	effects) echo ground data effects ;;
	flow) echo ground data steps effects flow ;;
	front) echo ground data effects flow ;;
	ctl) echo ground data steps effects flow ;;
	esac
}

# A module is a .c and a .h of one name; this is where each call may stand.
home_of() {	# kind
	case $1 in
	libcrypto) echo common/crypto.c ;;
	json-c) echo 'common/event*.c' ;;
	sqlite3) echo 'common/journal*.[ch]' ;;
	libfcgi) echo 'fcgi/*.[ch]' ;;
	spawning) echo common/run.c ;;
	esac
}

pattern_of() {	# kind, over code without comments and texts
	case $1 in
	libcrypto) echo '# *include *<openssl/' ;;
	json-c) echo '# *include *<json' ;;
	sqlite3) echo '# *include *<sqlite3' ;;
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

# An included name is looked for beside the file first, as the compiler does.
resolve() {	# file name
	if [ -e "${1%/*}/$2" ]; then
		echo "${1%/*}/$2"
	else
		echo "common/$2"
	fi
}

number=0
failures=0

verdict() {	# name complaints
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
	for file in common/*.[ch] cgi/*.[ch] fcgi/*.[ch] ctl/*.[ch]; do
		[ ! -e "$file" ] || echo "$file"
	done
}

edges() {	# "FILE LINE FROM-LAYER HEADER TO-LAYER"
	sources | while read -r file; do
		from=$(layer_of "$file")
		includes_of "$file" | while read -r _ line name; do
			header=$(resolve "$file" "$name")
			echo "$file $line $from $header $(layer_of "$header")"
		done
	done
}

unknown_modules() {
	sources | while read -r file; do
		[ "$(layer_of "$file")" != unknown ] ||
		    echo "$file: no layer is known for it"
	done
}

wrong_edges() {
	while read -r file line from header to; do
		if [ "$from" = front ] || [ "$from" = ctl ]; then
			[ "${file%/*}" != "${header%/*}" ] || continue
		fi
		case " $(allowed "$from") " in
		*" $to "*) ;;
		*) echo "$file:$line: $from must not include $header ($to)" ;;
		esac
	done
}

# What is left when modules that include nothing that is left are taken
# away, again and again, is a circle.  The files of one module (conf and
# conf_*) are one; a front end is one.
circles() {
	awk '
	function module(file) { sub(/(_[a-z]+)*\.[ch]$/, "", file); return file }
	$1 ~ /^common\// {
		from = module($1); to = module($4)
		if (from != to) edge[from, to] = 1
	}
	END {
		do {
			again = 0
			split("", out)
			for (pair in edge) {
				split(pair, side, SUBSEP); out[side[1]] = 1
			}
			for (pair in edge) {
				split(pair, side, SUBSEP)
				if (!(side[2] in out)) {
					delete edge[pair]; again = 1
				}
			}
		} while (again)
		for (pair in edge) {
			split(pair, side, SUBSEP)
			print side[1] " includes " side[2] ", in a circle"
		}
	}' | sort
}

outside_home() {	# kind
	sources | while read -r file; do
		# The home is a pattern.
		# shellcheck disable=SC2254
		case $file in $(home_of "$1")) continue ;; esac
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
		for file in "$directory"/*.[ch]; do
			[ -e "$file" ] || continue
			code_of "$file" | grep -nE "$(pattern_of "$kind")" |
			    sed "s|^|$file:|"
		done
	done
}

# Twice, so that a missing guard shows as well.
lonely_headers() {
	sources | grep '\.h$' | while read -r file; do
		printf '#include "%s"\n#include "%s"\n' "$file" "$file" |
		    ${CC:-cc} -std=c17 -D_GNU_SOURCE -I. -Icommon -Wall \
			-Wextra -Werror -fsyntax-only -x c - 2>&1 |
		    sed "s|^|$file: |"
	done
}

unlicensed() {
	sources | while read -r file; do
		[ "$(sed 1q "$file")" = '/* SPDX-License-Identifier: ISC */' ] ||
		    echo "$file:1: the SPDX line is missing"
	done
}

here=$(dirname "$0")
cd "${1:-$here/..}" || exit 1
[ -e common/rc.h ] || { echo "Bail out! no source tree in $PWD"; exit 1; }

all_edges=$(edges)
verdict 'every module has a layer' "$(unknown_modules)"
verdict 'nobody includes what is above him' \
    "$(printf '%s\n' "$all_edges" | wrong_edges)"
verdict 'no includes in a circle' "$(printf '%s\n' "$all_edges" | circles)"
for kind in libcrypto json-c sqlite3 libfcgi spawning; do
	verdict "$kind stays in $(home_of $kind)" "$(outside_home $kind)"
done
verdict 'nothing in common/ exits' "$(found_in exit common)"
verdict 'pelihookctl prints through ctl/print.c alone' \
    "$(printing_elsewhere)"
verdict 'no function that STYLE bans' \
    "$(found_in banned common cgi fcgi ctl)"
verdict 'every header compiles alone, and twice' "$(lonely_headers)"
verdict 'every file begins with its licence' "$(unlicensed)"
echo "1..$number"
[ "$failures" -eq 0 ]
