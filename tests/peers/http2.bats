#!/usr/bin/env bats
# WebSockets over HTTP/2 with others: Node's http2 on either side, HAProxy and nghttpx in front, Chromium.

load ../cli/helper
load ../cli/certificates
load proxies

setup_file() {
	make_certificates "$BATS_FILE_TMPDIR"
}

setup() {
	need_http2
	CA=$BATS_FILE_TMPDIR/ca.pem
}

# Messages of all sizes, compared byte by byte, with the options of wscat that lead there.
comes_back() { # WSCAT-OPTION...
	for size in 0 1 125 126 65535 65536 ${LARGEST-1048576}; do
		head -c "$size" /dev/urandom >"$BATS_TEST_TMPDIR/sent"
		wscat "$@" -1 -b -x "@$BATS_TEST_TMPDIR/sent" >"$BATS_TEST_TMPDIR/received"
		cmp "$BATS_TEST_TMPDIR/sent" "$BATS_TEST_TMPDIR/received"
	done
}

@test "Node's client: 20 WebSockets on one connection, 1,400 messages of up to 1 MiB" {
	command -v node >/dev/null || skip "node is not installed"
	serve_tls
	run -0 node "$ROOT/tests/peers/http2.js" talk "wss://localhost:$PORT" "$CA" 20 70
	same '20 of 20 streams, 70 messages each' "$output"
	await ' open .* h2=' "$SERVER_LOG"
	same 1 "$(sed -nE 's|.* open .* h2=([^/]+)/.*|\1|p' "$SERVER_LOG" | sort -u | wc -l)"
}

@test "Node's server: wscat over HTTP/2; one that takes no WebSockets there: again over HTTP/1.1" {
	command -v node >/dev/null || skip "node is not installed"
	start node "$ROOT/tests/peers/http2.js" serve "$BATS_FILE_TMPDIR/server.pem" "$BATS_FILE_TMPDIR/server.key"
	comes_back --http2=auto --ca="$CA" "$URL"
	run -0 --separate-stderr wscat -v --http2=auto --ca="$CA" "$URL" hello -1
	same hello "$output"
	says 'HTTP/2, stream 1'
	start node "$ROOT/tests/peers/http2.js" serve "$BATS_FILE_TMPDIR/server.pem" "$BATS_FILE_TMPDIR/server.key" plain
	run -0 --separate-stderr wscat --http2=auto --ca="$CA" "$URL" hello -1
	same hello "$output"
	says "the server's HTTP/2 takes no WebSockets: connecting again over HTTP/1.1"
}

@test "HAProxy in front, HTTP/1.1 on its side, HTTP/2 on ours" {
	serve --http2=prior --compress
	# shellcheck disable=SC2034 # of haproxy_serves
	BACKEND=127.0.0.1:$PORT
	HAPROXY_SERVER='proto h2' haproxy_serves
	eventually answers
	comes_back "ws://127.0.0.1:$PORT/"
	comes_back --compress "ws://127.0.0.1:$PORT/"
	await ' open .* h2=' "$SERVER_LOG"
}

# Without a message of 1 MiB: when so much goes both ways at once, HAProxy 2.6 stops forwarding either way, with
# windows open on both sides. nghttpx, below, does not.
@test "HAProxy in front, HTTP/2 on both sides" {
	LARGEST=65537
	serve --http2=prior --compress
	# shellcheck disable=SC2034 # of haproxy_serves
	BACKEND=127.0.0.1:$PORT
	HAPROXY_SERVER='proto h2' HAPROXY_BIND='proto h2' haproxy_serves
	eventually answers
	run -0 --separate-stderr wscat -v --http2=prior "ws://127.0.0.1:$PORT/" hello -1
	same hello "$output"
	says 'HTTP/2, stream 1'
	comes_back --http2=prior "ws://127.0.0.1:$PORT/"
	comes_back --http2=prior --compress "ws://127.0.0.1:$PORT/"
	await ' open .* h2=' "$SERVER_LOG"
}

