#!/usr/bin/env bats
# shellcheck disable=SC2009,SC2012,SC2016,SC2317 # processes by their words; scripts in quotes
# wsserve COMMAND: how a process ends, and when none is started.

load ../helper

# --- its end ---

@test "a status that is not 0 is 1011, and is said" {
	serve sh -c 'echo out; exit 7'
	run -9 --separate-stderr wscat "$URL" </dev/null
	same out "$output"
	says '1011.*COMMAND ended with status 7'
	serve sh -c 'kill -SEGV $$'
	run -9 --separate-stderr wscat "$URL" </dev/null
	says '1011.*COMMAND was ended by SIGSEGV'
}

# The program says "ready" when it has forked its three children, which may not run `sleep` yet.
family_sleeps() {
	(($(pgrep -c -g "$(pgrep -P "$SERVER")" -x sleep) == 3))
}

@test "the client leaves, in order or not: the whole group dies, and is reaped" {
	local family
	family=$(shell_script family.sh <<-END
		sleep 1000 &
		(sleep 1000 & sleep 1000) &
		echo ready
		wait
	END
	)
	serve "$family"
	local before how
	before=$(descriptors)
	for how in TERM KILL; do
		background wscat -w -1 "$URL" </dev/null
		await ready "$OUT"
		eventually family_sleeps
		kill -"$how" "$PID"
		eventually no_children
	done
	same "$before" "$(descriptors)"
}

@test "what a program leaves behind when it ends goes with it" {
	serve "$(shell_script leaves.sh <<-'END'
		sleep 999 >/dev/null &
		echo "$!"
		exit 0
	END
	)"
	run -0 wscat "$URL" </dev/null
	eventually ended "$output"
	eventually no_children
}

@test "a program that has closed its output is fed until it exits" {
	local program dir=$BATS_TEST_TMPDIR words mode
	program=$(shell_script bin/closes.sh <<-'END'
		printf 'last words'
		exec >&-
		while read -r word; do
			echo "$word" >>"${0%/bin/*}/words"
			[ "$word" != end ] || exit 3
		done
	END
	)
	words=$dir/words
	mkfifo "$dir/in"
	exec 9<>"$dir/in"
	for mode in "$program" "--shared $program" "--dir=$dir/bin"; do
		# shellcheck disable=SC2086 # words
		serve $mode
		: >"$words"
		background wscat -v "${URL}closes.sh" <"$dir/in"
		# A shared one said them before there was a client.
		[[ $mode == --shared* ]] && await '101 Switching' "$LOG" || await 'last words' "$OUT"
		local word
		for word in one two end; do
			echo "$word" >&9
			await "^$word$" "$words"
		done
		await 'closed by the server: 1011 .*COMMAND ended with status 3' "$LOG"
	done
	exec 9<&-
}

@test "a program that has closed its output ends when its client leaves" {
	serve --kill=INT:10s "$(shell_script closed.sh <<-'END'
		trap 'echo int >>"${0%/*}/signals"; exit' INT
		echo ready
		exec >&-
		while :; do sleep 0.02; done
	END
	)"
	background wscat -w -1 "$URL" </dev/null
	await ready "$OUT"
	kill "$PID"
	eventually no_children
	same int "$(cat "$BATS_TEST_TMPDIR/signals")"
	run -0 wscat -w 0 "$URL" hello </dev/null
	same ready "$output"
}

