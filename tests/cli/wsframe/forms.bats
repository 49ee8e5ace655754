#!/usr/bin/env bats
# shellcheck disable=SC2016 # scripts in quotes
# wsframe: the forms in which bytes are pasted. Whatever a tool makes of the same bytes gives the
# same frames.

load ../helper

DATA=$BATS_TEST_DIRNAME/../../fixtures/wsframe

# The output of a command that reads the frames gives the frames.
gives_frames() { # COMMAND ARGUMENT...
	"$@" <"$BYTES" >"$BATS_TEST_TMPDIR/form" 2>"$BATS_TEST_TMPDIR/stderr" || {
		echo "$*: $(cat "$BATS_TEST_TMPDIR/stderr")" >&2
		return 1
	}
	wsframe "$BATS_TEST_TMPDIR/form" >"$BATS_TEST_TMPDIR/stdout" 2>&1 || :
	diff -u "$EXPECTED" "$BATS_TEST_TMPDIR/stdout" && return
	echo "the form of: $*" >&2
	head -n 5 "$BATS_TEST_TMPDIR/form" >&2
	return 1
}

# Rows of 16 bytes, as programs print them: the offset's format, and what is before the text and in its
# middle.
rows() { # OFFSET GAP [MIDDLE]
	"$PYTHON" -c '
import sys
offset, gap, middle = sys.argv[1:]
data = sys.stdin.buffer.read()
for at in range(0, len(data), 16):
    row = data[at : at + 16]
    text = "".join(chr(c) if 32 <= c < 127 else "." for c in row)
    print(offset % at + row.hex(" ").ljust(47) + gap + text[:8] + middle + text[8:])' "$1" "$2" "${3-}"
}

setup() {
	BYTES=$DATA/examples.raw
	EXPECTED=$DATA/examples.text
}

# A frame with every byte in it, which has all that a text column may contain.
every_byte() {
	BYTES=$BATS_TEST_TMPDIR/every.raw
	EXPECTED=$BATS_TEST_TMPDIR/every.text
	"$PYTHON" -c 'import sys; sys.stdout.buffer.write(bytes(range(256)) + b"  |  41 42  |\n")' |
		wsframe encode -b --file=- -o raw >"$BYTES"
	wsframe -f raw "$BYTES" >"$EXPECTED"
}

