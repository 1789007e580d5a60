#!/usr/bin/env bats
# SPDX-License-Identifier: ISC

bats_require_minimum_version 1.5.0

setup() {
	. "$BATS_TEST_DIRNAME/ctl_lib.sh"
	ctl_begin
}

teardown() {
	ctl_end
}

# --- the command line ----------------------------------------------------

@test "help and version everywhere" {
	for words in -h --help "check -h" "events --help" "sample -h" \
	    "sign --help" "try -h" "try -n --help"; do
		run -0 --separate-stderr "$PELIHOOKCTL" $words
		[[ $output == "usage: pelihookctl "* ]]
		[ -z "$stderr" ]
	done
	for words in -V --version "check -V" "try --version"; do
		run -0 --separate-stderr "$PELIHOOKCTL" $words
		[[ $output == "pelihookctl "[0-9]*OpenSSL* ]]
	done
}

@test "help names every word" {
	run -0 "$PELIHOOKCTL" --help
	for word in check events sample sign try schema; do
		[[ $output == *"
  $word "* ]]
	done
}

@test "wrong usage is 64 and prints nothing" {
	for words in "" "-x" "--nonsense" "-c" "-u" "nonsense" "check more" \
	    "check -x" "events -n" "events more" "sample" "sample a b" \
	    "schema more" "schema -n" \
	    "sign" "sign a b" "sign -n a" "try" "try -n" "try a b" \
	    "try --dry a" "Check" "chec"; do
		run -64 --separate-stderr "$PELIHOOKCTL" $words
		[ -z "$output" ]
		[[ $stderr == *"usage: pelihookctl "* ]]
	done
}

@test "an operand too many is named" {
	run -64 "$PELIHOOKCTL" probe peliqan first.capture second.capture
	[[ $output == *"second.capture: one too many"*"usage: "* ]]
	run -64 "$PELIHOOKCTL" check more
	[[ $output == *"more: one too many"* ]]
}

@test "options behind a word are the word's" {
	run -64 "$PELIHOOKCTL" check -c "$conf"
	run -64 "$PELIHOOKCTL" events -u nobody
}

@test "web servers cannot run it" {
	for value in POST ""; do
		REQUEST_METHOD=$value run -64 --separate-stderr \
		    "$PELIHOOKCTL" events
		[ -z "$output" ]
		[[ $stderr == *REQUEST_METHOD* ]]
	done
}

@test "output that cannot be written is 74" {
	run -74 sh -c '"$0" events >/dev/full' "$PELIHOOKCTL"
	make_conf <<-EOF
		on * run /bin/cat
	EOF
	run -74 sh -c '"$0" -c "$1" $2 check >/dev/full' "$PELIHOOKCTL" \
	    "$conf" "$as"
}

@test "a body that cannot be read is 74" {
	make_conf <<-EOF
		on * run /bin/cat
	EOF
	run -74 sh -c '"$0" -c "$1" $2 sign peliqan </' "$PELIHOOKCTL" \
	    "$conf" "$as"
}

@test "-c comes before PELIHOOK_CONFIG" {
	make_conf <<-EOF
		on * run /bin/cat
	EOF
	PELIHOOK_CONFIG=$conf run -0 "$PELIHOOKCTL" $as check
	[[ $output == "$conf"* ]]
	PELIHOOK_CONFIG=$T/none run -0 "$PELIHOOKCTL" -c "$conf" $as check
	PELIHOOK_CONFIG=$conf run -78 "$PELIHOOKCTL" -c "$T/none" $as check
	[[ $output == *"$T/none"* ]]
}

@test "an empty name of a configuration is wrong usage" {
	run -64 --separate-stderr "$PELIHOOKCTL" -c "" check
	[[ $stderr == "pelihookctl: -c: the name is empty"* ]]
	[ -z "$output" ]
}

# --- users ----------------------------------------------------------------

@test "-u: no such user, not root" {
	run -64 "$PELIHOOKCTL" -u no-such-user events
	[[ $output == *"no such user"* ]]
	run -64 ctl_unprivileged -u root events
	[[ $output == *"only root"* ]]
}

@test "-u: oneself is no change" {
	needs_root
	run -0 ctl_unprivileged -u nobody events
}

@test "root with -u becomes that user with groups and HOME, for good" {
	needs_root
	make_command whoami <<-'EOF'
		id -un; id -Gn; echo "$HOME"
		sed -n 's/^[UG]id:[[:blank:]]*//p' /proc/$PPID/status
	EOF
	make_conf <<-EOF
		on * run $T/whoami
	EOF
	"$PELIHOOKCTL" sample connection_added >"$T/body"
	run -0 ctl try peliqan <"$T/body"
	uid=$(id -u nobody) gid=$(id -g nobody)
	[[ $output == *"nobody
nogroup
$(getent passwd nobody | cut -d: -f6)
$uid	$uid	$uid	$uid
$gid	$gid	$gid	$gid"* ]]
}

@test "root becomes the owner of the journal's directory" {
	needs_root
	mkdir "$T/state"
	chown nobody "$T/state"
	make_conf <<-EOF
		delivery wait
		on * run /usr/bin/id -un
	EOF
	sed -i "1i journal $T/state/journal.db" "$conf"
	run -0 "$PELIHOOKCTL" -c "$conf" check
	[[ $output == *"checked as   nobody"* ]]
	"$PELIHOOKCTL" sample connection_added >"$T/body"
	run -0 "$PELIHOOKCTL" -c "$conf" try peliqan <"$T/body"
	[[ $output == *"
nobody
"* ]]
	[ -z "$(ls "$T/state")" ]
}

@test "a journal without its directory is told with file and line" {
	make_conf <<-EOF
		delivery wait
		on * ignore
	EOF
	sed -i "1i journal $T/state/journal.db" "$conf"
	run -78 "$PELIHOOKCTL" -c "$conf" check
	[[ $output == "$conf:1: the journal's directory $T/state"*"make it"* ]]
}

@test "root becomes the owner of the journal that is there" {
	needs_root
	mkdir "$T/state"
	touch "$T/state/journal.db"
	chown nobody "$T/state" "$T/state/journal.db"
	make_conf <<-EOF
		delivery wait
		on * run /bin/cat
	EOF
	sed -i "1i journal $T/state/journal.db" "$conf"
	run -0 "$PELIHOOKCTL" -c "$conf" check
	[[ $output == *"checked as   nobody"* ]]
}

@test "root trusts no journal of another user than its directory's" {
	needs_root
	mkdir "$T/state"
	touch "$T/state/journal.db"
	chown nobody "$T/state"
	make_conf <<-EOF
		delivery wait
		on * run /bin/cat
	EOF
	sed -i "1i journal $T/state/journal.db" "$conf"
	run -78 "$PELIHOOKCTL" -c "$conf" check
	[[ $output == *"belongs to uid 0"* ]]
	rm "$T/state/journal.db"
	ln -s /etc/passwd "$T/state/journal.db"
	run -78 "$PELIHOOKCTL" -c "$conf" check
	[[ $output == *"belongs to uid 0"* ]]
	rm -r "$T/state"
	run -78 "$PELIHOOKCTL" -c "$conf" check
	[[ $output == *"$T/state"* ]]
}

# What a command of a user without an entry sees of itself.
ids_of_a_number() {
	make_command ids <<-'EOF'
		id -u; id -g; id -G
	EOF
	make_conf <<-EOF
		delivery wait
		on * run $T/ids
	EOF
	sed -i "1i journal $T/state/journal.db" "$conf"
	"$PELIHOOKCTL" sample connection_added >"$T/body"
	mkdir "$T/state"
	chown 54321:54322 "$T/state"
	chown 54321 "$T/secret"
}

@test "an owner without a name is an owner, in the journal's group" {
	needs_root
	ids_of_a_number
	run -0 "$PELIHOOKCTL" -c "$conf" check
	[[ $output == *"checked as   uid 54321"* ]]
	run -0 "$PELIHOOKCTL" -c "$conf" try peliqan <"$T/body"
	[[ $output == *"
54321
54322
54322
"* ]]
	# The process that made the journal had its group.
	touch "$T/state/journal.db"
	chown 54321:54323 "$T/state/journal.db"
	run -0 "$PELIHOOKCTL" -c "$conf" try peliqan <"$T/body"
	[[ $output == *"
54321
54323
54323
"* ]]
}

@test "-u takes a number, with and without a name" {
	needs_root
	ids_of_a_number
	run -0 "$PELIHOOKCTL" -c "$conf" -u 54321 try peliqan <"$T/body"
	[[ $output == *"
54321
54322
54322
"* ]]
	run -0 "$PELIHOOKCTL" -c "$conf" -u 54321 list
	# Of a journal that is another's nothing is taken.
	chown 0:54322 "$T/state"
	chgrp 54324 "$conf"
	run -78 "$PELIHOOKCTL" -c "$conf" -u 54321 check
	[[ $output == *"does not belong to the user of this process (54321)"* ]]
	sed -i 1d "$conf"
	run -0 "$PELIHOOKCTL" -c "$conf" -u 54321 try peliqan <"$T/body"
	[[ $output == *"
54321
54324
54324
"* ]]
	chown nobody "$T/secret"
	run -0 "$PELIHOOKCTL" -c "$conf" -u "$(id -u nobody)" check
	[[ $output == *"checked as   nobody"* ]]
	run -0 setpriv --reuid=54321 --regid=54321 --clear-groups \
	    "$PELIHOOKCTL" -u 54321 events
	for words in "-u 0 try peliqan" "-u 00 try peliqan"; do
		run -78 "$PELIHOOKCTL" -c "$conf" $words <"$T/body"
		[[ $output == *"as root"* ]]
	done
	for number in 4294967295 18446744073709551616 -1 +5 "" "5 " 0x5; do
		run -64 "$PELIHOOKCTL" -c "$conf" -u "$number" events
		[[ $output == *"no such user"* ]]
	done
	run -78 "$PELIHOOKCTL" -c "$T/none" -u 54321 events
	[[ $output == *"$T/none"* ]]
}

@test "try runs nothing as root" {
	needs_root
	make_command touch-it <<-EOF
		touch "$T/ran"
	EOF
	make_conf <<-EOF
		on * run $T/touch-it
	EOF
	"$PELIHOOKCTL" sample connection_added >"$T/body"
	for words in "try peliqan" "try -n peliqan" "-u root try peliqan"; do
		run -78 "$PELIHOOKCTL" -c "$conf" $words <"$T/body"
		[[ $output == *"as root"* ]]
	done
	[ ! -e "$T/ran" ]
}

@test "root without journal and -u stays root where nothing runs" {
	needs_root
	make_conf <<-EOF
		on * run /bin/cat
	EOF
	chown root "$T/secret"
	run -0 "$PELIHOOKCTL" -c "$conf" check
	[[ $output == *"checked as   root"* ]]
	run -78 "$PELIHOOKCTL" -c "$conf" -u nobody check
	[[ $output == *"$conf:2: "* ]]
}

@test "root says who opens a journal on PostgreSQL, as nobody owns it" {
	needs_root
	needs_postgresql
	make_conf <<-EOF
		on * run /bin/cat
	EOF
	sed -i "1i journal postgresql:///d?host=$T/nowhere" "$conf"
	for words in check list "sign peliqan" drain; do
		run -78 "$PELIHOOKCTL" -c "$conf" $words
		[[ $output == "$conf:1: nobody on this machine owns the \
journal, which is a database: say -u USER, the web server's user" ]]
		run "$PELIHOOKCTL" -c "$conf" -u nobody $words </dev/null
		[[ $output != *"say -u"* ]]
	done
	# A user without an entry has the group of the configuration.
	chgrp 54321 "$conf"
	chown 54321 "$T/secret"
	run -0 "$PELIHOOKCTL" -c "$conf" -u 54321 sign peliqan </dev/null
	chmod 640 "$conf"
	run -0 "$PELIHOOKCTL" -c "$conf" -u 54321 sign peliqan </dev/null
	[[ $output == "X-Signature: "* ]]
}

# --- a journal on PostgreSQL ------------------------------------------------

@test "check: a password in the journal's line is refused and not shown" {
	for uri in postgresql://u:5ecret@h/d postgresql:///d?password=5ecret \
	    postgresql:///d?sslpassword=5ecret postgresql://u:5ecret/d \
	    postgres://u:5ecret@h/d 'host=h password=5ecret'; do
		make_conf <<-EOF
			on * run /bin/cat
		EOF
		sed -i "1i journal \"$uri\"" "$conf"
		run -78 ctl check
		[[ $output == "$conf:1: "*journal* ]]
		[[ $output != *5ecret* ]]
	done
}

@test "check: a journal on PostgreSQL needs a build with it" {
	make_conf <<-EOF
		on * run /bin/cat
	EOF
	sed -i "1i journal postgresql:///d?host=$T/nowhere" "$conf"
	run -78 ctl check
	if has_postgresql; then
		[[ $output == *"$conf:1: the journal cannot be used"* ]]
	else
		[[ $output == "$conf:1: this pelihook is built without \
PostgreSQL (--without-postgresql): "* ]]
	fi
}

@test "schema prints SQL, without a configuration and without a database" {
	run -0 --separate-stderr "$PELIHOOKCTL" -c "$T/none" schema
	[ -n "$output" ]
	[ -z "$stderr" ]
	run -0 --separate-stderr ctl_unprivileged -c "$T/none" schema
	[ -n "$output" ]
	run -64 --separate-stderr "$PELIHOOKCTL" schema more
	[ -z "$output" ]
}

# --- events and sample ------------------------------------------------------

@test "events prints the whole table, aligned" {
	run -0 "$PELIHOOKCTL" events
	[ "${#lines[@]}" -eq 23 ]
	[[ ${lines[0]} == "EVENT "*"RUN STATUS "*"OUTCOME "*"CAUSE "*WHEN ]]
	for head in "RUN STATUS" OUTCOME CAUSE WHEN; do
		before=${lines[0]%%"$head"*}
		for line in "${lines[@]}"; do
			[ "${line:${#before}-1:1}" = " " ]
			[ "${line:${#before}:1}" != " " ]
		done
	done
	[[ $output == *"pipeline_run_remote_error "*" REMOTE_ERROR "*" failure "*" source "* ]]
	[[ $output == *"pipeline_run_failed "*" (unexpected) "*" unknown "* ]]
	[[ $output == *"connection_added "*" - "*" added "* ]]
	[[ $output == *"pelihook.run_stuck "*" stuck "*" pelihook's own: a run "* ]]
	[ "$(grep -c "^pelihook\..* pelihook's own: " <<<"$output")" -eq 8 ]
}

@test "a sample of every event is found again as that event" {
	make_conf <<-EOF
		on * run /bin/cat
	EOF
	names=$("$PELIHOOKCTL" events |
	    awk 'NR > 1 && !/^pelihook\./ { print $1 }')
	[ "$(echo "$names" | wc -l)" -eq 14 ]
	for name in $names; do
		"$PELIHOOKCTL" sample "$name" >"$T/body"
		jq -e '.note | test("illustration")' "$T/body"
		run -0 ctl try peliqan <"$T/body"
		[[ $output == *"event        $name, found at /event
"* ]]
		[[ $output == *"$(cat "$T/body")"* ]]
	done
}

@test "a sample of what is not known is 64, with a hint" {
	run -64 --separate-stderr "$PELIHOOKCTL" sample killed
	[ -z "$output" ]
	[[ $stderr == *"pipeline_run_killed
"*pipeline_run_killed_for_system_upgrade* ]]
	for name in nonsense @problem ""; do
		run -64 "$PELIHOOKCTL" sample "$name"
		[[ $output == *"pelihookctl events"* ]]
	done
}

# --- check ------------------------------------------------------------------

@test "check prints hooks as understood" {
	make_secret old-secret fedcba9876543210
	make_secret token 76543210fedcba98
	make_conf <<-EOF
		secret-file $T/old-secret
		on pipeline_run_started ignore
		on @problem connection_* where /run/status E* run /bin/echo "ELT trouble" '#1' ""
		on * run /bin/cat
		timeout 20s
		env RUN /run/id
		setenv WHO "on call"
		setenv-file TOKEN $T/token
	EOF
	run -0 --separate-stderr ctl check
	for text in "hook peliqan (line 1)" \
	    "reached by   path /peliqan or none, or PELIHOOK_HOOK=peliqan" \
	    "signature    auto" "secret-file  $T/secret raw" \
	    "secret-file  $T/old-secret raw" \
	    "on           line 4: pipeline_run_started ignore" \
	    "on           line 5: @problem connection_* where /run/status E* run /bin/echo \"ELT trouble\" \"#1\" \"\"" \
	    "on           line 6: * run /bin/cat" "delivery     wait" \
	    "timeout      20s" "kill-after   5s" "max-body     1M" \
	    "read-timeout 15s" "max-running  half the threads" \
	    "env          PELIHOOK_RUN from /run/id" \
	    "setenv       WHO" "setenv-file  TOKEN $T/token" \
	    "directory    /" "input        body" \
	    "dedupe       none" "event-name   found in the payload"; do
		[[ "$output
" == *"  $text
"* || "$output" == *"$text
"* ]]
	done
	for value in 0123456789abcdef 76543210fedcba98 "on call" "lane "; do
		[[ $output != *"$value"* ]]
	done
}

# The usual hook behind a journal, queueing.
make_queue() {
	mkdir -p "$T/state"
	if [ "$(id -u)" = 0 ]; then
		chown nobody "$T/state"
	fi
	make_conf
	sed -i "1i journal $T/state/journal.db" "$conf"
}

@test "check prints the numbers of a queue in the largest exact unit" {
	make_queue <<-EOF
		order /pipeline/id
		dedupe header X-Delivery
		dedupe-window 36h
		retry 500ms 90s 120s 24h
		concurrency 3
		batch 1
		keep 7d
		max-body 1536
		max-queue 7
		input line
		on-dead run /bin/echo "it is dead"
		on * also run /bin/cat
		on @problem run /bin/false
	EOF
	run -0 --separate-stderr ctl check
	for text in "delivery     queue" "retry        500ms 90s 2m 1d" \
	    "order        /pipeline/id" "dedupe       header X-Delivery within 36h" \
	    "concurrency  3" "keep         7d" \
	    "max-body     1536" "max-queue    7" "timeout      1h" \
	    "input        line" "on-dead      run /bin/echo \"it is dead\"" \
	    "on           line 15: * also run /bin/cat" \
	    "journal      $T/state/journal.db"; do
		[[ "$output
" == *"  $text
"* ]]
	done
}

@test "check prints the lanes of a hook and what starts the same program" {
	make_queue <<-EOF
		concurrency 2
		order /pipeline/id
		lane dbt concurrency 1 timeout 2h directory /tmp
		on @success lane dbt also run /bin/sh -c "echo dbt"
		on @problem lane dbt also run /bin/cat
		on @problem also run /bin/echo "ELT trouble"
		on @started ignore
		on connection_* run /bin/sh -c "echo other"
		on * run /bin/echo "ELT trouble"
	EOF
	run -0 --separate-stderr ctl check
	for text in \
	    "lane         dbt (line 7, line 8) directory /tmp timeout 2h concurrency 1" \
	    "lane         /bin/echo \"ELT trouble\" (line 9, line 12)" \
	    "lane         /bin/sh -c \"echo other\" (line 11)" \
	    "at once      /bin/sh, which several lanes start: line 7, line 11" \
	    "on           line 7: @success lane dbt also run /bin/sh -c \"echo dbt\"" \
	    "queued-status 202" "concurrency  2" \
	    "concurrency  holds within each lane, no longer over the whole hook: peliqan" \
	    "order        holds within each lane, no longer over the whole hook: peliqan"; do
		[[ "
$output
" == *"
  $text
"* ]]
	done
	[ "$(grep -c "at once" <<<"$output")" -eq 1 ]
	[ "$(grep -c "changed since 0.1.0" <<<"$output")" -eq 1 ]
	[[ $stderr == *"$conf:5: hook peliqan: the order holds within a lane, and 3 have it: "* ]]
}

@test "check says nothing of a change that is none for a hook" {
	make_queue <<-EOF
		concurrency 2
		order hook
		on @problem run /bin/cat
		on * run /bin/cat
	EOF
	run -0 --separate-stderr ctl check
	[[ $output == *"lane         /bin/cat (line 6, line 7)"* ]]
	[[ $output != *"changed since"* && $output != *"at once"* ]]
	[[ $stderr != *"the order holds within"* ]]
}

@test "check says that commands no longer wait for each other" {
	make_queue <<-EOF
		on @problem run /bin/cat
		on * run /bin/true
	EOF
	run -0 --separate-stderr ctl check
	[[ $output == *"changed since 0.1.0
  concurrency  holds within each lane, no longer over the whole hook: peliqan"* ]]
	[[ $output != *"  order        holds"* ]]
}

@test "try runs all lines of a hook that queues, the first failure counts" {
	make_queue <<-EOF
		on connection_* ignore
		on * also run /bin/echo one
		on @problem also run /bin/sh -c "echo two; exit 75"
		on @started also run /bin/echo not-this
		on * run /bin/sh -c "echo three; exit 65"
		on * run /bin/echo four
	EOF
	"$PELIHOOKCTL" sample pipeline_run_error >"$T/body"
	run -75 ctl try peliqan <"$T/body"
	[[ $output == *"
one
"*"delivered: exit 0"*"
two
"*"exit 75"*"
three
"*"exit 65"* ]]
	[[ $output != *not-this* ]]
	[[ $output != *four* ]]
	[ -z "$(ls "$T/state")" ]
	run -0 ctl try -n peliqan <"$T/body"
	[ "$(grep -c "taken by" <<<"$output")" -eq 3 ]
}

@test "check prints where runs are found, what is watched and whom that needs" {
	make_queue <<-EOF
		run-id /data/run
		pipeline-name "/data/a name"
		watch on failing 3 late 6h silent 24h
		watch for "Monthly *" stuck 12h late off
		watch for test* off
		env RUN /run/id
		on @watch pelihook.run_stuck also run /bin/cat
		on * run /bin/cat
	EOF
	run -0 --separate-stderr ctl check
	for text in "run-id       /data/run" "pipeline-id  found in the payload" \
	    "pipeline-name \"/data/a name\"" \
	    "watch        on failing 3 late 6h stuck auto silent 1d remind off" \
	    "watch        for \"Monthly *\" failing 3 late off stuck 12h remind off" \
	    "watch        for test* off"; do
		[[ "$output
" == *"  $text
"* ]]
	done
	[[ $stderr == *"\`env' line replaces the PELIHOOK_RUN of pelihook's own"* ]]
	sed -i '/^ *watch /d' "$T/pelihook.conf"
	run -0 --separate-stderr ctl check
	[[ $stderr == *"hook peliqan watches nothing, so this line has no event"* ]]
	[[ $output == *"  watch        off"* ]]
}

@test "what check prints of signature and on is configuration again" {
	make_conf <<-EOF
		signature stripe
		on "odd name" where /a " *" run /bin/echo "a \"b\" c\\\\d"
		on * ignore
	EOF
	run -0 ctl check
	signature=$(echo "$output" | sed -n 's/^  signature    //p')
	rule=$(echo "$output" | sed -n 's/^  on           line 4: //p')
	[ -n "$signature" ]
	[ -n "$rule" ]
	make_conf <<-EOF
		signature $signature
		on $rule
		on * ignore
	EOF
	run -0 ctl check
	[[ $output == *"signature    $signature
"* ]]
	[[ $output == *"line 4: $rule
"* ]]
}

# Names for `event-name`, with all that a line or a glob could take them for.
@test "names of any text: check prints them as they are read, try takes them" {
	long=$(printf 'n%.0s' $(seq 255))
	make_conf <<-EOF
		event-name /type
		on orders/create "Push Hook" "a \\"b\\" c\\\\d 'e'" "#5" café [r]un $long ignore
		on [@]home "a [*] b" run /bin/true
	EOF
	run -0 --separate-stderr ctl check
	[[ $stderr != *"name"* ]]
	first=$(echo "$output" | sed -n 's/^  on           line 4: //p')
	second=$(echo "$output" | sed -n 's/^  on           line 5: //p')
	make_conf <<-EOF
		event-name /type
		on $first
		on $second
	EOF
	run -0 ctl check
	[[ $output == *"line 4: $first
"* ]]
	[[ $output == *"line 5: $second
"* ]]
	for name in orders/create 'Push Hook' "a \"b\" c\\d 'e'" '#5' café run \
	    "$long"; do
		jq -n --arg name "$name" '{type: $name}' >"$T/body"
		run -0 ctl try -n peliqan <"$T/body"
		[[ $output == *"taken by     $conf:4: "* ]]
	done
	for name in @home 'a * b'; do
		jq -n --arg name "$name" '{type: $name}' >"$T/body"
		run -0 ctl try -n peliqan <"$T/body"
		[[ $output == *"taken by     $conf:5: "* ]]
	done
	run -0 ctl try -n peliqan <<<'{"type":"run\n"}'
	[[ $output == *"no line"* ]]
}

@test "check: two hooks are reached by their paths only" {
	make_conf <<-EOF
		on * ignore
		hook plain
		signature none
		on * ignore
	EOF
	run -0 --separate-stderr ctl check
	[[ $output == *"reached by   path /peliqan, or PELIHOOK_HOOK=peliqan"* ]]
	[[ $output == *"reached by   PELIHOOK_HOOK=plain only"* ]]
}

@test "check: the only hook is reached without a path, signed or not" {
	make_conf <<-EOF
		on * ignore
	EOF
	sed -i -e 's/secret-file .*/signature none/' "$conf"
	run -0 --separate-stderr ctl check
	[[ $output == *"reached by   PELIHOOK_HOOK=peliqan, or no path: "* ]]
}

@test "check warns on standard error and is content" {
	make_conf <<-EOF
		timeout 50s
		on * ignore
	EOF
	run -0 --separate-stderr ctl check
	[[ $stderr == *"warning: $conf:3: "*35s* ]]
	[[ $output == *"timeout      50s"* ]]
}

# Runs a command where cron's directory is this one. (directory, command...)
with_cron() {
	# shellcheck disable=SC2016
	unshare -m sh -c 'mount --bind "$1" /etc/cron.d && shift &&
	    exec "$@"' - "$@"
}

@test "check: a line of cron with pelihookctl and drain runs the queue" {
	mkdir -p "$T/cron.d" "$T/state"
	unshare -m sh -c 'mount --bind "$1" /etc/cron.d' - "$T/cron.d" ||
	    skip "only root has a file system of its own"
	chown nobody "$T/state"
	make_conf <<-EOF
		on * run /bin/cat
	EOF
	sed -i "1i journal $T/state/journal.db\ndispatch none" "$conf"
	echo '# * * * * * nobody pelihookctl drain' >"$T/cron.d/other"
	run -0 --separate-stderr with_cron "$T/cron.d" \
	    "$PELIHOOKCTL" -c "$conf" check
	[[ $stderr == *"no timer and no cron line"* ]]
	for line in "pelihookctl stats --max-age 15m" "pelihookctl check" \
	    "mail -s 'pelihookctl is broken' root" "pelihookctl -c drain list" \
	    "pelihookctl show drain" "pelihookctl drained"; do
		echo "* * * * * nobody $line" >"$T/cron.d/queue"
		run -0 --separate-stderr with_cron "$T/cron.d" \
		    "$PELIHOOKCTL" -c "$conf" check
		[[ $stderr == *"no timer and no cron line"* ]]
	done
	for line in "/usr/sbin/pelihookctl drain" \
	    "pelihookctl -c /etc/other.conf -u daemon drain >/dev/null" \
	    "su nobody -c 'pelihookctl \$OPTIONS drain'; true"; do
		echo "* * * * * nobody $line" >"$T/cron.d/queue"
		run -0 --separate-stderr with_cron "$T/cron.d" \
		    "$PELIHOOKCTL" -c "$conf" check
		[[ $stderr != *"no timer"* ]]
	done
	# cron reads no file of such a name.
	for name in queue.cron queue~ queue.dpkg-dist; do
		rm "$T/cron.d/queue"*
		echo "* * * * * nobody pelihookctl drain" >"$T/cron.d/$name"
		run -0 --separate-stderr with_cron "$T/cron.d" \
		    "$PELIHOOKCTL" -c "$conf" check
		[[ $stderr == *"no timer and no cron line"* ]]
	done
}

@test "check: what cron or systemd does not start runs no queue" {
	make_untimed
	mkdir -p "$T/etc/cron.hourly" "$T/etc/systemd/system/timers.target.wants"
	cp /etc/passwd /etc/group "$T/etc/"
	unshare -m sh -c 'mount --bind "$1" /etc' - "$T/etc" ||
	    skip "only root has a file system of its own"
	# shellcheck disable=SC2016
	with_etc='mount --bind "$1" /etc && exec "$2" -c "$3" check'
	untimed() {
		run -0 --separate-stderr unshare -m sh -c "$with_etc" - \
		    "$T/etc" "$PELIHOOKCTL" "$conf"
		[[ $stderr == *"no timer and no cron line"* ]]
	}
	timed() {
		run -0 --separate-stderr unshare -m sh -c "$with_etc" - \
		    "$T/etc" "$PELIHOOKCTL" "$conf"
		[[ $stderr != *"no timer"* ]]
	}
	script=$T/etc/cron.hourly/queue
	printf '#!/bin/sh\npelihookctl drain\n' >"$script"
	chmod 644 "$script"
	untimed
	chmod 755 "$script"
	timed
	rm "$script"
	timer=$T/etc/systemd/system/pelihook-drain.timer
	ln -s ../pelihook-drain.timer \
	    "$T/etc/systemd/system/timers.target.wants/pelihook-drain.timer"
	untimed
	printf '[Timer]\nOnCalendar=minutely\n' >"$timer"
	timed
	ln -sf /dev/null "$timer"
	untimed
	# The unit of the link may be elsewhere.
	printf '[Timer]\nOnCalendar=minutely\n' >"$T/unit.timer"
	ln -sf "$T/unit.timer" \
	    "$T/etc/systemd/system/timers.target.wants/pelihook-drain.timer"
	untimed
	rm "$timer"
	timed
}

# A journal that only a timer would run.
make_untimed() {
	mkdir -p "$T/state"
	if [ "$(id -u)" = 0 ]; then
		chown nobody "$T/state"
	fi
	make_conf <<-EOF
		on * run /bin/cat
	EOF
	sed -i "1i journal $T/state/journal.db\nlog $T/state/log\ndispatch none" \
	    "$conf"
}

@test "check: a user's own crontab runs the queue" {
	make_untimed
	mkdir "$T/bin"
	echo '# * * * * * pelihookctl drain' >"$T/table"
	cat >"$T/bin/crontab" <<-EOF
		#!/bin/sh
		[ "\$*" = -l ] || exit 64
		id -u >"$T/state/asked"
		cat "$T/table"
	EOF
	chmod 755 "$T/bin/crontab"
	PATH=$T/bin:$PATH run -0 --separate-stderr ctl check
	[[ $stderr == *"no timer and no cron line"* ]]
	# It is asked as the user that pelihook runs as.
	[ "$(cat "$T/state/asked")" = "$(stat -c %u "$T/state")" ]
	printf '%s\n' MAILTO=root '*/5 * * * * /usr/sbin/pelihookctl drain' \
	    >>"$T/table"
	PATH=$T/bin:$PATH run -0 --separate-stderr ctl check
	[[ $stderr != *"no timer"* ]]
	# One that hangs holds check up for a while only.
	printf '#!/bin/sh\nexec sleep 1000\n' >"$T/bin/crontab"
	PATH=$T/bin:$PATH run -0 --separate-stderr timeout 60 "$PELIHOOKCTL" \
	    -c "$conf" $as check
	[[ $stderr == *"no timer and no cron line"* ]]
}

@test "check: root sees the crontabs of all users" {
	make_untimed
	mkdir -p "$T/spool/cron/crontabs"
	chmod 700 "$T/spool/cron/crontabs"
	unshare -m sh -c 'mount --bind "$1" /var/spool' - "$T/spool" ||
	    skip "only root has a file system of its own"
	echo '* * * * * /usr/sbin/pelihookctl drain' \
	    >"$T/spool/cron/crontabs/root"
	# shellcheck disable=SC2016
	with_spool='mount --bind "$1" /var/spool && shift && exec "$@"'
	run -0 --separate-stderr unshare -m sh -c "$with_spool" - "$T/spool" \
	    "$PELIHOOKCTL" -c "$conf" check
	[[ $stderr != *"no timer"* ]]
	# Others see their own, where they may.
	mv "$T/spool/cron/crontabs/root" "$T/spool/cron/crontabs/nobody"
	for mode in 700 711; do
		chmod $mode "$T/spool/cron/crontabs"
		run -0 --separate-stderr unshare -m sh -c "$with_spool" - \
		    "$T/spool" "$PELIHOOKCTL" -c "$conf" -u nobody check
		if [ $mode = 700 ]; then
			[[ $stderr == *"no timer"* ]]
		else
			[[ $stderr != *"no timer"* ]]
		fi
	done
}

@test "check: an enabled unit of pelihook.fcgi serves" {
	make_untimed
	sed -i /dispatch/d "$conf"
	mkdir -p "$T/systemd/system/multi-user.target.wants"
	unshare -m sh -c 'mount --bind "$1" /etc/systemd' - "$T/systemd" ||
	    skip "only root has a file system of its own"
	unit=$T/systemd/system/multi-user.target.wants/hooks.service
	echo 'ExecStart=/usr/sbin/something-else' >"$unit"
	# shellcheck disable=SC2016
	with_units='mount --bind "$1" /etc/systemd && exec "$2" -c "$3" check'
	run -0 --separate-stderr unshare -m sh -c "$with_units" - "$T/systemd" \
	    "$PELIHOOKCTL" "$conf"
	[[ $stderr == *"no timer and no cron line"*"under CGI"* ]]
	echo 'ExecStart=/usr/libexec/pelihook/pelihook.fcgi' >"$unit"
	run -0 --separate-stderr unshare -m sh -c "$with_units" - "$T/systemd" \
	    "$PELIHOOKCTL" "$conf"
	[[ $stderr != *"no timer"* ]]
	# It runs nothing where it was told so.
	sed -i '1i dispatch none' "$conf"
	run -0 --separate-stderr unshare -m sh -c "$with_units" - "$T/systemd" \
	    "$PELIHOOKCTL" "$conf"
	[[ $stderr == *"no timer and no cron line"* ]]
}

@test "check: commands that no kernel starts and odd secrets are warned of" {
	printf '#!/bin/sh\r\nexit 0\r\n' >"$T/crlf"
	printf '#!/usr/bin/env no-such-program\n' >"$T/env"
	chmod 755 "$T/crlf" "$T/env"
	make_conf <<-EOF
		on a run $T/crlf
		on * run $T/env
	EOF
	printf 'SECRET=%s\n' 0123456789abcdef >"$T/secret"
	run -0 --separate-stderr ctl check
	[[ $stderr == *"warning: $conf:2: "*"/secret has a name before it"* ]]
	[[ $stderr == *"warning: $conf:3: command $T/crlf "*CR* ]]
	[[ $stderr == *"warning: $conf:4: command $T/env "*no-such-program* ]]
	[[ $stderr != *0123456789abcdef* ]]
}

# A command on a file system that executes none.
check_on_noexec() {
	mount -t tmpfs -o size=64k,mode=755,noexec none "$1" || exit 99
	printf '#!/bin/sh\n' >"$1/act"
	chmod 755 "$1/act"
	"$PELIHOOKCTL" -c "$conf" check
}

@test "check: a command on a file system that executes none is told" {
	mkdir "$T/noexec"
	make_conf <<-EOF
		on * run $T/noexec/act
	EOF
	chown "$(id -u)" "$T/secret"
	export conf PELIHOOKCTL
	export -f check_on_noexec
	run unshare -rm bash -c 'check_on_noexec "$1"' _ "$T/noexec"
	[ "$status" != 99 ] && unshare -rm true || skip "mounts nothing"
	[ "$status" = 78 ]
	[[ $output == *"$conf:3: "*"$T/noexec/act "*noexec* ]]
	[[ $output != *chmod* ]]
}

@test "check: a secret as containers have it is taken where its line says so" {
	needs_root
	make_conf <<-EOF
		on * run /bin/cat
	EOF
	chown root "$T/secret"
	chmod 444 "$T/secret"
	run -78 --separate-stderr ctl check
	[[ $stderr == *"$conf:2: "*"\`world-readable'"* ]]
	sed -i 's/^secret-file .*/& world-readable/' "$conf"
	run -0 --separate-stderr ctl check
	[[ $output == *"secret-file  $T/secret raw world-readable"* ]]
	[[ $stderr != *readable* ]]
	printf '{"event":"connection_added"}' >"$T/body"
	ctl sign peliqan <"$T/body" >"$T/headers"
	[ "$(post peliqan "$T/body" "$T/headers")" = 200 ]
}

@test "check: a journal in memory is warned of" {
	[ "$(stat -f -c %T /dev/shm)" = tmpfs ] || skip "/dev/shm is no tmpfs"
	make_untimed
	run -0 --separate-stderr ctl check
	[[ $stderr != *"is in memory"* ]] ||
	    [ "$(stat -f -c %T "$T/state")" = tmpfs ]
	shm=$(mktemp -d /dev/shm/pelihook-ctl.XXXXXX)
	if [ "$(id -u)" = 0 ]; then
		chown nobody "$shm"
	fi
	sed -i "s|^journal .*|journal $shm/journal.db|" "$conf"
	run -0 --separate-stderr ctl check
	[[ $stderr == *"warning: $conf:1: the journal $shm/journal.db is in memory"* ]]
	run -0 --separate-stderr cgi_user "$build/fcgi/pelihook.fcgi" \
	    -c "$conf" -t
	rm -r "$shm"
	[[ $stderr == *"warning: $conf:1: the journal $shm/journal.db is in memory"* ]]
}

@test "check: an error of grammar is 78 with file and line" {
	make_conf <<-EOF
		tiemout 5s
		on * run /bin/cat
	EOF
	run -78 --separate-stderr ctl check
	[ -z "$output" ]
	[[ $stderr == *"$conf:3: "*tiemout* ]]
}

@test "check: missing secrets and commands are all told" {
	make_conf <<-EOF
		on * run $T/no-command
	EOF
	rm "$T/secret"
	run -78 --separate-stderr ctl check
	[ -z "$output" ]
	[[ $stderr == *"$conf:2: "* ]]
	[[ $stderr == *"$conf:3: "*no-command* ]]
}

@test "check: no configuration is 78" {
	run -78 --separate-stderr ctl check
	[[ $stderr == *"$conf"* ]]
}

# --- sign -------------------------------------------------------------------

@test "sign under auto is what openssl says" {
	make_conf <<-EOF
		on * run /bin/cat
	EOF
	printf '{"event":"connection_added"}' >"$T/body"
	mac=$(openssl dgst -sha256 -hmac 0123456789abcdef <"$T/body" |
	    sed 's/.*= //')
	run -0 --separate-stderr ctl sign peliqan <"$T/body"
	[ "$output" = "X-Signature: sha256=$mac" ]
	[ -z "$stderr" ]
}

@test "sign is accepted by pelihook.cgi under every recipe" {
	"$PELIHOOKCTL" sample pipeline_run_error >"$T/body"
	for recipe in auto github stripe slack standard-webhooks \
	    "header X-Mine split , prefix v1= encoding base64 timestamp header X-When unit ms id header X-Id over {id}.{timestamp}.{body}" \
	    "header X-Mine timestamp header X-When unit rfc3339 over {timestamp}.{body}"; do
		make_conf <<-EOF
			signature $recipe
			on * run /bin/true
		EOF
		run -0 --separate-stderr ctl sign peliqan <"$T/body"
		echo "$output" >"$T/headers"
		[ "$(post peliqan "$T/body" "$T/headers")" = 200 ]
		printf ' ' >>"$T/body"
		[ "$(post peliqan "$T/body" "$T/headers")" = 401 ]
	done
}

@test "sign takes the first of several secrets" {
	make_secret old-secret fedcba9876543210
	make_conf <<-EOF
		secret-file $T/old-secret
		on * run /bin/true
	EOF
	mac=$(printf body | openssl dgst -sha256 -hmac 0123456789abcdef |
	    sed 's/.*= //')
	run -0 ctl sign peliqan < <(printf body)
	[ "$output" = "X-Signature: sha256=$mac" ]
}

@test "sign takes any bytes, also none and more than max-body" {
	make_conf <<-EOF
		max-body 1K
		on * run /bin/true
	EOF
	run -0 ctl sign peliqan </dev/null
	head -c 100000 /dev/urandom >"$T/body"
	mac=$(openssl dgst -sha256 -hmac 0123456789abcdef <"$T/body" |
	    sed 's/.*= //')
	run -0 ctl sign peliqan <"$T/body"
	[ "$output" = "X-Signature: sha256=$mac" ]
}

@test "sign without a secret prints no header" {
	cat >"$conf" <<-EOF
		hook open
		signature none
		on * run /bin/true
	EOF
	run -0 --separate-stderr ctl sign open </dev/null
	[ -z "$output" ]
	[[ $stderr == *unsigned* ]]
}

@test "sign and try of no such hook are 66" {
	make_conf <<-EOF
		on * run /bin/true
	EOF
	run -66 ctl sign peliqan2 </dev/null
	[[ $output == *peliqan2* ]]
	run -66 ctl try Peliqan </dev/null
	run -66 ctl try -n Peliqan </dev/null
}

@test "sign with a bad secret is 78" {
	make_conf <<-EOF
		on * run /bin/true
	EOF
	: >"$T/secret"
	run -78 --separate-stderr ctl sign peliqan </dev/null
	[ -z "$output" ]
	[[ $stderr == *"$conf:2: "* ]]
}

# --- try --------------------------------------------------------------------

# What try comes to with a command of this text: (status, text)
try_status() {
	make_command command <<<"$2"
	make_conf <<-EOF
		timeout 1s
		kill-after 100ms
		on * run $T/command
	EOF
	"$PELIHOOKCTL" sample pipeline_run_error >"$T/body"
	run -"$1" ctl try peliqan <"$T/body"
}

@test "try -n says where dedupe and order find nothing" {
	mkdir "$T/state"
	make_conf <<-EOF
		dedupe /event_id
		order /run/idd
		on * run /bin/cat
	EOF
	sed -i "1i journal $T/state/journal.db" "$conf"
	printf '{"event":"x","event_id":"e1","run":{"id":7}}' >"$T/body"
	run -0 ctl try -n peliqan <"$T/body"
	[[ $output == *"dedupe       by what is at /event_id"* ]]
	[[ $output == *"order        nothing found at /run/idd"* ]]
	sed -i -e 's|^dedupe .*|dedupe header X-Id|' -e 's|^order .*|order hook|' \
	    "$conf"
	run -0 ctl try -n peliqan <"$T/body"
	[[ $output == *"dedupe       by header X-Id, which no body has"* ]]
	[[ $output != *order* ]]
}

@test "try: the command decides the exit status" {
	try_status 0 'exit 0'
	[[ $output == *"outcome      delivered: exit 0 after "* ]]
	try_status 75 'exit 75'
	[[ $output == *"exit 75"* ]]
	try_status 65 'exit 65'
	[[ $output == *"exit 65"* ]]
	try_status 70 'exit 1'
	[[ $output == *"exit 1 "* ]]
	try_status 70 'kill -KILL $$'
	[[ $output == *"signal 9"* ]]
	try_status 70 'exec sleep 60'
	[[ $output == *"timeout: ended after "* ]]
}

@test "try: a command that cannot be started is 70" {
	try_status 0 'exit 0'
	sed -i '1s,.*,#!/no/interpreter,' "$T/command"
	run -70 ctl try peliqan <"$T/body"
	[[ $output == *"No such file"*"the interpreter /no/interpreter, which is missing"* ]]
}

@test "try: the command's output is shown, both descriptors" {
	try_status 0 'echo to-stdout; echo to-stderr >&2'
	[[ $output == *"
to-stdout
"* ]]
	[ "$(grep -c to-stderr <<<"$output")" -eq 1 ]
}

@test "try: the command sees what a received event would give it" {
	try_status 0 'cmp -s - '"$T/body"' && env | sort'
	for text in PELIHOOK_HOOK=peliqan PELIHOOK_EVENT=pipeline_run_error \
	    PELIHOOK_OUTCOME=failure PELIHOOK_CAUSE=connector \
	    PELIHOOK_ATTEMPT=1 PELIHOOK_VERIFIED=1 PELIHOOK_COUNT=1 \
	    "PELIHOOK_DIGEST=$(sha256sum <"$T/body" | cut -d' ' -f1)"; do
		[[ $output == *"
$text
"* ]]
	done
	[[ $output =~ PELIHOOK_ID=[0-9a-f]{8}-[0-9a-f]{4}-7 ]]
}

@test "try says where the name was found and who takes it" {
	make_conf <<-EOF
		on pipeline_run_started ignore
		on @problem where /data/team blue run /bin/echo first
		on @problem run /bin/echo second
	EOF
	run -0 ctl try peliqan <<<'{"data":{"type":"pipeline_run_error","team":"blue"}}'
	[[ $output == *"event        pipeline_run_error, found at /data/type
"*"taken by     $conf:4: on @problem where /data/team blue run /bin/echo first
"*"
first
"* ]]
	[[ $output != *second* ]]
	run -0 ctl try peliqan <<<'{"type":"pipeline_run_error"}'
	[[ $output == *"taken by     $conf:5: "* ]]
}

@test "try: ignored and unwanted events are fine" {
	make_conf <<-EOF
		on pipeline_run_started ignore
		on @problem run /bin/false
	EOF
	run -0 ctl try peliqan <<<'{"type":"pipeline_run_started"}'
	[[ $output == *":3: on pipeline_run_started ignore
"*"outcome      ignored"* ]]
	run -0 ctl try peliqan <<<'{"type":"pipeline_run_completed"}'
	[[ $output == *"taken by     no line"* ]]
	run -0 ctl try peliqan <<<'[]'
	[[ $output == *"event        unknown, no name was found"* ]]
	run -0 ctl try peliqan <<<'{"event":"something.else"}'
	[[ $output == *"event        something.else, found at /event (not in the table)"* ]]
}

@test "try -n only says, and needs no secret" {
	make_command touch-it <<-EOF
		touch "$T/ran"
	EOF
	make_conf <<-EOF
		on * run $T/touch-it
	EOF
	rm "$T/secret"
	run -0 ctl try -n peliqan <<<'{"type":"pipeline_run_error"}'
	[[ $output == *"taken by     $conf:3: "* ]]
	[[ $output != *outcome* ]]
	[ ! -e "$T/ran" ]
	run -78 ctl try peliqan <<<'{}'
	[ ! -e "$T/ran" ]
}

@test "try: what is no event is 65" {
	make_conf <<-EOF
		max-body 64
		on * run /bin/true
	EOF
	run -65 ctl try peliqan <<<'{'
	[[ $output == *"not JSON from byte 2 on"* ]]
	run -65 ctl try peliqan <<<'event=pipeline_run_error'
	[[ $output == *"not JSON: it looks like form"* ]]
	run -65 ctl try peliqan </dev/null
	head -c 63 /dev/zero | tr '\0' ' ' >"$T/body"
	printf 1 >>"$T/body"
	run -0 ctl try peliqan <"$T/body"
	printf ' ' >>"$T/body"
	run -65 ctl try peliqan <"$T/body"
	[[ $output == *"over 64 bytes"* ]]
}

@test "try does not move the terminal's cursor with a payload's key" {
	make_conf <<-EOF
		on * ignore
	EOF
	run -0 ctl try peliqan <<<'{"a\u001b[2Jb":"pipeline_run_error"}'
	[[ $output == *"event        pipeline_run_error"* ]]
	[[ $output != *$'\e'* ]]
}

@test "try ends the command when it is interrupted" {
	mkfifo "$T/started"
	chmod 666 "$T/started"
	make_command command <<-EOF
		echo \$\$ >"$T/started"
		exec sleep 60
	EOF
	make_conf <<-EOF
		on * run $T/command
	EOF
	"$PELIHOOKCTL" sample connection_added >"$T/body"
	"$PELIHOOKCTL" -c "$conf" $as try peliqan <"$T/body" >"$T/out" 3>&- &
	mine=$!
	read -r command <"$T/started"
	kill -TERM "$mine"
	status=0
	wait "$mine" || status=$?
	[ "$status" -eq 75 ]
	[ ! -e "/proc/$command" ]
}

# --- README -----------------------------------------------------------------

# What README says with the files of this test.
readme_here() {
	readme_block "$1" | sed "s,/usr/local/bin,$T,; s,/var/lib/pelihook,$T/state,
	    s,/etc/pelihook/peliqan.secret,$T/secret,"
}

@test "the configuration and commands of README work" {
	make_secret secret 0123456789abcdef
	mkdir "$T/state"
	chmod 777 "$T/state"
	readme_here "hook peliqan" >"$conf"
	[ "$(grep -c . "$conf")" -eq 3 ]
	"$PELIHOOKCTL" sample pipeline_run_error >"$T/body"

	readme_here '#!/bin/sh' | make_command on-peliqan
	run -0 ctl check
	run -0 ctl try peliqan <"$T/body"
	jq -e --slurpfile payload "$T/body" \
	    '.event == "pipeline_run_error" and .payload == $payload[0]' \
	    "$T/state/events.jsonl"
	[ "$(wc -l <"$T/state/events.jsonl")" -eq 1 ]
	rm -r "$T/state"
	run -75 ctl try peliqan <"$T/body"

	readme_here '#!/usr/bin/python3' >"$T/on-peliqan"
	run -0 ctl try peliqan <"$T/body"
	[[ $output == *"
pipeline_run_error ['event', "* ]]
}
