#!/usr/bin/env bats
# also: check
# --jsonl: a record per event, in the schema of the toolkit.

load ../helper

# Prints the records of a wscat run, after checking them; its exit status.
records() {
	wscat --jsonl "$@" </dev/null >"$BATS_TEST_TMPDIR/records" || status=$?
	"$PYTHON" "$FIXTURES/records.py" <"$BATS_TEST_TMPDIR/records"
	return "${status-0}"
}

@test "a conversation is open, messages both ways, close both ways" {
	serve
	run -0 --separate-stderr records -N 2 "$URL" hello $'grüße "q"\\'
	same "in open 0 $URL 101 None
out text 5 hello
out text 12 grüße \"q\"\\
in text 5 hello
in text 12 grüße \"q\"\\
out close 2 1000 True 
in close 2 1000 True " "$output"
	same "" "$stderr"
}

@test "-J is the same" {
	serve
	run -0 bash -c "wscat -J -N 1 '$URL' hello </dev/null | '$PYTHON' '$FIXTURES/records.py'"
	same 5 "${#lines[@]}"
}

@test "bytes that are not UTF-8 are base64, others are text" {
	serve
	printf '\xff\x00\x80' >"$BATS_TEST_TMPDIR/bytes"
	run -0 records -b -N 2 "$URL" "@$BATS_TEST_TMPDIR/bytes" plain
	says '^out binary 3 ff0080' "$output"
	says '^in binary 3 ff0080' "$output"
	says '^in binary 5 plain' "$output"
}

@test "empty messages, line ends and controls are records too" {
	serve
	run -0 records -N 2 "$URL" "" $'a\nb\tc\e'
	says '^in text 0 ' "$output"
	says '^in text 6 ' "$output"
	same 7 "$(wc -l <"$BATS_TEST_TMPDIR/records")"
}

@test "pings and pongs are records" {
	bad pinging
	run -0 records -w 0.5 "$URL"
	says '^in ping 2 a\?' "$output"
	says '^in ping 2 b\?' "$output"
	serve
	run -7 records -T 3s --ping-interval=50ms "$URL" # whose pongs keep it from being quiet
	says '^in pong 12 ' "$output"
}

@test "a close with a code and a reason" {
	bad close 4001 why
	run -9 records "$URL"
	says '^in close 5 4001 True why' "$output"
}

@test "a close without a code is 1005, an end without a close 1006" {
	bad close
	run -0 records "$URL"
	says '^in close 0 1005 True' "$output"
	bad gone
	run -8 records "$URL"
	says '^in close 0 1006 False' "$output"
}

@test "a violation is an error with its name and section" {
	bad masked
	run -6 records "$URL"
	says '^in error 0 MASKED RFC 6455 5\.1' "$output"
}

@test "the open record has the negotiated subprotocol" {
	bad chosen mqtt
	run -0 records -s mqtt -N 1 "$URL" x
	says '^in open 0 .* 101 mqtt' "$output"
}

@test "large messages are complete records" {
	serve
	head -c 200000 /dev/zero | tr '\0' x >"$BATS_TEST_TMPDIR/big"
	records -N 1 "$URL" "@$BATS_TEST_TMPDIR/big" >"$BATS_TEST_TMPDIR/records"
	same 2 "$(grep -c '^\(in\|out\) text 200000 ' "$BATS_TEST_TMPDIR/records")"
}

@test "our own pings, pongs and closes are in the records, and in -vv" {
	bad pinging
	run -0 --separate-stderr wscat -J -vv --ping-interval=100ms -w 0.5 "$URL" </dev/null
	for type in ping pong close; do
		jq -se "any(.dir == \"out\" and .type == \"$type\")" <<<"$output" >/dev/null
	done
	same $'a?\nb?' "$(jq -r 'select(.dir == "out" and .type == "pong").data' <<<"$output")"
	says '> ping, 12 bytes, masked'
	says '> pong, 2 bytes, masked'
	says '> close, 2 bytes, masked'
}

@test "what was sent is recorded as it was, compressed and in fragments too" {
	serve --compress=threshold=1
	run -0 wscat -J --compress=threshold=1 --fragment=3 -N 2 "$URL" hello,hello,hello 世界世界 </dev/null
	same $'hello,hello,hello\n世界世界' "$(jq -r 'select(.dir == "out" and .type == "text").data' <<<"$output")"
}

@test "a long URL is not cut in the records" {
	serve
	run -0 wscat -J -w 0 "$URL?$(printf '%4000s' '' | tr ' ' x)" </dev/null
	same 4001 "$(jq -j 'select(.type == "open").url' <<<"$output" | sed 's/.*?/?/' | wc -c)"
}
