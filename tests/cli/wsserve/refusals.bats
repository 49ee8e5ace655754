#!/usr/bin/env bats
# What the log says of refusals, violations and ends: each with the client's address, as text and as
# JSON, so that fail2ban and people can use it.

load ../helper

# The member of the first line of JSON with this event.
member() { # EVENT NAME
	"$PYTHON" -c '
import json, sys
event, name = sys.argv[1:]
print(next(line[name] for line in map(json.loads, sys.stdin) if line["event"] == event))
' "$1" "$2" <"$SERVER_LOG"
}

# Provokes one of each kind; an honest client is served after every one.
provoke() {
	ask "$PORT" / 'Sec-WebSocket-Key: x' >/dev/null
	ask "$PORT" / 'Sec-WebSocket-Version: 8' >/dev/null
	ask "$PORT" '/wp-login.php?token=abc' >/dev/null
	ask "$PORT" / 'Origin: https://evil.example' >/dev/null
	client http "$URL" $'GE\tT' >/dev/null || true
	client does "$URL" unmasked >/dev/null || true
	client does "$URL" utf8 >/dev/null || true
	run -0 --separate-stderr wscat -o https://good.example -N 1 "$URL" hello </dev/null
	same hello "$output"
}

@test "every refusal and violation has the address, in text" {
	serve --path=/ --origin=good.example
	# The violations come from clients without an Origin: that is one more refusal.
	provoke
	local event
	for event in KEY_INVALID VERSION HTTP_SYNTAX NOT_FOUND ORIGIN_REFUSED; do
		await " $event .* peer=127\.0\.0\.1( |$)" "$SERVER_LOG"
	done
	await 'NOT_FOUND .* status=404 target="?/wp-login\.php\?token' "$SERVER_LOG"
	run ! grep abc "$SERVER_LOG"
	await "ORIGIN_REFUSED .*'https://evil\.example'; Host is '127\.0\.0\.1:$PORT'" "$SERVER_LOG"
}

@test "every refusal and violation has the address, in JSON; violations have both close codes" {
	serve --path=/ --log-format=json
	provoke
	local event
	for event in KEY_INVALID VERSION NOT_FOUND UNMASKED UTF8; do
		eventually member "$event" peer
		same 127.0.0.1 "$(member "$event" peer)"
	done
	same 404 "$(member NOT_FOUND status)"
	same '/wp-login.php?token=***' "$(member NOT_FOUND target)"
	same 1002 "$(member UNMASKED sent)"
	same 1007 "$(member UTF8 sent)"
	run -0 "$PYTHON" "$FIXTURES/log_lines.py" check <"$SERVER_LOG"
}

@test "a 404 of a folder of files is logged with its path" {
	mkdir "$BATS_TEST_TMPDIR/www"
	serve --staticdir="$BATS_TEST_TMPDIR/www"
	curl -sS "http://127.0.0.1:$PORT/.git/config?x=1" >/dev/null
	await 'NOT_FOUND .*peer=127\.0\.0\.1 status=404 target="/\.git/config\?x=1"' "$SERVER_LOG"
}

@test "--admin: what is refused there is logged too" {
	serve --admin=127.0.0.1:0
	PORT=$(admin_port)
	ask "$PORT" /sneaky >/dev/null
	await 'NOT_FOUND .*peer=127\.0\.0\.1 status=404 target=/sneaky' "$SERVER_LOG"
	ask --plain "$PORT" /connections 'Host: evil.example' >/dev/null
	await "HOST_REFUSED .*'evil\.example'.*peer=127\.0\.0\.1 status=403" "$SERVER_LOG"
}

@test "a client that resets its connection right after a violation is named all the same" {
	serve
	for _ in {1..20}; do
		"$PYTHON" - "$PORT" <<-'END'
			import os, socket, struct, sys, base64
			s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
			s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
			s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nBad Header: x\r\n\r\n")
			s.close()
		END
	done
	eventually logged_at_least 20 ' peer=127\.0\.0\.1'
	run ! grep -E 'unknown' "$SERVER_LOG"
}

