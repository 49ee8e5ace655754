#!/usr/bin/env bats
# wscat at a terminal: a real one, tmux's.

# shellcheck disable=SC2016 # other shells expand it
load ../helper

setup() {
	command -v tmux >/dev/null || skip "tmux is not installed"
	export LC_ALL=C.UTF-8 TERM=xterm-256color
	unset TMUX
}

teardown() {
	close_terminal
	end_all
}

# Ends the terminal, and waits for tmux's server, which would take the next terminal with it, and for
# wscat, which takes leave of its own.
close_terminal() {
	local pid pids=()
	mapfile -t pids < <(mux display-message -p '#{pid}' 2>/dev/null)
	for pid in $(mux list-panes -a -F '#{pane_pid}' 2>/dev/null); do
		pids+=("$pid")
		# shellcheck disable=SC2207 # numbers
		pids+=($(cat "/proc/$pid/task/$pid/children" 2>/dev/null))
	done
	mux kill-server 2>/dev/null || true
	for pid in "${pids[@]}"; do
		eventually ended "$pid"
	done
}

mux() {
	tmux -L "wscat-$BATS_ROOT_PID-$BATS_TEST_NUMBER" -f /dev/null "$@" 3>&-
}

# Runs wscat in a terminal of this many columns; its exit status is written to the file "status".
terminal() { # COLUMNS WSCAT-ARGUMENT...
	local columns=$1
	shift
	# The shell outlives the signals that keys send to both. The end of a terminal is a SIGCONT too, which makes
	# LeakSanitizer wait for ever if it has just stopped the process; the other tests look for leaks.
	local sanitizer=ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
	printf '%q ' trap : INT QUIT >"$BATS_TEST_TMPDIR/command"
	printf '; %s ' "$(printf '%q ' env "PATH=$PATH" "$sanitizer" wscat "$@")" >>"$BATS_TEST_TMPDIR/command"
	printf '; echo $? >%q; cat\n' "$BATS_TEST_TMPDIR/status" >>"$BATS_TEST_TMPDIR/command"
	mux new-session -d -x "$columns" -y 24 "sh $BATS_TEST_TMPDIR/command"
}

keys() {
	mux send-keys "$@"
}

screen() {
	mux capture-pane -p | sed '/^$/d'
}

# Waits until the screen has this line.
shows() { # REGEX
	eventually eval "screen | grep -qE -e '$1'" || {
		screen >&2
		return 1
	}
}

ended_with() { # STATUS
	eventually test -s "$BATS_TEST_TMPDIR/status"
	same "$1" "$(cat "$BATS_TEST_TMPDIR/status")"
}

@test "what is typed is sent, what comes is shown with an arrow, Ctrl-D ends it" {
	serve
	terminal 80 -w 0.5 "$URL"
	shows '^wscat: connected to ws://127.0.0.1'
	keys 'hello' Enter
	shows '^< hello$'
	shows '^> hello$'
	keys C-d
	ended_with 0
}

@test "a message that arrives does not garble the line that is typed" {
	local columns
	for columns in 80 20; do
		mkfifo "$BATS_TEST_TMPDIR/in.$columns"
		exec 7<>"$BATS_TEST_TMPDIR/in.$columns"
		background wsserve -p 0 --announce=2 --pipe <&7
		await '^listening' "$LOG"
		terminal "$columns" -w 0.5 "$(sed -n 's/^listening //p' "$LOG")"
		shows 'connected to'
		keys 'a line that is typed gr' 'ü' '世界'
		shows '世界'
		echo arrives >&7
		shows '^< arrives$'
		# The line is there once, and whole.
		eventually eval '[[ $(screen | sed -n "/^> a line/,\$p" | tr -d "\n ") == ">alinethatistypedgrü世界" ]]'
		same 1 "$(screen | grep -c '^> a line')"
		keys BSpace '!' Enter
		await '^a line that is typed grü世!$' "$OUT"
		close_terminal
		exec 7>&-
	done
}

@test "a paste of many lines is one message" {
	bad echo
	terminal 80 -w 0.5 "$URL"
	shows 'connected to'
	printf 'one\ntwo\nthree\n' >"$BATS_TEST_TMPDIR/paste"
	mux load-buffer "$BATS_TEST_TMPDIR/paste"
	mux paste-buffer -p
	shows 'three'
	same $'> one\ntwo\nthree' "$(screen | sed 1d)"
	run ! grep '^text' "$OUT"
	keys Enter
	await '^text 13 one' "$OUT"
}

@test "a paste of a terminal that does not mark it is taken as it is typed, however long" {
	bad echo
	terminal 80 -w 0.5 "$URL"
	shows 'connected to'
	printf 'ä%.0s' {1..100000} >"$BATS_TEST_TMPDIR/paste"
	printf 'é\nnext\n' >>"$BATS_TEST_TMPDIR/paste"
	mux load-buffer "$BATS_TEST_TMPDIR/paste"
	mux paste-buffer
	await '^text 200002 ä{20}' "$OUT"
	await '^text 4 next' "$OUT"
}

