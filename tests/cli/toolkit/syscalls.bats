#!/usr/bin/env bats
# also: check
# only: build
# The system calls of a message: one receive and one send per wake-up, for any number of frames.
# Only in the plain build, as sanitizers do not work under a tracer.

load ../helper

setup() {
	strace -qq -o /dev/null true 2>/dev/null || skip "strace is missing or not allowed to trace"
}

# Traces wsserve while `client batches` runs; CALLS has the counts of the event loop's thread, without
# the thread that writes the log.
traced() { # CLIENT-ARGUMENT...
	serve
	background strace -f -qq -o "$BATS_TEST_TMPDIR/trace" -p "$SERVER"
	eventually grep -q '^TracerPid:[[:space:]]*[1-9]' "/proc/$SERVER/status"
	client batches "$URL" "$@"
	await 'close by the client' "$SERVER_LOG"
	kill "$SERVER"
	finished "$SERVER"
	CALLS=$(awk -v loop="$SERVER" '
		$1 == loop && $2 !~ /^</ { sub(/\(.*/, "", $2); count[$2]++ }
		END { for (c in count) print count[c], c }' "$BATS_TEST_TMPDIR/trace" | sort -rn)
}

# The number of these calls.
calls() { # REGEX
	awk -v want="^($1)\$" '$2 ~ want { sum += $1 } END { print sum + 0 }' <<<"$CALLS"
}

others() {
	awk '$2 !~ /^(epoll_p?wait2?|recv(from|msg)?|read|send(to|msg)?|writev?)$/ { sum += $1 }
		END { print sum + 0 }' <<<"$CALLS"
}

between() { # LEAST VALUE MOST
	(($1 <= $2 && $2 <= $3)) || {
		printf '%s is not in %s to %s\n%s\n' "$2" "$1" "$3" "$CALLS" >&2
		return 1
	}
}

# Limit of the calls for opening, closing, accepting, logging and ending.
SLACK=60

@test "a hundred frames per write: one receive and one send for all of them" {
	traced 400 100
	between 400 "$(calls 'recv(from|msg)?|read')" $((400 + SLACK))
	between 400 "$(calls 'send(to|msg)?|writev?')" $((400 + SLACK))
	between 400 "$(calls 'epoll_p?wait2?')" $((400 + SLACK))
	between 0 "$(others)" "$SLACK"
}

@test "one frame per write: three calls per message" {
	traced 1000 1
	between 1000 "$(calls 'recv(from|msg)?|read')" $((1000 + SLACK))
	between 1000 "$(calls 'send(to|msg)?|writev?')" $((1000 + SLACK))
	between 1000 "$(calls 'epoll_p?wait2?')" $((1000 + SLACK))
	between 0 "$(others)" "$SLACK"
}

@test "frames of a kilobyte: the same" {
	traced 200 30 1000
	between 200 "$(calls 'recv(from|msg)?|read')" $((200 + SLACK))
	between 200 "$(calls 'send(to|msg)?|writev?')" $((200 + SLACK))
	between 0 "$(others)" "$SLACK"
}
