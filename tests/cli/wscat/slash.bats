#!/usr/bin/env bats
# also: check
# --slash: lines that are commands.

load ../helper

@test "every command" {
	printf 'from a file' >"$BATS_TEST_TMPDIR/file"
	bad echo
	run -0 --separate-stderr wscat --slash -w 0.5 "$URL" <<END
plain
//slashed
/text /with a slash
/bin 00 ff
/file $BATS_TEST_TMPDIR/file
/frag 2 abcde
/ping p
/pong q
/raw 81 82 00 00 00 00 68 69
/headers
/stats
/help
/close 4000 enough
never
END
	await '^end' "$OUT"
	same $'text 5 plain\ntext 8 /slashed\ntext 13 /with a slash\nbinary 2 00ff\ntext 11 from a file\ntext 5 abcde\nping 1 70\npong 1 71\ntext 2 hi\nclose 4000 enough' \
		"$(grep -v '^header\|^end\|^listening' "$OUT")"
	says '< HTTP/1.1 101'
	says 'stats: sent 6 messages'
	says '/raw HEX'
}

@test "without --slash a line is a line" {
	serve
	run -0 bash -c "echo /ping | wscat -N 1 '$URL'"
	same /ping "$output"
}

@test "what is wrong with a command is said, and nothing ends" {
	serve
	run -0 --separate-stderr bash -c "printf '/none\n/bin 0\n/close 1\n/frag\n/file /nonexistent\n/ping %0126d\nok\n' 0 |
		wscat --slash -N 1 '$URL'"
	same ok "$output"
	says "unknown command '/none'; /help"
	says 'column 1: '
	says "'1' is not a close code"
	says 'write /frag SIZE TEXT'
	says '/nonexistent: No such file'
	says 'at most 125 bytes'
}

@test "/close: the server that answers it did not close" {
	serve
	run -0 --separate-stderr wscat --slash "$URL" < <(echo '/close 4000 enough')
	same "" "$stderr"
	run -0 --separate-stderr wscat -v --slash "$URL" < <(echo '/close 4000 enough')
	says '^wscat: closing: 4000 .*: enough$'
	says '^wscat: close answered by the server: 4000'
	run ! grep 'closed by' <<<"$stderr"
}

@test "-P: white space of a ping is shown as it is no layout" {
	serve
	run -0 --separate-stderr wscat -P --slash -w 0.5 "$URL" < <(printf '/ping a\tb\n')
	says '^wscat: > ping: a\\tb$'
	says '^wscat: < pong: a\\tb$'
}

@test "--slash is for lines" {
	run -2 --separate-stderr wscat --slash --input=nul ws://127.0.0.1:9/
	usage_line '--slash has an effect on lines only'
}
