/*
 * inspect: wsframe decode: where input comes from, what it is taken for, and how it ends.
 */
#ifndef CMD_WSFRAME_INSPECT_H
#define CMD_WSFRAME_INSPECT_H

#include "cmd/wsframe/options/settings.h"

/* Decodes every input in turn; the exit code. */
int inspect(const struct settings *settings);

#endif
