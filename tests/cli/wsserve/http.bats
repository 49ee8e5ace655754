#!/usr/bin/env bats
# Plain HTTP beside WebSockets: files, health, the console's page, --admin and /connections.

load ../helper

get() { # PATH [ARGUMENT OF curl]...
	curl -sS --max-time 20 --path-as-is "${@:2}" "http://127.0.0.1:$PORT$1"
}

# Sends these bytes, with printf's escapes, and prints what comes.
raw() { # BYTES
	local answer
	exec 5<>"/dev/tcp/127.0.0.1/$PORT"
	printf '%b' "$1" >&5
	answer=$(timeout 40 cat <&5 | tr -d '\r')
	exec 5>&-
	printf '%s\n' "$answer"
}

status() { # STATUS PATH [ARGUMENT OF curl]...
	same "$1" "$(get "$2" -o "$BATS_TEST_TMPDIR/body" -w '%{http_code}' "${@:3}")"
}

# The port of --admin, in ADMIN.
admin() {
	await 'listen on http://127\.0\.0\.1:[0-9]+/ \(admin\)' "$SERVER_LOG"
	ADMIN=$(admin_port)
}

files() {
	DIR=$BATS_TEST_TMPDIR/www
	mkdir -p "$DIR/sub/deep" "$DIR/empty" "$DIR/.well-known"
	printf '<p>top' >"$DIR/index.html"
	printf 'sub' >"$DIR/sub/index.html"
	printf 'a b' >"$DIR/sub/a b.txt"
	printf 'x' >"$DIR/sub/deep/x.js"
	printf 'secret' >"$DIR/.env"
	printf 'known' >"$DIR/.well-known/k"
	: >"$DIR/nothing.css"
	printf 'outside' >"$BATS_TEST_TMPDIR/outside.txt"
	ln -s ../outside.txt "$DIR/link.txt"
	ln -s .. "$DIR/up"
	ln -s sub "$DIR/inside"
	mkfifo "$DIR/pipe"
}

@test "--staticdir: files, their types, index.html" {
	files
	serve --staticdir="$DIR"
	same '<p>top' "$(get /)"
	same 'sub' "$(get /sub/)"
	same 'a b' "$(get '/sub/a%20b.txt?query=1')"
	same x "$(get //sub///deep/x.js)"
	same known "$(get /.well-known/k)"
	same '' "$(get /nothing.css)"
	same 'text/javascript; charset=utf-8' "$(get /sub/deep/x.js -o /dev/null -w '%{content_type}')"
	same 'text/html; charset=utf-8' "$(get / -o /dev/null -w '%{content_type}')"
	run -0 --separate-stderr wscat -w 0.5 "$URL" hello </dev/null
	same hello "$output"
}

@test "--staticdir: no way out, neither by .. nor by links" {
	files
	serve --staticdir="$DIR"
	local path
	for path in /../outside.txt /sub/../../outside.txt /%2e%2e/outside.txt /..%2foutside.txt \
		/%2e%2e%2foutside.txt '/sub/%2e./%2e%2e/outside.txt' /link.txt /up/outside.txt /up/none \
		/.env /%2eenv /sub/. /sub/.. /pipe /empty/ /none /sub/none/x /index.html/ /%00 /index.html%00 \
		/index.html%0 /%zz "/$(printf 'a%.0s' {1..300})" "$(printf '/a%.0s' {1..100})"; do
		status 404 "$path"
		run ! grep -q outside "$BATS_TEST_TMPDIR/body"
	done
	run -0 ask --plain "$PORT" "/..\\outside.txt"
	says '^HTTP/1.1 404 ' "$output"
	run -0 ask --plain "$PORT" "*"
	says '^HTTP/1.1 404 ' "$output"
}

@test "--staticdir: a directory without its slash is sent on, to this server" {
	files
	serve --staticdir="$DIR"
	same "301 http://127.0.0.1:$PORT/sub/" "$(get /sub -o /dev/null -w '%{http_code} %{redirect_url}')"
	same "301 http://127.0.0.1:$PORT/sub/deep/" \
		"$(get //sub//deep -o /dev/null -w '%{http_code} %{redirect_url}')"
	mkdir "$DIR/evil.example"
	run -0 ask --plain "$PORT" //evil.example
	says '^Location: /evil.example/$' "$output"
}

