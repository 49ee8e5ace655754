#!/usr/bin/env bats
# The report of wsbench in its forms, and what is decided by it.

load ../helper
load faulty

setup() {
	serve
}

bench() {
	wsbench -q "$@" "$URL"
}

valid() { # FILE
	"$PYTHON" -c 'import json, jsonschema, sys
jsonschema.validate(json.load(open(sys.argv[1])), json.load(open(sys.argv[2])))' "$1" "$ROOT/docs/wsbench.schema.json"
}

# The expression is true of the JSON report in FILE, which is r.
is() { # FILE EXPRESSION
	"$PYTHON" -c 'import json, sys
r = json.load(open(sys.argv[1]))
assert eval(sys.argv[2]), r' "$@"
}

@test "the JSON report follows its schema, in every mode and where nothing was measured" {
	"$PYTHON" -c 'import jsonschema' 2>/dev/null || skip "python3-jsonschema is not installed"
	local mode report=$BATS_TEST_TMPDIR/report
	for mode in echo connect idle churn; do
		bench --mode="$mode" -c 3 -d 300ms --interval=100ms --format=json --server-pid="$SERVER" -z >"$report"
		valid "$report"
		is "$report" 'len(r["timeline"]) >= 3 and r["timeline"][1]["server_rss_bytes"] > 0 or r["mode"] == "connect"'
	done
	# an echo server has nothing for some of them, which is said
	for mode in ping sink source broadcast; do
		bench --mode="$mode" -c 3 -d 100ms -T 400ms --format=json >"$report" 2>/dev/null || same 1 $?
		valid "$report"
	done
	bench -c 2 -w 100 -R 20 -d 100ms --find-rate=5s@p50 -o "$report" --format=json --fail-if='errors>0' 2>/dev/null
	valid "$report"
	is "$report" 'r["find_rate"]["kept_per_s"] >= 20'
	wsbench -q --merge --format=json "$report" "$report" >"$report.both"
	valid "$report.both"
	wsbench -q --format=json -c 1 ws://127.0.0.1:1/ >"$report" 2>/dev/null || same 3 $?
	valid "$report"
}

@test "the text begins with the round-trip time; the verdict is in it" {
	run -0 bench -c 2 -n 100
	grep -qE '^wsbench .*: echo on 127.0.0.1:[0-9]+/, 2 connections, 1 thread, 20 B, window 1' <<<"${lines[0]}"
	grep -qE '^RTT +p50 .* p99 .* p99.9 .* max ' <<<"${lines[1]}"
	grep -qE '^times +p50 +p75 +p90 +p95 +p99 +p99.9 +p99.99 +max$' <<<"$output"
	bad mute
	run -1 --separate-stderr wsbench -c 1 -n 1 -d 300ms --timeout=200ms "$URL"
	grep -qE '^verdict +1 message lost' <<<"$output"
}

@test "--percentiles chooses them, in text and JSON" {
	run -0 bench -c 1 -n 50 --percentiles=10,99.5
	grep -qE '^times +p10 +p99.5 +max$' <<<"$output"
	bench -c 1 -n 50 --percentiles=10,99.5 --format=json >"$BATS_TEST_TMPDIR/report"
	is "$BATS_TEST_TMPDIR/report" 'r["rtt"]["p10_us"] <= r["rtt"]["p99.5_us"] and "p50_us" not in r["rtt"]'
}

@test "--latency: the spectrum, and a distribution whose shares add up" {
	run -0 bench -c 1 -n 5000 --latency
	grep -qE '^ +50\.000000% +[0-9.]+ (ns|us|ms)' <<<"$output"
	grep -q '█' <<<"$output"
	sed -n '/^distribution/,/^times/p' <<<"$output" | awk '{ for (i = 1; i <= NF; i++) if ($i ~ /%$/) sum += $i } END { exit !(sum > 98 && sum < 102) }'
}

