#!/usr/bin/env bats
# A thousand messages through everybody: our client against npm's ws and Python's websockets, their
# clients and a page in Chromium against our server; plain and with permessage-deflate.

load ../cli/helper
load ../cli/proxies
load interop

@test "plain: all of it, with everybody" {
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

@test "deflate: all of it, with everybody" {
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
