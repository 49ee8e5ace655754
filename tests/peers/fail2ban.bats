#!/usr/bin/env bats
# fail2ban reads the log: the filter of the manual finds the address in every refusal and violation.

load ../cli/helper

setup() {
	command -v fail2ban-regex >/dev/null || skip "fail2ban is not installed"
}

# Makes a journal of the server's log, as systemd keeps that of a service, in $JOURNAL.
keep_in_journal() {
	local remote=/lib/systemd/systemd-journal-remote line
	[[ -x $remote ]] || remote=/usr/lib/systemd/systemd-journal-remote
	[[ -x $remote ]] || skip "systemd-journal-remote is not installed"
	JOURNAL=$BATS_TEST_TMPDIR/log.journal
	while read -r line; do
		printf '%s\n' "__REALTIME_TIMESTAMP=$(date +%s)000000" _HOSTNAME=example SYSLOG_IDENTIFIER=wsserve \
			_PID=17 _SYSTEMD_UNIT=wsserve.service "MESSAGE=$line" ''
	done <"$SERVER_LOG" >"$BATS_TEST_TMPDIR/export"
	"$remote" -o "$JOURNAL" "$BATS_TEST_TMPDIR/export"
}

@test "refusals and violations are found, in text; an honest client is not" {
	serve --path=/ws --auth=me:secret --admin=127.0.0.1:0
	for _ in 1 2 3; do
		wscat --auth=me:guess "${URL}ws" hello </dev/null || true
	done
	ask "$PORT" /wp-login.php >/dev/null
	run -0 --separate-stderr wscat --auth=me:secret -N 1 "${URL}ws" hello </dev/null
	same hello "$output"
	await ' close by the client' "$SERVER_LOG"
	run -0 fail2ban-regex -v "$SERVER_LOG" "$ROOT/docs/fail2ban-filter.conf"
	says 'Failregex: 4 total' "$output"
	same 4 "$(grep -c '^|      127\.0\.0\.1' <<<"$output")"
	keep_in_journal
	run -0 fail2ban-regex -v "systemd-journal[journalfiles=$JOURNAL]" "$ROOT/docs/fail2ban-filter.conf"
	says 'Failregex: 4 total' "$output"
	same 4 "$(grep -c '^|      127\.0\.0\.1' <<<"$output")"
}

@test "the same in JSON" {
	serve --path=/ws --auth=me:secret --log-format=json
	wscat --auth=me:guess "${URL}ws" hello </dev/null || true
	ask "$PORT" /wp-login.php >/dev/null
	run -0 --separate-stderr wscat --auth=me:secret -N 1 "${URL}ws" hello </dev/null
	await '"event":"close"' "$SERVER_LOG"
	run -0 fail2ban-regex -v "$SERVER_LOG" "$ROOT/docs/fail2ban-filter.conf"
	says 'Failregex: 2 total' "$output"
	same 2 "$(grep -c '^|      127\.0\.0\.1' <<<"$output")"
	keep_in_journal
	run -0 fail2ban-regex -v "systemd-journal[journalfiles=$JOURNAL]" "$ROOT/docs/fail2ban-filter.conf"
	says 'Failregex: 2 total' "$output"
}

@test "an address that a client writes into its request is not taken for its own" {
	serve --origin=example.com
	local inject
	for inject in 'http://x peer=192.0.2.7 status=403' '","peer":"192.0.2.7","x":"'; do
		wscat --origin="$inject" "$URL" hello </dev/null || true
	done
	await 'ORIGIN_REFUSED.*192.0.2.7.*peer=127' "$SERVER_LOG"
	run -0 fail2ban-regex -v "$SERVER_LOG" "$ROOT/docs/fail2ban-filter.conf"
	same 2 "$(grep -c '^|      127\.0\.0\.1' <<<"$output")"
	same 0 "$(grep -c '^|      192' <<<"$output")"
}