@test "--format=csv: a metric a line" {
	bench -c 2 -n 300 --format=csv >"$BATS_TEST_TMPDIR/csv"
	same "metric,value" "$(head -1 "$BATS_TEST_TMPDIR/csv")"
	grep -qx 'sent,300' "$BATS_TEST_TMPDIR/csv"
	grep -qx 'rtt.count,300' "$BATS_TEST_TMPDIR/csv"
	grep -qE '^rtt.p99.9_us,[0-9.]+$' "$BATS_TEST_TMPDIR/csv"
	grep -qx 'tls.p50_us,' "$BATS_TEST_TMPDIR/csv" # nothing was measured
}

@test "--format=hgrm: what HdrHistogram's tools read" {
	bench -c 2 -n 2000 --format=hgrm >"$BATS_TEST_TMPDIR/hgrm"
	"$PYTHON" - "$BATS_TEST_TMPDIR/hgrm" <<-'END'
		import sys
		lines = open(sys.argv[1]).read().split("\n")
		assert lines[0].split() == ["Value", "Percentile", "TotalCount", "1/(1-Percentile)"], lines[0]
		rows = [[float(word) for word in line.split()] for line in lines[1:] if line and line[0] != "#"]
		assert rows == sorted(rows) and rows[-1][1] == 1 and rows[-1][2] == 2000, rows
		assert all(row[2] >= row[1] * 2000 for row in rows), rows
		assert "Total count    =         2000" in lines[-3], lines
	END
}

@test "--output: the report goes to a file, also where it cannot be written" {
	run -0 bench -c 1 -n 10 --output="$BATS_TEST_TMPDIR/file"
	same "" "$output"
	grep -q '^RTT ' "$BATS_TEST_TMPDIR/file"
	run -1 bench -c 1 -n 10 --output=/nowhere/file
	grep -q '/nowhere/file: No such file' <<<"$output"
	run -1 --separate-stderr bench -c 1 -n 10 --output=/dev/full
	says "/dev/full: No space left"
	run -1 --separate-stderr bash -c "wsbench -q -c 1 -n 10 $URL >/dev/full"
	says "cannot write to standard output: No space left"
	run -0 bash -c "set -o pipefail; wsbench -q -c 1 -n 10 --format=json $URL | head -c 1"
	same '{' "$output"
}

@test "closed standard streams are no descriptors of connections; a closed standard output is said before anything is measured" {
	run -1 --separate-stderr bash -c "wsbench -c 1 -n 10 $URL >&-"
	one_line 'standard output is closed$'
	run -0 --separate-stderr bash -c "wsbench -q -c 1 -n 10 --output='$BATS_TEST_TMPDIR/file' $URL 0>&- >&-"
	same "" "$stderr"
	grep -q '^RTT ' "$BATS_TEST_TMPDIR/file"
	run -3 bash -c "wsbench -c 1 -n 10 ws://127.0.0.1:1/ 2>&-"
}

@test "--output and --compare are looked at before anything is measured; an old report stays until the new one is there" {
	local file=$BATS_TEST_TMPDIR/file
	run -1 --separate-stderr timeout 40 wsbench -q -c 1 -d 60s --output=/nowhere/file "$URL"
	says "/nowhere/file: No such file"
	run -1 --separate-stderr timeout 40 wsbench -q -c 1 -d 60s --compare=/nowhere/file "$URL"
	says "/nowhere/file: .*No such file"
	bench -c 1 -n 1000 --format=json -o "$file"
	bench -c 1 -n 10 --format=json -o "$file" --compare="$file" 2>"$BATS_TEST_TMPDIR/compared"
	is "$file" 'r["messages"]["sent"] == 10'
	grep -q '^rtt.p50 ' "$BATS_TEST_TMPDIR/compared"
}

