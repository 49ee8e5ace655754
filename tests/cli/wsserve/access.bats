#!/usr/bin/env bats
# Who may enter: addresses, hosts, origins, passwords, tokens, replays. Every refusal is an HTTP answer
# that ends the connection; of those that are about security the peer hears little and the log all.

load ../helper

# The status that a request of these arguments earns.
status() { # STATUS [ARGUMENT OF ask.py]...
	local wanted=$1 answer
	shift
	answer=$(ask "$@")
	[[ ${answer%%$'\n'*} == "HTTP/1.1 $wanted "* ]] || {
		printf 'expected %s for: %s\ngot: %s\n' "$wanted" "$*" "$answer" >&2
		return 1
	}
	[[ $wanted == 101 ]] || says '^Connection: close$' "$answer"
}

@test "--origin: scheme, host and port are compared whole" {
	serve --origin=https://example.com,http://localhost:3000 --origin=plain.example
	status 101 "$PORT" / 'Origin: https://example.com'
	status 101 "$PORT" / 'Origin: HTTPS://EXAMPLE.COM:443'
	status 101 "$PORT" / 'Origin: http://localhost:3000'
	status 101 "$PORT" / 'Origin: http://plain.example'
	status 101 "$PORT" / 'Origin: https://plain.example'
	local origin
	for origin in http://example.com https://example.com:444 https://evil-example.com \
		https://example.com.evil.com https://sub.example.com https://example.com. null \
		https://example.com:x https://example.com:99999 https://example.com/ 'https://example.com @' \
		http://localhost http://localhost:30000 file:// 'https://example.com https://evil.com'; do
		status 403 "$PORT" / "Origin: $origin"
	done
	status 403 "$PORT" /
	status 400 "$PORT" / 'Origin: https://example.com' 'Origin: https://evil.com'
}

@test "--origin: the log says which it was, the peer hears little" {
	serve --origin=https://example.com
	run -0 ask "$PORT" / 'Origin: https://evil-example.com'
	says '^HTTP/1.1 403 Forbidden$' "$output"
	says '^the request was refused$' "$output"
	run ! grep -iE 'origin|X-WebSocket-Error' <<<"$output"
	await 'WARNING conn=.*-1 ORIGIN_REFUSED .*https://evil-example.com.*127\.0\.0\.1.*403' "$SERVER_LOG"
	same 1 "$(grep -c 'conn=.*-1 ' "$SERVER_LOG")"
	run -0 ask "$PORT" / 'Origin: x"y'
	await "ORIGIN_REFUSED .*'x\"y'" "$SERVER_LOG"
}

@test "--origin=*: everybody" {
	serve --origin='*'
	status 101 "$PORT" / 'Origin: https://evil.example'
	status 101 "$PORT" / 'Origin: null'
	status 101 "$PORT" /
}

@test "no page is asked for its origin where nothing was said and nothing is at stake" {
	serve
	status 101 "$PORT" / 'Origin: https://anywhere.example' 'Host: any.example'
}

@test "--sameorigin: Origin and Host must agree, port and all" {
	serve --sameorigin
	status 101 "$PORT" / "Origin: http://127.0.0.1:$PORT"
	status 101 "$PORT" / 'Origin: https://chat.example' 'Host: chat.example'
	status 403 "$PORT" / "Origin: http://localhost:$PORT"
	status 403 "$PORT" / 'Origin: http://127.0.0.1'
	status 403 "$PORT" / 'Origin: https://evil.example'
	status 403 "$PORT" / 'Origin: null'
	status 403 "$PORT" /
}

@test "--host-allow: a name that a page made lead here is refused" {
	serve --host-allow=chat.example,other.example:8443
	status 101 "$PORT" /
	status 101 "$PORT" / 'Host: localhost:1'
	status 101 "$PORT" / 'Host: [::1]:80'
	status 101 "$PORT" / 'Host: chat.example'
	status 101 "$PORT" / 'Host: CHAT.example:8080'
	status 101 "$PORT" / 'Host: other.example:8443'
	local host
	for host in evil.example evil-chat.example chat.example.evil chat.example. other.example:80 \
		127.0.0.1.evil.example localhost.evil.example 2130706433; do
		status 403 "$PORT" / "Host: $host"
		status 403 --plain "$PORT" / "Host: $host"
	done
	status 400 "$PORT" / 'Host: chat.example, evil'
	status 400 "$PORT" / 'Host: chat.example:x'
	status 403 "$PORT" http://evil.example/ 'Host: chat.example'
	status 101 "$PORT" http://chat.example/ 'Host: chat.example'
	await 'HOST_REFUSED .*evil-chat.example' "$SERVER_LOG"
	await "HOST_REFUSED .*: the target's 'evil.example'; Host is 'chat.example'" "$SERVER_LOG"
}

