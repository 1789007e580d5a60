# SPDX-License-Identifier: ISC
#
# The commands in examples/, run by pelihook itself on its own samples.

load lib.bash

setup() {
	WORK=$BATS_TEST_TMPDIR/work
	mkdir -p "$WORK"
	chmod 700 "$WORK"
	umask 022
	: >"$WORK/pids"
	CONFIG=$WORK/pelihook.conf
	SAMPLE=$WORK/sample
}

teardown() {
	stop_all
}

# configure COMMAND [ARGUMENT]; more lines of the hook on stdin
configure() {
	local name=$1
	shift
	openssl rand -hex 32 >"$WORK/secret"
	chmod 600 "$WORK/secret"
	install -m 755 "$SOURCE/examples/$name" "$WORK/$name"
	{
		echo "hook peliqan"
		echo "secret-file $WORK/secret"
		cat
		echo "on * run $WORK/$name $*"
	} >"$CONFIG"
}

sample() {	# event
	"$CTL" sample "$1" >"$SAMPLE"
}

# Where root becomes nobody, nobody has to get there.
let_through() {
	chmod 711 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR/.." \
	    "$BATS_TEST_TMPDIR" "$WORK" 2>/dev/null
}

# The exit status of the command, through `pelihookctl try`; where that
# refuses to be root, as nobody.
try_it() {
	if [ "$(id -u)" = 0 ]; then
		chown -R nobody "$WORK"
		let_through
		run "$CTL" -c "$CONFIG" -u nobody try peliqan <"$SAMPLE"
	else
		run "$CTL" -c "$CONFIG" try peliqan <"$SAMPLE"
	fi
	echo "$output"
}

@test "log-event.sh appends a line for each event" {
	configure log-event.sh <<-END
	setenv EVENT_LOG $WORK/events.jsonl
	END
	sample pipeline_run_error
	try_it
	[ "$status" -eq 0 ]
	sample connection_added
	try_it
	[ "$status" -eq 0 ]
	[ "$(jq -r .event "$WORK/events.jsonl" | tr '\n' ' ')" = \
	    'pipeline_run_error connection_added ' ]
	[ "$(jq -r .outcome "$WORK/events.jsonl" | tr '\n' ' ')" = \
	    'failure added ' ]
	[ "$(sed -n 2p "$WORK/events.jsonl" | jq -S .payload)" = \
	    "$(jq -S . "$SAMPLE")" ]
}

@test "log-event.sh asks for another try when it cannot write" {
	configure log-event.sh <<-END
	setenv EVENT_LOG $WORK/there/is/no/such/directory
	END
	sample pipeline_run_error
	try_it
	[ "$status" -eq 75 ]
}

