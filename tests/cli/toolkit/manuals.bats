#!/usr/bin/env bats
# only: build
# The examples of the manuals: each command runs as it stands there, and prints what stands there.
# shellcheck disable=SC2016 # another shell expands it

load ../helper
load ../printed

# The server of most examples, on port 8080; `started` waits for the line.
echoes() { # WSSERVE-OPTION...
	echo "wsserve --quiet --announce $* >ready & PID=\$!; started ready"
}

@test "wscat(1): a message, a pipe, bytes" {
	as_printed docs/man/wscat.1 message "$(echoes)"
	as_printed docs/man/wscat.1 pipe "$(echoes)"
	as_printed docs/man/wscat.1 bytes "$(echoes); head -c 100000 /dev/urandom >in"
}

@test "wscat(1): a check, events, a secret" {
	as_printed docs/man/wscat.1 check "$(echoes --reply="'{\"ok\":true}'")"
	as_printed docs/man/wscat.1 events "$(echoes)"
	as_printed docs/man/wscat.1 secret "$(echoes --auth=me:secret); echo me:secret >credentials"
}

@test "wsserve(1)" {
	as_printed docs/man/wsserve.1 announce
	as_printed docs/man/wsserve.1 unix
	as_printed docs/man/wsserve.1 tls
	as_printed docs/man/wsserve.1 servers 'echo me:secret >ws.password; cp docs/examples/count.sh program'
}

@test "wsframe(1)" {
	"$PYTHON" "$FIXTURES/capture.py" other >"$BATS_TEST_TMPDIR/capture.pcap"
	as_printed docs/man/wsframe.1 examples "cp $BATS_TEST_TMPDIR/capture.pcap .
		wsframe encode --mask -o raw -t Hello >frame.bin
		wsframe -o jsonl capture.pcap >session.jsonl"
}

# Each for a moment, in place of its seconds: the last --duration counts.
@test "wsbench(1)" {
	as_printed docs/man/wsbench.1 examples "$(echoes --max-connections=0)
		wsbench() { command wsbench \"\$@\" --duration=100ms; }"
}
