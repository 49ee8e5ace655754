#!/usr/bin/env bats
# wsserve behind nginx, a common proxy.

load ../cli/helper
load nginx

# Starts nginx as a proxy for wsserve; URL is nginx's.
proxied() { # WSSERVE-OPTION...
	serve "$@"
	nginx_serves <<-CONF
		location /ws {
			proxy_pass http://127.0.0.1:$PORT;
			proxy_http_version 1.1;
			proxy_set_header Upgrade \$http_upgrade;
			proxy_set_header Connection "upgrade";
			proxy_set_header Host \$http_host;
			proxy_set_header X-Forwarded-For \$proxy_add_x_forwarded_for;
		}
		location /forgotten {
			proxy_pass http://127.0.0.1:$PORT;
		}
		location / {
			root $FIXTURES;
		}
	CONF
	URL=ws://127.0.0.1:$PORT/ws
	eventually curl -sf -o "$BATS_TEST_TMPDIR/probe" "http://127.0.0.1:$PORT/page.html"
}

@test "two hundred thousand lines through nginx" {
	proxied
	run -0 bash -c "seq 1 200000 | wscat '$URL' | cmp - <(seq 1 200000)"
}

@test "twenty megabytes of bytes through nginx" {
	proxied
	head -c 20000000 /dev/urandom >"$BATS_TEST_TMPDIR/bytes"
	wscat -b "$URL" <"$BATS_TEST_TMPDIR/bytes" | cmp - "$BATS_TEST_TMPDIR/bytes"
}

@test "messages of 1 MiB stay complete through nginx" {
	proxied
	head -c 1048576 /dev/zero | tr '\0' x >"$BATS_TEST_TMPDIR/line"
	wscat -N 1 "$URL" "@$BATS_TEST_TMPDIR/line" </dev/null | head -c 1048576 |
		cmp - "$BATS_TEST_TMPDIR/line"
}

@test "close codes go through nginx" {
	proxied --idle-timeout=200ms
	run -0 --separate-stderr wscat -v -w -1 "$URL" </dev/null
	says 'closed by the server: 1001'
}

@test "an nginx that does not forward the upgrade: 5, and the server's response" {
	proxied
	run -5 --separate-stderr wscat "${URL%ws}forgotten" </dev/null
	says 'HTTP status 505'
	says 'HTTP version is not 1\.1'
}

@test "an nginx without its upstream server: 5 and 502" {
	proxied
	kill "$SERVER"
	finished "$SERVER"
	run -5 --separate-stderr wscat "$URL" </dev/null
	says 'HTTP status 502'
}

@test "the client's address from nginx's header counts, the client's own header does not" {
	proxied --trust-proxy=127.0.0.1 --deny=127.0.0.2 --sameorigin
	local asked=(curl -sS --max-time 2 -o "$BATS_TEST_TMPDIR/answer" -w '%{http_code}'
		-H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13'
		-H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' -H 'X-Forwarded-For: 192.0.2.1'
		-H "Origin: http://127.0.0.1:$PORT" "${URL/ws:/http:}")
	run "${asked[@]}"
	says '^101' "$output"
	await 'open from 192\.0\.2\.1 by way of 127\.0\.0\.1' "$SERVER_LOG"
	run "${asked[@]}" --interface 127.0.0.2
	says '^403' "$output"
	await 'ADDRESS_REFUSED .*from 127\.0\.0\.2 by way of 127\.0\.0\.1' "$SERVER_LOG"
	run "${asked[@]}" -H 'Origin: https://evil.example'
	says '^400' "$output"
}

@test "docs/debugging.md: the configuration as it is printed, and a page of the same name before a program" {
	serve --path=/ws --host-allow=example.org cat
	local backend=$PORT config=$BATS_TEST_TMPDIR/location
	sed -n '/^nginx, inside/,/^    }/ s/^        //p' "$ROOT/docs/debugging.md" |
		sed "/^listen\|^\$/d; s/127.0.0.1:8080/127.0.0.1:$backend/" >"$config"
	says '^location /ws' "$(cat "$config")"
	nginx_serves <"$config"
	eventually curl -s -o "$BATS_TEST_TMPDIR/probe" "http://127.0.0.1:$PORT/ws"
	run -0 --separate-stderr wscat -1 --resolve="example.org:$PORT:127.0.0.1" --origin="http://example.org:$PORT" \
		"ws://example.org:$PORT/ws" hello
	same hello "$output"
	run -5 --separate-stderr wscat -1 --resolve="example.org:$PORT:127.0.0.1" --origin=http://other.example \
		"ws://example.org:$PORT/ws" hello
}
