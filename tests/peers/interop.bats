#!/usr/bin/env bats
# A thousand messages with all implementations: our client with npm's ws and Python's websockets, their
# clients and a page in Chromium with our server, with TLS also behind nginx; plain, with
# permessage-deflate, with TLS, and with both.

load ../cli/helper
load ../cli/proxies
load nginx
load interop
load ../cli/certificates

setup_file() {
	certificates
}

setup() {
	certificates
}

@test "plain: the corpus with all implementations" {
	ws_serves
	wscat_talks "$ALL" </dev/null
	came_back 1 "$ALL"
	websockets_serves_wscat "$ALL" - - --
	came_back 1 "$ALL"
	serve
	ws_talks "$URL" "$ALL" -
	came_back 1 "$ALL"
	websockets_talks "$URL" "$ALL" -
	came_back 1 "$ALL"
	page_talks "$ALL"
	says 'open extensions=\[\]' "$(<"$TOLD")"
	says "$ALL came back, closed 1000 true" "$(<"$TOLD")"
}

@test "deflate: the corpus with all implementations" {
	ws_serves
	wscat_talks "$ALL" -z <<<'?deflate ^permessage-deflate'
	came_back 1 "$ALL"
	websockets_serves_wscat "$ALL" - - '?deflate' -- -z
	came_back 1 "$ALL"
	local options
	for options in -z --compress=takeover=both,threshold=0; do
		serve "$options"
		ws_talks "$URL" "$ALL" - '?deflate'
		came_back 1 "$ALL"
		websockets_talks "$URL" "$ALL" - '?deflate'
		came_back 1 "$ALL"
		page_talks "$ALL"
		says 'open extensions=\[permessage-deflate' "$(<"$TOLD")"
		says "$ALL came back, closed 1000 true" "$(<"$TOLD")"
	done
}

@test "TLS: the corpus with all implementations" {
	ws_serves "${PAIR[@]}"
	wscat_talks "$ALL" --ca="$CA" </dev/null
	came_back 1 "$ALL"
	websockets_serves_wscat "$ALL" "${PAIR[@]}" -- --ca="$CA"
	came_back 1 "$ALL"
	nginx_before
	wscat_talks "$ALL" --ca="$CA" </dev/null
	came_back 1 "$ALL"
	serve "${TLS[@]}"
	ws_talks "$URL" "$ALL" "$CA"
	came_back 1 "$ALL"
	websockets_talks "$URL" "$ALL" "$CA"
	came_back 1 "$ALL"
	page_talks "$ALL"
	says 'open extensions=\[\]' "$(<"$TOLD")"
	says "$ALL came back, closed 1000 true" "$(<"$TOLD")"
}

@test "TLS and deflate: the corpus with all implementations" {
	ws_serves "${PAIR[@]}"
	wscat_talks "$ALL" -z --ca="$CA" <<<'?deflate ^permessage-deflate'
	came_back 1 "$ALL"
	websockets_serves_wscat "$ALL" "${PAIR[@]}" '?deflate' -- -z --ca="$CA"
	came_back 1 "$ALL"
	nginx_before --compress=takeover=both,threshold=0
	wscat_talks "$ALL" -z --ca="$CA" <<<' ^permessage-deflate'
	came_back 1 "$ALL"
	local options
	for options in -z --compress=takeover=both,threshold=0; do
		serve "${TLS[@]}" "$options"
		ws_talks "$URL" "$ALL" "$CA" '?deflate'
		came_back 1 "$ALL"
		websockets_talks "$URL" "$ALL" "$CA" '?deflate'
		came_back 1 "$ALL"
		page_talks "$ALL"
		says 'open extensions=\[permessage-deflate' "$(<"$TOLD")"
		says "$ALL came back, closed 1000 true" "$(<"$TOLD")"
	done
}

@test "wsbench: nothing lost, reordered or corrupted, with all implementations" {
	local size
	ws_serves "${PAIR[@]}"
	for size in 0 1 125 126 65535 65536 1M; do
		run -0 wsbench --ca="$CA" -z -c 4 -n 100 -w 4 -s "$size" "$URL?deflate"
		says '100 sent, 100 received, 0 lost, 0 duplicated, 0 reordered, 0 corrupted' "$output"
	done
	run -0 wsbench --ca="$CA" -z -c 20 -n 10000 -w 16 -s 1k "$URL?deflate&cn&sn&cw=9&sw=10"
	says '10000 received, 0 lost, 0 duplicated, 0 reordered, 0 corrupted' "$output"
	nginx_before -z
	run -0 wsbench --ca="$CA" -z -c 20 -n 10000 -w 16 -s 1k "$URL"
	says '10000 received, 0 lost, 0 duplicated, 0 reordered, 0 corrupted' "$output"
	run -0 wsbench --ca="$CA" --mode=churn -c 5 -n 100 "$URL"
}
