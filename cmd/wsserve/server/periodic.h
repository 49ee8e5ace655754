/*
 * periodic: what the server does by timer: statistics (--stats-interval), the end without
 * connections (--exit-idle). Main thread, except where it says otherwise.
 */
#ifndef CMD_WSSERVE_SERVER_PERIODIC_H
#define CMD_WSSERVE_SERVER_PERIODIC_H

#include <stdbool.h>

struct server;

/* Before connections are accepted. False without memory. */
bool periodic_init(struct server *server);

/* Starts the timers, once the server listens. */
void periodic_start(struct server *server);

/* Restarts them, after the settings have changed. */
void periodic_rearm(struct server *server);

/* Stops them, when shutting down; may be called twice. */
void periodic_stop(struct server *server);

void periodic_free(struct server *server);

/* A connection was accepted or has ended: --exit-idle counts from here. Any thread. */
void periodic_note_connection(struct server *server);

#endif
