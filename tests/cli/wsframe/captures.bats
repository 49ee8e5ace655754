#!/usr/bin/env bats
# wsframe: captures of whatever else a network carries: HTTP before the upgrade, proxies, tunnels,
# connections that begin in the middle, other protocols.

load ../helper

DATA=$BATS_TEST_DIRNAME/../../fixtures/wsframe

traffic() {
	"$PYTHON" "$FIXTURES/traffic.py" "$@"
}

# How many of the connections of a capture are called WebSockets.
websockets() { # TRAFFIC-ARGUMENT...
	traffic "$@" | wsframe -v 2>&1 >/dev/null |
		sed -nE 's/.* ([0-9]+) of them WebSockets$/\1/p; s/.*no WebSocket in it.*/0/p'
}

# What a capture gives, on both outputs, is in the file of its name.
gives() { # FILE
	wsframe <"$DATA/$1" >"$BATS_TEST_TMPDIR/out" 2>&1 || :
	diff -u "$DATA/${1%.*}.text" "$BATS_TEST_TMPDIR/out"
}

@test "HTTP is no WebSocket: a POST, an upgrade to h2c, zeros in the middle of a stream" {
	gives http-post-json.pcap
	gives http-get-h2c.pcap
	gives http-mid-zeros.pcap
}

@test "before the upgrade: a keep-alive exchange, CONNECT, the PROXY protocol; what is not shown is counted" {
	gives keepalive.pcap
	gives connect.pcap
	gives proxyproto1.pcap
	run -0 wsframe -S "$DATA/keepalive.pcap"
}

@test "tunnels and interfaces of several types" {
	gives gre.pcap
	gives mix.pcapng
}

@test "SOCKS before the upgrade, and a 401 with a body, chunked or not" {
	local case
	for case in socks5 socks5-password socks4 refused-first refused-chunked post-first head-first proxy2; do
		"$PYTHON" "$FIXTURES/capture.py" "before-$case" >"$BATS_TEST_TMPDIR/capture"
		run -0 wsframe "$BATS_TEST_TMPDIR/capture"
		says '> GET /chat HTTP/1.1  \(asks for a WebSocket\)' "$output"
		says '< HTTP/1.1 101 Switching Protocols  \(accepted\)' "$output"
		says '> text .*"one"' "$output"
		says '< text .*"grün"' "$output"
	done
}

@test "random bytes are no WebSocket: one in a thousand connections at most" {
	(($(websockets random) <= 1))
	(($(websockets --seed=2 random) <= 1))
	same 0 "$(websockets zeros)"
}

@test "of a thousand WebSockets that begin in the middle 990 are found, wherever frames begin" {
	(($(websockets frames) >= 990))
	(($(websockets --seed=2 frames) >= 990))
	(($(websockets coalesced) >= 950))
}

@test "after a lost segment decoding goes on with the second frame at the latest" {
	traffic --connections=1 lost >"$BATS_TEST_TMPDIR/capture"
	run -0 wsframe "$BATS_TEST_TMPDIR/capture"
	# 1000 frames of 22 bytes; of 1448 lost bytes they are 67 at most.
	(($(grep -c ' 20 bytes ' <<<"$output") >= 1000 - 67 - 2))
	same 2 "$(grep -c ' bytes: ' <<<"$output")"
}
