#!/usr/bin/env bats
# --streams: WebSockets that share HTTP/2 connections, against wsserve and against a server that misbehaves,
# whose counts are compared with the report's.

load ../helper
load ../certificates
load faulty

setup_file() {
	make_certificates "$BATS_FILE_TMPDIR"
}

setup() {
	need_http2
	CA=$BATS_FILE_TMPDIR/ca.pem
}

# What wsbench reports, as `holds` has it; the server goes on.
report() { # ARGUMENT...
	STATUS=0
	timeout 60 wsbench --quiet --format=json "$@" >"$BATS_TEST_TMPDIR/report" || STATUS=$?
	echo '{}' >"$BATS_TEST_TMPDIR/did"
}

@test "so many WebSockets share a TCP connection, in every scenario" {
	local mode
	for mode in echo connect idle ping sink; do
		serve --http2=prior --max-connections=0
		report --mode=$mode -c 25 --streams=10 --http2=prior -d 200ms "$URL"
		same 0 "$STATUS"
		holds 'c["opened"] == c["streams"] == 25 and c["tcp"] == 3 and c["failed"] == c["dropped"] == 0'
		holds 'm["lost"] == 0 and r["asked"]["streams"] == 10 and r["upgrade"]["count"] == 25'
	done
	serve --broadcast --http2=prior
	report --mode=broadcast -c 25 --streams=10 --http2=prior -d 200ms "$URL"
	holds 'c["tcp"] == 3 and m["sent"] > 0 and m["received"] == 24 * m["sent"] and m["lost"] == 0'
	serve --source=100:50 --http2=prior
	report --mode=source -c 25 --streams=10 --http2=prior -d 200ms "$URL"
	holds 'c["tcp"] == 3 and m["received"] > 0'
}

@test "churn: streams open and close while their TCP connections stay" {
	serve --http2=prior
	report --mode=churn -c 20 --streams=10 -n 1000 -d 0 --http2=prior "$URL"
	same 0 "$STATUS"
	holds 'c["opened"] == c["streams"] == 1000 and m["received"] == 1000 and c["tcp"] < 500'
}

@test "over TLS: one handshake a TCP connection; the report says what was saved" {
	serve_tls
	report -c 40 -t 2 --streams=10 --http2=auto --ca="$CA" -d 200ms "wss://localhost:$PORT/"
	same 0 "$STATUS"
	holds 'c["opened"] == 40 and c["tcp"] == r["tls"]["count"] == 4 and m["lost"] == 0'
	holds 'abs(c["stream_per_s"] - 10 * c["tls_per_s"]) < 1e-6 * c["stream_per_s"] and c["tls_per_s"] > 0'
	run -0 wsbench -c 40 --streams=20 --http2=auto --ca="$CA" -d 100ms "wss://localhost:$PORT/"
	says '^HTTP/2 +40 WebSockets over 2 TCP connections; [0-9.]+ stream/s, [0-9.]+ TCP/s, [0-9.]+ TLS/s$' "$output"
	says '40 connections, 1 thread, 20 a TCP connection' "$output"
	run -0 wsbench -c 40 --streams=20 --http2=auto --ca="$CA" -d 100ms --format=csv "wss://localhost:$PORT/"
	says '^streams,40$' "$output"
	says '^tcp_connections,2$' "$output"
}

@test "the server's memory for an idle WebSocket is in every form of the report" {
	serve --http2=prior --max-connections=0
	report --mode=idle -c 500 --streams=100 --http2=prior -d 100ms --server-pid="$SERVER" "$URL"
	holds 'abs(r["server"]["rss_per_connection_bytes"] * 500 - (r["server"]["rss_loaded_bytes"] - r["server"]["rss_before_bytes"])) < 1'
	run -10 wsbench --mode=idle -c 500 --streams=100 --http2=prior -d 100ms --server-pid="$SERVER" \
		--fail-if='server_memory>1' "$URL"
	says 'server_memory' "$output"
}

# bats test_tags=measures
@test "an idle WebSocket costs the server 2 kB at most, where 100 share a connection" {
	local count=10000 most=2048
	! sanitized || count=1000 most=1000000
	serve --http2=prior --max-connections=0 --quiet
	timeout 60 wsbench --quiet --mode=idle -c $count --streams=100 --http2=prior -d 100ms --server-pid="$SERVER" \
		--fail-if="server_memory>$most" "$URL"
	serve_tls --max-connections=0 --quiet
	timeout 60 wsbench --quiet --mode=idle -c $count --streams=100 --http2=auto --ca="$CA" -d 100ms \
		--server-pid="$SERVER" --fail-if="server_memory>$most" "wss://localhost:$PORT/"
}

@test "a slow stream delays none of the others on its connection, and its own waiting is in no time" {
	serve --http2=prior
	report -c 20 --streams=20 --http2=prior -R 500 -d 2s --slow-readers=5:1s -s 1000 "$URL"
	holds 'c["tcp"] == 1 and m["lost"] == 0 and m["unsent"]["window_full"] > 0'
	holds 'r["rtt"]["count"] > 0.9 * m["received"] and r["rtt"]["p99_us"] < 900000'
}

