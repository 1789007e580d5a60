# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# Completion of pelihookctl for bash: words, options, hooks, states, events and
# their groups, pipelines and IDs.  What can be typed is what pelihookctl's own
# --help prints.

# The words, one a line.
_pelihookctl_words() {	# program
	"$1" --help 2>/dev/null | sed -n 's/^  \([a-z]\{1,\}\)  .*/\1/p'
}

# The configuration that is meant.
_pelihookctl_file() {	# program, its options
	local program=$1 file=${PELIHOOK_CONFIG-}

	shift
	while [ $# -gt 0 ]; do
		case $1 in
		-c) file=${2-} ;;
		-c?*) file=${1#-c} ;;
		esac
		shift
	done
	[ -n "$file" ] ||
	    file=$("$program" -V 2>/dev/null | sed -n 's/^configuration //p')
	printf '%s\n' "${file/#\~\//$HOME/}"
}

# The hooks that it has; one whose file names none is called default.
_pelihookctl_hooks() {	# file
	local names

	names=$(sed -n 's/^[[:blank:]]*hook[[:blank:]]\{1,\}["'\'']\{0,1\}\([A-Za-z0-9][A-Za-z0-9._-]*\).*/\1/p' \
	    "$1" 2>/dev/null) || return 0
	printf '%s\n' "${names:-default}"
}

_pelihookctl_events() {	# program
	"$1" events 2>/dev/null | awk 'NR > 1 { print $1 }'
}

# @problem and the like, which are told to who writes one that there is not.
_pelihookctl_groups() {	# program
	"$1" list --event @ 2>&1 | grep -o '@[a-z]\{1,\}'
}

# All that may stand where an operand, or an option's value, is called so.
_pelihookctl_values() {	# what it is called, program, its options
	local what=$1 program=$2

	shift 2
	case $what in
	S) printf '%s\n' queued running 'done' dead dropped ;;
	H | HOOK) _pelihookctl_hooks "$(_pelihookctl_file "$program" "$@")" ;;
	E) _pelihookctl_events "$program"; _pelihookctl_groups "$program" ;;
	EVENT) _pelihookctl_events "$program" ;;
	ID)
		"$program" "$@" list --json --limit 50 2>/dev/null |
		    sed -n 's/^{"id":"\([^"]*\)".*/\1/p' | uniq ;;
	esac
}

# Pipelines as they are shown, but for names that JSON escapes.
_pelihookctl_pipelines() {	# program, its options
	"$@" pipelines --json 2>/dev/null |
	    sed -n 's/^{"hook":"[^"]*","pipeline":{"id":"\([^"\\]\|\\.\)*","name":"\([^"\\]\{1,\}\)"}.*/\2/p' |
	    LC_ALL=C sort -u
}

_pelihookctl_reply() {	# what it is called, beginning, program, its options
	local what=$1 begin=$2

	shift 2
	case $what in
	FILE)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$begin")
		;;
	P | PIPELINE)
		# A name may have blanks: it is offered as it is typed.
		local name
		while IFS= read -r name; do
			printf -v name %q "$name"
			[[ $name != "$begin"* ]] || COMPREPLY+=("$name")
		done < <(_pelihookctl_pipelines "$@")
		;;
	*)
		mapfile -t COMPREPLY < <(compgen -W \
		    "$(_pelihookctl_values "$what" "$@")" -- "$begin")
		;;
	esac
}

# The operand that comes after so many others, by a word's help.
_pelihookctl_operand() {	# how many, help
	sed -n 's/^  \([A-Z]\{1,\}\)\(\(\.\.\.\)\{0,1\}\)  .*/\1\2/p' <<<"$2" |
	    awk -v n="$1" '
		{ last = $1 }
		NR == n + 1 { sub(/\.\.\./, ""); print; found = 1; exit }
		END { if (!found && sub(/\.\.\.$/, "", last)) print last }'
}

# The words of the line up to the cursor, in words: bash takes @problem for two,
# and =@ for one.
_pelihookctl_line() {
	local word

	words=("${COMP_WORDS[0]}")
	for word in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
		if [ "$word" = =@ ]; then
			words+=('=' @)
		elif [ "${words[-1]}" = @ ]; then
			words[-1]+=$word
		else
			words+=("$word")
		fi
	done
}

_pelihookctl() {
	local program=${1/#\~\//$HOME/} words begin own=() at=1 n=0 help value

	COMPREPLY=()
	_pelihookctl_line
	begin=${words[-1]}
	unset 'words[-1]'
	# bash takes --state=dead for three words.
	[ "$begin" != = ] || begin=
	[ "${words[-1]}" != = ] || unset 'words[-1]'
	while [ "$at" -lt "${#words[@]}" ]; do
		case ${words[at]} in
		-c | -u) own+=("${words[@]:at:2}") at=$((at + 2)) ;;
		-*) own+=("${words[at]}") at=$((at + 1)) ;;
		*) break ;;
		esac
	done
	case ${words[-1]} in
	-c)
		[ "$at" -le "${#words[@]}" ] ||
		    { _pelihookctl_reply FILE "$begin"; return; } ;;
	-u)
		[ "$at" -le "${#words[@]}" ] || {
			mapfile -t COMPREPLY < <(compgen -u -- "$begin")
			return
		} ;;
	esac
	if [ "$at" -ge "${#words[@]}" ]; then
		value=$(_pelihookctl_words "$program")
		[[ $begin != -* ]] || value='-c -u -h --help -V --version'
		mapfile -t COMPREPLY < <(compgen -W "$value" -- "$begin")
		return
	fi

	help=$("$program" "${words[at]}" --help 2>/dev/null) || return
	for ((at++; at < ${#words[@]}; at++)); do
		value=
		case ${words[at]} in
		--[a-z]*)
			value=$(sed -n "s/^  ${words[at]//[^-a-z]/} \([A-Z]\)  .*/\1/p" <<<"$help")
			[ -z "$value" ] || at=$((at + 1))
			;;
		-* | =) ;;
		*) n=$((n + 1)) ;;
		esac
		[ "${words[at]-}" != = ] || at=$((at + 1))
	done
	if [ "$at" -gt "${#words[@]}" ]; then
		:	# The value of the last option.
	elif [[ $begin == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(grep -o \
		    '^  -[^ ,]*\(, --[a-z]*\)\{0,1\}' <<<"$help" |
		    tr -d ,)" -- "$begin")
		return
	else
		value=$(_pelihookctl_operand "$n" "$help")
	fi
	[ -z "$value" ] ||
	    _pelihookctl_reply "$value" "$begin" "$program" "${own[@]}"
}

complete -F _pelihookctl pelihookctl
