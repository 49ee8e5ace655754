/*
 * inspect: the subcommand decode: reads inputs, detects their form, decodes them and reports
 * results.
 */
#ifndef CMD_WSFRAME_INSPECT_H
#define CMD_WSFRAME_INSPECT_H

#include "cmd/wsframe/options/settings.h"

/* Decodes all inputs in order. Returns the exit code. */
int inspect(const struct settings *settings);

#endif
