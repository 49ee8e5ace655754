#!/usr/bin/env bats
# What wsserve(1) lists is what there is: variables, metrics, log events.

load ../helper

# The rows of the table of variables: the name, a tab, the example.
variables() {
	sed -n '/^\.Sh ENVIRONMENT/,/^\.El/s/^\.It Ev \([A-Z_]*\) Ta .*Ta *\(Li \)\{0,1\}\(.*\)$/\1\t\3/p' "$ROOT/docs/man/wsserve.1"
}

@test "a program gets the variables of the manual, no others, and the examples are right" {
	local name example
	serve --auth=joe:secret --passenv=NONE env
	run -0 wscat -w 0.1 --auth=joe:secret "${URL}a%20b?x=1" </dev/null
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

@test "the tables of log events and of metrics are what the code says" {
	run -0 "$PYTHON" "$ROOT/docs/man/reference"
}

@test "every metric that a server has is in the manual, with its type" {
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
