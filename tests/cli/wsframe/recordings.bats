#!/usr/bin/env bats
# wsframe: the toolkit's own recordings, by clients and by servers, of one connection or several.

load ../helper


# In each form the client has sent hi.
client_sent_hi() { # FILE
	local made=$BATS_TEST_TMPDIR/made
	run -0 wsframe "$1"
	says '> text .*"hi"' "$output"
	wsframe encode --from=jsonl -o pcap --file="$1" >"$made"
	same hi "$(wsframe -o json "$1" | jq -r '.events[] | select(.type == "text" and .from == "client").data')"
	same hi "$(wsframe -o jsonl "$1" | jq -r 'select(.type == "text" and .dir == "out").data')"
	same hi "$(wsframe -o json "$made" | jq -r '.events[] | select(.type == "text" and .from == "client").data')"
}

setup() {
	RECORDS=$BATS_TEST_TMPDIR/records
	command -v jq >/dev/null || skip "jq is not installed"
}

@test "who is the client in a recording: wscat -J, --record, wscat -l -J and --pipe" {
	local client=$BATS_TEST_TMPDIR/client
	serve --reply=you --record="$RECORDS"
	wscat -J -1 "$URL" hi >"$client"
	client_sent_hi "$client"
	await '"type":"close"' "$(echo "$RECORDS"/*.jsonl)"
	client_sent_hi "$(echo "$RECORDS"/*.jsonl)"

	mkfifo "$BATS_TEST_TMPDIR/input"
	background wscat -l 0 -J you <>"$BATS_TEST_TMPDIR/input"
	local heard=$OUT
	await 'listening on' "$LOG"
	wscat -w 0 "$(grep -oE 'ws://[^ ]+' "$LOG" | head -n 1)" hi </dev/null
	await '"dir":"in","type":"close"' "$heard"
	client_sent_hi "$heard"

	background wsserve -p 0 --announce=2 --pipe --framing=jsonl <>"$BATS_TEST_TMPDIR/input"
	heard=$OUT
	await '^listening ' "$LOG"
	wscat -w 0 "$(sed -n 's/^listening //p' "$LOG")" hi </dev/null
	await '"dir":"in","type":"close"' "$heard"
	client_sent_hi "$heard"
}

@test "several connections in one recording: each is judged by itself" {
	serve --reply=you --record="$RECORDS"
	for _ in 1 2 3; do wscat -J -1 "$URL" hi >>"$BATS_TEST_TMPDIR/clients"; done
	last_closed() { (($(cat "$RECORDS"/*.jsonl | grep -c '"dir":"out","type":"close"') == 3)); }
	eventually last_closed
	run -0 wsframe -S "$RECORDS"/*.jsonl
	run -0 wsframe -S <(cat "$RECORDS"/*.jsonl)
	same 3 "$(grep -cE '^connection [123]  [0-9a-z]+-[123]$' <<<"$output")"
	same 12 "$(grep -cE '^0x[0-9a-f]+  [<>] ' <<<"$output")"
	# The second opening without a name begins another connection.
	run -0 wsframe -S "$BATS_TEST_TMPDIR/clients"
	same 3 "$(grep -c '^connection [123]$' <<<"$output")"
	run -0 wsframe -S --stream=2 "$BATS_TEST_TMPDIR/clients"
	same 4 "$(grep -cE '^0x[0-9a-f]+  [<>] ' <<<"$output")"
	run -0 jq -c '[.violations, .incomplete, (.events | map(.conn) | unique)]' \
		<(wsframe -o json "$BATS_TEST_TMPDIR/clients")
	same '[0,0,[1,2,3]]' "$output"
	run -10 wsframe -S - <<-'END'
		{"conn":1,"dir":"out","type":"close"}
		{"conn":2,"data":"a"}
		{"conn":1,"data":"after the close"}
	END
	same 1 "$(grep -c CLOSING <<<"$output")"
}

@test "-o jsonl and -o json keep the times of a recording, and the names of its connections" {
	heads() { jq -c 'select(.type != "open") | [.t, .us, .conn, .type, .data]' "$@"; }
	serve --reply=you --record="$RECORDS"
	wscat -J -1 "$URL" hi >"$BATS_TEST_TMPDIR/client"
	await '"dir":"out","type":"close"' "$(echo "$RECORDS"/*.jsonl)"
	for file in "$BATS_TEST_TMPDIR/client" "$RECORDS"/*.jsonl; do
		diff -u <(heads "$file") <(wsframe -o jsonl "$file" | heads)
		diff -u <(jq -r 'select(.type == "text").t' "$file") \
			<(wsframe -o json "$file" | jq -r '.events[] | select(.type == "text").t')
	done
	run -0 wsframe -o jsonl <(printf '%s\n' '{"dir":"in","type":"ping","conn":7,"us":5}' '{"dir":"in","data":"a","conn":8}')
	same $'[5,7,"ping"]\n[0,8,"text"]' "$(jq -c '[.us, .conn, .type]' <<<"$output")"
}

@test "-o jsonl keeps the times of a HAR file" {
	cat >"$BATS_TEST_TMPDIR/har" <<-'END'
		{"log":{"entries":[{"_webSocketMessages":[
			{"type":"send","time":1769860800.25,"opcode":1,"data":"hi"},
			{"type":"receive","time":1769860801.5,"opcode":1,"data":"you"}]},{"_webSocketMessages":[
			{"type":"send","time":1769860800.5,"opcode":1,"data":"other"}]}]}}
	END
	run -0 wsframe -o jsonl "$BATS_TEST_TMPDIR/har"
	same '["2026-01-31T12:00:00.250000Z",0,1,"hi"]
["2026-01-31T12:00:01.500000Z",1250000,1,"you"]
["2026-01-31T12:00:00.500000Z",0,2,"other"]' "$(jq -c '[.t, .us, .conn, .data]' <<<"$output")"
}

@test "encode --from=jsonl takes complete recordings: each side may close, and clients mask" {
	local form
	serve --record="$RECORDS"
	seq 3 | wscat -J -E "$URL" >"$BATS_TEST_TMPDIR/client"
	run -0 wsframe encode --from=jsonl --file="$BATS_TEST_TMPDIR/client"
	same 8 "${#lines[@]}"
	run -0 wsframe -S - <<<"$output"
	same 4 "$(grep -cE '^0x[0-9a-f]+  > .* key ' <<<"$output")"
	same 4 "$(grep -cE '^0x[0-9a-f]+  < .* no mask' <<<"$output")"
	run -2 --separate-stderr wsframe encode --from=jsonl <<-'END'
		{"type":"close"}
		{"dir":"in","data":"still allowed"}
		{"data":"not any more"}
	END
	one_line 'nothing can be sent after a close frame'
	# Several connections are several in a capture too.
	seq 4 6 | wscat -J -E "$URL" >>"$BATS_TEST_TMPDIR/client"
	wsframe encode --from=jsonl --file="$BATS_TEST_TMPDIR/client" -o pcap >"$BATS_TEST_TMPDIR/made"
	run -0 wsframe -S "$BATS_TEST_TMPDIR/made"
	same 2 "$(grep -c '^connection ' <<<"$output")"
	kept() { jq -c 'select(.type != "open") | [.dir, .type, .data, .code]' "$@"; }
	diff -u <(kept "$BATS_TEST_TMPDIR/client") <(wsframe -o jsonl "$BATS_TEST_TMPDIR/made" | kept)
	for form in hex c raw base64; do
		run -0 wsframe encode --from=jsonl --file="$(echo "$RECORDS"/*-1.jsonl)" -o "$form"
	done
}
