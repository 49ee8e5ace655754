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
	holds 'any("the rate of 500/s was not reached: 3" in line for line in r["verdict"])'
	grep -q 'the rate of 500/s was not reached: 3.*since the window was full' "$BATS_TEST_TMPDIR/said"
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

@test "the messages of connections that have ended are still due" {
	faulty close=20:1011
	measure -c 4 -R 400 -d 1s
	same 1 "$STATUS"
	holds '80 <= m["sent"] <= 84 and m["unsent"]["connection_gone"] > 300'
	grep -q 'not reached: .*since the connection was gone' "$BATS_TEST_TMPDIR/said"
}

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
	(($(sed -n 's/^peak //p' "$BATS_TEST_TMPDIR/peak") < 30000))
}
