#!/usr/bin/env bats
# wsframe: decoding, checking and encoding. The expected output is in tests/fixtures/wsframe; its
# dumps were made by the tools that they are named after.

load ../helper

DATA=$BATS_TEST_DIRNAME/../../fixtures/wsframe

# Standard output of wsframe is exactly this file.
golden() { # FILE ARGUMENT...
	local file=$1
	shift
	wsframe "$@" >"$BATS_TEST_TMPDIR/stdout" 2>"$BATS_TEST_TMPDIR/stderr"
	diff -u "$DATA/$file" "$BATS_TEST_TMPDIR/stdout"
	same "" "$(cat "$BATS_TEST_TMPDIR/stderr")"
}

capture() {
	"$PYTHON" "$FIXTURES/capture.py" "$@"
}

# --- input ---

@test "the examples of RFC 6455 5.7, in every form of input" {
	local form
	for form in raw hex c-bytes xxd xxd-u xxd-p hexdump base64; do
		golden examples.text "$DATA/examples.$form"
		golden examples.text <"$DATA/examples.$form"
	done
}

@test "the longer examples of RFC 6455 5.7: 256 bytes and 64 KiB" {
	run -0 bash -c '(printf "\202\176\001\000"; head -c 256 /dev/zero) | wsframe -o json'
	[[ $output == *'"length_bits":16,"length":256,"len":256,'* ]]
	run -0 bash -c '(printf "\202\177\0\0\0\0\0\001\0\0"; head -c 65536 /dev/zero) | wsframe -S -o json'
	[[ $output == *'"length_bits":64,"length":65536,"len":65536,'* ]]
}

@test "lines that xxd and hexdump squeeze into a star are restored" {
	golden zeros.text "$DATA/zeros.hexdump"
	golden zeros.text "$DATA/zeros.xxd"
}

@test "digits on the command line: together, apart, with 0x, or in --hex" {
	local line='0x0000  < text          FIN           5 bytes  no mask       "Hello"'
	run -0 wsframe 810548656c6c6f
	same "$line" "$output"
	run -0 wsframe 81 05 48 65 6c 6c 6f
	same "$line" "$output"
	run -0 wsframe 0x81,0x05 48:65:6c-6c-6F
	same "$line" "$output"
	run -0 wsframe decode --hex='8105 4865 6c6c 6f'
	same "$line" "$output"
	run -0 wsframe gQVIZWxsbw==
	same "$line" "$output"
}

@test "a file takes precedence over digits of the same name, except with --hex" {
	cd "$BATS_TEST_TMPDIR"
	echo 8900 >8a00
	run -0 --separate-stderr wsframe -v 8a00
	[[ $output == *' ping '* ]]
	says '^wsframe: 8a00: detected as hex digits$'
	run -0 wsframe --hex=8a00
	[[ $output == *' pong '* ]]
}

@test "--from sets the form, and input that does not fit is reported with its place" {
	run -0 wsframe -f base64 8105
	[[ $output == *reserved* ]]
	run -1 --separate-stderr wsframe -f hex gQVI
	one_line "read as hex digits, but in line 1, column 1: expected a hex digit"
	run -1 --separate-stderr wsframe -f xxd <"$DATA/examples.hexdump"
	one_line "read as a dump of xxd, but in line 1: expected a colon after the offset"
	run -0 --separate-stderr wsframe -v -f hex 8a00
	says "^wsframe: the command line: read as hex digits$"
}

@test "a dump with missing lines is refused" {
	sed 2d "$DATA/examples.xxd" >"$BATS_TEST_TMPDIR/dump"
	run -1 --separate-stderr wsframe "$BATS_TEST_TMPDIR/dump"
	one_line "in line 2: the offset does not follow from the line before: lines are missing"
}

