#!/usr/bin/env bats
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
	measure -c 2 -n 2 -T 100ms
	same 1 "$STATUS"
	grep -q "nothing was measured" "$BATS_TEST_TMPDIR/said"
}
