#!/usr/bin/env bats
# The modes and loads of wsbench other than echo at an even rate.

load ../helper

bench() {
	wsbench -q --format=json -o "$BATS_TEST_TMPDIR/report" "$@" "$URL"
}

# The expression is true of the report, which is r.
is() {
	"$PYTHON" -c 'import json, sys
r = json.load(open(sys.argv[1]))
m, c = r["messages"], r["connections"]
assert eval(sys.argv[2]), r' "$BATS_TEST_TMPDIR/report" "$1"
}

@test "--mode=ping: the round trip of pings, in both models" {
	serve --ping-interval=0
	bench --mode=ping -c 3 -n 300
	is 'm["sent"] == m["received"] == 300 == r["rtt"]["count"] and m["unasked"] == 0'
	bench --mode=ping -c 3 -R 200 -d 500ms --size=125
	is 'm["sent"] + sum(m["unsent"].values()) == 100 and m["lost"] == 0'
	run -2 --separate-stderr wsbench --mode=ping --size=126 "$URL"
	usage_line "at most 125"
}

@test "--mode=sink: what is sent is what the server had, and is limited by its speed" {
	serve --sink
	bench --mode=sink -c 2 -n 5000 --size=1K
	is 'm["sent"] == 5000 and m["lost"] == 0 and m["received"] == 0 and m["load_sent_bytes"] == 5000 * 1024'
	kill "$SERVER"
	finished "$SERVER"
	grep -q 'served 2 connections, 5000 messages in' "$SERVER_LOG"
	serve --sink
	bench --mode=sink -c 2 -d 500ms --size=16K
	is 'm["sent"] > 100'
	bench --mode=sink -c 2 -d 500ms -R 100
	is 'm["sent"] == 50'
	run -0 --separate-stderr wsbench -q --mode=sink -n 10 "$URL"
	grep -qE '^messages +10 sent; no answer is awaited$' <<<"$output"
}

@test "--mode=source: what comes is counted, and nothing is sent" {
	serve --source=100:50
	bench --mode=source -c 2 -d 1s
	is 'm["sent"] == 0 and m["unasked"] == 0 and 150 <= m["received"] <= 250'
	is 'm["load_received_bytes"] == 50 * m["load_received"] and m["load_received"] == m["received"]'
	# a server that goes on during the closing handshake
	start "$PYTHON" "$FIXTURES/faultyecho.py" tick=0.002 linger
	bench --mode=source -c 20 -d 200ms
	is 'm["received"] == m["load_received"] > 200'
	serve
	run -1 --separate-stderr wsbench -q --mode=source -c 1 -d 200ms "$URL"
	says "nothing was measured: no message came"
}

@test "--size=MIN-MAX: messages of all sizes, each compared" {
	serve --max-message-size=1M
	bench -c 2 -n 2000 -w 8 --size=40-2K
	is 'm["received"] == 2000 and m["corrupted"] == 0'
	is '2000 * 900 < m["load_sent_bytes"] < 2000 * 1150 and m["load_received_bytes"] <= m["load_sent_bytes"]'
	bench -c 2 -n 200 -w 8 --size=40-40K -z
	is 'm["received"] == 200'
	run -2 --separate-stderr wsbench --size=20-50 "$URL"
	usage_line "begins at 40"
	run -2 --separate-stderr wsbench --size=50-20 "$URL"
	usage_line "a range such as"
}

@test "--fragment: messages leave in frames of that size" {
	serve -vv
	bench -c 1 -n 1 --size=100 --fragment=40
	is 'm["received"] == 1'
	await ' dir=in opcode=close ' "$SERVER_LOG"
	same '40 40 20' "$(sed -nE 's/.* dir=in opcode=(text|continuation) .*len=([0-9]+).*/\2/p' "$SERVER_LOG" | xargs)"
}

@test "--ramp: half of the rate's messages are due in it; without a rate the connections begin in turn" {
	serve
	bench -c 10 -w 100 -R 400 --ramp=1s -d 2s
	is 'm["sent"] + sum(m["unsent"].values()) in range(598, 603)'
	bench -c 10 --ramp=900ms -d 1s --interval=100ms
	is 'm["received"] == m["sent"] and r["timeline"][1]["sent"] < r["timeline"][8]["sent"] / 3'
	run -2 --separate-stderr wsbench --ramp=20s -d 10s "$URL"
	usage_line "longer than --duration"
}