@test "--auth: a password, whole" {
	serve --auth=ann:s3:cret
	status 101 "$PORT" / "Authorization: Basic $(printf 'ann:s3:cret' | base64)"
	status 401 "$PORT" /
	local wrong
	for wrong in ann: ann:s3:cre ann:s3:cretx Ann:s3:cret bob:s3:cret :s3:cret ann; do
		status 401 "$PORT" / "Authorization: Basic $(printf %s "$wrong" | base64)"
	done
	status 401 "$PORT" / 'Authorization: Basic %%%'
	status 401 "$PORT" / 'Authorization: Bearer ann:s3:cret'
	status 401 "$PORT" '/?token=ann:s3:cret'
	run -0 ask "$PORT" /
	says '^WWW-Authenticate: Basic realm="wsserve"' "$output"
	await "CREDENTIALS_WRONG .*user 'bob'" "$SERVER_LOG"
	run ! grep -F s3: "$SERVER_LOG"
	run -0 --separate-stderr wscat --auth=ann:s3:cret -w 0.5 "$URL" hello </dev/null
	same hello "$output"
}

@test "--auth-file: one of many; what is no line of it" {
	printf 'ann:one\r\n\nbob:two\n' >"$BATS_TEST_TMPDIR/users"
	serve --auth-file="$BATS_TEST_TMPDIR/users"
	status 101 "$PORT" / "Authorization: Basic $(printf 'ann:one' | base64)"
	status 101 "$PORT" / "Authorization: Basic $(printf 'bob:two' | base64)"
	status 401 "$PORT" / "Authorization: Basic $(printf 'ann:two' | base64)"
	printf 'ann:one\nbob\n' >"$BATS_TEST_TMPDIR/users"
	run -2 --separate-stderr wsserve --auth-file="$BATS_TEST_TMPDIR/users"
	usage_line "users:2: expected USER:PASSWORD"
	: >"$BATS_TEST_TMPDIR/users"
	run -2 --separate-stderr wsserve --auth-file="$BATS_TEST_TMPDIR/users"
	usage_line "it has no entries"
	run -1 --separate-stderr wsserve --auth-file="$BATS_TEST_TMPDIR/none"
	one_line "auth-file.*none': No such file"
}

@test "--token: in a header or in the URL; the log does not tell it" {
	printf 'first\nt0k+en\n' >"$BATS_TEST_TMPDIR/tokens"
	serve -v --token=@"$BATS_TEST_TMPDIR/tokens"
	status 101 "$PORT" / 'Authorization: Bearer t0k+en'
	status 101 "$PORT" / 'Authorization: bearer first'
	status 101 "$PORT" '/?a=b&token=t0k%2Ben&c=d'
	status 401 "$PORT" /
	status 401 "$PORT" '/?token=t0k'
	status 401 "$PORT" / 'Authorization: Bearer t0k'
	status 401 "$PORT" '/?token=first' 'Authorization: Bearer t0k'
	run -0 ask "$PORT" /
	says '^WWW-Authenticate: Bearer realm="wsserve"$' "$output"
	await 'open from .* for /\?a=b&token=\*\*\*&c=d ' "$SERVER_LOG"
	run ! grep -E 't0k(\+|%)|first' "$SERVER_LOG"
}

@test "--allow and --deny: the address counts before a byte is read" {
	serve --deny=127.0.0.0/8
	run -0 timeout 40 "$PYTHON" -c '
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
print(s.recv(1000).decode().splitlines()[0])' "$PORT"
	same "HTTP/1.1 403 Forbidden" "$output"
	status 403 "$PORT" /
	await 'WARNING .*ADDRESS_REFUSED .*from 127\.0\.0\.1:[0-9]+; answered 403' "$SERVER_LOG"
	serve --allow=10.0.0.0/8,::1
	status 403 "$PORT" /
	serve --allow=10.0.0.0/8 --allow=127.0.0.1
	status 101 "$PORT" /
	serve --allow=127.0.0.1 --deny=127.0.0.1
	status 403 "$PORT" /
}

