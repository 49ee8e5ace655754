#!/usr/bin/env bats
# also: check
# wsframe and HTTP/2 (RFC 8441): the WebSockets in the streams of captured connections, and of plain bytes.

load ../helper
load ../certificates

setup_file() {
	make_certificates "$BATS_FILE_TMPDIR"
}

setup() {
	one_processor
	need_http2
	PATH=$PATH:/usr/sbin:/sbin
	CA=$BATS_FILE_TMPDIR/ca.pem
	CAPTURE=$BATS_TEST_TMPDIR/capture
	KEYS=$BATS_TEST_TMPDIR/keys
}

# Captures what comes to the server's port and from it.
listen() {
	command -v tcpdump >/dev/null || skip "tcpdump is not installed"
	background tcpdump --immediate-mode -B 65536 -U -i lo -Z root -w "$CAPTURE" "port $PORT"
	DUMP=$PID
	eventually grep -q 'listening on' "$LOG"
}

# Ends the capture once the frames have come of so many WebSockets' closes, two each.
captured() { # COUNT WSFRAME-OPTION...
	local count=$1
	shift
	closed() {
		(($(wsframe "$@" --only=close "$CAPTURE" 2>/dev/null | grep -c ' close ') == count))
	}
	eventually closed "$@"
	kill -INT "$DUMP"
	eventually ended "$DUMP"
}

@test "prior knowledge: heads, messages and the end of a stream, with compression" {
	serve --http2=prior --compress --subprotocol=chat
	listen
	same hello "$(wscat --http2=prior -z -s chat "${URL}room?x=1" hello -1)"
	captured 2
	run -0 --separate-stderr wsframe -S "$CAPTURE"
	says "^connection 1  127\.0\.0\.1:[0-9]+ > 127\.0\.0\.1:$PORT  HTTP/2 stream 1  /room\?x=1$" "${lines[0]}"
	says ' > CONNECT /room\?x=1 HTTP/2  \(asks for a WebSocket\)$' "${lines[1]}"
	says ' < HTTP/2 200  \(accepted; subprotocol chat; permessage-deflate' "${lines[2]}"
	says ' > text .* 5 bytes .*"hello"' "$output"
	says ' < text .* 5 bytes .*"hello"' "$output"
	says ' GOAWAY NO_ERROR \(0\)' "$output"
	run -0 wsframe -o table "$CAPTURE"
	says '^  1/1 .* 1000   1000  ws://.*/room\?x=1 +chat ' "$output"
	run -0 wsframe -o json "$CAPTURE"
	same '["CONNECT",1]' "$(jq -c '.events[0] | [.method, .stream]' <<<"$output")"
	same '["goaway",0,"NO_ERROR"]' "$(jq -c '.events[-1] | [.what, .error, .name]' <<<"$output")"
}

@test "TLS: every message, byte by byte" {
	serve_tls --compress
	listen
	for i in 1 2 30000; do seq -s ' ' "$i" 30010; done >"$BATS_TEST_TMPDIR/sent"
	SSLKEYLOGFILE=$KEYS wscat --http2=auto -z --ca="$CA" "$URL" <"$BATS_TEST_TMPDIR/sent" >"$BATS_TEST_TMPDIR/got"
	cmp "$BATS_TEST_TMPDIR/sent" "$BATS_TEST_TMPDIR/got"
	captured 2 --keylog="$KEYS"
	run -0 wsframe -S --keylog="$KEYS" -o table "$CAPTURE"
	says '^  1/1 .* wss://127\.0\.0\.1:' "$output"
	run -0 wsframe -S --keylog="$KEYS" --messages --payload-only --only=text "$CAPTURE"
	same "$(cat "$BATS_TEST_TMPDIR"/{sent,got} | sort | cksum)" "$(sort <<<"$output" | cksum)"
}

