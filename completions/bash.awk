# Completion for bash, by bash's own means alone.

function words(row) {
	return replaced(choices[row], "[|]", " ")
}

function values(row, indent) {
	if (choices[row] != "" && metavar[row] == "LIST") # the last of several
		printf "%smapfile -t COMPREPLY < <(compgen -P \"${cur%%\"${cur##*,}\"}\" -W '%s' -- \"${cur##*,}\")\n", \
			indent, words(row)
	else if (choices[row] != "")
		printf "%smapfile -t COMPREPLY < <(compgen -W '%s' -- \"$cur\")\n", indent, words(row)
	else if (names(row) == "dir")
		printf "%scompopt -o filenames\n%smapfile -t COMPREPLY < <(compgen -d -- \"$cur\")\n", indent, indent
	else if (names(row) == "file")
		printf "%scompopt -o filenames\n%smapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n", indent, indent
	else
		printf "%scompopt +o default\n", indent
	printf "%sreturn\n%s;;\n", indent, indent
}

function list(of,    row, text) {
	for (row = 1; row <= n; row++)
		if (of == "" || only[row] == "" || index(" " only[row] " ", " " of " "))
			text = text " " typed(row)
	return substr(text, 2)
}

# The values of all options whose argument is of one kind; an optional one counts behind "=" only.
function cases(wanted,    row, i, text, count, word, mark) {
	mark = wanted == "optional" ? "=" : ""
	for (row = 1; row <= n; row++) {
		if (argument[row] != wanted)
			continue
		# A subcommand may have an option that means something else in another one.
		if (only[row] == "") {
			text = "*:" replaced(typed(row), " ", mark " | *:") mark
		} else {
			text = ""
			count = split(only[row], word, " ")
			for (i = 1; i <= count; i++)
				text = text (i > 1 ? " | " : "") word[i] ":" replaced(typed(row), " ", mark " | " word[i] ":") mark
		}
		printf "\t%s)\n", text
		values(row, "\t\t")
	}
}

# Where the first word that is no option begins a command, its words are commands and files. Bash takes
# "name=a:b" for five words.
function command_words(    row, text) {
	for (row = 1; row <= n; row++)
		if (argument[row] == "needed")
			text = text " " typed(row)
	print "\tlocal i=1"
	print "\twhile ((i < COMP_CWORD)); do"
	print "\t\tcase ${COMP_WORDS[i]} in"
	printf "\t\t%s) [[ ${COMP_WORDS[i + 1]} == = ]] || ((++i)) ;;\n", replaced(substr(text, 2), " ", " | ")
	print "\t\t-*) ;;"
	print "\t\t*) break ;;"
	print "\t\tesac"
	print "\t\t((++i))"
	print "\t\twhile ((i < COMP_CWORD)) && [[ ${COMP_WORDS[i]} == [=:@]* ]]; do ((i += 2)); done"
	print "\tdone"
	print "\tif ((i < COMP_CWORD)); then"
	print "\t\tcompopt -o filenames"
	print "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")"
	print "\t\treturn"
	print "\tfi"
}

END {
	if (failed)
		exit 1
	f = "_" replaced(tool, "-", "_")
	printf "# Completion of %s for bash. Made by completions/generate from %s --print-options.\n\n", tool, tool
	printf "%s() {\n", f
	print "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev='' assigned='' sub=''"
	print "\tCOMPREPLY=()"
	print "\t((COMP_CWORD > 0)) && prev=${COMP_WORDS[COMP_CWORD - 1]}"
	print "\t# Bash takes --name=value for three words."
	print "\tif [[ $cur == = ]]; then"
	print "\t\tassigned='=' cur=''"
	print "\telif [[ $prev == = ]] && ((COMP_CWORD > 1)); then"
	print "\t\tassigned='=' prev=${COMP_WORDS[COMP_CWORD - 2]}"
	print "\tfi"
	if (subcommands) {
		# Without a word of its own the first one holds.
		printf "\tcase ${COMP_WORDS[1]} in\n\t%s", subcommand[1]
		for (i = 2; i <= subcommands; i++)
			printf " | %s", subcommand[i]
		printf ") sub=${COMP_WORDS[1]} ;;\n\t*) sub=%s ;;\n\tesac\n", subcommand[1]
	}
	print "\tif [[ $cur == @* ]]; then # a value from a file"
	print "\t\tcompopt -o filenames"
	print "\t\tmapfile -t COMPREPLY < <(compgen -P @ -f -- \"${cur#@}\")"
	print "\t\treturn"
	print "\tfi"
	if (command)
		command_words()
	print "\tcase $sub:$prev in"
	cases("needed")
	print "\tesac"
	for (row = 1; row <= n; row++)
		if (argument[row] == "optional")
			optional = 1
	if (optional) {
		print "\tcase $sub:$prev$assigned in"
		cases("optional")
		print "\tesac"
	}
	print "\t[[ $cur == -* ]] || {"
	if (command) {
		print "\t\tcompopt -o filenames"
		print "\t\tmapfile -t COMPREPLY < <(compgen -c -- \"$cur\"; compgen -f -- \"$cur\")"
	}
	if (subcommands) {
		printf "\t\t((COMP_CWORD == 1)) && mapfile -t COMPREPLY < <(compgen -W '%s", subcommand[1]
		for (i = 2; i <= subcommands; i++)
			printf " %s", subcommand[i]
		print "' -- \"$cur\")"
	}
	print "\t\treturn 0\n\t}"
	if (subcommands) {
		print "\tcase $sub in"
		for (i = 1; i <= subcommands; i++)
			printf "\t%s) mapfile -t COMPREPLY < <(compgen -W '%s' -- \"$cur\") ;;\n", subcommand[i], list(subcommand[i])
		print "\tesac"
	} else {
		printf "\tmapfile -t COMPREPLY < <(compgen -W '%s' -- \"$cur\")\n", list("")
	}
	print "}"
	printf "complete -o default -F %s %s\n", f, tool
}
