#!/usr/bin/env bats
# wsframe --keylog: captures of wss://, decrypted with the secrets that SSLKEYLOGFILE has programs write.

load ../helper
load ../certificates
load ../proxies

setup_file() {
	make_certificates "$BATS_FILE_TMPDIR"
}

setup() {
	one_processor
	CA=$BATS_FILE_TMPDIR/ca.pem
	CAPTURE=$BATS_TEST_TMPDIR/capture
	KEYS=$BATS_TEST_TMPDIR/keys
	command -v tcpdump >/dev/null || skip "tcpdump is not installed"
}

listen() { # PORT...
	background tcpdump --immediate-mode -B 65536 -U -i lo -Z root -w "$CAPTURE" "port $1"
	DUMP=$PID
	eventually grep -q 'listening on' "$LOG"
}

both_closed() {
	(($(wsframe --keylog="$KEYS" --only=close "$CAPTURE" 2>/dev/null | grep -c normal) == 2))
}

captured() {
	eventually both_closed
	kill -INT "$DUMP"
	eventually ended "$DUMP"
}

# Messages of all sizes, to and fro.
talk() { # WSCAT-OPTION...
	for i in 1 2 30000; do seq -s ' ' "$i" 30010; done >"$BATS_TEST_TMPDIR/sent"
	SSLKEYLOGFILE=$KEYS wscat --ca="$CA" "$@" "$URL" <"$BATS_TEST_TMPDIR/sent" >"$BATS_TEST_TMPDIR/got"
	cmp "$BATS_TEST_TMPDIR/sent" "$BATS_TEST_TMPDIR/got"
}

agrees() {
	run -0 wsframe -S --keylog="$KEYS" "$CAPTURE"
	says "connection 1  .*  $1
" "$output"
	says '< HTTP/1.1 101 Switching Protocols  \(accepted' "$output"
	wsframe -S --keylog="$KEYS" --messages --payload-only --only=text "$CAPTURE" | sort >"$BATS_TEST_TMPDIR/shown"
	cat "$BATS_TEST_TMPDIR"/{sent,got} | sort | cmp - "$BATS_TEST_TMPDIR/shown"
}

@test "TLS 1.3, with compression too: every message, both ways" {
	serve_tls
	listen "$PORT"
	talk -z
	captured
	agrees 'TLS 1\.3'
	run -0 wsframe --keylog="$KEYS" -o table "$CAPTURE"
	says " wss://127\.0\.0\.1:$PORT/ " "$output"
}

@test "TLS 1.2: each of the suites that can be read" {
	need_websockets
	serve_tls
	local suite
	for suite in ECDHE-ECDSA-AES128-GCM-SHA256 ECDHE-ECDSA-AES256-GCM-SHA384 ECDHE-ECDSA-CHACHA20-POLY1305; do
		: >"$KEYS"
		listen "$PORT"
		"$PYTHON" "$FIXTURES/tls12.py" "$URL" "$KEYS" "$suite" "$BATS_TEST_TMPDIR/sent"
		captured
		cp "$BATS_TEST_TMPDIR"/{sent,got}
		agrees 'TLS 1\.2'
	done
}

@test "TLS inside of an HTTP proxy's CONNECT, and of SOCKS" {
	serve_tls
	tinyproxy_runs
	listen "${PROXY##*:}"
	talk --proxy="http://$PROXY"
	captured
	agrees 'TLS 1\.3'
	microsocks_runs
	listen "${PROXY##*:}"
	talk --proxy="socks5://$PROXY"
	captured
	agrees 'TLS 1\.3'
}

