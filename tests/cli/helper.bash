# shellcheck shell=bash
# Functions for every bats file here. WS_BUILD names the folder of the tools under test: build, or
# build/san for those with sanitizers. Servers listen on free ports and print them; a test waits for
# events, never for time to pass; teardown ends all processes.

bats_require_minimum_version 1.5.0

ROOT=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)
BUILD=$ROOT/${WS_BUILD:-build}
FIXTURES=$ROOT/tests/fixtures
PYTHON=/usr/bin/python3 # the one that has the distribution's modules
[[ -x $PYTHON ]] || PYTHON=python3
PATH=$BUILD:$PATH
export PYTHONPYCACHEPREFIX=$ROOT/build/pycache NODE_PATH=$ROOT/build/npm/node_modules
export ASAN_OPTIONS=${ASAN_OPTIONS-detect_leaks=1:exitcode=99}
export UBSAN_OPTIONS=${UBSAN_OPTIONS-print_stacktrace=1:exitcode=99}
unset NO_COLOR HTTP_PROXY HTTPS_PROXY ALL_PROXY http_proxy https_proxy all_proxy

STARTED=()

# True for the build with sanitizers, whose memory use and speed are not measured.
sanitized() {
	[[ $BUILD == */san ]]
}

# Sleeps without a process of its own: nothing ever comes from there.
pause() { # SECONDS
	[[ ${NEVER-} ]] || exec {NEVER}<> <(:)
	! read -rt "$1" -u "$NEVER"
}

# Waits until the command succeeds; false after PATIENCE seconds, which a machine under load needs.
eventually() {
	local end=$((SECONDS + ${PATIENCE-90})) looks=0
	until "$@"; do
		((SECONDS < end)) || {
			echo "never came true: $*" >&2
			return 1
		}
		pause "0.0$((++looks < 10 ? 2 : 8))"
	done
}

# Waits until a line of the file matches.
await() { # REGEX FILE
	eventually grep -qE -e "$1" "$2" || {
		echo "--- $2" >&2
		cat "$2" >&2
		return 1
	}
}

# Waits until a fixture has printed "port N", and prints N.
port_in() { # FILE
	await '^port [0-9]+$' "$1" && sed -nE 's/^port ([0-9]+)$/\1/p' "$1" | grep .
}

# On one processor packets are captured in the order in which they are sent.
one_processor() {
	local allowed
	allowed=$(taskset -pc "$BASHPID" | sed 's/.*: //; s/[,-].*//')
	taskset -pc "$allowed" "$BASHPID" >/dev/null
}

ended() {
	! kill -0 "$1" 2>/dev/null
}