@test "--staticdir: ETag and 304, HEAD, other methods" {
	files
	serve --staticdir="$DIR"
	local tag
	tag=$(get / -o /dev/null -D - | tr -d '\r' | sed -n 's/^ETag: //p')
	[[ $tag == '"'*'"' ]]
	status 304 / -H "If-None-Match: $tag"
	status 304 / -H "If-None-Match: \"x\", W/$tag"
	status 304 / -H 'If-None-Match: *'
	status 200 / -H 'If-None-Match: "x"'
	status 200 / -H "If-Match: $tag"
	status 412 / -H 'If-Match: "x"'
	status 412 / -H 'If-Match: "x"' -H 'Range: bytes=0-1'
	status 412 / -H 'If-Unmodified-Since: Sat, 29 Oct 1994 19:43:31 GMT'
	run -0 ask --plain "$PORT" / "If-None-Match: $tag"
	run ! grep -E '^Content-Length|top' <<<"$output"
	printf '<p>new' >"$DIR/index.html"
	status 200 / -H "If-None-Match: $tag"
	run -0 ask --plain --method=HEAD "$PORT" /
	says '^Content-Length: 6$' "$output"
	run ! grep new <<<"$output"
	run -0 ask --plain --method=DELETE "$PORT" /
	says '^HTTP/1.1 405 ' "$output"
	says '^Allow: GET, HEAD$' "$output"
}

# bats test_tags=measures
@test "--staticdir: a large file comes whole, in little memory, and a slow reader delays no other" {
	files
	head -c 200M /dev/zero | tr '\0' x >"$DIR/large"
	serve --staticdir="$DIR" --write-timeout=60s
	# One that asks and reads nothing, while others are served.
	exec 5<>"/dev/tcp/127.0.0.1/$PORT"
	printf 'GET /large HTTP/1.1\r\nHost: x\r\n\r\n' >&5
	same '<p>top' "$(get /)"
	get /large -o "$BATS_TEST_TMPDIR/got"
	cmp "$DIR/large" "$BATS_TEST_TMPDIR/got"
	exec 5>&-
	grew_less "$SERVER" 10000
	rm "$BATS_TEST_TMPDIR/got" "$DIR/large"
}

@test "--staticdir: a client that stops sending still gets all of it; a file that shrinks ends the answer" {
	files
	truncate -s 64M "$DIR/file"
	serve --staticdir="$DIR"
	run -0 timeout 40 "$PYTHON" -c '
import os, socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s.sendall(b"GET /file HTTP/1.1\r\nHost: x\r\n\r\n")
s.shutdown(socket.SHUT_WR)
head = s.recv(1 << 20)
length = len(head.partition(b"\r\n\r\n")[2])
while more := s.recv(1 << 20):
    length += len(more)
print(length)
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s.sendall(b"GET /file HTTP/1.1\r\nHost: x\r\n\r\n")
s.recv(1)
os.truncate(sys.argv[2], 0)
length = 1
try:
    while more := s.recv(1 << 20):
        length += len(more)
except ConnectionError:
    pass
print(length < 64 << 20)' "$PORT" "$DIR/file"
	same $'67108864\nTrue' "$output"
}

@test "--staticdir: what is no directory" {
	run -1 --separate-stderr timeout 40 wsserve -p 0 --staticdir="$BATS_TEST_TMPDIR/none"
	one_line "cannot open directory '.*none': No such file"
}

@test "--health: 200, at its path; --path goes on beside it" {
	serve --health --path=/ws
	status 200 /health
	says '"status":"ok"' "$(cat "$BATS_TEST_TMPDIR/body")"
	status 404 /
	status 426 /ws
	status 405 /health -X POST
	serve --health=/alive
	status 200 /alive
	status 426 /health
}

