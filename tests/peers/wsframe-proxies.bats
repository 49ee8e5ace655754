#!/usr/bin/env bats
# Each row of the table "Proxies" in docs/debugging.md with the real proxy, configured so: captured on the
# side of the server and of the client, wsframe names what is wrong. Needs root or another permission to
# capture.

# shellcheck disable=SC2016 # for nginx
load ../cli/helper
load nginx
load proxies

setup() {
	one_processor
	PATH=$PATH:/usr/sbin:/sbin
	CAPTURE=$BATS_TEST_TMPDIR/capture
	command -v tcpdump >/dev/null || skip "tcpdump is not installed"
	serve
	BACKEND=127.0.0.1:$PORT
}

# Talks through the proxy on PORT and captures what goes over its port and the server's.
talk() { # EXIT-STATUS [WSCAT-OPTION...]
	local expected=$1
	shift
	eventually answers
	background tcpdump --immediate-mode -B 65536 -s 0 -U -i lo -Z root -w "$CAPTURE" \
		"port $PORT or port ${BACKEND##*:}"
	local dump=$PID
	eventually grep -q 'listening on' "$LOG"
	run "-$expected" --separate-stderr wscat --connect-timeout=5 "$@" "ws://127.0.0.1:$PORT/" hello </dev/null
	eventually over
	kill -INT "$dump"
	eventually ended "$dump"
	run -0 wsframe "$CAPTURE"
}

# Has the capture the end of the client's connection?
over() {
	(($(tcpdump -nr "$CAPTURE" "port $PORT and tcp[tcpflags] & (tcp-fin|tcp-rst) != 0" 2>/dev/null | wc -l) >= 2))
}


# What stands on the side of the server, and on that of the client.
behind() {
	run -0 wsframe --port="${BACKEND##*:}" "$CAPTURE"
}

before() {
	run -0 wsframe --port="$PORT" "$CAPTURE"
}

UPGRADE='proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade;'
SILENCE='without a close frame, after [01]\.[0-9]+ s of silence \(programs say 1006\)
          likely: an idle timeout'

@test "nginx as it is by default speaks HTTP/1.0" {
	nginx_serves <<<"location / { proxy_pass http://$BACKEND; }"
	talk 5
	behind
	says '> GET / HTTP/1.0  \(asks for a WebSocket\)
        ! HTTP_VERSION: .*
          likely: .*proxy_http_version 1\.1' "$output"
}

@test "nginx without the Upgrade header" {
	nginx_serves <<<"location / { proxy_pass http://$BACKEND; proxy_http_version 1.1; }"
	talk 5
	behind
	says '! UPGRADE_MISSING: the Upgrade header lacks the token websocket \(RFC 6455 4.2.1\)' "$output"
	says 'likely: a proxy that does not pass Upgrade on' "$output"
	before
	says '! STATUS: .*
          likely: a proxy that dropped the Upgrade header' "$output"
}

@test "nginx with Upgrade and its own Connection" {
	nginx_serves <<<"location / { proxy_pass http://$BACKEND; $UPGRADE }"
	talk 5
	behind
	says '! CONNECTION_MISSING: .*
          likely: .*proxy_set_header Connection "upgrade"' "$output"
}

@test "nginx, Apache and HAProxy with a timeout shorter than the silence" {
	nginx_serves <<<"location / { proxy_pass http://$BACKEND; $UPGRADE
		proxy_set_header Connection upgrade; proxy_read_timeout 1s; }"
	talk 8 -w -1
	behind
	says "> end of the connection $SILENCE" "$output"
	before
	says "< end of the connection $SILENCE" "$output"
	apache_serves "Timeout 1" "ProxyPass / http://$BACKEND/ upgrade=websocket"
	talk 8 -w -1
	before
	says "< (end of the connection|reset) $SILENCE" "$output"
	haproxy_serves "  timeout tunnel 1s"
	talk 8 -w -1
	before
	says "< (end of the connection|reset) $SILENCE" "$output"
}

@test "Apache without upgrade=websocket" {
	apache_serves "ProxyPass / http://$BACKEND/"
	talk 5
	behind
	says '! UPGRADE_MISSING' "$output"
	before
	says '< HTTP/1.1 400 .*
        ! STATUS: .*
          likely: a proxy that dropped the Upgrade header' "$output"
}

@test "HAProxy that sends the PROXY protocol to a server without it" {
	HAPROXY_SERVER=send-proxy haproxy_serves
	talk 5
	behind
	says '> [0-9]+ bytes: the handshake of a proxy' "$output"
	says 'likely: a server that does not expect the PROXY protocol' "$output"
}

@test "HAProxy that speaks HTTP/2 to a server without it" {
	HAPROXY_SERVER='proto h2' haproxy_serves
	talk 5
	run --separate-stderr wsframe --port="${BACKEND##*:}" "$CAPTURE"
	same "" "$output"
	says 'HTTP/2'
}

@test "the three with a server that is down, and with a path that has files" {
	local server=$BACKEND
	BACKEND=127.0.0.1:9
	nginx_serves <<<"location / { proxy_pass http://$BACKEND; $UPGRADE }"
	talk 5
	before
	says '< HTTP/1.1 502 .*
        ! STATUS: .*
          likely: a proxy whose upstream server is down' "$output"
	haproxy_serves
	talk 5
	before
	says '< HTTP/1.1 503 ' "$output"
	says 'likely: a proxy whose upstream server is down' "$output"
	apache_serves "ProxyPass / http://$BACKEND/ upgrade=websocket"
	talk 5
	before
	says '< HTTP/1.1 503 ' "$output"
	BACKEND=$server
	nginx_serves <<<"location / { return 200 'hello'; }"
	talk 5
	before
	says '! STATUS: .*
          likely: no WebSocket at this path, or a proxy that dropped the Upgrade header' "$output"
}
