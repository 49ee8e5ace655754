# shellcheck shell=bash
# For tests of the commands that documents print. A block of commands has a mark above it, and its name
# there is the one that a test gives: see tests/fixtures/printed.py, and tests/lint/printed, which finds
# blocks without a mark and marks without a test.

# Prints the lines of the blocks of this name.
printed() { # FILE NAME
	"$PYTHON" "$FIXTURES/printed.py" "$ROOT/$1" "$2"
}

# Runs them as a session, on a network of its own, where every port is free and only loopback exists.
# BEFORE is what the document takes for granted: shell commands, a server for example.
as_printed() { # FILE NAME [BEFORE]
	local user=()
	[[ $(id -u) == 0 ]] || user=(--map-root-user)
	# shellcheck disable=SC2016 # expanded inside
	unshare "${user[@]}" --net bash -c 'ip link set lo up && exec "$@"' bash \
		"$PYTHON" "$FIXTURES/printed.py" --run "$ROOT/$1" "${@:2}"
}