@test "Ctrl-Z and fg: the line comes back, is edited on, and a paste is one message" {
	bad echo
	mux new-session -d -x 80 -y 24 "env ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 PS1='$ ' bash --norc --noprofile -i"
	keys "wscat -q $URL" Enter
	shows '^>$'
	keys half
	shows '^> half$'
	keys C-z
	shows 'Stopped'
	keys fg Enter
	eventually eval '[[ $(screen | tail -n 1) == "> half" ]]'
	keys Left Left Home 'one ' End '!' Enter
	shows '^< one half!$'
	await '^text 9 one half!' "$OUT"
	keys C-z
	eventually eval '(($(screen | grep -c Stopped) == 2))'
	keys fg Enter
	eventually eval '[[ $(screen | tail -n 1) == ">" ]]'
	printf 'one\ntwo\nthree' >"$BATS_TEST_TMPDIR/paste"
	mux load-buffer "$BATS_TEST_TMPDIR/paste"
	mux paste-buffer -p
	shows '^three$'
	keys Enter
	await '^text 13 one' "$OUT"
	keys C-d
	eventually eval '[[ $(screen | tail -n 1) == "$" ]]'
}

@test "Ctrl-Z and bg: it runs on without the terminal, and ends when it is asked to" {
	bad echo
	mux new-session -d -x 80 -y 24 "env ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 PS1='$ ' bash --norc --noprofile -i"
	keys "wscat -q $URL" Enter
	shows '^>$'
	keys "$(printf 'x%.0s' {1..200})"
	shows 'x{40}$'
	keys C-z
	shows 'Stopped'
	run ! grep -q x <<<"$(screen | grep -v '^\$ wscat')"
	keys bg Enter
	shows '^\[1\]. wscat.*&$'
	keys fg Enter
	shows '^> x{60}'
	keys BSpace y C-z
	eventually eval '(($(screen | grep -c Stopped) == 2))'
	local pid
	pid=$(pgrep -f "^wscat -q $URL")
	keys bg Enter
	eventually eval '[[ $(sed "s/.*) //" "/proc/$pid/stat") == S* ]]'
	keys 'kill %1' Enter
	eventually ended "$pid"
	eventually eval 'screen | tail -n 1 | grep -qx "\\$"'
}

@test "a tab is typed as any character" {
	bad echo
	terminal 80 -w 0.5 "$URL"
	shows 'connected to'
	keys c1 Tab c2 Enter
	await $'^text 5 c1\tc2' "$OUT"
}

@test "a paste of many lines, with tabs, is not garbled by a message that arrives, nor by another size" {
	mkfifo "$BATS_TEST_TMPDIR/in"
	exec 7<>"$BATS_TEST_TMPDIR/in"
	background wsserve -p 0 --announce=2 --pipe <&7
	await '^listening' "$LOG"
	terminal 80 -q -w 0.5 "$(sed -n 's/^listening //p' "$LOG")"
	await ' open ' "$LOG"
	printf 'one\n\tand a tab\n%s\nlast' "$(printf '=%.0s' {1..90})" >"$BATS_TEST_TMPDIR/paste"
	mux load-buffer "$BATS_TEST_TMPDIR/paste"
	mux paste-buffer -p
	shows '^last$'
	echo arrives >&7
	shows '^< arrives$'
	eventually eval '[[ $(screen | head -n 3) == "< arrives"* && $(screen | tail -n 1) == last ]]'
	same 1 "$(screen | grep -c '^> one$')"
	same 1 "$(screen | grep -c 'and a tab$')"
	mux resize-window -x 60
	eventually eval '(($(screen | grep -c "^=\{60\}$") == 1))'
	same 1 "$(screen | grep -c '^> one$')"
	exec 7>&-
}

@test "the line that is typed outlasts its connection" {
	local port
	port=$(free_port)
	serve -p "$port"
	terminal 80 --reconnect --reconnect-delay 100ms "$URL"
	shows 'connected to'
	keys 'half ty'
	shows '^> half ty$'
	kill "$SERVER"
	finished "$SERVER"
	shows 'connecting again'
	keys 'pe'
	serve -p "$port"
	eventually eval '(($(screen | grep -c "connected to") == 2))'
	shows '^> half type$'
	same 1 "$(screen | grep -c half)"
	keys d Enter
	shows '^< half typed$'
}

@test "-l: a client that leaves does not take the line with it" {
	terminal 80 -l "unix:$BATS_TEST_TMPDIR/socket"
	shows 'listening'
	background wscat --unix-socket "$BATS_TEST_TMPDIR/socket" ws://localhost/
	shows 'client 1'
	keys 'precious'
	shows '^> precious$'
	wscat --unix-socket "$BATS_TEST_TMPDIR/socket" ws://localhost/ bye -w 0
	shows 'client 2 left'
	shows '^> precious$'
	keys Enter
	await '^precious$' "$OUT"
}

