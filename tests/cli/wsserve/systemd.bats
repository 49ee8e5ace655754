#!/usr/bin/env bats
# also: check
# wsserve as systemd runs it: sockets that are open already, unix sockets with a mode, the units.

load ../helper

# Runs a command with so many listening sockets from descriptor 3 on, as systemd does.
activated() { # COUNT COMMAND...
	exec "$PYTHON" "$FIXTURES/activate.py" "$@" # it is run in the background: its id is the command's
}

@test "LISTEN_FDS: the sockets that it was given, and no other" {
	start activated 2 wsserve --announce
	await listening "$OUT"
	same 2 "$(grep -c '^listening ws://127.0.0.1:' "$OUT")"
	local url
	while read -r _ url; do
		run -0 wscat -N 1 "$url" hello </dev/null
		same hello "$output"
	done <"$OUT"
}

@test "LISTEN_FDS and --listen: both" {
	start activated 1 wsserve --announce --listen="unix:$BATS_TEST_TMPDIR/socket"
	await 'ws\+unix' "$OUT"
	same 2 "$(grep -c '^listening ' "$OUT")"
}

@test "LISTEN_FDS that are meant for another process are left alone" {
	start env LISTEN_PID=1 LISTEN_FDS=1 wsserve -p 0 --announce
	run -0 wscat -N 1 "$URL" hello </dev/null
	same hello "$output"
}

@test "LISTEN_FDS of what is no listening socket: 1" {
	run -1 --separate-stderr bash -c 'exec 3</dev/null; export LISTEN_FDS=1; LISTEN_PID=$$ exec wsserve -q'
	one_line 'fd:3: not a listening socket'
}

@test "--socket-mode: the mode of a unix socket, whatever the umask" {
	local mode
	for mode in 600 0660 0666; do
		start wsserve --announce --listen="unix:$BATS_TEST_TMPDIR/socket.$mode" --socket-mode=$mode
		same "${mode#0}" "$(stat -c %a "$BATS_TEST_TMPDIR/socket.$mode")"
	done
	for mode in 8 rw 1777 '' 00600; do
		run -2 --separate-stderr wsserve --listen="unix:$BATS_TEST_TMPDIR/x" --socket-mode=$mode
		usage_line --socket-mode
	done
}

@test "the units say what systemd understands" {
	command -v systemd-analyze >/dev/null || skip "systemd-analyze is not installed"
	mkdir "$BATS_TEST_TMPDIR/units"
	cp "$ROOT"/docs/wsserve.service "$ROOT"/docs/wsserve.socket "$BATS_TEST_TMPDIR/units"
	sed -i "s|/usr/local/bin/wsserve|$BUILD/wsserve|" "$BATS_TEST_TMPDIR/units/wsserve.service"
	run -0 --separate-stderr systemd-analyze verify --man=no "$BATS_TEST_TMPDIR/units/wsserve.service" \
		"$BATS_TEST_TMPDIR/units/wsserve.socket"
	run ! grep -E 'wsserve\.(service|socket)' <<<"$stderr"
}

@test "the options of the service are ones that there are" {
	local words
	words=$(sed -n 's/^ExecStart=[^ ]* //p' "$ROOT/docs/wsserve.service")
	[[ -n $words ]]
	# shellcheck disable=SC2086
	start activated 1 wsserve --announce ${words/\/etc\/wsserve.conf//dev/null}
	run -0 wscat -N 1 "$URL" hello </dev/null
}
