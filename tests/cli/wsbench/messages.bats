#!/usr/bin/env bats
# Messages of the user's own: templates, how answers find them, recordings, and what is sent first.

load ../helper
load faulty

# The expression is true of the JSON report, which is r.
is() {
	"$PYTHON" -c 'import json, sys
r = json.load(open(sys.argv[1]))
m, c = r["messages"], r["connections"]
assert eval(sys.argv[2]), r' "$BATS_TEST_TMPDIR/report" "$1"
}

bench() {
	wsbench -q --format=json -o "$BATS_TEST_TMPDIR/report" "$@" "$URL"
}

# The messages that the server got, a line each.
got() {
	sed -nE 's/.*"dir":"in".*"data":"(.*)".*/\1/p' "$BATS_TEST_TMPDIR"/record/*.jsonl
}

@test "--message: sent in turn, with everything filled in, and each answer found" {
	mkdir "$BATS_TEST_TMPDIR/record"
	printf 'red\ngreen\r\nblue' >"$BATS_TEST_TMPDIR/colours"
	serve --record="$BATS_TEST_TMPDIR/record"
	bench -c 2 -n 40 --message='{{seq}} {{conn}} {{rand:5-5}} {{line:'"$BATS_TEST_TMPDIR/colours"'}}' \
		-m 'plain {{no-thing}} {{uuid}}'
	is 'm["received"] == 40 == r["rtt"]["count"] and m["lost"] == m["unasked"] == 0'
	kill "$SERVER"
	finished "$SERVER"
	got >"$BATS_TEST_TMPDIR/got"
	local line
	for line in '0 0 5 red' '2 0 5 blue' '0 1 5 green' '2 1 5 red'; do
		grep -qx "$line" "$BATS_TEST_TMPDIR/got"
	done
	# Every second message of a connection: 19 where both sent an odd number.
	local plain
	plain=$(grep -c plain "$BATS_TEST_TMPDIR/got")
	((plain == 19 || plain == 20))
	same "$plain" "$(grep -cE '^plain \{\{no-thing\}\} [0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$' "$BATS_TEST_TMPDIR/got")"
	same "$plain" "$(grep plain "$BATS_TEST_TMPDIR/got" | sort -u | wc -l)"
}

@test "--message-file: any bytes with --binary, and large" {
	serve --max-message-size=4M
	head -c 300000 /dev/urandom >"$BATS_TEST_TMPDIR/file"
	bench -c 2 -n 10 -b --message-file="$BATS_TEST_TMPDIR/file"
	is 'm["received"] == 10 and m["load_sent_bytes"] == 3000000'
	run -2 --separate-stderr wsbench --message-file="$BATS_TEST_TMPDIR/file" "$URL"
	usage_line "not UTF-8: --binary"
	bench -c 1 -n 3 -m ''
	is 'm["received"] == 3'
}

@test "templates in the URL and in --header" {
	printf 'one\ntwo\n' >"$BATS_TEST_TMPDIR/tokens"
	serve -v
	bench --mode=connect -c 3 -H "X-Token: t-{{line:$BATS_TEST_TMPDIR/tokens}}" -H 'X-Same: yes' &&
		wsbench -q --mode=connect -c 3 "${URL}room/{{conn}}?n={{rand:7-7}}"
	local path
	for path in 0 1 2; do
		await "room/$path\?n=7" "$SERVER_LOG"
	done
	logged 2 t-one
	logged 1 t-two
	logged 3 'X-Same: yes'
}

@test "--match: answers that are no echo find their message by number, pattern, JSON or order" {
	serve --text "$(shell_script answer <<-'END'
		# each pair of questions is answered in the wrong order
		while read -r first && read -r second; do
			for line in "$second" "$first"; do
				echo "$line" | sed 's/.*"id":\([0-9]*\).*/{"type":"answer","data":{"id":\1}}/'
			done
		done
	END
	)"
	bench -c 1 -w 2 -n 10 -m '{"data":{"id":{{seq}}}}' --match=json:data.id || same 1 $?
	is 'm["received"] == 10 and m["reordered"] == 5 and m["unasked"] == 0'
	bench -c 1 -w 2 -n 10 -m '{"id":{{seq}}}' --match=seq || same 1 $?
	is 'm["received"] == 10 and m["reordered"] == 5'
	bench -c 1 -w 2 -n 10 -m '{"id":{{seq}}}' --match='regex:"id":([0-9]+)' || same 1 $?
	is 'm["received"] == 10 and m["reordered"] == 5'
	bench -c 1 -w 2 -n 10 -m '{"id":{{seq}}}' --match=any
	is 'm["received"] == 10 and m["reordered"] == 0'
	run -1 --separate-stderr wsbench -q -c 1 -w 2 -n 2 -T 300ms -m '{"id":{{seq}}}' "$URL"
	says "2 messages lost"
}

