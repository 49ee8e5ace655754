#!/usr/bin/env bats
# Failing system calls: short and interrupted calls, resets, no descriptors, no memory. The tools run
# under tests/shim/faults.c, which documents the FAULTS_ variables.
# only: build

load ../helper

setup() {
	FAULTS=$ROOT/build/faults.so
	COUNTS=$BATS_TEST_TMPDIR/counts
	if sanitized; then
		skip "the shim and ASan do not mix"
	fi
}

# Runs a command under the shim: FAULTS_NAME=VALUE... COMMAND...
faulty() {
	env LD_PRELOAD="$FAULTS" "$@"
}

# wsserve under the shim, on a free port.
serve_faulty() { # FAULTS_NAME=VALUE... [-- OPTION...]
	local settings=()
	while (($# > 0)) && [[ $1 != -- ]]; do
		settings+=("$1")
		shift
	done
	start env LD_PRELOAD="$FAULTS" "${settings[@]}" "$BUILD/wsserve" -p 0 --announce "${@:2}"
	SERVER=$PID
	SERVER_LOG=$LOG
}

numbers_are_whole() { # FAULTS_NAME=VALUE...
	seq 1 20000 | timeout 60 env "$@" wscat -N 20000 -T 50s "$URL" | cmp - <(seq 1 20000)
}

# The output of a client that may have failed: a prefix of the expected output, and all of it if the
# exit status is 0.
check_output() { # STATUS FILE COUNT
	local status=$1 file=$2 count=$3
	if ((status >= 128 || status == 124)); then
		echo "it ended with $status" >&2
		return 1
	fi
	cmp -n "$(stat -c %s "$file")" "$file" <(seq 1 "$count")
	if ((status == 0)); then
		cmp "$file" <(seq 1 "$count")
	fi
}

has_descriptors() { # PID COUNT
	[[ $(descriptors "$1") == "$2" ]]
}

# Asks a server under the shim for its counts: ALLOCATIONS and LIVE.
count() {
	rm -f "$COUNTS"
	kill -USR2 "$SERVER"
	eventually test -s "$COUNTS"
	read -r _ ALLOCATIONS _ LIVE _ _ <"$COUNTS"
}

ACCIDENTS=(FAULTS_SHORT=70 FAULTS_EINTR=20 FAULTS_EAGAIN=20)

@test "failing calls in the client: all messages come back, in order" {
	serve
	for seed in 1 2 3 4 5; do
		numbers_are_whole LD_PRELOAD="$FAULTS" FAULTS_SEED=$seed "${ACCIDENTS[@]}"
	done
}

@test "failing calls in the server: all messages come back, in order" {
	for seed in 1 2 3 4 5; do
		serve_faulty FAULTS_SEED=$seed "${ACCIDENTS[@]}"
		numbers_are_whole
	done
}

@test "failing calls in both: all messages come back, in order" {
	for seed in 1 2 3 4 5; do
		serve_faulty FAULTS_SEED=$seed "${ACCIDENTS[@]}"
		numbers_are_whole LD_PRELOAD="$FAULTS" FAULTS_SEED=1$seed "${ACCIDENTS[@]}"
	done
}

@test "failing calls in both: a large binary message comes back unchanged" {
	serve_faulty "${ACCIDENTS[@]}"
	local in=$BATS_TEST_TMPDIR/in got=$BATS_TEST_TMPDIR/got
	head -c 900000 /dev/urandom >"$in"
	faulty "${ACCIDENTS[@]}" wscat -b --input=whole -N 1 -T 50s "$URL" <"$in" >"$got"
	cmp "$in" "$got"
}

@test "a reset at any call of the client is a lost connection, or after the end" {
	serve
	local lost=0 status
	for n in {1..15}; do
		status=0
		seq 1 100 | faulty FAULTS_RESET="$n" wscat -N 100 -T 20s "$URL" \
			>"$BATS_TEST_TMPDIR/got" 2>"$BATS_TEST_TMPDIR/said" || status=$?
		check_output "$status" "$BATS_TEST_TMPDIR/got" 100
		case $status in
		0) ;;
		8)
			lost=$((lost + 1))
			same 1 "$(wc -l <"$BATS_TEST_TMPDIR/said")"
			grep -q '^wscat: the connection .*(1006)$' "$BATS_TEST_TMPDIR/said"
			;;
		*)
			echo "reset at call $n: status $status" >&2
			cat "$BATS_TEST_TMPDIR/said" >&2
			return 1
			;;
		esac
	done
	((lost >= 3))
	# The server still works.
	numbers_are_whole
}

