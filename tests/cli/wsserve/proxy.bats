#!/usr/bin/env bats
# shellcheck disable=SC2317 # functions that others call
# wsserve --proxy: the bytes of a TCP or unix service.

load ../helper

# A service that does WHAT with each connection; its port in SERVICE, or at a path.
service() { # WHAT [PATH]
	background "$PYTHON" -u - "$@" <<-'END'
		import os, socket, sys, threading, time
		what, path = sys.argv[1], sys.argv[2:]
		if path:
		    listener = socket.socket(socket.AF_UNIX)
		    listener.bind(path[0])
		else:
		    listener = socket.socket()
		    listener.bind(("127.0.0.1", 0))
		listener.listen()
		print("port", 0 if path else listener.getsockname()[1])
		def serve(peer):
		    total = b""
		    while what != "mute":
		        data = peer.recv(65536)
		        if not data:
		            break
		        total += data
		        if what in ("echo", "once"):
		            peer.sendall(data)
		        if what == "once":
		            break
		        if what == "reset":
		            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
		            peer.close()
		            return
		    if what == "mute":
		        time.sleep(1000)
		    if what == "count":
		        peer.sendall(b"%d\n" % len(total))
		    peer.close()
		    print("end")
		while True:
		    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
	END
	SERVICE_OUT=$OUT
	SERVICE=$(port_in "$OUT")
}

@test "bytes go there and come back, binary" {
	service echo
	serve --proxy="tcp:127.0.0.1:$SERVICE"
	run -0 client binary "$URL" 00ff0a
	same 00ff0a "$output"
	head -c 3000000 /dev/urandom >"$BATS_TEST_TMPDIR/in"
	wscat -b "$URL" <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out"
	cmp "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
}

@test "a name, and a unix socket" {
	service echo
	serve --proxy="tcp:localhost:$SERVICE"
	run -0 wscat -b -N 1 "$URL" hello </dev/null
	same hello "$output"
	service echo "$BATS_TEST_TMPDIR/socket"
	serve --proxy="unix:$BATS_TEST_TMPDIR/socket"
	run -0 wscat -b -N 1 "$URL" hello </dev/null
	same hello "$output"
}

@test "a client that has said all: the service sees the end, and its last words are heard" {
	service count
	serve --proxy="tcp:127.0.0.1:$SERVICE"
	run -0 wscat -b -w 0 "$URL" <"$FIXTURES/page.html"
	same "$(wc -c <"$FIXTURES/page.html")" "$output"
	await end "$SERVICE_OUT"
}

@test "a service that ends closes with 1000, one that breaks off with 1011" {
	service once
	serve --proxy="tcp:127.0.0.1:$SERVICE"
	run -0 --separate-stderr wscat -v -b -w -1 "$URL" hello </dev/null
	same hello "$output"
	says 'closed by the server: 1000'
	service reset
	serve --proxy="tcp:127.0.0.1:$SERVICE"
	run -9 --separate-stderr wscat -b "$URL" hello </dev/null
	says '1011.*the connection to the service was lost'
}

# Where a client is slower than the pause until the next try, one more gets 502.
refused_with() { # STATUS
	run -5 --separate-stderr wscat "$URL" </dev/null
	[[ $stderr == *"HTTP status $1"* ]]
}

@test "a service that cannot be reached: 502 before the upgrade; again and again: 503" {
	service echo
	kill "$PID"
	finished || true
	serve --proxy="tcp:127.0.0.1:$SERVICE"
	local i
	for i in 1 2 3; do
		run -5 --separate-stderr wscat "$URL" </dev/null
		says 'HTTP status 502'
	done
	eventually refused_with 503
	await "cannot reach tcp:127.0.0.1:$SERVICE: .*Connection refused" "$SERVER_LOG"
	await "tcp:127.0.0.1:$SERVICE keeps failing" "$SERVER_LOG"
	serve --proxy="unix:$BATS_TEST_TMPDIR/nowhere"
	run -5 --separate-stderr wscat "$URL" </dev/null
	says 'HTTP status 502'
	serve --proxy=tcp:no-such-host.invalid:80
	run -5 --separate-stderr wscat "$URL" </dev/null
	says 'HTTP status 502'
}

@test "it is well again: open to all after one probe" {
	service echo
	kill "$PID"
	finished || true
	serve --proxy="unix:$BATS_TEST_TMPDIR/socket"
	local i
	for i in 1 2 3; do
		run -5 wscat "$URL" </dev/null
	done
	service echo "$BATS_TEST_TMPDIR/socket"
	again() { [[ $(wscat -b -N 1 "$URL" hello </dev/null 2>/dev/null) == hello ]]; }
	eventually again
	again
	again
}

# bats test_tags=measures
@test "a service that does not read makes the client wait, not memory grow" {
	service mute
	serve --proxy="tcp:127.0.0.1:$SERVICE" --ping-interval=1s --ping-timeout=2s
	head -c 60000000 /dev/zero >"$BATS_TEST_TMPDIR/in"
	background wscat -b "$URL" <"$BATS_TEST_TMPDIR/in"
	await open "$SERVER_LOG"
	eventually at_rest "$PID" "$SERVER"
	sleep 3.5 # measured: a ping and its time limit: the client waits, and is not taken for dead
	grew_less "$SERVER" 8000
	kill "$PID"
	await 'conn=[^ ]*-1 (RESET|LOST)' "$SERVER_LOG"
}

@test "a service that answers nobody: 408 when --handshake-timeout is over" {
	# A backlog of one that is never accepted: later connections hang.
	background "$PYTHON" -u - <<-'END'
		import socket, sys, time
		listener = socket.socket()
		listener.bind(("127.0.0.1", 0))
		listener.listen(0)
		first = socket.create_connection(listener.getsockname())
		print("port", listener.getsockname()[1])
		time.sleep(1000)
	END
	local port
	port=$(port_in "$OUT")
	serve --handshake-timeout=300ms --proxy="tcp:127.0.0.1:$port"
	run -5 --separate-stderr wscat "$URL" </dev/null
	says 408
	await HANDSHAKE_TIMEOUT "$SERVER_LOG"
	kill "$SERVER"
	finished "$SERVER"
}

@test "nothing is left of a hundred connections" {
	service echo
	serve --proxy="tcp:127.0.0.1:$SERVICE"
	wscat -b -N 1 "$URL" hello </dev/null >"$BATS_TEST_TMPDIR/out"
	settled() { (($(descriptors) <= before)); }
	local before i
	await 'conn=[^ ]*-1 close' "$SERVER_LOG"
	before=$(descriptors)
	for i in {1..100}; do
		wscat -b -N 1 "$URL" "$i" </dev/null >"$BATS_TEST_TMPDIR/out"
	done
	eventually settled
}

@test "where it goes must be said so that it is understood: 2" {
	local value
	for value in '' tcp: tcp:host tcp:host:0 tcp:host:99999 unix: http://x:1; do
		run -2 --separate-stderr timeout 40 wsserve --proxy="$value"
		usage_line --proxy
	done
	run -2 --separate-stderr timeout 40 wsserve --proxy=tcp:a:1 --framing=lines
	usage_line 'takes neither'
	run -2 --separate-stderr timeout 40 wsserve --proxy=tcp:a:1 cat
	usage_line 'two modes at once'
}
