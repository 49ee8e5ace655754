#!/usr/bin/env bats
# Redirects, addresses, reconnecting, and servers that are a little wrong.

load ../helper

# A server that redirects to the URL, and the next behaviour after that: FIRST and FIRST_OUT, URL and OUT.
redirect_to() { # LOCATION
	bad redirect "$1"
	FIRST=$URL FIRST_OUT=$OUT
}

@test "-L and --location follow a redirect, and not without" {
	local option
	for option in -L --location; do
		bad echo
		local second=$URL second_out=$OUT
		redirect_to "${second}a?b"
		run -0 wscat "$option" -N 1 "$FIRST" hello </dev/null
		same hello "$output"
		says '^header GET /a\?b HTTP/1.1' "$(cat "$second_out")"
	done
	redirect_to ws://127.0.0.1:9/
	run -5 --separate-stderr wscat "$FIRST" </dev/null
	says 'it redirects to ws://127.0.0.1:9/'
}

@test "a redirect may be relative to the URL" {
	bad redirect '../c?d&token=hunter2'
	run -3 --separate-stderr wscat -v -L "$URL" </dev/null
	says 'redirected to \.\./c\?d&token=\*\*\*$'
	run ! grep hunter2 <<<"$stderr"
	bad redirect '../c?d#e'
	run -3 --separate-stderr wscat -v -L "${URL}a/b" </dev/null
	says "connect 127.0.0.1:$PORT" # the fixture serves one connection
	says 'redirected to \.\./c\?d#e'
}

@test "credentials, cookies and Host are not sent to another host" {
	bad echo
	local second=$URL second_out=$OUT
	redirect_to "${second/127.0.0.1/localhost}"
	run -0 wscat -4 -L -N 1 -u me:secret -H 'Cookie: a=b' -H 'Host: x' -H 'X-Other: kept' "$FIRST" hello </dev/null
	says '^header Authorization' "$(cat "$FIRST_OUT")"
	says '^header Cookie' "$(cat "$FIRST_OUT")"
	run ! grep -E '^header (Authorization|Cookie|Host: x)' "$second_out"
	says '^header X-Other: kept' "$(cat "$second_out")"
	# To the same host they are.
	bad echo
	second_out=$OUT
	redirect_to "$URL"
	run -0 wscat -L -N 1 -u me:secret "$FIRST" hello </dev/null
	says '^header Authorization' "$(cat "$second_out")"
}

@test "--max-redirects" {
	redirect_to ws://127.0.0.1:9/
	run -5 --separate-stderr wscat -L --max-redirects=0 "$FIRST" </dev/null
	says 'more than 0 redirects'
}

@test "a redirect to a unix socket is not followed: 5" {
	start wsserve --announce --listen="unix:$BATS_TEST_TMPDIR/socket"
	local location
	for location in "ws+unix://$BATS_TEST_TMPDIR/socket" "WS+UNIX:$BATS_TEST_TMPDIR/socket"; do
		redirect_to "$location"
		run -5 --separate-stderr wscat -L "$FIRST" hello </dev/null
		same "" "$output"
		says 'unix socket is not followed'
	done
}

@test "a redirect to what is no URL: 5" {
	local location
	for location in ftp://127.0.0.1/ mailto:a@b 'javascript:alert(1)' localhost:80 unix:/x; do
		redirect_to "$location"
		run -5 --separate-stderr wscat -L "$FIRST" </dev/null
		one_line "the server redirects to '${location//[()]/.}', which is not a WebSocket URL"
	done
}

@test "--resolve connects to another address, and keeps the name" {
	bad echo
	run -0 wscat -N 1 --resolve="host.invalid:$PORT:127.0.0.1" "ws://host.invalid:$PORT/" hello </dev/null
	same hello "$output"
	says "^header Host: host.invalid:$PORT" "$(cat "$OUT")"
	bad echo
	run -0 wscat -N 1 --resolve="*:*:127.0.0.1" "ws://other.invalid:$PORT/" hello </dev/null
	for wrong in a a:b a:1 a:1:name :1:127.0.0.1; do
		run -2 --separate-stderr wscat --resolve="$wrong" "$URL"
		usage_line "'$wrong' is not HOST:PORT:ADDRESS"
	done
}

@test "-4, -6, --ipv4 and --ipv6: addresses of one family" {
	serve
	for option in -4 --ipv4; do
		run -0 wscat "$option" -N 1 "$URL" hello </dev/null
	done
	for option in -6 --ipv6; do
		run -3 --separate-stderr wscat "$option" -N 1 "$URL" hello </dev/null
		says 'it has no IPv6 address'
	done
}

