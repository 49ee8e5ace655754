#!/usr/bin/env bats
# only: build
# The cost of wss in system calls and memory, and a check for data races. Only in the plain build, as
# sanitizers work neither under a tracer nor with each other.

load ../helper
load ../certificates

setup_file() {
	make_certificates "$BATS_FILE_TMPDIR"
}

setup() {
	C=$BATS_FILE_TMPDIR
	export SSL_CERT_FILE=$C/ca.pem
}

# Traces wsserve while it echoes, and counts these calls.
calls() { # REGEX
	awk -v loop="$SERVER" -v want="^($1)\$" '
		$1 == loop && $2 !~ /^</ { sub(/\(.*/, "", $2); sum += $2 ~ want }
		END { print sum + 0 }' "$BATS_TEST_TMPDIR/trace"
}

between() { # LEAST VALUE MOST
	(($1 <= $2 && $2 <= $3)) || {
		echo "$2 is not in $1 to $3" >&2
		return 1
	}
}

@test "one receive and one send per wake-up, for any number of frames; two of each for the handshake" {
	strace -qq -o /dev/null true 2>/dev/null || skip "strace is missing or not allowed to trace"
	serve_tls
	background strace -f -qq -o "$BATS_TEST_TMPDIR/trace" -p "$SERVER"
	eventually grep -q '^TracerPid:[[:space:]]*[1-9]' "/proc/$SERVER/status"
	client batches "$URL" 400 100
	await 'close by the client' "$SERVER_LOG"
	kill "$SERVER"
	finished "$SERVER"
	# The others: handshake, request, close, close_notify, log and signals.
	between 400 "$(calls 'recv(from|msg)?|read')" 430
	between 400 "$(calls 'send(to|msg)?|writev?')" 430
	between 400 "$(calls 'epoll_p?wait2?')" 430
}

@test "an idle connection keeps no buffers: 20 KiB at most" {
	serve_tls --max-connections=2000
	run -0 wsbench -q --mode=idle -c 600 -d 0.2 --server-pid="$SERVER" --format=json "$URL"
	((bytes = ($(jq .server.rss_loaded_bytes <<<"$output") - $(jq .server.rss_before_bytes <<<"$output")) / 600))
	between 1 "$bytes" 20480
}

@test "threads, new and closed connections, reloads of certificates: no data race" {
	PATH=$ROOT/build/tsan:$PATH TSAN_OPTIONS="exitcode=66 log_path=$BATS_TEST_TMPDIR/tsan" \
		serve_tls --broadcast -t 2 --metrics
	background wsbench --mode=churn -c 8 -t 2 -d 1.5 -n 1000000 --timeout=100ms "$URL"
	churn=$PID
	background wsbench -c 10 -d 1.5 --mode=broadcast --publishers=4 --rate=500 "$URL"
	for _ in {1..8}; do
		kill -HUP "$SERVER"
		curl -s --cacert "$C/ca.pem" -o /dev/null "https://127.0.0.1:$PORT/metrics"
	done
	finished "$churn" || true
	finished "$PID" || true
	kill -HUP "$SERVER"
	kill "$SERVER"
	finished "$SERVER"
	run cat "$BATS_TEST_TMPDIR"/tsan.*
	same 1 "$status"
}
