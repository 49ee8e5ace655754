#!/usr/bin/env bats
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
	sanitized && count=20000
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