@test "a server that permits fewer streams: those above are counted as failed, and the others go on" {
	serve --http2=prior --max-streams=5
	report -c 8 --streams=8 --http2=prior -d 200ms "$URL"
	same 1 "$STATUS"
	holds 'c["opened"] == 5 and c["failed"] == 3 and c["causes"] == {"STREAM_LIMIT": 3} and c["tcp"] == 1'
	holds 'm["received"] > 0 and m["lost"] == 0'
	# The place of one that is closed is free at once.
	report --mode=churn -c 5 --streams=5 -n 500 -d 0 --http2=prior "$URL"
	same 0 "$STATUS"
	holds 'c["opened"] == 500 and c["failed"] == 0'
}

@test "a server without HTTP/2, or without any answer: each WebSocket is counted as failed" {
	serve_tls --http2=off
	report -c 20 --streams=10 --http2=auto --ca="$CA" -d 200ms "wss://localhost:$PORT/"
	same 5 "$STATUS"
	holds 'c["opened"] == 0 and c["failed"] == 20 and c["causes"] == {"HTTP2_UNSUPPORTED": 20}'
	run -5 --separate-stderr wsbench -c 20 --streams=10 --http2=auto --ca="$CA" -d 200ms "wss://localhost:$PORT/"
	says 'the server speaks no HTTP/2, which --streams needs'
	report -c 20 --streams=10 --http2=prior -d 200ms "ws://127.0.0.1:$(free_port)/"
	same 3 "$STATUS"
	holds 'c["failed"] == 20 and c["causes"] == {"CONNECT": 20} and c["tcp"] == 0'
}

@test "a server without HTTP/2 where it was to be known of" {
	serve
	run -6 --separate-stderr wsbench -c 2 --http2=prior "$URL"
	says '^wsbench: no connection could be opened: the server did not answer in HTTP/2, which --http2=prior begins with \(RFC 9113 3.3\)$'
	says '^ +2 × the server did not answer in HTTP/2' "$output"
	run -6 --separate-stderr wsbench -q -c 4 --streams=2 --http2=prior "$URL"
	says 'the server did not answer in HTTP/2, which --http2=prior begins with \(RFC 9113 3.3\)$'
	run -6 --separate-stderr wscat --http2=prior --no-stdin "$URL"
	says '^wscat: the server did not answer in HTTP/2, which --http2=prior begins with \(RFC 9113 3.3\)$'
}

@test "a refusal is each WebSocket's own" {
	serve --http2=prior --origin=https://example.org
	report -c 20 --streams=10 --http2=prior -d 200ms "$URL"
	holds 'c["failed"] == 20 and c["refusals"] == {"403": 20}'
}

@test "lost, late, duplicated and damaged answers over streams are exact" {
	measure_in_time drop=7 double=5 flip=11 -- -c 30 --streams=10 --http2=prior -n 900 -w 4 -T 500ms -d 20s
	holds 'm["sent"] == did["received"] and m["lost"] == did["dropped"] + did["flipped"]'
	holds 'm["duplicated"] == did["doubled"] and m["corrupted"] == did["flipped"] and did["carriers"] == 3'
	faulty delay=10:0.3
	measure -c 30 --streams=10 --http2=prior -n 600 -T 5s -d 20s
	holds 'm["lost"] == 0 and m["received"] == 600 and r["rtt"]["max_us"] > 290000'
}

@test "a stream that is reset loses its own message, and no other's" {
	faulty reset=3
	measure -c 10 --streams=10 --http2=prior -d 300ms
	holds 'm["sent"] == did["received"] == 30 and m["lost"] == did["dropped"] == 10'
	holds 'c["dropped"] == 10 and c["causes"] == {"STREAM_RESET": 10} and did["carriers"] == 1'
}

@test "a TCP connection that is lost takes its streams with it, each counted, and --reconnect opens them again" {
	faulty cut=55
	measure -c 20 --streams=10 --http2=prior -d 300ms
	holds 'c["opened"] == 20 and c["dropped"] == 10 and c["tcp"] == did["carriers"] == 2'
	holds 'm["lost"] == 10'
	faulty cut=55
	measure -c 20 --streams=10 --http2=prior -d 500ms --reconnect
	holds 'c["opened"] == c["streams"] == 30 and c["dropped"] == c["returned"] == 10 and c["not_returned"] == 0'
	holds 'c["tcp"] == did["carriers"] == 3 and m["lost"] == 10'
}

@test "after GOAWAY streams go on, and what is opened then goes over another TCP connection" {
	faulty away=55
	measure --mode=churn -c 10 --streams=10 --http2=prior -n 500 -d 20s
	# What had been asked for when it came, and was not accepted, has failed.
	holds 'c["opened"] == m["received"] == 500 - c["failed"] and c["failed"] < 10 and c["dropped"] == 0'
	holds 'c["causes"].keys() <= {"STREAM_RESET"}'
	holds 'c["tcp"] == did["carriers"] >= 2'
}

@test "what cannot be is a usage error" {
	run -2 --separate-stderr wsbench --streams=10 wss://localhost/
	says '--streams needs --http2'
	run -2 --separate-stderr wsbench --streams=10 --http2=auto ws://localhost/
	says '--streams on ws:// needs --http2=prior'
	run -2 --separate-stderr wsbench --streams=0 --http2=auto wss://localhost/
	says "'--streams': '0' is not"
	run -2 --separate-stderr wsbench --merge --streams=10 /dev/null
	says '--streams has no effect with --merge'
}
