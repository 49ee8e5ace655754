#!/usr/bin/env bats
# Traffic over wss: large amounts, slow peers, small pieces, incomplete handshakes, garbage.

load ../helper
load ../certificates

setup_file() {
	make_certificates "$BATS_FILE_TMPDIR"
}

setup() {
	C=$BATS_FILE_TMPDIR
	export SSL_CERT_FILE=$C/ca.pem
}

tls_client() {
	"$PYTHON" "$FIXTURES/tls_client.py" "$@"
}

# --- both directions, compared byte by byte ---

@test "20 MiB in both directions, as bytes" {
	serve_tls
	head -c 20971520 /dev/urandom >"$BATS_TEST_TMPDIR/random"
	wscat -b -w 1 "$URL" <"$BATS_TEST_TMPDIR/random" >"$BATS_TEST_TMPDIR/back"
	cmp "$BATS_TEST_TMPDIR/random" "$BATS_TEST_TMPDIR/back"
}

@test "messages of every size around that of a TLS record: complete and in order" {
	serve_tls
	for size in 0 1 125 126 16360 16370 16383 16384 16385 32768 65535 65536 262143 262144 524288 1000000; do
		head -c "$size" /dev/zero | tr '\0' x
		echo
	done >"$BATS_TEST_TMPDIR/lines"
	wscat --count=16 -w -1 "$URL" <"$BATS_TEST_TMPDIR/lines" >"$BATS_TEST_TMPDIR/back"
	cmp "$BATS_TEST_TMPDIR/lines" "$BATS_TEST_TMPDIR/back"
}

@test "many connections on two threads, several sizes: nothing is lost or changed" {
	serve_tls -t 2
	run -0 wsbench -c 20 -t 2 -n 5000 -d 100s -w 8 -s 300 "$URL"
	says ' 5000 received, 0 lost, 0 duplicated, 0 reordered, 0 corrupted' "$output"
	run -0 wsbench -c 4 -n 100 -d 100s -w 4 -b -s 200K "$URL"
	says ' 100 received, 0 lost, 0 duplicated, 0 reordered, 0 corrupted' "$output"
	run -0 wsbench --mode=churn -c 10 -t 2 -n 200 -d 100s "$URL"
	says ' 200 received, 0 lost' "$output"
	says '[0-9]+ × a TLS session was resumed' "$output"
}

@test "with -z too" {
	serve_tls -z
	seq 20000 >"$BATS_TEST_TMPDIR/lines"
	run -0 wscat -z --count=20000 -w -1 "$URL" <"$BATS_TEST_TMPDIR/lines"
	cmp "$BATS_TEST_TMPDIR/lines" <(echo "$output")
}

@test "the handshake a byte at a time, frames in pieces" {
	serve_tls
	run -0 tls_client cut "$URL" 3
	same 'all came back' "$output"
}

# --- peers that do not read ---

# bats test_tags=measures
@test "a client that stops reading slows only itself down: constant memory, complete echoes" {
	serve_tls
	sanitized && limit=0 || limit=5120
	run -0 tls_client flood "$URL" 200000 200 "$SERVER" "$limit"
	says '^stuck after' "$output"
	says '^all 200 came back' "$output"
	run -0 tls_client flood "$URL" 20 100000 "$SERVER" "$limit"
	says '^all 100000 came back' "$output"
	run ! grep TIMEOUT "$SERVER_LOG"
}

@test "--broadcast: every client receives every message" {
	serve_tls --broadcast
	for i in 1 2 3; do
		background wscat -v -w -1 --no-stdin --count=2000 "$URL"
		pids[i]=$PID outs[i]=$OUT
		await '101' "$LOG"
	done
	seq -f '%050g' 2000 >"$BATS_TEST_TMPDIR/lines"
	wscat -w 0.5 "$URL" <"$BATS_TEST_TMPDIR/lines"
	for i in 1 2 3; do
		finished "${pids[i]}"
		cmp "$BATS_TEST_TMPDIR/lines" "${outs[i]}"
	done
}

@test "--slow=drop-old: a slow client gets the newest messages, complete, and blocks no other" {
	serve_tls --send-queue=64K --broadcast --slow=drop-old
	background wscat -v -w -1 --no-stdin --expect='^the last' "$URL"
	slow=$PID slow_out=$OUT
	await '101' "$LOG"
	background wscat -v -w -1 --no-stdin --expect='^the last' "$URL"
	fast=$PID fast_out=$OUT
	await '101' "$LOG"
	kill -STOP "$slow"
	seq -f '%01000g' 20000 >"$BATS_TEST_TMPDIR/lines"
	echo 'the last' >>"$BATS_TEST_TMPDIR/lines"
	wscat -w 0.5 "$URL" <"$BATS_TEST_TMPDIR/lines"
	finished "$fast"
	kill -CONT "$slow"
	finished "$slow"
	((n = $(wc -l <"$slow_out"), n > 50 && n < 20000))
	# The received messages are complete and in order.
	for out in "$slow_out" "$fast_out"; do
		same 'the last' "$(tail -n 1 "$out")"
		run ! grep -vE '^([0-9]{1000}|the last)$' "$out"
		head -n -1 "$out" | sort -c
	done
}

# --- the end of a connection ---

@test "a closing handshake: close frame, close_notify, end of the stream" {
	serve_tls
	run -0 tls_client bye "$URL"
	same $'close_notify\nend' "$output"
	run -0 tls_client leave "$URL"
	same end "$output"
	await 'LOST' "$SERVER_LOG"
}

@test "SIGTERM: every client gets 1001, through TLS" {
	serve_tls
	background wscat -v --no-stdin -w -1 "$URL"
	await 101 "$LOG"
	kill "$SERVER"
	finished "$SERVER"
	finished "$PID"
	await 'closed by the server: 1001' "$LOG"
}

@test "SIGTERM: queued messages are delivered first" {
	serve_tls
	run -0 tls_client drained "$URL" 60000 "$SERVER"
	same 'close 1001' "$output"
	finished "$SERVER"
}

@test "an incomplete handshake ends after --handshake-timeout" {
	serve_tls --handshake-timeout=3s
	for kind in nothing piece hello; do
		run -0 tls_client half "$URL" "$kind"
		same end "$output"
	done
	eventually grep -q 'conn=[^ ]*-3 HANDSHAKE_TIMEOUT' "$SERVER_LOG"
	run -0 wscat -1 "$URL" hello
	same hello "$output"
}

@test "a silent server: wscat ends with 7" {
	start "$PYTHON" "$FIXTURES/tls_server.py" mute
	run -7 --separate-stderr wscat --connect-timeout=300ms "$URL" hello
	one_line 'the upgrade was not finished within 300 ms'
}

@test "garbage is answered with an alert at most, and does not affect other connections" {
	serve_tls
	run -0 tls_client garbage "$URL"
	run -0 wscat -1 "$URL" hello
	same hello "$output"
	await '[^S] TLS failed: the client does not speak TLS' "$SERVER_LOG"
}
