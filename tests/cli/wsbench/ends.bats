#!/usr/bin/env bats
# bats file_tags=measures
# How connections end is reported by number, and a run in which nothing was measured fails.

load ../helper
load faulty

@test "close codes are counted by number and by who began" {
	faulty close=10:1008
	measure -c 4 -d 10s
	same 1 "$STATUS"
	holds 'c["server_closes"] == {"1008": 4} and c["client_closes"] == {} and c["dropped"] == 4'
	holds 'c["causes"] == {} and m["received"] == 36'
	faulty
	measure -c 4 -n 100
	same 0 "$STATUS"
	holds 'c["client_closes"] == {"1000": 4} and c["server_closes"] == {} and c["dropped"] == 0'
	faulty close=10:1008
	run -1 wsbench -c 4 -d 10s "$URL"
	grep -qE '^ +4 × closed by the server with 1008 \(' <<<"$output"
}

@test "a close frame that is not answered is a remark, with or without the end of the socket" {
	local fault
	for fault in hang-up linger; do
		faulty $fault
		run -0 --separate-stderr wsbench -c 2 -n 10 "$URL"
		grep -qE '^ +2 × closed by this client, not answered$' <<<"$output"
		says '^wsbench: the close frame of 2 connections was not answered$'
		run -1 grep 1006 <<<"$output"
	done
	faulty hang-up
	measure -c 2 -n 10
	same 0 "$STATUS"
	holds 'c["client_closes"] == {"1006": 2}'
}

@test "a load that no connection is left for counts as long as it was to last" {
	faulty close=10:1000
	measure -c 2 -w 4 -R 200 -d 3s --fail-if='rate<150' --fail-if='errors>1000' --fail-if='loss>100%'
	same 10 "$STATUS"
	holds 'r["load_s"] == 3 and abs(m["sent_per_s"] * 3 - m["load_sent"]) < 1e-6 and r["rate_per_s"] == m["sent_per_s"] < 20'
	grep -q "^wsbench: --fail-if='rate<150': it is" "$BATS_TEST_TMPDIR/said"
	holds 'any("no connection was left after" in v and "s: the load" in v and "as the 3.00 s that" in v for v in r["verdict"])'
	faulty close=10:1000
	measure -c 2 -w 4 -R 200 -n 600
	same 1 "$STATUS"
	holds 'r["load_s"] == 3 and 2.5e6 < r["rtt"]["max_us"] <= 3e6 and m["unsent"]["connection_gone"] == 600 - m["sent"]'
}

# The end of TCP is waited for up to a second, which is no part of the load.
@test "a connection is over with the server's close frame, not with TCP" {
	faulty shut=1001 stay
	measure --mode=idle -c 3 -d 500ms
	same 1 "$STATUS"
	holds 'c["dropped"] == 3 and c["server_closes"] == {"1001": 3} and c["client_closes"] == {}'
	faulty close=10:1000 stay
	measure -c 2 -d 3s
	holds 'm["sent"] == 20 and m["lost"] == 2 == c["dropped"] and r["rtt"]["max_us"] < 900000'
	holds 'any("no connection was left after" in v for v in r["verdict"])'
	faulty close=2:1001 stay # another is opened at once
	measure -c 2 -d 1500ms --reconnect
	holds 'c["returned"] > 10 and c["tried"] <= c["opened"] + 2 and c["dropped"] >= c["returned"] and r["back"]["max_us"] < 900000'
	faulty close=2:1001 stay # the place of one that this client has closed is free, too
	measure --mode=churn -c 1 -n 10 -d 5s
	same 0 "$STATUS"
	holds 'c["opened"] == 10 and c["dropped"] == 0 and r["load_s"] < 2'
}

@test "connections that were begun are tried, also where the run ends before they open" {
	faulty mute
	run -7 --separate-stderr wsbench -q -c 2 --connect-deadline=300ms "$URL"
	grep -q '^connections *2 tried, 0 opened, 0 failed' <<<"$output"
	says '0 of 2 connections were open by --connect-deadline'
	faulty mute
	wsbench -q --format=json -o "$BATS_TEST_TMPDIR/report" -c 3 --connect-rate=0.01 "$URL" 2>"$BATS_TEST_TMPDIR/said" 3>&- &
	local bench=$! status=0
	eventually grep -q connected "$OUT"
	kill -INT "$bench"
	wait "$bench" || status=$?
	same 130 "$status"
	"$PYTHON" -c 'import json, sys; c = json.load(open(sys.argv[1]))["connections"]; assert c["tried"] == c["unfinished"] == 1' "$BATS_TEST_TMPDIR/report"
}

@test "a server that closes everything with an error is no success, in any mode" {
	local mode
	for mode in echo connect idle churn; do
		faulty shut=1008
		measure --mode="$mode" -c 3 -n 9 -d 500ms
		same 1 "$STATUS"
		holds 'r["mode"] == "churn" and m["received"] == 0 or c["dropped"] == 3'
		holds 'sum(c[k].get("1008", 0) for k in ("server_closes", "client_closes")) == c["opened"]'
	done
}

@test "refusals are counted by HTTP status, with the start of the body" {
	faulty refuse=404
	run -5 --separate-stderr wsbench -q --format=json -c 3 "$URL"
	grep -q '"refusals":{"404":3}' <<<"$output"
	says "the server refused the upgrade: 404: not today"
	run -5 --separate-stderr wsbench -c 3 "$URL"
	grep -qE '^ +3 × refused with HTTP status 404' <<<"$output"
}

