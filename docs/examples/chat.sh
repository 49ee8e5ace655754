#!/bin/sh
# A chat with private messages, in twenty lines of shell: docs/examples/chat.sh [WSSERVE OPTION]...
# shellcheck disable=SC2015,SC2094 # a fifo goes round; what says nothing cannot fail
# Join with wscat ws://127.0.0.1:8080/?NAME; "@NAME words" goes to NAME alone. It needs jq.
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && mkfifo "$dir/out"
say() { # HOW TO WHAT: "conn" and a client, or "except" and who knows it already
	jq -cn --arg how "$1" --arg to "$2" --arg what "$3" '{($how): $to, data: $what}'
}
wsserve --pipe --framing=jsonl "$@" <"$dir/out" |
	jq --unbuffered -r '[.conn, .type, .url // .data // ""] | map(gsub("[\t\n]"; " ")) | join("\t")' |
	while IFS="$(printf '\t')" read -r conn type text; do
		from=$(cat "$dir/name.$conn" 2>/dev/null)
		case $type:$text in
		open:*) from=$(printf %s "${text#*\?}" | tr -cd '[:alnum:]') && echo "$from" >"$dir/name.$conn" &&
			echo "$conn" >"$dir/conn.$from" && say except "$conn" "* $from is here" ;;
		close:*) rm -f "$dir/name.$conn" "$dir/conn.$from" && say except "$conn" "* $from has left" ;;
		text:@*) to=$(printf %s "${text%% *}" | tr -cd '[:alnum:]') && [ -e "$dir/conn.$to" ] &&
			say conn "$(cat "$dir/conn.$to")" "$from whispers: ${text#* }" ||
			say conn "$conn" "* $to is not here" ;;
		text:*) say except "$conn" "$from: $text" ;;
		esac
	done >"$dir/out"
