#!/usr/bin/env bats
# What has brought down other servers. See tests/fixtures/attack.py.

load ../helper

attack() {
	"$PYTHON" "$FIXTURES/attack.py" "$1" "$PORT" "${2-0}"
}

# The greatest amount of memory that the server ever had stays within 4 MiB of what it was.
harmless() { # attack...
	local before after
	same hello "$(wscat "$URL" hello -1)"
	before=$(awk '$1 == "VmHWM:" { print $2 }' "/proc/$SERVER/status")
	output=$("$@")
	same hello "$(wscat "$URL" hello -1)"
	after=$(awk '$1 == "VmHWM:" { print $2 }' "/proc/$SERVER/status")
	echo "$before kB, then $after kB; $output" >&2
	sanitized || ((after <= before + 4096))
}

# Once with echo, which takes messages in pieces, once with a mode that takes them whole.
@test "lengths that overflow when they are added up: 1009, or 1002 with the top bit" {
	for mode in --echo --framing=jsonl; do
		if [[ $mode == --echo ]]; then serve; else serve "$mode" cat; fi
		harmless attack lengths
		same "$(printf '%s\n' 1009 1009 1002 1002 1002)" "$output"
	done
}

@test "a million fragments of next to nothing are one message, and take no room" {
	sanitized && count=100000 || count=1000000
	serve
	harmless attack fragments "$count"
	same 1000 "$output"
	serve --framing=jsonl cat
	harmless attack fragments "$count"
	same 1000 "$output"
}

@test "fragments below every limit are above it together: 1009" {
	serve
	harmless attack large 5000
	same 1009 "$output"
}

@test "headers without number: 431" {
	serve
	harmless attack headers
	same 101 "$(head -1 <<<"$output")"
	[[ $(sed -n 2p <<<"$output") == 431 ]]
	[[ $(sed -n 3p <<<"$output") =~ ^(431|reset)$ ]]
}

@test "odd extensions are declined or refused, and agreed to never" {
	serve
	harmless attack extensions
	same 6 "$(grep -cE '^(101 declined|400 declined)$' <<<"$output")"
}

@test "a million pings whose pongs are not read take no memory, and the newest is answered" {
	sanitized && count=100000 || count=1000000
	serve
	harmless attack pings "$count"
	same answered "$output"
}

@test "a reset after every byte of a request and a message" {
	serve
	harmless attack resets
	serve cat
	harmless attack resets
}
