#!/usr/bin/env bats
# also: check
# wsserve: two servers and one stale unix socket, under a shim that slows listen() down. Shim and ASan do
# not mix.
# only: build

load ../helper

@test "two servers that start on one stale unix socket: one serves, and the other says that it is in use" {
	local path=$BATS_TEST_TMPDIR/socket first first_out first_log status=0
	"$PYTHON" -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$path"
	background env LD_PRELOAD="$ROOT/build/slow_listen.so" wsserve --announce --listen="unix:$path"
	first=$PID first_out=$OUT first_log=$LOG
	background env LD_PRELOAD="$ROOT/build/slow_listen.so" wsserve --announce --listen="unix:$path"
	eventually grep -q 'in use' "$first_log" "$LOG" # one of them
	eventually grep -q listening "$first_out" "$OUT"
	same 1 "$(cat "$first_out" "$OUT" | grep -c listening)"
	same hello "$(wscat -1 "ws+unix:$path" hello </dev/null)"
	kill "$first" "$PID" 2>/dev/null || true
	finished "$first" || true
	finished "$PID" || true
	[[ ! -e $path ]]
}
