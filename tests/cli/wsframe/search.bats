#!/usr/bin/env bats
# wsframe: the search for frames in captures that begin in the middle, and after a loss.

load ../helper

traffic() {
	"$PYTHON" "$FIXTURES/traffic.py" "$@"
}

# How many of the connections of a capture are called WebSockets.
websockets() { # TRAFFIC-ARGUMENT...
	traffic "$@" | wsframe -v 2>&1 >/dev/null |
		sed -nE 's/.* ([0-9]+) of them WebSockets$/\1/p; s/.*no WebSocket in it.*/0/p'
}

@test "random bytes are no WebSocket: one in a thousand connections at most" {
	(($(websockets random) <= 1))
	same 0 "$(websockets --connections=100 zeros)"
}

@test "the framing of other protocols is no WebSocket: one in a thousand connections at most" {
	local protocol found=0
	for protocol in smb mysql postgres redis kafka http2 mqtt amqp dns mongo tds bittorrent ssh protobuf rtmp \
		lines mp4 floats pcm; do
		found=$((found + $(websockets --connections=60 $protocol)))
	done
	((found <= 1))
}

@test "of a thousand WebSockets that begin in the middle 990 are found, wherever frames begin" {
	(($(websockets frames) >= 990))
	(($(websockets --connections=200 coalesced) >= 190))
}

@test "after a lost segment decoding goes on with the second frame at the latest" {
	traffic --connections=1 lost >"$BATS_TEST_TMPDIR/capture"
	run -0 wsframe "$BATS_TEST_TMPDIR/capture"
	# 1000 frames of 22 bytes; of 1448 lost bytes they are 67 at most.
	(($(grep -c ' 20 bytes ' <<<"$output") >= 1000 - 67 - 2))
	same 2 "$(grep -c ' bytes: ' <<<"$output")"
}
