#!/usr/bin/env bats
# wsserve's log: its schema, that it never blocks, what untrusted input cannot do to it; --access-log.

load ../helper

TRACEPARENT=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01

# Everything in a file is as the schema says; the events are in $output.
checked() { # FILE
	run -0 "$PYTHON" "$FIXTURES/log_lines.py" check <"$1"
}

@test "schema, tables and sources agree on the names of events" {
	run -0 "$PYTHON" "$FIXTURES/log_lines.py" names
	same "" "$output"
}

@test "--log-format=json: every line is as the schema says" {
	serve --log-format=json -v --access-log --fault=drop@0 --record="$BATS_TEST_TMPDIR/records" \
		--stats-interval=100ms --max-message-size=1K --path=/ -t 2
	wscat -N 1 "$URL" hello </dev/null
	wscat "${URL}no\"where" hello </dev/null || true
	head -c 2000 /dev/zero >"$BATS_TEST_TMPDIR/large"
	wscat -b "$URL" "@$BATS_TEST_TMPDIR/large" </dev/null || true
	client http "$URL" $'GE\tT'
	client http "$URL"
	client does "$URL" unmasked
	client does "$URL" utf8
	kill -HUP "$SERVER"
	kill -USR1 "$SERVER"
	await '"event":"stats"' "$SERVER_LOG"
	kill "$SERVER"
	finished "$SERVER"
	checked "$SERVER_LOG"
	local event
	for event in accept access close end error fault frame listen open record reopen request \
		shutdown state stats MESSAGE_TOO_BIG UNMASKED; do
		says " $event( |$)" "$output"
	done
}

@test "a pipe that is not read: the echo goes on, and missing lines are counted" {
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	exec 9<>"$BATS_TEST_TMPDIR/pipe"
	start bash -c "exec wsserve -p 0 --announce -v --log-format=json 2>'$BATS_TEST_TMPDIR/pipe'"
	SERVER=$PID
	# More lines than pipe and queue can hold.
	run -0 client storm "$URL" 1500
	run -0 wscat -N 1 "$URL" hello </dev/null
	same hello "$output"
	run -0 bash -c "seq 1 20000 | timeout 40 wscat '$URL' | cmp - <(seq 1 20000)"
	# It is read after all.
	cat <&9 >"$BATS_TEST_TMPDIR/read" &
	STARTED+=($!)
	await '"event":"log-dropped","msg":"[0-9]+ lines were dropped' "$BATS_TEST_TMPDIR/read"
	wscat -N 1 "$URL" again </dev/null
	kill "$SERVER"
	finished "$SERVER"
	await '"event":"end"' "$BATS_TEST_TMPDIR/read"
	exec 9>&-
	checked "$BATS_TEST_TMPDIR/read"
	says ' log-dropped( |$)' "$output"
}

@test "a pipe that is not read does not keep it from ending" {
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	exec 9<>"$BATS_TEST_TMPDIR/pipe"
	start bash -c "exec wsserve -p 0 --announce -v 2>'$BATS_TEST_TMPDIR/pipe'"
	run -0 client storm "$URL" 500
	local begin=$SECONDS
	kill "$PID"
	finished
	((SECONDS - begin < 10))
	exec 9>&-
}

@test "a full disk does not stop it either" {
	[[ -w /dev/full ]] || skip "there is no /dev/full"
	start bash -c 'exec wsserve -p 0 --announce -v 2>/dev/full'
	run -0 wscat -N 1 "$URL" hello </dev/null
	same hello "$output"
}