# Runs a command in the background until the end of the test: its id is in PID, its standard output and
# error are in the files OUT and LOG.
background() {
	OUT=$BATS_TEST_TMPDIR/out.${#STARTED[@]}
	LOG=$BATS_TEST_TMPDIR/log.${#STARTED[@]}
	: >"$OUT"
	: >"$LOG"
	"$@" <&0 >"$OUT" 2>"$LOG" 3>&- &
	PID=$!
	STARTED+=("$PID")
}

says_where() {
	grep -q '^listening ' "$OUT" || ended "$PID"
}

# The same for a server; waits until it prints its address, and sets URL and PORT.
start() {
	background "$@" </dev/null
	eventually says_where
	URL=$(sed -n 's/^listening //p;/^listening /q' "$OUT")
	[[ -n $URL ]] || {
		echo "it did not start: $*" >&2
		cat "$OUT" "$LOG" >&2
		return 1
	}
	PORT=${URL##*:}
	PORT=${PORT%/}
}

# Starts wsserve on a free port: its id and its log are in SERVER and SERVER_LOG.
# shellcheck disable=SC2034 # the tests use them
serve() {
	start wsserve -p 0 --announce "$@"
	SERVER=$PID
	SERVER_LOG=$LOG
	watch_peak "$SERVER"
}

# The port that --admin listens on. The log is written by a thread of its own: a line may come after
# what it is about, so all that is read from it is waited for.
admin_port() {
	await ' \(admin\)' "$SERVER_LOG"
	sed -nE 's|.* on http://[0-9.]+:([0-9]+)/ \(admin\).*|\1|p' "$SERVER_LOG"
}

# Waits until so many lines of the server's log match, and fails if more do.
logged() { # COUNT REGEX
	eventually logged_at_least "$@"
	same "$1" "$(grep -cE -e "$2" "$SERVER_LOG")"
}

logged_at_least() { # COUNT REGEX
	(($(grep -cE -e "$2" "$SERVER_LOG") >= $1))
}

# Starts a server that misbehaves in one way: see tests/fixtures/badserver.py. Its output is in $OUT.
bad() {
	start "$PYTHON" -S "$FIXTURES/badserver.py" "$@"
}

# Sends requests over HTTP/1.1 and prints the responses: see tests/fixtures/ask.py.
ask() {
	"$PYTHON" -S "$FIXTURES/ask.py" "$@"
}

client() {
	"$PYTHON" -S "$FIXTURES/client.py" "$@"
}

# Waits for the end of the command: its exit status.
finished() { # [PID]
	local pid=${1-$PID} status=0
	eventually ended "$pid"
	wait "$pid" || status=$?
	return "$status"
}

# A free port.
free_port() {
	"$PYTHON" -S -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# The peak memory of a process, in kB.
peak() {
	awk '$1 == "VmHWM:" { print $2 }' "/proc/$1/status"
}

# Remembers the peak of a process; `serve` does for its server.
declare -A PEAK_BEFORE
watch_peak() { # PID
	PEAK_BEFORE[$1]=$(peak "$1")
}

# The peak of a process has grown by less than so many kB since watch_peak. Always true with sanitizers,
# whose memory proves nothing.
grew_less() { # PID KB
	sanitized || (($(peak "$1") - PEAK_BEFORE[$1] < $2)) || {
		echo "memory of $1: ${PEAK_BEFORE[$1]} kB at first, $(peak "$1") kB now" >&2
		return 1
	}
}

# True when none of the processes has used the processor for ten looks: for `eventually`, where all have
# to stop because they wait for each other.
at_rest() { # PID...
	local pid now=
	for pid; do
		now+=" $(awk '{ print $14 + $15 }' "/proc/$pid/stat")" || return
	done
	[[ $now == "${REST-}" ]] || RESTED=0
	REST=$now
	((++RESTED > 10))
}

same() { # EXPECTED ACTUAL
	[[ $1 == "$2" ]] || {
		printf 'expected: %s\n     got: %s\n' "$1" "$2" >&2
		return 1
	}
}

# After `run --separate-stderr`: stdout is empty, and stderr is one line that matches.
# shellcheck disable=SC2154 # run sets them
one_line() { # REGEX
	same "" "$output"
	same 1 "${#stderr_lines[@]}"
	says "$1"
}

# The same for a usage error, which the pointer to --help may follow.
# shellcheck disable=SC2154
usage_line() { # REGEX
	same "" "$output"
	says "^wsc?[a-z]*: .*$1" "${stderr_lines[0]}"
	((${#stderr_lines[@]} == 1)) ||
		same "Try '${stderr_lines[0]%%:*} --help' for more." "${stderr_lines[*]:1}"
}

# A line on stderr, or of TEXT, matches.
# shellcheck disable=SC2154
says() { # REGEX [TEXT]
	local text=${2-$stderr}
	grep -qE -e "$1" <<<"$text" || {
		printf 'no line like: %s\n%s\n' "$1" "$text" >&2
		return 1
	}
}

need_websockets() {
	"$PYTHON" -c 'import websockets' 2>/dev/null || skip "python3-websockets is not installed"
}

# The tools may have been built without it (WITH_HTTP2=0).
need_http2() {
	wscat --http2=prior --no-stdin ws://127.0.0.1:9/ 2>&1 | grep -q 'built without' && skip "built without HTTP/2"
	return 0
}

need_ws() {
	node -e 'require("ws")' 2>/dev/null || skip "npm's ws is not installed"
}

need_npm_wscat() {
	NPM_WSCAT=$NODE_PATH/.bin/wscat
	[[ -x $NPM_WSCAT ]] || skip "npm's wscat is not installed"
}

# Makes an executable in the test's folder: its path.
shell_script() { # NAME: what it does comes from standard input
	local file=$BATS_TEST_TMPDIR/$1
	mkdir -p "$(dirname "$file")"
	{ echo '#!/bin/sh' && cat; } >"$file"
	chmod +x "$file"
	echo "$file"
}

# The descendants of the server, zombies too.
children() {
	ps -o stat=,args= --ppid "$SERVER"
}

no_children() {
	[[ -z $(children) ]]
}

# The number of open descriptors of a process, by default the server.
descriptors() { # [PID]
	find "/proc/${1-$SERVER}/fd" -mindepth 1 | wc -l
}

# Ends all processes; false if a sanitizer has reported an error.
end_all() {
	local pid end
	tell_failure
	for pid in "${STARTED[@]}"; do
		kill "$pid" 2>/dev/null || true
	done
	end=$((SECONDS + 5))
	for pid in "${STARTED[@]}"; do
		until ended "$pid"; do
			if ((SECONDS >= end)); then
				kill -KILL "$pid" 2>/dev/null || true
			fi
			sleep 0.01
		done
		wait "$pid" 2>/dev/null || true
	done
	! grep -lE 'AddressSanitizer|LeakSanitizer|runtime error:' "$BATS_TEST_TMPDIR"/log.* 2>/dev/null ||
		{
			cat "$BATS_TEST_TMPDIR"/log.*
			return 1
		}
}

# After a failure: what the last command printed, and the ends of what the processes did.
# shellcheck disable=SC2154
tell_failure() {
	local file
	[[ -z ${BATS_TEST_COMPLETED-} ]] || return 0
	[[ -z ${output-} ]] || printf -- '--- stdout of the last run\n%s\n' "$(tail -n 20 <<<"$output")" >&2
	[[ -z ${stderr-} ]] || printf -- '--- stderr of the last run\n%s\n' "$(tail -n 20 <<<"$stderr")" >&2
	for file in "$BATS_TEST_TMPDIR"/log.*; do
		[[ ! -s $file ]] || printf -- '--- %s\n%s\n' "${file##*/}" "$(tail -n 20 "$file")" >&2
	done
}

teardown() {
	end_all
}
