#!/usr/bin/env bats
# When wscat ends, and its exit status.

load ../helper

@test "-w: it closes after so much silence" {
	serve
	run -0 --separate-stderr timeout 40 wscat -w 200ms "$URL" hello </dev/null
	same hello "$output"
	same "" "$stderr"
}

@test "--wait counts from the last byte, not from the end of input" {
	bad trickle 8 0.1
	run -0 wscat --wait=0.5 "$URL" </dev/null
	same "message 7" "${lines[-1]}"
	same 8 "${#lines[@]}"
}

@test "-w -1 stays until the server closes" {
	bad echo
	mkfifo "$BATS_TEST_TMPDIR/gate"
	run -0 wscat -w -1 "$URL" hello bye </dev/null
	same $'hello\nbye' "$output"
	run -0 grep -c '^close 1000' "$OUT"
}

@test "-w 0 closes as soon as all is sent" {
	bad echo
	wscat -w 0 "$URL" hello </dev/null
	await '^text 5 hello' "$OUT"
	await '^close 1000' "$OUT"
}

@test "-E and --exit-on-eof close at once, and print messages until the server's close" {
	local option
	for option in -E --exit-on-eof; do
		bad last-words
		run -0 wscat "$option" "$URL" hello </dev/null
		same $'one\ntwo\nthree' "$output"
	done
}

@test "-1 and --one-message send one and print one" {
	local option
	for option in -1 --one-message; do
		bad echo
		run -0 bash -c "seq 1 5 | wscat $option '$URL'"
		same 1 "$output"
		await '^end' "$OUT"
		same "text 1 1" "$(grep ^text "$OUT")"
	done
}

@test "-N and --count close after so many messages" {
	local option
	for option in "-N 3" "-N3" "--count=3" "--count 3"; do
		serve
		run -0 bash -c "seq 1 100000 | wscat $option '$URL'"
		same $'1\n2\n3' "$output"
	done
}

@test "-N does not wait for silence" {
	serve
	run -0 timeout 40 wscat -w -1 -N 2 "$URL" a b </dev/null
	same $'a\nb' "$output"
}

@test "a --count that is not met: 10" {
	bad leave
	run -10 --separate-stderr wscat --count=2 "$URL" </dev/null
	same leaving "$output"
	same 1 "${#stderr_lines[@]}"
	says '1 messages? received, 2 expected'
}

@test "a --count that is not met within --wait: 10" {
	serve
	run -10 --separate-stderr wscat --count=2 -w 0.5 "$URL" one </dev/null
	same one "$output"
	says '2 expected'
}

@test "--expect ends it at the first match" {
	serve
	run -0 --separate-stderr bash -c \
		"seq 1 100 | timeout 40 wscat -w -1 --expect '^1[0-9]\$' '$URL'"
	same "$(seq 1 10)" "$output"
	same "" "$stderr"
}

@test "--expect that nothing matches: 10" {
	serve
	run -10 --separate-stderr wscat --expect=never -w 0.5 "$URL" one two </dev/null
	same $'one\ntwo' "$output"
	same 1 "${#stderr_lines[@]}"
	says "no message matched 'never' \(2 received\)"
}

@test "--expect with --count closes after so many" {
	serve
	run -10 --separate-stderr timeout 40 wscat --expect=never -N 2 -w -1 "$URL" one two three </dev/null
	says "no message matched 'never' \(2 received\)"
}

@test "an invalid regular expression: 2" {
	run -2 --separate-stderr wscat --expect='(' ws://127.0.0.1:9/
	usage_line "'--expect'.*'\('"
}

@test "-T and --timeout: 7, and which timeout it was" {
	local option
	for option in "-T 200ms" --timeout=0.2; do
		serve
		# shellcheck disable=SC2086 # two words
		run -7 --separate-stderr wscat -w -1 $option "$URL" </dev/null
		one_line 'timeout.*200 ?ms.*--timeout'
	done
}

@test "a timeout that is not reached has no effect" {
	serve
	run -0 --separate-stderr wscat -T 20s -N 1 "$URL" hello </dev/null
	same hello "$output"
	same "" "$stderr"
}

@test "--no-stdin does not read standard input" {
	serve
	run -0 bash -c "printf 'one\ntwo\n' | { wscat --no-stdin -N 1 '$URL' hello; cat; }"
	same $'hello\none\ntwo' "$output"
}

@test "SIGINT: 130, SIGTERM: 143, each with a close frame" {
	local signal status
	for signal in INT:130 TERM:143; do
		bad echo
		local server=$PID server_out=$OUT
		mkfifo "$BATS_TEST_TMPDIR/$signal"
		# A shell's background jobs ignore SIGINT by default.
		background "$PYTHON" -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' wscat "$URL" hello <>"$BATS_TEST_TMPDIR/$signal"
		await '^hello$' "$OUT"
		kill -"${signal%:*}" "$PID"
		status=0
		finished "$PID" || status=$?
		same "${signal#*:}" "$status"
		same "" "$(cat "$LOG")"
		finished "$server"
		await '^close 1000' "$server_out"
	done
}

