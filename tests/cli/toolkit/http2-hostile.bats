#!/usr/bin/env bats
# HTTP/2 clients that keep no rule, with an honest WebSocket beside each, on another connection and, where
# one outlives it, on the same: see tests/fixtures/http2.py.

load ../helper
load ../attack

setup() {
	need_http2
	# shellcheck disable=SC2034 # attack.bash uses it
	HONEST=(--http2=prior)
}

# A WebSocket of another client, which is there all the time.
honest() {
	background wscat --http2=prior -w -1 --no-stdin "$URL" stays
	await stays "$OUT"
}

still_served() {
	kill -0 "$PID"
	kill "$PID"
	served
}

# The attack ends as expected, and the WebSocket that was there before it is still there.
harmless() { # EXPECTED NAME [COUNT]
	local expected=$1 there
	shift
	honest
	there=$PID
	attacked 6144 "$PYTHON" -S "$FIXTURES/http2.py" "$1" "$PORT" "${2-0}"
	PID=$there
	still_served
	same "$expected" "$(tr '\n' ',' <<<"$output")"
}

# bats test_tags=measures
@test "frames that only make work: ENHANCE_YOUR_CALM" {
	serve --http2=prior
	for name in ping settings priority empty updates; do
		harmless 'hello,goaway 11,' "$name" 20000
	done
	await ' HTTP2_FLOOD .*our GOAWAY ENHANCE_YOUR_CALM' "$SERVER_LOG"
}

# bats test_tags=measures
@test "rapid reset: streams that are reset as soon as they are opened" {
	serve --http2=prior
	harmless 'goaway 11,' resets 20000
	# None of them becomes a connection, but where a read of the server ends between a head and its reset.
	serve --http2=prior
	run "$PYTHON" -S "$FIXTURES/http2.py" resets "$PORT" 20000
	same 'goaway 11' "$output"
	served
	await ' open ' "$SERVER_LOG"
	(($(grep -c ' open ' "$SERVER_LOG") <= 1 + 20))
}

# bats test_tags=measures
@test "a head that never ends, one that is too large, and one that grows when it is unpacked" {
	serve --http2=prior
	harmless 'goaway 11,' continuations 10000
	harmless 'hello,goaway 11,' empty_continuations 100000
	harmless 'status 431,' heads
	harmless 'goaway 11,' bomb 50
}

@test "--max-memory: an HTTP/2 connection that holds most ends, with what it carries" {
	serve --http2=prior --max-memory=300K --max-bandwidth=1K --close-timeout=100s
	honest
	run timeout 50 "$PYTHON" -S "$FIXTURES/http2.py" unread "$PORT" 10
	same "1013,goaway 0,closed," "$(tr '\n' ',' <<<"$output")"
	await ' MEMORY_LIMIT .* an HTTP/2 connection' "$SERVER_LOG"
	still_served
}

@test "a head that is not finished in time" {
	serve --http2=prior --handshake-timeout=0.5s
	honest
	run "$PYTHON" -S "$FIXTURES/http2.py" slow_head "$PORT"
	[[ $output =~ ^closed\ [0-5]$ ]]
	still_served
}

# bats test_tags=measures
@test "streams that take nothing stall no other on their connection, and end in time" {
	serve --http2=prior --write-timeout=1s
	harmless 'hello,reset 8,' closed_windows 20
	await ' WRITE_TIMEOUT .* h2=' "$SERVER_LOG"
}

# bats test_tags=measures
@test "windows that overflow, and data beyond a window: FLOW_CONTROL_ERROR" {
	serve --http2=prior
	harmless 'hello,reset 3,goaway 3,' window_overflow
	harmless 'reset 3,' window_exceeded 1000
}

# bats test_tags=measures
@test "heads that are malformed are reset, and the connection goes on" {
	serve --http2=prior
	harmless 'reset 1,reset 1,reset 1,reset 1,reset 1,reset 1,reset 1,reset 1,reset 1,hello,' pseudo
}

@test "--max-per-ip counts connections too, with streams and without" {
	serve --http2=prior --max-per-ip=2
	run "$PYTHON" -S "$FIXTURES/http2.py" hold "$PORT" 12
	same '2 kept' "$output"
	serve --http2=prior --max-per-ip=2 --handshake-timeout=0
	run "$PYTHON" -S "$FIXTURES/http2.py" hold "$PORT" 12
	same '2 kept' "$output"
	serve --http2=prior --max-per-ip=1
	run "$PYTHON" -S "$FIXTURES/http2.py" in_turn "$PORT"
	same 'status 426,status 426,status 429,status 426,status 200,status 429,' "$(tr '\n' ',' <<<"$output")"
	(($(grep -c TOO_MANY_FROM_ADDRESS "$SERVER_LOG") == 2)) # each is logged once
}

@test "--max-per-ip: of two WebSockets on a connection one ends, and there is room for another" {
	serve --http2=prior --max-per-ip=2
	run "$PYTHON" -S "$FIXTURES/http2.py" one_of_two "$PORT"
	same 'status 200,status 429,' "$(tr '\n' ',' <<<"$output")"
}

@test "--connect-rate counts streams, and the connection with the first of them" {
	serve --http2=prior --connect-rate=2
	run "$PYTHON" -S "$FIXTURES/http2.py" in_turn "$PORT"
	same 'status 426,status 426,status 429,' "$(head -n 3 <<<"$output" | tr '\n' ',')"
}

@test "bytes that are no HTTP/2 after its first three" {
	serve --http2=prior
	honest
	exec 7<>"/dev/tcp/127.0.0.1/$PORT"
	printf 'PRIVATE / HTTP/1.1\r\nHost: a\r\n\r\n' >&7
	eventually grep -q ' HTTP2 ' "$SERVER_LOG"
	exec 7>&-
	still_served
}
