/*
 * usage_error: how the checks of settings reject a command line or a configuration file.
 */
#ifndef CMD_WSSERVE_OPTIONS_USAGE_ERROR_H
#define CMD_WSSERVE_OPTIONS_USAGE_ERROR_H

#include "cmd/common/options.h"

/* Prints one line (a format and its arguments) as options_fault() does, and stores the exit status
 * in `options->status`. Its value is false, so that a check can return it. */
#define usage_error(options, ...) ((options)->status = options_fault(options, __VA_ARGS__), false)

#endif