@test "what people paste: each form gives its frames, or a line that explains it" {
	local file status
	for file in "$DATA"/paste/*.in; do
		status=0
		wsframe <"$file" >"$BATS_TEST_TMPDIR/out" 2>&1 || status=$?
		echo "exit $status" >>"$BATS_TEST_TMPDIR/out"
		diff -u "${file%.in}.out" "$BATS_TEST_TMPDIR/out"
	done
}

@test "xxd, in each of its forms" {
	local options
	for options in "" -u -b -e "-e -g2" "-e -g8" -p -i -g1 -g4 -g8 -g3 -c8 -c32 "-c 256" -d; do
		# shellcheck disable=SC2086 # options are words
		gives_frames xxd $options
	done
	every_byte
	for options in "" -b -e -p -i -g1 -c32; do
		# shellcheck disable=SC2086
		gives_frames xxd $options
	done
}

@test "hexdump and od, in each of their forms" {
	local options
	for options in "" -C -b -x -o -d -c "-v -C"; do
		# shellcheck disable=SC2086 # options are words
		gives_frames hexdump $options
	done
	for options in "" -x -tx1 "-Ax -tx1" "-Ad -tx1" "-An -tx1" -tx1z "-Ax -tx1z -v" -b -to1 -c -tx2 -tx4 \
		-tx8 -tu1 -td1 "-Ax -tx2" "--endian=big -tx2"; do
		# shellcheck disable=SC2086
		gives_frames od $options
	done
	# An odd number of bytes in one line: the last word has a byte too many.
	printf '\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58' >"$BATS_TEST_TMPDIR/odd.raw"
	BYTES=$BATS_TEST_TMPDIR/odd.raw EXPECTED=$BATS_TEST_TMPDIR/odd.text
	wsframe -f raw "$BYTES" >"$EXPECTED"
	for options in -x "" -c -tx4 -tx8; do
		# shellcheck disable=SC2086
		gives_frames od $options
	done
	gives_frames hexdump
	gives_frames hexdump -c
	every_byte
	gives_frames hexdump -C
	gives_frames hexdump
	gives_frames od -tx1z
	gives_frames od -c
}

@test "a text column that begins with blanks, or looks like hex, is not read as bytes" {
	local text form
	BYTES=$BATS_TEST_TMPDIR/hex.raw
	EXPECTED=$BATS_TEST_TMPDIR/hex.text
	for text in 'the answer is: 42' '12345678 41 42 43 44' '            41  ' 'deadbeef cafe 81 05' '  8105486'; do
		wsframe encode -o raw "$text" >"$BYTES"
		wsframe -f raw "$BYTES" >"$EXPECTED"
		for form in "" -g1 -c8 -u -e "-e -g2" -b "-g4 -c32"; do
			# shellcheck disable=SC2086 # options are words
			gives_frames xxd $form
		done
		gives_frames hexdump -C
		gives_frames od -A x -t x1z
		# Wireshark, its Follow Stream, curl, PowerShell 7: one blank before the text where the row is full.
		gives_frames rows '%04x   ' '   '
		gives_frames rows '%08X  ' '   ' ' '
		gives_frames rows '%04x: ' ' '
		gives_frames rows '%016X ' ' '
	done
}

@test "hexyl, in color, in a box and in ASCII" {
	command -v hexyl >/dev/null || skip "hexyl is not installed"
	gives_frames hexyl
	gives_frames hexyl --color=always
	gives_frames hexyl --border=ascii
	every_byte
	gives_frames hexyl
}

@test "base64, in one line and in several" {
	gives_frames base64
	gives_frames base64 -w0
	gives_frames base64 -w 20
}

@test "the lists and strings of languages" {
	local written
	for written in 'list(b)' 'b' 'bytearray(b)' 'b.hex(" ")' 'b.hex("-").upper()' 'b.hex(":")' \
		'[x - 256 if x > 127 else x for x in b]' '[hex(x) for x in b]' \
		'" ".join(map(str, b))' '", ".join("&H%02X" % x for x in b)' \
		'" ".join("$%02X" % x for x in b)' '", ".join("0b{:08b}".format(x) for x in b)' \
		'" ".join("{:08b}".format(x) for x in b)' '";".join("%x" % x for x in b)' \
		'"byte[] a = {" + ", ".join("(byte)0x%02X" % x for x in b) + "};"' \
		'"let a: [u8; 9] = [" + ", ".join("%du8" % x for x in b) + "];"' \
		'"printf \x27" + "".join("\\%03o" % x for x in b) + "\x27"' \
		'"\"" + "".join("\\x%02x" % x for x in b) + "\""' \
		'"".join("%%%02X" % x for x in b)' '"".join("\\u%04x" % x for x in b)'; do
		gives_frames "$PYTHON" -c "import sys
b = sys.stdin.buffer.read()
print($written)"
	done
}

@test "what Node prints of a Buffer, and what it leaves out" {
	command -v node >/dev/null || skip "node is not installed"
	gives_frames node -e 'console.log(require("fs").readFileSync(0))'
	gives_frames node -e 'console.log(JSON.stringify(require("fs").readFileSync(0)))'
	gives_frames node -e 'console.log(new Uint8Array(require("fs").readFileSync(0)))'
	run -0 bash -c "wsframe encode -b --file=<(head -c 300 /dev/zero) -o raw |
		node -e 'console.log(require(\"fs\").readFileSync(0))' | wsframe"
	says '46 of 300 bytes of the payload are present, 254 are missing' "$output"
}

@test "around the bytes: quotes, fences, prompts, a log's times, UTF-16" {
	gives_frames sh -c "xxd | sed 's/^/> /'"
	gives_frames sh -c "echo '\`\`\`text'; xxd; echo '\`\`\`'"
	gives_frames sh -c "echo '\$ xxd frames'; xxd; echo '\$'"
	gives_frames sh -c "od -An -v -tx1 | sed 's/^/2026-01-31T10:20:30.123Z INFO recv:/'"
	gives_frames sh -c "od -An -v -tx1 | sed 's/^ /[10:20:30] read: /; s/ *$/ (bytes)/'"
	gives_frames sh -c 'xxd | iconv -t UTF-16'
	gives_frames sh -c 'hexdump -C | iconv -t UTF-16LE'
	gives_frames sh -c 'xxd -p | iconv -t UTF-16BE'
}

@test "socat -x against a server: both directions" {
	serve --echo
	local port=${URL##*:} form
	port=${port%%/*}
	wsframe encode --mask=37fa213d -o raw Hello >"$BATS_TEST_TMPDIR/frame"
	wsframe encode --mask=zero -o raw --close=1000 >>"$BATS_TEST_TMPDIR/frame"
	{
		printf 'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
		printf 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n'
		cat "$BATS_TEST_TMPDIR/frame"
	} >"$BATS_TEST_TMPDIR/session"
	command -v socat >/dev/null || skip "socat is not installed"
	for form in -x "-x -v"; do
		# shellcheck disable=SC2086 # options are words
		socat $form -t 10 \
			"OPEN:$BATS_TEST_TMPDIR/session,rdonly,ignoreeof!!OPEN:/dev/null,wronly" "TCP:127.0.0.1:$port" \
			>/dev/null 2>"$BATS_TEST_TMPDIR/trace"
		run -0 wsframe -S "$BATS_TEST_TMPDIR/trace"
		says '> GET / HTTP/1.1  \(asks for a WebSocket\)' "$output"
		says '< HTTP/1.1 101 .*accepted' "$output"
		says '> text .*key 37fa213d  "Hello"' "$output"
		says '< text .*no mask       "Hello"' "$output"
	done
}

@test "HAR and our own records: the messages as frames" {
	cat >"$BATS_TEST_TMPDIR/har" <<-'END'
		{"log":{"entries":[{"_webSocketMessages":[
			{"type":"send","time":1.5,"opcode":1,"data":"hi"},
			{"type":"receive","time":1.6,"opcode":2,"data":"AP8="}]}]}}
	END
	run -0 wsframe -v "$BATS_TEST_TMPDIR/har"
	says 'detected as a HAR file' "$output"
	says '> text +FIN +2 bytes .*"hi"' "$output"
	says '< binary +FIN +2 bytes .* 00 ff' "$output"
	run -0 bash -c "wsframe -o jsonl '$DATA/conversation.pcap' | wsframe --messages"
	says '> text +5 bytes  "hello"' "$output"
	run -1 --separate-stderr wsframe <<<'{"type":"text","dir":"sideways","data":"x"}'
	one_line 'in line 1: "dir" is not in or out'
}

@test "numbers that could be of two bases: what they were taken for is said" {
	run -0 --separate-stderr wsframe <<<'[1, 2, 10, 8]'
	says 'taken for hex digits; they could also be decimal numbers'
	run -0 --separate-stderr wsframe <<<'81 5 48 65 6c 6c 6f'
	same "" "$stderr"
	[[ $output == *'"Hello"' ]]
}

@test "a dump with a damaged line is refused, not shortened" {
	sed 's/^\(00000010:.*\)51/\15g/' "$DATA/examples.xxd" >"$BATS_TEST_TMPDIR/dump"
	run -1 --separate-stderr wsframe "$BATS_TEST_TMPDIR/dump"
	one_line 'in line 2'
	sed '2s/^........: ..../&5/' "$DATA/examples.xxd" >"$BATS_TEST_TMPDIR/dump"
	run -1 --separate-stderr wsframe "$BATS_TEST_TMPDIR/dump"
	one_line 'in line 2'
}

@test "the heads of an upgrade alone, as a browser or curl -v shows them, are judged" {
	printf '%s\n' '* Connected to a' '> GET /chat HTTP/1.1' '> Host: a' '> Upgrade: websocket' \
		'> Connection: keep-alive' '> Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' \
		'> Sec-WebSocket-Version: 13' '>' '< HTTP/1.1 101 Switching Protocols' '< Upgrade: websocket' \
		'< Connection: Upgrade' '< Sec-WebSocket-Accept: AAAALMBiTxaQ9kYGzzhZRbK+xOo=' '<' \
		>"$BATS_TEST_TMPDIR/heads"
	run -10 --separate-stderr wsframe -S "$BATS_TEST_TMPDIR/heads"
	says '! CONNECTION_MISSING' "$output"
	says '! ACCEPT_WRONG' "$output"
	sed 's/^[<>] \?//; /^\*/d; s/keep-alive/Upgrade/; s/AAAALMBi/s3pPLMBi/' "$BATS_TEST_TMPDIR/heads" \
		>"$BATS_TEST_TMPDIR/good"
	run -0 --separate-stderr wsframe -S "$BATS_TEST_TMPDIR/good"
	says 'accepted' "$output"
}

