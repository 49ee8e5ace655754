#!/usr/bin/env bats
# wscat through squid and Dante, common proxies in companies.

load ../cli/helper
load ../cli/proxies

setup() {
	unset NO_PROXY no_proxy
	PATH=$PATH:/usr/sbin
}

# Started by root, squid and its helpers run as another user, without access to the test's folder.
open_folder() {
	OPEN=$(mktemp -d /tmp/proxies.XXXXXX)
	chmod 777 "$OPEN"
}

teardown() {
	end_all
	# A killed squid leaves shared memory, which makes the next of its name fail.
	[[ -z ${OPEN-} ]] || rm -rf "$OPEN" /dev/shm/"${OPEN##*.}"-*
}

# The arguments are lines of its configuration, before the line that refuses all other requests.
squid_runs() { # [LINE]...
	command -v squid >/dev/null || skip "squid is not installed"
	[[ -n ${OPEN-} ]] || open_folder
	local dir=$OPEN
	PROXY=127.0.0.1:$(free_port)
	printf '%s\n' "http_port $PROXY" "pid_filename none" "pinger_enable off" "cache deny all" \
		"netdb_filename none" "access_log none" "cache_log stdio:$dir/cache.log" \
		"cache_store_log none" "icon_directory $dir" \
		"shutdown_lifetime 0 seconds" "visible_hostname localhost" "coredump_dir $dir" "$@" \
		"http_access deny all" >"$dir/squid.conf"
	proxy_runs squid -N -n "${OPEN##*.}" -f "$dir/squid.conf"
}

# The rest of the arguments are lines of its configuration.
dante_runs() { # METHOD LINE...
	local method=$1
	shift
	command -v danted >/dev/null || skip "dante-server is not installed"
	PROXY=127.0.0.1:$(free_port)
	printf '%s\n' "logoutput: stderr" "internal: 127.0.0.1 port = ${PROXY#*:}" \
		"external: lo" "clientmethod: none" "socksmethod: $method" "user.unprivileged: $(id -un)" \
		"client pass { from: 0/0 to: 0/0 }" "$@" >"$BATS_TEST_TMPDIR/danted.conf"
	proxy_runs danted -f "$BATS_TEST_TMPDIR/danted.conf" -p "$BATS_TEST_TMPDIR/danted.pid"
}

# Compares a large amount of data.
carries() { # PROXY-URL
	seq 1 100000 | wscat --proxy="$1" "$URL" | cmp - <(seq 1 100000)
}

@test "squid" {
	serve
	squid_runs 'http_access allow localhost'
	carries "http://$PROXY"
	run -3 --separate-stderr wscat --proxy="http://$PROXY" ws://127.0.0.1:1/ x
	one_line "proxy $PROXY: the proxy refused: 503 Service Unavailable"
}

@test "squid's default configuration refuses such a port: 3, and its message" {
	serve
	squid_runs 'acl SSL_ports port 443' 'http_access deny CONNECT !SSL_ports' \
		'http_access allow localhost'
	run -3 --separate-stderr wscat --proxy="http://$PROXY" "$URL" x
	one_line "proxy $PROXY: the proxy refused: 403 Forbidden"
}

@test "squid with passwords" {
	local helper
	helper=$(find /usr/lib*/squid /usr/libexec/squid -name basic_ncsa_auth 2>/dev/null | head -n 1)
	[[ -n $helper ]] || skip "squid has no basic_ncsa_auth here"
	serve
	open_folder
	echo "joe:$(openssl passwd -apr1 'se:cret')" >"$OPEN/passwords"
	squid_runs "auth_param basic program $helper $OPEN/passwords" \
		'auth_param basic children 1' 'acl known proxy_auth REQUIRED' 'http_access allow known'
	carries "http://joe:se%3Acret@$PROXY"
	run -3 --separate-stderr wscat --proxy="http://$PROXY" "$URL" x
	one_line "proxy $PROXY: the proxy wants a password \(407\)"
	run -3 --separate-stderr wscat --proxy="http://joe:wrong@$PROXY" "$URL" x
	one_line "proxy $PROXY: the proxy refused the password \(407\)"
}

@test "Dante" {
	serve
	dante_runs none 'socks pass { from: 0/0 to: 0/0 }'
	carries "socks5://$PROXY"
	URL=ws://localhost:$PORT/
	carries "socks5h://$PROXY"
	run -3 --separate-stderr wscat --proxy="socks5://$PROXY" ws://127.0.0.1:1/ x
	one_line "proxy $PROXY: SOCKS5: connection refused"
}

@test "a Dante that refuses: 3, and the reason" {
	serve
	dante_runs none 'socks block { from: 0/0 to: 0/0 }'
	run -3 --separate-stderr wscat --proxy="socks5://$PROXY" "$URL" x
	one_line "proxy $PROXY: SOCKS5: not allowed by its rules"
}

# Its users are the system's, so that a test has no valid password.
@test "a Dante that requires a password" {
	serve
	dante_runs username 'socks pass { from: 0/0 to: 0/0 }'
	run -3 --separate-stderr wscat --proxy="socks5://$PROXY" "$URL" x
	one_line "proxy $PROXY: the proxy wants a password"
	run -3 --separate-stderr wscat --proxy="socks5://no.such.user:x@$PROXY" "$URL" x
	one_line "proxy $PROXY: the proxy refused the password"
}