@test "interleaved streams of one connection, resets, and requests of no WebSocket" {
	serve --http2=prior
	listen
	"$PYTHON" -S "$FIXTURES/http2.py" programs "$PORT" 20 >"$BATS_TEST_TMPDIR/echoes"
	same 20 "$(wc -l <"$BATS_TEST_TMPDIR/echoes")"
	"$PYTHON" -S "$FIXTURES/http2.py" cancel "$PORT"
	same 426 "$(curl -s -o /dev/null -w '%{http_code}' --http2-prior-knowledge "http://127.0.0.1:$PORT/")"
	same hello "$(wscat --http2=prior "$URL" hello -1)"
	captured 2
	run -0 wsframe --stream=1 -o table "$CAPTURE"
	same "$(for i in {0..19}; do echo "1/$((2 * i + 1)) 1 5 1 5"; done)" \
		"$(awk 'NR > 1 { print $1, $5, $6, $7, $8 }' <<<"$output")"
	run -0 wsframe --stream=1 --only=text "$CAPTURE"
	same 40 "$(grep -c '"hello"' <<<"$output")"
	run -0 wsframe --follow "$CAPTURE"
	same 2 "$(grep -c '"hello"' <<<"$output")"
	run -0 wsframe --stream=2 "$CAPTURE"
	says ' > RST_STREAM CANCEL \(8\)
.* > reset without a close frame' "$output"
	run -0 wsframe -o json "$CAPTURE"
	same '["reset",8,"CANCEL",1]' \
		"$(jq -c '.events[] | select(.what == "reset") | [.what, .error, .name, .stream]' <<<"$output")"
	run -0 wsframe -o jsonl "$CAPTURE"
	same "$(for i in {0..19}; do echo "1 $((2 * i + 1)) out hello"; echo "1 $((2 * i + 1)) in hello"; done | sort)" \
		"$(jq -r 'select(.type == "text" and .conn == 1) | "\(.conn) \(.stream) \(.dir) \(.data)"' <<<"$output" | sort)"
	run -0 wsframe --stream=1 --extract="$BATS_TEST_TMPDIR/files" "$CAPTURE"
	same 40 "$(cd "$BATS_TEST_TMPDIR/files" && grep -l '^hello$' 1.*-*-{client,server}.txt | wc -l)"
	same 2 "$(cd "$BATS_TEST_TMPDIR/files" && echo 1.39-*-*.txt | wc -w)"
	run -1 --separate-stderr wsframe --stream=3 "$CAPTURE"
	says 'the connection of --stream has no WebSocket'
}

@test "a capture that begins in the middle says so in one line, and guesses nothing" {
	serve --http2=prior
	background wscat --http2=prior -i "$URL"
	await 'open .* h2=' "$SERVER_LOG"
	local client=$PID
	listen
	kill -TERM "$client"
	eventually ended "$client"
	await ' close ' "$SERVER_LOG"
	same hello "$(wscat --http2=prior "$URL" hello -1)"
	captured 2
	run -0 --separate-stderr wsframe "$CAPTURE"
	same 1 "$(wc -l <<<"$stderr")"
	says '1 connection of HTTP/2 began before the capture'
	same 1 "$(grep -c '^connection .* stream ' <<<"$output")"
	run -10 --separate-stderr wsframe --strict "$CAPTURE"
}

@test "plain bytes, and a dump of them: the client's side of a connection" {
	serve --http2=prior
	listen
	same hello "$(wscat --http2=prior "${URL}room" hello -1)"
	captured 2
	# The payloads of the client's packets, in order.
	tcpdump -r "$CAPTURE" -w "$BATS_TEST_TMPDIR/client" "dst port $PORT" 2>/dev/null
	"$PYTHON" - "$BATS_TEST_TMPDIR/client" >"$BATS_TEST_TMPDIR/bytes" <<-'END'
		import struct, sys
		data, at = open(sys.argv[1], "rb").read(), 24
		while at < len(data):
		    length = struct.unpack_from("<I", data, at + 8)[0]
		    ip = data[at + 16 + 14:at + 16 + length]
		    total, = struct.unpack_from(">H", ip, 2)
		    tcp = ip[20:total]
		    sys.stdout.buffer.write(tcp[(tcp[12] >> 4) * 4:])
		    at += 16 + length
	END
	run -0 wsframe "$BATS_TEST_TMPDIR/bytes"
	says '^HTTP/2 stream 1  /room$' "${lines[0]}"
	says ' > text .*"hello"' "$output"
	expected=$output
	run ! grep -q 'end of the stream\|reset' <<<"$output" # of which the other direction would say more
	xxd "$BATS_TEST_TMPDIR/bytes" | wsframe >"$BATS_TEST_TMPDIR/shown"
	same "$expected" "$(cat "$BATS_TEST_TMPDIR/shown")"
}
