#!/usr/bin/env bats
# --cluster: several servers reach each other's clients through Redis.
# shellcheck disable=SC2034 # redis.bash uses them

load ../helper
load ../redis

# A client of node N that listens until it has so many messages: its id in PID, what it got in OUT.
listener() { # N COUNT [PATH]
	background wscat -v -w -1 --no-stdin --count="$2" "${NODE_URL[$1]}${3-}"
	await '101' "$LOG"
}

@test "--cluster: two nodes, each client gets a message once, its sender none" {
	redis_runs
	node_runs 1 --broadcast
	node_runs 2 --broadcast
	listener 1 3
	near=$PID near_out=$OUT
	listener 2 3
	far=$PID far_out=$OUT
	printf 'one\ntwo\nthree\n' | wscat -w 0.5 "${NODE_URL[1]}" >"$BATS_TEST_TMPDIR/sender"
	finished "$near"
	finished "$far"
	same $'one\ntwo\nthree' "$(cat "$near_out")"
	same $'one\ntwo\nthree' "$(cat "$far_out")"
	same '' "$(cat "$BATS_TEST_TMPDIR/sender")"
	eventually counts 1 out 3
	eventually counts 2 in 3
	same 0 "$(counted 1 in)"
	same 0 "$(counted 2 lost)"
	[[ $(counted 2 p99_us) -gt 0 ]]
}

@test "--cluster: a message that is too large for another node costs that one message, and no other" {
	redis_runs
	node_runs 1 --rooms --max-message-size=4M
	node_runs 2 --rooms --max-message-size=1M
	listener 2 3 q
	far=$PID far_out=$OUT
	listener 2 2 r
	eventually subscribed 1 '{chat}/q' '{chat}/r'
	head -c 3000000 /dev/zero | tr '\0' x >"$BATS_TEST_TMPDIR/large"
	run -0 wscat -w 0.5 "${NODE_URL[1]}r" small
	run -0 wscat -w 0.5 "${NODE_URL[1]}r" <"$BATS_TEST_TMPDIR/large"
	printf 'one\ntwo\nthree\n' | wscat -w 0.5 "${NODE_URL[1]}q" >"$BATS_TEST_TMPDIR/sender"
	finished "$far"
	same $'one\ntwo\nthree' "$(cat "$far_out")"
	eventually counts 2 malformed 1
	same 1 "$(grep -c 'WARNING cluster dropped from channel .*/r: larger than --max-message-size' "${NODE_LOG[2]}")"
	run -0 wscat -w 0.5 "${NODE_URL[1]}r" again
	finished "$PID"
	same $'small\nagain' "$(cat "$OUT")"
}

@test "--cluster: text stays text, binary binary, 1 MiB comes whole, compressed once a node" {
	redis_runs
	node_runs 1 --broadcast --compress
	node_runs 2 --broadcast --compress
	background wscat --no-stdin -J --compress --count=2 "${NODE_URL[2]}"
	far=$PID far_out=$OUT
	await ' open from' "${NODE_LOG[2]}"
	head -c 1000000 /dev/urandom >"$BATS_TEST_TMPDIR/random"
	wscat -w 0.5 -t "${NODE_URL[1]}" 'grün'
	wscat -w 0.5 -b --chunk=1M "${NODE_URL[1]}" <"$BATS_TEST_TMPDIR/random"
	finished "$far"
	same 'grün' "$(jq -r 'select(.type == "text").data' "$far_out")"
	jq -r 'select(.type == "binary").b64' "$far_out" | base64 -d | cmp - "$BATS_TEST_TMPDIR/random"
}

@test "--cluster --rooms: a channel a group, which is left with its last member" {
	redis_runs
	node_runs 1 --rooms -t 3
	node_runs 2 --rooms
	listener 1 1 red
	red=$PID red_out=$OUT
	listener 1 1 blue?x=1
	blue=$PID blue_out=$OUT
	eventually subscribed 1 '{chat}/red' '{chat}/blue'
	wscat -w 0.5 "${NODE_URL[2]}red" 'for red'
	wscat -w 0.5 "${NODE_URL[2]}blue" 'for blue'
	finished "$red"
	finished "$blue"
	same 'for red' "$(cat "$red_out")"
	same 'for blue' "$(cat "$blue_out")"
	eventually subscribed 0 '{chat}/red' '{chat}/blue'
	same '' "$(redis PUBSUB CHANNELS '{chat}*')"
	same 0 "$(counted 1 topics)"
}

