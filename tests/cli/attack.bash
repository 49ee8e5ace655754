# shellcheck shell=bash
# For tests with clients that attack a server: the honest client beside them, and an attack that is to do no
# harm. Loaded after helper.bash.

# The options of wscat with which the honest client connects; a file sets them.
HONEST=()

# Another client, which is served. The limit is against hanging only.
served() {
	same hello "$(timeout 60 wscat "${HONEST[@]}" --connect-timeout=50s "$URL" hello -1 </dev/null)"
}

# Runs an attack, which goes on until the file $UNTIL is there: three clients are served beside it, one before
# and one after it, and the greatest amount of memory that the server ever had stays within so many KiB of
# what it was. What the attack printed is in `output`.
# shellcheck disable=SC2034 # the tests use it
attacked() { # KIB COMMAND...
	local until=$BATS_TEST_TMPDIR/until kib=$1 attack out
	shift
	rm -f "$until"
	served
	watch_peak "$SERVER"
	UNTIL=$until background "$@"
	attack=$PID out=$OUT
	await '^attacking' "$LOG"
	served
	served
	served
	kill -0 "$attack"
	touch "$until"
	finished "$attack"
	output=$(<"$out")
	served
	grew_less "$SERVER" "$kib"
}
