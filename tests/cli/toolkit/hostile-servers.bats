#!/usr/bin/env bats
# Servers that attack wscat and wsbench: what it costs these in memory and CPU time, and how they end. See
# tests/fixtures/hostile.py. Costs are compared with those of another run, never with the clock.

load ../helper

# Starts the attacker: what it says comes to the file $SAID.
attacker() { # NAME [COUNT]
	start "$PYTHON" "$FIXTURES/hostile.py" "$@"
	SAID=$OUT
}

# Runs a client against it: sets STATUS, MEMORY in kB and CPU in ms; what it printed on standard error is in $STDERR.
client_spends() { # COMMAND...
	STDERR=$BATS_TEST_TMPDIR/stderr
	read -r STATUS MEMORY CPU < <("$PYTHON" "$FIXTURES/spent.py" "$@" "$URL" 2>"$STDERR")
	echo "$*: exit status $STATUS, $MEMORY kB, $CPU ms" >&2
}

# Waits until it has said so, so many times: the client may have ended before.
said() { # COUNT REGEX
	eventually has_said "$@"
}

has_said() {
	(($(grep -c "$2" "$SAID") == $1))
}

WSCAT=(wscat -w -1 --no-stdin --close-timeout=60s)
WSBENCH=(wsbench -q -c 2 -d 60s)

# What a client needs that is not attacked.
baseline() { # COMMAND...
	attacker nothing
	client_spends "$@"
	BASELINE=$MEMORY
}

# The last run took so many kB more than the baseline at most. With sanitizers memory proves nothing.
took_less() { # KB
	sanitized || ((MEMORY < BASELINE + $1)) || {
		echo "$MEMORY kB, and $BASELINE kB without an attack" >&2
		return 1
	}
}

# All is taken, to the close frame at the end, in 4 MiB more than usual.
harmless() { # NAME COUNT
	attacker "$1" "$2"
	client_spends "${WSCAT[@]}"
	same 0 "$STATUS"
	took_less 4096
	said 1 '^close 1000'
}

# The same for both connections of wsbench, which got no echo.
harmless_to_wsbench() { # NAME COUNT
	attacker "$1" "$2"
	client_spends "${WSBENCH[@]}"
	same 1 "$STATUS"
	grep -q 'no message came back' "$STDERR"
	took_less 4096
	said 2 '^close 1000'
}

# bats test_tags=measures
@test "a million tiny and empty fragments and messages take no memory" {
	local count=1000000 name
	! sanitized || count=100000
	baseline "${WSCAT[@]}"
	for name in empty_fragments tiny_fragments empty_messages; do
		harmless "$name" "$count"
	done
	baseline "${WSBENCH[@]}"
	for name in empty_fragments tiny_fragments empty_messages; do
		harmless_to_wsbench "$name" "$count"
	done
}

# bats test_tags=measures
@test "a million pings whose pongs are not read take no memory, and the last is answered; nor do pongs" {
	local count=1000000 name
	! sanitized || count=100000
	baseline "${WSCAT[@]}"
	harmless pings "$count"
	said 1 '^answered'
	harmless pongs "$count"
	baseline "${WSBENCH[@]}"
	harmless_to_wsbench pings "$count"
	said 2 '^answered'
	harmless_to_wsbench pongs "$count"
}

# bats test_tags=measures
@test "a bomb of 1 GiB in 1 MiB ends at the limit and costs no more than that" {
	baseline "${WSCAT[@]}" -z
	# Messages that only pass by are not kept.
	attacker bomb 1024
	client_spends "${WSCAT[@]}" -z --max-message-size=16M -b
	same 1 "$STATUS"
	grep -q 'inflates to more than 16777216 bytes' "$STDERR"
	took_less 4096
	said 1 '^close 1009'
	# Others are, up to the limit.
	attacker bomb 1024
	client_spends "${WSCAT[@]}" -z --max-message-size=16M
	same 1 "$STATUS"
	took_less 24576
	said 1 '^close 1009'
	# Below the limit, one after the other.
	attacker bombs 20
	client_spends "${WSCAT[@]}" -z -b
	same 0 "$STATUS"
	took_less 4096
	baseline "${WSBENCH[@]}" -z
	attacker bombs 20
	client_spends "${WSBENCH[@]}" -z
	said 2 '^close 1000'
	took_less 4096
}

