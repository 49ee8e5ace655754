# shellcheck shell=bash
# Starts HAProxy and Apache on a free port, before the server at BACKEND (HOST:PORT); sets PORT. For nginx
# see nginx.bash.

# Each argument is a line of the "defaults" section. HAPROXY_BACKEND has further lines of the backend's,
# HAPROXY_SERVER further words of its server.
haproxy_serves() { # LINE...
	command -v haproxy >/dev/null || skip "HAProxy is not installed"
	PORT=$(free_port)
	printf '%s\n' "defaults" "  mode http" "  timeout connect 5s" "  timeout client 10s" "  timeout server 10s" "$@" \
		"frontend f" "  bind 127.0.0.1:$PORT ${HAPROXY_BIND-}" "  default_backend b" "backend b" "${HAPROXY_BACKEND-}" \
		"  server s $BACKEND ${HAPROXY_SERVER-}" >"$BATS_TEST_TMPDIR/haproxy.cfg"
	background haproxy -db -f "$BATS_TEST_TMPDIR/haproxy.cfg"
}

apache_serves() { # LINE...
	command -v apache2 >/dev/null || skip "Apache is not installed"
	PORT=$(free_port)
	local name modules=/usr/lib/apache2/modules
	{
		echo "ServerRoot $BATS_TEST_TMPDIR"
		echo "PidFile $BATS_TEST_TMPDIR/apache.pid"
		echo "ErrorLog $BATS_TEST_TMPDIR/apache.log"
		echo "ServerName localhost"
		echo "Listen 127.0.0.1:$PORT"
		for name in mpm_event authz_core proxy proxy_http proxy_wstunnel; do
			echo "LoadModule ${name}_module $modules/mod_$name.so"
		done
		printf '%s\n' "$@"
	} >"$BATS_TEST_TMPDIR/apache.conf"
	background apache2 -DFOREGROUND -f "$BATS_TEST_TMPDIR/apache.conf"
}

answers() {
	(: <>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null
}
