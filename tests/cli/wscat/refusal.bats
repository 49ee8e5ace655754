#!/usr/bin/env bats
# also: check
# An upgrade that the server refuses: what is shown, and how soon.

load ../helper

@test "a refusal without a body is reported at once: 5" {
	local code
	for code in 204 304; do
		bad "$code"
		run -5 --separate-stderr timeout 40 wscat --connect-timeout=60 "$URL" </dev/null
		says "HTTP status $code"
	done
}

@test "a refusal whose body has no end is reported after a second: 5" {
	local case
	for case in 401-open:401 stream:200; do
		bad "${case%:*}"
		run -5 --separate-stderr timeout 40 wscat --connect-timeout=60 "$URL" </dev/null
		says "HTTP status ${case#*:}"
	done
	says ': still there'
}

@test "a chunked body is shown decoded" {
	bad chunked
	run -5 --separate-stderr timeout 40 wscat --connect-timeout=60 "$URL" </dev/null
	says 'HTTP status 403'
	says '^wscat:   not here\.$'
}

@test "-v shows the head of a refusal" {
	bad 401
	run -5 --separate-stderr wscat -v "$URL" </dev/null
	says '< HTTP/1.1 401 Unauthorized'
	says '< WWW-Authenticate: Basic'
}

@test "--jsonl: the record of a refusal has its status" {
	bad 404
	run -5 --separate-stderr wscat -J "$URL" </dev/null
	same 404 "$(jq -r 'select(.type == "error").status' <<<"$output")"
}

@test "interim responses without an end cost what one head may: 5" {
	bad interim
	run -5 --separate-stderr timeout 40 wscat --connect-timeout=60 "$URL" </dev/null
	says 'too large'
}