@test "a reset at any call of the server ends only that connection" {
	local status lost
	for n in {1..16}; do
		serve_faulty FAULTS_RESET="$n"
		lost=0
		for _ in 1 2 3 4; do
			status=0
			seq 1 100 | wscat -N 100 -T 20s "$URL" >"$BATS_TEST_TMPDIR/got" \
				2>"$BATS_TEST_TMPDIR/said" || status=$?
			check_output "$status" "$BATS_TEST_TMPDIR/got" 100
			((status == 0 || status == 8))
			lost=$((lost + (status == 8)))
		done
		((lost <= 1))
		kill -TERM "$SERVER"
		finished "$SERVER"
	done
}

@test "no descriptor for a connection: the server logs it and goes on" {
	serve_faulty FAULTS_ACCEPT=2
	for _ in {1..6}; do
		seq 1 10 | wscat -N 10 -T 20s "$URL" | cmp - <(seq 1 10)
	done
	grep -q 'accept: Too many open files' "$SERVER_LOG"
	grep -q 'accept: Too many open files in system' "$SERVER_LOG"
}

@test "an accept that fails for its connection alone is no lack of descriptors" {
	serve_faulty FAULTS_ACCEPT_LOST=2
	for _ in {1..12}; do
		seq 1 10 | wscat -N 10 -T 20s "$URL" | cmp - <(seq 1 10)
	done
	run -1 grep 'accept:' "$SERVER_LOG"
}

@test "no descriptor for the client" {
	serve
	run -3 --separate-stderr faulty FAULTS_SOCKET=1 wscat "$URL" hello </dev/null
	one_line "^wscat: connect 127\.0\.0\.1:$PORT: Too many open files$"
}

# Runs clients one after the other, until several in a row were not affected.
@test "any one allocation of the client fails" {
	serve
	local whole=0 n=0 status before
	before=$(descriptors "$SERVER")
	while ((whole < 10)); do
		n=$((n + 1)) status=0
		((n < 1000))
		seq 1 50 | faulty FAULTS_MALLOC="$n" timeout 40 wscat -N 50 "$URL" \
			>"$BATS_TEST_TMPDIR/got" 2>"$BATS_TEST_TMPDIR/said" || status=$?
		check_output "$status" "$BATS_TEST_TMPDIR/got" 50
		if ((status == 0)); then
			whole=$((whole + 1))
		else
			whole=0
			[[ -s $BATS_TEST_TMPDIR/said ]]
		fi
	done
	echo "# $n allocations" >&3
	((n > 20))
	eventually has_descriptors "$SERVER" "$before"
}

@test "all allocations of the client fail from one on" {
	serve
	local status
	for n in {1..30}; do
		status=0
		seq 1 50 | faulty FAULTS_MALLOC="$n" FAULTS_MALLOC_REST=1 timeout 40 wscat -N 50 "$URL" \
			>"$BATS_TEST_TMPDIR/got" 2>"$BATS_TEST_TMPDIR/said" || status=$?
		check_output "$status" "$BATS_TEST_TMPDIR/got" 50
	done
}

@test "any one allocation at the start of a mode fails, with the reason" {
	local mode n status failed
	for mode in '--proxy=tcp:127.0.0.1:9' cat '--shared cat' --dir=/usr/bin --rooms --reply=yes; do
		failed=0
		for n in {1..80}; do
			status=0
			# shellcheck disable=SC2086
			LD_PRELOAD="$FAULTS" FAULTS_MALLOC="$n" timeout 20 "$BUILD/wsserve" -p 0 --exit-idle=10ms $mode \
				</dev/null >/dev/null 2>"$BATS_TEST_TMPDIR/said" || status=$?
			((status <= 2)) # memory for the options themselves: 2
			if ((status)); then
				failed=$((failed + 1))
				grep -q '^wsserve: ' "$BATS_TEST_TMPDIR/said"
			fi
		done
		((failed > 10))
	done
}

