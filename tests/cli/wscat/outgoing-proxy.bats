#!/usr/bin/env bats
# wscat and wsbench through proxies: --proxy, HTTPS_PROXY, ALL_PROXY, NO_PROXY.

load ../helper
load ../proxies
load ../certificates

setup_file() {
	make_certificates "$BATS_FILE_TMPDIR"
}

setup() {
	unset NO_PROXY no_proxy
	CA=$BATS_FILE_TMPDIR/ca.pem
}

# --- success ---

@test "--proxy=http: through tinyproxy, and it is the proxy that connects" {
	serve -v
	tinyproxy_runs
	run -0 --separate-stderr wscat -v --stats --proxy="http://$PROXY" -N 1 "$URL" hello
	same hello "$output"
	says "^wscat: through the proxy $PROXY$"
	says 'proxy [0-9.]+ .?s'
	await "CONNECT 127\.0\.0\.1:$PORT HTTP" "$PROXY_LOG"
}

@test "--proxy=http: with a name and a password, and a large amount of data unchanged" {
	serve
	tinyproxy_runs 'BasicAuth joe pa55word'
	seq 1 100000 >"$BATS_TEST_TMPDIR/lines"
	wscat --proxy="http://j%6Fe:p%615%35word@$PROXY" "$URL" <"$BATS_TEST_TMPDIR/lines" |
		cmp - "$BATS_TEST_TMPDIR/lines"
}

@test "--proxy=socks5: through microsocks, without and with a password" {
	serve
	microsocks_runs
	run -0 wscat --proxy="socks5://$PROXY" -N 1 "$URL" one
	same one "$output"
	run -0 wscat --proxy="socks5h://$PROXY/" -N 1 "ws://localhost:$PORT/" two
	same two "$output"
	microsocks_runs -u joe -P 'p@ss'
	run -0 wscat --proxy="socks5://joe:p%40ss@$PROXY" -N 1 "$URL" three
	same three "$output"
	seq 1 100000 >"$BATS_TEST_TMPDIR/lines"
	wscat --proxy="socks5://joe:p%40ss@$PROXY" "$URL" <"$BATS_TEST_TMPDIR/lines" |
		cmp - "$BATS_TEST_TMPDIR/lines"
}

@test "wss through both kinds: the tunnel is to the server, and it is the server's certificate" {
	serve_tls
	local secure=$URL
	seq 1 100000 >"$BATS_TEST_TMPDIR/lines"
	tinyproxy_runs 'BasicAuth joe secret'
	wscat --ca="$CA" --proxy="http://joe:secret@$PROXY" "$secure" <"$BATS_TEST_TMPDIR/lines" |
		cmp - "$BATS_TEST_TMPDIR/lines"
	run -4 --separate-stderr wscat --proxy="http://joe:secret@$PROXY" "$secure" x
	says 'TLS'
	run -0 wsbench -k --proxy="http://joe:secret@$PROXY" -c 5 -n 100 "$secure"
	microsocks_runs -u joe -P secret
	wscat --ca="$CA" --proxy="socks5://joe:secret@$PROXY" -z "$secure" <"$BATS_TEST_TMPDIR/lines" |
		cmp - "$BATS_TEST_TMPDIR/lines"
	# The name is sent to the proxy and checked in the certificate; the proxy cannot resolve this one.
	run -0 wscat --ca="$CA" --proxy="socks5://joe:secret@$PROXY" -N 1 "${secure/127.0.0.1/localhost}" x
	same x "$output"
	run -3 --separate-stderr wscat --ca="$CA" --proxy="socks5://joe:secret@$PROXY" \
		"wss://no.such.name.invalid/" x
	one_line "proxy $PROXY: SOCKS5: "
}

@test "--proxy: its URL from a file or a variable, and without a scheme" {
	serve
	tinyproxy_runs 'BasicAuth joe secret'
	echo "joe:secret@$PROXY" >"$BATS_TEST_TMPDIR/proxy"
	run -0 wscat --proxy="@$BATS_TEST_TMPDIR/proxy" -N 1 "$URL" one
	same one "$output"
	MINE=http://joe:secret@$PROXY run -0 wscat --proxy=env:MINE -N 1 "$URL" two
	same two "$output"
}