@test "--kill: other signals, other times, and the stubborn die too" {
	serve --kill=INT:100ms,TERM:100ms "$(shell_script stubborn.sh <<-'END'
		trap 'echo int >>"$LOG"' INT
		trap 'echo term >>"$LOG"' TERM
		LOG=${0%/*}/signals
		echo ready
		while :; do sleep 0.02; done
	END
	)"
	background wscat -w -1 "$URL" </dev/null
	await ready "$OUT"
	kill "$PID"
	eventually no_children
	same $'int\nterm' "$(cat "$BATS_TEST_TMPDIR/signals")"
	run -2 --separate-stderr timeout 40 wsserve --kill=NONSENSE cat
	usage_line --kill
}

@test "--closems: so long may it go on by itself when its client has left" {
	serve --closems=20000 "$(shell_script tidy.sh <<-'END'
		cat >/dev/null
		sleep 0.3
		echo tidied >"${0%/*}/trace"
	END
	)"
	run -0 wscat -w 0 "$URL" hello </dev/null
	await tidied "$BATS_TEST_TMPDIR/trace"
	run -2 --separate-stderr timeout 40 wsserve --closems=1s cat
	usage_line --closems
}

@test "a client that never said anything waits for nothing" {
	serve --ping-interval=0 "$(shell_script ticker.sh <<-'END'
		while :; do echo tick; sleep 0.05; done
	END
	)"
	run -0 timeout 40 wscat -N 2 "$URL" </dev/null
	eventually no_children
}

@test "SIGTERM of the server: no process is left" {
	serve sh -c 'trap "" TERM; echo ready; sleep 1000 & sleep 1000'
	background wscat -w -1 "$URL" </dev/null
	await ready "$OUT"
	local group
	group=$(pgrep -P "$SERVER")
	kill "$SERVER"
	finished "$SERVER"
	# shellcheck disable=SC2009
	[[ -z $(ps -eo pgid=,stat= | awk -v g="$group" '$1 == g && $2 !~ /^Z/') ]]
}

@test "a hundred connections one after the other leave nothing behind" {
	serve cat
	run -0 wscat -w 0 "$URL" hello </dev/null
	eventually no_children
	local before i
	before=$(descriptors)
	for i in {1..100}; do
		wscat -N 1 "$URL" "$i" </dev/null >"$BATS_TEST_TMPDIR/out"
		same "$i" "$(cat "$BATS_TEST_TMPDIR/out")"
	done
	eventually no_children
	same "$before" "$(descriptors)"
}

@test "with several threads each ends its own" {
	serve -t 3 sh -c 'trap "" TERM; echo ready; sleep 1000 & cat'
	local i clients=()
	for i in 1 2 3 4 5 6; do
		background wscat -w -1 "$URL" </dev/null
		await ready "$OUT"
		clients+=("$PID")
	done
	same 6 "$(children | wc -l)"
	kill "${clients[0]}" "${clients[3]}" "${clients[4]}"
	three_left() { [[ $(children | wc -l) == 3 ]]; }
	eventually three_left
	local groups
	groups=$(pgrep -P "$SERVER" | tr '\n' ' ')
	kill "$SERVER"
	finished "$SERVER"
	[[ -z $(ps -eo pgid=,stat= | awk -v g=" $groups" 'index(g, " " $1 " ") && $2 !~ /^Z/') ]]
}

@test "wsserve's parent may ignore SIGCHLD" {
	start bash -c "trap '' CHLD; exec wsserve -p 0 --announce sh -c 'exit 7'"
	run -9 --separate-stderr wscat "$URL" </dev/null
	says 'COMMAND ended with status 7'
}

@test "--oneshot: the last words of the only one" {
	serve --oneshot sort
	run -0 wscat -w 0 "$URL" <<<$'b\na'
	same $'a\nb' "$output"
	finished "$SERVER"
}

# --- how many, and when not ---

@test "--maxforks: 503 above, and room again when one has ended" {
	serve --maxforks=1 cat
	mkfifo "$BATS_TEST_TMPDIR/in"
	exec 9<>"$BATS_TEST_TMPDIR/in"
	background wscat "$URL" <"$BATS_TEST_TMPDIR/in"
	echo hello >&9
	await hello "$OUT"
	run -5 --separate-stderr wscat "$URL" hello </dev/null
	says 503
	says 'as many programs run as may at a time'
	grep -q TOO_MANY_PROGRAMS "$SERVER_LOG"
	kill "$PID"
	exec 9<&-
	again() { wscat -N 1 "$URL" hello </dev/null 2>/dev/null; }
	eventually again
}

@test "a client that left before its request was looked at: no process for it" {
	serve sh -c 'echo "started $$" >>"$0"; cat >>"$0"' "$BATS_TEST_TMPDIR/trace"
	kill -STOP "$SERVER"
	"$PYTHON" - "$PORT" <<-'END'
		import socket, struct, sys
		request = (b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		           b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
		for more, reset in ((b"", 0), (b"", 0), (b"", 1), (b"\x81\x86\0\0\0\0hello\n", 0)):
		    client = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
		    client.sendall(request + more)
		    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", reset, 0))
		    client.close()
	END
	kill -CONT "$SERVER"
	await '^hello$' "$BATS_TEST_TMPDIR/trace" # a message that came is for the program
	eventually no_children
	same 1 "$(grep -c started "$BATS_TEST_TMPDIR/trace")"
	logged 3 ' EOF_IN_HANDSHAKE '
	logged 1 ' open from '
}

@test "a COMMAND that is not there: 1, at once" {
	run -1 --separate-stderr timeout 40 wsserve -p 0 no-such-command
	one_line 'cannot run no-such-command: No such file'
	echo text >"$BATS_TEST_TMPDIR/file"
	run -1 --separate-stderr timeout 40 wsserve -p 0 "$BATS_TEST_TMPDIR/file"
	one_line 'Permission denied \(make it executable: chmod \+x /.*/file\)$'
}

