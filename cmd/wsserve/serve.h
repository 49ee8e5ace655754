/*
 * serve: carries settings out: listeners, a mode for every connection, the log, signals, the end.
 */
#ifndef CMD_WSSERVE_SERVE_H
#define CMD_WSSERVE_SERVE_H

#include "cmd/wsserve/settings.h"

/* Serves until a signal or --oneshot ends it. Returns the exit code; what went wrong was said. */
int serve(const struct settings *settings);

#endif
