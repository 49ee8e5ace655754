#!/usr/bin/env bats
# wsframe: captures of whatever else a network carries: HTTP before the upgrade, proxies, tunnels,
# connections that begin in the middle, other protocols.

load ../helper

DATA=$BATS_TEST_DIRNAME/../../fixtures/wsframe

# What a capture gives, on both outputs, is in the file of its name.
gives() { # FILE
	wsframe <"$DATA/$1" >"$BATS_TEST_TMPDIR/out" 2>&1 || :
	diff -u "$DATA/${1%.*}.text" "$BATS_TEST_TMPDIR/out"
}

@test "HTTP is no WebSocket: a POST, an upgrade to h2c, zeros in the middle of a stream" {
	gives http-post-json.pcap
	gives http-get-h2c.pcap
	gives http-mid-zeros.pcap
}

@test "before the upgrade: a keep-alive exchange, CONNECT, the PROXY protocol; what is not shown is counted" {
	gives keepalive.pcap
	gives connect.pcap
	gives proxyproto1.pcap
	run -0 wsframe -S "$DATA/keepalive.pcap"
}

@test "tunnels and interfaces of several types" {
	gives gre.pcap
	gives mix.pcapng
}

@test "SOCKS before the upgrade, and a 401 with a body, chunked or not" {
	local case syn
	for case in socks5 socks5-password socks4 refused-first refused-chunked post-first head-first proxy2; do
		for syn in '' no-syn; do
			"$PYTHON" "$FIXTURES/capture.py" "before-$case" $syn >"$BATS_TEST_TMPDIR/capture"
			run -0 wsframe "$BATS_TEST_TMPDIR/capture"
			says '> GET /chat HTTP/1.1  \(asks for a WebSocket\)' "$output"
			says '< HTTP/1.1 101 Switching Protocols  \(accepted\)' "$output"
			says '> text .*"one"' "$output"
			says '< text .*"grün"' "$output"
		done
	done
}

@test "TCP that ends without a close frame: by which side, how, after what silence" {
	local capture=$BATS_TEST_TMPDIR/capture
	"$PYTHON" "$FIXTURES/capture.py" fin >"$capture"
	run -0 wsframe "$capture"
	says '< end of the connection without a close frame, after 0.002 s of silence \(programs say 1006\)
          likely: a program that ended' "$output"
	same 1 "$(grep -c 'programs say 1006' <<<"$output")"
	"$PYTHON" "$FIXTURES/capture.py" rst silence >"$capture"
	run -0 wsframe "$capture"
	says '> reset without a close frame, after 1.20[0-9] s of silence \(programs say 1006\)
          likely: an idle timeout' "$output"
	run -0 wsframe -o json "$capture"
	says '"event":"closed".*"from":"client".*"reset":true,"silent_us":120[0-9]000,"likely":"an idle' "$output"
	run -0 wsframe -o jsonl "$capture"
	says '"dir":"out","type":"close",.*"code":1006,.*"clean":false' "$output"
	run -0 wsframe --only=text "$capture"
	run ! grep 1006 <<<"$output"
}

@test "a close frame before the end, or a FIN that overtakes it: nothing is missing" {
	local case
	for case in '' fin-early; do
		"$PYTHON" "$FIXTURES/capture.py" $case >"$BATS_TEST_TMPDIR/capture"
		run -0 wsframe "$BATS_TEST_TMPDIR/capture"
		says ' close ' "$output"
		run ! grep 1006 <<<"$output"
	done
}

@test "TCP that ends before the answer to the upgrade, or in place of the reply to a close frame" {
	local capture=$BATS_TEST_TMPDIR/capture case sender what
	while read -r case sender what; do
		"$PYTHON" "$FIXTURES/capture.py" "$case" >"$capture"
		run -0 wsframe "$capture"
		says "$sender $what.* \\(programs say 1006\\)
          likely: " "$output"
		same 1 "$(grep -c 'programs say 1006' <<<"$output")"
	done <<-'END'
		fin-for-answer < end of the connection before the answer to the upgrade
		rst-for-answer < reset before the answer to the upgrade
		fin-of-client > end of the connection before the answer to the upgrade
		fin-for-reply < end of the connection in place of a reply to the close frame
	END
	run -0 wsframe -o json "$capture"
	says '"event":"closed".*"from":"server".*"instead_of":"reply"' "$output"
	# An answer of HTTP is an answer.
	"$PYTHON" "$FIXTURES/capture.py" refused >"$capture"
	run -0 wsframe "$capture"
	run ! grep 1006 <<<"$output"
}

