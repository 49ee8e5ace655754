#!/usr/bin/env bats
# shellcheck disable=SC2009,SC2012,SC2016,SC2317 # processes by their words; scripts in quotes
# wsserve COMMAND and --dir: a process a connection, and no trace of it afterwards.

load ../helper

# --- three things that people do with it ---

@test "a program that counts: a line is a message, and its end closes" {
	serve "$(shell_script count.sh <<-'END'
		for i in 1 2 3 4 5 6 7 8 9 10; do echo $i; sleep 0.02; done
	END
	)"
	run -0 --separate-stderr wscat -v "$URL" </dev/null
	same "$(seq 10)" "$output"
	says 'closed by the server: 1000'
}

@test "a program that greets: a message is a line, and each gets its answer" {
	serve "$(shell_script greeter.sh <<-'END'
		while read -r name; do echo "Hello $name!"; done
	END
	)"
	run -0 wscat "$URL" World Ωmega '' </dev/null
	same $'Hello World!\nHello Ωmega!\nHello !' "$output"
}

@test "a program that dumps its environment: websocketd's variables" {
	serve "$(shell_script dump-env.sh <<-'END'
		for name in AUTH_TYPE CONTENT_LENGTH CONTENT_TYPE GATEWAY_INTERFACE PATH_INFO PATH_TRANSLATED \
			QUERY_STRING REMOTE_ADDR REMOTE_HOST REMOTE_IDENT REMOTE_PORT REMOTE_USER REQUEST_METHOD \
			REQUEST_URI SCRIPT_NAME SERVER_NAME SERVER_PORT SERVER_PROTOCOL SERVER_SOFTWARE UNIQUE_ID \
			HTTP_ACCEPT HTTP_HOST HTTP_ORIGIN HTTP_X_REQUEST_ID HTTP_TRACEPARENT HTTPS HTTP_PROXY; do
			eval "[ \"\${$name+x}\" ] && echo \"$name=\$$name\"" || echo "no $name"
		done
	END
	)"
	run -0 wscat -H 'X-Request-Id: 7' -H 'traceparent: 00-12-34-01' -H 'Proxy: http://evil/' \
		"${URL}some%20where?a=b&c=%20d" </dev/null
	says '^GATEWAY_INTERFACE=websocketd-CGI/0.1$' "$output"
	says '^SERVER_SOFTWARE=wsserve/' "$output"
	says '^SERVER_PROTOCOL=HTTP/1.1$' "$output"
	says '^SERVER_NAME=127.0.0.1$' "$output"
	says "^SERVER_PORT=$PORT\$" "$output"
	says '^REQUEST_METHOD=GET$' "$output"
	says '^REQUEST_URI=/some%20where\?a=b&c=%20d$' "$output"
	says '^SCRIPT_NAME=/$' "$output"
	says '^PATH_INFO=/some where$' "$output"
	says '^PATH_TRANSLATED=$' "$output"
	says '^QUERY_STRING=a=b&c=%20d$' "$output"
	says '^REMOTE_ADDR=127.0.0.1$' "$output"
	says '^REMOTE_HOST=127.0.0.1$' "$output"
	says '^REMOTE_PORT=[0-9]+$' "$output"
	says '^REMOTE_USER=$' "$output"
	says '^AUTH_TYPE=$' "$output"
	says '^UNIQUE_ID=[0-9a-z]+-1$' "$output"
	says "^HTTP_HOST=127.0.0.1:$PORT\$" "$output"
	says '^HTTP_X_REQUEST_ID=7$' "$output"
	says '^HTTP_TRACEPARENT=00-12-34-01$' "$output"
	says '^no HTTPS$' "$output"
	says '^no HTTP_PROXY$' "$output"
}

@test "who was let in by a password: REMOTE_USER, and not the password" {
	serve --auth=joe:secret sh -c 'echo "$REMOTE_USER,$AUTH_TYPE,$HTTP_AUTHORIZATION"'
	run -0 wscat --auth joe:secret "$URL" </dev/null
	same 'joe,Basic,' "$output"
}

# --- messages ---

@test "1 MiB and everything below comes back through cat, byte for byte" {
	serve --binary cat
	head -c 1048576 /dev/urandom >"$BATS_TEST_TMPDIR/in"
	wscat -b "$URL" <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out"
	cmp "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
	local option
	for option in -b --binary; do
		serve "$option" cat
		run -0 bash -c "wscat -b -N 1 '$URL' @$FIXTURES/page.html </dev/null | cmp - $FIXTURES/page.html"
	done
}

@test "a message of 1 MiB in one line" {
	serve --text cat
	head -c 1048576 /dev/zero | tr '\0' x >"$BATS_TEST_TMPDIR/in"
	run -0 bash -c "wscat -N 1 '$URL' @$BATS_TEST_TMPDIR/in </dev/null | wc -c"
	same 1048577 "$output"
}

