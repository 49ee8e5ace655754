#!/usr/bin/env bats
# Errors: one clear line on standard error, nothing on standard output, and the exit status of the
# manual.

load ../helper

# wscat with a server of that scenario ends with STATUS and one line that matches.
ends() { # STATUS SCENARIO REGEX [OPTION]...
	local status=$1 scenario=$2 regex=$3
	shift 3
	bad "$scenario"
	run "-$status" --separate-stderr wscat "$@" "$URL" </dev/null
	one_line "$regex"
}

# --- usage ---

@test "an invalid port: 2" {
	local port
	for port in 99999 65536 -1 x ''; do
		run -2 --separate-stderr wsserve -p "$port"
		usage_line '(-p|--port).*'
	done
}

@test "an unknown option: 2, with the most similar one" {
	run -2 --separate-stderr wscat --binray ws://127.0.0.1:9/
	usage_line "'--binray'.*--binary"
	run -2 --separate-stderr wsserve --anounce
	usage_line "'--anounce'.*--announce"
	run -2 --separate-stderr wscat -Q ws://127.0.0.1:9/
	usage_line "'?-?Q"
}

@test "abbreviated options are refused, with the full name" {
	run -2 --separate-stderr wscat --bin ws://127.0.0.1:9/
	usage_line "'--bin'"
	run -2 --separate-stderr wsserve --announc
	usage_line "'--announc'.*--announce"
}

@test "a missing argument, and an argument for an option without one: 2" {
	run -2 --separate-stderr wscat ws://127.0.0.1:9/ --origin
	usage_line --origin
	run -2 --separate-stderr wscat ws://127.0.0.1:9/ --text=loud
	usage_line --text
}

@test "invalid numbers, sizes and durations: 2" {
	local option
	for option in --wait=x --wait=1y --timeout=-1 --count=1.5 --max-message-size=1Q --ping-interval=; do
		run -2 --separate-stderr wscat "$option" ws://127.0.0.1:9/
		usage_line "${option%%=*}"
	done
}

@test "no URL: 2" {
	run -2 --separate-stderr wscat
	usage_line URL
}

@test "an invalid URL: 2, and the reason" {
	local url
	for url in ws:// ws:///path ws://:80/ ftp://example.org/ ws://host:99999/ ws://host:x/ \
		'ws://ho st/' 'ws://host/#fragment' 'ws://[::1/' ws+unix:; do
		run -2 --separate-stderr wscat "$url"
		usage_line 'is not a WebSocket URL: ..'
	done
}

@test "wsserve refuses unknown words" {
	run -2 --separate-stderr wsserve -p 0 --listen=127.0.0.1:0
	usage_line --listen
	run -2 --separate-stderr wsserve --loglevel=loud
	usage_line 'debug.*error'
	run -2 --separate-stderr wsserve --shutdown-code=1006
	usage_line 'close code'
}

# --- listening ---

@test "a port in use: 1, and its number" {
	serve
	run -1 --separate-stderr wsserve -p "$PORT"
	one_line "127.0.0.1:$PORT: Address already in use"
}

@test "an address of another machine, an unknown name: 1" {
	run -1 --separate-stderr wsserve -p 0 -a 192.0.2.1
	one_line '192\.0\.2\.1:0: Cannot assign'
	run -2 --separate-stderr wsserve --listen=127.0.0.1
	usage_line ADDRESS:PORT
	run -1 --separate-stderr wsserve --listen=fd:77
	one_line 'fd:77: not a listening socket'
}

# --- connecting ---

@test "a refused connection: 3, with the address" {
	serve
	kill "$SERVER"
	finished
	run -3 --separate-stderr wscat "$URL" </dev/null
	one_line "127\.0\.0\.1.*$PORT.*refused"
}

@test "a missing unix socket: 3" {
	run -3 --separate-stderr wscat "ws+unix:$BATS_TEST_TMPDIR/none" </dev/null
	one_line "$BATS_TEST_TMPDIR/none.*No such file"
}

@test "an unknown host name: 3" {
	run -3 --separate-stderr wscat ws://no-such-host.invalid/ </dev/null
	one_line 'no-such-host\.invalid'
}

@test "no answer to the upgrade: 7, after --connect-timeout" {
	local begun
	begun=$(date +%s%N)
	ends 7 silent 'the upgrade was not finished within 200 ms' --connect-timeout=200ms
	# Nor is the end of the stream waited for.
	(($(date +%s%N) - begun < 30000000000))
}

# --- refused ---

@test "404 instead of 101: 5, the status and the start of the body" {
	bad 404
	run -5 --separate-stderr wscat "$URL" </dev/null
	same "" "$output"
	same 3 "${#stderr_lines[@]}"
	says 'refused the upgrade: HTTP status 404 Not Found$'
	says '  nothing here$'
	says '  but a second line$'
}

@test "401 without a body: 5, one line" {
	ends 5 401 'HTTP status 401 Unauthorized'
}

@test "401: the options that give credentials, or that these were refused" {
	ends 5 401 '401 Unauthorized .it wants credentials: --auth=USER:PASSWORD or --bearer=TOKEN.$'
	ends 5 401 '401 Unauthorized .it does not accept the credentials that were given.$' --auth=a:b
	bad 401
	run -5 --separate-stderr wsbench -c 1 -d 1 "$URL"
	says '401 .it wants credentials: --auth'
}

