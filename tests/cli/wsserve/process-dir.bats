#!/usr/bin/env bats
# also: check
# shellcheck disable=SC2016 # scripts in quotes
# wsserve --dir: the program that the URL names.

load ../helper

@test "--dir: the program that the path names, and what is left of the path" {
	shell_script bin/hello <<<'echo "$SCRIPT_NAME|$PATH_INFO|$PATH_TRANSLATED|$QUERY_STRING"' >"$BATS_TEST_TMPDIR/null"
	shell_script bin/deep/er <<<'echo "deeper $PATH_INFO"' >"$BATS_TEST_TMPDIR/null"
	serve --dir="$BATS_TEST_TMPDIR/bin"
	run -0 wscat "${URL}hello?q" </dev/null
	same "/hello||$BATS_TEST_TMPDIR/bin/hello|q" "$output"
	run -0 wscat "${URL}hello/a%20b/c" </dev/null
	same "/hello|/a b/c|$BATS_TEST_TMPDIR/bin/hello|" "$output"
	run -0 wscat "${URL}deep/er/x" </dev/null
	same "deeper /x" "$output"
}

@test "--dir: nothing outside of it, by .. or by a symbolic link, and nothing that is no program" {
	shell_script outside <<<'echo outside' >"$BATS_TEST_TMPDIR/null"
	shell_script bin/.hidden <<<'echo hidden' >"$BATS_TEST_TMPDIR/null"
	shell_script bin/inside <<<'echo inside' >"$BATS_TEST_TMPDIR/null"
	echo text >"$BATS_TEST_TMPDIR/bin/text"
	ln -s ../outside "$BATS_TEST_TMPDIR/bin/link"
	ln -s .. "$BATS_TEST_TMPDIR/bin/up"
	ln -s inside "$BATS_TEST_TMPDIR/bin/alias"
	serve --dir="$BATS_TEST_TMPDIR/bin"
	local path
	for path in '' .. ../outside %2e%2e/outside ..%2foutside x/../../outside link up up/outside .hidden \
		text nothing inside%00 /bin/sh //outside inside%zz; do
		run -0 curl -s -o "$BATS_TEST_TMPDIR/null" -w '%{http_code}' --path-as-is \
			-H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' \
			-H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' -m 2 "http://127.0.0.1:$PORT/$path"
		same "404 $path" "$output $path"
	done
	run -0 wscat "${URL}alias" </dev/null
	same inside "$output"
	run -1 --separate-stderr timeout 40 wsserve -p 0 --dir="$BATS_TEST_TMPDIR/nowhere"
	one_line 'cannot serve the programs of .*: No such file'
}
