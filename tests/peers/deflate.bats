#!/usr/bin/env bats
# permessage-deflate with every combination of a peer's parameters.

load ../cli/helper
load interop

@test "deflate: wscat and every combination of parameters of a server of npm's ws" {
	ws_serves
	wscat_talks "$FEW" --compress=threshold=0 < <(combinations_and_answers "$WINDOWS" "$WINDOWS")
	came_back 324 "$FEW"
}

@test "deflate: wsserve and every combination of parameters of a client of npm's ws" {
	local combinations options
	mapfile -t combinations < <(combinations "$WINDOWS" "$WINDOWS")
	for options in takeover=both,threshold=0 takeover=none; do
		serve --compress="$options"
		ws_talks "$URL" "$FEW" - "${combinations[@]}"
		came_back 324 "$FEW"
	done
}

# zlib does not deflate with a window of 8, and Python does not work around it.
@test "deflate: wscat and every combination of parameters of a server of Python's websockets" {
	local combinations
	mapfile -t combinations < <(combinations "${WINDOWS#8 }" "$WINDOWS")
	websockets_serves_wscat "$FEW" - - "${combinations[@]}" -- --compress=threshold=0
	came_back 288 "$FEW"
}

@test "deflate: wsserve and every combination of parameters of a client of Python's websockets" {
	local combinations options
	mapfile -t combinations < <(combinations "$WINDOWS" "${WINDOWS#8 }")
	for options in takeover=both,threshold=0 takeover=none; do
		serve --compress="$options"
		websockets_talks "$URL" "$FEW" - "${combinations[@]}"
		came_back 288 "$FEW"
	done
}
