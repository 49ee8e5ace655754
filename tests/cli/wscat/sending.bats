#!/usr/bin/env bats
# The messages that wscat makes of its input and of its words.

load ../helper

# The messages that a server received.
saw() {
	await '^(end|reset)' "$OUT"
	grep -E '^(text|binary|opcode)' "$OUT" | paste -sd '|'
}

@test "words are messages, in their order" {
	bad echo
	wscat -w 0.5 "$URL" one 'two words' </dev/null
	same "text 3 one|text 9 two words" "$(saw)"
}

@test "-x and --execute come before the input" {
	bad echo
	echo input | wscat -w 0.5 -x first --execute=second "$URL"
	same "text 5 first|text 6 second|text 5 input" "$(saw)"
}

@test "-x comes before the words, which replace standard input" {
	bad echo
	run -0 bash -c "echo input | { wscat -w 0.5 -x first '$URL' word; cat; }"
	same $'first\nword\ninput' "$output"
	same "text 5 first|text 4 word" "$(saw)"
}

@test "@FILE sends a file, as one message" {
	printf 'two\nlines\n' >"$BATS_TEST_TMPDIR/file"
	bad echo
	wscat -w 0.5 -x "@$BATS_TEST_TMPDIR/file" "$URL" "@$BATS_TEST_TMPDIR/file" </dev/null
	same 2 "$(grep -c '^text 10 two' "$OUT")"
}

@test "@FILE of a missing file: 1 and its name" {
	serve
	run -1 --separate-stderr wscat "$URL" @/nonexistent/file </dev/null
	one_line '/nonexistent/file: No such file'
}

@test "-b sends words and files as binary" {
	bad echo
	wscat -b -w 0.5 "$URL" hello </dev/null
	same "binary 5 68656c6c6f" "$(saw)"
}

@test "--binary sends the input's bytes, and prints only bytes" {
	serve
	head -c 100000 /dev/urandom >"$BATS_TEST_TMPDIR/bytes"
	wscat --binary -w 0.5 "$URL" <"$BATS_TEST_TMPDIR/bytes" | cmp - "$BATS_TEST_TMPDIR/bytes"
}

@test "-b --input=lines sends lines as binary" {
	bad echo
	printf 'a\n\xff\n' | wscat -b --input=lines -w 0.5 "$URL" >/dev/null
	same "binary 1 61|binary 1 ff" "$(saw)"
}

@test "-t and --text send text" {
	local option
	for option in -t --text; do
		bad echo
		echo hello | wscat "$option" -w 0.5 "$URL"
		same "text 5 hello" "$(saw)"
	done
}

@test "--input=whole: the whole input is one message" {
	bad echo
	printf 'one\ntwo\n' | wscat --input=whole -w 0.5 "$URL"
	same 1 "$(grep -c '^text 8 one' "$OUT")"
}

@test "--input=whole: an empty input is an empty message" {
	bad echo
	wscat --input=whole -w 0.5 "$URL" </dev/null
	same "text 0 " "$(saw)"
}

@test "--input=whole -b: one binary message of any bytes" {
	serve
	head -c 700000 /dev/urandom >"$BATS_TEST_TMPDIR/bytes"
	wscat --input=whole -b -N 1 "$URL" <"$BATS_TEST_TMPDIR/bytes" | cmp - "$BATS_TEST_TMPDIR/bytes"
}

@test "--input=hex: a line of hex is a binary message" {
	bad echo
	printf '00ff\n48 65 6c\n\n' | wscat --input=hex -w 0.5 "$URL" >/dev/null
	same "binary 2 00ff|binary 3 48656c|binary 0 " "$(saw)"
}

@test "--input=hex -t: a text message" {
	bad echo
	echo 48656c6c6f | wscat --input=hex -t -w 0.5 "$URL"
	same "text 5 Hello" "$(saw)"
}

@test "--input=hex: invalid digits are reported with line and column" {
	serve
	run -1 --separate-stderr bash -c "printf '00\n0g\n' | wscat --input=hex -w 0.5 '$URL' | xxd -p
		exit \${PIPESTATUS[1]}"
	same 1 "${#stderr_lines[@]}"
	says 'line 2 .*column 2'
}

@test "an unknown --input: 2, with the valid ones" {
	run -2 --separate-stderr wscat --input=words ws://127.0.0.1:9/
	usage_line 'lines.*whole.*hex'
}

@test "empty lines are empty messages, and a last line needs no newline" {
	bad echo
	printf '\n\na' | wscat -w 0.5 "$URL"
	same "text 0 |text 0 |text 1 a" "$(saw)"
}

@test "no input, no message" {
	bad echo
	wscat -w 0.5 "$URL" </dev/null
	same "" "$(saw)"
}

@test "a carriage return is kept" {
	serve
	run -0 bash -c "printf 'a\r\nb\r\n' | wscat -w 0.5 '$URL' | xxd -p"
	same "$(printf 'a\r\nb\r\n' | xxd -p)" "$output"
}

@test "a NUL in a line is sent" {
	serve
	run -0 bash -c "printf 'a\0b\n' | wscat -w 0.5 '$URL' | xxd -p"
	same 6100620a "$output"
}

@test "lines of one MiB go through whole, and around the sizes of headers" {
	serve
	local size
	for size in 0 1 125 126 127 4095 4096 4097 65535 65536 65537 131072 1048575 1048576; do
		printf '%*s\n' "$size" ''
	done | tr ' ' x >"$BATS_TEST_TMPDIR/lines"
	wscat -N 14 "$URL" <"$BATS_TEST_TMPDIR/lines" | cmp - "$BATS_TEST_TMPDIR/lines"
}

