#!/usr/bin/env bats
# Binary messages that are printed as they are, which the kernel moves from the socket to a pipe.

load ../helper
load ../certificates

setup_file() { make_certificates "$BATS_FILE_TMPDIR"; }

setup() {
	IN=$BATS_TEST_TMPDIR/in
	BACK=$BATS_TEST_TMPDIR/back
	SUMS=$BATS_TEST_TMPDIR/sums
}

# Reads much from the server at URL that sends without end, then stops; ends wscat as `end` says.
flow_and_end() { # SIGNAL|left:STATUS [OPTION...]
	local status=0
	rm -f "$BATS_TEST_TMPDIR/fifo"
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	exec 9<>"$BATS_TEST_TMPDIR/fifo"
	wscat -b "${@:2}" -w -1 --close-timeout=600s "$URL" </dev/zero >"$BATS_TEST_TMPDIR/fifo" 3>&- 9>&- &
	PID=$!
	STARTED+=("$PID")
	eventually at_rest "$PID"
	watch_peak "$PID"
	head -c 300000000 <&9 >/dev/null
	eventually at_rest "$PID"
	grew_less "$PID" 4000
	[[ $1 == left:* ]] || kill -"${1%:*}" "$PID"
	exec 9>&-
	finished "$PID" || status=$?
	same "${1#*:}" "$status"
}

@test "every length comes back, through a pipe and into a file" {
	local length
	serve --max-message-size=0
	for length in 0 1 125 126 65535 65536 16777216; do
		head -c "$length" /dev/urandom >"$IN"
		wscat -b -w 0.5 "$URL" <"$IN" | cat >"$BACK"
		cmp "$IN" "$BACK"
		wscat -b -w 0.5 --chunk=20M "$URL" <"$IN" | cat >"$BACK"
		cmp "$IN" "$BACK"
		wscat -b -w 0.5 "$URL" <"$IN" >"$BACK"
		cmp "$IN" "$BACK"
	done
}

@test "through TLS and compressed, too" {
	head -c 3000000 /dev/urandom >"$IN"
	serve_tls
	wscat -b -w 0.5 --cacert "$BATS_FILE_TMPDIR/ca.pem" "$URL" <"$IN" | cat >"$BACK"
	cmp "$IN" "$BACK"
	serve --compress
	wscat -b -z -w 0.5 "$URL" <"$IN" | cat >"$BACK"
	cmp "$IN" "$BACK"
}

@test "pings inside messages, empty frames, a close right after the last byte" {
	local sum
	bad bulk
	wscat -b -w -1 --no-stdin "$URL" | sha256sum >"$SUMS"
	await '^close 1000' "$OUT"
	sum=$(sed -n 's/^sum //p' "$OUT")
	same "$sum  -" "$(cat "$SUMS")"
	same 15 "$(grep -c '^pong 6 ' "$OUT")"
	same 33 "$(grep -c '^pong 7 ' "$OUT")"
}

@test "what the kernel moved is in the statistics" {
	serve
	head -c 1000000 /dev/urandom >"$IN"
	wscat -b -w 0.5 --stats "$URL" <"$IN" 2>"$SUMS" | cmp - "$IN"
	says 'received 16 messages, 977 KiB; 977 KiB on the wire' "$(cat "$SUMS")"
}

@test "--count ends the output with that message, whatever follows it" {
	local size
	for size in 20000 65536 300000; do
		bad blocks "$size" 5
		same "$((2 * size))" "$(wscat -b --no-stdin -N 2 "$URL" | wc -c)"
		await '^end' "$OUT"
	done
}

@test "a limit holds for messages that only pass by" {
	bad blocks 300000 2
	run -0 bash -c "wscat -b --no-stdin -w 0.5 --max-message-size=300000 '$URL' | wc -c"
	same 600000 "$output"
	bad blocks 300000 2
	run -1 --separate-stderr bash -c \
		"wscat -b --no-stdin -w 0.5 --max-message-size=299999 '$URL' | wc -c; exit \${PIPESTATUS[0]}"
	same 0 "$output"
	says 'larger than the limit' "$stderr"
}

@test "a reader that leaves: quiet, and 0" {
	serve -b cat /dev/zero
	run -0 --separate-stderr bash -c "wscat -b --no-stdin -w -1 '$URL' | head -c 300000 | wc -c; exit \${PIPESTATUS[0]}"
	same 300000 "$output"
	same "" "$stderr"
}

# bats test_tags=measures
@test "it waits for a slow reader without using memory, still minds signals and a reader that leaves" {
	serve -b cat /dev/zero
	flow_and_end TERM:143 --no-stdin
	flow_and_end left:0 --no-stdin
}

# bats test_tags=measures
@test "a server that talks and never reads: what it says is printed, in constant memory, and -T counts" {
	bad babble
	flow_and_end TERM:143
	bad babble
	run -7 --separate-stderr bash -c "wscat -b -T 1 '$URL' </dev/zero | wc -c; exit \${PIPESTATUS[0]}"
	((output > 100000))
	says '--timeout'
}

@test "a full disk: 1" {
	[[ -w /dev/full ]] || skip "there is no /dev/full"
	serve -b cat /dev/zero
	run -1 --separate-stderr bash -c "wscat -b --no-stdin -w -1 '$URL' >/dev/full"
	one_line 'cannot write to standard output: No space'
}