@test "--compare: before, now, change; another load is said" {
	bench -c 2 -n 300 --format=json -o "$BATS_TEST_TMPDIR/before"
	run -0 bench -c 2 -n 300 --compare="$BATS_TEST_TMPDIR/before"
	grep -qE '^compared +before +now +change$' <<<"$output"
	grep -qE '^rtt.p50 +[0-9.]+ .s +[0-9.]+ .s +[+-][0-9.]+%(   noise)?$' <<<"$output"
	grep -qE '^rtt.p99.9 .*%   too few samples$' <<<"$output"
	run -0 bench -c 3 -n 300 --compare="$BATS_TEST_TMPDIR/before"
	grep -q 'another load was asked for' <<<"$output"
	echo '{}' >"$BATS_TEST_TMPDIR/none"
	run -1 bench -c 1 -n 1 --compare="$BATS_TEST_TMPDIR/none"
	grep -q 'it is no report of wsbench' <<<"$output"
}

@test "--merge adds reports up: counts, rates and histograms" {
	local name all=$BATS_TEST_TMPDIR/all
	for name in a b; do
		bench -c 2 -w 1000 -n 1000 -R 2000 --format=json -o "$BATS_TEST_TMPDIR/$name"
	done
	wsbench --merge --format=json "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/b" >"$all"
	"$PYTHON" - "$BATS_TEST_TMPDIR" <<-'END'
		import json, sys
		a, b, all = (json.load(open(sys.argv[1] + "/" + name)) for name in ("a", "b", "all"))
		assert all["messages"]["received"] == 2000 and all["connections"]["opened"] == 4, all
		assert all["asked"]["rate_per_s"] == 4000 and all["url"] == a["url"], all
		assert all["rtt"]["max_us"] == max(a["rtt"]["max_us"], b["rtt"]["max_us"]), all["rtt"]
		both = {}
		for report in a, b:
		    for top, count in report["rtt"]["buckets_ns"]:
		        both[top] = both.get(top, 0) + count
		assert dict(all["rtt"]["buckets_ns"]) == both, all["rtt"]
		assert min(a["rtt"]["p50_us"], b["rtt"]["p50_us"]) <= all["rtt"]["p50_us"] <= max(a["rtt"]["p50_us"], b["rtt"]["p50_us"])
	END
	run -0 wsbench --merge "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/b"
	grep -qE '^RTT +p50 ' <<<"$output"
	is "$all" 'r["started"] > "2026" and "they did not run at the same time" in r["verdict"][0]'
	# a machine that measured nothing, and one that ran at another time
	run -3 --separate-stderr wsbench -q --format=json -c 1 -o "$BATS_TEST_TMPDIR/c" ws://127.0.0.1:1/
	run -3 --separate-stderr wsbench --merge "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/c"
	grep -q 'c: exit status 3: no connection could be opened: .*refused' <<<"$output"
	sed 's/"started":"20../"started":"2001/' "$BATS_TEST_TMPDIR/b" >"$BATS_TEST_TMPDIR/c"
	run -0 --separate-stderr wsbench --merge "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/c"
	grep -qE 'c: it began [0-9.e+]+ s before .*: they did not run at the same time' <<<"$output"
	bench --mode=connect -c 1 --format=json -o "$BATS_TEST_TMPDIR/b"
	run -1 --separate-stderr wsbench --merge "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/b"
	says "b: it is of another mode than the first one"
	echo 'no JSON' >"$BATS_TEST_TMPDIR/c"
	run -1 --separate-stderr wsbench --merge "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/c"
	one_line "/c: it is no report of wsbench --format=json, nor JSON at all$"
	run -1 --separate-stderr wsbench -q -n 1 --compare="$BATS_TEST_TMPDIR/c" "$URL"
	one_line "/c: it is no report of wsbench --format=json, nor JSON at all$"
	run -2 --separate-stderr wsbench --merge
	usage_line "needs the files"
	run -2 --separate-stderr wsbench --merge --connections=5 "$all"
	usage_line "--connections has no effect with --merge"
}

