/*
 * stats: one log line of what there is now, by kind, and of what there was so far (SIGUSR1,
 * --stats-interval). Every loop counts its own connections on its thread; nothing is locked.
 */
#ifndef CMD_WSSERVE_OBSERVE_STATS_H
#define CMD_WSSERVE_OBSERVE_STATS_H

struct server;

/* Asks all loops and logs the line after the last one has counted. Main thread. */
void stats_request(struct server *server);

#endif
