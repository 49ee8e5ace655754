#!/usr/bin/env bats
# The headers of wscat's request.

load ../helper

# The request's headers of that name.
header() {
	sed -n "s/^header $1: //p" "$OUT"
}

ask() {
	bad echo
	wscat -w 0 "$@" "$URL" </dev/null
	await '^end' "$OUT"
}

@test "the request has the headers that the RFC requires, and no more" {
	ask
	same "header GET / HTTP/1.1|header Host: 127.0.0.1:$PORT|header Upgrade: websocket|header Connection: Upgrade|header Sec-WebSocket-Version: 13|" \
		"$(grep ^header "$OUT" | grep -v Sec-WebSocket-Key | tr '\n' '|')"
	run -0 header Sec-WebSocket-Key
	[[ $output =~ ^[A-Za-z0-9+/]{22}==$ ]]
}

@test "every connection has a key of its own" {
	ask
	local one
	one=$(header Sec-WebSocket-Key)
	ask
	[[ $one != "$(header Sec-WebSocket-Key)" ]]
}

@test "path and query are sent unchanged" {
	bad echo
	wscat -w 0 "${URL}a/b%20c?d=e&f" </dev/null
	run -0 grep '^header GET' "$OUT"
	same "header GET /a/b%20c?d=e&f HTTP/1.1" "$output"
}

@test "-H and --header add headers" {
	ask -H 'X-One: first' --header='X-Two:second' --header 'X-One: again'
	same $'first\nagain' "$(header X-One)"
	same second "$(header X-Two)"
}

@test "-H replaces a default header" {
	ask -H 'host: example.org' -H 'Sec-WebSocket-Version: 13'
	same example.org "$(header host)"
	same "" "$(header Host)"
	same 13 "$(header Sec-WebSocket-Version)"
}

@test "-H 'NAME:' removes a default header" {
	ask -H 'Host:'
	same "" "$(header Host)"
}

@test "-o and --origin" {
	ask -o http://example.org
	same http://example.org "$(header Origin)"
	ask --origin=null
	same null "$(header Origin)"
}

@test "-s and --subprotocol offer, repeated or with commas" {
	ask -s mqtt --subprotocol=v2.chat
	same "mqtt, v2.chat" "$(header Sec-WebSocket-Protocol)"
	ask -s mqtt,v2.chat
	same "mqtt, v2.chat" "$(header Sec-WebSocket-Protocol)"
}

@test "a subprotocol that the server chose is accepted" {
	bad chosen v2.chat
	run -0 wscat -N 1 -s mqtt,v2.chat "$URL" hello </dev/null
	same hello "$output"
}

@test "--auth, -u and --user, a password on the command line" {
	local option
	for option in "--auth=me:pass word" "-ume:pass word" "--user=me:pass word"; do
		ask "$option"
		same "Basic $(printf 'me:pass word' | base64)" "$(header Authorization)"
	done
}

@test "--auth from a file, from standard input, from the environment" {
	echo 'me:from a file' >"$BATS_TEST_TMPDIR/secret"
	ask --auth="@$BATS_TEST_TMPDIR/secret"
	same "Basic $(printf 'me:from a file' | base64)" "$(header Authorization)"
	SECRET='me:from env' ask --auth=env:SECRET
	same "Basic $(printf 'me:from env' | base64)" "$(header Authorization)"
	bad echo
	run -0 bash -c "printf 'me:from stdin\nhello\n' | wscat --auth=@- -N 1 '$URL'"
	same hello "$output"
	same "Basic $(printf 'me:from stdin' | base64)" "$(header Authorization)"
}

@test "--auth from a missing file: 1; from a missing variable: 2" {
	run -1 --separate-stderr wscat --auth=@/nonexistent/file ws://127.0.0.1:9/
	usage_line /nonexistent/file
	run -2 --separate-stderr env -u NOT_SET wscat --auth=env:NOT_SET ws://127.0.0.1:9/
	usage_line NOT_SET
}

@test "user and password of the URL are sent, but not in Host" {
	bad echo
	wscat -w 0 "ws://me:secret@127.0.0.1:$PORT/" </dev/null
	same "Basic $(printf me:secret | base64)" "$(header Authorization)"
	same "127.0.0.1:$PORT" "$(header Host)"
}

@test "-v shows no secret" {
	bad echo
	run -0 --separate-stderr wscat -v -w 0 --auth=me:hunter2 "$URL" </dev/null
	refute_secret hunter2
	refute_secret "$(printf me:hunter2 | base64)"
}

# shellcheck disable=SC2154
refute_secret() {
	run ! grep -F -e "$1" <<<"$stderr"
}

@test "a line end or a NUL in anything that goes into a header: 2" {
	local bad
	for bad in $'X: a\nInjected: b' $'X: a\rb' $'X\n: a' 'no colon' ': no name' 'a b: c'; do
		run -2 --separate-stderr wscat -H "$bad" ws://127.0.0.1:9/
		usage_line -
	done
	for option in -o -s -u; do
		run -2 --separate-stderr wscat "$option" $'a:b\r\nInjected: c' ws://127.0.0.1:9/
		usage_line -
	done
}

