/*
 * accept: the small subcommands: the answer to a key, a key, and the table of close codes.
 */
#ifndef CMD_WSFRAME_ENCODE_ACCEPT_H
#define CMD_WSFRAME_ENCODE_ACCEPT_H

#include "cmd/wsframe/options/settings.h"

/* Each prints what it is named for and returns the exit code. */
int accept_key(const struct settings *settings);
int make_key(const struct settings *settings);
int close_codes(const struct settings *settings);

#endif