@test "--interface: the address to connect from" {
	serve
	run -0 wscat --interface=127.0.0.5 -N 1 "$URL" hello </dev/null
	await '127\.0\.0\.5:' "$SERVER_LOG"
	run -2 --separate-stderr wscat --interface=nowhere "$URL"
	usage_line "'nowhere' is neither an address nor an interface of this computer"
	run -3 --separate-stderr wscat --interface=192.0.2.1 "$URL" </dev/null
}

@test "--interface: the name of one to connect through" {
	serve
	run -0 --separate-stderr wscat --interface=lo -N 1 "$URL" hello </dev/null
	same hello "$output"
	ASAN_OPTIONS=detect_leaks=0 strace -f -e trace=setsockopt -o "$BATS_TEST_TMPDIR/calls" \
		wscat --interface=lo -N 1 "$URL" hello </dev/null
	says 'SO_BINDTODEVICE, "lo"' "$(cat "$BATS_TEST_TMPDIR/calls")"
}

@test "--unix-socket connects there, and keeps the URL" {
	start wsserve --announce --listen="unix:$BATS_TEST_TMPDIR/socket" --host-allow='*'
	run -0 wscat --unix-socket="$BATS_TEST_TMPDIR/socket" -N 1 ws://example.org/ hello </dev/null
	same hello "$output"
}

@test "--lenient: line feeds, an empty subprotocol, masked frames" {
	local fault
	for fault in line-feeds empty-subprotocol; do
		bad "$fault"
		run -0 --separate-stderr wscat --lenient -N 1 -s x "$URL" </dev/null
		same hi "$output"
		bad "$fault"
		run -5 --separate-stderr wscat -N 1 -s x "$URL" </dev/null
	done
}

@test "--idle-timeout: 7" {
	serve
	run -7 --separate-stderr timeout 40 wscat --idle-timeout=200ms -w -1 "$URL" </dev/null
}

@test "--reconnect: the words are sent again, unsent input is kept" {
	local port
	port=$(free_port)
	mkfifo "$BATS_TEST_TMPDIR/in"
	exec 9<>"$BATS_TEST_TMPDIR/in"
	start wsserve -p "$port" --announce
	local first=$PID
	background wscat --reconnect --reconnect-delay=50ms -w -1 -x word "$URL" <"$BATS_TEST_TMPDIR/in"
	local client=$PID out=$OUT log=$LOG
	await '^word$' "$out"
	kill "$first"
	finished "$first"
	await 'connecting again in' "$log"
	echo line >&9
	start wsserve -p "$port" --announce
	await '^line$' "$out"
	same $'word\nword\nline' "$(cat "$out")"
	kill "$client"
	exec 9>&-
}

@test "--reconnect=MAX gives up after so many attempts in a row" {
	run -3 --separate-stderr wscat --reconnect=2 --reconnect-delay=10ms ws://127.0.0.1:9/ </dev/null
	same 2 "$(grep -c 'connecting again' <<<"$stderr")"
	same 3 "$(grep -c 'refused' <<<"$stderr")"
}

@test "--reconnect=MAX: a server that accepts each connection and fails at once ends the row of attempts too" {
	# shellcheck disable=SC2016
	serve sh -c 'kill -SEGV $$'
	run -9 --separate-stderr timeout 40 wscat --reconnect=2 --reconnect-delay=10ms -w -1 --no-stdin "$URL"
	same 2 "$(grep -c 'connecting again' <<<"$stderr")"
	logged 3 ' open from'
}

@test "--reconnect obeys Retry-After, and gives up on a 4xx and on 1008" {
	bad 503
	run -3 --separate-stderr wscat --reconnect=1 --reconnect-delay=1ms "$URL" </dev/null
	says 'connecting again in 1.* s'
	bad 404
	run -5 --separate-stderr wscat --reconnect "$URL" </dev/null
	bad close 1008
	run -9 --separate-stderr wscat --reconnect -w -1 "$URL" </dev/null
}

# The line before each "connecting again" says why.
# shellcheck disable=SC2154
cause_first() { # REGEX
	grep -B1 'connecting again' <<<"$stderr" | head -n 1 | grep -qE -e "$1" || {
		echo "$stderr" >&2
		return 1
	}
}

@test "--reconnect: the cause comes before the line that says when" {
	local case
	for case in 'reset:connection .*1006' 'close 1001:closed by the server: 1001' \
		'close 1011 broken:closed by the server: 1011' '503:HTTP status 503' 'mute:no message came within'; do
		# shellcheck disable=SC2086 # a scenario and its arguments
		bad ${case%%:*}
		run --separate-stderr timeout 40 wscat --reconnect=1 --reconnect-delay=1ms --idle-timeout=300ms \
			-w -1 --no-stdin "$URL"
		cause_first "${case#*:}"
		same 1 "$(grep -cE -e "${case#*:}" <<<"$stderr")"
	done
}
