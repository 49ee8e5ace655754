#!/usr/bin/env bats
# permessage-deflate: -z of wsserve, wscat and wsbench, also against a client of Python and its zlib.

load ../helper

deflate() {
	"$PYTHON" "$FIXTURES/deflate.py" "$@"
}

# --- negotiation ---

@test "without -z no extension is negotiated, and a compressed message is an error" {
	serve
	run -0 deflate offers "$URL" permessage-deflate
	same none "$output"
	run -0 deflate broken "$URL" garbage
	same "close 1002" "$output"
}

@test "-z, --compress: the first acceptable offer is accepted, invalid ones are declined" {
	serve -z
	local bare='permessage-deflate; server_no_context_takeover; client_no_context_takeover'
	run -0 deflate offers "$URL" permessage-deflate
	same "$bare" "$output"
	run -0 deflate offers "$URL" 'permessage-deflate; nonsense, permessage-deflate; server_max_window_bits=10'
	same "$bare; server_max_window_bits=10" "$output"
	run -0 deflate offers "$URL" 'x-other, permessage-deflate; server_max_window_bits=7' 'permessage-deflate'
	same "$bare" "$output"
	local offer
	for offer in 'server_max_window_bits' 'server_max_window_bits=16' 'server_max_window_bits=08' \
		'client_max_window_bits=7' 'server_no_context_takeover=1' 'unknown=1' \
		'client_no_context_takeover; client_no_context_takeover'; do
		run -0 deflate offers "$URL" "permessage-deflate; $offer"
		same none "$output"
	done
}

@test "--compress=PARAMS: takeover and windows as configured" {
	serve --compress=takeover=both
	run -0 deflate offers "$URL" permessage-deflate
	same permessage-deflate "$output"
	serve --compress=takeover=server,server-window=9,client-window=10
	run -0 deflate offers "$URL" 'permessage-deflate; client_max_window_bits'
	says 'client_no_context_takeover' "$output"
	says 'server_max_window_bits=9' "$output"
	says 'client_max_window_bits=10' "$output"
	run ! grep server_no_context_takeover <<<"$output"
}

@test "invalid PARAMS" {
	local params
	for params in level=0 level=10 memory=0 window=16 window=7 takeover=some threshold=-1 fast level 'level=1,' ''; do
		run -2 --separate-stderr wsserve --compress="$params"
		usage_line "option '--compress': '$params' is not a list of level=1-9"
	done
	run -2 --separate-stderr wscat --compress=level=x ws://127.0.0.1:9/
	usage_line 'is not a list of level'
	run -2 --separate-stderr wsbench --compress=level=x ws://127.0.0.1:9/
	usage_line 'is not a list of level'
}

# --- messages ---

@test "fragments, pings between, empty messages, every window, with and without takeover" {
	serve --compress=takeover=both,threshold=0
	local bits takeover
	for bits in 8 9 10 11 12 13 14 15; do
		for takeover in '' '; server_no_context_takeover' '; client_no_context_takeover'; do
			run -0 deflate talk "$URL" \
				"permessage-deflate; server_max_window_bits=$bits; client_max_window_bits=$bits$takeover" 60
			# Without context the smallest do not shrink, and are sent uncompressed.
			[[ $takeover == *server* ]] || same "compressed 60" "${lines[1]}"
			says '^compressed [4-6].$' "$output"
		done
	done
}

@test "threshold: smaller messages are sent uncompressed" {
	serve -z
	run -0 deflate talk "$URL" permessage-deflate 100
	same "least in one piece 1024" "${lines[2]}"
	serve --compress=threshold=1025
	run -0 deflate talk "$URL" permessage-deflate 100
	same "least in one piece 5000" "${lines[2]}"
}

@test "--fragment with -z: only the first frame has the bit" {
	serve -z --fragment=100
	run -0 deflate talk "$URL" permessage-deflate 100
}

@test "violations have their close codes" {
	serve -z
	local kind code
	while read -r kind code; do
		run -0 deflate broken "$URL" "$kind"
		same "close $code" "$output"
	done <<-'END'
		garbage 1007
		cut 1007
		far 1007
		control 1002
		continuation 1002
		rsv2 1002
		text 1007
	END
}

# --- bombs ---

# bats test_tags=measures
@test "a bomb of 1 GiB in 1 MiB is closed with 1009 and costs at most the limit" {
	serve -z
	local before
	run -0 deflate offers "$URL" permessage-deflate
	before=$(peak "$SERVER")
	run -0 deflate bomb "$URL" 1024
	says '^wire 1[0-9]{6}$' "$output"
	says '^close 1009$' "$output"
	sanitized || (($(peak "$SERVER") - before < 3072))
	# The same when messages are handed over complete.
	serve -z --broadcast
	run -0 deflate offers "$URL" permessage-deflate
	before=$(peak "$SERVER")
	run -0 deflate bomb "$URL" 1024
	says '^close 1009$' "$output"
	sanitized || (($(peak "$SERVER") - before < 4096))
}

@test "a message of exactly the limit is accepted, one byte more is not" {
	serve -z --max-message-size=1M
	run -0 deflate bomb "$URL" 1
	says '^message 1048576$' "$output"
	serve -z --max-message-size=1048575
	run -0 deflate bomb "$URL" 1
	says '^close 1009$' "$output"
}

