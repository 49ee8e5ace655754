#!/usr/bin/env bats
# A network with 200 ms of delay each way, 5 % of loss and packets that overtake others: nothing is lost, and no
# side is taken for dead. TCP's own retransmissions are at work; see lossy.py.
# Not in `make test`, for it needs /dev/net/tun: `make test-network`.
# only: build

load ../cli/helper

setup() {
	[[ $(id -u) == 0 && -c /dev/net/tun ]] || skip "no namespaces, or no /dev/net/tun"
	LOG=$BATS_TEST_TMPDIR/server.log
}

over_lossy_network() { # OPTIONS-OF-WSSERVE CLIENT
	run -0 --separate-stderr timeout 120 "$PYTHON" "$ROOT/tests/network/lossy.py" \
		"exec wsserve -a 10.99.0.1 -p 0 --announce $1 2>'$LOG'" "URL=\${LINE#listening }; $2"
	says '^packets [0-9]+, lost [1-9]'
	run -1 grep -E 'WARN|ERROR|TIMEOUT|LOST' "$LOG"
}

# The verdict in a report of wsbench.
sound() { # LEAST-MESSAGES
	jq -e ".messages | .sent >= $1 and .lost + .duplicated + .reordered + .corrupted == 0" "$BATS_TEST_TMPDIR/report"
	jq -e '.connections | .failed + .dropped + .given_up == 0' "$BATS_TEST_TMPDIR/report"
}

@test "wscat: two thousand lines there and back, and a large message" {
	over_lossy_network "" "seq 1 2000 | wscat -N 2000 \"\$URL\" | cmp - <(seq 1 2000)"
	head -c 300000 /dev/urandom >"$BATS_TEST_TMPDIR/bytes"
	over_lossy_network "" "wscat -b -N 5 \"\$URL\" <'$BATS_TEST_TMPDIR/bytes' | cmp - '$BATS_TEST_TMPDIR/bytes'"
}

@test "wsbench: echo over TLS, compressed" {
	over_lossy_network "--self-signed -z" "wsbench -q -k -z -c 10 -R 100 -w 1000 -s 500 -d 8s -T 30s --format=json \
		-o '$BATS_TEST_TMPDIR/report' \"\$URL\""
	sound 700
}

@test "wsbench: broadcast" {
	over_lossy_network "--broadcast" "wsbench -q --mode=broadcast -c 10 -R 20 -d 8s -T 30s --format=json \
		-o '$BATS_TEST_TMPDIR/report' \"\$URL\""
	sound 100
}

@test "the default heartbeat takes none for dead in the time of its first ping" {
	over_lossy_network "" "wsbench -q --mode=idle -c 50 -d 45s --format=json -o '$BATS_TEST_TMPDIR/report' \"\$URL\""
	jq -e '.connections | .opened == 50 and .failed + .dropped + .given_up + .closed_by_server == 0' \
		"$BATS_TEST_TMPDIR/report"
}
