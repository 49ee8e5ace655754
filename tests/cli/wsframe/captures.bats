#!/usr/bin/env bats
# wsframe: captures of whatever else a network carries: HTTP before the upgrade, proxies, tunnels,
# connections that begin in the middle, other protocols.

load ../helper

DATA=$BATS_TEST_DIRNAME/../../fixtures/wsframe

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
	local case syn
	for case in socks5 socks5-password socks4 refused-first refused-chunked post-first head-first proxy2; do
		for syn in '' no-syn; do
			"$PYTHON" "$FIXTURES/capture.py" "before-$case" $syn >"$BATS_TEST_TMPDIR/capture"
			run -0 wsframe "$BATS_TEST_TMPDIR/capture"
			says '> GET /chat HTTP/1.1  \(asks for a WebSocket\)' "$output"
			says '< HTTP/1.1 101 Switching Protocols  \(accepted\)' "$output"
			says '> text .*"one"' "$output"
			says '< text .*"grün"' "$output"
		done
	done
}

@test "TCP that ends without a close frame: by which side, how, after what silence" {
	local capture=$BATS_TEST_TMPDIR/capture
	"$PYTHON" "$FIXTURES/capture.py" fin >"$capture"
	run -0 wsframe "$capture"
	says '< end of the connection without a close frame, after 0.002 s of silence \(programs say 1006\)
          likely: a program that ended' "$output"
	same 1 "$(grep -c 'programs say 1006' <<<"$output")"
	"$PYTHON" "$FIXTURES/capture.py" rst silence >"$capture"
	run -0 wsframe "$capture"
	says '> reset without a close frame, after 1.20[0-9] s of silence \(programs say 1006\)
          likely: an idle timeout' "$output"
	run -0 wsframe -o json "$capture"
	says '"event":"closed".*"from":"client".*"reset":true,"silent_us":120[0-9]000,"likely":"an idle' "$output"
	run -0 wsframe -o jsonl "$capture"
	says '"dir":"out","type":"close",.*"code":1006,.*"clean":false' "$output"
	run -0 wsframe --only=text "$capture"
	run ! grep 1006 <<<"$output"
}

@test "a close frame before the end, or a FIN that overtakes it: nothing is missing" {
	local case
	for case in '' fin-early; do
		"$PYTHON" "$FIXTURES/capture.py" $case >"$BATS_TEST_TMPDIR/capture"
		run -0 wsframe "$BATS_TEST_TMPDIR/capture"
		says ' close ' "$output"
		run ! grep 1006 <<<"$output"
	done
}

@test "an upgrade without frames is in the table; an interim response is no refusal" {
	"$PYTHON" "$FIXTURES/capture.py" refused >"$BATS_TEST_TMPDIR/capture"
	run -0 wsframe -o table "$BATS_TEST_TMPDIR/capture"
	says ' ws://example.org/chat ' "$output"
	"$PYTHON" "$FIXTURES/capture.py" before-early-hints >"$BATS_TEST_TMPDIR/capture"
	run -0 wsframe -S "$BATS_TEST_TMPDIR/capture"
	says '< HTTP/1.1 101 Switching Protocols  \(accepted\)' "$output"
}