@test "a redirect: 5, and its target" {
	bad 301
	run -5 --separate-stderr wscat "$URL" </dev/null
	same 2 "${#stderr_lines[@]}"
	says 'HTTP status 301'
	says 'ws://elsewhere.example/'
}

@test "a page instead of 101: 5, its control characters escaped" {
	bad 200
	run -5 --separate-stderr wscat "$URL" </dev/null
	says 'HTTP status 200 OK'
	says '<html>'
	run ! grep -q $'\e' <<<"$stderr"
}

@test "a server of another protocol: 5" {
	ends 5 not-http 'HTTP'
	ends 5 not-http 'the server does not speak HTTP, but SMTP or FTP .RFC 9112 2\.2.$'
	ends 5 ssh 'the server does not speak HTTP, but SSH .RFC'
	ends 5 greeting "the server does not speak HTTP: it sent 'hello, who is there\?' .RFC"
	ends 5 tls-alert 'the server speaks TLS at this port: write wss:// .RFC'
	bad ssh
	run -10 --separate-stderr wscat --check "$URL"
	[[ $output =~ upgrade.*SSH ]]
	bad ssh
	run -5 --separate-stderr wsbench -c 1 -d 1 "$URL"
	says 'does not speak HTTP, but SSH'
}

@test "a 101 without a required header: 5, and its name" {
	ends 5 no-upgrade 'Upgrade header.*RFC 6455 4\.1'
	ends 5 no-connection 'Connection header.*RFC 6455 4\.1'
	ends 5 no-accept 'lacks Sec-WebSocket-Accept.*RFC 6455 4\.1'
}

@test "a subprotocol or an extension that was not offered: 5" {
	ends 5 subprotocol 'subprotocol that was not offered.*RFC 6455 4\.1'
	ends 5 subprotocol 'subprotocol that was not offered.*RFC 6455 4\.1' -s v2.chat
	ends 5 extension 'extension that was not offered.*RFC 6455 4\.1'
}

@test "wrong accept keys: 5, with the name of each known mistake" {
	local known='Sec-WebSocket-Accept does not fit our key .RFC 6455 4\.1.'
	ends 5 accept=guid-first "$known: the GUID was put before the key"
	ends 5 accept=no-guid "$known: .*without the GUID"
	ends 5 accept=no-key "$known: .*without the key"
	ends 5 accept=lower-guid "$known: .*lower case"
	ends 5 accept=decoded-key "$known: .*decoded from base64"
	ends 5 accept=line-feed "$known: .*line feed"
	ends 5 accept=line-end "$known: .*line end"
	ends 5 accept=space "$known: .*space"
	ends 5 accept=the-key "$known: .*key itself"
	ends 5 accept=hex "$known: .*in hex"
	ends 5 accept=hex-base64 "$known: .*hex digits"
	ends 5 accept=no-padding "$known: .*padding"
	ends 5 accept=empty "$known: .*empty"
	ends 5 accept=other "$known\$"
}

# --- lost ---

@test "an end of the stream without a close frame: 8" {
	ends 8 gone '1006'
}

@test "a reset: 8" {
	ends 8 reset 'reset.*1006'
}

@test "an end in the middle of a message: 8, and no part of it is printed" {
	ends 8 half '1006'
}

@test "an end before the response to the upgrade: 8" {
	ends 8 hang-up 'before the upgrade'
}

# --- protocol errors ---

@test "violations: 6, with rule and section" {
	ends 6 masked "a server's frame is masked .RFC 6455 5\.1."
	ends 6 rsv 'reserved bit.*RFC 6455 5\.2'
	ends 6 opcode 'opcode is reserved.*RFC 6455 5\.2'
	ends 6 long-form 'shortest form.*RFC 6455 5\.2'
	ends 6 top-bit 'top bit.*RFC 6455 5\.2'
	ends 6 utf8 'UTF-8.*RFC 6455 8\.1'
	ends 6 ping-fragment 'control frame is fragmented.*RFC 6455 5\.5'
	ends 6 ping-long '125 bytes.*RFC 6455 5\.5'
	ends 6 stray-continuation 'without a message.*RFC 6455 5\.4'
	ends 6 interleaved 'inside a fragmented.*RFC 6455 5\.4'
	ends 6 close-short 'single byte.*RFC 6455 5\.5\.1'
	ends 6 close-1005 'close code.*RFC 6455 7\.4'
	ends 6 close-utf8 'reason.*UTF-8.*RFC 6455 5\.5\.1'
}

@test "the server gets the close code of its violation" {
	bad masked
	run -6 wscat "$URL" </dev/null
	await '^close 1002' "$OUT"
	bad utf8
	run -6 wscat "$URL" </dev/null
	await '^close 1007' "$OUT"
}

@test "messages before a violation are printed" {
	bad after-good
	run -6 --separate-stderr wscat "$URL" </dev/null
	same good "$output"
	says 'byte [0-9]+: .*reserved bit'
}

@test "a message above --max-message-size: 1 and 1009, before it is complete" {
	bad huge
	run -1 --separate-stderr wscat --max-message-size=1M "$URL" </dev/null
	one_line 'larger than'
	await '^close 1009' "$OUT"
}

@test "a full disk: 1" {
	[[ -w /dev/full ]] || skip "there is no /dev/full"
	serve
	run -1 --separate-stderr bash -c "wscat -w 0.5 '$URL' hello </dev/null >/dev/full"
	one_line 'standard output: No space left'
}
