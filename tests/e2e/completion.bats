#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# What bash offers behind pelihookctl.

bats_require_minimum_version 1.5.0

setup() {
	. "$BATS_TEST_DIRNAME/ctl_lib.sh"
	ctl_begin
	. "${abs_top_srcdir:-$BATS_TEST_DIRNAME/../..}/ctl/completion.bash"
	mkdir "$T/state"
	if [ "$(id -u)" = 0 ]; then
		chown nobody "$T/state"
	fi
	cat >"$conf" <<-EOF
		journal $T/state/journal.db
		dispatch none
		hook first
		signature none
		on * run /bin/true
		  hook second.one # that one
		signature none
		on * run /bin/true
	EOF
	chmod 644 "$conf"
}

teardown() {
	ctl_end
}

# What is offered for the last of these words, sorted, on one line.
offered() {	# words
	COMP_WORDS=(pelihookctl "$@")
	COMP_CWORD=$#
	COMPREPLY=(left)
	_pelihookctl "$PELIHOOKCTL" "${!#}" "${COMP_WORDS[COMP_CWORD - 1]}"
	printf '%s\n' "${COMPREPLY[@]}" | LC_ALL=C sort | paste -s -d ' ' -
}

store() {	# hook
	printf '{"event":"connection_added"}' >"$T/body"
	cgi_user env -i PELIHOOK_CONFIG="$conf" PELIHOOK_HOOK="$1" \
	    REQUEST_METHOD=POST GATEWAY_INTERFACE=CGI/1.1 CONTENT_LENGTH=28 \
	    "$PELIHOOK_CGI" <"$T/body" 2>>"$T/log" |
	    sed -n 's/.*"id":"\([^"]*\)".*/\1/p'
}

@test "it is there for pelihookctl" {
	[ "$(complete -p pelihookctl)" = \
	    "complete -F _pelihookctl pelihookctl" ]
}

@test "words, and the program's own options" {
	[ "$(offered '')" = "check drain drop events forget list mute \
pipelines probe purge retry runs sample schema show sign stats try unmute" ]
	[ "$(offered s)" = "sample schema show sign stats" ]
	[ "$(offered -c x dr)" = "drain drop" ]
	[ "$(offered -cx -u nobody dr)" = "drain drop" ]
	[ "$(offered -)" = "--help --version -V -c -h -u" ]
	[ "$(offered nonsense '')" = "" ]
	[ -z "$(offered list '')" ]
}

@test "-c takes a file and -u a user" {
	[ "$(offered -c "$T/peli")" = "$T/pelihook.conf" ]
	[[ " $(offered -u '') " == *" nobody "* ]]
	[ "$(offered -c "$conf" -u nobod)" = nobody ]
}

