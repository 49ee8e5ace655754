#!/usr/bin/env bats
# wsserve --record: what every connection says and hears, a file each.

load ../helper

setup() {
	DIR=$BATS_TEST_TMPDIR/records
}

# The server ends, and has written everything.
end() {
	kill "$SERVER"
	finished "$SERVER"
}

# What is in the file of connection number N, checked against the schema and told.
told() { # N
	"$PYTHON" "$FIXTURES/records.py" <"$(echo "$DIR"/*-"$1".jsonl)"
}

@test "both directions, with the open and the close" {
	serve --record="$DIR"
	run -0 wscat -N 2 -s mqtt "${URL}chat?x=1" hello $'grüße\n"' </dev/null
	end
	same 1 "$(find "$DIR" -type f | wc -l)"
	# Each direction in its order; what is sent is recorded when it leaves.
	same "out open 0 ${URL}chat?x=1 101 None
out text 5 hello
out text 9 grüße\n\"
out close 2 1000 True " "$(told 1 | grep ^out)"
	same "in text 5 hello
in text 9 grüße\n\"
in close 2 1000 True " "$(told 1 | grep ^in)"
}

@test "bytes that are no text, pings, and unsolicited messages" {
	serve --record="$DIR" --source=1000:10 --subprotocol=a
	printf '\xff\x00' >"$BATS_TEST_TMPDIR/bytes"
	run -0 wscat -b -N 3 -s a "$URL" "@$BATS_TEST_TMPDIR/bytes" </dev/null
	end
	says '^out open 0 .* 101 a$' "$(told 1)"
	says '^in binary 2 ff00$' "$(told 1)"
	says '^out text 10 0 #' "$(told 1)"
	says '^out text 10 2 #' "$(told 1)"
}

@test "a file a connection, named as the log names it, for its owner alone" {
	serve --record="$DIR"
	local i
	for i in 1 2 3; do
		wscat -N 1 "$URL" "number $i" </dev/null
	done
	end
	same 3 "$(find "$DIR" -type f -perm 600 | wc -l)"
	local name
	while read -r name; do
		grep -q "\"conn\":\"$name\"" "$DIR/$name.jsonl"
	done < <(sed -nE 's/.*conn=([^ ]+) open .*/\1/p' "$SERVER_LOG")
	says '^in text 8 number 3' "$(told 3)"
}

@test "a broadcast is in the file of everybody who got it" {
	serve --record="$DIR" --broadcast -t 2
	mkfifo "$BATS_TEST_TMPDIR/in"
	exec 9<>"$BATS_TEST_TMPDIR/in"
	background wscat -w -1 "$URL" <"$BATS_TEST_TMPDIR/in"
	local one=$OUT
	background wscat -w -1 "$URL" <"$BATS_TEST_TMPDIR/in"
	await 'conn=.*-1 open' "$SERVER_LOG"
	await 'conn=.*-2 open' "$SERVER_LOG"
	run -0 wscat -w 0.5 "$URL" news </dev/null
	await news "$OUT"
	await news "$one"
	end
	exec 9>&-
	says '^out text 4 news' "$(told 1)"
	says '^out text 4 news' "$(told 2)"
	says '^in text 4 news' "$(told 3)"
}

@test "a violation and a lost connection" {
	serve --record="$DIR"
	run -0 client does "$URL" unmasked
	end
	says '^in error 0 UNMASKED' "$(told 1)"
}

@test "large messages are whole" {
	serve --record="$DIR"
	head -c 700000 /dev/zero | tr '\0' x >"$BATS_TEST_TMPDIR/large"
	run -0 bash -c "wscat -N 1 '$URL' '@$BATS_TEST_TMPDIR/large' </dev/null | wc -c"
	end
	same 2 "$(told 1 | grep -cE '^(in|out) text 700000 ')"
}

@test "wscat plays it back" {
	serve --record="$DIR"
	run -0 wscat -N 2 "$URL" one two </dev/null
	end
	serve
	run -0 bash -c "grep -h '\"in\"' '$DIR'/*.jsonl | grep '\"text\"' | sed 's/.*\"data\":\"//; s/\".*//' |
		wscat -N 2 '$URL'"
	same $'one\ntwo' "$output"
}

