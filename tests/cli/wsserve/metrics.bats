#!/usr/bin/env bats
# What --metrics counts, and that Prometheus can read it.

load ../helper

metrics() {
	curl -sS --max-time 20 "http://127.0.0.1:$PORT${1-/metrics}"
}

# The value of one series.
value() { # SERIES
	metrics | awk -v s="$1" '$1 == s { print $2 }'
}

is() { # VALUE SERIES
	[[ $(value "$2") == "$1" ]]
}

above() { # VALUE SERIES
	(($(value "$2") > $1))
}

need_promtool() {
	command -v promtool >/dev/null || skip "promtool is not installed"
}

@test "--metrics: promtool has nothing to say, whatever has been counted" {
	need_promtool
	serve --metrics --origin=http://a.example,http://b.example --threads=2 --ping-interval=10ms
	metrics >"$BATS_TEST_TMPDIR/first"
	run -0 promtool check metrics <"$BATS_TEST_TMPDIR/first"
	same "" "$output"
	wscat -o http://a.example -T 2s "$URL" hello --ping-interval=20ms </dev/null || true
	wscat -o http://c.example -w 0.5 "$URL" hello </dev/null || true
	wscat -o http://a.example -1 --close-code=4321 "$URL" hello </dev/null || true
	curl -sS "http://127.0.0.1:$PORT/" >/dev/null
	metrics >"$BATS_TEST_TMPDIR/second"
	run -0 promtool check metrics <"$BATS_TEST_TMPDIR/second"
	same "" "$output"
	says '^wsserve_handshakes_total\{result="ORIGIN_REFUSED"\} 1$' "$(<"$BATS_TEST_TMPDIR/second")"
	says '^wsserve_closes_total\{by="peer",sent="[0-9-]+",received="3000-4999"\} 1$' "$(<"$BATS_TEST_TMPDIR/second")"
	# No line twice, all heads before their series.
	same "" "$(grep -v '^#' "$BATS_TEST_TMPDIR/second" | cut -d' ' -f1 | sort | uniq -d)"
}

@test "--metrics: connections, messages, bytes, sizes and closes, to the last one" {
	serve --metrics=/m
	seq 1 100 | wscat -w 0.5 "$URL" >/dev/null
	eventually is_m 1 'wsserve_closes_total{by="peer",sent="1000",received="1000"}'
	metrics /m >"$BATS_TEST_TMPDIR/m"
	local text
	text=$(<"$BATS_TEST_TMPDIR/m")
	says '^wsserve_accepted_total [1-9]' "$text"
	says '^wsserve_handshakes_total\{result="ok"\} 1$' "$text"
	says '^wsserve_messages_total\{direction="in"\} 100$' "$text"
	says '^wsserve_messages_total\{direction="out"\} 100$' "$text"
	says '^wsserve_message_size_bytes_count 100$' "$text"
	says '^wsserve_message_size_bytes_sum 192$' "$text"
	says '^wsserve_message_size_bytes_bucket\{le="16"\} 100$' "$text"
	says '^wsserve_connections\{state="open"\} 0$' "$text"
	says '^wsserve_connections\{state="handshake"\} 1$' "$text"
	says '^wsserve_handshake_duration_seconds_count 1$' "$text"
	says '^wsserve_queue_bytes 0$' "$text"
	says '^wsserve_draining 0$' "$text"
	says '^process_resident_memory_bytes [1-9]' "$text"
	# 100 headers, of 6 bytes from the client and of 2 to it, 192 bytes, the upgrade and the close.
	(($(bytes_of in) > 792 + 8 && $(bytes_of out) > 392 + 4))
	(($(bytes_of in) < 792 + 1000))
}

bytes_of() { # DIRECTION
	awk -v s="wsserve_network_bytes_total{direction=\"$1\"}" '$1 == s { print $2 }' "$BATS_TEST_TMPDIR/m"
}