@test "--match: what belongs to none is unasked, and no error" {
	faulty greet tick=0.02
	bench -c 1 -w 100 -R 100 -d 500ms -m 'question {{seq}}' --match='regex:question ([0-9]+)'
	is 'm["sent"] == 50 == m["received"] and m["unasked"] > 5'
	faulty double=5 drop=7
	wsbench -q --format=json -c 1 -n 70 -T 200ms -m 'question {{seq}}' "$URL" >"$BATS_TEST_TMPDIR/report" || true
	is 'm["sent"] == 70 and m["lost"] == 10 and m["duplicated"] == 12'
}

@test "--first-message and --first-expect: a connection counts once it is greeted" {
	serve --text "$(shell_script login <<-'END'
		echo hello
		read -r token
		[ "$token" = "login 0" ] || [ "$token" = "login 1" ] || exit 1
		echo "welcome"
		exec cat
	END
	)"
	bench -c 2 -n 20 --first-message='login {{conn}}' --first-expect='^wel'
	is 'c["opened"] == 2 and m["received"] == 20 and m["unasked"] == 0'
	run -7 --separate-stderr wsbench -q -c 2 --connect-timeout=500ms -n 20 --first-message='login {{conn}}' --first-expect='never' "$URL"
	says "no connection could be opened: what came did not match --first-expect$"
	grep -q '2 × the connection was not made, or --first-expect not met, in time$' <<<"$output"
	start "$PYTHON" "$FIXTURES/faultyecho.py" hush=0
	run -7 --separate-stderr wsbench -q -c 1 --connect-timeout=300ms -1 hi --first-expect=hi "$URL"
	says "no connection could be opened: nothing came that could match --first-expect$"
}

@test "--replay: the messages of a recording with their timing" {
	serve
	local t='"t":"2026-01-31T12:00:00.000000Z"'
	cat >"$BATS_TEST_TMPDIR/recording" <<-END
		{"v":1,$t,"us":0,"dir":"out","type":"open"}
		{"v":1,$t,"us":1000,"dir":"out","type":"text","len":3,"data":"one"}
		{"v":1,$t,"us":1500,"dir":"in","type":"text","len":3,"data":"one"}
		{"v":1,$t,"us":301000,"dir":"out","type":"binary","len":3,"b64":"AAEC"}
		{"v":1,$t,"us":601000,"dir":"out","type":"text","len":5,"data":"three"}
	END
	bench -c 3 --replay="$BATS_TEST_TMPDIR/recording"
	is 'm["sent"] == 9 == m["received"] and m["load_sent_bytes"] == 33 and r["load_s"] > 0.59'
	wscat -q -J -1 "$URL" hello >"$BATS_TEST_TMPDIR/recording"
	bench -c 2 --replay="$BATS_TEST_TMPDIR/recording" --match=echo
	is 'm["sent"] == 2 == m["received"]'
	echo nonsense >"$BATS_TEST_TMPDIR/recording"
	run -2 --separate-stderr wsbench --replay="$BATS_TEST_TMPDIR/recording" "$URL"
	usage_line "recording:1: not JSON"
	echo '{"type":"ping","data":""}' >"$BATS_TEST_TMPDIR/recording"
	run -2 --separate-stderr wsbench --replay="$BATS_TEST_TMPDIR/recording" "$URL"
	usage_line "no text or binary message"
	echo '{"us":1,"dir":"in","type":"text","data":"x"}' >"$BATS_TEST_TMPDIR/recording"
	run -2 --separate-stderr wsbench --replay="$BATS_TEST_TMPDIR/recording" "$URL"
	usage_line "recording: the client sent no message in it; what the server sent is not sent"
}

