/*
 * usage_error: how a wrong command line or configuration file is reported: one line on standard
 * error, with the tool's name, and exit code 2. Called by the parser and by the tools' settings.
 */
#ifndef CMD_COMMON_USAGE_ERROR_H
#define CMD_COMMON_USAGE_ERROR_H

#include "cmd/common/option_row.h"

/* One line, "TOOL: …"; options->status becomes 2, and false is returned. */
bool options_refuse(struct options *options, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same when memory ran out, with status 1. */
bool options_no_memory(struct options *options);

/* "Try 'TOOL --help' for more." */
void options_point_to_help(const struct options *options);

/* One line on what is wrong with the use of the options together, then the pointer to --help.
 * Returns the exit code, 2. */
int options_usage_error(const struct options *options, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same for a check of settings to return: stores the exit code in `options->status`; false. */
#define usage_error(options, ...)                                                                  \
    ((options)->status = options_usage_error(options, __VA_ARGS__), false)

#endif