@test "a star with a huge offset does not allocate memory for it" {
	printf '%s\n' '00000000  81 05 48 65 6c 6c 6f 81  85 37 fa 21 3d 7f 9f 4d' '*' 7ffffffffffffff0 |
		{ run -1 --separate-stderr wsframe; same "" "$output"; says 'more than 16 MiB'; }
}

@test "--skip skips bytes, and offsets still count from the beginning" {
	run -0 wsframe --skip=7 "$DATA/examples.raw"
	same "$(tail -n +2 "$DATA/examples.text")" "$output"
	run -1 --separate-stderr wsframe --skip=1000 "$DATA/examples.raw"
	one_line "--skip is larger than the input"
}

@test "several inputs, one after the other; one that fails fails all" {
	run -1 --separate-stderr wsframe 8900 /does/not/exist "$DATA/examples.hex"
	same 9 "${#lines[@]}"
	same "==> the command line <==" "${lines[0]}"
	same "==> $DATA/examples.hex <==" "${lines[2]}"
	says '^wsframe: /does/not/exist: '
}

# --- input that is recognised and not decoded ---

@test "input without frames is explained in a line, and never decoded as garbage" {
	explained() { # REGEX INPUT...
		local regex=$1
		shift
		run -1 --separate-stderr wsframe "$@"
		one_line "$regex"
	}
	explained 'tcpdump.s text without the bytes' "$DATA/conversation.A"
	printf '\x16\x03\x01\x00\xc8\x01\x00\x00\xc4' >"$BATS_TEST_TMPDIR/tls"
	explained 'this is TLS' "$BATS_TEST_TMPDIR/tls"
	explained 'this is TLS' 16 03 01 00 c8 01 00 00 c4
	printf 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' >"$BATS_TEST_TMPDIR/h2"
	explained 'this is HTTP/2' "$BATS_TEST_TMPDIR/h2" # without a WebSocket in it, or it cannot be read
	printf 'GET / HTTP/1.1\r\nHost: x\r\n\r\n' >"$BATS_TEST_TMPDIR/http"
	explained 'this is HTTP only' "$BATS_TEST_TMPDIR/http"
	explained 'the input is empty' /dev/null
	explained 'not a file, hex digits or base64' 'what is this?'
	explained 'unknown form' <(echo 'what is this?')
	explained 'this is TLS' <(printf "'%s'\n" '\x17\x03')
	explained 'HTTP only' <(printf '> GET /chat HTTP/1.1\n> Host: a\n\n< HTTP/1.1 200 OK\n')
	explained 'these are numbers' <(echo '[250, 251, 252]')
	explained 'hixie-76' <(echo '00 48 65 6c 6c 6f ff')
	local packer
	for packer in gzip xz bzip2 zstd lz4; do
		command -v "$packer" >/dev/null || continue
		explained "compressed with $packer: unpack it first" <("$packer" -c <"$DATA/examples.raw")
	done
}

@test "frames after the heads of an upgrade are decoded, and so is HTTP among frames" {
	(
		printf 'GET /x HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
		printf 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n'
		printf 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
		printf 'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n'
		printf '\x81\x05Hello'
		printf 'HTTP/1.1 502 Bad Gateway\r\nContent-Length: 2\r\n\r\noh'
	) >"$BATS_TEST_TMPDIR/in"
	run -0 wsframe "$BATS_TEST_TMPDIR/in"
	same '0x0000  > GET /x HTTP/1.1  (asks for a WebSocket)' "${lines[0]}"
	same '0x008d  < HTTP/1.1 101 Switching Protocols  (accepted)' "${lines[1]}"
	[[ ${lines[2]} == *'"Hello"' ]]
	same '0x0115  < HTTP/1.1 502 Bad Gateway' "${lines[3]}"
	[[ $output == *'a proxy or the server answered in HTTP where a frame should be'* ]]
	[[ $output == *'2 bytes: the body of an HTTP message' ]]
	# The response to another key.
	sed -i 's/s3pPLMBi/AAAALMBi/' "$BATS_TEST_TMPDIR/in"
	run -10 --separate-stderr wsframe -S "$BATS_TEST_TMPDIR/in"
	[[ $output == *'! ACCEPT_WRONG: '*'(RFC 6455 4.1)'* ]]
}

