/*
 * help: the output of --help, --version and the hidden --print-options, made from the option table.
 *
 * Called by options.c. Each writes to options->out (or standard output) and returns the exit code:
 * 0, also when the reader has closed the pipe; 1, after a message, for another write error.
 */
#ifndef CMD_COMMON_OPTIONS_HELP_H
#define CMD_COMMON_OPTIONS_HELP_H

#include "cmd/common/options/option_row.h"

/* Prints the usage, the options of the subcommand, and the tool's own tail, as wide as the terminal
 * but between 80 and 100 columns. The options are those of options->first, or with `all`, or where
 * that is NULL, every one, by group. */
int help_print(const struct options *options, bool all);

/* "TOOL VERSION". */
int help_version(const struct options *options);

/*
 * Prints a line an option, for completions/generate and the check of the manual. The fields are
 * separated by tabs: long name, short names (letters without separator), aliases (blanks between
 * them), argument (none, needed, optional), metavar, group, subcommands (blanks), choices ("a|b"),
 * flags (of "reloadable secret repeatable hidden", blanks), help. In a tool with subcommands, or
 * whose first word begins a command, the first line has no name: only the subcommands, in their
 * field, and the flag "command".
 */
int help_print_options(const struct options *options);

#endif
