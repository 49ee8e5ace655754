#!/usr/bin/env bats
# also: check
# wsserve's modes that do one thing: --sink, --source, --reply.

load ../helper

@test "--sink: everything is read, nothing is answered" {
	serve --sink
	run -0 bash -c "head -c 5000000 /dev/zero | wscat -b -w 0.5 '$URL' | wc -c"
	same 0 "$output"
	eventually grep -q 'close by the client: .* messages and 4.77 MiB in, 0 and' "$SERVER_LOG"
}

@test "--source: numbered messages of that size" {
	serve --source=0:100
	run -0 wscat -N 3 "$URL" </dev/null
	same 3 "${#lines[@]}"
	local i
	for i in 0 1 2; do
		same 100 "${#lines[i]}"
		same "$i" "${lines[i]%% *}"
	done
}

@test "--source: at that rate" {
	serve --source=50:10
	local begin=${EPOCHREALTIME/./} took
	run -0 wscat -N 26 "$URL" </dev/null
	took=$((${EPOCHREALTIME/./} - begin))
	((took > 480000 && took < 3000000))
}

# True once the server has more for a client than it takes.
queued() {
	kill -USR1 "$SERVER"
	grep -qE 'stats .* paused=1 queues=1 queue_bytes=[1-9]' "$SERVER_LOG"
}

# bats test_tags=measures
@test "--source: unlimited, and a client that does not read costs no memory" {
	serve --source=0:10K
	run -0 bash -c "wscat -N 500 '$URL' </dev/null | wc -c"
	same 5120500 "$output"
	mkfifo "$BATS_TEST_TMPDIR/in"
	exec 9<>"$BATS_TEST_TMPDIR/in"
	background "$PYTHON" -S "$FIXTURES/client.py" deaf "$URL" <"$BATS_TEST_TMPDIR/in"
	eventually queued
	grew_less "$SERVER" 24000
	exec 9>&-
}

@test "--source of what is no rate and size: 2" {
	local value
	for value in 10 10: :10 x:10 10:x 10:0 10:17M 20m:1 ''; do
		run -2 --separate-stderr wsserve -p 0 "--source=$value"
		usage_line --source
	done
}

@test "--reply: the same answer to everything" {
	serve --reply='so be it'
	run -0 wscat -N 2 "$URL" one two </dev/null
	same $'so be it\nso be it' "$output"
	# Also to what comes in pieces.
	head -c 500000 /dev/zero >"$BATS_TEST_TMPDIR/big"
	run -0 wscat -b -N 1 "$URL" "@$BATS_TEST_TMPDIR/big" </dev/null
	same 'so be it' "$output"
}

@test "--reply=@FILE: a file, text or not" {
	printf 'from a file' >"$BATS_TEST_TMPDIR/text"
	printf '\xff\x00\xfe' >"$BATS_TEST_TMPDIR/bytes"
	serve "--reply=@$BATS_TEST_TMPDIR/text"
	run -0 bash -c "wscat -J -N 1 '$URL' x </dev/null | grep '\"in\"' | grep '\"text\"'"
	says '"data":"from a file"' "$output"
	serve "--reply=@$BATS_TEST_TMPDIR/bytes"
	run -0 bash -c "wscat -J -N 1 '$URL' x </dev/null | grep '\"binary\"'"
	says '"b64":"/wD[+]"' "$output"
	run -1 --separate-stderr wsserve -p 0 -q "--reply=@$BATS_TEST_TMPDIR/none"
	one_line 'none: No such file'
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	run -124 timeout 0.2 wsserve -p 0 -q "--reply=@$BATS_TEST_TMPDIR/fifo" # measured: it ends by the signal
}

@test "two modes: 2" {
	run -2 --separate-stderr wsserve -p 0 --sink --reply=x
	usage_line 'sink and reply'
	run -2 --separate-stderr wsserve -p 0 --echo --source=1:1
	usage_line 'echo and source'
}