@test "the options of each word are those of its help" {
	[ "$(offered list --)" = "--body --event --help --hook --json --limit \
--pipeline --since --state --version" ]
	[ "$(offered mute --)" = "--all --for --help --hook --version" ]
	[ "$(offered runs --)" = "--help --hook --json --limit --open \
--pipeline --since --version" ]
	[ "$(offered list --json --s)" = "--since --state" ]
	[ "$(offered try -)" = "--help --version -V -h -n" ]
	[ "$(offered drop --)" = "--help --version" ]
	for word in $(_pelihookctl_words "$PELIHOOKCTL"); do
		for option in $(offered "$word" --); do
			run "$PELIHOOKCTL" -c "$T/none" "$word" "$option"
			[[ $output != *"$option: unknown option"* ||
			    $("$PELIHOOKCTL" "$word" --help) == *"
  $option "[A-Z]" "* ]]
		done
	done
}

@test "the states are those that there are" {
	[ "$(offered list --state '')" = "dead done dropped queued running" ]
	[ "$(offered list --state d)" = "dead done dropped" ]
	[ "$(offered list --state = de)" = "dead" ]
	[ "$(offered list --state =)" = "dead done dropped queued running" ]
	for state in $(offered list --state ''); do
		run -0 ctl list --state "$state"
	done
	[ -z "$(offered list --state dead --limit '')" ]
}

@test "hooks are those of the configuration" {
	[ "$(offered -c "$conf" list --hook '')" = "first second.one" ]
	[ "$(offered -c "$conf" try '')" = "first second.one" ]
	[ "$(offered -c "$conf" try -n s)" = "second.one" ]
	[ "$(offered "-c$conf" sign f)" = "first" ]
	[ "$(PELIHOOK_CONFIG=$conf offered retry --dead --hook f)" = first ]
	[ "$(offered -c "$T/none" sign '')" = "" ]
	printf 'secret-file /x\non * ignore\n' >"$T/one"
	[ "$(offered -c "$T/one" sign '')" = "default" ]
	# The file of probe comes behind the hook.
	[ "$(offered -c "$conf" probe '')" = "first second.one" ]
	[ "$(offered -c "$conf" probe first "$T/peli")" = "$T/pelihook.conf" ]
	[ "$(offered -c "$conf" probe first x '')" = "" ]
	[ "$(offered -c "$conf" try first '')" = "" ]
}

@test "events are those of the table" {
	[ "$(offered sample connection)" = \
	    "connection_added connection_removed" ]
	[ -z "$(offered sample connection_added '')" ]
}

# bash takes @problem for two words, and --event=@problem for --event, =@ and
# problem.
@test "an event to look for may be a group" {
	groups="@connection @failure @partial @pipeline @problem @started \
@stopped @success @terminal @unknown @watch"
	[ "$(offered list --event @)" = "$groups" ]
	[ "$(offered list --event @ s)" = "@started @stopped @success" ]
	[ "$(offered list --event @pr)" = @problem ]
	[ "$(offered list --event = @ pr)" = @problem ]
	[ "$(offered list --event =@)" = "$groups" ]
	[ "$(offered list --event =@ pr)" = @problem ]
	[ "$(offered list --event '' | wc -w)" -eq 33 ]
	[ "$(offered list --event =@ problem --state de)" = dead ]
	[ "$(offered list --event @ problem --state de)" = dead ]
	[ -z "$(offered sample @)" ]
	for group in $groups; do
		run -0 ctl list --event "$group"
	done
}

@test "IDs are those in the journal" {
	own=(-c "$conf")
	if [ "$(id -u)" = 0 ]; then
		own+=(-u nobody)
	fi
	[ -z "$(offered "${own[@]}" show '')" ]
	one=$(store first)
	two=$(store second.one)
	[ "$(offered "${own[@]}" show '')" = "$one $two" ]
	[ "$(offered "${own[@]}" show "${two%?}")" = "$two" ]
	[ "$(offered "${own[@]}" drop "$one" '')" = "$one $two" ]
	[ "$(offered "${own[@]}" retry '')" = "$one $two" ]
	[ -z "$(offered "${own[@]}" show "$one" '')" ]
}

@test "pipelines are those that were seen, as they are shown" {
	own=(-c "$conf")
	if [ "$(id -u)" = 0 ]; then
		own+=(-u nobody)
	fi
	[ -z "$(offered "${own[@]}" forget '')" ]
	for name in Sales 'CRM to \"house\"' 'CRM to warehouse' Stock; do
		printf '{"event":"pipeline_run_started","pipeline":{"name":"%s"}}' \
		    "$name" >"$T/body"
		cgi_user env -i PELIHOOK_CONFIG="$conf" PELIHOOK_HOOK=first \
		    REQUEST_METHOD=POST CONTENT_LENGTH="$(wc -c <"$T/body")" \
		    "$PELIHOOK_CGI" <"$T/body" >>"$T/log" 2>&1
	done
	[ "$(offered "${own[@]}" forget '')" = \
	    "CRM\\ to\\ warehouse Sales Stock" ]
	[ "$(offered "${own[@]}" mute S)" = "Sales Stock" ]
	[ "$(offered "${own[@]}" unmute 'CRM\ t')" = \
	    "CRM\\ to\\ warehouse" ]
	[ "$(offered "${own[@]}" list --pipeline St)" = Stock ]
	[ "$(offered "${own[@]}" runs --pipeline = St)" = Stock ]
	[ -z "$(offered "${own[@]}" mute Sales '')" ]
	[ -z "$(offered "${own[@]}" mute Sales --for '')" ]
}