@test "--allow: unix sockets are called unix" {
	local socket=$BATS_TEST_TMPDIR/socket
	start wsserve --announce --listen=unix:"$socket" --allow=127.0.0.1
	status 403 "$socket" /
	start wsserve --announce --listen=unix:"$socket.2" --allow=unix
	status 101 "$socket.2" /
}

@test "--trust-proxy: X-Forwarded-For counts, read from the right, and only then" {
	serve --trust-proxy=127.0.0.1,10.0.0.0/8 --deny=192.0.2.0/24
	status 101 "$PORT" / 'X-Forwarded-For: 198.51.100.1'
	status 403 "$PORT" / 'X-Forwarded-For: 192.0.2.1'
	status 403 "$PORT" / 'X-Forwarded-For: 198.51.100.1, 192.0.2.1, 10.1.1.1'
	status 101 "$PORT" / 'X-Forwarded-For: 192.0.2.1, 198.51.100.1, 10.1.1.1'
	status 403 "$PORT" / 'X-Forwarded-For: ::ffff:192.0.2.1'
	status 403 "$PORT" / 'Forwarded: for="192.0.2.1:80";proto=http'
	status 101 "$PORT" / 'Forwarded: for=198.51.100.1'
	status 403 "$PORT" / 'X-Forwarded-For: 198.51.100.1' 'Forwarded: for=198.51.100.2'
	status 403 "$PORT" / 'X-Forwarded-For: junk'
	status 403 --plain "$PORT" / 'X-Forwarded-For: 192.0.2.1'
	await 'ADDRESS_REFUSED .*from 192\.0\.2\.1 by way of 127\.0\.0\.1:' "$SERVER_LOG"
	serve --deny=192.0.2.0/24
	status 101 "$PORT" / 'X-Forwarded-For: 192.0.2.1'
}

@test "--trust-proxy: the client is who is logged, counted and shown" {
	serve --trust-proxy=127.0.0.1 --max-per-ip=1 --admin=127.0.0.1:0
	local port=$PORT admin
	admin=$(admin_port)
	background wscat -w -1 -H 'X-Forwarded-For: 192.0.2.1' "$URL" </dev/null
	await 'open from 192\.0\.2\.1 by way of 127\.0\.0\.1:[0-9]+ for' "$SERVER_LOG"
	run -0 curl -sS "http://127.0.0.1:$admin/connections"
	says '"address":"192\.0\.2\.1","proxy":"127\.0\.0\.1:[0-9]+"' "$output"
	status 429 "$port" / 'X-Forwarded-For: 192.0.2.1'
	status 101 "$port" / 'X-Forwarded-For: 192.0.2.2'
}

@test "--trust-proxy: a Forwarded header of the client's does not hide it from the limits" {
	serve --trust-proxy=127.0.0.1 --max-per-ip=2 --admin=127.0.0.1:0
	local port=$PORT admin i
	admin=$(admin_port)
	for i in 1 2; do
		background wscat -w -1 -H 'X-Forwarded-For: 192.0.2.1' -H "Forwarded: for=198.51.100.$i" "$URL" </dev/null
		await "open from unknown by way of 127\.0\.0\.1:[0-9]+ for" "$SERVER_LOG"
		# shellcheck disable=SC2016
		eventually eval '(($(grep -c "open from unknown" "$SERVER_LOG") == i))'
	done
	await "X-Forwarded-For '192.0.2.1', Forwarded 'for=198.51.100.1'" "$SERVER_LOG"
	status 429 "$port" / 'X-Forwarded-For: 192.0.2.1' 'Forwarded: for=198.51.100.3'
	run -0 curl -sS "http://127.0.0.1:$admin/connections"
	says '"address":"unknown","proxy":"127\.0\.0\.1:[0-9]+"' "$output"
	status 101 "$port" / 'X-Forwarded-For: 192.0.2.1' # the others are not concerned
	status 101 "$port" / 'X-Forwarded-For: 192.0.2.1' 'Forwarded: for=192.0.2.1'
	serve --trust-proxy=127.0.0.1 --connect-rate=2
	# At once, for places come back with time.
	same 'HTTP/1.1 101 HTTP/1.1 101 HTTP/1.1 429' "$(ask --times=3 "$PORT" / \
		'X-Forwarded-For: 192.0.2.1' 'Forwarded: for=198.51.100.1' | grep -o '^HTTP/1.1 [0-9]*' | sort | xargs)"
	status 101 "$PORT" / 'X-Forwarded-For: 192.0.2.1'
}

