#!/usr/bin/env bats
# also: check
# -v, -vv, -vvv: heads, frames, payloads in the log; and nothing of them without.

load ../helper

# A line of the log matches.
logged() { # REGEX
	await "$1" "$SERVER_LOG"
}

@test "-v: the heads of the upgrade, with key and accept, without secrets" {
	serve -v --auth=me:secret --header='Set-Cookie: id=42' --header='X-Mark: 7'
	wscat --auth=me:secret -H 'Cookie: id=42' -N 1 "${URL}a?token=abc" hello </dev/null
	logged 'DEBUG +conn=[^ ]+-1 head in: GET /a\?token=\*\*\* HTTP/1\.1; Host: 127\.0\.0\.1:[0-9]+; .*Sec-WebSocket-Key: [A-Za-z0-9+/]{22}=='
	logged 'conn=[^ ]+-1 head out: HTTP/1\.1 101 Switching Protocols; .*Sec-WebSocket-Accept: [A-Za-z0-9+/]{27}=.*X-Mark: 7'
	says 'Cookie: \*\*\*; Authorization: \*\*\*' "$(grep 'head in' "$SERVER_LOG")"
	says 'Set-Cookie: \*\*\*' "$(grep 'head out' "$SERVER_LOG")"
	run ! grep -E 'id=42|secret|bWU6c2VjcmV0|abc| frame |payload|hello' "$SERVER_LOG"
	# A refused upgrade too.
	wscat "$URL" hello </dev/null || true
	logged 'conn=[^ ]+-2 head out: HTTP/1\.1 401 Unauthorized; .*WWW-Authenticate: Basic'
}

@test "-vv: a line a frame, both ways, our own pings too; no payload" {
	serve -vv --pingms=20
	background wscat -w -1 "$URL" hello </dev/null
	logged 'frame dir=in opcode=text fin=1 rsv=0 masked=1 len=5$'
	logged 'frame dir=out opcode=text fin=1 rsv=0 masked=0 len=5$'
	logged 'frame dir=out opcode=ping fin=1 rsv=0 masked=0 len=12$'
	logged 'frame dir=in opcode=pong fin=1 rsv=0 masked=1 len=12$'
	kill "$SERVER"
	logged 'frame dir=out opcode=close '
	run ! grep -E 'payload|hello' "$SERVER_LOG"
}

@test "-vv: fragments have their place and the message's size so far" {
	serve -vv --fragment=4
	wscat -N 1 "$URL" hello12345 </dev/null
	logged 'frame dir=out opcode=text fin=0 rsv=0 masked=0 len=4 fragment=1 total=4$'
	logged 'frame dir=out opcode=continuation fin=0 .* len=4 fragment=2 total=8$'
	logged 'frame dir=out opcode=continuation fin=1 .* len=2 fragment=3 total=10$'
}

@test "-vvv: payloads in hex and escaped, cut at 256 bytes; also compressed ones" {
	serve -vvv -z --log-format=json
	wscat -z -N 2 "$URL" $'a\tb' "$(printf 'x%.0s' {1..2000})" </dev/null
	logged '"event":"payload","msg":"text","dir":"in","len":3,"hex":"61 09 62","text":"a'
	logged '"event":"payload","msg":"text","dir":"out","len":3,"hex":"61 09 62"'
	logged '"event":"payload","msg":"text, cut","dir":"in","len":2000,"hex":"78( 78){255}"'
	logged '"event":"payload","msg":"close, code 1000","dir":"in"'
	run -0 "$PYTHON" "$FIXTURES/log_lines.py" check <"$SERVER_LOG"
}

@test "-vvv: where a text stops being UTF-8, and what stood before" {
	serve -vvv
	client does "$URL" utf8 || true
	logged 'payload text before the error dir=in len=1 hex=61 text=a$'
	logged 'error at byte [0-9]+ of the input'
	logged 'UTF8 a text message is not valid UTF-8: .* peer=127\.0\.0\.1 sent=1007'
}

@test "without -v nothing of this is logged, and -v changes nothing for clients" {
	serve
	run -0 wscat -N 1 "$URL" hello </dev/null
	same hello "$output"
	run ! grep -E ' head | frame | payload ' "$SERVER_LOG"
	serve -vvv --broadcast
	seq 1 2000 >"$BATS_TEST_TMPDIR/in"
	background wscat -w -1 --no-stdin "$URL"
	local receiver=$OUT
	await 'open from' "$SERVER_LOG"
	wscat "$URL" <"$BATS_TEST_TMPDIR/in"
	eventually cmp -s "$BATS_TEST_TMPDIR/in" "$receiver"
}
