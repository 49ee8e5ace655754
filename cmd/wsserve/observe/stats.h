/*
 * stats: what there is now, by kind, and what there was so far, in one line of the log.
 *
 * SIGUSR1 asks for it, and --stats-interval now and then. Every loop counts what is its own, on its
 * thread; nothing is locked.
 */
#ifndef CMD_WSSERVE_OBSERVE_STATS_H
#define CMD_WSSERVE_OBSERVE_STATS_H

struct serve;

/* Asks all loops; the line comes when they have answered. On loop 0's thread. */
void stats_ask(struct serve *serve);

#endif
