/*
 * help: what --help, --version and the hidden --print-options print, from the option table.
 *
 * Called by options.c. Each writes to options->out (or standard output) and returns the exit code:
 * 0, also where the reader has gone away; 1, after a message, where it could not be written.
 */
#ifndef CMD_COMMON_HELP_H
#define CMD_COMMON_HELP_H

#include "cmd/common/option_row.h"

/* Usage, the groups of options that the subcommand has, and the tool's own tail. As wide as the
 * terminal, between 80 and 100 columns. */
int help_print(const struct options *options);

/* "TOOL VERSION". */
int help_version(const struct options *options);

/*
 * A line an option, for completions/generate and the check of the manual. Fields, a tab between
 * them: long name, short names (letters one after the other), aliases (blanks between them),
 * argument (none, needed, optional), metavar, group, subcommands (blanks), choices ("a|b"), flags
 * (of "reloadable secret repeatable hidden", blanks), help. Where there are subcommands, the first
 * line is nothing but their names in their field.
 */
int help_print_options(const struct options *options);

#endif