@test "a command: no page of another origin gets there, and no name of its own" {
	serve cat
	status 101 "$PORT" /
	status 101 "$PORT" / 'Host: localhost'
	status 101 "$PORT" / "Origin: http://127.0.0.1:$PORT"
	status 403 "$PORT" / 'Origin: https://evil.example'
	status 403 "$PORT" / 'Origin: null'
	status 403 "$PORT" / "Origin: http://127.0.0.1"
	status 403 "$PORT" / 'Host: rebind.example' 'Origin: http://rebind.example'
	status 403 "$PORT" / 'Host: rebind.example'
	status 403 "$PORT" http://rebind.example/ "Origin: http://127.0.0.1:$PORT"
	await 'WARNING .*HOST_REFUSED .*rebind.example' "$SERVER_LOG"
	serve --origin='*' --host-allow='*' cat
	status 101 "$PORT" / 'Origin: https://evil.example' 'Host: rebind.example'
	serve --origin=https://app.example cat
	status 101 "$PORT" / 'Origin: https://app.example'
	status 403 "$PORT" / "Origin: http://127.0.0.1:$PORT"
	serve --dir="$BATS_TEST_TMPDIR"
	status 403 "$PORT" / 'Origin: https://evil.example'
	run -0 ask "$PORT" /none
	says '^HTTP/1.1 404 ' "$output"
	says '^X-WebSocket-Error: nothing is served at this path$' "$output"
}

@test "--replay-window: a key counts once" {
	local key='Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
	serve --replay-window=4s
	status 101 "$PORT" / "$key"
	status 403 "$PORT" / "$key"
	status 101 "$PORT" /
	await 'REPLAYED' "$SERVER_LOG"
	eventually status 101 "$PORT" / "$key"
	serve
	status 101 "$PORT" / "$key"
	status 101 "$PORT" / "$key"
}

@test "--replay-window: a request that is refused for another reason is not remembered" {
	local key='Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
	serve --replay-window=10m --token=abc
	status 401 "$PORT" / "$key"
	status 101 "$PORT" '/?token=abc' "$key"
	status 403 "$PORT" '/?token=abc' "$key"
}

@test "--path: WebSockets there alone; other refusals explain themselves" {
	serve --path=/ws
	status 101 "$PORT" /ws
	status 101 "$PORT" '/ws?x=1'
	status 404 "$PORT" /
	status 404 "$PORT" /ws/
	status 404 "$PORT" /wss
	run -0 ask "$PORT" /
	says '^X-WebSocket-Error: nothing is served at this path$' "$output"
	says '^nothing is served at this path$' "$output"
	run -0 ask "$PORT" /ws 'Sec-WebSocket-Version: 8'
	says '^HTTP/1.1 426 ' "$output"
	says '^X-WebSocket-Error: the Sec-WebSocket-Version is not 13$' "$output"
}

@test "--subprotocol, --require-protocol: the first that the client wants and we speak" {
	serve --subprotocol=chat --subprotocol=log
	run -0 ask "$PORT" / 'Sec-WebSocket-Protocol: other, log, chat'
	says '^Sec-WebSocket-Protocol: log$' "$output"
	run -0 ask "$PORT" / 'Sec-WebSocket-Protocol: other'
	says '^HTTP/1.1 101 ' "$output"
	run ! grep -i '^Sec-WebSocket-Protocol' <<<"$output"
	serve --subprotocol=chat --require-protocol
	status 101 "$PORT" / 'Sec-WebSocket-Protocol: chat'
	status 400 "$PORT" / 'Sec-WebSocket-Protocol: other'
	run -0 ask "$PORT" /
	says '^HTTP/1.1 400 ' "$output"
	says '^X-WebSocket-Error: .*subprotocols' "$output"
}

