#!/usr/bin/env bats
# only: build
# The cases of the RFCs over sockets: see `make conformance`.

load ../cli/helper

right_in_every_case() { # PROGRAM
	run -0 "$PYTHON" "$ROOT/tests/conformance/play.py" --only="$1"
	says ', 0 not right$' "$output"
	(($(grep -c ' ok$' <<<"$output") > 500))
}

@test "wsserve is right in every case over the wire" {
	right_in_every_case wsserve
}

@test "wscat is right in every case over the wire" {
	right_in_every_case wscat
}

@test "wsbench is right in every case over the wire" {
	right_in_every_case wsbench
}
