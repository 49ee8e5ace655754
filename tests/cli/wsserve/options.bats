#!/usr/bin/env bats
# How options are written: as websocketd's users do, with mistakes, with a place to listen that is none.

load ../helper

@test "--flag=true and --flag=false, as in websocketd; the last one counts" {
	serve --devconsole=true --sameorigin=false --binary=true cat
	run -0 curl -sS "http://127.0.0.1:$PORT/"
	says '<title>' "$output"
	run -0 --separate-stderr wscat -N 1 --jsonl "$URL" hello </dev/null
	says '"type":"binary"' "$output"
	run -0 --separate-stderr wsserve --tls=true --tls=false --echo=no --version
	run -2 --separate-stderr wsserve --devconsole=maybe
	one_line "option '--devconsole' takes no value"
}

@test "--flag=false on the command line overrides the file" {
	echo 'devconsole = true' >"$BATS_TEST_TMPDIR/conf"
	serve --config="$BATS_TEST_TMPDIR/conf" --devconsole=false
	run -0 curl -sS -o /dev/null -w '%{http_code}' "http://127.0.0.1:$PORT/"
	same 426 "$output"
}

@test "a long name with one dash is explained, not taken for letters: 2" {
	local word
	for word in -port=8080 -port -address=127.0.0.1 -staticdir=. -tls -help; do
		run -2 --separate-stderr wsserve "$word"
		says "option '$word': a long name takes two dashes, as in '-$word'" "$stderr"
	done
}

@test "options of other programs are answered with ours: 2" {
	local name words
	while IFS='|' read -r name words; do
		run -2 --separate-stderr wsserve "--$name=x"
		says "unknown option '--$name'.*$words" "$stderr"
	done <<-'END'
		uds|--listen=unix:PATH
		redirport|proxy
		reverselookup|REMOTE_HOST
		cgidir|--dir
		license|LICENSE
		bind|--address
		tls-cert|--cert
		max-payload|--max-message-size
		connections|--max-connections
	END
}

@test "an optional argument after a blank is not taken for the COMMAND: 2" {
	local words
	for words in '-z level=1' '--announce 3' '--health /status' '--metrics /m'; do
		# shellcheck disable=SC2086 # two words
		run -2 --separate-stderr timeout 40 wsserve -p 0 $words
		says ": write --[a-z]*=${words##* }\$" "$stderr"
	done
	serve --health cat
	run -0 --separate-stderr wscat -N 1 "$URL" hello </dev/null
	same hello "$output"
}

@test "--address may be repeated: it listens on all of them" {
	serve --address=127.0.0.1 --address=127.0.0.2 --address='[::1]'
	local url
	same 3 "$(grep -c '^listening ws://' "$OUT")"
	grep -q '^listening ws://127\.0\.0\.2:' "$OUT"
	grep -q '^listening ws://\[::1\]:' "$OUT"
	while read -r _ url; do
		run -0 --separate-stderr wscat -N 1 "$url" hello </dev/null
		same hello "$output"
	done <"$OUT"
}

@test "a place to listen that cannot be read: 2, and why" {
	local where
	for where in --listen=nonsense --listen=127.0.0.1:x --listen=127.0.0.1:70000 --listen=::1:80 \
		--listen=unix: --listen=fd:x --listen=fd: --listen= --admin=9090x --admin=127.0.0.1; do
		run -2 --separate-stderr timeout 40 wsserve "$where"
		says 'cannot listen on' "$stderr"
	done
}

@test "--origin=HOST: that host on any port, as in websocketd" {
	serve --origin=app.example,exact.example:8000
	local origin
	for origin in http://app.example https://app.example:8443 http://app.example:3000 \
		http://exact.example:8000; do
		run -0 ask "$PORT" / "Origin: $origin"
		says '^HTTP/1.1 101' "$output"
	done
	for origin in http://exact.example http://exact.example:8001 http://xapp.example:3000; do
		run -0 ask "$PORT" / "Origin: $origin"
		says '^HTTP/1.1 403' "$output"
	done
}

@test "--proxy agrees to the subprotocol binary, which websockify's clients ask for" {
	serve
	local target=127.0.0.1:$PORT
	serve --proxy="tcp:$target"
	run -0 ask "$PORT" / 'Sec-WebSocket-Protocol: base64, binary'
	says '^Sec-WebSocket-Protocol: binary' "$output"
	serve --proxy="tcp:$target" --subprotocol=own --require-protocol
	run -0 ask "$PORT" / 'Sec-WebSocket-Protocol: binary'
	says '^Sec-WebSocket-Protocol: binary' "$output"
	run -0 ask "$PORT" / 'Sec-WebSocket-Protocol: own'
	says '^Sec-WebSocket-Protocol: own' "$output"
}

@test "a program's lines may end in CR LF, as in websocketd" {
	serve printf 'one\r\ntwo\nthree\r\n\r\nlast\r'
	run -0 --separate-stderr bash -c "wscat --wait=-1 --jsonl '$URL' </dev/null | grep '\"text\"' | sed 's/.*\"data\"://'"
	same $'"one"}\n"two"}\n"three"}\n""}\n"last"}' "$output"
}

@test "--oneshot is not spent by probes, plain requests and refused upgrades" {
	serve --oneshot --health --origin=https://a.example
	"$PYTHON" -c 'import socket, sys; socket.create_connection(("127.0.0.1", int(sys.argv[1]))).close()' "$PORT"
	run -0 curl -sS "http://127.0.0.1:$PORT/health"
	run -0 ask "$PORT" / 'Origin: https://b.example'
	says '^HTTP/1.1 403' "$output"
	run -0 --separate-stderr wscat -N 1 -o https://a.example "$URL" hello </dev/null
	same hello "$output"
	finished "$SERVER"
}