@test "--header, --header-ws, --header-http: with all answers, with a 101, with the others" {
	serve --header='X-All: a' --header-ws='X-Ws: b' --header-http='X-Http: c'
	run -0 ask "$PORT" /
	says '^X-All: a$' "$output"
	says '^X-Ws: b$' "$output"
	run ! grep X-Http <<<"$output"
	run -0 ask --plain "$PORT" /
	says '^X-All: a$' "$output"
	says '^X-Http: c$' "$output"
	run ! grep X-Ws <<<"$output"
}

basic() { # USER:PASSWORD
	printf 'Authorization: Basic %s' "$(printf %s "$1" | base64)"
}

@test "SIGHUP: passwords are read again; a bad file keeps the old ones" {
	local users=$BATS_TEST_TMPDIR/users key='Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
	echo ann:one >"$users"
	serve --auth-file="$users" --replay-window=10m --threads=2
	status 101 "$PORT" / "$(basic ann:one)" "$key"
	echo ann:two >"$users"
	kill -HUP "$SERVER"
	eventually status 101 "$PORT" / "$(basic ann:two)"
	status 401 "$PORT" / "$(basic ann:one)"
	status 403 "$PORT" / "$(basic ann:two)" "$key" # replays are remembered over it
	echo nonsense >"$users"
	kill -HUP "$SERVER"
	await 'ERROR +config .*users:1: expected USER:PASSWORD; the old access rules stay' "$SERVER_LOG"
	status 101 "$PORT" / "$(basic ann:two)"
}

@test "SIGHUP: origins, hosts and addresses of a configuration change" {
	local config=$BATS_TEST_TMPDIR/config
	printf 'origin = https://a.example\nheader = X-Mark: 1\n' >"$config"
	serve --config="$config"
	status 101 "$PORT" / 'Origin: https://a.example'
	status 403 "$PORT" / 'Origin: https://b.example'
	printf 'origin = https://b.example\nheader = X-Mark: 2\n' >"$config"
	kill -HUP "$SERVER"
	eventually status 101 "$PORT" / 'Origin: https://b.example'
	status 403 "$PORT" / 'Origin: https://a.example'
	run -0 ask --plain "$PORT" /
	says '^X-Mark: 2$' "$output"
	echo 'deny = 127.0.0.0/8' >"$config"
	kill -HUP "$SERVER"
	eventually status 403 "$PORT" /
	echo 'origin = null' >"$config"
	kill -HUP "$SERVER"
	await 'config .*origin.*the old settings stay' "$SERVER_LOG"
	status 403 "$PORT" /
}

@test "secrets from the environment and from files, not from the command line" {
	SECRET=ann:hidden serve --auth=env:SECRET
	status 101 "$PORT" / "$(basic ann:hidden)"
	status 401 "$PORT" / "$(basic ann:x)"
	printf 'tok\n' >"$BATS_TEST_TMPDIR/token"
	serve --token=@"$BATS_TEST_TMPDIR/token"
	status 101 "$PORT" '/?token=tok'
	run -2 --separate-stderr timeout 40 wsserve -p 0 --token=env:NO_SUCH_VARIABLE
	usage_line 'NO_SUCH_VARIABLE'
}

@test "nothing behind a refused request is parsed" {
	serve -v --path=/ws
	run -0 ask --behind=$'GET /ws HTTP/1.1\r\nHost: x\r\n\r\n' "$PORT" /other
	same 1 "$(grep -c '^HTTP/1.1' <<<"$output")"
	run -0 ask --plain --behind=$'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n' "$PORT" /
	same 1 "$(grep -c '^HTTP/1.1' <<<"$output")"
	run -0 ask --plain --behind=hello "$PORT" / 'Content-Length: 5'
	says '^HTTP/1.1 413 ' "$output"
	run -0 ask --plain "$PORT" / 'Transfer-Encoding: chunked'
	says '^HTTP/1.1 413 ' "$output"
	run ! grep smuggled "$SERVER_LOG"
}

@test "an Origin with a final slash matches none, and the client says why" {
	serve --origin=http://a
	run -5 --separate-stderr wscat --origin=http://a/ "$URL" hello
	says '403 Forbidden .an origin has no path, not even a final slash: --origin=http://HOST:PORT.$'
	run -5 --separate-stderr wscat --origin=http://b "$URL" hello
	says '403 Forbidden$'
	run -0 wscat -1 --origin=http://a "$URL" hello
}

