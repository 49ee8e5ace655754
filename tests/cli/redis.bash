# shellcheck shell=bash
# A real Redis for tests: on a free port of loopback, without files, in the test's folder; teardown ends
# it. REDIS_PORT is its port, REDIS its process, REDIS_URL the argument of --cluster.
# shellcheck disable=SC2034 # the tests use them

need_redis() {
	command -v redis-server >/dev/null || skip "redis-server is not installed"
}

redis_answers() {
	[[ $(redis "$@" PING 2>&1) == PONG* || $(redis PING 2>&1) == *NOAUTH* ]]
}

redis() { # ARG...
	redis-cli -h 127.0.0.1 -p "$REDIS_PORT" "${REDIS_TLS[@]}" "$@"
}

# Starts it; again on the same port if REDIS_PORT is set. Further arguments are its settings.
redis_runs() { # [--SETTING VALUE]...
	need_redis
	REDIS_PORT=${REDIS_PORT:-$(free_port)}
	REDIS_SETTINGS=("$@")
	mkdir -p "$BATS_TEST_TMPDIR/redis"
	background redis-server --bind 127.0.0.1 --port "$REDIS_PORT" --save '' --appendonly no \
		--dir "$BATS_TEST_TMPDIR/redis" "$@" </dev/null
	REDIS=$PID
	REDIS_URL=redis://127.0.0.1:$REDIS_PORT/chat
	eventually redis_answers
}

redis_dies() {
	kill -KILL "$REDIS"
	finished "$REDIS" || true
}

redis_returns() {
	redis_runs "${REDIS_SETTINGS[@]}"
}

# Starts a node of the cluster and waits until it is connected: NODE_URL[N], NODE_PID[N], NODE_LOG[N],
# NODE_ADMIN[N] are those of number N.
NODE_URL=() NODE_PID=() NODE_LOG=() NODE_ADMIN=()
node_runs() { # N [ARG]...
	local n=$1
	shift
	serve --admin=127.0.0.1:0 --cluster="$REDIS_URL" "$@"
	NODE_URL[n]=$URL NODE_PID[n]=$SERVER NODE_LOG[n]=$SERVER_LOG
	NODE_ADMIN[n]=http://127.0.0.1:$(admin_port)
	await 'cluster connected to' "$SERVER_LOG"
}

# A number from /cluster of node N.
counted() { # N NAME
	curl -s "${NODE_ADMIN[$1]}/cluster" | jq ".$2"
}

counts() { # N NAME NUMBER
	[[ $(counted "$1" "$2") == "$3" ]]
}
