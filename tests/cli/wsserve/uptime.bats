#!/usr/bin/env bats
# bats file_tags=measures
# A server that stays up: clients that die, handshakes that are never finished, and the end.

load ../helper

SPACES=()

teardown() {
	local status=0
	end_all || status=$?
	for space in "${SPACES[@]}"; do
		ip netns del "$space"
	done
	return "$status"
}

rude() {
	"$PYTHON" "$FIXTURES/rude.py" "$1" "$PORT" "$count"
}

crowded() {
	(($(descriptors) >= 1000))
}

@test "thousands of unfinished handshakes keep no client out" {
	serve -q --max-connections=3000
	"$PYTHON" "$FIXTURES/rude.py" hold "$PORT" 1500 &
	holder=$!
	STARTED+=("$holder")
	eventually crowded
	for _ in {1..20}; do
		same hello "$(wscat -T 3 "$URL" hello -1)"
	done
	kill "$holder"
}

# A ping that was sent, and whose answer was not received.
ping_unanswered() {
	curl -sS "http://127.0.0.1:$(admin_port)/metrics" |
		awk '/^wsserve_pings_total /{ pings = $2 } /^wsserve_rtt_seconds_count /{ pongs = $2 }
			END { exit pings - pongs != 1 }'
}

@test "a server that was stopped for longer than --ping-timeout: an answer that came meanwhile is in time" {
	serve --admin=127.0.0.1:0 --ping-interval=50ms --ping-timeout=1s --missed-pongs=1
	background wscat -v -w -1 --no-stdin "$URL"
	await 101 "$LOG"
	kill -STOP "$PID"
	eventually ping_unanswered
	kill -STOP "$SERVER"
	kill -CONT "$PID"
	sleep 1.5 # measured: longer than --ping-timeout
	kill -CONT "$SERVER"
	same late "$(wscat -T 3 "$URL" late -1)"
	await ' close by the client: code 1000' "$SERVER_LOG"
	same 1 "$(grep -c ": code " "$SERVER_LOG")"
}

@test "SIGTERM under load: 1001 for all, and nothing that was accepted is lost" {
	serve -t 2 --stats-interval=100ms
	for i in 1 2 3; do
		background wscat -v -w -1 --no-stdin "$URL"
		pids[i]=$PID logs[i]=$LOG
		await 101 "$LOG"
	done
	background wsbench --quiet -c 50 -w 8 -d 20s --format=json "$URL"
	bench=$PID bench_out=$OUT
	await '-53 open' "$SERVER_LOG"
	await ' stats .* messages_out=[1-9]' "$SERVER_LOG"
	kill "$SERVER"
	finished "$SERVER"
	for i in 1 2 3; do
		finished "${pids[i]}"
		await 1001 "${logs[i]}"
	done
	finished "$bench" || true
	# What the server says it sent is what has come.
	out=$(sed -n 's/.* messages in, \([0-9]*\) out$/\1/p' "$SERVER_LOG" | tail -n 1)
	received=$("$PYTHON" -c 'import json, sys; print(json.load(sys.stdin)["messages"]["received"])' \
		<"$bench_out")
	((out > 0))
	same "$out" "$received"
}

@test "SIGTERM: a client that is slow gets all that was queued for it, within --drain" {
	serve --broadcast --slow=drop-new --send-queue=16M
	background wscat -v -w -1 --no-stdin "$URL"
	slow=$PID slow_out=$OUT slow_log=$LOG
	await 101 "$LOG"
	kill -STOP "$slow"
	yes "$(printf '%01000d' 0)" | head -n 9000 | wscat -w 0.5 "$URL"
	kill "$SERVER"
	await 'closing' "$SERVER_LOG"
	await 'connections left' "$SERVER_LOG"
	kill -CONT "$slow"
	finished "$SERVER"
	finished "$slow"
	await 1001 "$slow_log"
	same 9000 "$(wc -l <"$slow_out")"
}

@test "a client that was stopped: the heartbeat notices, and it hears why later" {
	serve --ping-interval=200ms --ping-timeout=100ms
	background wscat -v -w -1 --no-stdin "$URL"
	await 'open' "$SERVER_LOG"
	kill -STOP "$PID"
	await HEARTBEAT_TIMEOUT "$SERVER_LOG"
	kill -CONT "$PID"
	finished "$PID" # 1001 is no error
	await 'closed by the server: 1001 .*did not answer our pings' "$LOG"
}

@test "a cable that was cut: the heartbeat notices, and no other client does" {
	[[ $EUID == 0 ]] || skip 'needs root'
	command -v ip >/dev/null || skip 'needs ip'
	here=wsa$$ there=wsb$$
	ip netns add "$here" || skip 'needs network namespaces'
	ip netns add "$there"
	SPACES=("$here" "$there")
	ip -n "$here" link set lo up
	ip -n "$here" link add cable type veth peer name cable netns "$there"
	ip -n "$here" addr add 192.0.2.1/30 dev cable
	ip -n "$there" addr add 192.0.2.2/30 dev cable
	ip -n "$here" link set cable up
	ip -n "$there" link set cable up
	start ip netns exec "$here" wsserve -p 0 -a 192.0.2.1 --announce --ping-interval=1s \
		--ping-timeout=3s
	server_log=$LOG
	background ip netns exec "$here" wscat -w -1 --no-stdin "$URL"
	near=$PID
	await '-1 open from 192.0.2.1' "$server_log"
	background ip netns exec "$there" wscat -w -1 --no-stdin "$URL"
	await '-2 open from 192.0.2.2' "$server_log"
	ip -n "$there" link set cable down
	await '-2 HEARTBEAT_TIMEOUT' "$server_log"
	kill -0 "$near"
	run grep -c HEARTBEAT_TIMEOUT "$server_log"
	same 1 "$output"
}
