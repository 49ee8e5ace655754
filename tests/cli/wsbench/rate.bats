#!/usr/bin/env bats
# wsbench's open model: what was due counts, whether or not it could be sent.

load ../helper
load faulty

@test "a stall at the end of the run is in the corrected percentiles, and the rate was not reached" {
	faulty stall=600:3
	measure -c 10 -R 500 -d 2s
	same 1 "$STATUS"
	holds '370 < m["unsent"]["window_full"] <= 400 and m["sent"] + sum(m["unsent"].values()) == 1000'
	holds 'm["lost"] == 0 and r["rtt"]["count"] == 1000'
	holds 'r["rtt"]["p99_us"] > 700000 and r["rtt"]["p75_us"] > 300000'
	holds 'r["rtt"]["p90_us"] > 600000 and r["rtt"]["p99.9_us"] > 750000'
	holds 'any("the rate of 500/s was not reached: 3" in line for line in r["verdict"])'
	grep -q 'the rate of 500/s was not reached: 3[0-9]* msg/s;.*since the window was full' "$BATS_TEST_TMPDIR/said"
}

# Of the messages a fifth is due while the server stands still, and waits for half a second on average.
@test "a server that stands still for one second of every five: the 90th percentile shows it" {
	faulty stalls=2000:1
	measure -c 10 -R 500 -d 10s
	same 0 "$STATUS"
	holds 'm["sent"] == 5000 == r["rtt"]["count"] and m["lost"] == 0'
	holds '400000 < r["rtt"]["p90_us"] < 800000 and 900000 < r["rtt"]["p99.9_us"]'
	# from when each was sent, it was ten messages at a time
	holds 'r["rtt_uncorrected"]["p90_us"] < 200000 and 900000 < r["rtt_uncorrected"]["p99.9_us"]'
}

@test "a stall in the middle that is made up for is in the percentiles, and no miss of the rate" {
	faulty stall=300:0.6
	measure -c 10 -R 500 -d 3s
	same 0 "$STATUS"
	holds 'm["sent"] == 1500 == r["rtt"]["count"] and sum(m["unsent"].values()) == 0'
	holds 'r["rtt"]["p90_us"] > 200000'
}

@test "messages without an answer at the end have the age that they have reached" {
	faulty hush=50
	measure -c 1 -w 100 -R 200 -d 500ms -T 400ms
	same 1 "$STATUS"
	holds 'm["sent"] == 100 and m["received"] == 50 and m["lost"] == 50 and r["rtt"]["count"] == 100'
	holds 'r["rtt"]["p75_us"] > 390000'
}

@test "--rate=N --duration=T sends N times T messages" {
	local rate
	for rate in 100 333 2000; do
		faulty
		measure -c 7 -w 100 -R "$rate" -d 1500ms -t 2
		same 0 "$STATUS"
		holds "m['sent'] + sum(m['unsent'].values()) in range($rate * 3 // 2, $rate * 3 // 2 + 3)" # rounded up, in each thread
		holds 'm["unsent"]["client_late"] * 50 < m["sent"]'
	done
}

@test "--arrival=poisson: the same number on average, at times that come in clusters" {
	faulty
	measure -c 20 -w 100 -R 2000 -d 2s --arrival=poisson
	same 0 "$STATUS"
	# four standard deviations of a Poisson distribution
	holds "abs(m['sent'] + sum(m['unsent'].values()) - 4000) < 4 * 4000 ** .5"
	holds 'r["asked"]["arrival"] == "poisson"'
}

@test "a fraction as --rate" {
	faulty
	measure -c 1 -R 2.5 -d 1s
	same 0 "$STATUS"
	holds 'm["sent"] == 3 and r["asked"]["rate_per_s"] == 2.5'
}

@test "--warmup: what was due before its end is not counted, and --duration begins after it" {
	# the server stands still within the warm-up
	faulty stall=50:0.5
	measure -c 10 -w 100 -R 500 --warmup=1s -d 1s
	same 0 "$STATUS"
	holds 'did["received"] in range(999, 1003) and m["sent"] == 500 == m["received"]'
	holds 'r["rtt"]["max_us"] < 300000 and 0.9 < r["load_s"] < 1.3'
	faulty all
	measure --mode=broadcast -c 3 -R 400 --warmup=500ms -d 500ms
	same 0 "$STATUS"
	holds 'did["received"] == 400 and m["sent"] == 200 and m["received"] == 400 and m["lost"] == 0'
}