@test "untrusted input neither begins a line nor reaches the terminal" {
	serve -v --access-log
	# As target, method, header and reason.
	printf 'GET /a"%%0a HTTP/1.1\r\nHost: x\r\nUser-Agent: a" 200 1 "b\\\r\nX-Request-Id: a b\r\n\r\n' |
		"$PYTHON" -S "$FIXTURES/client.py" bytes "$URL"
	run -0 client does "$URL" evil-reason
	await 'close the client' "$SERVER_LOG"
	run ! grep -qaE $'[\x01-\x08\x0b-\x1f\x7f]' "$SERVER_LOG"
	run ! grep -qE '^(forged|2026-01-01T00:00:00)' "$SERVER_LOG"
	says 'reason: x\\n2026-01-01T00:00:00Z ERROR forged\\x1b\[2J' "$(cat "$SERVER_LOG")"
	says '"GET /a\\"%0a HTTP/1.1" 426 .* "a\\" 200 1 \\"b\\\\"' "$(cat "$SERVER_LOG")"
}

@test "payload is not logged, not even with -vv" {
	serve -vv
	wscat -N 1 "$URL" "secret payload" </dev/null
	await 'conn=.*close by' "$SERVER_LOG"
	run ! grep -q secret "$SERVER_LOG"
}

@test "-v: a line for every change of state, with its cause" {
	serve -v
	wscat -w 0 "$URL" hello </dev/null
	await 'DEBUG +conn=[^ ]+-1 state from=connecting to=open cause=upgrade$' "$SERVER_LOG"
	await 'conn=[^ ]+-1 state from=open to=closing cause="its close"$' "$SERVER_LOG"
	client http "$URL"
	await 'conn=[^ ]+-2 state from=connecting to=closed cause=NOT_AN_UPGRADE$' "$SERVER_LOG"
	background "$PYTHON" -S "$FIXTURES/client.py" mute "$URL"
	await 'conn=[^ ]+-3 state from=connecting to=open' "$SERVER_LOG"
	kill "$SERVER"
	await 'conn=[^ ]+-3 state from=open to=closing cause=SHUTDOWN$' "$SERVER_LOG"
	kill "$PID"
	await 'conn=[^ ]+-3 state from=closing to=closed' "$SERVER_LOG"
}

@test "-v: the last frame headers of the client that broke the protocol, and of no other" {
	serve -v
	run -0 client does "$URL" frames-then-unmasked
	await 'conn=[^ ]+-1 frame number 3 of what it sent: opcode=text fin=1 rsv=0 masked=1 len=3' "$SERVER_LOG"
	says 'frame number 10 of' "$(cat "$SERVER_LOG")"
	run ! grep -q 'frame number [12] of' "$SERVER_LOG"
	says 'error at byte [0-9]+ of the input; the last header: opcode=text fin=1 rsv=0 masked=0' \
		"$(cat "$SERVER_LOG")"
	serve
	run -0 client does "$URL" frames-then-unmasked
	await 'UNMASKED' "$SERVER_LOG"
	run ! grep -q ' frame number ' "$SERVER_LOG"
}

@test "a traceparent or an X-Request-Id stands in all lines of its connection" {
	serve -v -t 2
	wscat -w 0 -H "traceparent: $TRACEPARENT" -H 'X-Request-Id: other' "$URL" hello </dev/null
	await "conn=[^ ]+-1 trace=$TRACEPARENT open " "$SERVER_LOG"
	await "conn=[^ ]+-1 trace=$TRACEPARENT close by" "$SERVER_LOG"
	wscat -w 0 -H 'X-Request-Id: 7f-3_a.b:c/d+e=@' "$URL" hello </dev/null
	await 'conn=[^ ]+-2 trace=7f-3_a.b:c/d\+e=@ open' "$SERVER_LOG"
	wscat -w 0 "$URL" hello </dev/null
	await 'conn=[^ ]+-3 open' "$SERVER_LOG"
}

@test "what is no trace is as good as not sent" {
	serve
	local value n=0
	for value in 'traceparent: 00-00000000000000000000000000000000-00f067aa0ba902b7-01' \
		'traceparent: ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' \
		'traceparent: 00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01' \
		'X-Request-Id: with blank' 'X-Request-Id: a"b' "X-Request-Id: $(printf '%0129d' 0)"; do
		wscat -w 0 -H "$value" "$URL" hello </dev/null
		n=$((n + 1))
		await "conn=[^ ]+-$n open" "$SERVER_LOG"
	done
}