@test "--admin: health, metrics and connections there alone; 503 while draining" {
	serve --admin=127.0.0.1:0 --health --metrics --drain=30s --close-timeout=30s
	admin
	status 426 /health
	status 426 /metrics
	status 426 /connections
	background "$PYTHON" -S "$FIXTURES/client.py" mute "$URL"
	local main=$PORT
	await 'conn=.* open' "$SERVER_LOG"
	PORT=$ADMIN
	status 200 /health
	status 200 /metrics
	status 200 /connections
	status 404 /
	status 405 /health -X POST
	run -0 ask "$ADMIN" /health
	says '^HTTP/1.1 404 ' "$output"
	kill "$SERVER"
	eventually status 503 /health
	says '"status":"draining"' "$(get /health)"
	same 1 "$(get /metrics | sed -n 's/^wsserve_draining //p')"
	PORT=$main
	kill "$SERVER"
}

@test "--health: JSON, whatever Host says, in front of a program too" {
	serve --health --max-connections=77 cat
	same '{"status":"ok","connections":0,"limit":77}' "$(get /health)"
	same application/json "$(get /health -o /dev/null -w '%{content_type}')"
	status 200 /health -H 'Host: monitor.example'
	status 200 '/health?from=lb' -H 'Host: monitor.example'
	status 403 / -H 'Host: monitor.example'
	run -0 raw 'GET /health HTTP/1.0\r\n\r\n'
	says '^HTTP/1.1 200 ' "$output"
}

@test "--health and --metrics are answered by a full server; other requests get 503" {
	serve --health --metrics --max-connections=1
	background "$PYTHON" -S "$FIXTURES/client.py" mute "$URL"
	await 'conn=.* open' "$SERVER_LOG"
	status 200 /health
	same 1 "$(get /metrics | sed -n 's/^wsserve_connections{state="open"} //p')"
	status 503 /
	status 503 /metrics/
	run -5 --separate-stderr wscat "$URL" hello </dev/null
}

@test "--health can be asked while draining, on the same port; nothing else enters" {
	serve --health --drain=30s --close-timeout=30s
	background "$PYTHON" -S "$FIXTURES/client.py" mute "$URL"
	await 'conn=.* open' "$SERVER_LOG"
	kill "$SERVER"
	await shutdown "$SERVER_LOG"
	status 503 /health
	says '"status":"draining"' "$(get /health)"
	status 503 /
	run -5 --separate-stderr wscat "$URL" hello </dev/null
	says 'HTTP status 503'
	# A connection that came late and says nothing is not waited for.
	exec 5<>"/dev/tcp/127.0.0.1/$PORT"
	kill "$PID"
	finished "$SERVER"
	exec 5>&-
}

@test "--admin: no page gets there by a name of its own" {
	serve --admin=127.0.0.1:0 --host-allow=mon.example
	admin
	run -0 ask --plain "$ADMIN" /connections 'Host: evil.example'
	says '^HTTP/1.1 403 ' "$output"
	run -0 ask --plain "$ADMIN" /connections 'Host: mon.example'
	says '^HTTP/1.1 200 ' "$output"
	run -0 ask --plain "$ADMIN" /connections 'Host: localhost'
	says '^HTTP/1.1 200 ' "$output"
	run -0 ask --plain "$ADMIN" /health 'Host: evil.example'
	says '^HTTP/1.1 200 ' "$output"
}

@test "--admin beyond loopback: a scraper may use any name" {
	local address
	address=$(hostname -I | cut -d' ' -f1)
	[[ $address ]] || skip "this machine has no address but loopback"
	serve --admin=0.0.0.0:0
	await 'listen on http://0\.0\.0\.0:[0-9]+/ \(admin\)' "$SERVER_LOG"
	ADMIN=$(admin_port)
	run -0 curl -sS -o /dev/null -w '%{http_code}' -H 'Host: wsserve:9100' "http://$address:$ADMIN/metrics"
	same 200 "$output"
	run -0 curl -sS -o /dev/null -w '%{http_code}' -H 'Host: wsserve:9100' "http://127.0.0.1:$ADMIN/metrics"
	same 403 "$output"
}

