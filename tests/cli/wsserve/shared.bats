#!/usr/bin/env bats
# also: check
# shellcheck disable=SC2016,SC2317 # scripts in quotes; functions that others call
# wsserve --shared COMMAND: one process for all.

load ../helper

client_of() { # NAME [PATH]: its output is $BATS_TEST_TMPDIR/NAME, its input NAME.in
	mkfifo "$BATS_TEST_TMPDIR/$1.in"
	background wscat -v "$URL${2-}" <>"$BATS_TEST_TMPDIR/$1.in"
	ln -s "$OUT" "$BATS_TEST_TMPDIR/$1"
	ln -s "$LOG" "$BATS_TEST_TMPDIR/$1.log"
	await '101 Switching' "$LOG"
}

@test "what one says goes to the process, and what it says to all" {
	serve --shared sh -c 'while read -r line; do echo "$$ got $line"; done'
	client_of one
	client_of two
	echo hello >"$BATS_TEST_TMPDIR/one.in"
	await ' got hello$' "$BATS_TEST_TMPDIR/one"
	await ' got hello$' "$BATS_TEST_TMPDIR/two"
	echo you >"$BATS_TEST_TMPDIR/two.in"
	await ' got you$' "$BATS_TEST_TMPDIR/one"
	# One process for both.
	same 1 "$(cut -d' ' -f1 "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two" | sort -u | wc -l)"
	same 1 "$(ps -o pid= --ppid "$SERVER" | wc -l)"
}

@test "it keeps its memory when everybody has left" {
	serve --shared sh -c 'n=0; while read -r line; do n=$((n + 1)); echo $n; done'
	run -0 wscat -N 1 "$URL" a </dev/null
	same 1 "$output"
	run -0 wscat -N 1 "$URL" a </dev/null
	same 2 "$output"
}

@test "it is started with the server, and one that cannot be is an error: 1" {
	serve --shared sh -c 'touch "$0"; cat' "$BATS_TEST_TMPDIR/started"
	await_file() { [[ -e $BATS_TEST_TMPDIR/started ]]; }
	eventually await_file
	run -1 --separate-stderr timeout 40 wsserve -p 0 --shared no-such-command
	one_line 'cannot run no-such-command'
	run -2 --separate-stderr timeout 40 wsserve -p 0 --shared
	usage_line '--shared needs a COMMAND'
}

@test "when it ends all are closed with its status, and the next client has it started again" {
	serve --shared sh -c 'echo up; read -r line; echo "last words"; exit "$line"'
	client_of one
	client_of two
	echo 5 >"$BATS_TEST_TMPDIR/one.in"
	await 'closed by the server: 1011 .*COMMAND ended with status 5' "$BATS_TEST_TMPDIR/one.log"
	await 'closed by the server: 1011 .*COMMAND ended with status 5' "$BATS_TEST_TMPDIR/two.log"
	await 'last words' "$BATS_TEST_TMPDIR/two"
	client_of three
	echo 0 >"$BATS_TEST_TMPDIR/three.in"
	await 'closed by the server: 1000' "$BATS_TEST_TMPDIR/three.log"
	eventually no_children
	logged 3 ' open from '
	run ! grep ' ERROR ' "$SERVER_LOG"
}

@test "a program that cannot run is backed off: 503" {
	serve --shared sh -c 'exit 1'
	fails() {
		wscat "$URL" </dev/null 2>"$BATS_TEST_TMPDIR/err" || true
		grep -q 503 "$BATS_TEST_TMPDIR/err"
	}
	eventually fails
	await 'keeps failing' "$SERVER_LOG"
}

@test "200000 lines to two clients: none lost, in order" {
	serve --shared sh -c 'read -r line; seq 1 200000; read -r line'
	background wscat -N 200000 "$URL" </dev/null
	local one=$PID out=$OUT
	await 'conn=[^ ]*-1 open' "$SERVER_LOG"
	wscat -N 200000 "$URL" go </dev/null >"$BATS_TEST_TMPDIR/two"
	finished "$one"
	seq 1 200000 | cmp - "$BATS_TEST_TMPDIR/two"
	seq 1 200000 | cmp - "$out"
}

@test "--framing=jsonl: it knows them apart, and answers one" {
	serve --shared --framing=jsonl "$PYTHON" -u -c '
import json, sys
for line in sys.stdin:
    record = json.loads(line)
    if record["type"] == "text":
        print(json.dumps({"conn": record["conn"], "data": record["data"].upper()}))
    if record["type"] == "open":
        print(json.dumps({"except": record["conn"], "data": "another one"}))'
	client_of one
	client_of two
	await 'another one' "$BATS_TEST_TMPDIR/one"
	echo hello >"$BATS_TEST_TMPDIR/two.in"
	await '^HELLO$' "$BATS_TEST_TMPDIR/two"
	same 'another one' "$(cat "$BATS_TEST_TMPDIR/one")"
	same HELLO "$(cat "$BATS_TEST_TMPDIR/two")"
}

# bats test_tags=measures
@test "a process that does not read makes clients wait, not memory grow" {
	serve --shared sleep 1000
	head -c 30000000 /dev/zero >"$BATS_TEST_TMPDIR/in"
	background wscat -b "$URL" <"$BATS_TEST_TMPDIR/in"
	await open "$SERVER_LOG"
	eventually at_rest "$PID" "$SERVER"
	grew_less "$SERVER" 8000
}

@test "SIGTERM: it sees the end of its input, and nothing is left" {
	serve --shared sh -c 'cat; echo tidied >"$0"; sleep 1000' "$BATS_TEST_TMPDIR/trace"
	run -0 wscat -N 1 "$URL" hello </dev/null
	same hello "$output"
	kill "$SERVER"
	finished "$SERVER"
	same tidied "$(cat "$BATS_TEST_TMPDIR/trace")"
	run ! pgrep -f "$BATS_TEST_TMPDIR/trace"
}