# --- tcpdump ---

@test "the text of tcpdump -x, -X, -xx, -XX and -v gives the conversation that its capture gives" {
	local form
	for form in x X xx XX vXX; do
		golden conversation.text "$DATA/conversation.$form"
	done
	golden conversation.text "$DATA/conversation.pcap"
	golden conversation.text -r "$DATA/conversation.pcap"
	golden conversation.text --read="$DATA/conversation.pcap"
	golden conversation.text <"$DATA/conversation.pcap"
	golden conversation.text <(base64 "$DATA/conversation.pcap")
}

@test "captures of any interface: Linux's cooked link, as file and as text" {
	golden any.text "$DATA/any.pcap"
	golden any.text "$DATA/any.x"
	golden any.text "$DATA/any.xx"
}

@test "a packet with missing lines is left out, with a message" {
	sed '/GET/!{/4745 5420/d}' "$DATA/conversation.x" >"$BATS_TEST_TMPDIR/text"
	run -10 --separate-stderr wsframe -S "$BATS_TEST_TMPDIR/text"
	says 'packets whose lines are not complete were left out'
}

@test "every link type, IPv4 and IPv6, pcap and pcapng" {
	local link expected
	expected=$(capture | wsframe | tail -n +2)
	for link in ethernet vlan sll sll2 null raw; do
		same "$expected" "$(capture --link "$link" | wsframe -S | tail -n +2)"
		same "$expected" "$(capture --link "$link" --v6 --ng | wsframe -S | tail -n +2)"
	done
	same "$expected" "$(capture --headers | wsframe -S | tail -n +2)"
	same "$expected" "$(capture --v6 --headers | wsframe -S | tail -n +2)"
	run -0 bash -c "'$PYTHON' '$FIXTURES/capture.py' --v6 | wsframe -c 1"
	same 'connection 1  [::1]:50000 > [::2]:8080' "${lines[0]}"
}

@test "TCP: out of order, retransmitted, lost, cut off, begun in the middle, ports used twice" {
	local case
	for case in reordered twice lost-inside lost-header middle unmasked refused again cut; do
		capture "$case" >"$BATS_TEST_TMPDIR/capture"
		golden "case-$case.text" "$BATS_TEST_TMPDIR/capture"
	done
}

@test "a capture without a WebSocket: its content is named" {
	local case
	for case in 'tls:1 connection of TLS' 'http:1 connection of HTTP' 'udp:1 packet, none with TCP'; do
		capture "${case%%:*}" >"$BATS_TEST_TMPDIR/capture"
		run -1 --separate-stderr wsframe "$BATS_TEST_TMPDIR/capture"
		one_line "no WebSocket in it: ${case#*:}"
	done
}

@test "--port is of a capture: 2 without one" {
	run -2 --separate-stderr wsframe --port=8080 --hex=8100
	one_line '^wsframe: --port has no effect: no input is a capture$'
	run -2 --separate-stderr wsframe --port=8080 - <<<'81 05 48'
	one_line '^wsframe: --port has no effect: no input is a capture$'
	head -c 5000 /dev/zero | tr '\0' '\212' >"$BATS_TEST_TMPDIR/raw"
	run -2 --separate-stderr wsframe --port=8080 -f raw "$BATS_TEST_TMPDIR/raw"
	one_line '^wsframe: --port has no effect: no input is a capture$'
}

@test "--port selects connections" {
	capture >"$BATS_TEST_TMPDIR/capture"
	run -0 wsframe --port=8080 --payload-only "$BATS_TEST_TMPDIR/capture"
	same one "${lines[0]}"
	run -1 --separate-stderr wsframe --port=8081 "$BATS_TEST_TMPDIR/capture"
	one_line 'none with TCP data of that port'
}