@test "a SYN that its data overtook begins no second connection" {
	"$PYTHON" "$FIXTURES/capture.py" late-syn >"$BATS_TEST_TMPDIR/capture"
	run -0 wsframe -S "$BATS_TEST_TMPDIR/capture"
	printf '%s\n' "$output" >"$BATS_TEST_TMPDIR/late"
	same "$("$PYTHON" "$FIXTURES/capture.py" | wsframe | sed 's/^ *[0-9.]*//')" \
		"$(sed 's/^ *[0-9.]*//' "$BATS_TEST_TMPDIR/late")"
}

@test "packets that are cut inside their headers are named, with the option that cut them" {
	"$PYTHON" "$FIXTURES/capture.py" cut-headers >"$BATS_TEST_TMPDIR/capture"
	run -1 --separate-stderr wsframe "$BATS_TEST_TMPDIR/capture"
	one_line 'cut inside their headers: capture with tcpdump -s 0'
}

@test "connections are counted from 1" {
	run -2 --separate-stderr wsframe --stream=0 "$DATA/conversation.pcap"
	says "option '--stream'"
}

@test "an upgrade without frames is in the table; an interim response is no refusal" {
	"$PYTHON" "$FIXTURES/capture.py" refused >"$BATS_TEST_TMPDIR/capture"
	run -0 wsframe -o table "$BATS_TEST_TMPDIR/capture"
	says ' ws://example.org/chat ' "$output"
	"$PYTHON" "$FIXTURES/capture.py" before-early-hints >"$BATS_TEST_TMPDIR/capture"
	run -0 wsframe -S "$BATS_TEST_TMPDIR/capture"
	says '< HTTP/1.1 101 Switching Protocols  \(accepted\)' "$output"
}

# A capture of many MiB: 30,000 messages of 500 bytes.
large_capture() { # FILE
	"$PYTHON" -c 'for i in range(30000): print("{\"type\":\"text\",\"dir\":\"in\",\"data\":\"%0500d\"}" % i)' |
		wsframe encode --from=jsonl -o pcap >"$1"
}

# Has wsframe begin to read a file, and wait with what it prints until the next line is read from
# descriptor 4.
begin_to_read() { # FILE
	exec 4< <(wsframe --only=text "$1" 2>"$BATS_TEST_TMPDIR/stderr" || echo "exit $?")
	read -r -u 4
}

@test "every kind of pcap: byte order, nanoseconds, old versions, where the packets were cut too" {
	local kind expected cut
	for cut in '' cut; do
		expected=$("$PYTHON" "$FIXTURES/capture.py" $cut | wsframe)
		for kind in swapped nanoseconds old-linux version-2.2; do
			"$PYTHON" "$FIXTURES/capture.py" --pcap $kind $cut >"$BATS_TEST_TMPDIR/capture"
			run -0 wsframe "$BATS_TEST_TMPDIR/capture"
			same "$expected" "$output"
			run -0 bash -c "wsframe <'$BATS_TEST_TMPDIR/capture'"
			same "$expected" "$output"
		done
	done
}

@test "pcapng: times of every resolution, decimal and binary" {
	local n expected
	expected=$("$PYTHON" "$FIXTURES/capture.py" --ng | wsframe -o jsonl)
	[[ $expected == *2026-01-01T00:00:00.00* ]]
	for n in 3 6 9 12 15 18 148 172 173 188 190; do
		run -0 bash -c "'$PYTHON' '$FIXTURES/capture.py' --resolution $n | wsframe -o jsonl"
		same "$expected" "$output"
	done
}

