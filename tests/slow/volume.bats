#!/usr/bin/env bats
# only: build
# Large amounts of data through other servers: Python's websockets, npm's ws.

load ../cli/helper

websockets_echo() {
	need_websockets
	start "$PYTHON" "$FIXTURES/echo_websockets.py"
}

ws_echo() {
	need_ws
	start node "$FIXTURES/echo_ws.js"
}

lines_come_back() {
	local count=200000
	run -0 bash -c "seq 1 $count | wscat '$URL' | cmp - <(seq 1 $count)"
	same "" "$output"
}

bytes_come_back() {
	head -c 20000000 /dev/urandom >"$BATS_TEST_TMPDIR/bytes"
	# shellcheck disable=SC2094 # both only read it
	wscat -b -w 1 "$URL" <"$BATS_TEST_TMPDIR/bytes" | cmp - "$BATS_TEST_TMPDIR/bytes"
}

@test "two hundred thousand lines through Python's websockets" {
	websockets_echo
	lines_come_back
}

@test "twenty megabytes of bytes through Python's websockets" {
	websockets_echo
	bytes_come_back
}

@test "two hundred thousand lines through npm's ws" {
	ws_echo
	lines_come_back
}

@test "twenty megabytes of bytes through npm's ws" {
	ws_echo
	bytes_come_back
}

@test "two gigabytes through a slow reader, in constant memory" {
	local client size=$((2 << 30))
	serve --max-message-size=0
	mkfifo "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
	head -c "$size" /dev/zero >"$BATS_TEST_TMPDIR/in" 3>&- &
	STARTED+=("$!")
	wscat -b -w -1 "$URL" <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" 3>&- &
	client=$!
	STARTED+=("$client")
	watch_peak "$client"
	exec 9<"$BATS_TEST_TMPDIR/out"
	run -0 "$PYTHON" -c 'import os, sys, time
left, reads = int(sys.argv[1]), 0
while left:
    left -= len(os.read(9, min(left, 65536)))
    reads += 1
    if reads % 64 == 0:
        time.sleep(0.001)' "$size"
	# Both still run: their peaks can be read.
	grew_less "$client" 10000
	grew_less "$SERVER" 10000
	kill -TERM "$SERVER"
	finished "$client"
	same "" "$(head -c 1 <&9 | xxd -p)" # and not a byte more
}
