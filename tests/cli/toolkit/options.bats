#!/usr/bin/env bats
# The command line, and a check that every option has a test.

load ../helper

tools() {
	local file
	for file in "$ROOT"/cmd/*/main.c; do
		basename "$(dirname "$file")"
	done
}

@test "every option of wscat and wsserve occurs in a test" {
	local tool name missing=""
	for tool in wscat wsserve; do
		for name in $("$tool" --print-options | awk -F '\t' '$1 != "" { print $1, $3 }'); do
			grep -qE -e "--$name\b" "$ROOT"/tests/cli/*/*.bats || missing+=" $tool:--$name"
		done
	done
	same "" "$missing"
}

@test "--help and -h: on standard output, exit 0; --help=all has every option" {
	local tool option name
	for tool in $(tools); do
		for option in --help -h --help=all; do
			run -0 --separate-stderr "$tool" "$option"
			same "" "$stderr"
			says "^Usage: $tool " "$output"
		done
		for name in $("$tool" --print-options | awk -F '\t' '$1 != "" && $9 !~ /hidden/ { print $1 }'); do
			says "--$name\b" "$output"
		done
	done
}

# The options under this heading of --help.
under() { # HEADING
	sed -n "/^$1:\$/,/^\$/p" <<<"$output" | grep -oE '^  (-., |    )--[a-z0-9-]+' | grep -oE "[a-z][a-z0-9-]+$"
}

@test "--help shows the ten options that are used most, on a screen or two, and where the rest is" {
	local tool command
	for tool in $(tools) "wsframe encode"; do
		read -ra command <<<"$tool"
		run -0 "${command[@]}" --help
		((${#lines[@]} < 60))
		same 10 "$(under "Used most" | sort -u | wc -l)"
		same "quiet verbose help version" "$(under General | xargs)"
		says "^All $("${command[@]}" --help=all | grep -cE '^  (-., |    )--[a-z]') options: $tool --help=all," "$output"
	done
}

@test "an option of another program is answered with ours" {
	local case
	for case in wscat:max-time:timeout wscat:data:execute wscat:json:jsonl wscat:oauth2-bearer:bearer \
		wscat:uri:connect wscat:no-check-certificate:insecure wscat:tls-cert:cert \
		wscat:bind:interface wsserve:bind:address wsserve:connections:max-connections \
		wsserve:run-once:oneshot wsserve:interface:address wsserve:user:auth \
		wscat:basic-auth:auth wscat:ssl-cert:cert wsbench:workers:threads \
		wsbench:concurrency:connections wsbench:users:connections wscat:cafile:ca wsserve:cafile:client-ca wsbench:json:format wsframe:json:output; do
		IFS=: read -r tool theirs ours <<<"$case"
		run -2 --separate-stderr "$tool" "--$theirs=1"
		usage_line "unknown option '--$theirs': .*--$ours"
	done
}

@test "an optional argument after a blank is answered with the = it needs" {
	run -2 --separate-stderr wscat -z level=1 ws://127.0.0.1:9/
	usage_line "write --compress=level=1"
	run -2 --separate-stderr wsserve --health /health
	usage_line "write --health=/health"
	run -2 --separate-stderr wsframe encode --mask 37fa213d
	usage_line "write --mask=37fa213d"
	run -2 --separate-stderr wsframe encode --close 1000
	usage_line "write --close=1000"
	run -2 --separate-stderr wscat --help all
	usage_line "write --help=all"
}

@test "no line of --help is wider than a terminal" {
	local tool
	for tool in $(tools); do
		run -0 "$tool" --help
		run ! grep -nE '^.{101}' <<<"$output"
	done
}

@test "--version and -V: on standard output, exit 0, with the number" {
	local tool option
	for tool in $(tools); do
		for option in --version -V; do
			run -0 --separate-stderr "$tool" "$option"
			same "" "$stderr"
			says "^$tool .*[0-9]+\.[0-9]+\.[0-9]+" "$output"
		done
	done
}

@test "--help and --version into a full disk, or where standard output is closed: 1" {
	[[ -w /dev/full ]] || skip "there is no /dev/full"
	local tool option
	for tool in $(tools); do
		for option in --help --version; do
			run -1 --separate-stderr bash -c "$tool $option >/dev/full"
			one_line 'cannot write to standard output: No space left on device$'
			run -1 --separate-stderr bash -c "$tool $option >&-"
			one_line 'cannot write to standard output: Bad file descriptor$'
		done
	done
}

@test "options may follow words, letters may be bundled, -- ends options" {
	serve
	run -0 wscat "$URL" hello -tN1 </dev/null
	same hello "$output"
	run -0 wscat -N 1 "$URL" -- --hello </dev/null
	same --hello "$output"
}

@test "the last value of a repeated option counts" {
	serve
	run -0 timeout 40 wscat -w 60 -w 0.5 "$URL" hello </dev/null
	same hello "$output"
}

@test "durations with their units" {
	serve
	local unit
	for unit in 200000us 200ms 0.2s 0.2; do
		run -0 timeout 40 wscat -w "$unit" "$URL" hello </dev/null
		same hello "$output"
	done
}

@test "every tool has --color and --no-color" {
	local tool option
	for tool in $(tools); do
		for option in --color=never --color=always --color=auto --no-color; do
			run -0 "$tool" "$option" --help
		done
		run -2 "$tool" --color=sometimes
	done
}

@test "slips that had no effect, or a misleading answer" {
	local option
	run -2 --separate-stderr wsbench ws://127.0.0.1:9 ws://127.0.0.1:8
	usage_line "two URLs, 'ws://127.0.0.1:9' and 'ws://127.0.0.1:8': one is measured"
	run -2 --separate-stderr wsserve -p 0 --access-log access.log
	usage_line "write '?--access-log=access.log"
	run -2 --separate-stderr wsframe --inflate auto 8105
	usage_line "write '?--inflate=auto"
	for option in --framing=jsonl --pty --text --chdir=/ --kill=KILL; do
		run -2 --separate-stderr timeout 20 wsserve -p 0 "$option"
		usage_line "${option%%=*} has no effect without COMMAND, --dir or --pipe"
	done
	run -2 --separate-stderr wscat --unix-socket=/tmp/x --proxy=http://127.0.0.1:9 ws://127.0.0.1:9
	usage_line -- '--proxy has no effect with --unix-socket'
	run -2 --separate-stderr wscat --expect='^\d+$' ws://127.0.0.1:9
	usage_line 'is not in extended regular expressions: write \[0-9\]'
	echo text >"$BATS_TEST_TMPDIR/file"
	run -1 --separate-stderr wsserve --listen="unix:$BATS_TEST_TMPDIR/file"
	one_line "$BATS_TEST_TMPDIR/file: there is a file of that name that is no socket$"
	same text "$(cat "$BATS_TEST_TMPDIR/file")"
	serve
	# shellcheck disable=SC2016
	run -1 --separate-stderr bash -c 'wscat "$1" </' - "$URL"
	one_line '^wscat: cannot read standard input: Is a directory$'
}

@test "wsbench -o -: standard output; a report of --stages is named as one" {
	serve
	cd "$BATS_TEST_TMPDIR"
	wsbench -q -c 1 -n 3 --format=csv -o - "$URL" | grep -qx sent,3
	[[ ! -e ./- ]]
	wsbench -q --stages=1,2 -n 10 --format=json -o stages.json "$URL"
	run -1 --separate-stderr wsbench --merge stages.json stages.json
	says 'stages.json: a report of --stages has several in it'
	run -1 --separate-stderr wsbench -n 1 --compare=stages.json "$URL"
	says 'stages.json: a report of --stages has several in it'
}
