/*
 * run: from connecting to the exit code.
 */
#ifndef CMD_WSCAT_RUN_RUN_H
#define CMD_WSCAT_RUN_RUN_H

#include "cmd/wscat/options/settings.h"

/* Connects, sends, prints, closes. Returns the exit code, after a message for errors. A redirect
 * changes the target in `settings`. */
int run(struct settings *settings);

#endif
