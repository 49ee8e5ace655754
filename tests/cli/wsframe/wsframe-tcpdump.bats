#!/usr/bin/env bats
# also: check
# tcpdump captures a conversation between our tools, and wsframe reads its capture files and its text.
# Needs root or another permission to capture.

load ../helper

setup() {
	one_processor
	PATH=$PATH:/usr/sbin:/sbin
	command -v tcpdump >/dev/null || skip "tcpdump is not installed"
}

listens_or_ended() {
	grep -q 'listening on' "$LOG" || ended "$PID"
}

# Starts tcpdump on the server's port: its id is in DUMP, its output in DUMPED. Returns when it listens.
# Immediate mode: no kernel buffer that would hold back the end of the conversation.
listen() { # ARGUMENT...
	background tcpdump --immediate-mode -B 16384 -Z root -l "$@" port "$PORT"
	DUMP=$PID DUMPED=$OUT DUMP_LOG=$LOG
	eventually listens_or_ended
	grep -q 'listening on' "$LOG" || skip "tcpdump may not capture: $(tail -n 1 "$LOG")"
}

# The conversation has been captured once both close frames have been.
converse() {
	run -0 wscat -w 0.5 "${URL}chat" hello grüße </dev/null
	same $'hello\ngrüße' "$output"
}

captured() { # FILE
	(($(wsframe --only=close "$1" 2>/dev/null | grep -c 'normal closure') == 2))
}

# Ends tcpdump with SIGINT, and waits for its end.
interrupt() { # PID
	kill -INT "$1"
	eventually ended "$1"
}

# Both directions, in order, with the upgrade, without findings.
check_conversation() { # FILE
	run -0 wsframe -S "$1"
	[[ ${lines[0]} =~ ^connection\ 1\ .*\>.*:$PORT$ ]]
	[[ ${lines[1]} == *' > GET /chat HTTP/1.1  (asks for a WebSocket)' ]]
	[[ ${lines[2]} == *' < HTTP/1.1 101 Switching Protocols  (accepted)' ]]
	same 9 "${#lines[@]}"
	run -0 bash -c "wsframe -o jsonl '$1' | sed -n 's/.*\"dir\":\"\([a-z]*\)\",\"type\":\"\([a-z]*\)\".*\"\(data\|code\)\":\([^,}]*\).*/\1 \2 \4/p' | sort"
	same 'in close 1000
in text "grüße"
in text "hello"
out close 1000
out text "grüße"
out text "hello"' "$output"
}

@test "a capture that tcpdump -w wrote" {
	serve
	listen -i lo -U -w "$BATS_TEST_TMPDIR/capture"
	converse
	eventually captured "$BATS_TEST_TMPDIR/capture"
	interrupt "$DUMP"
	check_conversation "$BATS_TEST_TMPDIR/capture"
	# The text of the same tcpdump.
	local form
	wsframe "$BATS_TEST_TMPDIR/capture" >"$BATS_TEST_TMPDIR/expected"
	for form in -x -X -xx -XX -vX -ttttXX; do
		tcpdump -r "$BATS_TEST_TMPDIR/capture" "$form" >"$BATS_TEST_TMPDIR/text" 2>/dev/null
		wsframe "$BATS_TEST_TMPDIR/text" | diff "$BATS_TEST_TMPDIR/expected" -
	done
	tcpdump -r "$BATS_TEST_TMPDIR/capture" -A >"$BATS_TEST_TMPDIR/text" 2>/dev/null
	run -1 --separate-stderr wsframe "$BATS_TEST_TMPDIR/text"
	one_line 'tcpdump.s text without the bytes'
}

@test "the live text of tcpdump: -x, -X, -xx, -XX" {
	serve
	local form
	for form in -x -X -xx -XX; do
		listen -i lo "$form"
		converse
		eventually captured "$DUMPED"
		interrupt "$DUMP"
		check_conversation "$DUMPED"
	done
}

@test "on any interface, where the link is Linux's own" {
	serve
	listen -i any -U -w "$BATS_TEST_TMPDIR/capture"
	converse
	eventually captured "$BATS_TEST_TMPDIR/capture"
	interrupt "$DUMP"
	grep -q 'LINUX_SLL' "$DUMP_LOG"
	check_conversation "$BATS_TEST_TMPDIR/capture"
}

@test "IPv6" {
	start wsserve --announce --listen='[::1]:0' || skip "no IPv6 here"
	listen -i lo -U -w "$BATS_TEST_TMPDIR/capture"
	converse
	eventually captured "$BATS_TEST_TMPDIR/capture"
	interrupt "$DUMP"
	check_conversation "$BATS_TEST_TMPDIR/capture"
	[[ $(wsframe "$BATS_TEST_TMPDIR/capture") == 'connection 1  [::1]:'* ]]
}

@test "live: tcpdump -w - in a pipe to wsframe" {
	serve
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	background wsframe "$BATS_TEST_TMPDIR/pipe"
	local shown=$OUT frames=$PID
	listen -i lo -U -w "$BATS_TEST_TMPDIR/pipe"
	background wscat --no-stdin -w -1 "$URL" hello
	local client=$PID
	# Both are still running when the message is there.
	await ' < text .*"hello"' "$shown"
	kill -TERM "$client"
	eventually ended "$client"
	interrupt "$DUMP"
	finished "$frames"
	same 2 "$(grep -c '"hello"' "$shown")"
}

@test "a large message, fragmented by the network" {
	serve
	listen -i lo -U -w "$BATS_TEST_TMPDIR/capture"
	head -c 300000 /dev/urandom >"$BATS_TEST_TMPDIR/random"
	wscat -b -w 0.5 "$URL" <"$BATS_TEST_TMPDIR/random" >/dev/null
	eventually captured "$BATS_TEST_TMPDIR/capture"
	interrupt "$DUMP"
	wsframe -o jsonl "$BATS_TEST_TMPDIR/capture" | "$PYTHON" -c '
import base64, json, sys
sent = b"".join(base64.b64decode(r["b64"]) for r in map(json.loads, sys.stdin)
                if r["type"] == "binary" and r["dir"] == "out")
sys.stdout.buffer.write(sent)' | cmp - "$BATS_TEST_TMPDIR/random"
}
