#!/usr/bin/env bats
# WebSockets, and other requests, over HTTP/2 (RFC 8441): by ALPN over TLS, by prior knowledge on plain
# TCP. Peers that keep no rule are in http2-hostile.bats.

load ../helper
load ../certificates

setup_file() {
	make_certificates "$BATS_FILE_TMPDIR"
}

setup() {
	need_http2
	CA=$BATS_FILE_TMPDIR/ca.pem
}

tls_url() {
	echo "wss://localhost:$PORT/"
}

# The fields of h2=CONN/STREAM in the log's lines of an event.
streams_of() { # EVENT
	grep -oE "$1.* h2=[^ ]+" "$SERVER_LOG" | sed 's/.* h2=//'
}

@test "auto: TLS agrees on HTTP/2, and a WebSocket is a stream of it" {
	serve_tls
	same hello "$(wscat --http2=auto --ca="$CA" "$(tls_url)" hello -1)"
	await ' open .* h2=[^ /]+-1/1( |$)' "$SERVER_LOG"
	run openssl s_client -connect "127.0.0.1:$PORT" -alpn h2 </dev/null
	says '^ALPN protocol: h2' "$output"
	same hello "$(wscat --ca="$CA" "$(tls_url)" hello -1)"
}

@test "off: it is never spoken, and a client that asks for it is answered over HTTP/1.1" {
	serve_tls --http2=off
	run --separate-stderr wscat --http2=auto --ca="$CA" "$(tls_url)" hello -1
	same hello "$output"
	says 'HTTP/2 was not agreed on: connected over HTTP/1.1'
	run openssl s_client -connect "127.0.0.1:$PORT" -alpn h2 </dev/null
	says 'no application protocol' "$output"
}

@test "prior: both versions of HTTP are spoken on one port of plain TCP" {
	serve --http2=prior
	same hello "$(wscat --http2=prior "$URL" hello -1)"
	same hello "$(wscat "$URL" hello -1)"
	await ' open .* h2=' "$SERVER_LOG"
	same 1 "$(streams_of ' open ' | wc -l)"
	# Without it the server takes the preface for a request that it does not know.
	serve
	run ! --separate-stderr wscat --http2=prior "$URL" hello -1
	says 'the server did not answer in HTTP/2, which --http2=prior begins with'
}

@test "messages of every size come back over a stream, compressed or not, byte by byte" {
	serve_tls --compress --max-message-size=2M
	for size in 0 1 125 126 65535 65536 1048576; do
		head -c "$size" /dev/urandom >"$BATS_TEST_TMPDIR/sent"
		for compress in "" --compress; do
			# shellcheck disable=SC2086
			wscat --http2=auto $compress --ca="$CA" "$(tls_url)" -1 -b -x "@$BATS_TEST_TMPDIR/sent" \
				>"$BATS_TEST_TMPDIR/received"
			cmp "$BATS_TEST_TMPDIR/sent" "$BATS_TEST_TMPDIR/received"
		done
	done
}

@test "subprotocols, origins and passwords are judged as over HTTP/1.1" {
	serve --http2=prior --subprotocol=chat --origin=https://a.example --auth=me:secret
	run --separate-stderr wscat --http2=prior -v -o https://a.example -s chat -u me:secret "$URL" hello -1
	same hello "$output"
	says 'HTTP/2, stream 1'
	says 'sec-websocket-protocol: chat'
	run -5 --separate-stderr wscat --http2=prior -o https://a.example "$URL" hello -1
	says 'status 401'
	run -5 --separate-stderr wscat --http2=prior -o https://b.example -u me:secret "$URL" hello -1
	says 'status 403'
}

