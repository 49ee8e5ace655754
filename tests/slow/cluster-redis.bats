#!/usr/bin/env bats
# only: build
# --cluster and a real Redis in trouble: one that drops a slow node, messages that are too large, a Redis
# cluster of several shards.
# shellcheck disable=SC2034 # redis.bash uses them

load ../cli/helper
load ../cli/redis

# A client of node N that stays: what it got is in OUT.
listener() { # N
	background wscat -v -w -1 --no-stdin "${NODE_URL[$1]}"
	await '101' "$LOG"
}

says() { # N TEXT
	wscat -w 0.5 "${NODE_URL[$1]}" "$2" </dev/null >/dev/null
}

# Messages FROM to FROM + 49, of 60 KB each.
floods() { # N FROM
	seq "$2" $(($2 + 49)) | awk '{ printf "%d %060000d\n", $1, 0 }' | wscat -w 0.5 "${NODE_URL[$1]}" >/dev/null
}

numbers() { # FILE
	cut -d ' ' -f 1 "$1"
}

connected_times() { # N TIMES
	(($(grep -c 'cluster connected' "${NODE_LOG[$1]}") == $2))
}

@test "--cluster: Redis drops a node that is too slow: one line, counted, subscribed again; others unharmed" {
	local sent=0
	redis_runs --client-output-buffer-limit 'pubsub 8mb 0 0'
	redis_log=$OUT
	node_runs 1 --broadcast --send-queue=64M
	node_runs 2 --broadcast --send-queue=64M
	listener 1
	near=$OUT
	listener 2
	far=$OUT
	floods 1 1
	sent=50
	await '^50 ' "$far"
	kill -STOP "${NODE_PID[2]}"
	until grep -q 'overcoming of output buffer limits' "$redis_log"; do
		((sent < 2000))
		floods 1 $((sent + 1))
		sent=$((sent + 50))
		await "^$sent " "$near"
	done
	kill -CONT "${NODE_PID[2]}"
	await 'WARNING cluster no connection to .* for receiving: ' "${NODE_LOG[2]}"
	eventually connected_times 2 2
	says 1 last
	await '^last$' "$far"
	await '^last$' "$near"
	same "$(seq "$sent"; echo last)" "$(numbers "$near")"
	numbers "$far" | sed '$d' | sort -n -c -u
	same $((sent + 1 - $(wc -l <"$far"))) "$(counted 2 lost)"
	(($(counted 2 lost) > 0))
	same 1 "$(grep -c 'WARNING cluster' "${NODE_LOG[2]}")"
	same '0 0' "$(counted 2 repeated) $(counted 1 failed)"
	same 0 "$(grep -c 'WARNING cluster' "${NODE_LOG[1]}")"
}

# Where Redis takes seconds to begin, a node may find that it answers no pings; then it comes again.
told_too_much() {
	head -c 200000000 /dev/zero | redis -x PUBLISH '{chat}' >/dev/null
	for n in 1 2; do
		PATIENCE=20 eventually grep -q 'WARNING cluster dropped from channel {chat}: larger than --max-message-size' \
			"${NODE_LOG[$n]}" || return
	done
}

no_loss_at_last() { # N
	grep 'cluster \(connected\|no connection\)' "${NODE_LOG[$1]}" | tail -n 1 | grep -q 'cluster connected'
}

@test "--cluster: 200 MB in the channel: a line, no growth, and what fits comes afterwards" {
	redis_runs --client-output-buffer-limit 'pubsub 0 0 0'
	node_runs 1 --broadcast
	node_runs 2 --broadcast
	listener 1
	near=$OUT
	eventually told_too_much
	for n in 1 2; do
		eventually no_loss_at_last "$n"
		grew_less "${NODE_PID[$n]}" 30000
	done
	says 2 'it fits'
	await '^it fits$' "$near"
}

# --- several shards ---

# Three shards on free ports: SHARD_PORT[N], SHARD_PID[N]; each with a free port for the others.
shards_run() {
	local n
	need_redis
	SHARD_PORT=() SHARD_BUS=() SHARD_PID=()
	for n in 0 1 2; do
		SHARD_PORT[n]=$(free_port)
		SHARD_BUS[n]=$(free_port)
		shard_runs "$n"
	done
	for n in 1 2; do
		shard 0 CLUSTER MEET 127.0.0.1 "${SHARD_PORT[n]}" "${SHARD_BUS[n]}"
	done
	shard 0 CLUSTER ADDSLOTSRANGE 0 5460
	shard 1 CLUSTER ADDSLOTSRANGE 5461 10922
	shard 2 CLUSTER ADDSLOTSRANGE 10923 16383
	for n in 0 1 2; do
		eventually shard_agrees "$n"
	done
}