# --- the access log ---

@test "--access-log: a line a request among the log's, as web servers write it" {
	serve --access-log --path=/chat
	wscat -w 0 -H 'User-Agent: me "1"' -H 'Origin: http://x.example' "${URL}chat?x=1" hello </dev/null
	client http "$URL" GET /none
	await '"GET /chat\?x=1 HTTP/1.1" 101 ' "$SERVER_LOG"
	says '^127\.0\.0\.1 - - \[[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9:]{8} \+0000\] "GET /chat\?x=1 HTTP/1\.1" 101 0 "http://x.example" "me \\"1\\"" conn=[^ ]+-1 trace=-$' \
		"$(cat "$SERVER_LOG")"
	await '"GET /none HTTP/1.1" (404|426) [1-9][0-9]* "-" "' "$SERVER_LOG"
}

@test "--access-log with --log-format=json: an object" {
	serve --access-log --log-format=json
	wscat -w 0 -H "traceparent: $TRACEPARENT" "$URL" hello </dev/null
	await '"event":"access"' "$SERVER_LOG"
	checked "$SERVER_LOG"
	says "\"trace\":\"$TRACEPARENT\",\"event\":\"access\",.*\"peer\":\"127.0.0.1\",\"status\":101,\"bytes\":0,\"method\":\"GET\",\"target\":\"/\"" \
		"$(grep access "$SERVER_LOG")"
}

@test "--access-log: also of what was no request, and of what was not allowed" {
	serve --access-log --origin=https://good.example --max-connections=1
	printf 'nonsense\r\n\r\n' | "$PYTHON" -S "$FIXTURES/client.py" bytes "$URL"
	await '"-" 400 ' "$SERVER_LOG"
	run -5 wscat -H 'Origin: https://bad.example' "$URL" hello </dev/null
	await '"GET / HTTP/1.1" 403 .* "https://bad.example"' "$SERVER_LOG"
}

@test "--access-log hides a token of the URL" {
	serve --access-log --token=secret
	wscat -N 1 "${URL}?token=secret" hello </dev/null
	await '"GET /\?token=[^s]* HTTP/1.1" 101 ' "$SERVER_LOG"
	run ! grep -q secret "$SERVER_LOG"
}

@test "--access-log=FILE, reopened by SIGHUP" {
	local file=$BATS_TEST_TMPDIR/access
	serve --access-log="$file"
	wscat -N 1 "${URL}one" hello </dev/null
	await '/one ' "$file"
	mv "$file" "$file.1"
	kill -HUP "$SERVER"
	eventually test -e "$file"
	wscat -N 1 "${URL}two" hello </dev/null
	await '/two ' "$file"
	run ! grep -q two "$file.1"
	run ! grep -q HTTP/1.1 "$SERVER_LOG"
	run -1 --separate-stderr wsserve -p 0 -q --access-log="$BATS_TEST_TMPDIR/no/such"
	one_line -- '--access-log: .*No such file'
}

@test "--access-log: a WebSocket's end too, with duration, bytes and close codes" {
	local file=$BATS_TEST_TMPDIR/access
	serve --access-log="$file"
	wscat -H 'User-Agent: me/1' -N 1 --close-code=4000 "${URL}a?token=abc" hello </dev/null || true
	await 'GET /a\?token=\*\*\* HTTP/1.1" 101 0 "-" "me/1" conn=.* trace=-$' "$file"
	await 'GET /a\?token=\*\*\* HTTP/1.1" 101 [0-9]{2,} "-" "me/1" .* duration=0\.[0-9]{6} in=[0-9]{2,} sent=4000 received=4000$' "$file"
	serve --access-log --log-format=json
	wscat -N 1 "$URL" hello </dev/null
	await '"event":"access".*"duration_us":[0-9]+,"bytes_in":[0-9]+,"sent":1000,"received":1000' "$SERVER_LOG"
	checked "$SERVER_LOG"
}
