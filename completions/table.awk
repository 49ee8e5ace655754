# Reads the table of options into arrays, row by row, and holds what the printers share. A printer
# has an END of its own.

BEGIN { FS = "\t" }

{
	if (NF != 10) {
		printf "line %d: %d fields instead of 10\n", NR, NF > "/dev/stderr"
		failed = 1
		exit 1
	}
	if ($1 == "") {
		subcommands = split($7, subcommand, " ")
		command = $9 == "command" # the first word that is no option begins one
		next
	}
	if ((" " $9 " ") ~ / hidden /)
		next
	n++
	name[n] = $1; letters[n] = $2; aliases[n] = $3; argument[n] = $4; metavar[n] = $5
	group[n] = $6; only[n] = $7; choices[n] = $8; help[n] = $10
	secret[n] = (" " $9 " ") ~ / secret /
	repeatable[n] = (" " $9 " ") ~ / repeatable /
}

# What an argument names: "file", "dir" or nothing known.
function names(row) {
	if (metavar[row] ~ /DIR/)
		return "dir"
	if (metavar[row] ~ /FILE|PATH/)
		return "file"
	return ""
}

# All names of a row as they are typed, blanks between them.
function typed(row,    text, i, count, word) {
	text = "--" name[row]
	count = split(aliases[row], word, " ")
	for (i = 1; i <= count; i++)
		text = text " --" word[i]
	for (i = 1; i <= length(letters[row]); i++)
		text = text " -" substr(letters[row], i, 1)
	return text
}

function replaced(text, from, to) {
	gsub(from, to, text)
	return text
}