@test "200000 lines through cat: none lost, none merged, in order" {
	serve cat
	seq 1 200000 >"$BATS_TEST_TMPDIR/in"
	wscat "$URL" <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out"
	cmp "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
}

@test "what the program says to the end of its input is heard before the close is answered" {
	serve sort
	run -0 wscat -w 0 "$URL" <<<$'c\na\nb'
	same $'a\nb\nc' "$output"
	serve wc -l
	run -0 wscat -w 0 "$URL" <<<$'c\na\nb'
	same 3 "$output"
}

@test "the last line needs no newline" {
	serve printf 'one\ntwo'
	run -0 wscat "$URL" </dev/null
	same $'one\ntwo' "$output"
}

@test "a line that is not UTF-8 comes as binary" {
	serve printf 'caf\351\n'
	run -0 --separate-stderr wscat -vv "$URL" </dev/null
	says '< .*binary' "$stderr"
}

@test "--framing=nul: newlines are nothing special" {
	serve --framing=nul sort -z
	run -0 wscat -w 0 "$URL" $'b\nx' a </dev/null
	same $'a\nb\nx' "$output"
	says '2 messages .* in, 2 and ' "$(eventually grep -h 'close by' "$SERVER_LOG" && cat "$SERVER_LOG")"
}

@test "--framing=len32: any bytes" {
	serve -b --framing=len32 "$PYTHON" -u -c '
import sys
while True:
    head = sys.stdin.buffer.read(4)
    if len(head) < 4:
        break
    body = sys.stdin.buffer.read(int.from_bytes(head, "big"))
    sys.stdout.buffer.write(head + body[::-1])
    sys.stdout.buffer.flush()'
	run -0 client binary "$URL" 00ff0a 0a 0d
	same $'0aff00\n0a\n0d' "$output"
}

@test "--framing=len32, jsonl: an incomplete last message is logged" {
	serve --framing=len32 sh -c 'printf "\0\0\0\3abc\0\0\0\5ab"'
	run -0 wscat -w 5 "$URL" </dev/null
	same abc "$output"
	eventually grep -q 'the last message was not sent: the output ended within it' "$SERVER_LOG"
	serve --framing=jsonl sh -c 'printf "{\"data\":\"abc\"}\n{\"da"'
	run -0 wscat -w 5 "$URL" </dev/null
	same abc "$output"
	eventually grep -q 'the last record cannot be sent' "$SERVER_LOG"
}

@test "--framing=jsonl: opens, messages and closes are records, and so are answers" {
	serve --framing=jsonl "$(shell_script answer.sh <<-END
		while read -r record; do
			echo "\$record" >>'$BATS_TEST_TMPDIR/records'
			case \$record in
			*'"type":"open"'*) echo '{"data":"welcome"}' ;;
			*'"data":"bin"'*) echo '{"b64":"AP8="}' ;;
			*'"data":"nonsense"'*) echo 'this is no record' ;;
			*'"data":"no code"'*) echo '{"type":"close","code":1006}' ;;
			*'"data":"bye"'*) echo '{"type":"close","code":4321,"reason":"so long"}' ;;
			*) echo '{"data":"what?"}' ;;
			esac
		done
	END
	)"
	run -9 --separate-stderr wscat -v "${URL}x?y" hello nonsense 'no code' bye </dev/null
	same $'welcome\nwhat?' "$output"
	says 'closed by the server: 4321 .*so long'
	await '"type":"close".*"code":' "$BATS_TEST_TMPDIR/records"
	await 'COMMAND wrote a record that cannot be sent: not JSON' "$SERVER_LOG"
	await 'COMMAND wrote a record that cannot be sent: "code" is not a close code' "$SERVER_LOG"
	"$PYTHON" - "$BATS_TEST_TMPDIR/records" "$ROOT/docs/record.schema.json" <<-'END'
		import json, sys, jsonschema
		records = [json.loads(line) for line in open(sys.argv[1])]
		for record in records:
		    jsonschema.validate(record, json.load(open(sys.argv[2])))
		assert [r["type"] for r in records] == ["open", "text", "text", "text", "text", "close"], records
		assert records[0]["url"] == "/x?y" and records[1]["data"] == "hello"
		assert len({r["conn"] for r in records}) == 1
	END
}

@test "a message of the program's larger than --max-message-size ends it: 1011" {
	serve --max-message-size=1K head -c 5000 /dev/zero
	run -9 --separate-stderr wscat "$URL" </dev/null
	says '1011.*larger than --max-message-size'
	eventually no_children
}

@test "output comes at once, a line while the program goes on" {
	serve "$(shell_script slow.sh <<-'END'
		echo first
		read -r line
		echo "then $line"
	END
	)"
	mkfifo "$BATS_TEST_TMPDIR/in"
	exec 9<>"$BATS_TEST_TMPDIR/in"
	background wscat "$URL" <"$BATS_TEST_TMPDIR/in"
	await '^first$' "$OUT"
	echo go >&9
	await '^then go$' "$OUT"
	exec 9<&-
}

