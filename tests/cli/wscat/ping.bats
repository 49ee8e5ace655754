#!/usr/bin/env bats
# bats file_tags=measures
# also: check
# Keeping connections alive, and detecting dead ones.

load ../helper

@test "wscat --ping-interval and --ping-timeout: a dead server ends it with 7" {
	bad mute
	run -7 --separate-stderr timeout 40 \
		wscat --ping-interval=100ms --ping-timeout=200ms -w -1 "$URL" </dev/null
	one_line 'timeout: no answer to our ping came within 200 ms \(--ping-timeout\)'
	same 1 "$(grep -c '^ping ' "$OUT")"
}

@test "wscat stays connected while the server answers" {
	serve
	run -0 --separate-stderr timeout 40 \
		wscat --ping-interval=50ms --ping-timeout=2s -w -1 -T 20s -N 1 "$URL" hello </dev/null
	same hello "$output"
	run -7 wscat --ping-interval=50ms --ping-timeout=2s -w -1 -T 500ms "$URL" </dev/null
}

@test "wscat pings at the interval, however long it would wait for a pong" {
	serve
	run -7 --separate-stderr wscat -vv --ping-interval=100ms --ping-timeout=10s -w -1 -T 2s "$URL" </dev/null
	(($(grep -c '< pong, 12 bytes' <<<"$stderr") > 4))
}

@test "wsserve pings at the interval, however long it would wait for a pong" {
	serve --ping-interval=100ms --ping-timeout=10s
	run -7 --separate-stderr wscat -vv -w -1 -T 2s "$URL" </dev/null
	(($(grep -c '< ping, 12 bytes' <<<"$stderr") > 4))
}

@test "no ping unless asked for" {
	bad mute
	run -7 wscat -w 0.5 --close-timeout=0.1 "$URL" hello </dev/null
	same 0 "$(grep -c '^ping ' "$OUT" || true)"
}

@test "pings do not count as messages, but reset --wait" {
	serve
	run -0 timeout 40 wscat -w 0.4 "$URL" hello </dev/null
	same hello "$output"
}

@test "wsserve --ping-interval and --ping-timeout: a dead client is dropped, with the reason in the log" {
	serve --ping-interval=100ms --ping-timeout=100ms --missed-pongs=2
	run -0 timeout 40 "$PYTHON" -S "$FIXTURES/client.py" mute "$URL"
	same 2 "$(grep -c '^ping 12' <<<"$output")"
	says '^close 1001 .*pings' "$output" # it may still hear why
	same end "${lines[-1]/reset/end}"
	await 'conn=[^ ]*-1 HEARTBEAT_TIMEOUT' "$LOG"
}

@test "wsserve --missed-pongs: so many pings may go unanswered" {
	serve --ping-interval=50ms --ping-timeout=50ms --missed-pongs=4
	run -0 timeout 40 "$PYTHON" -S "$FIXTURES/client.py" mute "$URL"
	same 4 "$(grep -c '^ping 12' <<<"$output")"
}

@test "wsserve --ping-interval=0 sends none" {
	serve --ping-interval=0 --idle-timeout=400ms
	run -0 client does "$URL" nothing
	run ! grep ping <<<"$output"
}

@test "a client that answers stays connected, at any interval" {
	serve --ping-interval=50ms --missed-pongs=1 --ping-timeout=10s # a machine under load answers late
	run -7 --separate-stderr wscat -w -1 -T 3s "$URL" hello </dev/null
	same hello "$output"
	says '--timeout'
}

@test "pings of every size are answered with the same bytes" {
	serve
	run -0 client pings "$URL"
	same fine "$output"
}

@test "a ping inside a fragmented message is answered before the message ends" {
	serve
	run -0 client pieces "$URL"
	same fine "$output"
}
