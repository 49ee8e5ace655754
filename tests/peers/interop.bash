# shellcheck shell=bash
# The same messages through all implementations: 0 B to 1 MiB, text and binary, compared byte by byte
# by the sender (corpus.py, corpus.js). Functions that start the peers.
# shellcheck disable=SC2034 # the tests use what is set here

PEERS=$ROOT/tests/peers
ALL=1000 # messages where it is about one connection
FEW=60   # and where it is about each of hundreds

# An authority and the servers' certificates: call the first once per file, the second in each test.
certificates() {
	[[ -e $BATS_FILE_TMPDIR/server.pem ]] || make_certificates "$BATS_FILE_TMPDIR"
	CA=$BATS_FILE_TMPDIR/ca.pem
	PAIR=("$BATS_FILE_TMPDIR/server.pem" "$BATS_FILE_TMPDIR/server.key")
	TLS=(--tls --cert="${PAIR[0]}" --key="${PAIR[1]}")
	PATH=$PATH:/usr/sbin
}

# shellcheck disable=SC2120 # they may be left out
ws_serves() { # [CERTIFICATE KEY]
	need_ws
	start node "$PEERS/ws.js" serve "$@"
}

ws_talks() { # URL COUNT CA [QUERY]...
	need_ws
	run -0 timeout -k 5 390 node "$PEERS/ws.js" talk "$@"
}

websockets_serves_wscat() { # COUNT CERTIFICATE KEY [QUERY]... -- [WSCAT-OPTION]...
	need_websockets
	run -0 timeout -k 5 390 "$PYTHON" "$PEERS/websockets_peer.py" wscat "$@"
}

websockets_talks() { # URL COUNT CA [QUERY]...
	need_websockets
	run -0 timeout -k 5 390 "$PYTHON" "$PEERS/websockets_peer.py" talk "$@"
}

# Sends the corpus to URL with wscat and compares the echoes. Standard input has queries for corpus.py.
wscat_talks() { # COUNT [WSCAT-OPTION]...
	run -0 timeout -k 5 390 "$PYTHON" "$PEERS/corpus.py" "$URL" "$@"
}

# nginx with TLS as a proxy for wsserve without; URL is nginx's.
nginx_before() { # WSSERVE-OPTION...
	serve "$@"
	nginx_serves ssl <<-CONF
		ssl_certificate ${PAIR[0]};
		ssl_certificate_key ${PAIR[1]};
		location / {
			proxy_pass http://127.0.0.1:$PORT;
			proxy_http_version 1.1;
			proxy_set_header Upgrade \$http_upgrade;
			proxy_set_header Connection "upgrade";
			proxy_set_header Host \$http_host;
		}
	CONF
	URL=wss://127.0.0.1:$PORT/
	eventually answers "$PORT"
}

# A page in Chromium sends its corpus to URL: prints its final report.
page_talks() { # COUNT
	local chromium='' name socket=$URL dir=$BATS_TEST_TMPDIR key
	for name in chromium chromium-browser google-chrome; do
		chromium=$(command -v "$name") && break
	done
	[[ -n $chromium ]] || skip "Chromium is not installed"
	[[ -z ${PAIR-} ]] || key=$(openssl x509 -in "${PAIR[0]}" -pubkey -noout | openssl pkey -pubin -outform der |
		openssl dgst -sha256 -binary | base64)
	start "$PYTHON" "$FIXTURES/page_server.py" "$PEERS/corpus.html" "$PEERS/corpus.js"
	TOLD=$OUT
	background env HOME="$dir" timeout -k 5 60 "$chromium" --headless --no-sandbox --disable-gpu \
		--disable-quic --no-first-run --disable-background-networking --disable-component-update \
		--disable-sync --disable-dev-shm-usage --user-data-dir="$dir/profile.$PORT" \
		--ignore-certificate-errors-spki-list="${key-}" --remote-debugging-port=0 \
		"$URL?count=$1&url=$socket"
	await '^done$' "$TOLD"
}

came_back() { # TIMES COUNT
	same "$1 times $2 messages came back" "$output"
}

# Every combination of parameters, as the query for a peer (ws.js), one per line; the arguments are the
# windows of the server and of the client.
combinations() { # SERVER-WINDOWS CLIENT-WINDOWS
	local sn cn sw cw
	for sn in '' '&sn'; do
		for cn in '' '&cn'; do
			for sw in '' $1; do
				for cw in '' $2; do
					echo "?deflate$sn$cn${sw:+&sw=$sw}${cw:+&cw=$cw}"
				done
			done
		done
	done
}

# The same with the response that a server must give, as corpus.py reads it.
combinations_and_answers() { # SERVER-WINDOWS CLIENT-WINDOWS
	combinations "$1" "$2" | sed -E 's/^([^ ]*)$/\1 ^permessage-deflate:\1/
		s/(:.*)&sn/\1(?=.*server_no_context_takeover)/
		s/(:.*)&cn/\1(?=.*client_no_context_takeover)/
		s/(:.*)&sw=([0-9]+)/\1(?=.*server_max_window_bits=\2\\b)/
		s/(:.*)&cw=([0-9]+)/\1(?=.*client_max_window_bits=\2\\b)/
		s/:\?deflate//'
}

WINDOWS='8 9 10 11 12 13 14 15'

# The same for our own --compress: the largest, smallest and a middle window, and each takeover.
own_combinations() {
	local takeover sw cw
	for takeover in none server client both; do
		for sw in 8 11 15; do
			for cw in 8 11 15; do
				echo "threshold=0,takeover=$takeover,server-window=$sw,client-window=$cw"
			done
		done
	done
}
