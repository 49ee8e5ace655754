#!/usr/bin/env bats
# also: check
# Several measurements in one run: stages, and the search for the highest rate.

load ../helper
load faulty

valid() { # JSON-FILE
	"$PYTHON" -c 'import json, jsonschema, sys
jsonschema.validate(json.load(open(sys.argv[1])), json.load(open(sys.argv[2])))' "$1" "$ROOT/docs/wsbench.schema.json"
}

@test "--stages: a column for each number of connections, or each rate" {
	serve
	run -0 wsbench -q -d 200ms --stages=2,5,10 "$URL"
	grep -qE '^ +2 conn +5 conn +10 conn$' <<<"${lines[0]}"
	grep -qE '^rtt.p99( +[0-9.]+ .?s){3}$' <<<"$output"
	grep -qE '^errors +0 +0 +0$' <<<"$output"
	run -0 wsbench -q -d 200ms -c 4 -w 1000 --stages=rate:100,1k "$URL"
	grep -qE '^ +100/s +1000/s$' <<<"${lines[0]}"
}

@test "--stages in JSON and CSV" {
	"$PYTHON" -c 'import jsonschema' 2>/dev/null || skip "python3-jsonschema is not installed"
	serve
	local report=$BATS_TEST_TMPDIR/report
	wsbench -q -d 200ms --stages=connections:2,3 --format=json "$URL" >"$report"
	valid "$report"
	"$PYTHON" -c 'import json, sys
assert [s["connections"]["opened"] for s in json.load(open(sys.argv[1]))["stages"]] == [2, 3]' "$report"
	wsbench -q -d 200ms --stages=2,3 --format=csv "$URL" >"$report"
	same "metric,2,3" "$(head -1 "$report")"
	grep -qx 'opened,2,3' "$report"
}

@test "--stages: what is wrong with one is the exit code" {
	faulty drop=10
	run -1 --separate-stderr wsbench -q -n 50 -T 200ms --stages=2,3 "$URL"
	same 2 "$(grep -c 'messages lost' <<<"$stderr")"
	local list
	for list in 0 1,,2 a 1.5 rate: '1k,'; do
		run -2 --separate-stderr wsbench --stages="$list" "$URL"
		usage_line "a list of at most 32 stages"
	done
	run -2 --separate-stderr wsbench --stages=1,5 -t 2 "$URL"
	usage_line "fewer connections than --threads"
	run -2 --separate-stderr wsbench -c 5 --stages=1,5 "$URL"
	usage_line "--stages and --connections exclude each other"
	run -2 --separate-stderr wsbench -R 5 --stages=rate:1,5 "$URL"
	usage_line "--stages and --rate exclude each other"
}

@test "--find-rate: the highest rate that a server with a limit keeps" {
	# five connections with one message at a time, each of which takes 50 ms: 100 a second at most
	faulty delay=1:0.05
	wsbench --format=json -c 5 -R 20 -d 600ms --find-rate=500ms@p99 "$URL" >"$BATS_TEST_TMPDIR/report" 2>"$BATS_TEST_TMPDIR/said"
	grep -qE '^20/s: p99 .*, .* reached: kept$' "$BATS_TEST_TMPDIR/said"
	grep -qE 'the highest rate that keeps p99 at 500 ms is [0-9.]+/s; [0-9.]+/s does not' "$BATS_TEST_TMPDIR/said"
	"$PYTHON" -c 'import json, sys
r = json.load(open(sys.argv[1]))
found = r["find_rate"]
assert 20 <= found["kept_per_s"] < 120 and found["kept_per_s"] < found["failed_per_s"] < 1.06 * found["kept_per_s"], found
assert r["asked"]["rate_per_s"] == found["kept_per_s"] and r["rtt"]["p99_us"] <= 500000, r' "$BATS_TEST_TMPDIR/report"
}

@test "--find-rate: no rate keeps it" {
	faulty delay=1:0.05
	run -10 --separate-stderr wsbench -q -c 2 -R 5 -d 500ms --find-rate=10ms@p50 "$URL"
	says "no rate keeps p50 at 10.0 ms"
	local goal
	for goal in 10ms p99 10ms@99 10ms@p101 0@p99; do
		run -2 --separate-stderr wsbench --find-rate="$goal" "$URL"
		usage_line "a time and a percentile"
	done
	run -2 --separate-stderr wsbench --find-rate=10ms@p99 --stages=1,2 "$URL"
	usage_line "exclude each other"
}

@test "--find-rate: a server that is gone, and an interrupt, end the search with what was found" {
	local bench status
	serve --oneshot # nothing listens any more once the first step has begun
	background wsbench -c 1 -R 20 -d 300ms --find-rate=2s@p50 "$URL"
	bench=$PID status=0
	await '^20/s: .*: kept$' "$LOG"
	finished "$bench" || status=$?
	same 3 "$status"
	grep -qE 'p50 stays at 2.00 s or below at [0-9]+/s; the search ended there: no connection could be opened: .*refused' "$LOG"
	grep -q '^RTT ' "$OUT"
	serve
	background wsbench -c 2 -R 20 -d 300ms --find-rate=2s@p50 "$URL"
	bench=$PID status=0
	await '^20/s: .*: kept$' "$LOG"
	kill -INT "$bench"
	finished "$bench" || status=$?
	same 130 "$status"
	grep -qE 'the search ended there: interrupted by SIGINT' "$LOG"
	grep -q '^RTT ' "$OUT"
}
