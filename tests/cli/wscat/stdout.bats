#!/usr/bin/env bats
# Standard output that is slow, stalled, left by its reader, or closed.

load ../helper

# Starts wscat with a standard output that nothing reads, and waits until it waits for that: its id is in
# PID, its messages in LOG.
stalled() { # OPTION...
	serve --source=0:64K
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	exec 9<>"$BATS_TEST_TMPDIR/fifo"
	LOG=$BATS_TEST_TMPDIR/log.stalled
	# A shell's background jobs ignore SIGINT by default.
	"$PYTHON" -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' wscat "$@" --no-stdin -w -1 "$URL" \
		>"$BATS_TEST_TMPDIR/fifo" 2>"$LOG" 3>&- 9>&- </dev/null &
	PID=$!
	STARTED+=("$PID")
}

@test "a stalled reader does not keep signals from ending it: 143, 130, 129" {
	local case status
	for case in TERM:143 INT:130 HUP:129; do
		rm -f "$BATS_TEST_TMPDIR/fifo"
		stalled
		eventually at_rest "$PID"
		kill -"${case%:*}" "$PID"
		status=0
		finished "$PID" || status=$?
		same "${case#*:}" "$status"
		exec 9>&-
	done
}

@test "a stalled reader does not keep --timeout from ending it: 7" {
	local status=0
	stalled -T 500ms
	finished "$PID" || status=$?
	same 7 "$status"
	says 'timeout' "$(cat "$LOG")"
}

@test "after the connection has ended, what is left is written before it ends" {
	serve --reply=@"$ROOT/LICENSE"
	run -0 bash -c "seq 1 300 | wscat -w 0.5 '$URL' | { read -r; sleep 0.5; wc -c; }" # a slow reader
	local expected=$((300 * ($(wc -c <"$ROOT/LICENSE") + 1)))
	((output + $(head -n 1 "$ROOT/LICENSE" | wc -c) == expected))
}

@test "a reader that leaves while nothing comes: it notices, closes and ends with 0" {
	bad trickle 1 0
	run -0 bash -c "wscat --no-stdin -w -1 '$URL' | head -n 1; exit \${PIPESTATUS[0]}"
	await '^close 1000' "$OUT"
	# Before there is a connection, too.
	run -0 --separate-stderr bash -c "wscat --no-stdin -w -1 ws://127.0.0.1:9/ | head -c 0"
}

@test "a reader that leaves in the middle: quiet, and 0" {
	serve
	run -0 --separate-stderr bash -c "yes | wscat '$URL' | head -n 3; exit \${PIPESTATUS[1]}"
	same $'y\ny\ny' "$output"
	same "" "$stderr"
}

@test "a reader that leaves a full pipe, while the server talks on: 0, without its time limits" {
	local status=0
	stalled --close-timeout=600s
	eventually at_rest "$PID"
	exec 9>&-
	finished "$PID" || status=$?
	same 0 "$status"
	same "" "$(cat "$LOG")"
}

@test "a closed standard output is an error: 1" {
	serve
	run -1 --separate-stderr bash -c "wscat '$URL' hello >&-"
	one_line 'standard output is closed'
}

@test "a full disk: 1" {
	[[ -w /dev/full ]] || skip "there is no /dev/full"
	serve
	run -1 --separate-stderr bash -c "wscat -N 1 '$URL' hello >/dev/full"
	one_line 'cannot write to standard output: No space'
}

@test "SIGHUP says 1001" {
	bad echo
	local server_out=$OUT status=0
	background wscat -w -1 "$URL" hello
	await '^hello$' "$OUT"
	kill -HUP "$PID"
	finished "$PID" || status=$?
	same 129 "$status"
	await '^close 1001' "$server_out"
}

@test "standard output may be a socket" {
	serve
	run -0 "$PYTHON" - "$URL" <<'END'
import socket, subprocess, sys
ours, theirs = socket.socketpair()
client = subprocess.Popen(["wscat", "-N", "1", sys.argv[1], "hello"], stdin=subprocess.DEVNULL, stdout=theirs)
theirs.close()
print(ours.makefile().read(), end="")
sys.exit(client.wait())
END
	same hello "$output"
}
