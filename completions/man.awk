# The OPTIONS of a manual page in mdoc: to begin a page with. completions/check-man keeps the two
# together afterwards.

# A word for a macro's line: mdoc reads "|", "(" and the like as delimiters, "\" as an escape.
function word_of(text) {
	gsub(/\\/, "\\e", text)
	gsub(/-/, "\\-", text)
	gsub(/\|/, "\\*(Ba", text)
	return text
}

function line_of(text) {
	gsub(/\\/, "\\e", text)
	if (text ~ /^[.']/)
		text = "\\&" text
	return text
}

END {
	if (failed)
		exit 1
	print ".Sh OPTIONS"
	for (row = 1; row <= n; row++) {
		if (group[row] != last || row == 1) {
			if (row > 1)
				print ".El"
			if (group[row] != "")
				print ".Ss " group[row]
			print ".Bl -tag -width Ds"
			last = group[row]
		}
		printf ".It"
		for (i = 1; i <= length(letters[row]); i++)
			printf " Fl %s ,", substr(letters[row], i, 1)
		count = split(name[row] " " aliases[row], word, " ")
		for (i = 1; i <= count; i++)
			printf "%s Fl -%s", (i > 1 ? " ," : ""), word[i]
		if (argument[row] == "needed")
			printf " Ns = Ns Ar %s", word_of(metavar[row])
		else if (argument[row] == "optional")
			printf " Ns Op = Ns Ar %s", word_of(metavar[row])
		print ""
		print toupper(substr(help[row], 1, 1)) line_of(substr(help[row], 2)) "."
	}
	if (n)
		print ".El"
}
