/*
 * run: one connection from the first byte of input to the exit code.
 */
#ifndef CMD_WSCAT_RUN_H
#define CMD_WSCAT_RUN_H

#include "cmd/wscat/settings.h"

/* Connects, sends, prints, closes. Returns the exit code; what went wrong was said. */
int run(const struct settings *settings);

#endif