# Each of the channels has so many subscribers.
subscribed() { # COUNT CHANNEL...
	local count=$1 channel
	shift
	for channel; do
		[[ $(redis PUBSUB NUMSUB "$channel" | tail -n 1) == "$count" ]] || return
	done
}

@test "--cluster --pipe: lines reach the clients of every node, records of a group its members" {
	redis_runs
	mkfifo "$BATS_TEST_TMPDIR/in"
	exec 4<>"$BATS_TEST_TMPDIR/in"
	background wsserve -p 0 --pipe --framing=jsonl --cluster="$REDIS_URL" <"$BATS_TEST_TMPDIR/in"
	await 'cluster connected' "$LOG"
	node_runs 2 --pipe
	listener 2 3 red
	red=$PID red_out=$OUT
	listener 2 2 blue
	blue=$PID blue_out=$OUT
	eventually subscribed 1 '{chat}/red'
	printf '%s\n' '{"type":"text","data":"to all"}' '{"type":"text","group":"/red","data":"to red"}' \
		'{"type":"text","data":"again"}' >&4
	finished "$red"
	finished "$blue"
	same $'to all\nto red\nagain' "$(cat "$red_out")"
	same $'to all\nagain' "$(cat "$blue_out")"
	exec 4>&-
}

# bats test_tags=measures
@test "--cluster -t: three nodes, every sender's messages in order, each once" {
	sanitized && count=200 || count=2000
	redis_runs
	pids=() outs=()
	for n in 1 2 3; do
		node_runs "$n" --broadcast -t "$n"
		listener "$n" $((3 * count))
		pids[n]=$PID outs[n]=$OUT
	done
	senders=()
	for n in 1 2 3; do
		seq -f "$n-%g" "$count" | wscat -w 1 "${NODE_URL[n]}" >/dev/null 3>&- &
		senders+=($!)
	done
	wait "${senders[@]}"
	for n in 1 2 3; do
		finished "${pids[n]}"
		for from in 1 2 3; do
			cmp <(grep "^$from-" "${outs[n]}") <(seq -f "$from-%g" "$count")
		done
		same 0 "$(counted "$n" lost)"
		same 0 "$(counted "$n" failed)"
	done
}

@test "--cluster: many messages leave for Redis together, each counted" {
	redis_runs
	node_runs 1 --broadcast
	before=$(redis_reads)
	wsbench -q --mode=broadcast -c 3 -R 8000 -d 1s "${NODE_URL[1]}" >/dev/null
	eventually at_least out 6000
	same 0 "$(counted 1 failed)"
	((($(redis_reads) - before) * 2 < $(counted 1 out)))
}

# How often Redis has read from its connections.
redis_reads() {
	redis INFO stats | tr -d '\r' | sed -n 's/^total_reads_processed://p'
}

@test "--cluster: a Redis cluster is asked for sharded channels" {
	redis_runs --cluster-enabled yes --cluster-port "$(free_port)"
	redis CLUSTER ADDSLOTSRANGE 0 16383
	eventually cluster_is_up
	node_runs 1 --broadcast
	node_runs 2 --broadcast
	await 'channel chat, sharded' "${NODE_LOG[2]}"
	listener 2 1
	wscat -w 0.5 "${NODE_URL[1]}" sharded
	finished "$PID"
	same sharded "$(cat "$OUT")"
	same 2 "$(redis PUBSUB SHARDNUMSUB '{chat}' | tail -n 1)"
}

cluster_is_up() {
	redis CLUSTER INFO | grep -q 'cluster_state:ok'
}

