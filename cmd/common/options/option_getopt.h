/*
 * option_getopt: the arguments of getopt_long(3), made from the option tables.
 *
 * options.c calls it once per command line. Not thread-safe, as getopt_long() is not.
 */
#ifndef CMD_COMMON_OPTIONS_OPTION_GETOPT_H
#define CMD_COMMON_OPTIONS_OPTION_GETOPT_H

#include "cmd/common/options/option_row.h"

#include <getopt.h>

/* What getopt_long() returns for any long option; the name that was typed says which. */
enum { OPTION_GETOPT_LONG = 256 };

struct option_getopt {
    char letters[2 * 96 + 3]; /* the optstring; it has at most every printable ASCII character */
    struct option *longs;     /* every long name and alias of the subcommand, then a zero row */
    char *names;              /* the memory that the rows of `longs` point into */
};

/*
 * Makes both arrays from the rows that apply to options->subcommand. The optstring begins with "-:"
 * (words are reported in order, between the options) or, with options->stop_at_word, "+:" (the
 * first word ends the options); the colon makes getopt_long() distinguish a missing argument from
 * an unknown option. An optional argument has no short form. False when memory runs out. Free it
 * with option_getopt_free(), after a failure too.
 */
bool option_getopt_init(struct option_getopt *getopt, const struct options *options);
void option_getopt_free(struct option_getopt *getopt);

#endif
