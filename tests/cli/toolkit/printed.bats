#!/usr/bin/env bats
# only: build
# The sessions that documents print: each command runs as it stands there, and prints what stands there.

load ../helper
load ../printed

@test "README: talk to a server" {
	as_printed README.md talk
}

@test "README: serve a script" {
	as_printed README.md serve
}

@test "README: decode frames" {
	as_printed README.md decode
}

# On a busy machine the rate may not be reached, which is said on standard error.
@test "README: load a server" {
	as_printed README.md load 'wsbench() { command wsbench "$@" 2>/dev/null; }'
}

@test "README: in a script" {
	as_printed README.md script
}

@test "docs/faq.md: a certificate of one's own" {
	as_printed docs/faq.md certificate
}

@test "docs/faq.md: an authority of one's own" {
	as_printed docs/faq.md authority
}

@test "docs/debugging.md: a capture" {
	"$PYTHON" "$FIXTURES/capture.py" >"$BATS_TEST_TMPDIR/capture.pcap"
	as_printed docs/debugging.md capture "cp '$BATS_TEST_TMPDIR/capture.pcap' ."
}

@test "a session that prints something else, or fails, is an error with a comparison" {
	local document=$BATS_TEST_TMPDIR/document.md
	printf '%s\n' '<!-- run: wrong -->' '    $ echo one' '    two' >"$document"
	run -1 "$PYTHON" "$FIXTURES/printed.py" --run "$document" wrong
	says '^-two$' "$output"
	says '^\+one$' "$output"
	printf '%s\n' '<!-- run: fails -->' '    $ ls nothing' >"$document"
	run -1 "$PYTHON" "$FIXTURES/printed.py" --run "$document" fails
	says 'ls nothing' "$output"
	run -1 "$PYTHON" "$FIXTURES/printed.py" "$document" missing
	says "has no block 'missing'" "$output"
}
