#!/usr/bin/env bats
# wsbench's figures with servers that lose, repeat, swap, damage and delay messages, singly and together:
# every count is the server's own.

load ../helper
load faulty

# With these faults every figure is the server's.
exact() { # FAULT... -- OPTION...
	measure_in_time "$@"
	holds 'm["sent"] == did["received"]'
	holds 'm["lost"] == did["dropped"] + did["flipped"] + did["held"]'
	holds 'm["duplicated"] == did["doubled"]'
	holds 'm["reordered"] == did["swapped"]'
	holds 'm["corrupted"] == did["flipped"]'
	holds 'm["unasked"] == did["unasked"]'
}

@test "lost, duplicated, reordered and corrupted are exact, at every size" {
	local size fault
	for size in 1 2 4 15 16 20 40 300; do
		for fault in drop=7 double=7 swap=7 flip=7; do
			exact "$fault" -- -c 3 -n 300 -w 4 -s "$size" -T 300ms -d 20s
			same 1 "$STATUS"
		done
	done
	# with nothing in a message, its number is all that is known
	for fault in drop=7 double=7; do
		faulty "$fault"
		measure -c 3 -n 300 -w 4 -s 0 -T 300ms -d 20s
		holds 'm["lost"] == did["dropped"] and m["duplicated"] == did["doubled"]'
	done
}

@test "small messages: all of it at once, with more in flight than a message has numbers" {
	local size
	for size in 1 2 3 9; do
		exact drop=11 double=7 swap=5 flip=13 greet -- -c 4 -t 2 -n 2000 -w 100 -s "$size" -T 500ms -d 30s
	done
}

@test "what messages are too small to tell is said" {
	faulty
	run -0 wsbench -c 1 -n 10 -s 0 "$URL"
	grep -q '^verdict *messages of 0 B are all alike' <<<"$output"
	run -0 wsbench -c 1 -n 10 -s 1 "$URL"
	grep -q '^verdict *messages of 1 B have no place for a check' <<<"$output"
	run -0 wsbench -c 1 -n 10 -s 1 -w 9 "$URL"
	grep -q '^verdict *messages of 1 B have 32 numbers: an answer that 16 others overtook' <<<"$output"
	run -0 wsbench -c 1 -n 10 -s 2 "$URL"
	run -1 grep '^verdict' <<<"$output"
}

@test "all of it at once, with greetings and ticks between the answers" {
	exact greet drop=11 double=7 swap=5 flip=13 tick=0.01 -- -c 4 -n 2000 -w 8 -s 40 -T 300ms -d 30s
	same 1 "$STATUS"
	holds 'min(did[k] for k in ("dropped", "doubled", "swapped", "flipped", "unasked")) > 3'
}

@test "broadcast: exact a receiver at a time" {
	measure_in_time all drop=11 double=7 swap=5 -- --mode=broadcast -c 5 --publishers=2 -t 2 -R 400 -n 300 -T 300ms
	same 1 "$STATUS"
	holds 'm["sent"] == 300 == did["received"]'
	holds 'm["received"] + m["lost"] == m["sent"] * 4'
	holds 'm["lost"] == did["dropped"] + did["held"] > 0'
	holds 'm["duplicated"] == did["doubled"] > 0'
	holds 'r["rtt"]["count"] == 300 * 4 and r["rtt"]["max_us"] > 300000'
	# with two, a swap may be of messages of both, which have no order between them
	measure_in_time all drop=11 swap=5 -- --mode=broadcast -c 4 -t 2 -R 400 -n 200 -T 300ms
	holds 'm["lost"] == did["dropped"] + did["held"] > 0 and m["reordered"] == did["swapped"] > 0'
}

@test "an answer after its time limit leaves its message lost: it is late, and what was waited for it counts once" {
	faulty delay=50:0.6
	measure -c 1 -n 500 -w 8 -R 250 -T 200ms -d 10s
	same 1 "$STATUS"
	holds 'did["delayed"] == 10 == m["lost"] and 7 <= m["late"] <= 10 and m["received"] == 490'
	holds 'm["duplicated"] == m["reordered"] == m["unasked"] == 0'
	holds 'r["rtt"]["count"] == 500 == r["rtt_uncorrected"]["count"] and 200000 <= r["rtt_uncorrected"]["max_us"] < 400000'
	# and so do gates and the other reports say
	faulty delay=5:0.3
	run -10 wsbench -c 1 -n 20 -T 100ms --fail-if='loss>0%' "$URL"
	grep -q '^ *[1-4] of those lost were answered later than --timeout$' <<<"$output"
	run -10 wsbench -c 1 -n 20 -T 100ms -q --format=csv --fail-if='late>0' -m '{{seq}} {{uuid}}' "$URL"
	grep -q '^lost,4$' <<<"$output" && grep -q '^late,[1-4]$' <<<"$output"
}