@test "store-event.py keeps an event once, whatever its ID says twice" {
	configure store-event.py <<-END
	setenv EVENTS_DB $WORK/events.db
	END
	sample pipeline_run_killed
	try_it
	[ "$status" -eq 0 ]
	local i
	for i in 1 2; do
		PELIHOOK_ID=same PELIHOOK_RECEIVED=now PELIHOOK_EVENT=e \
		    PELIHOOK_OUTCOME='' EVENTS_DB=$WORK/events.db \
		    "$WORK/store-event.py" <"$SAMPLE"
	done
	run python3 -c '
import json, sqlite3, sys
rows = sqlite3.connect(sys.argv[1]).execute(
    "select name, outcome, payload from event order by name").fetchall()
assert [row[:2] for row in rows] == [
    ("e", ""), ("pipeline_run_killed", "stopped")], rows
assert json.loads(rows[1][2]) == json.load(open(sys.argv[2])), rows
' "$WORK/events.db" "$SAMPLE"
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "store-event.py refuses what is not JSON" {
	run "$SOURCE/examples/store-event.py" <<<'not JSON'
	[ "$status" -eq 65 ]
}

@test "store-event.py asks for another try when it cannot write" {
	sample pipeline_run_killed
	configure store-event.py <<-END
	setenv EVENTS_DB $WORK/there/is/no/such/directory
	END
	try_it
	[ "$status" -eq 75 ]
}

# A service that takes one POST and writes it down.
start_pager() {
	PORT=$(free_port)
	launch pager perl -MIO::Socket::INET -e '
		my ($port, $file) = @ARGV;
		my $listen = IO::Socket::INET->new(Listen => 1,
		    LocalAddr => "127.0.0.1", LocalPort => $port,
		    ReuseAddr => 1) or die "$!";
		open(my $ready, ">", "$file.ready"); close($ready);
		my $peer = $listen->accept;
		open(my $out, ">", $file) or die "$!";
		my $length = 0;
		while (my $line = <$peer>) {
			print $out $line;
			$length = $1 if $line =~ /^content-length: (\d+)/i;
			last if $line eq "\r\n";
		}
		read($peer, my $body, $length);
		print $out $body;
		close($out);
		print $peer "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n";
	' "$PORT" "$WORK/page"
	until_true 10 test -e "$WORK/page.ready"
}

@test "page-oncall.sh sends title and text" {
	start_pager
	configure page-oncall.sh '"ELT trouble"' <<-END
	setenv ONCALL_URL http://127.0.0.1:$PORT/elt
	END
	sample pipeline_run_remote_error
	try_it
	[ "$status" -eq 0 ]
	grep -q '^POST /elt ' "$WORK/page"
	grep -q '^Title: ELT trouble' "$WORK/page"
	[ "$(tail -n 1 "$WORK/page")" = \
	    'pipeline_run_remote_error: failure, because of the source' ]
}

@test "page-oncall.sh leaves people alone when a run may be repeated" {
	configure page-oncall.sh <<-END
	setenv ONCALL_URL http://127.0.0.1:1/
	END
	sample pipeline_run_killed_for_system_upgrade
	try_it
	[ "$status" -eq 0 ]
}

@test "page-oncall.sh asks for another try when nobody answers" {
	configure page-oncall.sh <<-END
	setenv ONCALL_URL http://127.0.0.1:$(free_port)/
	END
	sample pipeline_run_remote_error
	try_it
	[ "$status" -eq 75 ]
}

# A broker that kcat brings along, on a port of its own, and a consumer.
start_kafka() {
	command -v kcat >/dev/null || skip 'no kcat is installed'
	launch kafka kcat -X test.mock.num.brokers=1 -X debug=mock -b none \
	    -C -t events -q -u -f '%k|%h|%s\n' -X auto.offset.reset=earliest
	until_true 10 grep -q 'bootstrap.servers=127' "$WORK/kafka.log"
	BROKER=$(sed -n 's/.* bootstrap.servers=\(127[0-9.:]*\).*/\1/p' \
	    "$WORK/kafka.log")
}

@test "feed-kafka.sh sends one message, with key and headers" {
	start_kafka
	configure feed-kafka.sh <<-END
	env KEY /number
	setenv KAFKA_BROKERS $BROKER
	setenv KAFKA_TOPIC events
	END
	printf '{"event":"pipeline_run_error",\n"number":7}' >"$SAMPLE"
	try_it
	[ "$status" -eq 0 ]
	until_true 10 grep -q '^"number":7}$' "$WORK/kafka.log"
	grep '^7|id=[0-9a-f-]\{36\},event=pipeline_run_error,received=2' \
	    "$WORK/kafka.log" | grep '|{"event":"pipeline_run_error",$'
}

@test "feed-kafka.sh: what the broker finds too large is a bad event" {
	start_kafka
	payload "$SAMPLE" 1020000
	configure feed-kafka.sh <<-END
	setenv KAFKA_BROKERS $BROKER
	setenv KAFKA_TOPIC events
	END
	try_it
	[ "$status" -eq 65 ]
}

@test "feed-kafka.sh asks for another try when no broker answers" {
	command -v kcat >/dev/null || skip 'no kcat is installed'
	configure feed-kafka.sh <<-END
	setenv KAFKA_BROKERS 127.0.0.1:$(free_port)
	setenv KAFKA_TOPIC events
	setenv KAFKA_SECONDS 3
	END
	sample pipeline_run_error
	try_it
	[ "$status" -eq 75 ]
}

@test "pelihook-drain.cron is one line, with the word that is there" {
	local line
	line=$(grep -v '^#' "$BUILD/examples/pelihook-drain.cron" |
	    sed '/^$/d')
	[[ $line =~ ^(\*\ ){5}www-data\ /.*/sbin/pelihookctl\ ([a-z]+)$ ]]
	run "$CTL" "${BASH_REMATCH[2]}" --help
	echo "$output"
	[ "$status" -eq 0 ]
}

# Behind each server the tests try to; this is for what they do not run.
@test "no example or manual puts a part of a request into PELIHOOK_HOOK" {
	cd "$SOURCE"
	local files=(README.md SECURITY.md examples/*.conf examples/Caddyfile
	    common/*.5 cgi/*.8 fcgi/*.8 ctl/*.8)
	grep -qE 'PELIHOOK_HOOK\W+internal' "${files[@]}"
	run grep -nE 'PELIHOOK_HOOK\W*[$%{]' "${files[@]}"
	echo "$output"
	[ "$status" -eq 1 ]
}

@test "README's line for Prometheus writes what promtool accepts" {
	local line
	configure log-event.sh <<-END
	END
	install -d -m 700 "$WORK/journal" "$WORK/collector"
	sed -i "1i journal $WORK/journal/journal.db" "$CONFIG"
	[ "$(id -u)" != 0 ] || chown nobody "$WORK/journal"
	let_through
	line=$(sed -n 's/^ *\* \* \* \* \* root //p' "$SOURCE/README.md" |
	    sed -e "s|cd [^ ]*|cd $WORK/collector|" \
		-e "s|[^ ]*/pelihookctl|$CTL -c $CONFIG|")
	sh -c "$line"
	[ "$(ls "$WORK/collector")" = pelihook.prom ]
	grep -x 'pelihook_hook_configured{hook="peliqan"} 1' \
	    "$WORK/collector/pelihook.prom"
	promtool check metrics <"$WORK/collector/pelihook.prom"
}
