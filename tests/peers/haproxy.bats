#!/usr/bin/env bats
# haproxy in front of wsserve: its health check, and a message through it.

load ../cli/helper

setup() {
	command -v haproxy >/dev/null || skip "haproxy is not installed"
}

@test "haproxy's check keeps a server with --health" {
	serve --health --access-log cat
	local front config=$BATS_TEST_TMPDIR/haproxy.cfg
	front=$(free_port)
	cat >"$config" <<-END
		defaults
		  mode http
		  timeout connect 5s
		  timeout client 5s
		  timeout server 5s
		frontend f
		  bind 127.0.0.1:$front
		  default_backend b
		backend b
		  option httpchk GET /health
		  server s 127.0.0.1:$PORT check inter 100ms
	END
	background haproxy -db -f "$config"
	await '"GET /health HTTP/1\.0" 200' "$SERVER_LOG"
	run -0 --separate-stderr wscat -N 1 "ws://127.0.0.1:$front/" hello </dev/null
	same hello "$output"
	run ! grep -qi 'is DOWN' "$LOG"
}