@test "HTTP/1.1 without a valid Host, and lengths that differ: 400; HTTP/1.0 needs none" {
	serve --devconsole
	local head
	while read -r head; do
		run -0 raw "$head"
		says '^HTTP/1.1 400 Bad Request' "$output"
	done <<-'END'
		GET / HTTP/1.1\r\n\r\n
		GET / HTTP/1.1\r\nHost:\r\n\r\n
		GET / HTTP/1.1\r\nHost: a b\r\n\r\n
		GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\nhello
		GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 0\r\n\r\nhello
		GET / HTTP/1.1\r\nHost: x\r\nContent-Length: +0\r\n\r\n
	END
	run -0 raw 'GET / HTTP/1.0\r\n\r\n'
	says '^HTTP/1.1 200 ' "$output"
	status 200 / -H 'Content-Length: 0'
}

@test "every answer has a Date, the 101 too" {
	files
	serve --staticdir="$DIR" --health
	local path
	for path in / /none /health /sub; do
		says '^Date: [A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} 20[0-9]{2} [0-9:]{8} GMT.$' "$(get "$path" -i)"
	done
	run -0 ask "$PORT" /
	says '^HTTP/1.1 101' "$output"
	says '^Date: .* GMT' "$output"
	run -0 raw 'nonsense\r\n\r\n'
	says '^HTTP/1.1 400' "$output"
	says '^Date: .* GMT' "$output"
}

@test "--staticdir: Last-Modified, If-Modified-Since, and one ETag for copies" {
	files
	cp -a "$DIR" "$BATS_TEST_TMPDIR/copy"
	serve --staticdir="$DIR"
	local modified first
	modified=$(get / -I | tr -d '\r' | sed -n 's/^Last-Modified: //p')
	same "$(date -u -r "$DIR/index.html" '+%a, %d %b %Y %T GMT')" "$modified"
	status 304 / -H "If-Modified-Since: $modified"
	status 200 / -H 'If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT'
	first=$(get / -I | grep ^ETag)
	serve --staticdir="$BATS_TEST_TMPDIR/copy"
	same "$first" "$(get / -I | grep ^ETag)"
}

@test "--staticdir: parts of a file: Range" {
	files
	printf 0123456789 >"$DIR/ten"
	head -c 1000000 /dev/urandom >"$DIR/large"
	serve --staticdir="$DIR"
	says '^Accept-Ranges: bytes' "$(get /ten -I)"
	same 234 "$(get /ten -r 2-4)"
	same 89 "$(get /ten -r -2)"
	says '^Content-Range: bytes 2-4/10' "$(get /ten -r 2-4 -i)"
	status 206 /ten -r 0-0
	status 416 /ten -r 10-
	says '^Content-Range: bytes \*/10' "$(get /ten -r 10- -i)"
	status 200 /ten -H 'Range: bytes=0-1,3-4'
	status 200 /nothing.css
	get /large -o "$BATS_TEST_TMPDIR/got" -r 0-399999
	get /large -o "$BATS_TEST_TMPDIR/got" -C -
	cmp "$DIR/large" "$BATS_TEST_TMPDIR/got"
}

@test "--staticdir: links inside are followed, an empty file has its type, a folder keeps the query" {
	files
	ln -s "$DIR/sub/deep/x.js" "$DIR/absolute.js"
	ln -s index.html "$DIR/relative.html"
	ln -s /etc/passwd "$DIR/passwd"
	serve --staticdir="$DIR"
	same '<p>top' "$(get /relative.html)"
	same x "$(get /absolute.js)"
	same sub "$(get /inside/)"
	status 404 /passwd
	same 'text/css; charset=utf-8' "$(get /nothing.css -o /dev/null -w '%{content_type}')"
	run -0 ask --plain "$PORT" '/sub?a=1&b=%20'
	says '^Location: /sub/\?a=1&b=%20' "$output"
}


@test "--admin: a password is asked for there too; a port in use: 1" {
	serve --admin=127.0.0.1:0 --token=abc
	admin
	run -0 ask --plain "$ADMIN" /connections
	says '^HTTP/1.1 401 ' "$output"
	run -0 ask --plain "$ADMIN" /health
	says '^HTTP/1.1 200 ' "$output"
	run -0 ask --plain "$ADMIN" /metrics 'Authorization: Bearer abc'
	says '^HTTP/1.1 200 ' "$output"
	run -1 --separate-stderr timeout 40 wsserve -p 0 --admin="127.0.0.1:$ADMIN"
	one_line "cannot listen on 127.0.0.1:$ADMIN: Address already in use"
}

