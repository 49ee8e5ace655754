/*
 * usage_error: reports a wrong command line or configuration file: one line on standard error, with
 * the tool's name, and exit code 2. Called by the parser and by the tools' settings.
 */
#ifndef CMD_COMMON_OPTIONS_USAGE_ERROR_H
#define CMD_COMMON_OPTIONS_USAGE_ERROR_H

#include "cmd/common/options/option_row.h"

/* Prints one line, "TOOL: …", sets options->status to 2 and returns false. */
bool options_refuse(struct options *options, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same for out of memory, with status 1. */
bool options_no_memory(struct options *options);

/* Prints "Try 'TOOL --help' for more." */
void options_point_to_help(const struct options *options);

/* Prints one line on a wrong combination of options, then the pointer to --help. Returns the exit
 * code, 2. */
int options_usage_error(const struct options *options, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same for a check of settings to return: stores the exit code in `options->status`; false. */
#define usage_error(options, ...)                                                                  \
    ((options)->status = options_usage_error(options, __VA_ARGS__), false)

#endif
