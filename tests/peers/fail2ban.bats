#!/usr/bin/env bats
# fail2ban reads the log: the filter of the manual finds the address in every refusal and violation.

load ../cli/helper

setup() {
	command -v fail2ban-regex >/dev/null || skip "fail2ban is not installed"
}


@test "refusals and violations are found, in text; an honest client is not" {
	serve --path=/ws --auth=me:secret --admin=127.0.0.1:0
	local i
	for i in 1 2 3; do
		wscat --auth=me:guess "${URL}ws" hello </dev/null || true
	done
	"$PYTHON" "$FIXTURES/ask.py" "$PORT" /wp-login.php >/dev/null
	run -0 --separate-stderr wscat --auth=me:secret -N 1 "${URL}ws" hello </dev/null
	same hello "$output"
	await ' close by the client' "$SERVER_LOG"
	run -0 fail2ban-regex -v "$SERVER_LOG" "$ROOT/docs/fail2ban-filter.conf"
	says 'Failregex: 4 total' "$output"
	same 4 "$(grep -c '^|      127\.0\.0\.1' <<<"$output")"
}

@test "the same in JSON" {
	serve --path=/ws --auth=me:secret --log-format=json
	wscat --auth=me:guess "${URL}ws" hello </dev/null || true
	"$PYTHON" "$FIXTURES/ask.py" "$PORT" /wp-login.php >/dev/null
	run -0 --separate-stderr wscat --auth=me:secret -N 1 "${URL}ws" hello </dev/null
	await '"event":"close"' "$SERVER_LOG"
	run -0 fail2ban-regex -v "$SERVER_LOG" "$ROOT/docs/fail2ban-filter.conf"
	says 'Failregex: 2 total' "$output"
	same 2 "$(grep -c '^|      127\.0\.0\.1' <<<"$output")"
}
