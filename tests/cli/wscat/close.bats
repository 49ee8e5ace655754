#!/usr/bin/env bats
# Close codes and reasons: shown, set, and the exit status.

load ../helper

@test "an ordinary close is quiet and exits with 0" {
	local code
	for code in 1000 1001 ""; do
		# shellcheck disable=SC2086 # no code, no word
		bad close $code
		run -0 --separate-stderr wscat "$URL" </dev/null
		same "" "$output$stderr"
	done
}

@test "a close before all of the input was sent is said" {
	bad close 1000
	seq 1000000 >"$BATS_TEST_TMPDIR/in"
	run -0 --separate-stderr wscat "$URL" <"$BATS_TEST_TMPDIR/in"
	one_line 'the server closed before all of the input was sent: [0-9]+ messages were'
	bad close 1000
	run -0 --separate-stderr wscat -q "$URL" <"$BATS_TEST_TMPDIR/in"
	same "" "$output$stderr"
	bad echo
	run -0 --separate-stderr wscat -1 "$URL" <"$BATS_TEST_TMPDIR/in" # it was we who had enough
	same "1" "$output$stderr"
}

@test "an error code exits with 9 and is shown, with its name and reason" {
	local code
	for code in 1002 1003 1007 1008 1009 1010 1011 1012 1013 1014 3000 4001 4999; do
		bad close "$code" "because of $code"
		run -9 --separate-stderr wscat "$URL" </dev/null
		one_line "closed by the server: $code \(.+\): because of $code\$"
	done
}

@test "a reason with a good code is shown too" {
	bad close 1000 "see you"
	run -0 --separate-stderr wscat "$URL" </dev/null
	one_line "1000 .*see you"
}

@test "-q shows no reason of an ordinary close" {
	bad close 1000 "see you"
	run -0 --separate-stderr wscat -q "$URL" </dev/null
	same "" "$output$stderr"
}

@test "-v shows ordinary closes and the handshake" {
	bad close 1000
	run -0 --separate-stderr wscat -v "$URL" </dev/null
	says 'HTTP/1.1 101'
	says 'closed by the server: 1000'
}

@test "-vv shows every frame" {
	serve
	run -0 --separate-stderr wscat -vv -N 1 "$URL" hello </dev/null
	says '> text, 5 bytes'
	says '< text, 5 bytes'
	says '< close, 2 bytes'
}

@test "control characters of a reason never reach the terminal" {
	bad close 4000 $'\e[2J\a'
	run -9 --separate-stderr wscat "$URL" </dev/null
	run ! grep -q $'\e' <<<"$stderr"
	run ! grep -q $'\a' <<<"$stderr"
}

@test "the server's close is answered with its code" {
	bad close 4001 why
	run -9 wscat "$URL" </dev/null
	await '^close 4001 ' "$OUT"
	await '^end' "$OUT"
}

@test "--close-code and --close-reason arrive" {
	bad echo
	wscat -w 0 --close-code=4321 --close-reason='that is all' "$URL" </dev/null
	await '^close 4321 that is all$' "$OUT"
}

@test "without them it closes with 1000 and no reason" {
	bad echo
	wscat -w 0 "$URL" </dev/null
	await '^close 1000 $' "$OUT"
}

@test "wsserve's echo of our error code is not reported as its error" {
	serve -v
	run -0 --separate-stderr wscat -w 0 --close-code=4321 --close-reason=enough "$URL" </dev/null
	same "" "$stderr"
	await 'conn=[^ ]*-1 close .*4321' "$LOG"
	await "reason: enough" "$LOG"
}

@test "close codes that must not be sent: 2" {
	local code
	for code in 0 999 1004 1005 1006 1015 2999 5000 x; do
		run -2 --separate-stderr wscat --close-code=$code ws://127.0.0.1:9/
		usage_line 'close code'
	done
}

@test "a reason that is too long or not UTF-8: 2" {
	run -2 --separate-stderr wscat --close-reason="$(printf '%124s' x)" ws://127.0.0.1:9/
	usage_line '123 bytes'
	run -2 --separate-stderr wscat --close-reason=$'\xff' ws://127.0.0.1:9/
	usage_line UTF-8
	bad echo
	wscat -w 0 --close-reason="$(printf '%123s' x)" "$URL" </dev/null
	await '^close 1000  *x$' "$OUT"
}

@test "messages before the server's reply to our close are printed" {
	bad last-words
	run -0 wscat -w 0 "$URL" </dev/null
	same $'one\ntwo\nthree' "$output"
}

@test "a server that does not reply to our close: 7, after --close-timeout" {
	bad mute
	run -7 --separate-stderr wscat -w 0 --close-timeout=200ms "$URL" </dev/null
	one_line 'timeout: no close frame came within 200 ms \(--close-timeout\)'
}

# Milliseconds that a command takes; its exit status is in `status`.
took() {
	local begun
	begun=$(date +%s%N)
	run --separate-stderr timeout -k 1 15 "$@"
	TOOK=$((($(date +%s%N) - begun) / 1000000))
}

@test "a close frame that came decides the exit status, whatever TCP does after it" {
	for _ in {1..20}; do
		bad close-reset
		run -0 --separate-stderr wscat "$URL" </dev/null
		same "" "$output$stderr"
	done
	for _ in {1..20}; do # with input under way, which meets the reset
		bad close-reset
		run -0 --separate-stderr wscat -b "$URL" </dev/zero
	done
}

@test "--close-timeout is absolute: pings, messages and bytes that trickle in do not prolong it" {
	local what
	for what in pings messages; do
		bad talks-on "$what"
		took wscat -w 0 --close-timeout=500ms "$URL" </dev/null
		same 7 "$status"
		((TOOK < 3000))
	done
	for what in bytes fragments; do # data of a message under way: twice as long, and no longer
		bad talks-on "$what"
		took wscat -w 0 --close-timeout=500ms "$URL" </dev/null
		same 7 "$status"
		((TOOK < 3000))
	done
}

@test "after both close frames the end of the stream is waited for a second at most" {
	local what
	for what in pings bytes; do
		bad talks-on "$what" close
		took wscat -w 0 --close-timeout=30s "$URL" </dev/null
		same 0 "$status"
		((TOOK < 5000))
	done
}

@test "wsserve closes violations with 1002 and 1007, and other connections do not notice" {
	serve -v
	local what
	for what in unmasked rsv opcode ping-long stray-continuation close-1005; do
		run -0 client does "$URL" "$what"
		says '^close 1002' "${lines[0]}"
	done
	run -0 client does "$URL" utf8
	says '^close 1007' "${lines[0]}"
	wscat -N 1 "$URL" "still here" </dev/null
}