@test "a truncated capture file: the packets before the end are shown" {
	head -c 700 "$DATA/conversation.pcap" >"$BATS_TEST_TMPDIR/capture"
	run -1 --separate-stderr wsframe "$BATS_TEST_TMPDIR/capture"
	[[ $output == *'GET /chat HTTP/1.1'* ]]
	says truncated
}

@test "a growing capture is shown live" {
	mkfifo "$BATS_TEST_TMPDIR/in"
	background wsframe <>"$BATS_TEST_TMPDIR/in"
	cat "$DATA/conversation.pcap" >"$BATS_TEST_TMPDIR/in"
	await '"hello"' "$OUT"
	ended "$PID" && return 1
	kill "$PID"
}

# --- output ---

@test "--bytes, --diagram and JSON have not changed" {
	golden examples.bytes --bytes "$DATA/examples.raw"
	golden examples.diagram --diagram "$DATA/examples.raw"
	golden examples.json -o json -f raw <"$DATA/examples.raw"
	golden examples.jsonl -o jsonl "$DATA/examples.raw"
}

@test "the JSON follows its schema, and the records follow theirs" {
	"$PYTHON" -c 'import jsonschema' 2>/dev/null || skip "python3-jsonschema is not installed"
	local case
	for case in "" reordered lost-header middle unmasked refused again cut; do
		# shellcheck disable=SC2086 # no case is no word
		capture $case | wsframe -o json >"$BATS_TEST_TMPDIR/json"
		"$PYTHON" -c 'import json, jsonschema, sys
jsonschema.validate(json.load(open(sys.argv[1])), json.load(open(sys.argv[2])))' \
			"$BATS_TEST_TMPDIR/json" "$ROOT/docs/wsframe.schema.json"
		# shellcheck disable=SC2086
		capture $case | wsframe -o jsonl >"$BATS_TEST_TMPDIR/jsonl"
		"$PYTHON" -c 'import json, jsonschema, sys
for line in open(sys.argv[1]):
    jsonschema.validate(json.loads(line), json.load(open(sys.argv[2])))' \
			"$BATS_TEST_TMPDIR/jsonl" "$ROOT/docs/record.schema.json"
	done
}

@test "--messages assembles fragments" {
	run -0 wsframe --messages 010348656c 8900 80026c6f
	same '0x0005  < ping               0 bytes' "${lines[0]}"
	same '0x0000  < text               5 bytes  "Hello"' "${lines[1]}"
}

@test "--frames after --messages: frames again" {
	run -0 wsframe --messages --frames 010348656c 80026c6f
	same "$(wsframe 010348656c 80026c6f)" "$output"
}

@test "--only and --count" {
	run -0 wsframe --only=ping,pong "$DATA/examples.raw"
	same 2 "${#lines[@]}"
	run -0 wsframe --only=control -c 1 "$DATA/examples.raw"
	same "$(sed -n 5p "$DATA/examples.text")" "$output"
	run -2 --separate-stderr wsframe --only=pang "$DATA/examples.raw"
	one_line 'text, binary, continuation'
}

@test "--payload-only: only the data, unmasked; --keep-mask: masked" {
	run -0 wsframe --payload-only "$DATA/examples.raw"
	same $'Hello\nHello\nHel\nlo' "$output"
	run -0 wsframe --payload-only --messages "$DATA/examples.raw"
	same $'Hello\nHello\nHello' "$output"
	run -0 wsframe --payload-only --only=pong -o hex --keep-mask "$DATA/examples.raw"
	same '7f 9f 4d 51 58' "$output"
}

@test "-o hex and -o raw print the frames unchanged, and raw payloads are the bytes" {
	wsframe -o hex "$DATA/examples.raw" | wsframe | diff -u "$DATA/examples.text" -
	wsframe -o raw "$DATA/examples.raw" | cmp - "$DATA/examples.raw"
	head -c 300000 /dev/urandom >"$BATS_TEST_TMPDIR/random"
	wsframe encode --mask --fragment=1000 --file="$BATS_TEST_TMPDIR/random" -o raw |
		wsframe -o raw --payload-only -S | cmp - "$BATS_TEST_TMPDIR/random"
}