@test "Ctrl-R searches, Ctrl-V quotes, Ctrl-Left goes by words, and keys of no use do nothing" {
	bad echo
	terminal 80 "$URL"
	shows 'connected to'
	keys 'first line' Enter
	shows '^< first line'
	keys 'ab cd' C-Left X PPage F5 F12 C-Space y Enter
	shows '^< ab Xycd$'
	keys 'mine' C-r
	shows "^search .*: mine$"
	keys l i
	shows "^search .li.: first line$"
	keys Escape
	shows '^> mine$'
	keys C-r irs
	shows "^search .irs.: first line$"
	keys End '!' Enter
	await '^text 11 first line!$' "$OUT"
	keys a C-v
	keys Tab b Enter
	await '^text 3 a.b$' "$OUT"
}

@test "history: the line before, also from a file" {
	bad echo
	terminal 80 -w 0.5 --history="$BATS_TEST_TMPDIR/history" "$URL"
	shows 'connected to'
	keys 'first line' Enter
	shows '^< first line'
	keys Up ' again' Enter
	await '^text 16 first line again' "$OUT"
	keys C-d
	ended_with 0
	says 'first' "$(cat "$BATS_TEST_TMPDIR/history")"
	same 600 "$(stat -c %a "$BATS_TEST_TMPDIR/history")"
	close_terminal
	bad echo
	terminal 80 --history="$BATS_TEST_TMPDIR/history" "$URL"
	shows 'connected to'
	keys Up Up Enter
	await '^text 10 first line$' "$OUT"
	close_terminal
	serve
	terminal 80 --history=none "$URL"
	shows 'connected to'
}

@test "a file that is no history is left as it is" {
	serve
	echo notes >"$BATS_TEST_TMPDIR/notes"
	terminal 300 -w 0.5 --history="$BATS_TEST_TMPDIR/notes" "$URL"
	shows 'notes is no history: it is left as it is'
	shows 'connected to'
	keys hello Enter
	shows '^< hello'
	keys C-d
	ended_with 0
	same notes "$(cat "$BATS_TEST_TMPDIR/notes")"
}

@test "what is typed before the first client is there appears once, with its keys" {
	terminal 80 -l "unix:$BATS_TEST_TMPDIR/socket"
	shows 'listening'
	keys early Left X
	background wscat --unix-socket "$BATS_TEST_TMPDIR/socket" ws://localhost/
	shows '^> earlXy$'
	same 1 "$(screen | grep -c earl)"
	keys Enter
	await '^earlXy$' "$OUT"
}

@test "Ctrl-\\ leaves the terminal as it was" {
	serve
	terminal 80 "$URL"
	shows 'connected to'
	keys "C-\\"
	ended_with 131
	keys 'seen'
	shows '^seen$'
}

@test "a history that cannot be written is said" {
	bad echo
	terminal 80 -w 0.5 --history="$BATS_TEST_TMPDIR/no/such" "$URL"
	shows 'connected to'
	keys hello Enter
	shows '^< hello'
	keys C-d
	shows '^wscat: cannot save the history: '
}

@test "--slash: Tab completes commands" {
	bad echo
	terminal 80 --slash "$URL"
	shows '/help lists'
	keys /pi Tab ' x' Enter
	await '^ping 1 78' "$OUT"
}

@test "escapes of a hostile server are shown, not obeyed, under -J too" {
	bad print
	terminal 80 "$URL"
	shows '\\x1b\[31mred\\x07'
	close_terminal
	serve --reply=$'\u202eevil\u009b31m'
	terminal 80 "$URL" x
	shows 'xe2\\x80\\xae|202e'
	close_terminal
	terminal 120 -J "$URL" x
	shows '\\u202eevil\\u009b31m'
}

@test "-i at a terminal: a line a header" {
	serve
	terminal 80 -i "$URL" x
	shows '^HTTP/1.1 101 Switching Protocols$'
	shows '^Upgrade: websocket$'
	shows '^< x$|^x$'
}

@test "-J and -i at a terminal: the prompt comes after what they print at first" {
	local option
	serve
	for option in -J -i; do
		terminal 200 $option "$URL"
		shows '^(\{.*"type":"open"|Upgrade: websocket)'
		eventually eval '[[ $(screen | tail -n 1) == ">" ]]'
		same 1 "$(screen | grep -c '^>')"
		close_terminal
	done
}

@test "a line when the server closes" {
	bad close 1000 bye
	terminal 80 "$URL"
	shows '^wscat: closed by the server: 1000 .*: bye'
	ended_with 0
}

@test "Ctrl-C ends it with 130, and the terminal is as it was" {
	serve
	terminal 80 "$URL"
	shows 'connected to'
	keys 'half a line' C-c
	ended_with 130
	keys 'echoed' Enter
	shows '^echoed$'
}

@test "a password is asked for without echo" {
	bad echo
	terminal 80 -u me "$URL"
	shows 'Password of me:'
	keys 'hunter2' Enter
	await "^header Authorization: Basic $(printf me:hunter2 | base64)" "$OUT"
	run ! grep hunter2 <<<"$(screen)"
}

@test "Ctrl-C where a password is asked for sends nothing: 130" {
	bad echo
	terminal 80 -u me "$URL"
	shows 'Password of me:'
	keys C-c
	ended_with 130
	shows 'no password was entered'
	run ! grep '^header' "$OUT"
}
