#!/usr/bin/env bats
# Standard input to the server and back, against wsserve.

load ../helper

@test "two hundred thousand lines come back, in order" {
	serve
	run -0 bash -c "seq 1 200000 | wscat -w 0.5 '$URL' | cmp - <(seq 1 200000)"
	same "" "$output"
}

noise() { # BYTES
	head -c "$1" /dev/zero | openssl enc -aes-128-ctr -nosalt \
		-K 00112233445566778899aabbccddeeff -iv 000102030405060708090a0b0c0d0e0f
}

# bats test_tags=measures
@test "three hundred megabytes of bytes come back whole, in constant memory" {
	serve
	local bytes=300000000 expected
	sanitized && bytes=20000000
	expected=$(noise "$bytes" | sha256sum)
	mkfifo "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/reply"
	noise "$bytes" >"$BATS_TEST_TMPDIR/in" 3>&- &
	STARTED+=("$!")
	wscat -b -w -1 "$URL" <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/reply" 3>&- &
	local cat=$!
	STARTED+=("$cat")
	watch_peak "$cat"
	exec 9<"$BATS_TEST_TMPDIR/reply"
	same "$expected" "$(head -c "$bytes" <&9 | sha256sum)"
	# Both still run: their peaks can be read.
	grew_less "$cat" 10000
	grew_less "$SERVER" 10000
	kill -TERM "$SERVER"
	finished "$cat"
	same "" "$(cat <&9)" # and not a byte more
}

@test "a line is a message" {
	bad echo
	printf 'one\ntwo\n\nthree' | wscat -w 0.5 "$URL"
	await '^end' "$OUT"
	same "text 3 one|text 3 two|text 0 |text 5 three|close 1000 |end|" \
		"$(grep -vE '^(header|listening)' "$OUT" | tr '\n' '|')"
}

@test "of lines that are alike, --count prints so many" {
	serve
	yes same | head -n 100000 >"$BATS_TEST_TMPDIR/in"
	for count in 1 2 63 64 65 99999; do
		wscat -N "$count" "$URL" <"$BATS_TEST_TMPDIR/in" >"$OUT"
		same "$count" "$(wc -l <"$OUT")"
		same "$count" "$(grep -cx same "$OUT")"
	done
}

@test "a message is a line of output" {
	serve
	run -0 --separate-stderr wscat -w 0.5 "$URL" one "" three </dev/null
	same $'one\n\nthree' "$output"
	same "" "$stderr"
}

@test "a reply is printed while input stays open" {
	serve
	mkfifo "$BATS_TEST_TMPDIR/in"
	background wscat "$URL" <>"$BATS_TEST_TMPDIR/in"
	echo question >"$BATS_TEST_TMPDIR/in"
	await '^question$' "$OUT"
	echo another >"$BATS_TEST_TMPDIR/in"
	await '^another$' "$OUT"
}

@test "input from before the connection opened is not lost" {
	bad trickle 3 0.1
	run -0 bash -c "seq 1 5 | wscat -w 0.5 '$URL'"
	same $'message 0\nmessage 1\nmessage 2' "$output"
	same "1 2 3 4 5" "$(sed -n 's/^text 1 //p' "$OUT" | paste -sd ' ')"
}

@test "it ends when the server closes, even if input stays open" {
	bad leave
	mkfifo "$BATS_TEST_TMPDIR/in"
	local server=$PID server_out=$OUT
	background wscat "$URL" <>"$BATS_TEST_TMPDIR/in"
	finished "$PID"
	same leaving "$(cat "$OUT")"
	finished "$server"
	await '^close 1001 ' "$server_out" # it was answered
}

@test "closed standard input counts as its end" {
	serve
	run -0 bash -c "exec wscat -w 0.5 '$URL' hello <&-"
	same hello "$output"
}

@test "a closed output pipe ends it quietly" {
	serve
	run -0 --separate-stderr bash -c "seq 1 1000000 | wscat '$URL' | head -n 1; exit \${PIPESTATUS[1]}"
	same 1 "$output"
	same "" "$stderr"
}

@test "a slow reader of the output loses nothing" {
	serve
	seq -f '%.0f and some more text so that the pipe gets full' 100000 \
		>"$BATS_TEST_TMPDIR/in"
	wscat -w 0.5 "$URL" <"$BATS_TEST_TMPDIR/in" |
		"$PYTHON" -c '
import sys, time
for _ in range(30):
    sys.stdout.buffer.write(sys.stdin.buffer.read1(4096)); time.sleep(0.01)
sys.stdout.buffer.write(sys.stdin.buffer.read())' | cmp - "$BATS_TEST_TMPDIR/in"
}

@test "a slow server only slows down the input" {
	bad slow
	head -c 20000000 /dev/zero >"$BATS_TEST_TMPDIR/in"
	wscat -b -w 0.5 "$URL" <"$BATS_TEST_TMPDIR/in" >/dev/null
	await '^bytes 20000000$' "$OUT"
}

@test "a server that sends byte by byte is understood" {
	bad dribble
	run -0 --separate-stderr bash -c "wscat -w 5 '$URL' </dev/null | tr x . | tr -s ."
	same $'grüße\n.' "$output"
	await '^pong 12 ' "$OUT"
	await '^close 1000 ' "$OUT"
}

@test "a unix socket path in the URL works like a host" {
	start wsserve --announce --listen="unix:$BATS_TEST_TMPDIR/socket"
	same "ws+unix:$BATS_TEST_TMPDIR/socket" "$URL"
	run -0 wscat -w 0.5 "ws+unix:$BATS_TEST_TMPDIR/socket:/some/path" hello </dev/null
	same hello "$output"
}

@test "the URL may lack its scheme, be http, or be the argument of -c and --connect" {
	serve
	local form
	for form in "127.0.0.1:$PORT" "http://127.0.0.1:$PORT" "ws://localhost:$PORT/a?b=c"; do
		run -0 wscat -N 1 "$form" hello </dev/null
		same hello "$output"
	done
	run -0 wscat -N 1 -c "$URL" hello </dev/null
	same hello "$output"
	run -0 wscat -N 1 hello --connect="$URL" </dev/null
	same hello "$output"
}

@test "messages are not escaped in a pipe" {
	bad print
	run -0 wscat -N 1 "$URL" </dev/null
	same $'\e[31mred\a' "$output"
}

@test "pings are answered while data flows" {
	bad pinging
	wscat -w 0.5 "$URL" </dev/null
	await '^pong 2 613f' "$OUT"
	await '^pong 2 623f' "$OUT"
}
