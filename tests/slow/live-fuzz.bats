#!/usr/bin/env bats
# Mutated conversations against running servers (tests/fuzz/live.py), for a short time; `make fuzz` has more.
# only: build
# shellcheck disable=SC2016,SC2154 # scripts in single quotes; bats sets stderr

load ../cli/helper

@test "ten seconds of mutated conversations: honest clients are served, and no sanitizer objects" {
	run -0 --separate-stderr "$PYTHON" "$ROOT/tests/fuzz/live.py" --build "$ROOT/build/san" --seconds 10
	says '^[0-9]{3,} conversations, [1-9][0-9]* of them answered; seeds ' "$output"
}

@test "a server that serves no client, and one that a sanitizer ends, are found, with the seed" {
	mkdir "$BATS_TEST_TMPDIR/bad"
	local bad=$BATS_TEST_TMPDIR/bad/wsserve
	printf '%s\n' '#!/bin/sh' 'exec "$REAL" --port=0 --announce --require-protocol --subprotocol=none' >"$bad"
	chmod +x "$bad"
	export REAL="$ROOT/build/san/wsserve"
	run -1 --separate-stderr "$PYTHON" "$ROOT/tests/fuzz/live.py" --build "${bad%/*}" --seconds 0 --seed 7
	says '^not ok - with --seed=7: echo: an honest client got ' "$stderr"
	printf '%s\n' '#!/bin/sh' '"$REAL" "$@" &' 'trap "kill $!; wait $!; echo ERROR: AddressSanitizer >&2; exit 1" TERM' \
		'wait' >"$bad"
	run -1 --separate-stderr "$PYTHON" "$ROOT/tests/fuzz/live.py" --build "${bad%/*}" --seconds 0 --seed 8
	says 'ERROR: AddressSanitizer' "$stderr"
}
