#!/usr/bin/env bats
# wsserve: where it listens, what it allows, what it logs, how it ends.

load ../helper

# --- listening ---

@test "it listens on loopback unless told otherwise" {
	serve
	[[ $URL == ws://127.0.0.1:* ]]
}

@test "-a and --address: another address" {
	local option
	for option in "-a127.0.0.2" --address=127.0.0.2; do
		serve "$option"
		[[ $URL == ws://127.0.0.2:* ]]
		run -0 wscat -N 1 "$URL" hello </dev/null
		same hello "$output"
	done
}

@test "--address of IPv6, where the machine has it" {
	if grep -q . /proc/net/if_inet6 2>/dev/null; then
		serve --address=::1
		[[ $URL == "ws://[::1]:"* ]]
		run -0 wscat -N 1 "$URL" hello </dev/null
		same hello "$output"
	else
		run -1 --separate-stderr timeout 40 wsserve -p 0 --address=::1
		one_line 'cannot listen on \[::1\]:0: '
	fi
}

@test "--address=:: is all addresses, of IPv4 and IPv6" {
	serve --address=::
	same hello "$(wscat -1 "ws://127.0.0.1:$PORT/" hello </dev/null)"
	await 'open from 127\.0\.0\.1:[0-9]+ for' "$SERVER_LOG" # and not ::ffff:127.0.0.1
	if grep -q . /proc/net/if_inet6 2>/dev/null; then
		[[ $URL == "ws://[::]:"* ]]
		same hello "$(wscat -1 "ws://[::1]:$PORT/" hello </dev/null)"
	fi
	local port
	port=$(free_port)
	for both in "--listen=[::]:$port --listen=0.0.0.0:$port" "--listen=0.0.0.0:$port --listen=[::]:$port" \
		"--address=:: --address=127.0.0.1 -p $port"; do
		# shellcheck disable=SC2086
		start wsserve --announce $both
		same hello "$(wscat -1 "ws://127.0.0.1:$port/" hello </dev/null)"
		kill "$PID"
		finished || true
	done
}

@test "--port and -p" {
	serve
	local free=$PORT
	kill "$SERVER"
	finished "$SERVER"
	start wsserve --port="$free" --announce
	same "ws://127.0.0.1:$free/" "$URL"
}

@test "--listen, several at a time" {
	start wsserve --announce --listen=127.0.0.1:0 --listen=127.0.0.2:0 \
		--listen="unix:$BATS_TEST_TMPDIR/socket"
	await unix "$OUT"
	same 3 "$(wc -l <"$OUT")"
	local url
	while read -r _ url; do
		run -0 wscat -N 1 "$url" hello </dev/null
		same hello "$output"
	done <"$OUT"
}

@test "--listen=fd:N takes a socket that another process opened" {
	start "$PYTHON" "$FIXTURES/listening.py" wsserve --announce --listen=fd:5
	run -0 wscat -N 1 "$URL" hello </dev/null
	same hello "$output"
}

@test "--announce=FD says it there, and nothing on standard output" {
	background bash -c "exec wsserve -p 0 --announce=7 7>'$BATS_TEST_TMPDIR/announce'"
	await '^listening ws://127\.0\.0\.1:[0-9]+/$' "$BATS_TEST_TMPDIR/announce"
	same "" "$(cat "$OUT")"
}

@test "--announce=FD of a descriptor that is not open: 1" {
	run -1 --separate-stderr bash -c "wsserve -p 0 -q --announce=77 77>&-"
	one_line 77
	# Nor of one that the server opens for itself, or of standard output when that is closed.
	run -1 --separate-stderr bash -c "wsserve -p 0 -q --announce=7 3>&- 4>&- 5>&- 6>&- 7>&-"
	one_line 'cannot announce on descriptor 7: Bad file descriptor$'
	run -1 --separate-stderr bash -c 'wsserve -p 0 -q --announce >&-'
	one_line 'standard output is closed, and --announce is for it$'
}

@test "without --announce it says nothing on standard output" {
	background wsserve -p 0
	await 'listen on ws' "$LOG"
	same "" "$(cat "$OUT")"
}

@test "--backlog" {
	serve --backlog=1
	run -0 wscat -N 1 "$URL" hello </dev/null
	same hello "$output"
	run -2 --separate-stderr wsserve -p 0 --backlog=0
	usage_line --backlog
}

@test "--echo is what it does anyway" {
	serve --echo
	run -0 wscat -N 1 "$URL" hello </dev/null
	same hello "$output"
}

@test "--oneshot: one connection, and exit 0 when it ends" {
	serve --oneshot
	run -0 wscat -N 1 "$URL" hello </dev/null
	same hello "$output"
	finished "$SERVER"
}

@test "--oneshot takes no second connection" {
	serve --oneshot
	background "$PYTHON" -S "$FIXTURES/client.py" hold "$URL" <>/dev/zero
	await 'conn=[0-9a-z]+-1 open' "$SERVER_LOG"
	run -3 wscat "$URL" hello </dev/null
}

@test "a stale unix socket is replaced" {
	local path=$BATS_TEST_TMPDIR/socket
	"$PYTHON" -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$path"
	[[ -S $path ]]
	start wsserve --announce --listen="unix:$path"
	run -0 wscat -N 1 "$URL" hello </dev/null
	same hello "$output"
}

@test "a unix socket is removed at the end" {
	local path=$BATS_TEST_TMPDIR/socket
	start wsserve --announce --listen="unix:$path"
	[[ -S $path ]]
	kill "$PID"
	finished
	[[ ! -e $path ]]
}

@test "a unix socket that is in use is left alone: 1" {
	local path=$BATS_TEST_TMPDIR/socket
	start wsserve --announce --listen="unix:$path"
	run -1 --separate-stderr wsserve --listen="unix:$path"
	one_line 'in use'
	run -0 wscat -N 1 "$URL" hello </dev/null
	same hello "$output"
}

@test "a file that is no socket is not replaced: 1" {
	echo precious >"$BATS_TEST_TMPDIR/file"
	run -1 --separate-stderr wsserve --listen="unix:$BATS_TEST_TMPDIR/file"
	one_line 'there is a file of that name that is no socket'
	same precious "$(cat "$BATS_TEST_TMPDIR/file")"
}

@test "closed standard streams are no sockets by mistake" {
	background bash -c "exec wsserve -p 0 --announce=7 7>'$BATS_TEST_TMPDIR/announce' \
		<&- >&- 2>&-"
	await listening "$BATS_TEST_TMPDIR/announce"
	read -r _ URL <"$BATS_TEST_TMPDIR/announce"
	run -0 --separate-stderr wscat -N 1 "$URL" hello </dev/null
	same hello "$output"
	same "" "$stderr"
}

# --- limits ---

@test "--max-connections: 503 above, and room again when one has left" {
	serve --max-connections=2
	mkfifo "$BATS_TEST_TMPDIR/in"
	exec 9<>"$BATS_TEST_TMPDIR/in"
	background "$PYTHON" -S "$FIXTURES/client.py" hold "$URL" 2 <"$BATS_TEST_TMPDIR/in"
	await '^open 2' "$OUT"
	run -5 --separate-stderr wscat "$URL" </dev/null
	says 'HTTP status 503'
	await 'conn=[0-9a-z]+-3 TOO_MANY_CONNECTIONS' "$SERVER_LOG"
	kill "$PID"
	finished || true
	exec 9<&-
	await 'conn=[0-9a-z]+-2 (LOST|close|RESET)' "$SERVER_LOG"
	run -0 wscat -N 1 "$URL" hello </dev/null
	same hello "$output"
}

@test "--max-message-size: 1009 above, at it not" {
	serve --max-message-size=1K
	head -c 1024 /dev/zero >"$BATS_TEST_TMPDIR/fits"
	head -c 1025 /dev/zero >"$BATS_TEST_TMPDIR/large"
	run -0 bash -c "wscat -b -N 1 '$URL' @$BATS_TEST_TMPDIR/fits </dev/null | wc -c"
	same 1024 "$output"
	run -9 --separate-stderr wscat -b "$URL" "@$BATS_TEST_TMPDIR/large" </dev/null
	says '1009 .*larger than.* 1025 bytes.* limit is 1024'
	await 'conn=[0-9a-z]+-2 MESSAGE_TOO_BIG .*larger than.* 1025 bytes.* limit is 1024' "$SERVER_LOG"
	serve --reply="$(printf %0200d 0)"
	run -1 --separate-stderr wscat --max-message-size=100 "$URL" x </dev/null
	says '200 bytes.* limit is 100 bytes$'
	serve --max-message-size=1K -z
	run -9 --separate-stderr wscat -z -b "$URL" "@$BATS_TEST_TMPDIR/large" </dev/null
	says '1009 .*inflates to more than 1024 bytes'
}

@test "--maxframesize is its other name; the limit is over all fragments" {
	serve --maxframesize=1K
	run -0 client does "$URL" too-big-fragments
	says '^close 1009' "$output"
	run -0 client does "$URL" too-big
	says '^close 1009' "$output"
}

@test "the default is 1 MiB" {
	serve
	head -c 1048577 /dev/zero >"$BATS_TEST_TMPDIR/large"
	run -9 wscat -b "$URL" "@$BATS_TEST_TMPDIR/large" </dev/null
}

@test "--max-message-size=0: no limit" {
	serve --max-message-size=0
	head -c 5000000 /dev/zero >"$BATS_TEST_TMPDIR/large"
	run -0 bash -c "wscat -b -N 1 '$URL' @$BATS_TEST_TMPDIR/large </dev/null | wc -c"
	same 5000000 "$output"
}

@test "--idle-timeout: 1001 after so long without a message" {
	serve --idle-timeout=200ms
	run -0 client does "$URL" nothing
	says '^close 1001' "$output"
	await 'conn=[0-9a-z]+-1 IDLE_TIMEOUT' "$LOG"
}

@test "--fragment-timeout: 1008 for a message that does not end" {
	serve --fragment-timeout=200ms
	run -0 client does "$URL" half-message
	says '^close 1008' "$output"
	await 'conn=[0-9a-z]+-1 FRAGMENT_TIMEOUT' "$LOG"
}

@test "--handshake-timeout: 408 for a request that does not end" {
	serve --handshake-timeout=200ms
	run -0 client late "$URL" $'GET / HTTP/1.1\r\nHost: x\r\n'
	same $'HTTP/1.1 408 Request Timeout\nend' "$output"
	await 'conn=[0-9a-z]+-1 HANDSHAKE_TIMEOUT' "$LOG"
}

@test "--handshake-timeout runs for a client that says nothing at all" {
	serve --handshake-timeout=200ms
	run -0 client late "$URL"
	says '^(end|HTTP/1.1 408.*)' "$output"
}

@test "--close-timeout: a client that does not answer a close is let go" {
	serve --idle-timeout=100ms --close-timeout=200ms
	run -0 timeout 40 "$PYTHON" -S "$FIXTURES/client.py" mute "$URL"
	says '^close 1001' "$output"
	same end "${lines[-1]/reset/end}"
}

@test "a request that asks for no upgrade: 426" {
	serve
	run -0 client http "$URL"
	says '^HTTP/1.1 426 ' "$output"
	says '^Upgrade: websocket' "$output"
	says '^Sec-WebSocket-Version: 13' "$output"
}

@test "a request with another method: 405" {
	serve
	run -0 client http "$URL" POST
	says '^HTTP/1.1 (405|426) ' "$output"
}

# --- the log ---

@test "a line when a connection opens and one when it ends, with its number" {
	serve
	wscat -w 0 "$URL" hello </dev/null
	wscat -w 0 "${URL}path" hello </dev/null
	await 'conn=[0-9a-z]+-2 close' "$LOG"
	await '^[0-9]{4}-[0-9-]+T[0-9:.]+Z INFO +conn=[0-9a-z]+-1 open from 127\.0\.0\.1:[0-9]+ for / peer=127\.0\.0\.1$' "$LOG"
	await 'conn=[0-9a-z]+-2 open .* for /path ' "$LOG"
	await 'conn=[0-9a-z]+-1 close by the client: code 1000 .*1 messages' "$LOG"
}

@test "--log-format=json: every line is an object" {
	serve --log-format=json -v
	wscat -w 0 "${URL}a\"b" hello </dev/null || true
	wscat -w 0 "${URL}ab" hello </dev/null
	await '"conn":"[0-9a-z]+-2",.*"event":"close"|"conn":"[0-9a-z]+-1",.*"event":"close"' "$LOG"
	"$PYTHON" -c '
import json, sys
for line in sys.stdin:
    record = json.loads(line)
    assert record["level"] in ("debug", "info", "warning", "error")
    assert record["t"].endswith("Z") and isinstance(record["msg"], str)' <"$LOG"
}

@test "--loglevel: nothing less than that" {
	serve --loglevel=warning
	wscat -w 0 "$URL" hello </dev/null
	kill "$SERVER"
	finished
	same "" "$(cat "$LOG")"
}

@test "--loglevel=debug and -v say more" {
	local option
	for option in --loglevel=debug -v --verbose; do
		serve "$option"
		wscat -w 0 "$URL" hello </dev/null
		await 'DEBUG .*conn=[0-9a-z]+-1 request GET /' "$LOG"
	done
}

@test "-q and --quiet say nothing" {
	local option
	for option in -q --quiet; do
		serve "$option"
		wscat -w 0 "$URL" hello </dev/null
		kill "$SERVER"
		finished
		same "" "$(cat "$LOG")"
	done
}

@test "--color: never in a file, unless always" {
	serve
	await listen "$LOG"
	run ! grep -q $'\e' "$LOG"
	serve --color=always
	await $'\e' "$LOG"
	serve --no-color
	await listen "$LOG"
	run ! grep -q $'\e' "$LOG"
}

# --- the end ---

@test "SIGTERM and SIGINT: everybody hears 1001, exit 0" {
	local signal
	for signal in TERM INT; do
		start "$PYTHON" -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' wsserve -p 0 --announce
		SERVER=$PID SERVER_LOG=$LOG
		mkfifo "$BATS_TEST_TMPDIR/$signal"
		exec 9<>"$BATS_TEST_TMPDIR/$signal"
		background wscat -v "$URL" hello -w -1 <"$BATS_TEST_TMPDIR/$signal"
		await hello "$OUT"
		local one=$PID one_log=$LOG
		background wscat -v "$URL" hello -w -1 <"$BATS_TEST_TMPDIR/$signal"
		await hello "$OUT"
		kill -"$signal" "$SERVER"
		finished "$SERVER"
		finished "$one"
		finished
		await 'closed by the server: 1001' "$one_log"
		await 'closed by the server: 1001' "$LOG"
		await 'closing 2 connections with 1001' "$SERVER_LOG"
	done
}

@test "SIGTERM: a connection that had closed in order is logged as that, though its peer keeps TCP open" {
	serve --drain=100ms
	background "$PYTHON" -c '
import signal, socket, sys
client = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
               b"\x88\x82\0\0\0\0\x03\xe8")
while client.recv(4096):
    pass
print("closed", flush=True)
signal.pause()' "$PORT"
	await closed "$OUT"
	kill "$SERVER"
	finished "$SERVER"
	grep -q 'close by the client: code 1000 .* sent=1000 received=1000' "$SERVER_LOG"
	run ! grep ' SHUTDOWN ' "$SERVER_LOG"
}

@test "SIGTERM without connections: exit 0" {
	serve
	kill "$SERVER"
	finished
}

@test "--shutdown-code: another code" {
	serve --shutdown-code=4242
	background "$PYTHON" -S "$FIXTURES/client.py" does "$URL" nothing
	await 'conn=[0-9a-z]+-1 open' "$SERVER_LOG"
	kill "$SERVER"
	finished "$SERVER"
	await '^close 4242' "$OUT"
}

@test "--drain: clients that do not leave are cut off after this long, exit 0" {
	serve --drain=200ms --close-timeout=1m
	background "$PYTHON" -S "$FIXTURES/client.py" mute "$URL"
	await '^open' "$OUT"
	kill "$SERVER"
	finished "$SERVER"
}

@test "while it drains it says each second how many are left" {
	serve --drain=1m --close-timeout=1m
	background "$PYTHON" -S "$FIXTURES/client.py" mute "$URL"
	await '^open' "$OUT"
	kill "$SERVER"
	await 'drain 1 connections? left' "$SERVER_LOG"
}

# Sends a signal until the process has left.
leaves() { # SIGNAL PID
	kill -"$1" "$2" 2>/dev/null || true
	ended "$2"
}

@test "a second signal leaves at once; the same one within a moment is no second one" {
	serve --drain=1m --close-timeout=1m
	background "$PYTHON" -S "$FIXTURES/client.py" mute "$URL"
	await '^open' "$OUT"
	# As timeout(1) does, to the process and to its group.
	"$PYTHON" -c 'import os, sys
for i in range(20): os.kill(int(sys.argv[1]), 15)' "$SERVER"
	await '^close 1001' "$OUT"
	await 'closing 1 connections' "$SERVER_LOG"
	run -1 grep 'second signal' "$SERVER_LOG"
	run ! ended "$SERVER"
	eventually leaves TERM "$SERVER"
	finished "$SERVER"
	await 'second signal' "$SERVER_LOG"
}

@test "while it drains new connections are refused" {
	serve --drain=1m --close-timeout=1m
	background "$PYTHON" -S "$FIXTURES/client.py" mute "$URL"
	await '^open' "$OUT"
	kill "$SERVER"
	await '^close 1001' "$OUT"
	run -3 wscat "$URL" </dev/null
}

all_have_ended() {
	(($(grep -cE 'conn=[^ ]+ (close|RESET|LOST) ' "$SERVER_LOG") == 20))
}

@test "a close frame that came decides how a connection ended, whatever TCP does after it" {
	serve
	for _ in {1..20}; do
		client close-reset "$URL"
	done
	eventually all_have_ended
	same 20 "$(grep -cE 'conn=[^ ]+ close by the client: code 1000' "$SERVER_LOG")"
	same hello "$(wscat -1 "$URL" hello </dev/null)"
}