@test "what no option of these can mean: 2" {
	local option
	for option in --origin=null --origin='*.example.com' --origin=https://a/b '--origin=,' \
		--host-allow=a/b --allow=10.0.0.1/8 --deny=example.com --trust-proxy=1.2.3 --allow= '--deny=,' --trust-proxy= --auth=nocolon \
		--token= --path=ws '--health=/a?b' --metrics=x --header=none '--header=Upgrade: h2c' \
		'--header-ws=Sec-WebSocket-Accept: x' '--header-http=A B: c' '--subprotocol=a b' \
		--require-protocol --replay-window=x; do
		run -2 --separate-stderr timeout 40 wsserve -p 0 "$option"
		usage_line 'option|--require'
	done
	run -2 --separate-stderr timeout 40 wsserve -p 0 --health=/m --metrics=/m
	[[ $stderr == *'both be at /m'* ]]
	run -2 --separate-stderr timeout 40 wsserve -p 0 --origin=https://a/
	usage_line "'https://a/' is no origin such as https://example.com, without a final slash$"
	run -2 --separate-stderr timeout 40 wsserve -p 0 --origin=a --sameorigin
	usage_line 'different things'
	run -2 --separate-stderr timeout 40 wsserve -p 0 --header=$'A: b\r\nC: d'
	usage_line 'header'
}

@test "SIGHUP: --token=@FILE and --auth=@FILE of the command line are read again" {
	local token=$BATS_TEST_TMPDIR/token auth=$BATS_TEST_TMPDIR/auth
	echo old >"$token"
	echo ann:one >"$auth"
	serve --token=@"$token" --auth=@"$auth"
	status 101 "$PORT" '/?token=old'
	status 101 "$PORT" / "$(basic ann:one)"
	echo new >"$token"
	echo ann:two >"$auth"
	kill -HUP "$SERVER"
	eventually status 401 "$PORT" '/?token=old'
	status 101 "$PORT" '/?token=new'
	status 401 "$PORT" / "$(basic ann:one)"
	status 101 "$PORT" / "$(basic ann:two)"
	rm "$token"
	kill -HUP "$SERVER"
	await "ERROR +config option '--token': .*the old access rules stay" "$SERVER_LOG"
	status 101 "$PORT" '/?token=new'
}

@test "a secret with a line end or a NUL inside is refused, and SIGHUP keeps the old one" {
	local token=$BATS_TEST_TMPDIR/token auth=$BATS_TEST_TMPDIR/auth bad
	echo old >"$token"
	for bad in 'ann:a\nb\n' 'ann:a\rb' 'ann:a\n\n' 'ann:a\0b'; do
		# shellcheck disable=SC2059 # with escapes
		printf "$bad" >"$auth"
		run -2 --separate-stderr timeout 40 wsserve -p 0 --auth=@"$auth"
		usage_line "'?--auth'?: .*(line end|NUL)"
	done
	for bad in 'a\rb\n' 'a\0b'; do
		# shellcheck disable=SC2059
		printf "$bad" >"$auth"
		run -2 --separate-stderr timeout 40 wsserve -p 0 --token=@"$auth"
		usage_line "'?--token'?: .*(line end|NUL)"
	done
	echo ann:one >"$auth"
	serve --token=@"$token" --auth=@"$auth"
	printf 'ann:two\nx' >"$auth"
	kill -HUP "$SERVER"
	await "ERROR +config option '--auth': .*line end.*the old access rules stay" "$SERVER_LOG"
	status 101 "$PORT" / "$(basic ann:one)"
	echo ann:one >"$auth"
	printf 'new\rx' >"$token"
	kill -HUP "$SERVER"
	await "ERROR +config option '--token': .*line end.*the old access rules stay" "$SERVER_LOG"
	status 101 "$PORT" '/?token=old'
}

@test "a wrong rule in the configuration is named with its line" {
	local config=$BATS_TEST_TMPDIR/config line
	for line in 'origin = null' 'host-allow = a b' 'allow = 10.0.0.1/8' 'header = x' 'subprotocol = a b'; do
		printf 'max-connections = 5\n%s\nhealth\n' "$line" >"$config"
		run -2 --separate-stderr timeout 40 wsserve -p 0 --config="$config"
		one_line "$config:2: option '--${line%% *}'"
	done
}