@test "a KeyUpdate in each direction" {
	serve_tls
	listen "$PORT"
	local text
	# The masking key is zero: the letters are sent as they are.
	frame() { wsframe encode --mask=zero --allow-invalid -o raw "$1" 2>/dev/null; }
	mkfifo "$BATS_TEST_TMPDIR/in"
	exec 7<>"$BATS_TEST_TMPDIR/in"
	background openssl s_client -connect "127.0.0.1:$PORT" -keylogfile "$KEYS" <&7
	printf 'GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n' >&7
	await '^Upgrade: websocket' "$OUT"
	for text in text-1 text-2 text-3; do
		frame "$text" >&7
		await "$text" "$OUT"
		# K: update this side's key and ask for the peer's.
		echo K >&7
		await KEYUPDATE "$LOG"
		: >"$LOG"
	done
	frame text-4 >&7
	await text-4 "$OUT"
	wsframe encode --close=1000 --mask=zero --allow-invalid -o raw 2>/dev/null >&7
	captured
	exec 7>&-
	run -0 wsframe --keylog="$KEYS" "$CAPTURE"
	for text in text-1 text-2 text-3 text-4; do
		says "> text .*\"$text\"" "$output"
		says "< text .*\"$text\"" "$output"
	done
}

@test "without secrets, with those of another connection, and bytes that are lost: said, not guessed" {
	serve_tls
	listen "$PORT"
	talk
	captured
	run -1 --separate-stderr wsframe "$CAPTURE"
	one_line 'no WebSocket in it: 1 connection of TLS; --keylog=FILE'
	sed 's/ [0-9a-f]\{8\}/ 00000000/' "$KEYS" >"$BATS_TEST_TMPDIR/other"
	run -1 --separate-stderr wsframe --keylog="$BATS_TEST_TMPDIR/other" "$CAPTURE"
	says '1 connection not decrypted: TLS whose secrets are not in the file'
	sed '/TRAFFIC_SECRET_0/s/[0-9a-f]\{8\}$/00000000/' "$KEYS" >"$BATS_TEST_TMPDIR/other"
	run -1 --separate-stderr wsframe --keylog="$BATS_TEST_TMPDIR/other" "$CAPTURE"
	says 'TLS that does not decrypt with the secrets of --keylog'
	"$PYTHON" "$FIXTURES/drop.py" <"$CAPTURE" >"$BATS_TEST_TMPDIR/lost"
	run -0 --separate-stderr wsframe --keylog="$KEYS" "$BATS_TEST_TMPDIR/lost"
	says '[0-9]+ bytes: not in the capture' "$output"
	says '[0-9]+ bytes: TLS after bytes that are not in the capture' "$output"
	run -10 wsframe -S -q --keylog="$KEYS" "$BATS_TEST_TMPDIR/lost"
}

@test "a capture and a key log that grow, from nothing" {
	serve_tls
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	exec 7<>"$BATS_TEST_TMPDIR/pipe"
	background wsframe --keylog="$KEYS" - <&7
	local shown=$OUT
	await 'keys: not there yet' "$LOG"
	background tcpdump --immediate-mode -U -i lo -Z root -w "$BATS_TEST_TMPDIR/pipe" "port $PORT"
	eventually grep -q 'listening on' "$LOG"
	SSLKEYLOGFILE=$KEYS wscat --ca="$CA" -N 1 "$URL" live
	await '< text .*"live"' "$shown"
	exec 7>&-
}

@test "a key log that is none" {
	run -1 --separate-stderr wsframe --keylog="$BATS_TEST_TMPDIR/none" 8100
	one_line 'none: No such file'
	run -1 --separate-stderr wsframe --keylog="$CA" 8100
	one_line 'no secret in it'
	run -2 --separate-stderr wsframe --keylog="$CA" --hex=8100
	says -- '--keylog is for captures'
}

@test "secrets inside of a pcapng file" {
	serve_tls
	listen "$PORT"
	talk
	captured
	"$PYTHON" "$FIXTURES/inject_secrets.py" "$KEYS" <"$CAPTURE" >"$BATS_TEST_TMPDIR/capture.pcapng"
	: >"$KEYS"
	CAPTURE=$BATS_TEST_TMPDIR/capture.pcapng
	run -0 --separate-stderr wsframe -S "$CAPTURE"
	says 'TLS 1\.3' "$output"
	says '< HTTP/1.1 101' "$output"
	[[ ! -x /usr/bin/tshark ]] || tshark -r "$CAPTURE" -Y websocket 2>/dev/null | grep -q 'WebSocket Text'
}
