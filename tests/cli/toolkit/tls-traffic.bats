#!/usr/bin/env bats
# What goes over wss, and what does not: much of it, slowly, in pieces, half a handshake, garbage.

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

# --- both ways, byte for byte ---

@test "20 MiB both ways, as bytes" {
	serve_tls
	head -c 20971520 /dev/urandom >"$BATS_TEST_TMPDIR/random"
	wscat -b -w 1 "$URL" <"$BATS_TEST_TMPDIR/random" >"$BATS_TEST_TMPDIR/back"
	cmp "$BATS_TEST_TMPDIR/random" "$BATS_TEST_TMPDIR/back"
}

@test "messages of every size around a record's: whole, and in their order" {
	serve_tls
	for size in 0 1 125 126 16360 16370 16383 16384 16385 32768 65535 65536 262143 262144 524288 1000000; do
		head -c "$size" /dev/zero | tr '\0' x
		echo
	done >"$BATS_TEST_TMPDIR/lines"
	wscat --count=16 -w -1 "$URL" <"$BATS_TEST_TMPDIR/lines" >"$BATS_TEST_TMPDIR/back"
	cmp "$BATS_TEST_TMPDIR/lines" "$BATS_TEST_TMPDIR/back"
}

@test "many connections over two threads, all sizes of load: nothing is lost or changed" {
	serve_tls -t 2
	run -0 wsbench -c 20 -t 2 -n 5000 -w 8 -s 300 "$URL"
	says ' 5000 received, 0 lost, 0 duplicated, 0 reordered, 0 corrupted' "$output"
	run -0 wsbench -c 4 -n 100 -w 4 -b -s 200K "$URL"
	says ' 100 received, 0 lost, 0 duplicated, 0 reordered, 0 corrupted' "$output"
	run -0 wsbench --mode=churn -c 10 -t 2 -n 200 "$URL"
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

# --- whoever does not read ---

@test "a client that stops reading slows itself down: memory stays flat, all comes back" {
	serve_tls
	sanitized && limit=0 || limit=5120
	run -0 tls_client flood "$URL" 200000 200 "$SERVER" "$limit"
	says '^stuck after' "$output"
	says '^all 200 came back' "$output"
	run -0 tls_client flood "$URL" 20 100000 "$SERVER" "$limit"
	says '^all 100000 came back' "$output"
	run ! grep TIMEOUT "$SERVER_LOG"
}

@test "--broadcast: everybody hears everything" {
	serve_tls --broadcast
	for i in 1 2 3; do
		background wscat -v -w -1 --no-stdin --count=2000 "$URL"
		pids[i]=$PID outs[i]=$OUT
		await '101' "$LOG"
	done
	seq -f '%050g' 2000 >"$BATS_TEST_TMPDIR/lines"
	wscat -w 0.2 "$URL" <"$BATS_TEST_TMPDIR/lines"
	for i in 1 2 3; do
		finished "${pids[i]}"
		cmp "$BATS_TEST_TMPDIR/lines" "${outs[i]}"
	done
}

@test "--slow=drop-old: the slow one hears the newest, whole, and nobody waits for it" {
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
	wscat -w 0.2 "$URL" <"$BATS_TEST_TMPDIR/lines"
	finished "$fast"
	kill -CONT "$slow"
	finished "$slow"
	((n = $(wc -l <"$slow_out"), n > 50 && n < 20000))
	# What came is whole, and in its order.
	for out in "$slow_out" "$fast_out"; do
		same 'the last' "$(tail -n 1 "$out")"
		run ! grep -vE '^([0-9]{1000}|the last)$' "$out"
		head -n -1 "$out" | sort -c
	done
}

# --- how it ends ---

@test "a closing handshake ends in close frame, close_notify, and the end" {
	serve_tls
	run -0 tls_client bye "$URL"
	same $'close_notify\nend' "$output"
	run -0 tls_client leave "$URL"
	same end "$output"
	await 'LOST' "$SERVER_LOG"
}

@test "SIGTERM: everybody is told 1001, through TLS" {
	serve_tls
	background wscat -v --no-stdin -w -1 "$URL"
	await 101 "$LOG"
	kill "$SERVER"
	finished "$SERVER"
	finished "$PID"
	await 'closed by the server: 1001' "$LOG"
}

@test "SIGTERM: what was accepted and queued is delivered first" {
	serve_tls
	run -0 tls_client drained "$URL" 60000 "$SERVER"
	same 'close 1001' "$output"
	finished "$SERVER"
}

@test "half a handshake lasts no longer than --handshake-timeout" {
	serve_tls --handshake-timeout=300ms
	for kind in nothing piece hello; do
		run -0 tls_client half "$URL" "$kind"
		same end "$output"
	done
	eventually grep -q 'conn=[^ ]*-3 HANDSHAKE_TIMEOUT' "$SERVER_LOG"
	run -0 wscat -1 "$URL" hello
	same hello "$output"
}

@test "a server that says nothing: wscat ends with 7" {
	start "$PYTHON" "$FIXTURES/tls_server.py" mute
	run -7 --separate-stderr wscat --connect-timeout=300ms "$URL" hello
	one_line 'not finished in time'
}

@test "garbage is answered with an alert at most, and hurts nobody" {
	serve_tls
	run -0 tls_client garbage "$URL"
	run -0 wscat -1 "$URL" hello
	same hello "$output"
	await 'TLS TLS failed: the client does not speak TLS' "$SERVER_LOG"
}