@test "--merge: the rate is that of the messages and times beside it; a gate counts more than what a part ended with" {
	local a=$BATS_TEST_TMPDIR/a b=$BATS_TEST_TMPDIR/b both=$BATS_TEST_TMPDIR/both
	bench -c 2 -w 1000 -R 2000 -d 1s --format=json -o "$a"
	bench -c 2 -w 1000 -R 2000 -d 200ms --format=json -o "$b"
	wsbench -q --merge --format=json "$a" "$b" >"$both"
	is "$both" 'r["rate_per_s"] == r["messages"]["sent_per_s"] and 2200 < r["rate_per_s"] < 2500'
	run -3 --separate-stderr wsbench -q --format=json -c 1 -o "$b" ws://127.0.0.1:1/
	run -3 --separate-stderr wsbench -q --merge "$a" "$b"
	run -10 --separate-stderr wsbench -q --merge --fail-if='rate<100k' "$a" "$b"
	says 'b: exit status 3: no connection could be opened'
	says "--fail-if='rate<100k': it is"
}

@test "--start-at: the load begins then, and a late one is said" {
	local at
	at=$(($(date +%s) + 2))
	bench -c 1 -n 10 --start-at="@$at" --format=json >"$BATS_TEST_TMPDIR/report"
	(($(date +%s) >= at))
	run -0 --separate-stderr wsbench -c 1 -n 10 --start-at=2026-01-31T12:00:00Z "$URL"
	says "the load began [0-9].* later than --start-at"
	run -2 --separate-stderr wsbench --start-at=noon "$URL"
	usage_line "a time such as"
}

@test "--fail-if: 10 when a condition is met, or was not measured" {
	run -0 --separate-stderr bench -c 1 -n 100 --fail-if='rtt.p99>10s' --fail-if='errors>0' --fail-if='loss>0.1%'
	run -10 --separate-stderr bench -c 1 -n 100 --fail-if='rtt.p50>1us'
	says "--fail-if='rtt.p50>1us': it is"
	run -10 --separate-stderr bench -c 1 -n 100 --fail-if='tls.p50>1us'
	says "it was not measured"
	run -10 --separate-stderr bench -c 1 -R 50 -d 500ms --fail-if='rate<1k/s'
	says "it is [0-9.]+/s"
}

@test "--fail-if replaces the default of what it names, and of nothing else" {
	faulty drop=10
	run -1 --separate-stderr wsbench -q -c 1 -w 4 -n 100 -T 200ms "$URL"
	run -0 --separate-stderr wsbench -q -c 1 -w 4 -n 100 -T 200ms --fail-if='loss>20%' "$URL"
	run -10 --separate-stderr wsbench -q -c 1 -w 4 -n 100 -T 200ms --fail-if='loss>5%' "$URL"
	run -1 --separate-stderr wsbench -q -c 1 -w 4 -n 100 -T 200ms --fail-if='rate<1' "$URL"
	faulty refuse=404
	run -5 --separate-stderr wsbench -q -c 1 --fail-if='errors>5' "$URL"
}

@test "conditions that cannot be read: 2" {
	local condition
	for condition in p99 rtt.p99 'rtt.px>5ms' 'rtt>5ms' 'loss>5' 'errors>1ms' 'nothing>1' 'rtt.p101>1s' '>1' 'rtt.p99>5'; do
		run -2 --separate-stderr wsbench --fail-if="$condition" "$URL"
		usage_line "--fail-if='$condition'"
	done
}

@test "--abort-if ends the load early, with 10 and a report" {
	local end=$((SECONDS + 20))
	run -10 --separate-stderr bench -c 1 -R 100 -d 60s --interval=200ms --abort-if='rtt.p50>1us'
	((SECONDS < end))
	says "the load was ended by --abort-if='rtt.p50>1us'"
	grep -qE '^RTT +p50' <<<"$output"
}
