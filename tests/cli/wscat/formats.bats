#!/usr/bin/env bats
# Every --input, and the --format that mirrors it: what goes in comes back out.

load ../helper

setup() {
	IN=$BATS_TEST_TMPDIR/in BACK=$BATS_TEST_TMPDIR/back
}

# Sends $IN through an echo server: it comes back unchanged.
round_trip() { # OPTION...
	serve --max-message-size=0
	wscat -w 0.5 "$@" "$URL" <"$IN" >"$BACK"
	cmp "$IN" "$BACK"
}

@test "lines, empty ones too" {
	printf 'one\n\n three \ngr\xc3\xbc\xc3\x9fe\n' >"$IN"
	round_trip
	round_trip --input=lines --format=text
	round_trip --keep-newline --raw
	round_trip --keep-newline -r
}

@test "messages that end in NUL" {
	printf 'a\nb\0\0c\0' >"$IN"
	round_trip --input=nul --null-after
	round_trip --null-terminated -Z
	round_trip -0 --keep-newline --format=raw
}

@test "the whole input as one message" {
	printf 'a\nb\0c' >"$IN"
	round_trip --input=whole --format=raw
	: >"$IN"
	round_trip --input=whole --format=raw
}

@test "hex digits" {
	printf '00ff\n\n68656c6c6f\n' >"$IN"
	round_trip --input=hex --format=hex
}

@test "JSON values over several lines" {
	printf '{\n "a": [1, {"b": "}"}]\n}\n\n[2]"x" 3\n' >"$IN"
	serve
	wscat -w 0.5 --input=json -Z "$URL" <"$IN" | tr '\0' '|' >"$BACK"
	same $'{\n "a": [1, {"b": "}"}]\n}|[2]|"x"|3|' "$(cat "$BACK")"
	printf '{"balance": 115792089237316195423570985008687907853269984665640564039457}\n{"id":2}' >"$IN"
	run -0 wscat -w 0.5 --input=json "$URL" <"$IN"
	same "$(cat "$IN")" "$output"
	run -1 --separate-stderr bash -c "echo '{\"a\":1} {]' | wscat -w 0.5 --input=json '$URL'"
	same '{"a":1}' "$output"
	says 'message 2 of the input is not JSON'
}

