#!/usr/bin/env bats
# What has brought down other servers. See tests/fixtures/attack.py.

load ../helper
load ../attack

# The attack's output, in `output`, is that of its first time.
harmless() { # NAME [COUNT]
	attacked 4096 "$PYTHON" "$FIXTURES/attack.py" "$1" "$PORT" "${2-0}"
}

# Once with echo, which takes messages in pieces, once with a mode that takes them whole.
# bats test_tags=measures
@test "lengths that overflow when they are added up: 1009, or 1002 with the top bit" {
	for mode in --echo --framing=jsonl; do
		if [[ $mode == --echo ]]; then serve; else serve "$mode" cat; fi
		harmless lengths
		same "$(printf '%s\n' 1009 1009 1002 1002 1002)" "$output"
	done
}

# bats test_tags=measures
@test "a million fragments of next to nothing are one message, and take no room" {
	sanitized && count=100000 || count=1000000
	serve
	harmless fragments "$count"
	same 1000 "$output"
	serve --framing=jsonl cat
	harmless fragments "$count"
	same 1000 "$output"
}

# bats test_tags=measures
@test "fragments below every limit are above it together: 1009" {
	serve
	harmless large 5000
	same 1009 "$output"
}

# bats test_tags=measures
@test "headers without number: 431" {
	serve
	harmless headers
	same 101 "$(head -1 <<<"$output")"
	[[ $(sed -n 2p <<<"$output") == 431 ]]
	[[ $(sed -n 3p <<<"$output") =~ ^(431|reset)$ ]]
}

# bats test_tags=measures
@test "odd extensions are declined or refused, and agreed to never" {
	serve
	harmless extensions
	same 6 "$(grep -cE '^(101 declined|400 declined)$' <<<"$output")"
}

# bats test_tags=measures
@test "a million pings whose pongs are not read take no memory, and the newest is answered" {
	sanitized && count=100000 || count=1000000
	serve
	harmless pings "$count"
	same answered "$output"
}

# bats test_tags=measures
@test "a reset after every byte of a request and a message" {
	serve
	harmless resets
	serve cat
	harmless resets
}

# --- CPU time ---

# The CPU time of the server, in ms.
cpu() {
	awk -v ticks="$(getconf CLK_TCK)" '{ print int(($14 + $15) * 1000 / ticks) }' "/proc/$SERVER/stat"
}

# That of an attack.
spends() { # NAME COUNT
	local before
	before=$(cpu)
	"$PYTHON" "$FIXTURES/attack.py" "$1" "$PORT" "$2" >/dev/null
	echo $(($(cpu) - before))
}

# Four times as much of an attack costs four times the CPU time, and not sixteen. A busy machine only adds to
# it: the least of three runs counts.
linear() { # NAME COUNT
	local once more
	once=$(spends "$1" "$2")
	for _ in 1 2 3; do
		more=$(spends "$1" $((4 * $2)))
		((more > 6 * once + 300)) || return 0
	done
	echo "$once ms, and $more ms for four times as much" >&2
	return 1
}

@test "CPU time is linear in the length of headers, and in the number of fragments and pings" {
	serve
	linear values 1700
	linear fragments 250000
	linear pings 50000
	serve --framing=jsonl cat
	linear fragments 250000
}

@test "clients that stop anywhere cost no CPU time" {
	serve --ping-interval=0 --handshake-timeout=90s --write-timeout=90s --fragment-timeout=90s
	mkfifo "$BATS_TEST_TMPDIR/in"
	exec 9<>"$BATS_TEST_TMPDIR/in"
	background "$PYTHON" "$FIXTURES/attack.py" stalls "$PORT" <"$BATS_TEST_TMPDIR/in"
	await '^stalled' "$OUT"
	eventually at_rest "$SERVER"
	served
}