@test "a text line that is not UTF-8: 1, its number, and a hint at --binary" {
	serve
	run -1 --separate-stderr bash -c "printf 'good\nb\xffd\nnever\n' | wscat -w 0.5 '$URL'"
	same good "$output"
	same 1 "${#stderr_lines[@]}"
	says 'line 2 .*UTF-8.*(-b|--binary)'
}

@test "--stats prints timings and amounts of data on standard error" {
	serve
	run -0 --separate-stderr wscat --stats -w 0 "$URL" hello ab </dev/null
	same $'hello\nab' "$output"
	same 3 "${#stderr_lines[@]}"
	says '^wscat: stats: resolve [0-9.]+ [mu]?s, connect [0-9.]+ [mu]?s, upgrade [0-9.]+ [mu]?s; open for [0-9.]+ [mu]?s$' "${stderr_lines[0]}"
	says '^wscat: stats: sent 2 messages, 7 B; [0-9]+ B on the wire$' "${stderr_lines[1]}"
	says '^wscat: stats: received 2 messages, 7 B; [0-9]+ B on the wire$' "${stderr_lines[2]}"
	# The server counted the same bytes.
	local wire=${stderr_lines[1]#*; }
	await "close .*and ${wire%% on*} in" "$SERVER_LOG"
}

@test "--stats of a connection that never opened" {
	run -3 --separate-stderr wscat --stats ws://127.0.0.1:9/ hello </dev/null
	same "wscat: stats: the connection never opened" "${stderr_lines[-1]}"
}

@test "--expect sees what follows a NUL" {
	serve
	run -0 bash -c "printf 'a\0needle\n' | timeout 40 wscat -w -1 --expect=needle '$URL' | tr '\0' ."
	same a.needle "$output"
}

@test "a hostile message does not hold --expect" {
	# Each byte of it begins what may be a match, up to the end.
	serve --max-message-size=0
	head -c 4000000 /dev/zero | tr '\0' a >"$BATS_TEST_TMPDIR/a"
	for regex in 'a+b$' 'a.*b' 'a[a-z]*"ok"|b' '(a+)+(a+)+b|^b$'; do
		timeout 60 wscat -w -1 --expect="$regex" "$URL" "@$BATS_TEST_TMPDIR/a" aab </dev/null >"$BATS_TEST_TMPDIR/out"
		same aab "$(tail -n 1 "$BATS_TEST_TMPDIR/out")"
	done
	run -2 --separate-stderr wscat --expect='(["a])[^x]*\1b' "$URL"
	usage_line "a back-reference may take for ever to look for"
}

@test "each timeout says which option it is of, and how long it was: 7" {
	local case
	for case in mute:--idle-timeout=200ms:'no message came' \
		silent:--connect-timeout=300ms:'the upgrade was not finished' \
		mute:--ping-timeout=210ms:'no answer to our ping came'; do
		IFS=: read -r server option what <<<"$case"
		bad "$server"
		run -7 --separate-stderr timeout 40 \
			wscat "$option" "${option/#--ping*/--ping-interval=100ms}" -w -1 --no-stdin "$URL"
		one_line "^wscat: timeout: $what within ${option//[^0-9]/} ms \\(${option%=*}\\)$"
	done
	bad mute
	run -7 --separate-stderr wscat -w 0 --close-timeout=220ms --no-stdin "$URL"
	one_line '^wscat: timeout: no close frame came within 220 ms \(--close-timeout\)$'
	# A listener that accepts nothing, and whose queue is full.
	background "$PYTHON" -c 'import socket, time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(0)
c = [socket.socket() for _ in range(3)]
for x in c:
    x.setblocking(False)
    x.connect_ex(s.getsockname())
print("port", s.getsockname()[1], flush=True)
time.sleep(60)'
	local port
	port=$(port_in "$OUT")
	run -7 --separate-stderr wscat --connect-timeout=230ms --no-stdin "$port"
	one_line '^wscat: timeout: .*no answer within 0.23 s \(--connect-timeout\)$'
}

@test "a server that has been idle for too long is not waited for" {
	bad mute
	local begun=$SECONDS
	run -7 --separate-stderr wscat --idle-timeout=300ms --close-timeout=60s -w -1 --no-stdin "$URL"
	one_line 'no message came within 300 ms'
	((SECONDS - begun < 20))
	await '^close 1001' "$OUT"
}

@test "SIGINT that comes twice, as from timeout(1), counts once: the close frame is answered" {
	serve
	background wscat -v --no-stdin -w -1 "$URL"
	await 'HTTP/1.1 101' "$LOG"
	"$PYTHON" -c 'import contextlib, os, sys
with contextlib.suppress(ProcessLookupError):
    for i in range(20): os.kill(int(sys.argv[1]), 2)' "$PID"
	local status=0
	finished "$PID" || status=$?
	same 130 "$status"
	await 'sent=1000 received=1000' "$SERVER_LOG"
}
