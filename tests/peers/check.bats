#!/usr/bin/env bats
# wscat --check through nginx, HAProxy and Apache, configured well and badly: it names the step and the
# usual cause.

# shellcheck disable=SC2016 # for nginx
load ../cli/helper
load nginx
load proxies

setup() {
	PATH=$PATH:/usr/sbin
	serve --subprotocol=chat
	BACKEND=127.0.0.1:$PORT
}

# Runs the check through the proxy on PORT; its status is in `status`.
check() { # WSCAT-OPTION...
	eventually answers
	run --separate-stderr timeout -k 5 60 wscat --check "$@" "ws://127.0.0.1:$PORT/"
}

# shellcheck disable=SC2154
passes() {
	same 0 "$status"
	run ! grep FAIL <<<"$output"
}

# shellcheck disable=SC2154
fails() { # STEP CAUSE
	same 10 "$status"
	says "^FAIL +$1 " "$output"
	says "usual cause: .*$2" "$output"
}

NGINX_GOOD='proxy_http_version 1.1;
	proxy_set_header Upgrade $http_upgrade;
	proxy_set_header Connection upgrade;'

@test "nginx, configured well" {
	nginx_serves <<<"location / { proxy_pass http://$BACKEND; $NGINX_GOOD }"
	check --check-idle=500ms -s chat
	passes
}

@test "nginx that does not pass the upgrade on" {
	nginx_serves <<<"location / { proxy_pass http://$BACKEND; }"
	check --check-idle=0
	fails upgrade 'proxy_set_header Upgrade'
}

@test "nginx that closes what is silent" {
	nginx_serves <<<"location / { proxy_pass http://$BACKEND; $NGINX_GOOD proxy_read_timeout 1s; }"
	check --check-idle=4s
	fails idle 'proxy_read_timeout'
}

@test "nginx whose server is down, and nginx that serves files there" {
	nginx_serves <<<"location / { proxy_pass http://127.0.0.1:9; $NGINX_GOOD }"
	check
	fails upgrade 'does not reach the server'
	nginx_serves <<<"location / { return 200 'hello'; }"
	check
	fails upgrade 'plain HTTP'
}

@test "HAProxy, configured well" {
	haproxy_serves
	check --check-idle=500ms -s chat
	passes
}

@test "HAProxy that closes what is silent" {
	haproxy_serves "  timeout tunnel 1s"
	check --check-idle=4s
	fails idle 'timeout tunnel'
}

@test "HAProxy whose server is down" {
	BACKEND=127.0.0.1:9
	haproxy_serves
	check
	fails upgrade 'server after the proxy is down'
}

@test "Apache, configured well" {
	apache_serves "ProxyPass / http://$BACKEND/ upgrade=websocket"
	check --check-idle=500ms -s chat
	passes
}

@test "Apache that does not pass the upgrade on" {
	apache_serves "ProxyPass / http://$BACKEND/"
	check --check-idle=0
	fails upgrade 'upgrade=websocket'
}

@test "Apache that closes what is silent" {
	apache_serves "Timeout 1" "ProxyPass / http://$BACKEND/ upgrade=websocket"
	check --check-idle=4s
	fails idle 'Apache: Timeout'
}