@test "--proxy: the proxy resolves names" {
	badproxy_runs socks-4
	run -3 --separate-stderr wscat --proxy="socks5://$PROXY" -T 20s ws://no.such.name.invalid/ x
	one_line "proxy $PROXY: SOCKS5: host unreachable$"
	# Greeting and request: "no.such.name.invalid" and port 80.
	says "^0501000314$(printf no.such.name.invalid | xxd -p)0050$" "$(<"$OUT")"
}

@test "wsbench --proxy: every connection goes through it" {
	serve
	microsocks_runs -u joe -P secret
	run -0 wsbench --proxy="socks5://joe:secret@$PROXY" -c 20 -n 400 "$URL"
	says '20 tried, 20 opened, 0 failed' "$output"
	tinyproxy_runs
	run -0 wsbench --proxy="http://$PROXY" --mode=churn -c 2 -n 20 "$URL"
	run -3 wsbench --proxy="http://joe@127.0.0.1:1" -c 2 -n 20 "$URL"
	microsocks_runs -u joe -P secret
	run -3 wsbench --proxy="socks5://$PROXY" -c 2 -n 20 "$URL"
	says 'the proxy wants a password' "$output"
}

@test "--jsonl has the proxy's time, and not for a direct connection" {
	serve
	tinyproxy_runs
	wscat -J --proxy="http://$PROXY" -N 1 "$URL" x | head -n 1 | jq -e '.timing_us.proxy > 0'
	wscat -J -N 1 "$URL" x | head -n 1 | jq -e '.timing_us | has("proxy") | not'
}

# --- variables ---

# Does the command reach the proxy? The proxy hangs up, so that the message shows it.
asks_proxy() { # COMMAND...
	run --separate-stderr "$@"
	[[ $status == 3 && $stderr == *"connect to the proxy 127.0.0.1:1:"* ]]
}

@test "ALL_PROXY applies to ws too, lower case first; HTTP_PROXY and HTTPS_PROXY do not" {
	serve
	local gone=http://127.0.0.1:1
	ALL_PROXY=$gone asks_proxy wscat "$URL" x
	all_proxy=socks5://127.0.0.1:1 asks_proxy wscat "$URL" x
	ALL_PROXY=$gone asks_proxy wsbench -c 1 -n 1 "$URL"
	all_proxy=$gone ALL_PROXY=socks5://127.0.0.1:2 asks_proxy wscat "$URL" x
	all_proxy='' ALL_PROXY=$gone asks_proxy wscat "$URL" x
	HTTP_PROXY=$gone http_proxy=$gone HTTPS_PROXY=$gone https_proxy=$gone \
		run -0 wscat -N 1 "$URL" x
	same x "$output"
}

@test "HTTPS_PROXY applies to wss, before ALL_PROXY" {
	serve_tls
	local secure=$URL gone=http://127.0.0.1:1 other=http://127.0.0.1:2
	HTTPS_PROXY=$gone asks_proxy wscat --ca="$CA" "$secure" x
	https_proxy=$gone HTTPS_PROXY=$other ALL_PROXY=$other asks_proxy wscat --ca="$CA" "$secure" x
	HTTPS_PROXY=$gone all_proxy=$other asks_proxy wscat --ca="$CA" "$secure" x
	HTTPS_PROXY='' ALL_PROXY=$gone asks_proxy wscat --ca="$CA" "$secure" x
	HTTPS_PROXY=$gone asks_proxy wsbench -k -c 1 -n 1 "$secure"
	HTTPS_PROXY=$gone NO_PROXY="127.0.0.1:$PORT" run -0 wscat --ca="$CA" -N 1 "$secure" x
	same x "$output"
	HTTPS_PROXY=$gone run -0 wscat --ca="$CA" --proxy= -N 1 "$secure" x
}

