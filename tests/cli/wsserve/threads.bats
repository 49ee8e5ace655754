#!/usr/bin/env bats
# also: check
# --threads: the same server on several loops.

load ../helper
load ../certificates

# The threads of a process by what they have done: how many wake-ups each had.
thread_count() {
	find "/proc/$1/task" -mindepth 1 -maxdepth 1 | wc -l
}

@test "--threads: so many threads, and every connection is served" {
	serve --threads=3
	same 4 "$(thread_count "$SERVER")" # and the one that writes the log
	pids=()
	for i in 1 2 3 4 5 6 7; do
		wscat "$URL" "hello $i" -1 >"$BATS_TEST_TMPDIR/answer.$i" 3>&- &
		pids+=($!)
	done
	wait "${pids[@]}"
	for i in 1 2 3 4 5 6 7; do
		same "hello $i" "$(cat "$BATS_TEST_TMPDIR/answer.$i")"
	done
	kill "$SERVER"
	finished "$SERVER"
	await 'served 7 connections, 7 messages in, 7 out' "$SERVER_LOG"
}

# bats test_tags=measures
@test "-t: 100,000 lines through each of four connections at once, in order" {
	sanitized && count=5000 || count=100000
	serve -t 2
	pids=()
	for i in 1 2 3 4; do
		seq "$i" "$((count + i))" | wscat "$URL" | cmp - <(seq "$i" "$((count + i))") \
			>"$BATS_TEST_TMPDIR/difference.$i" 2>&1 3>&- &
		pids+=($!)
	done
	wait "${pids[@]}"
	cat "$BATS_TEST_TMPDIR"/difference.*
	for i in 1 2 3 4; do
		[[ ! -s $BATS_TEST_TMPDIR/difference.$i ]]
	done
}

@test "-t: SIGTERM reaches the clients of every thread" {
	serve -t 3
	for i in 1 2 3 4 5 6; do
		background wscat -v -w -1 --no-stdin "$URL"
		clients[i]=$PID logs[i]=$LOG
	done
	for i in 1 2 3 4 5 6; do
		await 'open|101' "${logs[i]}"
	done
	kill "$SERVER"
	finished "$SERVER"
	for i in 1 2 3 4 5 6; do
		finished "${clients[i]}"
		await 1001 "${logs[i]}"
	done
}

@test "--oneshot and -t: one connection, and the end" {
	serve -t 4 --oneshot
	same hello "$(wscat "$URL" hello -1)"
	finished "$SERVER"
}

@test "TLS over threads, churn, resumption and certificates that are read again: no data race" {
	local dir=$BATS_TEST_TMPDIR i
	make_certificates "$dir"
	PATH=$ROOT/build/tsan:$PATH TSAN_OPTIONS="exitcode=66 log_path=$dir/tsan" \
		serve --broadcast -z -t 2 --metrics --cert="$dir/server.pem" --key="$dir/server.key"
	background wsbench -q -k -z -c 10 -d 1s --mode=broadcast --publishers=2 --rate=500 "$URL"
	local load=$PID
	background wsbench -q -k --mode=churn -c 4 -n 200 -d 20s "$URL"
	local churn=$PID
	for i in 1 2 3 4 5; do
		kill -HUP "$SERVER"
		kill -USR1 "$SERVER"
		curl -sk -o "$dir/metrics" "https://127.0.0.1:$PORT/metrics"
	done
	finished "$churn" || true # in broadcast nothing is echoed
	finished "$load" || true
	kill -HUP "$SERVER"
	kill "$SERVER"
	finished "$SERVER"
	run cat "$dir"/tsan.*
	same 1 "$status"
}

has_descriptors() { # COUNT
	[[ $(descriptors) == "$1" ]]
}

@test "-t --pty: clients that come and go leave nothing, and harm no other" {
	local before
	serve -t 3 --pty cat
	before=$(descriptors)
	ask --times=200 "$PORT" >/dev/null
	eventually no_children
	eventually has_descriptors "$before"
	run ! grep -E 'cannot run|out of memory|I/O error' "$SERVER_LOG"
}
