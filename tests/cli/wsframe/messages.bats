#!/usr/bin/env bats
# wsframe: messages: inflated, followed, extracted, summed up; and frames made of them, which decode to
# the same again.

load ../helper

DATA=$BATS_TEST_DIRNAME/../../fixtures/wsframe

setup() {
	one_processor
	CAPTURE=$BATS_TEST_TMPDIR/capture
	TEXT="one and one and one and one and one is five"
}

@test "compressed messages are inflated, with fragments and without" {
	local fragment
	for fragment in 1000 7; do
		wsframe encode --deflate --mask --fragment=$fragment -o pcap "$TEXT" b "$TEXT" >"$CAPTURE"
		run -0 wsframe -S --messages --payload-only "$CAPTURE"
		same "$TEXT"$'\nb\n'"$TEXT" "$output"
	done
	run -0 wsframe -S "$CAPTURE"
	[[ $output == *'RSV1'*'compressed: '* ]]
	wsframe encode --deflate --mask -o pcap "$TEXT" >"$CAPTURE"
	run -0 wsframe -S --inflate "$CAPTURE"
	[[ $output == *"\"$TEXT\"" ]]
}

# A server's handshake with these parameters of permessage-deflate, and then standard input.
after_handshake() { # PARAMETERS
	printf 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
	printf 'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n'
	printf 'Sec-WebSocket-Extensions: permessage-deflate%s\r\n\r\n' "$1"
	cat
}

@test "what is wrong inside of compressed messages is a violation in every view" {
	local view file=$BATS_TEST_TMPDIR/stream
	wsframe encode --deflate -o raw hello world | after_handshake '' >"$file.good"
	wsframe encode --deflate --allow-invalid --hex=c328 -t -o raw | after_handshake '' >"$file.utf8"
	wsframe encode --allow-invalid --rsv1 -t -o raw --hex=07ffff | after_handshake '' >"$file.damaged"
	for view in --frames --messages -ojson -ojsonl -otable --payload-only; do
		run -0 wsframe -S "$view" "$file.good"
		run -10 wsframe -S "$view" "$file.utf8"
		run -10 wsframe -S "$view" "$file.damaged"
	done
	run -10 wsframe -S "$file.utf8"
	same 1 "$(grep -c '! UTF8' <<<"$output")"
	run -10 wsframe -S --messages "$file.utf8"
	same 1 "$(grep -c '! UTF8' <<<"$output")"
	run -10 wsframe -S "$file.damaged"
	says '! INFLATE: .*RFC 7692 7.2.2' "$output"
}

@test "a context that was kept against the agreement is a violation; one that is missing is not" {
	local file=$BATS_TEST_TMPDIR/stream
	"$PYTHON" -c 'import sys, zlib
z = zlib.compressobj(wbits=-15)
for text in b"hello hello hello", b"hello hello hello":
    data = (z.compress(text) + z.flush(zlib.Z_SYNC_FLUSH))[:-4]
    sys.stdout.buffer.write(bytes([0xC1, len(data)]) + data)' >"$file"
	run -0 wsframe -S --messages - < <(after_handshake '' <"$file")
	same 2 "$(grep -c hello <<<"$output")"
	run -10 wsframe -S --messages - < <(after_handshake '; server_no_context_takeover' <"$file")
	says 'no_context_takeover was agreed on' "$output"
	run -0 wsframe -S --messages - < <(after_handshake '; client_no_context_takeover' <"$file")
	# The second alone.
	first=$(od -An -tu1 -j1 -N1 "$file")
	tail -c +"$((3 + first))" "$file" >"$file.second"
	run -0 wsframe -S --inflate "$file.second"
	says 'the context is missing' "$output"
	run -10 wsframe -S - < <(after_handshake '' <"$file.second")
	run -0 --separate-stderr wsframe -o jsonl --inflate "$file.second"
	says '"type":"error".*"name":"INFLATE"' "$output"
	says 'not inflated: the context is missing' "$stderr"
	run -0 --separate-stderr wsframe --inflate --extract="$BATS_TEST_TMPDIR/files" "$file.second"
	same 0-0001-server.deflate "$(ls "$BATS_TEST_TMPDIR/files")"
	says 'not inflated: the context is missing' "$stderr"
	run -0 --separate-stderr wsframe --payload-only - < <(after_handshake '' <"$file")
	says 'payloads are compressed' "$stderr"
}

