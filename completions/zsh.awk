# Completion for zsh: one specification of _arguments a name.

function quoted(text) {
	gsub(/'/, "'\\''", text)
	return text
}

function label(text) {
	gsub(/[\[\]:\\]/, "\\\\&", text)
	return quoted(text)
}

function action(row) {
	if (choices[row] != "")
		return "(" replaced(choices[row], "[|]", " ") ")"
	if (names(row) == "dir")
		return "_files -/"
	if (secret[row])
		return "{compset -P @ && _files}"
	if (names(row) == "file")
		return "_files"
	return " "
}

function specify(row, word, long,    text) {
	# One name excludes the others of the row, and itself, unless it may be repeated.
	text = repeatable[row] ? "'*'" : "'(" typed(row) ")'"
	text = text word
	if (argument[row] == "needed")
		text = text (long ? "=" : "+")
	else if (argument[row] == "optional" && long)
		text = text "=-"
	text = text "'[" label(help[row]) "]"
	if (argument[row] == "needed")
		text = text ":" label(metavar[row]) ":" quoted(action(row))
	else if (argument[row] == "optional" && long)
		text = text "::" label(metavar[row]) ":" quoted(action(row))
	return text "'"
}

function specifications(of, indent,    row, i, count, word) {
	for (row = 1; row <= n; row++) {
		if (of != "" && only[row] != "" && !index(" " only[row] " ", " " of " "))
			continue
		for (i = 1; i <= length(letters[row]); i++)
			printf " \\\n%s%s", indent, specify(row, "-" substr(letters[row], i, 1), 0)
		count = split(name[row] " " aliases[row], word, " ")
		for (i = 1; i <= count; i++)
			printf " \\\n%s%s", indent, specify(row, "--" word[i], 1)
	}
}

END {
	if (failed)
		exit 1
	printf "#compdef %s\n# Completion of %s for zsh. Made by completions/generate from %s --print-options.\n\n", tool, tool, tool
	if (!subcommands) {
		printf "_arguments -s -S%s", command ? " -A '-*'" : ""
		specifications("", "\t")
		print command ? " \\\n\t'(-)1:command:_command_names -e' \\\n\t'*::argument:_normal'" : " \\\n\t'*:word:_files'"
		exit
	}
	# Without a word of its own the first subcommand holds.
	printf "local sub=%s\n", subcommand[1]
	printf "case ${words[2]} in\n%s", subcommand[1]
	for (i = 2; i <= subcommands; i++)
		printf " | %s", subcommand[i]
	print ")\n\tsub=${words[2]}\n\t;;\nesac"
	printf "if ((CURRENT == 2)) && [[ ${words[2]} != -* ]]; then\n\t_alternative 'subcommands:subcommand:("
	for (i = 1; i <= subcommands; i++)
		printf "%s%s", (i > 1 ? " " : ""), subcommand[i]
	print ")' 'files:file:_files'\n\treturn\nfi"
	print "case $sub in"
	for (i = 1; i <= subcommands; i++) {
		printf "%s)\n\t_arguments -s -S", subcommand[i]
		specifications(subcommand[i], "\t\t")
		print " \\\n\t\t'*:word:_files'\n\t;;"
	}
	print "esac"
}