@test "--cluster: passwords by env:, ACL users, rediss:// with --cluster-ca; no log shows a password" {
	redis_runs --requirepass hunter2 \
		--user joe on '>s3cret/@' resetchannels '&{chat}*' -@all +publish +subscribe +unsubscribe +ping \
		'+cluster|info'
	URL_OF_ALL=$REDIS_URL
	REDIS_URL=env:CLUSTER_URL
	CLUSTER_URL=redis://:env:REDIS_PASSWORD@${URL_OF_ALL#*://} REDIS_PASSWORD=hunter2 node_runs 1 --broadcast -v
	REDIS_URL=redis://joe:s3cret%2F%40@${URL_OF_ALL#*://} node_runs 2 --broadcast -v
	listener 2 1
	wscat -w 0.5 "${NODE_URL[1]}" hello
	finished "$PID"
	serve --broadcast -v --cluster="redis://joe:wr0ng@${URL_OF_ALL#*://}"
	await 'WARNING cluster no connection to redis://127.*: Redis refuses: WRONGPASS' "$SERVER_LOG"
	serve --broadcast -v --cluster="$URL_OF_ALL"
	await 'WARNING cluster no connection to redis://127.*: Redis refuses: NOAUTH' "$SERVER_LOG"
	run ! grep -h -E 'hunter2|s3cret|wr0ng' "$BATS_TEST_TMPDIR"/log.*
}

@test "--cluster=rediss://: TLS, checked against --cluster-ca" {
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
		-addext 'subjectAltName=IP:127.0.0.1' -keyout "$BATS_TEST_TMPDIR/key.pem" \
		-out "$BATS_TEST_TMPDIR/cert.pem" 2>/dev/null
	REDIS_TLS=(--tls --cacert "$BATS_TEST_TMPDIR/cert.pem")
	REDIS_PORT=$(free_port)
	redis_runs --port 0 --tls-port "$REDIS_PORT" --tls-cert-file "$BATS_TEST_TMPDIR/cert.pem" \
		--tls-key-file "$BATS_TEST_TMPDIR/key.pem" --tls-ca-cert-file "$BATS_TEST_TMPDIR/cert.pem" \
		--tls-auth-clients no
	REDIS_URL=rediss://127.0.0.1:$REDIS_PORT/chat
	node_runs 1 --broadcast --cluster-ca="$BATS_TEST_TMPDIR/cert.pem"
	node_runs 2 --broadcast --cluster-ca="$BATS_TEST_TMPDIR/cert.pem"
	listener 2 1000
	seq 1000 | wscat -w 0.5 "${NODE_URL[1]}"
	finished "$PID"
	cmp "$OUT" <(seq 1000)
	serve --broadcast --cluster="$REDIS_URL"
	await 'WARNING cluster no connection to rediss://.*: .*certificate' "$SERVER_LOG"
	serve --broadcast --cluster="$REDIS_URL" --health=/health
	same '{"status":"degraded","connections":0,"limit":1000}' "$(curl -s "http://${URL#ws://}health")"
}

@test "--cluster: without Redis local clients are served; once it is back so are all" {
	redis_runs
	node_runs 1 --broadcast
	node_runs 2 --broadcast
	listener 1 2
	near=$PID
	listener 2 1
	far=$PID far_out=$OUT
	redis_dies
	for n in 1 2; do
		eventually degraded "$n"
	done
	wscat -w 0.5 "${NODE_URL[1]}" 'while it is away'
	eventually counts 1 failed 1
	redis_returns
	for n in 1 2; do
		await 'cluster connected.*node' <(tail -n +1 "${NODE_LOG[n]}") || true
		eventually healthy "$n"
	done
	wscat -w 0.5 "${NODE_URL[1]}" 'when it is back'
	finished "$near"
	finished "$far"
	same 'when it is back' "$(cat "$far_out")"
	for n in 1 2; do
		same 1 "$(grep -c 'WARNING cluster' "${NODE_LOG[n]}")"
		same 2 "$(grep -c 'cluster connected' "${NODE_LOG[n]}")"
	done
}

degraded() { # N
	[[ $(curl -s -o /dev/stdout -w ' %{http_code}' "${NODE_ADMIN[$1]}/health") == *'"degraded"'*' 200' ]]
}

healthy() { # N
	curl -s "${NODE_ADMIN[$1]}/health" | grep -q '"ok"'
}

