#!/usr/bin/env bats
# bats file_tags=measures
# also: check
# --check: what it finds out about an endpoint.

load ../helper
load ../certificates

# A step with its verdict is in the output.
# shellcheck disable=SC2154
step() { # VERDICT NAME DETAIL
	says "^$1 +$2 +.*$3" "$output"
}

@test "an echo server passes every step: 0" {
	serve -z --subprotocol=chat
	run -0 --separate-stderr wscat --check --check-idle=200ms -s chat "$URL"
	same "" "$stderr"
	step ok connect 'connection'
	step ok upgrade '101 after'
	step ok subprotocol chat
	step ok echo 'echoed after'
	step ok ping 'answered'
	step ok fragments 'echoed'
	step ok '1 MiB' 'echoed'
	step ok idle 'answered'
	step ok close 'answered with 1000'
	step ok compression 'permessage-deflate, echoed'
	same 10 "${#lines[@]}"
}

@test "a server that does not echo passes too" {
	serve --sink
	run -0 --separate-stderr wscat --check --check-idle=200ms "$URL"
	step - subprotocol 'none was offered'
	step - echo 'no echo'
	step ok fragments accepted
	step ok '1 MiB' accepted
	step - compression declined
}

@test "the step that fails, and the usual cause: 10" {
	run -10 --separate-stderr wscat --check ws://127.0.0.1:9/
	step FAIL connect 'Connection refused'
	bad 404
	run -10 --separate-stderr wscat --check "$URL"
	step FAIL upgrade '404 instead of 101'
	says 'usual cause: there is nothing at this path' "$output"
	bad 200
	run -10 --separate-stderr wscat --check "$URL"
	says 'usual cause: something answers in plain HTTP' "$output"
	bad 301
	run -10 --separate-stderr wscat --check "$URL"
	step FAIL upgrade '301 instead of 101, and points to ws://elsewhere.example/$'
	says 'usual cause: it has moved: check the new address$' "$output"
	bad no-upgrade
	run -10 --separate-stderr wscat --check "$URL"
	step FAIL upgrade ''
	says 'usual cause: .*proxy_set_header Upgrade' "$output"
	bad accept=no-guid
	run -10 --separate-stderr wscat --check "$URL"
	step FAIL upgrade 'without the GUID'
}

@test "a failure of TLS is a step of its own, with its reason: 10" {
	serve --self-signed
	run -10 --separate-stderr wscat --check "$URL"
	step ok connect 'connection'
	step FAIL TLS 'self-signed and not trusted here'
	says 'usual cause: the certificate is from an authority of your own \(--ca\)' "$output"
	serve
	run -10 --separate-stderr wscat --check "wss${URL#ws}"
	step FAIL TLS 'does not speak TLS'
	[[ $output != *Upgrade* ]]
}

@test "limits and faults of a server are found" {
	serve --max-message-size=100K
	run -10 --separate-stderr wscat --check --check-idle=0 "$URL"
	step FAIL '1 MiB' 1009
	serve --fault=no-pong
	run -10 --separate-stderr wscat --check --check-idle=0 "$URL"
	step FAIL ping 'no answer within 5\.00 s$'
	serve --fault=mask
	run -10 --separate-stderr wscat --check --check-idle=0 "$URL"
	step FAIL echo 'masked'
	says 'usual cause: an error of the server, or of a proxy that changes frames' "$output"
	serve --subprotocol=other
	run -10 --separate-stderr wscat --check --check-idle=0 -s chat "$URL"
	step FAIL subprotocol 'chose none'
	step ok close 'answered with 1000' # the other steps are there as well
	step - compression declined
	serve --idle-timeout=3s
	run -10 --separate-stderr wscat --check --check-idle=20s "$URL"
	step FAIL idle ''
	says 'proxy_read_timeout' "$output"
}

@test "only its own pong answers a ping" {
	bad other-echo pongs
	run -10 --separate-stderr wscat --check --check-idle=0 "$URL"
	step ok echo echoed
	step FAIL ping 'no answer within 5\.00 s$'
	bad other-echo silent late # a pong of the step before comes once more, and none of this one
	run -10 --separate-stderr wscat --check --check-idle=0 "$URL"
	step ok fragments accepted
	step FAIL '1 MiB' 'no answer within 5\.00 s$'
}

