#!/usr/bin/env bats
# also: check
# What an operator has to hear: programs that complain or cannot be run, files that cannot be written.

load ../helper

# An executable file of these bytes, with printf's escapes, in FILE.
script() { # BYTES
	FILE=$BATS_TEST_TMPDIR/script
	printf '%b' "$1" >"$FILE"
	chmod +x "$FILE"
}

@test "what a COMMAND writes to standard error is in the log, with its name and connection" {
	# shellcheck disable=SC2016
	script '#!/bin/sh\necho first problem >&2\nprintf "no newline" >&2\nread line\necho "got $line"\n'
	serve "$FILE"
	run -0 --separate-stderr wscat -N 1 "$URL" hello </dev/null
	same 'got hello' "$output"
	await 'INFO +conn=[^ ]+-1 process script: first problem$' "$SERVER_LOG"
	await 'conn=[^ ]+-1 process script: no newline$' "$SERVER_LOG"
	# Much of it blocks neither side.
	script '#!/bin/sh\nhead -c 3000000 /dev/zero | tr "\\0" x >&2\nread line\necho done\n'
	serve "$FILE"
	run -0 --separate-stderr timeout 30 wscat -N 1 "$URL" hello </dev/null
	same 'done' "$output"
	serve --shared sh -c 'echo shared problem >&2; cat'
	await 'process sh: shared problem$' "$SERVER_LOG"
}

@test "--passstderr passes it through, and logs nothing of it" {
	script '#!/bin/sh\necho raw >&2\ncat\n'
	serve --passstderr "$FILE"
	run -0 --separate-stderr wscat -N 1 "$URL" hello </dev/null
	await '^raw$' "$SERVER_LOG"
	run ! grep -q 'script: raw' "$SERVER_LOG"
}

@test "a missing interpreter, CR LF and a missing #! are each explained" {
	local bytes words
	while IFS='|' read -r bytes words; do
		script "$bytes"
		serve "$FILE"
		wscat "$URL" hello </dev/null || true
		await "cannot run .*script: .*$words" "$SERVER_LOG"
	done <<-'END'
		#!/no/such/interpreter -x\ncat\n|its interpreter /no/such/interpreter: No such file
		#!/bin/sh\r\ncat\r\n|end in CR LF, so that '/bin/sh.*r' is looked for
		cat\n|has to begin with a line such as #!/bin/sh
		# a comment\ncat\n|has to begin with a line such as #!/bin/sh
	END
	printf '#!/bin/sh\ncat\n' >"$FILE"
	serve "$FILE"
	run -0 --separate-stderr wscat -N 1 "$URL" hello </dev/null
	same hello "$output"
}

@test "X-Forwarded-Proto of a trusted proxy sets HTTPS, and only of one" {
	# shellcheck disable=SC2016
	script '#!/bin/sh\necho "https:${HTTPS-none}"\n'
	serve --trust-proxy=127.0.0.0/8 "$FILE"
	run -0 --separate-stderr wscat -w -1 -H 'X-Forwarded-Proto: https' "$URL" </dev/null
	same 'https:on' "$output"
	run -0 --separate-stderr wscat -w -1 -H 'X-Forwarded-Proto: https, http' "$URL" </dev/null
	same 'https:none' "$output"
	serve --trust-proxy=192.0.2.1 "$FILE"
	run -0 --separate-stderr wscat -w -1 -H 'X-Forwarded-Proto: https' "$URL" </dev/null
	same 'https:none' "$output"
}

@test "a full disk under --access-log is said when it begins, counted, and said when it ends" {
	local file=$BATS_TEST_TMPDIR/access
	ln -s /dev/full "$file"
	serve --access-log="$file" --metrics
	for _ in 1 2 3; do
		curl -sS "http://127.0.0.1:$PORT/" >/dev/null
	done
	await "ERROR +access --access-log: cannot write $file: No space left on device" "$SERVER_LOG"
	lost() {
		(($(curl -sS "http://127.0.0.1:$PORT/metrics" | sed -n 's/^wsserve_unwritten_total{file="access-log"} //p') >= 3))
	}
	eventually lost
	same 1 "$(grep -c 'cannot write' "$SERVER_LOG")"
	ln -sf "$BATS_TEST_TMPDIR/good" "$file"
	kill -HUP "$SERVER"
	await reopen "$SERVER_LOG"
	curl -sS "http://127.0.0.1:$PORT/" >/dev/null
	await "WARNING +access --access-log: $file is written again; [0-9]+ are missing" "$SERVER_LOG"
	run -0 wscat -N 1 "$URL" hello </dev/null
	same hello "$output"
}

@test "an access log that cannot be opened any more, and records that cannot be, are reported" {
	mkdir "$BATS_TEST_TMPDIR/log" "$BATS_TEST_TMPDIR/records"
	serve --access-log="$BATS_TEST_TMPDIR/log/access" --record="$BATS_TEST_TMPDIR/records" --metrics
	rm -r "$BATS_TEST_TMPDIR/log" "$BATS_TEST_TMPDIR/records"
	kill -HUP "$SERVER"
	await reopen "$SERVER_LOG"
	run -0 wscat -N 1 "$URL" hello </dev/null
	same hello "$output"
	await 'ERROR +access --access-log: cannot write .*log/access: No such file' "$SERVER_LOG"
	await 'ERROR +record --record: cannot write .*jsonl: No such file' "$SERVER_LOG"
	run -0 curl -sS "http://127.0.0.1:$PORT/metrics"
	says '^wsserve_unwritten_total\{file="record"\} [1-9]' "$output"
}