@test "any one allocation of the server fails" {
	local whole=0 n=0 status lost before
	while ((whole < 10)); do
		n=$((n + 1)) status=0
		((n < 1000))
		background env LD_PRELOAD="$FAULTS" FAULTS_MALLOC="$n" "$BUILD/wsserve" -p 0 --announce </dev/null
		SERVER=$PID
		eventually says_where
		local url
		url=$(sed -n 's/^listening //p' "$OUT")
		if [[ -z $url ]]; then
			# It did not start, and printed the reason.
			finished "$SERVER" || status=$?
			((status > 0 && status < 128))
			[[ -s $LOG ]]
			continue
		fi
		before=$(descriptors "$SERVER")
		# At most one connection is lost, and there is no leak.
		lost=0
		for _ in 1 2 3; do
			status=0
			seq 1 50 | timeout 40 wscat -N 50 "$url" \
				>"$BATS_TEST_TMPDIR/got" 2>"$BATS_TEST_TMPDIR/said" || status=$?
			check_output "$status" "$BATS_TEST_TMPDIR/got" 50
			lost=$((lost + (status != 0)))
		done
		((lost <= 1))
		whole=$((lost == 0 ? whole + 1 : 0))
		eventually has_descriptors "$SERVER" "$before"
		kill -TERM "$SERVER"
		finished "$SERVER"
	done
	echo "# $n allocations" >&3
	((n > 20))
}

# The server's number of allocations for one connection with so many messages.
allocations_for() { # MESSAGES [OPTION]...
	local messages=$1 LINE=${LINE-%.0f}
	count
	local before=$ALLOCATIONS live=$LIVE
	seq -f "$LINE" 1 "$messages" | wscat "${@:2}" -N "$messages" -T 60s "$URL" |
		cmp - <(seq -f "$LINE" 1 "$messages")
	eventually gone "$live"
	MADE=$((ALLOCATIONS - before))
}

# All memory of the connection has been freed.
gone() { # LIVE
	count
	((LIVE <= $1))
}

@test "no allocation per message, and no leak per connection" {
	serve_faulty FAULTS_COUNTS="$COUNTS"
	seq 1 1000 | wscat -N 1000 "$URL" >/dev/null # from here on there is what is kept for good
	eventually grep -q ' close ' "$SERVER_LOG"
	allocations_for 1000
	local few=$MADE
	allocations_for 100000
	echo "# $few allocations for a connection of 1000 messages, $MADE for one of 100000" >&3
	# On a busy machine the kernel sometimes refuses a write, which allocates a queue.
	((MADE <= few + 500))
}

@test "a hundred SIGHUPs leave nothing behind, on three threads" {
	local before i
	serve_faulty FAULTS_COUNTS="$COUNTS" -- -t 3 --auth=u:p --replay-window=5s --access-log="$BATS_TEST_TMPDIR/access"
	reload() {
		kill -HUP "$SERVER"
		eventually reopened "$1"
	}
	reopened() {
		(($(grep -c 'reopening files' "$SERVER_LOG") == $1))
	}
	for i in {1..10}; do
		reload "$i"
	done
	count
	before=$LIVE
	for i in {11..110}; do
		reload "$i"
	done
	# The rules that were replaced last may be about to go.
	no_more() {
		count
		((LIVE <= before + 10))
	}
	eventually no_more
}

@test "no allocation per compressed message, with and without takeover" {
	local takeover few LINE='all work and no play, all work and no play, all work and no play %.0f'
	for takeover in none both; do
		start env LD_PRELOAD="$FAULTS" FAULTS_COUNTS="$COUNTS" \
			"$BUILD/wsserve" -p 0 --announce --compress="threshold=0,takeover=$takeover"
		SERVER=$PID SERVER_LOG=$LOG
		seq -f "$LINE" 1 1000 | wscat --compress=threshold=0 -N 1000 "$URL" >/dev/null
		eventually grep -q ' close ' "$SERVER_LOG"
		allocations_for 1000 --compress=threshold=0
		few=$MADE
		allocations_for 20000 --compress=threshold=0
		echo "# takeover=$takeover: $few for 1000 messages, $MADE for 20000" >&3
		((MADE <= few + 500))
	done
}

# --- a wall clock that jumps ---

# Has the command started under a clock that `jump` sets, an hour back or forwards.
with_clock() { # COMMAND...
	rm -f "$BATS_TEST_TMPDIR/clock"
	LD_PRELOAD=$ROOT/build/clock.so CLOCK_FILE=$BATS_TEST_TMPDIR/clock "$@"
}

jump() { # SECONDS
	echo "$1" >"$BATS_TEST_TMPDIR/clock.new"
	mv "$BATS_TEST_TMPDIR/clock.new" "$BATS_TEST_TMPDIR/clock"
}

with_key() {
	wscat -1 -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' "$URL" hello </dev/null
}