@test "the code that we sent and the one that we received are two fields" {
	serve --log-format=json --idle-timeout=2s --metrics
	wscat --close-code=4000 -N 1 "$URL" hello </dev/null || true
	eventually member close received
	same 4000 "$(member close received)"
	same 4000 "$(member close sent)"
	# Ours: the client only answers, or does not.
	wscat -w 5 "$URL" </dev/null || true
	eventually member IDLE_TIMEOUT sent
	same 1001 "$(member IDLE_TIMEOUT sent)"
	same 1001 "$(member IDLE_TIMEOUT received)"
	run -0 curl -sS "http://127.0.0.1:$PORT/metrics"
	says '^wsserve_closes_total\{by="server",sent="1001",received="1001"\} 1$' "$output"
	says '^wsserve_closes_total\{by="peer",sent="none",received="none"\} 0$' "$output"
}

@test "a close of ours that is not answered is no vanished client" {
	serve --idle-timeout=100ms --close-timeout=100ms --metrics
	background "$PYTHON" -S "$FIXTURES/client.py" mute "$URL"
	await 'IDLE_TIMEOUT .* sent=1001$' "$SERVER_LOG"
	run -0 curl -sS "http://127.0.0.1:$PORT/metrics"
	says '^wsserve_closes_total\{by="server",sent="1001",received="none"\} 1$' "$output"
	says '^wsserve_closes_total\{by="peer",sent="none",received="none"\} 0$' "$output"
}

@test "without a close frame there is no code: neither in the logs nor in metrics" {
	local format
	for format in text json; do
		serve --log-format="$format" --access-log="$BATS_TEST_TMPDIR/$format" --metrics
		client hold "$URL" </dev/null
		await 'LOST' "$SERVER_LOG"
		await 'duration' "$BATS_TEST_TMPDIR/$format"
		run ! grep -E '[ "](sent|received)[="]' "$SERVER_LOG"
		run -0 curl -sS "http://127.0.0.1:$PORT/metrics"
		says '^wsserve_closes_total\{by="peer",sent="none",received="none"\} 1$' "$output"
	done
	await ' sent=- received=-$' "$BATS_TEST_TMPDIR/text"
	run ! grep -E '"(sent|received)"' "$BATS_TEST_TMPDIR/json"
	run -0 "$PYTHON" "$FIXTURES/log_lines.py" check <"$SERVER_LOG"
}

@test "what the server cuts is no vanished client either: a client that does not read, an injected fault" {
	serve --metrics --write-timeout=200ms --source=0:64K
	background "$PYTHON" -S "$FIXTURES/client.py" unread "$URL"
	await ' WRITE_TIMEOUT ' "$SERVER_LOG"
	run -0 curl -sS "http://127.0.0.1:$PORT/metrics"
	says '^wsserve_closes_total\{by="server",sent="none",received="none"\} 1$' "$output"
	says '^wsserve_closes_total\{by="peer",sent="none",received="none"\} 0$' "$output"
	serve --metrics --fault=abort-after:1 --seed=1
	run -8 wscat -N 2 "$URL" hello </dev/null
	await ' INJECTED .* peer=127\.0\.0\.1' "$SERVER_LOG"
	run -0 curl -sS "http://127.0.0.1:$PORT/metrics"
	says '^wsserve_closes_total\{by="server",sent="none",received="none"\} 1$' "$output"
	says '^wsserve_closes_total\{by="peer",sent="none",received="none"\} 0$' "$output"
}

@test "a service that cannot be reached, and --fault=reject: the log has address, status and target" {
	serve --proxy="unix:$BATS_TEST_TMPDIR/nowhere" --log-format=json --metrics
	run -5 wscat "${URL}chat?token=abc" </dev/null
	eventually member SERVICE_UNREACHABLE peer
	same '127.0.0.1 502 /chat?token=***' \
		"$(member SERVICE_UNREACHABLE peer) $(member SERVICE_UNREACHABLE status) $(member SERVICE_UNREACHABLE target)"
	run -0 curl -sS "http://127.0.0.1:$PORT/metrics"
	says '^wsserve_handshakes_total\{result="SERVICE_UNREACHABLE"\} 1$' "$output"
	run -0 "$PYTHON" "$FIXTURES/log_lines.py" check <"$SERVER_LOG"
	serve --fault=reject:404
	run -5 wscat "${URL}chat" </dev/null
	await 'INJECTED .*answered 404; .* peer=127\.0\.0\.1 status=404 target=/chat$' "$SERVER_LOG"
}

@test "a connection passes through closing, in the log of states" {
	serve -v
	wscat -N 1 "$URL" hello </dev/null
	await 'state from=open to=closing cause="its close"' "$SERVER_LOG"
	await 'state from=closing to=closed cause="close answered"' "$SERVER_LOG"
}
