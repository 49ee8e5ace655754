# wsbench against servers that misbehave, and what both of them counted.

# Starts a server with faults: see tests/fixtures/faultyecho.py.
faulty() {
	start "$PYTHON" "$FIXTURES/faultyecho.py" "$@"
}

# Runs wsbench against it; its report and what the server did are then in r and did of a Python
# expression, which has to be true.
measure() {
	STATUS=0
	# shellcheck disable=SC2034 # for the callers
	timeout 60 wsbench --quiet --format=json "$@" "$URL" >"$BATS_TEST_TMPDIR/report" 2>"$BATS_TEST_TMPDIR/said" || STATUS=$?
	kill "$PID"
	finished
	sed -n '2p' "$OUT" >"$BATS_TEST_TMPDIR/did"
}

holds() { # EXPRESSION
	"$PYTHON" -c 'import json, sys
r, did = (json.load(open(sys.argv[1] + "/" + name)) for name in ("report", "did"))
m, c = r["messages"], r["connections"]
assert r["mode"] in ("broadcast", "sink", "source") or m["received"] + m["lost"] == m["sent"], m
true = eval(sys.argv[2])
for times in r.values():
    isinstance(times, dict) and times.pop("buckets_ns", None) # pages of them
assert true, (sys.argv[2], r, did)' "$BATS_TEST_TMPDIR" "$1"
}

# Measures with a server that delays nothing, and again where the machine stalled: answers came after
# their time limit all the same.
measure_in_time() { # FAULT... -- OPTION...
	local faults=() tries=0
	while [[ $1 != -- ]]; do
		faults+=("$1")
		shift
	done
	until ((tries > 0)) && holds 'm["late"] == 0' 2>/dev/null; do
		((tries++ < 5)) || break
		faulty "${faults[@]}"
		measure "${@:2}"
	done
}
