#!/usr/bin/env bats
# also: check
# Against other implementations: Python's websockets, npm's ws, curl.

load ../helper

websockets_echo() {
	need_websockets
	start "$PYTHON" "$FIXTURES/echo_websockets.py"
}

ws_echo() {
	need_ws
	start node "$FIXTURES/echo_ws.js"
}

@test "close codes and reasons through Python's websockets and npm's ws" {
	websockets_echo
	run -0 --separate-stderr wscat -w 0.5 --close-code=4321 --close-reason=why "$URL" hello </dev/null
	same hello "$output"
	ws_echo
	run -0 --separate-stderr wscat -w 0.5 --close-code=4321 --close-reason=why "$URL" hello </dev/null
	same hello "$output"
}

@test "messages around the sizes of headers through Python's websockets and npm's ws" {
	local size
	for size in 0 1 125 126 127 65535 65536 65537 1048576; do
		printf '%*s\n' "$size" ''
	done | tr ' ' x >"$BATS_TEST_TMPDIR/lines"
	websockets_echo
	wscat -N 9 "$URL" <"$BATS_TEST_TMPDIR/lines" | cmp - "$BATS_TEST_TMPDIR/lines"
	ws_echo
	wscat -N 9 "$URL" <"$BATS_TEST_TMPDIR/lines" | cmp - "$BATS_TEST_TMPDIR/lines"
}

@test "Python's websockets as a client of wsserve" {
	need_websockets
	serve
	run -0 "$PYTHON" "$FIXTURES/client_websockets.py" "$URL"
	same fine "$output"
	await 'code 4321' "$LOG"
}

@test "npm's ws as a client of wsserve" {
	need_ws
	serve
	run -0 node "$FIXTURES/client_ws.js" "$URL"
	same fine "$output"
	await 'code 4321' "$LOG"
}

@test "npm's ws offers permessage-deflate, and works without" {
	need_ws
	serve
	run -0 node "$FIXTURES/client_ws.js" "$URL" deflate
	same fine "$output"
}

@test "curl's upgrade by hand: the accept key of the RFC's own example" {
	serve --idle-timeout=100ms --close-timeout=100ms
	run -0 curl -sS -i -N --max-time 10 --http1.1 -o "$BATS_TEST_TMPDIR/answer" \
		-H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' \
		-H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' "http://127.0.0.1:$PORT/"
	tr -d '\r' <"$BATS_TEST_TMPDIR/answer" >"$BATS_TEST_TMPDIR/text"
	await '^HTTP/1.1 101 Switching Protocols$' "$BATS_TEST_TMPDIR/text"
	await '^Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=$' "$BATS_TEST_TMPDIR/text"
}

@test "curl without an upgrade: 426, with an explanation" {
	serve
	run -0 curl -sS -i "http://127.0.0.1:$PORT/"
	says '^HTTP/1.1 426 ' "$output"
	says 'WebSocket' "$output"
}

@test "curl with a wrong version: 426 with the right one" {
	serve
	run -0 curl -sS -i -H 'Connection: Upgrade' -H 'Upgrade: websocket' \
		-H 'Sec-WebSocket-Version: 8' -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' \
		"http://127.0.0.1:$PORT/"
	says '^HTTP/1.1 426 ' "$output"
	says '^Sec-WebSocket-Version: 13' "$output"
}

@test "curl over a unix socket" {
	start wsserve --announce --listen="unix:$BATS_TEST_TMPDIR/socket"
	run -0 curl -sS -i --unix-socket "$BATS_TEST_TMPDIR/socket" http://localhost/
	says '^HTTP/1.1 426 ' "$output"
}

@test "curl's ws://, if this curl has it" {
	curl --version | grep -q '^Protocols:.* ws\b' || return 0 # before 8.11: nothing to test
	serve --idle-timeout=100ms --close-timeout=100ms
	run -0 curl -sS -N --max-time 10 "$URL"
}