# bats test_tags=measures
@test "one read that inflates to hundreds of messages, and a client that stops reading" {
	local limit=4096
	! sanitized || limit=0
	serve -z
	run -0 deflate many "$URL" 400 1000000 "$SERVER" "$limit"
	says '^all 400 came back' "$output"
}

@test "--max-memory counts the compressors' memory: none without takeover, with it the largest holder is closed" {
	serve --compress=takeover=both --max-memory=800K
	local i
	for i in 1 2 3 4 5 6 7; do
		background wscat -z -w -1 "$URL" "$(printf 'word %.0s' {1..500})" </dev/null
	done
	await MEMORY_LIMIT "$SERVER_LOG"
	serve -z --max-memory=800K
	for i in 1 2 3 4 5 6 7; do
		background wscat -z -w -1 "$URL" "$(printf 'word %.0s' {1..500})" </dev/null
		await . "$OUT"
	done
	run ! grep MEMORY_LIMIT "$SERVER_LOG"
}

# --- between our tools ---

@test "wscat -z: compressed in both directions, and --stats shows the ratio" {
	serve -z
	local text
	text=$(printf '{"name":"value","number":12345},%.0s' {1..100})
	run -0 --separate-stderr wscat -z --stats -w 0 "$URL" "$text" </dev/null
	same "$text" "$output"
	says '^wscat: stats: sent compressed: 1 message, 3.[0-9]+ KiB as [0-9]+ B, [0-9.]+ times smaller$' "$stderr"
	says '^wscat: stats: received compressed: 1 message, ' "$stderr"
}

@test "wscat -z with a server that declines: nothing is compressed" {
	serve
	run -0 --separate-stderr wscat --compress=threshold=0 --stats -w 0 "$URL" hello </dev/null
	same hello "$output"
	run ! grep compressed <<<"$stderr"
}

# bats test_tags=measures
@test "a pipe of 100 MB through wscat -z and wsserve -z, byte for byte" {
	local size=100000000
	! sanitized || size=10000000
	serve --compress=takeover=both,level=1
	seq 1 20000000 | head -c "$size" >"$BATS_TEST_TMPDIR/in"
	wscat -b --compress=level=1 -w 0 "$URL" <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out"
	cmp "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
}

@test "wsbench -z: nothing is lost, and the report shows the ratio" {
	serve -z
	run -0 --separate-stderr wsbench -q -z -c 5 -n 500 -s 2000 "$URL"
	says '^compression +sent .* KiB as .* KiB, [0-9.]+ times smaller; received ' "$output"
	run -0 --separate-stderr wsbench -q --compress=level=9 -n 100 -s 2000 --format=json "$URL"
	jq -e '.compression | .messages_sent == 100 and .received_plain_bytes == 200000 and
		.received_wire_bytes < 150000' <<<"$output"
	serve
	run -0 --separate-stderr wsbench -q -z -n 10 -s 2000 "$URL"
	says '^compression +none$' "$output"
}

@test "a broadcast is compressed once for all receivers that can read it" {
	serve --broadcast --compress=takeover=both,threshold=0 --metrics --stats-interval=0
	local message i
	message=$(printf 'the same words again and again, %.0s' {1..200})
	for i in 1 2 3 4 5 6; do
		local -a z=()
		((i > 2)) && z=("--compress=takeover=both,threshold=0")
		((i != 6)) || z=(--compress=server-window=9)
		background wscat "${z[@]}" -N 3 -w -1 --no-stdin "$URL"
		local "OUT$i=$OUT" "PID$i=$PID"
		await "conn=.*-$i open" "$SERVER_LOG"
	done
	for i in 1 2 3; do
		wscat -E "$URL" "$message$i" </dev/null
	done
	for i in 1 2 3 4 5 6; do
		local pid=PID$i out=OUT$i
		finished "${!pid}"
		same "$(printf "$message%s\n" 1 2 3)" "$(cat "${!out}")"
	done
	# Four receivers got three compressed messages each.
	run -0 curl -s "http://127.0.0.1:$PORT/metrics"
	says '^wsserve_deflate_messages_total\{direction="out"\} 12$' "$output"
	says "^wsserve_deflate_bytes_total\{direction=\"out\",form=\"plain\"\} $((4 * 3 * (${#message} + 1)))$" "$output"
}

@test "SIGUSR1 counts compression, and SIGHUP changes it for new connections" {
	printf 'compress=takeover=none,threshold=0\n' >"$BATS_TEST_TMPDIR/config"
	serve --config="$BATS_TEST_TMPDIR/config"
	run -0 wscat -z -w 0 "$URL" "$(printf 'word %.0s' {1..500})" </dev/null
	await 'conn=.*-1 close' "$SERVER_LOG"
	kill -USR1 "$SERVER"
	await 'deflate_plain_in=2500 deflate_wire_in=[0-9]{1,3} deflate_plain_out=2500 deflate_wire_out=[0-9]{1,3} ' "$SERVER_LOG"
	: >"$BATS_TEST_TMPDIR/config"
	kill -HUP "$SERVER"
	await 'changed: compress' "$SERVER_LOG"
	run -0 deflate offers "$URL" permessage-deflate
	same none "$output"
}
