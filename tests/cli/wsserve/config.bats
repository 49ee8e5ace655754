#!/usr/bin/env bats
# also: check
# wsserve --config, and what SIGHUP does with it.

load ../helper

setup() {
	CONFIG=$BATS_TEST_TMPDIR/wsserve.conf
}

# Has the server read the file again so many times, with or without success?
reloads() {
	(($(grep -cE ' config .*(was read again|the old settings stay)' "$SERVER_LOG") >= $1))
}

# The n-th SIGHUP, carried out.
reload() { # N
	kill -HUP "$SERVER"
	eventually reloads "$1"
}

@test "options from a file, comments and blank lines between them" {
	cat >"$CONFIG" <<-'END'
		# who listens
		address = 127.0.0.2

		max-message-size 1K
		   announce
		port=0
	END
	start wsserve --config="$CONFIG"
	[[ $URL == ws://127.0.0.2:* ]]
	head -c 1025 /dev/zero >"$BATS_TEST_TMPDIR/large"
	run -9 wscat -b "$URL" "@$BATS_TEST_TMPDIR/large" </dev/null
}

@test "the command line wins, whatever comes first" {
	printf 'max-message-size = 1K\naddress = 127.0.0.3\n' >"$CONFIG"
	head -c 1025 /dev/zero >"$BATS_TEST_TMPDIR/large"
	serve --max-message-size=2K --config="$CONFIG" --address=127.0.0.2
	[[ $URL == ws://127.0.0.2:* ]]
	run -0 wscat -b -N 1 "$URL" "@$BATS_TEST_TMPDIR/large" </dev/null
}

@test "a mode may stand in the file; two modes are one too many: 2" {
	echo 'reply = so be it' >"$CONFIG"
	serve --config="$CONFIG"
	run -0 wscat -N 1 "$URL" hello </dev/null
	same "so be it" "$output"
	echo sink >>"$CONFIG"
	run -2 --separate-stderr wsserve -p 0 --config="$CONFIG"
	usage_line 'two modes at once: sink and reply'
}

@test "a bad file: one line with its place, 2; one that cannot be read: 1" {
	local bad
	for bad in 'prot = 1' 'port = x' 'echo = maybe' 'listen' 'config = other' 'help' '--port = 1'; do
		printf '# one\n%s\n' "$bad" >"$CONFIG"
		run -2 --separate-stderr wsserve -p 0 --config="$CONFIG"
		usage_line "$CONFIG:2: "
	done
	# Also where the command line overrules the line.
	printf 'max-connections = many\n' >"$CONFIG"
	run -2 --separate-stderr wsserve -p 0 --max-connections=3 --config="$CONFIG"
	usage_line "$CONFIG:1: .*max-connections"
	rm "$CONFIG"
	run -1 --separate-stderr wsserve -p 0 --config="$CONFIG"
	one_line "$CONFIG: No such file"
	run -1 --separate-stderr wsserve -p 0 --config="$BATS_TEST_TMPDIR"
	one_line 'Is a directory'
}

@test "the command line takes precedence over what it excludes: a mode, addresses, a certificate" {
	printf 'reply = from the file\nlisten = unix:%s/no/such\nself-signed\norigin = a.example\n' "$BATS_TEST_TMPDIR" >"$CONFIG"
	serve --config="$CONFIG" --echo
	run -0 wscat -k -1 -o https://a.example "$URL" hello </dev/null
	same hello "$output"
	serve --config="$CONFIG" --sameorigin cat
	run -0 wscat -k -1 -o "https://127.0.0.1:$PORT" "$URL" hello </dev/null
	same hello "$output"
	printf 'port = 1\naddress = 192.0.2.1\nshared\n' >"$CONFIG"
	start wsserve --announce --config="$CONFIG" --listen=127.0.0.1:0 cat
	await ' \(shared\)' "$LOG"
	# With a mode goes what the file says of its own.
	printf 'shared\nkill = TERM:1s\nframing = jsonl\ncluster = redis://127.0.0.1:1/c\n' >"$CONFIG"
	start wsserve --announce --config="$CONFIG" --listen=127.0.0.1:0 --sink
	kill -HUP "$PID"
	await 'was read again: nothing changed' "$LOG"
}

@test "SIGHUP: what may change does, for connections that are there too" {
	printf 'max-message-size = 1K\nloglevel = info\n' >"$CONFIG"
	serve --config="$CONFIG"
	mkfifo "$BATS_TEST_TMPDIR/in"
	exec 9<>"$BATS_TEST_TMPDIR/in"
	background wscat -b -w -1 "$URL" <"$BATS_TEST_TMPDIR/in"
	await ' open from' "$SERVER_LOG"
	printf 'max-message-size = 4K\nloglevel = debug\nidle-timeout = 2s\n' >"$CONFIG"
	reload 1
	await 'config .*was read again: changed: .*max-message-size' "$SERVER_LOG"
	says 'loglevel' "$(grep 'changed:' "$SERVER_LOG")"
	head -c 3000 /dev/zero | tr '\0' x >&9
	await xxx "$OUT"
	await 'IDLE_TIMEOUT' "$SERVER_LOG"
	says ' DEBUG ' "$(cat "$SERVER_LOG")"
	exec 9>&-
}

@test "SIGHUP: a limit of connections changes" {
	echo 'max-connections = 1' >"$CONFIG"
	serve --config="$CONFIG"
	mkfifo "$BATS_TEST_TMPDIR/in"
	exec 9<>"$BATS_TEST_TMPDIR/in"
	background wscat -w -1 "$URL" <"$BATS_TEST_TMPDIR/in"
	await ' open from' "$SERVER_LOG"
	run -5 wscat "$URL" hello </dev/null
	echo 'max-connections = 5' >"$CONFIG"
	reload 1
	run -0 wscat -N 1 "$URL" hello </dev/null
	same hello "$output"
	exec 9>&-
}

@test "SIGHUP: what cannot change is named, and the rest does" {
	printf 'max-message-size = 1K\n' >"$CONFIG"
	serve --config="$CONFIG"
	printf 'max-message-size = 4K\nbacklog = 7\nreply = other\n' >"$CONFIG"
	reload 1
	await 'WARNING config cannot change while the server runs: .*backlog' "$SERVER_LOG"
	says 'reply' "$(grep 'cannot change' "$SERVER_LOG")"
	head -c 3000 /dev/zero >"$BATS_TEST_TMPDIR/large"
	run -0 bash -c "wscat -b -N 1 '$URL' '@$BATS_TEST_TMPDIR/large' </dev/null | wc -c"
	same 3000 "$output" # echoed, and no longer too large
	# And back: nothing is stuck any more.
	printf 'max-message-size = 1K\n' >"$CONFIG"
	reload 2
	run -9 wscat -b "$URL" "@$BATS_TEST_TMPDIR/large" </dev/null
}

@test "a secret from a pipe stays on SIGHUP; in a configuration it is refused, not waited for" {
	mkfifo "$BATS_TEST_TMPDIR/users"
	echo a:b >"$BATS_TEST_TMPDIR/users" &
	printf 'max-connections = 9\n' >"$CONFIG"
	serve --auth="@$BATS_TEST_TMPDIR/users" --config="$CONFIG"
	run -0 wscat -u a:b "$URL" hello </dev/null
	kill -HUP "$SERVER"
	await 'was read again: nothing changed' "$SERVER_LOG"
	run -0 wscat -u a:b "$URL" hello </dev/null
	printf 'auth = @%s\n' "$BATS_TEST_TMPDIR/users" >"$CONFIG"
	run -2 --separate-stderr timeout 20 wsserve -p 0 --config="$CONFIG"
	usage_line "$CONFIG:1: .*'$BATS_TEST_TMPDIR/users' is not a regular file: a pipe can be read only once"
	run -2 --separate-stderr timeout 20 wsserve -p 0 --auth-file="$BATS_TEST_TMPDIR/users"
	usage_line "'--auth-file': '$BATS_TEST_TMPDIR/users' is not a regular file"
	echo 'max-connections = 9' >"$CONFIG"
	serve --config="$CONFIG"
	printf 'auth = @%s\n' "$BATS_TEST_TMPDIR/users" >"$CONFIG"
	kill -HUP "$SERVER"
	await "ERROR +config .*'$BATS_TEST_TMPDIR/users' is not a regular file.*; the old settings stay" "$SERVER_LOG"
	echo 'auth = @-' >"$CONFIG"
	kill -HUP "$SERVER"
	await 'ERROR +config .*standard input is for the command line; the old settings stay' "$SERVER_LOG"
	run -0 wscat "$URL" hello </dev/null
}

@test "a configuration that begins with a byte order mark is read as without" {
	printf '\xef\xbb\xbfreply = marked\n' >"$BATS_TEST_TMPDIR/conf"
	serve --config="$BATS_TEST_TMPDIR/conf"
	same marked "$(wscat -1 "$URL" x </dev/null)"
}

@test "a configuration from a pipe stays on SIGHUP: its end is no empty file" {
	mkfifo "$CONFIG"
	printf 'auth = u:p\n' >"$CONFIG" &
	serve --config="$CONFIG"
	run -5 wscat -1 "$URL" hello </dev/null
	kill -HUP "$SERVER"
	await "ERROR +config $CONFIG: not a regular file; the old settings stay" "$SERVER_LOG"
	run -5 wscat -1 "$URL" hello </dev/null
	run -0 wscat -u u:p -1 "$URL" hello </dev/null
}

@test "SIGHUP: a bad file is refused whole, and the old settings stay" {
	printf 'max-message-size = 1K\n' >"$CONFIG"
	serve --config="$CONFIG"
	printf 'max-message-size = 4K\nmax-connections = x\n' >"$CONFIG"
	reload 1
	await "ERROR +config $CONFIG:2: .*'x' is not .*; the old settings stay" "$SERVER_LOG"
	head -c 3000 /dev/zero >"$BATS_TEST_TMPDIR/large"
	run -9 wscat -b "$URL" "@$BATS_TEST_TMPDIR/large" </dev/null
	rm "$CONFIG"
	reload 2
	await 'No such file.*the old settings stay' "$SERVER_LOG"
	printf 'max-message-size = 4K\nsink\necho\n' >"$CONFIG"
	reload 3
	await 'two modes at once.*the old settings stay' "$SERVER_LOG"
	printf 'max-message-size = 4K\n' >"$CONFIG"
	reload 4
	run -0 bash -c "wscat -b -N 1 '$URL' '@$BATS_TEST_TMPDIR/large' </dev/null | wc -c"
}

@test "SIGHUP: what the command line said stays said" {
	printf 'max-message-size = 1K\n' >"$CONFIG"
	serve --config="$CONFIG" --max-message-size=4K
	printf 'max-message-size = 2K\nidle-timeout=1h\n' >"$CONFIG"
	reload 1
	says 'changed: idle-timeout$' "$(grep 'read again' "$SERVER_LOG")"
	head -c 3000 /dev/zero >"$BATS_TEST_TMPDIR/large"
	run -0 bash -c "wscat -b -N 1 '$URL' '@$BATS_TEST_TMPDIR/large' </dev/null | wc -c"
	same 3000 "$output"
}

@test "SIGHUP a hundred times, on threads, under load: no connection is lost" {
	printf 'idle-timeout = 1h\n' >"$CONFIG"
	serve --config="$CONFIG" -t 2
	background bash -c "seq 1 20000 | wscat -w 1 '$URL' | cmp - <(seq 1 20000)"
	local i
	for ((i = 1; i <= 100; i++)); do
		printf 'idle-timeout = %dm\n' $((i % 5 + 30)) >"$CONFIG"
		kill -HUP "$SERVER"
		sleep 0.01
	done
	finished
	kill "$SERVER"
	finished "$SERVER"
}

# Also what a connection has of settings that are gone, its subprotocol, is there to the end.
# bats test_tags=measures
@test "SIGHUP a thousand times, with other settings each time: memory stays flat" {
	local admin grown
	admin=127.0.0.1:$(free_port)
	grown=$("$PYTHON" - "$CONFIG" "$admin" <<-'END'
		import signal, socket, subprocess, sys, urllib.request
		path, admin = sys.argv[1:]

		def configure(turn):
		    with open(path, "w") as file:
		        file.write(f"subprotocol = chat\nidle-timeout = {1000 + turn}s\nheader = X-Long: {turn:04000}\n")

		configure(0)
		server = subprocess.Popen(["wsserve", "-p", "0", "-t", "2", "--announce=2", "--admin=" + admin, "--config=" + path],
		                          stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
		url = next(line for line in server.stderr if line.startswith("listening "))
		port = int(url.rsplit(":", 1)[1].rstrip("/\n"))

		def reload(first, count):
		    for turn in range(first, first + count):
		        configure(turn)
		        server.send_signal(signal.SIGHUP)
		        next(line for line in server.stderr if "was read again: changed: idle-timeout, header" in line)

		def memory():
		    with open(f"/proc/{server.pid}/status") as file:
		        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM:"))

		reload(1, 100)
		client = socket.create_connection(("127.0.0.1", port))
		client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		               b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
		               b"Sec-WebSocket-Protocol: chat\r\n\r\n")
		assert b" 101 " in client.recv(8192)
		# What a reload replaced goes once every loop has answered: one that has to wait for a processor lets
		# the peak grow, but not in each part.
		grown, before = [], memory()
		for first in range(101, 1101, 250):
		    reload(first, 250)
		    grown.append(memory() - before)
		    before += grown[-1]
		print(min(grown))
		connections = urllib.request.urlopen(f"http://{admin}/connections").read()
		assert b'"subprotocol":"chat"' in connections, connections
		client.close()
		server.send_signal(signal.SIGTERM)
		rest = server.stderr.read()
		assert server.wait() == 0, rest
	END
	)
	# Each of the settings has 9 KiB, and a header of 4: 3 MB in 250. With sanitizers memory proves nothing.
	sanitized || ((grown < 512))
}

@test "SIGHUP without --config ends nothing" {
	serve
	kill -HUP "$SERVER"
	await ' reopen ' "$SERVER_LOG"
	run -0 wscat -N 1 "$URL" hello </dev/null
	same hello "$output"
}
