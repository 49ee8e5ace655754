#!/usr/bin/env bats
# also: check
# The commands of docs/plotting.md, as they are printed.

load ../helper
load ../printed

@test "docs/plotting.md: the plot, and the table of a run over time" {
	command -v gnuplot >/dev/null || skip "gnuplot is not installed"
	cd "$BATS_TEST_TMPDIR"
	serve
	export URL PID=$SERVER DURATION=300ms
	printed docs/plotting.md plot >plot.sh
	run -0 bash -euo pipefail plot.sh
	grep -q '20k msg/s' latency.svg
	"$PYTHON" -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse("latency.svg")'
	printed docs/plotting.md timeline >table.sh
	run -0 bash -euo pipefail table.sh
	grep -qE '^[0-9.]+,[0-9]+,[0-9]+$' timeline.csv
}
