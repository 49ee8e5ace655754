#!/usr/bin/env bats
# wscat -l: the other end.

load ../helper
load ../certificates

setup_file() {
	make_certificates "$BATS_FILE_TMPDIR"
}

# Starts wscat -l on a free port, with the test's fifo "in" as its input: its id is in LISTENER, its output
# in HEARD, its messages in SAID; PORT and URL are set.
listen() { # OPTION...
	[[ -p $BATS_TEST_TMPDIR/in ]] || mkfifo "$BATS_TEST_TMPDIR/in"
	exec 9<>"$BATS_TEST_TMPDIR/in"
	background wscat -l 0 "$@" <"$BATS_TEST_TMPDIR/in"
	LISTENER=$PID HEARD=$OUT SAID=$LOG
	await 'listening on' "$SAID"
	URL=$(sed -n 's/^wscat: listening on //p' "$SAID")
}

@test "-l and --listen: messages of several clients are printed, lines go to all of them" {
	listen
	background wscat --no-stdin -w -1 -x one "$URL"
	local one=$OUT
	background wscat --no-stdin -w -1 -x two "$URL"
	local two=$OUT
	await '^one$' "$HEARD"
	await '^two$' "$HEARD"
	echo hello >&9
	await '^hello$' "$one"
	await '^hello$' "$two"
	says 'client 2 connected from 127\.0\.0\.1:' "$(cat "$SAID")"
	exec 9>&-
}