# --- HTTP/2 ---

# The client ends with this exit status and one line. That costs little: `count` frames are sent, of which it
# takes a thousand or so.
flooded() { # STATUS LINE NAME
	attacker "$3" 200000
	client_spends "${WSCAT[@]}" --http2=prior
	same "$1" "$STATUS"
	same 1 "$(wc -l <"$STDERR")"
	says "^wscat: $2" "$(<"$STDERR")"
	took_less 4096
	sanitized || ((CPU < 1000))
	said 1 '^end'
}

# bats test_tags=measures
@test "HTTP/2: frames that only make work, heads without end and bombs: 6, with the section" {
	need_http2
	baseline "${WSCAT[@]}"
	local name flood='the peer sends too many HTTP/2 frames that carry nothing \(RFC 9113 10\.5\): our GOAWAY ENHANCE_YOUR_CALM$'
	for name in settings pings priority empty updates continuations empty_continuations interim bomb; do
		flooded 6 "$flood" "h2_$name"
	done
}

# bats test_tags=measures
@test "HTTP/2: a push: 6; a head that is too large: 5; a reset in place of an answer: 8" {
	need_http2
	baseline "${WSCAT[@]}"
	flooded 6 'the peer broke a rule of HTTP/2 \(RFC 9113 5\.4\): our GOAWAY PROTOCOL_ERROR$' h2_pushes
	flooded 5 'the HTTP head has too many headers \(RFC 6585 5\)$' h2_large_head
	flooded 8 'the peer reset the HTTP/2 stream \(RFC 8441 5\): RST_STREAM CANCEL$' h2_reset
}

# bats test_tags=measures
@test "HTTP/2: wsbench says what the server did, a thousand times as well" {
	need_http2
	baseline "${WSBENCH[@]}"
	attacker h2_interim 200000
	client_spends wsbench -q -c 4 --streams=2 --http2=prior -d 90s
	same 6 "$STATUS"
	grep -q 'no connection could be opened: the peer sends too many HTTP/2 frames that carry nothing' "$STDERR"
	took_less 4096
	# Each stream is reset, and another one opened.
	attacker h2_reset
	client_spends wsbench -q --mode=churn -c 4 -n 1000 -d 90s --streams=2 --http2=prior
	same 8 "$STATUS"
	took_less 4096
}

# --- CPU time ---

# Four times as much of an attack costs four times the CPU time, and not sixteen. A busy machine only adds to
# it: the least of three runs counts.
linear() { # NAME COUNT COMMAND...
	local name=$1 count=$2 once
	shift 2
	attacker "$name" "$count" "$BATS_TEST_TMPDIR/$name"
	client_spends "$@"
	once=$CPU
	attacker "$name" $((4 * count)) "$BATS_TEST_TMPDIR/$name.4"
	for _ in 1 2 3; do
		client_spends "$@"
		((CPU > 6 * once + 100)) || return 0
	done
	echo "$once ms, and $CPU ms for four times as much" >&2
	return 1
}

@test "CPU time is linear in tiny fragments, and in a head that comes byte by byte" {
	linear empty_fragments 1000000 "${WSCAT[@]}"
	linear tiny_fragments 1000000 "${WSCAT[@]}"
	linear dribble 15000 "${WSCAT[@]}"
}

@test "a server that falls silent costs no CPU time, whatever the client waits for" {
	local name client clients
	for name in no_answer half_head half_header half_message half_fragment no_word deaf; do
		clients=("wscat -w -1 --no-stdin --connect-timeout=90s")
		[[ $name != half_* ]] || clients+=("wsbench -q -c 1 -d 90s -T 90s --connect-timeout=90s")
		for client in "${clients[@]}"; do
			attacker "$name"
			# shellcheck disable=SC2086 # words
			background $client "$URL" </dev/null
			said 1 '^silent'
			REST='' # of another process
			eventually at_rest "$PID"
			kill -KILL "$PID" # or it would wait for the server once more
			wait "$PID" 2>/dev/null || true
		done
	done
}

@test "a server that does not read costs no CPU time either" {
	attacker deaf
	background wscat -b "$URL" </dev/zero
	said 1 '^silent'
	eventually at_rest "$PID"
}