@test "a token in the URL is in no report" {
	serve
	local format
	for format in text json csv; do
		run -0 --separate-stderr wsbench -v "--format=$format" -n 2 "$URL?token=hunter2"
		run ! grep -q hunter2 <<<"$output$stderr"
	done
	run -0 --separate-stderr wsbench -n 2 "$URL?token=hunter2"
	says 'on 127.0.0.1:[0-9]+/\?token=\*\*\*,' "$output"
}

@test "--warmup: its messages are none of --messages" {
	local options
	for options in "-R 1000" "-w 1" "-w 32" "--mode=churn"; do
		serve
		# shellcheck disable=SC2086 # several options
		wsbench -q --format=json -c 3 -t 2 --warmup=200ms -n 50 $options "$URL" >"$BATS_TEST_TMPDIR/report"
		"$PYTHON" -c 'import json, sys
r = json.load(open(sys.argv[1]))
m = r["messages"]
assert m["sent"] == 50 == m["received"], m
assert m["load_received_bytes"] == 50 * r["asked"]["size_bytes"], m' "$BATS_TEST_TMPDIR/report"
	done
}

@test "churn: --rate is connections a second, and the time runs from when each was due" {
	faulty
	measure --mode=churn -c 50 -R 100 -d 1s
	same 0 "$STATUS"
	holds 'c["opened"] == 100 == m["sent"] and r["rtt"]["min_us"] > r["rtt_uncorrected"]["min_us"]'
	# two places, each taken for 100 ms: 20 a second are reached, the others were due
	faulty delay=1:0.1
	measure --mode=churn -c 2 -R 100 -d 1s
	same 1 "$STATUS"
	holds '14 <= c["opened"] <= 22 and c["opened"] + m["unsent"]["window_full"] == 100'
	holds 'r["rtt"]["p50_us"] > 300000'
	grep -q 'the rate of 100/s was not reached: .* connections were due and not begun' "$BATS_TEST_TMPDIR/said"
}

@test "churn: --connect-rate holds the places back" {
	faulty
	measure --mode=churn -c 10 --connect-rate=50 -d 1s
	same 0 "$STATUS"
	holds '48 <= c["opened"] <= 51'
}

@test "the messages of connections that have ended are still due" {
	faulty close=20:1011
	measure -c 4 -R 400 -d 1s
	same 1 "$STATUS"
	holds '80 <= m["sent"] <= 84 and m["unsent"]["connection_gone"] > 300'
	grep -q 'not reached: .*since the connection was gone' "$BATS_TEST_TMPDIR/said"
}

# bats test_tags=measures
@test "a server that does not read takes no memory: nothing is sent above a limit, and that is said" {
	sanitized && return
	faulty deaf
	"$PYTHON" - "$URL" >"$BATS_TEST_TMPDIR/peak" <<-'END'
		import resource, subprocess, sys
		subprocess.run(["wsbench", "-q", "--mode=broadcast", "-c", "2", "-R", "2000", "-s", "64K", "-d", "1500ms",
		    "-T", "100ms", sys.argv[1]], stdout=subprocess.DEVNULL, stderr=sys.stdout)
		print("peak", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
	END
	grep -q 'since the server did not read' "$BATS_TEST_TMPDIR/peak"
	(($(sed -n 's/^peak //p' "$BATS_TEST_TMPDIR/peak") < 60000)) # of 190 MB that were due
}

@test "what was due and not sent takes no less than a round trip would have" {
	faulty delay=1:0.1
	measure -c 2 -R 100 -d 1s
	holds 'm["unsent"]["window_full"] > 50 and r["rtt"]["count"] == 100'
	holds 'r["rtt"]["min_us"] >= r["rtt_uncorrected"]["min_us"] >= 100000'
	holds 'all(r["rtt"][p] >= r["rtt_uncorrected"][p] for p in ("p50_us", "p90_us", "p99_us", "max_us"))'
	# where nothing comes back, what was waited in vain
	faulty hush=0
	measure -c 1 -R 100 -d 500ms -w 5 -T 700ms
	holds 'm["sent"] == 5 == m["lost"] and r["rtt"]["min_us"] >= 700000 and r["rtt"]["count"] == 50'
	# in churn, of connections
	faulty delay=1:0.1
	measure --mode=churn -c 1 -R 50 -d 500ms
	holds 'm["unsent"]["window_full"] > 15 and r["rtt"]["min_us"] >= r["rtt_uncorrected"]["min_us"] >= 100000'
}