@test "--input=jsonl: of a recording what the client sent, whichever side has recorded it" {
	serve --record="$BATS_TEST_TMPDIR/record"
	wscat --jsonl -N 3 "$URL" a bb ccc </dev/null >"$BATS_TEST_TMPDIR/ours"
	await '"type":"close"' "$BATS_TEST_TMPDIR"/record/*-1.jsonl
	echo >>"$BATS_TEST_TMPDIR/ours"
	bad echo
	run -0 --separate-stderr wscat --input=jsonl -w 0.5 "$URL" <"$BATS_TEST_TMPDIR/ours"
	same $'a\nbb\nccc' "$output"
	same 1 "${#stderr_lines[@]}"
	says '^wscat: what the server sent \("dir":"in"\) is not sent$'
	bad echo
	run -0 --separate-stderr wscat -q --input=jsonl -w 0.5 "$URL" < <(cat "$BATS_TEST_TMPDIR"/record/*-1.jsonl)
	same $'a\nbb\nccc' "$output"
	same '' "$stderr"
	serve
	run -0 wsbench -c 1 -q --format=csv --replay="$(echo "$BATS_TEST_TMPDIR"/record/*-1.jsonl)" "$URL"
	grep -qx sent,3 <<<"$output"
}

@test "records of --jsonl: text, binary, pings, pongs and the close" {
	bad echo
	run -0 --separate-stderr wscat --input=jsonl --jsonl "$URL" <<'END'
{"type":"text","data":"hello"}
{"type":"binary","b64":"AP8="}
{"type":"open"}
{"type":"ping","data":"p"}
{"type":"pong","data":"q"}
{"type":"close","code":4000,"reason":"done"}
{"type":"text","data":"never"}
END
	await '^end' "$OUT"
	same $'text 5 hello\nbinary 2 00ff\nping 1 70\npong 1 71\nclose 4000 done' \
		"$(grep -v '^header\|^end\|^listening' "$OUT")"
	# What was printed can be sent again.
	jq -c 'select(.dir == "out")' <<<"$output" >"$IN"
	bad echo
	wscat --input=jsonl "$URL" <"$IN" >/dev/null
	await '^end' "$OUT"
	same $'text 5 hello\nbinary 2 00ff\nping 1 70\npong 1 71\nclose 4000 done' \
		"$(grep -v '^header\|^end\|^listening' "$OUT")"
}

@test "a close record that a recording has for a lost connection is no frame, and is not sent" {
	bad echo
	run -0 --separate-stderr wscat --input=jsonl -w 0.5 "$URL" <<'END'
{"type":"text","data":"hello"}
{"type":"close","code":1006,"reason":"","clean":false}
{"type":"close","code":1015}
{"type":"text","data":"again"}
END
	same $'hello\nagain' "$output"
	await '^close 1000' "$OUT"
}

@test "a record that is none: 1, and its line" {
	serve
	local code
	for code in 999 1004 2999 65535; do
		run -1 --separate-stderr bash -c "printf '{\"data\":\"a\"}\n{\"type\":\"close\",\"code\":$code}\n' | wscat -w 0.5 --input=jsonl '$URL'"
		same a "$output"
		says 'line 2 of the input: .* is not a close code that may be sent'
	done
	run -1 --separate-stderr bash -c "printf '{\"data\":\"a\"}\nhello\n' | wscat -w 0.5 --input=jsonl '$URL'"
	same a "$output"
	says 'line 2 of the input: '
}

@test "bytes in chunks, and as base64" {
	head -c 100000 /dev/urandom >"$IN"
	round_trip -b
	round_trip -b --chunk=1000
	serve
	wscat -b --chunk=3K --format=base64 -w 0.5 "$URL" <"$IN" | base64 -d >"$BACK"
	cmp "$IN" "$BACK"
}

@test "--chunk: no message is larger" {
	head -c 10000 /dev/zero >"$IN"
	bad echo
	wscat -b --chunk=4K -w 0.5 "$URL" <"$IN" >/dev/null
	await '^end' "$OUT"
	same $'binary 4096\nbinary 4096\nbinary 1808' "$(grep ^binary "$OUT" | cut -d ' ' -f 1,2)"
}

@test "--chunk: of a file, all but the last are as large, however many are read at a time" {
	local case
	head -c 1100001 /dev/zero >"$IN"
	for case in 2201:500 1048:1050 3:400K 2:1M; do
		bad echo
		wscat -b --chunk="${case#*:}" -w 0.5 "$URL" <"$IN" >"$BACK"
		await '^end' "$OUT"
		cmp "$IN" "$BACK"
		same "${case%:*}" "$(grep -c ^binary "$OUT")"
		same 2 "$(grep ^binary "$OUT" | cut -d ' ' -f 2 | uniq | wc -l)"
	done
}

@test "every length at which a frame's header changes" {
	local length
	serve --max-message-size=0
	for length in 0 1 125 126 65535 65536 1048576 16777216; do
		head -c "$length" /dev/zero | tr '\0' x >"$IN"
		timeout 60 wscat --input=whole --raw -N 1 "$URL" <"$IN" >"$BACK"
		cmp "$IN" "$BACK"
	done
}

@test "a line longer than memory would like is sent in fragments of one message" {
	serve --max-message-size=0 --sink
	head -c 5000000 /dev/zero | tr '\0' y >"$IN"
	echo >>"$IN"
	echo z >>"$IN"
	run -0 --separate-stderr wscat -vv -w 0.5 "$URL" <"$IN"
	says '^wscat: > text \(to be continued\), [0-9]+ bytes, masked$'
	says '^wscat: > continuation \(to be continued\), [0-9]+ bytes, masked$'
	says '^wscat: > continuation, [0-9]+ bytes, masked$'
	says '^wscat: > text, 1 bytes, masked$'
	await 'close by the client: .*, 2 messages and 4.77 MiB in' "$SERVER_LOG"
}

@test "text in pieces is still checked" {
	serve --max-message-size=0
	{ head -c 3000000 /dev/zero | tr '\0' y; printf '\xff\n'; } >"$IN"
	run -1 --separate-stderr bash -c "wscat -w 0.5 '$URL' <'$IN' >'$BACK'"
	says 'line 1 of the input is not UTF-8'
}

@test "--pretty indents JSON and leaves everything else alone" {
	serve
	run -0 wscat --pretty -w 0.5 "$URL" '{"a":[1,2]}' 'not json' </dev/null
	same $'{\n  "a": [\n    1,\n    2\n  ]\n}\nnot json' "$output"
}

@test "--timestamps before each message" {
	serve
	run -0 wscat --timestamps=iso -N 1 "$URL" hello </dev/null
	says '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{6}Z hello$' "$output"
	run -0 wscat --timestamps=rel -N 1 "$URL" hello </dev/null
	says '^\+[0-9]+\.[0-9]{6} hello$' "$output"
}

@test "-i and --include print the head of the response first" {
	local option
	serve
	for option in -i --include; do
		run -0 wscat "$option" -N 1 "$URL" hello </dev/null
		says '^HTTP/1.1 101 Switching Protocols' "${lines[0]}"
		same hello "${lines[-1]}"
	done
}

@test "-P and --show-ping-pong, with round trips" {
	bad pinging
	run -0 --separate-stderr wscat -P -w 0.5 "$URL" </dev/null
	says '< ping: a\?'
	says '> pong: a\?'
	serve
	run -0 --separate-stderr wscat --show-ping-pong --ping-interval=50ms --no-stdin -T 3 -w -1 "$URL" </dev/null || true
	says 'round trip: [0-9.]+ [mu]s'
}

@test "--send-delay waits between messages" {
	serve
	run -0 wscat -J --send-delay=200ms -N 3 "$URL" a b c </dev/null
	local times
	mapfile -t times < <(jq 'select(.dir == "out" and .type == "text").us' <<<"$output")
	((times[1] - times[0] >= 190000 && times[2] - times[1] >= 190000))
}

@test "--request-reply sends the next message only after a reply" {
	serve --devconsole
	run -0 bash -c "seq 1 50 | wscat -J --request-reply -N 50 '$URL'"
	same "$(for i in $(seq 1 50); do echo "out $i" && echo "in $i"; done)" \
		"$(jq -r 'select(.type == "text") | .dir + " " + .data' <<<"$output")"
}