@test "a line end in a secret from a file: 2" {
	printf 'me:pass\r\nInjected: x\n' >"$BATS_TEST_TMPDIR/secret"
	run -2 --separate-stderr wscat --auth="@$BATS_TEST_TMPDIR/secret" ws://127.0.0.1:9/
	usage_line -
}

@test "a subprotocol that is not a token, or given twice: 2" {
	run -2 --separate-stderr wscat -s 'a b' ws://127.0.0.1:9/
	usage_line "'a b'"
	run -2 --separate-stderr wscat -s a,a ws://127.0.0.1:9/
	usage_line twice
}

@test "what -H offers counts as offered" {
	bad chosen v2.chat
	run -0 --separate-stderr wscat -N 1 -H 'Sec-WebSocket-Protocol: mqtt, v2.chat' "$URL" hello </dev/null
	same hello "$output"
	same "" "$stderr"
	ask -s a -H 'sec-websocket-protocol: b'
	same "b, a" "$(header Sec-WebSocket-Protocol)"
	serve -z
	run -0 --separate-stderr wscat -v -N 1 \
		-H 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits' "$URL" hello </dev/null
	says '< Sec-WebSocket-Extensions: permessage-deflate'
	run -2 --separate-stderr wscat -H 'Sec-WebSocket-Extensions: x-other' "$URL"
	usage_line 'is made by --compress'
}

@test "-H Sec-WebSocket-Key is sent, and the accept is checked against it" {
	bad echo
	run -0 wscat -N 1 -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' "$URL" hello </dev/null
	same hello "$output"
	same 'dGhlIHNhbXBsZSBub25jZQ==' "$(header Sec-WebSocket-Key)"
}

@test "there is one Authorization and one Origin, and -H wins" {
	ask -u me:secret -H 'authorization: Basic other' -o http://a -H 'Origin: http://b'
	same "header authorization: Basic other" "$(grep -i '^header authorization' "$OUT")"
	same "http://b" "$(header Origin)"
}

@test "a user without a password, in the URL and in -u" {
	bad echo
	wscat -w 0 "ws://me@127.0.0.1:$PORT/" </dev/null
	same "Basic $(printf 'me:' | base64)" "$(header Authorization)"
	bad echo
	run -0 --separate-stderr setsid -w wscat -w 0 -u me "$URL" </dev/null # nothing is asked
	one_line 'no terminal to ask for the password of me: an empty one is sent .USER:PASSWORD'
	same "Basic $(printf 'me:' | base64)" "$(header Authorization)"
}

@test "--bearer, from a file too, and not with --auth" {
	echo s3cret >"$BATS_TEST_TMPDIR/token"
	ask --bearer="@$BATS_TEST_TMPDIR/token"
	same "Bearer s3cret" "$(header Authorization)"
	run -2 --separate-stderr wscat --bearer=x --auth=a:b ws://127.0.0.1:9/
	usage_line '--auth and --bearer exclude each other'
	run -2 --separate-stderr wscat --bearer= ws://127.0.0.1:9/
	usage_line "option '--bearer': it is empty"
}

@test "--user-agent and --host" {
	ask -A curl/8 --host=example.org
	same curl/8 "$(header User-Agent)"
	same example.org "$(header Host)"
}

@test "-v shows our request, without secrets" {
	bad echo
	run -0 --separate-stderr wscat -v -w 0 -H 'Cookie: id=hunter2' -H 'X-Long: '"$(printf '%5000s' '' | tr ' ' x)" \
		"$URL" </dev/null
	says '> GET / HTTP/1.1'
	says '> Cookie: \[not shown\]'
	says '> X-Long: x{5000}$'
	bad echo
	run -0 --separate-stderr wscat -v -w 0 "$URL?token=hunter2&a=token=1&token=&b" </dev/null
	says '> GET /\?token=\*\*\*&a=token=1&token=\*\*\*&b HTTP/1.1$'
	bad echo
	run -0 --separate-stderr wscat -J -w 0 "$URL?token=hunter2" </dev/null
	says '"url":"ws://[^"]*/\?token=\*\*\*"' "$output"
	run ! grep -q hunter2 <<<"$output$stderr"
	[[ $stderr != *hunter2* ]]
}

@test "what the server did not choose is said" {
	bad echo
	run -0 --separate-stderr wscat -N 1 -s mqtt -z "$URL" hello </dev/null
	same hello "$output"
	says 'the server chose no subprotocol, though mqtt was offered'
	says 'the server declined compression'
	bad echo
	run -0 --separate-stderr wscat -q -N 1 -s mqtt -z "$URL" hello </dev/null
	same "" "$stderr"
}