@test "NO_PROXY: names, addresses, networks, ports, and all" {
	serve
	export ALL_PROXY=http://127.0.0.1:1
	local list
	for list in '*' 127.0.0.1 "127.0.0.1:$PORT" 127.0.0.0/8 "example.com, 127.0.0.1"; do
		NO_PROXY=$list run -0 wscat -N 1 "$URL" x
		no_proxy=$list NO_PROXY=none run -0 wscat -N 1 "$URL" x
	done
	for list in '' 127.0.0.2 127.0.0.1:1 10.0.0.0/8 localhost 0.0.1; do
		NO_PROXY=$list asks_proxy wscat "$URL" x
	done
	NO_PROXY=localhost run -0 wscat -N 1 "ws://localhost:$PORT/" x
	NO_PROXY=host asks_proxy wscat "ws://localhost:$PORT/" x
}

@test "the command line takes precedence over the variables, and --proxy= means none" {
	serve
	export ALL_PROXY=http://127.0.0.1:2
	NO_PROXY='*' asks_proxy wscat --proxy=http://127.0.0.1:1 "$URL" x
	run -0 wscat --proxy= -N 1 "$URL" x
	same x "$output"
	run -0 wsbench --proxy= -c 1 -n 1 "$URL"
}

@test "a unix socket is reached without a proxy" {
	start wsserve --announce --listen="unix:$BATS_TEST_TMPDIR/s"
	ALL_PROXY=http://127.0.0.1:1 run -0 wscat -N 1 "ws+unix:$BATS_TEST_TMPDIR/s" x
	same x "$output"
	run -2 --separate-stderr wscat --proxy=http://127.0.0.1:1 "ws+unix:$BATS_TEST_TMPDIR/s" x
	usage_line 'a unix socket cannot be reached through a proxy'
}

# --- errors ---

@test "--proxy: an invalid URL is refused, and no password is shown" {
	local url
	for url in https://joe:secret@h socks4://joe:secret@h http://joe:secret@ \
		http://joe:secret@h:99999 'http://joe:secret@h x' http://joe:secret@h/path \
		socks5://secret@h 'http://joe:secret%0a@h'; do
		run -2 --separate-stderr wscat --proxy="$url" ws://127.0.0.1:1/ x
		usage_line "option '--proxy': "
		[[ $stderr != *secret* ]]
		ALL_PROXY=$url run -2 --separate-stderr wscat ws://127.0.0.1:1/ x
		usage_line 'ALL_PROXY: '
		[[ $stderr != *secret* ]]
	done
}

@test "a missing password, and a wrong one: 3, and it is shown nowhere" {
	serve
	tinyproxy_runs 'BasicAuth joe secret'
	run -3 --separate-stderr wscat -vvv --proxy="http://$PROXY" "$URL" x
	one_line "proxy $PROXY: the proxy wants a password \(407\)$"
	run -3 --separate-stderr wscat -vvv --proxy="http://joe:wr0ng@$PROXY" "$URL" x
	one_line "proxy $PROXY: the proxy refused the password \(40[17]\)$"
	microsocks_runs -u joe -P secret
	run -3 --separate-stderr wscat -vvv --proxy="socks5://$PROXY" "$URL" x
	one_line "proxy $PROXY: the proxy wants a password$"
	run -3 --separate-stderr wscat -vvv --proxy="socks5://joe:wr0ng@$PROXY" "$URL" x
	one_line "proxy $PROXY: the proxy refused the password$"
	[[ $stderr != *wr0ng* ]]
	# Refused by the server, through the proxy.
	serve --auth=a:b
	run -5 --separate-stderr wscat -vvv --proxy="socks5://joe:secret@$PROXY" "$URL" x
	says 'HTTP status 401'
	[[ $stderr != *secret* ]]
}

@test "a proxy that cannot connect: 3, with its reason" {
	tinyproxy_runs
	run -3 --separate-stderr wscat --proxy="http://$PROXY" ws://127.0.0.1:1/ x
	one_line "proxy $PROXY: the proxy refused: 50[0-9] "
	microsocks_runs
	run -3 --separate-stderr wscat --proxy="socks5://$PROXY" ws://127.0.0.1:1/ x
	one_line "proxy $PROXY: SOCKS5: connection refused$"
	run -3 --separate-stderr wscat --proxy=http://no.such.name.invalid ws://127.0.0.1:1/ x
	one_line 'resolve the proxy no\.such\.name\.invalid: '
}

