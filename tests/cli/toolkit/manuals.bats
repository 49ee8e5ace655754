#!/usr/bin/env bats
# only: build
# The manuals: each command of their examples runs as it stands there, and prints what stands there; and what
# wsserve(1) lists is what there is: variables, metrics, log events.
# shellcheck disable=SC2016 # another shell expands it

load ../helper
load ../printed

# The server of most examples, on port 8080; `started` waits for the line.
echoes() { # WSSERVE-OPTION...
	echo "wsserve --quiet --announce $* >ready & PID=\$!; started ready"
}

@test "wscat(1): a message, a pipe, bytes" {
	as_printed docs/man/wscat.1 message "$(echoes)"
	as_printed docs/man/wscat.1 pipe "$(echoes)"
	as_printed docs/man/wscat.1 bytes "$(echoes); head -c 100000 /dev/urandom >in"
}

@test "wscat(1): a check, events, a secret" {
	as_printed docs/man/wscat.1 check "$(echoes --reply="'{\"ok\":true}'")"
	as_printed docs/man/wscat.1 events "$(echoes)"
	as_printed docs/man/wscat.1 secret "$(echoes --auth=me:secret); echo me:secret >credentials"
}

@test "wsserve(1)" {
	as_printed docs/man/wsserve.1 announce
	as_printed docs/man/wsserve.1 unix
	as_printed docs/man/wsserve.1 tls
	as_printed docs/man/wsserve.1 servers 'echo me:secret >ws.password; cp docs/examples/count.sh program'
}

@test "wsframe(1)" {
	"$PYTHON" "$FIXTURES/capture.py" other >"$BATS_TEST_TMPDIR/capture.pcap"
	as_printed docs/man/wsframe.1 examples "cp $BATS_TEST_TMPDIR/capture.pcap .
		wsframe encode --mask -o raw -t Hello >frame.bin
		wsframe -o jsonl capture.pcap >session.jsonl"
}

# Each for a moment, in place of its seconds: the last --duration counts. On a busy machine a rate may not be
# reached, 1, or a limit not be kept, 10: both were measured.
@test "wsbench(1)" {
	as_printed docs/man/wsbench.1 examples "$(echoes --max-connections=0)
		wsbench() {
			command wsbench \"\$@\" --duration=100ms
			case \$? in 0 | 1 | 10) ;; *) return 1 ;; esac
		}"
}

# The rows of the table of variables: the name, a tab, the example.
variables() {
	sed -n '/^\.Sh ENVIRONMENT/,/^\.El/s/^\.It Ev \([A-Z_]*\) Ta .*Ta *\(Li \)\{0,1\}\(.*\)$/\1\t\3/p' "$ROOT/docs/man/wsserve.1"
}

@test "wsserve(1): a program gets the variables of the manual, no others, and the examples are right" {
	local name example
	serve --auth=joe:secret --passenv=NONE env
	run -0 wscat -w 0.5 --auth=joe:secret "${URL}a%20b?x=1" </dev/null
	same "$(variables | cut -f 1 | sort)" "$(cut -d = -f 1 <<<"$output" | grep -v ^HTTP_ | sort)"
	while IFS=$'\t' read -r name example; do
		case $name in
		UNIQUE_ID) says "^$name=[a-z0-9]+-[0-9]+$" "$output" ;;
		REMOTE_PORT | SERVER_PORT) says "^$name=[0-9]+$" "$output" ;;
		*) grep -qxF -e "$name=$example" <<<"$output" || {
			echo "not $name=$example" >&2
			return 1
		} ;;
		esac
	done < <(variables)
	# One process for all has no request.
	cd "$BATS_TEST_TMPDIR"
	serve --shared --passenv=NONE env
	run -0 wscat -w 1 --no-stdin "$URL"
	same "$(variables | head -n 3 | cut -f 1)" "$(cut -d = -f 1 <<<"$output")"
	says '^UNIQUE_ID=$' "$output"
}

@test "wsserve(1): the tables of log events and of metrics are what the code says" {
	run -0 "$PYTHON" "$ROOT/docs/man/reference"
}

@test "wsserve(1): every metric that a server has is in the manual, with its type" {
	local name type
	serve --metrics --threads=2 --compress --self-signed
	wscat -k -z -1 "$URL" hello
	curl -sSk "https://127.0.0.1:$PORT/metrics" | grep '^# TYPE wsserve_' >"$BATS_TEST_TMPDIR/types"
	(($(wc -l <"$BATS_TEST_TMPDIR/types") > 20))
	while read -r _ _ name type; do
		grep -qx "\.It Li $name Pq $type" "$ROOT/docs/man/wsserve.1" || {
			echo "lacks $name" >&2
			return 1
		}
	done <"$BATS_TEST_TMPDIR/types"
}
