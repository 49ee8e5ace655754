#!/usr/bin/env bats
# Every combination of our own parameters of permessage-deflate, with peers that have defaults.

load ../cli/helper
load interop

@test "deflate: every combination of wscat's own parameters, and a server of npm's ws" {
	local params
	ws_serves
	for params in $(own_combinations); do
		wscat_talks "$FEW" --compress="$params" <<<'?deflate ^permessage-deflate'
		came_back 1 "$FEW"
	done
}

# zlib does not deflate with a window of 8, and Python does not work around it.
@test "deflate: every combination of wscat's own parameters, and a server of Python's websockets" {
	local params
	for params in $(own_combinations); do
		websockets_serves_wscat "$FEW" - - '?deflate' -- \
			--compress="${params/server-window=8/server-window=9}"
		came_back 1 "$FEW"
	done
}

@test "deflate: every combination of wsserve's own parameters, and clients of both" {
	local params
	for params in $(own_combinations); do
		serve --compress="$params"
		ws_talks "$URL" "$FEW" - '?deflate'
		came_back 1 "$FEW"
		# zlib makes no raw DEFLATE with a window of 8, and Python's websockets uses it all the same.
		[[ $params != *client-window=8 ]] || continue
		websockets_talks "$URL" "$FEW" - '?deflate'
		came_back 1 "$FEW"
	done
}