@test "it listens on loopback, and elsewhere where the address says so" {
	listen
	[[ $URL == ws://127.0.0.1:* ]]
	background wscat --listen=127.0.0.9:0
	await 'listening on ws://127.0.0.9:' "$LOG"
	exec 9>&-
}

@test "nothing is lost while there is no client" {
	listen
	echo early >&9
	run -0 wscat --no-stdin -N 1 "$URL"
	same early "$output"
	exec 9>&-
}

@test "the words are sent to each client, and a subprotocol is agreed on" {
	listen -s chat welcome
	for _ in 1 2; do
		run -0 --separate-stderr wscat --no-stdin -N 1 -s chat "$URL"
		same welcome "$output"
		same "" "$stderr"
	done
	exec 9>&-
}

@test "-l ends with --count, --expect, and silence after the end of input" {
	listen -N 2
	wscat -w 0 "$URL" a b >/dev/null </dev/null
	finished "$LISTENER"
	same $'a\nb' "$(cat "$HEARD")"
	listen --expect=b
	wscat -w 0 "$URL" a b >/dev/null </dev/null
	finished "$LISTENER"
	exec 9>&-
	background wscat -l 0 -w 300ms < <(seq 3)
	local listener=$PID
	await 'listening on' "$LOG"
	local log=$LOG
	run -0 wscat --no-stdin -w -1 "$(sed -n 's/^wscat: listening on //p' "$LOG")"
	same $'1\n2\n3' "$output"
	finished "$listener"
	says 'client 1 left: 1000$' "$(cat "$log")"
}

@test "-l: a message between our close frame and the client's is printed, but not after --count" {
	background wscat -l 0 -w 100ms < <(echo hello)
	local listener=$PID heard=$OUT
	await 'listening on' "$LOG"
	run -0 "$PYTHON" -S "$FIXTURES/client.py" last-word "$(sed -n 's/^wscat: listening on //p' "$LOG")"
	finished "$listener"
	same 'last word' "$(cat "$heard")"
	listen -N 1
	background "$PYTHON" -S "$FIXTURES/client.py" last-word "$URL"
	local client=$PID
	await open "$OUT"
	wscat -w 0 "$URL" first >/dev/null </dev/null
	finished "$LISTENER"
	finished "$client"
	same first "$(cat "$HEARD")"
	exec 9>&-
}

@test "-l: --expect and --count that are not met: 10, and why" {
	local status=0
	listen --expect=x -N 1
	wscat -w 0 "$URL" hi >/dev/null </dev/null
	finished "$LISTENER" || status=$?
	same 10 "$status"
	says "^wscat: no message matched 'x' \(1 received\)" "$(cat "$SAID")"
	exec 9>&-
	background wscat -l 0 -N 2 -w 10ms </dev/null # a client has to come first
	local listener=$PID said=$LOG
	await 'listening on' "$said"
	wscat -w 0 "$(sed -n 's/^wscat: listening on //p' "$said")" hi >/dev/null </dev/null
	status=0
	finished "$listener" || status=$?
	same 10 "$status"
	says '^wscat: 1 message received, 2 expected' "$(cat "$said")"
}

@test "-l: SIGTERM closes its clients with 1001: 143" {
	local status=0
	listen
	background wscat -v --no-stdin -w -1 -x hi "$URL"
	local log=$LOG
	await '^hi$' "$HEARD"
	kill "$LISTENER"
	finished "$LISTENER" || status=$?
	same 143 "$status"
	await 'closed by the server: 1001' "$log"
	exec 9>&-
}

@test "-l -J: records have the connection's number" {
	listen -J
	wscat -w 0 "$URL" a >/dev/null </dev/null
	wscat -w 0 "$URL" b >/dev/null </dev/null
	await '"type":"close"' "$HEARD"
	eventually bash -c "[[ \$(jq -c 'select(.type == \"text\") | [.conn, .data]' '$HEARD' | tr -d '\n') == '[1,\"a\"][2,\"b\"]' ]]"
	exec 9>&-
}

@test "-l --slash: the same commands" {
	listen --slash
	background wscat -P --no-stdin -w -1 "$URL"
	local client=$PID log=$LOG status=0
	await 'client 1 connected' "$SAID"
	echo /ping are you there >&9
	await '< ping: are you there' "$log"
	echo "/pong $(printf '%0126d' 0)" >&9
	await 'the payload of a pong is at most 125 bytes, and this is 126' "$SAID"
	run -0 wscat "$URL" one two </dev/null
	echo /stats >&9
	await '1 client connected, 2 messages received' "$SAID"
	echo '/close 4001 enough' >&9
	finished "$client" || status=$?
	same 9 "$status"
	await '4001 .*enough' "$log"
	exec 9>&-
}

@test "a port in use: 1, an address that is none: 2, options of a client: 2" {
	listen
	local port=${URL##*:}
	run -1 --separate-stderr wscat -l "${port%/}"
	one_line "cannot listen on 127.0.0.1:${port%/}: Address already in use"
	exec 9>&-
	for wrong in host:name 99999 '' a:b:c; do
		run -2 --separate-stderr wscat -l "$wrong"
	done
	run -2 --separate-stderr wscat -l 8080 ws://127.0.0.1:9/
	usage_line 'takes no URL'
	run -2 --separate-stderr wscat -l 8080 -H 'A: b'
	usage_line '--header has no effect with --listen'
}

@test "-l: a file that is no text ends it, and is sent with --binary; @- is refused" {
	printf '\377\376' >"$BATS_TEST_TMPDIR/bytes"
	local status=0
	listen @"$BATS_TEST_TMPDIR/bytes" after
	run -10 wscat --no-stdin -N 1 "$URL"
	finished "$LISTENER" || status=$?
	same 1 "$status"
	says 'bytes is not UTF-8; --binary sends bytes' "$(cat "$SAID")"
	listen -b @"$BATS_TEST_TMPDIR/bytes"
	run -0 wscat --no-stdin -N 1 --format=hex "$URL"
	same fffe "$output"
	exec 9>&-
	run -2 --separate-stderr wscat -l 0 @- </dev/null
	usage_line "'@-' with --listen"
}

@test "-l --input=jsonl: pings, pongs and closes are sent too" {
	listen --input=jsonl
	background wscat -J --no-stdin -w -1 "$URL"
	local client=$PID records=$OUT
	await 'client 1 connected' "$SAID"
	printf '%s\n' '{"type":"ping","data":"a"}' '{"type":"pong","data":"b"}' '{"data":"c"}' '{"type":"close"}' >&9
	finished "$client"
	same $'ping a\npong b\ntext c\nclose 1005' \
		"$(jq -r 'select(.dir == "in" and .type != "open") | "\(.type) \(.data // .code)"' "$records")"
	exec 9>&-
}

@test "-l --slash: a slash inside of a long line begins no command" {
	listen --slash
	background wscat -J --no-stdin -N 1 "$URL"
	local client=$PID records=$OUT
	await 'client 1 connected' "$SAID"
	{ printf 'x' && yes / | tr -d '\n' | head -c 3000000 && echo; } >&9
	finished "$client"
	same 3000001 "$(jq 'select(.type == "text") | .data | length' "$records")"
	grep -q 'unknown command' "$SAID" && false
	exec 9>&-
}

@test "-l -J: what we send is there for each client, pongs and closes too" {
	listen -J
	background wscat --no-stdin -w -1 "$URL"
	await 'client 1 connected' "$SAID"
	run -0 wscat --slash -w 0.5 "$URL" < <(echo '/ping x')
	await '"type":"pong"' "$HEARD"
	echo news >&9
	await '"conn":1,.*"out","type":"text".*news' "$HEARD"
	kill "$LISTENER"
	finished "$LISTENER" || true
	exec 9>&-
	sent_to() { # CONN
		jq -r "select(.dir == \"out\" and .conn == $1) | \"\(.type) \(.data // .code // .status)\"" "$HEARD"
	}
	same $'open 101\ntext news\nclose 1001' "$(sent_to 1)"
	same $'open 101\npong x\nclose 1000' "$(sent_to 2)"
	same '' "$(jq -c 'select(.conn == null)' "$HEARD")"
	listen -J --tls-min=1.2 --cert="$BATS_FILE_TMPDIR/server.pem" --key="$BATS_FILE_TMPDIR/server.key" welcome
	run -0 wscat -k --no-stdin -N 1 "$URL"
	await '"conn":1,"dir":"out","type":"text".*welcome' "$HEARD"
	exec 9>&-
}

@test "-l -v: both heads; -vv: a line a frame, both ways" {
	listen -vv
	run -0 wscat -w 0 -H 'X-Mine: 1' --auth=me:secret "$URL" hello </dev/null
	await '^wscat: < GET / HTTP/1.1' "$SAID"
	await '^wscat: < X-Mine: 1' "$SAID"
	await '^wscat: < Authorization: \[not shown\]' "$SAID"
	await '^wscat: > HTTP/1.1 101' "$SAID"
	await '^wscat: > Sec-WebSocket-Accept:' "$SAID"
	await '^wscat: < text, 5 bytes, masked' "$SAID"
	await '^wscat: > close, 2 bytes$' "$SAID"
	exec 9>&-
}

@test "-l --cert: over TLS; with --ca clients need a certificate" {
	local dir=$BATS_FILE_TMPDIR
	listen --cert="$dir/server.pem" --key="$dir/server.key"
	[[ $URL == wss://127.0.0.1:* ]]
	run -0 wscat --ca="$dir/ca.pem" -w 0 "$URL" secret </dev/null
	await '^secret$' "$HEARD"
	run -4 wscat -w 0 "$URL" secret </dev/null
	run -5 timeout 40 wscat -w 0 "ws${URL#wss}" plain </dev/null
	listen --cert="$dir/server.pem" --key="$dir/server.key" --ca="$dir/ca.pem" --tls-min=1.3
	run -4 wscat --ca="$dir/ca.pem" -w 1 "$URL" stranger </dev/null
	run -0 wscat --ca="$dir/ca.pem" --cert="$dir/client.pem" --key="$dir/client.key" -w 0 "$URL" known </dev/null
	await '^known$' "$HEARD"
	same known "$(<"$HEARD")"
	exec 9>&-
	run -1 --separate-stderr wscat -l 0 --cert=/no/such </dev/null
	one_line 'No such file'
	run -2 --separate-stderr wscat -l 0 --key="$dir/server.key" </dev/null
	usage_line '--key needs a --cert'
	run -2 --separate-stderr wscat -l 0 --ca="$dir/ca.pem" </dev/null
	usage_line '--ca has no effect with --listen without --cert'
}

@test "-l -J: each client's connection opens and ends with a record, as the client's own do" {
	listen -J -s chat -z
	run -0 wscat -z -s chat -w 0 "${URL}path?query" hi </dev/null
	await '"conn":1,"dir":"out","type":"close"' "$HEARD"
	background wscat --no-stdin -w -1 "$URL"
	await '"conn":2,.*"type":"open"' "$HEARD"
	kill -KILL "$PID"
	await '"conn":2,.*"type":"close".*1006' "$HEARD"
	same "[\"out\",\"${URL}path?query\",101,\"chat\",\"permessage-deflate\"]" \
		"$(jq -c 'select(.type == "open" and .conn == 1) | [.dir, .url, .status, .subprotocol, .extensions]' "$HEARD")"
	same '[null,null]' "$(jq -c 'select(.type == "open" and .conn == 2) | [.subprotocol, .extensions]' "$HEARD")"
	# In order, and each on a clock of its own.
	same 'open text close close' "$(jq -r 'select(.conn == 1) | .type' "$HEARD" | xargs)"
	same 0 "$(jq -r 'select(.conn == 2 and .type == "open") | .us' "$HEARD")"
	exec 9>&-
}

@test "-l: a client that is too slow is said, with the option" {
	listen --ping-interval=100ms --ping-timeout=200ms
	background client mute "$URL"
	await 'client 1 left: timeout: no answer to our ping came within 200 ms \(--ping-timeout\)' "$SAID"
	exec 9>&-
}
