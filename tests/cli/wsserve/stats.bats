#!/usr/bin/env bats
# also: check
# wsserve: SIGUSR1 and --stats-interval, --exit-idle, SIGTERM with much to say.

load ../helper

@test "SIGUSR1: a line of what there is and was" {
	serve -t 2
	run -0 wscat -w 0 "$URL" hello </dev/null
	mkfifo "$BATS_TEST_TMPDIR/in"
	exec 9<>"$BATS_TEST_TMPDIR/in"
	background wscat -w -1 "$URL" <"$BATS_TEST_TMPDIR/in"
	await 'conn=.*-2 open' "$SERVER_LOG"
	await 'conn=.*-1 close' "$SERVER_LOG"
	kill -USR1 "$SERVER"
	await 'INFO +stats connections=1 handshakes=0 open=1 closing=0 .*opened=2 messages_in=1 messages_out=1 ' "$SERVER_LOG"
	says 'queues=0 queue_bytes=0 assemblies=0 assembly_bytes=0' "$(grep stats "$SERVER_LOG")"
	exec 9>&-
}

@test "SIGUSR1 with --log-format=json: numbers by name" {
	serve --log-format=json
	kill -USR1 "$SERVER"
	await '"event":"stats"' "$SERVER_LOG"
	grep '"stats"' "$SERVER_LOG" | "$PYTHON" -c '
import json, sys
line = json.loads(sys.stdin.readline())
assert line["connections"] == 0 and line["queue_bytes"] == 0, line'
}

@test "--stats-interval: again and again" {
	serve --stats-interval=50ms
	eventually bash -c "((\$(grep -c ' stats ' '$SERVER_LOG') >= 3))"
}

@test "half a message is counted" {
	serve --fault=drop@0 # whole messages, and none of them harmed
	background "$PYTHON" -S "$FIXTURES/client.py" does "$URL" half-message
	await ' open from' "$SERVER_LOG"
	stats_show() {
		kill -USR1 "$SERVER"
		grep -qE 'stats .* assemblies=1 assembly_bytes=[1-9]' "$SERVER_LOG"
	}
	eventually stats_show
}

@test "--exit-idle: exit 0 after this long without a connection" {
	local begin=${EPOCHREALTIME/./}
	serve --exit-idle=300ms
	finished "$SERVER"
	((${EPOCHREALTIME/./} - begin >= 300000))
	await ' idle no connections for' "$SERVER_LOG"
}

@test "--exit-idle counts from when the last one left" {
	serve --exit-idle=3s # a machine under load needs a second until a client is there
	mkfifo "$BATS_TEST_TMPDIR/in"
	exec 9<>"$BATS_TEST_TMPDIR/in"
	background wscat -w -1 "$URL" <"$BATS_TEST_TMPDIR/in"
	await ' open from' "$SERVER_LOG"
	sleep 3.5 # measured: longer than it may stay without a connection
	kill -0 "$SERVER"
	kill "$PID"
	finished || true
	exec 9>&-
	finished "$SERVER"
}

@test "SIGTERM: what was accepted and queued is delivered first" {
	serve --drain=20s
	run -0 client drained "$URL" 60000 "$SERVER"
	says '^close 1001 after [1-9]' "$output"
	finished "$SERVER"
	# As many as the server says it answered; what it read after its close was never accepted.
	same "${output##* }" "$(sed -nE 's/.*end served .* ([0-9]+) out$/\1/p' "$SERVER_LOG")"
}
