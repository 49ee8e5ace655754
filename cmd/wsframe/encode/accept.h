/*
 * accept: the subcommands accept, key and close-codes.
 */
#ifndef CMD_WSFRAME_ENCODE_ACCEPT_H
#define CMD_WSFRAME_ENCODE_ACCEPT_H

#include "cmd/wsframe/options/settings.h"

/* Each runs its subcommand and returns the exit code. */
int accept_key(const struct settings *settings);
int make_key(const struct settings *settings);
int close_codes(const struct settings *settings);

#endif
