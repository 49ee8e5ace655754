#!/usr/bin/env bats
# bats file_tags=measures
# Who is kept waiting, and who is sent away, when there is too much of something.

load ../helper

@test "a limit of connections that no system has is refused" {
	local option
	for option in max-connections max-handshakes max-per-ip; do
		run -2 --separate-stderr timeout 40 wsserve -p 0 --$option=9999999999999999999
		usage_line "--$option.*is too large: at most 1000000000 is allowed"
	done
}

# A client that stays.
hold() {
	background wscat -v -w -1 --no-stdin "$URL"
	await '101' "$LOG"
}

# The HTTP status that a client gets, and its headers; where it is 101 curl waits, and gives up.
refused() { # [OPTION]... of curl
	curl -sS -i -m 2 "$@" -o "$BATS_TEST_TMPDIR/answer" -H 'Connection: Upgrade' -H 'Upgrade: websocket' \
		-H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' \
		-w '%{http_code}' "http://${URL#ws://}"
}

@test "--max-connections: 503 with Retry-After and the reason" {
	serve --max-connections=1
	hold
	same 503 "$(refused)"
	grep -qi '^Retry-After: [0-9]' "$BATS_TEST_TMPDIR/answer"
	grep -qi '^Connection: close' "$BATS_TEST_TMPDIR/answer"
	grep -q 'all connections that are allowed here are taken' "$BATS_TEST_TMPDIR/answer"
}

@test "--max-per-ip: 429 for one address, and room for another" {
	serve -a 0.0.0.0 --max-per-ip=2
	URL=ws://127.0.0.1:$PORT/
	hold
	hold
	same 429 "$(refused)"
	grep -qi '^Retry-After: [0-9]' "$BATS_TEST_TMPDIR/answer"
	await TOO_MANY_FROM_ADDRESS "$SERVER_LOG"
	same 101 "$(refused --interface 127.0.0.9 2>/dev/null)"
	kill "$PID"
	finished || true
	eventually wscat "$URL" 'room again' -1
}

@test "--connect-rate: 429 for an address that connects too often" {
	serve --connect-rate=2
	# At once, for places come back with time.
	same 'HTTP/1.1 101 HTTP/1.1 101 HTTP/1.1 429' \
		"$(ask --times=3 "$PORT" | grep -o '^HTTP/1.1 [0-9]*' | sort | xargs)"
	await CONNECT_RATE "$SERVER_LOG"
	# It is allowed again after half a second.
	eventually wscat "$URL" three -1
}

@test "--max-rate: reading pauses, nothing is lost" {
	run -2 --separate-stderr wsserve --max-rate=1.0005m --bad # k and m are powers of 1000
	usage_line 'is not a whole number from 0 to 1000000'
	serve --max-rate=0.1k
	begun=$(date +%s%N)
	seq 250 | wscat "$URL" | cmp - <(seq 250)
	# A hundred at once, and the others at a hundred a second.
	(($(date +%s%N) - begun > 1200000000))
}

@test "--max-bandwidth: the same for bytes" {
	serve --max-bandwidth=1M
	begun=$(date +%s%N)
	head -c 2500000 /dev/urandom >"$BATS_TEST_TMPDIR/random"
	wscat -b "$URL" <"$BATS_TEST_TMPDIR/random" | cmp - "$BATS_TEST_TMPDIR/random"
	(($(date +%s%N) - begun > 1000000000))
}

@test "--max-memory: the largest holder goes with 1013, the others stay" {
	serve --broadcast --slow=drop-new --send-queue=16M --max-memory=2M --write-timeout=100s --close-timeout=100s
	hold
	slow=$PID
	kill -STOP "$slow"
	background wscat -v -w -1 --no-stdin "$URL"
	fast=$PID
	await '101' "$LOG"
	yes "$(printf '%01000d' 0)" | head -n 1000 >"$BATS_TEST_TMPDIR/piece"
	for _ in {1..12}; do
		wscat -w 0 "$URL" <"$BATS_TEST_TMPDIR/piece"
	done
	kill -CONT "$slow"
	status=0
	finished "$slow" || status=$?
	same 9 "$status"
	await 'MEMORY_LIMIT' "$SERVER_LOG"
	kill -0 "$fast"
}

@test "--max-memory: the largest holder goes, on whatever loop it is" {
	local before
	for before in 0 1 2; do
		serve --broadcast -t 3 --max-memory=4M --max-message-size=8M
		run -0 timeout 60 "$PYTHON" -S "$FIXTURES/client.py" holders "$URL" "$before"
		says '^close 1013' "$output"
		await MEMORY_LIMIT "$SERVER_LOG"
	done
}

@test "--shed-at: new connections get 503, the longest idle are closed, and then it ends" {
	serve --max-connections=10 --shed-at=80:50
	for i in 1 2 3 4 5 6 7 8; do
		hold
		pids[i]=$PID logs[i]=$LOG
	done
	# Those who came first said nothing for longest.
	await 'SHED' "$SERVER_LOG"
	status=0
	finished "${pids[1]}" || status=$?
	same 9 "$status"
	await 1013 "${logs[1]}"
	eventually logged_at_least 4 SHED
	eventually wscat "$URL" 'after that' -1
	kill -0 "${pids[8]}"
}

# Those that were refused are not counted.
dismissed() {
	grep -c ' SHED .* code ' "$SERVER_LOG"
}

refused_newcomer() {
	[[ $(refused) == 503 ]]
}

all_are_gone() {
	(($(descriptors) <= DESCRIPTORS))
}

@test "--shed-at: a newcomer gets 503 as long as others have to go" {
	serve --max-connections=300 --shed-at=90:10 --ping-interval=0 --metrics
	background "$PYTHON" "$FIXTURES/crowd.py" burst "$PORT" 270
	eventually logged_at_least 1 ' SHED .* code '
	refused_newcomer
	same 1 "$(curl -sS "http://127.0.0.1:$PORT/metrics" | sed -n 's/^wsserve_shedding //p')"
	kill "$PID"
}

@test "--shed-at: those that do not answer count as gone, and no more have to go than that" {
	serve --max-connections=20 --shed-at=90:50 --ping-interval=0
	wscat -1 "$URL" warm </dev/null
	DESCRIPTORS=$(descriptors)
	background "$PYTHON" "$FIXTURES/crowd.py" burst "$PORT" 18
	await '^101 18' "$OUT"
	# The crowd stays until enough of it are dismissed: once it leaves by itself, none has to go.
	eventually logged_at_least 8 ' SHED .* code '
	eventually wscat -q "$URL" 'after that' -1 2>"$BATS_TEST_TMPDIR/refused"
	kill "$PID"
	eventually all_are_gone
	local count
	count=$(dismissed)
	((count >= 8 && count <= 11)) || same "9 to 11" "$count"
}

@test "--shed-at: two percentages, the second the lower" {
	for bad in 90 50:90 90:90 101:1 a:b 90:70x -1:5 ''; do
		run --separate-stderr wsserve --shed-at="$bad"
		same 2 "$status"
	done
}
