#!/usr/bin/env bats
# also: check
# --broadcast and --rooms: every message to all others.

load ../helper

# A client that listens until it has so many messages: its id in PID, what it heard in OUT.
listener() { # COUNT [PATH]
	background wscat -v -w -1 --no-stdin --count="$1" "${URL%/}/${2-}"
	await '101' "$LOG"
}

@test "--broadcast: to all others, not to the sender" {
	serve --broadcast
	listener 2
	one=$PID one_out=$OUT
	listener 2
	two=$PID two_out=$OUT
	printf 'hello\nworld\n' | wscat -w 0.5 "$URL" >"$BATS_TEST_TMPDIR/sender"
	finished "$one"
	finished "$two"
	same $'hello\nworld' "$(cat "$one_out")"
	same $'hello\nworld' "$(cat "$two_out")"
	same '' "$(cat "$BATS_TEST_TMPDIR/sender")"
}

@test "--broadcast: binary stays binary, 1 MiB comes whole" {
	serve --broadcast
	background wscat --no-stdin -J --count=16 "$URL"
	records=$PID records_out=$OUT
	head -c 1048576 /dev/urandom >"$BATS_TEST_TMPDIR/random"
	background wscat -b --no-stdin --count=16 "$URL"
	binary=$PID binary_out=$OUT
	await '-2 open' "$SERVER_LOG"
	wscat -w 0.5 -b "$URL" <"$BATS_TEST_TMPDIR/random"
	finished "$binary"
	finished "$records"
	cmp "$BATS_TEST_TMPDIR/random" "$binary_out"
	same 16 "$(grep -c '"type":"binary","len":65536' "$records_out")"
}

@test "--rooms: the path names the group, whatever the query, in a target with a host too" {
	serve --rooms
	listener 1 'red?name=a'
	red=$PID red_out=$OUT
	listener 1 'blue'
	blue=$PID blue_out=$OUT
	wscat -w 0.5 "${URL}red" 'for red'
	wscat -w 0.5 "${URL}blue?x=1" 'for blue'
	finished "$red"
	finished "$blue"
	same 'for red' "$(cat "$red_out")"
	same 'for blue' "$(cat "$blue_out")"
	# With the key of RFC 6455 1.3, and a frame of "hi" that is masked with zeros.
	listener 1 red
	exec 7<>"/dev/tcp/127.0.0.1/$PORT"
	printf '%s\r\n' "GET http://127.0.0.1:$PORT/red?x HTTP/1.1" "Host: 127.0.0.1:$PORT" 'Upgrade: websocket' \
		'Connection: Upgrade' 'Sec-WebSocket-Version: 13' 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' '' >&7
	printf '\x81\x82\0\0\0\0hi' >&7
	finished "$PID"
	same hi "$(cat "$OUT")"
	exec 7>&-
}

# bats test_tags=measures
@test "--broadcast -t: everybody hears everybody, each sender in its order" {
	sanitized && count=300 || count=3000
	serve --broadcast -t 3
	for i in 1 2 3 4; do
		background wscat -v -w -1 --no-stdin --count=$((3 * count)) "$URL"
		pids[i]=$PID outs[i]=$OUT
		await '101' "$LOG"
	done
	senders=()
	for who in a b c; do
		seq -f "$who%g" "$count" | wscat -w 0.5 "$URL" >"$BATS_TEST_TMPDIR/$who" 3>&- &
		senders+=($!)
	done
	wait "${senders[@]}"
	for i in 1 2 3 4; do
		finished "${pids[i]}"
		for who in a b c; do
			cmp <(grep "^$who" "${outs[i]}") <(seq -f "$who%g" "$count")
		done
	done
}

heard() { # COUNT FILE
	[[ $(wc -l <"$2") -ge $1 ]]
}

# A listener that does not read, one that does, and 20 MB in pieces that the system's buffers hold.
flood() {
	serve --send-queue=64K --write-timeout=100s --close-timeout=100s "$@"
	background wscat -v -w -1 --no-stdin "$URL"
	slow=$PID slow_out=$OUT
	await '101' "$LOG"
	kill -STOP "$slow"
	background wscat -v -w -1 --no-stdin "$URL"
	fast_out=$OUT
	await '101' "$LOG"
	yes "$(printf '%01000d' 0)" | head -n 1000 >"$BATS_TEST_TMPDIR/piece"
	for i in {1..20}; do
		wscat -w 0 "$URL" <"$BATS_TEST_TMPDIR/piece"
		eventually heard $((i * 1000)) "$fast_out"
	done
	kill -CONT "$slow"
}

@test "--slow=close: the slow one hears 1008, the others hear all" {
	flood --broadcast --slow=close
	status=0
	finished "$slow" || status=$?
	same 9 "$status"
	await 'TOO_SLOW' "$SERVER_LOG"
}

@test "--slow=drop-new: the slow one misses some and stays" {
	flood --broadcast --slow=drop-new
	kill -0 "$slow"
	kill "$SERVER"
	finished "$SERVER"
	finished "$slow"
	[[ $(wc -l <"$slow_out") -lt 20000 ]]
}

@test "--slow=drop-old: the slow one gets the newest" {
	flood --broadcast --slow=drop-old
	wscat -w 0.5 "$URL" 'the newest'
	await 'the newest' "$slow_out"
	[[ $(wc -l <"$slow_out") -lt 20000 ]]
}

@test "--slow=block: the senders wait, and the slow one gets all" {
	serve --send-queue=64K --broadcast --slow=block --write-timeout=100s
	background wscat -v -w -1 --no-stdin --count=5000 "$URL"
	slow=$PID slow_out=$OUT
	await '101' "$LOG"
	kill -STOP "$slow"
	seq -f '%01000g' 5000 >"$BATS_TEST_TMPDIR/lines"
	background wscat -w 0.5 "$URL" <"$BATS_TEST_TMPDIR/lines"
	sender=$PID
	# It cannot send five megabytes while they are not read.
	run timeout 1 tail --pid="$sender" -f /dev/null
	same 124 "$status"
	kill -CONT "$slow"
	finished "$slow"
	finished "$sender"
	cmp "$BATS_TEST_TMPDIR/lines" "$slow_out"
}

@test "a broadcast over threads, churn, SIGHUP and shutdown at once: no data race" {
	printf '%s\n' 'ping-interval = 5s' 'compress = threshold=0' >"$BATS_TEST_TMPDIR/config"
	PATH=$ROOT/build/tsan:$PATH TSAN_OPTIONS="exitcode=66 log_path=$BATS_TEST_TMPDIR/tsan" \
		serve --broadcast -t 2 --metrics --config="$BATS_TEST_TMPDIR/config"
	churners=()
	for i in 1 2 3; do
		local -a z=()
		((i == 1)) || z=(-z)
		(for _ in {1..15}; do seq 200 | wscat "${z[@]}" -w 0 "$URL" >"$BATS_TEST_TMPDIR/churn.$i"; done) 3>&- &
		churners+=($!)
	done
	background wsbench -z -c 20 -d 1.5 --mode=broadcast --publishers=4 --rate=2000 "$URL"
	for _ in {1..5}; do
		kill -HUP "$SERVER"
		kill -USR1 "$SERVER"
		curl -s -o /dev/null "http://127.0.0.1:$PORT/metrics"
	done
	wait "${churners[@]}"
	kill -HUP "$SERVER"
	kill "$SERVER"
	finished "$SERVER"
	finished "$PID" || true
	run cat "$BATS_TEST_TMPDIR"/tsan.*
	same 1 "$status"
}
