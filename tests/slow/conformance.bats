#!/usr/bin/env bats
# only: build
# The cases of the RFCs over sockets: see `make conformance`.

load ../cli/helper

@test "wsserve, wscat and wsbench are right in every case over the wire" {
	run -0 "$PYTHON" "$ROOT/tests/conformance/play.py" --only=wsserve,wscat,wsbench
	says ', 0 not right$' "$output"
	(($(grep -c ' ok$' <<<"$output") > 1500))
}