@test "the wrong kind of proxy, and a server instead of a proxy" {
	tinyproxy_runs
	run -7 --separate-stderr wscat --connect-timeout=300ms --proxy="socks5://$PROXY" \
		ws://127.0.0.1:1/ x
	one_line "proxy $PROXY: no answer within 0.3 s"
	microsocks_runs
	run -3 --separate-stderr wscat --proxy="http://$PROXY" ws://127.0.0.1:1/ x
	one_line 'this is no HTTP proxy: it answered SOCKS5'
	serve
	run -3 --separate-stderr wscat --proxy="http://127.0.0.1:$PORT" ws://127.0.0.1:1/ x
	one_line 'the proxy refused: 426'
}

# The proxy of the scenario: exit status and message.
hostile() { # SCHEME SCENARIO STATUS REGEX
	badproxy_runs "$2"
	run "-$3" --separate-stderr timeout -k 5 20 wscat --connect-timeout=5s --proxy="$1://$PROXY" \
		ws://127.0.0.1:1/ x
	one_line "^wscat: proxy $PROXY: $4$"
}

@test "hostile HTTP proxies" {
	hostile http hang-up 3 'the proxy hung up without an answer'
	hostile http reset 3 'the connection was reset'
	hostile http garbage 3 "the proxy's answer is no HTTP: the HTTP head is malformed"
	hostile http endless-head 3 "the proxy's answer is too large"
	hostile http endless-line 3 "the proxy's answer is too large"
	hostile http endless-interim 3 "the proxy's answer is too large"
	hostile http half 3 'the proxy hung up before it was done'
	hostile http behind 3 'the proxy sent bytes after its answer'
	hostile http escapes 3 'the proxy refused: 500 \?\?31m and \?'
	hostile http no-basic 3 'the proxy wants a password in a way that is not spoken here \(407\)'
	hostile http interim 3 'the proxy refused: 502 Bad Gateway'
}

@test "hostile SOCKS5 proxies" {
	hostile socks5 hang-up 3 'the proxy hung up without an answer'
	hostile socks5 garbage 3 'this is no SOCKS5 proxy: its answer begins with byte 0x00'
	hostile socks5 half 3 'this is no SOCKS5 proxy: it answered HTTP'
	hostile socks5 socks-half 3 'the proxy hung up before it was done'
	hostile socks5 socks-behind 3 'the proxy sent bytes after its answer'
	hostile socks5 socks-eager 3 'the proxy answered before it was asked'
	hostile socks5 socks4 3 'this is no SOCKS5 proxy: its answer begins with byte 0x00'
	hostile socks5 socks-gssapi 3 'the proxy chose a way of authentication that was not offered'
	hostile socks5 socks-unknown 3 'SOCKS5: refused with code 0x63'
}

@test "every reply of RFC 1928 6 has its message" {
	local words=(x 'general failure' 'not allowed by its rules' 'network unreachable'
		'host unreachable' 'connection refused' 'time to live expired' 'command not supported'
		'address type not supported') code
	for code in 1 2 3 4 5 6 7 8; do
		hostile socks5 "socks-$code" 3 "SOCKS5: ${words[code]}"
	done
}

@test "--connect-timeout is for proxy and upgrade together" {
	local begun
	badproxy_runs late
	begun=$(date +%s%N)
	run -7 --separate-stderr wscat --connect-timeout=3s --proxy="http://$PROXY" ws://127.0.0.1:1/ x
	one_line 'timeout: the upgrade was not finished within 3.00 s'
	(($(date +%s%N) - begun < 4700000000))
}

@test "a silent proxy, and an endless one: 7 after --connect-timeout" {
	local scenario
	for scenario in silent trickle; do
		badproxy_runs "$scenario"
		run -7 --separate-stderr wscat --connect-timeout=200ms --proxy="http://$PROXY" \
			ws://127.0.0.1:1/ x
		one_line "proxy $PROXY: no answer within 0.2 s"
		badproxy_runs "$scenario"
		run -7 wsbench --connect-timeout=200ms --proxy="http://$PROXY" -c 1 -n 1 ws://127.0.0.1:1/
	done
}
