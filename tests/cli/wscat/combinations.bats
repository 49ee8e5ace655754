#!/usr/bin/env bats
# also: check
# Options that do not go together: nothing is ignored, dropped or garbled without a word.

load ../helper

# Each line: the arguments before the URL, a colon, and what the line on standard error matches.
refused() {
	local case
	while read -r case; do
		[[ -n $case ]] || continue
		# shellcheck disable=SC2086 # words
		run -2 --separate-stderr wscat ${case%%:*} ws://127.0.0.1:9/ </dev/null
		usage_line "${case#*:}"
	done
}

@test "options that exclude each other" {
	refused <<-'END'
		-t -b:--text and --binary exclude each other
		-0 --input=hex:--input and --null-terminated exclude each other
		-J -r:--jsonl and --raw exclude each other
		-J --format=hex:--format and --jsonl exclude each other
		-r --format=hex:--format and --raw exclude each other
		-E -w 1:--exit-on-eof and --wait exclude each other
		-1 -N 2:--one-message and --count exclude each other
		-4 -6:--ipv4 and --ipv6 exclude each other
	END
}

@test "options without an effect" {
	refused <<-'END'
		--ping-timeout=1:--ping-timeout has no effect without --ping-interval
		--max-redirects=1:--max-redirects has no effect without --location
		--reconnect-delay=1:--reconnect-delay has no effect without --reconnect
		--check-idle=1:--check-idle has no effect without --check
		-J --pretty:--pretty has no effect with another --format than text
		-b --pretty:--pretty has no effect with another --format than text
		-J -Z:--null-after has no effect on JSON Lines
		-J --timestamps=iso:--timestamps has no effect on JSON Lines
		-b --keep-newline:--keep-newline has an effect on lines and --input=nul only
		--input=whole --slash:--slash has an effect on lines only
		-b --history=h:--history has an effect on lines only
		--chunk=1:--chunk has an effect with --binary only
		--input=hex --chunk=1:--chunk has an effect with --binary only
		--no-stdin --chunk=1 -b:--chunk has no effect: standard input is not read
		--no-stdin --slash:--slash has no effect: standard input is not read
		--no-stdin --history=h:--history has no effect: standard input is not read
		--no-stdin --input=hex:--input has no effect: standard input is not read
	END
}

@test "options that would garble the output" {
	refused <<-'END'
		-b --timestamps=iso:--timestamps would be mixed with the bytes of messages
		-r --timestamps=rel:--timestamps would be mixed with the bytes of messages
		--format=raw --timestamps=rel:--timestamps would be mixed with the bytes of messages
		-J -i:--include would be mixed with JSON Lines
	END
	serve
	run -0 wscat -b --color=always -w 0 "$URL" hello </dev/null
	same hello "$output"
	run -0 wscat -r --color=always -N 1 "$URL" hello </dev/null
	same hello "$output"
}

@test "--check sends its own messages and prints its own lines" {
	local option
	for option in -x\ a -t -b --input=hex -0 --keep-newline --send-delay=1 --slash --history=h -z --format=hex -J \
		-r -Z --pretty --timestamps=iso -P -i --stats -w\ 1 -E -1 -N\ 1 --expect=a --request-reply \
		--idle-timeout=1 --close-code=1000 --close-reason=a --ping-interval=1 --reconnect -L; do
		# shellcheck disable=SC2086 # words
		run -2 --separate-stderr wscat --check $option ws://127.0.0.1:9/
		usage_line 'check'
	done
	run -2 --separate-stderr wscat --check ws://127.0.0.1:9/ hello
	usage_line 'its own messages'
}

@test "--listen has no use for options of a client" {
	local option
	for option in -c\ ws://127.0.0.1:9/ -L -H\ A:b --auth=a:b --bearer=a -o\ a -A\ a --host=a --proxy=a --resolve=a:1:127.0.0.1 \
		-4 -6 --interface=lo --unix-socket=a --connect-timeout=1 -k --tls-domain=a --reconnect --lenient -i --check \
		--stats --request-reply --send-delay=1 -1; do
		# shellcheck disable=SC2086 # words
		run -2 --separate-stderr wscat -l 0 $option </dev/null
		usage_line 'listen'
	done
}

@test "no message of the command line is dropped without a word" {
	run -2 --separate-stderr wscat -1 ws://127.0.0.1:9/ one two
	usage_line '--one-message sends one message, and there are 2'
	run -2 --separate-stderr wscat -1 -x one -x two ws://127.0.0.1:9/
	usage_line '--one-message sends one message, and there are 2'
	run -2 --separate-stderr wscat -N 2 --request-reply ws://127.0.0.1:9/ a b c
	usage_line '--count=2 ends it before the last of 3 messages, each of which waits for a reply'
	serve
	run -0 --separate-stderr wscat -N 3 --request-reply "$URL" a b c </dev/null
	same $'a\nb\nc' "$output"
	same "" "$stderr"
	# What cannot be known before is said.
	run -0 --separate-stderr wscat --expect=a --request-reply "$URL" a b c </dev/null
	same a "$output"
	one_line_of_stderr 'not sent: 2 of the 3 messages of the command line'
	run -0 --separate-stderr wscat -N 1 --send-delay=60s "$URL" a b </dev/null
	one_line_of_stderr 'not sent: 1 of the 2 messages of the command line'
	bad close 1000
	run -0 --separate-stderr wscat --send-delay=60s "$URL" a b c </dev/null
	says 'not sent: [1-3] of the 3 messages of the command line'
	bad close 1000
	run -0 --separate-stderr wscat -q --send-delay=60s "$URL" a b c </dev/null
	same "" "$stderr"
}

# shellcheck disable=SC2154
one_line_of_stderr() { # REGEX
	same 1 "${#stderr_lines[@]}"
	says "$1"
}
