/*
 * signals: what SIGHUP, SIGUSR1, SIGINT and SIGTERM do. Main thread.
 */
#ifndef CMD_WSSERVE_SERVER_SIGNALS_H
#define CMD_WSSERVE_SERVER_SIGNALS_H

#include <ws/error.h>

struct server;

/* Handles them as events of the first loop, before there are threads. WS_OK or an error of
 * ws_loop_on_signals(). */
enum ws_error signals_start(struct server *server);

#endif