shard_runs() { # N
	local REDIS_PORT=${SHARD_PORT[$1]} REDIS REDIS_URL REDIS_SETTINGS
	mkdir -p "$BATS_TEST_TMPDIR/shard.$1"
	redis_runs --cluster-enabled yes --cluster-port "${SHARD_BUS[$1]}" --cluster-node-timeout 5000 \
		--dir "$BATS_TEST_TMPDIR/shard.$1"
	SHARD_PID[$1]=$REDIS
}

shard() { # N COMMAND...
	redis-cli -h 127.0.0.1 -p "${SHARD_PORT[$1]}" "${@:2}"
}

shard_agrees() { # N
	shard "$1" CLUSTER INFO | tr -d '\r' | grep -q '^cluster_state:ok$' &&
		(($(shard "$1" CLUSTER NODES | grep -c connected) == 3))
}

# The shard that has the channel's slot.
owner() { # CHANNEL
	local slot
	slot=$(shard 0 CLUSTER KEYSLOT "{$1}")
	echo $((slot < 5461 ? 0 : slot < 10923 ? 1 : 2))
}

url_of() { # SHARD CHANNEL
	echo "redis://127.0.0.1:${SHARD_PORT[$1]}/$2"
}

reaches() { # FROM TO TEXT
	listener "$2"
	says "$1" "$3"
	await "^$3\$" "$OUT"
}

@test "--cluster: three shards: each channel is on its own, whichever the URL names" {
	shards_run
	local at n owners=
	for channel in chat news talk; do
		at=$(owner "$channel")
		owners+=" $at"
		REDIS_URL=$(url_of $(((at + 1) % 3)) "$channel") node_runs 1 --broadcast
		REDIS_URL=$(url_of $(((at + 2) % 3)) "$channel") node_runs 2 --broadcast
		reaches 1 2 "of $channel"
		same 2 "$(shard "$at" PUBSUB SHARDNUMSUB "{$channel}" | tail -n 1)"
		for n in 1 2; do
			same 0 "$(counted "$n" failed)"
		done
	done
	(($(tr ' ' '\n' <<<"$owners" | sort -u | grep -c .) > 1))
}

@test "--cluster: the shard dies: local clients go on, what others miss is counted; it returns" {
	shards_run
	local at
	at=$(owner chat)
	REDIS_URL=$(url_of $(((at + 1) % 3)) chat)
	node_runs 1 --broadcast
	node_runs 2 --broadcast
	listener 1
	near=$OUT
	reaches 1 2 before
	kill -KILL "${SHARD_PID[$at]}"
	finished "${SHARD_PID[$at]}" || true
	for n in 1 2; do
		eventually degraded "$n"
	done
	says 1 without
	await '^without$' "$near"
	eventually counts 1 failed 1
	shard_runs "$at"
	for n in 1 2; do
		eventually healthy "$n"
	done
	reaches 1 2 after
	same $'before\nwithout\nafter' "$(cat "$near")"
	same 1 "$(counted 2 lost)"
}

degraded() { # N
	curl -s "${NODE_ADMIN[$1]}/health" | grep -q '"degraded"'
}

healthy() { # N
	curl -s "${NODE_ADMIN[$1]}/health" | grep -q '"ok"'
}

@test "--cluster: the channel's slot moves to another shard: both nodes follow it" {
	shards_run
	local at to slot id
	at=$(owner chat)
	to=$(((at + 1) % 3))
	slot=$(shard 0 CLUSTER KEYSLOT '{chat}')
	REDIS_URL=$(url_of "$at" chat)
	node_runs 1 --rooms
	node_runs 2 --rooms
	NODE_URL[1]+=red NODE_URL[2]+=red
	reaches 1 2 before
	reaches 2 1 'the other way' # both have members, and so a subscription
	id=$(shard "$to" CLUSTER MYID)
	# As a move is done: without IMPORTING the new owner's claim is no newer than the old one's.
	shard "$to" CLUSTER SETSLOT "$slot" IMPORTING "$(shard "$at" CLUSTER MYID)"
	shard "$at" CLUSTER SETSLOT "$slot" MIGRATING "$id"
	for n in $to $at $(((at + 2) % 3)); do
		shard "$n" CLUSTER SETSLOT "$slot" NODE "$id"
	done
	for n in 1 2; do
		await 'WARNING cluster .*: the channel .* another server of the cluster' "${NODE_LOG[$n]}"
		eventually connected_times "$n" 2
		same 1 "$(grep -c 'WARNING cluster' "${NODE_LOG[$n]}")"
	done
	reaches 2 1 after
	same 2 "$(shard "$to" PUBSUB SHARDNUMSUB '{chat}/red' | tail -n 1)"
	same '0 0 0 0' "$(counted 1 failed) $(counted 2 failed) $(counted 1 lost) $(counted 2 lost)"
}
