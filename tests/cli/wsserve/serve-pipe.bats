#!/usr/bin/env bats
# also: check
# shellcheck disable=SC2016,SC2028,SC2317 # scripts in quotes; functions that others call
# wsserve --pipe: standard input to every client, what they say to standard output.

load ../helper

# wsserve whose standard input stays open: what is written to descriptor 8 is its input.
piped() { # [OPTION]...
	mkfifo "$BATS_TEST_TMPDIR/input"
	exec 8<>"$BATS_TEST_TMPDIR/input"
	background wsserve -p 0 --announce --pipe "$@" <"$BATS_TEST_TMPDIR/input" 8>&-
	SERVER=$PID SERVER_LOG=$LOG SERVER_OUT=$OUT
	await '^listening ' "$SERVER_OUT"
	URL=$(sed -n 's/^listening //p' "$SERVER_OUT")
}

client_of() { # NAME [PATH]: its output is $BATS_TEST_TMPDIR/NAME, its input NAME.in
	mkfifo "$BATS_TEST_TMPDIR/$1.in"
	background wscat -v "$URL${2-}" <>"$BATS_TEST_TMPDIR/$1.in" 8>&-
	ln -s "$OUT" "$BATS_TEST_TMPDIR/$1"
	ln -s "$LOG" "$BATS_TEST_TMPDIR/$1.log"
	await '101 Switching' "$LOG"
}

@test "a line of standard input goes to every client, a message of theirs to standard output" {
	piped
	client_of one
	client_of two
	echo to all >&8
	await '^to all$' "$BATS_TEST_TMPDIR/one"
	await '^to all$' "$BATS_TEST_TMPDIR/two"
	echo from one >"$BATS_TEST_TMPDIR/one.in"
	await '^from one$' "$SERVER_OUT"
	echo from two >"$BATS_TEST_TMPDIR/two.in"
	await '^from two$' "$SERVER_OUT"
	same 'to all' "$(cat "$BATS_TEST_TMPDIR/one")"
	exec 8>&-
}

@test "standard input waits until a client is connected, and nothing of it is lost" {
	seq 1 200000 >"$BATS_TEST_TMPDIR/lines"
	background wsserve -p 0 --announce --pipe <"$BATS_TEST_TMPDIR/lines"
	SERVER=$PID
	await '^listening ' "$OUT"
	URL=$(sed -n 's/^listening //p' "$OUT")
	wscat -N 200000 "$URL" </dev/null >"$BATS_TEST_TMPDIR/got"
	cmp "$BATS_TEST_TMPDIR/lines" "$BATS_TEST_TMPDIR/got"
	kill "$SERVER"
	finished "$SERVER"
}

@test "clients outlive the end of standard input, and are heard" {
	background wsserve -p 0 --announce --pipe --oneshot <<<'only line'
	SERVER=$PID SERVER_OUT=$OUT
	await '^listening ' "$OUT"
	URL=$(sed -n 's/^listening //p' "$OUT")
	run -0 wscat "$URL" hello you </dev/null
	same 'only line' "$output"
	finished "$SERVER"
	same $'hello\nyou' "$(tail -n +2 "$SERVER_OUT")"
}

# bats test_tags=measures
@test "a slow client makes standard input wait; --slow=close closes it instead" {
	yes "$(printf '%01000d' 0)" | head -n 30000 >"$BATS_TEST_TMPDIR/lines"
	local server
	background wsserve -p 0 --announce --pipe <"$BATS_TEST_TMPDIR/lines"
	server=$PID
	await '^listening ' "$OUT"
	URL=$(sed -n 's/^listening //p' "$OUT")
	background "$PYTHON" -S "$FIXTURES/client.py" unread "$URL"
	watch_peak "$server"
	await '^open' "$OUT"
	eventually at_rest "$server"
	grew_less "$server" 6000
	kill "$PID"
	background wsserve -p 0 --announce --pipe --slow=close <"$BATS_TEST_TMPDIR/lines"
	await '^listening ' "$OUT"
	URL=$(sed -n 's/^listening //p' "$OUT")
	local log=$LOG
	background "$PYTHON" -S "$FIXTURES/client.py" unread "$URL"
	await TOO_SLOW "$log"
}

@test "standard output is closed by its reader: a quiet end" {
	local announce=$BATS_TEST_TMPDIR/announce
	background bash -c "set -o pipefail; wsserve -p 0 --announce=9 --pipe 9>'$announce' </dev/null | head -n 1"
	await '^listening ' "$announce"
	URL=$(sed -n 's/^listening //p' "$announce")
	wscat -w 0 "$URL" one </dev/null
	await '^one$' "$OUT"
	refused() { ! wscat -w 0 "$URL" two </dev/null 2>/dev/null; }
	eventually refused
	finished # with 0, of both
}

@test "--framing=nul: newlines are nothing special" {
	piped --framing=nul
	client_of one
	printf 'a\nb\0' >&8
	await '^b$' "$BATS_TEST_TMPDIR/one"
	same $'a\nb' "$(cat "$BATS_TEST_TMPDIR/one")"
	exec 8>&-
}

