# Completion for fish: one command an option, and one for each of its other names.

function quoted(text) {
	gsub(/\\/, "\\\\", text)
	gsub(/'/, "\\'", text)
	return "'" text "'"
}

# A subcommand holds from its word on; the first holds where no word names one.
function condition(row,    i, others) {
	if (only[row] == "")
		return ""
	if (!index(" " only[row] " ", " " subcommand[1] " "))
		return " -n " quoted("__fish_seen_subcommand_from " only[row])
	for (i = 1; i <= subcommands; i++)
		if (!index(" " only[row] " ", " " subcommand[i] " "))
			others = others " " subcommand[i]
	return others == "" ? "" : " -n " quoted("not __fish_seen_subcommand_from" others)
}

function values(row) {
	if (argument[row] == "none")
		return ""
	if (choices[row] != "")
		return (argument[row] == "needed" ? " -x" : " -f") " -a " quoted(replaced(choices[row], "[|]", " "))
	if (names(row) == "dir")
		return (argument[row] == "needed" ? " -x" : " -f") " -a '(__fish_complete_directories)'"
	if (names(row) == "file")
		return argument[row] == "needed" ? " -r -F" : ""
	return argument[row] == "needed" ? " -x" : ""
}

END {
	if (failed)
		exit 1
	printf "# Completion of %s for fish. Made by completions/generate from %s --print-options.\n", tool, tool
	if (subcommands) {
		for (i = 1; i <= subcommands; i++)
			all = all (i > 1 ? " " : "") subcommand[i]
		printf "complete -c %s -n __fish_use_subcommand -a %s\n", tool, quoted(all)
	}
	if (command) {
		for (row = 1; row <= n; row++)
			if (argument[row] == "needed")
				needed = needed " " typed(row)
		printf "complete -c %s -x -a '(__fish_complete_subcommand%s)'\n", tool, needed
	}
	for (row = 1; row <= n; row++) {
		printf "complete -c %s%s", tool, condition(row)
		for (i = 1; i <= length(letters[row]); i++)
			printf " -s %s", substr(letters[row], i, 1)
		count = split(name[row] " " aliases[row], word, " ")
		for (i = 1; i <= count; i++)
			printf " -l %s", word[i]
		printf "%s -d %s\n", values(row), quoted(help[row])
	}
}