@test "payloads are escaped for a terminal" {
	run -0 wsframe 8103 1b5b41
	[[ $output == *'"\x1b[A"' ]]
	[[ $(wsframe --payload-only 8103 1b5b41) == $'\e[A' ]]
}

@test "a closed pipe ends it quietly" {
	run -0 --separate-stderr bash -c "head -c 20000000 /dev/zero | wsframe encode -b --fragment=10 -o raw |
		wsframe -f raw | head -n 1; exit \${PIPESTATUS[1]}"
	same 1 "${#lines[@]}"
	same "" "$stderr"
}

# --- findings ---

# The violation, with its section, byte and cause, is in the output.
finds() { # NAME SECTION OFFSET CAUSE ARGUMENT...
	local name=$1 section=$2 offset=$3 cause=$4
	shift 4
	run -10 --separate-stderr wsframe -S "$@"
	local rule="^        ! $name: .* \(RFC 6455 $section\) at 0x$offset\$"
	if ! grep -qE "$rule" <<<"$output" || ! grep -qE "^          likely: .*$cause" <<<"$output"; then
		echo "$name ($section) at $offset, $cause; but: $output" >&2
		return 1
	fi
}

@test "every violation by its name, section, byte and likely cause" {
	finds UNMASKED 5.1 0001 'does not mask' --direction=client 8100
	finds MASKED 5.1 0001 'framing code' -d server 8180 00000000
	finds RSV 5.2 0000 'permessage-deflate' c102 f348
	finds RSV 5.2 0000 'not the beginning of a frame' b100
	finds OPCODE 5.2 0000 'not the beginning of a frame' 8300
	finds LENGTH_NOT_MINIMAL 5.2 0003 'always writes the length' 817e0001 61
	finds LENGTH_NOT_MINIMAL 5.2 0003 'comparison with <' 827e007d "$(printf '%0250d' 0)"
	finds CONTINUATION_UNEXPECTED 5.4 0007 'zero bytes after a frame' 810548656c6c6f 0000
	finds LENGTH_TOP_BIT 5.2 0002 'not the beginning of a frame' 817f ffffffffffffffff
	finds LENGTH_TOP_BIT 5.2 0002 'lowest byte first' 817f 8100000000000000 61
	finds CONTROL_TOO_LONG 5.5 0001 'ping or a pong' 897e007e "$(printf '%0252d' 0)"
	finds CONTROL_FRAGMENTED 5.5 0000 'never sets FIN' 0900
	finds CONTINUATION_UNEXPECTED 5.4 0000 'before the beginning of this input' 8000
	finds CONTINUATION_UNEXPECTED 5.4 0002 'FIN was set' 8100 8000
	finds CONTINUATION_EXPECTED 5.4 0003 'two writers' 010161 810162
	finds UTF8 8.1 0004 'another encoding' 8103 4162ff
	finds UTF8 8.1 0003 'cut inside a character' 8101c3
	finds UTF8 8.1 0005 'cut inside a character' 0101c3 8000
	finds CLOSE_LENGTH 5.5.1 0002 'half a close code' 880103
	finds CLOSE_CODE 7.4 0002 'its own library reported' 880203ed
	finds CLOSE_CODE 7.4 0002 'lowest byte first' 8802e803
	finds CLOSE_CODE 7.4 0002 'exit or HTTP status' 88020194
	finds CLOSE_UTF8 5.5.1 0006 'cut inside a character' 880403e841c3
	finds CLOSING 5.5.1 0002 'does not check for the close' 8800 8100
}

@test "decoding continues after a violation" {
	run -0 wsframe -d client 8103666f6f 818537fa213d7f9f4d5158 c100 890161
	same 4 "$(grep -c ' > ' <<<"$output")"
}

