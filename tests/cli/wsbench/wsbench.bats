#!/usr/bin/env bats
# wsbench: its counters agree with the server's, and it reports what it cannot do.

load ../helper

# A value of the JSON report, as a Python expression: report.messages.sent
value() { # PATH
	"$PYTHON" -c 'import json, sys
value = json.load(open(sys.argv[1]))
for key in sys.argv[2].split("."):
    value = value[key]
print(value)' "$BATS_TEST_TMPDIR/report" "$1"
}

measure() {
	wsbench --quiet --format=json "$@" >"$BATS_TEST_TMPDIR/report"
}

messages_in() {
	curl -s "http://127.0.0.1:$PORT/metrics" | sed -n 's/^wsserve_messages_total{direction="in"} //p'
}

# The server's totals, after its end.
served() {
	kill "$SERVER"
	finished "$SERVER"
	sed -n 's/.*served \([0-9]*\) connections, \([0-9]*\) messages in, \([0-9]*\) out.*/\1 \2 \3/p' "$SERVER_LOG"
}

@test "--mode=echo in the closed model: sent and received agree with the server to the message" {
	serve
	measure -c 7 -n 5000 -w 4 -t 2 -s 100 "$URL"
	same 5000 "$(value messages.sent)"
	same 5000 "$(value messages.received)"
	same 0 "$(value messages.lost)"
	same 7 "$(value connections.opened)"
	same "7 5000 5000" "$(served)"
}

@test "--duration ends the load, and every message is accounted for" {
	serve
	measure -c 3 -d 300ms --window=8 "$URL"
	local sent
	sent=$(value messages.sent)
	((sent > 0))
	same "$sent" "$(value messages.received)"
	same "3 $sent $sent" "$(served)"
}

# The server's own counters, on its way and from outside.
@test "the throughput agrees with the server's metrics within 1 %" {
	serve --metrics
	local options
	for options in "-w 32 -t 2" "-w 1 -s 1000" "-w 500 -R 3000"; do
		local before after
		before=$(messages_in)
		# shellcheck disable=SC2086 # several options
		measure -c 10 -d 1s $options "$URL"
		after=$(messages_in)
		"$PYTHON" -c 'import json, sys
r, served = json.load(open(sys.argv[1])), int(sys.argv[2])
m = r["messages"]
assert abs(m["sent_per_s"] * r["load_s"] - served) <= served / 100, (m, r["load_s"], served)
wrong = [line for line in r["verdict"] if not line.startswith("the client was busy")]
assert m["sent"] == served and wrong == [], (m, served, wrong)' \
			"$BATS_TEST_TMPDIR/report" "$((after - before))"
	done
}

@test "--rate keeps the rate, and measures from when a message was due" {
	serve
	measure -c 4 -w 100 -d 1s -R 1000 "$URL"
	local sent
	sent=$(value messages.sent)
	((sent >= 990 && sent <= 1010))
	# from the schedule is never less than from the sending
	"$PYTHON" -c 'import json, sys
r = json.load(open(sys.argv[1]))
assert r["rtt"]["mean_us"] >= r["rtt_uncorrected"]["mean_us"] > 0, r
assert r["send_lag"]["count"] == r["messages"]["sent"], r' "$BATS_TEST_TMPDIR/report"
}

@test "a server that stops shows up in the corrected latencies, and not in the others" {
	serve
	wsbench --quiet --format=json -c 1 -d 2s -R 200 -w 1 "$URL" >"$BATS_TEST_TMPDIR/report" 3>&- &
	local bench=$!
	await ' open ' "$SERVER_LOG"
	kill -STOP "$SERVER"
	sleep 1 # measured
	kill -CONT "$SERVER"
	wait "$bench"
	"$PYTHON" -c 'import json, sys
r = json.load(open(sys.argv[1]))
assert r["rtt"]["p75_us"] > 100000, r["rtt"]
assert r["rtt_uncorrected"]["p75_us"] < 100000, r["rtt_uncorrected"]
assert r["messages"]["lost"] == 0, r' "$BATS_TEST_TMPDIR/report"
}