@test "a COMMAND that is a port, or a file of the current folder: a hint" {
	cd "$BATS_TEST_TMPDIR"
	echo '#!/bin/sh' >count.sh
	run -1 --separate-stderr timeout 40 wsserve -p 0 9000
	one_line 'cannot run 9000: No such file or directory \(to listen on that port: --port=9000\)$'
	run -1 --separate-stderr timeout 40 wsserve :9000
	one_line 'cannot run :9000: No such file or directory \(to listen on that port: --port=9000\)$'
	run -1 --separate-stderr timeout 40 wsserve localhost:9000
	one_line 'to listen there: --listen=localhost:9000\)$'
	run -1 --separate-stderr timeout 40 wsserve ws://127.0.0.1:9000/
	one_line 'cannot run ws://127.0.0.1:9000/: .* \(a server takes no URL: it listens with --port=N .*--proxy=tcp:HOST:PORT'
	run -1 --separate-stderr timeout 40 wsserve "$BATS_TEST_TMPDIR"
	one_line ': Permission denied \(it is a directory: --staticdir=/.* serves its files, --dir=/.* runs its programs\)$'
	run -1 --separate-stderr timeout 40 wsserve -p 0 count.sh
	one_line 'cannot run count.sh: .* \(make it executable: chmod \+x ./count.sh, and name it with the ./\)$'
	chmod +x count.sh
	run -1 --separate-stderr timeout 40 wsserve -p 0 count.sh
	one_line 'cannot run count.sh: No such file or directory \(of this folder it is ./count.sh\)$'
	run -2 --separate-stderr wsserve --listen=8081
	usage_line 'expected ADDRESS:PORT, as in 127.0.0.1:8080$'
}

@test "a COMMAND that cannot be executed after all: 1011, and the log says why" {
	printf 'nonsense\n' >"$BATS_TEST_TMPDIR/broken"
	printf '#!/no/such/interpreter\n' >"$BATS_TEST_TMPDIR/broken"
	chmod +x "$BATS_TEST_TMPDIR/broken"
	serve "$BATS_TEST_TMPDIR/broken"
	run -9 --separate-stderr wscat "$URL" </dev/null
	says '1011.*COMMAND could not be started'
	await 'cannot run .*/broken: its interpreter .*: No such file' "$SERVER_LOG"
}

# Ends four runs of COMMAND by that option of wscat and message, and is served then.
not_backed_off() { # WSCAT-ARGUMENT...
	local i
	for i in {1..4}; do
		wscat -q "$@" </dev/null 2>/dev/null || true
	done
	run --separate-stderr wscat -q "$@" </dev/null
	run ! grep 503 <<<"$stderr"
	run ! grep 'backing off' "$SERVER_LOG"
}

@test "one client cannot take COMMAND from the others" {
	serve grep --line-buffered foo
	not_backed_off -w 0 "$URL" bar          # exit 1: nothing found
	not_backed_off -w 0 "$URL"              # the same without a word
	same foo "$(wscat -1 "$URL" foo </dev/null)"
	serve sh -c 'read word; exit 3'
	not_backed_off "$URL" x
	serve sh -c 'read word; kill -SEGV $$' # a message that it does not survive
	not_backed_off "$URL" x
	serve sh -c 'read word; exec /no/such/program'
	not_backed_off "$URL" x
	serve --shared sh -c 'read word; exit 3'
	not_backed_off "$URL" x
}

# A program that took a second to end, as under load, does not count as ended at once.
refused() {
	wscat "$URL" </dev/null 2>&1 | grep -q 503
}

@test "what shows that COMMAND cannot run: 126, 127, a signal, or an end at once" {
	local script i
	for script in 'exit 126' 'exec /no/such/program' 'kill -SEGV $$' 'exit 1'; do
		serve sh -c "$script"
		for i in 1 2 3; do
			run -9 wscat -q "$URL" </dev/null
		done
		eventually refused
	done
	serve sh -c 'kill -SEGV $$'
	for i in 1 2 3; do # whose messages it never reads
		run -9 wscat -q -w -1 "$URL" x </dev/null
	done
	eventually refused
}

none_left() {
	no_children && (($(descriptors) <= DESCRIPTORS))
}

@test "a lack of descriptors of ours is no failure of COMMAND" {
	start bash -c 'ulimit -n 32; exec wsserve -p 0 --announce cat'
	SERVER=$PID SERVER_LOG=$LOG
	wscat -1 "$URL" warm </dev/null
	eventually no_children
	DESCRIPTORS=$(descriptors)
	background "$PYTHON" "$FIXTURES/crowd.py" burst "$PORT" 12
	await . "$OUT"
	eventually logged_at_least 3 'Too many open files'
	kill "$PID"
	eventually none_left
	same hello "$(wscat -1 "$URL" hello </dev/null)"
}

# Where curl is slower than the pause, it is the probe.
asked_to_wait() {
	run -0 curl -si --http1.1 -H 'Connection: Upgrade' -H 'Upgrade: websocket' \
		-H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' \
		"http://127.0.0.1:$PORT/"
	grep -q '^HTTP/1.1 503 ' <<<"$output" && grep -q '^Retry-After: [12]' <<<"$output"
}

@test "a COMMAND that keeps failing is backed off: 503, Retry-After, one probe at a time" {
	serve "$(shell_script moody.sh <<-'END'
		[ -e "${0%/*}/well" ] || exit 1
		echo well
	END
	)"
	local i
	for i in 1 2 3; do
		run -9 wscat "$URL" </dev/null
	done
	eventually refused
	eventually asked_to_wait
	await 'moody.sh keeps failing' "$SERVER_LOG"
	touch "$BATS_TEST_TMPDIR/well"
	again() { [[ $(wscat "$URL" </dev/null 2>/dev/null) == well ]]; }
	eventually again
	again # and from then on for everybody
	again
}
