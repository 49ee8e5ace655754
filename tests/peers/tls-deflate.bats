#!/usr/bin/env bats
# permessage-deflate with every combination of a peer's parameters, over TLS.

load ../cli/helper
load ../cli/certificates
load interop

setup_file() {
	certificates
}

setup() {
	certificates
}

@test "TLS and deflate: wscat and every combination of parameters of a server of npm's ws" {
	ws_serves "${PAIR[@]}"
	wscat_talks "$FEW" --compress=threshold=0 --ca="$CA" \
		< <(combinations_and_answers "$WINDOWS" "$WINDOWS")
	came_back 324 "$FEW"
}

@test "TLS and deflate: wsserve and every combination of parameters of a client of npm's ws" {
	local combinations
	mapfile -t combinations < <(combinations "$WINDOWS" "$WINDOWS")
	serve "${TLS[@]}" --compress=takeover=both,threshold=0
	ws_talks "$URL" "$FEW" "$CA" "${combinations[@]}"
	came_back 324 "$FEW"
}

@test "TLS and deflate: wscat and every combination of parameters of a server of websockets" {
	local combinations
	mapfile -t combinations < <(combinations "${WINDOWS#8 }" "$WINDOWS")
	websockets_serves_wscat "$FEW" "${PAIR[@]}" "${combinations[@]}" -- --compress=threshold=0 \
		--ca="$CA"
	came_back 288 "$FEW"
}

@test "TLS and deflate: wsserve and every combination of parameters of a client of websockets" {
	local combinations
	mapfile -t combinations < <(combinations "$WINDOWS" "${WINDOWS#8 }")
	serve "${TLS[@]}" --compress=takeover=both,threshold=0
	websockets_talks "$URL" "$FEW" "$CA" "${combinations[@]}"
	came_back 288 "$FEW"
}