@test "large and empty messages, text and binary" {
	serve --max-message-size=8M
	local size
	for size in 0 1 15 16 39 40 125 126 65536 3M; do
		measure -c 2 -n 20 -w 2 --size="$size" --text "$URL"
		same 20 "$(value messages.received)"
		measure -c 2 -n 20 -w 2 --size="$size" --binary "$URL"
		same 20 "$(value messages.received)"
	done
}

@test "--mode=connect opens and closes; --connect-rate slows it down" {
	serve
	measure --mode=connect -c 50 "$URL"
	same 50 "$(value connections.opened)"
	measure --mode=connect -c 50 --connect-rate=200 "$URL"
	"$PYTHON" -c 'import json, sys
assert json.load(open(sys.argv[1]))["connect_s"] > 0.2' "$BATS_TEST_TMPDIR/report"
	same "100 0 0" "$(served)"
}

@test "--mode=idle keeps connections open; --server-pid shows their cost" {
	serve
	measure --mode=idle -c 200 --duration=200ms --server-pid="$SERVER" "$URL"
	same 200 "$(value connections.opened)"
	same 0 "$(value connections.dropped)"
	(($(value server.rss_loaded_bytes) > 0))
	(($(value server.descriptors_most) > 200))
}

# bats test_tags=measures
@test "10,000 connections from one process" {
	(($(ulimit -Hn) > 11000)) || skip "open files are limited to $(ulimit -Hn)"
	sanitized && return
	ulimit -Sn "$(ulimit -Hn)"
	serve --max-connections=0
	measure --mode=idle -c 10k -d 100ms "$URL"
	same 10000 "$(value connections.opened)"
	same 0 "$(value connections.failed)"
	same "10000 0 0" "$(served)"
}

@test "--mode=churn opens as many connections as --messages says" {
	serve
	measure --mode=churn -c 10 --messages=300 "$URL"
	same 300 "$(value connections.opened)"
	same 300 "$(value messages.received)"
	same "300 300 300" "$(served)"
}

@test "--mode=broadcast: messages of --publishers arrive at every other connection" {
	need_websockets
	start "$PYTHON" "$FIXTURES/broadcast.py"
	measure --mode=broadcast -c 10 --publishers=2 -R 200 -d 500ms "$URL"
	local sent
	sent=$(value messages.sent)
	((sent > 50))
	same $((sent * 9)) "$(value messages.received)"
	same 0 "$(value messages.lost)"
	same 0 "$(value messages.own)"
}

@test "the report for people: connections, messages, rates, RTT, server" {
	serve
	run -0 wsbench -c 2 -n 100 --threads=1 --server-pid="$SERVER" "$URL"
	grep -qE '^connections +2 tried, 2 opened, 0 failed' <<<"$output"
	grep -qE '^messages +100 sent, 100 received, 0 lost' <<<"$output"
	grep -qE '^RTT +p50 .* p99 .* max ' <<<"$output"
	grep -qE '^server +RSS ' <<<"$output"
}

@test "missing replies count as lost: exit 1 after --timeout" {
	bad mute
	run -1 --separate-stderr wsbench -c 1 -n 1 -d 300ms --timeout=200ms "$URL"
	says "1 message lost"
}

@test "no connection: the exit code for the reason" {
	run -3 --separate-stderr wsbench -c 2 ws://127.0.0.1:1/
	says "no connection could be opened: connect 127.0.0.1:1: Connection refused"
	same '' "$(grep '^times' <<<"$output")" # there are none
	bad 404
	run -5 --separate-stderr wsbench -c 1 -d 1s "$URL"
	says "no connection could be opened: the server refused the upgrade"
}

@test "all addresses of a name are tried, and the one that answers is kept" {
	((EUID == 0)) || skip "only root can change /etc/hosts, in a namespace of its own"
	serve
	printf '::1 localhost\n127.0.0.1 localhost\n' >"$BATS_TEST_TMPDIR/hosts"
	# shellcheck disable=SC2016
	run -0 --separate-stderr unshare -m bash -c 'mount --bind "$1" /etc/hosts && wsbench -q -c 300 -n 600 "$2"' \
		- "$BATS_TEST_TMPDIR/hosts" "ws://localhost:$PORT/"
	grep -qE '^connections +300 tried, 300 opened' <<<"$output"
	same "300 600 600" "$(served)"
}