# bats test_tags=measures
@test "--cluster: killed and started again in the middle: what is missing is what is counted" {
	sanitized && count=3000 || count=20000
	redis_runs
	node_runs 1 --broadcast
	node_runs 2 --broadcast
	background wscat -v -w -1 --no-stdin "${NODE_URL[2]}"
	far_out=$OUT
	await '101' "$LOG"
	mkfifo "$BATS_TEST_TMPDIR/in"
	exec 4<>"$BATS_TEST_TMPDIR/in"
	background wscat -w -1 "${NODE_URL[1]}" <"$BATS_TEST_TMPDIR/in"
	seq 1 "$count" >&4
	await '^1$' "$far_out"
	redis_dies
	seq $((count + 1)) $((2 * count)) >&4
	eventually degraded 2
	redis_returns
	eventually healthy 1
	eventually healthy 2
	seq $((2 * count + 1)) $((3 * count)) >&4
	await "^$((3 * count))\$" "$far_out"
	exec 4>&-
	got=$(wc -l <"$far_out")
	((got < 3 * count))
	sort -n -c -u "$far_out"
	same $((3 * count - got)) "$(counted 2 lost)"
	same $((3 * count)) $(($(counted 1 out) + $(counted 1 failed)))
	same 0 "$(counted 2 repeated)"
}

@test "--cluster: what does not fit is refused before the start" {
	for args in '--echo' '' '--sink'; do
		# shellcheck disable=SC2086 # none or one
		run -2 --separate-stderr wsserve $args --cluster=redis://127.0.0.1:1/chat
		usage_line '--cluster needs --broadcast, --rooms or --pipe'
	done
	run -2 --separate-stderr wsserve --broadcast --cluster=http://127.0.0.1:1/chat
	usage_line "option '--cluster': the scheme is neither redis nor rediss"
	run -2 --separate-stderr wsserve --broadcast --cluster=redis://joe:pw@127.0.0.1:1/
	usage_line "option '--cluster': the channel is missing"
	run -2 --separate-stderr wsserve --broadcast --cluster-ca=x
	usage_line "--cluster-ca has no effect without --cluster"
	run -2 --separate-stderr wsserve --broadcast --cluster-ca=x --cluster=redis://127.0.0.1:1/c
	usage_line "--cluster-ca has no effect without rediss://"
	run -1 --separate-stderr wsserve --broadcast --cluster-ca=/none --cluster=rediss://127.0.0.1:1/c
	one_line '^wsserve: --cluster: .*/none'
}

# --- a Redis that is broken or hostile: a clear line, no growth, local clients unharmed ---

# A node with a Redis that misbehaves: see tests/fixtures/badredis.py.
hostile() { # SCENARIO [ARG]...
	start "$PYTHON" "$FIXTURES/badredis.py" "$1"
	REDIS_URL=${URL}chat
	serve --broadcast --admin=127.0.0.1:0 --cluster="$REDIS_URL" "${@:2}"
	NODE_ADMIN[1]=http://127.0.0.1:$(admin_port)
}

# Two clients of the node reach each other, at once.
local_clients_are_served() {
	background wscat -v -w -1 --no-stdin "$URL"
	local heard=$OUT listener=$PID
	await '101' "$LOG"
	for i in {1..20}; do
		wscat -w 0 "$URL" "honest $i" </dev/null >/dev/null
	done
	await 'honest 20' "$heard"
	same 20 "$(grep -c '^honest' "$heard")"
	kill "$listener"
	grew_less "$SERVER" 30000
}

lost_because() { # REGEX
	await "WARNING cluster no connection to .*: $1" "$SERVER_LOG"
	local_clients_are_served
	# One line a loss, and no other until it was connected again; each wait is longer.
	local losses connected
	losses=$(grep -c 'WARNING cluster' "$SERVER_LOG")
	connected=$(grep -c 'cluster connected' "$SERVER_LOG" || true)
	((losses <= connected + 1 && losses < 12))
}

# bats test_tags=measures
@test "--cluster: a Redis that speaks HTTP" {
	hostile wrong
	lost_because 'no Redis speaks like this: '
}

# bats test_tags=measures
@test "--cluster: 512 MiB are claimed and sent: passed over, in no memory, up to what is no reply" {
	hostile claim
	await 'WARNING cluster dropped from channel {chat}: larger than --max-message-size' "$SERVER_LOG"
	await 'WARNING cluster no connection to .*: no Redis speaks like this: ' "$SERVER_LOG"
	local_clients_are_served
	eventually at_least losses 5
	at_least malformed 5
	grew_less "$SERVER" 30000
}