@test "requests that are no WebSockets get the same files, health, metrics and refusals" {
	mkdir "$BATS_TEST_TMPDIR/www"
	head -c 3000000 /dev/urandom >"$BATS_TEST_TMPDIR/www/large"
	serve --http2=prior --staticdir="$BATS_TEST_TMPDIR/www" --health --metrics
	url=http://127.0.0.1:$PORT
	curl -sS --http2-prior-knowledge "$url/large" -o "$BATS_TEST_TMPDIR/large" -w '%{http_version} %{http_code}\n' \
		>"$BATS_TEST_TMPDIR/codes"
	cmp "$BATS_TEST_TMPDIR/www/large" "$BATS_TEST_TMPDIR/large"
	same '2 200' "$(cat "$BATS_TEST_TMPDIR/codes")"
	for path in health metrics nothing; do
		curl -sS --http2-prior-knowledge "$url/$path" -o /dev/null -w '%{http_version} %{http_code} '
	done >"$BATS_TEST_TMPDIR/codes"
	same '2 200 2 200 2 404 ' "$(cat "$BATS_TEST_TMPDIR/codes")"
	same '2 413' "$(curl -sS --http2-prior-knowledge "$url/large" -d body -o /dev/null -w '%{http_version} %{http_code}')"
	same '2 200 0' "$(curl -sS --http2-prior-knowledge -I "$url/large" -o /dev/null -w '%{http_version} %{http_code} %{size_download}')"
	# Several on one connection.
	serve_tls --health
	url=https://localhost:$PORT/health
	run curl -sS --http2 --cacert "$CA" "$url" "$url" -o /dev/null -o /dev/null -w '%{num_connects} %{http_version}\n'
	same "$(printf '1 2\n0 2\n')" "$output"
}

@test "a request that is none, or for something else than a WebSocket, is answered" {
	serve --http2=prior
	run "$PYTHON" -S "$FIXTURES/http2.py" answers "$PORT"
	same "$(printf '%s\n' '0 status 426' '1 status 413' '2 status 501' '3 status 400' '4 status 426' \
		'5 status 400' '6 reset 1' '7 status 426' hello)" "$output"
}

@test "--max-streams and --max-connections count streams" {
	serve --http2=prior --max-streams=3
	run "$PYTHON" -S "$FIXTURES/http2.py" too_many "$PORT" 3
	same "$(printf '%s\n' hello hello hello 'goaway 1')" "$output"
	# Where the client cannot know the limit yet, its other streams go on.
	run "$PYTHON" -S "$FIXTURES/http2.py" too_early "$PORT" 3
	same "$(printf '%s\n' 'status 200' 'status 200' 'status 200' 'reset 7' 'reset 7' hello)" "$output"
	serve --http2=prior --max-connections=2
	run "$PYTHON" -S "$FIXTURES/http2.py" crowd "$PORT" 3
	same "$(printf '%s\n' hello hello 'status 503')" "$output"
}

@test "each stream is a connection for handlers: a broadcast reaches all of them, a program runs for each" {
	serve --http2=prior --broadcast
	run "$PYTHON" -S "$FIXTURES/http2.py" broadcast "$PORT" 10
	same "10 heard hello" "$output"
	# shellcheck disable=SC2016 # for the program
	serve --http2=prior -- sh -c 'read -r line; echo "$line from $$"'
	run "$PYTHON" -S "$FIXTURES/http2.py" programs "$PORT" 3
	same 3 "$(sort -u <<<"$output" | grep -c '^hello from [0-9]*$')"
}

@test "draining: GOAWAY, and a close frame with 1001 on each stream" {
	serve --http2=prior
	background "$PYTHON" -S "$FIXTURES/http2.py" drain "$PORT" 3
	await '^open$' "$OUT"
	kill -TERM "$SERVER"
	eventually ended "$PID"
	same "$(printf '%s\n' open 1001 1001 1001 'goaway 0')" "$(cat "$OUT")"
	wait "$SERVER"
}

@test "the log has the connection and the stream, and how HTTP/2 ended; the access log the version" {
	serve --http2=prior --access-log="$BATS_TEST_TMPDIR/access" --loglevel=debug
	run "$PYTHON" -S "$FIXTURES/http2.py" cancel "$PORT"
	await ' STREAM_RESET .*\(RST_STREAM CANCEL\).* h2=[^ /]+-1/1( |$)' "$SERVER_LOG"
	await ' accept a stream h2=[^ /]+-1/1( |$)' "$SERVER_LOG"
	await '"GET / HTTP/2"' "$BATS_TEST_TMPDIR/access"
}