# --- backpressure ---

# bats test_tags=measures
@test "a client that does not read stops the program, not the memory" {
	serve yes "$(printf '%01000d' 0)"
	background "$PYTHON" -S "$FIXTURES/client.py" unread "$URL"
	await '^open' "$OUT"
	eventually at_rest "$(pgrep -P "$SERVER" -x yes)" "$SERVER"
	grew_less "$SERVER" 6000
	kill "$PID"
	eventually no_children
}

# bats test_tags=measures
@test "a program that does not read stops the client, not the memory" {
	serve --ping-interval=1s --ping-timeout=2s sleep 1000
	head -c 30000000 /dev/zero >"$BATS_TEST_TMPDIR/in"
	background wscat -b "$URL" <"$BATS_TEST_TMPDIR/in"
	await 'open' "$SERVER_LOG"
	eventually at_rest "$PID" "$SERVER"
	sleep 3.5 # measured: a ping and its time limit: the client is stopped, not taken for dead
	grew_less "$SERVER" 6000
	kill "$PID"
	eventually no_children
}

# --- what it gets from us ---

@test "standard error is logged; --passstderr passes it on" {
	serve sh -c 'echo to the log >&2; echo out'
	run -0 wscat "$URL" </dev/null
	same out "$output"
	await ' process sh: to the log$' "$SERVER_LOG"
	serve --passstderr sh -c 'echo to the log >&2; echo out'
	run -0 wscat "$URL" </dev/null
	same out "$output"
	await '^to the log$' "$SERVER_LOG"
}

@test "--passenv: what is named, and nothing else of ours" {
	export SECRET=hush OTHER=loud
	serve sh -c 'echo "$SECRET,$OTHER,${PATH:+path}"'
	run -0 wscat "$URL" </dev/null
	same ',,path' "$output"
	serve --passenv=OTHER,PATH sh -c 'echo "$SECRET,$OTHER,${PATH:+path}"'
	run -0 wscat "$URL" </dev/null
	same ',loud,path' "$output"
}

@test "--chdir: where it runs; COMMAND is found from where wsserve was started" {
	cd "$BATS_TEST_TMPDIR"
	mkdir elsewhere
	shell_script where.sh <<<pwd
	serve --chdir=elsewhere ./where.sh
	run -0 wscat "$URL" </dev/null
	same "$BATS_TEST_TMPDIR/elsewhere" "$output"
	run -1 --separate-stderr timeout 40 wsserve -p 0 --chdir=nowhere cat
	one_line 'cannot run anything in nowhere: No such file'
}

@test "it has no descriptor of ours but its three" {
	serve sh -c 'ls /proc/self/fd | wc -l'
	run -0 wscat "$URL" </dev/null
	same 4 "$output" # and the directory that ls looks at
}

@test "--pty: a terminal, so that nothing is held back, and no echo" {
	serve --pty "$PYTHON" -c '
import sys
print("first", sys.stdin.isatty(), sys.stdout.isatty())
for line in sys.stdin:
    print("got " + line, end="")'
	mkfifo "$BATS_TEST_TMPDIR/in"
	exec 9<>"$BATS_TEST_TMPDIR/in"
	background wscat "$URL" <"$BATS_TEST_TMPDIR/in"
	await '^first True True$' "$OUT"
	echo hello >&9
	await '^got hello$' "$OUT"
	same 2 "$(wc -l <"$OUT")"
	kill "$PID"
	exec 9<&-
	eventually no_children
}

@test "--pty: the end of input is an end there too" {
	serve --pty sort
	run -0 wscat -w 0 "$URL" <<<$'c\na\nb'
	same $'a\nb\nc' "$output"
}

# --- who may not ---

@test "no page of another origin reaches a program, a service or standard input" {
	local mode
	for mode in cat --shared\ cat --dir=/bin --pipe --proxy=tcp:127.0.0.1:1; do
		# shellcheck disable=SC2086 # words
		serve $mode
		run -5 --separate-stderr wscat -o http://evil.example "$URL" hello </dev/null
		says 'HTTP status 403'
	done
}

# --- the command line ---

@test "the first word begins COMMAND, and its options are its own" {
	serve echo -n --binary -p
	run -0 wscat "$URL" </dev/null
	same '--binary -p' "$output"
}

@test "two modes at once, or options that exclude each other: 2" {
	local words
	for words in '--echo cat' '--dir=/bin cat' '--text --binary cat'; do
		# shellcheck disable=SC2086 # words
		run -2 --separate-stderr timeout 40 wsserve -p 0 $words
		usage_line '(two modes at once|exclude each other)'
	done
	run -2 --separate-stderr timeout 40 wsserve --framing=morse cat
	usage_line --framing
}
