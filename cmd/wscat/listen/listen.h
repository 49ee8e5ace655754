/*
 * listen: wscat -l, the other end: clients connect to it.
 *
 * The library's server with a handler. What is typed goes to every client, what they send is
 * printed; the messages of the command line go to each client when it connects.
 */
#ifndef CMD_WSCAT_LISTEN_LISTEN_H
#define CMD_WSCAT_LISTEN_LISTEN_H

#include "cmd/wscat/options/settings.h"

/* Listens until it is interrupted, --count or --expect is met, or input has ended and --wait
 * passed. Returns the exit code, after a message for errors. */
int listen_run(struct settings *settings);

#endif
