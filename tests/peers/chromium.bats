#!/usr/bin/env bats
# A page in a browser with wsserve.

load ../cli/helper

browser() {
	local name
	for name in chromium chromium-browser google-chrome; do
		command -v "$name" && return
	done
	skip "Chromium is not installed"
}

@test "a page opens a socket, sends text, bytes and large messages, and closes with its own code" {
	local chromium
	chromium=$(browser) || skip "Chromium is not installed"
	serve
	local socket=$URL
	start "$PYTHON" "$FIXTURES/page_server.py"
	local page="$URL?url=$socket" dir=$BATS_TEST_TMPDIR
	local report=$OUT
	background env HOME="$dir" timeout -k 5 60 "$chromium" --headless --no-sandbox --disable-gpu \
		--disable-quic --no-first-run --disable-background-networking --disable-component-update \
		--disable-sync --disable-dev-shm-usage --user-data-dir="$dir/profile" \
		--remote-debugging-port=0 "$page"
	await '^done$' "$report"
	same "open extensions=[]|text grüße|binary 0 255 128|big true|closed 4321 true|done" \
		"$(tail -n +2 "$report" | paste -sd '|')"
	await 'conn=[0-9a-z]+-1 close by the client: code 4321' "$SERVER_LOG"
}

@test "--devconsole: typing, filtering, 50,000 messages, closing with a code, and its policy" {
	need_websockets
	local chromium
	chromium=$(browser) || skip "Chromium is not installed"
	serve --devconsole --path=/ws
	run -0 timeout -k 5 120 "$PYTHON" "$FIXTURES/devconsole.py" "$chromium" \
		"$BATS_TEST_TMPDIR/profile" "http://127.0.0.1:$PORT/"
	same fine "${lines[-1]}"
	await 'close by the client: code 4321' "$SERVER_LOG"
}

@test "--devconsole: a page of another origin is refused by a server with --origin" {
	local chromium
	chromium=$(browser) || skip "Chromium is not installed"
	serve --sameorigin
	local socket=$URL
	start "$PYTHON" "$FIXTURES/page_server.py"
	local page="$URL?url=$socket" dir=$BATS_TEST_TMPDIR report=$OUT
	background env HOME="$dir" timeout -k 5 60 "$chromium" --headless --no-sandbox --disable-gpu \
		--disable-quic --no-first-run --disable-background-networking --disable-component-update \
		--disable-sync --disable-dev-shm-usage --user-data-dir="$dir/profile" \
		--remote-debugging-port=0 "$page"
	await '^done$' "$report"
	same "error|closed 1006 false|done" "$(tail -n +2 "$report" | paste -sd '|')"
	await 'ORIGIN_REFUSED .*http://127.0.0.1:' "$SERVER_LOG"
}
