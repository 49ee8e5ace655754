# shellcheck shell=bash
# Real proxies for tests: each listens on a free port of loopback. PROXY is host and port, PROXY_LOG
# its log, and teardown ends it.
# shellcheck disable=SC2034 # the tests use it

answers() { # PORT
	(: <>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# Starts the command, which listens on PROXY's port.
proxy_runs() { # COMMAND...
	background "$@" </dev/null
	PROXY_LOG=$LOG
	eventually answers "${PROXY#*:}"
}

# An HTTP proxy. The arguments are further lines of its configuration.
tinyproxy_runs() { # [LINE]...
	command -v tinyproxy >/dev/null || skip "tinyproxy is not installed"
	PROXY=127.0.0.1:$(free_port)
	local config=$BATS_TEST_TMPDIR/tinyproxy.${#STARTED[@]}.conf
	printf '%s\n' "Port ${PROXY#*:}" "Listen 127.0.0.1" "LogLevel Info" "$@" >"$config"
	proxy_runs tinyproxy -d -c "$config"
	PROXY_LOG=$OUT
}

# A SOCKS5 proxy. The arguments are those of microsocks: -u joe -P secret.
microsocks_runs() { # [ARG]...
	command -v microsocks >/dev/null || skip "microsocks is not installed"
	PROXY=127.0.0.1:$(free_port)
	proxy_runs microsocks -i 127.0.0.1 -p "${PROXY#*:}" "$@"
}

# A proxy that misbehaves in one way; see tests/fixtures/badproxy.py.
badproxy_runs() { # SCENARIO
	start "$PYTHON" "$FIXTURES/badproxy.py" "$@"
	PROXY=127.0.0.1:$PORT
}
