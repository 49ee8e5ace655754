#!/usr/bin/env bats
# A client that does not read slows itself down: memory stays flat, nothing is closed or lost.

load ../helper

# How many kB more the server may take: its queue of 256 KiB and what else a connection needs, and
# with sanitizers anything.
limit() {
	if sanitized; then echo 0; else echo "${1-4096}"; fi
}

nobody_was_closed() {
	run ! grep -E 'conn=[^ ]*-1 [A-Z]+_|TIMEOUT' "$SERVER_LOG"
}

# bats test_tags=measures
@test "messages of 1 MiB to a client that stops reading" {
	serve
	run -0 client flood "$URL" 1048576 60 "$SERVER" "$(limit)"
	says '^stuck after' "$output"
	says '^all 60 came back' "$output"
	nobody_was_closed
}

# bats test_tags=measures
@test "messages of 20 bytes to a client that stops reading" {
	serve
	run -0 client flood "$URL" 20 600000 "$SERVER" "$(limit)"
	says '^stuck after' "$output"
	says '^all 600000 came back' "$output"
	nobody_was_closed
}

# bats test_tags=measures
@test "thirty-two of 20 bytes in flight, read late" {
	serve
	run -0 client window "$URL" 20 32 5000 "$SERVER" "$(limit)"
	same "all 5000 came back" "$output"
}

@test "one that does not read does not slow the others" {
	serve
	background "$PYTHON" -S "$FIXTURES/client.py" flood "$URL" 65536 1000 "$SERVER" 0
	await '^stuck' "$OUT"
	run -0 timeout 40 wscat -N 1 "$URL" hello </dev/null
	same hello "$output"
	finished
	nobody_was_closed
}

# bats test_tags=measures
@test "--send-queue: a small one works, and is small" {
	# What one read brought, answered in place, may have to be kept: half a MiB, and the same again that
	# the loop received it into.
	serve --send-queue=1K
	run -0 client flood "$URL" 1000 60000 "$SERVER" "$(limit 1536)"
	says '^all 60000 came back' "$output"
}

@test "--write-timeout: one that never reads is dropped, and the log says why" {
	serve --write-timeout=300ms
	run -0 client stuck "$URL" 100000
	same dropped "$output"
	await 'conn=[^ ]*-1 WRITE_TIMEOUT' "$LOG"
}

# Reads 8 MB from each of the servers at URL and PLAIN at 1 MB/s: the kernel's buffer, of some MB, becomes
# free for the server's next write only after more than a second.
slow_readers() {
	local readers=()
	background "$PYTHON" -S "$FIXTURES/client.py" slow "$URL" 1000000
	readers+=("$OUT $PID")
	background "$PYTHON" -S "$FIXTURES/client.py" slow "$PLAIN" 1000000
	readers+=("$OUT $PID")
	background "$PYTHON" -S "$FIXTURES/client.py" slow-get "$PLAIN" 1000000 /file
	readers+=("$OUT $PID")
	local reader
	for reader in "${readers[@]}"; do
		finished "${reader#* }"
		cat "${reader% *}"
	done
}

@test "--write-timeout and --close-timeout: slow readers get all of it, while one that never reads is dropped" {
	mkdir "$BATS_TEST_TMPDIR/files"
	truncate -s 8M "$BATS_TEST_TMPDIR/files/file"
	serve --write-timeout=1s --close-timeout=1s --binary --staticdir="$BATS_TEST_TMPDIR/files" head -c 8M /dev/zero
	PLAIN=$URL
	background "$PYTHON" -S "$FIXTURES/client.py" unread "$URL"
	await 'conn=[^ ]*-1 WRITE_TIMEOUT' "$SERVER_LOG"
	serve --write-timeout=1s --close-timeout=1s --binary --tls --self-signed head -c 8M /dev/zero
	run -0 slow_readers
	same $'8388608 1000\n8388608 1000\nall' "$output"
}

@test "--write-timeout=0: one that does not read is never dropped" {
	serve --write-timeout=0 --ping-interval=100ms --ping-timeout=100ms
	run -0 client flood "$URL" 100000 600 "$SERVER" 0
	says '^all 600 came back' "$output"
}

# bats test_tags=measures
@test "wscat with a standard output that is not read holds the server back, not its own memory" {
	serve
	mkfifo "$BATS_TEST_TMPDIR/out"
	head -c 100000000 /dev/zero >"$BATS_TEST_TMPDIR/in"
	exec 9<>"$BATS_TEST_TMPDIR/out"
	wscat -b -w 1 "$URL" <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" 3>&- 9>&- &
	local cat=$!
	STARTED+=("$cat")
	watch_peak "$cat"
	eventually at_rest "$cat" "$SERVER"
	grew_less "$cat" 10000
	grew_less "$SERVER" 10000
	exec 8<"$BATS_TEST_TMPDIR/out" 9<&-
	same 100000000 "$(wc -c <&8)"
	finished "$cat"
}