@test "late answers where all messages are alike, or any answer will do, are late too" {
	local how
	for how in "-s 0" "-m x --match=any"; do
		faulty delay=4:0.3
		# shellcheck disable=SC2086 # it is options
		measure -c 1 -n 4 -d 5s -T 100ms --channel-lifetime=4s $how
		holds 'm["received"] == 3 and m["lost"] == 1 and m["duplicated"] == m["unasked"] == 0'
	done
}

# The memory of what was sent has 256 messages at first.
@test "an answer that comes after thousands of others is none of theirs" {
	faulty delay=500:0.7
	measure -c 1 -w 8 -R 2000 -T 400ms -d 2s
	holds 'm["received"] + m["late"] <= did["sent"] <= m["received"] + m["lost"] and m["duplicated"] == 0 and m["late"] >= 4'
	faulty delay=500:0.7
	measure -c 1 -w 8 -R 2000 -T 400ms -d 2s -m 'question {{seq}}'
	holds 'm["received"] + m["late"] <= did["sent"] <= m["received"] + m["lost"] and m["duplicated"] == m["unasked"] == 0 and m["late"] >= 4'
}

@test "broadcast: a message that comes after many others is late, not lost and a duplicate" {
	faulty all delay=100:0.7
	measure --mode=broadcast -c 3 -t 2 -R 1500 -d 1s -T 2s
	holds 'm["received"] == 3000 == did["sent"] and m["lost"] == m["duplicated"] == 0'
	holds '0 < m["reordered"] <= did["delayed"] == 30 and r["rtt"]["max_us"] > 690000'
}

@test "broadcast: what is lost counts with the time that was waited for it, and who comes back is no further receiver" {
	faulty all drop=2
	measure --mode=broadcast -c 3 -t 2 -R 100 -n 40 -T 500ms
	holds 'm["received"] == 40 == m["lost"] and r["rtt"]["count"] == 80 and r["rtt"]["p75_us"] > 450000'
	holds 'r["rtt"]["max_us"] < 2000000'
	faulty all close=10:1001
	measure --mode=broadcast -c 3 --publishers=2 -R 100 -d 500ms -T 300ms --reconnect
	holds 'c["returned"] > 0 and m["received"] + m["lost"] == m["sent"] * 2'
}

@test "an answer of the other type, text for binary, is corrupted" {
	local mode
	for mode in echo broadcast; do
		if [[ $mode == echo ]]; then faulty; else faulty all; fi
		measure --mode="$mode" -c 2 -n 10 -R 100 -T 300ms --binary
		same 1 "$STATUS"
		holds 'm["corrupted"] == 10 == m["lost"] and m["received"] == 0'
		holds '"10 of those corrupted came as text, though binary was sent" in r["verdict"]'
	done
}

@test "messages that nothing asked for are no error, and no answer" {
	local mode
	for mode in idle echo; do
		faulty greet tick=0.05
		measure --mode="$mode" -c 2 -d 500ms
		same 0 "$STATUS"
		holds 'm["unasked"] > 4'
	done
	# what comes before the first message does not end a round trip
	faulty greet delay=1:0.1
	measure -c 1 -n 2
	same 0 "$STATUS"
	holds 'm["unasked"] == 1 and r["rtt"]["min_us"] > 99000'
}

@test "--timeout is the limit of each answer: a lost message does not stop its connection" {
	faulty drop=5
	measure -c 1 -w 1 -n 50 -d 0 -T 400ms
	same 1 "$STATUS"
	holds 'm["sent"] == 50 and m["lost"] == 10 == did["dropped"] and m["received"] == 40'
	faulty drop=5
	measure -c 1 -w 2 -R 100 -n 50 -d 0 -T 400ms
	holds 'm["sent"] == 50 and m["lost"] == 10 and m["received"] == 40'
}

@test "-d 0 -n N ends: with a server that falls silent, or closes, and in broadcast without publishers" {
	faulty hush=20
	measure -c 2 -w 2 -n 1000000 -d 0 -T 400ms
	same 1 "$STATUS"
	holds 'm["received"] == 40'
	grep -q 'no answer for' "$BATS_TEST_TMPDIR/said"
	faulty hush=20 # at a rate too; and that is no load without connections
	measure -c 2 -w 2 -R 1000 -n 1000000 -d 0 -T 400ms
	same 1 "$STATUS"
	grep -q 'no answer for' "$BATS_TEST_TMPDIR/said"
	holds 'r["load_s"] < 60 and not any("no connection was left" in line for line in r["verdict"])'
	faulty close=5:1008
	measure -c 2 -n 1000000 -d 0
	same 1 "$STATUS"
	faulty all close=1:1000
	measure --mode=broadcast -c 3 -n 1000000 -d 0 -R 1000 -T 400ms
	same 1 "$STATUS"
	faulty all
	measure --mode=broadcast -c 3 -n 30 -t 2 -d 0 -R 1000 -T 400ms
	same 0 "$STATUS"
	holds 'm["sent"] == 30 and m["received"] == 60'
}