@test "a wall clock that jumps an hour back or forwards has no effect on connections" {
	local seconds client client_log before
	for seconds in -3600 3600; do
		with_clock serve --ping-interval=100ms --ping-timeout=100ms --idle-timeout=60s --write-timeout=60s \
			--fragment-timeout=60s --replay-window=10m
		background wscat -vv -w -1 --no-stdin "$URL"
		client=$PID client_log=$LOG
		await 'open' "$SERVER_LOG"
		same hello "$(with_key)"
		jump "$seconds"
		wscat "$URL" 'after the jump' -1
		eventually jumped
		# Pings continue.
		before=$(grep -c ping "$client_log" || true)
		eventually pinged_again "$client_log" $((before + 3))
		kill -0 "$client"
		run ! grep TIMEOUT "$SERVER_LOG"
		run -5 with_key # is still remembered
	done
}

# Do the first and the last record of wscat have different hours?
records_jumped() {
	local first last
	first=$(sed -n 's/.*"t":"[^T]*T\([0-9]*\):.*/\1/p' "$OUT" | head -n 1)
	last=$(sed -n 's/.*"t":"[^T]*T\([0-9]*\):.*/\1/p' "$OUT" | tail -n 1)
	[[ $first != "$last" ]]
}

@test "a wall clock that jumps ends nothing of wscat early, and nothing late" {
	local seconds status before
	serve
	for seconds in -3600 3600; do
		with_clock background wscat -J -T 100s -w -1 --idle-timeout=90s --ping-interval=100ms --ping-timeout=60s "$URL" hello
		await '"dir":"in","type":"text"' "$OUT"
		jump "$seconds"
		eventually records_jumped
		before=$(grep -c '"type":"pong"' "$OUT")
		eventually ponged_again "$OUT" $((before + 3))
		kill "$PID"
		status=0
		finished || status=$?
		same 143 "$status"
	done
	# Each of its times ends it all the same.
	local option
	for option in '-T 1s:7' '-w 1:0' '--idle-timeout=1:7'; do
		for seconds in -3600 3600; do
			# shellcheck disable=SC2086 # words
			with_clock background wscat -w -1 --no-stdin ${option%:*} "$URL" hello
			await hello "$OUT"
			jump "$seconds"
			status=0
			finished || status=$?
			same "${option#*:}" "$status"
		done
	done
}

ponged_again() { # FILE TIMES
	(($(grep -c '"type":"pong"' "$1") >= $2))
}

@test "a wall clock that jumps is in no figure of wsbench" {
	local seconds
	serve
	for seconds in -3600 3600; do
		with_clock background wsbench --format=json -c 2 -R 200 -d 2s --interval=100ms "$URL"
		await ' left of ' "$LOG"
		jump "$seconds"
		finished
		"$PYTHON" -c 'import json, sys
r = json.load(open(sys.argv[1]))
assert 200 < r["messages"]["sent"] == r["messages"]["received"], r["messages"]
assert 0 < r["rtt"]["max_us"] < 60e6 and 1.9 < r["load_s"] < 60 and 0 < r["rate_per_s"] < 400, r' "$OUT"
	done
}

# Do the first and the last line of the log have different hours?
jumped() {
	local first last
	first=$(sed -n 's/^[^T]*T\([0-9]*\):.*/\1/p' "$SERVER_LOG" | head -n 1)
	last=$(sed -n 's/^[^T]*T\([0-9]*\):.*/\1/p' "$SERVER_LOG" | tail -n 1)
	[[ $first != "$last" ]]
}

pinged_again() { # FILE TIMES
	(($(grep -c ping "$1") >= $2))
}

@test "programs and services with short, interrupted and refused calls: nothing is lost" {
	local words
	seq 1 20000 >"$BATS_TEST_TMPDIR/lines"
	for words in cat '--pty cat' '--framing=nul cat' '--shared cat'; do
		# shellcheck disable=SC2086 # words
		start env LD_PRELOAD="$FAULTS" "${ACCIDENTS[@]}" "$BUILD/wsserve" -p 0 --announce $words
		wscat "$URL" <"$BATS_TEST_TMPDIR/lines" >"$BATS_TEST_TMPDIR/got"
		cmp "$BATS_TEST_TMPDIR/lines" "$BATS_TEST_TMPDIR/got"
	done
}

@test "a process's connection with any one allocation failing: the next client is served" {
	local n
	served() { timeout 40 wscat -N 1 "$URL" '{"data":"a"}' </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1; }
	for n in {70..130..4}; do
		background env LD_PRELOAD="$FAULTS" FAULTS_MALLOC="$n" "$BUILD/wsserve" -p 0 --announce \
			--framing=jsonl cat </dev/null
		eventually says_where
		URL=$(sed -n 's/^listening //p' "$OUT")
		if [[ -z $URL ]]; then # it failed while it started, which is said
			run finished
			same 1 "$status"
			continue
		fi
		served || served # the second time whatever failed has failed
		served || served
		kill "$PID"
		finished
	done
}