@test "UTF-8 is checked across fragments, also inside a character" {
	run -0 wsframe -S 0101c3 8001bc
	run -0 wsframe -S 0101c3 8900 8001bc
}

@test "an incomplete frame at the end: the number of missing bytes" {
	run -0 wsframe 81
	[[ $output == *'! incomplete: 1 byte of the header is present, at least 1 is missing' ]]
	run -0 wsframe 827e01
	[[ $output == *'length cut off'*'! incomplete: 3 of 4 bytes of the header are present, 1 is missing' ]]
	run -0 wsframe 818537fa
	[[ $output == *'! incomplete: 4 of 6 bytes of the header are present, 2 are missing' ]]
	run -10 --separate-stderr wsframe -S 8105 48656c
	[[ $output == *'"Hel"'*'! incomplete: 3 of 5 bytes of the payload are present, 2 are missing' ]]
	says '^wsframe: --strict: 0 violations, 1 incomplete$'
}

@test "findings go to standard error when the output is data" {
	run -0 --separate-stderr wsframe --payload-only 8105 48656c
	same Hel "$output"
	says 'incomplete: 2 bytes are missing'
	run -0 --separate-stderr wsframe -q --payload-only 8105 48656c
	same "" "$stderr"
}

# --- encode ---

@test "encode: each kind of frame" {
	encodes() { # HEX ARGUMENT...
		local expected=$1
		shift
		run -0 --separate-stderr wsframe encode "$@"
		same "$expected" "$output"
		same "" "$stderr"
	}
	encodes '81 05 48 65 6c 6c 6f' Hello
	encodes '81 05 48 65 6c 6c 6f' -t Hello
	encodes '81 05 48 65 6c 6c 6f' --text=Hello
	encodes '82 02 ff 00' --hex='ff 00'
	encodes '81 02 48 69' -t --hex=4869
	encodes '89 00' --ping
	encodes '8a 02 68 69' --pong=hi
	encodes '88 00' --close
	encodes '88 05 03 e8 62 79 65' --close=1000:bye
	encodes '80 01 61' --continuation a
	encodes '01 01 61' --no-fin a
	encodes '81 85 37 fa 21 3d 7f 9f 4d 51 58' --mask=37fa213d Hello
	encodes '81 81 00 00 00 00 61' --mask=zero a
	encodes $'81 01 61\n81 01 62' a b
	encodes $'02 02 31 32\n00 02 33 34\n80 01 35' -b --fragment=2 12345
	encodes gQVIZWxsbw== -o base64 Hello
	run -0 bash -c 'printf Hello | wsframe encode -t'
	same '81 05 48 65 6c 6c 6f' "$output"
	run -0 wsframe encode -o c Hello
	same $'static const unsigned char frames[7] = {\n    0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f,\n};' "$output"
}

@test "encode: a random mask differs each time, and fits the payload" {
	run -0 bash -c 'wsframe encode --mask -t Hello | wsframe -d client -S --payload-only'
	same Hello "$output"
	[[ $(wsframe encode --mask Hello) != "$(wsframe encode --mask Hello)" ]]
}

@test "encode: frames that the RFC forbids need --allow-invalid" {
	forbids() { # SECTION HEX ARGUMENT...
		local section=$1 expected=$2
		shift 2
		run -2 --separate-stderr wsframe encode "$@"
		one_line "\(RFC 6455 $section\).*: this needs --allow-invalid"
		run -0 wsframe encode --allow-invalid "$@"
		same "$expected" "$output"
	}
	forbids 5.2 'c1 01 61' --rsv1 a
	forbids 5.2 'b1 01 61' --rsv2 --rsv3 a
	forbids 5.2 '83 00' --opcode=3 --file=/dev/null
	forbids 5.2 '81 7e 00 01 61' --len16 a
	forbids 5.2 '81 7f 00 00 00 00 00 00 00 01 61' --len64 a
	forbids 5.2 '81 05 61' --fake-length=5 a
	forbids 5.2 '81 7f ff ff ff ff ff ff ff ff 61' --fake-length=18446744073709551615 a
	forbids 5.5 '09 00' --no-fin --ping
	forbids 5.5 $'09 01 61\n80 01 62' --ping --fragment=1 ab
	forbids 7.4 '88 02 03 ed' --close=1005
	forbids 8.1 '81 01 ff' -t --hex=ff
	forbids 5.4 $'01 01 61\n01 01 62' --no-fin a b
}