@test "--admin: /connections counts what each has done, over all threads" {
	serve --admin=127.0.0.1:0 --threads=2
	admin
	mkfifo "$BATS_TEST_TMPDIR/in"
	background "$PYTHON" -S "$FIXTURES/client.py" hold "$URL" 5 <>"$BATS_TEST_TMPDIR/in"
	await 'conn=.*-5 open' "$SERVER_LOG"
	run -0 curl -sS "http://127.0.0.1:$ADMIN/connections"
	run -0 "$PYTHON" -c '
import json, sys
all = json.load(sys.stdin)
assert len({c["id"] for c in all}) == len(all), all
for c in all:
    assert c["state"] == "open" and c["address"].startswith("127.0.0.1:"), c
    assert c["age_s"] >= 0 and c["bytes_in"] > 100 and c["queue_bytes"] == 0, c
print(len(all))' <<<"$output"
	same 5 "$output"
}

@test "--admin: /connections tells a connection that carries WebSockets from a handshake, and which those are" {
	serve --admin=127.0.0.1:0 --http2=prior
	admin
	background wscat --http2=prior -w -1 --no-stdin "$URL"
	await ' open ' "$SERVER_LOG"
	run -0 "$PYTHON" -c '
import json, sys
carrier, stream = sorted(json.load(sys.stdin), key=lambda c: "h2" in c)
assert carrier["state"] == "http2" and stream["state"] == "open", (carrier, stream)
assert stream["h2"] == carrier["id"] + "/1", (carrier, stream)' < <(curl -sS "http://127.0.0.1:$ADMIN/connections")
	kill -USR1 "$SERVER"
	await ' stats connections=1 handshakes=0 open=1 ' "$SERVER_LOG"
}

# How many /connections says are in that state, and /metrics.
both_count() { # STATE COUNT
	local here there
	here=$(curl -sS "http://127.0.0.1:$ADMIN/connections" | grep -o "\"state\":\"$1\"" | wc -l)
	there=$(curl -sS "http://127.0.0.1:$ADMIN/metrics" | sed -n "s/^wsserve_connections{state=\"$1\"} //p")
	[[ "$2 $2" == "$here $there" ]]
}

@test "--admin: /connections and /metrics agree on the state of each, also of a download and of a close" {
	files
	truncate -s 30M "$DIR/large"
	serve --admin=127.0.0.1:0 --staticdir="$DIR" --idle-timeout=1s --close-timeout=100s --write-timeout=100s
	admin
	background "$PYTHON" "$FIXTURES/crowd.py" unread "$PORT" 2 /large
	background "$PYTHON" -S "$FIXTURES/client.py" mute "$URL"
	eventually both_count open 1
	eventually both_count closing 1
	both_count handshake 2
	both_count open 0
}

@test "--devconsole: a page that nothing else may run in" {
	serve --devconsole
	run -0 get / -D -
	output=${output//$'\r'/}
	says '^Content-Type: text/html; charset=utf-8$' "$output"
	says "^Content-Security-Policy: default-src 'none'; style-src 'sha256-.{44}'; script-src 'sha256-" "$output"
	says "connect-src 'self' ws://127\.0\.0\.1:$PORT " "$output"
	run -0 ask --plain "$PORT" / "Host: x'; script-src *"
	run ! grep -F 'script-src *' <<<"$output"
	local part
	for part in style script; do
		"$PYTHON" - "$URL" "$part" <<-'END'
			import base64, hashlib, re, sys, urllib.request
			answer = urllib.request.urlopen(sys.argv[1].replace("ws:", "http:"))
			page = answer.read().decode()
			text = re.search("<%s>(.*?)</%s>" % (sys.argv[2], sys.argv[2]), page, re.S).group(1)
			hash = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
			assert "%s-src 'sha256-%s'" % (sys.argv[2], hash) in answer.headers["Content-Security-Policy"]
			assert "{{" not in page and "http://" not in page.replace("http://www.w3.org", "")
		END
	done
}