@test "--record-limit: nothing more beyond it, and the echo goes on" {
	serve --record="$DIR" --record-limit=64K
	seq 1 20000 >"$BATS_TEST_TMPDIR/lines"
	run -0 bash -c "wscat '$URL' <'$BATS_TEST_TMPDIR/lines' | cmp - '$BATS_TEST_TMPDIR/lines'"
	end
	await 'WARNING record --record-limit is reached' "$SERVER_LOG"
	(($(stat -c %s "$DIR"/*-1.jsonl) <= 65536))
	"$PYTHON" "$FIXTURES/records.py" <"$(echo "$DIR"/*-1.jsonl)" >/dev/null
}

@test "a folder that cannot be: 1" {
	touch "$BATS_TEST_TMPDIR/file"
	run -1 --separate-stderr wsserve -p 0 -q --record="$BATS_TEST_TMPDIR/file"
	one_line -- '--record: .*Not a directory'
	run -1 --separate-stderr wsserve -p 0 -q --record="$BATS_TEST_TMPDIR/no/such"
	one_line -- '--record: .*No such file'
}

@test "refused requests leave no files" {
	serve --record="$DIR" --path=/only
	run -5 wscat "$URL" hello </dev/null
	end
	same 0 "$(find "$DIR" -type f | wc -l)"
}

@test "with -z: what was said, not what was on the wire" {
	local text
	text=$(printf 'word %.0s' {1..500})
	serve --record="$DIR" --compress=takeover=both,threshold=0
	run -0 wscat -z -N 3 "$URL" "$text" "$text" hello </dev/null
	end
	same "in text 2500 $text
in text 2500 $text
in text 5 hello" "$(told 1 | grep '^in text')"
	same "out text 2500 $text
out text 2500 $text
out text 5 hello" "$(told 1 | grep '^out text')"
}

@test "the URL and the extensions are those of the connection" {
	serve --record="$DIR" --self-signed -z
	run -0 wscat -k -z "${URL}a?b" hello </dev/null
	run -0 wscat -k --jsonl -w 0 "${URL}" </dev/null
	end
	"$PYTHON" - "$DIR" "$PORT" <<-'END'
		import glob, json, sys
		opens = [json.loads(open(name).readline()) for name in sorted(glob.glob(sys.argv[1] + "/*.jsonl"))]
		assert [o["url"] for o in opens] == ["wss://127.0.0.1:" + sys.argv[2] + path for path in ("/a?b", "/")], opens
		assert opens[0]["extensions"].startswith("permessage-deflate") and opens[1]["extensions"] is None, opens
	END
}

@test "no file or link that is there is written to, and what is missing is said, of that file alone" {
	serve --record="$DIR"
	mkfifo "$BATS_TEST_TMPDIR/in"
	exec 9<>"$BATS_TEST_TMPDIR/in"
	background wscat -w -1 "$URL" <"$BATS_TEST_TMPDIR/in"
	echo first >&9
	await first "$OUT"
	await ' open from' "$SERVER_LOG"
	local name i
	name=$(sed -nE 's/.*conn=([^ ]+)-1 open .*/\1/p' "$SERVER_LOG")
	echo precious >"$BATS_TEST_TMPDIR/precious"
	ln -s "$BATS_TEST_TMPDIR/precious" "$DIR/$name-2.jsonl"
	ln "$BATS_TEST_TMPDIR/precious" "$DIR/$name-3.jsonl"
	ln -s "$BATS_TEST_TMPDIR/made" "$DIR/$name-4.jsonl"
	for i in 2 3 4; do
		wscat -N 1 "$URL" "number $i" </dev/null
		await "ERROR +record --record: cannot write $name-$i.jsonl: File exists" "$SERVER_LOG"
		# The first one's file is in order meanwhile.
		echo "beside $i" >&9
		await "beside $i" "$OUT"
		await "WARNING +record --record: $name-$i.jsonl is closed; 5 are missing: File exists" "$SERVER_LOG"
	done
	run ! grep -E "is written again|cannot write $name-1" "$SERVER_LOG"
	same 3 "$(grep -c 'cannot write' "$SERVER_LOG")"
	exec 9>&-
	end
	same precious "$(<"$BATS_TEST_TMPDIR/precious")"
	[[ ! -e $BATS_TEST_TMPDIR/made ]]
	same "in text 5 first
in text 8 beside 2
in text 8 beside 3
in text 8 beside 4" "$(told 1 | grep '^in text')"
	await 'records are missing' "$SERVER_LOG"
}

@test "a folder that others may write to: a warning" {
	mkdir -m 0700 "$DIR"
	serve --record="$DIR"
	await 'record .*into' "$SERVER_LOG"
	run ! grep 'other users' "$SERVER_LOG"
	chmod 1777 "$DIR"
	serve --record="$DIR"
	await "WARNING .*other users may write to $DIR" "$SERVER_LOG"
}

# --- a disk that is full ---

# Serves with a disk of its own for the records, of so many bytes: from here they are in $RECORDS.
serve_on_disk() { # SIZE OPTION...
	local size=$1 user=()
	shift
	((EUID == 0)) || user=(--map-root-user)
	mkdir "$DIR"
	# shellcheck disable=SC2016 # expanded inside
	start unshare "${user[@]}" --mount bash -c 'mount -t tmpfs -o size="$1",mode=0700 tmpfs "$2" && exec "${@:3}"' \
		bash "$size" "$DIR" wsserve -p 0 --announce --record="$DIR" "$@"
	# shellcheck disable=SC2034 # logged() and end() use them
	SERVER=$PID SERVER_LOG=$LOG
	watch_peak "$SERVER"
	RECORDS=/proc/$SERVER/root$DIR
}

# So many records are counted as missing, or more.
unwritten() { # LEAST
	(($(curl -sS "http://127.0.0.1:$PORT/metrics" | sed -n 's/^wsserve_unwritten_total{file="record"} //p') >= $1))
}

# A client that stays, and what it says: fd 9 is its input.
talk() {
	mkfifo "$BATS_TEST_TMPDIR/in"
	exec 9<>"$BATS_TEST_TMPDIR/in"
	background wscat -w -1 "$URL" <"$BATS_TEST_TMPDIR/in" 9>&-
	TALK_OUT=$OUT
}

say() { # TEXT
	echo "$1" >&9
	await "^$1\$" "$TALK_OUT"
}

@test "a full disk: said once, counted, and the echo goes on; records go on when it has space" {
	serve_on_disk 64K --metrics
	cat /dev/zero >"$RECORDS/filler" 2>/dev/null || true
	same 0 "$(stat -f -c %a "$RECORDS")"
	talk
	local i
	for i in {1..20}; do
		say "lost $i"
	done
	await 'ERROR +record --record: cannot write .*-1\.jsonl: No space left on device' "$SERVER_LOG"
	eventually unwritten 41 # open, and both directions
	same 1 "$(grep -c 'cannot write' "$SERVER_LOG")"
	rm "$RECORDS/filler"
	say kept
	await 'WARNING +record --record: .*-1\.jsonl is written again; [0-9]+ are missing' "$SERVER_LOG"
	await '"dir":"out".*"data":"kept"' "$(echo "$RECORDS"/*-1.jsonl)"
	same $'in text 4 kept\nout text 4 kept' "$("$PYTHON" "$FIXTURES/records.py" <"$(echo "$RECORDS"/*-1.jsonl)")"
}

# bats test_tags=measures
@test "a disk that becomes full in the middle of a record: all others are whole, and memory does not grow" {
	sanitized && count=5000 || count=50000
	serve_on_disk 256K --metrics
	head -c 100K /dev/zero >"$RECORDS/filler"
	talk
	say first
	local file copy=$BATS_TEST_TMPDIR/copy
	file=$(echo "$RECORDS"/*-1.jsonl)
	await '"dir":"out".*"data":"first"' "$file"
	printf '%0300000d\n' 0 >&9 # more than there is space for
	seq -f 'number %.0f of a message that is of no fixed length' "$count" >"$BATS_TEST_TMPDIR/lines"
	cat "$BATS_TEST_TMPDIR/lines" >&9
	await "^number $count of" "$TALK_OUT"
	await 'ERROR +record --record: cannot write .*-1\.jsonl: No space left on device' "$SERVER_LOG"
	grew_less "$SERVER" 20000
	# Others do not notice, and their records are missing too.
	wscat -N 1 "$URL" beside </dev/null
	await 'cannot write .*-2\.jsonl: No space left on device' "$SERVER_LOG"
	cp "$file" "$copy"
	same 0 "$(tail -c 1 "$copy")" # the long one was cut
	# Space again: the cut record stays, on a line of its own.
	rm "$RECORDS/filler"
	say last
	await '"dir":"out".*"data":"last"' "$file"
	same "$(cat "$copy")" "$(head -n "-2" "$file")"
	grep -av '000000$' "$file" | "$PYTHON" "$FIXTURES/records.py" >"$BATS_TEST_TMPDIR/said"
	same $'in text 5 first\nout text 5 first\nin text 4 last\nout text 4 last' "$(grep text "$BATS_TEST_TMPDIR/said")"
	# All that was said came back.
	cmp <(tail -n "+3" "$TALK_OUT" | head -n "$count") "$BATS_TEST_TMPDIR/lines"
}