@test "nghttpx in front, HTTP/2 on both sides" {
	command -v nghttpx >/dev/null || skip "nghttpx is not installed"
	serve --http2=prior
	local backend=$PORT
	PORT=$(free_port)
	background nghttpx --frontend="127.0.0.1,$PORT" --backend="127.0.0.1,$backend;;proto=h2" --workers=1 \
		--conf=/dev/null --accesslog-file=/dev/null "$BATS_FILE_TMPDIR/server.key" "$BATS_FILE_TMPDIR/server.pem"
	eventually answers
	run -0 --separate-stderr wscat -v --http2=auto --ca="$CA" "wss://localhost:$PORT/" hello -1
	same hello "$output"
	says 'HTTP/2, stream 1'
	comes_back --http2=auto --ca="$CA" "wss://localhost:$PORT/"
	await ' open .* h2=' "$SERVER_LOG"
}

# A page in www/ that opens 20 WebSockets, and asks for /all-came-back once each has its message again.
page() {
	mkdir "$BATS_TEST_TMPDIR/www"
	cat >"$BATS_TEST_TMPDIR/www/index.html" <<-'END'
		<script>
		let left = 20;
		for (let i = 0; i < 20; i++) {
			const socket = new WebSocket("wss://" + location.host + "/");
			const text = ("message " + i + " ").repeat(1 + i * 500);
			socket.onopen = () => socket.send(text);
			socket.onmessage = (event) => {
				if (event.data === text && --left === 0) fetch("/all-came-back");
			};
		}
		</script>
	END
	serve_tls --staticdir="$BATS_TEST_TMPDIR/www"
}

# They came over streams of one connection, which the page came over too.
all_on_one() {
	await ' NOT_FOUND .*target=/all-came-back' "$SERVER_LOG"
	same 20 "$(grep -c ' open .* h2=' "$SERVER_LOG")"
	same 1 "$(sed -nE 's|.* open .* h2=([^/]+)/.*|\1|p' "$SERVER_LOG" | sort -u | wc -l)"
}

@test "Chromium: a page's 20 WebSockets are streams of the connection that the page came over" {
	local chromium dir=$BATS_TEST_TMPDIR
	chromium=$(command -v chromium || command -v chromium-browser) || skip "Chromium is not installed"
	page
	background env HOME="$dir" timeout -k 5 60 "$chromium" --headless --no-sandbox --disable-gpu \
		--disable-quic --no-first-run --disable-background-networking --disable-component-update \
		--disable-sync --disable-dev-shm-usage --user-data-dir="$dir/profile" --ignore-certificate-errors \
		--remote-debugging-port=0 "https://localhost:$PORT/"
	all_on_one
}

@test "Firefox: the same, with our certificate trusted" {
	local firefox dir=$BATS_TEST_TMPDIR
	firefox=$(command -v firefox-esr || command -v firefox) || skip "Firefox is not installed"
	command -v certutil >/dev/null || skip "certutil is not installed"
	mkdir "$dir/profile"
	certutil -N -d "sql:$dir/profile" --empty-password
	certutil -A -d "sql:$dir/profile" -n ours -t C,, -i "$CA"
	# Nothing but what the page is about.
	cat >"$dir/profile/user.js" <<-'END'
		user_pref("app.normandy.enabled", false);
		user_pref("browser.safebrowsing.malware.enabled", false);
		user_pref("browser.shell.checkDefaultBrowser", false);
		user_pref("datareporting.policy.dataSubmissionEnabled", false);
		user_pref("network.captive-portal-service.enabled", false);
		user_pref("network.connectivity-service.enabled", false);
	END
	page
	background env HOME="$dir" MOZ_CRASHREPORTER_DISABLE=1 timeout -k 5 60 "$firefox" --headless --no-remote \
		--profile "$dir/profile" "https://localhost:$PORT/"
	all_on_one
}