@test "encode: what is typed with a blank is reported, an opcode may be hex, a length has one form" {
	run -2 --separate-stderr wsframe encode --close 1000
	says 'write --close=1000'
	run -2 --separate-stderr wsframe encode --mask 37fa213d Hello
	says 'write --mask=37fa213d'
	run -0 wsframe encode --opcode=0x9 --file=/dev/null
	same '89 00' "$output"
	run -2 --separate-stderr wsframe encode --len7 --len16 a
	says 'a length has one form'
	run -2 --separate-stderr wsframe --skip=2 -r "$DATA/conversation.pcap"
	says 'skip is for bytes: a capture'
	run -1 --separate-stderr wsframe --skip=2 "$DATA/conversation.pcap"
	one_line 'this is a capture'
	run -0 bash -c 'wsframe encode -o c Hello there | wsframe'
	same 2 "${#lines[@]}"
}

@test "encode: usage errors" {
	run -2 --separate-stderr wsframe encode --ping --pong
	one_line 'the only kind'
	run -2 --separate-stderr wsframe encode --len7 --allow-invalid "$(printf '%0200d' 0)"
	one_line 'a length of 200 does not fit into it'
	run -2 --separate-stderr wsframe encode --mask=37fa -t a
	one_line '8 hex digits'
	run -2 --separate-stderr wsframe encode --hex=8
	one_line 'column 1: the second digit of a pair is missing'
	run -1 --separate-stderr wsframe encode --file=/does/not/exist
	one_line '/does/not/exist: '
}

# --- accept, key, close-codes ---

@test "accept: the RFC's own key, and each step of the calculation" {
	run -0 --separate-stderr wsframe accept dGhlIHNhbXBsZSBub25jZQ==
	same s3pPLMBiTxaQ9kYGzzhZRbK+xOo= "$output"
	same "" "$stderr"
	run -0 --separate-stderr wsframe accept -v dGhlIHNhbXBsZSBub25jZQ==
	same s3pPLMBiTxaQ9kYGzzhZRbK+xOo= "$output"
	says '^  its bytes +74 68 65 20 73 61 6d 70 6c 65 20 6e 6f 6e 63 65 \(16 bytes\)$'
	says '^key and GUID +dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11$'
	says '^their SHA-1 +b3 7a 4f 2c c0 62 4f 16 90 f6 46 06 cf 38 59 45 b2 be c4 ea \(20 bytes\)$'
	run -0 --separate-stderr wsframe accept nonsense
	says 'not base64 of 16 bytes.*RFC 6455 4.2.1'
	run -2 --separate-stderr wsframe accept
	says 'accept takes one KEY'
}

@test "accept agrees with openssl, and key makes new, valid keys" {
	local key
	key=$(wsframe key)
	same 16 "$(base64 -d <<<"$key" | wc -c)"
	[[ $key != "$(wsframe key)" ]]
	run -0 --separate-stderr wsframe accept "$key"
	same "$(printf '%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11' "$key" | openssl sha1 -binary | base64)" "$output"
	same "" "$stderr"
}