@test "--replay: empty messages, stages, and --messages" {
	serve
	local recording=$BATS_TEST_TMPDIR/recording
	echo '{"v":1,"us":1,"dir":"out","type":"text","len":0,"data":""}' >"$recording"
	bench -c 3 --replay="$recording"
	is 'm["sent"] == 3 == m["received"] and m["load_sent_bytes"] == 0'
	bench --match=echo --replay="$recording"
	is 'm["sent"] == 10'
	printf '{"type":"text","us":%d,"dir":"out","data":"%s"}\n' 0 one 1000 '' 2000 three >"$recording"
	run -0 --separate-stderr wsbench -q --replay="$recording" --stages=20,1,3 --format=csv "$URL"
	grep -qx sent,60,3,9 <<<"$output"
	bench -c 2 -n 5 --replay="$recording"
	is 'm["sent"] == 5 == m["received"] and r["load_s"] < 10'
	run -2 --separate-stderr wsbench -c 2 -n 7 --replay="$recording" "$URL"
	usage_line '--messages=7: the recording has 3, and 2 connections send 6'
	run -2 --separate-stderr wsbench --stages=3,1 -n 4 --replay="$recording" "$URL"
	usage_line '--messages=4: the recording has 3, and 1 connection sends 3'
}

@test "a file that cannot be read: 1, and one line" {
	local option
	run -1 --separate-stderr wsbench --replay=/ ws://127.0.0.1:9
	one_line "wsbench: /: Is a directory$"
	for option in '--message={{line:/nowhere}}' --header='X: {{line:/nowhere}}' --message-file=/nowhere \
		--replay=/nowhere --auth=@/nowhere --bearer=@/nowhere; do
		run -1 --separate-stderr wsbench "$option" ws://127.0.0.1:9
		one_line "/nowhere'?: No such file or directory$"
	done
	for option in --auth=@/nowhere --bearer=@/nowhere --proxy=@/nowhere --execute=@/nowhere; do
		run -1 --separate-stderr wscat "$option" ws://127.0.0.1:9
		one_line "/nowhere'?: No such file or directory$"
	done
	for option in --auth=@/nowhere --token=@/nowhere --auth-file=/nowhere --reply=@/nowhere; do
		run -1 --separate-stderr timeout 40 wsserve -p 0 "$option"
		one_line "/nowhere'?: No such file or directory$"
	done
}

@test "the bytes a second are those of the messages that were counted" {
	serve --source=100:1K
	wsbench -q --format=json -c 1 -n 3 -s 100 --timeout=300ms "$URL" >"$BATS_TEST_TMPDIR/report" || true
	is 'm["received"] == 0 == m["load_received_bytes"] and m["unasked"] > 0'
}

@test "what has no effect: 2" {
	run -2 --separate-stderr wsbench -m 'a {{sequence}}' ws://x
	usage_line "'\{\{sequence}}' is none of \{\{seq}}, \{\{conn}}, \{\{uuid}}, \{\{rand:1-100}}, \{\{now_us}} and \{\{line:FILE}}$"
	run -2 --separate-stderr wsbench -m '{{ seq }}' ws://x
	usage_line "is none of"
	run -2 --separate-stderr wsbench 'ws://x/{{user}}'
	usage_line "'\{\{user}}' is none of"
	run -2 --separate-stderr wsbench -m '{{rand:9-1}}' ws://x
	usage_line "no range such as 1-100"
	run -2 --separate-stderr wsbench -m x --match='regex:(' ws://x
	usage_line "."
	run -2 --separate-stderr wsbench -m x --match=nothing ws://x
	usage_line "is not echo, seq"
	run -2 --separate-stderr wsbench --match=seq ws://x
	usage_line "--match needs"
	run -2 --separate-stderr wsbench --first-expect=x ws://x
	usage_line "--first-expect needs"
	run -2 --separate-stderr wsbench -m x --size=9 ws://x
	usage_line "wsbench makes itself"
	run -2 --separate-stderr wsbench -m x --mode=broadcast ws://x
	usage_line "--message has no effect with --mode=broadcast"
}