@test "an echo that is not what was sent: what is wrong with it" {
	bad other-echo cut=65536 ticks
	run -10 --separate-stderr wscat --check --check-idle=0 "$URL"
	step ok fragments echoed # the messages of a server of its own are no failure
	step FAIL '1 MiB' 'the echo has 65536 bytes, not 1048576$'
	says 'usual cause: the server, or a proxy that understands frames, changes or cuts messages$' "$output"
	bad other-echo flip=12344 ticks
	run -10 --separate-stderr wscat --check --check-idle=0 "$URL"
	step FAIL '1 MiB' 'the echo differs at byte 12345 of 1048576$'
	bad other-echo clip ticks
	run -10 --separate-stderr wscat --check --check-idle=0 "$URL"
	step FAIL echo 'the echo has 39 bytes, not 40$'
	bad other-echo mute ticks
	run -10 --separate-stderr wscat --check --check-idle=0 "$URL"
	step FAIL '1 MiB' 'no answer within 5\.00 s$'
	says 'usual cause: a limit of the server' "$output"
}

@test "an echo of another type passes, and is named; a server for one connection ends before the last step" {
	bad other-echo binary
	run -10 --separate-stderr wscat --check --check-idle=0 "$URL"
	step ok echo 'echoed after .*, as a binary message: text was sent$'
	step ok '1 MiB' 'as a binary message'
	step FAIL compression 'Connection refused'
	says 'usual cause: this step has a connection of its own: the server ended after the first' "$output"
}

@test "what was not offered is blamed on who chose it" {
	bad chosen mqtt
	run -10 --separate-stderr wscat --check "$URL"
	step FAIL subprotocol 'chose a subprotocol that was not offered: mqtt$'
	says 'usual cause: the server chooses a subprotocol by itself: name it with --subprotocol' "$output"
	bad chosen mqtt
	run -10 --separate-stderr wscat --check -s chat "$URL"
	step FAIL subprotocol 'not offered: mqtt$'
	bad extension
	run -10 --separate-stderr wscat --check "$URL"
	step FAIL upgrade 'chose an extension that was not offered: permessage-deflate$'
	says 'usual cause: the server, or a proxy, answers Sec-WebSocket-Extensions' "$output"
	[[ $output != *nginx* ]]
}

@test "a server that wants a client certificate: --cert and --key are named" {
	make_certificates "$BATS_FILE_TMPDIR"
	serve_tls --client-ca="$BATS_FILE_TMPDIR/ca.pem"
	run -10 --separate-stderr wscat --check --ca="$BATS_FILE_TMPDIR/ca.pem" "wss://localhost:$PORT/"
	step FAIL TLS 'the server wants a client certificate \(--cert=FILE '
	says 'usual cause: .*: --cert and --key$' "$output"
	run -10 --separate-stderr wscat --check --ca="$BATS_FILE_TMPDIR/ca.pem" --cert="$BATS_FILE_TMPDIR/other.pem" \
		--key="$BATS_FILE_TMPDIR/other.key" "wss://localhost:$PORT/"
	step FAIL TLS 'did not take our certificate'
	says 'usual cause: .*: --cert and --key$' "$output"
}

@test "an output that cannot be written to: 1, with the reason, once" {
	serve
	# shellcheck disable=SC2016
	run -1 --separate-stderr bash -c 'wscat --check --check-idle=0 "$1" >/dev/full' - "$URL"
	one_line '^wscat: cannot write to standard output: No space left on device$'
}

@test "a reader that leaves is no failure" {
	serve
	# shellcheck disable=SC2016
	run -0 bash -o pipefail -c 'wscat --check --check-idle=200ms "$1" | true' - "$URL"
	same "" "$output"
}

# The whole check took less than so many milliseconds.
quick() { # MILLISECONDS COMMAND...
	local most=$1 begun
	shift
	begun=$(date +%s%N)
	"$@"
	((($(date +%s%N) - begun) / 1000000 < most))
}

@test "-T limits the whole check: 7, with the step that it was in" {
	serve
	quick 30000 run -7 --separate-stderr wscat --check -T 3s "$URL"
	step ok '1 MiB' echoed
	says '^wscat: timeout: not done within 3.00 s \(--timeout\), in step idle$'
	same 1 "${#stderr_lines[@]}"
	bad silent
	quick 30000 run -7 --separate-stderr wscat --check --timeout=200ms "$URL"
	says 'timeout: not done within 200 ms \(--timeout\), in step upgrade$'
	run -10 --separate-stderr wscat --check -T 20s --connect-timeout=200ms "$URL" # a step that fails first
	step FAIL connect 'refused'
	bad silent
	run -10 --separate-stderr wscat --check -T 20s --connect-timeout=200ms "$URL"
	step FAIL upgrade 'within 200 ms \(--connect-timeout\)'
}
