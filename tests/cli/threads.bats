#!/usr/bin/env bats
# --threads: the same server on several loops.

load helper

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
