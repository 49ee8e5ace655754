#!/usr/bin/env bats
# wsframe reads captures of real programs: its messages are those that wsserve recorded, its frames those
# of tshark; and it names what is wrong with a proxy. Needs root or another permission to capture.

load ../cli/helper
load nginx
load interop

FEW_MESSAGES=100

setup() {
	one_processor
	PATH=$PATH:/usr/sbin:/sbin
	CAPTURE=$BATS_TEST_TMPDIR/capture
	RECORDS=$BATS_TEST_TMPDIR/records
	command -v tcpdump >/dev/null || skip "tcpdump is not installed"
	command -v tshark >/dev/null || skip "tshark is not installed"
}

listen() {
	background tcpdump --immediate-mode -B 65536 -s 0 -U -i lo -Z root -w "$CAPTURE" port "$1"
	DUMP=$PID DUMP_LOG=$LOG
	eventually grep -q 'listening on' "$LOG"
}

captured() {
	(($(wsframe --only=close "$CAPTURE" 2>/dev/null | grep -c ' close ') >= 2))
}

stop_listening() {
	eventually captured
	kill -INT "$DUMP"
	eventually ended "$DUMP"
	says '^0 packets dropped by kernel' "$(<"$DUMP_LOG")"
}

# A server that records, with compression and contexts, and a capture of its port.
serve_captured() {
	serve --compress=takeover=both,threshold=0 --record="$RECORDS" --max-message-size=8M
	listen "$PORT"
}

# The messages are those of the records, the frames those of tshark.
agrees() { # MESSAGES-AT-LEAST
	local binary
	binary=$(command -v wsframe)
	stop_listening
	run -0 "$PYTHON" "$PEERS/frames.py" records "$CAPTURE" "$binary" "$RECORDS"/*.jsonl
	((output >= $1))
	run -0 "$PYTHON" "$PEERS/frames.py" tshark "$CAPTURE" "$binary"
	((output >= $1))
}

@test "npm's ws, with compression: messages as recorded, frames as tshark has them" {
	serve_captured
	ws_talks "$URL" $FEW_MESSAGES - '?deflate'
	agrees $((2 * FEW_MESSAGES))
}

@test "python3-websockets, with compression: messages as recorded, frames as tshark has them" {
	serve_captured
	websockets_talks "$URL" $FEW_MESSAGES - '?deflate'
	agrees $((2 * FEW_MESSAGES))
}

@test "Chromium, with compression: messages as recorded, frames as tshark has them" {
	serve_captured
	page_talks $FEW_MESSAGES
	agrees $((2 * FEW_MESSAGES))
}