@test "without a handshake --inflate is needed; a missing context, damage and a bomb are said" {
	local frame
	frame=$(wsframe encode --deflate "$TEXT")
	run -0 wsframe --messages "$frame"
	says 'RSV: a reserved bit' "$output"
	run -0 wsframe -S --inflate --messages "$frame"
	[[ $output == *"\"$TEXT\"" ]]
	run -0 wsframe -S --inflate=client_no_context_takeover --messages "$frame"
	[[ $output == *"\"$TEXT\"" ]]
	run -0 wsframe --inflate c1 05 1a 2d 40 46 0b
	says 'not inflated: the context is missing' "$output"
	run -10 wsframe -S --inflate c1 03 07 ff ff
	says 'not inflated: it is not valid DEFLATE' "$output"
	local params
	for params in 'a;;b' bogus server_max_window_bits=99; do
		run -2 --separate-stderr wsframe --inflate="$params" 8100
		says 'parameters of permessage-deflate'
	done
	head -c 70000000 /dev/zero | wsframe encode -b --deflate -o raw --file=- >"$BATS_TEST_TMPDIR/bomb"
	run -0 wsframe --inflate "$BATS_TEST_TMPDIR/bomb"
	says 'not inflated: it inflates to more than 64 MiB' "$output"
}

@test "a real conversation with context takeover, one that begins in the middle too" {
	command -v tcpdump >/dev/null || skip "tcpdump is not installed"
	need_websockets
	start "$PYTHON" "$FIXTURES/echo_websockets.py"
	local port=${URL##*:} i
	port=${port%%/*}
	background tcpdump --immediate-mode -U -i lo -Z root -w "$CAPTURE" port "$port"
	eventually grep -q 'listening on' "$LOG"
	for i in 1 2 3 4; do seq -s ' ' "$i" 300; done >"$BATS_TEST_TMPDIR/sent"
	wscat --compress=takeover=both "$URL" <"$BATS_TEST_TMPDIR/sent" >"$BATS_TEST_TMPDIR/got"
	cmp "$BATS_TEST_TMPDIR/sent" "$BATS_TEST_TMPDIR/got"
	closed() { (($(wsframe --only=close "$CAPTURE" 2>/dev/null | grep -c normal) == 2)); }
	eventually closed
	kill -INT "$PID"
	eventually ended "$PID"
	run -0 wsframe -S -o table "$CAPTURE"
	says '^ +1 .* 4 .* 1000 +1000 .*ws://127.0.0.1:'"$port"'/ .*permessage-deflate' "$output"
	wsframe --messages --payload-only "$CAPTURE" | sort >"$BATS_TEST_TMPDIR/messages"
	cat "$BATS_TEST_TMPDIR/sent" "$BATS_TEST_TMPDIR/got" | sort | cmp - "$BATS_TEST_TMPDIR/messages"
}

@test "--follow, --stream and --extract: one connection, whole" {
	wsframe encode --mask -o pcap "$(printf '%0200d' 7)" >"$CAPTURE"
	run -0 wsframe --follow "$CAPTURE"
	says "> text +200 bytes  \"$(printf '%0200d' 7)\"" "$output"
	run -0 wsframe --stream=1 "$CAPTURE"
	says '> text' "$output"
	run -1 --separate-stderr wsframe --stream=2 "$CAPTURE"
	one_line 'there is no connection 2: it has 1, and -o table lists those that have a WebSocket$'
	run -0 wsframe --extract="$BATS_TEST_TMPDIR/files" --only=close "$CAPTURE"
	same "$(printf '%0200d' 7)" "$(cat "$BATS_TEST_TMPDIR/files/1-0001-client.txt")"
	run -1 --separate-stderr wsframe --extract="$BATS_TEST_TMPDIR/files" "$CAPTURE"
	says '1-0001-client.txt: File exists'
	run -2 --separate-stderr wsframe --follow -o json "$CAPTURE"
	says 'needs --output=text'
}

@test "a frame that is cut off: its line above what is missing with --follow, and the bytes that are there in the table" {
	printf '\x81\x85\x37\xfa\x21\x3d\x7f\x9f' >"$BATS_TEST_TMPDIR/cut"
	run -0 wsframe --follow "$BATS_TEST_TMPDIR/cut"
	same 2 "${#lines[@]}"
	[[ ${lines[0]} =~ ^0x0000\ +\>\ text\ .*\".e\"$ ]]
	[[ ${lines[1]} =~ 'incomplete: 2 of 5 bytes of the payload are present, 3 are missing' ]]
	run -0 wsframe -o table "$BATS_TEST_TMPDIR/cut"
	same 2 "$(awk 'NR == 2 { print $6 }' <<<"$output")"
}

@test "a long binary message is a dump in rows with --follow" {
	printf '%03000d' 0 >"$BATS_TEST_TMPDIR/file"
	wsframe encode -b --file="$BATS_TEST_TMPDIR/file" -o pcap >"$CAPTURE"
	run -0 wsframe --follow "$CAPTURE"
	same 188 "$(grep -cE '^ {12}0[0-9a-f]{3}  30 ' <<<"$output")"
	same 0 "$(awk 'length > 120' <<<"$output" | wc -l)"
	says '^ {12}0bb0  30 30 30 30 30 30 30 30 {26}0{8}$' "$output"
}

@test "encode --from=jsonl -o pcap: packets have the times of the records" {
	local times='2026-03-04T05:06:07.000100Z 2026-03-04T05:06:07.000130Z 2026-03-04T05:06:09.500000Z'
	wsframe encode --from=jsonl -o pcap >"$CAPTURE" <<-'END'
		{"t":"2026-03-04T05:06:07.000100Z","conn":1,"dir":"out","data":"hi"}
		{"t":"2026-03-04T05:06:07.000130Z","conn":1,"dir":"in","data":"ho"}
		{"t":"2026-03-04T05:06:09.5Z","conn":2,"dir":"out","type":"close","code":1000}
	END
	same "$times" "$(wsframe -o jsonl "$CAPTURE" | jq -r 'select(.type != "open").t' | tr '\n' ' ' | sed 's/ $//')"
}

@test "encode --from=jsonl and -o pcap: records become a conversation, and that the same records" {
	wsframe -o jsonl "$DATA/conversation.pcap" | grep -v '"type":"open"' >"$BATS_TEST_TMPDIR/records"
	plain() { sed -E 's/"(t|us|conn)":("[^"]*"|[0-9]+),//g' "$1"; }
	wsframe encode --from=jsonl -o pcap <"$BATS_TEST_TMPDIR/records" >"$CAPTURE"
	wsframe -S -o jsonl "$CAPTURE" | grep -v '"type":"open"' >"$BATS_TEST_TMPDIR/again"
	diff -u <(plain "$BATS_TEST_TMPDIR/records") <(plain "$BATS_TEST_TMPDIR/again")
	run -1 --separate-stderr wsframe encode --from=jsonl <<<'{"type":"text"}'
	says 'in line 1: neither "data" nor "b64"'
	run -2 --separate-stderr wsframe encode --from=jsonl --text=a
	says 'takes kinds and payloads from the records'
	run -2 --separate-stderr wsframe encode --deflate --ping
	says 'RFC 7692 6.1'
}

@test "decode of encode is identity, whatever the frame and the output" {
	local form
	"$PYTHON" - >"$BATS_TEST_TMPDIR/commands" <<-'END'
		import random
		random.seed(7)
		for _ in range(40):
		    size = random.choice([0, 1, 125, 126, 127, 65535, 65536, random.randint(0, 3000)])
		    options = [random.choice(['-b', '-t']), '--file=-']
		    options += random.choice([[], ['--mask'], ['--mask=zero'], ['--mask=37fa213d']])
		    options += random.choice([[], ['--fragment=%d' % random.randint(1, 2000)]])
		    options += random.choice([[], ['--deflate']])
		    print(size, *options)
	END
	local size options
	while read -r size options; do
		head -c "$size" /dev/urandom | base64 -w0 | head -c "$size" >"$BATS_TEST_TMPDIR/payload"
		for form in hex raw c base64 pcap; do
			# shellcheck disable=SC2086 # options are words
			wsframe encode $options -o "$form" <"$BATS_TEST_TMPDIR/payload" >"$BATS_TEST_TMPDIR/made"
			wsframe -S --inflate --messages --payload-only -o raw "$BATS_TEST_TMPDIR/made" |
				cmp - "$BATS_TEST_TMPDIR/payload" || {
				echo "encode $options -o $form, $size bytes" >&2
				return 1
			}
		done
	done <"$BATS_TEST_TMPDIR/commands"
}