at_least() { # NAME NUMBER
	(($(counted 1 "$1") >= $2))
}

# bats test_tags=measures
@test "--cluster: an array of a billion parts" {
	hostile array
	lost_because 'no Redis speaks like this: an array of a length'
}

# bats test_tags=measures
@test "--cluster: arrays inside arrays" {
	hostile nested
	lost_because 'no Redis speaks like this: an array inside an array'
}

# bats test_tags=measures
@test "--cluster: answers to what was not asked" {
	hostile unasked
	lost_because 'Redis answers what it was not asked'
}

# bats test_tags=measures
@test "--cluster: half a message, and no more" {
	hostile half
	await 'cluster connected' "$SERVER_LOG"
	local_clients_are_served
	lost_because 'no answer to a ping within 5 s'
}

# bats test_tags=measures
@test "--cluster: a Redis that accepts and says nothing" {
	hostile mute
	local_clients_are_served
	lost_because 'no answer within 5 s'
}

# bats test_tags=measures
@test "--cluster: forged messages are dropped, one of a node is delivered, a repeated one is not" {
	hostile forged
	eventually counts 1 malformed 4
	eventually counts 1 repeated 1
	counts 1 in 1
	same 1 "$(grep -c 'WARNING cluster dropped from channel {chat}: not a message of a node' "$SERVER_LOG")"
	local_clients_are_served
}

# bats test_tags=measures
@test "--cluster: an error for every message is logged once, and counted" {
	hostile errors
	await 'cluster connected' "$SERVER_LOG"
	local_clients_are_served
	eventually counts 1 failed 20
	same 1 "$(grep -c 'WARNING cluster Redis rejects .*: OOM command' "$SERVER_LOG")"
}

# bats test_tags=measures
@test "--cluster: a Redis that reads nothing: 8 MiB wait at most, the rest has failed" {
	hostile unread
	head -c 40000000 /dev/zero >"$BATS_TEST_TMPDIR/zeros"
	wscat -w 0 -b "$URL" <"$BATS_TEST_TMPDIR/zeros" >/dev/null
	eventually at_least failed 300
	grew_less "$SERVER" 60000
	local_clients_are_served
}

@test "--cluster: a Redis that stalls: that messages are dropped is logged, and how many" {
	redis_runs
	node_runs 1 --broadcast
	head -c 40000000 /dev/zero >"$BATS_TEST_TMPDIR/zeros"
	kill -STOP "$REDIS"
	wscat -w 0 -b "${NODE_URL[1]}" <"$BATS_TEST_TMPDIR/zeros" >/dev/null
	await 'WARNING cluster Redis takes too little: messages for other nodes are dropped' "$SERVER_LOG"
	kill -CONT "$REDIS"
	await 'INFO    cluster messages that failed .*: [1-9][0-9]+ were too many, 0 had no connection, 0 were not' "$SERVER_LOG"
	same 1 "$(grep -c 'WARNING cluster' "$SERVER_LOG")"
	same "$(counted 1 failed)" "$(sed -nE 's/.* cluster messages that failed .*: ([0-9]+) .*/\1/p' "$SERVER_LOG")"
	kill -STOP "$REDIS"
	wscat -w 0 "${NODE_URL[1]}" last
	kill "$SERVER"
	finished "$SERVER"
	kill -CONT "$REDIS"
	await 'WARNING cluster messages that failed .*: 0 were too many, 0 had no connection, 1 were not confirmed' "$SERVER_LOG"
}

# bats test_tags=measures
@test "--cluster --slow=block: a flood waits for a client that does not read; others are closed or wait" {
	hostile flood --slow=block --send-queue=64K
	background wscat -v -w -1 --no-stdin "$URL"
	await '101' "$LOG"
	kill -STOP "$PID"
	eventually at_rest "$SERVER"
	grew_less "$SERVER" 30000
	kill -CONT "$PID"
	before=$(counted 1 in)
	eventually at_least in $((before + 1000))
}
