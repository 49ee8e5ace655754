/*
 * encode: the subcommand encode: makes frames, and on request invalid ones.
 *
 * The decoder checks the frames before they are printed, so that both halves of wsframe apply the
 * same rules.
 */
#ifndef CMD_WSFRAME_ENCODE_ENCODE_H
#define CMD_WSFRAME_ENCODE_ENCODE_H

#include "cmd/wsframe/options/settings.h"

/* Prints the frames. Returns the exit code: 2 for frames that the RFC forbids, without
 * --allow-invalid. */
int encode(const struct settings *settings);

#endif