@test "churn: a connection that is refused does not end its place" {
	measure --mode=churn -c 2 -n 50 ws://127.0.0.1:1/ || true
	same 50 "$(value connections.failed)"
}

@test "the URL of the JSON report is whole" {
	local url
	for url in wss://127.0.0.1:1/ ws+unix:/nowhere:/chat?a=1 wss+unix:/nowhere:/; do
		measure -c 1 --connect-timeout=1s "$url" || true
		same "$url" "$(value url)"
	done
	measure -c 1 --unix-socket=/nowhere ws://me:secret@host.example/chat || true
	same ws://host.example/chat "$(value url)"
}

@test "limits are checked before anything is opened" {
	run -1 --separate-stderr bash -c 'ulimit -n 100; wsbench -c 500 ws://127.0.0.1:1/'
	one_line "500 connections need 5[34][0-9] open files, and 100 are allowed; as root: ulimit -n 5[34][0-9]"
}

@test "SIGINT: a report up to then, and 130" {
	serve
	wsbench -c 2 -d 60s "$URL" >"$BATS_TEST_TMPDIR/out" 2>/dev/null 3>&- &
	local bench=$! status=0
	await ' open ' "$SERVER_LOG"
	kill -INT "$bench"
	wait "$bench" || status=$?
	same 130 "$status"
	grep -q '^connections ' "$BATS_TEST_TMPDIR/out"
}

@test "options that exclude each other: 2" {
	run -2 --separate-stderr wsbench
	usage_line "no URL"
	run -2 --separate-stderr wsbench --text --binary ws://x
	usage_line "exclude each other"
	run -2 --separate-stderr wsbench -c 1 --publishers=2 ws://x
	usage_line "more --publishers than --connections"
	local case option mode
	for case in --rate=5:idle --warmup=1s:connect --arrival=even:idle --window=2:broadcast --publishers=1:echo --size=9:connect \
		--binary:idle; do
		IFS=: read -r option mode <<<"$case"
		run -2 --separate-stderr wsbench -c 1 "--mode=$mode" "$option" ws://x
		usage_line "${option%=*} has no effect with --mode=$mode"
	done
	run -2 --separate-stderr wsbench -c 1 -t 2 ws://x
	usage_line "more --threads than --connections"
	run -2 --separate-stderr wsbench --arrival=poisson ws://x
	usage_line "--arrival needs --rate"
	run -2 --separate-stderr wsbench --rate=0 ws://x
	usage_line "a rate above 0"
	run -2 --separate-stderr wsbench --timeout=0 ws://x
	usage_line "at least 1.00 ms is allowed"
	run -2 --separate-stderr wsbench -d 0 ws://x
	usage_line "needs --messages"
}

@test "a progress line on a terminal, and none elsewhere" {
	serve
	script -qec "wsbench -c 1 -w 200 -d 1500ms -R 100 $URL" /dev/null >"$BATS_TEST_TMPDIR/screen" </dev/null 3>&-
	grep -qE '[1-9][0-9]%, [^ ]+ m?s left of 1.50 s  1 opened  [0-9]+ msg/s sent  [0-9]+ msg/s received' "$BATS_TEST_TMPDIR/screen"
	run -0 --separate-stderr wsbench -c 1 -w 200 -d 1200ms -R 100 "$URL"
	same "" "$stderr"
	run -0 --separate-stderr wsbench -c 1 -w 200 -d 1200ms -R 100 --interval=500ms "$URL"
	same 2 "$(grep -c 'left of 1.20 s  1 opened' <<<"$stderr")"
}

@test "a server that talks on after our close: wsbench leaves all the same" {
	local what
	for what in pings messages bytes fragments; do
		bad talks-on "$what"
		run --separate-stderr timeout -k 1 20 wsbench --quiet -c 1 --mode=connect "$URL"
		((status <= 1)) # 1 where messages came that were not asked for
	done
}
