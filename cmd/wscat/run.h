/*
 * run: one connection, from connecting to the exit code.
 */
#ifndef CMD_WSCAT_RUN_H
#define CMD_WSCAT_RUN_H

#include "cmd/wscat/settings.h"

/* Connects, sends, prints, closes. Returns the exit code, after a message for errors. */
int run(const struct settings *settings);

#endif
