#!/usr/bin/env bats
# only: build
# shellcheck disable=SC2030,SC2031 # a test sets `count` for the functions that it calls
# A long-running server: many connections open and close without a leak.

load ../cli/helper

rss() { # PID: kB
	awk '$1 == "VmRSS:" { print $2 }' "/proc/$1/status"
}

back_to() { # DESCRIPTORS
	(($(descriptors) <= $1))
}

# Runs its arguments twice: the second run must not increase memory or descriptors. The first one warms
# up.
leaves_nothing() {
	"$@"
	eventually back_to "$before"
	local kilobytes
	kilobytes=$(rss "$SERVER")
	"$@"
	eventually back_to "$before"
	echo "RSS: $kilobytes kB, then $(rss "$SERVER") kB" >&2
	(($(rss "$SERVER") <= kilobytes + 512))
}

churn() {
	wsbench --quiet --mode=churn -c 50 -n "$count" -d 300s "$URL" >/dev/null
}

@test "100,000 connections: no leak of memory or descriptors" {
	count=50000 # twice
	serve -q
	before=$(descriptors)
	leaves_nothing churn
}

@test "100,000 connections on several threads: the same" {
	count=25000
	serve -q -t 2
	before=$(descriptors)
	leaves_nothing churn
}

rude() {
	# shellcheck disable=SC2153 # serve sets it
	"$PYTHON" "$FIXTURES/rude.py" "$1" "$PORT" "$count"
}

@test "10,000 unfinished handshakes: no leak of memory or descriptors" {
	count=5000 # twice
	serve -q
	before=$(descriptors)
	leaves_nothing rude handshake
	same hello "$(wscat "$URL" hello -1)"
}

@test "10,000 resets in the middle of a frame: no leak of memory or descriptors" {
	count=5000 # twice
	serve -q
	before=$(descriptors)
	leaves_nothing rude reset
	same hello "$(wscat "$URL" hello -1)"
}

open_are() { # COUNT: connections, of the server
	(($(descriptors) >= $1))
}

@test "10,000 connections come back after a restart of the server" {
	(($(ulimit -Hn) > 11000)) || skip "open files are limited to $(ulimit -Hn)"
	ulimit -Sn "$(ulimit -Hn)"
	count=10000
	serve -q --max-connections=0
	local port=$PORT bench status=0
	wsbench -q --format=json --reconnect --mode=idle -c "$count" -d 30s "$URL" >"$BATS_TEST_TMPDIR/report" 3>&- &
	bench=$!
	eventually open_are "$count"
	kill -KILL "$SERVER"
	wait "$SERVER" || true
	serve -q --max-connections=0 -p "$port"
	wait "$bench" || status=$?
	same 0 "$status"
	"$PYTHON" -c 'import json, sys
r, count = json.load(open(sys.argv[1])), int(sys.argv[2])
c, back = r["connections"], r["back"]
print(back["max_us"], "us until all were back", file=sys.stderr)
assert c["dropped"] == c["returned"] == count and c["not_returned"] == 0 and c["failed"] == 0, c
assert back["count"] >= 1 and 0 < back["max_us"] < 30e6, back' "$BATS_TEST_TMPDIR/report" "$count"
}
