#!/usr/bin/env bats
# wsserve --fault: everything that a server should not do, with wscat as the victim.

load ../helper

# The exit status of wscat against a server with that fault; what it printed is in $output.
# shellcheck disable=SC2154
victim() { # FAULT STATUS ARG...
	local fault=$1 status=$2
	shift 2
	serve "--fault=$fault" --ping-interval=0
	run -"$status" --separate-stderr timeout 40 wscat "$URL" "$@" </dev/null
}

@test "mask: a masked message is a protocol error" {
	victim mask 6 -N 1 hello
	says "a server's frame is masked"
}

@test "rsv: a reserved bit is a protocol error" {
	victim rsv 6 -N 1 hello
	says 'a reserved bit is set'
}

@test "bad-utf8: a text that is not UTF-8 is a protocol error; a binary message is left alone" {
	victim bad-utf8 6 -N 1 hello
	says 'not valid UTF-8'
	run -0 wscat -b -N 1 "$URL" hello </dev/null
	same hello "$output"
}

@test "truncate: a frame ends early, and the connection with it" {
	victim truncate 8 -N 1 hello
	victim truncate:3 8 -N 1 hello
	same "" "$output"
}

@test "reject: the upgrade is refused" {
	victim reject 5 hello
	says 'HTTP status 503'
	victim reject:404 5 hello
	says 'HTTP status 404'
}

@test "wrong-accept: the answer does not fit the key" {
	victim wrong-accept 5 hello
	says 'Sec-WebSocket-Accept does not fit'
}

@test "close-after: so many messages, then a close with 1011" {
	victim close-after 9 -w -1 one
	says '1011'
	same one "$output"
	victim close-after:2 10 -N 3 one two three
	same $'one\ntwo' "$output"
	victim close-after:0 9 -w -1
	says '1011'
}

@test "abort-after: so many messages, then a reset" {
	victim abort-after:2 8 -N 3 one two three
	same $'one\ntwo' "$output"
}

@test "no-pong: pings stay without an answer" {
	victim no-pong 7 -w -1 --ping-interval=50ms --ping-timeout=100ms
	says 'no answer to our ping came'
}

@test "no-close-reply: the close stays without an answer, and the connection open" {
	victim no-close-reply 7 -w 0 --close-timeout=300ms hello
	same hello "$output"
	says 'no close frame came within 300 ms'
}

@test "drop: a message does not come" {
	victim drop 10 -w 0.5 -N 1 hello
	same "" "$output"
}

@test "duplicate: a message comes twice" {
	victim duplicate 0 -N 2 hello
	same $'hello\nhello' "$output"
}

@test "reorder: a message comes behind the next one, or late where there is none" {
	victim reorder 0 -N 2 one two
	same $'two\none' "$output"
	run -0 wscat -N 1 "$URL" alone </dev/null
	same alone "$output"
}

@test "flip: a bit of the payload is the other way round" {
	victim flip 0 -b -N 1 hello
	[[ $output != hello && ${#output} -le 5 ]]
	victim flip:3 0 -b -N 1 "$(printf '%0100d' 0)"
	[[ $output != "$(printf '%0100d' 0)" ]]
}

@test "delay: what is sent leaves later, in order" {
	local begin=${EPOCHREALTIME/./} took
	victim delay:150ms 0 -N 3 one two three
	took=$((${EPOCHREALTIME/./} - begin))
	same $'one\ntwo\nthree' "$output"
	((took > 300000)) # the 101 and the messages
	victim delay:10s 7 -T 0.3 hello
}

@test "split-writes: a message comes in bits, and whole" {
	victim split-writes 0 -N 1 hello
	same hello "$output"
	head -c 3000 /dev/zero | tr '\0' x >"$BATS_TEST_TMPDIR/big"
	victim split-writes:100 0 -N 2 "@$BATS_TEST_TMPDIR/big" end
	same "$(cat "$BATS_TEST_TMPDIR/big")"$'\nend' "$output"
}

@test "a message of megabytes suffers like a small one" {
	head -c 1000000 /dev/zero | tr '\0' x >"$BATS_TEST_TMPDIR/big"
	serve --fault=duplicate
	run -0 bash -c "wscat -N 2 '$URL' '@$BATS_TEST_TMPDIR/big' </dev/null | wc -c"
	same 2000002 "$output"
}

# --- seeds and probabilities ---

# Which of 100 numbered messages come.
survivors() { # URL
	seq 100 | timeout 40 wscat -w 0.5 "$1"
}

@test "--seed: the same faults each time, and others with another seed" {
	local seed one again other
	for seed in 7 7 8; do
		serve --fault=drop@50% "--seed=$seed" --ping-interval=0
		one=$(survivors "$URL")
		[[ $(wc -l <<<"$one") -gt 20 && $(wc -l <<<"$one") -lt 80 ]]
		if [[ -z ${again-} ]]; then
			again=$one
			# Another connection of the same run has faults of its own.
			other=$(survivors "$URL")
			[[ $other != "$one" ]]
		elif ((seed == 7)); then
			same "$again" "$one"
		else
			[[ $again != "$one" ]]
		fi
	done
}

@test "the seed that was chosen is logged, and can be given" {
	serve --fault=drop@0.5 --ping-interval=0
	local seed one
	one=$(survivors "$URL")
	await 'fault injecting faults, with --seed=[0-9]+' "$SERVER_LOG"
	seed=$(sed -n 's/.*--seed=//p' "$SERVER_LOG")
	serve --fault=drop@0.5 "--seed=$seed" --ping-interval=0
	same "$one" "$(survivors "$URL")"
}

@test "@0 never happens" {
	victim mask@0 0 -N 1 hello
	same hello "$output"
}

@test "several faults at once" {
	serve --fault=duplicate --fault=delay:10ms --fault=split-writes:2 --ping-interval=0
	run -0 wscat -N 4 "$URL" one two </dev/null
	same $'one\none\ntwo\ntwo' "$output"
}

# True once the server logs that it has paused a client.
paused() {
	kill -USR1 "$SERVER"
	grep -q 'stats .* paused=1 ' "$SERVER_LOG"
}

# bats test_tags=measures
@test "output that is held back does not grow without end: reading pauses" {
	serve --fault=split-writes:1 --ping-interval=0
	background bash -c "head -c 60000000 /dev/zero | timeout 30 wscat -b '$URL'"
	eventually paused
	grew_less "$SERVER" 24000
}

@test "on threads too" {
	serve -t 2 --fault=duplicate --fault=delay:5ms
	local word
	for word in one two three four; do
		run -0 wscat -N 2 "$URL" "$word" </dev/null
		same "$word"$'\n'"$word" "$output"
	done
}

@test "a fault that does not exist, or not so: 2" {
	local fault
	for fault in made-up delay:x drop:3 'drop@2' reject:200 'drop@' ''; do
		run -2 --separate-stderr wsserve -p 0 "--fault=$fault"
		usage_line --fault
	done
	run -2 --separate-stderr wsserve -p 0 --seed=7
	usage_line --seed
	run -2 --separate-stderr wsserve -p 0 --fault=drop --seed=x
	usage_line --seed
}
