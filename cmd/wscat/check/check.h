/*
 * check: wscat --check: is an endpoint, and every proxy before it, fit for WebSockets?
 *
 * Goes through steps, from connecting to a silence of a minute, and prints a line a step. A step
 * that fails is printed with the cause that is usual in practice, and ends it unless the connection
 * is fit for the next.
 */
#ifndef CMD_WSCAT_CHECK_CHECK_H
#define CMD_WSCAT_CHECK_CHECK_H

#include "cmd/wscat/options/settings.h"

/* Returns 0, 10 after a step that failed, 7 if --timeout passed, or 1. */
int check_run(struct settings *settings);

#endif
