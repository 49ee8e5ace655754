#!/usr/bin/env bats
# npm's wscat and ours with the same command line, against the same server: what it sees is the same.
# The differences that are known are left out here, and are in the manual under COMING FROM.

# shellcheck disable=SC2016 # other shells expand it
load ../helper
load ../certificates
load ../proxies

setup() {
	need_npm_wscat
	mkfifo "$BATS_TEST_TMPDIR/hold"
	exec 8<>"$BATS_TEST_TMPDIR/hold"
}

# npm's wscat ends with its standard input, ours reads on.
npm() {
	timeout -k 5 20 node "$NPM_WSCAT" "$@" <&8
}

own() {
	timeout -k 5 20 wscat "$@" </dev/null
}

# What the server saw: request line, headers in any order, messages, close code. npm's wscat offers
# permessage-deflate by default, and closes without a code.
seen() {
	await 'end|reset' "$OUT"
	{
		grep '^header GET' "$OUT"
		grep '^header' "$OUT" | grep -v '^header GET' | grep -vi '^header sec-websocket-\(key\|extensions\)' |
			sed 's/^header \([^:]*\): */header \L\1\E: /' | sort
		grep '^\(text\|binary\|close\) ' "$OUT" | sed 's/close 1005 /close 1000 /'
	} | sed "s/127\.0\.0\.1:$PORT/SERVER/"
}

# Both with the same arguments; URL in them is the server's.
both() { # ARGUMENT...
	local theirs
	bad agree
	npm "${@//URL/$URL}" >/dev/null 2>&1
	theirs=$(seen)
	bad agree
	own "${@//URL/$URL}" >/dev/null 2>&1
	same "$theirs" "$(seen)"
	says '^text 5 hello$' "$theirs"
}

@test "-c -x -w: messages, request and close code" {
	both -c URL -x hello -w 1
	both --connect URLa/b?c=d --execute hello --execute two --wait 1
}

@test "-H, --header, -o and --host" {
	both -c URL -x hello -w 1 -H 'X-One: 1' -H X-Two:2
	both -c URL -x hello -w 1 --header 'Authorization: Bearer t' --origin http://example.org
	both -c URL -x hello -w 1 -o http://example.org --host example.org
}

@test "-s, -p and --auth" {
	both -c URL -x hello -w 1 -s one
	both -c URL -x hello -w 1 --subprotocol one -p 13
	both -c URL -x hello -w 1 --auth me:secret
}

@test "-n, --no-color, -P, --slash and -L make no difference to the request" {
	both -n -c URL -x hello -w 1
	both --no-check --no-color -P --slash -c URL -x hello -w 1
	both --show-ping-pong -L --max-redirects 5 -c URL -x hello -w 1
}

@test "-L follows a redirect, --max-redirects limits it" {
	local program second second_out
	for program in npm own; do
		bad agree
		second=$URL second_out=$OUT
		bad redirect "${second}next"
		"$program" -L -c "$URL" -x hello -w 1
		await '^text 5 hello' "$second_out"
		says '^header GET /next' "$(cat "$second_out")"
		bad redirect ws://127.0.0.1:9/
		run "$program" -L --max-redirects 0 -c "$URL" -x hello -w 1
		says 'redirect' "$output"
	done
}

@test "--ca, --cert, --key, --passphrase: a server that asks for a certificate" {
	local program
	make_certificates "$BATS_TEST_TMPDIR"
	cd "$BATS_TEST_TMPDIR"
	openssl pkcs8 -topk8 -in client.key -out locked.key -passout pass:open 2>/dev/null
	serve --tls --cert=server.pem --key=server.key --client-ca=ca.pem
	for program in npm own; do
		"$program" --ca ca.pem --cert client.pem --key locked.key --passphrase open \
			-c "wss://localhost:$PORT/" -x "$program" -w 1
		await 'close by the client.* 1 message' "$SERVER_LOG"
	done
	logged 2 'close by the client.* 1 message'
}

@test "--proxy: through the same tunnel" {
	local program
	tinyproxy_runs
	serve
	for program in npm own; do
		"$program" --proxy "http://$PROXY" -c "$URL" -x hello -w 1
	done
	eventually eval '(($(grep -c "close by the client" "$SERVER_LOG") == 2))'
}

@test "-l: each program listens, the other connects" {
	local port
	port=$(free_port)
	background node "$NPM_WSCAT" -l "$port" <&8
	eventually eval 'own -x hello -w 0 "127.0.0.1:$port" >/dev/null 2>&1'
	await 'hello' "$OUT"
	background wscat -l 0 <&8
	await 'listening on' "$LOG"
	npm -c "$(sed -n 's/^wscat: listening on //p' "$LOG")" -x hello -w 1
	await '^hello$' "$OUT"
}