@test "a run in which no message came back is no success" {
	faulty hush=0
	measure -c 2 -n 2 -T 400ms
	same 1 "$STATUS"
	grep -q "nothing was measured" "$BATS_TEST_TMPDIR/said"
}

@test "a connection whose answers are corrupt is given up, others are not" {
	faulty flip=1
	measure -c 2 -w 50 -s 40 -d 20s
	same 1 "$STATUS"
	holds 'c["given_up"] == 2 and m["corrupted"] >= 4000 and m["received"] == 0'
	grep -q '2 connections were given up' "$BATS_TEST_TMPDIR/said"
}

@test "--help says what -v shows here" {
	run -0 wsbench --help
	grep -q -- '-v, --verbose  *print each failure as it happens' <<<"$output"
}

@test "-v shows each failure with its status, the start of the body, or the close code" {
	faulty refuse=404
	run -5 --separate-stderr wsbench -v -c 2 "$URL"
	says "connection 1: the server refused the upgrade: 404: not today"
	says "connection 2: the server refused the upgrade: 404: not today"
	faulty close=2:1008
	run -1 --separate-stderr wsbench -v -c 2 -d 5s "$URL"
	same 2 "$(grep -c 'connection [12]: closed by the server: close code 1008' <<<"$stderr")"
	run -3 --separate-stderr wsbench -v -c 1 ws://127.0.0.1:1/
	says "connection 1: connect 127.0.0.1:1: Connection refused"
}

@test "-q: errors are said, remarks are not" {
	faulty
	run -0 --separate-stderr wsbench -c 1 -n 100000000 -d 100ms "$URL"
	says "--messages=100000000 was not reached"
	run -0 --separate-stderr wsbench -q -c 1 -n 100000000 -d 100ms "$URL"
	same "" "$stderr"
}

@test "JSON has what was asked for, and is printed where nothing could be started" {
	run -3 --separate-stderr wsbench --format=json -R 5 -c 3 -d 4s ws://nowhere.invalid:1/
	says "resolve nowhere.invalid"
	"$PYTHON" -c 'import json, os, sys
r = json.loads(sys.argv[1])
assert "resolve nowhere.invalid" in r["verdict"][0], r
assert r["asked"]["rate_per_s"] == 5 and r["asked"]["connections"] == 3 and r["asked"]["duration_s"] == 4, r
assert r["host"] == os.uname().nodename and r["started"].endswith("Z") and r["messages"]["sent"] == 0, r' "$output"
}

@test "a second SIGINT does not wait for the closing handshakes" {
	faulty linger
	background wsbench -c 2 -d 60s --interval=100ms "$URL"
	local bench=$PID status=0
	await ' left of ' "$LOG"
	kill -INT "$bench"
	await 'closing' "$LOG"
	SECONDS=0
	# The same signal within 50 ms is no second one.
	eventually eval "kill -INT $bench 2>/dev/null; ended $bench"
	finished "$bench" || status=$?
	((SECONDS < 4)) # --close-timeout is 5 s
	same 130 "$status"
	grep -q '^connections ' "$OUT"
}

@test "--mode=connect: the CPU time is that of the connecting" {
	serve
	wsbench -q --format=json --mode=connect -c 300 "$URL" >"$BATS_TEST_TMPDIR/report"
	"$PYTHON" -c 'import json, sys
r = json.load(open(sys.argv[1]))
assert 0 < r["client"]["cpu_s"] < r["connect_s"] * 1.1 and r["client"]["busiest_thread"] <= 1, r' "$BATS_TEST_TMPDIR/report"
}

@test "connections that are still being opened at the end are counted, and said" {
	faulty mute
	run -1 --separate-stderr wsbench --mode=churn -c 1 -d 300ms -T 100ms "$URL" # no message was sent
	grep -qE '^connections +1 tried, 0 opened, 0 failed' <<<"$output"
	grep -qE '^ +1 × still being opened at the end$' <<<"$output"
	says '^wsbench: 1 connection was still being opened at the end$'
}

@test "dropped connections: the reason of the first one is in the verdict" {
	serve
	background wsbench -c 3 -d 60s "$URL"
	local bench=$PID status=0
	await '-3 open ' "$SERVER_LOG"
	kill "$SERVER"
	finished "$bench" || status=$?
	same 1 "$status"
	grep -qE '^verdict +0 connections failed, 3 dropped: closed by the server: close code 1001 \(going away\)' "$OUT"
}

@test "an interrupted run says so, and what went wrong until then" {
	faulty drop=2
	background wsbench --format=json -c 1 -w 10 -T 400ms -d 60s --interval=100ms "$URL"
	local bench=$PID status=0
	await ' left of ' "$LOG"
	kill -TERM "$bench"
	finished "$bench" || status=$?
	same 143 "$status"
	"$PYTHON" -c 'import json, sys
r = json.load(open(sys.argv[1]))
assert r["exit_status"] == 143 and r["verdict"][0].startswith("interrupted by SIGTERM"), r["verdict"]
assert any("messages lost" in line for line in r["verdict"]), r["verdict"]' "$OUT"
}