@test "--framing=jsonl: opens, messages and closes come out as records of the schema" {
	piped --framing=jsonl
	wscat -w 0 "${URL}room?name=joe" $'two\nlines' </dev/null
	await '"type":"close"' "$SERVER_OUT"
	tail -n +2 "$SERVER_OUT" >"$BATS_TEST_TMPDIR/records"
	"$PYTHON" - "$BATS_TEST_TMPDIR/records" "$ROOT/docs/record.schema.json" <<-'END'
		import json, sys, jsonschema
		records = [json.loads(line) for line in open(sys.argv[1])]
		for record in records:
		    jsonschema.validate(record, json.load(open(sys.argv[2])))
		assert [(r["type"], r["dir"]) for r in records] == [
		    ("open", "out"), ("text", "in"), ("close", "in")], records
		assert records[0]["url"] == "/room?name=joe" and records[1]["data"] == "two\nlines"
		assert records[2]["code"] == 1000 and records[2]["clean"]
		assert len({r["conn"] for r in records}) == 1
	END
	exec 8>&-
}

@test "--framing=jsonl: a record names its receivers and its type" {
	piped --framing=jsonl
	local a b
	client_of one chat
	client_of two chat
	client_of three other
	name() {
		sed -n 's/.*"conn":"\([^"]*\)".*/\1/p' "$SERVER_OUT" | sed -n "$1p"
	}
	a=$(name 1) b=$(name 2)
	cat >&8 <<-END
		{"data":"all"}
		{"data":"one alone","conn":"$a"}
		{"data":"all but two","except":"$b"}
		{"data":"the group","group":"/chat"}
		{"data":"group but one","group":"/chat","except":"$a"}
		{"data":"unknown","conn":"no-such"}
		no record at all
		{"b64":"/w==","conn":"$a"}
		{"data":"last"}
		{"type":"close","code":4001,"reason":"you","conn":"$b"}
	END
	await '^last$' "$BATS_TEST_TMPDIR/three"
	same $'all\nall but two\nlast' "$(cat "$BATS_TEST_TMPDIR/three")"
	await 'closed by the server: 4001.*you' "$BATS_TEST_TMPDIR/two.log"
	same $'all\nthe group\ngroup but one\nlast' "$(cat "$BATS_TEST_TMPDIR/two")"
	await '^last$' "$BATS_TEST_TMPDIR/one"
	same $'all\none alone\nall but two\nthe group' "$(head -n 4 "$BATS_TEST_TMPDIR/one")"
	await 'a record that cannot be sent: not JSON' "$SERVER_LOG"
	cat >&8 <<-END
		{"type":"ping","data":"$(printf '%0126d' 0)"}
		{"type":"open"}
		{"data":"numbered","conn":1}
		{"data":"a","data":"b"}
		{"data":"\ud800"}
		null
		{"type":"close","group":"/other"}
	END
	await 'a record that cannot be sent: a ping of more than 125 bytes' "$SERVER_LOG"
	await 'a record that cannot be sent: "type" is not text, binary, ping or close' "$SERVER_LOG"
	await 'a record.s "conn" is no connection of this server, .*: no-such$' "$SERVER_LOG"
	await 'a record.s "conn" is no connection of this server, .*: 1$' "$SERVER_LOG"
	await 'a record that cannot be sent: a JSON object with a name that is there twice' "$SERVER_LOG"
	await 'a record that cannot be sent: a surrogate .* without its other half' "$SERVER_LOG"
	await 'a record that cannot be sent: not a JSON object' "$SERVER_LOG"
	await 'closed by the server: 1000' "$BATS_TEST_TMPDIR/three.log"
	exec 8>&-
}

@test "docs/examples/chat.sh: a chat with private messages, in twenty lines" {
	command -v jq >/dev/null || skip "jq is not installed"
	(($(wc -l <"$ROOT/docs/examples/chat.sh") <= 25))
	background setsid "$ROOT/docs/examples/chat.sh" -p 0 --announce=9 9>"$BATS_TEST_TMPDIR/announce"
	local chat=$PID
	await '^listening ' "$BATS_TEST_TMPDIR/announce"
	URL=$(sed -n 's/^listening //p' "$BATS_TEST_TMPDIR/announce")
	client_of ann '?ann'
	client_of bob '?bob'
	await '^\* bob is here$' "$BATS_TEST_TMPDIR/ann"
	client_of cat '?cat'
	await '^\* cat is here$' "$BATS_TEST_TMPDIR/bob"
	echo hello everybody >"$BATS_TEST_TMPDIR/ann.in"
	await '^ann: hello everybody$' "$BATS_TEST_TMPDIR/bob"
	await '^ann: hello everybody$' "$BATS_TEST_TMPDIR/cat"
	echo '@bob a secret; $(touch owned) "quoted" \n' >"$BATS_TEST_TMPDIR/ann.in"
	await '^ann whispers: a secret; \$\(touch owned\) "quoted" \\n$' "$BATS_TEST_TMPDIR/bob"
	echo '@dan hello' >"$BATS_TEST_TMPDIR/cat.in"
	await '^\* dan is not here$' "$BATS_TEST_TMPDIR/cat"
	kill "${STARTED[1]}"
	await '^\* ann has left$' "$BATS_TEST_TMPDIR/cat"
	run ! grep -q secret "$BATS_TEST_TMPDIR/cat"
	run ! grep -q hello "$BATS_TEST_TMPDIR/ann"
	[[ ! -e owned ]]
	kill -TERM -- "-$chat"
}