@test "a damaged pcap is explained in one line" {
	local capture=$BATS_TEST_TMPDIR/capture
	head -c 20 "$DATA/conversation.pcap" >"$capture"
	run -1 --separate-stderr wsframe "$capture"
	one_line 'the capture is truncated in its header'
	{
		head -c 32 "$DATA/conversation.pcap"
		printf '\xff\xff\xff\xff\xff\xff\xff\xff'
	} >"$capture"
	run -1 --separate-stderr wsframe "$capture"
	one_line 'a packet of the capture has an impossible length'
	printf '\xd4\xc3\xb2\xa1\x02\0\x04\0%8s\0\0\x04\0\x7f\0\0\0' '' >"$capture"
	run -1 --separate-stderr wsframe "$capture"
	one_line 'the link type 127 \(802.11\) is not supported'
	printf '\xd4\xc3\xb2\xa1\x03\0\x04\0%8s\0\0\x04\0\x01\0\0\0' '' >"$capture"
	run -1 --separate-stderr wsframe "$capture"
	one_line 'no pcap capture of version 2'
}

@test "a capture that becomes shorter while it is read: an error in one line, not a crash" {
	local capture=$BATS_TEST_TMPDIR/capture
	large_capture "$capture"
	begin_to_read "$capture"
	truncate -s 8192 "$capture"
	same 'exit 1' "$(tail -n 1 <&4)"
	same "$capture: the file became shorter while it was read" \
		"$(sed 's/^wsframe: //' "$BATS_TEST_TMPDIR/stderr")"
}

@test "a capture that grows while it is read is read to its new end" {
	local capture=$BATS_TEST_TMPDIR/capture
	large_capture "$capture"
	begin_to_read "$capture"
	"$PYTHON" "$FIXTURES/capture.py" --link raw | tail -c +25 >>"$capture"
	same 2 "$(grep -c ' text  .*\(one\|two\)' <&4)"
}

# The peak memory of a command, in kB.
peak_of() { # COMMAND ARGUMENT...
	"$PYTHON" -c 'import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "$@"
}

# bats test_tags=measures
@test "the memory that a capture takes does not depend on its size" {
	sanitized && return # they take memory themselves
	local small large
	large_capture "$BATS_TEST_TMPDIR/capture"
	small=$(peak_of wsframe --only=close "$DATA/conversation.pcap")
	large=$(peak_of wsframe --only=close "$BATS_TEST_TMPDIR/capture")
	((large < small + 8192))
}

@test "a capture that was asked for and is compressed, or something else that is known: said" {
	local capture=$BATS_TEST_TMPDIR/capture
	"$PYTHON" "$FIXTURES/capture.py" | gzip >"$capture"
	run -1 --separate-stderr wsframe -r "$capture"
	one_line 'compressed with gzip: unpack it first'
	run -1 --separate-stderr wsframe --from=pcap "$capture"
	one_line 'compressed with gzip: unpack it first'
}

@test "pcapng: blocks whose lengths differ, and packets of an interface that is not described" {
	local capture=$BATS_TEST_TMPDIR/capture
	"$PYTHON" "$FIXTURES/capture.py" --ng >"$capture"
	run -0 wsframe "$capture"
	# The last byte but three of the file is in the second length of its last block.
	printf '\x77' | dd of="$capture" bs=1 seek="$(($(stat -c %s "$capture") - 3))" conv=notrunc status=none
	run -1 --separate-stderr wsframe "$capture"
	says 'a block of the capture ends with another length than it begins with'
	# The section header alone, and then the packets.
	"$PYTHON" "$FIXTURES/capture.py" --ng | "$PYTHON" -c '
import struct, sys
data, at = sys.stdin.buffer.read(), 0
while at < len(data):
    kind, size = struct.unpack_from("<II", data, at)
    if kind != 1:
        sys.stdout.buffer.write(data[at:at + size])
    at += size
' >"$capture"
	run -1 --separate-stderr wsframe "$capture"
	says '[0-9]+ packets of an interface that the file does not describe'
}

@test "records without bytes, as at the end of a file that was allocated before it was written" {
	local capture=$BATS_TEST_TMPDIR/capture
	"$PYTHON" "$FIXTURES/capture.py" >"$capture"
	wsframe "$capture" >"$BATS_TEST_TMPDIR/before"
	head -c 160 /dev/zero >>"$capture"
	run -0 --separate-stderr wsframe "$capture"
	same "$(<"$BATS_TEST_TMPDIR/before")" "$output"
	same "" "$stderr"
}