@test "a line in many small writes is one message" {
	bad echo
	(
		for part in a b c d e; do
			printf '%s' "$part"
			sleep 0.02
		done
	) | wscat -w 0.5 "$URL"
	same "text 5 abcde" "$(saw)"
}

@test "UTF-8 is sent unchanged" {
	serve
	run -0 wscat -N 1 "$URL" 'grüße, 世界 🌍' </dev/null
	same 'grüße, 世界 🌍' "$output"
}

@test "a line of hex above --max-message-size is refused, with its number" {
	serve
	run -1 --separate-stderr bash -c \
		"(echo 00; head -c 5000 /dev/zero | tr '\0' 0) | wscat --input=hex --max-message-size=4K -w 0.5 '$URL'"
	says 'line 2 .*4096'
}

@test "a file above --max-message-size is refused, with its name" {
	head -c 5000 /dev/zero >"$BATS_TEST_TMPDIR/file"
	serve
	run -1 --separate-stderr wscat --max-message-size=4K "$URL" "@$BATS_TEST_TMPDIR/file" </dev/null
	one_line '/file: .*--max-message-size'
}

@test "wsserve --fragment: sends fragments of the same message" {
	# Up to 16 KiB is echoed as one message, however it arrives; 16,000 bytes are 16 fragments.
	# A broadcast message is whole at any size.
	serve --fragment=1000 --echo
	head -c 12000 /dev/urandom | base64 -w 0 >"$BATS_TEST_TMPDIR/line"
	wscat -vv --count=1 "$URL" <"$BATS_TEST_TMPDIR/line" >"$BATS_TEST_TMPDIR/echo" \
		2>"$BATS_TEST_TMPDIR/frames"
	same "$(cat "$BATS_TEST_TMPDIR/line")" "$(cat "$BATS_TEST_TMPDIR/echo")"
	same 15 "$(grep -c '< continuation' "$BATS_TEST_TMPDIR/frames")"

	serve --fragment=1000 --broadcast
	head -c 100000 /dev/urandom | base64 -w 0 >"$BATS_TEST_TMPDIR/line"
	background wscat -vv --no-stdin -w -1 --count=1 "$URL"
	hearer=$PID heard=$OUT frames=$LOG
	await 101 "$frames"
	wscat -w 0 "$URL" <"$BATS_TEST_TMPDIR/line"
	finished "$hearer"
	same "$(cat "$BATS_TEST_TMPDIR/line")" "$(cat "$heard")"
	same 133 "$(grep -c '< continuation' "$frames")"
}

@test "-x: @@x sends @x, @- all of standard input, both also as words" {
	printf 'two\nlines\n' >"$BATS_TEST_TMPDIR/in"
	bad echo
	wscat -w 0.5 -x @@first -x @- -x last "$URL" <"$BATS_TEST_TMPDIR/in" >/dev/null
	same $'text 6 @first\ntext 10 two\nlines\n\ntext 4 last' "$(sed -n '/^text/,/last/p' "$OUT")"
	bad echo
	wscat -w 0.5 "$URL" @- @@ <"$BATS_TEST_TMPDIR/in" >/dev/null
	same $'text 10 two\nlines\n\ntext 1 @' "$(sed -n '/^text/,/@/p' "$OUT")"
	run -2 --separate-stderr wscat ws://127.0.0.1:9/ @- @-
	usage_line "'@-' was given twice"
}

@test "a word or a file that is not UTF-8: 1, and a hint at --binary" {
	serve
	run -1 --separate-stderr wscat "$URL" $'b\xffd' </dev/null
	says 'not UTF-8; --binary'
	printf 'b\xffd' >"$BATS_TEST_TMPDIR/file"
	run -1 --separate-stderr wscat "$URL" "@$BATS_TEST_TMPDIR/file" </dev/null
	says 'file is not UTF-8; --binary'
}

@test "a file of a message that is missing is known before anything is connected" {
	bad echo
	run -1 --separate-stderr wscat "$URL" hello @nofile </dev/null
	one_line '^wscat: nofile: No such file or directory$'
	run -1 --separate-stderr wscat ws://127.0.0.1:9/ -x @nofile </dev/null
	one_line '^wscat: nofile: No such file or directory$'
	same "listening $URL" "$(cat "$OUT")"
	run -0 wscat -1 "$URL" @@nofile </dev/null
	same @nofile "$output"
}

@test "@FILE that is a pipe: it is waited for until --timeout or a signal; /file does not wait" {
	serve
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	run -7 wscat -T 200ms -w 0 -x "@$BATS_TEST_TMPDIR/fifo" "$URL"
	says 'fifo: nothing has come to read' "$output"
	run -124 timeout 1 wscat -w 0 -x "@$BATS_TEST_TMPDIR/fifo" "$URL"
	background wscat -l 0 -x "@$BATS_TEST_TMPDIR/fifo"
	local listener=$PID status=0
	await 'listening on' "$LOG"
	background wscat -w -1 --no-stdin "$(sed -n 's/^wscat: listening on //p' "$LOG")"
	echo hello >"$BATS_TEST_TMPDIR/fifo"
	await '^hello$' "$OUT"
	kill "$listener"
	finished "$listener" || status=$?
	same 143 "$status"
	run -0 bash -c "wscat -w 0 -x @<(echo a pipe) '$URL' </dev/null"
	same 'a pipe' "$output"
	run -0 timeout 20 wscat --slash -w 0 "$URL" <<<"/file $BATS_TEST_TMPDIR/fifo"
	says 'nothing has come to read' "$output"
}