is_m() {
	[[ $(metrics /m | awk -v s="$2" '$1 == s { print $2 }') == "$1" ]]
}

@test "--metrics: a large message in pieces counts once, with its whole size" {
	serve --metrics
	head -c 500000 /dev/zero | wscat -b --input=whole -w 0.5 "$URL" >/dev/null
	eventually is 1 wsserve_message_size_bytes_count
	is 500000 wsserve_message_size_bytes_sum
}

@test "--metrics: live connections count before they end, on every thread" {
	serve --metrics --threads=2
	mkfifo "$BATS_TEST_TMPDIR/in"
	background "$PYTHON" -S "$FIXTURES/client.py" hold "$URL" 6 <>"$BATS_TEST_TMPDIR/in"
	await '^open 6' "$OUT"
	is 6 'wsserve_connections{state="open"}'
	is 6 'wsserve_handshakes_total{result="ok"}'
	is 2 wsserve_loops
}

@test "--metrics: broken rules by name, refusals by cause, plain requests by status" {
	serve --metrics --token=abc --health
	local bearer='Authorization: Bearer abc'
	"$PYTHON" - "$PORT" <<-'END'
		import socket, sys
		s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
		s.sendall(b"GET /?token=abc HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
		          b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
		s.recv(1000)
		s.sendall(b"\x81\x01x")
		while s.recv(1000):
		    pass
	END
	ask "$PORT" / >/dev/null
	curl -sS "http://127.0.0.1:$PORT/health" >/dev/null
	local text
	text=$(curl -sS -H "$bearer" "http://127.0.0.1:$PORT/metrics")
	says '^wsserve_errors_total\{category="protocol",rule="UNMASKED"\} 1$' "$text"
	says '^wsserve_handshakes_total\{result="CREDENTIALS_MISSING"\} 1$' "$text"
	says '^wsserve_http_requests_total\{status="200"\} 1$' "$text"
}

@test "--metrics: round trips of pings" {
	serve --metrics --pingms=10
	background wscat -w 30 "$URL" hello </dev/null
	eventually above 2 wsserve_rtt_seconds_count
}

# By more than half a second.
was_late() {
	(($(value wsserve_loop_lag_seconds_count) - $(value 'wsserve_loop_lag_seconds_bucket{le="0.5"}') >= 1))
}

@test "--metrics, --health: how late the loop is; shedding, and when it is over" {
	serve --metrics --health --max-connections=10 --shed-at=50:20
	eventually above 2 wsserve_loop_lag_seconds_count
	kill -STOP "$SERVER"
	sleep 1 # measured: the lag
	kill -CONT "$SERVER"
	eventually was_late
	is 0 wsserve_shedding
	mkfifo "$BATS_TEST_TMPDIR/in"
	background "$PYTHON" -S "$FIXTURES/client.py" hold "$URL" 4 <>"$BATS_TEST_TMPDIR/in"
	background "$PYTHON" -S "$FIXTURES/client.py" hold "$URL" 3 <>"$BATS_TEST_TMPDIR/in"
	shedding() {
		metrics /health | grep -q '"status":"shedding"'
	}
	eventually shedding
	eventually above 0 wsserve_sheds_total
	eventually is 0 wsserve_shedding
	says '"status":"ok"' "$(metrics /health)"
}

@test "--metrics: deliveries of a broadcast" {
	serve --metrics --broadcast
	mkfifo "$BATS_TEST_TMPDIR/in"
	background "$PYTHON" -S "$FIXTURES/client.py" hold "$URL" 3 <>"$BATS_TEST_TMPDIR/in"
	await '^open 3' "$OUT"
	wscat -w 0.5 "$URL" hello </dev/null
	eventually is 3 'wsserve_deliveries_total{result="sent"}'
}

@test "the alert rules in docs/: promtool, and every metric that they name is there" {
	need_promtool
	run -0 promtool check rules "$ROOT/docs/prometheus-alerts.yml"
	run -0 promtool test rules "$FIXTURES/alerts.yml"
	serve --metrics
	local name text
	text=$(metrics)
	while read -r name; do
		says "^# TYPE (${name%_bucket}|$name) " "$text"
	done < <(grep -oE 'wsserve_[a-z_]+' "$ROOT/docs/prometheus-alerts.yml" | sort -u)
}

@test "/connections: URL, subprotocol, extensions, idle time, missed pongs, memory" {
	serve --admin=127.0.0.1:0 -z --subprotocol=chat
	mkfifo "$BATS_TEST_TMPDIR/in"
	exec 9<>"$BATS_TEST_TMPDIR/in"
	background wscat -z -s chat -w -1 "${URL}room?a=1&token=abc" <"$BATS_TEST_TMPDIR/in"
	await ' open from' "$SERVER_LOG"
	local admin
	admin=127.0.0.1:$(admin_port)
	run -0 --separate-stderr "$PYTHON" -c '
import json, sys, urllib.request
(c,) = json.load(urllib.request.urlopen("http://%s/connections" % sys.argv[1]))
assert c["url"] == "/room?a=1&token=***", c
assert c["subprotocol"] == "chat", c
assert c["extensions"].startswith("permessage-deflate; server_no_context_takeover"), c
assert c["missed_pongs"] == 0 and c["memory_bytes"] >= 0, c
' "$admin"
	exec 9>&-
}

@test "/connections: idle is the time without a message, either way; pings do not count" {
	idle_ms() {
		curl -sS "http://$admin/connections" | jq '.[0].idle_ms'
	}
	above_ms() {
		(($(idle_ms) > $1))
	}
	serve --admin=127.0.0.1:0 --ping-interval=20ms
	local admin
	admin=127.0.0.1:$(admin_port)
	mkfifo "$BATS_TEST_TMPDIR/in"
	exec 9<>"$BATS_TEST_TMPDIR/in"
	background wscat -w -1 "$URL" <"$BATS_TEST_TMPDIR/in"
	await ' open from' "$SERVER_LOG"
	eventually above_ms 1000
	echo hello >&9
	await hello "$OUT"
	(($(idle_ms) < 1000))
	# A client that only receives is not idle, nor is it closed as one.
	serve --admin=127.0.0.1:0 --source=50:10 --idle-timeout=1s
	admin=127.0.0.1:$(admin_port)
	background wscat -N 150 "$URL" </dev/null
	await ' open from' "$SERVER_LOG"
	(($(idle_ms) < 1000))
	finished
	exec 9>&-
}

@test "--metrics: limits, descriptors, memory, pings" {
	serve --metrics --max-connections=77 --max-memory=1M --pingms=10
	background wscat -w 30 "$URL" hello </dev/null
	eventually above 2 wsserve_pings_total
	is 77 'wsserve_limit{option="max-connections"}'
	is 1048576 'wsserve_limit{option="max-memory"}'
	above 5 process_open_fds
	is "$(ulimit -n)" process_max_fds
	above 1000000 process_virtual_memory_bytes
	is 0 'wsserve_unwritten_total{file="log"}'
	value wsserve_held_bytes | grep -qE '^[0-9]+$'
	above 1 wsserve_timers # the two connections have one each
	# The count of descriptors is that of the system.
	local seen
	seen=$(find "/proc/$SERVER/fd" -mindepth 1 | wc -l)
	(($(value process_open_fds) - seen <= 1))
}

@test "--metrics: handshakes are timed in microseconds" {
	serve --metrics
	for _ in {1..10}; do wscat -N 1 "$URL" x </dev/null >/dev/null; done
	eventually above 9 wsserve_handshake_duration_seconds_count
	# Not in whole milliseconds.
	value wsserve_handshake_duration_seconds_sum | grep -qE '\.[0-9]{4,}|e-'
}