@test "--burst=N:T: so many at once" {
	serve
	bench -c 5 -w 100 --burst=50:250ms -d 1s
	is 'm["sent"] == 200 and r["asked"]["rate_per_s"] == 200'
	run -2 --separate-stderr wsbench --burst=5:1s -R 5 "$URL"
	usage_line "--burst and --rate exclude each other"
	run -2 --separate-stderr wsbench --burst=5 "$URL"
	usage_line "such as 100:1s"
}

@test "--channel-lifetime: connections are renewed, and nothing is lost" {
	serve
	bench -c 4 -d 2s --channel-lifetime=200ms
	is '8 <= c["renewed"] <= 40 and c["opened"] == c["tried"] == 4 + c["renewed"] and m["lost"] == 0 and c["dropped"] == 0'
}

@test "--reconnect: a restart of the server, and the time until all were back" {
	serve
	wsbench -q --format=json --reconnect --mode=idle -c 200 -d 10s "$URL" >"$BATS_TEST_TMPDIR/report" 3>&- &
	local bench=$! port=$PORT
	eventually grep -q 'conn=[^ ]*-200 open' "$SERVER_LOG"
	kill -KILL "$SERVER"
	wait "$SERVER" || true
	sleep 0.3 # measured
	start wsserve -p "$port" --announce
	wait "$bench"
	is 'c["returned"] == 200 and c["not_returned"] == 0 and c["dropped"] == 200 and c["failed"] == 0'
	is 'r["back"]["count"] >= 1 and 250000 < r["back"]["max_us"] < 10000000'
}

@test "--reconnect: what ends before the load begins comes back too" {
	serve
	wsbench -q --format=json --reconnect --mode=idle -c 20 --connect-rate=20 -d 5s "$URL" >"$BATS_TEST_TMPDIR/report" 3>&- &
	local bench=$! port=$PORT
	eventually grep -q 'conn=[^ ]*-5 open' "$SERVER_LOG"
	kill -KILL "$SERVER"
	wait "$SERVER" || true
	start wsserve -p "$port" --announce
	wait "$bench" || true # those that were to be opened in between have failed
	is 'c["returned"] >= 5 and c["not_returned"] == 0 and c["opened"] + c["failed"] == 20 + c["returned"]'
}

@test "--reconnect: what is not back at the end is said" {
	serve
	wsbench -q --format=json --reconnect -c 5 -d 1500ms -T 300ms "$URL" >"$BATS_TEST_TMPDIR/report" 2>"$BATS_TEST_TMPDIR/said" 3>&- &
	local bench=$! status=0
	eventually grep -q 'conn=[^ ]*-5 open' "$SERVER_LOG"
	kill -KILL "$SERVER"
	wait "$bench" || status=$?
	same 1 "$status"
	grep -q '5 connections had not come back' "$BATS_TEST_TMPDIR/said"
}

@test "--slow-readers: they are not timed, and the others are not slowed down" {
	need_websockets
	start "$PYTHON" "$FIXTURES/broadcast.py"
	bench --mode=broadcast -c 10 --publishers=1 -R 50 -d 1s --slow-readers=20:100ms
	is 'm["sent"] == 50 and r["rtt"]["count"] in (350, 400) and r["rtt"]["p90_us"] < 90000'
	run -2 --separate-stderr wsbench --slow-readers=20 "$URL"
	usage_line "such as 10:50ms"
}

@test "--connect-deadline: 7 when not all are open by then" {
	serve
	run -7 --separate-stderr wsbench -q --mode=connect -c 500 --connect-rate=100 --connect-deadline=500ms "$URL"
	says "[0-9]+ of 500 connections were open by --connect-deadline"
	run -0 --separate-stderr wsbench -q --mode=connect -c 10 --connect-deadline=10s "$URL"
}

@test "--source-ip: connections come from each in turn" {
	serve
	bench --mode=connect -c 9 --source-ip=127.0.0.2,127.0.0.3,127.0.0.4
	local last
	for last in 2 3 4; do
		logged 3 "open from 127\.0\.0\.$last:"
	done
	run -2 --separate-stderr wsbench --source-ip=here "$URL"
	usage_line "addresses of this machine"
}

@test "echo mode before a server that sends each message to all: a hint at --mode=broadcast" {
	serve --broadcast
	run -1 --separate-stderr wsbench -c 4 -n 200 -T 1 "$URL"
	says '[1-9][0-9]* corrupted$'
	says '^wsbench: at least [1-9][0-9]* of those were messages of other connections: .*--mode=broadcast$'
	# What is damaged is nothing of the kind.
	serve --fault=flip@0.5 --seed=1
	run -1 --separate-stderr wsbench -c 4 -n 200 -T 1 "$URL"
	says '[1-9][0-9]* corrupted$'
	run ! grep 'mode=broadcast' <<<"$stderr"
}