@test "close-codes: the table, or some rows" {
	run -0 wsframe close-codes
	same 19 "${#lines[@]}"
	[[ ${lines[7]} == '1006 '*'abnormal closure'*' no '* ]]
	run -0 wsframe close-codes 1001 4321
	same 3 "${#lines[@]}"
	[[ ${lines[2]} == '4321 '*'private use'*' yes '* ]]
	run -2 --separate-stderr wsframe close-codes many
	says "'many' is not a close code"
	run -2 --separate-stderr wsframe close-codes 1000 99999
	one_line "'99999' is not a close code: a number from 0 to 65535$"
}

# --- the command line ---

@test "options belong to their subcommand" {
	run -2 --separate-stderr wsframe --color=never close-codes 1000
	usage_line "the subcommand comes first: write 'wsframe close-codes' and then options$"
	run -2 --separate-stderr wsframe -q encode abcd
	usage_line "write 'wsframe encode'"
	says 'what the input was detected as' "$(wsframe --help=all)"
	says 'heads of requests and answers; -vv' "$(wsserve --help=all | tr -s ' \n' ' ')"
	run -2 --separate-stderr wsframe encode --diagram a
	says "option '--diagram' belongs to 'decode', not to 'encode'"
	run -2 --separate-stderr wsframe --mask a
	says "option '--mask' belongs to 'encode', not to 'decode'"
	run -2 --separate-stderr wsframe --byte 8900
	says "did you mean '--bytes'"
	run -2 --separate-stderr wsframe --bytes -o json 8900
	says 'need frames in --output=text'
	run -0 wsframe --help=all
	[[ $output == *'What encode makes:'* && $output == *'What decode reads:'* ]]
	run -0 wsframe encode --help=all
	[[ $output == *'What encode makes:'* && $output != *'What decode reads:'* ]]
}

@test "what encode -o c writes is read back, also what is against the rules" {
	run -0 bash -c 'wsframe encode --rsv2 --allow-invalid hi -o c | wsframe -'
	says '< text +FIN RSV2 +2 bytes .*"hi"' "$output"
}

@test "messages that are cut are said on standard error" {
	run -0 --separate-stderr wsframe -o jsonl 8105
	one_line 'incomplete: 5 bytes are missing'
	run -0 wsframe --messages 0103616263
	says '3 bytes: of a message that does not end' "$output"
	run -10 wsframe -S -q --messages 0103616263
	run -0 --separate-stderr wsframe -o jsonl 0103616263
	one_line '3 bytes at 0x0000: of a message that does not end'
}

@test "a closed standard output is exit 1" {
	run -1 --separate-stderr bash -c 'wsframe 8100 >&-'
	one_line 'standard output is closed'
}

@test "of a masked binary payload 16 bytes are shown, with -v and as -o hex all" {
	local all='00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f'
	printf '%b' "$(printf '\\x%02x' {0..99})" |
		wsframe encode -b --mask=37fa213d -o raw >"$BATS_TEST_TMPDIR/frame"
	cat "$BATS_TEST_TMPDIR/frame" "$BATS_TEST_TMPDIR/frame" >"$BATS_TEST_TMPDIR/frames"
	same "0x0000  > binary        FIN         100 bytes  key 37fa213d  $all ..." \
		"$(wsframe "$BATS_TEST_TMPDIR/frames" | head -n 1)"
	same 2 "$(wsframe "$BATS_TEST_TMPDIR/frames" | grep -c "  $all \.\.\.$")"
	all=$(printf '%02x ' {0..99})
	all=${all% }
	same "$all $all" "$(wsframe -v "$BATS_TEST_TMPDIR/frames" 2>/dev/null |
		sed -nE 's/^ +[0-9a-f]{4}  (([0-9a-f]{2} )+) .*/\1/p' | xargs)"
	same 2 "$(wsframe --payload-only -o hex "$BATS_TEST_TMPDIR/frames" | grep -c "^$all$")"
	same 2 "$(wsframe --messages "$BATS_TEST_TMPDIR/frames" | grep -c "00 01 .* 0f \.\.\.$")"
	same 2 "$(wsframe -o jsonl "$BATS_TEST_TMPDIR/frames" | grep -c '_`abc"')"
}
