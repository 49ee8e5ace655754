#!/usr/bin/env bats
# bats file_tags=measures
# Clients that ask for nothing take no place from others. See tests/fixtures/crowd.py.

load ../helper

setup() {
	ulimit -Sn "$(ulimit -Hn)"
}

# In the background until the end of the test.
crowd() { # SCENARIO [ARG]...
	local what=$1
	shift
	background "$PYTHON" "$FIXTURES/crowd.py" "$what" "$PORT" "$@"
}

# A newcomer with the right password is served within a second or two, and one with a wrong one refused.
newcomer() {
	local begun
	begun=$(date +%s%N)
	same hello "$(timeout 40 wscat -u ann:secret -1 "$URL" hello </dev/null)"
	(($(date +%s%N) - begun < 2500000000))
	run -5 timeout 40 wscat -u ann:wrong -1 "$URL" hello </dev/null
}

@test "ten silent connections, and --max-connections=10: a newcomer is served at once" {
	serve --max-connections=10 --auth=ann:secret
	crowd silent 10
	await '^open 10' "$OUT"
	newcomer
}

@test "the same for half a request, with TLS, and on several loops" {
	serve --max-connections=10 --auth=ann:secret
	crowd silent 10 'GET / HTTP/1.1'
	await '^open 10' "$OUT"
	newcomer
	serve --max-connections=10 --auth=ann:secret -t 3
	crowd silent 10
	await '^open 10' "$OUT"
	newcomer
	serve --max-connections=10 --tls --self-signed
	crowd silent 10
	await '^open 10' "$OUT"
	same hello "$(timeout 40 wscat -k -1 "$URL" hello </dev/null)"
}

@test "1,100 silent connections and the defaults: a newcomer is served at once" {
	(($(ulimit -Hn) > 3000)) || skip "open files are limited to $(ulimit -Hn)"
	serve --auth=ann:secret
	crowd silent 1100
	await '^open 1100' "$OUT"
	newcomer
}

@test "250 silent connections a second: twenty newcomers are served" {
	serve --auth=ann:secret
	crowd drip 250 1200
	await many "$OUT"
	local i
	for i in {1..20}; do
		newcomer
	done
}

@test "more silent connections than there are descriptors: a newcomer is served" {
	start bash -c 'ulimit -n 100; exec wsserve -p 0 --announce --auth=ann:secret --handshake-timeout=60s -t 2'
	SERVER_LOG=$LOG
	crowd silent 150
	await '^open 150' "$OUT"
	await 'Too many open files' "$SERVER_LOG"
	newcomer
}

@test "2,000 clients that connect at once all get in" {
	(($(ulimit -Hn) > 5000)) || skip "open files are limited to $(ulimit -Hn)"
	serve --max-connections=3000
	crowd burst 2000
	await . "$OUT"
	same "101 2000" "$(<"$OUT")"
	same hello "$(wscat -1 "$URL" hello </dev/null)"
}

@test "above --max-connections everybody gets the 503, also of 200 at once" {
	serve --max-connections=1
	background wscat -v -w -1 --no-stdin "$URL"
	await '101' "$LOG"
	crowd burst 200
	await . "$OUT"
	same "503 200" "$(<"$OUT")"
}

@test "--max-handshakes: above it the oldest that said nothing for a second is asked to go" {
	serve --max-handshakes=3 --handshake-timeout=60s
	crowd silent 4
	await '^open 4' "$OUT"
	eventually newcomer_replaces_one
	same hello "$(wscat -1 "$URL" hello </dev/null)"
}

newcomer_replaces_one() {
	wscat -1 "$URL" hello </dev/null && grep -q HANDSHAKE_TIMEOUT "$SERVER_LOG"
}

@test "--health counts the connections that --max-connections is for" {
	serve --max-connections=10 --health
	crowd silent 5
	await '^open 5' "$OUT"
	background wscat -v -w -1 --no-stdin "$URL"
	await '101' "$LOG"
	same '{"status":"ok","connections":1,"limit":10}' "$(curl -sS "http://127.0.0.1:$PORT/health")"
}

@test "a refused client that stays is cut after a second, and counts for nothing before" {
	serve --max-connections=2 --auth=ann:secret
	crowd silent 2 $'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'
	await '^open 2' "$OUT"
	newcomer
	eventually at_most_descriptors 20
}

at_most_descriptors() {
	(($(descriptors) <= $1))
}

@test "ten large files that are never read, and --max-connections=10: a newcomer is served at once" {
	mkdir "$BATS_TEST_TMPDIR/files"
	truncate -s 30M "$BATS_TEST_TMPDIR/files/large"
	serve --max-connections=10 --staticdir="$BATS_TEST_TMPDIR/files"
	crowd unread 10 /large
	await '^open 10' "$OUT"
	same hello "$(timeout 3 wscat -1 "$URL" hello </dev/null)"
}

# A request that is over at once.
small_get() {
	curl -sS -o "$BATS_TEST_TMPDIR/got" -r 0-9 "http://127.0.0.1:$PORT/large"
}

# So many connections are there that match; and that have taken no byte for a second.
are_there() { # COUNT REGEX
	[[ $(curl -sS "http://127.0.0.1:$ADMIN/connections" | grep -oE "$2" | wc -l) == "$1" ]]
}

stand_still() { # COUNT
	are_there "$1" '"stalled_ms":[0-9]{4}'
}

@test "--max-handshakes: the download that got stuck longest ago gives way" {
	mkdir "$BATS_TEST_TMPDIR/files"
	truncate -s 30M "$BATS_TEST_TMPDIR/files/large"
	serve --max-handshakes=3 --write-timeout=0 --staticdir="$BATS_TEST_TMPDIR/files" --admin=127.0.0.1:0
	ADMIN=$(admin_port)
	crowd unread 2 /large
	await '^open 2' "$OUT"
	background "$PYTHON" -S "$FIXTURES/client.py" slow-get "$URL" 1500000 /large
	local slow=$PID slow_out=$OUT
	eventually stand_still 2
	# It pauses, as a download with a limited rate does.
	kill -STOP "$slow"
	eventually stand_still 3
	small_get
	logged 1 WRITE_TIMEOUT
	kill -CONT "$slow"
	finished "$slow"
	same all "$(<"$slow_out")"
}

@test "--max-handshakes on several loops: below it none has to go, though all are on one loop" {
	mkdir "$BATS_TEST_TMPDIR/files"
	truncate -s 24M "$BATS_TEST_TMPDIR/files/large"
	serve -t 2 --max-handshakes=4 --staticdir="$BATS_TEST_TMPDIR/files" --admin=127.0.0.1:0
	ADMIN=$(admin_port)
	local slow=() i
	for i in 1 2 3; do
		background "$PYTHON" -S "$FIXTURES/client.py" slow-get "$URL" 4000000 /large
		slow+=("$PID")
		eventually are_there "$i" '"id"'
		small_get
	done
	eventually are_there 3 '"age_s":[2-9]'
	for i in 1 2 3 4; do
		small_get
	done
	for i in "${slow[@]}"; do
		finished "$i"
	done
}

@test "TLS: above --max-connections a hundred at once read their 503, whatever --max-handshakes is" {
	serve --max-connections=1 --max-handshakes=5 --handshake-timeout=100s --close-timeout=100s --tls --self-signed
	background wscat -k -v -w -1 --no-stdin "$URL"
	await '101' "$LOG"
	crowd tls 100
	await . "$OUT"
	same "503 100" "$(<"$OUT")"
}