@test "dumps with a dash or more blanks in the middle, extended signs, bytea, bits by four" {
	local hello='0x0000  > text          FIN           5 bytes  key 37fa213d  "Hello"' form
	while IFS= read -r form; do
		run -0 --separate-stderr wsframe <<<"$form"
		same "$hello" "$output"
	done <<-'END'
		0000 - 81 85 37 fa 21 3d 7f 9f-4d 51 58    ..7.!=..MQX
		00000000`00401000  81 85 37 fa 21 3d 7f 9f-4d 51 58  ..7.!=..MQX
		T 1 > 2:  81 85 37 fa 21 3d 7f 9f    4d 51 58    ..7.!=..MQX
		ffffff81 ffffff85 37 fffffffa 21 3d 7f ffffff9f 4d 51 58
		\x818537fa213d7f9f4d5158
		<818537fa 213d7f9f 4d5158>
		"\129\1337\250!=\127\159MQX"
		"\x{81}\x{85}7\x{fa}!=\x{7f}\x{9f}MQX"
		"\u{81}\u{85}7\u{fa}!=\u{7f}\u{9f}MQX"
		Uint8Array(11) [129, 133, 55, 250, 33, 61, 127, 159, 77, 81, 88, buffer: ArrayBuffer(11), byteLength: 11]
		{"0":129,"1":133,"2":55,"3":250,"4":33,"5":61,"6":127,"7":159,"8":77,"9":81,"10":88}
		1000 0001 1000 0101 0011 0111 1111 1010 0010 0001 0011 1101 0111 1111 1001 1111 0100 1101 0101 0001 0101 1000
	END
}

@test "text with digits in it is no frame: dates, names, addresses, JSON, SQL, other encodings" {
	local text
	while IFS= read -r text; do
		run -1 --separate-stderr wsframe <<<"$text"
		same "" "$output"
		same 1 "${#stderr_lines[@]}"
	done <<-'END'
		2026-11-28
		09:22:47
		81054865-6c6c-6f81-8537-fa213d7f9f4d
		82:7e:00:80:41:42
		:0B000000818537FA213D7F9F4D51583F
		Cookie: sid=81058537fa213d7f; Path=/
		The commit 8105853 broke it, see also 82fa213d.
		{"id":1,"scores":[129,5,72],"n":"x"}
		INSERT INTO t VALUES (129, 133, 55);
		const a = [129, 133]; ws.send(a);
		http://example.com/%E4%BD%A0
		{"msg":"Gr\u00fc\u00dfe"}
		D\303\251j\303\240 vu
	END
	printf 'Gr\374\337e aus M\374nchen\r\n' >"$BATS_TEST_TMPDIR/latin1"
	head -c 64 /dev/zero >"$BATS_TEST_TMPDIR/zeros"
	local file
	for file in "$BATS_TEST_TMPDIR/latin1" "$BATS_TEST_TMPDIR/zeros" "$ROOT/docs/devconsole-dark.png" \
		"$(command -v ls)"; do
		run -1 --separate-stderr wsframe "$file"
		one_line 'use --from=raw for raw bytes'
	done
}

# The examples of the manual's section "Forms": a name, two blanks at least, the example.
forms_of_manual() {
	sed -n '/^\.Ss Forms/,/^\.Ed/p' "$ROOT/docs/man/wsframe.1" | grep -v '^\.\|^Each line' |
		sed "s/\\\\(aq/'/g; s/\\\\e/\\\\/g; s/^\\\\&//"
}

@test "each form of the manual is read, alone and as it is there" {
	local line form count=0
	while IFS= read -r line; do
		form=${line:17}
		run -0 --separate-stderr wsframe <<<"$form"
		[[ $line != gdb* ]] || {
			# It shows eight bytes a line.
			says 'key 37fa213d ' "$output"
			continue
		}
		same '0x0000  > text          FIN           5 bytes  key 37fa213d  "Hello"' "$output"
		count=$((count + 1))
	done < <(forms_of_manual)
	((count >= 30))
}

@test "the picture in docs/ is what is printed" {
	"$PYTHON" "$FIXTURES/capture.py" unmasked rst silence >"$BATS_TEST_TMPDIR/capture"
	wsframe --color=never "$BATS_TEST_TMPDIR/capture" >"$BATS_TEST_TMPDIR/printed"
	sed -n 's/^<text [^>]*>//p' "$ROOT/docs/wsframe.svg" |
		sed 's/<[^>]*>//g; s/&gt;/>/g; s/&lt;/</g; s/&amp;/\&/g' | diff -u "$BATS_TEST_TMPDIR/printed" -
}

@test "prose, programs and the rest of a log line are no frames" {
	local text
	while IFS= read -r text; do
		run -1 --separate-stderr wsframe - <<<"$text"
		same "" "$output"
	done <<-'END'
		iced tea
		gin and tonic
		Also known as
		give up
		git diff HEAD
		Copies
		int min(a, b)
		f(1, 2)
		foo{1,2}
		struct linger hard = {1, 0};
		tar(1), see rfc[1, 0]
		2026-11-28 12:00:00
		28-11-20 10:20:30
	END
	local hello='0x0000  > text          FIN           5 bytes  key 37fa213d  "Hello"'
	while IFS= read -r text; do
		run -0 --separate-stderr wsframe - <<<"$text"
		same "$hello" "$output"
	done <<-'END'
		127.0.0.1 - - [28/Nov/2026:12:00:00 +0000] "\x81\x857\xFA!=\x7F\x9FMQX" 400 150 "-" "-"
		client sent invalid request: "\x81\x857\xFA!=\x7F\x9FMQX" while reading, server: "x", host: "h"
		"\x81\x857\xFA!=\x7F" "\x9FMQX"
		b'\x81\x857\xFA!=\x7F' b'\x9FMQX'
	END
}

@test "a byte of one digit at the end, where all others have two, is pointed at" {
	local text
	while IFS= read -r text; do
		run -0 --separate-stderr wsframe - <<<"$text"
		says 'text          FIN           5 bytes' "$output"
		says 'the last byte has one digit: is the input cut off there\?'
	done <<-'END'
		81 85 37 fa 21 3d 7f 9f 4d 51 5
		81 05 48 65 6c 6c 6
		RX 81 85 37 fa 21 3d 7f 9f 4d 51 5
		0x81 0x05 0x48 0x65 0x6c 0x6c 0x6
		{0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6}
	END
	while IFS= read -r text; do
		run -0 --separate-stderr wsframe - <<<"$text"
		same '' "$stderr"
	done <<-'END'
		81 5 48 65 6c 6c 6
		12:00 RX: 81 5 48 65 6c 6c 6
		[129, 5, 72, 101, 108, 108, 9]
	END
}

@test "two characters that are no byte, where one is expected: 1, and where they are" {
	local text column
	while read -r column text; do
		run -1 --separate-stderr wsframe - <<<"$text"
		same '' "$output"
		one_line "in line 1, column $column: expected two hex digits"
	done <<-'END'
		32 81 85 37 fa 21 3d 7f 9f 4d 51 3g
		20 81,05,48,65,6c,6c,6g
		19 81 05 48 65 6c 6c g6
		22 RX 81 05 48 65 6c 6c o6
	END
}

@test "a log of empty frames: two bytes after a time, which is not taken for bytes" {
	local line
	for line in '[12:00:00] sent: 89 00' '12:00:00 recv 89 00' '12:00:00 89 00' \
		'2026-11-28 12:00:00.123 DEBUG sent 89 00' '2026-11-28T12:00:00Z ping 89 00'; do
		run -0 wsframe <<<"$line"
		same '0x0000  < ping          FIN           0 bytes  no mask' "$output"
	done
	run -0 wsframe -S <<<$'12:00:00 recv 81 00\n12:00:01 recv 89 00\n12:00:02 recv 88 00'
	same 'text ping close' "$(awk '{ print $3 }' <<<"$output" | xargs)"
	for line in '12:00:00' '12:00' '2026-01-31 12:00:00' '12:00:00 worked 10 20' '12:00:00 code 88 00 of 99' \
		'paid 89 00' '12:00:00 listening on 80 10'; do
		run -1 --separate-stderr wsframe <<<"$line"
		one_line 'unknown form'
	done
}

@test "JSON of something else is explained, and byte arrays in JSON are decoded" {
	local text
	for text in '{"a":[1,2,3]}' '{"id":1}' '[{"a":[1,2,3]}]' '{ "a" : [ 1, 2, 3 ], "b": "x" }' '[[1,2,3],[4,5,6]]' \
		"{'a': [1, 2, 3]}" $'{"a":[1,2,3]}\n{"a":[4,5]}'; do
		run -1 --separate-stderr wsframe <<<"$text"
		one_line 'wsframe: standard input: (unknown form|these are numbers)'
	done
	for text in '[137,0]' '[ 137, 0 ]' '{137, 0}' '{"type":"Buffer","data":[137,0]}' '{"0":137,"1":0}' \
		'{"id":7,"payload":{"type":"Buffer","data":[137,0]}}'; do
		run -0 wsframe <<<"$text"
		says '^0x0000  < ping +FIN +0 bytes  no mask$' "$output"
	done
	run -0 wsframe <<<'{"data":[129,5,72,101,108,108,111]}'
	says '"Hello"$' "$output"
}

# Each text, of printf's format, gives "Hello" and nothing else; the mask does not matter.
all_give_hello() { # TEXT...
	local text
	for text in "$@"; do
		# shellcheck disable=SC2059 # the texts have escapes
		printf "$text" >"$BATS_TEST_TMPDIR/text"
		run -0 wsframe "$BATS_TEST_TMPDIR/text"
		[[ $output =~ ^0x0000\ \ [\<\>]\ text\ .*\"Hello\"$ ]] || {
			printf '%s\n-> %s\n' "$text" "$output" >&2
			return 1
		}
	done
}

@test "strings without quotes end where words follow" {
	all_give_hello '%%81%%05Hello and then\n' 'we saw %%81%%05%%48%%65%%6C%%6C%%6F on it\nBob\n' \
		'\\x81\\x05\\x48\\x65\\x6c\\x6c\\x6f\n\nAny idea what is wrong?\n' '`%%81%%05Hello`\n' \
		'~~~\n\\x81\\x05\\x48\\x65\\x6c\\x6c\\x6f\n~~~\n' '$ show\n\\x81\\x05\\x48\\x65\\x6c\\x6c\\x6f\n$ \n'
}

@test "Haskell's names and separators in strings" {
	all_give_hello '"\\129\\ENQHello"\n' '"\\129\\133\\&7\\250!=\\DEL\\159MQX"\n'
}

@test "gdb: x/8ub, x/8ob, x/8db, x/8cb, and what p repeats and leaves incomplete" {
	all_give_hello '0x4010 <buf>:\t129\t5\t72\t101\t108\t108\t111\n' \
		'0x4010 <buf>:\t0201\t05\t0110\t0145\t0154\t0154\t0157\n' \
		'(gdb) x/7db buf\n0x4010 <buf>:\t-127\t5\t72\t101\t108\t108\t111\n' \
		"0x4010:\t-127 '\\\\201'\t5 '\\\\005'\t72 'H'\t101 'e'\t108 'l'\t108 'l'\t111 'o'\n"
	run -0 wsframe <<<$'$1 = "\\202\\005A", \'\\000\' <repeats 3 times>, "B"'
	says 'binary +FIN +5 bytes +no mask +41 00 00 00 42' "$output"
	run -0 wsframe <<<$'$1 = "\\210\\002\\003", <incomplete sequence \\350>'
	says '1000 \(normal closure\)' "$output"
	run -0 wsframe <<<'$1 = {-126, 2, 65, 66, -126, 9, 1, 2, 3...}'
	says '^0x0004 +. binary +FIN +9 bytes' "$output"
	says 'incomplete: 3 of 9 bytes' "$output"
}

@test "PHP's arrays: print_r, var_dump, var_export" {
	local numbers=(129 5 72 101 108 108 111) print='' dump='' export='' i
	for i in "${!numbers[@]}"; do
		print+="    [$i] => ${numbers[i]}\\n"
		dump+="  [$i]=>\\n  int(${numbers[i]})\\n"
		export+="  $i => ${numbers[i]},\\n"
	done
	all_give_hello "Array\\n(\\n$print)\\n" "array(7) {\\n$dump}\\n" "array (\\n$export)\\n" \
		"Hi all,\\n\\nthe server sends this:\\n\\nArray\\n(\\n$print)\\nBob\\n"
}

@test "gdb: what p/x repeats, and a list among prose that breaks off" {
	run -0 wsframe <<<'$1 = {0x82, 0x5, 0x41, 0x0 <repeats 3 times>, 0x42}'
	says 'binary +FIN +5 bytes +no mask +41 00 00 00 42' "$output"
	run -0 wsframe <<<'Hello everybody, gdb shows this: $1 = {0x81, 0x7e, 0x1, 0x0, 0x61 <repeats 196 times>...} What is wrong?'
	says '^0x0000 +. text +FIN +256 bytes' "$output"
	says 'incomplete: 196 of 256 bytes' "$output"
	# Numbers of prose.
	run -1 wsframe <<<'Hello everybody, these are primes: {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59...}'
}

@test "strace of a program that reads its libraries first" {
	run -0 wsframe <<-'END'
		read(3, "\177ELF\2\1\1\3\0\0\0\0\0\0\0\0\3\0>\0\1\0\0\0"..., 832) = 832
		read(4, "root:x:0:0\n", 4096)        = 11
		read(3, "\201\5He", 4)               = 4
		write(1, "got\10it\n", 7)            = 7
		read(3, "llo", 9)                    = 3
	END
	same '0x0000  < text          FIN           5 bytes  no mask       "Hello"' "$output"
}

# Each string looks for the call that it is an argument of. From the line's beginning, that took
# minutes.
@test "a line of a hundred thousand strings is read once" {
	local before
	for before in 'write(3, ' 'recv' ''; do
		printf '%s' "$before" >"$BATS_TEST_TMPDIR/line"
		yes '"\x8a\x00"' | head -n 100000 | tr '\n' ' ' >>"$BATS_TEST_TMPDIR/line"
		same 100000 "$(timeout 100 wsframe -o json "$BATS_TEST_TMPDIR/line" | grep -c '"type":"pong"')"
	done
}

@test "repetitions of gdb make no more than 16 MiB" {
	printf '"\\202\\005A", "' >"$BATS_TEST_TMPDIR/line"
	yes "\\0\" <repeats 1000000 times>, \"" | head -n 2000 | tr -d '\n' >>"$BATS_TEST_TMPDIR/line"
	echo 'B"' >>"$BATS_TEST_TMPDIR/line"
	run -1 wsframe "$BATS_TEST_TMPDIR/line"
	says 'in line 1, column [0-9]+: the repetitions make more than 16 MiB' "$output"
	local list
	list="{0x81, 0x5, $(printf '0x0 <repeats 9999999 times>, %.0s' 1 2 3)0x1}"
	run -1 wsframe <<<"\$1 = $list"
	says 'in line 1, column [0-9]+: the repetitions make more than 16 MiB' "$output"
	run -1 wsframe --from=c <<<"[$list"
	says 'in line 1, column [0-9]+: the repetitions make more than 16 MiB' "$output"
}

@test "lists: a blank after an index, od -An -to1, no end, bars between" {
	all_give_hello '{"0": 129, "1": 5, "2": 72, "3": 101, "4": 108, "5": 108, "6": 111}\n' \
		' 201 005 110 145 154 154 157\n' '81|05|48|65|6c|6c|6f\n' '|81|05|48|65|6c|6c|6f|\n' \
		'rx 81|05|48|65|6c|6c|6f end\n'
	run -0 --separate-stderr wsframe <<<'byteArrayOf(0x81.toByte(), 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x89.toByte(), 0x00, 0x88.toB'
	says '"Hello"' "$output"
	says '^0x0007 +< ping +FIN +0 bytes' "$output"
	says 'not in the capture$' "$output"
}

@test "lists: strings among the numbers" {
	all_give_hello '\t.byte\t-127\n\t.byte\t5\n\t.ascii\t"Hello"\n' 'ubyteArrayOf(129u, 5u, 72U, 101U, 108u, 108UL, 111u)\n'
	all_give_hello 'db 0x81, 0x05, "Hello"\n' 'hello db 81h, 05h, "Hel", 6ch, "o"\n' "{0x81, 5, 'Hello'}\n" \
		'<<129, 5, "Hello">>\n' '[129, 5, "Hell\\x6f"]\n' '[0x81, 0x05, b"Hello"]\n'
	run -0 wsframe <<<'{0x81, 0x7e, 1, 0, "Hello"}'
	says 'incomplete: 5 of 256 bytes' "$output"
	local json
	for json in '[1, 2, "abc"]' '[2, "19223201", "BootNotification"]' '[130, 2, "abc", 7]' '[5, "a, b"]'; do
		run -1 wsframe <<<"$json"
	done
}

@test "bits without separators, wrapped inside a byte" {
	all_give_hello '1000000100000101010010000110\n0101011011000110110001101111\n' \
		'    1000000100000101010010000110  \n    0101011011000110110001101111\n'
}

@test "a block of bytes among words: wrapped hex, base64, bits, numbers one a line" {
	local before after
	for before in '' '$ dump f\n' 'Hi all,\n\nversion 1.2.3 on port 8080:\n\n' 'On Monday Bob wrote:\n'; do
		for after in '' '\nAny idea?\nBob\n' '$ \n'; do
			[[ -n $before$after ]] || continue
			all_give_hello "${before}81054865\n6c6c6f\n$after" "${before}gQVIZWxs\nbw==\n$after" \
				"${before}gQVIZWxsbw==\n$after" "${before}0x81\n0x05\n0x48\n0x65\n0x6c\n0x6c\n0x6f\n$after" \
				"${before}81\n05\n48\n65\n6c\n6c\n6f\n$after" "${before} 201 005 110 145\n 154 154 157\n$after" \
				"${before}10000001 00000101 01001000 01100101\n01101100 01101100 01101111\n$after"
		done
	done
	all_give_hello 'Bob wrote:\n> gQVIZWxs\n> bw==\n' 'data: 81054865\n6c6c6f\n' \
		'rx = 0x81 0x05 0x48 0x65\n0x6c 0x6c 0x6f\n' 'rx: 10000001 00000101 01001000 01100101\n01101100 01101100 01101111\n'
	# Two of them, a part of one, and numbers are refused.
	local text
	for text in 'see\n1 2 3 4\nhere\n' 'see\n81054865\nhere\n' 'one\ngQVIZWxsbw==\ntwo\ngQVIZWxsbw==\n' 'code\n8900\nsaid\n'; do
		# shellcheck disable=SC2059
		printf "$text" >"$BATS_TEST_TMPDIR/text"
		run -1 --separate-stderr wsframe "$BATS_TEST_TMPDIR/text"
		one_line 'wsframe: '
	done
}

@test "bytes with a logger's prefix, in a code span, a word of a sentence" {
	local log='12:00:00.123 [DEBUG] ws-3 rx: '
	all_give_hello "${log}gQVIZWxsbw==\n" "${log}gQVI\n${log}ZWxs\n${log}bw==\n" "${log}129 5 72 101 108 108 111\n" \
		"${log}81054865\n${log}6c6c6f\n" "${log}[\n${log}  129, 5, 72, 101,\n${log}  108, 108, 111\n${log}]\n" \
		'> gQVIZWxsbw==\n' 'rx: 81 | 05 | 48 | 65 | 6C | 6C | 6F\n' \
		'The server sends `129 5 72 101 108 108 111` and hangs up.\n' \
		'The server sends gQVIZWxsbw== and hangs up.\n' \
		'rx:   0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c,\n  0x6f\n'
	run -0 wsframe <<<'payload: 812841207061727469616c2074657874'
	says '^0x0000 +< text +FIN +40 bytes' "$output"
	# No frames, and two spans.
	local text
	for text in 'sha: 5f9c4ab08cac7457e9111a30e4664920607ea2c1' 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' \
		'either `gQVIZWxsbw==` or `gQVIZWxsbw==`' 'the id is 8d969eef6ecad3c29a3a629280e686cf0c3f5d5a'; do
		run -1 --separate-stderr wsframe <<<"$text"
	done
}

@test "percent-encoding ends at a blank and at &, a bytea at the end of its column" {
	all_give_hello 'http://x/?frame=%%81%%05Hello&x=1\n' 'we get %%81%%05Hello on the wire\n' \
		' id |     frame\n----+--------------------\n  1 | \\x810548656c6c6f\n(1 row)\n'
	run -0 wsframe <<<'we get %81%28A%20partial%20text%20that%20is%20not%20t on the wire'
	says 'incomplete: 28 of 40 bytes' "$output"
}

@test "packets that tshark takes apart are explained; the payloads beside addresses are read" {
	local text
	for text in '[{"_source":{"layers":{"eth.src":"02:42:ac:11:00:02"}}}]' '<pdml><field value="02:42:ac:11:00:02"/>' \
		'{"timestamp":"1","layers":{"eth":{"eth_eth_src":"02:42:ac:11:00:02"}}}' \
		$'Frame 1: 54 bytes on wire (432 bits)\n    Address: 02:00:00:00:00:02\n'; do
		run -1 --separate-stderr wsframe <<<"$text"
		one_line 'decode the capture itself, or tshark -x'
	done
	all_give_hello '02:42:ac:11:00:02\t\n02:42:ac:11:00:02\t810548656c6c6f\n' \
		'eth0 02:00:00:00:00:02 up\nrx 81:05:48:65:6c:6c:6f\n'
	run -1 --separate-stderr wsframe <<<'? (172.17.0.1) at 02:00:00:00:00:02 [ether] on eth0'
	one_line 'unknown form'
}

@test "words: the order of their bytes is that of whole frames" {
	local close='0x0000  < close         FIN           2 bytes  no mask       1000 (normal closure)' options
	printf '\x88\x02\x03\xe8' >"$BATS_TEST_TMPDIR/close"
	for options in "xxd -e" "od -x" "od --endian=big -x" "od -tx1z" "od -An -x" "od -An -tx4"; do
		run -0 --separate-stderr wsframe < <($options <"$BATS_TEST_TMPDIR/close")
		same "$close" "$output"
	done
	for options in ' 0581 6548 6c6c 006f' ' 65480581 006f6c6c' ' 006f6c6c65480581'; do
		run -0 --separate-stderr wsframe <<<"$options"
		same '0x0000  < text          FIN           5 bytes  no mask       "Hello"' "$output"
		says 'taken for words with their last byte first'
	done
	head -c 300 /dev/zero | tr '\0' '<' | wsframe encode --file=- -o raw >"$BATS_TEST_TMPDIR/raw"
	wsframe -f raw "$BATS_TEST_TMPDIR/raw" >"$BATS_TEST_TMPDIR/text"
	BYTES=$BATS_TEST_TMPDIR/raw EXPECTED=$BATS_TEST_TMPDIR/text gives_frames od -v -An -tx1z
}

@test "a bytea of an empty frame, offsets with 0x, and one whole frame that breaks rules" {
	all_give_hello '0x0000: 81 05 48 65 6c 6c 6f\n' '0x0000:  81 05 48 65\n0x0004:  6c 6c 6f\n'
	run -0 wsframe '\x8900'
	same '0x0000  < ping          FIN           0 bytes  no mask' "$output"
	local options form
	for options in --continuation=x "--opcode=11 x" "--rsv2 x"; do
		for form in raw base64; do
			# shellcheck disable=SC2086 # options are words
			run -0 wsframe < <(wsframe encode --allow-invalid $options -o $form)
			says '1 byte   no mask       "x"' "$output"
		done
	done
}

@test "rows whose last one is short, arrays of lldb and of gdb in bits, what is left out in the middle" {
	all_give_hello '(unsigned char[7]) $0 = ([0] = \x27\\x81\x27, [1] = \x27\\x05\x27, [2] = \x27H\x27, [3] = \x27e\x27, [4] = \x27l\x27, [5] = \x27l\x27, [6] = \x27o\x27)\n' \
		'$1 = {[0] = 0x81, [1] = 0x5, [2] = 0x48, [3] = 0x65, [4] = 0x6c, [5] = 0x6c, [6] = 0x6f}\n' \
		'0x4010 <buf>:\t10000001\t00000101\t01001000\t01100101\t01101100\t01101100\t01101111\n' \
		'$1 = {10000001, 101, 1001000, 1100101, 1101100, 1101100, 1101111}\n' \
		'00000000: 81054865\n00000004: 6c6c6f\n'
	wsframe encode -o raw "A text of 21 bytes..." >"$BATS_TEST_TMPDIR/raw"
	wsframe -f raw "$BATS_TEST_TMPDIR/raw" >"$BATS_TEST_TMPDIR/text"
	BYTES=$BATS_TEST_TMPDIR/raw EXPECTED=$BATS_TEST_TMPDIR/text gives_frames xxd -g0
	run -0 wsframe <<-'END'
		Contents of section .data:
		 0000 810b4865 6c6c6f20 31323334  ..Hello 1234
		 000c 35                          5
	END
	says '"Hello 12345"$' "$output"
	run -0 wsframe <<<'{length = 36, bytes = 0x8222f752 1829bf37 748981cf 1079b0b7 ... 831c10fc ab6e7c98}'
	says 'incomplete: 14 of 34 bytes' "$output"
	run -0 wsframe <<<'81 7e 01 00 61 61 ... 61 61'
	says '1 byte: not in the capture' "$output"
	run -0 wsframe <<<'[]uint8 len: 24, cap: 32, [130,22,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,...+7 more]'
	says 'incomplete: 15 of 22 bytes' "$output"
	run -1 wsframe <<<'{1000, 1001, 1010}'
}

@test "a string whose bytes were replaced when it was decoded as UTF-8 is explained" {
	local text
	for text in $'"\xEF\xBF\xBD\\u0002\\u0003\xEF\xBF\xBD"' '"\uFFFD\u0005Hello"'; do
		run -1 --separate-stderr wsframe <<<"$text"
		one_line 'bytes were lost'
	done
}

@test "strings with escapes among the values of a log are read, also those escaped twice" {
	all_give_hello '{"n":1,"msg":"recv \\u0081\\u0005Hello"}\n' '{"level":"debug","msg":"recv \\\\x81\\\\x05Hello"}\n' \
		'INFO data="\\x81\\x05Hello" peer="::1"\n'
	run -0 wsframe <<-'END'
		{"ts":"2026-01-01T10:00:00Z","msg":"\\x89\\x00","who":"\\xe9ric"}
		{"ts":"2026-01-01T10:00:01Z","msg":"started"}
		{"ts":"2026-01-01T10:00:02Z","msg":"\\x81\\x05Hello"}
		{"ts":"2026-01-01T10:00:03Z","msg":"\\x88\\x02\\x03"}
	END
	says '"Hello"$' "$output"
	says 'incomplete: 1 of 2 bytes' "$output"
}
